"""A Listing -> the sidebar: one self-contained, accessible HTML fragment. Everything in it is escaped; it loads nothing.

A page embeds it as it is: styles are scoped by a class and take CSS variables, light and dark, narrow and wide.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from aggregator.model import Copy, Related
from aggregator.render.ago import absolute, ago
from aggregator.render.jsonable import instant
from aggregator.render.listing import Listing
from aggregator.render.safe import page_text, web_url
from aggregator.render.words import primary, words

if TYPE_CHECKING:
    from jinja2 import Template

TITLE_LIMIT = 200  # characters
TEASER_LIMIT = 220  # about seven lines of a 300 px column
NAME_LIMIT = 80

_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")


@dataclass(frozen=True, slots=True, kw_only=True)
class _CopyView:
    url: str | None
    outlet: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _EntryView:
    url: str | None
    title: str
    teaser: str
    language: str
    outlet: str
    agency: str
    datetime: str  # as <time> wants it: an instant, or a day
    absolute: str
    ago: str
    label: str
    same_story: bool
    copies: tuple[_CopyView, ...]
    copies_label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _PageView:
    id: str
    heading: str
    language: str  # of our own words
    time_language: str
    nothing: str
    entries: tuple[_EntryView, ...]


def sidebar(listing: Listing) -> str:
    """The fragment, an <aside>; about 4 KB of style and .8 KB per entry."""
    own = words(listing.language)
    view = _PageView(
        id=element_id(listing.key),
        heading=page_text(listing.heading, TITLE_LIMIT) or own.related_articles,
        language=own.language,
        time_language=primary(listing.language) if _language(listing.language) else own.language,
        nothing=own.nothing,
        entries=tuple(_entry(entry, listing) for entry in listing.entries),
    )
    return _template("related.html").render(page=view)


def element_id(key: str) -> str:
    """An id that no text can break out of: letters, digits and hyphens only."""
    return "aggregator-" + (re.sub(r"[^a-z0-9]+", "-", key.lower())[:60].strip("-") or "list")


def _entry(entry: Related, listing: Listing) -> _EntryView:
    own, article = words(listing.language), entry.item.article
    outlet = page_text(entry.item.outlet, NAME_LIMIT)
    agency = page_text(article.agency, NAME_LIMIT)
    published, precision = article.published_at, article.published_precision
    copies = tuple(_copy(copy) for copy in entry.item.copies)
    return _EntryView(
        url=web_url(article.url),
        title=page_text(article.title, TITLE_LIMIT) or web_url(article.url) or outlet,
        teaser=page_text(article.teaser, TEASER_LIMIT),
        language=_language(article.language),
        outlet=outlet,
        agency="" if agency.casefold() == outlet.casefold() else agency,
        datetime=instant(published)[:10] if precision == "day" else instant(published),
        absolute=absolute(published, listing.now, listing.language, precision),
        ago=ago(published, listing.now, listing.language, precision),
        label=(own.same_story if entry.relation == "same_story" else own.related) if listing.labels else "",
        same_story=entry.relation == "same_story",
        copies=copies,
        copies_label=own.copy if len(copies) == 1 else own.copies.format(len(copies)),
    )


def _copy(copy: Copy) -> _CopyView:
    return _CopyView(url=web_url(copy.url), outlet=page_text(copy.outlet, NAME_LIMIT))


def _language(tag: str) -> str:
    return tag if _LANGUAGE_TAG.fullmatch(tag) else ""


@cache
def _template(name: str) -> "Template":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)
