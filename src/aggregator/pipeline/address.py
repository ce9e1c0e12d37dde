"""A configured feed -> the feed as it is asked: at the address that its outlet has moved it to, once that is certain.

The configured address stays its name. A moved address that fails is not asked again before the configured one has
confirmed it: it redirects there as before, or it does not.
"""

from base64 import b64encode
from dataclasses import replace
from urllib.parse import SplitResult, unquote, urlsplit

from aggregator import schedule
from aggregator.model import Feed, FeedState

_PORTS = {"http": 80, "https": 443}


def as_asked(feed: Feed, state: FeedState) -> tuple[Feed, FeedState]:
    """What to hand to the fetcher: the validators go with the feed, its secrets only where its origin is the same."""
    moved = schedule.moved_address(state)
    if moved is None or state.error_count or state.url != feed.url:
        return feed, state
    there = elsewhere(feed, moved)
    here = urlsplit(feed.url)
    signed = any(name.lower() == "authorization" for name in feed.headers)
    if here.username is not None and not signed and origin(here) == origin(urlsplit(moved)):
        secret = f"{unquote(here.username)}:{unquote(here.password or '')}".encode()
        there = replace(
            there, headers={**feed.headers, "Authorization": f"Basic {b64encode(secret).decode()}"}
        )
    # The validators came from there already, at the end of the redirect.
    return there, replace(state, url=moved)


def elsewhere(feed: Feed, url: str) -> Feed:
    """The feed at another address: its secrets go along only where the origin is the same."""
    there = replace(feed, url=url)
    if origin(urlsplit(feed.url)) != origin(urlsplit(url)):
        return replace(there, headers={}, proxy="", ca="")
    return there


def as_configured(feed: Feed, state: FeedState) -> FeedState:
    """The state of a feed that was asked elsewhere, under its configured address again."""
    return state if schedule.moved_address(state) != state.url else replace(state, url=feed.url)


def origin(url: SplitResult) -> tuple[str, str, int | None]:
    """Scheme, host and port: to which secrets belong."""
    return url.scheme, url.hostname or "", url.port or _PORTS.get(url.scheme)
