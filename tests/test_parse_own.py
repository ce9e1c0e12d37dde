"""A parser of one's own is believed no more than a page: what it raises and what it returns is told, with the place."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from itertools import count
from typing import Any

import pytest

from aggregator import replay
from aggregator.errors import ParseError
from aggregator.model import Document, Entry, Feed, Selectors
from aggregator.parse import embedded_json, objects_in, parse_document
from aggregator.parse.own import OwnParser, own_parser

URL = "https://www.tarn.example/news/"
FEED = Feed(url=URL, source_id="tarn", id=URL, kind="listing")
DOCUMENT = replay.saved_page(b"<p>Ferry sails", URL, datetime(2026, 5, 14, tzinfo=UTC))


def read(returned: Any, feed: Feed = FEED) -> tuple[Entry, ...]:
    return parse_document(DOCUMENT, feed, own=OwnParser("parsers/tarn.py", lambda _: returned)).entries


def test_entries_and_dicts_of_their_fields_are_the_same() -> None:
    (first, second) = read([Entry(url="/1", title="Ferry"), {"url": "/1", "title": "Ferry"}])
    assert first == second == Entry(url=f"{URL.removesuffix('/news/')}/1", title="Ferry")


def test_a_generator_and_lists_of_texts_will_do() -> None:
    (entry,) = read(iter([{"url": "1", "authors": ["Ilse Varga"], "categories": ("ports",)}]))
    assert (entry.url, entry.authors, entry.categories) == (f"{URL}1", ("Ilse Varga",), ("ports",))


def test_it_is_named_where_the_feed_says_what_read_it() -> None:
    own = OwnParser("parsers/tarn.py", lambda _: [{"url": "/1"}])
    assert parse_document(DOCUMENT, FEED, own=own).parser == "parsers/tarn.py"


def test_texts_that_hold_a_whole_page_become_plain_ones() -> None:
    class Soup(str):
        pass

    (entry,) = read([{"url": Soup("/1"), "title": Soup("Ferry"), "authors": [Soup("Ilse Varga")]}])
    assert {type(entry.url), type(entry.title), type(entry.authors[0])} == {str}


class Broken(tzinfo):
    def utcoffset(self, _: datetime | None) -> timedelta:
        raise RuntimeError("no idea")


@pytest.mark.parametrize(
    ("returned", "told"),
    [
        (None, "returned None; expected a list of entries"),
        (7, "returned int 7; expected a list of entries"),
        ("<p>", "returned str '<p>'; expected a list"),
        ({"url": "/1"}, "returned dict; expected a list"),
        (Entry(url="/1"), "returned Entry; expected a list"),
        ([5], "entry 1 is int 5; expected an Entry or a dict"),
        ([{"url": "/1"}, None], "entry 2 is None; expected an Entry or a dict"),
        ([{"url": "/1", "titel": "x"}], "entry 1: has no field 'titel'; did you mean title?"),
        ([{"url": 5}], "url is int 5; expected a text or None"),
        ([{"title": b"x"}], "title is bytes b'x'; expected a text or None"),
        ([{"published": "today"}], "published is str 'today'; expected a datetime or None"),
        ([{"published": datetime(1, 1, 1)}], "published is of the year 1"),
        ([{"updated": datetime(2026, 5, 14, tzinfo=Broken())}], "a time zone that fails: RuntimeError: no idea"),
        ([{"authors": "Ilse Varga"}], "authors is str 'Ilse Varga'; expected a list of texts"),
        ([{"authors": [None]}], "authors is list; expected a list of texts"),
        ([{"published_precision": "hour"}], "published_precision is str 'hour'; expected 'instant' or 'day'"),
        ([], "found no article"),
        (({"url": f"/{n}"} for n in count()), "more than 50,000 entries"),
    ],
)  # fmt: skip
def test_what_is_no_entry_says_what_it_is(returned: Any, told: str) -> None:
    with pytest.raises(ParseError) as caught:
        read(returned)
    assert caught.value.message.startswith("parsers/tarn.py") and told in caught.value.message


def test_a_feed_may_be_empty_and_a_listing_may_not() -> None:
    assert read([], replace(FEED, kind="feed")) == ()


def test_a_time_keeps_its_offset_and_nothing_else_of_its_zone() -> None:
    (entry,) = read([{"published": datetime(2026, 5, 14, 9, tzinfo=timezone(timedelta(hours=3), "EEST"))}])
    assert entry.published is not None and entry.published.isoformat() == "2026-05-14T09:00:00+03:00"


def test_an_exception_is_told_with_its_place() -> None:
    def parse(document: Document) -> Iterator[dict[str, Any]]:
        yield {"url": "/1"}
        raise KeyError("headline")

    own = OwnParser("parsers/tarn.py", parse, __file__)
    with pytest.raises(ParseError, match=r"parsers/tarn\.py:\d+: KeyError: 'headline'"):
        parse_document(DOCUMENT, FEED, own=own)


def test_leaving_the_program_is_an_exception_like_any_other() -> None:
    def parse(document: Document) -> list[Entry]:
        raise SystemExit(3)

    with pytest.raises(ParseError, match="SystemExit: 3"):
        parse_document(DOCUMENT, FEED, own=OwnParser("parsers/tarn.py", parse, __file__))


def test_who_reads_a_feed() -> None:
    files = {"parsers/tarn.py": OwnParser("parsers/tarn.py", lambda _: [])}
    outlets = {"tarn": lambda _: []}

    def reader(**changed: Any) -> str | None:
        own = own_parser(replace(FEED, **changed), files, outlets)
        return own.name if own else None

    assert reader() == "outlets/tarn.py"
    assert reader(parser="parsers/tarn.py") == "parsers/tarn.py"
    assert reader(selectors=Selectors(item="article")) is None, (
        "what the editor says goes before what we know"
    )
    assert reader(kind="feed") is None and reader(kind="sitemap") is None
    assert reader(kind="feed", parser="parsers/tarn.py") == "parsers/tarn.py"
    assert reader(source_id="quay") is None


@pytest.mark.parametrize(
    "page",
    [
        '<script id="STATE" type="application/json">{"a": [1, {"b": ">"}]}</script>',
        '<script type=application/json id=STATE> {"a": [1, {"b": ">"}]}</script>',
        '<script>var x = 1; window.STATE = {"a": [1, {"b": ">"}]};</script>',
        '<script>window["STATE"]={"a": [1, {"b": ">"}]}</script>',
        '<script>STATE=JSON.parse("{\\"a\\": [1, {\\"b\\": \\">\\"}]}")</script>',
    ],
)
def test_the_state_of_a_page_is_found_however_it_is_embedded(page: str) -> None:
    assert embedded_json(page.encode(), URL, "STATE") == {"a": [1, {"b": ">"}]}


@pytest.mark.parametrize(
    "page", ["", "<p>STATE", "<script>STATE = {undefined}</script>", "<script>STATE=" + "[" * 100_000]
)
def test_a_page_without_state_says_what_was_expected(page: str) -> None:
    with pytest.raises(ParseError, match="expected"):
        embedded_json(page.encode(), URL, "STATE")


def test_objects_come_in_the_order_of_the_text_however_deep() -> None:
    state: Any = {"n": 1, "in": [{"n": 2}, "x", [[{"n": 3}]]], "end": {"n": 4}}
    assert [found["n"] for found in objects_in(state)] == [1, 2, 3, 4]
    for _ in range(100_000):
        state = [state]
    assert len(list(objects_in(state))) == 4
    while isinstance(state, list):  # taken apart by hand: freeing it would recurse on older Pythons
        state = state[0]
