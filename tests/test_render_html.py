"""The sidebar: only the template's elements exist, whatever the texts say; accessible, self-contained, small."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import html5lib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from aggregator.model import Related
from aggregator.render import Listing
from aggregator.render.html import element_id, sidebar
from render_samples import HOSTILE, HOSTILE_PAIRS, NOW, make_copy, make_related

ALLOWED = {
    "aside": {"class", "aria-labelledby", "lang"},
    "style": set(),
    "h2": {"class", "id", "dir"},
    "h3": {"class", "dir", "lang"},
    "ol": {"class", "role"},
    "ul": {"role"},
    "li": {"class", "dir"},
    "p": {"class", "dir", "lang"},
    "a": {"href", "rel"},
    "span": set(),
    "bdi": {"class"},
    "time": {"datetime", "title", "lang"},
    "details": {"class"},
    "summary": set(),
}


def listing(*entries: Related, heading: str = "", language: str = "en", key: str = "related/17") -> Listing:
    return Listing(key=key, heading=heading, entries=entries, now=NOW, language=language)


def elements(html: str) -> list[tuple[str, dict[str, str]]]:
    """What a browser's tree builder makes of it, without the page around."""
    tree = html5lib.parseFragment(html, treebuilder="etree", namespaceHTMLElements=False)
    return [(element.tag, dict(element.attrib)) for element in tree.iter() if element is not tree]


def hostile_listing(text: str, url: str) -> Listing:
    entry = make_related(
        1, title=text, teaser=text, outlet=text, agency=text, language=text, url=url, reasons=(text,),
        source_id=text, copies=(make_copy(outlet=text, url=url, title=text),),
    )  # fmt: skip
    return listing(entry, heading=text, key=text)


@pytest.mark.parametrize(("text", "url"), HOSTILE_PAIRS, ids=range(len(HOSTILE_PAIRS)))
def test_only_the_templates_elements_exist_whatever_the_texts_say(text: str, url: str) -> None:
    html = sidebar(hostile_listing(text, url))
    found = elements(html)
    usual = elements(sidebar(hostile_listing("plain", "https://example.org/")))
    for tag, attributes in found:
        assert tag in ALLOWED, f"an element that is not the template's: {tag}"
        assert set(attributes) <= ALLOWED[tag], (tag, attributes)
        assert attributes.get("href", "https://").startswith(("https://", "http://"))
    # A text can at most keep a link or an attribute from appearing.
    assert not Counter(tag for tag, _ in found) - Counter(tag for tag, _ in usual)


@given(text=st.text(st.characters(exclude_categories=())) | st.text(alphabet="<>&\"'=/!-[]{}%abscript \x00"))
@settings(max_examples=50, deadline=None)
def test_no_text_at_all_makes_an_element(text: str) -> None:
    found = {tag for tag, _ in elements(sidebar(hostile_listing(text, "https://example.org/")))}
    assert found <= set(ALLOWED)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_another_parser_finds_no_other_elements_either(text: str) -> None:
    parser = LexborHTMLParser(sidebar(hostile_listing(text, "https://example.org/")))
    assert parser.body is not None
    found = {node.tag for node in parser.body.traverse()}
    assert found <= set(ALLOWED) | {"body"}


def test_hostile_text_is_shown_as_text() -> None:
    html = sidebar(listing(make_related(title="<script>alert(1)</script>")))
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    tree = html5lib.parseFragment(html, treebuilder="etree", namespaceHTMLElements=False)
    assert "<script>alert(1)</script>" in "".join(tree.itertext())


