"""What takes n steps over n bytes takes 4n over 4n: every parser and cleaner, on the shapes that make others quadratic.

Work is counted, not timed: calls of functions at n and 4n, which is the same on every machine. What regular
expressions and libraries do inside one call shows in CPU time alone: `python -m bench.linear` compares that of the two.
"""

import cProfile
import gzip
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from aggregator import replay
from aggregator.errors import ParseError
from aggregator.model import Entry, Feed, Selectors, Source
from aggregator.normalize import (
    canonical_url,
    clean_teaser,
    clean_title,
    cut_at_sentence,
    day_in_url,
    find_agency,
    fold,
    followable_url,
    identity,
    language_of_script,
    paragraphs,
    plain_text,
    primary_language,
    same_site,
    to_article,
)
from aggregator.normalize.furniture import teaser_of
from aggregator.normalize.text import printable
from aggregator.normalize.urls import url_host
from aggregator.outlets import PARSERS
from aggregator.parse import (
    embedded_json,
    objects_in,
    parse_listing,
    parse_page,
    parse_sitemap,
    read_date,
)
from aggregator.parse.discover import is_of_comments, looks_like_feed, read_site, robots_sitemaps
from aggregator.parse.encoding import to_utf8
from aggregator.parse.fast import parse_strict
from aggregator.parse.hazards import has_attribute_flood, without_forbidden
from aggregator.parse.jsonfeed import parse_json_feed
from aggregator.parse.listing.entries import is_furniture, without_interjections
from aggregator.parse.mend import mended, without_doctype
from aggregator.parse.opml import parse_opml
from aggregator.parse.page.encoding import decode
from aggregator.parse.page.text import clean
from aggregator.render.safe import cut, page_text, visible, web_url

URL = "https://quay.example/world/storm-4471"
NOW = datetime(2026, 5, 14, 9, 30, tzinfo=UTC)
FEED = Feed(url="https://ledger.example/rss", source_id="ledger", id="ledger")
LEDGER = Source(id="ledger", name="The Daily Ledger", url="https://www.ledger.example/", feeds=(FEED,))


@dataclass(frozen=True, slots=True)
class Shape:
    """What is done with a hostile input of any size."""

    run: Callable[[Any], Any]
    make: Callable[[int], Any]  # n repetitions -> the input


SHAPES: dict[str, Shape] = {}


def shapes(what: str, run: Callable[[Any], Any], makers: dict[str, Callable[[int], Any]]) -> None:
    for name, make in makers.items():
        SHAPES[f"{what}: {name}"] = Shape(run, make)


def repeated(**units: str | tuple[str, str, str]) -> dict[str, Callable[[int], str]]:
    """name=(before, what is repeated, after); in what is repeated, # is the number of the repetition."""
    return {name.replace("_", " "): _repeater(unit) for name, unit in units.items()}


def _repeater(unit: str | tuple[str, str, str]) -> Callable[[int], str]:
    before, inner, after = ("", unit, "") if isinstance(unit, str) else unit
    if "#" not in inner:
        return lambda n: before + inner * n + after
    return lambda n: before + "".join(inner.replace("#", str(number)) for number in range(n)) + after


def of_bytes(makers: dict[str, Callable[[int], str]]) -> dict[str, Callable[[int], bytes]]:
    return {name: _encoder(make) for name, make in makers.items()}


def _encoder(make: Callable[[int], str]) -> Callable[[int], bytes]:
    return lambda n: make(n).encode("utf-8", "surrogatepass")


# --- texts: what every cleaner is tried on -----------------------------------------------------------------------

