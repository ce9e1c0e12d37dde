"""Whether what is stored fits together: rows whose article is gone, groups of one, numbers that were never given.

One statement a question, so that a million articles take seconds. Whether the file itself is sound is SQLite's to say:
Store.check().
"""

from collections.abc import Iterator

import sqlalchemy as sa

from aggregator.store import rows
from aggregator.store.schema import (
    article,
    article_text,
    copy_edge,
    copy_group,
    copy_member,
    feature,
    feed,
    feed_state,
    hidden,
    hour,
    key,
    meta,
    neighbours,
    poll,
    relink,
    revision,
    segment,
    sighting,
    story,
    story_member,
    tombstone,
    visit,
)

Question = tuple[str, sa.Select[int, int]]
"""A sentence about {count} and {example}, and the statement that gives both."""

_OF_ARTICLE = (
    article_text.c.article_id,
    revision.c.article_id,
    sighting.c.article_id,
    feature.c.article_id,
    neighbours.c.article_id,
    story_member.c.article_id,
    copy_member.c.article_id,
    copy_edge.c.a,
    copy_edge.c.b,
    hidden.c.article_id,
    relink.c.article_id,
    visit.c.article_id,
)
"""Columns that name an article that must be there. A key does not: without its article it is a tombstone."""

_EDGE = 12
"""Bytes of one neighbour: rows.pack_neighbours."""


def problems(connection: sa.Connection) -> list[str]:
    """What does not fit together, a sentence each, with how many and one of them; empty: everything fits."""
    found = list(_references(connection))
    for sentence, statement in (*_questions(), *_indexes(connection.dialect.name)):
        count, example = connection.execute(statement).one()
        if count:
            found.append(sentence.format(count=count, example=example))
    found.extend(_numbers(connection))
    found.extend(_unreadable_indexes(connection))
    found.extend(_unreadable_segments(connection))
    return found


def _references(connection: sa.Connection) -> Iterator[str]:
    """SQLite checks references only where the writer asked for it; PostgreSQL lets none be broken."""
    if connection.dialect.name != "sqlite":
        return
    broken = connection.exec_driver_sql(
        'SELECT "table", parent, count(*), min(rowid) FROM pragma_foreign_key_check GROUP BY "table", parent'
    )
    for table, parent, count, example in broken:
        yield f"{table}: {count} rows refer to a {parent} that is not there, e.g. row {example}"


def _questions() -> Iterator[Question]:
    for column in _OF_ARTICLE:
        yield (
            f"{column.table.name}: {{count}} rows of articles that are gone, e.g. of article {{example}}",
            _without(column, article.c.id),
        )
    yield (
        "article: {count} articles without a key, e.g. {example}: they would be stored again",
        _without(article.c.id, key.c.article_id),
    )
    yield (
        "sighting: {count} rows of feeds that are not there, e.g. of feed {example}",
        _without(sighting.c.feed_id, feed.c.id),
    )
    yield "feed: {count} feeds without a state, e.g. {example}", _without(feed.c.id, feed_state.c.feed_id)
    yield (
        "tombstone: {count} articles that are stored, e.g. {example}",
        _counted(tombstone.c.article_id, sa.exists().where(article.c.id == tombstone.c.article_id)),
    )
    yield (
        "neighbours: {count} rows of a broken length, e.g. of article {example}",
        _counted(neighbours.c.article_id, sa.func.length(neighbours.c.packed) % _EDGE != 0),
    )
    yield from _groups()
    yield from _stories()
    yield from _time()


def _groups() -> Iterator[Question]:
    members = sa.select(copy_member.c.article_id).where(copy_member.c.group_id == copy_group.c.id)
    several = sa.select(copy_member.c.group_id).group_by(copy_member.c.group_id).having(sa.func.count() > 1)
    yield (
        "copy_group: {count} groups with fewer than two members, e.g. {example}",
        _counted(copy_group.c.id, copy_group.c.id.not_in(several)),
    )
    yield (
        "copy_group: {count} groups shown by an article that is no member, e.g. {example}",
        _counted(copy_group.c.id, copy_group.c.representative_id.not_in(members)),
    )


def _stories() -> Iterator[Question]:
    into = story.alias("into")
    yield (
        "story_member: {count} articles in a story that is not there, e.g. article {example}",
        _without(story_member.c.story, story.c.number, example=story_member.c.article_id),
    )
    yield (
        "story: {count} stories that merged into one that is not there, e.g. {example}",
        _counted(
            story.c.number,
            story.c.merged_into.is_not(None),
            ~sa.exists().where(into.c.number == story.c.merged_into),
        ),
    )
    yield (
        "story: {count} stories that merged into another and still have articles, e.g. {example}",
        _counted(
            story.c.number,
            story.c.merged_into.is_not(None),
            sa.exists().where(story_member.c.story == story.c.number),
        ),
    )


