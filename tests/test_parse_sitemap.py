"""What sitemaps say, and what parse_document makes of each kind of feed."""

import gzip
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.errors import ParseError
from aggregator.model import Document, Feed, FeedKind, ParsedFeed, Selectors
from aggregator.parse import parse_document, parse_sitemap
from aggregator.parse import sitemap as module
from aggregator.parse.sitemap import ChildSitemap, newest_parts

URL = "https://daily.example/sitemaps/news.xml"
NEWS = """<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"
        xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
  <url>
    <loc> https://daily.example/2024/05/14/quay </loc>
    <lastmod>2024-05-14T12:00:00Z</lastmod>
    <news:news>
      <news:publication><news:name>The Daily Example</news:name><news:language>en</news:language></news:publication>
      <news:publication_date>2024-05-14T11:30:00+01:00</news:publication_date>
      <news:title>Quay &amp; pier reopen</news:title>
      <news:keywords>harbour, transport,</news:keywords>
    </news:news>
    <image:image><image:loc>https://img.daily.example/quay.jpg</image:loc></image:image>
  </url>
  <url><loc>/2024/05/13/plain</loc><lastmod>2024-05-13</lastmod></url>
  <url><lastmod>2024-05-12</lastmod></url>
</urlset>"""
INDEX = """<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
<sitemap><loc>https://daily.example/sitemaps/1.xml</loc><lastmod>2024-05-13</lastmod></sitemap>
<sitemap><loc>2.xml.gz</loc></sitemap></sitemapindex>"""


def test_a_news_sitemap_gives_titles_times_and_who_publishes() -> None:
    quay, plain = parse_sitemap(NEWS.encode(), URL).entries
    assert (quay.url, quay.title) == ("https://daily.example/2024/05/14/quay", "Quay & pier reopen")
    assert quay.published == datetime(2024, 5, 14, 10, 30, tzinfo=UTC)
    assert (quay.published_from, quay.updated) == (
        "news:publication_date",
        datetime(2024, 5, 14, 12, tzinfo=UTC),
    )
    assert (quay.source_name, quay.language) == ("The Daily Example", "en")
    assert (quay.categories, quay.image) == (("harbour", "transport"), "https://img.daily.example/quay.jpg")
    assert (plain.url, plain.title) == ("https://daily.example/2024/05/13/plain", None)
    assert (plain.published, plain.published_precision, plain.published_from) == (
        datetime(2024, 5, 13),
        "day",
        "lastmod",
    )


def test_an_index_gives_its_parts() -> None:
    first, second = parse_sitemap(INDEX.encode(), URL).sitemaps
    assert (first.url, first.modified) == ("https://daily.example/sitemaps/1.xml", datetime(2024, 5, 13))
    assert (second.url, second.modified) == ("https://daily.example/sitemaps/2.xml.gz", None)


@pytest.mark.parametrize(
    "data",
    [
        gzip.compress(NEWS.encode()),
        gzip.compress(NEWS[:300].encode()) + gzip.compress(NEWS[300:].encode()),
        NEWS.encode("utf-16"),
        b"\xef\xbb\xbf\n" + NEWS.encode(),
        NEWS.replace("&amp;", "&").encode(),
        NEWS.replace("</urlset>", "").encode(),
        NEWS.replace("sitemap/0.9", "other/1").encode(),
        NEWS.replace("Quay", "Quay\x01").encode(),
    ],
    ids=[
        "gzip",
        "two members",
        "utf-16",
        "mark and blank",
        "bare &",
        "cut off",
        "other namespace",
        "control",
    ],
)
def test_packed_and_slightly_broken_ones_are_read_too(data: bytes) -> None:
    entries = parse_sitemap(data, URL).entries
    assert len(entries) == 2
    assert (entries[0].title or "").startswith("Quay")


