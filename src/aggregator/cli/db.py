"""`aggregator db`: the database itself."""

from dataclasses import fields
from datetime import datetime
from typing import TYPE_CHECKING

import click

from aggregator.cli.grammar import Group
from aggregator.cli.output import Output, output_options, page, print_json, write
from aggregator.cli.session import Session, pass_session
from aggregator.render.jsonable import Json, instant
from aggregator.render.safe import visible

if TYPE_CHECKING:
    from aggregator.store import Stats


@click.group(cls=Group, short_help="The database: its size, its soundness, retention.")
def db() -> None:
    """The database: how much is in it, whether it is sound, retention.

    \b
      aggregator db stats
      aggregator db check
    """


@db.command()
@output_options("json", fields=False)
@pass_session
def stats(session: Session, output: Output) -> None:
    """Count what is stored.

    \b
      aggregator db stats --json
    """
    with session.store() as store:
        known = {"url": store.url, **_record(store.stats())}
    if output.format == "json":
        print_json(known)
        return
    from aggregator.render import text

    names = [(name.replace("_", " "), text.cell(value)) for name, value in known.items()]
    page(text.facts(names, session.screen()))


@db.command(short_help="Read all of it and say what is damaged.")
@click.pass_context
def check(ctx: click.Context) -> None:
    """Read all of the database and say what is damaged; exit code 1 when something is.

    \b
      aggregator db check
    """
    session = ctx.ensure_object(Session)
    with session.store() as store:
        problems = store.check()
        url = store.url
    if not problems:
        write(f"{url}: sound\n")
        return
    write("".join(f"{visible(problem)}\n" for problem in problems))
    ctx.exit(1)


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
    write(f"{report.articles} articles and {report.polls} polls purged\n")


def _record(counted: "Stats") -> Json:
    values = {field.name: getattr(counted, field.name) for field in fields(counted)}
    return {name: instant(value) if isinstance(value, datetime) else value for name, value in values.items()}
