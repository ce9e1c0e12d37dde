"""A feed's bytes to a ParsedFeed: JSON Feed by a reader of its own, XML by the strict one, the rest by the tolerant one.

Pure, and raises only ParseError, whose message says what was found instead of a feed.
"""

import re
from collections.abc import Callable
from dataclasses import replace

from aggregator.errors import ParseError
from aggregator.model import ParsedFeed
from aggregator.parse.encoding import to_utf8
from aggregator.parse.hazards import MAX_ATTRIBUTES, has_attribute_flood, refuse_tag_flood

Tolerant = Callable[[bytes, str, str | None], ParsedFeed]
"""(data, url, content_type) -> ParsedFeed, raising only ParseError; sandbox.Sandbox.parse is one."""


def parse_feed(
    data: bytes, url: str, content_type: str | None = None, *, tolerant: Tolerant | None = None
) -> ParsedFeed:
    """Read RSS 0.9 to 2.0, Atom 0.3 and 1.0, RDF, CDF or JSON Feed.

    Args:
        data: the body, its content encoding undone.
        url: where it came from; resolves relative links, and names the feed in errors.
        content_type: the header as sent; only its charset counts, the bytes say the rest.
        tolerant: what reads a document the strict parser gave up; None: feedparser in this process.

    Raises:
        ParseError: there was no feed in it.
    """
    _refuse_binary(data, url)
    decoded = to_utf8(data, content_type)
    body = decoded.body
    if body.lstrip()[:1] in (b"{", b"["):
        from aggregator.parse.jsonfeed import parse_json_feed

        return parse_json_feed(body.decode("utf-8", "ignore"), url)
    if has_attribute_flood(body):
        raise ParseError(url, f"a tag with more than {MAX_ATTRIBUTES:,} attributes")
    refuse_tag_flood(body, url)
    feed = _read_strictly(body, url)
    if feed is not None:
        return replace(feed, malformed=decoded.note) if decoded.note and not feed.malformed else feed
    _refuse_other(body, url)
    if tolerant is not None:
        return tolerant(data, url, content_type)
    from aggregator.parse.tolerant import parse_tolerant

    return parse_tolerant(data, url, content_type)


def _read_strictly(body: bytes, url: str) -> ParsedFeed | None:
    """As it stands, else with its commonest mistakes put right."""
    from aggregator.parse.fast import parse_strict
    from aggregator.parse.mend import mended, without_doctype

    body = without_doctype(body)
    feed = parse_strict(body, url)
    if feed is not None:
        return feed
    whole = mended(body)
    feed = parse_strict(whole, url) if whole != body else None
    return replace(feed, malformed=_MENDED) if feed else None


_MENDED = "bare ampersands, undeclared entities, control characters, or text around the feed"

_BINARY = (
    (b"%PDF-", "a PDF"),
    (b"\x1f\x8b", "gzip-compressed data"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x89PNG", "an image"),
    (b"GIF8", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"RIFF", "an image, sound or video"),
    (b"ID3", "a sound"),
)


def _refuse_binary(data: bytes, url: str) -> None:
    if not data.strip(b" \t\r\n\0"):
        raise ParseError(url, "empty")
    for mark, name in _BINARY:
        if data.startswith(mark):
            raise ParseError(url, f"{name}, not a feed")


_FEED_ELEMENT = re.compile(
    rb"<(?:rss|feed|rdf|channel|item|entry|[a-z0-9]{1,20}:(?:rdf|feed|entry))[\s>/]", re.IGNORECASE
)
_FEED_ROOT = re.compile(rb"<(?:rss|feed|rdf:rdf|[a-z0-9]{1,20}:feed)[\s>]", re.IGNORECASE)
_ROOT = re.compile(rb"<(?![!?])/?([^\s<>/]{1,60})")
_HTML = re.compile(
    rb"\s*(?:<\?[^>]*>\s*|<!--(?:(?!-->).)*+-->\s*)*+<(?:!doctype\s+html|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)


def _refuse_other(body: bytes, url: str) -> None:
    """Say what a document is that holds no element of any feed."""
    if _HTML.match(body):
        if not _FEED_ROOT.search(body):
            raise ParseError(url, "an HTML page, not a feed")
        return
    if _FEED_ELEMENT.search(body):
        return
    root = _ROOT.search(body)
    if root is None:
        start = body.lstrip()[:40].decode("utf-8", "ignore")
        raise ParseError(url, f"neither XML nor JSON: it starts with {start!r}")
    name = root[1].decode("utf-8", "ignore")
    if name.rpartition(":")[2].lower() in ("urlset", "sitemapindex"):
        raise ParseError(url, 'a sitemap, not a feed (kind = "sitemap" reads it)')
    raise ParseError(url, f"XML that is no feed: its first element is <{name}>")
