"""A web server that misbehaves in every way a feed's server can: one path per fault, listed in FAULTS with its outcome.

    async with hostile.server.start() as server:
        await fetcher.fetch(feed at server.url("/drip-body"), ...)
        assert server.canary_hits == []

The paths of feeds.CONTENT_FAULTS are served too: the transfer is good there, what is transferred is not.
Paths that are no HTTP path ("/connect-refused", "/dns-failure", "/tls-...") are addresses of their own: ask `server.url`.
The good items are the same ones under every path; "?outlet=NAME" gives them addresses of their own (and redirects keep it),
so that items can be counted where many paths fill one store.
`running()` is the same for programs that cannot share an event loop: it serves from a thread. Everything is bound to
127.0.0.1; the canary listens on the same port of 127.0.0.2 and ::1, and must never be asked for anything.
"""

import asyncio
import contextlib
import socket
import ssl
import struct
import threading
import zlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from hostile.feeds import CONTENT_BY_PATH, of_outlet, rss

TLS = Path(__file__).parent / "tls"
"""Certificates of an authority that signs for these tests alone: good, expired, wrong-host, self-signed; one key for all."""

MIB = 1024 * 1024
FEED = rss()
LATER = "Tue, 01 Jan 2030 00:00:00 GMT"


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]  # names in lower case
    head: bytes  # as it came
    nth: int  # 1 for the first request to this path


@dataclass(slots=True)
class Wire:
    """The server's end of a connection, and what a fault needs to do damage."""

    writer: asyncio.StreamWriter
    port: int
    pace: float  # seconds between two bytes of a drip
    outlet: str = ""  # whose addresses the items have

    @property
    def feed(self) -> bytes:
        """The good feed."""
        return of_outlet(FEED, self.outlet)

    def here(self, path: str) -> str:
        """A path of this server, for the same outlet."""
        return f"{path}?outlet={self.outlet}" if self.outlet else path

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, body: bytes | None = None, *lines: str, status: str = "200 OK") -> None:
        """A correct response, of the good feed by default; header lines as given, Content-Type unless one is."""
        body = self.feed if body is None else body
        head = [f"HTTP/1.1 {status}", *lines, f"Content-Length: {len(body)}"]
        if not any(line.lower().startswith("content-type") for line in lines):
            head.append("Content-Type: application/rss+xml; charset=utf-8")
        await self.send("\r\n".join(head).encode("utf-8") + b"\r\n\r\n" + body)

    async def redirect(self, location: str, status: str = "302 Found") -> None:
        if location.startswith("/") and not location.startswith("//") and "?" not in location:
            location = self.here(location)
        await self.answer(b"moved", f"Location: {location}", status=status)

    async def drip(self, data: bytes) -> None:
        for position in range(len(data)):
            await self.send(data[position : position + 1])
            await asyncio.sleep(self.pace)

    async def for_ever(self, block: bytes, pause: float = 0.0) -> None:
        while True:
            await self.send(block)
            await asyncio.sleep(pause)

    async def hang(self) -> None:
        await asyncio.sleep(3600)


