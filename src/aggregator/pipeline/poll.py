"""A poll: claim what is due, fetch it, parse it, and commit articles and feed state of each feed together.

`Polling` is what a run of any length holds: `tick` claims and submits and never waits, `drain` waits until all of it is
stored. `poll` is one tick and one drain, as cron wants it; the scheduler ticks for months.
"""

import asyncio
import logging
import queue
import random
import threading
from collections.abc import Callable, Collection, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar


from aggregator import identify, normalize, schedule
from aggregator.config import Config
from aggregator.errors import FeedError, FetchError, ParseError
from aggregator.fetch import Fetcher, Poller
from aggregator.model import (
    Article,
    DateOrigin,
    Document,
    Entry,
    Feed,
    FeedState,
    NotModified,
    ParsedFeed,
    Poll,
    Source,
    Verdict,
)
from aggregator.parse import parse_document
from aggregator.parse.sandbox import Sandbox
from aggregator.store import Store, Writer

if TYPE_CHECKING:
    import httpx

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]
T = TypeVar("T")

LEASE = timedelta(minutes=15)
"""How long a claim holds. A poller that dies leaves its feeds unpolled for no longer than this."""

BATCH_ROWS = 2_000
"""Entries in one transaction: the writer's lock is held for well under a second then."""

PARSERS = 4
"""Threads that parse. One document at a time may sit in the tolerant parser's process; the others pass it by."""

ORIGINS: dict[str, DateOrigin] = {"feed": "feed", "listing": "page", "sitemap": "sitemap"}


@dataclass(frozen=True, slots=True)
class PollProgress:
    """One more feed is stored."""

    done: int
    total: int
    poll: Poll


