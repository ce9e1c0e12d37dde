"""robots.txt: asked for pages, kept for a day, believed within reason."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from aggregator.errors import FetchError
from aggregator.fetch import Fetcher
from aggregator.model import Document, Feed, FeedState
from aggregator.settings import FetchSettings

START = datetime(2026, 10, 3, 9, 0, tzinfo=UTC)
ORIGIN = "https://courier.example"
PAGE = b"<!doctype html><title>Harbour Courier</title><p>Ferries"


@dataclass
class Site:
    """An outlet with a robots.txt; `robots` answers for it."""

    robots: Callable[[httpx.Request], httpx.Response]
    now: datetime = START
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.fetcher = Fetcher(
            FetchSettings(), clock=lambda: self.now, transport=httpx.MockTransport(self._answer)
        )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        if request.url.path.startswith("/robots"):
            return self.robots(request)
        return httpx.Response(200, headers={"Content-Type": "text/html"}, content=PAGE)

    def get(self, *paths: str) -> list[str]:
        """What becomes of pages, asked for all at once: "ok" or the kind of the error."""

        async def one(path: str) -> str:
            try:
                await self.fetcher.get(ORIGIN + path, robots=True)
            except FetchError as error:
                self.last_error = error
                return error.kind
            return "ok"

        async def all_of_them() -> Sequence[str]:
            return await asyncio.gather(*(one(path) for path in paths))

        return list(asyncio.run(all_of_them()))


def says(text: str | bytes, status: int = 200) -> Site:
    return Site(lambda request: httpx.Response(status, content=text))


def test_what_is_disallowed_is_not_asked_for() -> None:
    site = says("User-agent: *\nDisallow: /private/\nAllow: /private/press\n")
    assert site.get("/news", "/private/a", "/private/press") == ["ok", "refused", "ok"]
    assert "/private/a" not in site.asked
    assert "robots.txt does not allow" in str(site.last_error)


def test_rules_for_us_go_before_rules_for_all() -> None:
    assert says("User-agent: *\nDisallow: /\n\nUser-agent: aggregator\nDisallow:\n").get("/news") == ["ok"]
    assert says("User-agent: *\nDisallow:\n\nUser-agent: Aggregator\nDisallow: /\n").get("/news") == [
        "refused"
    ]


def test_rules_are_read_under_the_name_we_go_by() -> None:
    site = says("User-agent: DeskBot\nDisallow: /\n")
    site.fetcher = Fetcher(
        FetchSettings(user_agent="DeskBot/2 (desk@courier.example)"),
        clock=lambda: START,
        transport=httpx.MockTransport(site._answer),
    )
    assert site.get("/news") == ["refused"]


def test_one_request_serves_all_pages_for_a_day() -> None:
    site = says("User-agent: *\nDisallow: /private/")
    site.get("/a", "/b", "/c")
    assert site.asked.count("/robots.txt") == 1
    site.now += timedelta(hours=23)
    site.get("/a")
    assert site.asked.count("/robots.txt") == 1
    site.now += timedelta(hours=2)
    site.get("/a")
    assert site.asked.count("/robots.txt") == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451])
def test_no_robots_txt_allows_everything(status: int) -> None:
    assert says("User-agent: *\nDisallow: /", status).get("/news") == ["ok"]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_robots_txt_that_fails_makes_pages_wait(status: int) -> None:
    site = says("", status)
    assert site.get("/news", "/more") == ["refused", "refused"]
    assert site.last_error.retry_after == timedelta(hours=1)
    assert site.asked == ["/robots.txt"]
    site.robots = lambda request: httpx.Response(404)
    site.now += timedelta(minutes=61)
    assert site.get("/news") == ["ok"]


def test_a_robots_txt_that_cannot_be_reached_makes_pages_wait() -> None:
    def unreachable(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route to host")

    site = Site(unreachable)
    assert site.get("/news") == ["network"]
    assert site.last_error.retry_after is not None
    assert "robots.txt cannot be read" in str(site.last_error)
    assert "/news" not in site.asked


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n",
        "<!doctype html><title>Not here</title>",
        "Disallow: /",
        b"\xff\xfe\x00junk",
        "User-agent: *",
    ],
)
def test_a_robots_txt_without_rules_allows_everything(text: str | bytes) -> None:
    assert says(text).get("/news") == ["ok"]


def test_a_byte_order_mark_hides_no_rule() -> None:
    assert says(b"\xef\xbb\xbfUser-agent: *\r\nDisallow: /").get("/news") == ["refused"]


def test_redirects_to_robots_txt_are_followed_and_endless_ones_are_none() -> None:
    def moved(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/robots.txt":
            return httpx.Response(301, headers={"Location": "/robots-2.txt"})
        return httpx.Response(200, content="User-agent: *\nDisallow: /")

    assert Site(moved).get("/news") == ["refused"]
    assert Site(lambda request: httpx.Response(302, headers={"Location": "/robots.txt"})).get("/news") == [
        "ok"
    ]


def test_five_megabytes_are_read_as_far_as_is_reasonable() -> None:
    filler = "# nothing\n" * 520_000
    assert says("User-agent: *\nDisallow: /private/\n" + filler).get("/private/a", "/news") == [
        "refused",
        "ok",
    ]
    assert says(filler + "User-agent: *\nDisallow: /\n").get("/news") == ["ok"]


@pytest.mark.parametrize(
    ("delay", "expected"),
    [
        ("5", timedelta(seconds=5)),
        ("0.5", timedelta(seconds=0.5)),
        ("1e9", timedelta(seconds=60)),
        ("inf", None),
        ("nan", None),
        ("-5", None),
        ("0", None),
        ("soon", None),
    ],
)
def test_crawl_delay_is_clamped(delay: str, expected: timedelta | None) -> None:
    site = says(f"User-agent: *\nCrawl-delay: {delay}\nDisallow: /private/\n")
    assert site.fetcher.crawl_delay(ORIGIN + "/news") is None  # not known yet
    site.get("/news")
    assert site.fetcher.crawl_delay(ORIGIN + "/news") == expected
    assert site.fetcher.crawl_delay("https://other.example/news") is None


def test_listings_ask_and_feeds_do_not() -> None:
    site = says("User-agent: *\nDisallow: /")
    listing = Feed(url=f"{ORIGIN}/section", source_id="courier", id="listing", kind="listing")
    plain = Feed(url=f"{ORIGIN}/feed", source_id="courier", id="feed")

    async def main() -> None:
        with pytest.raises(FetchError) as caught:
            await site.fetcher.fetch(listing, FeedState(feed_id="listing"))
        assert caught.value.kind == "refused"
        assert isinstance(await site.fetcher.fetch(plain, FeedState(feed_id="feed")), Document)

    asyncio.run(main())
    assert site.asked == ["/robots.txt", "/feed"]


def test_custom_headers_are_not_shown_to_robots_txt() -> None:
    seen: list[httpx.Headers] = []

    def robots(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers)
        return httpx.Response(404)

    async def main() -> None:
        await Site(robots).fetcher.get(f"{ORIGIN}/news", headers={"X-Api-Key": "s3cret"}, robots=True)

    asyncio.run(main())
    assert "x-api-key" not in seen[0]
