"""Old articles and polls out of the store. The keys stay: an article that retention took does not come back.

Each batch is whole, and a purge that was killed goes on where it stopped: what is left is what the next one finds.
"""

import sqlite3
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from aggregator.settings import Keep
from aggregator.store.schema import (
    article,
    article_text,
    copy_edge,
    copy_group,
    copy_member,
    feature,
    hidden,
    hour,
    key,
    neighbours,
    poll,
    rejection,
    relink,
    revision,
    sighting,
    source,
    story,
    story_member,
    tombstone,
    visit,
)
from aggregator.store.search import SearchIndex
from aggregator.store.snapshot import first_id_since
from aggregator.store.sql import among

_DEPENDENT = (
    article_text,
    revision,
    sighting,
    feature,
    neighbours,
    story_member,
    copy_member,
    hidden,
    relink,
    visit,
)


def outdated(
    connection: sa.Connection, now: datetime, keep: Keep, own: Mapping[str, Keep]
) -> list[sa.ColumnElement[bool]]:
    """Conditions on an article, any of which retention takes: its age, and its place among the outlet's newest.

    Args:
        own: of sources that have limits of their own, by source id.
    """
    numbers: dict[str, int] = {
        row.key: row.id for row in connection.execute(sa.select(source.c.key, source.c.id))
    }
    others = {name: limit for name, limit in own.items() if name in numbers}
    below = first_id_since(connection, now - keep.age)
    general = article.c.id < below
    if others:
        have_own = among(connection, article.c.source_id, [numbers[name] for name in others])
        general = sa.and_(general, sa.not_(have_own))
    taken = [general]
    for name, number in numbers.items():
        limit = others.get(name, keep)
        of_source = article.c.source_id == number
        if name in others:
            taken.append(sa.and_(of_source, article.c.id < first_id_since(connection, now - limit.age)))
        if limit.newest is not None:
            last = connection.scalar(
                sa.select(article.c.id)
                .where(of_source)
                .order_by(article.c.id.desc())
                .offset(limit.newest)
                .limit(1)
            )
            if last is not None:
                taken.append(sa.and_(of_source, article.c.id <= last))
    return taken


class Purged(NamedTuple):
    ids: Collection[int]
    regrouped: Collection[int] = ()  # articles that stand for their copies now, for one that went


def purge_articles(
    connection: sa.Connection, search: SearchIndex, *, taken: sa.ColumnElement[bool], limit: int
) -> Purged:
    """Purge the oldest articles of those to be taken, at most `limit`."""
    outlet = sa.case((article.c.outlet == "", source.c.name), else_=article.c.outlet)
    old = connection.execute(
        sa.select(article.c.id, article.c.title, article.c.teaser, outlet)
        .join(source)
        .where(taken)
        .order_by(article.c.id)
        .limit(limit)
    ).all()
    if not old:
        return Purged(())
    ids = [row[0] for row in old]
    search.remove(connection, [(row[0], row[1], row[2], row[3]) for row in old])
    groups = connection.scalars(
        sa.select(copy_member.c.group_id).where(among(connection, copy_member.c.article_id, ids)).distinct()
    ).all()
    for table in _DEPENDENT:
        connection.execute(table.delete().where(among(connection, table.c.article_id, ids)))
    connection.execute(copy_edge.delete().where(among(connection, copy_edge.c.a, ids)))
    connection.execute(copy_edge.delete().where(among(connection, copy_edge.c.b, ids)))
    regrouped = _repair_groups(connection, groups) if groups else ()
    connection.execute(article.delete().where(among(connection, article.c.id, ids)))
    return Purged(ids, regrouped)


