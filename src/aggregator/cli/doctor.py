"""`aggregator doctor`: configuration, database, clock, disk and every outlet, looked at in one go; offline."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from aggregator import health
from aggregator.cli.grammar import Command
from aggregator.cli.log import without_secrets
from aggregator.cli.output import Output, output_options, page, print_json
from aggregator.cli.session import Session
from aggregator.errors import ConfigError, StoreDamaged, StoreError
from aggregator.health import Finding
from aggregator.render import jsonable

if TYPE_CHECKING:
    from aggregator.render.text import Screen
    from aggregator.store import Store

UNHEALTHY = 3  # exit code
_OF_DAMAGE = "Stop polling, keep the file, and go back to the last backup with `aggregator db restore FILE`."


@click.command(cls=Command, short_help="Look at everything and say what to do.")
@click.option(
    "--fail-on",
    type=click.Choice(["unhealthy"]),
    help=f"Exit with {UNHEALTHY} when something is unhealthy: for a monitor.",
)
@output_options("json", fields=False)
@click.pass_context
def doctor(ctx: click.Context, fail_on: str | None, output: Output) -> None:
    """Look at configuration, database, clock, disk and outlets, and say for each what to do. No network.

    \b
      aggregator doctor
      aggregator doctor --fail-on unhealthy --json
    """
    session = ctx.ensure_object(Session)
    found = [*_configuration(session), *_database(session)]
    if output.format == "json":
        print_json([jsonable.finding(one) for one in found])
    else:
        from aggregator.render import text

        page(text.findings(found, _screen(session)))
    if fail_on and any(one.level == "unhealthy" for one in found):
        ctx.exit(UNHEALTHY)


def _screen(session: Session) -> "Screen":
    """A configuration that cannot be read says no zone and no language either."""
    try:
        return session.screen()
    except ConfigError:
        from aggregator.render.text import Screen

        return Screen(now=session.clock())


def _configuration(session: Session) -> Iterator[Finding]:
    try:
        config = session.config
    except ConfigError as error:
        advice = "`aggregator config check` shows all mistakes; docs/configuration.md has every key."
        for problem in error.problems:
            yield Finding(
                check="configuration", level="unhealthy", what=without_secrets(str(problem)), advice=advice
            )
        return
    for problem in config.warnings:
        yield Finding(check="configuration", level="warning", what=str(problem))
    feeds = sum(1 for _ in config.feeds())
    yield Finding(
        check="configuration",
        level="ok",
        what=f"{config.path}: {len(config.sources)} outlets, {feeds} feeds, {len(config.topics)} topics",
    )


def _database(session: Session) -> Iterator[Finding]:
    try:
        with session.store() as store:
            yield from _store(session, store)
    except ConfigError:
        advice = "Mend the configuration first."
        yield Finding(check="database", level="unhealthy", what="not looked at", advice=advice)
    except StoreDamaged as error:  # where it is read first already
        yield Finding(
            check="database", level="unhealthy", what=without_secrets(str(error)), advice=_OF_DAMAGE
        )
    except StoreError as error:
        yield Finding(check="database", level="unhealthy", what=without_secrets(str(error)))


def _store(session: Session, store: "Store") -> Iterator[Finding]:
    now = session.clock()
    damage = store.check()
    for problem in damage:
        yield Finding(check="database", level="unhealthy", what=problem, advice=_OF_DAMAGE)
    if damage:
        return
    yield Finding(check="database", level="ok", what=f"{store.url}: sound")
    yield Finding(check="schema", level="ok", what=f"number {store.schema()}, the present one")
    yield health.clock_finding(store.newest(), now)
    if store.path is not None:
        yield health.disk_finding(shutil.disk_usage(store.path.parent).free, store.size())
    yield from _mirror(session, store)
    sources, states = store.sources(), store.feed_states()
    yield health.polling_finding(states.values(), now)
    noticed = store.gaps(since=now - timedelta(days=1))
    yield health.gap_finding(len(noticed), sum(not gap.filled for gap in noticed))
    yield from health.page_findings(store.visit_outcomes(now - timedelta(days=2)))
    yield from health.feed_findings(sources, health.survey(sources, states, store.feed_habits(), now))


def _mirror(session: Session, store: "Store") -> Iterator[Finding]:
    """Reading commands answer from the mirrored configuration, which the next poll renews."""
    try:
        mirrored, present = store.config_digest(), session.config.digest
    except ConfigError:
        return
    if mirrored not in (None, present):
        yield Finding(
            check="configuration",
            level="warning",
            what="it was changed since the last poll",
            advice="`aggregator poll` takes it in.",
        )
