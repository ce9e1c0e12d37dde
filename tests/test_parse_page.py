"""Article pages to ParsedPages: saved pages with what they say, and the laws that hold for every page."""

import json
import time
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.errors import ParseError
from aggregator.parse.page import parse_page
from aggregator.parse.page.encoding import decode
from aggregator.parse.page.jsonld import choose_article, read_blocks
from aggregator.parse.page.text import clean
from aggregator.parse.page.title import without_site

FOLDER = Path(__file__).parent / "fixtures" / "pages"
URL = "https://quay.example/world/storm-4471"


@pytest.mark.parametrize("page", sorted(FOLDER.glob("*.html")), ids=lambda page: page.stem)
def test_a_saved_page_says_what_is_expected(page: Path) -> None:
    expected = json.loads(page.with_suffix(".expected.json").read_text(encoding="utf-8"))
    parsed = parse_page(page.read_bytes(), expected.pop("url"))
    said = asdict(parsed) | {"authors": list(parsed.authors)}
    for name in ("published", "updated"):
        said[name] = said[name].isoformat() if said[name] else None
    assert {name: said[name] for name in expected} == expected


def test_every_field_names_where_it_was_read() -> None:
    page = parse_page(
        (FOLDER / "graph-and-live-posts.html").read_bytes(),
        "https://quay.example/world/storm-closes-port-4471",
    )
    assert page.origins["title"] == "h1+json-ld"
    assert page.origins["published"] == "json-ld+time"
    assert (page.origins["summary"], page.origins["authors"]) == ("description", "json-ld")


@pytest.mark.parametrize(
    ("data", "content_type", "text"),
    [
        ("\ufeffé".encode(), "text/html; charset=latin-1", "é"),
        ("é".encode("utf-16-le"), None, None),
        (b"\xff\xfe" + "é".encode("utf-16-le"), None, "é"),
        ("é".encode(), "text/html; charset=iso-8859-1", "é"),  # valid UTF-8 is believed before a header
        ("Привет, мир".encode("cp1251"), "text/html; charset=windows-1251", "Привет, мир"),
        (
            '<meta charset="shift_jis">こんにちは'.encode("cp932"),
            None,
            '<meta charset="shift_jis">こんにちは',
        ),
        ("“quoted” – 5 €".encode("cp1252"), "text/html; charset=ISO-8859-1", "“quoted” – 5 €"),
        ("caf\xe9".encode("cp1252"), "text/html; charset=no-such-thing", "café"),
        ("caf\xe9".encode("cp1252"), None, "café"),
    ],
)
def test_bytes_become_the_text_that_was_meant(
    data: bytes, content_type: str | None, text: str | None
) -> None:
    if text is not None:
        assert decode(data, content_type) == text
    else:
        assert decode(data, content_type)  # nothing says what it is; whatever comes out, nothing is raised


@pytest.mark.parametrize(
    ("title", "bare"),
    [
        ("Storm closes port | Quay Gazette", "Storm closes port"),
        ("Storm closes port - Quay Gazette - News from the coast", "Storm closes port"),
        ("Quay Gazette: Storm closes port", "Storm closes port"),
        ("Storm closes port – quay.example", "Storm closes port"),
        ("Storm: port closes", "Storm: port closes"),
        ("Half-time - a history", "Half-time - a history"),
        ("Quay Gazette", "Quay Gazette"),
    ],
)
def test_the_outlets_name_is_cut_from_a_title_and_nothing_else(title: str, bare: str) -> None:
    assert without_site(title, frozenset({"quaygazette", "quayexample"})) == bare


@pytest.mark.parametrize(
    "block",
    [
        '{"@type": "NewsArticle", "headline": "A",}',
        '<!-- {"@type": "NewsArticle", "headline": "A"} -->',
        '//<![CDATA[\n{"@type": "NewsArticle", "headline": "A"}\n//]]>',
        '{"@type": "NewsArticle", "headline": "A"};',
        '{"@type": "NewsArticle", "headline": "A"} {"@type": "WebPage"}',
        '{"@type": "NewsArticle", "headline": "A", "text": "line\nline \\d"}',
        '[[{"@graph": [{"@type": "https://schema.org/NewsArticle", "headline": "A"}]}]]',
        '{"@type": "WebPage", "mainEntity": {"@type": "schema:NewsArticle", "headline": "A"}}',
    ],
)
def test_json_ld_is_read_as_outlets_write_it(block: str) -> None:
    assert choose_article(read_blocks([block]), URL, ["A"])["headline"] == "A"


@pytest.mark.parametrize(
    "block", ["", "{", "null", "1", "[" * 100_000, '{"@type": {"a": 1}}', '{"@graph": {"@graph": 7}}', '"x"']
)
def test_json_ld_that_says_nothing_is_no_error(block: str) -> None:
    assert choose_article(read_blocks([block]), URL, []) == {}


def test_what_an_author_object_refers_to_is_followed_once_and_never_in_a_circle() -> None:
    nodes = read_blocks(
        [
            '[{"@type": "Article", "author": {"@id": "#a"}}, {"@id": "#a", "name": "Ada", "knows": {"@id": "#a"}}]'
        ]
    )
    assert choose_article(nodes, URL, [])["author"]["name"] == "Ada"


