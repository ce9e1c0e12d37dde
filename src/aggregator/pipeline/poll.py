"""A poll: claim what is due, fetch it, parse it, and commit articles and feed state of each feed together.

`Polling` is what a run of any length holds: `tick` claims and submits and never waits, `drain` waits until all of it is
stored. `poll` is one tick and one drain, as cron wants it; the scheduler ticks for months.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

from aggregator.config import Config
from aggregator.errors import FeedError, FetchError, StoreLocked
from aggregator.fetch import Fetcher, Poller
from aggregator.model import (
    Document,
    Feed,
    FeedState,
    NotModified,
    ParsedFeed,
    ParsedPage,
    Poll,
    Visit,
)
from aggregator.parse.own import NO_PARSERS, Parser, own_parser
from aggregator.parse.sandbox import Sandbox
from aggregator.pipeline import visit
from aggregator.pipeline.address import as_asked, as_configured, elsewhere
from aggregator.pipeline.parts import Index
from aggregator.pipeline.reading import read_document
from aggregator.pipeline.record import Answer, Recorder
from aggregator.pipeline.retain import prune_if_due
from aggregator.store import Store

if TYPE_CHECKING:
    import httpx

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]
T = TypeVar("T")

LEASE = timedelta(minutes=15)
"""How long a claim holds. A poller that dies leaves its feeds unpolled for no longer than this."""

VISITING = timedelta(minutes=5)
"""How long one `poll` waits for articles' pages; what is left waits for the next."""

PARSERS = 4
"""Threads that parse. One document at a time may sit in the tolerant parser's process; the others pass it by."""


@dataclass(frozen=True, slots=True)
class PollProgress:
    """One more feed is stored."""

    done: int
    total: int
    poll: Poll


@dataclass(frozen=True, slots=True)
class VisitProgress:
    """One more article's page was asked, and what it gave is stored."""

    done: int
    total: int
    visit: Visit


@dataclass(frozen=True, slots=True)
class PollRun:
    """What a run did."""

    polls: tuple[Poll, ...]
    visits: tuple[Visit, ...] = ()  # to articles' own pages
    linked: int = 0
    network_down: bool = False  # nearly all failed to connect: no feed's error count rose

    @property
    def all_failed(self) -> bool:
        return bool(self.polls) and all(poll.outcome == "error" for poll in self.polls)


