"""The article's own text: paragraphs separated by blank lines, without what stands between and around them.

Good enough for relating articles: on labelled pages as good as the engines made for this task, at a tenth of their cost.
"""

import re
from itertools import accumulate
from operator import mul

from selectolax.lexbor import LexborHTMLParser, LexborNode

from aggregator.parse.page.marks import padded, words
from aggregator.parse.page.text import clean

MAX_PARAGRAPHS = 3_000  # looked at; the longest live blogs have some 1,500
MAX_TEXT = 200_000  # characters kept
MAX_LEVELS = 150  # of elements below the container; what is deeper is taken as one text
CLIMB = 14  # levels from a paragraph up to the container
BOX_LEVELS = 5
_SHARES = tuple(accumulate([1.0] + [0.8] * (CLIMB - 1), mul))  # of a paragraph's weight, level by level
FEW_CHARACTERS = 300  # of an article that <p> elements hold
MIN_PARAGRAPH = 40  # characters; shorter ones do not show where the article is
LONG_PARAGRAPH = 200
MIN_LOOSE = 80  # characters of a text outside <p>; shorter ones are labels

_APART = "nav, footer, aside, figure, figcaption, button, audio, video, picture, dialog"
_FURNITURE = words(
    r"share sharing social related newsletter promo "
    r"promotion subscri\w* comments? respond advert\w* ads? banner "
    r"breadcrumbs? caption byline author authors bio "
    r"cookies? consent sidebar(?!-grid|-layout) recommend\w* teasers? most-?read popular "
    r"tags? taglist copyright credits? disclaimer "
    r"footer p(?<!non-p)(?<!no-p)aywall signup sign-up meta toolbar "
    r"read-?more more also outbrain taboola rating "
    r"wp-caption-text h(?<!label-h)idden print-only skip-link screen-reader-text sr-only "
    r"visually-hidden pagination nav navigation menu widget signature toc"
)
# What WordPress calls an article, by its categories and tags too: "post-12 type-post hentry category-news tag-storm".
_ENTRY = re.compile(r"(?:^|\s)(?:hentry|type-post|h-entry)(?:$|\s)")
# Boxes whose paragraphs say nothing about where the article is.
_BOX = words(
    r"comments? comment-?list disqus respond "
    r"sidebar(?!-grid|-layout) related newsletters? subscriber\w* cookies? "
    r"consent footer",
    after=r"\s",
)
_LOOSE = "div, td, article, section, li, span, font, pre, center"
_INLINE = frozenset([
    "a", "abbr", "b", "bdi", "bdo", "cite", "code", "em", "font", "i", "ins", "kbd", "mark", "q", "s", "small",
    "span", "strong", "sub", "sup", "u", "var", "wbr", "tt", "big", "time"
])  # fmt: skip
_SILENT = frozenset(
    [
        "script",
        "style",
        "noscript",
        "template",
        "svg",
        "iframe",
        "select",
        "object",
        "-comment",
        "textarea",
        "input",
        "img",
    ]
)
_HEADINGS = frozenset(["h2", "h3", "h4", "h5", "h6"])


def find_body(tree: LexborHTMLParser, described: str = "") -> str | None:
    """The text; `described` is JSON-LD's articleBody, taken where the page itself shows less than half of it.

    Changes the tree: navigation, figures and other parts that stand apart are removed from it.
    """
    text = ""
    body = tree.body
    if body is not None:
        for apart in body.css(_APART):
            apart.decompose(recursive=False)
        text = _read(_heaviest(body.css("p")[:MAX_PARAGRAPHS], deep=True))
        if len(text) < FEW_CHARACTERS:
            # Articles without <p>, or with one around a note below them.
            loose = _read(_heaviest(body.css(_LOOSE)[:MAX_PARAGRAPHS], deep=False))
            if len(loose) > 2 * len(text):
                text = loose
        if not text and any(len(node.text().strip()) >= MIN_PARAGRAPH for node in tree.css("body > p")):
            text = _read(tree.body)  # a page that is nothing but the article
    if len(described) > 2 * len(text):
        return described[:MAX_TEXT]
    return text or None


def _read(container: LexborNode | None) -> str:
    return "\n\n".join(_Reader(container).read())[:MAX_TEXT] if container is not None else ""


