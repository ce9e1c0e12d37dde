"""Answers to rows: what each entry of a fetched document is, committed with the feed's new state, by one thread."""

import logging
import queue
import random
import threading
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from aggregator import health, identify, normalize, schedule
from aggregator.config import Config
from aggregator.errors import FeedError, FetchError, ParseError
from aggregator.model import (
    Article,
    DateOrigin,
    Document,
    Entry,
    Feed,
    FeedState,
    Known,
    NotModified,
    ParsedFeed,
    Poll,
    Source,
    Verdict,
    Visit,
)
from aggregator.pipeline import visit
from aggregator.pipeline.retain import keep_of
from aggregator.store import Store, Writer

if TYPE_CHECKING:
    from aggregator.relate import Boilerplate

log = logging.getLogger(__name__)

T = TypeVar("T")

BATCH_ROWS = 2_000
"""Entries in one transaction: the writer's lock is held for well under a second then."""

ORIGINS: dict[str, DateOrigin] = {"feed": "feed", "listing": "page", "sitemap": "sitemap"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of asking one feed, ready to be judged against the store."""

    feed: Feed
    state: FeedState
    result: Document | NotModified | FeedError
    parsed: ParsedFeed | None
    at: datetime
    took: timedelta = timedelta()  # from the request to the end of the answer, or of the failure
    received: Document | None = None  # what came, also where it could not be read


@dataclass(frozen=True, slots=True)
class Judged:
    """What an answer comes to, ready to be written."""

    state: FeedState
    poll: Poll
    verdicts: Sequence[Verdict] = ()
    complete: bool = True  # the document was read to its end
    missed: health.Span | None = None
    before: health.Habits = field(default_factory=health.Habits)
    habits: health.Habits | None = None  # with this document; None: there was none


class _Stop:
    """The last thing put into a recorder."""


class Recorder:
    """The one writer: a thread that commits answers, as many whole feeds per transaction as are waiting.

    Answers that only say "no connection" are held back until `settle`, which is when it is known whether the
    network was to blame for all of them.
    """

    def __init__(
        self,
        config: Config,
        store: Store,
        *,
        on_poll: Callable[[Poll], None] | None = None,
        on_visit: Callable[[Visit], None] | None = None,
    ) -> None:
        self._config = config
        self._sources = {source.id: source for source in config.sources}
        self._store = store
        self._on_poll, self._on_visit = on_poll, on_visit
        self._waiting: queue.Queue[Answer | visit.PageAnswer | Future[bool] | _Stop] = queue.Queue()
        self._held: list[Answer] = []
        self._reached = 0  # answers since the last settle that show that the network works
        self._failure: BaseException | None = None
        self._random = random.Random()
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    def put(self, answer: Answer | visit.PageAnswer) -> None:
        """Hand over an answer; raises what stopped the thread, if anything did."""
        if self._failure is not None:
            raise self._failure
        self._waiting.put(answer)

    def settle(self) -> "Future[bool]":
        """Done when everything put so far is committed. True: the network was down, and no feed is blamed for it."""
        settled: Future[bool] = Future()
        self._waiting.put(settled)
        return settled

    def close(self) -> None:
        self._waiting.put(_Stop())
        self._thread.join()

    def _run(self) -> None:
        task = self._waiting.get()
        while not isinstance(task, _Stop):
            if isinstance(task, Future):
                self._settle(task)
                task = self._waiting.get()
                continue
            batch, rows, after = [task], _rows(task), None
            # Nobody else takes from the queue: what is there stays there.
            while rows < BATCH_ROWS and not self._waiting.empty():
                after = self._waiting.get()
                if not isinstance(after, Answer | visit.PageAnswer):
                    break
                batch.append(after)
                rows += _rows(after)
                after = None
            self._guard(self._take, batch)
            task = after or self._waiting.get()

    def _guard(self, work: Callable[..., T], *args: Any) -> T | None:
        """Run a step of the thread; what stops it is kept and handed to whoever puts or settles next."""
        if self._failure is None:
            try:
                return work(*args)
            except BaseException as failure:
                self._failure = failure
        return None

    def _settle(self, settled: "Future[bool]") -> None:
        down = self._guard(self._commit_held)
        if self._failure is not None:
            settled.set_exception(self._failure)
        else:
            settled.set_result(bool(down))

    def _commit_held(self) -> bool:
        held, self._held = self._held, []
        down = schedule.blame_network([True] * self._reached + [False] * len(held))
        self._reached = 0
        if held:
            self._commit(held, count_errors=not down)
        return down

    def _take(self, batch: Sequence[Answer | visit.PageAnswer]) -> None:
        ready = []
        pages = [answer for answer in batch if isinstance(answer, visit.PageAnswer)]
        for answer in batch:
            if isinstance(answer, visit.PageAnswer):
                continue
            if isinstance(answer.result, FetchError) and answer.result.kind == "network":
                self._held.append(answer)
            else:
                self._reached += 1
                ready.append(answer)
        if ready:
            self._commit(ready)
        if pages:
            self._commit_pages(pages)

    def _commit_pages(self, pages: Sequence[visit.PageAnswer]) -> None:
        with self._store.write() as writer:
            done = [self._record_page(writer, answer) for answer in pages]
        if self._on_visit is not None:
            for visited in done:
                self._on_visit(visited)

    def _record_page(self, writer: Writer, answer: visit.PageAnswer) -> Visit:
        article = writer.article(answer.visit.article_id)
        if article is None:
            return replace(answer.visit, at=answer.at, outcome="purged", next_at=None)
        try:
            visited = visit.judge(answer, article)
            if visited.article is not None:
                shown = _Shown(writer, answer.source.id)(visited.article)
                visited = replace(visited, article=shown)
        except Exception as error:
            log.exception("page_failed url=%s", answer.visit.url)
            broken = ParseError(
                answer.visit.url, f"our own code failed on it: {type(error).__name__}: {error}"
            )
            visited = visit.Visited(visit.after_error(answer.visit, broken, answer.at))
        writer.record_visit(visited.visit, visited.article, keys=visited.keys)
        return visited.visit

    def _commit(self, batch: Sequence[Answer], *, count_errors: bool = True) -> None:
        with self._store.write() as writer:
            done = [self._record(writer, answer, count_errors=count_errors) for answer in batch]
        if self._on_poll is not None:
            for poll in done:
                self._on_poll(poll)

    def _record(self, writer: Writer, answer: Answer, *, count_errors: bool) -> Poll:
        try:
            judged = self._judge(writer, answer, count_errors=count_errors)
        except Exception as error:
            if self._store.refused(error):
                raise  # the database's fault and not the feed's: nothing of the batch is kept
            # A text that our own code stumbles over is that feed's failure, with the place in the log; the run goes on.
            log.exception("feed_failed url=%s", answer.feed.url)
            broken = ParseError(
                answer.feed.url, f"our own code failed on it: {type(error).__name__}: {error}"
            )
            judged = self._judge(
                writer, replace(answer, result=broken, parsed=None), count_errors=count_errors
            )
        return self._write(writer, answer, judged)

    def _write(self, writer: Writer, answer: Answer, judged: Judged) -> Poll:
        feed_id, habits = answer.feed.id, judged.habits
        notes = [judged.poll.note] if judged.poll.note else []
        if judged.missed is not None:
            asked = writer.record_gap(feed_id, *judged.missed, now=answer.at)
            notes.append(_gap_note(judged.missed, asked))
        if habits is not None and habits.drifting:
            told = (
                f"drift: {', '.join(habits.drifting)} missing since {habits.drifting_since:%Y-%m-%d %H:%MZ}"
            )
            notes.append(told)
            if habits.drifting != judged.before.drifting and isinstance(answer.result, Document):
                writer.save_document(feed_id, answer.result, told)
        elif habits is not None and judged.before.drifting:
            writer.forget_document(feed_id)
        poll = replace(judged.poll, note="; ".join(notes) or None)
        writer.record(
            judged.state,
            poll,
            judged.verdicts,
            now=answer.at,
            complete=judged.complete,  # what was left unread may well still be served: its sightings stay
            habits=None if habits is None or habits == judged.before else habits.text(),
        )
        return poll

    def _judge(self, writer: Writer, answer: Answer, *, count_errors: bool) -> Judged:
        feed, result = answer.feed, answer.result
        settings = self._config.schedule
        jitter = self._random.random()
        if isinstance(result, FeedError):
            state = schedule.after_error(
                feed,
                answer.state,
                result,
                settings=settings,
                now=answer.at,
                jitter=jitter,
                count=count_errors,
            )
            return Judged(state, _failed(answer, result))
        verdicts: Sequence[Verdict] = ()
        entries: Sequence[Entry] = ()
        published: tuple[datetime, ...] = ()
        before = health.Habits()
        if answer.parsed is not None:
            before = health.Habits.read(writer.habits(feed.id))
            zone = feed.timezone or health.stated(answer.parsed) or health.learned(before.offsets)
            entries = newest(answer.parsed.entries, self._config.fetch.max_entries)
            published = tuple(
                entry.published for entry in entries if entry.published and entry.published.tzinfo
            )
            verdicts = judge_entries(
                entries,
                feed=replace(feed, timezone=zone),
                source=self._sources[feed.source_id],
                state=answer.state,
                writer=writer,
                now=answer.at,
                retention=keep_of(self._sources[feed.source_id], self._config.store).age,
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
        if answer.parsed is None:
            return Judged(state, poll)
        appeared = [entries[verdict.position] for verdict in verdicts if verdict.outcome == "new"]
        habits = replace(
            health.learn(before, entries, new=poll.new, now=answer.at),
            offsets=health.observe(before.offsets, appeared, since=answer.state.success_at, now=answer.at),
        )
        complete = len(answer.parsed.entries) == len(verdicts)
        return Judged(
            state,
            poll,
            verdicts,
            complete=complete,
            missed=missed(answer, verdicts, entries, writer) if complete else None,
            before=before,
            habits=habits,
        )


def missed(
    answer: Answer, verdicts: Sequence[Verdict], entries: Sequence[Entry], writer: Writer
) -> health.Span | None:
    """When articles may have come and gone since the feed's last answer; None: its documents overlap, or cannot tell."""
    feed_id, checked_at, parsed = answer.feed.id, answer.state.success_at, answer.parsed
    assert parsed is not None
    # What only the tolerant parser could read, and not without fault, may have been cut off in the middle.
    if checked_at is None or (parsed.malformed and parsed.parser == "tolerant"):
        return None
    stored = {verdict.of for verdict in verdicts if verdict.of is not None}
    if not any(verdict.outcome == "new" for verdict in verdicts) or writer.has_shown(feed_id, stored):
        return None
    before = [health.Seen(known.title, known.published_at) for known in writer.served(feed_id)]
    return health.missed(before, verdicts, entries, checked_at=checked_at, now=answer.at)


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
    # A feed's first document may hold its whole archive; later, what is older than all we keep was dug up again.
    not_before = None if state.success_at is None else now - retention
    keys = identify.document_keys(identities, source_id=source.id, feed_id=feed.id)
    known = writer.known({key.hash for entry_keys in keys for key in entry_keys})
    shown = _Shown(writer, source.id)
    ending = cache(lambda: normalize.common_ending([entry.title or "" for entry in entries]))

    def make(position: int) -> Article | str:
        made = normalize.to_article(
            entries[position],
            identities[position],
            feed=feed,
            source=source,
            now=now,
            origin=ORIGINS[feed.kind],
            ending=ending(),
        )
        return made if isinstance(made, str) else shown(made)

    return identify.judge(
        identities,
        keys,
        known,
        make=make,
        source_id=source.id,
        feed_id=feed.id,
        not_before=not_before,
        last_at=state.success_at,
        past=_Past(writer, feed.id),
    )


class _Shown:
    """Articles of an outlet without what is known to end many of its teasers; asked for when there is one to be made."""

    def __init__(self, writer: Writer, source_id: str) -> None:
        self._writer, self._source_id = writer, source_id
        self._known: Boilerplate | None = None

    def __call__(self, article: Article) -> Article:
        if not article.teaser:
            return article
        if self._known is None:
            from aggregator.relate import (
                Boilerplate,
            )  # loads what only linking needs: when the first article is made

            blob = self._writer.boilerplate((self._source_id,)).get(self._source_id, b"")
            self._known = Boilerplate.from_bytes(blob)
        teaser = self._known.shown_teaser(article.teaser)
        return article if teaser == article.teaser else replace(article, teaser=teaser)


class _Past:
    """What `identify` may ask of the store beyond the keys of a document."""

    def __init__(self, writer: Writer, feed_id: str) -> None:
        self._writer, self._feed_id = writer, feed_id

    def known(self, hashes: Collection[int]) -> Mapping[int, Known]:
        return self._writer.known(hashes)

    def served(self) -> Sequence[Known]:
        return self._writer.served(self._feed_id)


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


def _rows(answer: Answer | visit.PageAnswer) -> int:
    if isinstance(answer, visit.PageAnswer):
        return 1
    return 1 + (len(answer.parsed.entries) if answer.parsed else 0)


def _failed(answer: Answer, error: FeedError) -> Poll:
    return Poll(
        feed_id=answer.feed.id,
        source_id=answer.feed.source_id,
        url=answer.feed.url,
        at=answer.at,
        outcome="error",
        status=_status(answer, error),
        duration=answer.took,
        bytes=answer.received.wire_bytes if answer.received else 0,
        error_kind=getattr(error, "kind", "content"),
        error=error.message,
    )


def _status(answer: Answer, error: FeedError) -> int | None:
    if isinstance(error, FetchError):
        return error.status
    return answer.received.status if answer.received else None


def _gap_note(span: health.Span, asked: int) -> str:
    told = f"possible gap since {span.since:%Y-%m-%d %H:%MZ} until {span.until:%Y-%m-%d %H:%MZ}"
    if not asked:
        return told
    return f"{told}, {asked} other {'feed' if asked == 1 else 'feeds'} of the outlet asked at once"


def _answered(answer: Answer, verdicts: Sequence[Verdict]) -> Poll:
    result = answer.result
    assert not isinstance(result, FeedError)
    poll = Poll(
        feed_id=answer.feed.id,
        source_id=answer.feed.source_id,
        url=answer.feed.url,
        at=answer.at,
        outcome="ok",
        duration=result.duration,
        bytes=result.wire_bytes,
    )
    if isinstance(result, NotModified):
        if result.because == "status":
            return replace(poll, outcome="not_modified", status=304)
        return replace(poll, outcome="unchanged", status=200)
    assert answer.parsed is not None
    counts = Counter(verdict.outcome for verdict in verdicts)
    notes = []
    if answer.parsed.malformed:
        notes.append(f"malformed: {answer.parsed.malformed}")
    if len(answer.parsed.entries) > len(verdicts):
        notes.append(f"{len(answer.parsed.entries) - len(verdicts)} older entries left unread")
    return replace(
        poll,
        status=result.status,
        served=len(verdicts),
        new=counts["new"],
        revised=counts["revision"],
        unchanged=counts["unchanged"],
        rejected=counts["rejected"],
        rejections=tuple((verdict.url, verdict.why) for verdict in verdicts if verdict.outcome == "rejected"),
        note="; ".join(notes) or None,
    )
