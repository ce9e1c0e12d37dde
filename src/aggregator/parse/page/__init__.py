"""An article's own page to a ParsedPage: every field by its own rule, each with the place it was read from.

One parse per page; pure; raises only ParseError. The rules and what they gain: docs/decisions/0004-pages.md.
"""

import re
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from aggregator.model import ParsedPage
from aggregator.parse.page.authors import find_authors
from aggregator.parse.page.body import find_body
from aggregator.parse.page.evidence import Evidence, gather, squeeze, urljoin_or_none
from aggregator.parse.page.jsonld import PAGE_TYPES, Node, text_of, types, url_of
from aggregator.parse.page.published import find_published
from aggregator.parse.page.teaser import find_teaser
from aggregator.parse.page.title import find_title
from aggregator.parse.page.tree import read_tree

__all__ = ["parse_page"]

# "utf-8" has been seen.
_LANGUAGE = re.compile(r"(?!utf\b)[a-z]{2,3}(?:[-_][a-z0-9_-]{1,30})?", re.IGNORECASE)
# Scripts that one language of the news is written in. Kana before Han: Japanese writes both.
_SCRIPTS = (
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("ko", re.compile("[\uac00-\ud7a3]")),
    ("zh", re.compile("[\u3400-\u9fff]")),
    ("th", re.compile("[\u0e00-\u0e7f]")),
    ("he", re.compile("[\u0590-\u05ff]")),
    ("el", re.compile("[\u0370-\u03ff]")),
    ("ka", re.compile("[\u10a0-\u10ff]")),
    ("hy", re.compile("[\u0530-\u058f]")),
)
_LETTER = re.compile(r"[^\W\d_]")
_ADDRESS = re.compile(r"(?:https?://\S+|@\S+|\S+\.[a-z]{2,4}(?:\.[a-z]{2})?)", re.IGNORECASE)
_NO_IMAGE = re.compile(
    r"placeholder|no-?image|blank\.|spacer\.|(?<!\d)1x1(?!\d)|touch-icon|favicon|pixel\.(?:gif|png)|transparent\.",
    re.IGNORECASE,
)
MAX_PARTS = 20  # of an article, looked at for a paywall


def parse_page(html: bytes, url: str, *, content_type: str | None = None, outlet: str = "") -> ParsedPage:
    """What an article's page says of the article.

    Args:
        html: the page as fetched, content encoding undone.
        url: where it was found, after redirects; relative addresses are resolved against it.
        content_type: the HTTP header as sent; its charset counts where the bytes are not UTF-8.
        outlet: the name the outlet is configured under, where it is: titles signed with it lose it, even when the page
            itself never tells its name.

    Raises:
        ParseError: no HTML, or a page built to keep a parser busy.
    """
    page = gather(read_tree(html, url, content_type), url, html, outlet)
    title, title_place = find_title(page)
    published, updated = find_published(page, title)
    summary, summary_place = find_teaser(page, title)
    authors, authors_place = find_authors(page, title)
    places = {
        "title": title_place,
        "published": published.place if published else "",
        "updated": updated.place if updated else "",
        "summary": summary_place,
        "authors": authors_place,
    }
    return ParsedPage(
        title=title,
        site_name=_site_name(page, outlet),
        published=published.at if published else None,
        published_precision=published.precision if published else "instant",
        updated=updated.at if updated else None,
        summary=summary,
        authors=authors,
        canonical_url=_canonical_url(page),
        language=_language(page, title),
        image=_image(page),
        agency=None,
        paywalled=_paywalled(page),
        text=find_body(page.tree, text_of(page.article.get("articleBody"))),  # last: it takes the tree apart
        origins={field: place for field, place in places.items() if place},
    )