def test_a_text_sitemap_is_a_list_of_addresses() -> None:
    found = parse_sitemap(b"https://daily.example/a\r\nhttps://daily.example/b\n", URL)
    assert [entry.url for entry in found.entries] == ["https://daily.example/a", "https://daily.example/b"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (b"<html><body>", "an HTML page, not a sitemap"),
        (b"<rss><channel/></rss>", 'a feed, not a sitemap (kind = "feed" reads it)'),
        (b"<thing/>", "not a sitemap: its first element is <thing>"),
        (b"Not Found", "neither XML nor a list of addresses: it starts with 'Not Found'"),
        (b"\x1f\x8bnonsense", "broken gzip"),
        (b"<urlset " + b" ".join(b'a%d=""' % n for n in range(1_001)) + b"/>", "more than 1,000 attributes"),
        (gzip.compress(b"<urlset>") * 101, "gzip of more than 100 members"),
    ],
)
def test_what_is_no_sitemap_is_named(data: bytes, message: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse_sitemap(data, URL)
    assert message in caught.value.message


def test_a_gzip_bomb_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 64 * 1024)
    with pytest.raises(ParseError, match="unpacked"):
        parse_sitemap(gzip.compress(b"<urlset>" + b" " * 10_000_000), URL)


def test_entities_are_neither_expanded_nor_fetched() -> None:
    definitions = '<!DOCTYPE urlset [<!ENTITY a "aaaaaaaaaa"><!ENTITY f SYSTEM "file:///etc/hostname">]>'
    data = (
        f"{definitions}<urlset><url><loc>https://a.example/1</loc></url><url><loc>&f;&a;</loc></url></urlset>"
    )
    assert [entry.url for entry in parse_sitemap(data.encode(), URL).entries] == ["https://a.example/1"]


fragments = st.sampled_from(
    (
        *(
            "<urlset>",
            "<url>",
            "</url>",
            "<loc>",
            "https://a.example/",
            "</loc>",
            "<lastmod>",
            "2024-05-14",
            "&",
            "<",
        ),
        *(
            "<sitemapindex>",
            "<sitemap>",
            "</urlset>",
            "<!DOCTYPE urlset [",
            "\x00",
            "é",
            "&#0;",
            '<a b="',
            "]]>",
        ),
        *("\x1f\x8b", "<news:news>"),
    )
)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=100) | st.lists(fragments, max_size=20).map(lambda parts: "".join(parts).encode()))
def test_any_bytes_are_a_sitemap_or_a_parse_error(data: bytes) -> None:
    try:
        found = parse_sitemap(data, URL)
    except ParseError:
        return
    for entry in found.entries:
        (entry.url or "").encode()


# --- parse_document ----------------------------------------------------------------------------------------------


def document(body: bytes, *, url: str = URL, content_type: str | None = None) -> Document:
    return Document(
        url=url,
        requested_url=url,
        status=200,
        media_type="",
        charset=None,
        body=body,
        body_hash="",
        etag=None,
        last_modified=None,
        fetched_at=datetime(2024, 5, 14, 12, tzinfo=UTC),
        content_type=content_type,
    )


def feed(kind: FeedKind, selectors: Selectors | None = None) -> Feed:
    return Feed(url=URL, source_id="daily", id="daily", kind=kind, selectors=selectors)


def test_a_document_is_read_by_the_kind_of_its_feed() -> None:
    found = parse_document(document(NEWS.encode()), feed("sitemap"))
    assert (found.parser, found.title, found.language, len(found.entries)) == (
        "sitemap",
        "The Daily Example",
        "en",
        2,
    )
    rss = (
        "<rss version='2.0'><channel><title>Вестник</title><item><title>Причал</title></item></channel></rss>"
    )
    found = parse_document(
        document(rss.encode("cp1251"), content_type="text/xml; charset=windows-1251"), feed("feed")
    )
    assert (found.parser, found.title) == ("fast", "Вестник")