@dataclass(frozen=True, slots=True)
class PollRun:
    """What a run did."""

    polls: tuple[Poll, ...]
    linked: int = 0
    network_down: bool = False  # nearly all failed to connect: no feed's error count rose

    @property
    def all_failed(self) -> bool:
        return bool(self.polls) and all(poll.outcome == "error" for poll in self.polls)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of asking one feed, ready to be judged against the store."""

    feed: Feed
    state: FeedState
    result: Document | NotModified | FeedError
    parsed: ParsedFeed | None
    at: datetime


class Recorder:
    """The one writer: a thread that commits answers, as many whole feeds per transaction as are waiting.

    Answers that only say "no connection" are held back until `settle`, which is when it is known whether the
    network was to blame for all of them.
    """

    def __init__(
        self, config: Config, store: Store, *, clock: Clock, on_poll: Callable[[Poll], None] | None = None
    ) -> None:
        self._config = config
        self._sources = {source.id: source for source in config.sources}
        self._store = store
        self._clock = clock
        self._on_poll = on_poll
        self._answers: queue.Queue[Answer | None] = queue.Queue()
        self._held: list[Answer] = []
        self._reached = 0  # answers since the last settle that show that the network works
        self._failure: BaseException | None = None
        self._random = random.Random()
        self.polls: list[Poll] = []
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    def put(self, answer: Answer) -> None:
        if self._failure is not None:
            raise self._failure
        self._answers.put(answer)

    def flush(self) -> None:
        """Wait until everything put so far is committed or held; raise what stopped the thread, if anything did."""
        self._answers.join()
        if self._failure is not None:
            raise self._failure

    def settle(self) -> bool:
        """Commit what was held back. True: the network was down, and no feed is blamed."""
        self.flush()
        held, self._held = self._held, []
        outcomes = [*(True for _ in range(self._reached)), *(False for _ in held)]
        self._reached = 0
        down = schedule.blame_network(outcomes)
        for start in range(0, len(held), BATCH_ROWS):
            self._commit(held[start : start + BATCH_ROWS], count_errors=not down)
        return down

    def close(self) -> None:
        self._answers.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (first := self._answers.get()) is not None:
            batch, rows, last = [first], _rows(first), False
            while rows < BATCH_ROWS and not last:
                try:
                    following = self._answers.get_nowait()
                except queue.Empty:
                    break
                if following is None:
                    last = True
                else:
                    batch.append(following)
                    rows += _rows(following)
            try:
                if self._failure is None:
                    self._take(batch)
            except BaseException as failure:  # handed to whoever waits in flush(): a writer must not die in silence
                self._failure = failure
            finally:
                for _ in range(len(batch) + last):
                    self._answers.task_done()
            if last:
                return
        self._answers.task_done()

    def _take(self, batch: Sequence[Answer]) -> None:
        ready = []
        for answer in batch:
            if isinstance(answer.result, FetchError) and answer.result.kind == "network":
                self._held.append(answer)
            else:
                self._reached += 1
                ready.append(answer)
        if ready:
            self._commit(ready)

    def _commit(self, batch: Sequence[Answer], *, count_errors: bool = True) -> None:
        done: list[Poll] = []
        with self._store.write() as writer:
            for answer in batch:
                done.append(self._record(writer, answer, count_errors=count_errors))
        self.polls.extend(done)
        if self._on_poll is not None:
            for poll in done:
                self._on_poll(poll)

    def _record(self, writer: Writer, answer: Answer, *, count_errors: bool) -> Poll:
        try:
            state, poll, verdicts = self._judge(writer, answer, count_errors=count_errors)
        except Exception as error:
            # A text that our own code stumbles over is that feed's failure, with the place in the log; the run goes on.
            log.exception("feed_failed url=%s", answer.feed.url)
            broken = ParseError(answer.feed.url, f"our own code failed on it: {type(error).__name__}: {error}")
            state, poll, verdicts = self._judge(
                writer, replace(answer, result=broken, parsed=None), count_errors=count_errors
            )
        writer.record(state, poll, verdicts, now=answer.at)
        return poll

    def _judge(
        self, writer: Writer, answer: Answer, *, count_errors: bool
    ) -> tuple[FeedState, Poll, Sequence[Verdict]]:
        feed, result = answer.feed, answer.result
        settings = self._config.schedule
        jitter = self._random.random()
        if isinstance(result, FeedError):
            state = schedule.after_error(
                feed, answer.state, result, settings=settings, now=answer.at, jitter=jitter, count=count_errors
            )
            return state, _failed(answer, result), ()
        verdicts: Sequence[Verdict] = ()
        published: tuple[datetime, ...] = ()
        if answer.parsed is not None:
            entries = newest(answer.parsed.entries, self._config.fetch.max_entries)
            published = tuple(entry.published for entry in entries if entry.published and entry.published.tzinfo)
            verdicts = judge_entries(
                entries,
                feed=feed,
                source=self._sources[feed.source_id],
                state=answer.state,
                writer=writer,
                now=answer.at,
                retention=self._config.store.retention,
            )
        poll = _answered(answer, verdicts)
        state = schedule.after_success(
            feed,
            answer.state,
            result,
            settings=settings,
            now=answer.at,
            jitter=jitter,
            new=poll.new,
            known=poll.served - poll.new,
            ttl=answer.parsed.ttl if answer.parsed else None,
            published=published,
        )
        return state, poll, verdicts


class Polling:
    """Fetcher, poller and recorder of one run, however long. An async context manager."""

    def __init__(
        self,
        config: Config,
        store: Store,
        *,
        clock: Clock,
        transport: "httpx.AsyncBaseTransport | None" = None,
        on_poll: Callable[[Poll], None] | None = None,
    ) -> None:
        self._config = config
        self._store = store
        self._clock = clock
        self._feeds = {feed.id: feed for feed in config.feeds()}
        self._fetcher = Fetcher(config.fetch, clock=clock, transport=transport)
        self._poller = Poller(self._fetcher, config.fetch, deliver=self._deliver)
        self._parsers = ThreadPoolExecutor(PARSERS, thread_name_prefix="parse")
        self._sandbox = Sandbox()
        self.recorder = Recorder(config, store, clock=clock, on_poll=on_poll)
        self._claimed: set[str] = set()

    async def __aenter__(self) -> "Polling":
        await self._poller.start()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._poller.close()
        await self._fetcher.aclose()
        self._parsers.shutdown(cancel_futures=True)
        self._sandbox.close()
        self.recorder.close()
        if self._claimed:  # broken off: others may poll them at once
            with self._store.write() as writer:
                writer.release(self._claimed)

    def tick(self, *, all: bool = False, feed_ids: Collection[str] | None = None) -> int:
        """Claim what is due (or all of it) and hand it to the poller. Returns how many; waits for nothing."""
        now = self._clock()
        with self._store.write() as writer:
            states = writer.claim(now, until=now + LEASE, feed_ids=feed_ids, all=all)
        for state in states:
            feed = self._feeds.get(state.feed_id)
            if feed is not None:
                self._claimed.add(feed.id)
                self._poller.submit(feed, state)
        return len(states)

    async def drain(self) -> bool:
        """Until everything submitted is stored. True: the network was down."""
        await self._poller.drain()
        return await asyncio.to_thread(self.recorder.settle)

    async def _deliver(self, feed: Feed, state: FeedState, result: Document | NotModified | FetchError) -> None:
        parsed: ParsedFeed | None = None
        outcome: Document | NotModified | FeedError = result
        if isinstance(result, Document):
            try:
                parsed = await asyncio.get_running_loop().run_in_executor(
                    self._parsers, _parse, result, feed, self._sandbox
                )
            except FeedError as error:
                outcome = error
        self.recorder.put(Answer(feed, state, outcome, parsed, self._clock()))
        self._claimed.discard(feed.id)


def poll(
    config: Config,
    store: Store,
    *,
    clock: Clock,
    all: bool = False,
    feed_ids: Collection[str] | None = None,
    link: bool = True,
    progress: Callable[[PollProgress], None] | None = None,
    transport: "httpx.AsyncBaseTransport | None" = None,
) -> PollRun:
    """Poll what is due, store it, and link what is new.

    Args:
        all: everything, due or not.
        feed_ids: only these feeds.
        link: run the link pass afterwards.
        progress: called after each feed that is stored, from the thread that stores.
        transport: answers instead of the network (tests, the demonstration edition).

    Raises:
        StoreError: the database refused; what was committed stays, claims expire by themselves.
    """
    sync_configuration(config, store, now=clock())
    run = run_async(_poll(config, store, clock, all, feed_ids, progress, transport))
    if not link:
        return run
    from aggregator.pipeline.link import link as link_pass

    return replace(run, linked=link_pass(store, config.relate, clock=clock))


async def _poll(
    config: Config,
    store: Store,
    clock: Clock,
    all: bool,
    feed_ids: Collection[str] | None,
    progress: Callable[[PollProgress], None] | None,
    transport: "httpx.AsyncBaseTransport | None",
) -> PollRun:
    total = done = 0

    def report(poll: Poll) -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(PollProgress(done, total, poll))

    async with Polling(config, store, clock=clock, transport=transport, on_poll=report) as polling:
        total = polling.tick(all=all, feed_ids=feed_ids)
        down = await polling.drain()
        return PollRun(tuple(polling.recorder.polls), network_down=down)


def run_async(main: Coroutine[Any, Any, T]) -> T:
    """asyncio.run on uvloop where there is one: half the CPU per request."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(main)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)


