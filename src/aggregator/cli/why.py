"""`aggregator why`: what became of an address."""

import click

from aggregator.cli.grammar import Command
from aggregator.cli.output import Output, output_options
from aggregator.cli.session import Session, pass_session
from aggregator.render import jsonable


@click.command(
    cls=Command, short_help="What became of an address: listed, a copy, hidden, purged, rejected, not served."
)
@click.argument("article", metavar="ID|URL")
@output_options("json", fields=False)
@pass_session
def why(session: Session, article: str, output: Output) -> None:
    """Say what became of an article: stored and listed, a copy of another, hidden, purged, rejected, or never served.

    \b
      aggregator why https://www.harbourpost.example/2026/05/14/varga
      aggregator why 4711 --json
    """
    from aggregator.pipeline.why import why as ask

    with session.store() as store:
        answer = ask(store, article)

    def table() -> str:
        from aggregator.render import text

        return text.why(answer, session.screen())

    output.record(jsonable.why(answer), session=session, table=table)
