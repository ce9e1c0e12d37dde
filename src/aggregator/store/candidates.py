"""A CandidateIndex over the database: articles that share rare terms, and articles that share a band.

Who shares what stands in segments (segments.py); the features themselves, by article, in a table of their own.
"""

import json
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from threading import Lock
from typing import Any

import sqlalchemy as sa

from aggregator.model import IndexRow

Connect = Callable[[], AbstractContextManager[sa.Connection]]

KEPT = 96 << 20
"""Bytes of segments that a process keeps in memory: half a million articles, at about 200 each."""


class Memory:
    """What a process has read of a store's segments, the latest used of it. For several threads."""

    def __init__(self) -> None:
        self._held: dict[Hashable, tuple[Any, int]] = {}  # the longest unused first
        self._bytes = 0
        self._lock = Lock()

    def get(self, key: Hashable) -> Any:
        with self._lock:
            held = self._held.pop(key, None)
            if held is None:
                return None
            self._held[key] = held
            return held[0]

    def keep(self, key: Hashable, value: object, size: int) -> None:
        """Args: size: in bytes."""
        with self._lock:
            self._bytes += size - self._held.pop(key, (None, 0))[1]
            self._held[key] = value, size
            while self._bytes > KEPT and len(self._held) > 1:
                self._bytes -= self._held.pop(next(iter(self._held)))[1]


class DatabaseCandidates:
    """The protocol of model.CandidateIndex, for reading or within a writer's transaction.

    Args:
        connect: gives the connection of one call.
        memory: what this process has read of the segments.
        may_add: False for readers.
    """

    def __init__(self, connect: Connect, memory: Memory, *, may_add: bool) -> None:
        self._connect = connect
        self._memory = memory
        self._may_add = may_add

    def add(self, rows: Iterable[IndexRow]) -> None:
        """Rows of articles that are in it already are left as they are.

        Raises:
            TypeError: this one is for reading; Writer.candidates() gives one that writes.
        """
        if not self._may_add:
            raise TypeError("Store.candidates() is for reading; add with Writer.candidates()")
        by_id = {row.article_id: row for row in rows}
        if not by_id:
            return
        from aggregator.store import segments

        with self._connect() as connection:
            for known in get_blobs(connection, by_id):
                del by_id[known]
            fresh = list(by_id.values())
            if fresh:
                insert_blobs(connection, fresh)
                segments.add(connection, fresh)

    def search(
        self, terms: Sequence[str], *, since_id: int, until_id: int | None, limit: int
    ) -> Sequence[tuple[int, bytes]]:
        wanted = [term for term in dict.fromkeys(terms) if term]
        if not wanted or limit <= 0:
            return ()
        from aggregator.store import segments

        with self._connect() as connection:
            ids = segments.search(connection, self._memory, wanted, since_id, _bound(until_id), limit)
            return _in_order(ids, get_blobs(connection, ids))

    def copies(
        self, bands: Sequence[int], *, since_id: int, until_id: int | None, limit: int
    ) -> Sequence[tuple[int, bytes]]:
        if not bands or limit <= 0:
            return ()
        from aggregator.store import segments

        with self._connect() as connection:
            ids = segments.sharing(connection, self._memory, bands, since_id, _bound(until_id), limit)
            return _in_order(ids, get_blobs(connection, ids))

    def get(self, ids: Iterable[int]) -> Mapping[int, bytes]:
        with self._connect() as connection:
            return get_blobs(connection, ids)


def _bound(until_id: int | None) -> int:
    return (1 << 63) - 1 if until_id is None else until_id


def _in_order(ids: Iterable[int], blobs: Mapping[int, bytes]) -> list[tuple[int, bytes]]:
    return [(article_id, blobs[article_id]) for article_id in ids if article_id in blobs]


def get_blobs(connection: sa.Connection, ids: Iterable[int]) -> dict[int, bytes]:
    wanted = list(ids)
    if not wanted:
        return {}
    if connection.dialect.name == "sqlite":
        rows = connection.exec_driver_sql(
            'SELECT article_id, "blob" FROM feature WHERE article_id IN (SELECT value FROM json_each(?))',
            (json.dumps(wanted),),
        )
    else:
        rows = connection.exec_driver_sql(
            "SELECT article_id, blob FROM feature WHERE article_id = ANY(%(ids)s)", {"ids": wanted}
        )
    # At once: half the time of row by row.
    return {article_id: bytes(blob) for article_id, blob in rows.all()}


def insert_blobs(connection: sa.Connection, rows: Sequence[IndexRow]) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(
            'INSERT INTO feature (article_id, "blob") VALUES (?, ?)',
            [(row.article_id, row.blob) for row in rows],
        )
    else:
        connection.exec_driver_sql(
            "INSERT INTO feature (article_id, blob) VALUES (%(id)s, %(blob)s)",
            [{"id": row.article_id, "blob": row.blob} for row in rows],
        )
