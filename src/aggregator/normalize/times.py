"""What an entry says about its time -> one aware UTC instant, with its origin, precision and what was done to it.

Never later than `now`, never invented: without a believable time an article is dated by when it was first seen.
"""

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from datetime import timezone as fixed
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from aggregator.model import DateOrigin, Entry, Precision
from aggregator.normalize.text import printable

EARLIEST = (
    1990  # before it there were no news sites: 1970, 1899 and year 1 are empty fields of somebody's database
)
CLOCK_SKEW = timedelta(minutes=10)  # an outlet's clock may be this far ahead without a word about it

_OFFSET = re.compile(r"UTC([+-])([01]\d):([0-5]\d)")
_MONTHS = {
    name: number
    for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), start=1)  # noqa: SIM905
}
_DATE_IN_PATH = re.compile(
    r"/(?P<y>(?:19|20)\d\d)/(?P<m>\d{1,2}|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)/(?P<d>\d{1,2})(?=[/-])"
    r"|(?<=[/_-])(?P<y2>(?:19|20)\d\d)-(?P<m2>\d\d)-(?P<d2>\d\d)(?=[/_.-]|\Z)"
    r"|/(?P<y3>20\d\d)(?P<m3>0[1-9]|1[0-2])(?P<d3>[0-2]\d|3[01])(?=[/-])",
    re.IGNORECASE,
)


class Published(NamedTuple):
    at: datetime  # aware, UTC, at most `now`
    origin: DateOrigin
    precision: Precision
    note: (
        str | None
    )  # what was done: "clamped from ...", "zone assumed: ...", "zone learned: ...", "not believed: ..."


def published(
    entry: Entry, *, url: str, timezone: str, now: datetime, origin: DateOrigin = "feed"
) -> Published:
    """When the entry was published, as far as it can be believed.

    Rules, in this order: an aware time is taken as it is; a naive one is read in `timezone` (UTC when empty), and the
    note says so. A time beyond now + 10 minutes gives way to a believable `updated`, else it is clamped to `now`. A year
    before 1990 is an empty field. Then a date in the URL's path, precise to the day; then `now`, origin "first_seen".
    A day without a time is midnight UTC of that day: the same at every poll, never later than `now`, and before every
    article of that day whose hour is known.

    Args:
        url: of the article, for a date in its path.
        timezone: IANA name, or an offset that was learned ("UTC+02:00"), that naive times are read in; "" is UTC.
        now: aware UTC; when the entry was seen.
        origin: what is read: "feed", "sitemap" or "page".
    """
    said, doubt = _said(entry, timezone, now)
    if said is not None:
        at, precision, note = said
        return Published(at, origin, precision, note)
    day = day_in_url(url)
    if day is not None and day.year >= EARLIEST and day <= (now + timedelta(hours=14)).date():
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
        return Published(min(midnight, now), "url", "day", doubt)
    return Published(now, "first_seen", "instant", doubt)


def day_in_url(url: str) -> date | None:
    """The date in a path such as /2023/10/11/, /2023/oct/11/, /20231011/ or /title-2023-10-11; None when there is none."""
    match = _DATE_IN_PATH.search(url.partition("?")[0])
    if match is None:
        return None
    year, month, day = (match[name] or match[f"{name}2"] or match[f"{name}3"] for name in "ymd")
    try:
        return date(int(year), _MONTHS.get(month.lower()) or int(month), int(day))
    except ValueError:
        return None


def _said(
    entry: Entry, timezone: str, now: datetime
) -> tuple[tuple[datetime, Precision, str | None] | None, str | None]:
    """(instant, precision, note) that the entry gives, and else why what it gives is not believed."""
    raw = " ".join(printable(entry.published_text or "").split())[:80]
    if entry.published is None and entry.updated is None:
        return None, f"not understood: {raw!r}" if raw else None
    at = None
    note = None
    if entry.published is not None:
        at, note = _in_utc(entry.published, timezone)
    if at is not None and entry.published_precision == "day" and entry.published is not None:
        day = entry.published.date()  # the day as written: converting midnight to UTC would name another one
        at, note = datetime(day.year, day.month, day.day, tzinfo=UTC), None
        if at > now and at <= now + timedelta(hours=14):  # it is already tomorrow east of Greenwich
            return (now, "day", None), None
    if at is not None and at.year >= EARLIEST and at <= now + CLOCK_SKEW:
        return (min(at, now), entry.published_precision, note), None
    updated = _in_utc(entry.updated, timezone)[0] if entry.updated is not None else None
    if updated is not None and updated.year >= EARLIEST and updated <= now + CLOCK_SKEW:
        why = f"updated, for published was {raw!r}" if entry.published is not None or raw else "updated"
        return (min(updated, now), "instant", why), None
    raw = raw or (at.isoformat() if at else "")
    if at is not None and at > now:
        return (now, entry.published_precision, f"clamped from {raw}"), None
    return None, f"not believed: {raw!r}"


def _in_utc(at: datetime, timezone: str) -> tuple[datetime | None, str | None]:
    note = None
    try:
        if at.tzinfo is None:
            name, zone = _zone(timezone)
            note = f"zone {'learned' if name.startswith('UTC') and name != 'UTC' else 'assumed'}: {name}"
            at = at.replace(tzinfo=zone)
        return at.astimezone(UTC), note
    except (OverflowError, ValueError):  # year 1 or 9999 at the wrong end of a zone; an offset out of range
        return None, None


@lru_cache(maxsize=256)
def _zone(name: str) -> tuple[str, tzinfo]:
    """Its name and the zone: of an IANA name, or of an offset as "UTC+05:30"; UTC for what is neither."""
    if offset := _OFFSET.fullmatch(name):
        minutes = int(offset[2]) * 60 + int(offset[3])
        return name, fixed(timedelta(minutes=-minutes if offset[1] == "-" else minutes))
    try:
        return name or "UTC", ZoneInfo(name or "UTC")
    except (
        KeyError,
        ValueError,
        OSError,
    ):  # unknown, not a name, no zone data: the configuration's check reports it
        return "UTC", UTC
