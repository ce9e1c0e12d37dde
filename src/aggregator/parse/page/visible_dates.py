"""Dates in what a reader sees of a page: near the headline, in elements marked as dates, after words like "published".

For pages whose markup says nothing. Strict: whole dates with a year, never relative ones (most stand in sidebars).
"""

import re
from collections.abc import Iterator
from itertools import islice

from selectolax.lexbor import LexborHTMLParser, LexborNode

from aggregator.parse.dates import DateRead, read_date
from aggregator.parse.page.marks import padded, parts
from aggregator.parse.page.text import clean, mentions

MAX_MARKED = 60  # elements marked as dates that are read
MAX_MARKED_TEXT = 160  # characters of one; longer ones are containers
MAX_MENTIONS = 4  # of the headline: in a breadcrumb, as heading, in an alternative text
BEFORE, AFTER = 200, 500  # characters around the headline
MAX_YEARS = 200
MAX_TEXT = 300_000  # characters of the page that are searched

_YEAR = r"(?:19[9]\d|20\d\d)"
_MERIDIEM = r"(?:[ap]\.?m\.?|Uhr|صباحاً?|مساءً?|[صم](?!\w))"
_CLOCK = (
    r"(?:(?:\s*[,|·•-]?\s*|T)(?:um |at |à |alle |ore |kl\.? )?"
    rf"\d{{1,2}}[:.h]\d\d(?::\d\d)?(?:\s?{_MERIDIEM})?)?"
)
# "نيسان / أبريل": by its names in two regions. Possessive: no shorter word is followed by what may follow one.
_MONTH = r"[^\W\d_]{3,12}+(?:\.|\s?/\s?[^\W\d_]{3,12}+)?"
# As _YEAR, but the look behind comes after two digits: `re` then skips to a 1 or a 2, at a third of the time.
_YEARS = re.compile(r"(?:19(?<!\d19)9\d|20(?<!\d20)\d\d)(?!\d)")
_DATE = re.compile(
    rf"(?<![\w/.-])(?:{_YEAR}[-/.](?:0?[1-9]|1[0-2])[-/.](?:[12]\d|3[01]|0?[1-9])(?!\d){_CLOCK}"
    rf"|(?:[12]\d|3[01]|0?[1-9])[./-]\s?(?:1[0-2]|0?[1-9])[./-]\s?(?:{_YEAR}|\d\d)(?![\d-]|[.,]\d){_CLOCK}"
    rf"|(?:[12]\d|3[01]|0?[1-9])\s\|\s(?:1[0-2]|0?[1-9])\s\|\s{_YEAR}(?!\d)"
    rf"|(?:1[0-2]|0?[1-9])/(?:[12]\d|3[01]|0?[1-9])/{_YEAR}(?!\d){_CLOCK}"
    rf"|(?:[12]\d|3[01]|0?[1-9])(?:\.|st|nd|rd|th|er|º|°)?\s?(?:de |of |d'|-)?{_MONTH}"
    rf"[\s,-]{{1,2}}(?:de |del |of )?{_YEAR}(?!\d){_CLOCK}"
    rf"|{_MONTH}\s?(?:[12]\d|3[01]|0?[1-9])(?:st|nd|rd|th)?,?\s{_YEAR}(?!\d){_CLOCK}"
    rf"|{_YEAR}\s?[年년]\s?\d{{1,2}}\s?[月월]\s?\d{{1,2}}\s?[日일])",
    re.IGNORECASE,
)
_MARKS = [
    "date",
    "datum",
    "fecha",
    "publish",
    "posted",
    "time",
    "stamp",
    "created",
    "veroeff",
    "byline",
    "meta",
    "info",
]
# [class] first: three of five elements have none, and are asked once instead of twelve times. A quarter less time.
_MARKED = ", ".join(
    f"[{attribute}]:is(" + ", ".join(f'[{attribute}*="{mark}" i]' for mark in _MARKS) + ")"
    for attribute in ("class", "id")
)
_LABELLED = re.compile(
    r"(?:published|posted|updated|created|veröffentlicht|erschienen|erstellt|stand|datum|date|publié|paru|"
    r"mis en ligne|pubblicato|publicado|"
    r"publicerad|gepubliceerd|opublikowano|vom|le|am|on)\b.{0,25}?$",
    re.IGNORECASE,
)
LEVELS = 6  # of elements around a date that are asked what they are
MAX_MARKS = 1_000  # characters of a class and an id
_NO_COMMENT = re.compile(
    r"(?:no-?)?comments?[_-]?(?:open|closed|off|on|count|counter|link|enabled|disabled|number)"
)
_ELSEWHERE = parts(r"comment related sidebar footer teaser copyright e(?<!\we)vent recent popular archive")