def test_a_listing_is_read_with_its_selectors_and_the_time_it_was_fetched() -> None:
    card = '<div class="c"><h3><a href="/{}">{} today</a></h3><time>{}</time></div>'
    cards = card.format("a1", "Ferry service resumes", "2 hours ago") + card.format(
        "a2", "Flood map", "an hour ago"
    )
    page = f"<html><body><main>{cards}</main></body></html>".encode()
    found = parse_document(
        document(page), feed("listing", Selectors(item=".c", title="h3", link="a", time="time"))
    )
    assert found.parser == "listing"
    assert [entry.url for entry in found.entries] == ["https://daily.example/a1", "https://daily.example/a2"]
    assert found.entries[0].published == datetime(2024, 5, 14, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "body", "message"),
    [
        ("sitemap", b"<sitemapindex></sitemapindex>", "a sitemap without any <url><loc>"),
        ("sitemap", b"<urlset><url/></urlset>", "a sitemap without any <url><loc>"),
        ("feed", NEWS.encode(), 'a sitemap, not a feed (kind = "sitemap" reads it)'),
        ("listing", b"<html><body><p>Back soon.</p></body></html>", "a listing without any article"),
    ],
)
def test_a_document_that_is_not_what_its_kind_promises_is_an_error(
    kind: FeedKind, body: bytes, message: str
) -> None:
    with pytest.raises(ParseError) as caught:
        parse_document(document(body), feed(kind))
    assert message in caught.value.message


def test_a_listing_names_the_selector_that_matched_nothing() -> None:
    with pytest.raises(ParseError, match=r"\.card"):
        parse_document(
            document(b"<html><body><p>x</p></body></html>"), feed("listing", Selectors(item=".card"))
        )


def test_the_tolerant_parser_handed_in_is_the_one_that_is_used() -> None:
    empty = ParsedFeed(title="stand-in", home_url=None, language=None, ttl=None, updated=None, entries=())
    found = parse_document(
        document(b"<rss><channel><b></i></channel></rss>"), feed("feed"), tolerant=lambda *_: empty
    )
    assert found is empty


def test_a_sitemap_that_is_all_tags_is_refused() -> None:
    with pytest.raises(ParseError, match="more than 1,000,000 tags"):
        parse_sitemap(b"<urlset>" + b"<a/>" * 1_000_001 + b"</urlset>", "https://harbour.example/sitemap.xml")


def part(url: str, modified: str | None = None) -> ChildSitemap:
    return ChildSitemap(
        url=f"https://daily.example{url}", modified=datetime.fromisoformat(modified) if modified else None
    )


@pytest.mark.parametrize(
    ("parts", "chosen"),
    [
        ([part("/pages.xml", "2026-05-14"), part("/news.xml", "2026-05-01")], ["/news.xml"]),
        ([part("/news-1.xml"), part("/news-2.xml"), part("/old.xml")], ["/news-1.xml", "/news-2.xml"]),
        (
            [
                part("/a.xml", "2026-05-01"),
                part("/b.xml", "2026-05-14T09:00+02:00"),
                part("/c.xml", "2026-05-13"),
            ],
            ["/b.xml", "/c.xml"],
        ),
        ([part(f"/{n}.xml", f"2026-05-{n:02}") for n in range(1, 15)], ["/14.xml", "/13.xml", "/12.xml"]),
        ([part("/2026-03.xml"), part("/2026-11.xml"), part("/2025-12.xml")], ["/2026-11.xml"]),
        ([part("/post-sitemap9.xml"), part("/post-sitemap10.xml")], ["/post-sitemap10.xml"]),
        ([part("/posts.xml"), part("/authors.xml"), part("/tags.xml")], ["/posts.xml", "/tags.xml"]),
        (
            [part("/a.xml", "2026-05-14T09:00"), part("/b.xml", "2026-05-14T08:00+00:00")],
            ["/a.xml", "/b.xml"],
        ),
        ([part("/posts.xml")], ["/posts.xml"]),
        ([], []),
    ],
)
def test_the_parts_of_an_index_that_hold_what_is_newest(parts: list[ChildSitemap], chosen: list[str]) -> None:
    assert newest_parts(parts) == tuple(f"https://daily.example{url}" for url in chosen)
