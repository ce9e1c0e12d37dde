"""`aggregator verdicts`: what editors decided, by hand, over what the program thinks."""

import getpass
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, TextIO, get_args

import click

from aggregator.cli.grammar import Noun
from aggregator.cli.options import find_topic
from aggregator.cli.output import Output, dumps, output_options, write
from aggregator.cli.session import Session, pass_session
from aggregator.errors import AggregatorError
from aggregator.model import Decision, EditorVerdict
from aggregator.render import jsonable
from aggregator.render.decisions import told
from aggregator.render.safe import visible


def _who_and_why(command: Callable[..., Any]) -> Callable[..., Any]:
    why = click.option("--why", metavar="TEXT", default="", help="The reason, for those who ask later.")
    return _by(why(command))


_by = click.option("--by", metavar="NAME", default="", help="Who decides. Default: the user's name.")
_article = click.argument("article", metavar="ID|URL")
_other = click.argument("other", metavar="ID|URL")


@click.group(
    cls=Noun,
    short_help="What editors decided: hidden, copies, stories, pins, topics; list, undo and export.",
)
def verdicts() -> None:
    """What editors decided. Verdicts are kept by address: they outlive a purge and hold when the article comes again.

    \b
      aggregator verdicts
      aggregator verdicts hide 4711 --why "embargo until Friday"
      aggregator verdicts same-story 4711 4699
      aggregator verdicts pin 4711 https://www.harbourpost.example/2026/05/14/varga
      aggregator verdicts undo 3
    """


@verdicts.command("list")
@click.option("--undone", is_flag=True, help="Those that were taken back too.")
@output_options("json", "jsonl", "csv", "ids")
@pass_session
def list_(session: Session, undone: bool, output: Output) -> None:
    """List verdicts, newest first.

    \b
      aggregator verdicts list --undone --json
    """
    with session.store() as store:
        given = store.verdicts(undone=undone)

    def table() -> str:
        from aggregator.render import text

        return text.verdicts(given, session.screen())

    output.records(
        [jsonable.editor_verdict(one) for one in given], session=session, table=table, nothing="No verdicts."
    )


@verdicts.command()
@_article
@_who_and_why
@pass_session
def hide(session: Session, article: str, by: str, why: str) -> None:
    """Take an article out of all lists. A URL that is not stored yet is hidden when it comes.

    \b
      aggregator verdicts hide 4711 --why "embargo until Friday"
    """
    _decide(session, "hide", article, None, by=by, why=why)


@verdicts.command("not-copy")
@_article
@click.argument("other", metavar="[ID|URL]", required=False)
@_who_and_why
@pass_session
def not_copy(session: Session, article: str, other: str | None, by: str, why: str) -> None:
    """Say that an article is not the same text as another one; without the other: as any.

    \b
      aggregator verdicts not-copy 4711 4699
    """
    _decide(session, "not_copy", article, other, by=by, why=why)


@verdicts.command("same-story")
@_article
@_other
@_who_and_why
@pass_session
def same_story(session: Session, article: str, other: str, by: str, why: str) -> None:
    """Say that two articles are on one event: their stories become one, and stay so.

    Takes back a verdict that they are never in one story.

    \b
      aggregator verdicts same-story 4711 4699
    """
    _decide(session, "same_story", article, other, by=by, why=why)


@verdicts.command("not-same-story")
@_article
@_other
@_who_and_why
@pass_session
def not_same_story(session: Session, article: str, other: str, by: str, why: str) -> None:
    """Say that two articles are never in one story. The one that has less to do with the rest of the story leaves it.

    Takes back a verdict that they are in one story; they are no copies of each other either.

    \b
      aggregator verdicts not-same-story 4711 4699 --why "two storms"
    """
    _decide(session, "not_same_story", article, other, by=by, why=why)


@verdicts.command("never-relate")
@_article
@click.argument("other", metavar="[ID|URL]", required=False)
@_who_and_why
@pass_session
def never_relate(session: Session, article: str, other: str | None, by: str, why: str) -> None:
    """Keep two articles out of each other's related lists; without the other: one out of all. Copies are kept out too.

    Takes back pins that say otherwise.

    \b
      aggregator verdicts never-relate 4711 4699
      aggregator verdicts never-relate 4712 --why "a horoscope"
    """
    _decide(session, "never_relate", article, other, by=by, why=why)


@verdicts.command()
@_article
@_other
@_who_and_why
@pass_session
def pin(session: Session, article: str, other: str, by: str, why: str) -> None:
    """Pin the other article in the related list of an article: always in it, and first by score.

    Takes back a verdict that the two are never related.

    \b
      aggregator verdicts pin 4711 4699
    """
    _decide(session, "pin", article, other, by=by, why=why)