def visible_dates(
    tree: LexborHTMLParser, titles: list[str], month_first: bool, around: frozenset[int] = frozenset()
) -> Iterator[tuple[str, DateRead]]:
    """(place, date), the likeliest first. `around`: the elements the headline stands in."""
    for node in tree.css(_MARKED)[:MAX_MARKED]:
        text = clean(node.text(separator=" "))
        if 6 <= len(text) <= MAX_MARKED_TEXT and not stands_elsewhere(node, around):
            yield from (("marked text", read) for read in _dates_in(text, month_first))
    body = clean(tree.body.text(separator=" ")[:MAX_TEXT]) if tree.body else ""
    dates: dict[str, list[DateRead]] = {}  # the title mostly is a heading's too: the same places twice
    for title in titles:
        for at in mentions(body, title, MAX_MENTIONS) if title else ():
            below, above = body[at + len(title) : at + len(title) + AFTER], body[max(0, at - BEFORE) : at]
            for text in (below, above):
                if text not in dates:
                    dates[text] = list(_dates_in(text, month_first))
            yield from (("beside the headline", read) for read in dates[below])
            yield from (("beside the headline", read) for read in reversed(dates[above]))
    found = list(_dates_around_years(body, month_first))
    for start, read in found:
        if _LABELLED.search(body, max(0, start - 50), start):
            yield "labelled text", read
    if found and len({read.at.date() for _, read in found}) == 1:
        yield "only date", found[0][1]


def tells_a_date(text: str) -> bool:
    """Whether a whole date, with its year, stands in a short text."""
    return bool(_DATE.search(text))


def _dates_around_years(text: str, month_first: bool) -> Iterator[tuple[int, DateRead]]:
    """(where it starts, date). Years are few and quickly found; trying every word as a month takes ten times as long."""
    until = 0
    for year in islice(_YEARS.finditer(text), MAX_YEARS):
        match = _DATE.search(text, max(until, year.start() - 25), year.end() + 30)
        if match and (read := _read(match.group(), month_first)):
            until = match.end()
            yield match.start(), read


def _dates_in(text: str, month_first: bool) -> Iterator[DateRead]:
    for match in _DATE.finditer(text):
        read = _read(match.group(), month_first)
        if read:
            yield read


_NUMERIC = re.compile(r"(\d{1,2})[/.-]\s?(\d{1,2})[/.-]\s?(\d{4}|\d\d)\b")


def _read(text: str, month_first: bool) -> DateRead | None:
    read = read_date(text)
    if read is None and (found := _NUMERIC.match(text)):
        first, second, year = found.groups()
        day, month = (second, first) if month_first and "/" in text else (first, second)
        if int(month) > 12:
            day, month = month, day
        precision_text = f"{'20' if len(year) == 2 else ''}{year}-{month:0>2}-{day:0>2}"
        read = read_date(precision_text)
    return read


def ancestors(node: LexborNode, levels: int = 60) -> frozenset[int]:
    """The elements an element stands in, the nearest so many of them below <body>, by `mem_id`."""
    found: set[int] = set()
    above = node.parent
    while above is not None and above.tag != "body" and len(found) < levels:
        found.add(above.mem_id)
        above = above.parent
    return frozenset(found)


def is_of_a_comment(node: LexborNode, around: frozenset[int] = frozenset()) -> bool:
    """Whether an element belongs to a reader's comment. `around`: what the headline stands in, which says nothing."""
    return any("comment" in _NO_COMMENT.sub("", _marks(above).lower()) for above in _upwards(node, around))


def stands_elsewhere(node: LexborNode, around: frozenset[int] = frozenset()) -> bool:
    """Whether an element belongs to a comment, a teaser of another article, or what surrounds the article."""
    return any(
        above.tag in ("aside", "footer", "nav") or _ELSEWHERE.search(padded(_marks(above)))
        for above in _upwards(node, around)
    )


def _marks(node: LexborNode) -> str:
    attributes = node.attributes
    return f"{attributes.get('class') or ''} {attributes.get('id') or ''}"[:MAX_MARKS]


def _upwards(node: LexborNode, around: frozenset[int]) -> Iterator[LexborNode]:
    above: LexborNode | None = node
    for _ in range(LEVELS):
        if above is None or above.tag == "body" or above.mem_id in around:
            return
        yield above
        above = above.parent