TEXTS = repeated(
    blanks=("a", " ", "b"),
    line_breaks=("a", "\n", "b"),
    less_than="<",
    ampersands="&",
    references="&#",
    references_to_nothing="&#0;",
    references_inside_references=("", "&#", "0;" * 10),
    digits="9",
    commas=",",
    quotes='"',
    apostrophes="'",
    brackets="[",
    parentheses="(",
    pairs_of_parentheses="(a) ",
    words="a ",
    capitals="A ",
    full_stops=". ",
    sentences="A storm. ",
    one_word="x",
    separators=" | ",
    dashes=" - ",
    long_dashes="— ",
    slashes="/a",
    colons="a: ",
    at_signs="a@",
    marks="a\u0301\u0301",
    joiners="a\u200d",
    escapes="\x1b[",
    overrides="\u202e",
    tag_characters="\U000e0041",
    ideographs="\u6f22",
    ellipses="\u2026",
    calls="Read more ",
    posts="The post ",
    advertisements="Advertisement ",
    credits_of_pictures="(Photo ",
    copyrights="\u00a9 ",
    agencies="(AP) ",
    numbers="2024 ",
    dates="18 May 2024 ",
    open_divisions="<div>",
    open_bold="<b>",
    different_fonts="<p><font size=#>x",
    nested_links="<a href=#>x",
    nested_spans="<span>x",
    nested_tables="<table><tr><td>",
    tables_with_text="<table>x",
    nested_lists="<ul><li>",
    nested_quotes="<blockquote>",
    nested_buttons="<button>",
    open_options="<select><option>",
    foreign_elements="<svg><desc>",
    formulas="<math><mi>",
    templates="<template>",
    frames="<frameset>",
    closing_tags="</div>",
    closing_paragraphs="</p>",
    open_and_closed="<b><p></b>",
    attributes=("<p ", "a# ", ">x"),
    same_attribute=("<p ", "a=1 ", ">x"),
    half_a_tag="<p ",
    an_attribute_without_end=('<a title="', "x", ""),
    quotes_in_a_tag=("<a ", '"', ""),
    comments="<!--",
    cdata="<![CDATA[",
    scripts="<script>",
    line_tags="<br ",
    escaped_tags="&lt;p ",
)


def every_cut(text: str) -> None:
    for limit in (40, 500, 4_000):
        cut_at_sentence(text, limit)
        cut(text, limit)


def every_address(text: str) -> None:
    for url in (text, f"https://ledger.example/{text}", f"https://{text}", f"https://ledger.example/?{text}"):
        canonical_url(url)
        followable_url(url)
        same_site(url, url)
        url_host(url)
        web_url(url)
        looks_like_feed(url)
        is_of_comments(url, text)
        day_in_url(url)


def an_article(text: str) -> None:
    entry = Entry(id=text, url=URL, title=text, summary=text, content=text, authors=(text,), categories=(text,),
                  published_text=text, image=URL + text, language=text, source_name=text, source_url=URL + text)  # fmt: skip
    to_article(entry, identity(entry, FEED), feed=FEED, source=LEDGER, now=NOW)


def a_date(text: str) -> None:
    read_date(text)
    read_date(text, now=NOW)
    for start in ("2024-05-18", "18 May 2024 ", "vor "):
        read_date(start + text, now=NOW)


CLEANERS: dict[str, Callable[[str], Any]] = {
    "plain_text": plain_text,
    "paragraphs": paragraphs,
    "printable": printable,
    "cutting": every_cut,
    "clean_title": lambda text: clean_title(text, outlets=(text, "x")),
    "clean_teaser": lambda text: clean_teaser(text, title=text),
    "teaser_of": lambda text: teaser_of(text, title=text[:200]),
    "find_agency": lambda text: find_agency(title=text, text=text, authors=(text, "a" + text), outlet=text),
    "language": lambda text: (primary_language(f"en{text}"), language_of_script(text)),
    "fold": fold,
    "addresses": every_address,
    "to_article": an_article,
    "read_date": a_date,
    "page text": clean,
    "visible": visible,
    "page_text": lambda text: page_text(text, 500),
    "without_interjections": lambda text: (without_interjections(text), is_furniture(text)),
    "robots.txt": lambda text: robots_sitemaps(f"sitemap: {text}\n{text}"),
}
for name, run in CLEANERS.items():
    shapes(name, run, TEXTS)  # type: ignore[arg-type]

shapes("addresses", every_address, repeated(  # type: ignore[arg-type]
    encoded_percent="%25", encoded_dots="%2e/", dots="../", amp="amp/", amp_endings=".amp", index_files="/index.html",
    parameters="&a#=1", same_parameter="&utm_source=x", entities="&amp;", hosts="www.", ports=":8", users="a@",
    backslashes="\\", caches="google.com/amp/s/", sessions=";jsessionid=1", years="/2023/10/", letters="ü",
    labels="\u6f22.", emoji="\U0001f600", soft_hyphens="\xad", question_marks="?", hashes="#", colons=":",
))  # fmt: skip
shapes("read_date", a_date, repeated(  # type: ignore[arg-type]
    clocks="17:14 ", offsets="+02", hyphens="-", months="may ", years="2024-", kanji="\u5e74", ligatures="\ufdfa",
    hangul="\uc624\ud6c4 ", times="2 hours ", zones="Europe/Kyiv ", dots="1.", thai="\u0e01", arabic="\u0645\u0627\u064a",
))  # fmt: skip

# --- feeds, sitemaps, lists of feeds -----------------------------------------------------------------------------

