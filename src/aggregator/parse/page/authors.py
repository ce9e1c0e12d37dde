"""Who a page says wrote it: names, one each; the outlet itself only where nobody else is named."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from aggregator.parse.page.bylines import names_in, visible_names
from aggregator.parse.page.evidence import Evidence, squeeze
from aggregator.parse.page.jsonld import text_of
from aggregator.parse.page.text import fold

MAX_AUTHORS = 20
MAX_NAME = 80  # characters

_META = (
    "author",
    "article:author",
    "og:article:author",
    "parsely-author",
    "sailthru.author",
    "dc.creator",
    "dcterms.creator",
    "dcterms.creator.name",
    "byl",
    "cxenseparse:author",
    "citation_author",
    "article.author",
    "authors",
    "mrf:authors",
)
_NO_NAME = re.compile(
    r"^(?:\(.*|\W*|\d+|.*://.*|.*\.(?:com|de|fr|net|org)/.*|admin(?:istrator)?|"
    r"ph\.? ?d\.?|m\.? ?d\.?|dr|jr\.?|.*@.*|editors?|anonymous|unknown|staff|guest|publisher|"
    r"(?:image|photo|picture|foto|bild)s?:.*|"
    r"(?:.*\s)?(?:copyright|©|all rights reserved|gmbh|inc\.?|ltd\.?|llc|kg)\b.*)$",
    re.IGNORECASE,
)
_DASH = re.compile(r"\s+[-–/|]\s+")


def find_authors(page: Evidence, title: str | None = None) -> tuple[tuple[str, ...], str]:
    """(names in the page's order, where they were read)"""
    sites = page.sites
    outlet: tuple[tuple[str, ...], str] = ((), "")
    for place, names in _claims(page, title):
        if any(squeeze(name) not in sites for name in names):
            return names[:MAX_AUTHORS], place
        if names and place == "json-ld" and not outlet[0]:
            outlet = names, place
    return outlet


def _claims(page: Evidence, title: str | None) -> Iterator[tuple[str, tuple[str, ...]]]:
    for key in ("author", "creator"):
        if key in page.article:
            yield "json-ld", _unique(_described(page.article[key], page.sites))
    for name in _META:
        values = page.meta.get(name, ())[:MAX_AUTHORS]
        yield name, _unique(part for value in values for part in _names(value, page.sites))
    yield "byline", tuple(_unique(visible_names(page, title)))


def _described(value: Any, sites: frozenset[str]) -> Iterator[str]:
    for item in (value if isinstance(value, list) else [value])[:MAX_AUTHORS]:
        names = item.get("name") if isinstance(item, dict) else item
        for name in names[:MAX_AUTHORS] if isinstance(names, list) else [names]:
            yield from _names(text_of(name), sites)


def _names(text: str, sites: frozenset[str]) -> Iterator[str]:
    if squeeze(text) in sites:
        yield text  # "Church & Life" is one
        return
    parts = _DASH.split(text)
    if len(parts) > 1 and any(squeeze(part) in sites for part in parts):  # "Gazette - Ada Vale"
        text = "; ".join(part for part in parts if squeeze(part) not in sites)
    for name in names_in(text):
        if len(name) <= MAX_NAME and not _NO_NAME.match(name):
            yield name


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple({fold(name): name for name in reversed(list(names))}.values())[::-1]
