"""Dates in the state that a page's scripts hold: {"headline": "...", "publishedDate": "2026-03-04T05:06:07Z"}.

For pages whose markup and address say nothing. A state mostly describes other articles too: what stands near the
article's headline or address is its own, and so is a date that no other contradicts.
"""

import json
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from urllib.parse import urlsplit

from aggregator.parse.page.text import mentions

MAX_SOURCE = 3_000_000  # bytes of a page that are searched
MAX_DATES = 400
MAX_HINTS = 5_000
BEFORE, AFTER = 20, 90  # bytes around a hint
MAX_MENTIONS = 20  # of the headline or the address
NEAR = 3_000  # bytes between a mention and the date
MIN_MENTION = 12

# Found first, at a tenth of the cost: where one of the words of _KEY may stand.
_HINT = re.compile(rb"ub(?:lish|licat|[_-]?[Dd]ate)")
# "datePublished", "published_at", 'publishDate', \\"firstPublishedAt\\", "pubDate"
_KEY = re.compile(
    rb"""["'](?:(?:first|original|article|date|content)[_-]?)?"""
    rb"""(?:publi(?:sh(?:ed)?|cation)|pub)[_-]?(?:date|time|at|on)?"""
    rb"""(?:[_-]?(?:time|gmt|utc|iso))?\\{0,3}["']\s{0,3}:\s{0,3}\\{0,3}["']?"""
    rb"""((?:19|20)[0-9]{2}[-/.][0-9]{1,2}[-/.][0-9]{1,2}[0-9T:Z .+-]{0,30}|"""
    rb"""1[0-9]{9}(?:[0-9]{3})?(?![0-9])|[A-Z][a-z]{2},? [^"'\\<>]{10,40})""",
    re.IGNORECASE,
)


def embedded_dates(source: bytes, url: str, titles: Sequence[str]) -> Iterator[tuple[str, str]]:
    """("script", date text), at most one."""
    page = source[:MAX_SOURCE]
    found = []
    until = 0
    for hint in islice(_HINT.finditer(page), MAX_HINTS):
        match = _KEY.search(page, max(until, hint.start() - BEFORE), hint.end() + AFTER)
        if match:
            until = match.end()
            found.append((match.start(), match.group(1).decode("ascii", "replace").strip()))
            if len(found) == MAX_DATES:
                break
    if not found:
        return
    if len({text[:10] for _, text in found}) == 1:
        yield "script", found[0][1]
        return
    places = [at for mention in _mentions(url, titles) for at in mentions(page, mention, MAX_MENTIONS)]
    if places:
        apart, text = min((abs(at - place), text) for at, text in found for place in places)
        if apart <= NEAR:
            yield "script", text


def _mentions(url: str, titles: Sequence[str]) -> Iterator[bytes]:
    """The headline and the end of the address as scripts write them."""
    tail = urlsplit(url).path.rstrip("/").rpartition("/")[2]
    for text in (*titles, tail):
        if len(text) >= MIN_MENTION:
            yield text.encode("utf-8", "replace")
            if not text.isascii():
                yield json.dumps(text)[1:-1].encode("ascii")
