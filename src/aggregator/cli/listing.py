"""A list of related articles -> stdout, in the formats that `related`, `topics show` and `stories show` share."""

from aggregator.cli.output import PAGES, RECORDS, Output, output_options, print_json, print_markup
from aggregator.cli.session import Session
from aggregator.render import Listing, jsonable

list_formats = output_options(*RECORDS, *PAGES)


def print_list(
    output: Output,
    listing: Listing,
    *,
    session: Session,
    nothing: str,
    explain: bool = False,
    title: str = "",
) -> None:
    """Print entries in the order given.

    Args:
        explain: text only: show scores and reasons (the machine formats always hold them).
        title: text only: what stands above the list; default: the listing's heading.
        nothing: text only: what a person is told of an empty list.
    """
    match output.format:
        case "html":
            from aggregator.render.html import sidebar

            print_markup(sidebar(listing))
        case "rss":
            from aggregator.render.feeds import rss

            print_markup(rss(listing))
        case "atom":
            from aggregator.render.feeds import atom

            print_markup(atom(listing))
        case "jsonfeed":
            from aggregator.render.feeds import jsonfeed

            print_json(jsonfeed(listing))
        case _:
            from aggregator.render import text

            def table() -> str:
                screen = session.screen()
                cards = text.entries(listing.entries, screen, explain=explain, labels=listing.labels)
                return f"{text.heading(title or listing.heading, screen)}\n{cards}"

            records = [jsonable.related(entry, listing.now, listing.language) for entry in listing.entries]
            output.records(records, session=session, table=table, nothing=nothing)
