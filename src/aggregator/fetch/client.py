"""Feed + FeedState -> Document | NotModified | FetchError: one exchange. The one module that imports httpx.

An exchange is a conditional GET and its redirects under one deadline. Requests go to an httpx transport directly, without
a client between: what a client adds (cookies, credentials from URLs, redirects, retries) is what must not happen here.
"""

import asyncio
import hashlib
import re
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

import httpx

from aggregator import __version__
from aggregator.errors import FetchError
from aggregator.fetch import decode, headers
from aggregator.fetch.budget import Budget, Share, return_freed_bodies
from aggregator.fetch.challenge import PEEK, body_challenges, headers_challenge
from aggregator.fetch.connection import Connector, Proxy, Stream, basic, reason
from aggregator.fetch.failure import Failure
from aggregator.fetch.guard import DEFAULT_PORTS, Guard, Resolver
from aggregator.fetch.robots import Robots
from aggregator.fetch.status import failure_of
from aggregator.fetch.wire import Answer, request_head
from aggregator.model import Document, Feed, FeedState, NotModified
from aggregator.settings import FetchSettings

Clock = Callable[[], datetime]

ACCEPT_FEED = (
    "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"
)
ACCEPT_PAGE = "text/html, application/xhtml+xml;q=0.9, */*;q=0.5"

REDIRECTS = frozenset({301, 302, 303, 307, 308})
PERMANENT = frozenset({301, 308})


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked of one address."""

    url: str  # as configured; may hold user and password
    accept: str
    validators: Mapping[str, str]  # conditional headers, sent on every hop
    secrets: Mapping[str, str]  # headers for the origin of `url` only
    proxy: str = ""  # for the origin of `url` only
    ca: str = ""  # likewise: the file of its authority


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer at the end of the redirects: 200 with its decoded body, or 304."""

    url: str
    status: int
    headers: httpx.Headers
    body: bytes
    moved_to: str | None
    wire_bytes: int


