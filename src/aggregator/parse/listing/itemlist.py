"""A listing that describes itself: schema.org ItemList in JSON-LD."""

from collections.abc import Iterator
from typing import Any

from aggregator.model import Entry
from aggregator.parse.dates import read_date
from aggregator.parse.hazards import storable
from aggregator.parse.listing.entries import Listing
from aggregator.parse.page.evidence import urljoin_or_none
from aggregator.parse.page.jsonld import headline_of, read_blocks, text_of, types, url_of

FEWEST = 3  # shorter lists are breadcrumbs and carousels


def read_item_list(listing: Listing) -> tuple[Entry, ...]:
    """Entries of the longest list whose elements have an address and a headline; empty when there is none."""
    nodes = read_blocks([script.text() for script in listing.tree.css('script[type*="ld+json" i]')])
    lists = [
        tuple(_entries(listing, node.get("itemListElement"))) for node in nodes if "itemlist" in types(node)
    ]
    best = max(lists, key=len, default=())
    return best if len(best) >= FEWEST else ()


def _entries(listing: Listing, elements: Any) -> Iterator[Entry]:
    for element in elements if isinstance(elements, list) else []:
        if not isinstance(element, dict):
            continue
        item = element.get("item")
        about = {**element, **item} if isinstance(item, dict) else element
        address = listing.address(storable(url_of(about.get("url")) or url_of(item) or url_of(about)))
        title = storable(headline_of(about))
        if not address or not title:
            continue
        published = storable(text_of(about.get("datePublished")))
        read = read_date(published)
        yield Entry(
            url=address,
            title=title,
            summary=storable(text_of(about.get("description"))) or None,
            published=read.at if read else None,
            published_precision=read.precision if read else "instant",
            published_text=published or None,
            published_from="json-ld" if read else None,
            image=urljoin_or_none(listing.url, storable(url_of(about.get("image")))),
        )
