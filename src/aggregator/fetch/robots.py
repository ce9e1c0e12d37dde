"""robots.txt -> may this page be fetched, and how far apart (RFC 9309). For HTML pages: feeds are there to be fetched.

Kept per origin for a day. No robots.txt (4xx) allows everything; one that cannot be read (5xx, no answer) makes pages wait.
"""

import asyncio
import math
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

from protego import Protego

from aggregator.errors import FetchError

KEPT = timedelta(hours=24)  # RFC 9309 section 2.4
RETRY = timedelta(hours=1)
"""Until a robots.txt that answered with a server error is asked for again."""

MAX_BYTES = 500 * 1024  # RFC 9309 section 2.5: at least that much is read
MAX_ORIGINS = 1_000
MAX_DELAY = timedelta(seconds=60)
"""Crawl-delay is no standard; values beyond a minute are mistakes or a polite way to forbid, which Disallow says better."""

FetchText = Callable[[str, str, str], Awaitable[tuple[int, bytes]]]
"""URL of a robots.txt, proxy and authority (or "") -> status and body after redirects; FetchError when nobody answers."""


@dataclass(frozen=True, slots=True)
class _Rules:
    until: datetime
    parsed: Protego | None  # None: everything is allowed
    refused: str = ""  # why nothing is fetched for now


class Robots:
    """The robots.txt files met so far."""

    def __init__(self, fetch: FetchText, *, agent: str, clock: Callable[[], datetime]) -> None:
        self._fetch, self._agent, self._clock = fetch, agent, clock
        self._known: OrderedDict[str, _Rules] = OrderedDict()  # by origin, the longest unused first
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def permit(self, url: str, *, proxy: str = "", ca: str = "") -> None:
        """Return when the page may be fetched.

        Raises:
            FetchError: kind "refused" when robots.txt forbids it or cannot be read for now (with retry_after);
                whatever fetching robots.txt itself failed with otherwise.
        """
        origin = _origin(url)
        if origin is None:
            return  # no address of a page: fetching it says so better
        lock = self._locks.setdefault(origin, asyncio.Lock())
        async with lock:  # one request for robots.txt, however many pages ask
            rules = self._known.get(origin)
            if rules is None or rules.until <= self._clock():
                rules = await self._read(origin, url, proxy, ca)
                self._known[origin] = rules
            self._known.move_to_end(origin)
            while len(self._known) > MAX_ORIGINS:
                self._known.popitem(last=False)
        if rules.refused:
            raise FetchError(url, "refused", rules.refused, retry_after=rules.until - self._clock())
        if rules.parsed is not None and not rules.parsed.can_fetch(url, self._agent):
            raise FetchError(url, "refused", f"{origin}/robots.txt does not allow this page to be fetched")

    def crawl_delay(self, url: str) -> timedelta | None:
        """The pause between two requests that was asked for, at most a minute; None as far as is known."""
        rules = self._known.get(_origin(url) or "")
        delay = (
            rules.parsed.crawl_delay(self._agent) if rules is not None and rules.parsed is not None else None
        )
        if delay is None or not delay > 0 or math.isnan(delay):
            return None
        return timedelta(seconds=min(delay, MAX_DELAY.total_seconds()))

    async def _read(self, origin: str, url: str, proxy: str, ca: str) -> _Rules:
        now = self._clock()
        try:
            status, body = await self._fetch(f"{origin}/robots.txt", proxy, ca)
        except FetchError as error:
            raise FetchError(
                url,
                error.kind,
                f"robots.txt cannot be read: {error.message}",
                retry_after=error.retry_after or RETRY,
            ) from error
        if status >= 500 or status == 429:
            return _Rules(
                now + RETRY, None, f"{origin}/robots.txt answered {status}: pages wait until it can be read"
            )
        if status != 200:  # 4xx, and redirects without end (RFC 9309 section 2.3.1)
            return _Rules(now + KEPT, None)
        return _Rules(now + KEPT, Protego.parse(body[:MAX_BYTES].decode("utf-8-sig", "replace")))


def _origin(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if not host or parts.scheme not in ("http", "https"):
        return None
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}" + (f":{port}" if port else "")
