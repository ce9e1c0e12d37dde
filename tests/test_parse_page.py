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
    assert page.origins["title"] == "h1+json-ld+title"
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
        ("Storm closes port – The Quay Gazette", "Storm closes port"),
        ("Storm closes port - QG.de", "Storm closes port"),
        (
            "Storm closes port - Quay Gazette: all clear by noon",
            "Storm closes port - Quay Gazette: all clear by noon",
        ),
        ("Quay Gazette » Blog Archive » Storm closes port", "Storm closes port"),
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
        "{&quot;@type&quot;: &quot;NewsArticle&quot;, &quot;headline&quot;: &quot;A&quot;}",
        '{"@type": "NewsArticle", "keywords": ["a" "b"], "headline": "A", "url": "/a"}',
        '{\n"@type": "NewsArticle",\n"author": Ada Vale,\n"headline": "A"\n}',
    ],
)
def test_json_ld_is_read_as_outlets_write_it(block: str) -> None:
    assert choose_article(read_blocks([block]), URL, ["A"])["headline"] == "A"


def test_a_quote_that_nobody_escaped_hides_neither_headline_nor_date() -> None:
    page = parse_page(
        b'<script type="application/ld+json">{"@type": "NewsArticle", "headline": "The "old" pier closes",'
        b'"author": {"@type": "Person", "name": "Ada Vale"}, "datePublished": "2026-03-04T05:06:07Z"}</script><p>x',
        URL,
    )
    assert page.title == 'The "old" pier closes'
    assert page.authors == ("Ada Vale",)
    assert page.published is not None
    assert page.published.isoformat() == "2026-03-04T05:06:07+00:00"


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


TITLE = "Storm closes the port for a second day"


def described_as(**properties: object) -> str:
    return f'<script type="application/ld+json">{json.dumps({"@type": "Article"} | properties)}</script>'


@pytest.mark.parametrize(
    ("markup", "title"),
    [
        # a lower heading with which <title> begins, where no h1 shows the headline
        (f"<title>{TITLE} | News from the coast</title><h1>Menu</h1><h2>{TITLE}</h2>", TITLE),
        (f"<title>{TITLE} - coast - bay</title><div id=page-title>{TITLE}</div>", TITLE),
        (f"<title>Coast: {TITLE}</title><h3 class=entry-title>{TITLE}</h3>", TITLE),
        (
            f"<title>{TITLE} | Harbour people</title><h2><a href=/>Harbour people</a></h2>",
            f"{TITLE} | Harbour people",
        ),
        # what quotes stand around does not hide that a kicker is parted from it
        (
            f"<meta property=og:title content='Bay: «{TITLE}»'><title>Bay: «{TITLE}»</title><h1>«{TITLE}»</h1>",
            f"«{TITLE}»",
        ),
        # an h1 with its section speaks for the headline, unless og:title has it the long way too
        (f"<title>{TITLE}</title><h1>World: {TITLE}</h1>", TITLE),
        (
            described_as(headline=TITLE)
            + f"<meta property=og:title content='World: {TITLE}'><h1>World: {TITLE}</h1>",
            f"World: {TITLE}",
        ),
        # the section of the address, and what the page calls its section
        (f"<title>{TITLE} - World</title>", TITLE),
        (f"<meta property=article:section content=Coast><title>{TITLE} - Coast</title>", TITLE),
        (f"<title>{TITLE} - Bay</title>", f"{TITLE} - Bay"),
        # nothing but the outlet's name
        ("<title>Quay</title>", "Quay"),
    ],
)
def test_a_headline_is_told_from_what_stands_around_it(markup: str, title: str) -> None:
    assert parse_page(f"{markup}<p>x".encode(), URL).title == title


def test_an_outlet_known_by_name_is_cut_from_titles_that_never_tell_whose_it_is() -> None:
    page = f"<title>{TITLE} – Harbour Post</title><p>x".encode()
    assert parse_page(page, URL).title == f"{TITLE} – Harbour Post"
    known = parse_page(page, URL, outlet="Harbour Post")
    assert (known.title, known.site_name) == (TITLE, "Harbour Post")
    assert parse_page(b"<title>Storm</title><p>x", URL, outlet="Harbour Post").site_name is None


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


