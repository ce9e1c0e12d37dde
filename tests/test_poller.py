"""Many feeds at once: every host at its own pace, and one that hangs delays nobody."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from itertools import pairwise
from typing import Any

import httpx
import pytest

from aggregator.errors import ErrorKind, FetchError
from aggregator.fetch import Fetcher, Poller
from aggregator.fetch.poller import host_key
from aggregator.model import Document, Feed, FeedState, NotModified
from aggregator.settings import FetchSettings
from hostile.server import FEED, start

NOW = datetime(2026, 10, 3, 9, 0, tzinfo=UTC)
QUICK = FetchSettings(concurrency=10, host_gap=timedelta(0))


def feed(url: str, **fields: object) -> Feed:
    return Feed(url=url, source_id="s", id=url, **fields)  # type: ignore[arg-type]


@dataclass
class Outlets:
    """A fetcher that answers after a while, and writes down who was asked when."""

    seconds: Callable[[Feed], float] = lambda feed: 0.0
    errors: dict[str, Exception] = field(default_factory=dict)
    delays: dict[str, timedelta] = field(default_factory=dict)  # Crawl-delay by URL
    asked: list[tuple[str, float]] = field(default_factory=list)
    running: int = 0
    most_running: int = 0

    @asynccontextmanager
    async def holding(self, feed: Feed, state: FeedState) -> AsyncIterator[Document | NotModified]:
        self.asked.append((feed.url, asyncio.get_running_loop().time()))
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            await asyncio.sleep(self.seconds(feed))
            if feed.url in self.errors:
                raise self.errors[feed.url]
        finally:
            self.running -= 1
        yield NotModified(url=feed.url, because="status", fetched_at=NOW)

    def crawl_delay(self, url: str) -> timedelta | None:
        return self.delays.get(url)

    def times(self, *urls: str) -> list[float]:
        return [at for url, at in self.asked if url in urls]


@dataclass
class Inbox:
    """Takes what is delivered."""

    got: dict[str, Document | NotModified | FetchError] = field(default_factory=dict)
    at: dict[str, float] = field(default_factory=dict)

    async def __call__(
        self, feed: Feed, state: FeedState, answer: Document | NotModified | FetchError
    ) -> None:
        assert feed.id not in self.got, "delivered twice"
        self.got[feed.id] = answer
        self.at[feed.id] = asyncio.get_running_loop().time()


Deliver = Callable[[Feed, FeedState, Document | NotModified | FetchError], Awaitable[None]]


async def poll(
    outlets: Outlets,
    urls: Iterable[str | Feed],
    settings: FetchSettings = QUICK,
    deliver: Deliver | None = None,
) -> Inbox:
    inbox = Inbox()
    async with Poller(outlets, settings, deliver=deliver or inbox) as poller:
        for url in urls:
            asked = feed(url) if isinstance(url, str) else url
            poller.submit(asked, FeedState(feed_id=asked.id))
        await poller.drain()
    return inbox


def run(main: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(main)


def throttled(url: str, seconds: float, kind: ErrorKind = "throttled") -> FetchError:
    return FetchError(url, kind, "slow down", status=429, retry_after=timedelta(seconds=seconds))


def test_everything_submitted_is_delivered_once() -> None:
    urls = [f"https://h{number % 40}.example/{number}" for number in range(200)]
    outlets = Outlets()
    assert run(poll(outlets, urls)).got.keys() == set(urls)
    assert len(outlets.asked) == 200
    assert outlets.most_running <= QUICK.concurrency


def test_draining_nothing_returns_at_once() -> None:
    assert run(poll(Outlets(), [])).got == {}


def test_a_fetch_error_is_an_answer() -> None:
    error = FetchError("https://a.example/", "server", "broken")
    inbox = run(
        poll(Outlets(errors={"https://a.example/": error}), ["https://a.example/", "https://b.example/"])
    )
    assert inbox.got["https://a.example/"] is error
    assert isinstance(inbox.got["https://b.example/"], NotModified)


def test_one_host_is_asked_one_request_at_a_time_and_with_its_gap() -> None:
    urls = [f"https://a.example/{number}" for number in range(4)]
    outlets = Outlets()
    run(poll(outlets, urls, replace(QUICK, host_gap=timedelta(seconds=0.1))))
    times = outlets.times(*urls)
    assert [url for url, _ in outlets.asked] == urls  # in the order submitted
    assert all(later - earlier >= 0.1 for earlier, later in pairwise(times))


def test_the_gap_holds_between_two_runs() -> None:
    async def main() -> None:
        outlets = Outlets()
        async with Poller(
            outlets, replace(QUICK, host_gap=timedelta(seconds=0.1)), deliver=Inbox()
        ) as poller:
            for number in range(2):
                poller.submit(feed(f"https://a.example/{number}"), FeedState(feed_id=""))
                await poller.drain()
        assert outlets.asked[1][1] - outlets.asked[0][1] >= 0.1

    run(main())


def test_host_concurrency_is_the_limit_of_one_host() -> None:
    outlets = Outlets(seconds=lambda feed: 0.02)
    urls = [f"https://a.example/{number}" for number in range(12)]
    run(poll(outlets, urls, replace(QUICK, host_concurrency=3)))
    assert outlets.most_running == 3


def test_a_group_is_one_host_and_ports_are_no_hosts() -> None:
    assert host_key(feed("https://a.example/", group="g")) == host_key(feed("https://b.example/", group="g"))
    assert host_key(feed("https://A.example:8443/x")) == host_key(feed("http://a.example/y"))
    assert host_key(feed("https://a.example/")) != host_key(feed("https://b.example/"))
    assert host_key(feed("http://[::1")) == "http://[::1"
    outlets = Outlets(seconds=lambda feed: 0.01)
    run(poll(outlets, [feed(f"https://h{number}.example/", group="one") for number in range(5)]))
    assert outlets.most_running == 1


def test_hosts_that_hang_delay_nobody_else() -> None:
    """Nine of ten workers hang on nine hosts; a tenth host with 20 feeds goes on as if nothing were."""
    outlets = Outlets(seconds=lambda feed: 1.0 if "hang" in feed.url else 0.001)
    hanging = [f"https://hang{number}.example/{part}" for number in range(9) for part in range(2)]
    quick = [f"https://quick.example/{number}" for number in range(20)]

    async def main() -> None:
        started = asyncio.get_running_loop().time()
        inbox = await poll(outlets, hanging + quick)
        assert max(inbox.at[url] for url in quick) - started < 0.9
        assert min(inbox.at[url] for url in hanging) - started > 0.9

    run(main())


def test_waiting_for_a_gap_costs_no_worker() -> None:
    """One worker, a slow host with a long queue, and a quick host submitted last: the quick one does not wait."""
    outlets = Outlets()
    slow = [f"https://slow.example/{number}" for number in range(3)]
    settings = replace(QUICK, concurrency=1, host_gap=timedelta(seconds=0.2))

    async def main() -> None:
        started = asyncio.get_running_loop().time()
        inbox = await poll(outlets, [*slow, "https://quick.example/"], settings)
        assert inbox.at["https://quick.example/"] - started < 0.1

    run(main())


def test_a_slow_delivery_frees_its_host() -> None:
    async def main() -> None:
        outlets = Outlets()
        gate = asyncio.Event()

        async def deliver(feed: Feed, state: FeedState, answer: object) -> None:
            if feed.url.endswith("/0"):
                await gate.wait()

        async with Poller(outlets, QUICK, deliver=deliver) as poller:
            for number in range(3):
                poller.submit(feed(f"https://a.example/{number}"), FeedState(feed_id=""))
            await asyncio.sleep(0.05)
            assert len(outlets.asked) == 3
            gate.set()
            await poller.drain()

    run(main())


def test_crawl_delay_sets_the_pace_of_its_host() -> None:
    urls = [f"https://a.example/{number}" for number in range(3)]
    outlets = Outlets(delays=dict.fromkeys(urls, timedelta(seconds=0.1)))
    run(poll(outlets, urls))
    times = outlets.times(*urls)
    assert all(later - earlier >= 0.1 for earlier, later in pairwise(times))


def test_a_short_retry_after_is_waited_for() -> None:
    urls = [f"https://a.example/{number}" for number in range(3)]
    outlets = Outlets(errors={urls[0]: throttled(urls[0], 0.15)})
    inbox = run(poll(outlets, urls))
    times = outlets.times(*urls)
    assert times[1] - times[0] >= 0.15
    assert [isinstance(inbox.got[url], NotModified) for url in urls] == [False, True, True]


def test_a_long_retry_after_answers_for_the_rest_of_the_host() -> None:
    urls = [f"https://a.example/{number}" for number in range(3)]
    outlets = Outlets(errors={urls[0]: throttled(urls[0], 3600)})
    inbox = run(poll(outlets, [*urls, "https://b.example/"], replace(QUICK, host_gap=timedelta(seconds=5))))
    assert [url for url, _ in outlets.asked] == [urls[0], "https://b.example/"]
    for url in urls[1:]:
        error = inbox.got[url]
        assert isinstance(error, FetchError)
        assert error.kind == "throttled"
        assert error.url == url
        assert error.retry_after is not None
        assert timedelta(seconds=3590) < error.retry_after <= timedelta(seconds=3600)


def test_other_errors_do_not_close_a_host() -> None:
    urls = [f"https://a.example/{number}" for number in range(2)]
    outlets = Outlets(errors={urls[0]: throttled(urls[0], 3600, "client")})
    assert isinstance(run(poll(outlets, urls)).got[urls[1]], NotModified)


def test_what_deliver_raises_surfaces_at_drain_after_the_others_were_delivered() -> None:
    delivered: list[str] = []

    async def deliver(feed: Feed, state: FeedState, answer: object) -> None:
        if "bad" in feed.url:
            raise RuntimeError("the caller's bug")
        delivered.append(feed.url)

    async def main() -> None:
        outlets = Outlets(seconds=lambda feed: 0.0 if "bad" in feed.url else 0.05)
        async with Poller(outlets, QUICK, deliver=deliver) as poller:
            for url in ["https://bad.example/1", "https://bad2.example/2", *good]:
                poller.submit(feed(url), FeedState(feed_id=url))
            with pytest.raises(RuntimeError, match="the caller's bug") as caught:
                await poller.drain()
            assert "1 more" in caught.value.__notes__[0]
            assert sorted(delivered) == sorted(good)
            poller.submit(feed("https://good9.example/"), FeedState(feed_id=""))
            await poller.drain()  # and goes on

    good = [f"https://good{number}.example/" for number in range(5)]
    run(main())


def test_our_own_bugs_surface_at_drain_too() -> None:
    outlets = Outlets(errors={"https://a.example/": KeyError("bug")})

    async def main() -> None:
        inbox = Inbox()
        async with Poller(outlets, QUICK, deliver=inbox) as poller:
            for url in ("https://a.example/", "https://b.example/"):
                poller.submit(feed(url), FeedState(feed_id=url))
            with pytest.raises(KeyError, match="bug"):
                await poller.drain()
        assert inbox.got.keys() == {"https://b.example/"}

    run(main())


def test_a_fetch_error_raised_by_deliver_is_not_taken_for_an_answer() -> None:
    async def deliver(feed: Feed, state: FeedState, answer: object) -> None:
        raise FetchError(feed.url, "server", "raised by the caller")

    with pytest.raises(FetchError, match="raised by the caller"):
        run(poll(Outlets(), ["https://a.example/"], deliver=deliver))


def test_draining_without_workers_says_so() -> None:
    async def main() -> None:
        poller = Poller(Outlets(), QUICK, deliver=Inbox())
        poller.submit(feed("https://a.example/"), FeedState(feed_id=""))
        with pytest.raises(RuntimeError, match="not started"):
            await poller.drain()
        await poller.start()
        await poller.start()  # twice is once
        await poller.drain()
        await poller.close()

    run(main())


def test_close_stops_what_hangs() -> None:
    async def main() -> None:
        outlets = Outlets(seconds=lambda feed: 3600)
        poller = Poller(outlets, QUICK, deliver=Inbox())
        await poller.start()
        for number in range(30):
            poller.submit(feed(f"https://h{number}.example/"), FeedState(feed_id=""))
        await asyncio.sleep(0.01)
        assert outlets.running == QUICK.concurrency
        await asyncio.wait_for(poller.close(), 1)
        assert outlets.running == 0
        assert len(asyncio.all_tasks()) == 1

    run(main())


def test_ten_thousand_feeds_need_no_ten_thousand_tasks() -> None:
    async def main() -> None:
        tasks: list[int] = []
        done = 0

        async def deliver(feed: Feed, state: FeedState, answer: object) -> None:
            nonlocal done
            done += 1
            if done % 1000 == 0:
                tasks.append(len(asyncio.all_tasks()))

        await poll(
            Outlets(),
            [f"https://h{number % 2000}.example/{number}" for number in range(10_000)],
            deliver=deliver,
        )
        assert done == 10_000
        assert max(tasks) <= QUICK.concurrency + 2

    run(main())


def test_with_a_real_fetcher_drips_hangs_and_bombs_among_good_feeds() -> None:
    settings = replace(
        QUICK,
        allow_networks=(ip_network("127.0.0.1/32"),),
        concurrency=12,
        deadline=timedelta(seconds=3),
        read_timeout=timedelta(seconds=2),
    )

    async def main() -> None:
        async with start(pace=0.1) as server:
            fetcher = Fetcher(settings, clock=lambda: NOW)
            bad = [
                "/drip-body",
                "/drip-headers",
                "/hang-before-headers",
                "/hang-mid-body",
                "/bomb-gzip",
                "/endless-1xx",
            ]
            inbox = Inbox()
            loop = asyncio.get_running_loop()
            started = loop.time()
            async with Poller(fetcher, settings, deliver=inbox) as poller:
                for path in bad:
                    poller.submit(feed(server.url(path), group=path), FeedState(feed_id=path))
                for number in range(50):
                    good = feed(f"{server.url('/ok')}?{number}", group=f"good{number % 5}")
                    poller.submit(good, FeedState(feed_id=good.id))
                await poller.drain()
            documents = {url: answer for url, answer in inbox.got.items() if isinstance(answer, Document)}
            assert len(documents) == 50
            assert all(document.body == FEED for document in documents.values())
            assert max(inbox.at[url] for url in documents) - started < 1.9
            assert all(isinstance(inbox.got[server.url(path)], FetchError) for path in bad)
            assert loop.time() - started < 4.5
            assert fetcher.bytes_in_flight == 0
            await fetcher.aclose()

    run(main())


def test_a_listings_crawl_delay_is_honoured_by_the_real_thing() -> None:
    asked: list[float] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/robots.txt":
            return httpx.Response(200, content="User-agent: *\nCrawl-delay: 0.1\n")
        asked.append(asyncio.get_running_loop().time())
        return httpx.Response(200, content=b"<html><a href=/story>Story</a></html>")

    async def main() -> None:
        fetcher = Fetcher(QUICK, clock=lambda: NOW, transport=httpx.MockTransport(answer))
        inbox = Inbox()
        async with Poller(fetcher, QUICK, deliver=inbox) as poller:
            for number in range(3):
                section = feed(f"https://a.example/{number}", kind="listing")
                poller.submit(section, FeedState(feed_id=section.id))
            await poller.drain()
        assert len(inbox.got) == 3
        assert all(later - earlier >= 0.09 for earlier, later in pairwise(asked))

    run(main())
