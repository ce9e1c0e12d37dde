"""JSON-LD blocks of a page to their objects, and the one among them that describes the page's article.

schema.org data as outlets write it: several blocks, `@graph`, references by `@id`, trailing commas, raw newlines, CDATA.
Bounded: what is beyond the limits is not read. Never raises.
"""

import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from aggregator.parse.page.text import clean, fold

Node = Mapping[str, Any]

MAX_BLOCKS = 30  # two are usual, eleven the most seen
MAX_BLOCK = 1_000_000  # characters
MAX_NODES = 500
MAX_BROKEN, MAX_TOLD = 20_000, 200  # characters and properties read from a block that is no JSON
MAX_DEPTH = 8

ARTICLE_TYPES = frozenset([
    "article", "newsarticle", "reportagenewsarticle", "opinionnewsarticle", "analysisnewsarticle",
    "backgroundnewsarticle", "reviewnewsarticle", "askpublicnewsarticle", "advertisercontentarticle",
    "satiricalarticle", "blogposting", "liveblogposting", "socialmediaposting", "techarticle",
    "scholarlyarticle", "medicalscholarlyarticle", "report", "discussionforumposting"
])  # fmt: skip
# Objects that can stand for the article when no article is given.
PAGE_TYPES = frozenset([
    "webpage", "itempage", "videoobject", "audioobject", "podcastepisode", "recipe", "review", "creativework",
    "event", "mediagallery"
])  # fmt: skip
# What hangs below these is another text: comments, lists of other articles, the posts of a live blog, the outlet
# itself.
_OTHER_TEXTS = frozenset([
    "comment", "itemListElement", "liveBlogUpdate", "hasPart", "isPartOf", "publisher", "author", "creator",
    "mentions", "about", "image", "logo", "video", "breadcrumb", "potentialAction", "review", "reviews",
    "subjectOf", "relatedLink", "citation", "associatedMedia"
])  # fmt: skip

_COMMENT = re.compile(
    r"^\s*(?:<!--|//\s*<!\[CDATA\[|/\*\s*<!\[CDATA\[\s*\*/|<!\[CDATA\[)|(?:-->|//\s*\]\]>|/\*\s*\]\]>\s*\*/|\]\]>)\s*$"
)
_TRAILING_COMMA = re.compile(r",(\s*[}\]])")
_BAD_ESCAPE = re.compile(r'\\(?!["\\/bfnrtu])')


_DECODER = json.JSONDecoder(strict=False)


def read_blocks(texts: Iterable[str]) -> tuple[Node, ...]:
    """All objects of the blocks that may describe a page, references by `@id` resolved one step deep."""
    nodes: list[Node] = []
    for _, text in zip(range(MAX_BLOCKS), texts, strict=False):
        if len(text) <= MAX_BLOCK:
            nodes.extend(_walk(_load(text), 0))
    nodes = nodes[:MAX_NODES]
    by_id = {node["@id"]: node for node in nodes if isinstance(node.get("@id"), str) and len(node) > 1}
    return tuple(_resolved(node, by_id) for node in nodes)


def _load(text: str) -> Any:
    text = text.strip().rstrip(";")
    for repair in (str, _repaired, _unescaped) if "&quot;" in text else (str, _repaired):
        try:
            return _DECODER.decode(repair(text))
        except (ValueError, RecursionError):
            continue
    return _first_objects(text) or _salvaged(text)


def _repaired(text: str) -> str:
    text = _COMMENT.sub("", _COMMENT.sub("", text))
    return _TRAILING_COMMA.sub(r"\1", _BAD_ESCAPE.sub(r"\\\\", text))


def _unescaped(text: str) -> str:
    """Written by a template that escapes everything it writes."""
    return _repaired(html.unescape(text))


def _first_objects(text: str) -> list[Any]:
    """Objects written one after the other, or followed by rubbish: as many as can be read from the start."""
    found: list[Any] = []
    text = _repaired(text)
    at = text.find("{")
    while at >= 0 and len(found) < MAX_BLOCKS:
        try:
            value, end = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            break
        found.append(value)
        at = text.find("{", end)
    return found


# What is told of an article, wherever it stands: "headline": "...", up to the quote that a comma, a brace or the line's
# end follows. A quote inside that nobody escaped is read as part of the text.
_TOLD = re.compile(
    r'"@?(@type|headline|name|description|datePublished|dateModified|dateCreated|author|url)"\s{0,20}:\s{0,20}'
    r'(?:\{[^{}]{0,500}?"name"\s{0,20}:\s{0,20})?"([^\n]{0,5000}?)"\s{0,20}(?=,\s{0,200}"|[}\n\]]|,\s{0,200}$)'
)