NEWEST = "<ul><li><time>1 March 2026</time></li><li><time>2 March 2026</time></li></ul>"
ENTRY_DATES = "<time class='entry-date updated'>5 March 2026</time><time class='entry-date published'>4 March 2026</time>"
COMMENT = "<div class=comment-meta><time datetime=2026-03-09T10:00:00Z>9 March</time></div>"


@pytest.mark.parametrize(
    ("markup", "published"),
    [
        # the newest of others above, the article's below the headline, what else to read behind it
        (
            NEWEST
            + "<main><h1>Storm closes the port</h1><time>4 March 2026</time></main><time>9 March 2026</time>",
            "2026-03-04",
        ),
        # right above the headline
        (
            "<div><time>4 March 2026</time><h1>Storm closes the port</h1></div><time>9 March 2026</time>",
            "2026-03-04",
        ),
        # an entry's footer, but no comment's
        (
            f"<article><h1>Storm closes the port</h1><footer class=entry-meta>{ENTRY_DATES}</footer></article>",
            "2026-03-04",
        ),
        (
            f"<body class=comments-open><h1>Storm closes the port</h1><p>Published on 4 March 2026</p>{COMMENT}",
            "2026-03-04",
        ),
        # the headline stands in what is called a sidebar: so may its time
        (
            "<div class=sidebar-main><h1>Storm closes the port</h1><p>x<p>y<p><time>4 March 2026</time></div>",
            "2026-03-04",
        ),
        ("<h1>Storm closes the port</h1><time content=2026-03-04T05:06:00Z>today</time>", "2026-03-04"),
        (
            '<script type="application/ld+json">{"@type": "WebPage", "datePublished": "2026-03-04"}</script>',
            "2026-03-04",
        ),
        (
            '<script type="application/ld+json">{"@type": "Article", "datePublished": {"@value": "2026-03-04"}}</script>',
            "2026-03-04",
        ),
        (
            '<script type="application/ld+json">{"@type": "Article", "datePublished": 1772600767}</script>',
            "2026-03-04",
        ),
    ],
)
def test_the_time_nearest_to_the_headline_is_the_articles(markup: str, published: str) -> None:
    page = parse_page(f"{markup}<p>x".encode(), URL)
    assert page.published is not None
    assert page.published.date().isoformat() == published


OLD, NEW = "2020-01-01", "2026-03-04"


def state(*articles: dict[str, str]) -> str:
    """A script's, in which the articles stand far from each other and from the headline of the page."""
    return f"{' ' * 4_000}<script>s = {(' ' * 4_000).join(map(json.dumps, articles))}</script>"


@pytest.mark.parametrize(
    ("markup", "published"),
    [
        # one date, however often
        (
            "<script>s = {publishedAt: 1, 'pubDate': '2026-03-04', \"published_date\": \"2026-03-04\"}</script>",
            "2026-03-04",
        ),
        # escaped within a text of the state
        (r'<script>self.push("{\"publishedDate\":\"2026-03-04T05:06:07Z\"}")</script>', "2026-03-04"),
        # the one beside the headline, or beside the address
        (
            state(
                {"title": "An older storm", "published": OLD},
                {"title": "Storm closes the port", "published": NEW},
            ),
            NEW,
        ),
        (
            state(
                {"slug": "older-storm-12", "published": OLD}, {"slug": "storm-closes-4471", "published": NEW}
            ),
            NEW,
        ),
        # several, none of them beside the headline
        (
            state({"title": "An older storm", "published": OLD}, {"title": "A new storm", "published": NEW}),
            None,
        ),
        # a clock alone is no date, and what markup says comes first
        ('<script>{"publish_time": "10:19:11"}</script>', None),
        (
            '<time datetime="2026-03-03">3 March</time><script>{"publishedAt": "2026-03-04"}</script>',
            "2026-03-03",
        ),
    ],
)
def test_a_date_in_the_state_of_scripts_counts_where_markup_has_none(
    markup: str, published: str | None
) -> None:
    page = parse_page(
        f"<h1>Storm closes the port</h1>{markup}".encode(), "https://quay.example/world/storm-closes-4471"
    )
    assert (page.published.date().isoformat() if page.published else None) == published