class Fetcher:
    """Fetches feeds and pages.

    Args:
        settings: limits and policy.
        clock: the time, aware; read once per exchange.
        transport: answers instead of the network (httpx.MockTransport in tests). The guard then judges scheme, port and
            spelled-out addresses only: nothing is resolved.
        resolver: name and port -> addresses; the system's by default.
        tls: the TLS context of feeds that name no authority. It must verify.
    """

    def __init__(
        self,
        settings: FetchSettings,
        *,
        clock: Clock,
        transport: httpx.AsyncBaseTransport | None = None,
        resolver: Resolver | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        if tls is not None and (tls.verify_mode != ssl.CERT_REQUIRED or not tls.check_hostname):
            raise ValueError("a TLS context that does not verify certificates and names is not used")
        self._settings = settings
        self._clock = clock
        self._tls = {} if tls is None else {"": tls}  # by authority's file; "" for the system's
        self._guard = Guard(settings, resolver)
        self._transport = transport or WireTransport(self._guard, settings, self._context)
        self._budget = Budget(settings.max_in_flight)
        return_freed_bodies()
        agent = settings.user_agent or f"aggregator/{__version__}" + (
            f" (+{settings.contact})" if settings.contact else ""
        )
        token = re.match(r"[A-Za-z_-]+", agent)  # what robots.txt calls us (RFC 9309 section 2.2.1)
        self._robots = Robots(self._robots_txt, agent=token[0] if token else "aggregator", clock=clock)
        self._common = {"User-Agent": agent, "Accept-Encoding": "gzip, deflate"}

    async def aclose(self) -> None:
        await self._transport.aclose()

    async def fetch(self, feed: Feed, state: FeedState) -> Document | NotModified:
        """Ask a feed for what is new.

        Raises:
            FetchError: no usable answer came; nothing partial is ever returned.
        """
        async with self.holding(feed, state) as result:
            return result

    @asynccontextmanager
    async def holding(self, feed: Feed, state: FeedState) -> AsyncIterator[Document | NotModified]:
        """As `fetch`; the body counts against max_in_flight until the block ends."""
        with self._budget.share() as share:
            validators = _validators(state) if state.url == feed.url else {}
            page = feed.kind == "listing"
            query = Query(
                url=feed.url,
                accept=ACCEPT_PAGE if page else ACCEPT_FEED,
                validators=validators,
                secrets=feed.headers,
                proxy=feed.proxy,
                ca=feed.ca,
            )
            started = monotonic()
            if page:
                await self._robots.permit(feed.url, proxy=feed.proxy, ca=feed.ca)
            reply = await self._exchange(query, share)
            yield self._result(query, reply, state, timedelta(seconds=monotonic() - started))

    async def get(
        self, url: str, *, headers: Mapping[str, str] | None = None, robots: bool = False
    ) -> Document:
        """Fetch a page.

        Args:
            headers: sent to the exact origin of `url` only, never after a redirect elsewhere.
            robots: ask the host's robots.txt first. Feeds are published to be fetched and are exempt; pages are not.

        Raises:
            FetchError: no usable answer came, or robots.txt forbids it (kind "refused").
        """
        query = Query(url=url, accept=ACCEPT_PAGE, validators={}, secrets=headers or {})
        started = monotonic()
        with self._budget.share() as share:
            if robots:
                await self._robots.permit(url)
            reply = await self._exchange(query, share)
            result = self._result(query, reply, None, timedelta(seconds=monotonic() - started))
        assert isinstance(result, Document), "an unconditional request is answered by a document"
        return result

    @property
    def bytes_in_flight(self) -> int:
        """Bytes of bodies that count against max_in_flight at the moment."""
        return self._budget.held

    def crawl_delay(self, url: str) -> timedelta | None:
        """What the host's robots.txt asks between two requests, as far as it was read; at most a minute."""
        return self._robots.crawl_delay(url)

    def _context(self, ca: str) -> ssl.SSLContext:
        """Verifying in any case: by the authorities of the system, or by the one that a feed names."""
        known = self._tls.get(ca)
        if known is None:
            try:
                known = (
                    ssl.create_default_context(cafile=ca) if ca else httpx.create_ssl_context(trust_env=False)
                )
            except OSError as error:  # ssl.SSLError is one
                raise Failure("tls", f"no authority can be read from {ca}: {reason(error)}") from error
            known.set_alpn_protocols(["http/1.1"])
            self._tls[ca] = known
        return known

    async def _robots_txt(self, url: str, proxy: str, ca: str) -> tuple[int, bytes]:
        """Status and body of a robots.txt; raises FetchError when there is no answer to interpret."""
        query = Query(url=url, accept="text/plain, */*;q=0.5", validators={}, secrets={}, proxy=proxy, ca=ca)
        with self._budget.share() as share:
            try:
                reply = await self._exchange(query, share)
            except FetchError as error:
                if error.status is None:
                    raise
                return error.status, b""
        return reply.status, reply.body

    async def _exchange(self, query: Query, share: Share) -> Reply:
        deadline = self._settings.deadline.total_seconds()
        heard = _Heard()
        try:
            async with asyncio.timeout(deadline):
                return await self._follow(query, share, heard)
        except TimeoutError as error:
            failure = (
                Failure("limit", f"too slow: not complete after {deadline:g} s (deadline)")
                if heard.anything
                else Failure("network", f"no answer within {deadline:g} s")
            )
            raise failure.about(_shown(query.url)) from error
        except Failure as failure:
            raise failure.about(_shown(query.url)) from failure.__cause__
        except (httpx.HTTPError, httpx.StreamError, OSError) as error:
            raise _foreign(error).about(_shown(query.url)) from error

    async def _follow(self, query: Query, share: Share, heard: "_Heard") -> Reply:
        """Request, and request again where the answer points, at most max_redirects times."""
        url = _parse(query.url, "refused")
        home = _origin(url)
        secrets = dict(query.secrets)
        if url.userinfo:
            secrets.setdefault("Authorization", basic(f"{url.username}:{url.password}").decode())
            url = url.copy_with(username=None, password=None)
        seen, permanent = {str(url)}, True
        for _ in range(self._settings.max_redirects + 1):
            at_home = _origin(url) == home
            proxy = (query.proxy if at_home else "") or self._settings.proxy
            extensions = {"proxy": proxy, "ca": query.ca if at_home else "", "heard": heard}
            request = self._request(url, query, secrets if at_home else {}, extensions)
            self._guard.check(*_origin(url))
            response = await self._transport.handle_async_request(request)
            heard.anything = True
            try:
                status = response.status_code
                if status not in REDIRECTS:
                    body, wire_bytes = await self._read(response, query, share)
                    moved = str(url) if permanent and len(seen) > 1 else None
                    return Reply(str(url), status, response.headers, body, moved, wire_bytes)
                location = response.headers.get("location", "")
            finally:
                await response.aclose()  # the body of a redirect is never read
            permanent = permanent and status in PERMANENT
            try:
                url = _target(url, location)
            except Failure as failure:
                failure.status = status
                raise
            if str(url) in seen:
                raise Failure("redirect", f"the redirects go in a circle, back to {url}", status=status)
            seen.add(str(url))
        raise Failure("redirect", f"more than {self._settings.max_redirects} redirects", status=status)

    def _request(
        self, url: httpx.URL, query: Query, secrets: Mapping[str, str], extensions: dict[str, object]
    ) -> httpx.Request:
        try:
            sent = {**self._common, "Accept": query.accept, **query.validators}
            if secrets:  # in place of ours where the names are the same, in any case
                named = {name.lower() for name in secrets}
                sent = {name: value for name, value in sent.items() if name.lower() not in named} | dict(
                    secrets
                )
            return httpx.Request("GET", url, headers=sent, extensions=extensions)
        except (UnicodeEncodeError, httpx.InvalidURL) as error:
            raise Failure("refused", f"a header to be sent is not plain ASCII: {reason(error)}") from error

    async def _read(self, response: httpx.Response, query: Query, share: Share) -> tuple[bytes, int]:
        """The decoded body of a 200 and its bytes on the wire; any other status that is no success raises."""
        status = response.status_code
        if status == 304:
            if not query.validators:
                raise Failure(
                    "content", "answered 304 (not modified) to an unconditional request", status=304
                )
            return b"", 0
        if status != 200:
            raise await self._status_failure(response)
        try:
            encoding = decode.encoding_of(response.headers.get("content-encoding", ""))
            wire = await self._read_wire(response, share)
            body = await self._decode(wire, encoding, share)
        except Failure as failure:
            failure.status = status
            raise
        share.settle(len(body))
        if decode.is_blank(body):
            raise Failure("content", "the answer is empty", status=status)
        if body_challenges(body):
            raise failure_of(status, challenged=True)
        return body, len(wire)

    async def _read_wire(self, response: httpx.Response, share: Share) -> bytes:
        limit = self._settings.max_body
        announced = headers.count(response.headers.get("content-length", ""))
        if announced is not None and announced > limit:
            raise decode.too_large(limit)
        pieces, size = [], 0
        async for piece in _stream(response):
            size += len(piece)
            if size > limit:
                raise decode.too_large(limit)
            if size > share.ceiling:
                await share.raise_ceiling(2 * limit)  # as sent and decoded
            pieces.append(piece)
        return b"".join(pieces)

    async def _decode(self, wire: bytes, encoding: str, share: Share) -> bytes:
        limit = self._settings.max_body
        if share.ceiling < limit:
            try:
                return decode.decode(wire, encoding, share.ceiling)
            except Failure as failure:
                if failure.kind != "limit":
                    raise
            await share.raise_ceiling(2 * limit)
        return decode.decode(wire, encoding, limit)

    async def _status_failure(self, response: httpx.Response) -> Failure:
        get = response.headers.get
        challenged = headers_challenge(response.headers)
        if not challenged and response.status_code in (429, 503) and "html" in get("content-type", ""):
            challenged = body_challenges(await _beginning(response))
        wait = headers.retry_after(get("retry-after", ""), now=self._clock())
        return failure_of(response.status_code, retry_after=wait, challenged=challenged)

    def _result(
        self, query: Query, reply: Reply, state: FeedState | None, duration: timedelta
    ) -> Document | NotModified:
        now = self._clock()
        get = reply.headers.get
        fresh = headers.fresh_for(
            cache_control=get("cache-control", ""),
            expires=get("expires", ""),
            date=get("date", ""),
            age=get("age", ""),
            now=now,
        )
        if reply.status == 304:
            assert state is not None
            return NotModified(
                url=reply.url,
                because="status",
                fetched_at=now,
                etag=state.etag,  # ours answered well; a 304 that names another one is not believed
                last_modified=state.last_modified,
                moved_to=reply.moved_to,
                fresh_for=fresh,
                wire_bytes=reply.wire_bytes,
                duration=duration,
            )
        etag = headers.etag(get("etag"))
        last_modified = headers.last_modified(get("last-modified"))
        body_hash = hashlib.blake2b(reply.body, digest_size=16).hexdigest()
        if state is not None and state.url == query.url and state.body_hash == body_hash:
            return NotModified(
                url=reply.url,
                because="hash",
                fetched_at=now,
                etag=etag,
                last_modified=last_modified,
                moved_to=reply.moved_to,
                fresh_for=fresh,
                wire_bytes=reply.wire_bytes,
                duration=duration,
            )
        content_type = get("content-type")
        media_type, charset = headers.content_type(content_type or "")
        return Document(
            url=reply.url,
            requested_url=query.url,
            status=reply.status,
            media_type=media_type,
            charset=charset,
            body=reply.body,
            body_hash=body_hash,
            etag=etag,
            last_modified=last_modified,
            fetched_at=now,
            moved_to=reply.moved_to,
            fresh_for=fresh,
            wire_bytes=reply.wire_bytes,
            duration=duration,
            content_type=content_type,
        )


class WireTransport(httpx.AsyncBaseTransport):
    """httpx's transport interface over guarded connections, each used once."""

    def __init__(
        self, guard: Guard, settings: FetchSettings, context: Callable[[str], ssl.SSLContext]
    ) -> None:
        self._max_header = settings.max_header
        self._connector = Connector(
            guard,
            context,
            connect_timeout=settings.connect_timeout.total_seconds(),
            read_timeout=settings.read_timeout.total_seconds(),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        scheme, host, port = _origin(url)
        written = request.extensions.get("proxy", "")
        proxy = Proxy.parse(written) if written else None
        target, sent = url.raw_path, request.headers.raw
        if proxy is not None and scheme == "http":
            target = str(url.copy_with(fragment=None)).encode("ascii")
            if proxy.authorization:
                sent = [*sent, (b"Proxy-Authorization", proxy.authorization)]
        stream = await self._connector.open(scheme, host, port, proxy, request.extensions.get("ca", ""))
        answer = Answer(stream, max_header=self._max_header)
        heard = request.extensions.get("heard")
        try:
            await stream.write(request_head(request.method.encode("ascii"), target, sent))
            status, received = await answer.head()
        except BaseException:
            if isinstance(heard, _Heard):
                heard.anything = heard.anything or stream.received > 0
            stream.close()
            raise
        return httpx.Response(status, headers=received, stream=_Body(answer, stream))


class _Body(httpx.AsyncByteStream):
    def __init__(self, answer: Answer, stream: Stream) -> None:
        self._answer, self._stream = answer, stream

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._answer.body()

    async def aclose(self) -> None:
        self._stream.close()


class _Heard:
    """Whether anything was heard from the server: what a missed deadline is called depends on it."""

    anything = False


def _validators(state: FeedState) -> dict[str, str]:
    """The conditional headers of RFC 9110 section 13.1, from what the server said last time, verbatim."""
    found = {}
    if (etag := headers.etag(state.etag)) is not None:
        found["If-None-Match"] = etag
    if (last_modified := headers.last_modified(state.last_modified)) is not None:
        found["If-Modified-Since"] = last_modified
    return found


def _parse(url: str, kind: str) -> httpx.URL:
    try:
        return httpx.URL(url)
    except (httpx.InvalidURL, ValueError, TypeError) as error:
        if kind == "redirect":
            raise Failure("redirect", f"redirected to what is no address: {url[:100]!r}") from error
        raise Failure("refused", f"this is no address: {error}") from error


def _origin(url: httpx.URL) -> tuple[str, str, int]:
    """Scheme, host and port (RFC 6454)."""
    return (
        url.scheme,
        url.raw_host.decode("ascii"),
        DEFAULT_PORTS.get(url.scheme, 0) if url.port is None else url.port,
    )


def _target(url: httpx.URL, location: str) -> httpx.URL:
    """Where a redirect goes. User and password in it are dropped: nobody but us says who we are."""
    if not location:
        raise Failure("redirect", "redirected without saying where to")
    try:
        target = url.join(location)
    except (httpx.InvalidURL, ValueError, TypeError) as error:
        raise Failure("redirect", f"redirected to what is no address: {location[:100]!r}") from error
    if target.scheme not in DEFAULT_PORTS or not target.host:
        raise Failure("redirect", f"redirected to {str(target)[:100]!r}; only http and https are followed")
    return target.copy_with(username=None, password=None, fragment=None)


def _shown(url: str) -> str:
    """The address as it may stand in a message: without user and password."""
    return re.sub(r"(?<=//)[^/?#@]*@", "", url)


async def _stream(response: httpx.Response) -> AsyncIterator[bytes]:
    assert isinstance(response.stream, httpx.AsyncByteStream)
    async for piece in response.stream:
        yield piece


async def _beginning(response: httpx.Response) -> bytes:
    """As much of an error's body as shows whether it is a challenge."""
    start = b""
    async for piece in _stream(response):
        start += piece
        if len(start) >= PEEK:
            break
    return start


def _foreign(error: Exception) -> Failure:
    """What a transport other than ours raised."""
    if isinstance(error, httpx.TimeoutException):
        return Failure("network", f"no answer in time: {reason(error)}")
    if isinstance(error, httpx.UnsupportedProtocol):
        return Failure("refused", str(error))
    if isinstance(error, httpx.RemoteProtocolError | httpx.DecodingError | httpx.StreamError):
        return Failure("protocol", f"broken off: {reason(error)}")
    return Failure("network", f"no connection: {reason(error)}")
