"""One exchange: what is asked, what becomes of the answer, and who gets to see which header."""

import asyncio
import gzip
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import httpx
import pytest

from aggregator import __version__
from aggregator.errors import FetchError
from aggregator.fetch import Fetcher
from aggregator.model import Document, Feed, FeedState, NotModified
from aggregator.settings import FetchSettings
from hostile.server import FEED, TLS, Request, Wire, large_feed, server_context, start, trusting_context

NOW = datetime(2026, 10, 3, 9, 0, tzinfo=UTC)
SETTINGS = FetchSettings()
URL = "https://courier.example/feed"
HEADERS = {
    "Content-Type": "application/rss+xml; charset=UTF-8",
    "ETag": '"one"',
    "Cache-Control": "max-age=900",
}

Handler = Callable[[httpx.Request], httpx.Response]


class Outlets(httpx.MockTransport):
    """Answers by URL; keeps what was asked."""

    def __init__(self, answers: Mapping[str, httpx.Response | Exception] | Handler) -> None:
        self.asked: list[httpx.Request] = []

        def handler(request: httpx.Request) -> httpx.Response:
            self.asked.append(request)
            if callable(answers):
                return answers(request)
            answer = answers[str(request.url)]
            if isinstance(answer, Exception):
                raise answer
            return answer

        super().__init__(handler)


def feed(url: str = URL, **fields: object) -> Feed:
    return Feed(url=url, source_id="courier", id=url, **fields)  # type: ignore[arg-type]


def good(body: bytes = FEED, **headers: str) -> httpx.Response:
    return httpx.Response(200, headers={**HEADERS, **headers}, content=body)


def moved(location: str, status: int = 301) -> httpx.Response:
    return httpx.Response(status, headers={"Location": location})


def fetch(
    answers: Mapping[str, httpx.Response | Exception] | Handler | Outlets,
    asked: Feed | None = None,
    state: FeedState | None = None,
    settings: FetchSettings = SETTINGS,
) -> Document | NotModified:
    asked = asked or feed()
    transport = answers if isinstance(answers, Outlets) else Outlets(answers)

    async def main() -> Document | NotModified:
        fetcher = Fetcher(settings, clock=lambda: NOW, transport=transport)
        try:
            return await fetcher.fetch(asked, state or FeedState(feed_id=asked.id))
        finally:
            await fetcher.aclose()

    return asyncio.run(main())


def refused(
    answers: Mapping[str, httpx.Response | Exception] | Handler | Outlets,
    asked: Feed | None = None,
    settings: FetchSettings = SETTINGS,
) -> FetchError:
    with pytest.raises(FetchError) as caught:
        fetch(answers, asked, settings=settings)
    return caught.value


# --- documents -------------------------------------------------------------------------------------------------


def test_a_document_says_all_that_the_answer_said() -> None:
    document = fetch(
        {URL: good(gzip.compress(FEED), **{"Content-Encoding": "gzip", "Last-Modified": "never"})}
    )
    assert isinstance(document, Document)
    assert (document.url, document.requested_url, document.status) == (URL, URL, 200)
    assert (document.media_type, document.charset) == ("application/rss+xml", "utf-8")
    assert document.content_type == "application/rss+xml; charset=UTF-8"
    assert document.body == FEED
    assert len(document.body_hash) == 32
    assert (document.etag, document.last_modified) == ('"one"', None)
    assert document.fetched_at == NOW
    assert document.fresh_for == timedelta(minutes=15)
    assert document.wire_bytes == len(gzip.compress(FEED))
    assert document.duration >= timedelta()
    assert document.moved_to is None


@pytest.mark.parametrize("size", [15 << 20, (16 << 20) - 1, 16 << 20])
def test_bodies_up_to_the_limit_arrive(size: int) -> None:
    body = FEED.ljust(size)
    document = fetch({URL: good(body, **{"Content-Length": str(size)})})
    assert isinstance(document, Document)
    assert len(document.body) == size


def test_a_body_announced_as_too_large_is_not_read() -> None:
    async def unread() -> AsyncIterator[bytes]:
        raise AssertionError("the body was read")
        yield b""

    headers = {"Content-Length": str((16 << 20) + 1)}
    assert refused({URL: httpx.Response(200, headers=headers, content=unread())}).kind == "limit"