def _repair_groups(connection: sa.Connection, groups: Collection[int]) -> list[int]:
    """Groups that lost their representative are shown by their oldest member; one alone is no group.

    Returns these members.
    """
    left = {
        row.group_id: (row.oldest, row.members)
        for row in connection.execute(
            sa.select(
                copy_member.c.group_id,
                sa.func.min(copy_member.c.article_id).label("oldest"),
                sa.func.count().label("members"),
            )
            .where(among(connection, copy_member.c.group_id, groups))
            .group_by(copy_member.c.group_id)
        )
    }
    present = sa.select(copy_member.c.article_id).where(copy_member.c.group_id == copy_group.c.id)
    lost = connection.scalars(
        sa.select(copy_group.c.id).where(
            among(connection, copy_group.c.id, groups), copy_group.c.representative_id.not_in(present)
        )
    ).all()
    for group_id in lost:
        if group_id in left:
            connection.execute(
                copy_group.update().where(copy_group.c.id == group_id),
                {"representative_id": left[group_id][0]},
            )
    lonely = [group_id for group_id in groups if left.get(group_id, (0, 0))[1] < 2]
    if lonely:
        connection.execute(copy_member.delete().where(among(connection, copy_member.c.group_id, lonely)))
        connection.execute(copy_group.delete().where(among(connection, copy_group.c.id, lonely)))
    return [left[group_id][0] for group_id in lost if group_id in left and group_id not in lonely]


def forget_tombstones(connection: sa.Connection, *, before: int, at: int, limit: int) -> int:
    """Keys of articles purged long ago that no feed has served since; at most `limit`. Returns how many went.

    Args:
        before: ids smaller than this one are old enough.
        at: the instant (seconds) after which a feed must have served one for its tombstone to stay.
    """
    living = sa.select(article.c.id).where(article.c.id == key.c.article_id).exists()
    served = (
        sa.select(tombstone.c.article_id)
        .where(tombstone.c.article_id == key.c.article_id, tombstone.c.seen_at >= at)
        .exists()
    )
    old = (
        sa.select(key.c.hash)
        .where(key.c.article_id < before, ~living, ~served)
        .order_by(key.c.article_id)
        .limit(limit)
    )
    gone: sa.CursorResult[Any] = connection.execute(key.delete().where(key.c.hash.in_(old)))
    if not gone.rowcount:
        connection.execute(tombstone.delete().where(tombstone.c.seen_at < at))
    return gone.rowcount


def forget_stories(connection: sa.Connection, *, below: int) -> None:
    """Stories that began with a purged article and have none left, and the names that led to them."""
    members = sa.select(story_member.c.story).where(story_member.c.story == story.c.number)
    connection.execute(
        story.delete().where(story.c.number < below, story.c.merged_into.is_(None), ~members.exists())
    )
    target = story.alias("target")
    lost = sa.select(target.c.number).where(target.c.number == story.c.merged_into)
    gone = story.delete().where(story.c.merged_into.is_not(None), ~lost.exists())
    while connection.execute(gone).rowcount:
        pass  # chains of names end one link at a time


def forget_hours(connection: sa.Connection, *, before: int, below: int) -> None:
    """Hours before `before` whose articles are all smaller than `below`: as long as a tombstone is kept, they date it."""
    following = hour.alias("following")
    later = (
        sa.select(following.c.hour)
        .where(following.c.hour > hour.c.hour, following.c.first_id <= below)
        .exists()
    )
    connection.execute(hour.delete().where(hour.c.hour < before, later))


def purge_polls(connection: sa.Connection, *, before: int, limit: int) -> int:
    """Drop polls at instants before `before` (seconds), at most `limit`. Returns how many went."""
    old = sa.select(poll.c.id).where(poll.c.at < before).order_by(poll.c.at).limit(limit)
    return connection.execute(poll.delete().where(poll.c.id.in_(old))).rowcount


def forget_rejections(connection: sa.Connection) -> None:
    """Rejections that none of the polls kept refers to."""
    oldest = sa.select(sa.func.min(poll.c.id)).scalar_subquery()
    connection.execute(rejection.delete().where(sa.or_(rejection.c.last_poll < oldest, oldest.is_(None))))


def give_back_space(connection: sa.Connection) -> None:
    """Return up to 40 MB of freed pages to the file system. Ends the transaction, which must be empty."""
    driver = connection.connection.driver_connection
    if isinstance(driver, sqlite3.Connection):
        # Not by execute(): a statement without columns is stepped once there, and one step frees one page.
        driver.executescript("PRAGMA incremental_vacuum(10000)")


def lowest_id(connection: sa.Connection) -> int | None:
    """Of the oldest article that is left; None: none is."""
    lowest: int | None = connection.scalar(sa.select(sa.func.min(article.c.id)))
    return lowest


def in_batches(purge: Callable[[], int], commit: Callable[[], None]) -> int:
    """Repeat until nothing is left, committing after each batch. Returns how many went."""
    total = 0
    while count := purge():
        total += count
        commit()
    return total
