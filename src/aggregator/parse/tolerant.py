"""Any feed, however broken, through feedparser to a ParsedFeed. Slow and patient: what the strict parser gave up comes here.

Raises only ParseError. Takes as long as feedparser takes: see sandbox.py for the limits around it.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from aggregator.errors import ParseError
from aggregator.model import Entry, ParsedFeed
from aggregator.parse.encoding import to_utf8
from aggregator.parse.fields import (
    Picture,
    author_name,
    best_picture,
    distinct,
    first_stamp,
    is_web_address,
    resolve,
    ttl_minutes,
)
from aggregator.parse.hazards import without_forbidden

_DECLARATION = b"<?xml version='1.0' encoding='utf-8'?>\n"
_LONGEST_REASON = 200


def parse_tolerant(data: bytes, url: str, content_type: str | None = None) -> ParsedFeed:
    """Read what feedparser finds. `url` resolves relative links; nothing is ever fetched.

    feedparser is handed bytes (a text it might take for an address or a file name), without the document's address
    (it would resolve ids against it) and without sanitising: Entry is untrusted until normalize has read it.
    """
    import feedparser

    decoded = to_utf8(data, content_type)
    body = _DECLARATION + without_forbidden(decoded.body)
    try:
        found = feedparser.parse(body, resolve_relative_uris=False, sanitize_html=False)
        feed = _feed(found, url)
    except (MemoryError, RecursionError) as error:
        raise ParseError(url, f"too much for the tolerant parser: {type(error).__name__}") from error
    except Exception as error:  # feedparser promises none, and has had some
        raise ParseError(url, f"the tolerant parser failed on it: {type(error).__name__}: {error}") from error
    ended = _END.search(body) is not None
    if not feed.entries and not feed.title and not feed.home_url and not (ended and found.version):
        raise ParseError(url, "not a feed: no entries and no title")
    return feed if ended else _without_torso(feed, body)


_END = re.compile(rb"</(?:\w+:)?(?:rss|feed|rdf|channel)\s*>", re.IGNORECASE)


def _without_torso(feed: ParsedFeed, body: bytes) -> ParsedFeed:
    """A feed that was cut off, without the entry that was cut: half a headline is none."""
    folded = body.lower()
    cut = max(map(folded.rfind, (b"<item", b"<entry"))) > max(map(folded.rfind, (b"</item", b"</entry")))
    entries = feed.entries[:-1] if cut else feed.entries
    return replace(feed, entries=entries, malformed="it ends in the middle")


def _text(context: Any, name: str) -> str | None:
    """A text of feedparser's, without its fallbacks (updated for published); unknown elements with attributes are dicts."""
    value = dict.get(context, name)
    return value if isinstance(value, str) and value else None


def _feed(found: Any, url: str) -> ParsedFeed:
    head, version = found.feed, found.version or ""
    # As in fast.py: an entry of Atom and RDF without author has the feed's.
    inherits = version not in _WITHOUT_FEED_AUTHOR
    authors = _authors(head) if inherits else ()
    updated = first_stamp((name, _text(head, name)) for name in ("updated", "published"))
    return ParsedFeed(
        title=_text(head, "title"),
        home_url=resolve(url, _alternate(head) or _undeclared_link(head)),
        language=_text(head, "language"),
        ttl=ttl_minutes(*(_text(head, name) for name in ("ttl", "sy_updateperiod", "sy_updatefrequency"))),
        updated=updated.at,
        entries=tuple(_entry(entry, url, version, authors, bool(found.bozo)) for entry in found.entries),
        parser="tolerant",
        malformed=_reason(found) if found.bozo else None,
    )


_WITHOUT_FEED_AUTHOR = frozenset(("rss", "rss091n", "rss091u", "rss092", "rss093", "rss094", "rss20"))