def _salvaged(text: str) -> list[Any]:
    """One object of an article that no reading makes sense of: an unescaped quote, a value without quotes."""
    told: dict[str, str] = {}
    for match in islice(_TOLD.finditer(text[:MAX_BROKEN]), MAX_TOLD):
        key, value = match.groups()
        told.setdefault(key, value.replace('\\"', '"').replace("\\/", "/"))
    return [told] if types(told) & ARTICLE_TYPES else []


def _walk(value: Any, depth: int) -> Iterator[Node]:
    if depth > MAX_DEPTH:
        return
    if isinstance(value, list):
        for item in value[:MAX_NODES]:
            yield from _walk(item, depth + 1)
    elif isinstance(value, dict):
        yield value
        for key, below in value.items():
            if isinstance(below, (dict, list)) and key not in _OTHER_TEXTS:
                yield from _walk(below, depth + 1)
        # Objects that others refer to are often written where they are first needed.
        for key in ("publisher", "author", "creator", "isPartOf"):
            if isinstance(value.get(key), dict) and "@id" in value[key]:
                yield value[key]


def _resolved(node: Node, by_id: Mapping[str, Node]) -> Node:
    """The node with its references replaced by what they refer to."""

    def follow(value: Any) -> Any:
        if isinstance(value, dict) and isinstance(value.get("@id"), str) and "name" not in value:
            return {**by_id.get(value["@id"], {}), **value}
        return value

    if not any(isinstance(value, (dict, list)) for value in node.values()):
        return node
    return {
        key: [follow(item) for item in value[:MAX_NODES]] if isinstance(value, list) else follow(value)
        for key, value in node.items()
    }


def types(node: Node) -> set[str]:
    """Its types in lower case and without the vocabulary's address."""
    raw = node.get("@type")
    names = raw if isinstance(raw, list) else [raw]
    return {name.rpartition("/")[2].rpartition(":")[2].lower() for name in names if isinstance(name, str)}


def text_of(value: Any, depth: int = MAX_DEPTH) -> str:
    """The text of a property: a string, the first of a list, the `name` or `@value` of an object; "" when there is none."""
    if depth and isinstance(value, list):
        return next((text for item in value[:20] if (text := text_of(item, depth - 1))), "")
    if depth and isinstance(value, dict):
        found = (text_of(value.get(key), depth - 1) for key in ("name", "@value", "headline"))
        return next((text for text in found if text), "")
    return clean(value) if isinstance(value, str) else ""


def url_of(value: Any, depth: int = MAX_DEPTH) -> str:
    """The address in a property: a string, or the `url`, `@id` or `contentUrl` of an object."""
    if depth and isinstance(value, list):
        return next((url for item in value[:20] if (url := url_of(item, depth - 1))), "")
    if depth and isinstance(value, dict):
        found = (url_of(value.get(key), depth - 1) for key in ("url", "contentUrl", "@id"))
        return next((url for url in found if url), "")
    return value.strip() if isinstance(value, str) else ""


def headline_of(node: Node) -> str:
    return text_of(node.get("headline")) or text_of(node.get("name"))


def choose_article(nodes: Sequence[Node], url: str, headings: Sequence[str]) -> Node:
    """The object that describes the page's article; an empty one when there is none.

    A page about one article often carries objects of others (teasers, live posts): the page's own address decides, then
    a headline that the page shows as a heading, then what says most.
    """
    tail = _tail(url)
    shown = {fold(heading) for heading in headings}

    def score(node: Node) -> int:
        kinds = types(node)
        if kinds & ARTICLE_TYPES:
            points = 20
        elif kinds & PAGE_TYPES:
            points = 4
        else:
            return 0
        addresses = [url_of(node.get(key)) for key in ("url", "mainEntityOfPage", "@id")]
        if any(_tail(address) == tail for address in addresses if address):
            points += 8
        headline = fold(headline_of(node))
        if headline and headline in shown:
            points += 6
        return (
            points
            + 2 * ("datePublished" in node)
            + ("author" in node)
            + ("headline" in node)
            + ("articleBody" in node)
        )

    scores = [score(node) for node in nodes]
    best = max(scores, default=0)
    return nodes[scores.index(best)] if best else {}


def _tail(url: str) -> str:
    """What of an address tells articles apart, whatever host and scheme it is written with."""
    try:
        return urlsplit(url).path.rstrip("/").lower()
    except ValueError:
        return url
