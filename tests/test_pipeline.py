"""End to end over replayed bytes: a section page of an outlet without a feed, two feeds, and at the end a topic's list."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import respx
from selectolax.lexbor import LexborHTMLParser

from aggregator import config
from aggregator.config import Config
from aggregator.model import ItemFilter, Poll
from aggregator.pipeline import lists
from aggregator.pipeline.poll import PollRun, poll, preview
from aggregator.render import Listing, html
from aggregator.store import Store

DAY = Path(__file__).parent / "fixtures" / "day"
NOW = datetime(2026, 5, 14, 7, 30, tzinfo=UTC)
COURIER = "https://lowlandcourier.example/local"
RADIO = "https://radiomerrow.example/feed"
GAZETTE = "https://countygazette.example/atom.xml"

SOURCES = f"""
[store]
database = "news.db"
[fetch]
host_gap = "0s"

[[sources]]
id = "courier"
name = "Lowland Courier"
url = "https://lowlandcourier.example/"
language = "en"
[[sources.feeds]]
url = "{COURIER}"
kind = "listing"
selectors = {{ item = "li.teaser", title = "h2 a", link = "h2 a", teaser = "p.intro", time = "time" }}

[[sources]]
id = "radio"
name = "Radio Merrow"
url = "https://radiomerrow.example/"
[[sources.feeds]]
url = "{RADIO}"

[[sources]]
id = "gazette"
name = "County Gazette"
url = "https://countygazette.example/"
[[sources.feeds]]
url = "{GAZETTE}"

[[topics]]
id = "bridge"
name = "Old Bridge"
any = ['"Old Bridge"']
"""


class Day:
    """A configuration, a store and the outlets' answers, which a test may change between polls."""

    def __init__(self, folder: Path, sources: str = SOURCES) -> None:
        path = folder / "sources.toml"
        path.write_text(sources)
        self.config: Config = config.load(path, environ={})
        self.store = Store.open(self.config.store.database, create=True, settings=self.config.store)
        self.now = NOW
        self.outlets = respx.Router(assert_all_called=False)
        self.outlets.get("https://lowlandcourier.example/robots.txt").respond(404)
        self.courier = self.outlets.get(COURIER).respond(
            content=(DAY / "courier.html").read_bytes(), content_type="text/html; charset=utf-8"
        )
        self.radio = self.outlets.get(RADIO).mock(side_effect=self._radio)
        self.gazette = self.outlets.get(GAZETTE).respond(
            content=(DAY / "gazette.xml").read_bytes(), content_type="application/atom+xml"
        )
        self.radio_body = (DAY / "radio.xml").read_bytes()

    def _radio(self, request: httpx.Request) -> httpx.Response:
        """An outlet that knows conditional requests."""
        etag = f'"{len(self.radio_body)}"'
        if request.headers.get("If-None-Match") == etag:
            return httpx.Response(304, headers={"ETag": etag})
        headers = {"ETag": etag, "Content-Type": "application/rss+xml"}
        return httpx.Response(200, headers=headers, content=self.radio_body)

    def poll(self, *, later: timedelta = timedelta(), everything: bool = True, link: bool = True) -> PollRun:
        self.now += later
        return poll(
            self.config,
            self.store,
            clock=lambda: self.now,
            all=everything,
            link=link,
            transport=httpx.MockTransport(self.outlets.async_handler),
        )

    def titles(self) -> list[str]:
        return [item.article.title for item in self.store.items(ItemFilter())]


@pytest.fixture
def day(tmp_path: Path) -> Iterator[Day]:
    day = Day(tmp_path)
    yield day
    day.store.close()


def by_source(run: PollRun) -> dict[str, Poll]:
    return {poll.source_id: poll for poll in run.polls}


