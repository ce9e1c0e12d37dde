"""Words that templates write into a class or an id, as patterns that find them quickly.

Most elements that are looked at are asked for dozens of words, and have none. `re` tries alternatives one after the other at
each place of a text, and with IGNORECASE at every place. So texts are brought into lower case, with a blank on either side,
and alternatives stand together by their first letter: a fifth of the time, or less.
"""

import re
from collections import defaultdict

_PARTED = r"[\s_-]"


def padded(marks: str) -> str:
    """The form that the patterns of `parts` and `words` are made for."""
    return f" {marks.lower()} "


def parts(alternatives: str) -> re.Pattern[str]:
    """Finds any of the alternatives, inside of words too. Blanks part them; each begins with a lower-case letter."""
    return re.compile(_grouped(alternatives))


def words(alternatives: str, *, after: str = _PARTED) -> re.Pattern[str]:
    """Finds any of the alternatives between blanks, dashes and underscores; `after` is what may stand before it."""
    return re.compile(f"{after}(?:{_grouped(alternatives)}){_PARTED}")


def _grouped(alternatives: str) -> str:
    by_letter: defaultdict[str, list[str]] = defaultdict(list)
    for alternative in alternatives.split():
        by_letter[alternative[0]].append(alternative[1:])
    return "|".join(f"{letter}(?:{'|'.join(rests)})" for letter, rests in by_letter.items())
