"""Every parser, on any bytes and on real documents that were damaged: it answers what it promises, or raises ParseError."""

import gzip
import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import pytest
from hypothesis import strategies as st

from aggregator import replay
from aggregator.errors import ParseError
from aggregator.model import Entry, Feed, ParsedFeed, ParsedPage, Selectors
from aggregator.outlets import PARSERS
from aggregator.parse import (
    embedded_json,
    objects_in,
    parse_date,
    parse_document,
    parse_feed,
    parse_listing,
    parse_page,
    parse_sitemap,
    read_date,
    read_tree,
)
from aggregator.parse.discover import (
    Candidate,
    is_news_sitemap,
    is_of_comments,
    looks_like_feed,
    read_site,
    robots_sitemaps,
)
from aggregator.parse.encoding import to_utf8
from aggregator.parse.fast import parse_strict
from aggregator.parse.hazards import has_attribute_flood, without_forbidden
from aggregator.parse.jsonfeed import parse_json_feed
from aggregator.parse.listing.entries import without_interjections
from aggregator.parse.mend import mended, without_doctype
from aggregator.parse.opml import MAX_DEPTH, MAX_TEXT, parse_opml, render_opml
from aggregator.parse.own import OwnParser
from aggregator.parse.page.encoding import decode
from aggregator.parse.tolerant import parse_tolerant
from hostile.damage import (
    ANY_TEXT,
    SEVERE,
    TOKENS,
    as_json,
    damaged,
    hostile_texts,
    json_values,
    saved,
    severe_texts,
    soup,
)
from hostile.laws import Laws

URL = "https://quay.example/world/storm-4471"
NOW = datetime(2026, 5, 14, 9, 30, tzinfo=UTC)
LAWS = Laws()
T = TypeVar("T")


@pytest.mark.parametrize("law", LAWS)
def test_a_law_of_parsing_holds(law: str) -> None:
    LAWS.hold(law, examples=60)


@pytest.mark.slow
@pytest.mark.parametrize("law", LAWS)
def test_a_law_of_parsing_holds_for_many_other_examples(law: str) -> None:
    LAWS.hold(law, examples=600)


# --- what a parser may answer ------------------------------------------------------------------------------------


def answer(parse: Callable[..., T], *args: Any, **kwargs: Any) -> T | None:
    """What it read; None when it refused, in words that a log can hold. Anything else that it raises ends the test."""
    try:
        return parse(*args, **kwargs)
    except ParseError as error:
        assert error.message.strip()
        error.message.encode("utf-8")
        return None


def is_sound_time(at: datetime | None) -> None:
    """A date that every conversion and every store can hold; what it carries of its zone is the offset alone."""
    if at is not None:
        assert 1000 <= at.year <= 9998
        assert at.tzinfo is None or isinstance(at.tzinfo, timezone)
        at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)


def is_sound_entry(entry: Entry) -> None:
    said = asdict(entry)
    for name in ("published", "updated"):
        is_sound_time(said.pop(name))
    assert said["published_precision"] in ("instant", "day")
    for name in ("authors", "categories", "enclosures"):
        assert isinstance(said[name], tuple)
        assert all(isinstance(text, str) and text for text in said[name])
    for value in said.values():
        for text in (value,) if isinstance(value, str) else value or ():
            text.encode("utf-8")  # a database refuses lone surrogates, and some refuse NUL
            assert "\0" not in text


def is_sound_feed(feed: ParsedFeed | None) -> None:
    if feed is None:
        return
    assert feed.parser and isinstance(feed.entries, tuple)
    assert feed.ttl is None or 0 < feed.ttl <= 366 * 1440
    is_sound_time(feed.updated)
    for text in (feed.title, feed.home_url, feed.language, feed.malformed):
        (text or "").encode("utf-8")
    for entry in feed.entries:
        is_sound_entry(entry)


def is_one_line(text: str | None) -> None:
    assert text is None or (text == " ".join(text.split()) and text)


def is_web_address(address: str | None) -> None:
    if address is not None:
        parts = urlsplit(address)
        assert parts.scheme in ("http", "https") and parts.hostname


