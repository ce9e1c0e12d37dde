"""Nothing twice, nothing back: whole polls of one outlet with three feeds, over replayed bytes and weeks of its life."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape
from pathlib import Path

import httpx
import pytest

from aggregator import config
from aggregator.model import ItemFilter, Poll
from aggregator.pipeline.poll import poll
from aggregator.store import Store

NOW = datetime(2026, 5, 14, 12, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FRONT, SPORT, LOCAL = (f"https://ledger.example/{name}.xml" for name in ("front", "sport", "local"))
CONFIGURATION = """
[store]
database = "news.db"
{store}
[fetch]
host_gap = "0s"
[[sources]]
id = "ledger"
name = "The Daily Ledger"
url = "https://ledger.example/"
{source}
[[sources.feeds]]
url = "https://ledger.example/front.xml"
[[sources.feeds]]
url = "https://ledger.example/sport.xml"
[[sources.feeds]]
url = "https://ledger.example/local.xml"
"""


@dataclass(frozen=True)
class Piece:
    """One article of the outlet, as its publishing system has it."""

    number: int
    title: str
    at: datetime | None
    teaser: str = ""
    link: str = ""
    guid: str = ""


@dataclass
class Ledger:
    """The outlet: what its feeds show now, and the program that polls it."""

    folder: Path
    store_keys: str = ""
    source_keys: str = ""
    now: datetime = NOW
    shown: dict[str, list[Piece]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        path = self.folder / "sources.toml"
        path.write_text(CONFIGURATION.format(store=self.store_keys, source=self.source_keys))
        self.config = config.load(path, environ={})
        self.store = Store.open(self.config.store.database, create=True, settings=self.config.store)

    def piece(self, number: int, *, age: timedelta = HOUR) -> Piece:
        return Piece(
            number,
            title=f"Council report number {number} on the old harbour",
            at=self.now - age,
            teaser=f"What the council of the island said about quay {number} was told on Friday.",
            link=f"https://ledger.example/news/{number}-report",
            guid=f"ledger-{number}",
        )

    def pieces(self, numbers: Sequence[int]) -> list[Piece]:
        """The newest first, an hour apart."""
        return [self.piece(number, age=(place + 1) * HOUR) for place, number in enumerate(reversed(numbers))]

    def _answer(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(
            200,
            content=feed(self.shown.get(str(request.url), [])),
            headers={"content-type": "application/rss+xml"},
        )

    def poll(self, *feeds: str, later: timedelta = HOUR) -> dict[str, Poll]:
        self.now += later
        run = poll(
            self.config,
            self.store,
            clock=lambda: self.now,
            all=True,
            feed_ids=feeds or None,
            transport=httpx.MockTransport(self._answer),
        )
        for done in run.polls:
            assert done.served == done.new + done.revised + done.unchanged + done.rejected
        return {done.feed_id: done for done in run.polls}

    def articles(self) -> int:
        return self.store.count(ItemFilter(state="all"))


def written(at: datetime | None) -> str:
    """A naive time is written without a zone."""
    return "" if at is None else format_datetime(at) if at.tzinfo else f"{at:%a, %d %b %Y %H:%M:%S}"


def feed(pieces: Sequence[Piece]) -> bytes:
    def item(piece: Piece) -> str:
        parts = {
            "title": piece.title,
            "link": piece.link,
            "guid": piece.guid,
            "pubDate": written(piece.at),
            "description": piece.teaser,
        }
        return "".join(f"<{name}>{escape(text)}</{name}>" for name, text in parts.items() if text)

    items = "".join(f"<item>{item(piece)}</item>" for piece in pieces)
    return f"<rss version='2.0'><channel><title>Ledger</title>{items}</channel></rss>".encode()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    made = Ledger(tmp_path)
    yield made
    made.store.close()


def test_an_article_in_three_feeds_is_one_article_with_three_sightings(ledger: Ledger) -> None:
    front = ledger.pieces(range(1, 11))
    tracked = [
        replace(piece, link=f"{piece.link}?utm_source=rss&utm_medium=sport", guid="") for piece in front[:4]
    ]
    ledger.shown = {FRONT: front, SPORT: tracked, LOCAL: front[2:6]}
    for _ in range(3):
        ledger.poll()
    assert ledger.articles() == 10
    item = next(item for item in ledger.store.items(ItemFilter()) if item.article.title == front[2].title)
    details = ledger.store.article_details(item.id)
    assert details is not None
    assert {seen.feed_id for seen in details.sightings} == {FRONT, SPORT, LOCAL}


def relaunched(piece: Piece) -> Piece:
    """As a new publishing system has it: another address, another id."""
    return replace(
        piece,
        link=f"https://ledger.example/articles/{90_000 + piece.number}",
        guid=f"urn:uuid:{piece.number}",
    )


Change = Callable[[Piece], Piece]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda p: replace(p, guid=f"new-{p.number}"), id="guids"),
        pytest.param(lambda p: replace(p, link=p.link.replace("/news/", "/archive/2026/")), id="addresses"),
        pytest.param(lambda p: replace(p, link=p.link.replace("https:", "http:")), id="scheme"),
        pytest.param(
            lambda p: replace(p, link=p.link.replace("ledger.example", "www.ledger.example")), id="www"
        ),
        pytest.param(lambda p: replace(p, link=p.link.replace("ledger.example", "new.example")), id="domain"),
        pytest.param(relaunched, id="addresses and guids"),
        pytest.param(
            lambda p: replace(relaunched(p), at=p.at and p.at + timedelta(hours=2)), id="and the zone"
        ),
        pytest.param(
            lambda p: replace(relaunched(p), at=NOW + 30 * HOUR), id="and every date is the import's"
        ),
        pytest.param(lambda p: replace(relaunched(p), teaser=""), id="and no teasers"),
    ],
)
def test_after_a_mass_change_no_old_article_is_new_and_new_ones_are_stored(
    ledger: Ledger, change: Change
) -> None:
    before = ledger.pieces(range(1, 21))
    ledger.shown[FRONT] = before
    ledger.poll(FRONT)
    ledger.now += DAY
    fresh = ledger.pieces(range(21, 26))
    ledger.shown[FRONT] = [change(piece) if piece in before else piece for piece in (*fresh, *before[:15])]
    assert ledger.poll(FRONT, later=6 * HOUR)[FRONT].new == 5
    assert ledger.poll(FRONT)[FRONT].new == 0
    assert ledger.articles() == 25
    ledger.shown[FRONT] = [relaunched(ledger.piece(number)) for number in range(26, 30)]
    assert ledger.poll(FRONT)[FRONT].new == 4


def test_after_a_relaunch_readers_are_led_to_where_the_articles_are(ledger: Ledger) -> None:
    ledger.shown[FRONT] = ledger.pieces(range(1, 11))
    ledger.poll(FRONT)
    ledger.shown[FRONT] = list(map(relaunched, ledger.shown[FRONT]))
    ledger.poll(FRONT)
    assert all("/articles/" in item.article.url for item in ledger.store.items(ItemFilter()))
    assert not any(item.revisions for item in ledger.store.items(ItemFilter()))


def test_a_second_feed_may_move_after_the_first(ledger: Ledger) -> None:
    pieces = ledger.pieces(range(1, 11))
    ledger.shown = {FRONT: pieces, SPORT: pieces, LOCAL: []}
    ledger.poll()
    ledger.shown[FRONT] = list(map(relaunched, pieces))
    ledger.poll()
    ledger.shown[SPORT] = list(map(relaunched, pieces))
    ledger.poll()
    assert ledger.articles() == 10


def test_an_article_that_one_feed_learns_by_a_new_address_is_known_by_it_in_another(ledger: Ledger) -> None:
    """Only its guid tells the first feed that it is the same article."""
    pieces = ledger.pieces(range(1, 11))
    ledger.shown = {FRONT: pieces, SPORT: []}
    ledger.poll(FRONT, SPORT)
    moved = replace(pieces[0], link="https://ledger.example/sport/quay-one")
    ledger.shown = {FRONT: [moved, *pieces[1:]], SPORT: [replace(moved, guid="sport-1")]}
    for _ in range(2):
        ledger.poll(FRONT)
        ledger.poll(SPORT)
    assert ledger.articles() == 10


def test_what_retention_by_count_took_is_served_on_and_does_not_come_back(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, source_keys="keep = 5")
    ledger.shown[FRONT] = ledger.pieces(range(1, 21))
    assert ledger.poll(FRONT)[FRONT].new == 20
    for _ in range(4):
        again = ledger.poll(FRONT, later=7 * HOUR)[FRONT]
    assert (again.new, ledger.articles()) == (0, 5)
    ledger.shown[FRONT] = [ledger.piece(21), *map(relaunched, ledger.shown[FRONT][:19])]
    moved = ledger.poll(FRONT, later=7 * HOUR)[FRONT]
    assert (moved.new, ledger.articles()) == (1, 5)
    assert {reason for _, reason in moved.rejections} == {"purged earlier; does not come back"}
    ledger.shown[FRONT] = [ledger.piece(22), *ledger.shown[FRONT]]
    assert ledger.poll(FRONT, later=7 * HOUR)[FRONT].new == 1
    ledger.store.close()


def test_what_retention_by_age_took_does_not_come_back_when_it_is_served_for_ever(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, store_keys='retention = "30d"\ntombstones_kept = "60d"')
    undated = [replace(piece, at=None) for piece in ledger.pieces(range(1, 6))]
    dated = ledger.pieces(range(6, 11))
    ledger.shown[FRONT] = [*undated, *dated]
    assert ledger.poll(FRONT)[FRONT].new == 10
    for month in range(8):
        ledger.shown[FRONT] = [ledger.piece(100 + month), *undated, *dated]
        done = ledger.poll(FRONT, later=25 * DAY)[FRONT]
        assert done.new == 1, month
    assert ledger.articles() == 2
    ledger.store.close()


def test_an_old_article_that_is_listed_again_is_no_news_and_says_why(ledger: Ledger) -> None:
    ledger.shown[FRONT] = ledger.pieces(range(1, 21))
    ledger.poll(FRONT)
    ledger.now += DAY
    again = ledger.piece(500, age=40 * DAY)
    ledger.shown[FRONT] = [again, *ledger.shown[FRONT][:15]]
    done = ledger.poll(FRONT)[FRONT]
    assert (done.new, done.rejections) == (0, ((again.link, "published 2026-04-05: no news any more"),))


def test_headlines_that_alternate_do_not_pile_up(ledger: Ledger) -> None:
    pieces = ledger.pieces(range(1, 6))
    for turn in range(12):
        title = ("Council votes for the new quay", "New quay: council votes yes")[turn % 2]
        ledger.shown[FRONT] = [replace(pieces[0], title=title), *pieces[1:]]
        ledger.poll(FRONT)
    assert ledger.articles() == 5
    (item,) = [item for item in ledger.store.items(ItemFilter()) if item.revisions]
    assert len(item.revisions) == 2
    assert sum(revision.times for revision in item.revisions) == 11


def test_the_zone_of_times_without_one_is_learned(ledger: Ledger) -> None:
    """The outlet writes Kyiv's time, three hours ahead, and says so nowhere."""
    quarter = timedelta(minutes=15)
    for number in range(1, 7):
        local = (ledger.now + timedelta(hours=3, minutes=10)).replace(tzinfo=None)
        ledger.shown[FRONT] = [replace(ledger.piece(number), at=local)]
        ledger.poll(FRONT, later=quarter)
    first, *_, last = sorted(ledger.store.items(ItemFilter()), key=lambda item: item.id)
    assert (first.article.published_at, first.article.published_note) == (
        first.article.first_seen_at,
        "clamped from Thu, 14 May 2026 15:10:00",
    )
    assert last.article.published_note == "zone learned: UTC+03:00"
    assert last.article.published_at == ledger.now - timedelta(minutes=5)


