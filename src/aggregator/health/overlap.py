"""Two successive documents of a feed -> the time between them, when they have no article in common."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from aggregator.model import Entry, Verdict


class Span(NamedTuple):
    """A stretch of time in which articles may have come and gone unseen."""

    since: datetime
    until: datetime


class Seen(NamedTuple):
    """An article of the document before."""

    title: str
    published_at: datetime | None  # None: nobody said


def missed(
    before: Sequence[Seen],
    verdicts: Sequence[Verdict],
    entries: Sequence[Entry],
    *,
    checked_at: datetime,
    now: datetime,
) -> Span | None:
    """The time between two documents of a feed that share no article; None: nothing need be missing.

    Args:
        before: what the feed served at its last answer; empty: no gap can be told.
        verdicts: of the present document's entries, none of which this feed has shown before.
        entries: what the verdicts' positions refer to.
        checked_at: when `before` was last served.

    A document that reaches back behind the newest of before, or repeats one of its headlines, overlaps it: the outlet
    has changed its addresses, and nothing fell in between.
    """
    accepted = [verdict for verdict in verdicts if verdict.outcome != "rejected"]
    if not before or not accepted:
        return None
    headlines = {seen.title.casefold() for seen in before}
    if any(verdict.article and verdict.article.title.casefold() in headlines for verdict in accepted):
        return None
    times = [at for verdict in accepted if (at := _said(verdict, entries[verdict.position])) is not None]
    earlier = [seen.published_at for seen in before if seen.published_at is not None]
    since = min(max(earlier), checked_at) if earlier else checked_at
    until = min(min(times), now) if times else now
    return Span(since, until) if since < until else None


def _said(verdict: Verdict, entry: Entry) -> datetime | None:
    if verdict.article is not None:
        return None if verdict.article.published_origin == "first_seen" else verdict.article.published_at
    return entry.published if entry.published and entry.published.tzinfo else None