def sync_configuration(config: Config, store: Store, *, now: datetime) -> None:
    """Mirror the configuration into the store, so that reading commands need no TOML; nothing when it is the same."""
    if store.config_digest() != config.digest:
        with store.write() as writer:
            writer.sync_config(config.sources, config.topics, config.digest, now)


def judge_entries(
    entries: Sequence[Entry],
    *,
    feed: Feed,
    source: Source,
    state: FeedState,
    writer: Writer,
    now: datetime,
    retention: timedelta,
) -> Sequence[Verdict]:
    """What each entry of a document is, against the store as this transaction sees it."""
    identities = [normalize.identity(entry, feed) for entry in entries]
    keys = identify.document_keys(identities, source_id=source.id, feed_id=feed.id)
    known = writer.known({key.hash for entry_keys in keys for key in entry_keys})

    def make(position: int) -> Article | str:
        return normalize.to_article(
            entries[position],
            identities[position],
            feed=feed,
            source=source,
            now=now,
            origin=ORIGINS[feed.kind],
        )

    return identify.judge(
        identities,
        keys,
        known,
        make=make,
        source_id=source.id,
        not_before=now - retention,
    )


def preview(
    config: Config, source: Source, *, clock: Clock, transport: "httpx.AsyncBaseTransport | None" = None
) -> list[tuple[Feed, ParsedFeed | FeedError, list[Article | str]]]:
    """Fetch a source's feeds and show what would be stored: articles, or the reasons for rejection. Writes nothing."""
    return run_async(_preview(config, source, clock, transport))