def test_the_instant_stays_and_the_outlets_clock_is_borrowed() -> None:
    page = parse_page(
        b'<meta property="article:published_time" content="2023-11-09T06:35:29Z"><h1>Storm closes the port</h1>'
        b'<time datetime="2023-11-08T22:35:29">Nov 8</time>',
        URL,
    )
    assert page.published is not None
    assert page.published.isoformat() == "2023-11-08T22:35:29-08:00"
    assert page.published.utcoffset() == timedelta(hours=-8)


def test_relative_times_and_times_of_other_texts_are_not_the_articles() -> None:
    page = parse_page(
        b"<h1>Storm closes the port</h1><p>A text.</p><aside class=related><span class=date>2 hours ago</span></aside>",
        URL,
    )
    assert page.published is None


def test_a_description_cut_short_is_taken_whole_from_where_it_is_whole() -> None:
    whole = "The harbour master said that forty ships wait in the bay, and that the ferry will not sail before Friday."
    page = parse_page(
        f'<meta property="og:description" content="{whole[:95]}...">'
        f'<meta name="description" content="{whole}"><p>x'.encode(),
        URL,
    )
    assert page.summary == whole


def test_the_canonical_address_of_another_site_is_not_believed() -> None:
    for address, believed in [
        ("/a", "https://quay.example/a"),
        ("https://m.quay.example/a", "https://m.quay.example/a"),
        ("https://x.example.net/a", None),
    ]:
        assert (
            parse_page(f'<link rel=canonical href="{address}"><p>x'.encode(), URL).canonical_url == believed
        )


@pytest.mark.parametrize(
    ("markup", "paywalled"),
    [
        (
            '<script type="application/ld+json">{"@type": "Article", "isAccessibleForFree": true}</script>',
            False,
        ),
        (
            '<script type="application/ld+json">{"@type": "Article", "hasPart": {"isAccessibleForFree": "False"}}</script>',
            True,
        ),
        ('<meta property="article:content_tier" content="metered">', True),
        ('<meta property="article:content_tier" content="free">', False),
        ("<p>x", None),
    ],
)
def test_a_paywall_is_what_the_page_declares(markup: str, paywalled: bool | None) -> None:
    assert parse_page(markup.encode(), URL).paywalled is paywalled


@pytest.mark.parametrize("data", [b"", b"plain text", b"\x00\x01\x02"])
def test_what_is_no_html_is_a_parse_error_that_says_so(data: bytes) -> None:
    with pytest.raises(ParseError, match="expected an HTML page"):
        parse_page(data, URL)


BOMBS = {
    "attributes": b"<p " + b" ".join(b"a%d=1" % n for n in range(50_000)) + b">",
    "attributes-holding-greater-than": b"<p " + b" ".join(b'a%d=">"' % n for n in range(50_000)) + b">",
    "deep": b"<div>" * 100_000,
    "deep-with-stray-ends": b"<div></x>" * 100_000,
    "open-fonts": b"".join(b"<p><font size=%d>" % n for n in range(5_000)),
    "long-attribute": b'<p title="' + b"x" * 5_000_000 + b'">',
    "open-attribute": b'<p title="' + b"x" * 1_000_000,
    "less-than": b"<" * 1_000_000,
    "tags-in-quotes": b'<a"' * 300_000,
    "entities": b"<p>" + b"&amp;amp;" * 100_000,
    "brackets": b'<script type="application/ld+json">' + b"[" * 500_000 + b"</script>",
    "separators": b"<title>" + b" - a" * 100_000 + b"</title><h1>a</h1>",
    "years": b"<p>" + b"2020 " * 100_000,
    "headings": b"<h1>a b c d</h1>" * 1_900,
    "spaces": b"<title>a" + b" " * 500_000 + b"b</title>",
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_page_built_to_keep_a_parser_busy_takes_bounded_time(name: str) -> None:
    started = time.process_time()
    try:
        parse_page(BOMBS[name], URL)
    except ParseError as error:
        assert "not parsed" in str(error)
    assert time.process_time() - started < 2.0


TOKENS = st.sampled_from(
    [
        *(
            "<h1>",
            "</h1>",
            "<p>",
            "<div class=author>",
            "<time datetime='2026-03-04'>",
            "<meta property=og:title content='",
        ),
        *(
            "'>",
            "x",
            "é",
            "&#0;",
            "<!--",
            "<script type=application/ld+json>",
            "</script>",
            "[1]",
            "null",
            "}",
            " | ",
        ),
        *(
            '{"@type":"Article","headline":',
            "2026-03-04",
            "\x00",
            "<svg><title>",
            "<link rel=canonical href='//[",
        ),
        *("<base href='http://[::1'>", "\ud7ff", "<html lang='"),
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300) | st.lists(TOKENS, max_size=40).map(lambda parts: "".join(parts).encode()))
def test_no_bytes_raise_anything_but_parse_error(data: bytes) -> None:
    try:
        page = parse_page(data, URL)
    except ParseError:
        return
    assert page.published is None or isinstance(page.published, datetime)
    assert all(isinstance(name, str) and name for name in page.authors)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=100))
def test_cleaned_text_is_one_line_and_cleaning_it_without_escapes_changes_nothing(text: str) -> None:
    once = clean(text)
    assert "\n" not in once
    assert once == once.strip()
    if "&" not in once and "<" not in once:
        assert clean(once) == once