def test_a_configured_zone_is_not_learned_over(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, source_keys='timezone = "Europe/London"')
    for number in range(1, 7):
        ledger.shown[FRONT] = [replace(ledger.piece(number), at=datetime(2026, 5, 14, 9, number))]
        ledger.poll(FRONT, later=timedelta(minutes=15))
    notes = {item.article.published_note for item in ledger.store.items(ItemFilter())}
    assert notes == {"zone assumed: Europe/London"}
    ledger.store.close()


@pytest.mark.parametrize(
    ("at", "origin", "note"),
    [
        (None, "first_seen", None),
        (datetime(2999, 1, 1, tzinfo=UTC), "feed", "clamped from"),
        (datetime(1970, 1, 1, tzinfo=UTC), "first_seen", "not believed"),
        (datetime(2026, 5, 14, 10, 0), "feed", "zone assumed: UTC"),
    ],
)
def test_times_that_cannot_be_believed_are_marked(
    ledger: Ledger, at: datetime | None, origin: str, note: str | None
) -> None:
    ledger.shown[FRONT] = [replace(ledger.piece(1), at=at)]
    ledger.poll(FRONT)
    (item,) = ledger.store.items(ItemFilter())
    article = item.article
    assert article.published_origin == origin
    assert article.published_at <= ledger.now
    assert (article.published_note or "").startswith(note or "")


