"""Articles' own pages: asked once and politely, believed where they are the article's, and the better field wins.

Whole polls of one outlet over replayed bytes; the rules of which field is better are at the end.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from aggregator import config, normalize
from aggregator.errors import ConfigError
from aggregator.model import Article, Item, ItemFilter, ParsedPage, Source
from aggregator.parse import by_trafilatura
from aggregator.pipeline import visit
from aggregator.pipeline.poll import PollRun, poll
from aggregator.pipeline.why import why
from aggregator.store import Store

NOW = datetime(2026, 5, 14, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
SITE = "https://quay.example"
CONFIGURATION = """
[store]
database = "news.db"
[fetch]
host_gap = "0s"
[[sources]]
id = "quay"
name = "The Quay"
url = "https://quay.example/"
language = "en"
{keys}
[[sources.feeds]]
url = "https://quay.example/rss"
{feed_keys}
"""

BODY = "".join(
    f"<p>Paragraph {number} of the report tells at length what the crews of the four boats said about it.</p>"
    for number in range(1, 7)
)


def page(
    title: str = "Ferry to Cape Lorne turns back in fog",
    *,
    path: str = "/news/1",
    description: str = "The morning boat lost sight of the pier and waited for two hours.",
    published: str = "2026-05-14T09:30:00+02:00",
    head: str = "",
) -> bytes:
    return f"""<!doctype html><html lang="en"><head><title>{title} - The Quay</title>
