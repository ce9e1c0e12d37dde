"""An article's own page to a ParsedPage: every field by its own rule, each with the place it was read from.

One parse per page; pure; raises only ParseError. The rules and what they gain: docs/decisions/0004-pages.md.
"""

import re
from urllib.parse import urlsplit

from aggregator.model import ParsedPage
from aggregator.parse.page.authors import find_authors
from aggregator.parse.page.body import find_body
from aggregator.parse.page.evidence import Evidence, gather, urljoin_or_none
from aggregator.parse.page.jsonld import text_of, url_of
from aggregator.parse.page.published import find_published
from aggregator.parse.page.teaser import find_teaser
from aggregator.parse.page.title import find_title
from aggregator.parse.page.tree import read_tree

__all__ = ["parse_page"]

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9_-]{1,30})?")  # "utf-8" has been seen
MAX_PARTS = 20  # of an article, looked at for a paywall


def parse_page(html: bytes, url: str, *, content_type: str | None = None) -> ParsedPage:
    """What an article's page says of the article.

    Args:
        html: the page as fetched, content encoding undone.
        url: where it was found, after redirects; relative addresses are resolved against it.
        content_type: the HTTP header as sent; its charset counts where the bytes are not UTF-8.

    Raises:
        ParseError: no HTML, or a page built to keep a parser busy.
    """
    page = gather(read_tree(html, url, content_type), url)
    title, title_place = find_title(page)
    published, updated = find_published(page, title)
    summary, summary_place = find_teaser(page, title)
    authors, authors_place = find_authors(page)
    places = {
        "title": title_place,
        "published": published.place if published else "",
        "updated": updated.place if updated else "",
        "summary": summary_place,
        "authors": authors_place,
    }
    return ParsedPage(
        title=title,
        site_name=_site_name(page),
        published=published.at if published else None,
        published_precision=published.precision if published else "instant",
        updated=updated.at if updated else None,
        summary=summary,
        authors=authors,
        canonical_url=_canonical_url(page),
        language=_language(page),
        image=_image(page),
        agency=None,
        paywalled=_paywalled(page),
        text=find_body(page.tree, text_of(page.article.get("articleBody"))),  # last: it takes the tree apart
        origins={field: place for field, place in places.items() if place},
    )


def _site_name(page: Evidence) -> str | None:
    return (
        page.first("og:site_name")
        or text_of(page.article.get("publisher"))
        or page.first("application-name")
        or None
    )


def _canonical_url(page: Evidence) -> str | None:
    """rel=canonical, else og:url; on the same site only: a scraper's page, or a hacked one, points elsewhere."""
    for written in (page.canonical, page.first("og:url")):
        address = urljoin_or_none(page.url, written)
        if address and _site(address) == _site(page.url):
            return address
    return None


def _site(url: str) -> str:
    return ".".join((urlsplit(url).hostname or "").rsplit(".", 2)[-2:])


def _language(page: Evidence) -> str | None:
    """A BCP 47 tag as the page writes it; OpenGraph's locale parts it with an underscore."""
    tag = (
        page.language
        or page.first("og:locale", "content-language", "language")
        or text_of(page.article.get("inLanguage"))
    )
    return tag.replace("_", "-") if _LANGUAGE.fullmatch(tag) else None


def _image(page: Evidence) -> str | None:
    address = page.first("og:image", "og:image:url", "twitter:image") or url_of(page.article.get("image"))
    return urljoin_or_none(page.url, address)


def _paywalled(page: Evidence) -> bool | None:
    """schema.org's isAccessibleForFree, of the article or of the part that is locked; else Facebook's content_tier."""
    parts = page.article.get("hasPart")
    told = [page.article, *(parts if isinstance(parts, list) else [parts])[:MAX_PARTS]]
    free = [
        str(node["isAccessibleForFree"]).strip().lower()
        for node in told
        if isinstance(node, dict) and "isAccessibleForFree" in node
    ]
    if free:
        return any(value.endswith("false") for value in free)
    tier = page.first("article:content_tier").lower()
    return tier in ("locked", "metered") if tier else None
