"""Who a page says wrote it: names, one each; the outlet itself only where nobody else is named."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from aggregator.parse.page.evidence import Evidence, squeeze
from aggregator.parse.page.jsonld import text_of
from aggregator.parse.page.text import clean, fold, node_text

MAX_AUTHORS = 20
MAX_NAME = 80  # characters
MAX_BYLINE = 120  # characters of an element that is taken for a byline
MAX_BYLINES = 20  # elements looked at

_META = (
    "author",
    "article:author",
    "parsely-author",
    "sailthru.author",
    "dc.creator",
    "dcterms.creator",
    "byl",
    "cxenseparse:author",
)
_BYLINES = (
    '[rel~="author"], [itemprop~="author"], [class*="author" i], [class*="byline" i], [class*="autor" i], '
    '[class*="verfasser" i]'
)
_BY = re.compile(
    r"^(?:(?:written|posted|published|veröffentlicht|geschrieben|publié|escrito)\s+)?"
    r"(?:by|von|par|por|av|af|door|di|from|text|autor(?:in|en)?|author|redaktion|story by)\b\s*:?\s+",
    re.IGNORECASE,
)
_AND = re.compile(r"\s*[;|•·]\s*|\s*,\s+|\s+(?:and|und|et|y|e|og|och|en|i)\s+|\s*&\s*", re.IGNORECASE)
_NO_NAME = re.compile(
    r"^(?:\(.*|\W*|\d+|.*://.*|.*\.(?:com|de|fr|net|org)/.*|admin(?:istrator)?|"
    r"ph\.? ?d\.?|m\.? ?d\.?|dr|jr\.?|.*@.*|editors?|anonymous|unknown|staff|guest)$",
    re.IGNORECASE,
)
# "Ada Lovelace", "J. R. R. Tolkien", "Ursula von der Leyen", "Kim Jong-un"
_PERSON = re.compile(
    r"^(?:[^\W\d_a-zß-ÿ][\w.'’-]*|[a-z]{1,3}|d'[A-Z]\w+)(?:\s+(?:[^\W\d_a-zß-ÿ][\w.'’-]*|von|van|der|den|de|la|le|del|di|da|dos|du|bin|al|el|ter|zu|y|e|ibn|af)){1,4}$"
)


def find_authors(page: Evidence) -> tuple[tuple[str, ...], str]:
    """(names in the page's order, where they were read)"""
    sites = page.sites
    outlet: tuple[tuple[str, ...], str] = ((), "")
    for place, names in _claims(page):
        if any(squeeze(name) not in sites for name in names):
            return names[:MAX_AUTHORS], place
        if names and place == "json-ld" and not outlet[0]:
            outlet = names, place
    return outlet


def _claims(page: Evidence) -> Iterator[tuple[str, tuple[str, ...]]]:
    for key in ("author", "creator"):
        if key in page.article:
            yield "json-ld", _unique(_described(page.article[key]))
    for name in _META:
        yield (
            name,
            _unique(part for value in page.meta.get(name, ())[:MAX_AUTHORS] for part in _names_in(value)),
        )
    for node in page.tree.css(_BYLINES)[:MAX_BYLINES]:
        text = node_text(node)
        if 4 <= len(text) <= MAX_BYLINE:
            names = _unique(name for name in _names_in(text) if _PERSON.match(name))
            if names:
                yield "byline", names
                return


def _described(value: Any) -> Iterator[str]:
    for item in (value if isinstance(value, list) else [value])[:MAX_AUTHORS]:
        names = item.get("name") if isinstance(item, dict) else item
        for name in names[:MAX_AUTHORS] if isinstance(names, list) else [names]:
            yield from _names_in(text_of(name))


def _names_in(text: str) -> Iterator[str]:
    for part in _AND.split(_BY.sub("", clean(text))):
        name = part.strip(" .,;:-–/")
        if len(name) <= MAX_NAME and not _NO_NAME.match(name):
            yield name


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple({fold(name): name for name in reversed(list(names))}.values())[::-1]
