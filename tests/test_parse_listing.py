"""Section pages to Entries: saved pages with what they say, and the laws that hold for every page."""

import json
import re
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.errors import ParseError
from aggregator.model import Entry, Selectors
from aggregator.parse.listing import parse_listing
from aggregator.parse.listing.entries import without_interjections

FOLDER = Path(__file__).parent / "fixtures" / "listings"
PAGES = sorted(FOLDER.glob("*.html"))
URL = "https://quay.example/news/"


def told(entry: Entry, expected: dict[str, Any]) -> dict[str, Any]:
    """The entry as its expectation is written."""
    said = asdict(entry)
    said["published"] = entry.published.isoformat() if entry.published else None
    return {name: said[name] for name in expected}


def expectation(page: Path) -> tuple[dict[str, Any], datetime | None]:
    expected = json.loads(page.with_suffix(".expected.json").read_text(encoding="utf-8"))
    return expected, datetime.fromisoformat(expected["now"]) if expected["now"] else None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_saved_page_gives_its_entries_without_any_selector(page: Path) -> None:
    expected, now = expectation(page)
    entries = parse_listing(page.read_bytes(), expected["url"], now=now)
    assert [told(*pair) for pair in zip(entries, expected["entries"], strict=True)] == expected["entries"]


@pytest.mark.parametrize(
    "page", [page for page in PAGES if expectation(page)[0]["selectors"]], ids=lambda page: page.stem
)
def test_configured_selectors_give_the_same_entries(page: Path) -> None:
    expected, now = expectation(page)
    entries = parse_listing(page.read_bytes(), expected["url"], Selectors(**expected["selectors"]), now=now)
    assert [told(*pair) for pair in zip(entries, expected["entries"], strict=True)] == expected["entries"]


def test_outlet_and_time_are_found_without_telling_class_names() -> None:
    expected, now = expectation(FOLDER / "related-sidebar.html")
    page = re.sub(
        rb'class="(?:outlet|when|meta-top|text|card|facts)"',
        b'class="x1"',
        (FOLDER / "related-sidebar.html").read_bytes(),
    )
    entries = parse_listing(page, expected["url"], now=now)
    assert [told(*pair) for pair in zip(entries, expected["entries"], strict=True)] == expected["entries"]


def test_relative_times_are_kept_as_text_but_not_read_when_nobody_says_when_the_page_was_fetched() -> None:
    page = b'<article><h2><a href="/a/one-two-three-four">One two three four</a></h2><time>2 hours ago</time></article>'
    (entry,) = parse_listing(page, URL)
    assert (entry.published, entry.published_text) == (None, "2 hours ago")
    (entry,) = parse_listing(page, URL, now=datetime(2026, 3, 4, 12, tzinfo=UTC))
    assert entry.published == datetime(2026, 3, 4, 10, tzinfo=UTC)


def test_a_selector_may_ask_for_an_attribute() -> None:
    page = b'<li data-when="2026-03-04" data-to="/x"><b title="Full headline">Full...</b><img data-src="/i.png"></li>'
    selectors = Selectors(
        item="li", title="b@title", link="@data-to", time="@data-when", image="img@data-src"
    )
    (entry,) = parse_listing(page, URL, selectors)
    assert (entry.title, entry.url, entry.image) == (
        "Full headline",
        "https://quay.example/x",
        "https://quay.example/i.png",
    )
    assert (entry.published, entry.published_precision) == (datetime(2026, 3, 4), "day")


def test_a_selector_that_is_no_css_names_itself() -> None:
    with pytest.raises(ParseError, match=r"selectors.title = 'h2\[\['"):
        parse_listing(b"<li><a href='/x'>x</a></li>", URL, Selectors(item="li", title="h2[["))


def test_an_item_list_of_the_first_block_does_not_hide_the_rest_of_the_page() -> None:
    described = [
        {"@type": "ListItem", "url": f"/n/story-number-{n}", "name": f"Story number {n}"} for n in range(3)
    ]
    links = "".join(
        f'<h3><a href="/n/story-of-many-words-{n}">A story of many words {n}</a></h3>' for n in range(20)
    )
    block = json.dumps({"@type": "ItemList", "itemListElement": described})
    page = f'<script type="application/ld+json">{block}</script>{links}'.encode()
    assert len(parse_listing(page, URL)) == 20


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("It rains. Advertisement It pours.", "It rains. It pours."),
        ("It rains. AnnaImages/Shutterstock It pours.", "It rains. It pours."),
        ("It rains. Photo: Ada Low/Getty Images It pours.", "It rains. It pours."),
        ("It rains. (Editing by Phil Fern) Solve the daily Crossword", "It rains. (Editing by Phil Fern)"),
        ("It rains. Read more: How it rains", "It rains."),
        ("Advertisement revenue fell. Watch prices rose.", "Advertisement revenue fell. Watch prices rose."),
        ("Play resumed at noon. Join or leave, he said.", "Play resumed at noon. Join or leave, he said."),
    ],
)
def test_interjections_leave_and_sentences_stay(text: str, rest: str) -> None:
    assert without_interjections(text) == rest


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400) | st.text("<>/=\"' aphrefliH1&;{}[]:.-\n", max_size=400).map(str.encode))
def test_no_bytes_raise_anything_but_parse_error(data: bytes) -> None:
    try:
        entries = parse_listing(data, URL, now=datetime(2026, 3, 4, tzinfo=UTC))
    except ParseError:
        return
    assert len({entry.url for entry in entries}) == len(entries)


def test_a_page_that_is_all_tags_is_refused() -> None:
    with pytest.raises(ParseError, match="more than 250,000 tags"):
        parse_listing(b"<html><body>" + b"<p>a" * 300_000 + b"</body></html>", "https://harbour.example/")