@pytest.mark.parametrize(
    ("language", "url", "day"),
    [
        ("en-US", URL, "2026-03-04"),
        ("en-GB", URL, "2026-04-03"),
        ("en", URL, "2026-03-04"),
        ("en", "https://www.quay.co.uk/a", "2026-04-03"),
        ("", "https://www.quay.pe/a", "2026-04-03"),
        ("", "https://www.quay.tv/a", "2026-03-04"),
        ("de", URL, "2026-04-03"),
    ],
)
def test_which_number_is_the_month_depends_on_where_the_page_is_written(
    language: str, url: str, day: str
) -> None:
    page = parse_page(
        f"<html lang='{language}'><h1>Storm closes the port</h1><p>03/04/2026</p>".encode(), url
    )
    assert page.published is not None
    assert page.published.date().isoformat() == day


def test_the_day_in_an_address_is_believed_before_a_time_of_another_day() -> None:
    page = b"<h1>Storm closes the port</h1><time datetime=%s></time>"
    url = "https://quay.example/2026/03/04/storm"
    for written, read in [
        (b"2026-01-01", "2026-03-04T00:00:00"),
        (b"2026-03-04T05:06:07Z", "2026-03-04T05:06:07+00:00"),
        (b"2026-03-05T01:00:00Z", "2026-03-05T01:00:00+00:00"),
    ]:
        published = parse_page(page % written, url).published
        assert published is not None
        assert published.isoformat() == read


def test_a_description_cut_short_is_taken_whole_from_where_it_is_whole() -> None:
    whole = "The harbour master said that forty ships wait in the bay, and that the ferry will not sail before Friday."
    page = parse_page(
        f'<meta property="og:description" content="{whole[:95]}...">'
        f'<meta name="description" content="{whole}"><p>x'.encode(),
        URL,
    )
    assert page.summary == whole


LEAD = "Forty ships wait in the bay, and the ferry to the islands will not sail before Friday."


@pytest.mark.parametrize(
    ("below", "summary"),
    [
        (f"<p>{LEAD}</p><div><p>The text.</p></div>", LEAD),  # one paragraph, then what is no paragraph
        (f"<h2>{LEAD}</h2><p>The text.</p>", LEAD),
        (f"<div class=synopsis>{LEAD}</div><p>The text.</p>", LEAD),
        (f"<p>{LEAD}</p><p>The second paragraph of the text.</p>", "Described."),  # the text has begun
        ("<p>Written on 4 March 2026 at the harbour of Elmhaven</p><div>x</div>", "Described."),
        ("<p>By Ada Vale and Ben Moor, correspondents on the coast</p><div>x</div>", "Described."),
        (f"<p>{LEAD[:-1]} ...</p><div>x</div>", "Described."),
        (f"<p class=caption>{LEAD}</p><div>x</div>", "Described."),
        (f"<p>{TITLE}, and no end</p><div>x</div>", "Described."),
    ],
)
def test_the_one_paragraph_below_the_headline_is_a_standfirst(below: str, summary: str) -> None:
    page = parse_page(
        f"<meta name=description content='Described.'><title>{TITLE}, and no end</title>"
        f"<article><h1>{TITLE}</h1>{below}".encode(),
        URL,
    )
    assert page.summary == summary


