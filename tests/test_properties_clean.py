"""Every cleaner, on any text and on what damaged documents say: it never raises, and what it returns is clean."""

import unicodedata
from datetime import UTC, date, datetime, timedelta, timezone
from urllib.parse import urlsplit

import pytest
from hypothesis import strategies as st
from lxml import etree

from aggregator.errors import ParseError
from aggregator.model import Article, Entry, Feed, Source
from aggregator.normalize import (
    TEASER_LIMIT,
    TITLE_LIMIT,
    URL_LIMIT,
    canonical_url,
    clean_teaser,
    clean_title,
    cut_at_sentence,
    cut_at_word,
    day_in_url,
    find_agency,
    fold,
    followable_url,
    identity,
    language_of_script,
    paragraphs,
    plain_text,
    primary_language,
    published,
    same_site,
    to_article,
)
from aggregator.normalize.agency import _SPELLINGS as AGENCIES
from aggregator.normalize.article import AUTHORS, CATEGORIES, NAME_LIMIT
from aggregator.normalize.furniture import teaser_of
from aggregator.normalize.text import TEXT_LIMIT, printable
from aggregator.normalize.urls import addresses, url_host
from aggregator.parse import parse_feed
from aggregator.render.safe import cut, escape_controls, one_line, page_text, visible, web_url, xml_text
from hostile.damage import ANY_TEXT, TOKENS, damaged, hostile_texts, saved, severe_texts
from hostile.laws import Laws

NOW = datetime(2026, 5, 14, 9, 30, tzinfo=UTC)
FEED = Feed(url="https://ledger.example/rss", source_id="ledger", id="ledger", timezone="Europe/Berlin")
LEDGER = Source(id="ledger", name="The Daily Ledger", url="https://www.ledger.example/", feeds=(FEED,))
LAWS = Laws()


@pytest.mark.parametrize("law", LAWS)
def test_a_law_of_cleaning_holds(law: str) -> None:
    LAWS.hold(law, examples=60)


@pytest.mark.slow
@pytest.mark.parametrize("law", LAWS)
def test_a_law_of_cleaning_holds_for_many_other_examples(law: str) -> None:
    LAWS.hold(law, examples=1_000)


texts = hostile_texts | severe_texts | ANY_TEXT
limits = st.integers(10, 400)

# What no cleaned text holds: controls, lone surrogates, what reorders text beyond itself, marks of the byte order.
CONTROLS = {chr(number) for number in (*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F))}
CONTROLS |= {chr(number) for number in (*range(0x2066, 0x206A), 0x200B, 0xFEFF, *range(0xD800, 0xE000))}


def is_clean(text: str) -> None:
    """One line that every output and every store can hold."""
    assert text == " ".join(text.split())
    assert not set(text) & CONTROLS
    assert unicodedata.is_normalized("NFC", text)


# --- text --------------------------------------------------------------------------------------------------------


@LAWS.add(texts, limits)
def any_text_becomes_plain(text: str, limit: int) -> None:
    plain = plain_text(text)
    is_clean(plain)
    assert len(plain_text(text, limit=limit)) <= limit
    if (
        "<" not in plain and "&" not in plain
    ):  # what is left of it is no markup: there is nothing more to clean
        assert plain_text(plain) == plain


@LAWS.add(texts, limits)
def any_text_becomes_paragraphs(text: str, limit: int) -> None:
    whole = paragraphs(text)
    assert len(whole) <= TEXT_LIMIT + 1
    for paragraph in whole.split("\n\n"):
        is_clean(paragraph)
    assert len(paragraphs(text, limit=limit)) <= limit + 1  # and an ellipsis


@LAWS.add(texts)
def making_a_text_printable_twice_changes_nothing(text: str) -> None:
    once = printable(text)
    assert not set(once) & (CONTROLS - set("\t\n\x0b\x0c\r\x85"))
    assert printable(once) == once


@LAWS.add(texts, limits)
def a_cut_text_keeps_its_limit(text: str, limit: int) -> None:
    for cutter in (cut_at_word, cut_at_sentence, cut):
        shorter = cutter(text, limit)
        assert len(shorter) <= limit
        assert cutter(shorter, limit) == shorter
    assert cut_at_word(text, len(text)) == text == cut_at_sentence(text, len(text))


@LAWS.add(texts, texts)
def any_markup_becomes_a_headline_and_a_teaser(text: str, other: str) -> None:
    title = clean_title(text, outlets=(other, "The Daily Ledger"))
    teaser = clean_teaser(other, title=title)
    assert len(title) <= TITLE_LIMIT and len(teaser) <= TEASER_LIMIT
    is_clean(title)
    is_clean(teaser)
    assert len(clean_title(text, limit=40)) <= 40 and len(clean_teaser(text, limit=40)) <= 40
    teaser_of(text, title=other)  # of what is no plain text after all


