"""RSS, Atom and JSON Feed: well-formed whatever the texts say, and read back by a feed reader as they were."""

import json
from xml.parsers import expat

import feedparser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from aggregator.model import Related
from aggregator.render import Listing
from aggregator.render.feeds import atom, jsonfeed, rss
from aggregator.render.safe import page_text
from render_samples import HOSTILE_PAIRS, HOSTILE_URLS, NOW, make_copy, make_related, make_revision


def listing(*entries: Related, **fields: str) -> Listing:
    given = {"key": "topic/ports", "heading": "Ports & shipping", "home_url": "", **fields}
    return Listing(entries=entries, now=NOW, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize("make", [rss, atom])
@pytest.mark.parametrize(("text", "url"), HOSTILE_PAIRS, ids=range(len(HOSTILE_PAIRS)))
def test_xml_stays_well_formed(make, text: str, url: str) -> None:  # type: ignore[no-untyped-def]
    entry = make_related(
        title=text,
        teaser=text,
        outlet=text,
        authors=(text,),
        language=text,
        url=url,
        canonical_url=url,
        agency=text,
    )
    document = make(listing(entry, heading=text, key=text, home_url=url)).encode()
    expat.ParserCreate().Parse(document, True)
    root = etree.fromstring(document)
    assert len(root.xpath("//*[local-name()='item' or local-name()='entry']")) == 1
    assert all(
        link.startswith("http")
        for link in root.xpath("//*[local-name()='item']/*[local-name()='link']/text()")
    )


@given(text=st.text(st.characters(exclude_categories=())))
@settings(max_examples=50, deadline=None)
def test_any_text_comes_back_as_the_text_it_is_without_what_xml_forbids(text: str) -> None:
    entry = make_related(title=text, teaser=text)
    root = etree.fromstring(atom(listing(entry)).encode())
    assert (root.findtext("{*}entry/{*}title") or "") == (page_text(text, 300) or entry.item.article.url)


@pytest.mark.parametrize("make", [rss, atom])
@pytest.mark.parametrize(
    "title",
    [
        "Fish & chips at 3 > 2 ]]> done",
        "Ends with ]]>",
        "Ein „Zitat“ über Öl",
        "AT&T and R&D",
        "1 < 2",
        'Tom\'s "yes"',
    ],
)
def test_titles_come_back_unchanged_through_a_feed_reader(make, title: str) -> None:  # type: ignore[no-untyped-def]
    feed = feedparser.parse(make(listing(make_related(title=title))).encode())
    assert not feed.bozo
    assert feed.entries[0].title == title


def test_atom_titles_are_plain_text_even_when_they_look_like_markup() -> None:
    root = etree.fromstring(atom(listing(make_related(title="Use <b>bold</b> &amp; more"))).encode())
    (title,) = root.findall("{*}entry/{*}title")
    assert (title.get("type"), title.text) == ("text", "Use <b>bold</b> &amp; more")


def test_rss_names_outlet_authors_time_and_a_stable_guid() -> None:
    document = rss(listing(make_related(authors=("Noor Halim",)))).encode()
    entry = feedparser.parse(document).entries[0]
    assert entry.source.title == "The Harbour Post"
    assert entry.source.href == "https://www.harbourpost.example/"
    assert entry.author == "Noor Halim"
    assert entry.id == "https://harbourpost.example/2026/05/14/1"
    assert entry.guidislink is False
    assert entry.link == "https://www.harbourpost.example/2026/05/14/1"
    assert entry.published_parsed[:5] == (2026, 5, 14, 8, 28)
    assert entry.summary.startswith("A ferry with 312 people")


def test_a_description_is_html_that_shows_the_plain_text() -> None:
    document = rss(listing(make_related(teaser="Rates < 3 % & falling"))).encode()
    assert etree.fromstring(document).findtext("channel/item/description") == "Rates &lt; 3 % &amp; falling"


def test_atom_has_what_rfc_4287_requires() -> None:
    root = etree.fromstring(atom(listing(make_related(revisions=(make_revision(),)))).encode())
    for place in ("id", "title", "updated", "entry/id", "entry/title", "entry/updated", "entry/author/name"):
        assert root.findtext("/".join(f"{{*}}{part}" for part in place.split("/"))), place
    assert root.findtext("{*}entry/{*}updated") == "2026-05-14T09:10:00Z", "the last revision"
    assert root.findtext("{*}entry/{*}source/{*}title") == "The Harbour Post"


def test_ids_depend_on_what_the_list_is_of_and_not_on_its_moment() -> None:
    one, other = atom(listing(make_related())), atom(listing(make_related(title="Another headline")))
    assert feedparser.parse(one.encode()).feed.id == feedparser.parse(other.encode()).feed.id
    assert feedparser.parse(one.encode()).entries[0].id == feedparser.parse(other.encode()).entries[0].id
    assert (
        feedparser.parse(one.encode()).feed.id
        != feedparser.parse(atom(listing(key="topic/x")).encode()).feed.id
    )


def test_an_unchanged_list_keeps_its_time() -> None:
    later = Listing(key="topic/ports", heading="", entries=(make_related(),), now=NOW.replace(hour=23))
    assert rss(later).partition("<lastBuildDate>")[2].startswith("Thu, 14 May 2026 08:40:00 +0000")


def test_json_feed_has_its_required_keys_and_our_own() -> None:
    feed = jsonfeed(
        listing(make_related(agency="Meridian Wire", copies=(make_copy(),)), home_url="https://tarn.example/")
    )
    json.dumps(feed)
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["home_page_url"] == "https://tarn.example/"
    (item,) = feed["items"]
    assert item["id"] == "https://harbourpost.example/2026/05/14/1"
    assert item["content_text"]
    assert item["date_published"] == "2026-05-14T08:28:00Z"
    own = item["_aggregator"]
    assert (own["outlet"], own["agency"], own["relation"]) == (
        "The Harbour Post",
        "Meridian Wire",
        "same_story",
    )
    assert [copy["outlet"] for copy in own["copies"]] == ["The Daily Tarn"]


@pytest.mark.parametrize("url", HOSTILE_URLS, ids=range(len(HOSTILE_URLS)))
def test_a_json_feed_links_web_addresses_only(url: str) -> None:
    (item,) = jsonfeed(listing(make_related(url=url, canonical_url=url, image=url)))["items"]
    assert item.get("url", "https://").startswith("https://")
    assert item["id"]


@pytest.mark.parametrize("make", [rss, atom])
def test_an_empty_list_is_a_valid_feed(make) -> None:  # type: ignore[no-untyped-def]
    feed = feedparser.parse(make(listing()).encode())
    assert not feed.bozo
    assert feed.entries == []
    assert feed.feed.title == "Ports & shipping"