@pytest.mark.parametrize(
    ("markup", "authors"),
    [
        ("<span class=byline>By <a href=/author/av>Ada Vale</a></span>", ("Ada Vale",)),
        ("<span class=byline>Ada Vale<span>Harbour Reporter</span></span>", ("Ada Vale",)),
        ("<span class=author>Erstellt von Ada von der Vale</span>", ("Ada von der Vale",)),
        ("<p class=autor>Eine Analyse von Ada Vale und Ben Moor</p>", ("Ada Vale", "Ben Moor")),
        (
            "<div><a href=/autoren/av/1>Ada Vale</a> <a href=/autoren/bm/2>Ben Moor</a></div>",
            ("Ada Vale", "Ben Moor"),
        ),
        ("<footer class=entry-meta><a rel=author>Ada</a></footer>", ("Ada",)),  # one word, plainly marked
        ("<span class=writer>배윤경 기자</span>", ()),
        ("<a href=/author/1/a>배윤경 기자</a>", ("배윤경",)),
        ("<p>By Ada Vale</p>", ("Ada Vale",)),
        ("<p><i>von Ada Vale</i></p>", ("Ada Vale",)),
        ("<p>by Minister Ada Vale, who said so</p>", ()),
        ("<div class=comment><span class=author>Ben Moor</span></div>", ()),
        ("<p class=author>x" * 4 + "<aside><p class=byline>Ben Moor</p></aside>", ()),
        ("<p>said <a href=/person/ben-moor>Ben Moor</a></p>", ()),
        ("<span class=author>Share All Articles</span>", ()),
        ("<meta name=author content='Quay Web Design GmbH'>", ()),
        ("<meta name=author content='Copyright Ada Vale'>", ()),
        ("<meta name=author content='Quay - Ada Vale'>", ("Ada Vale",)),
        (
            "<meta property=og:site_name content='Church & Life'><meta name=author content='Church & Life'>",
            (),
        ),
    ],
)
def test_who_wrote_it_is_read_where_metadata_names_nobody(markup: str, authors: tuple[str, ...]) -> None:
    assert parse_page(f"<h1>{TITLE}</h1>{markup}<p>x".encode(), URL).authors == authors


def test_an_outlet_named_as_author_gives_way_to_a_byline() -> None:
    described = '<script type="application/ld+json">{"@type": "Article", "author": {"name": "Quay"}}</script>'
    assert parse_page(f"{described}<h1>{TITLE}</h1><p>x".encode(), URL).authors == ("Quay",)
    byline = "<p class=byline>Ada Vale</p>"
    assert parse_page(f"{described}<h1>{TITLE}</h1>{byline}<p>x".encode(), URL).authors == ("Ada Vale",)


@pytest.mark.parametrize(
    ("markup", "language"),
    [
        ("<html lang=utf-8><title>Storm</title>", None),
        ("<html lang=utf-8><meta name=language content='de, en'><title>Sturm</title>", "de"),
        ("<meta property=og:locale content=en_GB><title>Storm</title>", "en-GB"),
        ("<title>嵐で港が閉鎖</title>", "ja"),
        ("<title>风暴关闭港口</title>", "zh"),
        ("<html lang=en><title>폭풍으로 항구 폐쇄</title>", "ko"),  # a template's "en"
        ("<html lang=de><title>폭풍으로 항구 폐쇄</title>", "de"),
        ("<title>Шторм закрыл порт</title>", None),  # a script of several languages
    ],
)
def test_a_language_is_what_the_page_says_or_what_only_one_is_written_in(
    markup: str, language: str | None
) -> None:
    assert parse_page(f"{markup}<p>x".encode(), URL).language == language


@pytest.mark.parametrize(
    ("markup", "name"),
    [
        ("<meta property=og:site_name content=quay.example>", "Quay Gazette"),
        ("<meta property=og:site_name content=quaygazette>", "Quay Gazette"),
        ("<meta property=og:site_name content=Coast>", "Coast"),
        ("", "Quay Gazette"),
    ],
)
def test_a_sites_name_is_better_than_its_address(markup: str, name: str) -> None:
    described = '<script type="application/ld+json">{"@type": "Article", "publisher": {"name": "Quay Gazette"}}</script>'
    assert parse_page(f"{markup}{described}<p>x".encode(), URL).site_name == name


def test_whoever_installed_the_site_is_not_its_name() -> None:
    described = (
        '<script type="application/ld+json">{"@type": "Article", '
        '"publisher": {"@type": ["Person", "Organization"], "name": "Ada Vale"}}</script>'
    )
    page = f"<meta property=og:site_name content=quay.example>{described}<p>x".encode()
    assert parse_page(page, URL).site_name == "quay.example"