def _site_name(page: Evidence, outlet: str) -> str | None:
    """What the page calls its site. A name is better than an address: some write "gazette.example" as og:site_name."""
    publisher = page.article.get("publisher")
    person = isinstance(publisher, dict) and "person" in types(publisher)  # WordPress: whoever installed it
    names = [page.first("og:site_name"), "" if person else text_of(publisher)]
    names += [text_of(node.get("name")) for node in page.nodes if "website" in types(node)]
    names += [page.first("application-name"), page.first("apple-mobile-web-app-title")]
    names = [name for name in (name.strip(" |–—-") for name in names) if name]
    if not names:
        return outlet if outlet and squeeze(page.title_tag).endswith(squeeze(outlet)) else None
    host = squeeze((urlsplit(page.url).hostname or "").removeprefix("www."))
    name = next((name for name in names if not _ADDRESS.fullmatch(name) and squeeze(name) != host), names[0])
    # "nationalpost" and "National Post" are one name; the second is how readers know it.
    return next((other for other in names if " " in other and squeeze(other) == squeeze(name)), name)


def _canonical_url(page: Evidence) -> str | None:
    """rel=canonical, else og:url; on the same site only: a scraper's page, or a hacked one, points elsewhere."""
    for written in (page.canonical, page.first("og:url")):
        address = urljoin_or_none(page.url, written)
        if address and _site(address) == _site(page.url):
            return address
    return None


def _site(url: str) -> str:
    return ".".join((urlsplit(url).hostname or "").rsplit(".", 2)[-2:])


def _language(page: Evidence, title: str | None) -> str | None:
    """A BCP 47 tag as the page writes it, where that can be; else what the headline's script tells.

    Templates say "en" whatever they are filled with: a headline in a script that English is not written in overrules it.
    """
    claims = [
        page.language,
        *(
            page.first(name)
            for name in ("og:locale", "content-language", "language", "dc.language", "dcterms.language")
        ),
        text_of(page.article.get("inLanguage")),
    ]
    tags = (claim.partition(",")[0].strip() for claim in claims)
    tag = next((tag.replace("_", "-") for tag in tags if _LANGUAGE.fullmatch(tag)), None)
    if tag is None or tag[:2].lower() == "en":
        return _language_of_script(title or "") or tag
    return tag


def _language_of_script(text: str) -> str | None:
    letters = len(_LETTER.findall(text))
    for language, script in _SCRIPTS:
        found = len(script.findall(text))
        if 2 * found > letters or (language == "ja" and found > 1 and not text.isascii()):
            return language
    return None


def _image(page: Evidence) -> str | None:
    claims = [
        *(
            page.first(name)
            for name in (
                "og:image",
                "og:image:url",
                "og:image:secure_url",
                "twitter:image",
                "twitter:image:src",
            )
        ),
        url_of(page.article.get("image")),
        url_of(page.article.get("thumbnailUrl")),
        page.first("thumbnail", "sailthru.image.full", "parsely-image-url", "image"),
    ]
    addresses = (urljoin_or_none(page.url, claim) for claim in claims)
    return next((address for address in addresses if address and not _NO_IMAGE.search(address)), None)


def _paywalled(page: Evidence) -> bool | None:
    """schema.org's isAccessibleForFree, of the article, its locked part or its page; else Facebook's content_tier."""
    for nodes in ([page.article], [node for node in page.nodes if types(node) & PAGE_TYPES]):
        free = [*_accessible(nodes)]
        if free:
            return any(value.endswith("false") for value in free)
    if free_by_markup := page.first("isaccessibleforfree").lower():
        return free_by_markup.endswith("false")
    tier = page.first("article:content_tier", "og:article:content_tier").lower()
    return tier in ("locked", "metered") if tier else None


def _accessible(nodes: Sequence[Node]) -> Iterator[str]:
    for node in nodes[:MAX_PARTS]:
        parts = node.get("hasPart")
        for told in [node, *(parts if isinstance(parts, list) else [parts])[:MAX_PARTS]]:
            if isinstance(told, dict) and "isAccessibleForFree" in told:
                yield str(told["isAccessibleForFree"]).strip().lower()
