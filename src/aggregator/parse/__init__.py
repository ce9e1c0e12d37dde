"""Bytes to what they say: a Document becomes a ParsedFeed or a ParsedPage. Pure; the only thing that escapes is ParseError.

The libraries behind the parsers load when the first document of their kind is read: importing this package costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aggregator.parse.dates import DateRead, parse_date, read_date
    from aggregator.parse.document import parse_document
    from aggregator.parse.feed import parse_feed
    from aggregator.parse.listing import parse_listing
    from aggregator.parse.page import parse_page
    from aggregator.parse.page.tree import read_tree
    from aggregator.parse.sitemap import ParsedSitemap, parse_sitemap
    from aggregator.parse.state import embedded_json, objects_in

__all__ = [
    "DateRead",
    "ParsedSitemap",
    "embedded_json",
    "objects_in",
    "parse_date",
    "parse_document",
    "parse_feed",
    "parse_listing",
    "parse_page",
    "parse_sitemap",
    "read_date",
    "read_tree",
]

_HOME = {
    "DateRead": "dates",
    "parse_date": "dates",
    "read_date": "dates",
    "parse_document": "document",
    "parse_feed": "feed",
    "parse_listing": "listing",
    "parse_page": "page",
    "ParsedSitemap": "sitemap",
    "parse_sitemap": "sitemap",
    "read_tree": "page.tree",  # this one and the next two are for parsers of one's own
    "embedded_json": "state",
    "objects_in": "state",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
