"""A Listing -> RSS 2.0, Atom (RFC 4287) or JSON Feed 1.1. Well-formed whatever the texts say, with stable ids.

An entry's id is its article's canonical URL: the same whichever database the list was made from, and over headline changes.
"""

import uuid
import xml.etree.ElementTree as ET
from datetime import datetime
from email.utils import format_datetime
from html import escape
from typing import Any
from urllib.parse import urlsplit

from aggregator.model import Article, Item, Related
from aggregator.render import jsonable
from aggregator.render.jsonable import instant
from aggregator.render.listing import Listing
from aggregator.render.safe import page_text, web_url, xml_text
from aggregator.render.words import words

TITLE_LIMIT = 300  # characters, as stored
TEASER_LIMIT = 500

ATOM = "http://www.w3.org/2005/Atom"
DC = "http://purl.org/dc/elements/1.1/"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"

ET.register_namespace("dc", DC)


def rss(listing: Listing) -> str:
    """RSS 2.0: <source> names the outlet, <dc:creator> the authors, <guid> is no permalink."""
    root = ET.Element("rss", version="2.0")
    channel = ET.SubElement(root, "channel")
    _text(channel, "title", _heading(listing))
    _text(channel, "link", web_url(listing.home_url) or feed_id(listing))
    _text(channel, "description", _heading(listing))
    _text(channel, "language", listing.language)
    _text(channel, "lastBuildDate", format_datetime(_updated(listing)))
    for entry in listing.entries:
        article = entry.item.article
        element = ET.SubElement(channel, "item")
        _text(element, "title", _title(article))
        if url := web_url(article.url):
            _text(element, "link", url)
        ET.SubElement(element, "guid", isPermaLink="false").text = entry_id(entry.item)
        _text(element, "pubDate", format_datetime(article.published_at))
        if article.teaser:
            # The description is HTML by the specification, so plain text is escaped once more.
            _text(element, "description", escape(page_text(article.teaser, TEASER_LIMIT), quote=False))
        for author in article.authors:
            _text(element, f"{{{DC}}}creator", page_text(author, TITLE_LIMIT))
        outlet = ET.SubElement(element, "source", url=_site(article.url))
        outlet.text = page_text(entry.item.outlet, TITLE_LIMIT)
    return _document(root)


def atom(listing: Listing) -> str:
    """Atom: texts are type="text", so nothing in them is markup; <source> names the outlet (RFC 4287 section 4.2.11)."""
    root = ET.Element("feed", {"xmlns": ATOM, XML_LANG: listing.language})
    _text(root, "title", _heading(listing))
    _text(root, "id", feed_id(listing))
    _text(root, "updated", instant(_updated(listing)))
    if home := web_url(listing.home_url):
        ET.SubElement(root, "link", rel="alternate", href=home)
    _text(root, "generator", "aggregator")
    for entry in listing.entries:
        article = entry.item.article
        element = ET.SubElement(root, "entry")
        if article.language:
            element.set(XML_LANG, page_text(article.language, 35))
        _text(element, "title", _title(article), type="text")
        _text(element, "id", entry_id(entry.item))
        if url := web_url(article.url):
            ET.SubElement(element, "link", rel="alternate", href=url)
        _text(element, "published", instant(article.published_at))
        _text(element, "updated", instant(_changed(entry.item)))
        # RFC 4287 section 4.1.2: an entry has an author of its own where the feed has none.
        for name in article.authors or (entry.item.outlet,):
            _text(ET.SubElement(element, "author"), "name", page_text(name, TITLE_LIMIT))
        if article.teaser:
            _text(element, "summary", page_text(article.teaser, TEASER_LIMIT), type="text")
        source = ET.SubElement(element, "source")
        _text(source, "id", _site(article.url))
        _text(source, "title", page_text(entry.item.outlet, TITLE_LIMIT))
        _text(source, "updated", instant(article.published_at))
    return _document(root)


def jsonfeed(listing: Listing) -> dict[str, Any]:
    """JSON Feed 1.1; what the format has no key for stands under `_aggregator`."""
    feed: dict[str, Any] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": _heading(listing),
        "language": listing.language,
    }
    if home := web_url(listing.home_url):
        feed["home_page_url"] = home
    feed["_aggregator"] = {"key": listing.key, "updated": instant(_updated(listing))}
    feed["items"] = [_json_item(entry) for entry in listing.entries]
    return feed


def feed_id(listing: Listing) -> str:
    """A URN that depends on what the list is of and on nothing else."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"aggregator:{xml_text(listing.key)}").urn


def entry_id(item: Item) -> str:
    return web_url(item.article.canonical_url) or web_url(item.article.url) or f"aggregator:item/{item.id}"


def _json_item(entry: Related) -> dict[str, Any]:
    item, article = entry.item, entry.item.article
    made: dict[str, Any] = {"id": entry_id(item)}
    if url := web_url(article.url):
        made["url"] = url
    made["title"] = _title(article)
    made["content_text"] = page_text(article.teaser, TEASER_LIMIT) or _title(article)
    if article.teaser:
        made["summary"] = page_text(article.teaser, TEASER_LIMIT)
    made["date_published"] = instant(article.published_at)
    if article.authors:
        made["authors"] = [{"name": page_text(name, TITLE_LIMIT)} for name in article.authors]
    if article.language:
        made["language"] = page_text(article.language, 35)
    if article.image and (image := web_url(article.image)):
        made["image"] = image
    made["_aggregator"] = {
        "id": item.id,
        "outlet": page_text(item.outlet, TITLE_LIMIT),
        "source_id": article.source_id,
        "agency": page_text(article.agency, TITLE_LIMIT),
        "story_id": item.story_id,
        "relation": entry.relation,
        "score": round(entry.score, 4),
        "reasons": list(entry.reasons),
        "published_precision": article.published_precision,
        "copies": [jsonable.copy(copy) for copy in item.copies],
    }
    return made


def _heading(listing: Listing) -> str:
    return page_text(listing.heading, TITLE_LIMIT) or words(listing.language).related_articles


def _title(article: Article) -> str:
    return page_text(article.title, TITLE_LIMIT) or xml_text(article.url)


def _updated(listing: Listing) -> datetime:
    """When the newest entry arrived: a list that did not change keeps its time."""
    return max((entry.item.article.first_seen_at for entry in listing.entries), default=listing.now)


def _changed(item: Item) -> datetime:
    return max((revision.seen_at for revision in item.revisions), default=item.article.published_at)


def _site(url: str) -> str:
    """The outlet's site, of an article on it."""
    parts = urlsplit(web_url(url) or "")
    return f"{parts.scheme}://{parts.netloc}/" if parts.netloc else "about:blank"


def _text(parent: ET.Element, tag: str, text: str, **attributes: str) -> None:
    ET.SubElement(parent, tag, attributes).text = xml_text(text)


def _document(root: ET.Element) -> str:
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"