def is_sound_page(page: ParsedPage | None) -> None:
    if page is None:
        return
    for text in (page.title, page.site_name, page.summary, *page.authors):
        is_one_line(text)
    assert page.text is None or page.text.strip()
    is_web_address(page.canonical_url)
    is_web_address(page.image)
    is_sound_time(page.published)
    is_sound_time(page.updated)
    assert page.published_precision in ("instant", "day") and page.paywalled in (None, True, False)
    assert set(page.origins) <= {"title", "published", "updated", "summary", "authors", "text"}


# --- feeds -------------------------------------------------------------------------------------------------------

FEEDS = saved("feeds/*.xml", "feeds/*.rdf", "feeds/*.json", "day/*.xml", "seed/*.xml")
feeds = damaged(FEEDS, TOKENS + SEVERE) | soup(TOKENS + SEVERE) | st.binary(max_size=100)
content_types = st.sampled_from(
    [None, "", "text/xml; charset=utf-8", "charset=utf-16", "application/xml;charset=hz", "charset='\x00"]
)


@LAWS.add(feeds, content_types)
def a_feed_is_read_or_refused(data: bytes, content_type: str | None) -> None:
    is_sound_feed(answer(parse_feed, data, URL, content_type))


@LAWS.add(feeds, content_types)
def the_tolerant_parser_reads_or_refuses(data: bytes, content_type: str | None) -> None:
    answer(parse_tolerant, data, URL, content_type)


@LAWS.add(feeds)
def the_strict_parser_reads_or_gives_up(data: bytes) -> None:
    is_sound_feed(parse_strict(without_doctype(to_utf8(data).body), URL))


@LAWS.add(json_values, json_values)
def a_json_feed_of_any_values_is_read_or_refused(items: Any, title: Any) -> None:
    for found in (items, {"items": items, "title": title}, {"items": [items, title], "authors": items}):
        is_sound_feed(answer(parse_json_feed, json.dumps(found), URL))


@LAWS.add(damaged([body for body in FEEDS if body[:1] == b"{"], TOKENS + SEVERE))
def a_damaged_json_feed_is_read_or_refused(data: bytes) -> None:
    is_sound_feed(answer(parse_json_feed, data.decode("utf-8", "replace"), URL))


@LAWS.add(feeds)
def mending_never_raises_and_mends_once(data: bytes) -> None:
    once = mended(without_forbidden(to_utf8(data).body))
    assert mended(once) == once
    assert isinstance(has_attribute_flood(data), bool)


@LAWS.add(damaged(FEEDS + saved("pages/*.html")) | soup() | st.binary(max_size=100), content_types)
def any_bytes_become_utf8(data: bytes, content_type: str | None) -> None:
    to_utf8(data, content_type).body.decode("utf-8")
    decode(data, content_type)


@LAWS.add(
    st.sampled_from(["utf-16", "utf-16-le", "utf-32-be", "utf-7", "cp037", "shift_jis", "hz", "gb18030", "koi8-r"]),
    damaged([body[:3_000] for body in FEEDS], most=2),
    st.booleans(),
)  # fmt: skip
def a_feed_in_any_encoding_is_read_or_refused(encoding: str, data: bytes, declared: bool) -> None:
    text = data.decode("utf-8", "ignore").encode(encoding, "ignore")
    is_sound_feed(answer(parse_feed, text, URL, f"text/xml; charset={encoding}" if declared else None))


# --- sitemaps and lists of feeds ---------------------------------------------------------------------------------

SITEMAPS = [
    *saved("feeds/sitemap_not_feed.xml"),
    (
        b'<urlset xmlns:n="http://www.google.com/schemas/sitemap-news/0.9"><url><loc>https://a.example/1</loc><lastmod>2024-05-14'
        b"</lastmod><n:news><n:publication><n:name>A</n:name><n:language>en</n:language></n:publication><n:title>T &amp; U"
        b"</n:title><n:publication_date>2024-05-14T12:00:00Z</n:publication_date></n:news></url></urlset>"
    ),
    b"<sitemapindex><sitemap><loc>https://a.example/1.xml</loc><lastmod>2024-05-14</lastmod></sitemap></sitemapindex>",
    b"https://a.example/1\nhttps://a.example/2\n",
]
sitemaps = damaged(SITEMAPS, TOKENS + SEVERE) | soup(TOKENS + SEVERE) | st.binary(max_size=100)


