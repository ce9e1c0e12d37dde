"""A backup of an SQLite store while others write to it, and the way back."""

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from aggregator.errors import StoreError, StoreLocked
from aggregator.settings import StoreSettings
from aggregator.store import files, migrations
from aggregator.store.engines import Database, FileConnection, is_damage, sqlite_refusal
from aggregator.store.files import Progress, say_nothing

_STAMP = "%Y%m%dT%H%M%SZ"
_STEP = 64  # pages between two reports of a restore


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A backup that was made."""

    path: Path
    bytes: int
    schema: int
    removed: tuple[Path, ...]  # older ones that `keep` left no place for


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """A database that was replaced by a backup."""

    path: Path
    schema: int  # of the backup
    kept: Path | None  # what was there before; None: nothing was


# --- making one ---------------------------------------------------------------------------------------------------------


def back_up(
    url: str,
    target: Path | None,
    *,
    now: datetime,
    settings: StoreSettings | None = None,
    replace: bool = False,
    keep: int | None = None,
    progress: Progress = say_nothing,
) -> Backup:
    """Copy the store as it is at this moment to a file, while others go on writing. Its schema is not changed.

    Args:
        target: the file; a folder: a file in it that is named after the database and `now`; None: one beside it.
        replace: overwrite the file.
        keep: how many of the backups so named stay in that folder, this one included; the oldest go.

    Raises:
        StoreError: no store, no room, a file that is there, or a copy that is damaged. No backup was removed.
        StoreLocked: another process makes the same backup.
        StoreTooNew: a newer version of this program wrote the store.
    """
    database = Database(url, settings or StoreSettings(database=url))
    path = _file_of(
        database,
        "a backup is a copy of a file. For PostgreSQL use pg_dump, or `aggregator db copy` to the path of an SQLite file",
    )
    if not database.is_there():
        raise StoreError(f"there is no store at {database}: nothing to back up")
    folder = path.parent if target is None else target if target.is_dir() else None
    file = target if folder is None else folder / f"{path.name}-{now.astimezone(UTC):{_STAMP}}.bak"
    assert file is not None
    _may_be_written(file, path, replace=replace)
    with database.guard(), closing(database.connect_reader()) as source:
        source.execute("BEGIN")
        schema = files.schema_of(source)
        if schema == 0:
            raise StoreError(f"{database} is no store of this program; nothing to back up")
        migrations.check_version(schema, database, migrations.MIGRATIONS)
        size = files.copy(source, file, origin=path, progress=progress)
    removed = _remove_oldest(file, path.name, keep) if folder is not None and keep is not None else ()
    return Backup(path=file, bytes=size, schema=schema, removed=removed)


def _file_of(database: Database, otherwise: str) -> Path:
    if database.path is None:
        raise StoreError(f"{database}: {otherwise}")
    return database.path


def _may_be_written(file: Path, database: Path, *, replace: bool) -> None:
    if file.exists() and file.samefile(database):
        raise StoreError(f"{file} is the database itself; name another file for the backup")
    if file.exists() and not replace:
        raise StoreError(f"{file} is there already and stays as it is; name another file, or give --force")
    if files.has_log(file):
        raise StoreError(
            f"{files.log_of(file)} belongs to a database that is, or was, in use at {file}; name another file"
        )


def automatic(folder: Path, name: str) -> list[Path]:
    """The backups of a database that were named after it and their time, oldest first."""
    pattern = re.compile(re.escape(name) + r"-\d{8}T\d{6}Z\.bak")
    return sorted(file for file in folder.iterdir() if pattern.fullmatch(file.name) and file.is_file())


def _remove_oldest(made: Path, name: str, keep: int) -> tuple[Path, ...]:
    """The one just made stays, whatever the clock said when the others were made."""
    others = [file for file in automatic(made.parent, name) if file != made]
    surplus = others[: max(0, len(others) + 1 - keep)]
    try:
        for file in surplus:
            file.unlink(missing_ok=True)  # another process may have been quicker
    except OSError as error:
        raise StoreError(
            f"the backup was made, but an old one could not be removed: {error.filename}: {error.strerror}"
        ) from error
    return tuple(surplus)


# --- the way back -------------------------------------------------------------------------------------------------------


class _Unreadable(Exception):
    """SQLite cannot use what stands at the path as a database."""


def restore(
    url: str,
    backup: Path,
    *,
    now: datetime,
    settings: StoreSettings | None = None,
    progress: Progress = say_nothing,
) -> Restored:
    """Replace the store by a backup. What was there is kept beside it as NAME.before-restore-TIMESTAMP.

    Where SQLite can open the present database, the backup is written over it as one transaction of one writer: see
    `_write_over`. Where it cannot, or nothing is there, the file is exchanged: see `_exchange`.

    Raises:
        StoreError: the backup is no store or is damaged, or the present database belongs to something else, or there is
            no room; nothing was changed.
        StoreLocked: another process is writing; nothing was changed.
        StoreTooNew: a newer version of this program wrote the backup.
    """
    database = Database(url, settings or StoreSettings(database=url))
    path = _file_of(
        database,
        "a backup replaces a file. For PostgreSQL use pg_restore, or `aggregator db copy FILE` to an empty database",
    ).resolve()  # SQLite keeps the log beside the file that a link leads to
    if path.is_dir():
        raise StoreError(f"{path} is a folder; [store] database names a file")
    kept = path.with_name(f"{path.name}.before-restore-{now.astimezone(UTC):{_STAMP}}")
    if kept.exists():
        raise StoreError(f"{kept} is there already: a restore of the same second; try again")
    with _opened_backup(backup, path, progress) as source, database.guard():
        schema = files.schema_of(source)
        try:
            with _present(database, path) as present:
                _write_over(source, present, database, path, kept, progress)
        except _Unreadable:
            _exchange(source, path, kept, backup, progress)
    return Restored(path=path, schema=schema, kept=kept if kept.exists() else None)


@contextmanager
def _opened_backup(backup: Path, database: Path, progress: Progress) -> Iterator[sqlite3.Connection]:
    """The backup, read through once and found sound."""
    if not backup.is_file():
        raise StoreError(f"{backup}: there is no such file; name a backup that `aggregator db backup` made")
    if database.exists() and backup.samefile(database):
        raise StoreError(f"{backup} is the database itself; name a backup of it")
    found = Database(f"sqlite:///{backup}", StoreSettings(database=""))
    # A live database may be named too: then its log counts, and reading it takes part in its locks.
    opened = closing(found.connect_reader()) if files.has_log(backup) else files.opened_still(backup)
    try:
        with opened as source:
            source.execute("BEGIN")
            schema = files.schema_of(source)
            if schema == 0:
                raise StoreError(f"{backup} is an SQLite database, but no store of this program")
            migrations.check_version(schema, found, migrations.MIGRATIONS)
            progress("checking the backup", 0, 0)
            if (damage := files.damage(source, "integrity_check")) is not None:
                raise StoreError(
                    f"{backup}: the backup is damaged ({damage}); nothing was changed. Try another"
                )
            yield source
    except sqlite3.Error as error:
        if not is_damage(error):
            raise sqlite_refusal(backup, error) from error
        raise StoreError(
            f"{backup}: no SQLite database, or a damaged one ({error}); nothing was changed"
        ) from error


@contextmanager
def _present(database: Database, path: Path) -> Iterator[FileConnection]:
    """A connection that may write to the present database.

    Raises:
        _Unreadable: there is none, or it is damaged where SQLite looks first.
    """
    if not path.exists() or path.stat().st_size == 0:
        raise _Unreadable
    try:
        with closing(database.connect_writer()) as present:
            tables = {
                name for (name,) in present.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            }
            if tables and "migration" not in tables:
                raise StoreError(
                    f"{database} holds tables of something else ({', '.join(sorted(tables)[:3])});"
                    " nothing was changed. Give another path in [store] database."
                )
            yield present
    except sqlite3.DatabaseError as error:
        if is_damage(error):
            raise _Unreadable from error
        raise


def _write_over(
    source: sqlite3.Connection,
    present: FileConnection,
    database: Database,
    path: Path,
    kept: Path,
    progress: Progress,
) -> None:
    """SQLite writes the pages of the backup over the present ones: one transaction, by the rules for all who have it open.

    From the first page to the last the writer's lock is ours. Others that read finish on what they began with, and see
    the restored store from their next transaction on; others that write wait, and then write to the restored store.
    The file stays the same file, with its owner and its log, so that nothing stale can come to stand beside it.

    What a kill leaves, by the time it comes:
        while the present database is copied: it, untouched, and an unfinished NAME.before-restore-....part;
        while the pages are written: it, untouched, and its copy. The pages are in the log without the mark that ends a
        transaction: whoever opens the database next passes over them;
        after that mark: the restored store, all of it, and the copy of what was there before.
    """
    widths = [connection.execute("PRAGMA page_size").fetchone()[0] for connection in (source, present)]
    if widths[0] != widths[1]:
        raise StoreError(
            f"the backup has pages of {widths[0]} bytes, {database} of {widths[1]}: it cannot be written over."
            f" Stop what uses {path.name}, move it away together with {path.name}-wal, and restore again"
        )
    # The copy, the pages in the log, and the pages again when the log is folded into the file.
    files.require(
        path.parent,
        files.bytes_of(path) + 2 * _size(source) + files.RESERVE,
        f"{database}: restoring it",
        "free some space and run the same command again.",
    )
    safe = done = False

    def step(status: int, remaining: int, total: int) -> None:
        nonlocal safe, done
        done = status == sqlite3.SQLITE_DONE
        if status & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise StoreLocked(
                f"{database}: another process is writing and did not finish within the time-out; nothing was changed."
                " Try again, or stop it"
            )
        if not safe:  # after the first pages: nobody else writes any more
            with closing(database.connect_reader()) as before:
                before.execute("BEGIN")
                files.copy(before, kept, origin=path, check=None)
            safe = True
        progress("restoring", total - remaining, total)

    present.execute("PRAGMA synchronous = FULL")
    (pages,) = source.execute("PRAGMA page_count").fetchone()
    try:
        source.backup(present, pages=min(_STEP, max(1, pages - 1)), progress=step)  # at least two steps
    except BaseException:
        if not done:  # nothing was replaced: nothing need be kept
            kept.unlink(missing_ok=True)
        raise
    present.execute("PRAGMA busy_timeout = 0")  # readers of what was there before: the log is folded in later
    present.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _exchange(source: sqlite3.Connection, path: Path, kept: Path, backup: Path, progress: Progress) -> None:
    """Put a copy of the backup where SQLite finds no database it could lock; what is there gets another name.

    A process that still has the old file open keeps it, under its new name and with the log that belongs to it, until
    its next transaction: then it opens this one (engines.py).

    What a kill leaves, by the time it comes:
        while the backup is copied: everything as it was, and an unfinished NAME.part;
        after the old file has got its second name: the same, and that name;
        after its log has followed: the damaged file alone, and both of them under the other name. They were no database
        together, so nothing is lost; restoring again finishes it;
        after the copy has taken the name: the restored store. No log stands beside it that could be taken for its own.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{path.parent}: cannot be made: {error.strerror}") from error
    try:
        files.copy(
            source,
            path,
            origin=backup,
            like=path if path.exists() else backup,
            check="quick_check",
            progress=progress,
            before_naming=lambda: _set_aside(path, kept),
        )
    except sqlite3.Error as error:
        raise sqlite_refusal(backup, error) from error


def _set_aside(path: Path, kept: Path) -> None:
    """The file gets a second name before it loses its first; what belongs to it by name follows."""
    if path.exists() and path.stat().st_size:
        try:
            os.link(path, kept)
        except OSError:  # a file system without: for a moment nothing stands at the path
            path.rename(kept)
    for suffix in files.BESIDE:
        beside = path.with_name(path.name + suffix)
        if beside.exists():
            beside.rename(kept.with_name(kept.name + suffix))


def _size(connection: sqlite3.Connection) -> int:
    pages, width = (
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size")
    )
    return int(pages * width)