def _heaviest(paragraphs: list[LexborNode], *, deep: bool) -> LexborNode | None:
    """The element that holds the article's paragraphs, and as little else as can be."""
    near: dict[int, float] = {}  # text below an element, less the higher above it the element stands
    total: dict[int, float] = {}
    nodes: dict[int, LexborNode] = {}
    boxes: set[int] = set()
    chains: dict[int, list[int]] = {}  # of an element: itself and what it stands in; none in a box
    for paragraph in paragraphs:
        length = len(paragraph.text(deep=deep).strip())
        if length < MIN_PARAGRAPH:
            continue
        if deep and length < LONG_PARAGRAPH:  # a longer one is no list of links
            length -= 2 * _linked(paragraph)
            if length <= 0:
                continue
        lowest = paragraph.parent if deep else paragraph
        if lowest is None:
            continue
        # Most paragraphs stand where the one before stands; to climb from each took half as long again.
        chain = chains.get(lowest.mem_id)
        if chain is None:
            chain = chains[lowest.mem_id] = _chain(lowest, nodes, boxes)
            for key in chain:
                near.setdefault(key, 0.0)
                total.setdefault(key, 0.0)
            # A class on a high element ("has-sidebar") is about the page: only the nearest levels can be a box.
            if not boxes.isdisjoint(chain[:BOX_LEVELS]):
                chain = chains[lowest.mem_id] = []
        for key, share in zip(chain, _SHARES, strict=False):
            near[key] += share * length
            total[key] += length
    if not any(near.values()):
        return None
    best = nodes[max(near, key=lambda key: near[key])]
    # An article cut into sections: some levels up there is a quarter as much again. Never beyond <article>: what
    # follows is the next one.
    above = best.parent
    for _ in range(CLIMB):
        if above is None or above.mem_id not in total or best.tag == "article":
            break
        if total[above.mem_id] >= 1.25 * total[best.mem_id]:
            best = above
        above = above.parent
    return best


def _chain(lowest: LexborNode, nodes: dict[int, LexborNode], boxes: set[int]) -> list[int]:
    """The element and those it stands in, by `mem_id`; those not met before go to `nodes`, and maybe to `boxes`."""
    chain: list[int] = []
    above: LexborNode | None = lowest
    for _ in range(CLIMB):
        if above is None or above.tag in ("body", "html"):
            break
        key = above.mem_id
        if key not in nodes:
            nodes[key] = above
            attributes = above.attributes
            if attributes and _BOX.search(
                padded(f"{attributes.get('class') or ''} {attributes.get('id') or ''}")
            ):
                boxes.add(key)
        chain.append(key)
        above = above.parent
    return chain


def _linked(paragraph: LexborNode) -> int:
    """How many characters of it are links."""
    only = paragraph.first_child
    if only is None or (only.is_text_node and only.next is None):
        return 0  # more than half of the short ones hold but a text; a query takes 2 us
    return sum(len(link.text()) for link in paragraph.css("a"))


class _Reader:
    """Reads a container into blocks: a block ends where a block element begins or ends, or at an empty line."""

    def __init__(self, container: LexborNode) -> None:
        self._container = container
        self._size: int | None = None  # characters of the container
        self._blocks: list[tuple[str, bool]] = []  # (text, heading)
        self._pieces: list[str] = []
        self._linked = 0  # characters of the pieces that are links

    def read(self) -> list[str]:
        self._visit(self._container, MAX_LEVELS, in_link=False)
        self._end("div")
        blocks = self._blocks
        while blocks and blocks[-1][1]:  # a heading that nothing follows is a box's: "More on this"
            blocks.pop()
        return [text for text, _ in blocks]

    def _visit(self, node: LexborNode, levels: int, *, in_link: bool) -> None:
        breaks = 0
        pieces = self._pieces
        child = node.first_child
        while child is not None:
            tag = child.tag or ""
            if tag == "-text":
                text = child.text_content or ""
                if breaks > 1:
                    self._end(node.tag or "")
                if not text.isspace():
                    breaks = 0
                pieces.append(text)
                if in_link:
                    self._linked += len(text)
            elif tag == "br":
                breaks += 1
                pieces.append(" ")
            elif tag in _SILENT:
                breaks = 0
            elif levels == 0:
                pieces.append(child.text())
            elif tag in _INLINE:
                breaks = 0
                if not self._is_furniture(child):
                    self._visit(child, levels - 1, in_link=in_link or tag == "a")
            else:
                if pieces:
                    self._end(node.tag or "")
                breaks = 0
                if not self._is_furniture(child):
                    self._visit(child, levels - 1, in_link=in_link)
                    if pieces:
                        self._end(tag)
            child = child.next

    def _end(self, tag: str) -> None:
        """Ends the block that stands in an element of this name."""
        raw = "".join(self._pieces)
        self._pieces.clear()
        linked, self._linked = self._linked, 0
        if raw.isspace() or tag == "h1":  # blanks between two blocks; the headline has a field of its own
            return
        text = clean(raw)
        if not text:
            return
        heading = tag in _HEADINGS
        if linked >= 0.8 * len(text) and (tag != "p" or len(text) < 120):
            return  # "Read more: ...", lists of other articles
        if not heading and tag not in ("p", "li", "pre", "blockquote", "td", "dd") and len(text) < MIN_LOOSE:
            return
        self._blocks.append((text, heading))

    def _is_furniture(self, node: LexborNode) -> bool:
        """By its class or id, unless it holds most of the text: <div class="post more hentry"> is no box."""
        attributes = node.attributes
        if not attributes:
            return False
        marks = attributes.get("class") or ""
        if attributes.get("id"):
            marks = f"{marks} {attributes['id']}"
        if not marks or not _FURNITURE.search(padded(marks)) or _ENTRY.search(marks):
            return False
        if self._size is None:  # four of ten articles are read without asking
            self._size = len(self._container.text())
        return len(node.text()) < 0.4 * self._size
