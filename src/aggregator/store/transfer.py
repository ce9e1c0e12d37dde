"""A whole store from one database to another, SQLite or PostgreSQL, either way.

Rows are copied table by table, in the order of their references, in batches. What differs between the two is made anew:
full text from the articles. Everything is one transaction at the target, checked before it ends: a copy that was killed
left no store.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import sqlalchemy as sa

from aggregator.errors import StoreError
from aggregator.settings import StoreSettings
from aggregator.store import Store, files, migrations
from aggregator.store.engines import Database
from aggregator.store.files import Progress, say_nothing
from aggregator.store.schema import (
    article,
    article_text,
    feed,
    feed_state,
    meta,
    metadata,
    migration,
    saved_document,
    segment,
    source,
    topic,
)
from aggregator.store.search import SearchIndex, SearchRow, search_index

BATCH = 1_000
"""Rows in memory at a time."""

WIDE_BATCH = 32
"""Where a row may be as large as a page or a document."""

_WIDE = frozenset({article_text, saved_document, segment})
_RENEWED = frozenset({migration, meta, source, feed, feed_state, topic})
"""What a store without any news in it holds: the next poll would write it again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transferred:
    """What was copied, and found to be the same on both sides."""

    rows: int
    tables: int


@dataclass(frozen=True, slots=True)
class _Sum:
    """How many rows a table has, and a checksum over them in the order of their key."""

    rows: int
    digest: str


def transfer(
    store: Store,
    target_url: str,
    *,
    settings: StoreSettings | None = None,
    progress: Progress = say_nothing,
) -> Transferred:
    """Copy a store as it is at this moment, while others go on writing to it.

    Args:
        target_url: of a database without a store, or with one that holds no news.

    Raises:
        StoreError: the target is in use, has no room, refused, or does not hold what was copied; it was left as it was.
        StoreLocked: another process writes to the target.
    """
    target = Database(target_url, settings or StoreSettings(database=target_url))
    if target.address == store.url or _same_file(target, store):
        raise StoreError(f"{target}: both are the same database; name another one to copy to")
    try:
        _prepare(target, store.size())
        with (
            store._read() as reading,
            target.guard(),
            target.writer.connect() as writing,
            writing.begin(),
        ):
            return _Transfer(store, target, reading, writing, progress).run()
    finally:
        target.dispose()


def _same_file(target: Database, store: Store) -> bool:
    return (
        target.path is not None
        and store.path is not None
        and target.path.exists()
        and target.path.samefile(store.path)
    )


def _prepare(target: Database, size: int) -> None:
    if target.path is None:
        return
    target.is_there()  # raises where something else is
    try:
        target.path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{target.path.parent}: cannot be made: {error.strerror}") from error
    # One transaction: its rows stand in the log first, then in the file as well.
    files.require(
        target.path.parent,
        2 * size + files.RESERVE,
        f"{target}: a copy of {files.size(size)}",
        "free some space, or name a path on another disk.",
    )