ITEM = "<item><title>Storm {}</title><link>https://quay.example/{}</link></item>"
MEDIA = '<item xmlns:media="http://search.yahoo.com/mrss/">'
RSS = "<rss><channel><title>T</title>"


def in_rss(unit: str, after: str = "") -> tuple[str, str, str]:
    return RSS + "<item><title>", unit, f"</title></item>{after}</channel></rss>"


XML = repeated(
    items=(RSS, ITEM.replace("{}", "#"), "</channel></rss>"),
    less_than=in_rss("<"),
    ampersands=in_rss("& "),
    references=in_rss("&#"),
    unknown_entities=in_rss("&a#;"),
    known_entities=in_rss("&nbsp;"),
    blanks=in_rss(" "),
    controls=in_rss("\x01"),
    open_cdata=in_rss("<![CDATA["),
    sections=in_rss("<![CDATA[x]]>", "&nbsp;"),
    comments=in_rss("<!--x-->", "&nbsp;"),
    comments_in_sections=in_rss("<![CDATA[<!--]]>", "&nbsp;"),
    open_comments=in_rss("<!--"),
    doctypes=("", "<!DOCTYPE a>", RSS),
    open_doctypes=("", "<!DOCTYPE ", RSS),
    declarations=("", "<?xml ", RSS),
    instructions=(RSS, "<?a b?>", "</channel></rss>"),
    deep=(RSS, "<a>", ""),
    deep_items=(RSS, "<item>", ""),
    different_elements=(RSS + "<item>", "<n#/>", "</item></channel></rss>"),
    categories=(RSS + "<item>", "<category>a#</category>", "</item></channel></rss>"),
    links=(RSS + "<item>", "<link>https://quay.example/#</link>", "</item></channel></rss>"),
    dates=(RSS + "<item>", "<pubDate>18 May #</pubDate>", "</item></channel></rss>"),
    keywords=(RSS + MEDIA + "<media:keywords>", "a#,", "</media:keywords></item></channel></rss>"),
    groups=(RSS + MEDIA, "<media:group><media:content url='a'/></media:group>", "</item></channel></rss>"),
    itunes=(RSS + '<item xmlns:i="http://www.itunes.com/dtds/podcast-1.0.dtd">', "<i:category text='#'>", ""),
    attributes=("<rss ", "a#='1' ", "><channel></channel></rss>"),
    namespaces=("<rss ", "xmlns:a#='urn:#' ", "><channel></channel></rss>"),
    quotes=(RSS + '<a b="', '">"', ""),
    equals_signs=(RSS + "<a ", "= ", ">"),
    urls=("<urlset>", "<url><loc>https://a.example/#</loc></url>", "</urlset>"),
    nested_urls=("<urlset>", "<url><loc>https://a.example/#</loc>", ""),
    wide_url=("<urlset><url>", "<loc>https://a.example/#</loc>", "</url></urlset>"),
    prefixes=("", "<a:", ""),
    addresses="https://a.example/# ",
    outlines=("<opml><body>", '<outline text="a#" xmlUrl="https://a.example/#"/>', "</body></opml>"),
    open_outlines=("<opml><body>", '<outline text="a">', ""),
    quoted_outlines=("<opml><body>", '<outline text="a "b" <c>" xmlUrl="https://a.example/"/>', "</body></opml>"),
    outlines_of_quotes=('<opml><body><outline text="', '"> ', '"/></body></opml>'),
    outline_names=('<opml><body><outline text="', ' a="', '"/></body></opml>'),
    wide_letters=in_rss("\u6f22"),
    surrogates=in_rss("\ud800"),
)  # fmt: skip


def the_strict_parser(body: bytes) -> None:
    parse_strict(without_doctype(to_utf8(body).body), URL)


def mending(body: bytes) -> None:
    mended(without_forbidden(body))
    has_attribute_flood(body)


def any_encoding(body: bytes) -> None:
    for header in (None, "charset=windows-1251", "charset=utf-16", "charset=hz"):
        to_utf8(body + b"\xff", header)
        decode(body + b"\xff", header)


PARSERS_OF_XML: dict[str, Callable[[bytes], Any]] = {
    "parse_strict": the_strict_parser,
    "mended": mending,
    "to_utf8": any_encoding,
    "parse_sitemap": lambda body: parse_sitemap(body, URL),
    "parse_sitemap, packed": lambda body: parse_sitemap(gzip.compress(body, 1), URL),
    "parse_opml": lambda body: parse_opml(body, "list.opml"),
}
for name, run in PARSERS_OF_XML.items():
    shapes(name, run, of_bytes(XML))  # type: ignore[arg-type]

