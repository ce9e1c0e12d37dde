"""A database address to two engines, and every refusal of a database to a StoreError that says what to do.

The writer begins IMMEDIATE: a transaction that reads first and writes after somebody else's commit fails at once with
SQLITE_BUSY_SNAPSHOT, whatever the time-out. Readers open the file read-only, begin deferred, and never take the writer's
lock. On PostgreSQL one advisory lock makes writers take turns, so that articles become visible in the order of their ids.
"""

import os
import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy import event, pool

from aggregator.errors import StoreDamaged, StoreError, StoreLocked
from aggregator.settings import StoreSettings
from aggregator.store.files import log_of, opened_still

WRITER_LOCK = 0x6E657773666F6C64
"""Key of the advisory lock on PostgreSQL: any number, the same for all versions."""

_INCREMENTAL = 2
_RETRY = 0.05  # seconds between attempts to switch a new file to WAL, where SQLite does not wait by itself


class FileConnection(sqlite3.Connection):
    """Knows which file it has open: another may have come to stand at its path (`db restore`, or a person with mv)."""

    file: tuple[int, int] | None = None  # device and inode


class Database:
    """An address, opened as late as possible: creating this object touches nothing.

    Args:
        url: sqlite:///path or postgresql+psycopg://...
        settings: busy time-out and synchronous mode.

    Raises:
        StoreError: an address of another kind.
    """

    def __init__(self, url: str, settings: StoreSettings) -> None:
        try:
            self._url = sa.make_url(url)
        except sa.exc.ArgumentError as error:
            raise StoreError(
                f"{url!r} is no database address; expected sqlite:///path or postgresql+psycopg://..."
            ) from error
        self.kind = self._url.get_backend_name()
        if self.kind not in ("sqlite", "postgresql"):
            raise StoreError(
                f"{self}: {self.kind} is not supported; expected sqlite:///path or postgresql+psycopg://..."
            )
        database = self._url.database
        if self.kind == "sqlite" and (not database or database == ":memory:" or database.startswith("file:")):
            raise StoreError(f"{self}: a path is needed, as in sqlite:///data/aggregator.db")
        self.path = Path(database).absolute() if self.kind == "sqlite" and database else None
        self._settings = settings

    def __str__(self) -> str:
        """What messages call it: the path, or the address without its password."""
        path = getattr(self, "path", None)
        return str(path) if path else self.address

    @property
    def address(self) -> str:
        """The URL, without its password."""
        return self._url.render_as_string(hide_password=True)

    @property
    def lock_timeout(self) -> float:
        """Seconds."""
        return self._settings.busy_timeout.total_seconds()

    def is_there(self) -> bool:
        """Whether there is something to open. An empty file is not: it becomes a new database.

        Raises:
            StoreError: what is there is no database.
        """
        if self.path is None:
            return True  # PostgreSQL: the tables tell
        try:
            if not self.path.stat().st_size:
                return False
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            raise StoreError(f"{self.path}: cannot be opened: {error.strerror}") from error
        if self.path.is_dir():
            raise StoreError(f"{self.path} is a folder; [store] database names a file")
        try:
            self._signature()
        except sqlite3.OperationalError as error:
            raise StoreError(f"{self.path}: cannot be opened; may this user read it?") from error
        except sqlite3.DatabaseError as error:
            raise StoreError(
                f"{self.path} is not an SQLite database; nothing was changed. Give another path in [store] database,"
                " or, if it was one, `aggregator db restore FILE`."
            ) from error
        return True

    @cached_property
    def writer(self) -> sa.Engine:
        """Threads of one store take turns; a purge keeps its connection while it lets another write."""
        if self.path is None:
            return self._postgresql_writer()
        engine = sa.create_engine(
            "sqlite://", creator=self.connect_writer, poolclass=pool.QueuePool, pool_size=1
        )
        event.listen(engine, "checkout", self._leave_replaced)
        event.listen(engine, "begin", self._begin_immediate)
        return engine

    @cached_property
    def reader(self) -> sa.Engine:
        if self.path is None:
            return self._postgresql(execution_options=_READ_ONLY)
        engine = sa.create_engine("sqlite://", creator=self.connect_reader, poolclass=pool.QueuePool)
        event.listen(engine, "checkout", self._leave_replaced)
        event.listen(engine, "begin", _begin)
        return engine

    def dispose(self) -> None:
        for name in (
            "reader",
            "writer",
        ):  # the last connection to close folds the log into the file: it must be one that may
            engine = self.__dict__.pop(name, None)
            if engine is not None:
                engine.dispose()

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Foreign exceptions become StoreErrors, once, here."""
        try:
            yield
        except sa.exc.DBAPIError as error:
            raise self.refusal(error.orig or error) from error
        except sa.exc.TimeoutError as error:
            raise StoreError(f"{self}: too many threads read at once: {error}") from error
        except sqlite3.Error as error:
            raise self.refusal(error) from error

    def refusal(self, error: BaseException) -> StoreError:
        """The database's refusal, in words: what it is, and what to do."""
        if isinstance(error, sqlite3.Error):
            return sqlite_refusal(self, error)
        kind, advice = _postgresql_advice(error, str(self._url.host))
        return kind(f"{self}: {advice} ({_cause(error)})")

    # --- SQLite --------------------------------------------------------------------------------------------------

    def connect_writer(self) -> FileConnection:
        """The driver's connection to the file, which is made where there is none."""
        assert self.path is not None
        connection = self._connect(str(self.path), uri=False)
        # Before the first table exists: pages freed by retention can then be given back a few at a time. Asked first,
        # since setting it writes, and would wait for whoever is writing.
        if connection.execute("PRAGMA auto_vacuum").fetchone()[0] != _INCREMENTAL:
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        self._sign(connection)
        self._switch_to_wal(connection)
        connection.execute(f"PRAGMA synchronous = {_synchronous(self._settings.synchronous)}")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute(
            "PRAGMA secure_delete = OFF"
        )  # some systems overwrite what is deleted: news is no secret
        connection.execute("PRAGMA cache_size = -32768")  # KiB: keys are hashes and land all over their table
        connection.execute("PRAGMA journal_size_limit = 67108864")
        return connection

    def connect_reader(self) -> FileConnection:
        """The driver's connection to the file, for reading only."""
        assert self.path is not None
        address = f"file:{quote(str(self.path))}?mode=ro"
        connection = self._connect(address, uri=True)
        try:
            self._check_log(connection)
        except sqlite3.OperationalError:
            # A file in WAL mode needs its -shm beside it even to be read. Where that cannot be made, nobody can be
            # writing either, unless there is a WAL to be heeded.
            wal = self.path.with_name(self.path.name + "-wal")
            if wal.exists() and wal.stat().st_size:
                raise
            connection.close()
            connection = self._connect(f"{address}&immutable=1", uri=True)
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("PRAGMA cache_size = -16384")
        return connection

    def _connect(self, address: str, *, uri: bool) -> FileConnection:
        # Asked before: should the file be replaced just now, the connection is taken for an old one, and made anew.
        file = self._file()
        connection = sqlite3.connect(
            address,
            uri=uri,
            timeout=self.lock_timeout,
            isolation_level=None,  # SQLAlchemy's begin event says how a transaction begins, not the driver
            check_same_thread=False,
            cached_statements=256,
            factory=FileConnection,
        )
        connection.file = file or self._file()
        return connection

    def _file(self) -> tuple[int, int] | None:
        """What stands at the path now."""
        assert self.path is not None
        try:
            found = os.stat(self.path)  # noqa: PTH116  (half the time of Path.stat, before every transaction)
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _leave_replaced(self, connection: sqlite3.Connection, *_: object) -> None:
        """A process that runs for weeks goes on with the file that stands at the path, not with one that stood there.

        2 us. What it wrote to the other file would be seen by nobody.
        """
        assert isinstance(connection, FileConnection)
        file = self._file()
        if file is None:
            raise StoreError(f"{self}: the file is gone; put it back, or `aggregator db restore FILE`")
        if file != connection.file:
            raise sa.exc.DisconnectionError  # the pool makes another

    def _begin_immediate(self, connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        driver = connection.connection.driver_connection
        assert isinstance(driver, FileConnection)
        if driver.file != self._file():  # replaced while we waited for the lock
            raise StoreLocked(f"{self}: another file was put in its place just now; try again")

    def _sign(self, connection: sqlite3.Connection) -> None:
        """A new file gets a number of its own, before it has a log."""
        if not connection.execute("PRAGMA schema_version").fetchone()[0]:
            connection.execute("BEGIN IMMEDIATE")
            if not connection.execute("PRAGMA application_id").fetchone()[
                0
            ]:  # another process may have been quicker
                connection.execute(f"PRAGMA application_id = {random.getrandbits(31)}")
            connection.execute("COMMIT")

    def _check_log(self, connection: FileConnection) -> None:
        """SQLite takes any log that lies beside a file for its own, and what is in it for newer than the file.

        A file is signed before it has a log, so the two agree but for a moment in which another process signs it, or
        puts another in its place; then what stands in the file is not the same before and after.
        """
        assert self.path is not None
        signed = self._signature()
        found = connection.execute("PRAGMA application_id").fetchone()[0]
        while found != signed and signed != (signed := self._signature()):
            found = connection.execute("PRAGMA application_id").fetchone()[0]
        if signed not in (None, found) and connection.file == self._file():
            raise StoreError(
                f"{self}: the log beside it ({log_of(self.path).name}) belongs to another database. Nothing was changed;"
                " move it away, with the -shm beside it"
            )

    def _signature(self) -> int | None:
        """The number in the file itself, whatever a log says. 0: it has none; None: unknown, the file without its log
        being no whole database, as while a log is folded into it.

        Through SQLite: whoever opens the file by other means and closes it again takes away all locks of this process
        on it (fcntl(2)), whereupon another process may delete the log that this one goes on writing to.
        """
        assert self.path is not None
        try:
            with opened_still(self.path) as connection:
                return int(connection.execute("PRAGMA application_id").fetchone()[0])
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_CORRUPT:
                raise
            return None

    def _switch_to_wal(self, connection: sqlite3.Connection) -> None:
        """Nothing to do but for a new file, where two processes may try it at once."""
        deadline = time.monotonic() + self.lock_timeout
        while True:
            try:
                mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(_RETRY)
                continue
            if mode != "wal":
                raise StoreError(
                    f"{self}: SQLite cannot use a write-ahead log here (a network file system?);"
                    " put the database on a local disk, or use postgresql+psycopg://"
                )
            return

    # --- PostgreSQL ------------------------------------------------------------------------------------------------

    def _postgresql(self, **options: Any) -> sa.Engine:
        try:
            return sa.create_engine(self._url, pool_pre_ping=True, **options)
        except ImportError as error:
            raise StoreError(
                f"{self}: the driver for PostgreSQL is not installed; install newsfold[postgresql]"
            ) from error

    def _postgresql_writer(self) -> sa.Engine:
        engine = self._postgresql(pool_size=1)
        timeout = int(self.lock_timeout * 1000)

        @event.listens_for(engine, "begin")
        def take_turns(connection: sa.Connection) -> None:
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {timeout}")
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITER_LOCK})")

        return engine