def test_the_same_bytes_again_are_not_modified() -> None:
    document = fetch({URL: good()})
    assert isinstance(document, Document)
    known = FeedState(feed_id=URL, url=URL, body_hash=document.body_hash)
    again = fetch({URL: good(ETag='"two"')}, state=known)
    assert isinstance(again, NotModified)
    assert (again.because, again.etag) == ("hash", '"two"')
    assert isinstance(fetch({URL: good(FEED + b" ")}, state=known), Document)
    assert isinstance(fetch({URL: good()}, state=replace(known, url="https://courier.example/old")), Document)


def test_validators_go_back_verbatim_to_the_address_they_came_from() -> None:
    outlets = Outlets({URL: httpx.Response(304, headers={"ETag": '"two"', "Cache-Control": "max-age=60"})})
    state = FeedState(feed_id=URL, url=URL, etag='W/"a,b"', last_modified="Sat, 03 Oct 2026 08:00:00 GMT")
    result = fetch(outlets, state=state)
    assert isinstance(result, NotModified)
    assert (result.because, result.etag, result.last_modified) == ("status", 'W/"a,b"', state.last_modified)
    assert result.fresh_for == timedelta(minutes=1)
    assert outlets.asked[0].headers["if-none-match"] == 'W/"a,b"'
    assert outlets.asked[0].headers["if-modified-since"] == "Sat, 03 Oct 2026 08:00:00 GMT"

    elsewhere = Outlets({URL: good()})
    fetch(elsewhere, state=replace(state, url="https://courier.example/old"))
    assert "if-none-match" not in elsewhere.asked[0].headers


def test_stored_validators_that_cannot_be_sent_are_left_out() -> None:
    outlets = Outlets({URL: good()})
    fetch(outlets, state=FeedState(feed_id=URL, url=URL, etag='"a\r\nX-Injected: yes"', last_modified="\x00"))
    assert not {"if-none-match", "if-modified-since", "x-injected"} & outlets.asked[0].headers.keys()


@pytest.mark.parametrize(
    ("settings", "agent"),
    [
        (SETTINGS, f"aggregator/{__version__}"),
        (
            replace(SETTINGS, contact="https://desk.example/"),
            f"aggregator/{__version__} (+https://desk.example/)",
        ),
        (replace(SETTINGS, user_agent="DeskBot/2", contact="ignored"), "DeskBot/2"),
    ],
)
def test_the_user_agent_is_honest(settings: FetchSettings, agent: str) -> None:
    outlets = Outlets({URL: good()})
    fetch(outlets, settings=settings)
    assert outlets.asked[0].headers["user-agent"] == agent


# --- statuses --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "headers", "kind"),
    [
        (400, {}, "client"),
        (401, {}, "blocked"),
        (403, {}, "blocked"),
        (404, {}, "client"),
        (407, {}, "blocked"),
        (410, {}, "gone"),
        (429, {}, "throttled"),
        (451, {}, "blocked"),
        (500, {}, "server"),
        (503, {}, "server"),
        (503, {"Retry-After": "60"}, "throttled"),
        (503, {"cf-mitigated": "challenge"}, "blocked"),
        (405, {"x-amzn-waf-action": "captcha"}, "blocked"),
        (522, {}, "server"),
        (600, {}, "protocol"),
        (999, {}, "protocol"),
        (201, {}, "content"),
        (202, {"x-amzn-waf-action": "challenge"}, "blocked"),
        (204, {}, "content"),
        (206, {}, "content"),
        (300, {}, "redirect"),
        (301, {}, "redirect"),
        (304, {}, "content"),
        (305, {"Location": "http://proxy.example/"}, "redirect"),
    ],
)
def test_each_status_is_an_error_of_its_kind(status: int, headers: dict[str, str], kind: str) -> None:
    error = refused({URL: httpx.Response(status, headers=headers, content=FEED)})
    assert (error.kind, error.status, error.url) == (kind, status, URL)
    assert isinstance(error, FetchError)


def test_other_transports_errors_are_ours() -> None:
    for raised, kind in (
        (httpx.ConnectTimeout("timed out"), "network"),
        (httpx.ReadTimeout("timed out"), "network"),
        (httpx.ConnectError("no route"), "network"),
        (httpx.RemoteProtocolError("bad"), "protocol"),
        (httpx.UnsupportedProtocol("what"), "refused"),
        (ConnectionResetError("reset"), "network"),
    ):
        error = refused({URL: raised})
        assert error.kind == kind
        assert error.__cause__ is raised


def test_our_own_mistakes_are_not_dressed_up() -> None:
    with pytest.raises(ZeroDivisionError):
        fetch({URL: ZeroDivisionError("a bug")})


