"""`aggregator stories`: what the outlets report on."""

import click

from aggregator.cli.grammar import Noun
from aggregator.cli.listing import list_formats, print_list
from aggregator.cli.options import WHEN, WHEN_HELP, instant
from aggregator.cli.output import RECORDS, Output, output_options
from aggregator.cli.session import Session, pass_session
from aggregator.model import Related
from aggregator.render import Listing, jsonable


@click.group(cls=Noun)
def stories() -> None:
    """Events and the articles on each.

    \b
      aggregator stories --since 24h
      aggregator stories show 4f2a
    """


@stories.command("list")
@click.option(
    "--since", metavar=WHEN, help=f"Reported on since: {WHEN_HELP}. Default: the window of [relate]."
)
@click.option(
    "--limit", type=click.IntRange(min=1), metavar="N", default=20, show_default=True, help="At most so many."
)
@output_options(*RECORDS)
@pass_session
def list_(session: Session, since: str | None, limit: int, output: Output) -> None:
    """List the top stories: how many outlets report independently, and how lately.

    \b
      aggregator stories list --since 24h --limit 10
    """
    from aggregator.pipeline import lists

    with session.store() as store:
        top = lists.top_stories(
            store, session.relate, now=session.clock(), limit=limit, since=instant(session, since, "--since")
        )

    def table() -> str:
        from aggregator.render import text

        return text.stories(top, session.screen())

    output.records(
        [jsonable.story(story) for story in top],
        session=session,
        table=table,
        nothing="No stories in that time.",
    )


@stories.command()
@click.argument("story", metavar="ID")
@list_formats
@pass_session
def show(session: Session, story: str, output: Output) -> None:
    """The articles on one event, newest first. A unique start of the id will do.

    \b
      aggregator stories show 4f2a
      aggregator stories show 4f2a --json
    """
    from aggregator.pipeline import lists

    with session.store() as store:
        group, reports = lists.story(store, story)
    entries = tuple(Related(item=report, score=group.score, relation="same_story") for report in reports)
    listing = Listing(
        key=f"story/{group.id}",
        heading=group.headline,
        entries=entries,
        now=session.local_now,
        language=session.display.language,
        labels=False,
    )
    print_list(output, listing, session=session, nothing="The articles of this story are no longer stored.")
