"""The configuration to its mirror in the store: reading commands parse no TOML, removed outlets keep their name."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from aggregator.model import Source, Topic
from aggregator.store import documents, rows
from aggregator.store.schema import NEVER, article, feed, feed_state, poll, source, topic
from aggregator.store.search import SearchIndex
from aggregator.store.sql import insert


def sync(
    connection: sa.Connection, search: SearchIndex, sources: Sequence[Source], topics: Sequence[Topic]
) -> None:
    """Make the mirror equal to the configuration. What left it is kept, inactive, and polled no more."""
    source_ids = _sync_sources(connection, search, sources)
    _sync_feeds(connection, sources, source_ids)
    connection.execute(topic.delete())
    insert(
        connection, topic, [rows.topic_values(entry, position=place) for place, entry in enumerate(topics)]
    )


def _sync_sources(
    connection: sa.Connection, search: SearchIndex, sources: Sequence[Source]
) -> Mapping[str, int]:
    before = {row.key: row for row in connection.execute(sa.select(source))}
    for place, entry in enumerate(sources):
        values = rows.source_values(entry, position=place)
        old = before.pop(entry.id, None)
        if old is None:
            connection.execute(source.insert(), values)
            continue
        if values["name"] != old.name:
            _rename(connection, search, old.id, old.name, values["name"])
        if _differs(old, values):
            connection.execute(source.update().where(source.c.id == old.id), values)
    _deactivate(connection, source, [row.id for row in before.values() if row.active])
    return {row.key: row.id for row in connection.execute(sa.select(source.c.key, source.c.id))}


def _rename(connection: sa.Connection, search: SearchIndex, source_id: int, old: str, new: str) -> None:
    """The outlet's name is part of the full text of its articles."""
    texts = connection.execute(
        sa.select(article.c.id, article.c.title, article.c.teaser).where(
            article.c.source_id == source_id, article.c.outlet == ""
        )
    ).all()
    if texts:
        search.remove(connection, [(row.id, row.title, row.teaser, old) for row in texts])
        search.add(connection, [(row.id, row.title, row.teaser, new) for row in texts])


def _sync_feeds(connection: sa.Connection, sources: Sequence[Source], source_ids: Mapping[str, int]) -> None:
    before = {row.key: row for row in connection.execute(sa.select(feed))}
    place = 0
    enabled: dict[str, bool] = {}
    for owner in sources:
        for entry in owner.feeds:
            values = rows.feed_values(entry, source_id=source_ids[owner.id], position=place)
            place += 1
            enabled[entry.id] = not (entry.paused or owner.paused)
            old = before.pop(entry.id, None)
            if old is None:
                connection.execute(feed.insert(), values)
                continue
            if values["url"] != old.url:
                _move(connection, old.id, old.url, values["url"])
            if values["interval"] != old.interval:
                # What was learned under the old interval, and when to ask next, no longer holds.
                _update_state(connection, old.id, {"interval": None, "next_check_at": None})
            if _differs(old, values):
                connection.execute(feed.update().where(feed.c.id == old.id), values)
    _deactivate(connection, feed, [row.id for row in before.values() if row.active])
    _sync_states(connection, enabled)


def _move(connection: sa.Connection, feed_id: int, old_url: str, new_url: str) -> None:
    """Validators belong to an address; so do failures and redirects seen there. The journal keeps the old one."""
    connection.execute(poll.update().where(poll.c.feed_id == feed_id, poll.c.url.is_(None)), {"url": old_url})
    _update_state(
        connection,
        feed_id,
        {
            "url": new_url,
            "etag": None,
            "last_modified": None,
            "body_hash": None,
            "next_check_at": None,
            "error_count": 0,
            "error_kind": None,
            "last_error": None,
            "failing_since": None,
            "empty_since": None,
            "moved_to": None,
            "moved_count": 0,
            "habits": None,
        },
    )
    documents.forget(connection, feed_id=feed_id)


def _update_state(connection: sa.Connection, feed_id: int, values: Mapping[str, Any]) -> None:
    connection.execute(feed_state.update().where(feed_state.c.feed_id == feed_id), values)


def _sync_states(connection: sa.Connection, enabled: Mapping[str, bool]) -> None:
    """A state for every feed, and the time from which each may be claimed."""
    stateless = connection.execute(
        sa.select(feed.c.id, feed.c.url).where(feed.c.id.not_in(sa.select(feed_state.c.feed_id)))
    ).all()
    insert(
        connection,
        feed_state,
        [
            {
                "feed_id": row.id,
                "due_at": NEVER,
                "enabled": False,
                "url": row.url,
                "error_count": 0,
                "moved_count": 0,
            }
            for row in stateless
        ],
    )
    states = connection.execute(sa.select(feed_state, feed.c.key).join(feed)).all()
    for row in states:
        wanted = enabled.get(row.key, False)
        due = due_at(row.next_check_at, row.claimed_until) if wanted else NEVER
        if (row.enabled, row.due_at) != (wanted, due):
            _update_state(connection, row.feed_id, {"enabled": wanted, "due_at": due})


def due_at(next_check_at: int | None, claimed_until: int | None) -> int:
    return max(next_check_at or 0, claimed_until or 0)


def _deactivate(connection: sa.Connection, table: sa.Table, ids: Iterable[int]) -> None:
    for row_id in ids:
        connection.execute(table.update().where(table.c.id == row_id), {"active": False})


def _differs(row: rows.Row, values: Mapping[str, Any]) -> bool:
    return any(getattr(row, name) != value for name, value in values.items())