JSON = repeated(
    arrays="[",
    objects='{"a":',
    closed_arrays=('{"items": [', "[],", "0]}"),
    items=('{"items": [', '{"id": "#", "url": "/#", "authors": [{"name": "a"}], "tags": ["a", "b"]},', "0]}"),
    tags=('{"items": [{"tags": [', '"a#",', '""]}]}'),
    keys=('{"items": [{', '"a#": 1,', '"a": 1}]}'),
    escapes=('{"items": [], "title": "', "\\ud800", '"}'),
    backslashes=('{"items": [], "title": "', "\\\\", '"}'),
    digits=('{"items": [], "title": ', "9", "}"),
    blanks=('{"items": []', " ", "}"),
    quotes='"',
    commas="[,",
)
shapes("parse_json_feed", lambda text: parse_json_feed(text, URL), JSON)  # type: ignore[arg-type]

# --- pages -------------------------------------------------------------------------------------------------------


def in_json_ld(unit: str, before: str = "", after: str = "") -> tuple[str, str, str]:
    return f'<html><h1>Storm</h1><script type="application/ld+json">{before}', unit, f"{after}</script><p>x"


LINK = '<a href="/world/storm-closes-the-port-#">Storm closes the port #</a>'
HTML = repeated(
    blanks=("<title>a", " ", "b</title>"),
    less_than=("<html>", "<", ""),
    ampersands=("<p>", "&", ""),
    quotes_in_a_tag=("<p ", '"', ""),
    tags_in_quotes='<a"',
    an_attribute_without_end=('<p title="', "x", ""),
    attributes=("<p ", "a#=1 ", ">"),
    deep="<div>",
    deep_headings="<h1><div>",
    stray_ends="</x>",
    paragraphs="<p>a storm closes the port, says the harbour office",
    short_paragraphs="<p>a",
    tables="<table><tr><td>x",
    comments="<!--",
    closed_comments="<!-- a -->",
    scripts="<script>",
    templates="<template>",
    headings="<h1>a storm # closes the port</h1>",
    titles="<title>a</title>",
    separators=("<title>", " - a", "</title><h1>a</h1>"),
    metas='<meta property="og:title" content="a #">',
    different_metas='<meta name="m#" content="a">',
    times="<time datetime='2024-05-18'>18 May</time>",
    words_of_time="<time>#</time>",
    marked_dates="<span class=date>18 May 20</span>",
    years=("<p>", "2020 ", ""),
    days=("<p>", "18 May 2020, ", ""),
    numbers=("<p>", "1.2.", ""),
    properties="<i itemprop=datePublished>x</i>",
    authors="<i class=author>Ada Quay</i>",
    author_list=("<meta name=author content='", "a, ", "'>"),
    links=LINK,
    links_in_items=f"<li><div>{LINK}<p>A storm closes the port, the harbour office says.</div>",
    links_in_a_heading=("<h1>", LINK, "</h1>"),
    links_in_a_nested_heading=("<h2><i>", LINK, "</i></h2>"),
    nested_cards=f"<div>{'<div>' * 8}{LINK}{'</div>' * 8}",
    nested_links="<object><a href=/rss/#>x ",
    feed_links="<a href=/feed/#.xml>x</a>",
    declared_feeds="<link rel=alternate type=application/rss+xml href=/feed/#>",
    same_link='<a href="/world/storm-closes-the-port-1">Storm closes the port</a>',
    lines_of_news="<div class=article_news_list><div class=article_header><a href=/news/2026/05/14/#/>x</a></div></div>",
    bold_paragraphs="<p><b>x</b>",
    nested_spans=("<h1>", "<span>x</span>", "</h1>"),
    breaks=("<div>", "a<br>", "</div>"),
    arrays=in_json_ld("["),
    objects=in_json_ld('{"a":'),
    list_of_objects=in_json_ld('{"@type":"NewsArticle","headline":"a#"},', "[", "{}]"),
    objects_in_a_row=in_json_ld('{"a":#} '),
    references=in_json_ld('{"@id":"#","author":{"@id":"#"}},', '{"@graph":[', "{}]}"),
    items=in_json_ld('{"url":"/a-#","name":"Storm # closes"},', '{"@type":"ItemList","itemListElement":[', "{}]}"),
    trailing_commas=in_json_ld(", ", '{"a":1'),
    backslashes=in_json_ld("\\"),
    quotes=in_json_ld('"'),
    digits=in_json_ld("9", '{"a":'),
    broken_properties=in_json_ld('"name": "a b '),
    state=('<script id="__NEXT_DATA__">', "[", ""),
    half_a_state=("", '<script id="__NEXT_DATA__', ""),
    half_a_script=("", "<script id=", ""),
    assignments=("<script>", "__NEXT_DATA__ ", "="),
    assigned=("<script>", "__NEXT_DATA__ = ", ""),
    stories=('<script id="__NEXT_DATA__">[', '{"href":"/news/articles/#","title":"a"},', "{}]</script>"),
)  # fmt: skip