def _reason(found: Any) -> str:
    error = found.get("bozo_exception")
    message = error.getMessage() if hasattr(error, "getMessage") else str(error)
    line = error.getLineNumber() if hasattr(error, "getLineNumber") else None
    return (f"line {line}: {message}" if line else message)[:_LONGEST_REASON]


def _authors(context: Any) -> tuple[str, ...]:
    return distinct(
        author_name(author.get("name") or author.get("email")) for author in context.get("authors") or ()
    )


def _entry(entry: Any, url: str, version: str, feed_authors: tuple[str, ...], broken: bool) -> Entry:
    guid, link = _text(entry, "id"), _alternate(entry)
    if guid is not None and broken:
        # feedparser's reader of broken documents leaves it in ids, which would be others whenever a feed is broken.
        guid = guid.replace("&amp;", "&")
    if link is None and dict.get(entry, "guidislink") and is_web_address(guid):
        link = guid
    origin, changed = ("pubDate", "dc:date") if version.startswith("rss") else ("published", "updated")
    published, updated = (origin, _text(entry, "published")), (changed, _text(entry, "updated"))
    stamp = first_stamp((published, updated, ("created", _text(entry, "created"))))
    change = first_stamp((updated,))
    contents = [part.get("value") or "" for part in entry.get("content") or ()]
    summary = _text(entry, "summary")
    if summary in contents and "summary_detail" not in entry:
        summary = None  # feedparser's own copy of the content
    source = entry.get("source")
    source = source if isinstance(source, dict) else {}
    return Entry(
        id=guid,
        url=resolve(url, link),
        title=_text(entry, "title"),
        summary=summary,
        content=max(contents, key=len, default="") or None,
        published=stamp.at,
        published_precision=stamp.precision,
        published_text=stamp.text,
        published_from=stamp.origin,
        updated=change.at,
        updated_text=change.text,
        authors=_authors(entry) or feed_authors,
        categories=distinct(tag.get("term") or tag.get("label") for tag in entry.get("tags") or ()),
        image=best_picture(_pictures(entry), url),
        enclosures=distinct(resolve(url, link.get("href")) for link in _links(entry, "enclosure")),
        language=_text(entry, "language"),
        source_name=_text(source, "title"),
        source_url=resolve(url, _text(source, "href") or _text(source, "link")),
    )


def _links(context: Any, rel: str) -> Iterator[Any]:
    return (link for link in context.get("links") or () if link.get("rel") == rel)


def _alternate(context: Any) -> str | None:
    """The last alternate link that says it is HTML, as feedparser has it, else the first of any type.

    Its own choice is not taken: a link that is an enclosure and has its address as text wins there.
    """
    links = [link for link in _links(context, "alternate") if link.get("href")]
    html = [link for link in links if (link.get("type") or "html") in _HTML_TYPES]
    chosen = html[-1] if html else links[0] if links else None
    return chosen.get("href") if chosen else None


_HTML_TYPES = frozenset(("html", "text/html", "xhtml", "application/xhtml+xml"))


def _undeclared_link(head: Any) -> str | None:
    """<atom:link> in a feed that never says what atom is."""
    link = head.get("atom_link")
    return (
        link.get("href") if isinstance(link, dict) and link.get("rel", "alternate") == "alternate" else None
    )


_IMAGE_NAME = re.compile(r"\.(?:jpe?g|png|gif|webp|avif)(?:$|\?)", re.IGNORECASE)


def _pictures(entry: Any) -> Iterator[Picture]:
    for media in entry.get("media_content") or ():
        address = media.get("url") or ""
        kind = media.get("type") or media.get("medium") or ("image" if _IMAGE_NAME.search(address) else "")
        yield Picture(address, media.get("width"), kind)
    for link in _links(entry, "enclosure"):
        yield Picture(link.get("href"), None, link.get("type") or "")
    for media in entry.get("media_thumbnail") or ():
        yield Picture(media.get("url"), media.get("width"), thumbnail=True)
    image = entry.get("image")
    if isinstance(image, dict):
        yield Picture(image.get("href"), thumbnail=True)
