"""What the parsers make of a document, in the shapes that extraction benches compare."""

from typing import Any

from aggregator.normalize import clean_teaser
from aggregator.normalize.article import HEADLINE_FROM_TEASER
from aggregator.parse import parse_feed, parse_listing, parse_page


def feed(data: bytes, url: str, content_type: str | None = None) -> dict[str, Any]:
    """A feed as a dict; an entry without a title has the headline it would be listed by."""
    parsed = parse_feed(data, url, content_type)
    return {
        "title": parsed.title,
        "link": parsed.home_url,
        "language": parsed.language,
        "ttl": parsed.ttl,
        "updated": parsed.updated,
        "items": [
            {
                "id": entry.id,
                "title": entry.title
                or clean_teaser(entry.summary or entry.content or "", limit=HEADLINE_FROM_TEASER),
                "link": entry.url,
                "published": entry.published,
                "updated": entry.updated,
                "authors": list(entry.authors),
                "summary": entry.summary,
                "content": entry.content,
                "categories": list(entry.categories),
                "image": entry.image,
                "enclosures": list(entry.enclosures),
            }
            for entry in parsed.entries
        ],
    }


def page(html: bytes, url: str) -> dict[str, Any]:
    """An article page as eval_extract.py asks for it."""
    parsed = parse_page(html, url)
    published = parsed.published
    return {
        "title": parsed.title,
        "source": parsed.site_name,
        "published": published.date() if published and parsed.published_precision == "day" else published,
        "teaser": parsed.summary,
        "author": list(parsed.authors),
        "url": parsed.canonical_url,
        "language": parsed.language,
        "image": parsed.image,
        "body": parsed.text,
    }


def listing(html: bytes, url: str) -> list[dict[str, Any]]:
    """A section page as eval_listing.py asks for it."""
    return [{"url": entry.url, "title": entry.title} for entry in parse_listing(html, url)]
