"""When the article appeared and was last changed: the best of what structured data, markup, the address and the text say."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from itertools import chain, islice
from urllib.parse import urlsplit

from selectolax.lexbor import LexborNode

from aggregator.model import Precision
from aggregator.parse.dates import read_date
from aggregator.parse.page.embedded_dates import embedded_dates
from aggregator.parse.page.evidence import Evidence, headline_heading
from aggregator.parse.page.jsonld import text_of, types
from aggregator.parse.page.text import node_text
from aggregator.parse.page.visible_dates import ancestors, is_of_a_comment, stands_elsewhere, visible_dates

EARLIEST = 1990  # before the web there were no article pages; template placeholders say 1970 or 0001

_PUBLISHED_META = (
    "og:published_time", "og:article:published_time", "article:published", "datepublished", "date_published",
    "datepublish", "publishdate", "publish-date", "publish_date", "publication_date", "publication-date",
    "pubdate", "pub_date", "published_time", "published-date", "published_date", "published", "article.published",
    "article_date_original", "originalpublicationdate", "original-publish-date", "parsely-pub-date",
    "sailthru.date", "cxenseparse:recs:publishtime", "cxenseparse:publishtime", "dc.date.issued",
    "dcterms.issued", "dc.date.created", "dcterms.created", "dcterms.date", "dc.date",
    "dcsext.articlefirstpublished", "ptime", "article:post_date", "rnews:datepublished", "bt:pubdate",
    "shareaholic:article_published_time", "displaydate", "article.created", "article:created_time",
    "citation_publication_date", "citation_date", "created", "datecreated", "date.created", "vr:published_time",
    "vf:published_time", "mediator_published_time", "date", "og:pubdate", "release_date", "og:release_date",
)  # fmt: skip
_UPDATED_META = (
    "article:modified_time", "og:updated_time", "og:modified_time", "datemodified", "date_modified",
    "dateupdated", "last-modified", "lastmod", "revised", "dcterms.modified", "dc.date.modified",
    "article:modified", "article.updated", "modified_time", "sailthru.modified", "utime", "lastmodified",
)  # fmt: skip
MAX_OFFSET = timedelta(hours=14)
BESIDE = 4  # headings, times and other marked elements below the headline, where even a sidebar's <time> is the article's
LEVELS_TO_BOX = 3  # from the headline, and from a <time> above it, to the element that holds both
# Endings of addresses that are two letters long and used everywhere.
_NO_COUNTRY = frozenset(["us", "io", "co", "tv", "me", "ai", "fm", "gg", "ly"])
_URL_MONTH = re.compile(r"/((?:19|20)\d\d)/(0?[1-9]|1[0-2])/")
# /2026/03/04/, /2026-03-04-, /20260304: with a separator twice or not at all, so that /2016/12/ is no second of January.
_URL_DATE = re.compile(
    r"/((?:19|20)\d\d)(?:([/_-])(0?[1-9]|1[0-2])\2(0?[1-9]|[12]\d|3[01])|(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01]))(?!\d)"
)


@dataclass(frozen=True, slots=True)
class Dated:
    """A date that was found, and where."""

    at: datetime
    precision: Precision
    place: str


def find_published(page: Evidence, title: str | None) -> tuple[Dated | None, Dated | None]:
    """(published, updated)"""
    marked = _dated(_published_claims(page))
    claims = list(islice(marked, 1))
    updated = next(_dated(_updated_claims(page)), None)
    in_url = _from_url(page.url)
    if not claims:
        claims = list(_dated(_time_elements(page, title)))
        if in_url:
            # The day in an address is the article's; a <time> of another day is a teaser's.
            near = [claim for claim in claims if abs(claim.at.date() - in_url.at.date()) <= timedelta(days=1)]
            claims = [*near, in_url]
    titles = [title or "", *(heading.text for heading in page.headings[:2])]
    if not claims:
        claims = list(_dated(embedded_dates(page.source, page.url, titles)))
    if not claims:
        headline = headline_heading(page, title)
        around = ancestors(headline.node) if headline else frozenset()
        claims = [
            Dated(read.at, read.precision, place)
            for place, read in visible_dates(page.tree, titles, _month_first(page), around)
            if read.at.year >= EARLIEST
        ]
        claims = _by_places(_of_the_months_in(page.url, claims) or claims)
    if not claims:
        return updated, updated
    chosen = claims[0]
    if chosen.precision == "instant" and chosen.at.utcoffset():
        return chosen, updated  # nothing can say more: two of seven pages need no other date read
    others: Iterable[Dated] = chain(claims[1:], marked)
    if chosen.precision == "instant":
        others = chain(others, _dated(("time", _time_text(node)) for _, node in page.times))
    return _most_exact(chosen, others), updated


def _month_first(page: Evidence) -> bool:
    """Whether 3/4/2026 is March the 4th: in English, unless the language's region or the country of the address differs."""
    tags = [page.language, *page.meta.get("og:locale", ())[:1]]
    parts = [tag.lower().replace("_", "-").partition("-") for tag in tags if tag]
    if parts and parts[0][0] != "en":
        return False
    for language, _, region in parts:
        if language == "en" and region:
            return region == "us"
    country = (urlsplit(page.url).hostname or "").rpartition(".")[2]
    return len(country) != 2 or country in _NO_COUNTRY


def _by_places(claims: Sequence[Dated]) -> list[Dated]:
    """The day that most places name comes first: the date in a page's header is today's, the one in a text is an event's."""
    places: dict[date, set[str]] = {}
    for claim in claims:
        places.setdefault(claim.at.date(), set()).add(claim.place)
    return sorted(claims, key=lambda claim: -len(places[claim.at.date()]))


