"""`aggregator config`: what the configuration says, and whether it is right."""

from collections.abc import Iterable
from dataclasses import fields
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import click

from aggregator.cli.grammar import Group
from aggregator.cli.output import Output, output_options, page, print_json, write
from aggregator.cli.session import Session, pass_session

SECRET = "***"  # noqa: S105  # what stands in a secret's place


@click.group(cls=Group, short_help="The configuration: show it, or check it.")
def config() -> None:
    """The configuration: show it as it is understood, or check it.

    \b
      aggregator config check
      aggregator config show
    """


@config.command(short_help="Check every file: all mistakes at once.")
@pass_session
def check(session: Session) -> None:
    """Check every file: all mistakes at once, each with file, line and key. No network, no database.

    \b
      aggregator config check --config config/sources.toml
    """
    report_check(session)


@config.command()
@output_options("json", fields=False)
@pass_session
def show(session: Session, output: Output) -> None:
    """Show the settings in force, defaults included. Secrets are shown as ***.

    \b
      aggregator config show --json
    """
    settings = dict(_settings(session))
    if output.format == "json":
        print_json(settings)
        return
    from aggregator.render import text

    page(text.facts([(name, text.cell(value)) for name, value in settings.items()], session.screen()))


def report_check(session: Session) -> None:
    """Say that the configuration is right, or raise its mistakes."""
    known = session.config
    session.warn()
    feeds = sum(1 for _ in known.feeds())
    write(
        f"{known.path}: {len(known.sources)} outlets, {feeds} feeds, {len(known.topics)} topics, "
        f"no mistakes, {len(known.warnings)} warnings\n"
    )


def _settings(session: Session) -> Iterable[tuple[str, Any]]:
    known = session.config
    yield "path", str(known.path)
    for section in ("store", "fetch", "schedule", "display", "relate"):
        settings = getattr(known, section)
        # [defaults] is what the file calls the schedule.
        name = "defaults" if section == "schedule" else section
        for field in fields(settings):
            yield f"{name}.{field.name}", _plain(field.name, getattr(settings, field.name))
    yield "parsers", [parser.file for parser in known.parsers.values()]
    yield "sources", [source.id for source in known.sources]
    yield "topics", [topic.id for topic in known.topics]


def _plain(name: str, value: Any) -> Any:
    if name == "proxy":
        return SECRET if value else ""
    if name == "database":
        return without_password(value)
    if isinstance(value, timedelta):
        return _duration(value)
    if isinstance(value, tuple):
        return [part if isinstance(part, int) else str(part) for part in value]
    return value


def _duration(value: timedelta) -> str:
    """As the file would say it: in the largest unit that divides it."""
    seconds = value.total_seconds()
    for unit, length in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds and seconds % length == 0:
            return f"{seconds // length:.0f}{unit}"
    return f"{seconds:g}s"


def without_password(url: str) -> str:
    """A database URL that may be shown."""
    parts = urlsplit(url)
    if parts.password is None:
        return url
    return url.replace(f":{parts.password}@", f":{SECRET}@", 1)