Handler = Callable[[Request, Wire], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Fault:
    """One row of the table."""

    path: str
    what: str
    outcomes: frozenset[str]  # error kinds, "document" or "not_modified": any of them will do
    handler: Handler = field(repr=False)
    slow: bool = False  # takes as long as the client's patience lasts
    repeats: int = (
        1  # requests one after another, with the state that the one before left; outcomes are of the last
    )


FAULTS: list[Fault] = []


def fault(
    path: str, what: str, *outcomes: str, slow: bool = False, repeats: int = 1
) -> Callable[[Handler], Handler]:
    def add(handler: Handler) -> Handler:
        FAULTS.append(Fault(path, what, frozenset(outcomes), handler, slow, repeats))
        return handler

    return add


def answers(path: str, what: str, *outcomes: str, repeats: int = 1, **response: object) -> None:
    """A fault that is one complete response, bad in its contents: body, lines, status."""
    body = response.get("body")
    lines = response.get("lines", ())
    status = str(response.get("status", "200 OK"))
    assert isinstance(body, bytes | None) and isinstance(lines, tuple)

    async def handler(request: Request, wire: Wire) -> None:
        await wire.answer(body, *lines, status=status)

    FAULTS.append(Fault(path, what, frozenset(outcomes), handler, repeats=repeats))


# --- controls, silence, slowness -------------------------------------------------------------------------------

answers("/ok", "no fault", "document")


@fault("/ok-304", "good ETag, the second request is answered 304", "not_modified", repeats=2)
async def ok_304(request: Request, wire: Wire) -> None:
    if request.headers.get("if-none-match") == '"one"':
        await wire.send(b'HTTP/1.1 304 Not Modified\r\nETag: "one"\r\n\r\n')
    else:
        await wire.answer(wire.feed, 'ETag: "one"', "Last-Modified: Sat, 03 Oct 2026 08:00:00 GMT")


@fault("/hang-before-headers", "accepts, never answers", "network", slow=True)
async def hang_before_headers(request: Request, wire: Wire) -> None:
    await wire.hang()


@fault("/hang-after-headers", "headers, then silence", "network", slow=True)
async def hang_after_headers(request: Request, wire: Wire) -> None:
    await wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    await wire.hang()


@fault("/hang-mid-body", "half the body, then silence", "network", slow=True)
async def hang_mid_body(request: Request, wire: Wire) -> None:
    await wire.send(
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(wire.feed) + wire.feed[: len(wire.feed) // 2]
    )
    await wire.hang()


@fault("/drip-body", "one byte of the body at a time, never silent", "limit", slow=True)
async def drip_body(request: Request, wire: Wire) -> None:
    await wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(wire.feed))
    await wire.drip(wire.feed)


@fault("/drip-headers", "one byte of the headers at a time, never silent", "limit", slow=True)
async def drip_headers(request: Request, wire: Wire) -> None:
    await wire.drip(b"HTTP/1.1 200 OK\r\n" + b"X-Slow: yes\r\n" * 1000)


# --- endless ---------------------------------------------------------------------------------------------------


@fault("/endless-headers", "header lines for ever", "limit")
async def endless_headers(request: Request, wire: Wire) -> None:
    await wire.send(b"HTTP/1.1 200 OK\r\n")
    await wire.for_ever(b"X-More: and more\r\n" * 500)


@fault("/endless-body", "a feed without end, no length, fast", "limit")
async def endless_body(request: Request, wire: Wire) -> None:
    await wire.send(b"HTTP/1.1 200 OK\r\n\r\n" + wire.feed[:200])
    await wire.for_ever(b"<item><title>again</title></item>" * 4000)


@fault("/endless-chunked", "tiny chunks for ever", "limit")
async def endless_chunked(request: Request, wire: Wire) -> None:
    await wire.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    await wire.for_ever(b"1\r\nx\r\n" * 5000)


@fault("/endless-1xx", "100 Continue for ever", "limit")
async def endless_interim(request: Request, wire: Wire) -> None:
    await wire.for_ever(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)


# --- broken connections and framing ----------------------------------------------------------------------------


@fault("/close-at-once", "closed before any byte", "network")
async def close_at_once(request: Request, wire: Wire) -> None:
    return


@fault("/reset", "reset after the headers", "protocol")
async def reset(request: Request, wire: Wire) -> None:
    await wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<rss>")
    await asyncio.sleep(0.05)
    wire.writer.get_extra_info("socket").setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
    )
    wire.writer.transport.abort()


@fault("/truncated", "Content-Length larger than the body", "protocol")
async def truncated(request: Request, wire: Wire) -> None:
    await wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (len(wire.feed) + 500) + wire.feed)


@fault("/too-long", "body longer than Content-Length", "document")
async def too_long(request: Request, wire: Wire) -> None:
    await wire.send(
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(wire.feed) + wire.feed + b"<surplus/>" * 50
    )


@fault("/chunk-bad-size", "chunk size is not hexadecimal", "protocol")
async def chunk_bad_size(request: Request, wire: Wire) -> None:
    await wire.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" + wire.feed)


@fault("/chunk-cut", "chunked without the last chunk", "protocol")
async def chunk_cut(request: Request, wire: Wire) -> None:
    await wire.send(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % len(wire.feed) + wire.feed + b"\r\n"
    )


