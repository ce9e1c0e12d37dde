"""Submitted feeds -> answers, delivered one by one. Many hosts at once, each at its own pace; one that hangs delays nobody.

Hosts, not requests, queue: a heap orders them by the time they may next be asked, so a worker that is free takes whatever
is ready and never sleeps on a host's behalf.
"""

import asyncio
import heapq
import itertools
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol
from urllib.parse import urlsplit

from aggregator.errors import AggregatorError, FetchError
from aggregator.model import Document, Feed, FeedState, NotModified
from aggregator.settings import FetchSettings

log = logging.getLogger(__name__)

Deliver = Callable[[Feed, FeedState, Document | NotModified | FetchError], Awaitable[None]]


class Fetches(Protocol):
    """What the poller needs of a Fetcher."""

    def holding(
        self, feed: Feed, state: FeedState
    ) -> AbstractAsyncContextManager[Document | NotModified]: ...

    def crawl_delay(self, url: str) -> timedelta | None: ...


@dataclass(slots=True)
class _Host:
    """The queue of one host, or of one group of feeds. Times are the event loop's."""

    waiting: deque[tuple[Feed, FeedState]] = field(default_factory=deque)
    later: deque[tuple[Feed, FeedState]] = field(default_factory=deque)  # asked when nothing else waits
    ready_at: float = 0.0  # when it may next be asked
    running: int = 0
    in_heap: bool = False
    closed_until: float = 0.0  # it asked to be left alone until then


_Job = tuple[_Host, Feed, FeedState]


