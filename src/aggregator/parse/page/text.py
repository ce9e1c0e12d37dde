"""Words of a page: nodes and raw strings to plain one-line text, and to the folded form in which texts are compared."""

import html
import re
import unicodedata
from collections.abc import Iterator

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
# Soft hyphens, zero-width and direction marks, controls, lone surrogates, the replacement character. Searched first:
# few texts have one, and translating all of them would cost a third of a page's time.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\xad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufffd\ud800-\udfff]+"
)
# A reference of more digits than int() reads (4,300) stays text: taking it out would glue what stands around it to another.
_TOO_LONG = re.compile(r"&(?=#[0-9]{1000})")
_QUOTES = str.maketrans(
    {"’": "'", "‘": "'", "‚": "'", "´": "'", "`": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"'}
    | {"–": "-", "—": "-", "‑": "-", "−": "-", "…": "...", "\xa0": " "}
)


def clean(text: str) -> str:
    """One line of plain text: tags out, entities undone twice (escaping once too often is common), blanks collapsed."""
    if "&" in text:
        text = _unescaped(_unescaped(text))
    if "<" in text:
        text = _TAGS.sub(" ", text)
    if not text.isprintable() and _INVISIBLE.search(text):  # ASCII has controls too
        text = _INVISIBLE.sub("", text)
    return " ".join(text.split())


def _unescaped(text: str) -> str:
    return html.unescape(_TOO_LONG.sub("&amp;", text))


def fold(text: str) -> str:
    """The form in which two texts are the same: NFKC, without case, typographic quotes and dashes."""
    return " ".join(unicodedata.normalize("NFKC", text.translate(_QUOTES)).casefold().split()).strip(" \"'")


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
