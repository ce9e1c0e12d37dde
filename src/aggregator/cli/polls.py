"""`aggregator polls`: the journal of what was asked and what came back."""

import click

from aggregator.cli.grammar import Noun
from aggregator.cli.options import WHEN, WHEN_HELP, find_source, instant
from aggregator.cli.output import Output, output_options
from aggregator.cli.session import Session, pass_session
from aggregator.render import jsonable


@click.group(cls=Noun, short_help="The journal of what was asked and what came back.")
def polls() -> None:
    """The journal: every feed of every run, kept for 30 days unless configured otherwise.

    \b
      aggregator polls --since 24h --failed
      aggregator polls --outlet guardian --json
      aggregator polls gaps --since 7d
    """


@polls.command("list")
@click.option("--since", metavar=WHEN, help=f"Since: {WHEN_HELP}.")
@click.option("--source", "--outlet", multiple=True, metavar="ID|NAME", help="Of this outlet. Repeatable.")
@click.option(
    "--failed",
    is_flag=True,
    help="Only errors, of the last 24 h unless --since says otherwise.",
)
@click.option(
    "--limit", type=click.IntRange(min=1), metavar="N", default=50, show_default=True, help="At most so many."
)
@output_options("json", "jsonl", "csv")
@pass_session
def list_(
    session: Session, since: str | None, source: tuple[str, ...], failed: bool, limit: int, output: Output
) -> None:
    """List polls, newest first.

    \b
      aggregator polls list --since yesterday --fields at,source_id,outcome,new
    """
    with session.store() as store:
        known = store.sources() if source else ()
        # The journal of a month has a million lines where 500 feeds are asked every quarter of an hour.
        after = instant(session, since or ("24h" if failed else None), "--since")
        feeds = [feed.id for name in source for feed in find_source(known, name).feeds]
        runs = store.polls(
            since=after,
            feed_ids=feeds if source else None,
            limit=None if failed else limit,
        )
    if failed:
        runs = [run for run in runs if run.outcome == "error"][:limit]

    def table() -> str:
        from aggregator.render import text

        return text.polls(runs, session.screen())

    output.records(
        [jsonable.poll(run) for run in runs], session=session, table=table, nothing="No polls in that time."
    )


@polls.command("gaps", short_help="When articles may have come and gone between two polls.")
@click.option("--since", metavar=WHEN, help=f"Noticed since: {WHEN_HELP}.")
@click.option("--source", "--outlet", multiple=True, metavar="ID|NAME", help="Of this outlet. Repeatable.")
@click.option(
    "--limit", type=click.IntRange(min=1), metavar="N", default=50, show_default=True, help="At most so many."
)
@output_options("json", "jsonl", "csv")
@pass_session
def gaps(session: Session, since: str | None, source: tuple[str, ...], limit: int, output: Output) -> None:
    """List possible gaps: two successive documents of a feed that had no article in common, newest first.

    What the outlet's sitemaps and section pages bring afterwards is counted as filling the gap.

    \b
      aggregator polls gaps --since 7d --outlet guardian
    """
    with session.store() as store:
        ids = [find_source(store.sources(), name).id for name in source] if source else None
        noticed = store.gaps(since=instant(session, since, "--since"), source_ids=ids, limit=limit)

    def table() -> str:
        from aggregator.render import text

        return text.gaps(noticed, session.screen())

    output.records(
        [jsonable.gap(gap) for gap in noticed],
        session=session,
        table=table,
        nothing="No gaps: successive polls overlapped, so nothing can have been missed in between.",
    )
