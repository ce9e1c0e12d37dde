"""`aggregator sources add, import, export, pause, resume`: what an editor does to the list of outlets.

Writes configuration files only; everything else about them stays as it was.
"""

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, get_args
from urllib.parse import urlsplit

import click

from aggregator.cli.grammar import Command
from aggregator.cli.output import Output, output_options, page, print_json, write
from aggregator.cli.session import Session, pass_session
from aggregator.errors import AggregatorError, ConfigError
from aggregator.model import Feed, FeedKind, Source
from aggregator.render.jsonable import Json, optional_instant
from aggregator.render.safe import visible

if TYPE_CHECKING:
    from aggregator.config import Config
    from aggregator.config.imported import Plan
    from aggregator.pipeline.discover import Discovery, Trial

DRY_RUN = click.option("--dry-run", is_flag=True, help="Show what would be written; write nothing.")


@click.command(cls=Command, short_help="Find what a site publishes and add it.")
@click.argument("url", metavar="URL")
@click.option("--id", "id_", metavar="ID", help="Its id. Default: made from its name.")
@click.option(
    "--name", metavar="NAME", help="Its name, as readers know it. Default: as the site calls itself."
)
@click.option("--language", "--lang", metavar="L", help="Its language. Default: as the feed or page says.")
@click.option("--kind", type=click.Choice(get_args(FeedKind)), help="Look for this kind only.")
@click.option("--yes", is_flag=True, help="Do not ask before writing.")
@DRY_RUN
@output_options("json", fields=False)
@click.pass_context
def add(
    ctx: click.Context,
    url: str,
    id_: str | None,
    name: str | None,
    language: str | None,
    kind: FeedKind | None,
    yes: bool,
    dry_run: bool,
    output: Output,
) -> None:
    """Look at any page of a site, or at a feed itself, and add the site with what is best to poll: its feed, else its news
    sitemap, else the page as a listing. Each is fetched once and shown with what it holds.

    \b
      aggregator sources add https://www.harbourpost.example/ --dry-run
      aggregator sources add harbourpost.example --id harbour-post
    """
    from aggregator.config.edit import Draft, source_toml, where_feed
    from aggregator.pipeline.discover import discover

    session = ctx.ensure_object(Session)
    config = session.config
    address = _web_address(url)
    given = _given(config, id_, name, language)
    if standing := where_feed(config, address):
        raise ConfigError([standing])
    found = discover(config.fetch, address, clock=session.clock, kind=kind, say=session.say)
    best = found.best
    source = _source(found, best, config, given) if best is not None else None
    toml = source_toml(source) if source is not None else ""
    if output.format == "json":
        print_json(_discovery_record(found, source, toml))
    elif best is not None:
        page(f"{_discovery_text(found, session)}\n{toml}")
    if best is None or source is None:
        raise AggregatorError(_nothing_found(found))
    if standing := where_feed(config, best.url) or where_feed(config, best.candidate.url):
        raise ConfigError([standing])
    _warn_of_neighbours(session, config, source)
    if dry_run:
        return
    if not yes and _interactive() and not click.confirm(f"Add this to {config.path}?", err=True):
        session.say("Nothing is written")
        return
    draft = Draft()
    draft.add_sources(config.path, toml)
    draft.write(config.path, environ=os.environ)
    session.say(f"Added {source.id!r} to {config.path}; `aggregator poll --source {source.id}` asks it now")


@click.command("import", cls=Command, short_help="Add the feeds of an OPML file.")
@click.argument(
    "file", metavar="FILE.opml", type=click.Path(path_type=Path, dir_okay=False, exists=True, allow_dash=True)
)
@DRY_RUN
@output_options("json", fields=False)
@pass_session
def import_(session: Session, file: Path, dry_run: bool, output: Output) -> None:
    """Add the feeds of an OPML file, as feed readers export it. What is configured already is left as it is.

    The outlets go into a file of their own, sources.d/imported-NAME.toml, when the configuration includes that folder;
    else into the configuration itself. Nothing is fetched; `aggregator poll` says which of the feeds answer.

    \b
      aggregator sources import subscriptions.opml --dry-run
    """
    from aggregator.config import imported
    from aggregator.config.edit import Draft, included_file, where_source
    from aggregator.config.naming import slug
    from aggregator.parse.opml import MAX_BYTES, parse_opml
    from aggregator.pipeline.discover import refusal

    config = session.config
    with click.open_file(str(file), "rb") as stream:
        parsed = parse_opml(stream.read(MAX_BYTES + 1), str(file))
    if parsed.malformed:
        session.say(f"Warning: {file}: {visible(parsed.malformed)}; read as far as it can be understood")
    plan = imported.plan(parsed.outlines, config, refusal=lambda url: refusal(url, config.fetch))
    draft = Draft()
    target = included_file(config, f"imported-{slug(file.stem) or 'list'}.toml") or config.path
    if plan.sources:
        draft.add_sources(target, plan.toml())
    for id, feeds in plan.feeds.items():
        draft.add_feeds(where_source(config, id), id, feeds)
    changed = bool(plan.sources or plan.feeds)
    if changed and not dry_run:
        draft.write(config.path, environ=os.environ)
    if output.format == "json":
        print_json(_plan_record(plan, target if plan.sources else None))
    elif dry_run and changed:
        write(draft.added())
    for left in plan.left:
        where = f"{file}:{left.outline.line}" if left.outline.line else str(file)
        session.say(
            f"{where}: {visible(left.outline.title) or 'an outline'}: not taken: {visible(left.reason)}"
        )
    session.say(_plan_summary(plan, target, dry_run=dry_run))
    if not changed and plan.left and not plan.duplicates:
        raise AggregatorError(f"{file}: none of its {len(plan.left)} outlines can be polled")


