"""OPML files as readers export them, as nobody should write them, and as we write them ourselves."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.errors import ParseError
from aggregator.parse.opml import MAX_BYTES, Outline, parse_opml, render_opml

FIXTURE = Path(__file__).parent / "fixtures" / "opml" / "newsdesk.opml"
NOW = datetime(2026, 5, 14, 9, 0, tzinfo=UTC)


def document(body: str, head: str = "") -> bytes:
    return f"<?xml version='1.0'?>{head}<opml version='2.0'><head/><body>{body}</body></opml>".encode()


def test_a_list_with_bare_ampersands_quotes_and_markup_in_descriptions_is_read_whole() -> None:
    parsed = parse_opml(FIXTURE.read_bytes(), "newsdesk.opml")
    assert parsed.title == "Newsdesk's subscriptions"
    assert parsed.malformed is None
    assert len(parsed.outlines) == 8
    first, _, ports = parsed.outlines[:3]
    assert first == Outline(
        title="Tarn Times",
        xml_url="https://tarntimes.example/feed?section=all&format=rss",
        html_url="https://tarntimes.example/",
        language="en",
        folders=("Coast",),
        line=6,
    )
    assert ports.folders == ("Coast", "Ports")
    assert ports.xml_url == "http://www.kuestenblatt.example/rss"


def test_a_list_that_breaks_off_is_read_as_far_as_it_goes_and_says_so() -> None:
    whole = document('<outline text="One" xmlUrl="https://one.example/rss"/><outline text="Two" xmlU')
    parsed = parse_opml(whole[: whole.index(b"xmlU", 120)], "broken.opml")
    assert [outline.title for outline in parsed.outlines] == ["One"]
    assert parsed.malformed is not None


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"hello", "is no XML"),
        (b"<rss version='2.0'><channel/></rss>", "its first element is <rss>"),
        (document("", '<!DOCTYPE opml [<!ENTITY x SYSTEM "file:///etc/passwd">]>'), "declares entities"),
        (
            document('<outline text="&c;"/>', '<!DOCTYPE opml [<!ENTITY a "ha"><!ENTITY c "&a;&a;">]>'),
            "declares entities",
        ),
        (document("<outline text='x'>" * 40 + "</outline>" * 40), "more than 32 deep"),
        (document("<outline text='x'>" * 50_000), "more than 32 deep"),
        (document("<outline " + " ".join(f"a{n}='1'" for n in range(2_000)) + "/>"), "attributes"),
        (b" " * (MAX_BYTES + 1), "16 MiB"),
    ],
)  # fmt: skip
def test_what_is_no_list_of_feeds_is_refused_with_the_reason(data: bytes, said: str) -> None:
    with pytest.raises(ParseError, match=said):
        parse_opml(data, "list.opml")


def test_a_doctype_from_elsewhere_is_not_loaded() -> None:
    doctype = '<!DOCTYPE opml SYSTEM "http://192.168.1.1/opml.dtd">'
    parsed = parse_opml(document('<outline xmlUrl="https://one.example/rss"/>', doctype), "list.opml")
    assert len(parsed.outlines) == 1


def test_utf_16_is_read() -> None:
    text = '<?xml version="1.0" encoding="UTF-16"?><opml><body><outline text="Ö" xmlUrl="https://o.example/"/></body></opml>'
    assert parse_opml(text.encode("utf-16"), "list.opml").outlines[0].title == "Ö"


NAMES = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=20).filter(
    lambda text: not set(text) & set("&<>")
)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.builds(
            Outline,
            title=NAMES,
            xml_url=st.sampled_from(["https://a.example/?x=1&y=<2>", "https://b.example/rss"]),
            language=st.sampled_from(["", "de"]),
            kind=st.sampled_from(["feed", "sitemap", "listing"]),
            folders=st.lists(NAMES, max_size=2).map(tuple),
        ),
        max_size=5,
    )
)
def test_what_is_written_reads_back(outlines: list[Outline]) -> None:
    def said(outline: Outline) -> tuple[object, ...]:
        return outline.folders, outline.title, outline.xml_url, outline.language, outline.kind

    read = parse_opml(render_opml("Outlets", outlines, now=NOW), "list.opml")
    assert read.malformed is None
    assert sorted(map(said, read.outlines)) == sorted(map(said, outlines))


PIECES = st.sampled_from(
    [b"<opml>", b"<body>", b"</body>", b"<outline", b' text="', b'" ', b" xmlUrl='", b"'/>", b">", b"</outline>", b"&amp;",
     b"&", b"&x;", b"<!DOCTYPE opml>", b"<![CDATA[", b"]]>", b"<!--", b"-->", b"\x00", b"\xff\xfe", b"https://a.example/"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES | st.binary(max_size=8), max_size=30).map(b"".join))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for body in (data, b"<opml><body>" + data):
        try:
            parsed = parse_opml(body, "list.opml")
        except ParseError as error:
            assert error.message
        else:
            assert all(isinstance(outline.xml_url, str) for outline in parsed.outlines)
