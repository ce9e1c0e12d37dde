"""Old articles and polls out of the store. The keys stay: an article that retention took does not come back.

Ids grow with first_seen_at, so what goes is everything below one id; each batch is whole, and a purge that was killed
goes on where it stopped.
"""

import sqlite3
from collections.abc import Callable

import sqlalchemy as sa

from aggregator.store.schema import (
    article,
    article_text,
    copy_edge,
    copy_group,
    copy_member,
    feature,
    hour,
    neighbours,
    poll,
    rejection,
    revision,
    sighting,
    source,
    story,
    story_member,
)
from aggregator.store.search import SearchIndex

_DEPENDENT = (article_text, revision, sighting, feature, neighbours, story_member, copy_member)


def purge_articles(connection: sa.Connection, search: SearchIndex, *, below: int, limit: int) -> int:
    """Purge the oldest articles with an id smaller than `below`, at most `limit`. Returns how many went."""
    outlet = sa.case((article.c.outlet == "", source.c.name), else_=article.c.outlet)
    old = connection.execute(
        sa.select(article.c.id, article.c.title, article.c.teaser, outlet)
        .join(source)
        .where(article.c.id < below)
        .order_by(article.c.id)
        .limit(limit)
    ).all()
    if not old:
        return 0
    end = old[-1][0] + 1
    search.remove(connection, [(row[0], row[1], row[2], row[3]) for row in old])
    for table in _DEPENDENT:
        connection.execute(table.delete().where(table.c.article_id < end))
    connection.execute(copy_edge.delete().where(copy_edge.c.b < end))  # b < a
    _repair_groups(connection, end)
    connection.execute(article.delete().where(article.c.id < end))
    return len(old)


def _repair_groups(connection: sa.Connection, end: int) -> None:
    """Groups that lost their representative are shown by their oldest member; one alone is no group."""
    remaining = (
        sa.select(copy_member.c.group_id, sa.func.min(copy_member.c.article_id), sa.func.count())
        .join(copy_group, copy_group.c.id == copy_member.c.group_id)
        .where(copy_group.c.representative_id < end)
        .group_by(copy_member.c.group_id)
    )
    for group_id, oldest, members in connection.execute(remaining).all():
        if members > 1:
            connection.execute(
                copy_group.update().where(copy_group.c.id == group_id), {"representative_id": oldest}
            )
        else:
            connection.execute(copy_member.delete().where(copy_member.c.group_id == group_id))
    members_of_group = sa.select(copy_member.c.group_id).where(copy_member.c.group_id == copy_group.c.id)
    lonely = sa.select(copy_member.c.group_id).group_by(copy_member.c.group_id).having(sa.func.count() < 2)
    connection.execute(copy_member.delete().where(copy_member.c.group_id.in_(lonely)))
    connection.execute(copy_group.delete().where(~members_of_group.exists()))


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


def forget_hours(connection: sa.Connection, *, before: int) -> None:
    connection.execute(hour.delete().where(hour.c.hour < before))


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


def in_batches(purge: Callable[[], int], commit: Callable[[], None]) -> int:
    """Repeat until nothing is left, committing after each batch. Returns how many went."""
    total = 0
    while count := purge():
        total += count
        commit()
    return total
