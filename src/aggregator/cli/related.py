"""`aggregator related`: the list beside an article."""

import click

from aggregator.cli.grammar import Command
from aggregator.cli.listing import list_formats, print_list
from aggregator.cli.output import Output
from aggregator.cli.session import Session, pass_session
from aggregator.model import Related
from aggregator.render import Listing


@click.command(cls=Command)
@click.argument("article", metavar="ID|URL")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help="Entries at most. Default: as configured, else 5.",
)
@click.option(
    "--sort",
    type=click.Choice(["newest", "score"]),
    default="newest",
    show_default=True,
    help="The best are chosen by score either way; this is the order they are shown in.",
)
@click.option("--explain", is_flag=True, help="Say why each entry is in the list, with its score.")
@click.option(
    "--as-of",
    type=click.Choice(["now", "article"]),
    default="now",
    show_default=True,
    help="What may stand in the list: all that is known now, or at the moment the article appeared.",
)
@list_formats
@pass_session
def related(
    session: Session, article: str, limit: int | None, sort: str, explain: bool, as_of: str, output: Output
) -> None:
    """The list of related articles beside a stored article.

    \b
      aggregator related 4711
      aggregator related 4711 --explain --sort score
      aggregator related https://www.harbourpost.example/2026/05/14/varga --html > sidebar.html
    """
    from aggregator.pipeline import lists

    with session.store() as store:
        item = lists.find_item(store, article)
        chosen = lists.related(
            store,
            session.relate,
            item,
            now=session.clock(),
            limit=limit or session.relate.limit,
            as_of=item.article.first_seen_at if as_of == "article" else None,
        )
    listing = Listing(
        key=f"related/{item.id}",
        heading="",
        entries=tuple(chosen if sort == "score" else newest_first(chosen)),
        now=session.local_now,
        language=session.display.language,
        home_url=item.article.url,
    )
    print_list(
        output,
        listing,
        session=session,
        explain=explain,
        title=f"Related to {item.article.title} ({item.outlet})",
        nothing="Nothing related is known yet.",
    )


def newest_first(entries: list[Related]) -> list[Related]:
    """As readers expect a list: by time of publication, then of arrival."""
    return sorted(entries, key=lambda entry: (entry.item.article.published_at, entry.item.id), reverse=True)