class _Stopwatch:
    """A Fetcher that remembers when it began with each feed: an error carries no duration."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher
        self._began: dict[str, float] = {}

    @asynccontextmanager
    async def holding(self, feed: Feed, state: FeedState) -> AsyncIterator[Document | NotModified]:
        self._began[feed.id] = monotonic()
        async with self._fetcher.holding(feed, state) as result:
            yield result

    def crawl_delay(self, url: str) -> timedelta | None:
        return self._fetcher.crawl_delay(url)

    def read(self, feed_id: str) -> timedelta:
        """Since it began with a feed; zero when it never did: the host had asked to be left alone."""
        began = self._began.pop(feed_id, None)
        return timedelta() if began is None else timedelta(seconds=monotonic() - began)


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
        on_visit: Callable[[Visit], None] | None = None,
        outlets: Mapping[str, Parser] = NO_PARSERS,
    ) -> None:
        """outlets: source id -> its parser, for those that have one of their own."""
        self._config = config
        self._outlets = outlets
        self._store = store
        self._clock = clock
        self._feeds = {feed.id: feed for feed in config.feeds()}
        self._fetcher = Fetcher(config.fetch, clock=clock, transport=transport)
        self._stopwatch = _Stopwatch(self._fetcher)
        self._poller = Poller(self._stopwatch, config.fetch, deliver=self._deliver)
        self._parsers = ThreadPoolExecutor(PARSERS, thread_name_prefix="parse")
        self._sandbox = Sandbox()
        self._recorder = Recorder(config, store, on_poll=on_poll, on_visit=on_visit)
        self._claimed: set[str] = set()
        self._sources = {source.id: source for source in config.sources}
        self._parts: dict[str, Index] = {}  # sitemaps that an index names, by the ids of their feeds
        self._visits: dict[str, Visit] = {}  # in hand, by the id of the feed that stands for the page

    async def __aenter__(self) -> "Polling":
        await self._poller.start()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._poller.close()
        await self._fetcher.aclose()
        self._parsers.shutdown(cancel_futures=True)
        self._sandbox.close()
        self._recorder.close()
        if self._claimed or self._visits:  # broken off: others may ask them at once
            with self._store.write() as writer:
                writer.release(self._claimed)
                writer.release_visits(self._visits.values())

    async def tick(self, *, all: bool = False, feed_ids: Collection[str] | None = None) -> int:
        """Claim what is due (or all of it) and hand it to the poller. Returns how many; waits for no feed."""
        now = self._clock()

        def claim() -> list[FeedState]:
            with self._store.write() as writer:
                return writer.claim(now, until=now + LEASE, feed_ids=feed_ids, all=all)

        states = await asyncio.to_thread(claim)  # another process may hold the lock for a while
        for state in states:
            feed = self._feeds.get(state.feed_id)
            if feed is not None:
                self._claimed.add(feed.id)
                self._poller.submit(*as_asked(feed, state))
        return len(states)

    async def visit_pages(self, *, source_ids: Collection[str] | None = None) -> int:
        """Claim pages of articles that are due, and hand them to the poller behind all feeds. Returns how many."""
        wanted = visit.wanted(self._config.sources)
        if source_ids is not None:
            wanted = {id: mode for id, mode in wanted.items() if id in source_ids}
        if not wanted:
            return 0
        now = self._clock()
        in_hand = Counter(held.source_id for held in self._visits.values())
        at_most = {id: visit.AT_ONCE - in_hand[id] for id in wanted}

        def claim() -> list[Visit]:
            with self._store.write() as writer:
                return writer.claim_visits(
                    now,
                    until=now + visit.LEASE,
                    since=now - visit.WITHIN,
                    wanted=wanted,
                    at_most=at_most,
                )

        claimed = await asyncio.to_thread(claim)
        for held in claimed:
            page = visit.as_feed(held, self._sources[held.source_id])
            self._visits[page.id] = held
            self._poller.submit(page, FeedState(feed_id=page.id), later=True)
        return len(claimed)

    async def drain(self) -> bool:
        """Until everything submitted is stored. True: the network was down."""
        await self._poller.drain()
        return await self.settle()

    async def settle(self) -> bool:
        """Until everything answered so far is stored. True: the network was down."""
        return await asyncio.wrap_future(self._recorder.settle())

    async def _deliver(
        self, asked: Feed, state: FeedState, result: Document | NotModified | FetchError
    ) -> None:
        if asked.id in self._visits:
            await self._deliver_page(asked, result)
            return
        took = self._stopwatch.read(asked.id)
        parsed: ParsedFeed | None = None
        outcome: Document | NotModified | FeedError = result
        if isinstance(result, Document):
            try:
                parsed = await self._read(result, asked)
            except FeedError as error:
                outcome = error
        received = result if isinstance(result, Document) else None
        index = self._parts.pop(asked.id, None)
        if index is not None:
            index.add(asked.url, parsed, outcome, took)
            if index.waiting:
                return
            answer = index.answer(self._clock())
        else:
            feed = self._feeds[asked.id]
            answer = Answer(
                feed, as_configured(feed, state), outcome, parsed, self._clock(), took=took, received=received
            )
            if parsed is not None and parsed.parts and not parsed.entries:
                self._ask_parts(Index(answer, parsed.parts), asked)
                return
        self._recorder.put(answer)
        self._claimed.discard(answer.feed.id)

    async def _read(self, document: Document, feed: Feed) -> ParsedFeed:
        own = own_parser(feed, self._config.parsers, self._outlets)
        return await asyncio.get_running_loop().run_in_executor(
            self._parsers, read_document, document, feed, self._sandbox, own
        )

    def _ask_parts(self, index: Index, asked: Feed) -> None:
        """Its feed is answered when all of them are."""
        for number, url in enumerate(sorted(index.waiting)):
            part = replace(elsewhere(asked, url), id=f"part {number} of {asked.id}")
            self._parts[part.id] = index
            self._poller.submit(part, FeedState(feed_id=part.id))

    async def _deliver_page(self, asked: Feed, result: Document | NotModified | FetchError) -> None:
        held, source = self._visits[asked.id], self._sources[asked.source_id]
        self._stopwatch.read(asked.id)
        assert not isinstance(result, NotModified), "an unconditional request is answered by a document"
        answer: Document | FeedError = result
        page: ParsedPage | None = None
        if isinstance(result, Document):
            try:
                page = await asyncio.get_running_loop().run_in_executor(
                    self._parsers, visit.read, result, source
                )
            except FeedError as error:
                answer = error
        self._recorder.put(visit.PageAnswer(held, source, answer, page, self._clock()))
        del self._visits[asked.id]


def poll(
    config: Config,
    store: Store,
    *,
    clock: Clock,
    all: bool = False,
    feed_ids: Collection[str] | None = None,
    link: bool = True,
    pages: bool = True,
    progress: Callable[[PollProgress | VisitProgress], None] | None = None,
    transport: "httpx.AsyncBaseTransport | None" = None,
    outlets: Mapping[str, Parser] = NO_PARSERS,
) -> PollRun:
    """Poll what is due, store it, ask the pages of articles that are to be enriched, and link what is new.

    Args:
        all: everything, due or not.
        feed_ids: only these feeds.
        link: run the link pass afterwards.
        pages: ask articles' own pages, of the sources that want it.
        progress: called after each feed, and each page, that is stored, from the thread that stores.
        transport: answers instead of the network (tests, the demonstration edition).
        outlets: source id -> its parser, for those that have one of their own.

    Raises:
        StoreError: the database refused; what was committed stays, claims expire by themselves.
    """
    sync_configuration(config, store, now=clock())
    run = run_async(_poll(config, store, clock, all, feed_ids, pages, progress, transport, outlets))
    if link:
        from aggregator.pipeline.link import link as link_pass

        run = replace(run, linked=link_pass(store, config.relate))
    try:
        prune_if_due(config, store, now=clock())
    except StoreLocked:
        log.info(
            "retention waits: another process is writing"
        )  # what was polled is stored; the next run prunes
    return run


async def _poll(
    config: Config,
    store: Store,
    clock: Clock,
    all: bool,
    feed_ids: Collection[str] | None,
    pages: bool,
    progress: Callable[[PollProgress | VisitProgress], None] | None,
    transport: "httpx.AsyncBaseTransport | None",
    outlets: Mapping[str, Parser],
) -> PollRun:
    total = 0
    polls: list[Poll] = []
    visits: list[Visit] = []

    def report(poll: Poll) -> None:
        polls.append(poll)
        if progress is not None:
            progress(PollProgress(len(polls), total, poll))

    def report_visit(done: Visit) -> None:
        visits.append(done)
        if progress is not None:
            progress(VisitProgress(len(visits), total, done))

    async with Polling(
        config,
        store,
        clock=clock,
        transport=transport,
        on_poll=report,
        on_visit=report_visit,
        outlets=outlets,
    ) as polling:
        total = await polling.tick(all=all, feed_ids=feed_ids)
        down = await polling.drain()
        if pages and not down:
            asked = None if feed_ids is None else _sources_of(config, feed_ids)
            total = await polling.visit_pages(source_ids=asked)
            try:
                async with asyncio.timeout(VISITING.total_seconds()):
                    await polling.drain()
            except TimeoutError:
                log.info("%d pages of articles are left for the next run", total - len(visits))
                await polling.settle()
        return PollRun(tuple(polls), tuple(visits), network_down=down)


def _sources_of(config: Config, feed_ids: Collection[str]) -> set[str]:
    return {feed.source_id for feed in config.feeds() if feed.id in feed_ids}


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