async def _preview(
    config: Config, source: Source, clock: Clock, transport: "httpx.AsyncBaseTransport | None"
) -> list[tuple[Feed, ParsedFeed | FeedError, list[Article | str]]]:
    fetcher = Fetcher(config.fetch, clock=clock, transport=transport)
    sandbox = Sandbox()
    shown: list[tuple[Feed, ParsedFeed | FeedError, list[Article | str]]] = []
    try:
        for feed in source.feeds:
            try:
                document = await fetcher.fetch(feed, FeedState(feed_id=feed.id))
                assert isinstance(document, Document), "an unconditional request is answered by a document"
                parsed = await asyncio.to_thread(_parse, document, feed, sandbox)
            except FeedError as error:
                shown.append((feed, error, []))
                continue
            articles = [
                normalize.to_article(
                    entry,
                    normalize.identity(entry, feed),
                    feed=feed,
                    source=source,
                    now=clock(),
                    origin=ORIGINS[feed.kind],
                )
                for entry in newest(parsed.entries, config.fetch.max_entries)
            ]
            shown.append((feed, parsed, articles))
    finally:
        await fetcher.aclose()
        sandbox.close()
    return shown


def newest(entries: Sequence[Entry], limit: int) -> Sequence[Entry]:
    """At most `limit` entries, in the order of the document; the newest by their own times when there are more."""
    if len(entries) <= limit:
        return entries
    undated = datetime.min.replace(tzinfo=UTC)

    def at(position: int) -> datetime:
        published = entries[position].published
        if published is None:
            return undated
        return published if published.tzinfo else published.replace(tzinfo=UTC)

    kept = sorted(range(len(entries)), key=at, reverse=True)[:limit]
    return [entries[position] for position in sorted(kept)]


def _parse(document: Document, feed: Feed, sandbox: Sandbox) -> ParsedFeed:
    try:
        return parse_document(document, feed, tolerant=sandbox.parse)
    except FeedError:
        raise
    except Exception as error:
        log.exception("parser_failed url=%s", feed.url)
        raise ParseError(feed.url, f"our own parser failed on it: {type(error).__name__}: {error}") from error


def _rows(answer: Answer) -> int:
    return 1 + (len(answer.parsed.entries) if answer.parsed else 0)


def _failed(answer: Answer, error: FeedError) -> Poll:
    return Poll(
        feed_id=answer.feed.id,
        source_id=answer.feed.source_id,
        url=answer.feed.url,
        at=answer.at,
        outcome="error",
        status=error.status if isinstance(error, FetchError) else None,
        error_kind=getattr(error, "kind", "content"),
        error=error.message,
    )


def _answered(answer: Answer, verdicts: Sequence[Verdict]) -> Poll:
    result = answer.result
    assert not isinstance(result, FeedError)
    common = {
        "feed_id": answer.feed.id,
        "source_id": answer.feed.source_id,
        "url": answer.feed.url,
        "at": answer.at,
        "duration": result.duration,
        "bytes": result.wire_bytes,
    }
    if isinstance(result, NotModified):
        if result.because == "status":
            return Poll(**common, outcome="not_modified", status=304)
        return Poll(**common, outcome="unchanged", status=200)
    assert answer.parsed is not None
    counts = {"new": 0, "revision": 0, "unchanged": 0, "rejected": 0}
    for verdict in verdicts:
        counts[verdict.outcome] += 1
    notes = []
    if answer.parsed.malformed:
        notes.append(f"malformed: {answer.parsed.malformed}")
    if len(answer.parsed.entries) > len(verdicts):
        notes.append(f"{len(answer.parsed.entries) - len(verdicts)} older entries left unread")
    return Poll(
        **common,
        outcome="ok",
        status=result.status,
        served=len(verdicts),
        new=counts["new"],
        revised=counts["revision"],
        unchanged=counts["unchanged"],
        rejected=counts["rejected"],
        rejections=tuple(
            (verdict.url, verdict.why) for verdict in verdicts if verdict.outcome == "rejected"
        ),
        note="; ".join(notes) or None,
    )