def test_an_image_that_shows_nothing_is_passed_over() -> None:
    for shown, image in [
        ("/img/social_placeholder.png", "https://quay.example/storm.jpg"),
        ("data:image/png;base64,AAAA", "https://quay.example/storm.jpg"),
        ("/img/2641x1878/pier.jpg", "https://quay.example/img/2641x1878/pier.jpg"),
    ]:
        page = f"<meta property=og:image content='{shown}'><meta name=twitter:image content=/storm.jpg><p>x"
        assert parse_page(page.encode(), URL).image == image


NOTE = f"<p>{'All rights reserved. ' * 3}</p>"
PARAGRAPHS = "".join(
    f"<p>Paragraph {n} of the article says what happened at the pier on that morning, and why nobody saw it.</p>"
    for n in range(6)
)


@pytest.mark.parametrize(
    "article",
    [
        f"<div class=sidebar-grid__content>{PARAGRAPHS}</div>",
        f"<article class='post-1 type-post hentry tag-storm'>{PARAGRAPHS}</article>" + "<div>y</div>" * 3,
        f"<div class='field field--label-hidden'>{PARAGRAPHS}</div>",
        f"<div class=non-paywall>{PARAGRAPHS}</div>",
        f"<div class=body>{PARAGRAPHS.replace('<p>', '').replace('</p>', '<br><br>')}</div>{NOTE}",
    ],
)
def test_an_article_is_read_whatever_its_container_is_called(article: str) -> None:
    others = "".join(
        f"<div class=teaser><a href=/o>{'What else happened on the coast in this week. ' * 6}</a></div>"
        for _ in range(3)
    )
    text = parse_page(f"<main><h1>{TITLE}</h1>{article}{others}</main>".encode(), URL).text
    assert text is not None
    assert "Paragraph 0" in text
    assert "Paragraph 5" in text


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
        (
            '<script type="application/ld+json">{"@type": "WebPage", "isAccessibleForFree": "http://schema.org/False"}</script>',
            True,
        ),
        ('<meta itemprop="isAccessibleForFree" content="true">', False),
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


LD = b'<script type="application/ld+json">'
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
    "deep-headline": b"<h1>" + b"<span>" * 1_500 + b"x",
    "deep-lists": LD + b'{"@type": "Article", "headline": ' + b"[" * 700 + b"]" * 700 + b"}</script>",
    "deep-objects": LD
    + b'{"@type": "Article", "image": '
    + b'{"url":' * 700
    + b"1"
    + b"}" * 700
    + b"}</script>",
    "long-reference": b"<h1>Storm &amp;#" + b"9" * 5_000 + b"; closes</h1>",
    "deep-byline": b"<h1>a b c d</h1>" + b"<div class=author>" * 1_500 + b"Ada Vale",
    "bylines": b"<h1>a b c d</h1>" + b"<a rel=author href=/author/x>A B</a>" * 40_000,
    "said": b"<h1>a b c d</h1><p>" + b"By A, " * 100_000,
    "script-dates": b"<p>" + b'"publishedDate":"' * 200_000,
    "many-script-dates": b'<p>"publishedAt":"2026-01-01" "publishedAt":"2026-01-02" storm-4471' * 20_000,
    "broken-json": b'<script type="application/ld+json">{' + b'"name":"' * 100_000 + b"</script>",
    "lower-headings": b"<title>a b c d e f g h</title>" + b"<h2>" * 1_500 + b"a b " * 200_000,
    "long-class": b'<div class="' + b"comment-open " * 100_000 + b'">' + b"<time>3 March 2026</time>" * 60,
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
        *("<time>", "<a rel=author>", "By Ada Vale", '{"publishedAt": "', "<h2>", "기자", "Blog Archive » "),
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


def test_a_page_that_is_nothing_but_the_article() -> None:
    said = "The boat lost sight of the pier and waited for two hours until the fog had gone."
    page = parse_page(f"<body><h1>Ferry turns back in fog</h1><p>{said}</p></body>".encode(), URL)
    assert page.text == said
    assert page.summary is None
