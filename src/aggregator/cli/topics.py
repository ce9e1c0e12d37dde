"""`aggregator topics`: the editors' standing subjects and their lists."""

import click

from aggregator.cli.grammar import Noun
from aggregator.cli.listing import list_formats, print_list
from aggregator.cli.options import find_topic
from aggregator.cli.output import RECORDS, Output, output_options
from aggregator.cli.related import newest_first
from aggregator.cli.session import Session, pass_session
from aggregator.render import Listing, jsonable


@click.group(cls=Noun)
def topics() -> None:
    """The editors' standing subjects, and the list of each.

    \b
      aggregator topics
      aggregator topics show ports --html
    """


@topics.command("list")
@output_options(*RECORDS)
@pass_session
def list_(session: Session, output: Output) -> None:
    """List the topics with their terms.

    \b
      aggregator topics list --json
    """
    with session.store() as store:
        known = list(store.topics())

    def table() -> str:
        from aggregator.render import text

        return text.topics(known, session.screen())

    output.records(
        [jsonable.topic(topic) for topic in known],
        session=session,
        table=table,
        nothing="No topics are configured; a [[topics]] table in sources.toml makes one.",
    )


@topics.command()
@click.argument("topic", metavar="ID|NAME")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help="Entries at most. Default: as configured, else 5.",
)
@click.option(
    "--sort", type=click.Choice(["newest", "score"]), default="newest", show_default=True, help="Order."
)
@click.option("--explain", is_flag=True, help="Say why each entry is in the list.")
@list_formats
@pass_session
def show(session: Session, topic: str, limit: int | None, sort: str, explain: bool, output: Output) -> None:
    """The list of a topic.

    \b
      aggregator topics show ports
      aggregator topics show ports --limit 20 --rss > ports.xml
    """
    from aggregator.pipeline import lists

    with session.store() as store:
        subject = find_topic(store, topic)
        chosen = lists.topic(
            store, session.relate, subject, now=session.clock(), limit=limit or session.relate.limit
        )
    listing = Listing(
        key=f"topic/{subject.id}",
        heading=subject.name,
        entries=tuple(chosen if sort == "score" else newest_first(chosen)),
        now=session.local_now,
        language=session.display.language,
        labels=False,
    )
    print_list(output, listing, session=session, explain=explain, nothing=f"Nothing on {subject.name} yet.")