def test_from_a_section_page_and_two_feeds_to_the_topic_list(day: Day) -> None:
    run = day.poll()

    assert {name: (p.outcome, p.served, p.new, p.rejected) for name, p in by_source(run).items()} == {
        "courier": ("ok", 2, 2, 0),
        "radio": ("ok", 3, 2, 1),
        "gazette": ("ok", 1, 1, 0),
    }
    assert [reason for _, reason in by_source(run)["radio"].rejections] == [
        "link is not http(s): javascript:"
    ]
    assert run.linked == 5

    topic = next(topic for topic in day.store.topics() if topic.id == "bridge")
    entries = lists.topic(day.store, day.config.relate, topic, now=day.now)
    entries.sort(key=lambda entry: entry.item.article.published_at, reverse=True)
    assert [entry.item.outlet for entry in entries] == ["County Gazette", "Lowland Courier", "Radio Merrow"]

    listing = Listing(key="topic/bridge", heading=topic.name, entries=tuple(entries), now=day.now)
    page = LexborHTMLParser(html.sidebar(listing))
    assert [node.text().strip() for node in page.css("h3 a")] == [
        "Detours of an hour as Merrow's Old Bridge stays shut",
        "Old Bridge in Merrow closed after barge hits pier",
        "Barge strikes Old Bridge in Merrow, crossing closed",
    ]
    assert page.css("h3 a")[1].attributes["href"] == (
        "https://lowlandcourier.example/local/2026/05/14/bridge-closed-after-barge-hits-pier?utm_source=front"
    )
    assert page.css("li time")[0].attributes["datetime"] == "2026-05-14T06:45:00Z"


def test_the_three_reports_are_one_story(day: Day) -> None:
    day.poll()
    top = lists.top_stories(day.store, day.config.relate, now=day.now, limit=5)
    assert set(top[0].outlets) == {"County Gazette", "Lowland Courier", "Radio Merrow"}
    assert top[0].independent == 3


def test_polling_again_changes_nothing(day: Day) -> None:
    day.poll()
    before = day.store.items(ItemFilter())
    again = by_source(day.poll(later=timedelta(minutes=20)))
    assert {name: (p.outcome, p.new, p.revised) for name, p in again.items()} == {
        "courier": ("unchanged", 0, 0),  # no validators: recognised by the hash of the body
        "radio": ("not_modified", 0, 0),
        "gazette": ("unchanged", 0, 0),
    }
    assert day.store.items(ItemFilter()) == before


def test_an_edited_headline_is_a_revision_of_the_same_article(day: Day) -> None:
    day.poll()
    before = lists.find_item(day.store, "https://radiomerrow.example/news/4411")
    day.radio_body = day.radio_body.replace(
        b"Barge strikes Old Bridge in Merrow, crossing closed",
        b"Old Bridge in Merrow shut for weeks, says engineer",
    )
    run = by_source(day.poll(later=timedelta(minutes=20)))
    assert (run["radio"].new, run["radio"].revised) == (0, 1)
    after = lists.find_item(day.store, "https://radiomerrow.example/news/4411")
    assert after.id == before.id
    assert after.article.title == "Old Bridge in Merrow shut for weeks, says engineer"
    assert [revision.title for revision in after.revisions] == [before.article.title]
    assert len(day.titles()) == 5


def test_only_what_is_due_is_polled(day: Day) -> None:
    day.poll()
    assert day.poll(everything=False, later=timedelta(seconds=30)).polls == ()
    assert len(day.poll(everything=False, later=timedelta(hours=12)).polls) == 3


def test_one_failing_outlet_stops_nobody(day: Day) -> None:
    day.gazette.respond(500)
    day.courier.respond(content=b"<html><body>maintenance</body></html>", content_type="text/html")
    run = by_source(day.poll())
    assert run["radio"].outcome == "ok"
    assert (run["gazette"].error_kind, run["gazette"].status) == ("server", 500)
    assert run["courier"].error_kind == "content"
    assert len(day.titles()) == 2
    states = day.store.feed_states()
    assert states[GAZETTE].error_count == 1
    assert states[GAZETTE].next_check_at is not None
    day.gazette.respond(content=(DAY / "gazette.xml").read_bytes(), content_type="application/atom+xml")
    assert by_source(day.poll(later=timedelta(hours=1)))["gazette"].new == 1
    assert day.store.feed_states()[GAZETTE].error_count == 0


