"""A section page, or another page that lists articles, to Entries: by selectors, else JSON-LD, else repeated structure.

One entry per address, with its best headline, in the page's order. Pure; raises only ParseError.
"""

from datetime import datetime

from aggregator.model import Entry, Selectors
from aggregator.parse.hazards import MAX_TAGS_OF_PAGE, refuse_tag_flood
from aggregator.parse.listing.cards import find_cards
from aggregator.parse.listing.configured import read_configured
from aggregator.parse.listing.entries import Listing, unique
from aggregator.parse.listing.itemlist import read_item_list
from aggregator.parse.page.evidence import urljoin_or_none
from aggregator.parse.page.text import clean
from aggregator.parse.page.tree import read_tree

__all__ = ["parse_listing"]


def parse_listing(
    html: bytes,
    url: str,
    selectors: Selectors | None = None,
    *,
    now: datetime | None = None,
    content_type: str | None = None,
) -> tuple[Entry, ...]:
    """The articles a page lists, in its order.

    Args:
        html: the page as fetched, content encoding undone.
        url: where it was found, after redirects.
        selectors: where things stand on it; None, or without `item`, means they are found by structure.
        now: when the page was fetched; relative times ("an hour ago") are read only when it is given.
        content_type: the HTTP header as sent; its charset counts where the bytes are not UTF-8.

    Raises:
        ParseError: no HTML, or a page built to keep a parser busy.
    """
    refuse_tag_flood(html, url, MAX_TAGS_OF_PAGE)
    tree = read_tree(html, url, content_type)
    signed = tree.css_first('meta[property="og:site_name"]')
    site = clean(signed.attributes.get("content") or "") if signed else ""
    listing = Listing(tree=tree, url=url, now=now, origin=(urljoin_or_none(url, "/") or "")[:-1], site=site)
    if selectors is not None and selectors.item:
        return unique(read_configured(listing, selectors))
    described, found = unique(read_item_list(listing)), unique(find_cards(listing))
    # An ItemList often holds the first block of a page only: 20 of 100 articles on one of the seven saved front pages.
    return described if 2 * len(described) >= len(found) else found
