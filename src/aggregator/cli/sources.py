"""`aggregator sources`: the outlets, how their feeds are, and what one would bring."""

from collections.abc import Sequence
from dataclasses import asdict

import click

from aggregator import health
from aggregator.cli import fixtures, sources_change
from aggregator.cli.config import report_check
from aggregator.cli.grammar import Noun
from aggregator.cli.output import RECORDS, Output, output_options, page, print_json
from aggregator.cli.session import Session, pass_session
from aggregator.errors import FeedError, FetchError, ParseError
from aggregator.model import Article, Feed, ParsedFeed
from aggregator.render import jsonable
from aggregator.render.jsonable import Json
from aggregator.render.safe import visible

Preview = tuple[Feed, ParsedFeed | FeedError, Sequence[Article | str]]


@click.group(cls=Noun)
def sources() -> None:
    """The outlets and the health of their feeds.

    \b
      aggregator sources
      aggregator sources test guardian
      aggregator sources add https://www.theguardian.com/
    """


for command in (
    sources_change.add,
    sources_change.import_,
    sources_change.export,
    sources_change.pause,
    sources_change.resume,
    fixtures.fixture,
):
    sources.add_command(command)


@sources.command("list", short_help="List outlets and how their feeds are.")
@click.option("--failing", is_flag=True, help="Only those with a feed that failed when it was last asked.")
@output_options(*RECORDS)
@pass_session
def list_(session: Session, failing: bool, output: Output) -> None:
    """List outlets: when each feed was asked, when it brought something new, how it is.

    \b
      aggregator sources list --failing
    """
    with session.store() as store:
        states, habits = store.feed_states(), store.feed_habits()
        known = [
            source
            for source in store.sources()
            if not failing or any(feed.id in states and states[feed.id].error_count for feed in source.feeds)
        ]

    healths = health.survey(known, states, habits, session.clock())

    def table() -> str:
        from aggregator.render import text

        return text.sources(known, states.get, session.screen(), healths)

    nothing = (
        "No feed is failing."
        if failing
        else "No outlets yet: `aggregator poll` takes them from the configuration."
    )
    records = [jsonable.source(source, states.get, healths) for source in known]
    output.records(records, session=session, table=table, nothing=nothing)


@sources.command(short_help="Show one as it is configured.")
@click.argument("source", metavar="ID|NAME")
@output_options("json", fields=False)
@pass_session
def show(session: Session, source: str, output: Output) -> None:
    """Show an outlet as the configuration has it: its feeds, what kind they are, and which parser reads them. No network, no
    database.

    \b
      aggregator sources show guardian
    """
    from aggregator.render import text

    known = session.config.source(source)
    feeds = [_configured_feed(session, feed) for feed in known.feeds]
    told: Json = {
        name: getattr(known, name)
        for name in ("id", "name", "url", "language", "country", "owner", "agency", "enrich", "text_by")
    }
    if output.format == "json":
        print_json({**told, "paused": known.paused, "feeds": feeds})
        return
    screen = session.screen()
    parts = [text.facts([(name, value) for name, value in told.items() if value], screen)]
    for feed in feeds:
        facts = [(name, text.cell(value)) for name, value in feed.items() if name != "url" and value]
        parts.append(text.heading(feed["url"], screen) + text.facts(facts, screen))
    page("\n".join(parts))


def _configured_feed(session: Session, feed: Feed) -> Json:
    """What decides how it is read. Headers and proxies, which may be secret, are not in it."""
    from aggregator.outlets import PARSERS
    from aggregator.parse.own import own_parser

    own = own_parser(feed, session.config.parsers, PARSERS)
    selectors = asdict(feed.selectors) if feed.selectors is not None else {}
    return {
        "url": feed.url,
        "id": feed.id,
        "kind": feed.kind,
        "parser": own.name if own is not None else None,
        "selectors": {name: css for name, css in selectors.items() if css},
        "topics": list(feed.topics),
        "language": feed.language,
        "timezone": feed.timezone,
        "paused": feed.paused,
    }


@sources.command(short_help="Check the configuration.")
@pass_session
def check(session: Session) -> None:
    """Check the configuration: every mistake with file, line and key. No network, no database.

    \b
      aggregator sources check --config config/sources.toml
    """
    report_check(session)


@sources.command(short_help="Fetch one and show what would be stored.")
@click.argument("source", metavar="ID|NAME")
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    metavar="N",
    default=5,
    show_default=True,
    help="Articles shown of each feed; 0: all.",
)
@output_options("json", fields=False)
@click.pass_context
def test(ctx: click.Context, source: str, limit: int, output: Output) -> None:
    """Fetch an outlet's feeds now and show what would be stored. Nothing is written.

    \b
      aggregator sources test guardian
    """
    from aggregator.outlets import PARSERS
    from aggregator.pipeline.preview import preview

    session = ctx.ensure_object(Session)
    shown = preview(session.config, session.config.source(source), clock=session.clock, outlets=PARSERS)
    if output.format == "json":
        print_json([_preview_record(one) for one in shown])
    else:
        page("\n".join(_preview_text(one, limit, session) for one in shown))
    if all(isinstance(parsed, FeedError) for _, parsed, _ in shown):
        ctx.exit(1)


def _preview_record(preview: Preview) -> Json:
    feed, parsed, made = preview
    record: Json = {
        "url": feed.url,
        "kind": feed.kind,
        "title": None,
        "parser": None,
        "malformed": None,
        "articles": [jsonable.article(article) for article in made if isinstance(article, Article)],
        "rejected": [reason for reason in made if isinstance(reason, str)],
        "error": None,
    }
    if isinstance(parsed, FeedError):
        return {**record, "error": {"kind": _kind(parsed), "message": parsed.message}}
    return {**record, "title": parsed.title, "parser": parsed.parser, "malformed": parsed.malformed}


def _preview_text(preview: Preview, limit: int, session: Session) -> str:
    from aggregator.render import text

    feed, parsed, made = preview
    screen = session.screen()
    if isinstance(parsed, FeedError):
        return text.heading(feed.url, screen) + f"{_kind(parsed)}: {visible(parsed.message)}\n"
    articles = [article for article in made if isinstance(article, Article)]
    reasons = [reason for reason in made if isinstance(reason, str)]
    lines = [
        f"{len(articles)} articles, {len(reasons)} rejected, read by the {parsed.parser or 'usual'} parser"
    ]
    if parsed.malformed:
        lines.append(f"malformed: {visible(parsed.malformed)}")
    lines += [f"rejected: {visible(reason)}" for reason in dict.fromkeys(reasons)]
    lines += _lacking(articles) if session.config.source(feed.source_id).enrich == "never" else []
    shown = articles[: limit or None]
    if len(shown) < len(articles):
        lines.append(f"the first {len(shown)}:")
    return (
        text.heading(feed.url, screen) + "".join(f"{line}\n" for line in lines) + text.articles(shown, screen)
    )


def _lacking(articles: Sequence[Article]) -> list[str]:
    """What most articles have none of, and where it could come from."""
    lacks = {
        "teaser": sum(not article.teaser for article in articles),
        "time": sum(article.published_origin == "first_seen" for article in articles),
        "picture": sum(article.image is None for article in articles),
    }
    most = [f"{times} have no {name}" for name, times in lacks.items() if 2 * times > len(articles)]
    return [f'{", ".join(most)}: enrich = "missing" takes it from their own pages'] if most else []


def _kind(error: FeedError) -> str:
    return error.kind if isinstance(error, FetchError | ParseError) else "error"