@verdicts.command("in-topic")
@_article
@click.argument("topic", metavar="TOPIC")
@_who_and_why
@pass_session
def in_topic(session: Session, article: str, topic: str, by: str, why: str) -> None:
    """Put an article into a topic, whatever the topic's terms say.

    \b
      aggregator verdicts in-topic 4711 ports
    """
    _decide_topic(session, "in_topic", article, topic, by=by, why=why)


@verdicts.command("not-in-topic")
@_article
@click.argument("topic", metavar="TOPIC")
@_who_and_why
@pass_session
def not_in_topic(session: Session, article: str, topic: str, by: str, why: str) -> None:
    """Keep an article out of a topic, whatever the topic's terms and feeds say.

    \b
      aggregator verdicts not-in-topic 4711 ports
    """
    _decide_topic(session, "not_in_topic", article, topic, by=by, why=why)


@verdicts.command()
@click.argument("number", type=click.IntRange(min=1), metavar="NO")
@_by
@pass_session
def undo(session: Session, number: int, by: str) -> None:
    """Take a verdict back.

    \b
      aggregator verdicts undo 3
    """
    from aggregator.pipeline import verdicts as editors

    with session.store() as store:
        undone = editors.undo(store, number, at=session.clock(), by=by or _user(), settings=session.relate)
    again = " The next link pass compares them anew." if undone.kind in ("not_copy", "not_same_story") else ""
    session.say(f"Verdict {undone.id} ({_told(undone)}) is taken back.{again}")


@verdicts.command()
@click.option(
    "--format",
    "shape",
    type=click.Choice(["judged", "related"]),
    default="judged",
    show_default=True,
    help="judged: a line for each article, with grades 0 to 3 of others. related: the articles, with their stories.",
)
@pass_session
def export(session: Session, shape: str) -> None:
    """Print verdicts on stories and related lists as labelled data, JSON lines. Ids are made of addresses.

    Grades: 3 one story, or pinned; 2 pinned, but never in one story; 1 never in one story; 0 never related.

    \b
      aggregator verdicts export > judgements.jsonl
      aggregator verdicts export --format related > items.jsonl
    """
    from aggregator.pipeline.labels import labelled

    with session.store() as store:
        items, judgements = labelled(store)
    records = map(jsonable.judgement, judgements) if shape == "judged" else map(jsonable.labelled, items)
    write("".join(f"{dumps(record)}\n" for record in records))


@verdicts.command("import")
@click.argument("file", type=click.File(encoding="utf-8"))
@pass_session
def import_(session: Session, file: TextIO) -> None:
    """Give the verdicts that `verdicts list --jsonl` or --json wrote, for a database that was made anew; "-" is stdin.

    \b
      aggregator verdicts import verdicts.jsonl
    """
    from aggregator.pipeline import verdicts as editors

    wanted = sorted(_read(file), key=lambda one: (one["at"], one["id"]))
    with session.store() as store:
        for one in wanted:
            editors.decide(
                store,
                one["kind"],
                one["url"],
                one["other"] or None,
                at=one["at"],
                by=one["by"],
                why=one["why"],
                settings=session.relate,
            )
    session.say(f"{len(wanted)} verdicts are in force.")


def _read(file: TextIO) -> Iterator[dict[str, Any]]:
    """Verdicts in force, as they were written."""
    try:
        text = file.read()
        records = json.loads(text) if text.lstrip().startswith("[") else map(json.loads, text.splitlines())
        for record in records:
            if record["kind"] not in get_args(Decision):
                raise ValueError(f"there is no verdict {record['kind']!r}")
            at = datetime.fromisoformat(record["at"])
            if at.tzinfo is None:
                raise ValueError(f"{record['at']!r} names no zone")
            if not record.get("undone_at"):
                yield {
                    "id": int(record["id"]),
                    "kind": record["kind"],
                    "url": str(record["url"]),
                    "other": str(record.get("other") or ""),
                    "at": at,
                    "by": str(record.get("by") or ""),
                    "why": str(record.get("why") or ""),
                }
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise AggregatorError(f"{file.name}: not what `verdicts list --jsonl` writes: {error}") from error


def _decide(session: Session, kind: Decision, article: str, other: str | None, *, by: str, why: str) -> None:
    from aggregator.pipeline import verdicts as editors

    with session.store() as store:
        decided = editors.decide(
            store,
            kind,
            article,
            other,
            at=session.clock(),
            by=by or _user(),
            why=why,
            settings=session.relate,
        )
    session.say(f"Verdict {decided.given.id}: {_told(decided.given)}.")
    for one in decided.taken_back:
        session.say(f"Verdict {one.id} ({_told(one)}) is taken back by it.")


def _decide_topic(session: Session, kind: Decision, article: str, topic: str, *, by: str, why: str) -> None:
    with session.store() as store:
        known = find_topic(store, topic).id
    _decide(session, kind, article, known, by=by, why=why)


def _told(given: EditorVerdict) -> str:
    return visible(f"{given.url} {told(given)}")


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # a container without a passwd entry
        return ""