@LAWS.add(texts, texts, st.lists(texts, max_size=3))
def an_agency_is_one_that_is_known(title: str, text: str, authors: list[str]) -> None:
    assert find_agency(title=title, text=text, authors=authors, outlet=title) in {"", *AGENCIES.values()}


@LAWS.add(st.none() | texts | st.from_regex(r"[A-Za-z]{2,8}([-_][A-Za-z0-9_-]{0,9})?"), texts)
def a_language_is_a_short_tag_or_none(tag: str | None, text: str) -> None:
    for language in (primary_language(tag), language_of_script(text)):
        assert language == "" or (language.isascii() and language.isalpha() and language.islower())
        assert len(language) <= 3 and primary_language(language) == language


@LAWS.add(texts)
def folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(printable(text))) == fold(printable(text))


# --- addresses ---------------------------------------------------------------------------------------------------

URLS = [
    text.encode()
    for text in (
        *("https://www.ledger.example/world/2023/10/11/harbour?utm_source=rss&id=7#top", "http://m.ledger.example:80/a"),
        *("https://x.cdn.ampproject.org/c/s/a.example/x.amp.html", "https://google.com/amp/s/ledger.example/story/amp/"),
        *("https://bücher.example/ü?ü=%C3%BC", "https://user:secret@[2001:db8::1]:8443/a/../b//c;jsessionid=1?x=%zz"),
        *("HTTPS://Ledger.Example:443/%2561/./index.html?sid=12&amp;mod=1#!/story", "https://xn--bcher-kva.example/"),
        *("https:\\\\ledger.example\\a", "//ledger.example/a", "feed:https://ledger.example/a", "javascript:alert(1)"),
    )
]  # fmt: skip
urls = (
    damaged(URLS, TOKENS, most=4).map(lambda data: data.decode("utf-8", "surrogateescape"))
    | texts
    | texts.map("https://ledger.example/".__add__)
    | texts.map("https://".__add__)
)


@LAWS.add(urls)
def an_address_is_followable_and_has_one_spelling(url: str) -> None:
    followable, canonical = addresses(url)
    assert followable == followable_url(url)
    if followable is None:
        return
    assert canonical == canonical_url(url) == canonical_url(followable)
    assert followable_url(followable) == followable
    for address in filter(None, (followable, canonical)):
        parts = urlsplit(address)
        assert parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc
        assert (
            len(address) <= URL_LIMIT and address.isascii() and address.isprintable() and " " not in address
        )
        assert parts.port is None or 0 <= parts.port < 65_536
    if canonical is not None:
        assert canonical_url(canonical) == canonical
    assert same_site(followable, url) and url_host(url) == url_host(followable)


@LAWS.add(urls, urls)
def two_addresses_are_of_one_site_either_way(one: str, other: str) -> None:
    assert same_site(one, other) == same_site(other, one)
    assert url_host(one).isascii()


@LAWS.add(urls)
def a_day_in_an_address_is_a_day(url: str) -> None:
    day = day_in_url(url)
    assert day is None or (isinstance(day, date) and 1900 <= day.year <= 2099)


# --- times, identities, articles ---------------------------------------------------------------------------------

ZONES = (
    st.none()
    | st.timezones()
    | st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
)
instants = st.none() | st.datetimes(timezones=ZONES)
some_text = st.none() | texts
some_texts = st.lists(texts, max_size=3).map(tuple)
entries = st.builds(
    Entry,
    id=some_text,
    url=st.none() | urls,
    title=some_text,
    summary=some_text,
    content=some_text,
    published=instants,
    published_precision=st.sampled_from(["instant", "day"]),
    published_text=some_text | st.sampled_from(["Fri, 15 May 2099\x1f10:00\u202e", "2099-01-01\ud800"]),
    updated=instants,
    updated_text=some_text,
    authors=some_texts,
    categories=some_texts,
    image=st.none() | urls,
    language=some_text,
    source_name=some_text,
    source_url=st.none() | urls,
)  # fmt: skip


@LAWS.add(
    entries, urls, texts | st.sampled_from(["", "Europe/Kyiv", "America/Los_Angeles", "../etc", "\x00"])
)
def an_article_is_never_later_than_now_and_its_note_can_be_shown(entry: Entry, url: str, zone: str) -> None:
    time = published(entry, url=url, timezone=zone, now=NOW)
    assert time.at.tzinfo is UTC and time.at.year >= 1990 and time.at <= NOW
    assert time.precision in ("instant", "day") and time.origin in ("feed", "url", "first_seen")
    assert not set(time.note or "") & CONTROLS