_READ_ONLY = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}


def _begin(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _synchronous(mode: str) -> str:
    if mode.upper() not in ("OFF", "NORMAL", "FULL", "EXTRA"):
        raise StoreError(f"[store] synchronous = {mode!r}: expected NORMAL or FULL")
    return mode.upper()


_LOCKED = "another process is writing and did not finish within the time-out; try again, or stop it"
_SQLITE_ADVICE: dict[int, tuple[Callable[[str], StoreError], str]] = {
    sqlite3.SQLITE_BUSY: (StoreLocked, _LOCKED),
    sqlite3.SQLITE_LOCKED: (StoreLocked, _LOCKED),
    sqlite3.SQLITE_FULL: (
        StoreError,
        "the disk is full. Nothing of this batch was kept, everything before it was; free some space and run again",
    ),
    sqlite3.SQLITE_IOERR: (
        StoreError,
        "reading or writing failed. Nothing of this batch was kept; check the disk, its quota and its mount",
    ),
    sqlite3.SQLITE_READONLY: (
        StoreError,
        "it is read-only for this user; check the owner of the file and of its folder",
    ),
    sqlite3.SQLITE_PERM: (StoreError, "permission denied; check the owner of the file and of its folder"),
    sqlite3.SQLITE_CANTOPEN: (
        StoreError,
        "it cannot be opened; check that the folder exists and that this user may write to it",
    ),
    sqlite3.SQLITE_CORRUPT: (
        StoreDamaged,
        "the file is damaged. Nothing was overwritten; restore the last backup: `aggregator db restore FILE`",
    ),
    sqlite3.SQLITE_NOTADB: (StoreError, "the file is not an SQLite database, or its beginning is damaged"),
}


DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def sqlite_refusal(place: object, error: sqlite3.Error) -> StoreError:
    """SQLite's refusal at this place, in words: what it is, and what to do."""
    kind, advice = _sqlite_advice(error)
    return kind(f"{place}: {advice} ({_cause(error)})")


def _cause(error: BaseException) -> str:
    return " ".join(str(error).split())


def is_damage(error: sqlite3.Error) -> bool:
    """Whether it says that the file is no sound database."""
    return (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF in DAMAGED


def _sqlite_advice(error: sqlite3.Error) -> tuple[Callable[[str], StoreError], str]:
    code = getattr(error, "sqlite_errorcode", None)  # extended code: the low byte is the family
    if code is None and "UTF-8" in str(error):  # raised by the driver: damage that SQLite does not notice
        code = sqlite3.SQLITE_CORRUPT
    return _SQLITE_ADVICE.get(-1 if code is None else code & 0xFF, (StoreError, "the database refused"))


def _postgresql_advice(error: BaseException, host: str) -> tuple[Callable[[str], StoreError], str]:
    state = getattr(error, "sqlstate", None) or ""
    if state == "55P03":  # lock_not_available
        return StoreLocked, _LOCKED
    if state.startswith("53"):  # insufficient_resources: disk full, too many connections
        return StoreError, "the server is out of resources. Nothing of this batch was kept"
    if state.startswith("28"):
        return StoreError, "the server does not let this user in; check user and password in [store] database"
    if state == "25006":
        return StoreError, "the server is read-only: a standby?"
    if state == "3D000":
        return StoreError, "there is no such database on the server; make it with createdb"
    if not state:
        return StoreError, f"the server at {host} cannot be reached"
    return StoreError, "the database refused"