SIGN_UP = "Sign up here to our free newsletter for the latest news from the harbour and the isles."
UNLIKE = (
    "Storm tears roof from market",
    "Lighthouse keeper retires",
    "New school opens today",
    "Ferry aground again",
)


def signed(ledger: Ledger, number: int) -> Piece:
    said = f"On Friday, the {UNLIKE[number].lower()}, and that was told by those who saw it. {SIGN_UP}"
    return replace(ledger.piece(number), title=UNLIKE[number], teaser=said)


def test_what_an_outlet_repeats_is_no_part_of_its_teasers(ledger: Ledger) -> None:
    """Seen from the first document on, and gone on arrival from the next; what the feed serves on revises nothing."""
    ledger.shown[FRONT] = [signed(ledger, number) for number in (0, 1, 2)]
    ledger.poll(FRONT)
    ledger.shown[FRONT].append(signed(ledger, 3))
    ledger.poll(FRONT)
    ledger.shown[FRONT] = [replace(piece, guid=piece.guid + "x") for piece in ledger.shown[FRONT]]
    polled = ledger.poll(FRONT)
    assert [done.revised for done in polled.values()] == [0]
    items = ledger.store.items(ItemFilter())
    assert len(items) == 4
    assert [item.article.teaser for item in items if SIGN_UP in item.article.teaser] == []
    assert all(item.article.teaser.endswith("those who saw it.") for item in items)
    assert ledger.store.items(ItemFilter(search="newsletter")) == []
    assert ledger.store.check() == ledger.store.inconsistencies() == []


def test_a_teaser_that_says_the_same_of_everything_is_none(ledger: Ledger) -> None:
    ledger.shown[FRONT] = [replace(ledger.piece(n), title=UNLIKE[n], teaser=SIGN_UP) for n in range(4)]
    ledger.poll(FRONT)
    assert {item.article.teaser for item in ledger.store.items(ItemFilter())} == {""}