@click.command(cls=Command, short_help="Write the outlets as OPML.")
@click.option(
    "--output",
    "target",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write into this file instead of to stdout.",
)
@pass_session
def export(session: Session, target: Path | None) -> None:
    """Write all outlets and their feeds as OPML 2.0, for any feed reader and for `aggregator sources import`. Headers and
    proxies, which may be secret, stay behind.

    \b
      aggregator sources export --output outlets.opml
    """
    from aggregator.parse.opml import Outline, render_opml

    outlines = [
        Outline(
            title=source.name,
            xml_url=feed.url,
            html_url=source.url,
            language=feed.language or source.language,
            kind=feed.kind,
        )
        for source in session.config.sources
        for feed in source.feeds
    ]
    opml = render_opml("Outlets", outlines, now=session.clock())
    if target is None:
        write(opml.decode())
        return
    try:
        target.write_bytes(opml)
    except OSError as error:
        raise AggregatorError(f"{target} cannot be written: {error.strerror}") from error
    session.say(f"Wrote {len(outlines)} feeds into {target}")


@click.command(cls=Command, short_help="Stop polling one; what is stored stays.")
@click.argument("source", metavar="ID|NAME")
@DRY_RUN
@pass_session
def pause(session: Session, source: str, dry_run: bool) -> None:
    """Write `paused = true` where the outlet stands in the configuration.

    \b
      aggregator sources pause guardian
    """
    _set_paused(session, source, True, dry_run=dry_run)


@click.command(cls=Command, short_help="Poll a paused one again.")
@click.argument("source", metavar="ID|NAME")
@DRY_RUN
@pass_session
def resume(session: Session, source: str, dry_run: bool) -> None:
    """Write `paused = false` where the outlet stands in the configuration.

    \b
      aggregator sources resume guardian
    """
    _set_paused(session, source, False, dry_run=dry_run)


def _set_paused(session: Session, name: str, paused: bool, *, dry_run: bool) -> None:
    from aggregator.config.edit import Draft

    config = session.config
    source = config.source(name)
    done = "paused" if paused else "polled"
    if source.paused == paused:
        session.say(f"{source.id!r} is {done} already; nothing is written")
        return
    draft = Draft()
    path = draft.set_paused(config, source.id, paused)
    if dry_run:
        write(draft.diff())
        return
    draft.write(config.path, environ=os.environ)
    session.say(f"{source.id!r} is {done} from now on; written into {path}")


# --- add ---------------------------------------------------------------------------------------------------------


def _web_address(written: str) -> str:
    """What a person types as an address: the scheme may be missing."""
    from aggregator.config import values

    try:
        return values.address(
            written if "://" in written or ":" in written.split(".")[0] else f"https://{written}"
        )
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="'URL'") from None


def _given(config: "Config", id: str | None, name: str | None, language: str | None) -> dict[str, str]:
    """The options, checked before anything is fetched."""
    from aggregator.config import values

    given = {}
    for option, value, read in (
        ("id", id, values.slug),
        ("name", name, values.filled_text),
        ("language", language, values.language),
    ):
        if value is not None:
            try:
                given[option] = read(value)
            except ValueError as error:
                raise click.BadParameter(str(error), param_hint=f"'--{option}'") from None
    if given.get("id") in {source.id for source in config.sources}:
        raise click.BadParameter(
            f"{given['id']!r} is the id of another source; `aggregator sources` lists all",
            param_hint="'--id'",
        )
    return given


def _source(found: "Discovery", best: "Trial", config: "Config", given: dict[str, str]) -> Source:
    from aggregator.config import naming, values
    from aggregator.parse.page.text import clean

    feed = best.feed
    assert feed is not None, "the best trial has been read"
    home = found.home_url
    if best.candidate.origin == "address" and feed.home_url:
        try:
            home = values.address(feed.home_url)
        except ValueError:
            home = found.home_url
    name = given.get("name") or found.site_name or naming.outlet_name(clean(feed.title or ""), home)
    id = given.get("id") or naming.source_id(name, home, {source.id for source in config.sources})
    return Source(
        id=id,
        name=name,
        url=home,
        language=given.get("language") or naming.known_language(feed.language, found.language),
        feeds=(Feed(url=best.url, id=best.url, source_id=id, kind=best.candidate.kind),),
    )


