"""`aggregator poll` and `aggregator run`: ask the outlets, once or for as long as it is let."""

import logging
import shutil
import sys
from collections.abc import Collection
from typing import TYPE_CHECKING

import click

from aggregator.cli.grammar import Command
from aggregator.cli.log import without_secrets
from aggregator.cli.output import Output, output_options, print_json, write
from aggregator.cli.session import Session
from aggregator.model import Poll, Visit
from aggregator.render import jsonable

if TYPE_CHECKING:
    import httpx

    from aggregator.config import Config
    from aggregator.pipeline.poll import PollProgress, PollRun, VisitProgress
    from aggregator.store import Store

log = logging.getLogger(__name__)


@click.command(cls=Command)
@click.option("--all", "everything", is_flag=True, help="Everything, due or not.")
@click.option("--source", "--outlet", multiple=True, metavar="ID|NAME", help="Only this outlet. Repeatable.")
@click.option("--no-pages", is_flag=True, help="Feeds only; articles' own pages wait for the next run.")
@click.option("--no-link", is_flag=True, help="Store only; copies and stories wait for the next run.")
@output_options("json", fields=False)
@click.pass_context
def poll(
    ctx: click.Context,
    everything: bool,
    source: tuple[str, ...],
    no_pages: bool,
    no_link: bool,
    output: Output,
) -> None:
    """Ask every outlet that is due, store what is new, and link it.

    One line per feed, then totals. A feed that fails is recorded and asked again later; the exit code is 1 only when every
    feed failed.

    \b
      aggregator poll
      aggregator poll --all --source guardian --json
    """
    session = ctx.ensure_object(Session)
    config = session.config
    session.warn()
    feed_ids = [feed.id for name in source for feed in config.source(name).feeds] if source else None
    as_text = output.format == "table"
    with session.store(create=True) as store:
        done = run_poll(
            session,
            config,
            store,
            everything=everything,
            feed_ids=feed_ids,
            pages=not no_pages,
            link=not no_link,
            as_text=as_text,
        )
    if not as_text:
        print_json(
            jsonable.poll_run(
                done.polls, visits=done.visits, linked=done.linked, network_down=done.network_down
            )
        )
    if done.all_failed:
        ctx.exit(1)


def run_poll(
    session: Session,
    config: "Config",
    store: "Store",
    *,
    everything: bool = False,
    feed_ids: Collection[str] | None = None,
    pages: bool = True,
    link: bool = True,
    as_text: bool = True,
    transport: "httpx.AsyncBaseTransport | None" = None,
) -> "PollRun":
    """Poll, with a line on stdout per feed as it is stored and the totals behind them (`as_text`; not with -q)."""
    from aggregator.outlets import PARSERS
    from aggregator.pipeline.poll import poll as poll_outlets
    from aggregator.render import text

    as_text = as_text and session.verbosity >= 0
    lines = _Lines(source_width=max((len(source.id) for source in config.sources), default=0), shown=as_text)
    done = poll_outlets(
        config,
        store,
        clock=session.clock,
        all=everything,
        feed_ids=feed_ids,
        pages=pages,
        link=link,
        progress=lines.add,
        transport=transport,
        outlets=PARSERS,
    )
    lines.end()
    if done.visits and as_text:
        write(text.visit_totals(done.visits) + "\n")
    if not done.polls and everything:
        session.say("Every feed is in the hands of another process that polls just now.")
    elif not done.polls:
        session.say("Nothing is due; `aggregator poll --all` asks everything.")
    elif as_text:
        write(text.poll_totals(done.polls, linked=done.linked) + "\n")
    if done.network_down:
        click.echo(
            "The network seems to be down: hardly a feed could be reached, and none is blamed.", err=True
        )
    return done


@click.command(cls=Command)
@click.pass_context
def run(ctx: click.Context) -> None:
    """Keep polling and linking until told to stop (SIGTERM or Ctrl-C).

    What is due lives in the database: stopping loses nothing, and other processes may poll beside it.

    \b
      aggregator run
      aggregator run -v --config /etc/aggregator/sources.toml
    """
    from aggregator import daemon

    session = ctx.ensure_object(Session)
    session.start_logging(logging.INFO)
    session.warn()
    with session.store(create=True) as store:
        ctx.exit(
            daemon.run(session.config, store, clock=session.clock, on_poll=_log_poll, on_visit=_log_visit)
        )


def _log_poll(done: Poll) -> None:
    log.info(
        "polled source=%s outcome=%s served=%d new=%d revised=%d rejected=%d seconds=%.2f url=%s%s",
        done.source_id,
        done.outcome,
        done.served,
        done.new,
        done.revised,
        done.rejected,
        done.duration.total_seconds(),
        done.url,
        f" error={done.error_kind}: {done.error}" if done.error else "",
    )


def _log_visit(done: Visit) -> None:
    log.info(
        "visited source=%s outcome=%s item=%d url=%s note=%s",
        done.source_id,
        done.outcome,
        done.article_id,
        done.url,
        done.note,
    )


class _Lines:
    """A line per feed on stdout as it is stored; on a terminal, how far the run is in a last line that is rewritten."""

    def __init__(self, *, source_width: int, shown: bool) -> None:
        self._source_width = source_width
        self._shown = shown
        self._status = sys.stderr is not None and sys.stderr.isatty()

    def add(self, progress: "PollProgress | VisitProgress") -> None:
        from aggregator.pipeline.poll import PollProgress
        from aggregator.render.text import poll_line

        self.end()
        asked = "pages"
        if isinstance(progress, PollProgress):
            asked = "feeds"
            self._print(poll_line(progress.poll, source_width=self._source_width))
        if self._status and progress.done < progress.total:
            status = f"{progress.done} of {progress.total} {asked}"
            click.echo(status[: shutil.get_terminal_size().columns - 1], err=True, nl=False)

    def _print(self, line: str) -> None:
        if self._shown:
            try:
                write(without_secrets(line) + "\n")
            except BrokenPipeError:
                self._shown = False  # nobody reads on (`| head`): the outlets are asked all the same

    def end(self) -> None:
        """Take the status away."""
        if self._status:
            click.echo("\r\x1b[K", err=True, nl=False)
