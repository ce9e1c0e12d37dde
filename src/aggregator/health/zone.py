"""Times that name no zone -> the zone they are written in, learned from when their entries appeared.

Between two polls an entry appears whose time is "14:05". If it is 12:10 UTC and the feed did not have it at 11:55, it was
published in between, and its clock is two hours ahead. One entry may have waited for hours before it was put into the
feed; what three documents agree on is the zone, and of several such answers the easternmost: late is common, early is not.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from aggregator.model import Entry, ParsedFeed

ZONES = (
    *range(-12 * 60, 15 * 60, 60),
    *(-570, -210, -150),  # Marquesas, Newfoundland in winter and summer
    *(
        210,
        270,
        330,
        345,
        390,
        525,
        570,
        630,
        765,
        825,
    ),  # Iran, Afghanistan, India, Nepal, Myanmar, ... Chatham
)
"""Minutes east of UTC that a clock on Earth may show (IANA tz database)."""

MINUTE = timedelta(minutes=1)
EARLY, LATE = timedelta(minutes=2), timedelta(minutes=3)
"""An outlet's clock may be ahead by so much, and a feed be published so long after its entry."""

REMEMBERED = 12  # documents: after a change of the clocks the old answer is gone within a day
AGREED = 3


def observe(
    known: Sequence[int], appeared: Iterable[Entry], *, since: datetime | None, now: datetime
) -> tuple[int, ...]:
    """What is known after one more document.

    Args:
        known: minutes east of UTC, as earlier documents had it; the latest last.
        appeared: the entries of the document that were not in the store.
        since: when the feed was last read; None: never, and its entries may be of any age.
        now: when it was read this time.
    """
    times = [
        entry.published
        for entry in appeared
        if entry.published is not None
        and entry.published.tzinfo is None
        and entry.published_precision == "instant"
    ]
    if since is None or not times:
        return tuple(known)
    lead = max(times) - now.replace(tzinfo=None)
    least, most = lead - EARLY, lead + (now - since) + LATE
    possible = [minutes for minutes in ZONES if least <= minutes * MINUTE <= most]
    return (*known, *possible)[-REMEMBERED:] if len(possible) == 1 else tuple(known)


def learned(known: Sequence[int]) -> str:
    """The zone that the documents agree on, as "UTC+02:00"; "": none yet."""
    agreed = [minutes for minutes, documents in Counter(known).items() if documents >= AGREED]
    return _name(max(agreed)) if agreed else ""


def stated(document: ParsedFeed) -> str:
    """The zone that the other times of a document name, where some name none; "": they name several, or only UTC.

    UTC is what software writes that knows no zone.
    """
    said = [document.updated, *(entry.published for entry in document.entries)]
    offsets = {at.utcoffset() for at in said if at is not None and at.tzinfo is not None}
    if len(offsets) != 1 or all(at is None or at.tzinfo is not None for at in said):
        return ""
    offset = offsets.pop()
    return _name(offset // MINUTE) if offset else ""


def _name(minutes: int) -> str:
    return f"UTC{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