@fault("/garbage-status", "bytes that are no HTTP", "protocol")
async def garbage_status(request: Request, wire: Wire) -> None:
    await wire.send(b"\x00\xff\x13SSH-2.0-nothing\r\n\r\n" + wire.feed)


@fault("/http09", "a body without a status line", "protocol")
async def http09(request: Request, wire: Wire) -> None:
    await wire.send(wire.feed)


@fault("/huge-header", "one header line of 8 MiB", "limit")
async def huge_header(request: Request, wire: Wire) -> None:
    await wire.send(b"HTTP/1.1 200 OK\r\nX-Huge: ")
    for _ in range(128):
        await wire.send(b"a" * 65_536)
    await wire.send(b"\r\n\r\n" + wire.feed)


@fault("/many-headers", "20,000 header lines, then a good feed", "limit", "document")
async def many_headers(request: Request, wire: Wire) -> None:
    lines = b"".join(b"X-%d: x\r\n" % number for number in range(20_000))
    await wire.send(
        b"HTTP/1.1 200 OK\r\n" + lines + b"Content-Length: %d\r\n\r\n" % len(wire.feed) + wire.feed
    )


@fault("/double-length", "two Content-Length headers that differ", "protocol")
async def double_length(request: Request, wire: Wire) -> None:
    await wire.send(
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nContent-Length: 10\r\n\r\n" % len(wire.feed) + wire.feed
    )


# --- statuses --------------------------------------------------------------------------------------------------

for code, phrase, kind in (
    (401, "Unauthorized", "blocked"),
    (403, "Forbidden", "blocked"),
    (404, "Not Found", "client"),
    (410, "Gone", "gone"),
    (451, "Unavailable For Legal Reasons", "blocked"),
    (500, "Internal Server Error", "server"),
    (502, "Bad Gateway", "server"),
):
    answers(f"/status/{code}", f"{code} with a valid feed in the body", kind, status=f"{code} {phrase}")
answers(
    "/status/503",
    "503 with a valid feed in the body",
    "throttled",
    status="503 Service Unavailable",
    lines=("Retry-After: 120",),
)
for name, value in {
    "seconds": "60",
    "date": LATER,
    "absurd": "99999999999999999999",
    "negative": "-5",
    "junk": "soon",
}.items():
    answers(
        f"/status/429-{name}",
        f"429 with Retry-After: {value}",
        "throttled",
        status="429 Too Many Requests",
        lines=(f"Retry-After: {value}",),
    )
answers("/status/999", "a status outside the registry", "protocol", "client", status="999 Request denied")
answers(
    "/status/206",
    "206, not asked for",
    "content",
    status="206 Partial Content",
    lines=(f"Content-Range: bytes 0-99/{len(FEED)}",),
    body=FEED[:100],
)


@fault("/status/204", "204", "content")
async def status_204(request: Request, wire: Wire) -> None:
    await wire.send(b"HTTP/1.1 204 No Content\r\n\r\n")


@fault("/304-unasked", "304 to an unconditional request", "content")
async def unasked_304(request: Request, wire: Wire) -> None:
    await wire.send(b'HTTP/1.1 304 Not Modified\r\nETag: "never seen"\r\n\r\n')


@fault("/304-wrong-etag", "304 that names another ETag, on the second request", "not_modified", repeats=2)
async def wrong_etag_304(request: Request, wire: Wire) -> None:
    if "if-none-match" in request.headers:
        await wire.send(b'HTTP/1.1 304 Not Modified\r\nETag: "another"\r\n\r\n')
    else:
        await wire.answer(wire.feed, 'ETag: "one"')


@fault(
    "/etag-header-injection", "ETag with odd bytes; the client sends what it kept", "not_modified", repeats=2
)
async def etag_header_injection(request: Request, wire: Wire) -> None:
    head = b'HTTP/1.1 200 OK\r\nETag: "a\tb\x01c\x80\xff\x0bX-Injected: yes"\r\nLast-Modified: \x01\x02\r\n'
    await wire.send(head + b"Content-Length: %d\r\n\r\n" % len(wire.feed) + wire.feed)


@fault("/fail-then-ok", "503 once, then good", "document", repeats=2)
async def fail_then_ok(request: Request, wire: Wire) -> None:
    if request.nth == 1:
        await wire.answer(b"", status="503 Service Unavailable")
    else:
        await wire.answer()


