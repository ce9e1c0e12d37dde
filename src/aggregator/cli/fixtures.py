"""`aggregator sources fixture` and `aggregator replay`: pages saved with what was read in them, and read again."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from aggregator.cli.grammar import Command
from aggregator.cli.output import Output, output_options, page, print_json, write
from aggregator.cli.session import Session
from aggregator.errors import AggregatorError, FeedError
from aggregator.model import Document, Feed, FeedKind, Source
from aggregator.render.jsonable import Json
from aggregator.render.safe import visible

if TYPE_CHECKING:
    from aggregator.replay import Kind, Replayed

KINDS = (*get_args(FeedKind), "page")


@click.command(cls=Command, short_help="Save its pages and what is read in them.")
@click.argument("source", metavar="ID|NAME")
@click.option(
    "--out",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("fixtures"),
    show_default=True,
    help="Where to: DIR/ID/WHAT_DAY.html and the same name + .json.",
)
@click.option(
    "--file",
    metavar="PAGE",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="This page on disk; nothing is fetched. Needs --url.",
)
@click.option("--url", metavar="URL", help="Where the page of --file is from.")
@click.option(
    "--kind",
    type=click.Choice(KINDS),
    help="What the page of --file is. Default: as the feed with this URL, else listing.",
)
@click.option("--saved", is_flag=True, help="The documents that drifting feeds left in the database.")
@click.option("--force", is_flag=True, help="Write over files that are there.")
@click.pass_context
def fixture(
    ctx: click.Context,
    source: str,
    folder: Path,
    file: Path | None,
    url: str | None,
    kind: "Kind | None",
    saved: bool,
    force: bool,
) -> None:
    """Save an outlet's pages as they are now, each with the entries that are read in it. `aggregator replay` reads them
    again whenever a parser has changed. A page that cannot be read yet is saved too, with the error.

    \b
      aggregator sources fixture guardian --out tests/pages
      aggregator sources fixture cnn --file lite.html --url https://lite.cnn.com/
      aggregator sources fixture cnn --saved
    """
    if (file is None) != (url is None):
        raise click.UsageError("--file and --url belong together.")
    if saved and file is not None:
        raise click.UsageError("--saved and --file exclude each other; choose one.")
    if kind is not None and file is None:
        raise click.UsageError("--kind says what the page of --file is.")
    session = ctx.ensure_object(Session)
    known = session.config.source(source)
    if file is not None and url is not None:
        found = [_on_disk(session, known, file, url, kind)]
    else:
        found = list(_left_behind(session, known) if saved else _fetched(session, known))
    _save(session, folder, found, force=force)
    if not found:
        ctx.exit(1)


Page = tuple[Feed, "Kind", Document]


def _fetched(session: Session, source: Source) -> Iterator[Page]:
    from aggregator.pipeline.sample import sample

    for feed, answer in sample(session.config, source, clock=session.clock):
        if isinstance(answer, FeedError):
            click.echo(f"{feed.url}: {visible(answer.message)}", err=True)
        else:
            yield feed, feed.kind, answer


def _left_behind(session: Session, source: Source) -> Iterator[Page]:
    with session.store() as store:
        left = [(feed, store.saved_document(feed.id)) for feed in source.feeds]
    if not any(document for _, document in left):
        raise AggregatorError(
            f"no feed of {source.id!r} has left a document; one is kept when a feed that had teasers, dates or images "
            "comes without"
        )
    for feed, document in left:
        if document is not None:
            session.say(f"{feed.url}: {visible(document.why)}")
            yield feed, feed.kind, _document(document.body, document.url, document.at, document.content_type)


def _on_disk(session: Session, source: Source, file: Path, url: str, kind: "Kind | None") -> Page:
    from aggregator.config import values

    try:
        address = values.address(url)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="'--url'") from None
    feed = _feed_of(source, address, kind)
    return feed, kind or feed.kind, _document(file.read_bytes(), address, session.clock(), None)


def _feed_of(source: Source, url: str, kind: "Kind | None") -> Feed:
    """The feed with this address; else another page of the outlet is read like its first feed of that kind."""
    from aggregator.config.values import same_address

    for feed in source.feeds:
        if same_address(feed.url) == same_address(url) and kind in (None, feed.kind):
            return feed
    wanted = kind or "listing"
    for feed in source.feeds:
        if feed.kind == wanted:
            return replace(feed, url=url, id=url)
    plain: FeedKind = "listing" if wanted == "page" else wanted
    return Feed(url=url, source_id=source.id, id=url, kind=plain)


def _document(body: bytes, url: str, at: Any, content_type: str | None) -> Document:
    from aggregator.replay import saved_page

    return saved_page(body, url, at, content_type)


def _save(session: Session, folder: Path, pages: list[Page], *, force: bool) -> None:
    from aggregator.outlets import PARSERS
    from aggregator.parse.own import own_parser
    from aggregator.parse.sandbox import Sandbox
    from aggregator.replay import Fixture, make_fixture, write_fixtures

    fixtures: list[Fixture] = []
    with Sandbox() as sandbox:
        for feed, kind, document in pages:
            own = None if kind == "page" else own_parser(feed, session.config.parsers, PARSERS)
            taken = [made.page for made in fixtures]
            fixtures.append(
                make_fixture(folder, document, feed, kind, own=own, tolerant=sandbox.parse, taken=taken)
            )
    write_fixtures(fixtures, force=force)
    for made in fixtures:
        told = f"not read yet: {visible(made.error)}" if made.error else _count(made.entries)
        write(f"{visible(str(made.page))}  {told}\n")


@click.command(cls=Command, short_help="Read saved pages again and compare.")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--accept", is_flag=True, help="From now on expect what is read now.")
@output_options("json", fields=False)
@click.pass_context
def replay(ctx: click.Context, folder: Path, accept: bool, output: Output) -> None:
    """Read every page under DIR that `aggregator sources fixture` saved with the present parsers, and say which entries and
    fields are read otherwise than they were. No network, no configuration; parsers of your own that the pairs name are run.

    Exit code 1 when something differs, 2 when there is nothing to replay.

    \b
      aggregator replay fixtures
      aggregator replay fixtures --accept
    """
    from aggregator.parse.sandbox import Sandbox
    from aggregator.replay import find_pairs
    from aggregator.replay import replay as read_again

    pairs = find_pairs(folder)
    if not pairs:
        raise click.UsageError(
            f"there is no pair of a page and its .json under {folder}; `aggregator sources fixture ID --out {folder}` "
            "makes some."
        )
    with Sandbox() as sandbox:
        done = [read_again(pair, accept=accept, tolerant=sandbox.parse) for pair in pairs]
    if output.format == "json":
        print_json([_record(one, folder) for one in done])
    else:
        page("".join(_told(one, folder, accepted=accept) for one in done))
    if any(one.problem or (one.differences and not accept) for one in done):
        ctx.exit(1)


def _count(entries: int) -> str:
    return "1 entry" if entries == 1 else f"{entries} entries"


def _record(done: "Replayed", folder: Path) -> Json:
    return {
        "pair": done.page.relative_to(folder).as_posix(),
        "ok": done.ok,
        "entries": done.entries,
        "problem": done.problem,
        "differences": [
            {
                "entry": one.entry,
                "title": one.title,
                "field": one.field,
                "expected": one.expected,
                "got": one.got,
            }
            for one in done.differences
        ],
    }


def _told(done: "Replayed", folder: Path, *, accepted: bool) -> str:
    from aggregator.replay import describe

    name = visible(done.page.relative_to(folder).as_posix())
    if done.problem is not None:
        return f"broken    {name}  {visible(done.problem)}\n"
    if done.ok:
        return f"ok        {name}  {_count(done.entries)}\n"
    lines = [f"{'accepted ' if accepted else 'differs  '} {name}"]
    lines += [f"  {visible(describe(one))}" for one in done.differences]
    return "\n".join(lines) + "\n"
