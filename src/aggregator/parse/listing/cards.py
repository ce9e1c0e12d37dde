"""A listing read by its structure: links grouped by address, each address's best headline, and the card around it."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from urllib.parse import urlsplit

from selectolax.lexbor import LexborNode

from aggregator.model import Entry
from aggregator.parse.dates import DateRead, read_date
from aggregator.parse.listing.entries import (
    Listing,
    is_furniture,
    read_time,
    same_text,
    without_interjections,
)
from aggregator.parse.page.evidence import urljoin_or_none
from aggregator.parse.page.text import clean, fold, node_text

MAX_LINKS = 5_000
MAX_CLIMB = 10  # levels from a link to the card around it
MAX_CARD = 500  # elements of one; what holds more is a part of the page, however few links it has
MAX_HEADLINE = 300  # characters
MAX_LABELS = 60  # short texts of a card that are looked at
MAX_LABEL = 60  # characters of one
MAX_LABEL_ELEMENTS = 20  # of one; a whole page without words is no label
MIN_TEASER = 30  # characters

_HEADINGS = frozenset(["h1", "h2", "h3", "h4", "h5", "h6"])
_FURNITURE_TAGS = frozenset(["nav", "footer", "form"])
_FURNITURE_CLASS = re.compile(
    r"(?:^|[\s_-])(?:nav|navigation|navbar|menu|submenu|footer|breadcrumbs?|social|share|sharing|cookies?|consent|login|masthead|tags?|taglist|byline|authors?)(?:$|[\s_-])",
    re.IGNORECASE,
)
_NO_ARTICLE = re.compile(
    r"/(?:tags?|topics?|category|categories|authors?|profile|people|search|login|signin|sign-in|register|subscribe|account|newsletters?|"
    r"about|contact|privacy|terms|help|faq|jobs|careers|advertise|imprint|impressum|datenschutz|rss|feeds?|share|sections?)(?:/|$|\.)"
    r"|\.(?:jpe?g|png|gif|pdf|mp3|mp4|zip|xml)$",
    re.IGNORECASE,
)
# How addresses of articles end: a slug of several words, a number of some length, a date.
_SLUG = re.compile(r"[^/]*-[^/-]+-[^/]*-|\d{5,}|/(?:19|20)\d\d/\d\d?/")

_WORD = re.compile(r"[^\W\d_]{2,}|[\u3040-\u9fff\uac00-\ud7af]")


@dataclass(frozen=True, slots=True)
class Link:
    node: LexborNode
    url: str
    headline: str
    weight: int  # how much its text looks like a headline; 0: not at all


def find_cards(listing: Listing) -> Iterator[Entry]:
    links: dict[str, list[Link]] = {}
    around: dict[int, set[str]] = {}
    furniture: dict[int, bool] = {}
    headings: dict[int, str] = {}
    for node in listing.tree.css("a[href]")[:MAX_LINKS]:
        url = listing.address(node.attributes.get("href"))
        if url is None or not _may_be_article(url) or _in_furniture(node, furniture):
            continue
        links.setdefault(url, []).append(_link(node, url, headings))
        above: LexborNode | None = node
        for _ in range(MAX_CLIMB):
            if above is None:
                break
            around.setdefault(above.mem_id, set()).add(url)
            above = above.parent
    for url, same in links.items():
        best = max(same, key=lambda link: link.weight)
        if best.weight:
            yield card_entry(listing, _card(best.node, around), url, best.headline)


def _may_be_article(url: str) -> bool:
    parts = urlsplit(url)
    if len(parts.path) <= 1 and not parts.query:
        return False
    found = _NO_ARTICLE.search(parts.path)
    return found is None or bool(_SLUG.search(parts.path, found.end()))


def _in_furniture(node: LexborNode | None, known: dict[int, bool]) -> bool:
    """Whether an element stands in navigation, a footer, a byline; `known` remembers the answers for the elements above."""
    chain: list[int] = []
    answer = False
    while node is not None and node.tag != "body":
        if node.mem_id in known:
            answer = known[node.mem_id]
            break
        chain.append(node.mem_id)
        if node.tag in _FURNITURE_TAGS or _FURNITURE_CLASS.search(node.attributes.get("class") or ""):
            answer = True
            break
        node = node.parent
    known.update(dict.fromkeys(chain, answer))
    return answer


def _link(node: LexborNode, url: str, headings: dict[int, str]) -> Link:
    """`headings` remembers their texts: one heading may hold all links of a page."""
    heading = node.css_first("h1, h2, h3, h4, h5, h6") or _heading_above(node)
    text = ""
    if heading is not None:
        if heading.mem_id not in headings:
            headings[heading.mem_id] = node_text(heading)
        text = headings[heading.mem_id]
    in_heading = bool(text)
    text = text or node_text(node)
    if not text:
        image = node.css_first("img[alt]")
        text = clean(
            node.attributes.get("title")
            or node.attributes.get("aria-label")
            or (image.attributes.get("alt") if image else "")
            or ""
        )
        return Link(node, url, text, 1 if _reads_like_headline(text, url) else 0)
    if not _reads_like_headline(text, url):
        # Short texts are names of sections, unless a heading or the address says that it is an article.
        short = (
            len(text) >= 8
            and not is_furniture(text)
            and (in_heading or (" " in text and _SLUG.search(urlsplit(url).path)))
        )
        if not short or len(text) > MAX_HEADLINE:
            return Link(node, url, text, 0)
    return Link(node, url, text, 3 if in_heading else 2)


def _heading_above(node: LexborNode) -> LexborNode | None:
    above = node.parent
    for _ in range(2):
        if above is None:
            return None
        if above.tag in _HEADINGS:
            return above
        above = above.parent
    return None


def _reads_like_headline(text: str, url: str = "") -> bool:
    if is_furniture(text) or len(text) > MAX_HEADLINE:
        return False
    words = len(_WORD.findall(text))
    return words >= 4 or (words == 3 and len(text) >= 18 and bool(_SLUG.search(urlsplit(url).path)))


def _card(node: LexborNode, around: dict[int, set[str]]) -> LexborNode:
    """The largest element around a link that leads to no other article."""
    card = node
    for _ in range(MAX_CLIMB):
        above = card.parent
        if above is None or above.tag in ("body", "html", "main") or len(around.get(above.mem_id, ())) > 1:
            break
        if is_larger(above, MAX_CARD):
            break
        card = above
    return card


def is_larger(node: LexborNode, elements: int) -> bool:
    """Whether an element holds more than so many; looks at no more of them."""
    return next(islice(node.traverse(), elements, None), None) is not None


_TIMES = "time, [class*='date' i], [class*='time' i], [class*='ago' i]"
_SOURCES = "[class*='source' i], [class*='outlet' i], [class*='publisher' i], [class*='provider' i], [class*='brand' i]"


def card_entry(listing: Listing, card: LexborNode, url: str, headline: str = "") -> Entry:
    """What stands around a link: teaser, time, image, and the outlet where the page names one per entry."""
    title = headline or _headline(card)
    labels = _labels(card)
    read, published_text = _time(listing, card, labels)
    image = card.css_first("img[src], img[data-src]")
    address = (image.attributes.get("data-src") or image.attributes.get("src") or "") if image else ""
    return Entry(
        url=url,
        title=title or None,
        summary=_teaser(card, title) or None,
        published=read.at if read else None,
        published_precision=read.precision if read else "instant",
        published_text=published_text or None,
        published_from="time" if read else None,
        image=urljoin_or_none(listing.url, address),
        source_name=_source(listing, card, labels, title),
    )


def _labels(card: LexborNode) -> list[LexborNode]:
    """Elements with a short text: outlet, time, section, button."""
    nodes = card.css("span, div, li, p, small, em, b, strong, cite, a")[:MAX_LABELS]
    return [
        node
        for node in nodes
        if not is_larger(node, MAX_LABEL_ELEMENTS) and 2 <= len(node.text().strip()) <= MAX_LABEL
    ]


def _time(listing: Listing, card: LexborNode, labels: list[LexborNode]) -> tuple[DateRead | None, str]:
    """(date, as written): an element marked as a time, else a short text that is nothing but a date."""
    written = ""
    for node in card.css(_TIMES)[:4]:
        read, text = read_time(node, listing.now)
        if read:
            return read, text
        if node.tag == "time":
            written = written or text
    for text in dict.fromkeys(map(node_text, labels)):
        if not text.isdigit() and (
            read := read_date(text, now=listing.now)
        ):  # a number alone counts comments
            return read, text
    return None, written


def _headline(card: LexborNode) -> str:
    for css in ("h1, h2, h3, h4, h5, h6", "a[href]"):
        for node in card.css(css):
            text = node_text(node)
            if text and not is_furniture(text):
                return text
    return ""


def _teaser(card: LexborNode, title: str) -> str:
    """The first paragraph of some length; else an element marked as a summary, unless it holds the headline too."""
    for css in (
        "p",
        "[class*='summary' i], [class*='teaser' i], [class*='excerpt' i], [class*='description' i], [class*='standfirst' i]",
    ):
        for node in card.css(css)[:20]:
            text = node_text(node)
            if len(text) >= MIN_TEASER and fold(title) not in fold(text) and not is_furniture(text):
                return without_interjections(text)
    return ""


def _source(listing: Listing, card: LexborNode, labels: list[LexborNode], title: str) -> str | None:
    """The outlet: what is marked as one, else a short text that the card repeats (by the headline, above the teaser)."""
    marked = [node_text(node).strip(" •·|-–—") for node in card.css(_SOURCES)[:4]]
    leaves = Counter(node_text(node) for node in labels if next(node.iter(), None) is None)
    repeated = [text for text, times in leaves.items() if times > 1 and re.search(r"[^\W\d_]{2}", text)]
    for text in marked + repeated:
        known = same_text(text, title) or same_text(text, listing.site)
        if (
            text
            and len(text) <= MAX_LABEL
            and not known
            and not is_furniture(text)
            and not read_date(text, now=listing.now)
        ):
            return text
    return None