@LAWS.add(sitemaps)
def a_sitemap_is_read_or_refused(data: bytes) -> None:
    for body in (data, gzip.compress(data, 1)):
        found = answer(parse_sitemap, body, URL)
        if found is not None:
            for entry in found.entries:
                is_sound_entry(entry)
                assert entry.url
            for child in found.sitemaps:
                assert child.url
                is_sound_time(child.modified)


@LAWS.add(damaged([gzip.compress(body) for body in SITEMAPS]))
def broken_gzip_is_read_or_refused(data: bytes) -> None:
    answer(parse_sitemap, b"\x1f\x8b" + data[2:], URL)


opmls = damaged(saved("opml/*.opml"), TOKENS + SEVERE) | soup(TOKENS + SEVERE) | st.binary(max_size=100)


@LAWS.add(opmls)
def a_list_of_feeds_is_read_and_written_again_or_refused(data: bytes) -> None:
    found = answer(parse_opml, data, "list.opml")
    if found is None:
        return
    for outline in found.outlines:
        assert len(outline.title) <= MAX_TEXT and len(outline.folders) <= MAX_DEPTH
        assert outline.kind in ("feed", "listing", "sitemap")
    again = parse_opml(render_opml(found.title, found.outlines, now=NOW), "again.opml")
    assert sorted(o.xml_url.split() for o in again.outlines) == sorted(
        o.xml_url.split() for o in found.outlines
    )


# --- pages -------------------------------------------------------------------------------------------------------

PAGES = saved("pages/*.html", "listings/*.html", "outlets/*/*.html", "day/*.html", "seed/*.html")
pages = damaged(PAGES, TOKENS + SEVERE) | soup(TOKENS + SEVERE) | st.binary(max_size=100)
described = json_values.map(
    lambda value: (
        b"<html><body><h1>Storm</h1><script type='application/ld+json'>" + as_json(value) + b"</script>"
    )
)
articles = json_values.map(
    lambda value: (
        b"<html><script type='application/ld+json'>"
        + as_json({"@type": "NewsArticle", "headline": value, "author": value, "image": value, "hasPart": value})
        + b"</script>"
    )
)  # fmt: skip


@LAWS.add(pages | described | articles, content_types)
def a_page_is_read_or_refused(data: bytes, content_type: str | None) -> None:
    is_sound_page(answer(parse_page, data, URL, content_type=content_type))


@LAWS.add(pages)
def a_tree_is_made_or_refused(data: bytes) -> None:
    answer(read_tree, data, URL)


selectors = st.builds(
    Selectors,
    item=st.sampled_from(["article", "div", "*", "a", "li", "div:has(", "a[", ":is(div)", "@", "p@x", "\x00"]),
    title=st.none() | st.sampled_from(["h2", "@title", "a@", "h2 > a", "::", "@"]),
    link=st.none() | st.sampled_from(["a", "a@href", "@href", "a@data-x", "[["]),
    teaser=st.none() | st.sampled_from(["p", "p@x", "*"]),
    time=st.none() | st.sampled_from(["time", "time@datetime", "@datetime", "p", "*@class"]),
    image=st.none() | st.sampled_from(["img", "img@data-src", "@src"]),
    source=st.none() | st.sampled_from(["span", "@class", "span@class"]),
)  # fmt: skip
moments = st.none() | st.just(NOW) | st.just(datetime(1, 1, 2, tzinfo=timezone(timedelta(hours=14))))


@LAWS.add(pages | described, st.none() | selectors, moments)
def a_listing_is_read_or_refused(data: bytes, chosen: Selectors | None, now: datetime | None) -> None:
    entries = answer(parse_listing, data, URL, chosen, now=now) or ()
    assert len({entry.url for entry in entries}) == len(entries)
    for entry in entries:
        is_sound_entry(entry)
        is_web_address(entry.url)
        is_web_address(entry.image)


