"""`aggregator db`: the database itself."""

import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aggregator.cli.grammar import Group
from aggregator.cli.output import Output, output_options, page, print_json, write
from aggregator.cli.session import Session, database_url, pass_session
from aggregator.errors import StoreDamaged
from aggregator.render.jsonable import Json, instant
from aggregator.render.safe import visible
from aggregator.settings import StoreSettings

if TYPE_CHECKING:
    from aggregator.store import Stats
    from aggregator.store.files import Progress
    from aggregator.store.sizes import TableSize


@click.group(cls=Group, short_help="The database: size, soundness, backups, moving it, retention.")
def db() -> None:
    """The database: how much is in it, whether it is sound, backups and the way back, another database, retention.

    \b
      aggregator db stats
      aggregator db check
      aggregator db backup --keep 7
    """


@db.command()
@output_options("json", fields=False)
@pass_session
def stats(session: Session, output: Output) -> None:
    """Count what is stored, and what it takes up.

    \b
      aggregator db stats --json
    """
    with session.store() as store:
        counted, tables = store.stats(), store.table_sizes()
        known = {"url": store.url, **_record(counted)}
    each = round(counted.bytes / counted.articles, 1) if counted.articles else None
    if output.format == "json":
        print_json({**known, "bytes_per_article": each, "tables": [_record(table) for table in tables]})
        return
    from aggregator.render import text

    names = [(name.replace("_", " "), text.cell(value)) for name, value in known.items()]
    names.append(("bytes per article", text.cell(each)))
    names.extend(
        (("tables" if not place else ""), _told(table, counted.articles))
        for place, table in enumerate(tables)
    )
    page(text.facts(names, session.screen()))


@db.command(short_help="Read all of it and say what is damaged or does not fit together.")
@click.pass_context
def check(ctx: click.Context) -> None:
    """Read all of the database and say what is damaged, or does not fit together; exit code 1 when something is.

    \b
      aggregator db check
    """
    session = ctx.ensure_object(Session)
    url = ""
    try:
        with session.store() as store:
            problems = store.check() or store.inconsistencies()
            url = store.url
    except StoreDamaged as error:  # where it is read first already
        problems = [str(error)]
    if not problems:
        write(f"{url}: sound\n")
        return
    write("".join(f"{visible(problem)}\n" for problem in problems))
    ctx.exit(1)


@db.command(short_help="Copy the SQLite database to a file, while others write to it.")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Overwrite FILE.")
@click.option(
    "--keep",
    type=click.IntRange(min=1),
    metavar="N",
    help="Remove the oldest backups of this database that have no name of their own, but for N.",
)
@pass_session
def backup(session: Session, file: Path | None, force: bool, keep: int | None) -> None:
    """Copy the SQLite database as it is now to FILE, checked, while others go on writing.

    Without FILE it is named after the database and the time, beside it or in FILE when that is a folder.

    \b
      aggregator db backup
      aggregator db backup /mnt/backups --keep 7
      aggregator db restore data/aggregator.db-20260514T093000Z.bak
    """
    from aggregator.store import files
    from aggregator.store.backup import back_up

    if keep is not None and file is not None and not file.is_dir():
        raise click.UsageError(f"--keep is for backups that are named by their time; {file} is no folder.")
    url, settings = _place(session)
    with _shown(session) as progress:
        done = back_up(
            url, file, now=session.clock(), settings=settings, replace=force, keep=keep, progress=progress
        )
    write(f"{done.path}: {files.size(done.bytes)}, checked\n")
    for old in done.removed:
        session.say(f"Removed {old}")