def test_a_text_our_own_code_stumbles_over_is_that_feeds_failure(
    day: Day, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from aggregator import normalize

    original = normalize.identity

    def stumbles(entry, feed):  # type: ignore[no-untyped-def]
        if feed.source_id == "gazette":
            raise ZeroDivisionError("planted")
        return original(entry, feed)

    monkeypatch.setattr(normalize, "identity", stumbles)
    run = by_source(day.poll())
    assert run["radio"].outcome == run["courier"].outcome == "ok"
    assert "ZeroDivisionError" in (run["gazette"].error or "")
    assert "planted" in caplog.text


def test_a_preview_stores_nothing(day: Day) -> None:
    source = day.config.source("radio")
    shown = preview(
        day.config, source, clock=lambda: day.now, transport=httpx.MockTransport(day.outlets.async_handler)
    )
    (feed, parsed, articles), *rest = shown
    assert not rest
    assert feed.url == RADIO
    assert not isinstance(parsed, Exception)
    assert [getattr(article, "title", article) for article in articles][:2] == [
        "Barge strikes Old Bridge in Merrow, crossing closed",
        "Heron chicks hatch on the town hall roof",
    ]
    assert isinstance(articles[2], str)
    assert day.store.items(ItemFilter()) == []


def test_when_the_network_is_down_no_feed_is_blamed(tmp_path: Path) -> None:
    path = tmp_path / "sources.toml"
    path.write_text(
        "\n".join(
            f'[[sources]]\nid = "s{n}"\nname = "Outlet {n}"\nurl = "https://s{n}.example/"\n'
            f'[[sources.feeds]]\nurl = "https://s{n}.example/feed"\n'
            for n in range(6)
        )
    )
    settings = config.load(path, environ={})

    def nobody(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route to host", request=request)

    with Store.open(settings.store.database, create=True) as store:
        run = poll(settings, store, clock=lambda: NOW, transport=httpx.MockTransport(nobody))
        assert run.network_down
        assert run.all_failed
        assert {state.error_count for state in store.feed_states().values()} == {0}


def test_two_feeds_of_one_outlet_share_an_article_without_revising_it(tmp_path: Path) -> None:
    path = tmp_path / "sources.toml"
    path.write_text(
        '[fetch]\nhost_gap = "0s"\n[[sources]]\nid = "radio"\nname = "Radio"\nurl = "https://radio.example/"\n'
        '[[sources.feeds]]\nurl = "https://radio.example/world"\n[[sources.feeds]]\nurl = "https://radio.example/top"\n'
    )
    settings = config.load(path, environ={})
    teasers = {"/world": "The whole teaser of the world desk, two lines long.", "/top": "A shorter one."}
    shown = {"/world": True, "/top": True}
    clock = [NOW]

    def answer(request: httpx.Request) -> httpx.Response:
        item = (
            "<item><title>Barge strikes bridge</title><link>https://radio.example/1</link>"
            f"<pubDate>Thu, 14 May 2026 05:05:00 GMT</pubDate><description>{teasers[request.url.path]}</description></item>"
        )
        # Something changes at each poll, so that no poll ends at an equal body.
        other = f"<item><title>Weather at {clock[0]:%H:%M}</title><link>https://radio.example/{clock[0]:%H%M}</link></item>"
        served = (item if shown[request.url.path] else "") + other
        body = f"<rss version='2.0'><channel><title>R</title>{served}</channel></rss>"
        return httpx.Response(200, text=body, headers={"content-type": "application/rss+xml"})

    def poll_again(store: Store) -> None:
        clock[0] += timedelta(hours=1)
        poll(
            settings,
            store,
            clock=lambda: clock[0],
            all=True,
            link=False,
            transport=httpx.MockTransport(answer),
        )

    with Store.open(settings.store.database, create=True) as store:
        for _ in range(3):
            poll_again(store)
        item = lists.find_item(store, "https://radio.example/1")
        assert item.revisions == ()
        details = store.article_details(item.id)
        assert details is not None
        assert {sighting.feed_id for sighting in details.sightings} == {
            "https://radio.example/world",
            "https://radio.example/top",
        }
        owner = next(path for path, teaser in teasers.items() if teaser == item.article.teaser)
        shown[owner] = False  # the feed that brought it drops it; the other goes on, and edits it
        poll_again(store)
        other = "/top" if owner == "/world" else "/world"
        teasers[other] = "Everything about the barge is different now."
        poll_again(store)
        assert lists.find_item(store, "https://radio.example/1").article.teaser == teasers[other]


def test_a_feed_that_is_tagged_with_a_topic_brings_its_articles_into_it(tmp_path: Path) -> None:
    tagged = SOURCES.replace(f'url = "{GAZETTE}"', f'url = "{GAZETTE}"\ntopics = ["nature"]')
    day = Day(tmp_path, tagged + '[[topics]]\nid = "nature"\nname = "Nature"\nany = ["heron*"]\n')
    day.poll()
    nature = next(topic for topic in day.store.topics() if topic.id == "nature")
    entries = lists.topic(day.store, day.config.relate, nature, now=day.now)
    assert {entry.item.outlet for entry in entries} == {"Radio Merrow", "County Gazette"}
    assert {entry.reasons[0] for entry in entries} == {"matches heron*", "matches feed"}
    assert len(lists.topic_items(day.store, nature, ItemFilter())) == 2
    day.store.close()