@pytest.mark.parametrize(
    "title",
    [
        "Just a moment...",
        "Attention Required! | Cloudflare",
        "Access Denied",
        "Please wait...",
        "Robot Check",
    ],
)
def test_challenge_pages_with_status_200_are_blocked(title: str) -> None:
    page = (
        f"<!-- x --><!DOCTYPE html><html lang=en><head><meta charset=utf-8><title> {title}</title>".encode()
    )
    assert refused({URL: good(page)}).kind == "blocked"


@pytest.mark.parametrize(
    "body",
    [
        FEED.replace(b"Harbour Courier", b"Just a moment..."),
        b"<!doctype html><title>Moment mal - Harbour Courier</title><p>Just a moment...",
        b"<!doctype html><title>How access denied became a film</title>",
    ],
)
def test_documents_that_speak_of_moments_are_not_challenges(body: bytes) -> None:
    assert isinstance(fetch({URL: good(body)}), Document)


@pytest.mark.parametrize(
    "body",
    [
        b"<!--a-->" * 4000 + b"<p>",
        b"<!-- " * 4000,
        b"<title" * 4000,
        b"<html><title" * 2000,
        b" " * 40_000 + b"<p>",
    ],
)
def test_looking_for_challenges_takes_linear_time(body: bytes) -> None:
    started = time.process_time()
    fetch({URL: good(body)})
    assert time.process_time() - started < 0.5


# --- redirects -------------------------------------------------------------------------------------------------


def test_relative_redirects_are_followed_from_where_they_were_found() -> None:
    answers = {
        URL: moved("/news/index.xml", 302),
        "https://courier.example/news/index.xml": moved("rss.xml#top", 302),
        "https://courier.example/news/rss.xml": good(),
    }
    document = fetch(answers)
    assert isinstance(document, Document)
    assert (document.url, document.requested_url) == ("https://courier.example/news/rss.xml", URL)


def test_an_unchanged_answer_remembers_a_permanent_move_too() -> None:
    answers = {URL: moved("https://new.example/feed"), "https://new.example/feed": httpx.Response(304)}
    result = fetch(answers, state=FeedState(feed_id=URL, url=URL, etag='"one"'))
    assert isinstance(result, NotModified)
    assert result.moved_to == "https://new.example/feed"


@pytest.mark.parametrize(
    ("location", "kind"),
    [
        ("http://10.0.0.1/feed", "refused"),
        ("http://2130706434/feed", "refused"),
        ("http://[::1]/feed", "refused"),
        ("https://courier.example:22/feed", "refused"),
        ("http://user@127.0.0.2/feed", "refused"),
        ("file:///etc/passwd", "redirect"),
        ("https://", "redirect"),
        ("http://[", "refused"),
        ("http://courier.example:port/", "redirect"),
        (URL, "redirect"),
    ],
)
def test_redirects_to_where_we_do_not_go(location: str, kind: str) -> None:
    error = refused({URL: moved(location)})
    assert (error.kind, error.url) == (kind, URL)


def test_the_last_allowed_redirect_is_followed() -> None:
    def hop(request: httpx.Request) -> httpx.Response:
        number = int(request.url.params.get("n", 0))
        return good() if number == SETTINGS.max_redirects else moved(f"{URL}?n={number + 1}")

    assert isinstance(fetch(hop), Document)
    assert refused(hop, settings=replace(SETTINGS, max_redirects=4)).kind == "redirect"


# --- credentials (nothing of one origin is shown to another) ---------------------------------------------------

SECRET = {"Authorization": "Bearer s3cret", "Cookie": "session=s3cret", "X-Api-Key": "s3cret"}


@pytest.mark.parametrize(
    "elsewhere",
    ["http://courier.example/feed", "https://courier.example:8443/feed", "https://www.courier.example/feed",
     "https://other.example/feed", "https://courier.example.other.example/feed"],
)  # fmt: skip
def test_custom_headers_go_to_the_exact_origin_only(elsewhere: str) -> None:
    back = "https://courier.example/final"
    outlets = Outlets({URL: moved(elsewhere), elsewhere: moved(back), back: good()})
    fetch(outlets, feed(headers=SECRET))
    assert [{name: request.headers.get(name) for name in SECRET} for request in outlets.asked] == [
        SECRET,
        dict.fromkeys(SECRET),
        SECRET,  # home again
    ]


