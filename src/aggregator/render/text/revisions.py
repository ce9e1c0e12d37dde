"""How an article came to read as it does -> lines for people: what was removed and what was added, word by word.

In colour red and struck out, and green; without colour [-removed-] and {+added+}, as `git diff --word-diff` has it.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from aggregator.model import Item
from aggregator.render.ago import short_time
from aggregator.render.revisions import Alternation, Piece, Step, history, shortened
from aggregator.render.text.screen import Screen, counted, styled

if TYPE_CHECKING:
    from rich.text import Text

_STYLES = {"same": "", "removed": "red strike", "added": "green"}
_BRACKETS = {"same": "{}", "removed": "[-{}-]", "added": "{{+{}+}}"}
_NUMBERS = {2: "two", 3: "three", 4: "four"}
_NOUNS = {"title": "headline", "teaser": "teaser"}


def revisions(item: Item, screen: Screen) -> "Iterator[Text]":
    """One text for each earlier version: until when it stood, and what changed then. Then, what alternates."""
    told = history(item)
    turns = told.alternation
    for number, step in enumerate(told.steps):
        if turns and turns.step == number:
            yield _alternation(turns, screen)
        if not (turns and step.back):
            yield _step(step, item, screen)


def _step(step: Step, item: Item, screen: Screen) -> "Text":
    text = styled(f"until {short_time(step.at, screen.now)}:", "")
    changes = [
        _difference(name, pieces, screen)
        for name, pieces in (("headline", step.title), ("teaser", step.teaser))
        if pieces
    ]
    if step.published_at is not None:
        changes.append(_times(*step.published_at, step.times, item, screen))
    for number, change in enumerate(changes or [styled("nothing that readers see", "dim")]):
        text.append("\n" if number or len(changes) > 1 else " ").append(change)
    return text


def _difference(name: str, pieces: Sequence[Piece], screen: Screen) -> "Text":
    text = styled("", "").append(styled(name, "dim"))
    for number, piece in enumerate(shortened(pieces)):
        text.append(" " if piece.apart or number == 0 else "")
        said = piece.text if screen.colour else _BRACKETS[piece.kind].format(piece.text)
        text.append(styled(said, _STYLES[piece.kind]))
    return text


def _times(before: datetime, after: datetime, times: int, item: Item, screen: Screen) -> "Text":
    precision = item.article.published_precision
    earlier, later = (short_time(at, screen.now, precision) for at in (before, after))
    if precision == "instant":
        zone = screen.now.tzinfo
        local = [at.astimezone(zone) for at in (before, after)]
        if local[0].date() == local[1].date():
            earlier, later = (f"{at:%H:%M}" for at in local)
    often = f", in {times} steps" if times > 1 else ""
    return styled("", "").append(styled("published", "dim")).append(f" {earlier} -> {later}{often}")


def _alternation(found: Alternation, screen: Screen) -> "Text":
    last = short_time(found.last_at, screen.now)
    noun = _NOUNS[found.field]
    if found.wordings == found.changes == 2:
        return styled(f"{last}: back to the earlier {noun}", "yellow")
    number = _NUMBERS.get(found.wordings, str(found.wordings))
    changes = counted(found.changes, "change")
    return styled(f"these {number} {noun}s alternate: {changes}, last at {last}", "yellow")
