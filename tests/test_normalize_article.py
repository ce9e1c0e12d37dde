"""identity and to_article: what an entry is recognised by, and what is kept of it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator import identify
from aggregator.model import Article, Entry, Feed, Source
from aggregator.normalize import fold, identity, language_of_script, primary_language, to_article

NOW = datetime(2023, 10, 11, 12, 0, tzinfo=UTC)
FEED = Feed(url="https://ledger.example/rss", source_id="ledger", id="ledger-world")
LEDGER = Source(
    id="ledger", name="The Daily Ledger", url="https://www.ledger.example/", feeds=(FEED,), language="en-GB"
)
ENTRY = Entry(
    id="ledger-4711",
    url="https://www.ledger.example/world/harbour-strike-ends?utm_source=rss",
    title="Harbour strike ends &amp; ships leave",
    summary="<p>The harbour reopened on Friday. Ships left at dawn.</p>",
    published=datetime(2023, 10, 11, 9, 0, tzinfo=UTC),
    published_text="Wed, 11 Oct 2023 09:00:00 GMT",
    authors=("Jo Roe",),
    image="https://img.ledger.example/a.jpg?w=140",
)


def article(entry: Entry, *, feed: Feed = FEED, source: Source = LEDGER) -> Article:
    made = to_article(entry, identity(entry, feed), feed=feed, source=source, now=NOW)
    assert isinstance(made, Article), made
    return made


def why_not(entry: Entry) -> str:
    made = to_article(entry, identity(entry, FEED), feed=FEED, source=LEDGER, now=NOW)
    assert isinstance(made, str), made
    return made


def test_an_entry_becomes_an_article() -> None:
    assert article(ENTRY) == Article(
        source_id="ledger",
        url="https://www.ledger.example/world/harbour-strike-ends?utm_source=rss",
        canonical_url="https://ledger.example/world/harbour-strike-ends",
        title="Harbour strike ends & ships leave",
        teaser="The harbour reopened on Friday. Ships left at dawn.",
        published_at=datetime(2023, 10, 11, 9, 0, tzinfo=UTC),
        published_origin="feed",
        published_precision="instant",
        first_seen_at=NOW,
        language="en",
        authors=("Jo Roe",),
        image="https://img.ledger.example/a.jpg?w=140",
    )


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"url": "javascript:alert(1)"}, "link is not http(s): javascript:"),
        ({"url": "java\tscript:alert(1)"}, "link is not http(s): javascript:"),
        ({"url": "data:text/html,<script>"}, "link is not http(s): data:"),
        ({"url": "vbscript:x"}, "link is not http(s): vbscript:"),
        ({"url": "file:///etc/passwd"}, "link is not http(s): file:"),
        ({"url": "/relative/link"}, "link is no web address: '/relative/link'"),
        ({"url": "https://ledger.example/" + "a" * 100_000}, "link is longer than 2,000 characters"),
        ({"url": None}, "no link"),
        ({"url": None, "id": None}, "no link and no id"),
        ({"title": "", "summary": ""}, "no headline"),
        ({"title": "<img src=x>", "summary": "<script>x</script>", "content": " "}, "no headline"),
    ],
)
def test_what_makes_no_article_is_rejected_in_words(changes: dict[str, str | None], why: str) -> None:
    assert why_not(replace(ENTRY, **changes)) == why


def test_an_id_that_is_an_address_stands_in_for_a_missing_link() -> None:
    assert article(replace(ENTRY, url=None, id="https://ledger.example/a")).url == "https://ledger.example/a"


def test_an_entry_without_a_title_is_headed_by_its_first_sentence() -> None:
    assert article(replace(ENTRY, title=None)).title == "The harbour reopened on Friday. Ships left at dawn."
    long = article(replace(ENTRY, title=" ", summary="The harbour " + "and the long quay " * 20))
    assert long.title.endswith("…") and len(long.title) <= 90


def test_hostile_texts_are_stored_as_plain_text() -> None:
    made = article(
        replace(
            ENTRY,
            title="<script>alert(1)</script>Harbour\x00 \u202estrike &lt;b&gt;",
            summary="<svg onload=alert(1)><p>Ships\x1b[31m left.</p><iframe src='x'></iframe>",
            authors=("<b>Jo</b> Roe\u200b",),
            categories=("<i>World</i>", "", "World"),
            image="javascript:alert(1)",
        )
    )
    assert (made.title, made.teaser) == ("Harbour strike <b>", "Ships left.")
    assert (made.authors, made.categories, made.image) == (("Jo Roe",), ("World",), None)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        (("By Jo Roe",), ("Jo Roe",)),
        (("von Jo Roe", "Jo Roe"), ("Jo Roe",)),
        (("desk@ledger.example (Jo Roe)",), ("Jo Roe",)),
        (("noreply@ledger.example",), ()),
        (("https://ledger.example/jo", " "), ()),
        (("Byron Roe",), ("Byron Roe",)),
    ],
)
def test_authors_are_names(written: tuple[str, ...], kept: tuple[str, ...]) -> None:
    assert article(replace(ENTRY, authors=written)).authors == kept


def test_outlet_is_not_author() -> None:
    carried = replace(ENTRY, summary="By Jo Roe KYIV/LONDON (Reuters) -The talks will go on, officials said.")
    assert article(carried).agency == "Reuters"
    assert article(carried).source_id == "ledger"
    wire = replace(LEDGER, agency="AP")
    assert article(ENTRY, source=wire).agency == "AP"
    assert article(carried, source=wire).agency == "Reuters"


def test_an_aggregating_page_names_the_outlet() -> None:
    listed = replace(
        ENTRY, title="Harbour strike ends at last - Morning Courier", source_name="Morning Courier"
    )
    made = article(replace(listed, source_url="https://courier.example/"))
    assert (made.outlet, made.title, made.source_id) == (
        "Morning Courier",
        "Harbour strike ends at last",
        "ledger",
    )
    assert article(replace(ENTRY, source_name="daily ledger")).outlet == "daily ledger"
    assert article(replace(ENTRY, source_name="THE DAILY LEDGER")).outlet == ""
    assert (
        article(replace(ENTRY, source_name="Ledger: World", source_url="https://ledger.example/rss")).outlet
        == ""
    )


def test_a_feed_that_carries_the_text_gives_teaser_and_text() -> None:
    content = "<p>The harbour reopened on Friday.</p>" + "<p>Ships left at dawn, one after another.</p>" * 30
    made = article(replace(ENTRY, summary=None, content=content))
    assert made.text is not None and made.text.startswith("The harbour reopened on Friday.\n\nShips left")
    assert made.teaser.startswith("The harbour reopened on Friday. Ships left") and len(made.teaser) <= 500
    assert article(ENTRY).text is None


def test_the_closing_credit_of_a_long_text_is_read() -> None:
    content = (
        "<p>The harbour reopened on Friday.</p>" * 60 + "<p>Associated Press writer Jo Roe contributed.</p>"
    )
    assert article(replace(ENTRY, content=content)).agency == "AP"


@pytest.mark.parametrize(
    ("entry", "feed", "source", "language"),
    [
        ("de-AT", "fr", "en-GB", "de"),
        (None, "fr", "en-GB", "fr"),
        ("x-unknown", "", "en-GB", "en"),
        (None, "", "", ""),
    ],
)
def test_the_nearest_language_counts(entry: str | None, feed: str, source: str, language: str) -> None:
    made = article(
        replace(ENTRY, language=entry),
        feed=replace(FEED, language=feed),
        source=replace(LEDGER, language=source),
    )
    assert made.language == language


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("en-us", "en"), ("pt_BR", "pt"), ("eng", "en"), ("EN", "en"), ("zh-Hant-TW", "zh"), ("ger", "de"),
        ("haw", "haw"), (None, ""), ("und", ""), ("mul", ""), ("x-klingon", ""), ("english", "en"), ("klingonese", ""),
        ("<b>", ""),
    ],
)  # fmt: skip
def test_primary_language(tag: str | None, language: str) -> None:
    assert primary_language(tag) == language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("港が再開した", "ja"),
        ("港口重新开放", "zh"),
        ("항구가 다시 열렸다", "ko"),
        ("Порт открыт", ""),
        ("Port", ""),
        ("Λιμάνι", "el"),
    ],
)
def test_a_script_may_tell_the_language(text: str, language: str) -> None:
    assert language_of_script(text) == language


def test_noise_of_a_fetch_leaves_the_fingerprint() -> None:
    before = replace(
        ENTRY, summary='<a href="https://ledger.example/a?s=1">Ships</a> left. https://ledger.example/?t=1'
    )
    after = replace(
        before,
        url=f"{ENTRY.url}&sessionid=99",
        id="another",
        summary='<a href="https://ledger.example/a?s=2">Ships</a> left. https://ledger.example/?t=2<img src="/pixel?2">',
        image="https://img.ledger.example/a.jpg?w=280",
        categories=("World",),
    )
    assert identity(before, FEED).fingerprint == identity(after, FEED).fingerprint


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Harbour strike goes on"},
        {"summary": "The harbour stays closed."},
        {"summary": "<p>Ships < 100 m may leave.</p>"},
        {"published_text": "Wed, 11 Oct 2023 10:00:00 GMT"},
        {"authors": ("Ann Doe",)},
        {"image": "https://img.ledger.example/b.jpg"},
    ],
)
def test_what_an_article_is_made_of_is_in_the_fingerprint(change: dict[str, str]) -> None:
    assert identity(replace(ENTRY, **change), FEED).fingerprint != identity(ENTRY, FEED).fingerprint


def test_relative_times_of_a_listing_are_not_in_the_fingerprint() -> None:
    listing = replace(FEED, kind="listing")
    later = replace(ENTRY, published_text="3 hours ago")
    assert identity(later, listing).fingerprint == identity(ENTRY, listing).fingerprint


def test_a_stored_headline_folds_to_what_its_entry_is_recognised_by() -> None:
    for title in (
        "<b>Fast</b> &amp;amp; free: 2.5 %",
        "“Café”  –\n now",
        "港が再開した",
        "cafe\u0301 A\u200bB Bundes\u00adtag",
    ):
        entry = replace(ENTRY, title=title)
        assert (
            identity(entry, FEED).title == fold(article(entry).title) == identify.fold(article(entry).title)
        )


@given(
    st.builds(
        Entry,
        id=st.none() | st.text(max_size=9),
        url=st.none() | st.text(max_size=9) | st.text(max_size=9).map("https://ledger.example/".__add__),
        title=st.none() | st.text(max_size=30),
        summary=st.none() | st.text(max_size=60),
        content=st.none() | st.text(max_size=60),
        published=st.none() | st.datetimes(),
        published_text=st.none() | st.text(max_size=9),
        authors=st.tuples(st.text(max_size=9)),
        categories=st.tuples(st.text(max_size=9)),
        image=st.none() | st.text(max_size=9),
        language=st.none() | st.text(max_size=5),
        source_name=st.none() | st.text(max_size=9),
        source_url=st.none() | st.text(max_size=9),
    )
)
@settings(max_examples=200, deadline=None)
def test_any_entry_gives_an_article_with_a_headline_or_a_reason(entry: Entry) -> None:
    made = to_article(entry, identity(entry, FEED), feed=FEED, source=LEDGER, now=NOW)
    if isinstance(made, str):
        assert made
    else:
        assert made.title and made.url.startswith("http") and made.published_at <= NOW
        repr(made).encode("utf-8")