def _most_exact(chosen: Dated, others: Iterable[Dated]) -> Dated:
    """The same date as another place writes it, where that says more: a time of day, a zone, the local time."""
    for other in others:
        place = chosen.place if chosen.place == other.place else f"{chosen.place}+{other.place}"
        if other.precision == "day":
            continue
        if (chosen.precision == "day" and other.at.date() == chosen.at.date()) or (
            chosen.at.tzinfo is None
            and other.at.tzinfo is not None
            and other.at.replace(tzinfo=None) == chosen.at
        ):
            chosen = Dated(other.at, "instant", place)
        elif chosen.precision == "instant" and chosen.at.tzinfo is not None and not chosen.at.utcoffset():
            # The instant is known in UTC. The same minute and second some hours apart is the same moment on the
            # outlet's clock, and tells its zone: what was published at 22:35 on the 8th says 06:35 on the 9th.
            apart = other.at.replace(tzinfo=None) - chosen.at.replace(tzinfo=None)
            if (
                apart
                and abs(apart) <= MAX_OFFSET
                and apart % timedelta(hours=1) == timedelta()
                and chosen.at.second + chosen.at.minute
            ):
                chosen = Dated(chosen.at.astimezone(timezone(apart)), "instant", place)
    return chosen


def _of_the_months_in(url: str, claims: Sequence[Dated]) -> list[Dated]:
    """Those of the month that the address names, as blogs' do: /2016/12/title.html."""
    found = _URL_MONTH.search(url)
    return [
        claim
        for claim in claims
        if found and (claim.at.year, claim.at.month) == tuple(map(int, found.groups()))
    ]


def _dated(claims: Iterable[tuple[str, str]]) -> Iterator[Dated]:
    for place, text in claims:
        text = text.strip()
        if text.isdigit() and len(text) < 8:
            continue  # a year is no date of publication
        read = read_date(text)
        if read and read.at.year >= EARLIEST:
            yield Dated(read.at, read.precision, place)


def _published_claims(page: Evidence) -> Iterator[tuple[str, str]]:
    for key in ("datePublished", "dateCreated", "uploadDate"):
        yield "json-ld", _date_text(page.article.get(key))
    for value in page.meta.get("article:published_time", ())[:1]:
        yield "article:published_time", value
    yield from _itemprops(page, "datePublished", "dateCreated")
    for name in _PUBLISHED_META:
        for value in page.meta.get(name, ())[:1]:
            yield name, value
    for node in page.nodes:  # where the article's own object tells no date
        if "webpage" in types(node):
            yield "json-ld", _date_text(node.get("datePublished"))


def _date_text(value: object) -> str:
    """A property's text; some write a number of seconds, or {"@value": "2026-03-04"}."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else text_of(value)


def _updated_claims(page: Evidence) -> Iterator[tuple[str, str]]:
    yield "json-ld", _date_text(page.article.get("dateModified"))
    for name in _UPDATED_META:
        for value in page.meta.get(name, ())[:1]:
            yield name, value
    yield from _itemprops(page, "dateModified")


def _itemprops(page: Evidence, *names: str) -> Iterator[tuple[str, str]]:
    for itemprop, node in page.itemprops:
        if any(name in itemprop for name in names):
            yield (
                "itemprop",
                node.attributes.get("datetime") or node.attributes.get("content") or node_text(node),
            )


def _time_elements(page: Evidence, title: str | None) -> Iterator[tuple[str, str]]:
    """Those that can be the article's, the likeliest first: the nearest to the headline, below it rather than above.

    Before the headline stand the newest of other articles, behind it comments and what else to read.
    """
    headline = headline_heading(page, title)
    at_headline = headline.at if headline else -1
    around = ancestors(headline.node) if headline else frozenset()
    boxes = ancestors(headline.node, LEVELS_TO_BOX) if headline else frozenset()
    ranked = []
    for at, node in page.times:
        below = at - at_headline
        if stands_elsewhere(node, around) and (not 0 < below <= BESIDE or is_of_a_comment(node, around)):
            continue
        distance = float(below)
        if below < 0:  # right above the headline it is as good as right below, if both stand in one box
            distance = -2.0 * below - (1.5 if _stands_in(node, boxes) else 0.0)
        ranked.append((distance + _time_handicap(node), node))
    for _, node in sorted(ranked, key=lambda one: one[0]):
        yield "time", _time_text(node)


def _stands_in(node: LexborNode, boxes: frozenset[int]) -> bool:
    above = node.parent
    for _ in range(LEVELS_TO_BOX):
        if above is None:
            return False
        if above.mem_id in boxes:
            return True
        above = above.parent
    return False


def _time_handicap(node: LexborNode) -> float:
    """By what WordPress and microformats call them: "entry-date published", "dt-published"; "updated", "dt-updated"."""
    attributes = node.attributes
    marks = f"{attributes.get('class') or ''} {attributes.get('itemprop') or ''}".lower()
    if "publish" in marks or "pubdate" in attributes:
        return -0.5
    return 2.5 if "updated" in marks or "modified" in marks else 0.0


def _time_text(node: LexborNode) -> str:
    attributes = node.attributes
    return attributes.get("datetime") or attributes.get("content") or node_text(node)


def _from_url(url: str) -> Dated | None:
    found = _URL_DATE.search(url)
    if not found:
        return None
    try:
        year, _, *month_and_day = found.groups()
        day = date(int(year), *(int(number) for number in month_and_day if number))
    except ValueError:
        return None
    return Dated(datetime(day.year, day.month, day.day), "day", "url") if day.year >= EARLIEST else None  # noqa: DTZ001
