"""What every reader of the store stands on: a connection with one snapshot, and ids that stand for time."""

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from datetime import datetime

import sqlalchemy as sa

from aggregator.store import rows
from aggregator.store.candidates import Memory
from aggregator.store.schema import article, hour, meta
from aggregator.store.search import SearchIndex


class Snapshots(ABC):
    """Gives each method of a reader its connection; implemented by Store."""

    _search: SearchIndex
    _memory: Memory

    @abstractmethod
    def _read(self) -> AbstractContextManager[sa.Connection]:
        """A connection with one snapshot; what the database refuses comes out as StoreError."""

    @abstractmethod
    def _bytes(self, connection: sa.Connection) -> int:
        """What the store takes up on disk."""


def first_id_since(connection: sa.Connection, at: datetime) -> int:
    """By the hour's first id, then along at most one hour of articles."""
    bound = rows.seconds_up(at)
    start = connection.execute(_FIRST_OF_HOUR, {"hour": bound // rows.HOUR}).scalar()
    if start is not None:
        found = connection.execute(_FIRST_SINCE, {"start": start, "bound": bound}).scalar()
        if found is not None:
            return int(found)
    return int(meta_value(connection, "newest_id") or 0) + 1


def first_id_in_hour_of(connection: sa.Connection, at: datetime) -> int:
    """Every smaller id was given before this instant, whether its article is still there or not."""
    start = connection.execute(_FIRST_OF_HOUR, {"hour": rows.seconds(at) // rows.HOUR}).scalar()
    return int(meta_value(connection, "newest_id") or 0) + 1 if start is None else int(start)


def meta_value(connection: sa.Connection, name: str) -> str | None:
    value: str | None = connection.execute(_META, {"name": name}).scalar()
    return value


# Made once: putting a statement together takes longer than running it.
_META = sa.select(meta.c.value).where(meta.c.name == sa.bindparam("name"))
_FIRST_OF_HOUR = (
    sa.select(hour.c.first_id).where(hour.c.hour >= sa.bindparam("hour")).order_by(hour.c.hour).limit(1)
)
_FIRST_SINCE = (
    sa.select(article.c.id)
    .where(article.c.id >= sa.bindparam("start"), article.c.first_seen_at >= sa.bindparam("bound"))
    .order_by(article.c.id)
    .limit(1)
)