@LAWS.add(entries, st.sampled_from(["feed", "listing", "sitemap"]))
def any_entry_makes_a_clean_article_or_a_reason(entry: Entry, kind: str) -> None:
    feed = Feed(url=FEED.url, source_id="ledger", id="ledger", kind=kind)  # type: ignore[arg-type]
    known = identity(entry, feed)
    assert -(2**63) <= known.fingerprint < 2**63
    for text in (known.url, known.canonical_url, known.title, known.day):
        (text or "").encode("utf-8")
    made = to_article(entry, known, feed=feed, source=LEDGER, now=NOW)
    if isinstance(made, str):
        assert made and not set(made) & CONTROLS
    else:
        is_clean_article(made)


def is_clean_article(article: Article) -> None:
    for text in (article.title, article.teaser, article.outlet, article.agency, article.language):
        is_clean(text)
    assert 0 < len(article.title) <= TITLE_LIMIT and len(article.teaser) <= TEASER_LIMIT
    assert len(article.authors) <= AUTHORS and len(article.categories) <= CATEGORIES
    for name in (*article.authors, *article.categories, article.outlet):
        assert len(name) <= NAME_LIMIT
        is_clean(name.strip())
    for paragraph in (article.text or "").split("\n\n"):
        is_clean(paragraph)
    for address in (article.url, article.canonical_url, article.image):
        assert address is None or (
            urlsplit(address).scheme in ("http", "https") and len(address) <= URL_LIMIT
        )
    assert not set(article.published_note or "") & CONTROLS


@LAWS.add(damaged(saved("feeds/*.xml", "feeds/*.json", "seed/*.xml", "day/*.xml")))
def what_damaged_feeds_say_makes_clean_articles(data: bytes) -> None:
    try:
        found = parse_feed(data, FEED.url)
    except ParseError:
        return
    for entry in found.entries:
        made = to_article(entry, identity(entry, FEED), feed=FEED, source=LEDGER, now=NOW)
        if isinstance(made, Article):
            is_clean_article(made)


# --- outputs -----------------------------------------------------------------------------------------------------


@LAWS.add(texts, limits)
def any_text_can_be_shown(text: str, limit: int) -> None:
    shown = visible(text)
    assert not set(shown) & CONTROLS and shown == one_line(shown)
    assert visible(shown) == shown and escape_controls(escape_controls(text)) == escape_controls(text)
    line = page_text(text, limit)
    assert len(line) <= limit and not set(line) & (CONTROLS - {"\u200b", "\ufeff"})
    etree.fromstring(
        f"<a>{xml_text(text).replace('&', '&amp;').replace('<', '&lt;').replace('>', '&gt;')}</a>"
    )
    assert xml_text(xml_text(text)) == xml_text(text)


@LAWS.add(urls)
def a_browser_is_sent_to_web_addresses_only(url: str) -> None:
    address = web_url(url)
    if address is not None:
        assert urlsplit(address).scheme in ("http", "https") and len(address.split()) == 1
        assert not set(address) & (CONTROLS - {"\u200b", "\ufeff"})
        assert web_url(address) == address


# --- single texts that broke a cleaner once ----------------------------------------------------------------------


def test_a_reference_that_appears_when_another_is_taken_out_is_not_counted() -> None:
    """int() refuses more than 4,300 digits, and html.unescape passes that on."""
    assert plain_text("Ferry &#&#0;" + "9" * 5_000 + ";").startswith("Ferry")
    assert plain_text("Ferry &amp;#&amp;#0;" + "9" * 5_000 + ";").startswith("Ferry")


def test_the_note_of_a_time_that_was_clamped_holds_no_control() -> None:
    entry = Entry(published=datetime(2099, 5, 15, tzinfo=UTC), published_text="15\x1fMay\u200f 2099\ud800")
    assert published(entry, url="", timezone="", now=NOW).note == "clamped from 15May 2099"


def test_a_text_that_opens_more_than_it_closes_is_read_as_far_as_can_be_afforded() -> None:
    deep = plain_text("Ferries leave on time. " + "<div>" * 50_000 + "no more")
    assert deep == "Ferries leave on time."
    fonts = "".join(f"<p><font size={n}>Ferry {n} leaves." for n in range(10_000))
    assert plain_text(fonts).startswith("Ferry 0 leaves. Ferry 1 leaves.")
    attributes = plain_text("Ferries. <p " + " ".join(f"a{n}" for n in range(40_000)) + ">Trains.")
    assert attributes == "Ferries."


def test_a_long_text_that_closes_what_it_opens_is_read_whole() -> None:
    rows = "".join(f"<tr><td><b>Ferry</b><td><span>{n}</span>" for n in range(3_000))
    assert plain_text(f"<div><table>{rows}</table></div>").endswith("Ferry 2999")
    pictures = '<img src="data:image/png;base64,' + "A" * 100_000 + '">'
    assert plain_text(f"<p>One{pictures}<p>Two{pictures}<p>Three") == "One Two Three"


def test_a_host_longer_than_any_is_no_host() -> None:
    assert followable_url("https://" + "漢" * 255 + "/") is None
    assert followable_url("https://" + "a." * 120 + "example./") is not None
