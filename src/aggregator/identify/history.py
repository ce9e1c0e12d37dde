"""What a feed's past says of entries that no key leads to: moved by a relaunch, or old news dug up again.

The past is asked only where a document looks unlike the ones before it: an ordinary poll costs nothing more.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from statistics import median_low
from typing import Protocol

from aggregator.identify.changes import SAME_TIME
from aggregator.identify.keys import fold, title_key
from aggregator.model import Identity, Known

# A relaunch: addresses and ids of (nearly) all entries are new at once, but headlines and times are known.
RELAUNCH_ENTRIES = (
    5  # that nobody knows; fewer say something only when they are all there is, and all known by headline
)
RELAUNCH_UNKNOWN = 0.8  # of all entries
RELAUNCH_TITLES = 0.2  # of the unknown ones, and three: what was published since the last poll is really new
RELAUNCH_FOUND = 3
RELAUNCH_UNDATED = 0.5  # where no times confirm the headlines
TELLING = (
    12  # characters of a headline that may be trusted to be of one article: "Weather" and "Live" are of many
)

# The new system may read times in another zone: all are shifted by the same hours then. Twelve are left out: what comes
# twice a day under one headline (forecasts, bulletins) is shifted by that too.
MAX_SHIFT = timedelta(hours=11)
EDITED = timedelta(hours=6)  # one article's time may have been changed besides
IMPORT = timedelta(hours=2)  # or every article carries the time of its import, one soon after the other,
SPREAD = timedelta(hours=6)  # where they had been published over so long, and three times as long

LATE = timedelta(days=14)
"""An article may appear in a feed so long after it was published; older ones that a feed never showed are dug up."""
REACH = 10
"""... or after ten times the usual age of what the feed shows, where that is more: slow blogs, feeds of favourites."""


class Past(Protocol):
    """What a judge may ask of the store beyond the keys of the entries."""

    def known(self, hashes: Collection[int]) -> Mapping[int, Known]:
        """What is known by these keys, tombstones included."""
        ...

    def served(self) -> Sequence[Known]:
        """The articles that the feed showed in its last document; published_at is None where nobody said it."""
        ...


def relaunched(unknown: Sequence[int], entries: int) -> bool:
    """Do so many of a document's entries look new that their headlines are worth a question?"""
    if len(unknown) == entries:
        return entries > 1
    return len(unknown) >= max(RELAUNCH_ENTRIES, RELAUNCH_UNKNOWN * entries)


def known_by_headline(
    identities: Sequence[Identity],
    unknown: Sequence[int],
    past: Past,
    *,
    source_id: str,
    told: Collection[int],
) -> dict[int, Known]:
    """Unknown entries whose headlines are those of articles of the outlet: the day of publication may be one off.

    A headline that stands over several articles, or several times in the document, tells nothing.

    Args:
        unknown: positions of entries that no address or id leads to.
        told: ids of articles that other entries of the document are about.
    """
    times = Counter(identities[position].title for position in unknown)
    telling = [p for p in unknown if len(identities[p].title) >= TELLING and times[identities[p].title] == 1]
    hashes = {
        p: [title_key(source_id, identities[p].title, day).hash for day in _days(identities[p].day)]
        for p in telling
    }
    known = past.known({hash for group in hashes.values() for hash in group})
    served: dict[str, list[Known]] = {}
    for article in past.served():
        served.setdefault(fold(article.title), []).append(article)
    found = {}
    for position in telling:
        title = identities[position].title
        hits = [known[hash] for hash in hashes[position] if hash in known]
        hits += served.get(title, ())
        articles = {
            hit.article_id: hit
            for hit in hits
            if hit.purged or (hit.source_id == source_id and fold(hit.title) == title)
        }
        if len(articles) == 1 and not articles.keys() & set(told):
            (found[position],) = articles.values()
    return found


def moved(
    found: Mapping[int, Known], times: Mapping[int, datetime | None], *, unknown: int, entries: int
) -> set[int]:
    """Which of the entries known by headline are those articles at new addresses; none when it was no relaunch.

    Args:
        found: position -> article under the same headline.
        times: position -> when the entry says it was published; None: it does not say.
        unknown: how many entries nobody knows; entries: how many there are.
    """
    if unknown < RELAUNCH_ENTRIES:
        if len(found) < entries:
            return set()
    elif len(found) < max(RELAUNCH_FOUND, RELAUNCH_TITLES * unknown):
        return set()
    undated = {p for p, known in found.items() if known.published_at is None or times[p] is None}
    shifts: dict[int, timedelta] = {}
    for position, known in found.items():
        at = times[position]
        if at is not None and known.published_at is not None:
            shifts[position] = at - known.published_at
    if len(undated) < RELAUNCH_UNDATED * unknown:
        undated = {p for p in undated if found[p].purged}
    if not shifts:
        return undated
    usual = median_low(shifts.values())
    agreeing = [shift for shift in shifts.values() if abs(shift - usual) <= SAME_TIME]
    if abs(usual) <= MAX_SHIFT and 2 * len(agreeing) > len(shifts):
        return undated | {p for p, shift in shifts.items() if abs(shift - usual) <= EDITED}
    before = [known.published_at for p in shifts if (known := found[p]).published_at is not None]
    now = _span(times[p] for p in shifts)
    if now <= IMPORT and _span(before) >= max(SPREAD, 3 * now):
        return set(found)
    return set()


def news_since(not_before: datetime, last_at: datetime, served: Sequence[Known]) -> datetime:
    """Before this, what a feed suddenly shows is no news: it was there to be seen at all the polls before.

    Args:
        not_before: the bound that retention sets.
        last_at: when the feed last answered.
    """
    ages = [last_at - known.published_at for known in served if known.published_at is not None]
    reach = max(LATE, REACH * median_low(ages)) if ages else LATE
    try:
        return max(not_before, last_at - reach)
    except OverflowError:
        return not_before


def _days(day: str) -> Iterable[str]:
    """The day itself, its neighbours, and none."""
    yield day
    if day:
        yield ""
        try:
            given = date.fromisoformat(day)
            yield (given - timedelta(days=1)).isoformat()
            yield (given + timedelta(days=1)).isoformat()
        except (ValueError, OverflowError):
            return


def _span(times: Iterable[datetime | None]) -> timedelta:
    known = [at for at in times if at is not None]
    return max(known) - min(known) if known else timedelta()
