"""End to end over replayed bytes: a section page of an outlet without a feed, two feeds, and at the end a topic's list."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import respx
from selectolax.lexbor import LexborHTMLParser

from aggregator import config, health
from aggregator.config import Config
from aggregator.model import Feed, FeedState, ItemFilter, Poll, Related
from aggregator.pipeline import lists
from aggregator.pipeline.address import as_asked, as_configured
from aggregator.pipeline.poll import PollRun, poll
from aggregator.pipeline.preview import preview
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


# --- the health of a feed, as its polls go ---------------------------------------------------------------------------

HARBOUR = """
[store]
database = "news.db"
[fetch]
host_gap = "0s"
[[sources]]
id = "harbour"
name = "Harbour Post"
url = "https://harbour.example/"
[[sources.feeds]]
url = "https://harbour.example/rss"
[[sources.feeds]]
url = "https://harbour.example/sitemap.xml"
kind = "sitemap"
"""
FEED = "https://harbour.example/rss"
SITEMAP = "https://harbour.example/sitemap.xml"


class Harbour:
    """One outlet with a feed of its last articles and a sitemap of all of them, polled by the hour."""

    def __init__(self, folder: Path, configuration: str = HARBOUR) -> None:
        path = folder / "sources.toml"
        path.write_text(configuration)
        self.config = config.load(path, environ={})
        self.store = Store.open(self.config.store.database, create=True, settings=self.config.store)
        self.now = NOW
        self.published: list[tuple[int, datetime]] = []  # number of an article, when it came out
        self.shown = 10  # by the feed
        self.without: set[str] = set()  # elements that the feed leaves out
        self.asked: list[httpx.Request] = []
        self.moved = False

    def publish(self, count: int, *, hours_ago: float = 0) -> None:
        for _ in range(count):
            number = len(self.published)
            self.published.append((number, self.now - timedelta(hours=hours_ago, seconds=-number % 60)))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if request.url.path == "/sitemap.xml":
            return httpx.Response(200, text=self._sitemap(), headers={"content-type": "application/xml"})
        if request.url.host == "harbour.example" and self.moved:
            return httpx.Response(301, headers={"location": "https://news.harbour.example/feed"})
        etag = f'"{len(self.published)}"'
        if request.headers.get("if-none-match") == etag:
            return httpx.Response(304, headers={"etag": etag})
        return httpx.Response(
            200, text=self._feed(), headers={"content-type": "application/rss+xml", "etag": etag}
        )

    def _feed(self) -> str:
        def item(number: int, at: datetime) -> str:
            parts = {
                "title": f"Headline number {number} of the harbour",
                "link": f"https://harbour.example/{number}",
                "pubDate": f"{at:%a, %d %b %Y %H:%M:%S} GMT",
                "description": f"A teaser of some length that belongs to report {number}.",
            }
            given = "".join(
                f"<{name}>{text}</{name}>" for name, text in parts.items() if name not in self.without
            )
            return f"<item>{given}</item>"

        items = "".join(item(*one) for one in reversed(self.published[-self.shown :])) if self.shown else ""
        return f"<rss version='2.0'><channel><title>Harbour</title>{items}</channel></rss>"

    def _sitemap(self) -> str:
        news = "http://www.google.com/schemas/sitemap-news/0.9"
        urls = "".join(
            f"<url><loc>https://harbour.example/{number}</loc><n:news>"
            f"<n:publication_date>{at.isoformat()}</n:publication_date>"
            f"<n:title>Headline number {number} of the harbour</n:title></n:news></url>"
            for number, at in self.published
        )
        return f"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9' xmlns:n='{news}'>{urls}</urlset>"

    def poll(
        self, *feed_ids: str, later: timedelta = timedelta(hours=1), due: bool = False
    ) -> dict[str, Poll]:
        self.now += later
        run = poll(
            self.config,
            self.store,
            clock=lambda: self.now,
            all=not due,
            feed_ids=feed_ids or None,
            link=False,
            transport=httpx.MockTransport(self._answer),
        )
        return {done.feed_id: done for done in run.polls}


@pytest.fixture
def harbour(tmp_path: Path) -> Iterator[Harbour]:
    harbour = Harbour(tmp_path)
    harbour.publish(10, hours_ago=1)
    yield harbour
    harbour.store.close()


def test_a_gap_between_two_polls_is_noticed_and_filled_from_the_sitemap(harbour: Harbour) -> None:
    harbour.poll()
    assert harbour.store.gaps() == []
    harbour.now += timedelta(hours=6)
    harbour.publish(15)  # five more than the feed shows
    lost = [at for _, at in harbour.published[10:15]]
    polled = harbour.poll(FEED)
    assert "possible gap since 2026-05-14" in (polled[FEED].note or "")
    assert "1 other feed of the outlet asked at once" in (polled[FEED].note or "")
    (gap,) = harbour.store.gaps()
    assert (gap.at, gap.asked, gap.filled) == (harbour.now, 1, 0)
    assert all(gap.since < at < gap.until for at in lost)
    assert harbour.store.feed_states()[SITEMAP].next_check_at == harbour.now

    assert harbour.poll(due=True, later=timedelta())[SITEMAP].new == 5
    (gap,) = harbour.store.gaps()
    assert (gap.filled, gap.filled_at) == (5, harbour.now)


def test_polls_that_overlap_by_one_article_have_no_gap(harbour: Harbour) -> None:
    harbour.poll(FEED)
    harbour.publish(9)
    assert harbour.poll(FEED)[FEED].note is None
    assert harbour.store.gaps() == []


def test_an_empty_document_is_no_gap(harbour: Harbour) -> None:
    harbour.poll(FEED)
    shown, harbour.shown = harbour.shown, 0
    harbour.publish(1)
    harbour.poll(FEED)
    assert harbour.store.feed_states()[FEED].empty_since == harbour.now
    harbour.shown = shown
    harbour.publish(20)
    harbour.poll(FEED)
    assert harbour.store.gaps() == []


def test_a_relaunch_under_new_addresses_is_no_gap(harbour: Harbour) -> None:
    harbour.poll(FEED)
    harbour.published = [(number + 100, at) for number, at in harbour.published] + [(200, harbour.now)]
    assert harbour.poll(FEED)[FEED].new > 0
    assert harbour.store.gaps() == []


def test_a_document_read_in_part_tells_no_gap(harbour: Harbour) -> None:
    object.__setattr__(harbour.config, "fetch", replace(harbour.config.fetch, max_entries=5))
    harbour.poll(FEED)
    harbour.publish(15)
    assert "left unread" in (harbour.poll(FEED)[FEED].note or "")
    assert harbour.store.gaps() == []


def test_teasers_that_vanish_are_a_drift_with_the_document_kept(harbour: Harbour) -> None:
    def state() -> health.Health:
        states, habits = harbour.store.feed_states(), harbour.store.feed_habits()
        return health.survey(harbour.store.sources(), states, habits, harbour.now)[FEED]

    for _ in range(4):
        harbour.publish(5)
        harbour.poll(FEED)
    assert state().state == "ok"
    harbour.without = {"description"}
    harbour.publish(5)
    harbour.poll(FEED)
    began = harbour.now
    assert (state().state, harbour.store.saved_document(FEED)) == ("ok", None)
    harbour.publish(5)
    polled = harbour.poll(FEED)[FEED]
    assert polled.note == f"drift: teaser missing since {began:%Y-%m-%d %H:%M}Z"
    assert (state().state, state().since) == ("drift", began)
    kept = harbour.store.saved_document(FEED)
    assert kept is not None
    assert kept.body.decode() == harbour._feed()
    harbour.without = set()
    harbour.publish(5)
    assert harbour.poll(FEED)[FEED].note is None
    assert state().state == "ok"
    assert harbour.store.saved_document(FEED) is None


SECRETS = HARBOUR.replace(
    f'url = "{FEED}"', f'url = "{FEED}"\nheaders = {{ Authorization = "Bearer s3cret" }}'
)


def test_a_feed_that_moved_for_three_days_is_asked_at_its_new_address(tmp_path: Path) -> None:
    harbour = Harbour(tmp_path, SECRETS)
    harbour.publish(10)
    harbour.poll(FEED)
    harbour.moved = True
    for _ in range(3):
        harbour.publish(1)
        assert harbour.poll(FEED, later=timedelta(days=1))[FEED].new == 1
    harbour.asked.clear()
    states = harbour.store.feed_states()
    how = health.survey(harbour.store.sources(), states, {}, harbour.now)[FEED]
    assert (how.state, how.why) == ("moved", "to https://news.harbour.example/feed")

    assert harbour.poll(FEED, later=timedelta(days=1))[FEED].outcome == "not_modified"
    (request,) = harbour.asked
    assert str(request.url) == "https://news.harbour.example/feed"
    assert request.headers["if-none-match"] == '"13"', "the validators came from there"
    assert "authorization" not in request.headers, "secrets stay with the origin they were given for"

    harbour.publish(1)
    polled = harbour.poll(FEED)[FEED]
    assert (polled.new, polled.url, polled.feed_id) == (1, FEED, FEED)
    state = harbour.store.feed_states()[FEED]
    assert (state.url, state.moved_to, state.etag) == (FEED, "https://news.harbour.example/feed", '"14"')
    assert len(harbour.store.items(ItemFilter())) == 14
    harbour.store.close()


def test_a_moved_address_that_fails_sends_back_to_the_configured_one(tmp_path: Path) -> None:
    harbour = Harbour(tmp_path)
    harbour.publish(10)
    harbour.moved = True
    for _ in range(3):
        harbour.poll(FEED, later=timedelta(days=1))
    harbour.moved = False  # the outlet has moved back
    answer = harbour._answer
    harbour._answer = lambda request: (  # type: ignore[method-assign]
        httpx.Response(404) if request.url.host == "news.harbour.example" else answer(request)
    )
    assert harbour.poll(FEED)[FEED].outcome == "error"
    harbour.publish(1)
    assert harbour.poll(FEED)[FEED].new == 1
    assert harbour.store.feed_states()[FEED].moved_to is None
    harbour.store.close()


def test_credentials_in_an_address_go_along_where_it_moves_within_its_origin() -> None:
    feed = Feed(id="a", url="https://me:p%40ss@harbour.example/rss", source_id="harbour")
    state = FeedState(
        feed_id="a", url=feed.url, etag='"1"', moved_to="https://harbour.example/feed", moved_count=3
    )
    asked, state_asked = as_asked(feed, state)
    assert (asked.url, asked.headers) == (
        "https://harbour.example/feed",
        {"Authorization": "Basic bWU6cEBzcw=="},
    )
    assert state_asked.url == asked.url
    assert as_configured(feed, state_asked) == state
    assert as_asked(feed, replace(state, moved_count=2)) == (feed, replace(state, moved_count=2))


def test_nothing_that_belongs_to_an_origin_goes_along_to_another() -> None:
    feed = Feed(
        id="a",
        url="https://harbour.example/rss",
        source_id="harbour",
        headers={"Authorization": "Bearer x"},
        proxy="http://proxy.example:8080",
        ca="/etc/harbour.pem",
    )
    state = FeedState(feed_id="a", url=feed.url, moved_to="https://elsewhere.example/rss", moved_count=3)
    asked, _ = as_asked(feed, state)
    assert (asked.headers, asked.proxy, asked.ca) == ({}, "", "")


def test_the_sites_own_articles_have_lists_and_stand_in_none(tmp_path: Path) -> None:
    day = Day(tmp_path, SOURCES.replace('id = "radio"', 'id = "radio"\nrole = "own"'))
    day.poll()
    topic = next(topic for topic in day.store.topics() if topic.id == "bridge")
    own = lists.find_item(day.store, "https://radiomerrow.example/news/4411")
    other = lists.find_item(day.store, "https://countygazette.example/traffic/merrow-old-bridge")

    def outlets(entries: list[Related]) -> set[str]:
        return {entry.item.outlet for entry in entries}

    others = {"County Gazette", "Lowland Courier"}
    assert outlets(lists.topic(day.store, day.config.relate, topic, now=day.now)) == others
    assert outlets(lists.related(day.store, day.config.relate, own, now=day.now)) == others
    assert outlets(lists.related(day.store, day.config.relate, other, now=day.now)) == {"Lowland Courier"}
    day.store.close()


def test_a_poll_that_failed_carries_how_long_it_took_and_what_came(harbour: Harbour) -> None:
    harbour._answer = lambda request: (  # type: ignore[method-assign]
        httpx.Response(
            200, text="<html><body>maintenance</body></html>", headers={"content-type": "text/html"}
        )
        if request.url.path == "/rss"
        else httpx.Response(503)
    )
    polled = harbour.poll()
    page, unavailable = polled[FEED], polled[SITEMAP]
    assert (page.outcome, page.status, page.error_kind) == ("error", 200, "content")
    assert page.bytes == len("<html><body>maintenance</body></html>")
    assert (unavailable.status, unavailable.bytes) == (503, 0)
    assert page.duration > timedelta()
    assert unavailable.duration > timedelta()