@dataclass(frozen=True, slots=True)
class _Transfer:
    """One snapshot of the one, one transaction of the other."""

    store: Store
    target: Database
    reading: sa.Connection
    writing: sa.Connection
    progress: Progress

    def run(self) -> Transferred:
        search = search_index(self.target.kind)
        self._make_room(search)
        tables = metadata.sorted_tables
        total = sum(_count(self.reading, table) for table in tables)
        copied: dict[sa.Table, _Sum] = {}
        done = 0
        for table in tables:
            copied[table] = self._copy(table, done, total)
            done += copied[table].rows
        self._index_texts(search, copied[article].rows)
        self._set_sequences(tables)
        self._compare(copied, total)
        return Transferred(rows=total, tables=len(tables))

    # --- the target ------------------------------------------------------------------------------------------------

    def _make_room(self, search: SearchIndex) -> None:
        """The present schema, and nothing in it.

        Raises:
            StoreError: something is in it.
        """
        found = migrations.version(self.writing)
        if found == 0:
            if others := sa.inspect(self.writing).get_table_names():
                raise StoreError(
                    f"{self.target} holds tables of something else ({', '.join(sorted(others)[:3])});"
                    " nothing was changed. Name a database without tables."
                )
            migrations.create(self.writing)
            return
        if found != migrations.MIGRATIONS[-1].number:
            raise StoreError(
                f"{self.target} holds a store with schema {found}, and {migrations.MIGRATIONS[-1].number} is the"
                " present one; nothing was changed. Name a database without tables."
            )
        for table in metadata.sorted_tables:
            if table not in _RENEWED and (rows := _count(self.writing, table)):
                raise StoreError(
                    f"{self.target} holds a store already, with {rows} rows in {table.name}; nothing was changed."
                    " Name a database without tables, or a path where no file is."
                )
        for table in reversed(metadata.sorted_tables):
            self.writing.execute(table.delete())
        search.clear(self.writing)

    def _set_sequences(self, tables: Sequence[sa.Table]) -> None:
        """PostgreSQL counts on from the highest number that was copied; SQLite does so by itself."""
        if self.target.kind != "postgresql":
            return
        for table in tables:
            column = table.autoincrement_column
            if column is None:
                continue
            name = f'"{table.name}"'
            self.writing.exec_driver_sql(
                f"SELECT setval(sequence, coalesce(max({column.name}), 1), max({column.name}) IS NOT NULL)"  # noqa: S608
                f" FROM pg_get_serial_sequence('{name}', '{column.name}') AS sequence LEFT JOIN {name} ON true"
                " WHERE sequence IS NOT NULL GROUP BY sequence"
            )

    # --- rows --------------------------------------------------------------------------------------------------------

    def _copy(self, table: sa.Table, done: int, total: int) -> _Sum:
        names = ", ".join(f'"{column.name}"' for column in table.columns)
        holders = ", ".join(["?" if self.target.kind == "sqlite" else "%s"] * len(table.columns))
        statement = f'INSERT INTO "{table.name}" ({names}) VALUES ({holders})'  # noqa: S608  (names of our own)
        summed = _Summing()
        for batch in self._rows(table):
            self.progress(f"copying {table.name}", done + summed.rows, total)
            try:
                self.writing.exec_driver_sql(statement, batch)
            except sa.exc.DBAPIError as error:
                refusal = self.target.refusal(error.orig or error)
                place = f"rows {summed.rows + 1} to {summed.rows + len(batch)} of table {table.name}"
                raise type(refusal)(f"{refusal}; these were {place} of {self.store.url}") from error
            summed.add(batch)
        return summed.result()

    def _rows(self, table: sa.Table) -> Iterator[list[tuple[Any, ...]]]:
        """Of the origin, in the order of their key."""
        return _streamed(
            self.store._database, self.reading, sa.select(table).order_by(*_key(self.reading, table))
        )

    def _index_texts(self, search: SearchIndex, total: int) -> None:
        outlet = sa.case((article.c.outlet == "", source.c.name), else_=article.c.outlet)
        texts = (
            sa.select(article.c.id, article.c.title, article.c.teaser, outlet)
            .join(source)
            .order_by(article.c.id)
        )
        done = 0
        for batch in _streamed(self.store._database, self.reading, texts):
            self.progress("indexing texts", done, total)
            rows: list[SearchRow] = [(number, title, teaser, name) for number, title, teaser, name in batch]
            search.add(self.writing, rows)
            done += len(batch)
        if done != total:
            raise StoreError(
                f"{self.store.url}: {total} articles, but only {done} belong to a source; nothing was kept of the copy."
                " `aggregator db check` says which do not"
            )

    # --- the check ---------------------------------------------------------------------------------------------------

    def _compare(self, copied: dict[sa.Table, _Sum], total: int) -> None:
        """Read back what was written.

        Raises:
            StoreError: it is not what was read.
        """
        done = 0
        for table, read in copied.items():
            summed = _Summing()
            statement = sa.select(table).order_by(*_key(self.writing, table))
            for batch in _streamed(self.target, self.writing, statement):
                self.progress(f"checking {table.name}", done + summed.rows, total)
                summed.add(batch)
            written = summed.result()
            done += written.rows
            if written != read:
                raise StoreError(
                    f"{self.target}: table {table.name} has {written.rows} rows with checksum {written.digest}, where"
                    f" {read.rows} with {read.digest} were read from {self.store.url}. Nothing was kept of the copy."
                )


class _Summing:
    """Rows as Python values are the same whichever database they come from."""

    def __init__(self) -> None:
        self.rows = 0
        self._hash = blake2b(digest_size=16)

    def add(self, batch: Iterable[tuple[Any, ...]]) -> None:
        for row in batch:
            self._hash.update(repr(row).encode("utf-8", "surrogatepass"))
            self.rows += 1

    def result(self) -> _Sum:
        return _Sum(self.rows, self._hash.hexdigest())


def _count(connection: sa.Connection, table: sa.Table) -> int:
    return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def _key(connection: sa.Connection, table: sa.Table) -> list[sa.ColumnElement[Any]]:
    """The key's columns, texts by their bytes: a server may sort them by the rules of a language."""
    return [
        sa.collate(column, "C")
        if connection.dialect.name == "postgresql" and isinstance(column.type, sa.Text)
        else column
        for column in table.primary_key
    ]


def _streamed(
    database: Database, connection: sa.Connection, statement: sa.Select[Any]
) -> Iterator[list[tuple[Any, ...]]]:
    """The answer in batches, never all of it in memory. What goes wrong while reading is this database's refusal."""
    batch = WIDE_BATCH if _WIDE.intersection(statement.get_final_froms()) else BATCH
    with database.guard():
        result = connection.execute(statement.execution_options(stream_results=True, yield_per=batch))
        for part in result.partitions():
            yield [tuple(row) for row in part]