def _time() -> Iterator[Question]:
    """Ids stand for time: they grow with first_seen_at, and `hour` has the first of each hour."""
    dated = sa.select(
        article.c.id,
        article.c.first_seen_at,
        sa.func.lag(article.c.first_seen_at).over(order_by=article.c.id).label("before"),
    ).subquery()
    yield (
        "article: {count} articles first seen before the one that was stored before them, e.g. {example}",
        _counted(dated.c.id, dated.c.first_seen_at < dated.c.before),
    )
    begun = sa.exists().where(
        hour.c.hour == article.c.first_seen_at // rows.HOUR, hour.c.first_id <= article.c.id
    )
    yield (
        "hour: {count} articles that no hour leads to, e.g. {example}: windows of time would miss them",
        _counted(article.c.id, ~begun),
    )
    hours = sa.select(
        hour.c.hour, hour.c.first_id, sa.func.lag(hour.c.first_id).over(order_by=hour.c.hour).label("before")
    )
    numbered = hours.subquery()
    yield (
        "hour: {count} hours that begin with a smaller article than the one before, e.g. {example}",
        _counted(numbered.c.hour, numbered.c.first_id < numbered.c.before),
    )


def _indexes(kind: str) -> Iterator[Question]:
    """Full text and candidates hold the articles that are there."""
    if kind == "sqlite":
        searched = sa.table("search_docsize", sa.column("id", sa.Integer)).c.id
    else:
        searched = sa.table("search", sa.column("article_id", sa.BigInteger)).c.article_id
    pending = sa.select(sa.cast(meta.c.value, sa.BigInteger)).where(
        meta.c.name == "to_index", meta.c.value != ""
    )
    held = sa.exists().where(
        segment.c.first_id <= feature.c.article_id, segment.c.last_id >= feature.c.article_id
    )
    yield (
        "feature: {count} articles that no segment has a place for, e.g. {example}",
        _counted(
            feature.c.article_id,
            sa.and_(~held, feature.c.article_id > sa.func.coalesce(pending.scalar_subquery(), 0)),
        ),
    )
    yield (
        "search: {count} articles are not in the full text, e.g. {example}",
        _without(article.c.id, searched),
    )
    yield (
        "search: {count} articles are in the full text and gone, e.g. {example}",
        _without(searched, article.c.id),
    )


def _numbers(connection: sa.Connection) -> Iterator[str]:
    """The highest numbers given so far, which no row may exceed: it would be given again."""
    noted = {row.name: row.value for row in connection.execute(sa.select(meta.c.name, meta.c.value))}
    for name, column in (
        ("newest_id", article.c.id),
        ("newest_id", key.c.article_id),
        ("newest_at", article.c.first_seen_at),
        ("newest_poll", poll.c.id),
    ):
        value = noted.get(name, "0")
        highest = connection.execute(sa.select(sa.func.max(column))).scalar() or 0
        if not value.isdecimal() or int(value) < highest:
            yield f"meta: {name} is {value}, and {column.table.name}.{column.name} goes up to {highest}"
    cursor, newest = noted.get("link_cursor", "0"), noted.get("newest_id", "0")
    if not cursor.isdecimal() or (newest.isdecimal() and int(cursor) > int(newest)):
        yield f"meta: link_cursor is {cursor}, and newest_id {newest}: the articles in between will not be linked"


def _unreadable_indexes(connection: sa.Connection) -> Iterator[str]:
    """Every term of every FTS5 table, read once through fts5vocab.

    FTS5's own integrity-check is an INSERT, for which it would take the writer's lock; from SQLite 3.44 on
    PRAGMA integrity_check runs it without.
    """
    if connection.dialect.name != "sqlite":
        return
    for name in ("search",):
        try:
            connection.exec_driver_sql(
                f"CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab(main, {name}, row)"
            )
            try:
                connection.exec_driver_sql("SELECT count(*), sum(doc) FROM temp.vocabulary").one()
            finally:
                connection.exec_driver_sql("DROP TABLE temp.vocabulary")
        except sa.exc.DBAPIError as error:
            yield f"{name}: the index cannot be read: {error.orig}"


def _unreadable_segments(connection: sa.Connection) -> Iterator[str]:
    from aggregator.store import segments  # loads numpy: for this only

    try:
        yield from segments.damage(connection)
    except sa.exc.DBAPIError as error:
        yield f"segment: the candidates cannot be read: {error.orig}"


def _without(
    column: sa.ColumnElement[int],
    owner: sa.ColumnElement[int],
    *,
    example: sa.ColumnElement[int] | None = None,
) -> sa.Select[int, int]:
    """Rows of the first column whose number is not in the second."""
    return _counted(column if example is None else example, ~sa.exists().where(owner == column))


def _counted(example: sa.ColumnElement[int], *conditions: sa.ColumnElement[bool]) -> sa.Select[int, int]:
    return sa.select(sa.func.count(), sa.func.min(example)).where(*conditions)
