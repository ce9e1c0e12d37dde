"""The rules all feed dialects share: links, times, images and how often to come back."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urljoin

from aggregator.model import Precision
from aggregator.parse.dates import read_date

_PERIOD_MINUTES = {"hourly": 60, "daily": 1440, "weekly": 10080, "monthly": 43200, "yearly": 525600}
_MOST_MINUTES = 366 * 1440


def resolve(base: str, link: str | None) -> str | None:
    """The link made absolute (RFC 3986, 5) and checked no further; None when there is none or it cannot be resolved."""
    link = link.strip() if link else ""
    if not link:
        return None
    if link.startswith(("https://", "http://")):
        return link
    try:
        return urljoin(base, link)
    except ValueError:  # an IPv6 address that is none
        return None


def is_web_address(text: str | None) -> bool:
    return bool(text) and text.lower().startswith(("http://", "https://"))  # type: ignore[union-attr]


@dataclass(frozen=True, slots=True)
class Stamp:
    """When an entry was published, and which element said so. Nothing: all None."""

    at: datetime | None = None
    precision: Precision = "instant"
    text: str | None = None
    origin: str | None = None


NO_STAMP = Stamp()


def first_stamp(candidates: Iterable[tuple[str, str | None]]) -> Stamp:
    """The first (element, text) that is a date; else the first text, unread, so that the journal can show it."""
    unread = NO_STAMP
    for origin, text in candidates:
        if not text:
            continue
        read = read_date(text)
        if read is not None:
            return Stamp(read.at, read.precision, text, origin)
        if unread is NO_STAMP:
            unread = Stamp(text=text[:200], origin=origin)
    return unread


def ttl_minutes(ttl: str | None, period: str | None = None, frequency: str | None = None) -> int | None:
    """<ttl> in minutes, else the syndication module's updatePeriod / updateFrequency (default: daily, once)."""
    try:
        minutes = int(float(ttl)) if ttl else 0
    except (ValueError, OverflowError):
        minutes = 0
    if 0 < minutes <= _MOST_MINUTES:
        return minutes
    if not period and not frequency:
        return None
    try:
        times = int(frequency) if frequency else 1
    except ValueError:
        times = 1
    whole = _PERIOD_MINUTES.get((period or "daily").strip().lower())
    return max(whole // times, 1) if whole and times > 0 else None


@dataclass(frozen=True, slots=True)
class Picture:
    """A candidate for an entry's image."""

    url: str | None
    width: str | None = None
    kind: str = ""  # media type or medium, as far as it is known
    thumbnail: bool = False


def best_picture(pictures: Iterable[Picture], base: str) -> str | None:
    """The widest image; of those that name no width the first, and a thumbnail only when there is nothing else."""
    best, best_rank = None, (-1, -1)
    for picture in pictures:
        if not picture.url or not (picture.thumbnail or picture.kind.startswith("image")):
            continue
        width = (
            int(picture.width)
            if picture.width and picture.width.isdecimal() and len(picture.width) < 6
            else 0
        )
        rank = (0 if picture.thumbnail else 1, width)
        if rank > best_rank:
            best, best_rank = picture.url, rank
    return resolve(base, best)


_MAIL_AND_NAME = re.compile(r"[^\s@()]+@[^\s@()]+\s*\(([^()]+)\)$|([^<>@]+?)\s*<[^<>\s]+@[^<>\s]+>$")


def author_name(text: str | None) -> str:
    """The name of "mail@outlet.example (Name)", which RSS 2.0 asks for, and of "Name <mail@outlet.example>"."""
    text = " ".join(text.split()) if text else ""
    match = _MAIL_AND_NAME.match(text) if "@" in text and len(text) < 300 else None
    return (match[1] or match[2]).strip() if match else text


def distinct(values: Iterable[str | None]) -> tuple[str, ...]:
    """Without empty ones and repetitions, in order."""
    return tuple(dict.fromkeys(text for value in values if value and (text := value.strip())))