@fault("/ok-then-empty-feed", "good, then a feed without items", "document", repeats=2)
async def ok_then_empty_feed(request: Request, wire: Wire) -> None:
    await wire.answer(wire.feed if request.nth == 1 else rss(items=()))


# --- redirects -------------------------------------------------------------------------------------------------

PHRASES = {
    301: "Moved Permanently",
    302: "Found",
    303: "See Other",
    307: "Temporary Redirect",
    308: "Permanent Redirect",
}


def redirects(path: str, what: str, location: str, *outcomes: str, status: int = 302) -> None:
    """A redirect; {port} in the location is the server's own."""

    async def handler(request: Request, wire: Wire) -> None:
        await wire.redirect(location.replace("{port}", str(wire.port)), f"{status} {PHRASES[status]}")

    FAULTS.append(Fault(path, what, frozenset(outcomes), handler))


for status in PHRASES:
    redirects(f"/redirect/{status}", f"{status} to a good feed", "/ok", "document", status=status)
redirects("/redirect/loop", "to itself", "/redirect/loop", "redirect")
redirects("/redirect/loop-a", "a loop of two", "/redirect/loop-b", "redirect")
redirects("/redirect/loop-b", "the other half", "/redirect/loop-a", "redirect")


@fault("/redirect/endless", "every hop a new address", "redirect")
async def redirect_endless(request: Request, wire: Wire) -> None:
    await wire.redirect(f"/redirect/endless?{request.nth}")


redirects("/redirect/chain4", "four hops, then good", "/redirect/chain3", "document")
redirects("/redirect/chain3", "three hops, then good", "/redirect/chain2", "document")
redirects("/redirect/chain2", "two hops, then good", "/redirect/chain1", "document", status=301)
redirects("/redirect/chain1", "one hop, then good", "/ok", "document", status=308)
for scheme, location in {
    "file": "file:///etc/passwd",
    "javascript": "javascript:alert(1)",
    "data": "data:text/xml,<rss/>",
    "ftp": "ftp://127.0.0.1/feed",
    "gopher": "gopher://127.0.0.1/1",
}.items():
    redirects(f"/redirect/{scheme}", f"to {scheme}:", location, "redirect", "refused")
for name, location in {
    "loopback2": "http://127.0.0.2:{port}/canary",
    "ipv6": "http://[::1]:{port}/canary",
    "mapped": "http://[::ffff:127.0.0.2]:{port}/canary",
    "decimal": "http://2130706434:{port}/canary",
    "hex": "http://0x7f000002:{port}/canary",
    "short": "http://127.2:{port}/canary",
    "zero": "http://0.0.0.0:{port}/canary",
    "userinfo": "http://example.org@127.0.0.2:{port}/canary",
    "protocol-relative": "//127.0.0.2:{port}/canary",
}.items():
    redirects(f"/ssrf/{name}", f"to an internal address: {location}", location, "refused", "redirect")
redirects("/redirect/no-location", "without saying where to", "", "redirect")
redirects("/redirect/bad-url", "to what is no address", "http://[::1:nonsense/%%%", "redirect", "refused")
redirects("/redirect/crlf", "with encoded line breaks in it", "/ok%0d%0aX-Injected:%20yes", "client")
redirects("/redirect/idn", "with raw UTF-8 in it", "/nachrichten/größe?ü=ß", "client")


@fault("/redirect/body-bomb", "a redirect whose own body is a gzip bomb", "document")
async def redirect_body_bomb(request: Request, wire: Wire) -> None:
    await wire.answer(
        gzip_bomb(), f"Location: {wire.here('/ok')}", "Content-Encoding: gzip", status="302 Found"
    )


# --- content encoding ------------------------------------------------------------------------------------------


def gzip(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    return packer.compress(data) + packer.flush()


def gzip_bomb(mebibytes: int = 1024) -> bytes:
    """A feed's beginning and then zeros, about a megabyte. A deflate block behind a full flush can be repeated as it is."""
    packer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    start = packer.compress(FEED[:400]) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(MIB)) + packer.flush(zlib.Z_FULL_FLUSH)
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + start + block * mebibytes + packer.flush() + bytes(8)


