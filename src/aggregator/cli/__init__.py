"""The edge that people and scripts call: reads the arguments, the environment and the clock, prints, and exits.

grammar.py  how a command line is read          session.py  what the global options say
options.py  filters that lists share            output.py   formats that lists share
log.py      log lines without secrets           and one module per noun
"""

from typing import NoReturn

import click

from aggregator import __version__
from aggregator.cli.grammar import Root

COMMANDS = {
    "init": "aggregator.cli.init:init",
    "poll": "aggregator.cli.poll:poll",
    "run": "aggregator.cli.poll:run",
    "items": "aggregator.cli.items:items",
    "related": "aggregator.cli.related:related",
    "topics": "aggregator.cli.topics:topics",
    "stories": "aggregator.cli.stories:stories",
    "sources": "aggregator.cli.sources:sources",
    "polls": "aggregator.cli.polls:polls",
    "why": "aggregator.cli.why:why",
    "verdicts": "aggregator.cli.verdicts:verdicts",
    "status": "aggregator.cli.status:status",
    "replay": "aggregator.cli.fixtures:replay",
    "doctor": "aggregator.cli.doctor:doctor",
    "config": "aggregator.cli.config:config",
    "db": "aggregator.cli.db:db",
}
HIDDEN = {"tour": "aggregator.cli.tour:tour"}


@click.group(cls=Root, lazy=COMMANDS, hidden=HIDDEN)
@click.version_option(__version__, prog_name="aggregator")
def root() -> None:
    """Poll news outlets, store every article once, and select the related ones.

    \b
      aggregator poll                   ask every outlet that is due
      aggregator items --since 6h       what is new
      aggregator related 4711           the list beside an article
      aggregator stories                what the outlets report on

    Global options stand before or after the command.
    """


def main() -> NoReturn:
    """The console script."""
    root.main(prog_name="aggregator")