<link rel="canonical" href="{SITE}{path}"><meta property="og:title" content="{title}">
<meta name="description" content="{description}"><meta name="author" content="Ada Varga">
<meta property="article:published_time" content="{published}">
<meta property="og:image" content="{SITE}/pictures/boat.jpg">{head}</head>
<body><article><h1>{title}</h1>{BODY}</article></body></html>""".encode()


def item(number: int = 1, *, title: str = "Ferry to Cape Lorne turns back in fog", rest: str = "") -> str:
    link = f"{SITE}/news/{number}"
    return f"<item><title>{title}</title><link>{link}</link><guid>{link}</guid>{rest}</item>"


Answer = httpx.Response | Callable[[], httpx.Response]


@dataclass
class Quay:
    """The outlet, and the program that polls it."""

    folder: Path
    keys: str = 'enrich = "missing"'
    feed_keys: str = ""
    now: datetime = NOW
    items: list[str] = field(default_factory=lambda: [item()])
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    sent: list[httpx.Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        path = self.folder / "sources.toml"
        path.write_text(CONFIGURATION.format(keys=self.keys, feed_keys=self.feed_keys))
        self.config = config.load(path, environ={})
        self.store = Store.open(self.config.store.database, create=True, settings=self.config.store)
        self.answers.setdefault("/robots.txt", httpx.Response(404))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.asked[path] += 1
        self.sent.append(request)
        if path == "/rss":
            body = f'<rss version="2.0"><channel><title>Q</title>{"".join(self.items)}</channel></rss>'
            return httpx.Response(200, content=body.encode(), headers={"content-type": "application/rss+xml"})
        answer = self.answers.get(path, httpx.Response(404))
        return answer() if callable(answer) else answer

    def serve(self, path: str, body: bytes, media_type: str = "text/html; charset=utf-8") -> None:
        self.answers[path] = httpx.Response(200, content=body, headers={"content-type": media_type})

    def poll(self, *, later: timedelta = HOUR, **arguments: object) -> PollRun:
        self.now += later
        return poll(
            self.config,
            self.store,
            clock=lambda: self.now,
            all=True,
            transport=httpx.MockTransport(self._answer),
            **arguments,  # type: ignore[arg-type]
        )

    def item(self, number: int = 1) -> Item:
        details = self.store.article_details(number)
        assert details is not None
        return details.item

    def outcomes(self) -> list[str]:
        return [done.outcome for done in self.poll().visits]


@pytest.fixture
def quay(tmp_path: Path) -> Iterator[Quay]:
    with_pages = Quay(tmp_path)
    with_pages.serve("/news/1", page())
    yield with_pages
    with_pages.store.close()


# --- asked, once, politely -----------------------------------------------------------------------------------------


def test_the_page_gives_what_the_feed_does_not(quay: Quay) -> None:
    run = quay.poll()
    article = quay.item().article
    assert [(done.outcome, done.tries, done.next_at) for done in run.visits] == [("ok", 1, None)]
    assert article.teaser == "The morning boat lost sight of the pier and waited for two hours."
    assert article.published_at == datetime(2026, 5, 14, 7, 30, tzinfo=UTC)
    assert (article.published_origin, article.published_precision) == ("page", "instant")
    assert article.image == f"{SITE}/pictures/boat.jpg"
    assert article.authors == ("Ada Varga",)
    assert article.text is not None
    assert article.text.startswith("Paragraph 1 of")
    assert article.from_page == ("teaser", "published_at", "text", "authors", "image")


def test_the_visit_says_where_in_the_page_each_field_stood(quay: Quay) -> None:
    (done,) = quay.poll().visits
    assert done.note.startswith("teaser (")
    assert "published_at (article:published_time)" in done.note
    told = why(quay.store, f"{SITE}/news/1")
    assert told.visit is not None
    assert told.visit.note == done.note


def test_a_page_is_asked_once(quay: Quay) -> None:
    for _ in range(3):
        quay.poll()
    assert quay.asked["/news/1"] == 1


def test_an_unconfigured_source_is_not_asked(tmp_path: Path) -> None:
    plain = Quay(tmp_path, keys="")
    plain.serve("/news/1", page())
    assert plain.poll().visits == ()
    assert plain.asked["/news/1"] == 0


def test_a_run_may_leave_pages_out(quay: Quay) -> None:
    assert quay.poll(pages=False).visits == ()
    assert [done.outcome for done in quay.poll().visits] == ["ok"]


def test_only_articles_that_lack_something_are_asked(quay: Quay) -> None:
    quay.items = [
        item(
            2,
            title="Two boats more for the islands",
            rest="<description>The council buys them in spring.</description>"
            "<pubDate>Thu, 14 May 2026 08:00:00 GMT</pubDate>"
            '<enclosure url="https://quay.example/p.jpg" type="image/jpeg" length="1"/>',
        )
    ]
    assert quay.poll().visits == ()


def test_always_asks_complete_ones_too_for_their_text(tmp_path: Path) -> None:
    always = Quay(tmp_path, keys='enrich = "always"')
    always.items = [
        item(
            rest="<description>The council buys them in spring.</description>"
            "<pubDate>Thu, 14 May 2026 08:00:00 GMT</pubDate>"
            '<enclosure url="https://quay.example/p.jpg" type="image/jpeg" length="1"/>'
        )
    ]
    always.serve("/news/1", page())
    always.poll()
    assert always.item().article.from_page == ("text", "authors")
    assert always.item().article.teaser == "The council buys them in spring."


def test_robots_txt_is_obeyed(quay: Quay) -> None:
    quay.answers["/robots.txt"] = httpx.Response(200, text="User-agent: *\nDisallow: /news/")
    run = quay.poll()
    assert [(done.outcome, done.next_at) for done in run.visits] == [("refused", None)]
    assert "robots.txt does not allow" in run.visits[0].note
    assert quay.poll().visits == ()
    assert quay.asked["/news/1"] == 0
    assert quay.asked["/rss"] == 2


def test_a_server_in_trouble_is_asked_three_times_an_hour_apart(quay: Quay) -> None:
    quay.answers["/news/1"] = httpx.Response(500)
    assert quay.outcomes() == ["server"]
    assert [done.outcome for done in quay.poll(later=timedelta(minutes=20)).visits] == []
    assert quay.outcomes() == ["server"]
    assert quay.outcomes() == ["server"]
    assert quay.outcomes() == []
    assert quay.asked["/news/1"] == 3


def test_a_server_that_asks_to_wait_is_left_alone_as_long(quay: Quay) -> None:
    quay.answers["/news/1"] = httpx.Response(429, headers={"retry-after": "10000"})
    (done,) = quay.poll().visits
    assert done.next_at == quay.now + timedelta(seconds=10_000)


def test_what_cannot_be_reached_does_not_count_as_asked(quay: Quay) -> None:
    def unreachable() -> httpx.Response:
        raise httpx.ConnectError("no route to host")

    quay.answers["/news/1"] = unreachable
    for _ in range(5):
        assert quay.outcomes() == ["network"]
    quay.serve("/news/1", page())
    assert quay.outcomes() == ["ok"]


def test_pages_that_were_not_asked_do_not_count_as_asked(quay: Quay) -> None:
    """The host wants to be left alone for longer than a run: what waits behind the first page is answered unasked."""
    quay.items = [item(number, title=f"Report number {number} on the pier") for number in (1, 2)]
    busy = httpx.Response(429, headers={"retry-after": "3000"})
    for number in (1, 2):
        quay.answers[f"/news/{number}"] = busy
    for _ in range(4):
        quay.poll()
    assert quay.asked["/news/2"] == 3
    assert quay.asked["/news/1"] >= 1, "its turn comes"


def test_a_robots_txt_that_cannot_be_read_is_waited_for(quay: Quay) -> None:
    quay.answers["/robots.txt"] = httpx.Response(503)
    for _ in range(5):
        assert quay.outcomes() == ["refused"]
    quay.answers["/robots.txt"] = httpx.Response(404)
    quay.poll()
    assert quay.item().article.from_page != ()


def test_a_page_that_is_gone_is_not_asked_again(quay: Quay) -> None:
    quay.answers["/news/1"] = httpx.Response(404)
    assert quay.outcomes() == ["client"]
    assert quay.outcomes() == []


def test_old_articles_are_not_asked_when_it_is_turned_on(tmp_path: Path) -> None:
    later = Quay(tmp_path, keys="")
    later.serve("/news/1", page())
    later.poll()
    later.store.close()
    turned_on = Quay(tmp_path, now=later.now + visit.WITHIN)
    turned_on.serve("/news/1", page())
    assert turned_on.poll().visits == ()


def test_no_more_than_fifty_of_a_source_in_one_run(quay: Quay) -> None:
    quay.items = [item(number, title=f"Report number {number} on the pier") for number in range(1, 71)]
    for number in range(1, 71):
        quay.serve(f"/news/{number}", page(f"Report number {number} on the pier", path=f"/news/{number}"))
    assert len(quay.poll().visits) == visit.AT_ONCE
    assert len(quay.poll().visits) == 20
    assert max(quay.asked[f"/news/{number}"] for number in range(1, 71)) == 1


def test_secrets_go_to_the_feeds_own_origin_only(tmp_path: Path) -> None:
    quay = Quay(tmp_path, feed_keys='headers = { X-Key = "s3cret" }')
    elsewhere = "https://partner.example/news/9"
    quay.items = [item(1), f"<item><title>Pier opens again on Sunday</title><link>{elsewhere}</link></item>"]
    quay.serve("/news/1", page())
    quay.serve("/news/9", page("Pier opens again on Sunday", path="/news/9"))
    quay.poll()
    keys = {request.url.host + request.url.path: request.headers.get("x-key") for request in quay.sent}
    assert keys["quay.example/news/1"] == "s3cret"
    assert keys["partner.example/news/9"] is None


def test_a_claim_that_was_given_back_leaves_no_trace(quay: Quay) -> None:
    quay.poll(pages=False)
    with quay.store.write() as writer:
        held = writer.claim_visits(
            quay.now, until=quay.now + HOUR, since=NOW, wanted={"quay": "missing"}, at_most={"quay": 9}
        )
        assert [one.article_id for one in held] == [1]
        assert not writer.claim_visits(
            quay.now, until=quay.now + HOUR, since=NOW, wanted={"quay": "missing"}, at_most={"quay": 9}
        )
        writer.release_visits(held)
    assert quay.outcomes() == ["ok"]


def test_a_claim_of_a_process_that_died_ends_by_itself(quay: Quay) -> None:
    quay.poll(pages=False)
    with quay.store.write() as writer:
        writer.claim_visits(
            quay.now, until=quay.now + 2 * HOUR, since=NOW, wanted={"quay": "missing"}, at_most={"quay": 9}
        )
    assert quay.outcomes() == []
    assert quay.outcomes() == ["ok"]


# --- whose page it is ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "other",
    [
        b"<html><head><title>Before you continue</title></head><body><h1>We value your privacy</h1></body></html>",
        b"<html><head><title>Page not found | The Quay</title></head><body><h1>Page not found</h1></body></html>",
        b"<html><head><title>Sign in</title></head><body><form><input name=u></form></body></html>",
        b"<html><body><p>Just a moment...</p></body></html>",
    ],
)
def test_another_page_in_its_place_is_not_believed(quay: Quay, other: bytes) -> None:
    quay.serve("/news/1", other)
    (done,) = quay.poll().visits
    assert done.outcome == "other_page"
    assert quay.item().article.from_page == ()
    assert quay.item().article.teaser == ""


def test_a_rewritten_headline_is_believed_where_the_page_names_the_address(quay: Quay) -> None:
    quay.serve("/news/1", page("Grounded: two hours blind at sea"))
    assert quay.outcomes() == ["ok"]
    assert quay.item().article.title == "Ferry to Cape Lorne turns back in fog"


def test_what_is_no_page_is_said_to_be_none(quay: Quay) -> None:
    quay.serve("/news/1", b"%PDF-1.7", "application/pdf")
    (done,) = quay.poll().visits
    assert (done.outcome, done.next_at) == ("content", None)
    assert done.note == "answered with application/pdf; expected an HTML page"


def test_the_address_a_page_calls_its_own_finds_the_article_from_then_on(quay: Quay) -> None:
    quay.serve("/news/1", page(path="/2026/05/ferry-turns-back"))
    quay.poll()
    link = "<link>https://quay.example/2026/05/ferry-turns-back</link>"
    quay.items = [f"<item><title>Ferry to Cape Lorne turns back in fog</title>{link}</item>"]
    quay.poll()
    assert quay.store.count(ItemFilter(state="all")) == 1


def test_a_partners_copy_does_not_take_the_originals_address(quay: Quay) -> None:
    original = b'<link rel="canonical" href="https://wire.example/ferry">'
    quay.serve(
        "/news/1", page().replace(b'<link rel="canonical" href="https://quay.example/news/1">', original)
    )
    quay.poll()
    quay.items = [item(), "<item><title>Ferry</title><link>https://wire.example/ferry</link></item>"]
    quay.poll()
    assert quay.store.count(ItemFilter(state="all")) == 2


# --- the feed goes on ----------------------------------------------------------------------------------------------


def test_a_later_edition_of_the_feed_takes_nothing_away(quay: Quay) -> None:
    quay.poll()
    before = quay.item().article
    quay.items = [item(title="Ferry to Cape Lorne turns back again")]
    quay.poll()
    after = quay.item().article
    assert after == replace(before, title="Ferry to Cape Lorne turns back again")
    assert len(quay.item().revisions) == 1


def test_a_feed_that_cuts_its_teaser_again_revises_nothing(quay: Quay) -> None:
    cut = "<description>Fog lay over the sound when the boat with 240 people […]</description>"
    quay.items = [item(rest=cut)]
    quay.poll()
    assert quay.item().article.teaser.startswith("The morning boat")
    quay.items = [item(rest=cut.replace("240", "241"))]
    assert [done.revised for done in quay.poll().polls] == [0]
    assert quay.item().article.teaser.startswith("The morning boat")


def test_a_teaser_that_the_feed_writes_later_is_a_revision(quay: Quay) -> None:
    quay.poll()
    quay.items = [
        item(rest="<description>All 240 passengers are safe, says the harbour office.</description>")
    ]
    quay.poll()
    article = quay.item().article
    assert article.teaser == "All 240 passengers are safe, says the harbour office."
    assert "teaser" not in article.from_page
    assert "image" in article.from_page


def test_a_time_the_page_gave_is_not_taken_back_by_the_feeds_day(quay: Quay) -> None:
    day = "<pubDate>2026-05-14</pubDate>"
    quay.items = [item(rest=day)]
    quay.poll()
    assert quay.item().article.published_precision == "instant"
    quay.items = [item(title="Ferry to Cape Lorne turns back twice", rest=day)]
    quay.poll()
    assert quay.item().article.published_at == datetime(2026, 5, 14, 7, 30, tzinfo=UTC)


def test_a_search_finds_the_words_of_the_page(quay: Quay) -> None:
    quay.poll()
    assert [found.id for found in quay.store.items(ItemFilter(search="pier waited"))] == [1]
    assert quay.store.check() == quay.store.inconsistencies() == []


def test_the_links_are_made_of_what_the_page_says(quay: Quay) -> None:
    quay.poll(pages=False)
    assert quay.store.to_relink(9) == []
    quay.poll(link=False)
    assert [article.id for article in quay.store.to_relink(9)] == [1]
    quay.poll()
    assert quay.store.to_relink(9) == []


def test_a_page_behind_a_paywall_is_known_to_be(quay: Quay) -> None:
    locked = (
        '<script type="application/ld+json">{"@type":"NewsArticle","isAccessibleForFree":"False"}</script>'
    )
    quay.serve("/news/1", page(head=locked))
    quay.poll()
    assert quay.item().paywall is True


def test_retention_takes_the_visit_too(tmp_path: Path) -> None:
    quay = Quay(tmp_path, keys='enrich = "missing"\nretention = "1d"')
    quay.serve("/news/1", page())
    quay.poll()
    quay.items = []
    quay.poll(later=timedelta(days=3))
    assert quay.store.count(ItemFilter(state="all")) == 0
    assert quay.store.visit_outcomes(NOW) == {}


# --- which field is better -----------------------------------------------------------------------------------------

SOURCE = Source(id="quay", name="The Quay", url=SITE, feeds=())


def kept(**changes: object) -> Article:
    plain = Article(
        source_id="quay",
        url=f"{SITE}/news/1",
        canonical_url=f"{SITE}/news/1",
        title="Ferry to Cape Lorne turns back in fog",
        teaser="",
        published_at=NOW - HOUR,
        published_origin="feed",
        published_precision="instant",
        first_seen_at=NOW,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def said(**changes: object) -> ParsedPage:
    plain = ParsedPage(
        title="Ferry to Cape Lorne turns back in fog",
        site_name=None,
        published=None,
        updated=None,
        summary=None,
        authors=(),
        canonical_url=f"{SITE}/news/1",
        language=None,
        image=None,
        text=None,
        agency=None,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def enriched(article: Article, page: ParsedPage, **arguments: str) -> Article:
    found = normalize.enrich(article, page, source=SOURCE, url=article.url, **arguments)
    assert isinstance(found, Article)
    return found


@pytest.mark.parametrize(
    ("of_feed", "of_page", "wins"),
    [
        ("", "A whole sentence.", True),
        ("A whole sentence.", "Another whole sentence, and longer.", False),
        ("A sentence that was cut in the…", "Another whole sentence.", True),
        ("A sentence that was cut in the…", "Another one that was cut…", False),
        ("A sentence that was cut in the…", "A sentence that was cut in the middle of it…", True),
        ("A sentence.", "A sentence. And the one after it.", True),
        ("A sentence. And the one after it.", "A sentence.", False),
        ("A sentence.", "", False),
    ],
)
def test_teaser(of_feed: str, of_page: str, wins: bool) -> None:
    article = enriched(kept(teaser=of_feed), said(summary=of_page))
    assert article.teaser == (of_page if wins else of_feed)
    assert ("teaser" in article.from_page) == wins


def test_a_teaser_that_only_repeats_the_headline_is_none() -> None:
    assert enriched(kept(), said(summary="Ferry to Cape Lorne turns back in fog")).teaser == ""


def test_a_headline_that_the_feed_cut() -> None:
    article = enriched(kept(title="Ferry to Cape Lorne turns ba…"), said())
    assert article.title == "Ferry to Cape Lorne turns back in fog"
    assert enriched(kept(title="Ferry turns back"), said()).title == "Ferry turns back"


AT = datetime(2026, 5, 14, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("of_feed", "of_page", "wins"),
    [
        ({"published_origin": "first_seen"}, AT, True),
        (
            {"published_origin": "url", "published_precision": "day", "published_at": AT.replace(hour=0)},
            AT,
            True,
        ),
        ({"published_precision": "day", "published_at": AT.replace(hour=0)}, AT, True),
        ({"published_precision": "day", "published_at": AT.replace(day=1, hour=0)}, AT, False),
        ({"published_note": "clamped from 2027-01-01"}, AT, True),
        ({}, AT, False),
        ({"published_at": AT + 2 * HOUR, "published_note": "zone assumed: UTC"}, AT, True),
        ({"published_at": AT + 2.1 * HOUR, "published_note": "zone assumed: UTC"}, AT, False),
        ({"published_at": AT + 20 * HOUR, "published_note": "zone assumed: UTC"}, AT, False),
        ({"published_at": AT + 2 * HOUR, "published_origin": "sitemap"}, AT, True),
        ({"published_at": AT - 2 * HOUR, "published_origin": "sitemap"}, AT, False),
        ({"published_at": AT + 2 * HOUR, "published_note": "updated"}, AT, True),
        ({"published_origin": "first_seen"}, AT.replace(year=2031), False),
        ({"published_origin": "first_seen"}, AT.replace(year=1970), False),
    ],
)
def test_time(of_feed: dict[str, object], of_page: datetime, wins: bool) -> None:
    before = kept(**of_feed)
    article = enriched(before, said(published=of_page))
    assert article.published_at == (AT if wins else before.published_at)
    assert ("published_at" in article.from_page) == wins


def test_a_naive_time_of_the_page_is_read_in_the_feeds_zone() -> None:
    naive = said(published=datetime(2026, 5, 14, 11, 0))
    article = enriched(kept(published_origin="first_seen"), naive, timezone="Europe/Berlin")
    assert article.published_at == AT
    assert article.published_note == "zone assumed: Europe/Berlin"


def test_a_longer_text() -> None:
    long = "A sentence of the report on the boat. " * 30
    assert enriched(kept(), said(text=long)).text == long.strip() or enriched(kept(), said(text=long)).text
    assert enriched(kept(text=long[:1000]), said(text=long)).from_page == ()
    assert enriched(kept(text=long[:500]), said(text=long)).from_page == ("text",)


def test_the_agency_of_the_dateline() -> None:
    text = "CAPE LORNE (Reuters) - The morning boat lost sight of the pier."
    assert enriched(kept(), said(text=text)).agency == "Reuters"


@pytest.mark.parametrize(
    ("headline", "said", "same"),
    [
        ("Ferry to Cape Lorne turns back in fog", "Fog: ferry to Cape Lorne has to turn back", True),
        ("News of the pier: ferry turns back", "News", False),
        ("Ferry to Cape Lorne turns back in fog", "Page not found", False),
        ("Ferry to Cape Lorne turns back in fog", "Before you continue to our site", False),
        ("Туман: паром вернулся в порт", "Паром вернулся в порт из-за тумана", True),
        ("フェリー、霧で引き返す", "霧のためフェリーが引き返す", True),
        ("フェリー、霧で引き返す", "ページが見つかりません", False),
        ("", "Anything", False),
    ],
)
def test_what_a_page_calls_itself(headline: str, said: str, same: bool) -> None:
    assert normalize.has_headline(said, headline) == same


# --- configured ----------------------------------------------------------------------------------------------------


def test_defaults_apply_to_every_source(tmp_path: Path) -> None:
    path = tmp_path / "sources.toml"
    path.write_text(f'[defaults]\nenrich = "always"\n{CONFIGURATION.format(keys="", feed_keys="")}')
    assert [source.enrich for source in config.load(path, environ={}).sources] == ["always"]


def test_a_package_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_trafilatura, "is_installed", lambda: False)
    path = tmp_path / "sources.toml"
    path.write_text(CONFIGURATION.format(keys='text_by = "trafilatura"', feed_keys=""))
    with pytest.raises(ConfigError, match=r"trafilatura is not installed; install it with: pip install"):
        config.load(path, environ={})


def test_text_by_trafilatura(tmp_path: Path) -> None:
    quay = Quay(tmp_path, keys='enrich = "always"\ntext_by = "trafilatura"')
    undated = page().replace(
        b'<meta property="article:published_time" content="2026-05-14T09:30:00+02:00">', b""
    )
    quay.serve("/news/1", undated.replace(b"</article>", b"<p>Published on 14 May 2026</p></article>"))
    (done,) = quay.poll().visits
    assert "text (trafilatura)" in done.note
    text = quay.item().article.text
    assert text is not None
    assert "Paragraph 6 of the report" in text