def test_an_entry_names_headline_outlet_agency_time_teaser_relation_and_copies() -> None:
    entry = make_related(agency="Meridian Wire", copies=(make_copy(), make_copy(91, outlet="Küstenblatt")))
    page = LexborHTMLParser(sidebar(listing(entry)))
    link = page.css_first("h3 a")
    assert link is not None
    assert link.text() == "Ferry runs aground off Cape Lorne"
    assert link.attributes["rel"] == "noopener noreferrer nofollow"
    time = page.css_first("time")
    assert time is not None
    assert time.attributes["datetime"] == "2026-05-14T08:28:00Z"
    assert time.attributes["title"] == "14 May 2026, 08:28 UTC"
    assert time.text() == "an hour ago"
    assert [node.text() for node in page.css(".ag-meta bdi")] == ["The Harbour Post", "Meridian Wire"]
    assert [node.text() for node in page.css(".ag-label")] == ["Same story"]
    assert [node.text() for node in page.css(".ag-teaser")] == [
        "A ferry with 312 people aboard ran aground in fog. All were brought ashore."
    ]
    assert [node.text() for node in page.css("summary")] == ["+2 copies"]
    assert [node.text(strip=True) for node in page.css("details li")] == ["The Daily Tarn", "Küstenblatt"]


def test_an_agency_on_its_own_site_is_named_once() -> None:
    html = sidebar(listing(make_related(outlet="Meridian Wire", agency="Meridian Wire")))
    assert html.count("Meridian Wire") == 1


def test_the_heading_labels_the_list() -> None:
    page = LexborHTMLParser(sidebar(listing(make_related(), heading="Ports & shipping")))
    aside, heading = page.css_first("aside"), page.css_first("h2")
    assert aside is not None
    assert heading is not None
    assert aside.attributes["aria-labelledby"] == heading.attributes["id"]
    assert heading.text() == "Ports & shipping"


def test_a_day_is_a_day_in_the_markup_too() -> None:
    entry = make_related(published_at=datetime(2026, 5, 13, tzinfo=UTC), published_precision="day")
    time = LexborHTMLParser(sidebar(listing(entry))).css_first("time")
    assert time is not None
    assert (time.attributes["datetime"], time.text()) == ("2026-05-13", "yesterday")
    assert time.attributes["title"] == "13 May 2026"


def test_texts_carry_their_own_language_and_direction() -> None:
    page = LexborHTMLParser(sidebar(listing(make_related(title="وصل القارب", language="ar"))))
    headline = page.css_first("h3")
    assert headline is not None
    assert headline.attributes["lang"] == "ar"
    assert headline.attributes["dir"] == "auto"


def test_the_words_around_are_in_the_readers_language() -> None:
    page = LexborHTMLParser(sidebar(listing(make_related(copies=(make_copy(),)), language="de-DE")))
    aside = page.css_first("aside")
    assert aside is not None
    assert aside.attributes["lang"] == "de"
    assert "Weitere Artikel zum Thema" in page.html
    assert "vor einer Stunde" in page.html
    assert "+1 Kopie" in page.html


def test_a_language_without_words_of_ours_still_tells_its_times() -> None:
    page = LexborHTMLParser(
        sidebar(listing(make_related(published_at=NOW - timedelta(hours=3)), language="sv"))
    )
    time, aside = page.css_first("time"), page.css_first("aside")
    assert time is not None
    assert aside is not None
    assert (aside.attributes["lang"], time.attributes["lang"], time.text()) == (
        "en",
        "sv",
        "för 3 timmar sedan",
    )


def test_an_empty_list_is_a_valid_fragment() -> None:
    found = elements(sidebar(listing()))
    assert [tag for tag, _ in found] == ["aside", "style", "h2", "p"]


def test_nothing_is_loaded_or_run() -> None:
    html = sidebar(listing(make_related(image="https://www.harbourpost.example/ferry.jpg")))
    for forbidden in ("<script", "<img", "<link", "@import", "url(", "src=", " on"):
        assert forbidden not in html.partition("</style>")[0] + html.partition("</h2>")[2].replace(" on ", "")


def test_five_entries_stay_under_ten_kilobytes_and_a_thousand_are_made() -> None:
    assert len(sidebar(listing(*(make_related(n) for n in range(5)))).encode()) < 10_000
    assert sidebar(listing(*(make_related(n) for n in range(1_000)))).count("<h3") == 1_000


def test_an_element_id_has_nothing_to_break_out_with() -> None:
    assert element_id('topic/Ports "&<>') == "aggregator-topic-ports"
    assert element_id("../../x\x00") == "aggregator-x"
    assert element_id("漢字") == "aggregator-list"
