"""Formats that lists share: a table for people; JSON, JSON lines, CSV and ids for programs; HTML and feeds for pages.

stdout holds data and nothing else. The format never depends on where it goes; only colour and the pager ask for a terminal.
"""

import csv
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import wraps
from typing import Any, Literal, get_args

import click

from aggregator.cli.session import Session, on_terminal

Format = Literal["table", "json", "jsonl", "csv", "ids", "html", "rss", "atom", "jsonfeed"]
Json = dict[str, Any]

RECORDS: tuple[Format, ...] = ("json", "jsonl", "csv", "ids")
PAGES: tuple[Format, ...] = ("html", "rss", "atom", "jsonfeed")

_HELP: dict[Format, str] = {
    "json": "As JSON.",
    "jsonl": "As JSON, one object per line.",
    "csv": "As CSV; what a spreadsheet would take for a formula gets a leading '.",
    "ids": "Ids only, one per line.",
    "html": "The sidebar: a self-contained HTML fragment.",
    "rss": "RSS 2.0.",
    "atom": "Atom.",
    "jsonfeed": "JSON Feed 1.1.",
}

# JSON allows these raw, but a terminal obeys the first range and JavaScript before 2019 broke lines at the second.
_ESCAPED_IN_JSON = re.compile("[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_LINK = re.compile(
    "\x1b]8;[^\x1b\x07]*(?:\x1b\\\\|\x07)"
)  # OSC 8, which pagers before less 566 show as it is
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Output:
    """How a command was asked to answer."""

    format: Format
    fields: tuple[str, ...]  # of a record, in this order; empty: all

    def records(
        self, records: Sequence[Json], *, session: Session, table: Callable[[], str], nothing: str
    ) -> None:
        """Print a list of records.

        Args:
            table: makes the text for people, called when that is wanted.
            nothing: what to tell a person when there are no records.
        """
        chosen = self._choose(records)
        match self.format:
            case "json":
                print_json(chosen)
            case "jsonl":
                write("".join(f"{dumps(record)}\n" for record in chosen))
            case "csv":
                write(as_csv(chosen, self.fields))
            case "ids":
                write("".join(f"{record['id']}\n" for record in records))
            case _ if not records:
                session.say(nothing)
            case _ if self.fields:
                from aggregator.render import text

                page(text.rows(chosen, self.fields, session.screen()))
            case _:
                page(table())

    def record(self, record: Json, *, session: Session, table: Callable[[], str]) -> None:
        """Print one record; `table` makes the text for people."""
        (chosen,) = self._choose([record])
        if self.format == "json":
            print_json(chosen)
        elif self.fields:
            from aggregator.render import text

            page(text.facts([(name, text.cell(value)) for name, value in chosen.items()], session.screen()))
        else:
            page(table())

    def _choose(self, records: Sequence[Json]) -> list[Json]:
        if not self.fields or not records:
            return list(records)
        known = list(records[0])
        for field in self.fields:
            if field not in known:
                nearest = get_close_matches(field, known) or known
                raise click.BadParameter(
                    f"there is no field {field!r}; did you mean {', '.join(nearest)}?",
                    param_hint="'--fields'",
                )
        return [{field: record[field] for field in self.fields} for record in records]


def output_options(
    *formats: Format, fields: bool = True
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add the options for these formats to a command and hand it what was chosen as `output`."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def formatted(*args: Any, **given: Any) -> Any:
            chosen: list[Format] = [format for format in get_args(Format) if given.pop(f"as_{format}", False)]
            if len(chosen) > 1:
                options = " and ".join(f"--{format}" for format in chosen)
                raise click.UsageError(f"{options} exclude each other; choose one.")
            columns = tuple(
                name.strip() for name in (given.pop("fields", None) or "").split(",") if name.strip()
            )
            return command(*args, output=Output(chosen[0] if chosen else "table", columns), **given)

        if fields:
            formatted = click.option("--fields", metavar="A,B", help="Only these fields, in this order.")(
                formatted
            )
        for format in reversed(formats):
            formatted = click.option(f"--{format}", f"as_{format}", is_flag=True, help=_HELP[format])(
                formatted
            )
        return formatted

    return decorate


def write(text: str) -> None:
    """To stdout, at once. click.echo would send UTF-8 to a stream that says it is ASCII."""
    if sys.stdout is not None:
        sys.stdout.write(text)
        sys.stdout.flush()


def dumps(value: Any, *, indent: int | None = None) -> str:
    """JSON that any terminal and any encoding can carry: what it cannot is escaped, which is the same JSON."""
    encoding = (getattr(sys.stdout, "encoding", None) or "utf-8").lower().replace("-", "")
    text = json.dumps(value, ensure_ascii=encoding != "utf8", indent=indent)
    return _ESCAPED_IN_JSON.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def print_json(value: Any) -> None:
    write(dumps(value, indent=2) + "\n")


def as_csv(records: Sequence[Json], fields: Sequence[str] = ()) -> str:
    """RFC 4180 with plain line ends. Lists are joined by "; ", what is deeper is JSON."""
    from aggregator.render.text import cell

    names = list(fields) or (list(records[0]) if records else [])
    if not names:
        return ""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_spreadsheet_cell(cell(record[name])) for name in names] for record in records)
    return out.getvalue()


def _spreadsheet_cell(text: str) -> str:
    from aggregator.render.safe import escape_controls

    # OWASP "CSV Injection": these six make a formula of a cell, the first four behind blanks too.
    formula = text.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA[:4])
    # Python's writer leaves a lone CR unquoted, and a reader would end the row there.
    return escape_controls(f"'{text}" if formula else text).replace("\r\n", "\n").replace("\r", "\n")


def print_markup(text: str) -> None:
    """HTML or XML: where stdout cannot carry a character, its numeric reference, which is the same markup."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    write(text.encode(encoding, "xmlcharrefreplace").decode(encoding))


def page(text: str) -> None:
    """Print text for people, through $AGGREGATOR_PAGER or $PAGER when it is longer than the terminal. "" is no pager."""
    pager = os.environ.get("AGGREGATOR_PAGER", os.environ.get("PAGER", ""))
    height = shutil.get_terminal_size((80, 24)).lines
    if not pager.strip() or not on_terminal() or text.count("\n") < height:
        write(text)
        return
    # F: no paging if it fits; R: colours pass; X: it stays on the screen afterwards.
    environment = {"LESS": "FRX", **os.environ}
    try:
        # The person's own setting, run as they wrote it.
        subprocess.run(  # noqa: S603
            shlex.split(pager),
            input=_LINK.sub("", text),
            text=True,
            encoding="utf-8",
            errors="replace",
            env=environment,
            check=False,
        )
    except (OSError, ValueError):
        write(text)