@db.command(short_help="Replace the SQLite database by a backup.")
@click.argument("file", type=click.Path(path_type=Path))
@pass_session
def restore(session: Session, file: Path) -> None:
    """Replace the SQLite database by a backup, at once or not at all. What is there now is kept beside it.

    Others may have it open: they finish reading what they began with, and go on with the restored one.

    \b
      aggregator db restore data/aggregator.db-20260514T093000Z.bak
    """
    from aggregator.store import Store
    from aggregator.store.backup import restore as restore_store

    url, settings = _place(session)
    with _shown(session) as progress:
        done = restore_store(url, file, now=session.clock(), settings=settings, progress=progress)
    if done.kept is not None:
        session.say(f"What was there is kept in {done.kept}")
    with Store.open(url, settings=settings) as store:
        if store.backup is not None:
            session.say(f"Brought it up to date; as it was restored, it is kept in {store.backup}")
        articles = store.stats().articles
    write(f"{done.path}: {articles} articles, restored from {file}\n")


@db.command(short_help="Copy a whole store to another database, SQLite or PostgreSQL.")
@click.argument("origin", metavar="FROM")
@click.argument("target", metavar="TO")
@pass_session
def copy(session: Session, origin: str, target: str) -> None:
    """Copy a whole store FROM one database TO another that holds none: SQLite to PostgreSQL, or any other way.

    Each is a URL or the path of an SQLite file. FROM may be in use; a copy that ends early leaves no store.

    \b
      aggregator db copy data/aggregator.db postgresql+psycopg://news@localhost/news
      aggregator db copy postgresql+psycopg://news@localhost/news backup.db
    """
    from aggregator.store import Store
    from aggregator.store.transfer import transfer

    with _shown(session) as progress, Store.open(_address(origin, "FROM")) as store:
        if store.backup is not None:
            session.say(f"Brought {store.url} up to date; as it was before, it is kept in {store.backup}")
        done = transfer(store, _address(target, "TO"), progress=progress)
    write(f"{done.rows} rows in {done.tables} tables copied, checked\n")


@db.command(short_help="Purge what is older than the retention.")
@pass_session
def prune(session: Session) -> None:
    """Purge what the configuration keeps no longer (retention, keep, polls_kept). Purged articles do not come back.

    `poll` and `run` do the same every six hours.

    \b
      aggregator db prune
    """
    from aggregator.pipeline.retain import prune as prune_store

    with session.store() as store:
        report = prune_store(session.config, store, now=session.clock())
    write(
        f"{report.articles} articles and {report.polls} polls purged, {report.tombstones} tombstones given up\n"
    )


def _place(session: Session) -> tuple[str, StoreSettings]:
    """The database that is meant, and how to open it. It may be damaged, or not be there."""
    if session.database is None:
        return session.config.store.database, session.config.store
    url = database_url(session.database)
    return url, StoreSettings(database=url)


def _address(text: str, name: str) -> str:
    try:
        return database_url(text)
    except click.BadParameter as error:
        raise click.BadParameter(error.message, param_hint=f"'{name}'") from None


@contextmanager
def _shown(session: Session) -> "Iterator[Progress]":
    """How far it is, in a line on stderr that is rewritten: on a terminal, and not with -q."""
    shown = session.verbosity >= 0 and sys.stderr is not None and sys.stderr.isatty()
    last = 0.0

    def show(what: str, done: int, total: int) -> None:
        nonlocal last
        if not shown or (time.monotonic() - last < _REWRITTEN and done):
            return
        last = time.monotonic()
        status = f"{what}: {done / total:.0%}" if total else what
        click.echo(f"\r\x1b[K{status[: shutil.get_terminal_size().columns - 1]}", err=True, nl=False)

    try:
        yield show
    finally:
        if last:
            click.echo("\r\x1b[K", err=True, nl=False)


_REWRITTEN = 0.1  # seconds


def _record(counted: "Stats | TableSize") -> Json:
    values: dict[str, Any] = {field.name: getattr(counted, field.name) for field in fields(counted)}
    return {name: instant(value) if isinstance(value, datetime) else value for name, value in values.items()}


def _told(table: "TableSize", articles: int) -> str:
    rows = "" if table.rows is None else f"{table.rows} rows"
    each = "" if table.bytes is None or not articles else f"{table.bytes / articles:.0f} bytes an article"
    return f"{table.name}: {', '.join(part for part in (rows, each) if part) or 'not known'}"
