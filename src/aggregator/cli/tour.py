"""The whole path once, for a first look: poll, top stories, one related list, three commands to go on with.

Where no outlet can be reached it runs the demonstration edition instead, so that it always ends with lists.
"""

import shlex
import tempfile
from dataclasses import replace
from importlib.resources import as_file
from pathlib import Path

import click

from aggregator.cli.grammar import Command
from aggregator.cli.poll import run_poll
from aggregator.cli.session import Session, pass_session
from aggregator.config import Config, load
from aggregator.model import Item, Related, Story
from aggregator.store import Store

STORIES = 5
DEMONSTRATION = "demonstration.db"


@click.command(cls=Command)
@pass_session
def tour(session: Session) -> None:
    """Poll the outlets, show the top stories and one related list."""
    config = session.config
    with Store.open(config.store.database, create=True, settings=config.store) as store:
        run = run_poll(session, config, store, as_text=False)
        shown = show_lists(session, config, store)
        database = store.path
    if shown is not None and not (run.polls and run.all_failed):
        suggest(shown, options="")
        return
    if run.polls:
        failed = next(poll for poll in run.polls if poll.error)
        session.say(f"\nNo outlet could be reached ({failed.source_id}: {failed.error}).")
    else:
        session.say("\nNothing is stored yet and nothing is due.")
    demonstrate(session, database.parent if database else Path(tempfile.gettempdir()))


def demonstrate(session: Session, folder: Path) -> None:
    """Run the demonstration edition into a database of its own in this folder, made anew."""
    from aggregator import demo

    with as_file(demo.SOURCES) as path:
        edition = load(path, environ={})
    database = folder / DEMONSTRATION
    for leftover in folder.glob(f"{DEMONSTRATION}*"):
        leftover.unlink()
    url = f"sqlite:///{database}"
    edition = replace(edition, store=replace(edition.store, database=url))
    stopped = replace(session, now=demo.NOW)
    click.echo(f"\n{demo.LABEL}\n")
    with Store.open(url, create=True, settings=edition.store) as store:
        run_poll(stopped, edition, store, transport=demo.transport())
        shown = show_lists(stopped, edition, store)
    assert shown is not None, "the edition has stories"
    click.echo(f"\n{demo.LABEL}")
    now = demo.NOW.strftime("%Y-%m-%dT%H:%MZ")
    suggest(shown, options=f"--database {shlex.quote(str(database))} --now {now} ")


def show_lists(session: Session, config: Config, store: Store) -> tuple[Story, Item] | None:
    """Print the top stories and the related list of the first that has one; None when nothing is stored."""
    from aggregator.pipeline import lists
    from aggregator.render import text

    screen = session.screen()
    stories = lists.top_stories(store, config.relate, now=session.clock(), limit=STORIES)
    if not stories:
        return None
    click.echo("\nTop stories\n")
    click.echo(text.stories(stories, screen))
    found = first_list(session, config, store, stories)
    if found is None:
        return stories[0], lists.find_item(store, str(stories[0].article_ids[0]))
    item, entries = found
    click.echo(f"Related to: {item.article.title} ({item.outlet})\n")
    click.echo(text.entries(entries, screen))
    return stories[0], item


def first_list(
    session: Session, config: Config, store: Store, stories: list[Story]
) -> tuple[Item, list[Related]] | None:
    """The newest article of the best story that has a related list, with that list, newest first."""
    from aggregator.pipeline import lists

    for story in stories:
        reports = store.items_by_id(story.article_ids)
        listed = [reports[number] for number in story.article_ids if reports[number].copy_of is None]
        for item in listed[:3]:
            entries = lists.related(store, config.relate, item, now=session.clock())
            if entries:
                entries.sort(key=lambda entry: entry.item.article.published_at, reverse=True)
                return item, entries
    return None


def suggest(shown: tuple[Story, Item], *, options: str) -> None:
    """Three commands to go on with, as they can be pasted."""
    story, item = shown
    click.echo("\nGo on with:\n")
    for command in (
        f"{options}items --since 6h",
        f"{options}related {item.id} --explain",
        f"{options}stories show {story.id}",
    ):
        click.echo(f"  scripts/run {command}")
