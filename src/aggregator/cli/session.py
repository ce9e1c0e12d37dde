"""What the global options of one invocation say, and what follows from it: clock, configuration, store, screen.

Configuration and store are opened when a command first asks for them. Reading commands create nothing.
"""

import logging
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from aggregator.errors import ConfigError
from aggregator.settings import DisplaySettings, RelateSettings

if TYPE_CHECKING:
    from aggregator.config import Config
    from aggregator.render.text import Screen
    from aggregator.store import Store


@dataclass
class Session:
    """One run of the program."""

    config_path: Path | None = None
    database: str | None = None
    now: datetime | None = None  # stops the clock
    verbosity: int = 0  # -q counts down, -v up

    def clock(self) -> datetime:
        return self.now if self.now is not None else datetime.now(UTC)

    @cached_property
    def config(self) -> "Config":
        """The configuration, complete and valid; --database replaces its store."""
        from aggregator.config import load

        config = load(self.config_path, environ=os.environ)
        if self.database is not None:
            config = replace(config, store=replace(config.store, database=database_url(self.database)))
        return config

    @cached_property
    def display(self) -> DisplaySettings:
        config = self._optional_config
        return config.display if config is not None else DisplaySettings()

    @cached_property
    def relate(self) -> RelateSettings:
        config = self._optional_config
        return config.relate if config is not None else RelateSettings()

    @cached_property
    def _optional_config(self) -> "Config | None":
        """Reading a database that is named needs no configuration; one that is named must be right all the same."""
        try:
            return self.config
        except ConfigError:
            if self.database is None or self.config_path is not None:
                raise
            return None

    @property
    def local_now(self) -> datetime:
        """Now in the zone that people are shown times in."""
        return self.clock().astimezone(ZoneInfo(self.display.timezone))

    @contextmanager
    def store(self, *, create: bool = False) -> "Iterator[Store]":
        """The database, closed afterwards. Only a command that writes may create it, and says so."""
        from aggregator.store import Store

        if create or self.database is None:
            settings = self.config.store
            url = settings.database
        else:
            settings, url = None, database_url(self.database)
        with Store.open(url, create=create, settings=settings) as store:
            if store.created:
                self.say(f"Created the database {store.url}")
            if store.backup is not None:
                self.say(f"Brought the database up to date; as it was before, it is kept in {store.backup}")
            yield store

    def warn(self) -> None:
        """Say what is doubtful in the configuration: for commands that act on it, not for those that read the store."""
        for problem in self.config.warnings:
            self.say(f"Warning: {problem}")

    def screen(self) -> "Screen":
        """What text on stdout is laid out for."""
        from aggregator.render.text import Screen

        return Screen(
            now=self.local_now,
            width=max(1, shutil.get_terminal_size((80, 24)).columns),
            colour=on_terminal() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb",
            language=self.display.language,
        )

    def say(self, message: str) -> None:
        """A message for the person at the terminal; -q leaves it out."""
        if self.verbosity >= 0:
            click.echo(message, file=sys.stderr)

    def start_logging(self, level: int = logging.WARNING) -> None:
        """Log to stderr: from `level` on, one step more for each -v, one less for each -q."""
        from aggregator.cli.log import start

        start(max(logging.DEBUG, level - 10 * self.verbosity), everything=self.verbosity > 1)


def on_terminal() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()


def database_url(text: str) -> str:
    """A database as a person names it: a URL, or the path of an SQLite file, relative to the working directory."""
    from aggregator.config import database_url as read

    try:
        return read(text, folder=Path.cwd())
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="'--database'") from None


pass_session = click.make_pass_decorator(Session)
