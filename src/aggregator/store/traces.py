"""What is left of an address that no article is stored for: tombstones, and entries that were rejected."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from aggregator.store import rows
from aggregator.store.schema import article, feed, hour, key, poll, rejection, source, tombstone
from aggregator.store.sql import among

LIKE = 40
"""Characters at the end of an address that its rejections are looked for by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """An article that retention took."""

    article_id: int
    first_seen_at: datetime | None  # to the hour; None: so long ago that it is not known any more
    served_at: datetime | None  # when a feed last served it all the same, to the week; None: none did since


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """An entry that polls rejected, one after the other without a gap."""

    feed_id: str
    source_id: str
    what: str  # the entry's address as it was given, or its headline
    reason: str
    first_at: datetime | None
    last_at: datetime | None


def tombstones(connection: sa.Connection, hashes: Collection[int], article_id: int | None) -> list[Tombstone]:
    """Of articles known by one of these keys, or by their id."""
    wanted = (
        key.c.article_id == article_id if article_id is not None else among(connection, key.c.hash, hashes)
    )
    numbers = connection.scalars(
        sa.select(key.c.article_id)
        .outerjoin(article, article.c.id == key.c.article_id)
        .where(wanted, article.c.id.is_(None))
        .distinct()
    ).all()
    return [
        Tombstone(
            article_id=number,
            first_seen_at=_first_seen(connection, number),
            served_at=rows.instant_or_none(
                connection.scalar(sa.select(tombstone.c.seen_at).where(tombstone.c.article_id == number))
            ),
        )
        for number in numbers
    ]


def _first_seen(connection: sa.Connection, article_id: int) -> datetime | None:
    """The hour in which an id was given."""
    number = connection.scalar(
        sa.select(hour.c.hour).where(hour.c.first_id <= article_id).order_by(hour.c.hour.desc()).limit(1)
    )
    return None if number is None else rows.instant(number * rows.HOUR)


def rejections(connection: sa.Connection, end: str, is_meant: Callable[[str], bool]) -> list[Rejection]:
    """Rejected entries, latest first.

    Args:
        end: how the address ends; what does not end or go on so is not asked about.
        is_meant: whether the text of a rejection is the address.
    """
    first, last = poll.alias("first"), poll.alias("last")
    found = connection.execute(
        sa.select(
            rejection.c.what,
            rejection.c.reason,
            feed.c.key,
            source.c.key.label("source_key"),
            first.c.at.label("first_at"),
            last.c.at.label("last_at"),
        )
        .join(feed, feed.c.id == rejection.c.feed_id)
        .join(source, source.c.id == feed.c.source_id)
        .outerjoin(first, first.c.id == rejection.c.first_poll)
        .outerjoin(last, last.c.id == rejection.c.last_poll)
        .where(rejection.c.what.contains(end[-LIKE:], autoescape=True))
        .order_by(rejection.c.last_poll.desc())
    )
    return [
        Rejection(
            feed_id=row.key,
            source_id=row.source_key,
            what=row.what,
            reason=row.reason,
            first_at=rows.instant_or_none(row.first_at),
            last_at=rows.instant_or_none(row.last_at),
        )
        for row in found
        if is_meant(row.what)
    ]
