"""A tree to what all field rules look at: meta values, JSON-LD objects, headings. Read once per page, then never changed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit, urlunsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from aggregator.parse.page.jsonld import Node, choose_article, read_blocks, text_of
from aggregator.parse.page.text import UNREAD, clean, fold, node_text

MAX_HEADINGS = 12
MAX_TIMES = 30  # <time> elements kept: teasers of other articles may stand before the article's
MAX_META = 10_000  # characters of one value
MAX_HEADLINE = 500  # characters; longer ones are paragraphs set large
_SITE_METAS = (
    "og:site_name",
    "application-name",
    "apple-mobile-web-app-title",
    "twitter:site",
    "publisher",
    "dc.publisher",
)
_NO_LETTER = re.compile(r"[\W_]+")
_LABELS = frozenset([
    "www", "com", "co", "org", "net", "de", "fr", "it", "es", "uk", "at", "ch", "be", "nl", "pl", "ru", "jp",
    "kr", "in", "br", "au", "nz", "ca", "us", "eu", "info", "news", "m", "amp", "edition", "online"
])  # fmt: skip
# What editors set above or below the headline inside its element: <span class="overline">Middle East</span>, <small>2
# May</small>.
_KICKER = re.compile(
    r"kicker|over-?line|roof-?line|top-?line|super-?title|sub-?(?:title|line|head)|dachzeile|ressort|eyebrow|catch",
    re.IGNORECASE,
)
# <h1 class="site-title">, <h1 class="logo">
_SIGN = re.compile(r"\blogo|site-?(?:title|name)|\bbrand", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """An h1, or what the page marks as its headline."""

    node: LexborNode
    text: str  # without a kicker
    full: str  # with it
    folded: str  # `full` as comparisons see it
    at: int  # counts up through the page, as the numbers of `times` do


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    url: str
    tree: LexborHTMLParser
    source: bytes  # the page as fetched: what scripts hold is no longer in the tree
    meta: Mapping[
        str, Sequence[str]
    ]  # name, property, itemprop or http-equiv in lower case -> contents in order
    itemprops: Sequence[tuple[str, LexborNode]]  # (itemprop, element) of the body, in order
    times: Sequence[tuple[int, LexborNode]]  # <time> elements, each with where it stands
    canonical: str  # rel=canonical as written; "" when there is none
    nodes: Sequence[Node]  # all JSON-LD objects
    article: Node  # the one that describes the article; empty when there is none
    headings: Sequence[Heading]
    sites: frozenset[str]  # squeezed names under which the site may sign its titles
    title_tag: str
    language: str  # as the html element says; "" when it does not

    def first(self, *names: str) -> str:
        """The first non-empty meta value under the first name that has one."""
        return next((value for name in names for value in self.meta.get(name, ()) if value), "")


def headline_heading(page: Evidence, title: str | None) -> Heading | None:
    """The heading that shows the title; else the first."""
    wanted = fold(title or "")
    return next(
        (heading for heading in page.headings if wanted and wanted in heading.folded),
        page.headings[0] if page.headings else None,
    )


def squeeze(name: str) -> str:
    """A site's name as comparisons see it: letters and digits only."""
    folded = fold(name)
    return folded if folded.isalnum() else _NO_LETTER.sub("", folded)


# One query for all: each walks the whole tree, which takes as long as a tenth of parsing it.
_WANTED = 'meta[content], link[rel="canonical" i], title, h1, [itemprop], time, script[type*="ld+json" i]'
_UNREAD = "script, style, noscript, template, svg, iframe, select"


def gather(tree: LexborHTMLParser, url: str, source: bytes = b"", outlet: str = "") -> Evidence:
    """What the field rules look at. `outlet` is a name the site is known by, beside those the page tells."""
    meta: dict[str, list[str]] = {}
    itemprops: list[tuple[str, LexborNode]] = []
    headlines: list[tuple[int, LexborNode]] = []
    times: list[tuple[int, LexborNode]] = []
    blocks: list[str] = []
    title = canonical = ""
    for at, node in enumerate(tree.css(_WANTED)):
        tag, attributes = node.tag, node.attributes
        if tag == "meta":
            _add_meta(meta, attributes)
        elif tag == "script":
            blocks.append(node.text())
        elif tag == "link":
            canonical = canonical or attributes.get("href") or ""
        elif tag == "title":
            title = title or clean(node.text()[:MAX_META])
        elif tag == "h1" or "headline" in (attributes.get("itemprop") or ""):
            headlines.append((at, node))
        elif tag == "time":
            times.append((at, node))
        if attributes.get("itemprop") and tag != "meta":
            itemprops.append((attributes["itemprop"] or "", node))
    if tree.body is not None:
        for unread in tree.body.css(_UNREAD):  # strip_tags() would walk the tree once for each name
            unread.decompose(recursive=False)
    headings, signs = _headings(headlines, url)
    nodes = read_blocks(blocks)
    own = urljoin_or_none(url, canonical) or url
    article = choose_article(nodes, own, [heading.text for heading in headings])
    return Evidence(
        url=url,
        tree=tree,
        source=source,
        meta=meta,
        itemprops=itemprops,
        times=times[:MAX_TIMES],
        canonical=canonical,
        nodes=nodes,
        article=article,
        headings=headings,
        sites=_site_names(meta, nodes, article, [*signs, outlet], url),
        title_tag=title,
        language=((tree.root.attributes.get("lang") if tree.root else None) or "").strip(),
    )


