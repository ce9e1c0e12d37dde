"""A listing read by an editor's CSS selectors."""

from collections.abc import Iterator

from selectolax.lexbor import LexborNode

from aggregator.errors import ParseError
from aggregator.model import Entry, Selectors
from aggregator.parse.dates import read_date
from aggregator.parse.listing.cards import MAX_CARD, card_entry, is_larger
from aggregator.parse.listing.entries import Listing, read_time, without_interjections
from aggregator.parse.page.evidence import urljoin_or_none
from aggregator.parse.page.text import clean, node_text

MAX_ITEMS = 5_000  # looked at


def read_configured(listing: Listing, selectors: Selectors) -> Iterator[Entry]:
    """One entry per match of `item`; what no selector names is guessed inside the item.

    Raises:
        ParseError: a selector is no CSS, or `item` matches no single articles.
    """
    items = _select(listing, listing.tree.root, selectors.item or "", "item")[:MAX_ITEMS]
    cards = [item for item in items if not is_larger(item, MAX_CARD)]
    if items and not cards:
        raise ParseError(
            listing.url,
            f"selectors.item = {selectors.item!r} matches what holds more than {MAX_CARD} elements: "
            "a part of the page, not one article each",
        )
    for item in cards:
        yield from _entry(listing, item, selectors)


def _entry(listing: Listing, item: LexborNode, selectors: Selectors) -> Iterator[Entry]:
    link = _value(listing, item, selectors.link, "link", "href")
    if link is None and selectors.link is None:
        own = (
            item
            if item.tag == "a"
            else item.css_first("h1 a[href], h2 a[href], h3 a[href], h4 a[href]") or item.css_first("a[href]")
        )
        link = own.attributes.get("href") if own else None
    address = listing.address(link)
    if address is None:
        return
    guessed = card_entry(listing, item, address)
    read, text = None, None
    if selectors.time:
        at, _, attribute = selectors.time.partition("@")
        found = _select(listing, item, at, "time") if at else [item]
        if found:
            read, text = (
                (read_date(value, now=listing.now), value)
                if attribute and (value := clean(found[0].attributes.get(attribute) or ""))
                else read_time(found[0], listing.now)
            )
    else:
        text = guessed.published_text
    image = _value(listing, item, selectors.image, "image", "src")
    teaser = _value(listing, item, selectors.teaser, "teaser")
    yield Entry(
        url=address,
        title=_value(listing, item, selectors.title, "title") if selectors.title else guessed.title,
        summary=(without_interjections(teaser) or None)
        if selectors.teaser and teaser
        else None
        if selectors.teaser
        else guessed.summary,
        published=read.at if read else None if selectors.time else guessed.published,
        published_precision=read.precision
        if read
        else guessed.published_precision
        if not selectors.time
        else "instant",
        published_text=text or None,
        published_from="time" if text else None,
        image=urljoin_or_none(listing.url, image or "") if selectors.image else guessed.image,
        source_name=_value(listing, item, selectors.source, "source")
        if selectors.source
        else guessed.source_name,
    )


def _value(
    listing: Listing, item: LexborNode, selector: str | None, key: str, attribute: str = ""
) -> str | None:
    """The text, or attribute, of the first match that has one. `attribute` is taken when the selector names none."""
    if not selector:
        return None
    css, _, named = selector.partition("@")
    for node in _select(listing, item, css, key) if css.strip() else [item]:
        value = (
            clean(node.attributes.get(named or attribute) or "") if named or attribute else node_text(node)
        )
        if value:
            return value
    return None


def _select(listing: Listing, node: LexborNode | None, css: str, key: str) -> list[LexborNode]:
    if node is None:
        return []
    try:
        return node.css(css)
    except Exception as error:  # selectolax.lexbor.SelectolaxError, which is no ValueError
        raise ParseError(listing.url, f"selectors.{key} = {css!r} is no CSS selector: {error}") from error