def item_list(value: Any) -> bytes:
    elements = [{"url": f"/{n}", "name": f"Headline {n}", "datePublished": value, "image": value, "item": value}
                for n in range(3)]  # fmt: skip
    data = as_json({"@type": "ItemList", "itemListElement": [*elements, value]})
    return b"<html><script type='application/ld+json'>" + data + b"</script>"


@LAWS.add(json_values.map(item_list))
def a_listing_that_describes_itself_in_any_values_is_read(data: bytes) -> None:
    for entry in answer(parse_listing, data, URL) or ():
        is_sound_entry(entry)


@LAWS.add(pages)
def the_feeds_of_a_site_are_found(data: bytes) -> None:
    site = answer(read_site, data, URL)
    if site is not None:
        are_candidates(site.candidates)
        assert site.site_name == " ".join(site.site_name.split())


@LAWS.add(hostile_texts | severe_texts)
def the_sitemaps_of_a_robots_txt_are_found(text: str) -> None:
    are_candidates(robots_sitemaps(f"Sitemap: https://a.example/{text}\n{text}\nsitemap:{text}"))


@LAWS.add(
    hostile_texts.map("https://a.example/".__add__) | hostile_texts | hostile_texts.map("http://".__add__)
)
def any_address_may_be_asked_whether_it_looks_like_a_feed(url: str) -> None:
    assert isinstance(looks_like_feed(url), bool)
    assert isinstance(is_news_sitemap(url), bool) and isinstance(is_of_comments(url, url), bool)


def are_candidates(candidates: tuple[Candidate, ...]) -> None:
    assert len(candidates) <= 50 and len({candidate.url for candidate in candidates}) == len(candidates)
    assert all(candidate.url.lower().startswith(("http://", "https://")) for candidate in candidates)


@LAWS.add(hostile_texts | severe_texts)
def interjections_are_taken_out_of_any_text(text: str) -> None:
    assert len(without_interjections(text)) <= len(text)


# --- what a page's scripts carry, and parsers of one's own -------------------------------------------------------

STATE = b'<script id="__NEXT_DATA__" type="application/json">'
states = (
    damaged(saved("outlets/bbc/*.html"), TOKENS + SEVERE)
    | soup(TOKENS + SEVERE).map(STATE.__add__)
    | soup().map(b"window.__NEXT_DATA__ = ".__add__)
    | soup().map(b'window["__NEXT_DATA__"]=JSON.parse("'.__add__)
    | json_values.map(lambda value: STATE + as_json(value) + b"</script>")
)


@LAWS.add(states)
def the_state_of_a_page_is_read_or_refused(data: bytes) -> None:
    state = answer(embedded_json, data, URL, "__NEXT_DATA__")
    assert all(isinstance(found, dict) for found in objects_in(state))


def story(value: Any) -> bytes:
    stories = [{"href": f"/news/articles/{value}", "title": "Storm", "description": value,
                "metadata": {"firstUpdated": value, "lastUpdated": value}}, value]  # fmt: skip
    return STATE + as_json(stories) + b"</script>"


@LAWS.add(
    st.sampled_from(sorted(PARSERS)), damaged(saved("outlets/*/*.html")) | states | json_values.map(story)
)
def an_outlets_page_is_read_or_refused(source: str, data: bytes) -> None:
    document = replay.saved_page(data, "https://www.pravda.com.ua/news/", NOW)
    for entry in answer(PARSERS[source], document) or ():
        assert isinstance(entry, Entry) and entry.url and isinstance(entry.title, str)
    feed = Feed(url=document.url, source_id=source, id=source, kind="listing")
    own = OwnParser(source, PARSERS[source])
    is_sound_feed(answer(parse_document, document, feed, own=own))