def _add_meta(meta: dict[str, list[str]], attributes: Mapping[str, str | None]) -> None:
    content = clean((attributes.get("content") or "")[:MAX_META])
    for key in ("property", "name", "itemprop", "http-equiv"):
        name = attributes.get(key)
        if name and content:
            meta.setdefault(name.strip().lower(), []).append(content)


def _site_names(
    meta: Mapping[str, Sequence[str]], nodes: Sequence[Node], article: Node, signs: Sequence[str], url: str
) -> frozenset[str]:
    host = urlsplit(url).hostname or ""
    names = [value for name in _SITE_METAS for value in meta.get(name, ())]
    names += [text_of(article.get("publisher")), *signs]
    names += [text_of(node.get("name")) for node in nodes if str(node.get("@type")).lower() == "website"]
    names += [host, host.removeprefix("www."), *(label for label in host.split(".") if label not in _LABELS)]
    return frozenset(squeezed for name in set(names) if (squeezed := squeeze(name)))


def _headings(
    nodes: Sequence[tuple[int, LexborNode]], url: str
) -> tuple[tuple[Heading, ...], tuple[str, ...]]:
    """(headlines, names of the site): some themes put the outlet's name into the first h1 and link it to the front page."""
    headings: dict[str, Heading] = {}
    signs: list[str] = []
    for at, node in nodes[:MAX_HEADINGS]:
        full = node_text(node)
        if not full or len(full) > MAX_HEADLINE:
            continue
        if _SIGN.search(node.attributes.get("class") or "") or links_home(node, url):
            signs.append(full)
            continue
        text = _without_kicker(node)
        text = text if len(text) >= 12 else full
        folded = fold(full)
        headings.setdefault(folded, Heading(node=node, text=text, full=full, folded=folded, at=at))
    return tuple(headings.values()), tuple(signs)


def links_home(node: LexborNode, url: str) -> bool:
    link = node.css_first("a[href]") or (node.parent if node.parent and node.parent.tag == "a" else None)
    if link is None:
        return False
    address = urljoin_or_none(url, link.attributes.get("href") or "")
    return address is not None and urlsplit(address).path in ("", "/") and urlsplit(url).path not in ("", "/")


def _without_kicker(node: LexborNode) -> str:
    """The heading's text without what a class, <small> or <time> sets apart, or an unspoken dash parts from it."""
    kept = ""
    for child in node.iter(include_text=True):
        text = _child_text(child)
        if not text:
            continue
        attributes = child.attributes if child.is_element_node else {}
        if child.tag in ("small", "time") or _KICKER.search(attributes.get("class") or ""):
            continue
        unspoken = attributes.get("aria-hidden") and not re.search(r"\w", text)
        # <span>Middle East</span>Talks resume: without a blank between them the first can only be a line of its own.
        glued = (
            child.is_text_node
            and kept
            and kept[-1].isalnum()
            and text[0].isupper()
            and not text[:2].isupper()
        )
        if unspoken or glued:
            kept = ""
        if not unspoken:
            kept += text
    return clean(kept).strip(" :|-–—•")


def _child_text(child: LexborNode) -> str:
    if child.is_text_node:
        return child.text_content or ""
    if child.tag in UNREAD:
        return ""
    return (
        node_text(child) if child.tag in ("span", "em", "b", "strong", "i", "a") else f" {node_text(child)} "
    )


def urljoin_or_none(base: str, address: str) -> str | None:
    """An absolute http(s) address; None when it is none."""
    address = address.strip()
    if not address:
        return None
    try:
        if address.startswith(("https://", "http://")) and ";" not in address:
            # Whole already, as most are. To look at it takes half the time of joining, which takes the base apart too.
            parts = urlsplit(address)
            joined = address if parts.netloc and urlunsplit(parts) == address else urljoin(base, address)
        else:
            joined = urljoin(base, address)
        parts = urlsplit(joined)
    except ValueError:
        return None
    return joined if parts.scheme in ("http", "https") and parts.hostname else None
