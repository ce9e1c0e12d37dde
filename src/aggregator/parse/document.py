"""A Document to a ParsedFeed, by the kind of its feed. Raises only ParseError."""

from aggregator.errors import ParseError
from aggregator.model import Document, Feed, ParsedFeed
from aggregator.parse.feed import Tolerant, parse_feed
from aggregator.parse.own import OwnParser, read_own


def parse_document(
    document: Document, feed: Feed, *, tolerant: Tolerant | None = None, own: OwnParser | None = None
) -> ParsedFeed:
    """Read what was fetched for `feed`.

    A feed may be empty; a sitemap or a listing without any entry is an error, because that is how a changed page looks.
    Of a sitemap index come the addresses of its newest parts, to be fetched and read in their turn.

    Args:
        tolerant: as for parse_feed.
        own: reads it instead of what its kind says; own_parser tells whether there is one.

    Raises:
        ParseError: the document is not what its kind promises.
    """
    if own is not None:
        return read_own(document, feed, own)
    if feed.kind == "sitemap":
        return _sitemap(document)
    if feed.kind == "listing":
        return _listing(document, feed)
    return parse_feed(document.body, document.url, document.content_type, tolerant=tolerant)


def _sitemap(document: Document) -> ParsedFeed:
    from aggregator.parse.sitemap import newest_parts, parse_sitemap

    found = parse_sitemap(document.body, document.url)
    parts = newest_parts(found.sitemaps)
    if not found.entries and not parts:
        raise ParseError(document.url, "a sitemap without any <url><loc>")
    return ParsedFeed(
        title=next((entry.source_name for entry in found.entries if entry.source_name), None),
        home_url=None,
        language=next((entry.language for entry in found.entries if entry.language), None),
        ttl=None,
        updated=None,
        entries=found.entries,
        parser="sitemap",
        parts=parts,
    )


def _listing(document: Document, feed: Feed) -> ParsedFeed:
    from aggregator.parse.listing import parse_listing

    entries = parse_listing(
        document.body,
        document.url,
        feed.selectors,
        now=document.fetched_at,
        content_type=document.content_type,
    )
    if not entries:
        item = feed.selectors.item if feed.selectors else None
        sought = f"nothing matches the selector {item!r}" if item else "no headlines with links"
        raise ParseError(document.url, f"a listing without any article: {sought}")
    return ParsedFeed(
        title=None,
        home_url=document.url,
        language=None,
        ttl=None,
        updated=None,
        entries=entries,
        parser="listing",
    )