def _deflate_raw(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


def encoded(path: str, what: str, encoding: str, body: Callable[[bytes], bytes], *outcomes: str) -> None:
    """A body with a Content-Encoding, from the good feed; made when asked for, because bombs take a while."""

    async def handler(request: Request, wire: Wire) -> None:
        await wire.answer(body(wire.feed), f"Content-Encoding: {encoding}")

    FAULTS.append(Fault(path, what, frozenset(outcomes), handler))


def large_feed(size: int) -> bytes:
    item = b"<item><title>Filler</title><description>" + b"word " * 20_000 + b"</description></item>"
    head, _, tail = FEED.partition(b"<item>")
    return head + item * (size // len(item)) + b"<item>" + tail


encoded("/gzip", "gzip", "gzip", gzip, "document")
encoded("/deflate", "deflate in the zlib format", "deflate", zlib.compress, "document")
encoded("/deflate-raw", "bare deflate", "deflate", _deflate_raw, "document")
encoded("/bomb-gzip", "1 GiB from 1 MiB", "gzip", lambda feed: gzip_bomb(), "limit")
encoded("/bomb-gzip-double", "gzip in gzip, 1 GiB", "gzip, gzip", lambda feed: gzip(gzip_bomb()), "limit")
encoded(
    "/bomb-gzip-hidden", "gzip in gzip, one layer named", "gzip", lambda feed: gzip(gzip_bomb()), "document"
)
encoded(
    "/bomb-brotli",
    "an encoding that was not offered",
    "br",
    lambda feed: b"\x5b\xff\xff\x7f" * 130,
    "protocol",
    "limit",
)
encoded(
    "/bomb-zstd",
    "an encoding that was not offered",
    "zstd",
    lambda feed: b"\x28\xb5\x2f\xfd" * 8000,
    "protocol",
    "limit",
)
encoded("/bomb-chain", "1,000 layers named", ", ".join(["gzip"] * 1000), gzip, "limit")
encoded(
    "/gzip-many-members",
    "200,000 empty members",
    "gzip",
    lambda feed: gzip(b"") * 200_000 + gzip(feed),
    "limit",
)
encoded("/gzip-corrupt", "gzip cut in the middle", "gzip", lambda feed: gzip(feed)[:-60], "protocol")
encoded("/gzip-mislabelled", "says gzip, is plain", "gzip", lambda feed: feed, "document", "protocol")
encoded("/encoding-unknown", "an encoding of its own", "x-evil", lambda feed: feed, "protocol")


@fault("/zstd", "zstd, when it was offered", "document")
async def zstd(request: Request, wire: Wire) -> None:
    assert "zstd" not in request.headers.get("accept-encoding", ""), "nobody here can read it"
    await wire.answer()


@fault("/huge-body", "a valid feed of 64 MiB", "limit")
async def huge_body(request: Request, wire: Wire) -> None:
    block = large_feed(MIB)
    await wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (64 * len(block)))
    for _ in range(64):
        await wire.send(block)


# --- types and contents ----------------------------------------------------------------------------------------

PAGE = b"<!DOCTYPE html><html><head><title>Harbour Courier</title></head><body><p>Welcome.</p></body></html>"
CHALLENGE = (
    b"<!DOCTYPE html><html><head><title>Just a moment...</title></head>"
    b"<body><script>window._cf_chl_opt={};</script></body></html>"
)

answers("/type-html-is-feed", "labelled text/html", "document", lines=("Content-Type: text/html",))
answers("/type-octet", "labelled octet-stream", "document", lines=("Content-Type: application/octet-stream",))
answers("/type-junk", "Content-Type is junk", "document", lines=('Content-Type: ;;;="',))


@fault("/type-none", "no Content-Type", "document")
async def type_none(request: Request, wire: Wire) -> None:
    await wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(wire.feed) + wire.feed)