def _warn_of_neighbours(session: Session, config: "Config", source: Source) -> None:
    host = urlsplit(source.url).hostname
    for known in config.sources:
        if urlsplit(known.url).hostname == host:
            session.say(
                f"Warning: {known.id!r} is of {host} too; when both are one outlet, "
                "put the new feed under that source instead"
            )


def _interactive() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def _nothing_found(found: "Discovery") -> str:
    wanted = found.kind or "feed, news sitemap or listing"
    lines = [f"no {wanted} was found at {found.url}; this was tried:"]
    lines += [
        f"  {trial.candidate.kind} {trial.candidate.url} ({trial.candidate.origin}): {trial.problem or 'of another kind'}"
        for trial in found.trials
    ]
    lines.append("An address of a feed, a section page or another page of the site may do better.")
    return "\n".join(lines)


def _discovery_text(found: "Discovery", session: Session) -> str:
    from aggregator.render import text

    screen = session.screen()
    parts = []
    for trial in found.trials:
        mark = " (chosen)" if trial is found.best else ""
        candidate = trial.candidate
        facts: list[tuple[str, str]] = [
            ("found", "as given" if candidate.origin == "address" else candidate.origin)
        ]
        facts += _facts(trial) if trial.feed is not None else []
        if trial.problem is not None:
            facts.append(("not usable", trial.problem))
        parts.append(text.heading(f"{candidate.kind} {trial.url}{mark}", screen) + text.facts(facts, screen))
    return "\n".join(parts)


def _facts(trial: "Trial") -> list[tuple[str, str]]:
    total = len(trial.entries)
    if trial.candidate.kind == "listing":
        return [
            ("entries", str(total)),
            *((match.field, f"{match.count} of {total}: {match.sample[:80]}") for match in trial.matches()),
        ]
    return [
        ("title", (trial.feed.title if trial.feed else "") or trial.candidate.title),
        ("entries", str(total)),
        ("newest", optional_instant(trial.newest_at) or "no times"),
        ("with teaser", _share(trial.with_teaser, total)),
        ("with date", _share(trial.dated, total)),
    ]


def _share(part: int, whole: int) -> str:
    return f"{100 * part // whole} %" if whole else ""


def _discovery_record(found: "Discovery", source: Source | None, toml: str) -> Json:
    return {
        "url": found.url,
        "site_name": found.site_name,
        "language": found.language,
        "trials": [_trial_record(trial, found) for trial in found.trials],
        "source": {
            "id": source.id,
            "name": source.name,
            "url": source.url,
            "language": source.language,
            "feeds": [{"url": feed.url, "kind": feed.kind} for feed in source.feeds],
        }
        if source is not None
        else None,
        "toml": toml,
    }


def _trial_record(trial: "Trial", found: "Discovery") -> Json:
    return {
        "url": trial.url,
        "kind": trial.candidate.kind,
        "origin": trial.candidate.origin,
        "title": (trial.feed.title if trial.feed else None) or trial.candidate.title or None,
        "entries": len(trial.entries),
        "newest_at": optional_instant(trial.newest_at),
        "with_teaser": trial.with_teaser,
        "with_date": trial.dated,
        "matches": [
            {"field": match.field, "count": match.count, "sample": match.sample} for match in trial.matches()
        ],
        "problem": trial.problem,
        "chosen": trial is found.best,
    }


# --- import ------------------------------------------------------------------------------------------------------


def _plan_record(plan: "Plan", target: Path | None) -> Json:
    return {
        "file": str(target) if target else None,
        "sources": [
            {"id": source.id, "name": source.name, "url": source.url, "feeds": _urls(source.feeds)}
            for _, source in plan.sources
        ],
        "feeds_of_known_sources": {id: _urls(feeds) for id, feeds in plan.feeds.items()},
        "duplicates": [outline.xml_url for outline in plan.duplicates],
        "not_taken": [
            {"title": left.outline.title, "line": left.outline.line, "reason": left.reason}
            for left in plan.left
        ],
    }


def _urls(feeds: Iterable[Feed]) -> list[str]:
    return [feed.url for feed in feeds]


def _plan_summary(plan: "Plan", target: Path, *, dry_run: bool) -> str:
    from aggregator.render.text.screen import counted

    done = "Would add" if dry_run else "Added"
    into = f" (into {target})" if plan.sources else ""
    return (
        f"{done} {counted(len(plan.sources), 'outlet')}{into}, {counted(plan.feed_count, 'feed')} in all; "
        f"{len(plan.duplicates)} configured already or named twice, {len(plan.left)} not taken"
    )
