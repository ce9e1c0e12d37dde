"""A fetched page, or a robots.txt, to the addresses at which the site may publish its news. Pure; raises only ParseError.

Nothing is believed: what an address holds is known when it has been asked.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser

from aggregator.model import FeedKind
from aggregator.parse.fields import is_web_address, resolve
from aggregator.parse.page.text import clean, node_text
from aggregator.parse.page.tree import read_tree
from aggregator.parse.sitemap import is_news_sitemap, path_of

Origin = Literal["address", "link", "anchor", "robots.txt", "well-known", "page"]
"""address: given by the person. link: <link rel=alternate>. anchor: an <a> that looks like one. page: the page itself."""

WELL_KNOWN = ("/feed", "/rss", "/rss.xml", "/feed.xml", "/atom.xml", "/index.xml", "/feed.json")
"""Where content management systems publish feeds, the commonest first."""

MOST = 50  # candidates of one page
MAX_ANCHORS = 5_000  # looked at

_FEED_TYPES = frozenset(
    ["application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json"]
)
_XML_TYPES = frozenset(["application/xml", "text/xml", "application/x-rss+xml", "text/rss+xml"])
# "/rss", "/feeds/world.xml", "/rss.php", "/news.rss", "/atom.xml", "/index.rdf", "?feed=rss2": whole words of the path only.
_FEED_PATH = re.compile(r"(?:^|[/._-])(?:rss2?|atom|feeds?|rdf)(?:$|[/._-])|/index\.xml$", re.IGNORECASE)
_FEED_QUERY = re.compile(
    r"(?:^|&)(?:feed|format|type|output)=(?:rss2?|atom|feed|json-?feed)\b", re.IGNORECASE
)
_FEED_HOST = re.compile(r"(?:rss|feeds?|feeds\d)\.", re.IGNORECASE)
_COMMENTS_PATH = re.compile(
    r"[/_-](?:comments?|kommentare?|commentaires?|comentarios?)(?:/|$|\?|\.)", re.IGNORECASE
)
_COMMENTS_TITLE = re.compile(
    r"\bcomments? (?:on|for|feed)\b|\bcomments?\W*$|\bkommentar(?:e|-feed)|\bcommentaires\b|\bcomentarios\b",
    re.IGNORECASE,
)
_SITEMAP_LINE = re.compile(r"^[ \t]*sitemap[ \t]*:[ \t]*(\S{1,2000})", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An address at which there may be news."""

    url: str
    kind: FeedKind
    origin: Origin
    title: str = ""  # as the page names it


@dataclass(frozen=True, slots=True, kw_only=True)
class SitePage:
    """What a page says about its site."""

    site_name: str
    language: str
    is_article: bool
    candidates: tuple[Candidate, ...]  # feeds: those that are declared, then those that are linked


def read_site(html: bytes, url: str, content_type: str | None = None) -> SitePage:
    """Read a site's page.

    Args:
        html: as fetched, content encoding undone.
        url: after redirects.

    Raises:
        ParseError: no HTML, or a page built to keep a parser busy.
    """
    tree = read_tree(html, url, content_type)
    base = tree.css_first("base[href]")
    root = (resolve(url, base.attributes.get("href")) if base else None) or url
    document = tree.css_first("html")
    return SitePage(
        site_name=_meta(tree, "og:site_name"),
        language=clean((document.attributes.get("lang") or "") if document else "")
        or _meta(tree, "og:locale").replace("_", "-"),
        is_article=_meta(tree, "og:type").lower() == "article",
        candidates=_distinct((*_declared(tree, root), *_linked(tree, root))),
    )


def well_known(url: str) -> tuple[Candidate, ...]:
    """Addresses of the same host where many sites publish a feed."""
    return tuple(Candidate(url=urljoin(url, path), kind="feed", origin="well-known") for path in WELL_KNOWN)


def robots_sitemaps(text: str) -> tuple[Candidate, ...]:
    """The sitemaps that a robots.txt names (sitemaps.org, "Specifying the Sitemap location"), those of news first."""
    found = [
        Candidate(url=url, kind="sitemap", origin="robots.txt")
        for url in _SITEMAP_LINE.findall(text)
        if is_web_address(url)
    ]
    return _distinct(sorted(found, key=lambda candidate: not is_news_sitemap(candidate.url)))


def looks_like_feed(url: str) -> bool:
    """Whether an address is written like that of a feed.

    >>> looks_like_feed("https://tarn.example/world/rss.xml"), looks_like_feed("https://tarn.example/feeding-birds")
    (True, False)
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return bool(
        _FEED_PATH.search(parts.path)
        or _FEED_QUERY.search(parts.query)
        or (_FEED_HOST.match(parts.netloc) and parts.path.strip("/"))
    )


def is_of_comments(url: str, title: str = "") -> bool:
    """Whether a feed holds readers' comments rather than news, by its address and its name."""
    return bool(_COMMENTS_PATH.search(path_of(url)) or _COMMENTS_TITLE.search(title))


def _declared(tree: LexborHTMLParser, base: str) -> Iterator[Candidate]:
    for node in tree.css("link[rel~='alternate' i][href]")[:MAX_ANCHORS]:
        media_type = (node.attributes.get("type") or "").partition(";")[0].strip().lower()
        url = resolve(base, node.attributes.get("href"))
        if url is None or not is_web_address(url):
            continue
        if media_type in _FEED_TYPES or (media_type in _XML_TYPES and looks_like_feed(url)):
            title = clean(node.attributes.get("title") or "")[:200]
            if not is_of_comments(url, title):
                yield Candidate(url=url, kind="feed", origin="link", title=title)


def _linked(tree: LexborHTMLParser, base: str) -> Iterator[Candidate]:
    for node in tree.css("a[href]")[:MAX_ANCHORS]:
        url = resolve(base, node.attributes.get("href"))
        if url is not None and is_web_address(url) and looks_like_feed(url):
            url = url.partition("#")[0]
            title = node_text(node)[:200]
            if not is_of_comments(url, title):
                yield Candidate(url=url, kind="feed", origin="anchor", title=title)


def _meta(tree: LexborHTMLParser, name: str) -> str:
    node = tree.css_first(f'meta[property="{name}"], meta[name="{name}"]')
    return clean(node.attributes.get("content") or "")[:200] if node else ""


def _distinct(candidates: Iterable[Candidate]) -> tuple[Candidate, ...]:
    by_url: dict[str, Candidate] = {}
    for candidate in candidates:
        if len(by_url) < MOST:
            by_url.setdefault(candidate.url, candidate)
    return tuple(by_url.values())
