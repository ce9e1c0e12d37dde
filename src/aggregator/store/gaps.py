"""Times in which articles of a feed may have come and gone unseen: kept, answered by other feeds, and counted as filled."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from aggregator.store import rows
from aggregator.store.schema import NEVER, article, feed, feed_state, gap, source

BACKFILLING = ("sitemap", "listing")
"""Kinds that reach farther back than a feed's last dozen entries."""

FILLED_WITHIN = timedelta(days=7)
"""Articles that come later than so long after a gap was noticed are not looked for in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Two successive documents of a feed had no article in common."""

    feed_id: str
    source_id: str
    url: str
    at: datetime  # when it was noticed
    since: datetime  # the newest article of the earlier document, or when that was last served
    until: datetime  # the oldest article of the later one
    asked: int  # other feeds of the source that were made due at once
    filled: int  # articles of the source in this time that are stored, whichever feed brought them
    filled_at: datetime | None  # when the last of them came


def record(
    connection: sa.Connection, *, feed_id: int, source_id: int, since: int, until: int, at: int
) -> int:
    """Keep a gap and make due what may fill it. Returns how many feeds that were."""
    asked = _hurry(connection, feed_id=feed_id, source_id=source_id, until=until, at=at)
    inside = connection.execute(
        sa.select(sa.func.count()).where(
            article.c.source_id == source_id,
            article.c.published_at > since,
            article.c.published_at < until,
            article.c.published_origin != rows.ORIGIN_CODES["first_seen"],
        )
    ).scalar_one()
    connection.execute(
        gap.insert(),
        {
            "feed_id": feed_id,
            "source_id": source_id,
            "at": at,
            "since": since,
            "until": until,
            "asked": asked,
            "filled": inside,
            "filled_at": at if inside else None,
        },
    )
    return asked


def _hurry(connection: sa.Connection, *, feed_id: int, source_id: int, until: int, at: int) -> int:
    """Make due the source's other feeds that reach far back, unless they have answered since, or fail."""
    others = connection.execute(
        sa.select(feed_state.c.feed_id, feed_state.c.checked_at, feed_state.c.claimed_until, feed.c.interval)
        .join(feed)
        .where(
            feed.c.source_id == source_id,
            feed.c.id != feed_id,
            feed.c.kind.in_(BACKFILLING),
            feed_state.c.enabled,
            feed_state.c.error_count == 0,
            sa.or_(feed_state.c.success_at.is_(None), feed_state.c.success_at < until),
        )
    ).all()
    for row in others:
        # No sooner than the editor lets it be asked.
        due = max(at, row.checked_at + row.interval // 1000) if row.interval and row.checked_at else at
        connection.execute(
            feed_state.update()
            .where(feed_state.c.feed_id == row.feed_id)
            .values(
                next_check_at=due,
                due_at=sa.case((feed_state.c.enabled, max(due, row.claimed_until or 0)), else_=NEVER),
            )
        )
    return len(others)


def fill(connection: sa.Connection, *, source_id: int, published: Sequence[int], at: int) -> None:
    """Count new articles of a source into the gaps that they fall in."""
    found = connection.execute(
        _OPEN,
        {
            "source_id": source_id,
            "noticed": at - int(FILLED_WITHIN.total_seconds()),
            "newest": max(published),
            "oldest": min(published),
        },
    ).all()
    for row in found:
        inside = sum(row.since < moment < row.until for moment in published)
        if inside:
            connection.execute(
                gap.update().where(gap.c.id == row.id).values(filled=gap.c.filled + inside, filled_at=at)
            )


_OPEN = sa.select(gap.c.id, gap.c.since, gap.c.until).where(
    gap.c.source_id == sa.bindparam("source_id"),
    gap.c.at >= sa.bindparam("noticed"),
    gap.c.since < sa.bindparam("newest"),
    gap.c.until > sa.bindparam("oldest"),
)


def listed(
    connection: sa.Connection,
    *,
    since: datetime | None,
    source_ids: Collection[str] | None,
    limit: int | None,
) -> list[Gap]:
    """Newest first."""
    wanted = (
        sa.select(gap, feed.c.key.label("feed_key"), feed.c.url, source.c.key)
        .join(feed, feed.c.id == gap.c.feed_id)
        .join(source, source.c.id == gap.c.source_id)
        .order_by(gap.c.at.desc(), gap.c.id.desc())
        .limit(limit)
    )
    if since is not None:
        wanted = wanted.where(gap.c.at >= rows.seconds_up(since))
    if source_ids is not None:
        wanted = wanted.where(source.c.key.in_(list(source_ids)))
    return [
        Gap(
            feed_id=row.feed_key,
            source_id=row.key,
            url=row.url,
            at=rows.instant(row.at),
            since=rows.instant(row.since),
            until=rows.instant(row.until),
            asked=row.asked,
            filled=row.filled,
            filled_at=rows.instant_or_none(row.filled_at),
        )
        for row in connection.execute(wanted)
    ]


def forget(connection: sa.Connection, *, before: int) -> None:
    """Drop gaps noticed before this instant (seconds)."""
    connection.execute(gap.delete().where(gap.c.at < before))
