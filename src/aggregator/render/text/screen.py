"""What text is laid out for, and how: the only module that knows the library that wraps and colours it.

What a stored text holds is shown, never obeyed: no markup is read, and no escape reaches a terminal.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import StringIO
from typing import TYPE_CHECKING

from aggregator.model import Span
from aggregator.render.safe import escape_controls, visible, web_url

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

NARROW = 60  # columns; below, a table of headlines has no room for headlines and becomes cards
WIDE = 110  # from here, tables show more columns
READING_WIDTH = 100  # longer lines of running text are hard to follow
MINIMUM = 10

_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """What text is laid out for."""

    now: datetime  # in the zone that times are shown in
    width: int = 80  # columns
    colour: bool = False
    language: str = "en"  # of the words around times


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table."""

    heading: str
    right: bool = False
    whole: bool = False  # never wrapped
    limit: int | None = None  # columns at most
    style: str = ""


def table(
    columns: Sequence[Column],
    rows: "Sequence[Sequence[str | Text]]",
    screen: Screen,
    *,
    headings: bool = True,
) -> str:
    """Rows under headings; on a narrow screen the fields of each row one under the other."""
    from rich.table import Table

    if headings and screen.width < NARROW:
        return _records(columns, rows, screen)
    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=headings, header_style="dim")
    for column in columns:
        grid.add_column(
            column.heading,
            justify="right" if column.right else "left",
            no_wrap=column.whole,
            max_width=column.limit,
            overflow="fold",
            style=column.style,
        )
    for row in rows:
        grid.add_row(*(styled(part, "") if isinstance(part, str) else part for part in row))
    return laid_out(screen, [grid], width=screen.width)


def _records(columns: Sequence[Column], rows: "Sequence[Sequence[str | Text]]", screen: Screen) -> str:
    """A table's rows one under the other, for screens that have no room for columns."""

    def lines() -> "Iterable[RenderableType]":
        for number, row in enumerate(rows):
            if number:
                yield ""
            for column, part in zip(columns, row, strict=True):
                if str(part):
                    yield (
                        styled(f"{column.heading}:", "dim")
                        .append(" ")
                        .append(styled(part, column.style) if isinstance(part, str) else part)
                    )

    return laid_out(screen, lines())


def styled(text: str, style: str, url: str | None = None) -> "Text":
    """Text as it stands: rich's own markup is not read, and nothing that a terminal would obey is left in it."""
    from rich.style import Style
    from rich.text import Text

    link = web_url(visible(url)) if url else None
    return Text(visible(text), style=Style.parse(style) + Style(link=link), overflow="fold")


def marked(text: str, marks: Sequence[Span], style: str, mark: str, url: str | None = None) -> "Text":
    """Text as it stands, with a style of their own on some of its words; nothing more than the text without colours."""
    whole = styled("", style, url)
    place = 0
    for start, end in marks:
        whole.append(_one_line(text[place:start])).append(_one_line(text[start:end]), mark)
        place = end
    return whole.append(_one_line(text[place:]))


def _one_line(part: str) -> str:
    """As `visible`, but with the blanks around it, which belong to the text it is a part of."""
    return _SPACE.sub(" ", escape_controls(part))


def indented(text: "str | Text", style: str) -> "RenderableType":
    from rich.padding import Padding

    return Padding(styled(text, style) if isinstance(text, str) else text, (0, 0, 0, 2))


def laid_out(screen: Screen, parts: "Iterable[RenderableType]", width: int | None = None) -> str:
    """The parts one under the other, as wide as reading is easy unless a width is given; no blanks at line ends."""
    console, out = _console(screen, width or min(screen.width, READING_WIDTH))
    for part in parts:
        console.print(part)
    return "".join(line.rstrip() + "\n" for line in out.getvalue().splitlines())


def _console(screen: Screen, width: int) -> "tuple[Console, StringIO]":
    from rich.console import Console

    out = StringIO()
    console = Console(
        file=out,
        width=max(width, MINIMUM),
        color_system="standard" if screen.colour else None,
        force_terminal=screen.colour,
        no_color=not screen.colour,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
        _environ={},
    )
    return console, out


def counted(number: int, noun: str) -> str:
    """A number with its noun: 1 report, 2 reports."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