answers("/empty-200", "an empty body", "content", body=b"")
answers("/blank-200", "white space", "content", body=b" \r\n\t\r\n " * 20)
answers(
    "/html-instead",
    "a page where a feed was",
    "document",
    "content",
    body=PAGE,
    lines=("Content-Type: text/html",),
)
answers(
    "/cloudflare",
    "a challenge: 403 and cf-mitigated",
    "blocked",
    status="403 Forbidden",
    body=CHALLENGE,
    lines=("cf-mitigated: challenge", "Content-Type: text/html"),
)
answers(
    "/challenge-503",
    "a challenge: 503 with a page",
    "blocked",
    status="503 Service Unavailable",
    body=CHALLENGE,
    lines=("Content-Type: text/html; charset=UTF-8",),
)
answers(
    "/challenge-200",
    "a challenge with status 200",
    "blocked",
    body=CHALLENGE,
    lines=("Content-Type: text/html",),
)
answers(
    "/json-error-200",
    "a JSON error with status 200",
    "document",
    "content",
    body=b'{"error": {"code": 17, "message": "no such feed"}}',
    lines=("Content-Type: application/json",),
)
answers(
    "/binary",
    "64 KiB of noise",
    "document",
    "content",
    body=zlib.compress(bytes(range(256)) * 256, 0)[:65_536],
)
answers(
    "/pdf", "a PDF labelled RSS", "document", "content", body=b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + bytes(4096)
)


@fault("/set-cookie-storm", "500 cookies, one for another domain", "document", "limit")
async def set_cookie_storm(request: Request, wire: Wire) -> None:
    cookies = [f"Set-Cookie: c{number}={'v' * 40}; Path=/" for number in range(499)]
    await wire.answer(wire.feed, *cookies, "Set-Cookie: evil=1; Domain=example.org")


# --- addresses of their own ------------------------------------------------------------------------------------


async def _elsewhere(request: Request, wire: Wire) -> None:
    raise AssertionError("this fault is an address of its own; ask server.url for it")


for path, what, kind, slow in (
    ("/connect-refused", "nothing listens on the port", "network", False),
    ("/connect-timeout", "the connection is never taken", "network", True),
    ("/dns-failure", "the name does not exist", "network", False),
    ("/tls-on-plain", "https to a plain port", "tls", False),
    ("/tls-self-signed", "self-signed certificate", "tls", False),
    ("/tls-expired", "expired certificate", "tls", False),
    ("/tls-wrong-host", "certificate of another host", "tls", False),
    ("/tls-unknown-authority", "certificate of an authority nobody knows", "tls", False),
):
    FAULTS.append(Fault(path, what, frozenset({kind}), _elsewhere, slow))

CERTIFICATES = {
    "/tls-self-signed": "self-signed",
    "/tls-expired": "expired",
    "/tls-wrong-host": "wrong-host",
    "/tls-unknown-authority": "good",
}

BY_PATH = {fault.path: fault for fault in FAULTS}