class Hostile:
    """An object that answers nothing without raising."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(name)

    def __bool__(self) -> bool:
        raise RuntimeError("neither")

    def __repr__(self) -> str:
        return "Hostile()"  # for the report of a failure


class HostileText(str):
    __slots__ = ()

    def __repr__(self) -> str:
        raise RuntimeError("no repr")

    __str__ = __eq__ = strip = startswith = encode = __repr__  # type: ignore[assignment]
    __hash__ = str.__hash__


class HostileMapping(dict[str, Any]):
    def items(self) -> Any:
        raise KeyError("items")


def too_large() -> int:
    """For str() and repr(), not for a list."""
    return 10**5_000


rubbish = st.recursive(
    json_values
    | st.binary(max_size=5)
    | st.builds(too_large)
    | st.datetimes(timezones=st.none() | st.timezones())
    | st.builds(Entry, url=ANY_TEXT, title=ANY_TEXT, published=st.datetimes())
    | st.builds(HostileText, ANY_TEXT)
    | st.builds(Hostile)
    | st.builds(HostileMapping, url=ANY_TEXT)
    | st.sampled_from([Entry, ValueError, range(3)]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["url", "title", "published", "updated", "authors", "published_precision", "titel"])
            | st.integers() | st.builds(too_large) | st.text(max_size=3),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)  # fmt: skip


@LAWS.add(rubbish | st.lists(rubbish, max_size=3))
def whatever_a_parser_of_ones_own_returns_is_read_or_refused(returned: Any) -> None:
    is_sound_feed(answer(parse_document, PAGE, LISTING, own=OwnParser("parsers/tarn.py", lambda _: returned)))


@LAWS.add(
    st.sampled_from(
        [ValueError, KeyError, RecursionError, UnicodeDecodeError, StopIteration, MemoryError, SystemExit]
    ),
    st.booleans(),
    ANY_TEXT,
)
def whatever_a_parser_of_ones_own_raises_is_a_parse_error(
    kind: type[BaseException], late: bool, text: str
) -> None:
    def raised() -> BaseException:
        return kind("utf-8", b"x", 0, 1, text) if kind is UnicodeDecodeError else kind(text)

    def at_once(document: Any) -> Any:
        raise raised()

    def later(document: Any) -> Any:
        yield {"url": "/1"}
        raise raised()

    parse = later if late else at_once
    assert answer(parse_document, PAGE, LISTING, own=OwnParser("parsers/tarn.py", parse, __file__)) is None


PAGE = replay.saved_page(b"<p>Ferry sails", URL, NOW)
LISTING = Feed(url=URL, source_id="tarn", id=URL, kind="listing")


@LAWS.add(
    st.sampled_from(["feed", "sitemap", "listing"]), damaged(FEEDS + PAGES + SITEMAPS), st.none() | selectors
)
def a_document_of_any_kind_is_read_or_refused(kind: Any, data: bytes, chosen: Selectors | None) -> None:
    feed = Feed(url=URL, source_id="tarn", id=URL, kind=kind, selectors=chosen)
    is_sound_feed(answer(parse_document, replay.saved_page(data, URL, NOW), feed))


# --- dates -------------------------------------------------------------------------------------------------------

DATES = [
    text.encode()
    for text in (
        *("2024-05-18T17:14:40.5+02:00", "Sat, 18 May 2024 17:14:40 -0430", "2024-W20-6", "20240518T171440Z", "1716052480"),
        *("Saturday, 18th May 2024 5:14 PM CEST", "18.05.2024 um 17.14 Uhr", "2024年5月18日 17時14分", "٢٤ مايو ٢٠٢٤"),
        *("vor 2 Stunden", "il y a 3 jours", "2 hours ago", "gestern um 14:30", "thứ bảy, ngày 18 tháng 5 năm 2024"),
        *("18 พฤษภาคม 2567", "Sat May 18 2024 17:14:40 GMT+0200 (Central European Summer Time)", "2020 years 200 days ago"),
        *("2024-05-18T17:14:40[Europe/Berlin]", "mar., 5 mar. 2024 America/Indiana/Knox", "오후 3:14 2024년 5월 18일"),
    )
]  # fmt: skip
dates = damaged(DATES, most=3).map(lambda data: data.decode("utf-8", "surrogateescape")) | hostile_texts


@LAWS.add(dates | severe_texts, moments | st.datetimes(timezones=st.timezones()))
def a_date_is_read_as_it_stands_or_not_at_all(text: str, now: datetime | None) -> None:
    alone, at = read_date(text), parse_date(text)
    assert at == (alone.at if alone else None)
    is_sound_time(at)
    read = read_date(text, now=now)
    if alone is not None:
        assert read == alone
    elif read is not None:
        assert now is not None and read.at.year >= 1000 and read.precision in ("instant", "day")
        assert read.at.tzinfo is None or read.at <= now


# --- single documents that broke a parser once -------------------------------------------------------------------


@pytest.mark.parametrize("document", [b"", b"\xc2\xa0", b"\x1f\x8b\x08"])
def test_what_is_next_to_nothing_is_refused(document: bytes) -> None:
    for parse in (parse_feed, parse_sitemap, parse_page, parse_listing, read_site):
        assert answer(parse, document, URL) is None


LD = b'<h1>Storm</h1><script type="application/ld+json">{"@type":"NewsArticle","headline":'
DEEP = {
    "a headline of many elements": b"<h1>" + b"<div>" * 1_500 + b"Storm closes the port</h1>",
    "a property of many lists": LD + b"[" * 700 + b"]" * 700 + b"}</script>",
    "a property of many objects": LD + b'{"name":' * 700 + b"1" + b"}" * 700 + b"}</script>",
    "a reference of 5,000 digits": b"<h1>Storm &amp;#" + b"9" * 5_000 + b"; closes</h1>",
}


@pytest.mark.parametrize("name", DEEP)
def test_a_page_that_goes_deeper_than_the_stack_is_read_or_refused(name: str) -> None:
    for parse in (parse_page, parse_listing, read_site):
        answer(parse, DEEP[name], URL)


def test_a_number_that_no_int_can_hold_is_told_as_what_it_is() -> None:
    own = OwnParser("parsers/tarn.py", lambda _: [10**5_000])
    with pytest.raises(ParseError, match=r"entry 1 is int; expected an Entry"):
        parse_document(PAGE, LISTING, own=own)


def test_names_and_tags_of_a_json_feed_can_be_stored() -> None:
    found = {"items": [{"id": "1", "authors": ["A\ud800da", {"name": "B\x00o"}], "tags": ["ports\udfff"]}]}
    (entry,) = parse_json_feed(json.dumps(found), URL).entries
    assert (entry.authors, entry.categories) == (("Ada", "Bo"), ("ports",))


def test_ids_of_a_parser_of_ones_own_can_be_stored() -> None:
    own = OwnParser(
        "parsers/tarn.py", lambda _: [{"url": "/1", "id": "a\ud800\x00b", "authors": ["\udfffAda"]}]
    )
    (entry,) = parse_document(PAGE, LISTING, own=own).entries
    assert (entry.id, entry.authors) == ("ab", ("Ada",))


def test_one_broken_address_costs_no_other_line_of_a_page() -> None:
    page = Path(__file__).parent / "fixtures" / "outlets" / "ukrainska-pravda" / "news_2026-05-14.html"
    body = page.read_bytes()
    whole = list(PARSERS["ukrainska-pravda"](replay.saved_page(body, "https://www.pravda.com.ua/news/", NOW)))
    line = b'<div class="article_news_list"><div class="article_header"><a href="http://[">x</a></div></div>'
    broken = body.replace(b'<div class="article_news_list"', line + b'<div class="article_news_list"', 1)
    assert broken != body
    assert (
        list(PARSERS["ukrainska-pravda"](replay.saved_page(broken, "https://www.pravda.com.ua/news/", NOW)))
        == whole
    )


def test_a_relative_time_of_a_year_that_no_date_has_is_not_read() -> None:
    assert (
        read_date("2023 years 150 days ago", now=datetime(2024, 5, 18, tzinfo=timezone(timedelta(hours=14))))
        is None
    )
    assert read_date("3 years ago", now=NOW) is not None


def test_a_selector_that_matches_parts_of_the_page_says_so() -> None:
    body = b"<main>" + b"<p><a href=/world/storm-closes-the-port>Storm closes the port</a>" * 300
    with pytest.raises(
        ParseError, match=r"selectors\.item = 'main' matches what holds more than 500 elements"
    ):
        parse_listing(body, URL, Selectors(item="main"))