def an_outlet(source: str) -> Callable[[bytes], Any]:
    return lambda body: list(PARSERS[source](replay.saved_page(body, "https://www.pravda.com.ua/news/", NOW)))


PARSERS_OF_HTML: dict[str, Callable[[bytes], Any]] = {
    "parse_page": lambda body: parse_page(body, URL),
    "parse_listing": lambda body: parse_listing(body, URL, now=NOW),
    "parse_listing by li": lambda body: parse_listing(body, URL, Selectors(item="li", time="time")),
    "parse_listing by div": lambda body: parse_listing(body, URL, Selectors(item="div", teaser="p")),
    "read_site": lambda body: read_site(body, URL),
    "embedded_json": lambda body: list(objects_in(embedded_json(body, URL, "__NEXT_DATA__"))),
    **{f"outlet {source}": an_outlet(source) for source in PARSERS},
}
for name, run in PARSERS_OF_HTML.items():
    shapes(name, run, of_bytes(HTML))  # type: ignore[arg-type]


# --- counting ----------------------------------------------------------------------------------------------------


def done(shape: Shape, given: Any) -> None:
    """Refusing is done too; what else may be raised is not asked here."""
    with suppress(ParseError, RecursionError):
        shape.run(given)


def calls(shape: Shape, n: int) -> int:
    """How many functions, of Python and of C, are called for n repetitions."""
    given = shape.make(n)
    profile = cProfile.Profile()
    profile.runcall(done, shape, given)
    return sum(entry.callcount for entry in profile.getstats())


FEW = 250
MARGIN = (
    25_000  # calls; some limits are looked at only where a thousand tags or two stand (quadratic: 1,000,000)
)


def of(what: str) -> dict[str, Shape]:
    return {name: shape for name, shape in SHAPES.items() if name.startswith(f"{what}: ")}


KINDS = sorted({name.partition(": ")[0] for name in SHAPES})


@pytest.mark.parametrize("what", KINDS)
def test_four_times_the_input_takes_four_times_the_calls(what: str) -> None:
    counted = {}
    for name, shape in of(what).items():
        done(shape, shape.make(2))  # what is loaded with the first call
        counted[name] = calls(shape, FEW), calls(shape, 4 * FEW)
    assert {name: (few, many) for name, (few, many) in counted.items() if many > 5 * few + MARGIN} == {}


EMPTY_BOXES = "".join(f"<div><a href=/world/{n}>x</a>" for n in range(100)) + "<p>" * 5_000
SPINE = SHAPES["parse_listing: nested cards"].make(180) + b"<p>" * 5_000


@pytest.mark.parametrize(
    ("page", "selectors"),
    [(EMPTY_BOXES.encode(), Selectors(item="div")), (SPINE, None)],
    ids=["selectors", "structure"],
)
def test_boxes_that_hold_the_rest_of_a_page_are_no_cards(page: bytes, selectors: Selectors | None) -> None:
    """Each of a hundred boxes inside each other held the 5,000 paragraphs, and sixty labels of each were read."""
    shape = Shape(lambda body: parse_listing(body, URL, selectors, now=NOW), lambda n: page)
    assert calls(shape, 0) < 60 * page.count(b"<")


LONG_ENOUGH = 0.02  # seconds of CPU
LARGEST = (
    2_000_000  # characters: what takes less than LONG_ENOUGH over so much need not be compared with more
)


def cost(shape: Shape, given: Any) -> float:
    started = time.process_time()
    done(shape, given)
    return time.process_time() - started


MOST = 12
"""Times the CPU at four times the input: linear is four, quadratic sixteen."""


def times_the_cpu(shape: Shape) -> float:
    """Of four times the input, the best of three; 0 where no input takes long enough to be compared."""
    done(shape, shape.make(2))
    n, given = 500, shape.make(500)
    while cost(shape, given) < LONG_ENOUGH:
        if len(given) > LARGEST:
            return 0
        n *= 2
        given = shape.make(n)
    four_times = shape.make(4 * n)
    best = float("inf")
    for _ in range(3):
        best = min(best, cost(shape, four_times) / cost(shape, given))
        if best < MOST:
            break
    return best