def test_custom_headers_stand_in_place_of_ours() -> None:
    outlets = Outlets({URL: good()})
    fetch(outlets, feed(headers={"user-agent": "DeskBot/2", "ACCEPT": "text/xml"}))
    assert outlets.asked[0].headers.get_list("user-agent") == ["DeskBot/2"]
    assert outlets.asked[0].headers.get_list("accept") == ["text/xml"]


def test_the_default_port_is_the_same_origin() -> None:
    outlets = Outlets(
        {URL: moved("https://courier.example:443/final"), "https://courier.example/final": good()}
    )
    fetch(outlets, feed(headers=SECRET))
    assert outlets.asked[1].headers["x-api-key"] == "s3cret"


def test_user_and_password_of_the_configured_address_stay_at_home_and_out_of_messages() -> None:
    configured = "https://desk:p%40ss@courier.example/feed"
    outlets = Outlets(
        {URL: moved("https://other.example/feed"), "https://other.example/feed": httpx.Response(404)}
    )
    error = refused(outlets, feed(configured))
    assert outlets.asked[0].headers["authorization"] == "Basic ZGVzazpwQHNz"
    assert "authorization" not in outlets.asked[1].headers
    assert "p%40ss" not in str(error)
    assert "p@ss" not in str(error)


def test_user_and_password_in_a_redirect_are_not_used() -> None:
    outlets = Outlets(
        {URL: moved("https://eve:x@courier.example/final"), "https://courier.example/final": good()}
    )
    document = fetch(outlets)
    assert "authorization" not in outlets.asked[1].headers
    assert isinstance(document, Document)
    assert document.url == "https://courier.example/final"


def test_cookies_are_neither_kept_nor_sent() -> None:
    answers = {URL: moved("https://courier.example/final"), "https://courier.example/final": good()}
    answers[URL].headers["Set-Cookie"] = "tracked=1; Path=/"
    outlets = Outlets(answers)

    async def twice() -> None:
        fetcher = Fetcher(SETTINGS, clock=lambda: NOW, transport=outlets)
        await fetcher.fetch(feed(), FeedState(feed_id=URL))
        await fetcher.fetch(feed(), FeedState(feed_id=URL))

    asyncio.run(twice())
    assert all("cookie" not in request.headers for request in outlets.asked)


@pytest.mark.parametrize("value", ["a\r\nX-Injected: yes", "smörgås"])
def test_a_custom_header_that_cannot_be_sent_is_refused(value: str) -> None:
    async def main() -> FetchError:
        async with start() as server:
            fetcher = Fetcher(LOOPBACK, clock=lambda: NOW)
            with pytest.raises(FetchError) as caught:
                await fetcher.get(server.url("/ok"), headers={"X-Key": value})
            assert server.requests == []
            return caught.value

    assert asyncio.run(main()).kind == "refused"


# --- over real connections -------------------------------------------------------------------------------------

LOOPBACK = FetchSettings(allow_networks=(ip_network("127.0.0.1/32"),))


@pytest.mark.parametrize(
    "url", ["ftp://courier.example/feed", "courier.example/feed", "http://", "http://[::1", "", "http://10.0.0.1/",
            "http://courier.example:99999/", "http://courier.example:0/", "https://courier.example:22/"]
)  # fmt: skip
def test_addresses_that_are_not_fetched(url: str) -> None:
    async def main() -> FetchError:
        with pytest.raises(FetchError) as caught:
            await Fetcher(SETTINGS, clock=lambda: NOW).get(url)
        return caught.value

    assert asyncio.run(main()).kind == "refused"


def test_a_name_that_changes_its_mind_is_dialled_at_the_address_that_was_checked() -> None:
    resolved: list[str] = []

    async def rebinding(host: str, port: int) -> Sequence[str]:
        resolved.append(host)
        return ["127.0.0.1"] if len(resolved) == 1 else ["127.0.0.2"]

    async def main() -> None:
        async with start() as server:
            fetcher = Fetcher(LOOPBACK, clock=lambda: NOW, resolver=rebinding)
            url = f"http://news.example:{server.port}/ok"
            assert (await fetcher.get(url)).body == FEED
            assert resolved == ["news.example"]  # asked once for one connection
            with pytest.raises(FetchError) as caught:
                await fetcher.get(url)
            assert caught.value.kind == "refused"
            assert server.canary_hits == []
            assert server.requests[0].headers["host"] == f"news.example:{server.port}"

    asyncio.run(main())


