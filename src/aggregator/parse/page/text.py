"""Words of a page: nodes and raw strings to plain one-line text, and to the folded form in which texts are compared."""

import html
import re
import unicodedata
from collections.abc import Iterator
from typing import AnyStr

from selectolax.lexbor import LexborNode

# Subtrees whose text nobody reads.
UNREAD = frozenset(
    ["script", "style", "noscript", "template", "svg", "iframe", "select", "object", "-comment"]
)
MAX_LEVELS = 150  # of elements inside another; what is deeper is taken as one text
_INLINE = frozenset([
    "a", "abbr", "b", "bdi", "bdo", "cite", "code", "em", "font", "i", "ins", "kbd", "mark", "q", "s", "small",
    "span", "strong", "sub", "sup", "u", "var", "wbr", "tt", "big", "time"
])  # fmt: skip

_TAGS = re.compile(r"<[a-zA-Z/!][^<>]{0,1000}>")
# Soft hyphens, zero-width and direction marks, controls, lone surrogates, the replacement character.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\xad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufffd\ud800-\udfff]+"
)
# A reference of more digits than int() reads (4,300) stays text: taking it out would glue what stands around it to another.
_TOO_LONG = re.compile(r"&(?=#[0-9]{1000})")
_QUOTES = tuple(
    (
        {"’": "'", "‘": "'", "‚": "'", "´": "'", "`": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"'}
        | {"–": "-", "—": "-", "‑": "-", "−": "-", "…": "...", "\xa0": " "}
    ).items()
)


def clean(text: str) -> str:
    """One line of plain text: tags out, entities undone twice (escaping once too often is common), blanks collapsed."""
    if "&" in text:
        text = _unescaped(_unescaped(text))
    if "<" in text:
        text = _TAGS.sub(" ", text)
    line = " ".join(text.split())
    # Mostly all that cannot be printed were line ends, tabs and hard blanks, and they are gone now. Asking the line takes
    # a quarter of the time of searching the text for what is invisible.
    if text.isprintable() or (line.isprintable() and not _hides(text)):
        return line
    return " ".join(_INVISIBLE.sub("", text).split())


def _hides(text: str) -> bool:
    """Whether it holds what is invisible, yet a blank to split() or printable to isprintable()."""
    return (
        "\x1c" in text
        or "\x1d" in text
        or "\x1e" in text
        or "\x1f" in text
        or "\x85" in text
        or "\ufffd" in text
    )


def _unescaped(text: str) -> str:
    return html.unescape(_TOO_LONG.sub("&amp;", text))


def fold(text: str) -> str:
    """The form in which two texts are the same: NFKC, without case, typographic quotes and dashes."""
    # A third of the time of translate() with a table and NFKC for everything: most texts are ASCII, hold one such sign or
    # none, and are folded dozens of times a page.
    if text.isascii():
        return " ".join(text.replace("`", "'").lower().split()).strip(" \"'")
    for sign, plain in _QUOTES:
        if sign in text:
            text = text.replace(sign, plain)
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split()).strip(" \"'")


def mentions(text: AnyStr, part: AnyStr, most: int) -> Iterator[int]:
    """Where the part stands in the text, so many times at most. Without `re`: to compile a headline takes 0.05 ms."""
    at = text.find(part)
    while at >= 0 and most > 0:
        yield at
        most -= 1
        at = text.find(part, at + len(part))


def words(text: str) -> set[str]:
    return set(re.findall(r"\w+", fold(text)))


def node_text(node: LexborNode) -> str:
    """What a reader sees of an element, in one line; blocks and line breaks part words, inline elements do not."""
    return clean("".join(_pieces(node, MAX_LEVELS)))


def _pieces(node: LexborNode, levels: int) -> Iterator[str]:
    child = node.first_child
    while child is not None:
        tag = child.tag or ""
        if tag == "-text":
            yield child.text_content or ""
        elif levels == 0:
            yield child.text()
        elif tag in _INLINE:
            yield from _pieces(child, levels - 1)
        elif tag not in UNREAD:
            yield " "
            yield from _pieces(child, levels - 1)
            yield " "
        child = child.next
