"""JSON Feed 1.0 and 1.1 to a ParsedFeed. Wrong types are treated as absent; raises only ParseError.

https://www.jsonfeed.org/version/1.1/
"""

import json
import math
from collections.abc import Iterator
from typing import Any

from aggregator.errors import ParseError
from aggregator.model import Entry, ParsedFeed
from aggregator.parse.fields import distinct, first_stamp, resolve
from aggregator.parse.hazards import storable

_MOST_NAMED = 5  # keys that an error message lists


def parse_json_feed(text: str, url: str) -> ParsedFeed:
    """`url` resolves relative links."""
    try:
        found = json.loads(text, strict=False)
    except RecursionError as error:
        raise ParseError(url, "JSON nested too deeply") from error
    except ValueError as error:  # syntax, or an integer of more than 4,300 digits
        raise ParseError(url, f"broken JSON: {error}") from error
    if not isinstance(found, dict):
        raise ParseError(url, f"JSON but no feed: {_described(found)}")
    items = found.get("items")
    if not isinstance(items, list):
        raise ParseError(url, f"JSON but no feed: {_described(found)}")
    language = _text(found, "language")
    authors = distinct(_authors(found))
    return ParsedFeed(
        title=_text(found, "title"),
        home_url=resolve(url, _text(found, "home_page_url")),
        language=language,
        ttl=None,
        updated=None,
        entries=tuple(_entry(item, url, authors) for item in items if isinstance(item, dict)),
        parser="json",
    )


def _described(found: Any) -> str:
    if isinstance(found, dict):
        names = [repr(key[:30]) for key in list(found)[:_MOST_NAMED]]
        return f"keys {', '.join(names)}" if names else "an empty object"
    return "a list" if isinstance(found, list) else f"a {type(found).__name__}"


def _entry(item: dict[str, Any], url: str, feed_authors: tuple[str, ...]) -> Entry:
    published, updated = _text(item, "date_published"), _text(item, "date_modified")
    stamp = first_stamp((("date_published", published), ("date_modified", updated)))
    change = first_stamp((("date_modified", updated),))
    html, text = _text(item, "content_html"), _text(item, "content_text")
    attachments = [part for part in _list(item, "attachments") if isinstance(part, dict)]
    return Entry(
        id=_text(item, "id"),
        url=resolve(url, _text(item, "url") or _text(item, "external_url")),
        title=_text(item, "title"),
        summary=_text(item, "summary")
        or (text if html else None),  # plain text is nearer to a teaser than markup
        content=html or text,
        published=stamp.at,
        published_precision=stamp.precision,
        published_text=stamp.text,
        published_from=stamp.origin,
        updated=change.at,
        updated_text=change.text,
        authors=distinct(_authors(item)) or feed_authors,
        categories=distinct(storable(tag) for tag in _list(item, "tags") if isinstance(tag, str)),
        image=resolve(url, _text(item, "image") or _text(item, "banner_image")),
        enclosures=distinct(resolve(url, _text(part, "url")) for part in attachments),
        language=_text(item, "language"),
    )


def _authors(where: dict[str, Any]) -> Iterator[str | None]:
    """`authors` of 1.1, then `author` of 1.0; a single object where a list belongs is one author."""
    for key in ("authors", "author"):
        value = where.get(key)
        for author in value if isinstance(value, list) else (value,):
            if isinstance(author, dict):
                yield _text(author, "name") or _text(author, "url")
            elif isinstance(author, str):
                yield storable(author)


def _text(where: dict[str, Any], key: str) -> str | None:
    """A text, or a number where a text belongs (ids); without what no store can hold."""
    value = where.get(key)
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return storable(str(value)).strip() or None


def _list(where: dict[str, Any], key: str) -> list[Any]:
    value = where.get(key)
    return value if isinstance(value, list) else []