class HostileServer:
    """The running server. `hits` counts requests by path, `requests` keeps them, `canary_hits` must stay empty."""

    def __init__(self, pace: float = 1.0) -> None:
        self.pace = pace
        self.port = 0
        self.hits: Counter[str] = Counter()
        self.requests: list[Request] = []
        self.canary_hits: list[str] = []
        self.extra: dict[str, Handler] = {}  # more paths, for single tests
        self._addresses: dict[str, str] = {}
        self._servers: list[asyncio.Server] = []
        self._sockets: list[socket.socket] = []
        self._connections: set[asyncio.Task[None]] = set()

    def url(self, path: str, outlet: str = "") -> str:
        """The address of a fault; with an outlet, its good items have addresses of that outlet's own."""
        query = f"?outlet={outlet}" if outlet else ""
        return self._addresses.get(path, f"http://127.0.0.1:{self.port}{path}{query}")

    def add(self, path: str, handler: Handler) -> str:
        """One more path; its address."""
        self.extra[path] = handler
        return self.url(path)

    def reset(self) -> None:
        """Forget what was asked: every request is a first one again."""
        self.hits.clear()
        self.requests.clear()
        self.canary_hits.clear()

    async def open(self) -> None:
        main = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=512)
        self.port = main.sockets[0].getsockname()[1]
        self._servers.append(main)
        for host in ("127.0.0.2", "::1"):
            with contextlib.suppress(OSError):  # a machine without IPv6
                self._servers.append(await asyncio.start_server(self._serve_canary, host, self.port))
        for path, certificate in CERTIFICATES.items():
            self._addresses[path] = await self.open_tls(server_context(certificate))
        self._addresses["/tls-on-plain"] = f"https://127.0.0.1:{self.port}/tls-on-plain"
        self._addresses["/dns-failure"] = "http://no-such-host.invalid/feed"
        self._addresses["/connect-refused"] = f"http://127.0.0.1:{self._closed_port()}/feed"
        self._addresses["/connect-timeout"] = f"http://127.0.0.1:{self._full_port()}/feed"

    async def open_tls(self, context: ssl.SSLContext) -> str:
        """One more port, with TLS; the address of its good feed."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        self._servers.append(server)
        return f"https://localhost:{server.sockets[0].getsockname()[1]}/ok"

    async def aclose(self) -> None:
        for server in self._servers:
            server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        for opened in self._sockets:
            opened.close()

    def _closed_port(self) -> int:
        held = socket.socket()  # bound and not listening: nobody else gets the port, nobody is let in
        held.bind(("127.0.0.1", 0))
        self._sockets.append(held)
        return int(held.getsockname()[1])

    def _full_port(self) -> int:
        """A port whose queue of connections is full: Linux drops what else arrives, as a silent firewall does."""
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        self._sockets.append(listener)
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
            self._sockets.append(filler)
        return int(listener.getsockname()[1])

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)
        try:
            request = await self._read_request(reader)
            if request is None:
                await Wire(writer, self.port, self.pace).answer(b"no HTTP", status="400 Bad Request")
                return
            path = request.path.partition("?")[0]
            if path == "/canary":  # reached by way of 0.0.0.0 or by another spelling of this host
                self.canary_hits.append(request.path)
            outlet = request.path.partition("?outlet=")[2]
            await self._handler(path)(request, Wire(writer, self.port, self.pace, outlet))
            await writer.drain()
        except (OSError, asyncio.CancelledError):
            pass  # the client had enough
        finally:
            writer.close()

    def _handler(self, path: str) -> Handler:
        if path in self.extra:
            return self.extra[path]
        if path in BY_PATH:
            return BY_PATH[path].handler
        return content if path in CONTENT_BY_PATH else not_found

    async def _serve_canary(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.canary_hits.append(str(writer.get_extra_info("sockname")))
        writer.close()

    async def _read_request(self, reader: asyncio.StreamReader) -> Request | None:
        try:
            head = await reader.readexactly(1)
            if head == b"\x16":  # a TLS handshake on a plain port
                return None
            head += await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ", 2)
        pairs = (line.split(":", 1) for line in lines if line)
        received = {name.lower(): value.strip() for name, value in pairs}
        path = target.partition("?")[0]
        self.hits[path] += 1
        request = Request(method, target, received, head, self.hits[path])
        self.requests.append(request)
        return request


async def content(request: Request, wire: Wire) -> None:
    """A feed whose fault is in its contents."""
    fault = CONTENT_BY_PATH[request.path.partition("?")[0]]
    canary = f"http://127.0.0.2:{wire.port}/canary".encode()
    body = of_outlet(fault.body(request.nth), wire.outlet).replace(b"{canary}", canary)
    await wire.answer(body, f"Content-Type: {fault.content_type}")


async def not_found(request: Request, wire: Wire) -> None:
    await wire.answer(b"nothing here", status="404 Not Found")


def server_context(certificate: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / f"{certificate}.pem", TLS / "server.key")
    return context


def trusting_context() -> ssl.SSLContext:
    """A client's context that knows the authority of these tests and no other."""
    return ssl.create_default_context(cafile=str(TLS / "authority.pem"))


@contextlib.asynccontextmanager
async def start(pace: float = 1.0) -> AsyncIterator[HostileServer]:
    """The server, in the running event loop.

    Args:
        pace: seconds between two bytes of a drip.
    """
    server = HostileServer(pace)
    await server.open()
    try:
        yield server
    finally:
        await server.aclose()


@contextlib.contextmanager
def running(pace: float = 1.0) -> Iterator[HostileServer]:
    """The server, in a thread with an event loop of its own: for whole programs under test."""
    started: list[HostileServer] = []
    ready, stop = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with start(pace) as server:
            started.append(server)
            ready.set()
            await stop.wait()

    def run() -> None:
        try:
            loop.run_until_complete(serve())
        finally:
            ready.set()
            loop.close()

    thread = threading.Thread(target=run, name="hostile-server", daemon=True)
    thread.start()
    ready.wait()
    try:
        yield started[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
