"""A whole SQLite file to another place: room for it first, then the pages, a check, and only at the end its name.

Pages are copied by SQLite's backup interface inside one read transaction: it is one committed state, what is in the log
belongs to it, it tells how far it is, and in WAL mode no writer waits for it. (Without that transaction every commit of
another process would start it over. VACUUM INTO holds the same snapshot, but builds every table anew, and tells nothing
on the way.) The cost is a log that grows until the copy is done.
"""

import fcntl
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from aggregator.errors import StoreError, StoreLocked
from aggregator.settings import MIB

RESERVE = 64 * MIB
"""Bytes that a copy leaves free for those who write meanwhile."""

STEP = 1_024
"""Pages between two reports: 4 MiB, some milliseconds."""

Progress = Callable[[str, int, int], None]
"""What is being done, how much of it is, and how much there is."""

Check = Literal["integrity_check", "quick_check"]

BESIDE = ("-wal", "-shm")
"""Files that belong to a database by their name alone."""


def say_nothing(what: str, done: int, total: int) -> None:
    """Progress that nobody asked for."""


def size(count: int) -> str:
    mib = count / MIB
    return f"{mib / 1024:.1f} GiB" if mib >= 1024 else f"{mib:.1f} MiB"


def require(folder: Path, needed: int, what: str, advice: str) -> None:
    """
    Args:
        what: that needs so many bytes in the folder.
        advice: what to do where there are fewer.

    Raises:
        StoreError: there are; nothing was done.
    """
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise StoreError(f"{folder}: cannot be written to: {error.strerror}") from error
    if free < needed:
        raise StoreError(
            f"{what} needs {size(needed)} of free disk in {folder}, and there are {size(free)}."
            f" Nothing was changed; {advice}"
        )


def log_of(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def has_log(path: Path) -> bool:
    """Whether a log with something in it stands beside: whatever is put at the path would be taken to belong to it."""
    log = log_of(path)
    return log.exists() and log.stat().st_size > 0


def bytes_of(path: Path) -> int:
    """Of a database and its log."""
    return sum(file.stat().st_size for file in (path, log_of(path)) if file.exists())


def schema_of(connection: sqlite3.Connection) -> int:
    """Number of the schema; 0: it is no store of ours."""
    there = connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'migration'")
    if there.fetchone() is None:
        return 0
    (number,) = connection.execute("SELECT max(number) FROM migration").fetchone()
    return number or 0


@contextmanager
def opened_still(path: Path) -> Iterator[sqlite3.Connection]:
    """A file that nobody writes to, opened without leaving anything beside it."""
    with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True)) as connection:
        connection.execute("PRAGMA cache_size = -65536")  # KiB; a check looks everywhere
        yield connection


def damage(connection: sqlite3.Connection, check: Check) -> str | None:
    """The first thing that is wrong with a database; None: nothing."""
    try:
        (found,) = connection.execute(f"PRAGMA {check}(1)").fetchone()
    except sqlite3.Error as error:
        return str(error)
    return None if found == "ok" else " ".join(str(found).split())


def copy(
    source: sqlite3.Connection,
    target: Path,
    *,
    origin: Path,
    like: Path | None = None,
    check: Check | None = "integrity_check",
    progress: Progress = say_nothing,
    before_naming: Callable[[], None] = lambda: None,
) -> int:
    """Copy a database to a file that is there when all of it is, on disk and checked; and not before.

    Args:
        source: a connection to it, in a transaction where others may write.
        origin: what messages call it.
        like: the file whose permissions and owner the copy gets; None: those of the origin.
        check: of the copy; None: it is kept, however it is.
        before_naming: done when the copy is on disk, just before it is put at `target`.

    Returns:
        The copy's size in bytes.

    Raises:
        StoreError: no room, no permission, or the copy is damaged; `target` is as it was.
        StoreLocked: another process writes the same copy.
        sqlite3.DatabaseError: the database is too damaged to be read.
    """
    pages = source.execute("PRAGMA page_count").fetchone()[0]
    whole = pages * source.execute("PRAGMA page_size").fetchone()[0]
    require(
        target.parent,
        whole + RESERVE,
        f"a copy of {origin}",
        "free some space there, or use another disk.",
    )
    try:
        with _unfinished(target, like=like or origin, before_naming=before_naming) as part:
            _copy_pages(source, part, origin, progress)
            if check is not None:
                progress("checking", 0, 0)
                _check(source, part, origin, check)
    except OSError as error:
        raise StoreError(f"{target}: cannot be written: {error.strerror or error}") from error
    return int(whole)


def _copy_pages(source: sqlite3.Connection, part: Path, origin: Path, progress: Progress) -> None:
    # Nobody else knows this file: no journal, no locks, and one fsync at the end.
    with closing(sqlite3.connect(f"file:{quote(str(part))}?nolock=1", uri=True)) as copied:
        copied.execute("PRAGMA journal_mode = OFF")
        copied.execute("PRAGMA synchronous = OFF")

        def report(_: int, remaining: int, total: int) -> None:
            progress("copying", total - remaining, total)

        try:
            source.backup(copied, pages=STEP, progress=report)
        except sqlite3.OperationalError as error:  # a full disk, an unreadable one
            raise StoreError(
                f"{origin}: could not be copied to {part.parent} ({error}); nothing of the copy was kept."
                " Is that disk full or failing?"
            ) from error


def _check(source: sqlite3.Connection, part: Path, origin: Path, check: Check) -> None:
    with opened_still(part) as copied:
        found = damage(copied, check)
        if found is None and schema_of(copied) != schema_of(source):
            found = f"schema {schema_of(copied)} where {schema_of(source)} was copied"
    if found is not None:
        raise StoreError(
            f"{origin}: its copy is damaged ({found}) and was not kept, so it is probably damaged itself:"
            " `aggregator db check` reads all of it, `aggregator db restore FILE` goes back to an earlier backup"
        )


@contextmanager
def _unfinished(target: Path, *, like: Path, before_naming: Callable[[], None]) -> Iterator[Path]:
    """A file to be written that becomes `target` when all went well, and is removed after an exception.

    One that a killed process left is written anew.
    """
    part = target.with_name(target.name + ".part")
    claimed = _claim(part)
    try:
        yield part
        shown = like.stat()
        os.fchmod(claimed, shown.st_mode & 0o777)
        with suppress(PermissionError):  # only root may give files away
            os.fchown(claimed, shown.st_uid, shown.st_gid)
        os.fsync(claimed)
        before_naming()
        part.replace(target)
        _sync_folder(target.parent)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    finally:
        os.close(claimed)


def _claim(part: Path) -> int:
    """The file, empty, and locked against other processes for as long as it is open."""
    while True:
        file = os.open(part, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if part.exists() and os.path.samestat(os.fstat(file), part.stat()):
                os.ftruncate(file, 0)
                os.fchmod(file, 0o600)
                return file
        except BlockingIOError:
            os.close(file)
            raise StoreLocked(f"{part}: another process is writing this copy; let it finish") from None
        except BaseException:
            os.close(file)
            raise
        os.close(file)  # whoever held it has just given it its name, or taken it away


def _sync_folder(folder: Path) -> None:
    """Make a new name in it durable."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