class Poller:
    """Standing workers over queues by host.

    Args:
        fetcher: asks one feed.
        settings: concurrency, host_concurrency, host_gap, deadline.
        deliver: awaited with each answer; the worker takes no other feed until it returns. It must not raise: what it
            raises is kept and raised by `drain`.
    """

    def __init__(self, fetcher: Fetches, settings: FetchSettings, *, deliver: Deliver) -> None:
        self._fetcher, self._settings, self._deliver = fetcher, settings, deliver
        self._hosts: dict[str, _Host] = {}
        self._heap: list[tuple[float, int, _Host]] = []  # hosts with something waiting and room for a request
        self._order = (
            itertools.count()
        )  # first come, first served among hosts that are ready at the same time
        self._workers: list[asyncio.Task[None]] = []
        self._idle: deque[asyncio.Future[_Job]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._pending = 0
        self._drained = asyncio.Event()
        self._drained.set()
        self._failure: BaseException | None = None
        self._more_failures = 0

    async def start(self) -> None:
        """Start the workers; nothing when they run already."""
        if not self._workers:
            self._workers = [
                asyncio.create_task(self._work(), name=f"poller-{number}")
                for number in range(self._settings.concurrency)
            ]

    def submit(self, feed: Feed, state: FeedState, *, later: bool = False) -> None:
        """Queue a feed; returns at once.

        Args:
            later: its host is asked for everything else first, be it submitted after this.
        """
        host = self._hosts.setdefault(host_key(feed), _Host())
        (host.later if later else host.waiting).append((feed, state))
        self._pending += 1
        self._drained.clear()
        self._queue(host)
        self._dispatch()

    async def drain(self) -> None:
        """Return when everything submitted has been delivered.

        Raises:
            whatever `deliver`, or our own code, raised first, after all other feeds were delivered.
        """
        if self._pending and not self._workers:
            raise RuntimeError("the poller was not started: nothing would ever be delivered")
        await self._drained.wait()
        if self._failure is not None:
            failure, more = self._failure, self._more_failures
            self._failure, self._more_failures = None, 0
            if more:
                failure.add_note(f"and {more} more feeds failed alike or otherwise; the first is shown")
            raise failure

    async def close(self) -> None:
        """Stop the workers, whatever they are doing. Feeds still queued are not asked."""
        if self._timer is not None:
            self._timer.cancel()
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        self._workers = []
        self._drained.set()

    async def __aenter__(self) -> "Poller":
        await self.start()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.close()

    async def _work(self) -> None:
        while True:
            job = await self._next()
            try:
                await self._poll(*job)
            except Exception as failure:
                # What stops all alike, a database that refuses, is told once: by `drain`.
                if not isinstance(failure, AggregatorError):
                    log.exception("poll_failed url=%s", job[1].id)
                if self._failure is None:
                    self._failure = failure
                else:
                    self._more_failures += 1
            finally:
                self._pending -= 1
                if not self._pending:
                    self._drained.set()

    async def _poll(self, host: _Host, feed: Feed, state: FeedState) -> None:
        asked = False
        answer: Document | NotModified | FetchError
        async with AsyncExitStack() as held:  # the body counts against max_in_flight until it is delivered
            try:
                _refuse_while_closed(host, feed)
                asked = True
                answer = await held.enter_async_context(self._fetcher.holding(feed, state))
            except FetchError as error:
                answer = error
                self._heed(host, error)
            finally:
                host.running -= 1
                if asked:
                    self._keep_pace(host, feed)
                self._queue(host)
                self._dispatch()
            await self._deliver(feed, state, answer)

    def _keep_pace(self, host: _Host, feed: Feed) -> None:
        """The next request comes a gap after the end of this one: resolving, connecting and redirects took unknown time."""
        gap = max(self._settings.host_gap, self._fetcher.crawl_delay(feed.url) or timedelta())
        host.ready_at = max(host.ready_at, asyncio.get_running_loop().time() + gap.total_seconds())

    def _heed(self, host: _Host, error: FetchError) -> None:
        """A host that asks to wait is waited for, if that is shorter than an exchange may take; else it is left alone."""
        if error.kind != "throttled" or error.status is None or error.retry_after is None:
            return
        until = asyncio.get_running_loop().time() + error.retry_after.total_seconds()
        if error.retry_after > self._settings.deadline:
            host.closed_until = max(host.closed_until, until)
        else:
            host.ready_at = max(host.ready_at, until)

    async def _next(self) -> _Job:
        idle: asyncio.Future[_Job] = asyncio.get_running_loop().create_future()
        self._idle.append(idle)
        self._dispatch()
        return await idle

    def _queue(self, host: _Host) -> None:
        """Put a host into the heap when it has something waiting and room for a request."""
        if (
            host.in_heap
            or not (host.waiting or host.later)
            or host.running >= self._settings.host_concurrency
        ):
            return
        host.in_heap = True
        # Feeds of a host that is closed are answered without asking it, so they need not keep its pace.
        ready_at = 0.0 if host.closed_until > asyncio.get_running_loop().time() else host.ready_at
        heapq.heappush(self._heap, (ready_at, next(self._order), host))

    def _dispatch(self) -> None:
        """Hand what is ready to idle workers; when nothing is yet, come back when something will be."""
        now = asyncio.get_running_loop().time()
        while self._heap:
            while self._idle and self._idle[0].done():  # cancelled
                self._idle.popleft()
            if not self._idle:
                return  # whoever becomes idle dispatches
            ready_at, _, host = self._heap[0]
            if ready_at > now:
                self._dispatch_at(ready_at)
                return
            heapq.heappop(self._heap)
            host.in_heap = False
            if host.ready_at > now >= host.closed_until:  # it asked for more time since it was queued
                self._queue(host)
                continue
            feed, state = (host.waiting or host.later).popleft()
            host.running += 1
            host.ready_at = max(host.ready_at, now + self._settings.host_gap.total_seconds())
            self._queue(host)
            self._idle.popleft().set_result((host, feed, state))

    def _dispatch_at(self, time: float) -> None:
        if self._timer is not None:
            if self._timer.when() <= time and not self._timer.cancelled():
                return
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_at(time, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self._dispatch()


def host_key(feed: Feed) -> str:
    """What a feed shares its pace with: its group, else its host."""
    if feed.group:
        return f"group {feed.group}"
    try:
        return urlsplit(feed.url).hostname or feed.url
    except ValueError:
        return feed.url


def _refuse_while_closed(host: _Host, feed: Feed) -> None:
    left = host.closed_until - asyncio.get_running_loop().time()
    if left > 0:
        raise FetchError(
            feed.url,
            "throttled",
            f"not asked: its host wants to be left alone for another {left:,.0f} s",
            retry_after=timedelta(seconds=left),
        )
