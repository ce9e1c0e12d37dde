"""Whatever a text holds, a terminal, an XML parser and a narrow column can carry it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from aggregator.render.safe import cut, page_text, visible, web_url, xml_text
from render_samples import HOSTILE, HOSTILE_URLS

ANY_TEXT = st.text(st.characters(exclude_categories=()))  # surrogates too


def test_escapes_and_controls_become_visible_text() -> None:
    assert visible("\x1b[31mred\x07\n\tnext \x9b \u202e \ud800") == r"\x1b[31mred\x07 next \x9b \u202e \ud800"


@given(ANY_TEXT)
def test_nothing_that_a_terminal_obeys_is_left(text: str) -> None:
    shown = visible(text)
    assert all(character.isprintable() or character.isalnum() or ord(character) > 0x9F for character in shown)
    shown.encode("utf-8")


@given(ANY_TEXT)
def test_cleaned_text_is_xml(text: str) -> None:
    etree.fromstring(f"<a>{xml_text(text).replace('&', '&amp;').replace('<', '&lt;')}</a>")


@given(ANY_TEXT, st.integers(min_value=10, max_value=300))
def test_a_cut_keeps_its_limit(text: str, limit: int) -> None:
    assert len(cut(text, limit)) <= limit


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_page_text_is_bounded_and_plain(text: str) -> None:
    shown = page_text(text, 200)
    assert len(shown) <= 200
    assert "\u0301" * 4 not in shown
    assert not set(shown) & set("\x00\x1b\x85\u202e\u2066\ufffe")


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("One sentence. Another one.", 100, "One sentence. Another one."),
        ("The council voted. Fishermen will go to court.", 30, "The council voted."),
        ('"It is over," she said. "Go home." They went and did not return.', 40, '"It is over," she said. "Go home."'),
        ("Mr. Hale and Dr. Voss met the U.S. envoy on Friday. Nothing came of it.", 60,
         "Mr. Hale and Dr. Voss met the U.S. envoy on Friday."),
        ("Rates rose 3.5 percent in March and may rise again soon", 30, "Rates rose 3.5 percent in…"),
        ("No! The harbour master would not hear of such a thing at all", 40, "No! The harbour master would not hear…"),
        ("港口关闭。渡轮停运到周五。当局没有说明原因。", 14, "港口关闭。渡轮停运到周五。"),
        ("Один паром сел на мель. Все спасены и доставлены на берег.", 30, "Один паром сел на мель."),
    ],
)  # fmt: skip
def test_a_teaser_ends_with_a_sentence_where_one_ends(text: str, limit: int, expected: str) -> None:
    assert cut(text, limit) == expected


@pytest.mark.parametrize("url", [url for url in HOSTILE_URLS if not url.startswith('https://example.org/"')])
def test_only_web_addresses_are_linked(url: str) -> None:
    assert web_url(url) is None


def test_a_web_address_stays_as_it_is() -> None:
    assert web_url("https://example.org/ä?x=1&y=<2>") == "https://example.org/ä?x=1&y=<2>"
