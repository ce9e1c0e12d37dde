"""`aggregator verdicts`: what editors decided, by hand, over what the program thinks."""

import getpass

import click

from aggregator.cli.grammar import Noun
from aggregator.cli.output import Output, output_options
from aggregator.cli.session import Session, pass_session
from aggregator.model import Decision, EditorVerdict
from aggregator.render import jsonable
from aggregator.render.safe import visible

_by = click.option("--by", metavar="NAME", default="", help="Who decides. Default: the user's name.")
_why = click.option("--why", metavar="TEXT", default="", help="The reason, for those who ask later.")


@click.group(cls=Noun, short_help="What editors decided: hide an article, part copies; list and undo.")
def verdicts() -> None:
    """What editors decided. Verdicts are kept by address: they outlive a purge and hold when the article comes again.

    \b
      aggregator verdicts
      aggregator verdicts hide 4711 --why "embargo until Friday"
      aggregator verdicts not-copy 4711 4699
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
@click.argument("article", metavar="ID|URL")
@_by
@_why
@pass_session
def hide(session: Session, article: str, by: str, why: str) -> None:
    """Take an article out of all lists. A URL that is not stored yet is hidden when it comes.

    \b
      aggregator verdicts hide 4711 --why "embargo until Friday"
    """
    _decide(session, "hide", article, None, by=by, why=why)


@verdicts.command("not-copy")
@click.argument("article", metavar="ID|URL")
@click.argument("other", metavar="[ID|URL]", required=False)
@_by
@_why
@pass_session
def not_copy(session: Session, article: str, other: str | None, by: str, why: str) -> None:
    """Say that an article is not the same text as another one; without the other: as any.

    \b
      aggregator verdicts not-copy 4711 4699
    """
    _decide(session, "not_copy", article, other, by=by, why=why)


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
        undone = editors.undo(store, number, at=session.clock(), by=by or _user())
    again = "" if undone.kind == "hide" else " The next link pass compares them anew."
    session.say(f"Verdict {undone.id} ({_told(undone)}) is taken back.{again}")


def _decide(session: Session, kind: Decision, article: str, other: str | None, *, by: str, why: str) -> None:
    from aggregator.pipeline import verdicts as editors

    with session.store() as store:
        given = editors.decide(store, kind, article, other, at=session.clock(), by=by or _user(), why=why)
    session.say(f"Verdict {given.id}: {_told(given)}.")


def _told(given: EditorVerdict) -> str:
    what = "hidden" if given.kind == "hide" else f"no copy of {given.other or 'any other'}"
    return visible(f"{given.url} {what}")


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # a container without a passwd entry
        return ""
