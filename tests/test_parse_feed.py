"""What parse_feed makes of every saved feed, and what holds for any bytes at all."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import MISSING, fields
from datetime import datetime
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.errors import ParseError
from aggregator.model import Entry, ParsedFeed
from aggregator.parse import parse_feed
from aggregator.parse.encoding import to_utf8
from aggregator.parse.fast import parse_strict
from aggregator.parse.hazards import MAX_ATTRIBUTES, MAX_TAGS, has_attribute_flood
from aggregator.parse.mend import mended, without_doctype
from aggregator.parse.tolerant import parse_tolerant

FOLDER = Path(__file__).parent / "fixtures" / "feeds"
FIXTURES = sorted(path for path in FOLDER.iterdir() if not path.name.endswith(".expected.json"))
URL = "https://feeds.example/section/feed.xml"


def said(feed: ParsedFeed) -> dict[str, Any]:
    """A feed as its expectation is written: only what differs from the defaults, instants in ISO 8601."""

    def plain(thing: Any) -> dict[str, Any]:
        found = {}
        for each in fields(thing):
            value = getattr(thing, each.name)
            default = None if each.default is MISSING else each.default
            if value != default and each.name != "entries":
                found[each.name] = value.isoformat() if isinstance(value, datetime) else value
        return json.loads(json.dumps(found))

    return plain(feed) | {"entries": [plain(entry) for entry in feed.entries]}


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.name)
def test_a_saved_feed_reads_as_expected(path: Path) -> None:
    expected = json.loads(path.with_name(path.stem + ".expected.json").read_text())
    try:
        found = said(parse_feed(path.read_bytes(), URL))
    except ParseError as error:
        found = {"error": error.message}
    assert found == expected


def test_every_expectation_belongs_to_a_feed() -> None:
    assert {path.stem + ".expected.json" for path in FIXTURES} == {
        path.name for path in FOLDER.iterdir() if path.name.endswith(".expected.json")
    }


# --- the strict parser never differs from the tolerant one --------------------------------------------------------


def visible(markup: str | None) -> str:
    return re.sub(r"<[^>]*>|\s", "", unescape(unescape(markup or "")))


def essentials(entry: Entry, with_id: bool) -> tuple[Any, ...]:
    return (visible(entry.title), entry.url, entry.published, entry.id if with_id else None)


@pytest.mark.parametrize("path", [p for p in FIXTURES if p.suffix != ".json"], ids=lambda path: path.name)
def test_the_strict_parser_agrees_with_the_tolerant_one_or_gives_up(path: Path) -> None:
    data = path.read_bytes()
    body = to_utf8(data).body
    body = without_doctype(body)
    strict = parse_strict(body, URL) or parse_strict(mended(body), URL)
    if strict is None:
        return
    tolerant = parse_tolerant(data, URL)
    raw_ids = (
        b"xml:base" not in data
    )  # feedparser resolves ids against it; RFC 4287, 4.2.6 compares them as they are
    assert [essentials(entry, raw_ids) for entry in strict.entries] == [
        essentials(entry, raw_ids) for entry in tolerant.entries
    ]
    for ours, theirs in zip(strict.entries, tolerant.entries, strict=True):
        assert visible(ours.summary or ours.content) in (visible(theirs.summary), visible(theirs.content))


def rss(inside: str, *, declaration: str = '<?xml version="1.0" encoding="utf-8"?>', after: str = "") -> str:
    return f'{declaration}<rss version="2.0"><channel><title>Outlet</title>{inside}</channel></rss>{after}'


def item(title: str = "Quay rebuilt", more: str = "", number: int = 1) -> str:
    return f"<item><title>{title}</title><link>https://quay.example/{number}</link>{more}</item>"


def atom(inside: str) -> str:
    return f'<feed xmlns="http://www.w3.org/2005/Atom"><title>Outlet</title><entry>{inside}</entry></feed>'


GATED = {
    "an entity of its own": rss(item("&a;"), declaration='<!DOCTYPE rss [<!ENTITY a "x">]>'),
    "an element inside a text": rss(item("A <b>bold</b> title")),
    "windows-1252 in UTF-8's clothes": rss(item("caf\u0085")),
    "the same as a reference": rss(item("it&#146;s")),
    "UTF-8 encoded twice": rss(item("Caf\u00c3\u00a9 opens")),
    "an unknown root": "<things><item><title>x</title></item></things>",
    "entries where none belong": rss("<list>" + item() + "</list>"),
    "an entry inside an entry": rss(item(more=item(number=2))),
    "two channels": "<rss><channel><title>a</title></channel><channel><title>b</title></channel></rss>",
    "neither entries nor title": "<rss><channel></channel></rss>",
    "base64": atom('<title mode="base64">eA==</title>'),
    "an odd content type": atom('<content type="image/png">eA==</content>'),
    "XHTML without its div": atom('<title type="xhtml">x<b>y</b></title>'),
    "an older full text": rss(item(more="<fullitem>text</fullitem>")),
    "broken XML": rss(item("<b>")),
}


@pytest.mark.parametrize("name", GATED)
def test_the_strict_parser_gives_up_on(name: str) -> None:
    assert parse_strict(GATED[name].encode(), URL) is None


def test_only_utf8_reaches_the_parsers_whatever_the_document_says() -> None:
    title = "Žluté květy — „jaro“"
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"):
        data = rss(item(title), declaration='<?xml version="1.0" encoding="iso-8859-1"?>').encode(encoding)
        feed = parse_feed(data, URL, "text/xml; charset=iso-8859-1")
        assert (feed.parser, feed.entries[0].title) == ("fast", title), encoding


@pytest.mark.parametrize(
    ("name", "codec", "title"),
    [
        ("iso-8859-1", "cp1252", "L’été “arrive”"),
        ("windows-1250", "cp1250", "Žluté květy"),
        ("iso-8859-9", "cp1254", "Şişli’de"),
        ("koi8-r", "koi8_r", "Причал открыт"),
        ("gb2312", "gb18030", "港口重新开放"),
        ("big5", "big5", "港口重新開放"),
        ("euc-kr", "cp949", "항구가 다시 열렸다"),
        ("shift_jis", "cp932", "港が再開した"),
        ("iso-2022-jp", "iso2022_jp", "港が再開した"),
        ("cp500", "cp500", "Harbour reopens"),
    ],
)
def test_a_declared_encoding_is_read(name: str, codec: str, title: str) -> None:
    text = rss(item(title), declaration=f'<?xml version="1.0" encoding="{name}"?>')
    assert parse_feed(text.encode(codec), URL).entries[0].title == title


def test_the_headers_charset_counts_where_the_document_names_none() -> None:
    data = rss(item("Причал открыт"), declaration="").encode("cp1251")
    assert (
        parse_feed(data, URL, "application/rss+xml; charset=windows-1251").entries[0].title == "Причал открыт"
    )


@pytest.mark.parametrize(
    "name", ["utf-7", "zlib_codec", "idna", "punycode", "unicode_escape", "rot13", "x" * 39, "../../x"]
)
def test_encodings_of_pythons_own_are_not_used(name: str) -> None:
    data = rss(item("a+AD4-b xn--a \\u0041"), declaration=f'<?xml version="1.0" encoding="{name}"?>').encode()
    assert parse_feed(data, URL).entries[0].title == "a+AD4-b xn--a \\u0041"


# --- what is no feed says what it is -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (b" \n\t ", "empty"),
        (b"%PDF-1.7 ...", "a PDF, not a feed"),
        (b"\x1f\x8b\x08\x00", "gzip-compressed data, not a feed"),
        (b"\x89PNG\r\n", "an image, not a feed"),
        (b"<html><body>Just a moment...</body></html>", "an HTML page, not a feed"),
        (b"<!-- x --><!DOCTYPE html><p>hello", "an HTML page, not a feed"),
        (b"Not Found", "neither XML nor JSON: it starts with 'Not Found'"),
        (b"<inventory/>", "XML that is no feed: its first element is <inventory>"),
        (b'{"error": 1, "message": 2}', "JSON but no feed: keys 'error', 'message'"),
        (b"[1, 2]", "JSON but no feed: a list"),
        (b'{"items": ', "broken JSON"),
        (b"[" * 100_000, "JSON nested too deeply"),
        (b"<sitemapindex/>", 'a sitemap, not a feed (kind = "sitemap" reads it)'),
        (b"<rss><channel><a><a><a>", "not a feed: no entries and no title"),
    ],
)
def test_what_is_no_feed_is_named(data: bytes, message: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse_feed(data, URL)
    assert message in caught.value.message
    assert caught.value.url == URL


def test_a_tag_of_a_thousand_attributes_is_refused_and_a_long_text_is_not() -> None:
    def tag(count: int, value: str = "1") -> bytes:
        return b"<a " + b" ".join(b'a%d="%s"' % (n, value.encode()) for n in range(count)) + b">"

    assert not has_attribute_flood(tag(MAX_ATTRIBUTES))
    assert has_attribute_flood(tag(MAX_ATTRIBUTES + 1))
    assert has_attribute_flood(tag(MAX_ATTRIBUTES + 1, ">"))
    assert has_attribute_flood(tag(MAX_ATTRIBUTES + 1).replace(b'"', b"'"))
    assert not has_attribute_flood(b"<a title='" + b"x = 1 " * 5_000 + b"'>")
    with pytest.raises(ParseError, match="more than 1,000 attributes"):
        parse_feed(b"<rss><channel>" + tag(50_000) + b"</channel></rss>", URL)


def test_the_given_tolerant_parser_is_asked_only_for_what_the_strict_one_gave_up() -> None:
    asked: list[tuple[bytes, str, str | None]] = []

    def tolerant(data: bytes, url: str, content_type: str | None) -> ParsedFeed:
        asked.append((data, url, content_type))
        return parse_tolerant(data, url, content_type)

    whole, crossed = rss(item()).encode(), rss(item("<b>x</i>")).encode()
    parse_feed(whole, URL, "text/xml", tolerant=tolerant)
    assert asked == []
    assert parse_feed(crossed, URL, "text/xml", tolerant=tolerant).parser == "tolerant"
    assert asked == [(crossed, URL, "text/xml")]


@pytest.mark.parametrize("inside", [False, True])
def test_a_document_of_a_million_tags_is_refused(inside: bool) -> None:
    flood = "<a/>" * MAX_TAGS
    with pytest.raises(ParseError, match="more than 1,000,000 tags"):
        parse_feed(rss(item(more=flood) if inside else flood + item()).encode(), URL)


def test_attributes_where_nobody_expects_them_do_not_cost_the_feed() -> None:
    head = '<ttl unit="min">15</ttl><image x="1">a</image><language x="1">en</language>'
    date = '<pubDate z="y">Tue, 14 May 2024 10:00:00 GMT</pubDate>'
    more = f'<image x="1">b</image><source>text</source><guid a="b">1</guid>{date}'
    data = rss(head + item("<b>x</i>", more)).encode()
    feed = parse_feed(data, URL)
    assert (feed.parser, feed.entries[0].title, feed.entries[0].published is None) == (
        "tolerant",
        "<b>x</i>",
        False,
    )


# --- any bytes ---------------------------------------------------------------------------------------------------

FRAGMENTS = [
    *(
        "<rss>",
        "</rss>",
        "<channel>",
        "<item>",
        "</item>",
        "<title>",
        "</title>",
        "<link>",
        "<pubDate>",
        "<guid>",
    ),
    *('<feed xmlns="http://www.w3.org/2005/Atom">', "<entry>", "</entry>", '<content type="xhtml">', "<div>"),
    *(
        "<![CDATA[",
        "]]>",
        "<!--",
        "-->",
        "<?xml version='1.0' encoding='utf-16'?>",
        "<!DOCTYPE rss [",
        "&",
        "&#0;",
    ),
    *(
        "&#xD800;",
        "&nbsp;",
        "<",
        ">",
        '"',
        "=",
        "\x00",
        "\x07",
        "é",
        "\ud800",
        "http://[",
        "2024-05-14",
        " ",
        "x",
    ),
    *('{"items":[', '{"id":', "]}", "null", "1e999", "<urlset>", "<html>", "</", "<a:b", 'xmlns:a="x"'),
]
soup = st.lists(st.sampled_from(FRAGMENTS), max_size=30).map(
    lambda parts: "".join(parts).encode("utf-8", "surrogatepass")
)


def only_parse_errors(parse: Callable[[bytes], ParsedFeed], data: bytes) -> None:
    try:
        feed = parse(data)
    except ParseError:
        return
    json.dumps(said(feed)).encode("utf-8")  # storable: no lone surrogates, no datetime out of range
    for entry in feed.entries:
        for text in (entry.title, entry.summary, entry.id, entry.url):
            (text or "").encode("utf-8")


@settings(max_examples=200, deadline=None)
@given(soup | st.binary(max_size=200) | soup.map(lambda body: b"<rss><channel><item>" + body))
def test_any_bytes_are_a_feed_or_a_parse_error(data: bytes) -> None:
    only_parse_errors(lambda body: parse_feed(body, URL), data)


@settings(max_examples=200, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=8) | st.integers(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "items",
                        "id",
                        "url",
                        "title",
                        "authors",
                        "author",
                        "tags",
                        "date_published",
                        "attachments",
                        "name",
                    ]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_any_json_is_a_feed_or_a_parse_error(value: Any) -> None:
    only_parse_errors(
        lambda body: parse_feed(body, URL), json.dumps({"items": [value], "title": value}).encode()
    )


@settings(max_examples=200, deadline=None)
@given(soup)
def test_mending_changes_nothing_in_what_is_whole_and_is_idempotent(data: bytes) -> None:
    once = mended(to_utf8(data).body)
    assert mended(once) == once
    assert mended(b"<rss><channel><title>a &amp; b &#233;</title></channel></rss>") == (
        b"<rss><channel><title>a &amp; b &#233;</title></channel></rss>"
    )


SHAPES: dict[str, Callable[[int], str]] = {
    "opening brackets": lambda n: "<rss><channel><item><title>" + "<" * n,
    "ampersands": lambda n: rss(item("&" * n)),
    "references": lambda n: rss(item("&#" * n)),
    "open CDATA sections": lambda n: "<rss><channel>" + "<![CDATA[" * n,
    "open comments": lambda n: "<rss><channel>" + "<!--" * n,
    "an attribute without an end": lambda n: rss(item(more='<a href="' + "x" * n)),
    "quotes": lambda n: '<rss><channel><a b="' + '">"' * n,
    "different elements": lambda n: rss(item(more="".join(f"<n{k}/>" for k in range(n)))),
    "blanks": lambda n: " " * n + rss(item("x" + " " * n + "y")),
    "equals signs": lambda n: rss(item(more="<a " + "= " * n + ">")),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SHAPES)
def test_known_bad_shapes_take_linear_time(name: str) -> None:
    """Four times the size in at most ten times the CPU time, measured in a process of its own (quadratic: sixteen)."""
    script = (
        "import sys, time, test_parse_feed as t\n"
        "def cost(n):\n"
        "    data = t.SHAPES[sys.argv[1]](n).encode(); start = time.process_time()\n"
        "    try: t.parse_feed(data, t.URL)\n"
        "    except t.ParseError: pass\n"
        "    return time.process_time() - start\n"
        "cost(10)\n"
        "print(min(cost(20_000) for _ in range(3)), min(cost(80_000) for _ in range(3)))\n"
    )
    environment = {"PYTHONPATH": f"{Path(__file__).parent}:{Path(__file__).parents[1] / 'src'}"}
    done = subprocess.run(
        [sys.executable, "-c", script, name], capture_output=True, text=True, check=True, env=environment
    )
    small, large = map(float, done.stdout.split())
    assert large < 10 * small + 0.05


def test_fifty_thousand_items_are_read_by_the_strict_parser() -> None:
    feed = parse_feed(rss("".join(item(number=n) for n in range(50_000))).encode(), URL)
    assert (len(feed.entries), feed.parser) == (50_000, "fast")


def test_entries_are_read_as_they_come_and_what_stands_behind_them_still_counts() -> None:
    """The feed's own author and language, after more entries than are handed to the parser at once."""
    texts = [f"Headline {number}: {'the harbour ' * 200}" for number in range(100)]
    entries = "".join(
        f"<entry><title>{text}</title><link href='{n}'/></entry>" for n, text in enumerate(texts)
    )
    own = "<entry><title>Signed</title><author><name>Ada Quay</name></author></entry>"
    body = (
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://b.example/"><title>T</title>{entries}{own}'
        "<author><name>The desk</name></author></feed>"
    )
    feed = parse_feed(body.encode(), URL)
    assert (feed.parser, len(body) > 3 * 65_536) == ("fast", True)
    assert [entry.title for entry in feed.entries] == [*(text.strip() for text in texts), "Signed"]
    assert [entry.authors for entry in feed.entries] == [("The desk",)] * 100 + [("Ada Quay",)]
    assert feed.entries[99].url == "https://b.example/99"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_feed_of_fifty_thousand_items_takes_little_memory() -> None:
    """Bytes per item, in a process of its own, beyond the document itself: 725 measured, 1,190 with the whole tree."""
    script = (
        "import re, test_parse_feed as t\n"
        "from pathlib import Path\n"
        "def peak(): return int(re.search('VmHWM:\\\\s+(\\\\d+)', Path('/proc/self/status').read_text())[1]) * 1024\n"
        "data = t.rss(''.join(t.item(number=n) for n in range(50_000))).encode()\n"
        "t.parse_feed(t.rss(t.item()).encode(), t.URL)\n"
        "Path('/proc/self/clear_refs').write_text('5'); before = peak()\n"
        "t.parse_feed(data, t.URL)\n"
        "print((peak() - before) / 50_000)\n"
    )
    environment = {"PYTHONPATH": f"{Path(__file__).parent}:{Path(__file__).parents[1] / 'src'}"}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment
    )
    assert float(done.stdout) < 950


def test_importing_the_package_loads_no_parser() -> None:
    script = "import sys, aggregator.parse; print([n for n in ('lxml', 'feedparser', 'selectolax') if n in sys.modules])"
    environment = {"PYTHONPATH": str(Path(__file__).parents[1] / "src")}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.strip() == "[]"


def test_an_id_is_the_same_on_a_day_when_the_feed_is_broken() -> None:
    item = "<item><title>a</title><guid>https://x.example/?a=1&amp;b=2</guid></item>"
    whole, broken = (
        parse_feed(
            f"<rss><channel><title>T</title>{fault}{item}</channel></rss>".encode(), "https://x.example/"
        )
        for fault in ("", "<b></i>")
    )
    assert (whole.parser, broken.parser) == ("fast", "tolerant")
    assert whole.entries[0].id == broken.entries[0].id == "https://x.example/?a=1&b=2"
