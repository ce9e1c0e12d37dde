"""`aggregator init`: a folder to start from."""

import shlex
import sys
from pathlib import Path

import click

from aggregator.cli.grammar import Command
from aggregator.errors import AggregatorError


@click.command(cls=Command)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
def init(folder: Path) -> None:
    """Write a small configuration into DIR, and say how to go on. Nothing that is there is overwritten.

    \b
      aggregator init news
      aggregator --config news/sources.toml poll
    """
    from aggregator.starter import SOURCES

    path = folder / "sources.toml"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as new:
            new.write(SOURCES.read_text(encoding="utf-8"))
    except FileExistsError:
        raise AggregatorError(f"{path} is there already and stays as it is; name another folder") from None
    except OSError as error:
        raise AggregatorError(f"{path} cannot be written: {error.strerror}") from error
    program = shlex.quote(str(Path(sys.argv[0]).absolute()))
    config = shlex.quote(str(path.absolute()))
    click.echo(f"Wrote {path}: three outlets and a topic to start from.\n")
    click.echo("Poll once:")
    click.echo(f"  aggregator --config {config} poll\n")
    click.echo("Poll every five minutes, as a line of `crontab -e`:")
    click.echo(f"  */5 * * * * {program} --config {config} poll -q")