def test_a_redirect_to_a_name_is_resolved_and_checked_like_the_first() -> None:
    async def resolver(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1"] if host == "news.example" else ["127.0.0.2"]

    async def main() -> None:
        async with start() as server:

            async def inward(request: Request, wire: Wire) -> None:
                await wire.redirect(f"http://internal.example:{wire.port}/canary")

            server.add("/inward", inward)
            fetcher = Fetcher(LOOPBACK, clock=lambda: NOW, resolver=resolver)
            with pytest.raises(FetchError) as caught:
                await fetcher.get(f"http://news.example:{server.port}/inward")
            assert caught.value.kind == "refused"
            assert "internal.example is 127.0.0.2" in caught.value.message
            assert server.canary_hits == []

    asyncio.run(main())


def test_the_next_address_is_tried_when_one_is_dead() -> None:
    async def resolver(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.9", "127.0.0.1"]

    async def main() -> Document:
        async with start() as server:
            settings = replace(LOOPBACK, allow_networks=(ip_network("127.0.0.0/8"),))
            return await Fetcher(settings, clock=lambda: NOW, resolver=resolver).get(
                f"http://news.example:{server.port}/ok"
            )

    assert asyncio.run(main()).body == FEED


def test_the_systems_resolver_is_asked_without_stopping_the_loop() -> None:
    async def main() -> None:
        async with start() as server:
            fetcher = Fetcher(
                replace(LOOPBACK, allow_networks=(*LOOPBACK.allow_networks, ip_network("::1/128"))),
                clock=lambda: NOW,
            )
            assert (await fetcher.get(f"http://localhost:{server.port}/ok")).body == FEED
            with pytest.raises(FetchError) as caught:
                await Fetcher(SETTINGS, clock=lambda: NOW).get("http://localhost/feed")
            assert caught.value.kind == "refused"

    asyncio.run(main())


def test_a_resolver_that_hangs_is_given_up_at_the_time_for_connecting() -> None:
    async def resolver(host: str, port: int) -> Sequence[str]:
        await asyncio.sleep(3600)
        return []

    async def main() -> FetchError:
        settings = replace(SETTINGS, connect_timeout=timedelta(seconds=0.1))
        with pytest.raises(FetchError) as caught:
            await Fetcher(settings, clock=lambda: NOW, resolver=resolver).get("http://news.example/feed")
        return caught.value

    error = asyncio.run(main())
    assert (error.kind, error.message) == ("network", "news.example did not resolve within 0.1 s")


def test_tls_is_verified_against_the_name_asked_for() -> None:
    async def resolver(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    async def main() -> None:
        async with start() as server:
            good = httpx.URL(await server.open_tls(server_context("good")))
            fetcher = Fetcher(LOOPBACK, clock=lambda: NOW, resolver=resolver, tls=trusting_context())
            assert (await fetcher.get(str(good.copy_with(host="news.example")))).body == FEED
            with pytest.raises(FetchError) as caught:
                await fetcher.get(str(good.copy_with(host="other.example")))
            assert caught.value.kind == "tls"
            assert "other.example is for another name" in caught.value.message

    asyncio.run(main())


def test_environment_proxies_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    async def main() -> Document:
        async with start() as server:
            return await Fetcher(LOOPBACK, clock=lambda: NOW).get(server.url("/ok"))

    assert asyncio.run(main()).body == FEED


class ForwardProxy:
    """An HTTP proxy on loopback; keeps the heads of what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.asked.append(head)
        method, target, _ = head.split(" ", 2)
        if method == "CONNECT":
            there = await asyncio.open_connection("127.0.0.1", int(target.rpartition(":")[2]))
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            there = await asyncio.open_connection("127.0.0.1", httpx.URL(target).port)
            there[1].write(head.replace(target, httpx.URL(target).path, 1).encode())

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            while data := await source.read(65_536):
                sink.write(data)
            sink.close()

        try:
            await asyncio.gather(pump(reader, there[1]), pump(there[0], writer), return_exceptions=True)
        finally:
            there[1].transport.abort()
            writer.transport.abort()


def test_a_configured_proxy_is_used_at_home_only_and_shown_its_own_credentials() -> None:
    async def resolver(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    async def main() -> None:
        proxy = ForwardProxy()
        listening = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
        address = f"http://desk:s3cret@127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        async with start() as server:

            async def elsewhere(request: Request, wire: Wire) -> None:
                await wire.redirect(f"http://other.example:{wire.port}/ok")

            server.add("/elsewhere", elsewhere)
            fetcher = Fetcher(LOOPBACK, clock=lambda: NOW, resolver=resolver, tls=trusting_context())
            plain = feed(f"http://news.example:{server.port}/elsewhere", proxy=address)
            result = await fetcher.fetch(plain, FeedState(feed_id="plain"))
            assert isinstance(result, Document)
            assert result.body == FEED
            assert len(proxy.asked) == 1  # the hop to the other host went there directly
            assert proxy.asked[0].startswith(f"GET http://news.example:{server.port}/elsewhere HTTP/1.1\r\n")
            assert "Proxy-Authorization: Basic ZGVzazpzM2NyZXQ=" in proxy.asked[0]

            good = httpx.URL(await server.open_tls(server_context("good")))
            secure = feed(str(good.copy_with(host="news.example")), proxy=address)
            result = await fetcher.fetch(secure, FeedState(feed_id="secure"))
            assert isinstance(result, Document)
            assert result.body == FEED
            assert proxy.asked[1].startswith(f"CONNECT news.example:{good.port} HTTP/1.1\r\n")
            assert "proxy-authorization" not in server.requests[-1].headers
        listening.close()

    asyncio.run(main())


@pytest.mark.parametrize(
    "proxy", ["http://127.0.0.2:3128", "http://10.0.0.1:8080", "socks5://127.0.0.1:1", "junk"]
)
def test_a_proxy_passes_the_same_policy(proxy: str) -> None:
    async def main() -> FetchError:
        fetcher = Fetcher(replace(LOOPBACK, proxy=proxy), clock=lambda: NOW)
        with pytest.raises(FetchError) as caught:
            await fetcher.get("http://news.example/feed")
        return caught.value

    assert asyncio.run(main()).kind == "refused"


def test_bodies_in_flight_share_one_budget() -> None:
    """Eight bodies of 3 MiB under a budget of 8 MiB: all arrive, and never more than one and a half budgets are held."""
    settings = replace(LOOPBACK, max_body=4 << 20, max_in_flight=8 << 20)
    held: list[int] = []

    async def main() -> int:
        async with start() as server:
            body = large_feed(3 << 20)

            async def large(request: Request, wire: Wire) -> None:
                await wire.answer(body)

            url = server.add("/large", large)
            fetcher = Fetcher(settings, clock=lambda: NOW)

            async def one() -> int:
                async with fetcher.holding(feed(url), FeedState(feed_id=url)) as result:
                    held.append(fetcher.bytes_in_flight)
                    await asyncio.sleep(0.01)
                    assert isinstance(result, Document)
                    return len(result.body) == len(body)

            done = sum(await asyncio.gather(*(one() for _ in range(8))))
            assert fetcher.bytes_in_flight == 0
            return done

    assert asyncio.run(main()) == 8
    assert max(held) <= settings.max_in_flight


def test_cancelling_leaves_nothing_behind() -> None:
    async def main() -> None:
        async with start() as server:
            fetcher = Fetcher(LOOPBACK, clock=lambda: NOW)
            for path in ("/hang-before-headers", "/hang-mid-body", "/drip-headers"):
                task = asyncio.create_task(fetcher.get(server.url(path)))
                await asyncio.sleep(0.1)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
            assert fetcher.bytes_in_flight == 0
            await fetcher.aclose()

    asyncio.run(main())


def test_a_feed_may_name_the_one_authority_its_certificate_must_come_from(tmp_path: Path) -> None:
    async def resolver(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    async def main() -> None:
        async with start() as server:
            url = str(httpx.URL(await server.open_tls(server_context("good"))).copy_with(host="news.example"))
            fetcher = Fetcher(LOOPBACK, clock=lambda: NOW, resolver=resolver)
            pinned = Feed(url=url, source_id="news", id="news", ca=str(TLS / "authority.pem"))
            document = await fetcher.fetch(pinned, FeedState(feed_id="news"))
            assert isinstance(document, Document)
            assert document.body == FEED
            broken = tmp_path / "broken.pem"
            broken.write_text("-----BEGIN CERTIFICATE-----\n")
            for feed, told in (
                (replace(pinned, ca=""), "certificate of news.example"),  # nobody else trusts that authority
                (replace(pinned, ca=str(TLS / "self-signed.pem")), "certificate of news.example"),
                (replace(pinned, ca=str(broken)), "no authority can be read from"),
            ):
                with pytest.raises(FetchError) as caught:
                    await fetcher.fetch(feed, FeedState(feed_id="news"))
                assert caught.value.kind == "tls"
                assert told in caught.value.message

    asyncio.run(main())
