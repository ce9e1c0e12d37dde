"""Articles, feed states and what belongs together, in one database; the only SQL.

    schema.py      every table                      reader.py       what can be asked: journal.py, items.py, stories.py
    engines.py     an address to two engines        writer.py       what may be written: transaction.py, recording.py
    migrations.py  earlier schemas to this one      mirror.py       the configuration, mirrored
    rows.py        row <-> noun                     links.py        copies, neighbours, stories
    search.py      full text                        purge.py        retention
    candidates.py  what an article may belong with  segments.py     and how it is found
    sql.py         bulk statements
    gaps.py        what may have been missed        documents.py    what a drifting feed served
    visits.py      articles' own pages
    verdicts.py    what editors decided             traces.py       tombstones, rejected entries
    snippets.py    the passage that was found
    backup.py      a copy and the way back          transfer.py     from one database to another
    soundness.py   does it fit together             sizes.py        what takes up the space
    files.py       a file to another place

SQLite by default (`sqlite:///path`), PostgreSQL (`postgresql+psycopg://...`) by the same Store. One writer at a time;
readers never wait. Ids grow with first_seen_at, in the order in which articles become visible.
"""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import sqlalchemy as sa

from aggregator.errors import StoreError, StoreLocked
from aggregator.settings import StoreSettings
from aggregator.store import migrations
from aggregator.store.candidates import DatabaseCandidates, Memory
from aggregator.store.documents import SavedDocument
from aggregator.store.engines import Database
from aggregator.store.gaps import Gap
from aggregator.store.items import ArticleDetails
from aggregator.store.journal import PollTotals
from aggregator.store.reader import Reader, Stats
from aggregator.store.search import search_index
from aggregator.store.traces import Rejection, Tombstone

if TYPE_CHECKING:
    from aggregator.store.sizes import TableSize
    from aggregator.store.writer import PruneReport, Writer

__all__ = [
    "ArticleDetails",
    "DatabaseCandidates",
    "Gap",
    "PollTotals",
    "PruneReport",
    "Rejection",
    "SavedDocument",
    "Stats",
    "Store",
    "Tombstone",
    "Writer",
]


_PAUSE = 0.02  # seconds; SQLite's own waiting comes down to a try every 25 to 100 ms


def __getattr__(name: str) -> Any:
    """What only writers need is imported by those who write."""
    if name in ("PruneReport", "Writer"):
        from aggregator.store import writer

        return getattr(writer, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class Store(Reader):
    """One database. May be used from several threads; made by Store.open()."""

    def __init__(self, database: Database, *, created: bool, backup: Path | None) -> None:
        self.created = created  # there was nothing before
        self.backup = backup  # the copy made before the schema was changed; None: it was not
        self._database = database
        self._search = search_index(database.kind)
        self._memory = Memory()
        self._turn = threading.Lock()

    @classmethod
    def open(cls, url: str, *, create: bool = False, settings: StoreSettings | None = None) -> Self:
        """Open a store, and bring its schema up to date.

        Args:
            url: sqlite:///path or postgresql+psycopg://user:password@host/database.
            create: make one, folders included, where there is none.

        Raises:
            StoreError: there is none, it cannot be opened, or it is no store. The message says what to do.
            StoreTooNew: a newer version of this program wrote it.
        """
        database = Database(url, settings or StoreSettings(database=url))
        try:
            with database.guard():
                created, backup = _prepare(database, create=create)
        except BaseException:
            database.dispose()
            raise
        return cls(database, created=created, backup=backup)

    @property
    def url(self) -> str:
        """The address, without its password."""
        return self._database.address

    @property
    def path(self) -> Path | None:
        """The file; None on PostgreSQL."""
        return self._database.path

    def close(self) -> None:
        self._database.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def write(self) -> Iterator["Writer"]:
        """One transaction of the one writer: committed at the end, undone by any exception.

        Threads of this process take turns by a lock, processes by the database's.

        Raises:
            StoreLocked: somebody else was writing for longer than the busy time-out.
            StoreError: the database refused; nothing of the transaction was kept.
        """
        from aggregator.store.writer import Writer

        if not self._turn.acquire(timeout=self._database.lock_timeout):
            raise StoreLocked(f"{self._database}: another thread of this process is still writing")
        try:
            with self._database.guard(), self._database.writer.connect() as connection:
                connection.begin()
                writer = Writer(connection, give_way=self._give_way, memory=self._memory)
                yield writer
                writer.flush()
                connection.commit()
        finally:
            self._turn.release()

    @staticmethod
    def refused(error: BaseException) -> bool:
        """Whether an exception inside `write` is the database's; it comes out of it as a StoreError."""
        return isinstance(error, StoreError | sa.exc.DBAPIError | sqlite3.Error)

    def _give_way(self) -> None:
        """Neither lock is fair: whoever waits for one gets it only while nobody runs to take it again."""
        self._turn.release()
        time.sleep(_PAUSE)
        self._turn.acquire()

    def check(self) -> list[str]:
        """What is wrong with the database file, in words; empty: nothing. Reads all of it."""
        try:
            with self._read() as connection:
                if self._database.kind != "sqlite":
                    return []
                found = connection.exec_driver_sql("PRAGMA integrity_check").scalars()
                return [line for line in found if line != "ok"]
        except StoreError as error:  # badly damaged pages raise instead of being reported
            return [str(error)]

    def inconsistencies(self) -> list[str]:
        """What does not fit together in what is stored, in words; empty: everything fits. For a file that is sound."""
        from aggregator.store import soundness

        try:
            with self._read() as connection:
                return soundness.problems(connection)
        except StoreError as error:  # a page that integrity_check does not follow, inside of a large value
            return [str(error)]

    def table_sizes(self) -> "list[TableSize]":
        """What each table holds and takes up, largest first."""
        from aggregator.store import sizes

        with self._read() as connection:
            return sizes.table_sizes(connection)

    @contextmanager
    def _read(self) -> Iterator[sa.Connection]:
        with self._database.guard(), self._database.reader.begin() as connection:
            yield connection

    def _bytes(self, connection: sa.Connection) -> int:
        path = self._database.path
        if path is None:
            return int(connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one())
        log = path.with_name(path.name + "-wal")
        return sum(file.stat().st_size for file in (path, log) if file.exists())


def _prepare(database: Database, *, create: bool) -> tuple[bool, Path | None]:
    """Make sure that the present schema is there. Returns whether it was made, and the copy made of an old one."""
    there = database.is_there()
    if there:
        with database.reader.connect() as connection:
            found = migrations.version(connection)
        migrations.check_version(found, database, migrations.MIGRATIONS)
        if found == migrations.MIGRATIONS[-1].number:
            return False, None
        if found:
            return False, migrations.migrate(database)
    if not create:
        raise StoreError(f"there is no store at {database}; `aggregator poll` creates it")
    if database.path is not None:
        try:
            database.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{database.path.parent}: cannot be made: {error.strerror}") from error
    migrations.migrate(database)
    return True, None
