"""`aggregator items`: what is stored."""

import webbrowser

import click

from aggregator.cli.grammar import Noun
from aggregator.cli.options import Filters, item_filters
from aggregator.cli.output import RECORDS, Output, output_options, write
from aggregator.cli.session import Session, pass_session
from aggregator.errors import AggregatorError
from aggregator.render import jsonable
from aggregator.render.safe import visible, web_url


@click.group(cls=Noun)
def items() -> None:
    """What is stored: list, show, count or open articles.

    \b
      aggregator items --since 6h --outlet guardian
      aggregator items --search 'ferry "Cape Lorne"' --json
      aggregator items show 4711
    """


@items.command("list")
@item_filters
@output_options(*RECORDS)
@pass_session
def list_(session: Session, filters: Filters, output: Output) -> None:
    """List articles, newest first; what --search finds, the best matches first.

    \b
      aggregator items list --since yesterday --missing date
    """
    with session.store() as store:
        found = filters.items(session, store)

        def table() -> str:
            from aggregator.render import text

            return text.items(found, session.screen())

        record = jsonable.found_item if filters.search.strip() else jsonable.item
        output.records(
            [record(item) for item in found], session=session, table=table, nothing="No items match."
        )


@items.command()
@item_filters
@pass_session
def count(session: Session, filters: Filters) -> None:
    """Count articles; --limit does not apply.

    \b
      aggregator items count --since 24h --agency Reuters
    """
    with session.store() as store:
        write(f"{filters.count(session, store)}\n")


@items.command()
@click.argument("article", metavar="ID|URL")
@output_options("json")
@pass_session
def show(session: Session, article: str, output: Output) -> None:
    """Show everything that is known of one article.

    \b
      aggregator items show 4711
      aggregator items show https://www.harbourpost.example/2026/05/14/varga --json
    """
    from aggregator.pipeline.lists import find_item

    with session.store() as store:
        details = store.article_details(find_item(store, article).id)
        assert details is not None, "it was found a moment ago"
        verdicts = store.verdicts_about(*(key.hash for key in details.keys))

    def table() -> str:
        from aggregator.render.text import detail

        return detail.item(
            details.item,
            session.screen(),
            sightings=details.sightings,
            keys=details.keys,
            neighbours=details.neighbours,
            visited=details.visit,
            verdicts=verdicts,
        )

    record = jsonable.item_in_full(
        details.item,
        sightings=details.sightings,
        keys=details.keys,
        neighbours=details.neighbours,
        visited=details.visit,
        verdicts=verdicts,
    )
    output.record(record, session=session, table=table)


@items.command("open", short_help="Open an article in the browser.")
@click.argument("article", metavar="ID|URL")
@pass_session
def open_(session: Session, article: str) -> None:
    """Open an article's page in the browser ($BROWSER, else the desktop's).

    \b
      aggregator items open 4711
    """
    from aggregator.pipeline.lists import find_item

    with session.store() as store:
        url = web_url(find_item(store, article).article.url)
    if url is None:
        raise AggregatorError(f"item {article} has no address that a browser may open")
    if not webbrowser.open(url):
        session.say("No browser could be started. The address is:")
        write(f"{visible(url)}\n")
