"""www.bbc.com: the page is drawn from the JSON in <script id="__NEXT_DATA__">, not from its HTML. Every story in it is an
object with href "/news/articles/...", title, description, and metadata.firstUpdated and lastUpdated in milliseconds.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from aggregator.errors import ParseError
from aggregator.model import Document, Entry
from aggregator.parse.state import embedded_json, objects_in

ARTICLE = "/news/articles/"


def parse(document: Document) -> Sequence[Entry]:
    """The stories of all sections, each once: the same one stands in several."""
    state = embedded_json(document.body, document.url, "__NEXT_DATA__")
    found = {story["href"]: _entry(story) for story in objects_in(state) if _is_story(story)}
    if not found:
        raise ParseError(
            document.url, f'expected objects with title and href "{ARTICLE}..." in __NEXT_DATA__'
        )
    return list(found.values())


def _is_story(value: dict[str, Any]) -> bool:
    href, title = value.get("href"), value.get("title")
    return isinstance(href, str) and href.startswith(ARTICLE) and isinstance(title, str) and bool(title)


def _entry(story: dict[str, Any]) -> Entry:
    metadata = story.get("metadata")
    told = metadata if isinstance(metadata, dict) else {}
    teaser, published = story.get("description"), _instant(told.get("firstUpdated"))
    return Entry(
        url=story["href"],
        title=story["title"],
        summary=teaser if isinstance(teaser, str) else None,
        published=published,
        published_from="firstUpdated" if published else None,
        updated=_instant(told.get("lastUpdated")),
    )


def _instant(milliseconds: Any) -> datetime | None:
    if not isinstance(milliseconds, int) or not 0 < milliseconds < 10**13:
        return None
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
