"""What every store promises, on SQLite and (slow) on a PostgreSQL server started for the purpose."""

import itertools
import random
import re
import shutil
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import store_databases
from aggregator.errors import StoreError, UnknownName
from aggregator.model import (
    Article,
    CandidateIndex,
    Decision,
    Document,
    EditorVerdict,
    Feed,
    FeedState,
    Item,
    ItemFilter,
    Key,
    Poll,
    Revision,
    Sighting,
    Topic,
)
from aggregator.settings import Keep
from aggregator.store import Store, migrations
from aggregator.store.recording import MAX_REVISIONS
from aggregator.store.search import parse_query
from store_helpers import (
    ABEND,
    FEED,
    HARBOUR,
    HOUR,
    NOW,
    SOURCES,
    STRIKE,
    WIRE,
    add,
    article,
    hash64,
    index_row,
    linked,
    new,
    poll,
    prune,
    rejected,
    revision,
    unchanged,
)

postgresql, url = store_databases.postgresql, store_databases.url  # fixtures


@pytest.fixture
def empty(url: str) -> Iterator[Store]:
    with Store.open(url, create=True) as opened:
        yield opened


@pytest.fixture(scope="session")
def configured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the configuration mirrored, to be copied: making one takes longer than most tests."""
    path = tmp_path_factory.mktemp("configured") / "news.db"
    with Store.open(f"sqlite:///{path}", create=True) as opened, opened.write() as writer:
        writer.sync_config(SOURCES, (STRIKE,), "digest", NOW)
    return path


@pytest.fixture
def store(url: str, configured: Path) -> Iterator[Store]:
    """With the configuration mirrored."""
    if url.startswith("sqlite"):
        shutil.copy(configured, url.removeprefix("sqlite:///"))
    with Store.open(url, create=True) as opened:
        if opened.created:
            with opened.write() as writer:
                writer.sync_config(SOURCES, (STRIKE,), "digest", NOW)
        yield opened


def ids(items: list[Item]) -> list[int]:
    return [item.id for item in items]


def search(store: Store, text: str) -> list[int]:
    return sorted(ids(store.items(ItemFilter(search=text))))


# --- configuration ----------------------------------------------------------------------------------------------------


def test_a_new_store_is_empty(empty: Store) -> None:
    assert empty.created
    assert empty.config_digest() is None
    assert empty.sources() == ()
    assert empty.items(ItemFilter()) == []
    assert empty.link_cursor() == 0
    assert empty.to_link(0, 10) == []
    assert empty.first_id_since(NOW) == 1
    assert empty.stats().articles == 0
    with empty.write() as writer:
        assert writer.newest() is None
        assert writer.claim(NOW, until=NOW + HOUR) == []


def test_the_configuration_is_read_back_as_it_was_mirrored(store: Store) -> None:
    assert store.sources() == SOURCES
    assert store.topics() == (STRIKE,)
    assert store.config_digest() == "digest"
    assert store.owners() == {"harbour": "Tidewater Group", "abend": "abend", "wire": "wire"}


def test_secrets_of_a_feed_are_not_mirrored(store: Store) -> None:
    secret = replace(ABEND.feeds[0], headers={"Authorization": "Bearer s3cret"}, proxy="http://u:s3cret@p:1")
    with store.write() as writer:
        writer.sync_config([replace(ABEND, feeds=(secret,))], (), "other", NOW)
    assert store.sources() == (ABEND,)


def test_what_left_the_configuration_is_polled_no_more_and_keeps_its_name(store: Store) -> None:
    (article_id,) = add(store, article("kept"))
    with store.write() as writer:
        writer.sync_config((ABEND,), (), "smaller", NOW)
        assert [state.feed_id for state in writer.claim(NOW, until=NOW + HOUR, all=True)] == ["abend"]
    assert store.sources() == (ABEND,)
    assert store.topics() == ()
    assert set(store.feed_states()) == {"abend"}
    found = store.item(article_id)
    assert found is not None
    assert found.outlet == "Harbour Post"


def test_a_source_that_returns_has_its_state_and_articles_again(store: Store) -> None:
    add(store, article())
    before = store.feed_states()[FEED]
    with store.write() as writer:
        writer.sync_config((ABEND,), (), "smaller", NOW)
    with store.write() as writer:
        writer.sync_config(SOURCES, (), "digest", NOW)
    assert store.feed_states()[FEED] == before


def test_a_feed_whose_address_changed_loses_its_validators_and_is_due(store: Store) -> None:
    state = FeedState(
        feed_id="abend",
        url="https://abend.example/feed",
        etag='"x"',
        last_modified="yesterday",
        body_hash="h",
        next_check_at=NOW + HOUR,
        error_count=3,
        usual_gap=HOUR,
    )
    done = Poll(feed_id="abend", source_id="abend", url=state.url, at=NOW, outcome="ok")
    with store.write() as writer:
        writer.record(state, done, (), now=NOW)
    moved = replace(ABEND, feeds=(replace(ABEND.feeds[0], url="https://abend.example/rss2"),))
    with store.write() as writer:
        writer.sync_config((moved,), (), "moved", NOW)
        (claimed,) = writer.claim(NOW, until=NOW + HOUR)
    assert claimed.url == "https://abend.example/rss2"
    assert (claimed.etag, claimed.last_modified, claimed.body_hash) == (None, None, None)
    assert (claimed.error_count, claimed.usual_gap) == (0, HOUR)
    assert store.polls()[0].url == "https://abend.example/feed", "the journal keeps what was asked"


def test_a_renamed_outlet_is_found_by_its_new_name(store: Store) -> None:
    add(store, article())
    with store.write() as writer:
        writer.sync_config((replace(HARBOUR, name="Quayside Gazette"),), (), "renamed", NOW)
    assert search(store, "outlet:quayside") == [1]
    assert search(store, "outlet:harbour") == []
    assert store.items(ItemFilter())[0].outlet == "Quayside Gazette"


# --- claims -----------------------------------------------------------------------------------------------------------


def test_what_is_claimed_is_claimed_by_nobody_else_until_it_expires(store: Store, url: str) -> None:
    with Store.open(url) as other:
        with store.write() as writer:
            first = writer.claim(NOW, until=NOW + HOUR)
        with other.write() as writer:
            assert writer.claim(NOW, until=NOW + HOUR) == []
            assert writer.claim(NOW + HOUR / 2, until=NOW + HOUR, all=True) == []
            again = writer.claim(NOW + HOUR, until=NOW + 2 * HOUR)
    assert {state.feed_id for state in first} == {feed.id for source in SOURCES for feed in source.feeds}
    assert {state.claimed_until for state in first} == {NOW + HOUR}
    assert {state.feed_id for state in again} == {state.feed_id for state in first}


def test_recording_ends_the_claim_and_sets_the_next(store: Store) -> None:
    with store.write() as writer:
        writer.claim(NOW, until=NOW + HOUR / 4, feed_ids=[FEED])
    poll(store, [])
    assert store.feed_states()[FEED].claimed_until is None
    with store.write() as writer:
        assert writer.claim(NOW + HOUR / 2, until=NOW + HOUR, feed_ids=[FEED]) == []
        assert len(writer.claim(NOW + HOUR, until=NOW + 2 * HOUR, feed_ids=[FEED])) == 1


def test_released_feeds_are_due_again(store: Store) -> None:
    with store.write() as writer:
        writer.claim(NOW, until=NOW + HOUR)
        writer.release(["wire"])
        writer.release([])
    with store.write() as writer:
        assert [state.feed_id for state in writer.claim(NOW, until=NOW + HOUR)] == ["wire"]


def test_the_longest_due_come_first_and_no_more_than_asked_for(store: Store) -> None:
    poll(store, [], feed="abend", now=NOW - 3 * HOUR)
    poll(store, [], feed="wire", now=NOW - 4 * HOUR)
    poll(store, [], now=NOW)
    poll(store, [], feed="harbour-world", now=NOW)
    with store.write() as writer:
        assert [state.feed_id for state in writer.claim(NOW, until=NOW + HOUR, limit=1)] == ["wire"]
        assert [state.feed_id for state in writer.claim(NOW, until=NOW + HOUR)] == ["abend"]
        assert len(writer.claim(NOW, until=NOW + HOUR, all=True)) == 2


@pytest.mark.parametrize("whole_source", [True, False])
def test_paused_feeds_are_never_claimed(store: Store, whole_source: bool) -> None:
    if whole_source:
        paused = replace(WIRE, paused=True)
    else:
        paused = replace(WIRE, feeds=(replace(WIRE.feeds[0], paused=True),))
    with store.write() as writer:
        writer.sync_config((paused,), (), "paused", NOW)
        assert writer.claim(NOW, until=NOW + HOUR, all=True) == []
    poll(store, [], feed="wire")  # one that was in flight
    with store.write() as writer:
        assert writer.claim(NOW + 9 * HOUR, until=NOW + 10 * HOUR) == []
        writer.sync_config((WIRE,), (), "on again", NOW)
        assert len(writer.claim(NOW + 9 * HOUR, until=NOW + 10 * HOUR)) == 1


# --- recording --------------------------------------------------------------------------------------------------------


def test_a_new_article_is_read_back_as_it_was_stored(store: Store) -> None:
    given = article(
        published_at=datetime(2026, 5, 13, tzinfo=UTC),
        published_origin="url",
        published_precision="day",
        published_note="zone assumed: Europe/London",
        authors=("Ada North", "Bo South"),
        agency="NW",
        outlet="The Mirrored",
        categories=("Ports", "Work"),
        image="https://harbour.example/i.jpg",
        text="First paragraph.\n\nSecond.",
    )
    (article_id,) = add(store, given)
    found = store.item(article_id)
    assert found is not None
    assert found.article == replace(given, id=article_id, text=None), "lists do not read the body"
    assert (found.outlet, found.owner) == ("The Mirrored", "Tidewater Group")
    assert store.to_link(0, 10) == [replace(given, id=article_id)]


# As an article may be: normalize cleans texts, so what the store has to clean is the exception, not the rule.
_TEXTS = st.text(max_size=40).map(lambda text: text.replace("\n", " "))
_STORABLE = st.text(
    st.characters(exclude_characters="\x00\n", exclude_categories=("Cs",)), min_size=1, max_size=40
)
_INSTANTS = st.datetimes(
    datetime(1971, 1, 1),
    datetime(2100, 1, 1),
    timezones=st.just(UTC),
).map(lambda at: at.replace(microsecond=0))


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    title=_STORABLE,
    teaser=_STORABLE,
    authors=st.lists(_STORABLE, max_size=3),
    published_at=_INSTANTS,
    image=st.none() | _STORABLE,
    fingerprint=st.integers(-(1 << 63), (1 << 63) - 1),
)
def test_any_article_survives_the_way_there_and_back(
    store: Store,
    title: str,
    teaser: str,
    authors: list[str],
    published_at: datetime,
    image: str | None,
    fingerprint: int,
) -> None:
    given_article = article(
        title=title, teaser=teaser, authors=tuple(authors), published_at=published_at, image=image
    )
    (article_id,) = poll(store, [new(given_article, fingerprint=fingerprint)])
    assert article_id is not None
    details = store.article_details(article_id)
    assert details is not None
    assert details.item.article == replace(
        given_article, id=article_id, first_seen_at=details.item.article.first_seen_at
    )
    assert details.fingerprint == fingerprint


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    bad=_TEXTS,
    hash=st.integers(-(1 << 70), 1 << 70),
    size=st.integers(0, 1 << 70),
    status=st.integers(-(1 << 40), 1 << 40),
)
def test_what_no_database_takes_is_cleaned_and_harms_nothing_else(
    store: Store, bad: str, hash: int, size: int, status: int
) -> None:
    text = bad + "\x00 \ud800 end"
    broken = article(title=text, teaser=text, authors=(text,), categories=(text,), image=text, text=text)
    verdicts = [
        replace(new(broken, fingerprint=hash), keys=(Key(hash, "url"),)),
        new(article(f"sound {hash}")),
        rejected(text, text),
    ]
    first, second, none = poll(
        store, verdicts, bytes=size, status=status, error=text, note=text, rejections=((text, text),)
    )
    assert first is not None
    assert none is None
    found = store.items_by_id([first, second or 0])
    assert "\x00" not in found[first].article.title
    assert found[first].article.title.endswith("end")
    with store.write() as writer:
        assert hash in writer.known([hash])


def test_ids_grow_with_the_time_of_arrival_even_when_the_clock_goes_back(store: Store) -> None:
    add(store, article("a"), now=NOW)
    add(store, article("b"), now=NOW - timedelta(days=1))
    add(store, article("c"), now=NOW + HOUR)
    arrived = [(item.id, item.article.first_seen_at) for item in store.items(ItemFilter(sort="oldest"))]
    assert arrived == [(1, NOW), (2, NOW), (3, NOW + HOUR)]
    with store.write() as writer:
        assert writer.newest() == NOW + HOUR


def test_a_time_window_is_an_id_range(store: Store) -> None:
    for hours in (0, 1, 1, 30):
        add(store, article(f"{hours} {store.stats().articles}"), now=NOW + hours * HOUR)
    at = [NOW - HOUR, NOW, NOW + timedelta(microseconds=1), NOW + HOUR, NOW + 2 * HOUR, NOW + 31 * HOUR]
    assert [store.first_id_since(instant) for instant in at] == [1, 1, 2, 2, 4, 5]


def test_keys_are_known_within_the_transaction_and_after_it(store: Store) -> None:
    verdict = new(article())
    hashes = [key.hash for key in verdict.keys]
    with store.write() as writer:
        assert writer.known(hashes) == {}
        state = FeedState(feed_id=FEED)
        done = Poll(feed_id=FEED, source_id="harbour", url="u", at=NOW, outcome="ok")
        (article_id,) = writer.record(state, done, [verdict], now=NOW)
        inside = writer.known(hashes)
    with store.write() as writer:
        outside = writer.known([*hashes, 12345])
    assert inside == outside
    known = outside[hashes[0]]
    assert set(outside) == set(hashes)
    assert (known.article_id, known.source_id, known.canonical_url) == (
        article_id,
        "harbour",
        "https://harbour.example/a",
    )
    assert (known.title, known.teaser, known.fingerprint) == (
        "Title of a",
        "Teaser of a.",
        verdict.fingerprint,
    )
    assert known.published_at == NOW - HOUR
    assert not known.purged


def test_an_article_repeated_in_its_document_is_one(store: Store) -> None:
    same = article()
    assert poll(store, [new(same), unchanged(None, same)]) == (1, 1)
    assert store.stats().articles == 1


def test_a_known_article_learns_new_keys(store: Store) -> None:
    (article_id,) = add(store, article())
    alias = Key(hash64("redirect target"), "alias")
    seen_again = unchanged(article_id, article())
    poll(store, [replace(seen_again, keys=(*seen_again.keys, alias))])
    with store.write() as writer:
        assert writer.known([alias.hash])[alias.hash].article_id == article_id
    details = store.article_details(article_id)
    assert details is not None
    assert alias in details.keys
    assert len(details.keys) == 3


def test_a_key_learned_in_a_transaction_is_known_to_the_next_feed_of_it(store: Store) -> None:
    (first,) = add(store, article("a"))
    other = Key(hash64("another address"), "url")
    with store.write() as writer:
        writer.known([key.hash for key in new(article("a")).keys])
        seen = replace(unchanged(first, article("a")), keys=(other,))
        done = Poll(feed_id=FEED, source_id="harbour", url=FEED, at=NOW, outcome="ok")
        writer.record(FeedState(feed_id=FEED), done, [seen], now=NOW)
        assert {known.article_id for known in writer.known([other.hash]).values()} == {first}


def test_a_new_fingerprint_of_an_unchanged_article_is_kept(store: Store) -> None:
    (article_id,) = add(store, article())
    poll(store, [unchanged(article_id, article(), fingerprint=77)])
    details = store.article_details(article_id)
    assert details is not None
    assert details.fingerprint == 77
    assert details.item.revisions == ()


def test_a_revision_changes_the_article_and_remembers_how_it_read(store: Store) -> None:
    (article_id,) = add(store, article(image="https://harbour.example/i.jpg", authors=("Ada North",)))
    changed = article(title="Another title", teaser="New teaser.", published_at=NOW)
    assert poll(store, [revision(article_id, changed)], now=NOW + HOUR) == (article_id,)
    found = store.item(article_id)
    assert found is not None
    assert (found.article.title, found.article.teaser, found.article.published_at) == (
        "Another title",
        "New teaser.",
        NOW,
    )
    assert found.article.first_seen_at == NOW
    assert found.article.image == "https://harbour.example/i.jpg", "a feed that says less takes nothing away"
    assert found.article.authors == ("Ada North",)
    assert found.revisions == (
        Revision(
            article_id=article_id,
            seen_at=NOW + HOUR,
            title="Title of a",
            teaser="Teaser of a.",
            published_at=NOW - HOUR,
        ),
    )
    assert search(store, "another") == [article_id]
    assert search(store, "title:title -another") == []


def test_a_date_that_was_said_once_is_not_lost_to_a_revision_without_one(store: Store) -> None:
    (article_id,) = add(store, article())
    undated = article(title="Changed", published_at=NOW + HOUR, published_origin="first_seen")
    poll(store, [revision(article_id, undated)])
    found = store.item(article_id)
    assert found is not None
    assert (found.article.published_at, found.article.published_origin) == (NOW - HOUR, "feed")


def test_headlines_that_flap_do_not_pile_up(store: Store) -> None:
    one, two = article(title="Harbour shut"), article(title="Harbour is shut")
    (article_id,) = add(store, one)
    for turn in range(6):
        poll(store, [revision(article_id, one if turn % 2 else two)], now=NOW + turn * HOUR)
    found = store.item(article_id)
    assert found is not None
    assert found.article.title == "Harbour shut"
    assert sorted(entry.title for entry in found.revisions) == ["Harbour is shut", "Harbour shut"]
    assert search(store, "title:harbour") == [article_id]


def test_how_often_a_headline_came_back_is_counted(store: Store) -> None:
    one, two = article(title="Harbour shut"), article(title="Harbour is shut")
    (article_id,) = add(store, one)
    for turn in range(1, 7):
        poll(store, [revision(article_id, two if turn % 2 else one)], now=NOW + turn * HOUR)
    found = store.item(article_id)
    assert found is not None
    assert [(entry.title, entry.seen_at, entry.times, entry.last_at) for entry in found.revisions] == [
        ("Harbour shut", NOW + HOUR, 3, NOW + 5 * HOUR),
        ("Harbour is shut", NOW + 2 * HOUR, 3, NOW + 6 * HOUR),
    ]


def test_a_live_report_keeps_its_first_wording_and_the_latest(store: Store) -> None:
    (article_id,) = add(store, article(title="Live 0"))
    for turn in range(1, MAX_REVISIONS + 4):
        poll(store, [revision(article_id, article(title=f"Live {turn}"))], now=NOW + turn * HOUR)
    poll(store, [revision(article_id, article(title="Live 5"))], now=NOW + 100 * HOUR)
    for turn in (101, 102):  # an old wording that came back is one of the latest
        poll(store, [revision(article_id, article(title=f"Live {turn}"))], now=NOW + turn * HOUR)
    found = store.item(article_id)
    assert found is not None
    kept = [int(entry.title.removeprefix("Live ")) for entry in found.revisions]
    assert len(kept) == MAX_REVISIONS
    assert kept[0] == 0
    assert kept[1:] == [5, *range(7, MAX_REVISIONS + 4), 101]


def test_an_article_can_be_revised_in_the_transaction_it_came_in(store: Store) -> None:
    state = FeedState(feed_id=FEED)
    done = Poll(feed_id=FEED, source_id="harbour", url="u", at=NOW, outcome="ok")
    verdict = new(article())
    with store.write() as writer:
        (article_id,) = writer.record(state, done, [verdict], now=NOW)
        assert article_id is not None
        writer.record(state, done, [revision(article_id, article(title="Second thoughts"))], now=NOW)
        known = writer.known([verdict.keys[0].hash])[verdict.keys[0].hash]
    assert known.title == "Second thoughts"
    assert search(store, "second") == [article_id]
    assert search(store, "title:title") == []


def test_a_feed_that_is_not_configured_cannot_be_recorded(store: Store) -> None:
    done = Poll(feed_id="nowhere", source_id="harbour", url="u", at=NOW, outcome="ok")
    with pytest.raises(UnknownName, match="nowhere"), store.write() as writer:
        writer.record(FeedState(feed_id="nowhere"), done, (), now=NOW)


def test_nothing_of_a_transaction_that_failed_is_kept(store: Store) -> None:
    state = FeedState(feed_id=FEED, etag="new")
    done = Poll(feed_id=FEED, source_id="harbour", url="u", at=NOW, outcome="ok")
    with pytest.raises(ZeroDivisionError), store.write() as writer:
        writer.record(state, done, [new(article())], now=NOW)
        writer.flush()
        1 / 0  # noqa: B018
    assert store.items(ItemFilter()) == []
    assert store.polls() == []
    assert store.feed_states()[FEED].etag is None
    assert add(store, article()) == [1]


# --- sightings --------------------------------------------------------------------------------------------------------


def sightings(store: Store, article_id: int) -> tuple[Sighting, ...]:
    details = store.article_details(article_id)
    assert details is not None
    return details.sightings


def test_sightings_say_where_since_when_and_until_when(store: Store) -> None:
    (article_id,) = add(store, article())
    poll(store, [unchanged(article_id, article())], feed="wire", now=NOW + HOUR)
    poll(store, [], now=NOW + 2 * HOUR)
    assert sightings(store, article_id) == (
        Sighting(article_id=article_id, feed_id=FEED, first_seen_at=NOW, gone_at=NOW + 2 * HOUR),
        Sighting(article_id=article_id, feed_id="wire", first_seen_at=NOW + HOUR),
    )
    poll(store, [unchanged(article_id, article())], now=NOW + 3 * HOUR)
    assert sightings(store, article_id)[0] == Sighting(article_id=article_id, feed_id=FEED, first_seen_at=NOW)


def test_what_was_not_read_is_not_gone(store: Store) -> None:
    (article_id,) = add(store, article())
    poll(store, [], outcome="not_modified", now=NOW + HOUR)
    poll(store, [], outcome="error", now=NOW + HOUR)
    state = FeedState(feed_id=FEED)
    done = Poll(feed_id=FEED, source_id="harbour", url="u", at=NOW, outcome="ok")
    with store.write() as writer:
        writer.record(state, done, (), now=NOW + HOUR, complete=False)
    assert sightings(store, article_id)[0].gone_at is None


def test_one_feed_recorded_twice_in_a_transaction_is_seen_as_it_was_last(store: Store) -> None:
    state = FeedState(feed_id=FEED)
    done = Poll(feed_id=FEED, source_id="harbour", url="u", at=NOW, outcome="ok")
    with store.write() as writer:
        (article_id,) = writer.record(state, done, [new(article())], now=NOW)
        writer.record(state, done, (), now=NOW + HOUR)
    assert article_id is not None
    assert sightings(store, article_id)[0].gone_at == NOW + HOUR


# --- the journal ------------------------------------------------------------------------------------------------------


def test_polls_and_states_are_read_back_as_they_were_recorded(store: Store) -> None:
    state = FeedState(
        feed_id="abend",
        url="https://abend.example/feed",
        etag='W/"ä"',
        last_modified="Thu, 14 May 2026 10:00:00 GMT",
        body_hash="abc",
        checked_at=NOW,
        success_at=NOW - HOUR,
        new_at=NOW - 2 * HOUR,
        next_check_at=NOW + HOUR,
        interval=timedelta(minutes=7, milliseconds=250),
        error_count=2,
        error_kind="server",
        last_error="503",
        failing_since=NOW - HOUR,
        empty_since=NOW,
        usual_gap=timedelta(minutes=3),
        moved_to="https://abend.example/new",
        moved_count=1,
        claimed_until=NOW + HOUR,
    )
    done = Poll(
        feed_id="abend",
        source_id="abend",
        url="https://abend.example/elsewhere",
        at=NOW,
        outcome="error",
        status=503,
        duration=timedelta(milliseconds=1234),
        bytes=17,
        error_kind="server",
        error="503 Service Unavailable",
        note="busy",
    )
    with store.write() as writer:
        writer.record(state, done, (), now=NOW)
    assert store.feed_states()["abend"] == replace(state, claimed_until=None)
    assert store.polls() == [done]


def test_the_journal_is_read_newest_first_and_by_feed(store: Store) -> None:
    poll(store, [], now=NOW)
    poll(store, [], feed="wire", now=NOW + HOUR)
    poll(store, [], now=NOW + 2 * HOUR)
    assert [entry.at for entry in store.polls()] == [NOW + 2 * HOUR, NOW + HOUR, NOW]
    assert [entry.at for entry in store.polls(feed_ids=[FEED], limit=1)] == [NOW + 2 * HOUR]
    assert [entry.feed_id for entry in store.polls(since=NOW + HOUR)] == [FEED, "wire"]
    assert store.polls(feed_ids=[]) == []


def test_rejections_are_kept_with_each_poll_and_stored_once(store: Store) -> None:
    stale, broken = rejected("https://h.example/old", "too old"), rejected("A title", "no address")
    poll(store, [stale, broken], now=NOW)
    poll(store, [], outcome="not_modified", now=NOW + HOUR)
    poll(store, [stale], now=NOW + 2 * HOUR)
    poll(store, [broken], feed="wire", now=NOW + 2 * HOUR)
    poll(store, [stale, broken], now=NOW + 3 * HOUR)
    old, bad = ("https://h.example/old", "too old"), ("A title", "no address")
    assert [sorted(entry.rejections) for entry in store.polls()] == [
        sorted([old, bad]),
        [bad],
        [old],
        [],
        sorted([old, bad]),
    ]


# --- items ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def filled(store: Store) -> Store:
    """1 to 3 from Harbour Post an hour apart, 4 in German, 5 from the agency, with little said."""
    for number in (1, 2, 3):
        add(store, article(f"h{number}", published_at=NOW - number * HOUR), now=NOW + number * HOUR)
    german = article("d", source_id="abend", language="de", agency="NW", published_at=NOW - 10 * HOUR)
    add(store, german, feed="abend", now=NOW + 4 * HOUR)
    bare = article(
        "w",
        source_id="wire",
        teaser="",
        language="",
        published_origin="first_seen",
        published_at=NOW + 5 * HOUR,
    )
    add(store, replace(bare, image="https://w.example/i.png"), feed="wire", now=NOW + 5 * HOUR)
    return store


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (ItemFilter(), [5, 4, 3, 2, 1]),
        (ItemFilter(limit=2), [5, 4]),
        (ItemFilter(limit=None), [5, 4, 3, 2, 1]),
        (ItemFilter(sort="oldest"), [1, 2, 3, 4, 5]),
        (ItemFilter(sort="published"), [5, 1, 2, 3, 4]),
        (ItemFilter(since=NOW + 2 * HOUR, until=NOW + 4 * HOUR), [3, 2]),
        (ItemFilter(published_since=NOW - 2 * HOUR, published_until=NOW), [2, 1]),
        (ItemFilter(sources=("abend", "wire")), [5, 4]),
        (ItemFilter(sources=("nowhere",)), []),
        (ItemFilter(agencies=("NW",)), [4]),
        (ItemFilter(languages=("en",)), [3, 2, 1]),
        (ItemFilter(ids=(1, 4, 99)), [4, 1]),
        (ItemFilter(ids=()), []),
        (ItemFilter(missing=("date",)), [5]),
        (ItemFilter(missing=("teaser",)), [5]),
        (ItemFilter(missing=("image",)), [4, 3, 2, 1]),
        (ItemFilter(date_origins=("feed", "page")), [4, 3, 2, 1]),
        (ItemFilter(search="h2 OR d", since=NOW + 3 * HOUR), [4]),
        (ItemFilter(search="title", sort="oldest", limit=2), [1, 2]),
        (ItemFilter(search="title", sort="published"), [5, 1, 2, 3, 4]),
        (ItemFilter(search="-h2 -d", sources=("harbour", "abend")), [3, 1]),
    ],
)
def test_a_filter_narrows_and_orders(filled: Store, f: ItemFilter, expected: list[int]) -> None:
    assert ids(filled.items(f)) == expected
    if f.limit == 50:
        assert filled.count(f) == len(expected)


@pytest.mark.parametrize("sort", ["newest", "oldest", "published", "relevance"])
@pytest.mark.parametrize("text", ["", "title"])
def test_pages_follow_each_other_without_gap_or_repetition(filled: Store, sort: str, text: str) -> None:
    every = ItemFilter(sort=sort, search=text)  # type: ignore[arg-type]
    whole = ids(filled.items(every))
    pages: list[int] = []
    while page := filled.items(replace(every, limit=2, after=pages[-1] if pages else None)):
        pages.extend(ids(page))
    assert pages == whole
    assert sorted(whole) == [1, 2, 3, 4, 5]


def test_what_is_too_much_to_be_ranked_follows_what_is(
    filled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aggregator.store.items.RANKED", 2)
    every = ItemFilter(search="title", sort="relevance", limit=None)
    whole = ids(filled.items(every))
    assert set(whole[:2]) == {4, 5}
    assert whole[2:] == [3, 2, 1]
    pages: list[int] = []
    while page := filled.items(replace(every, limit=1, after=pages[-1] if pages else None)):
        pages.extend(ids(page))
    assert pages == whole


def test_an_item_is_found_by_any_address_it_is_known_by(filled: Store) -> None:
    for address, hashes in (
        ("https://harbour.example/h2", [hash64("https://harbour.example/h2")]),
        ("https://harbour.example/h2?from=rss", []),
        ("https://harbour.example/h2", []),
    ):
        found = filled.item_by_url(address, hashes)
        assert found is not None
        assert found.id == 2
    assert filled.item_by_url("https://harbour.example/nothing", [1]) is None
    assert filled.item(99) is None
    assert filled.items_by_id([1, 99, 1 << 80]).keys() == {1}


# --- search -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def library(store: Store) -> Store:
    add(
        store,
        article("1", title="Dock workers walk out in Łódź", teaser="The strike began at dawn."),
        article("2", title="Football: keeper strikes twice", teaser="No dock in sight; workers cheer."),
        article("3", title="Präsident eröffnet Hafen", teaser="Ein Fest für alle."),
        article("4", title="港湾労働者がストライキ", teaser="東京都の発表。"),
        article("5", title="นายกรัฐมนตรีลาออก", teaser=""),
        article("6", title="प्रधानमंत्री का भाषण", teaser=""),
        article("7", title="The dock", teaser="x", outlet="Łódź Daily"),
        article("8", title="A社の新iPad発売", teaser=""),
    )
    return store


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dock", [1, 2, 7]),
        ("DOCK workers", [1, 2]),
        ('"dock workers"', [1]),
        ("“dock workers”", [1]),
        ("strik*", [1, 2]),
        ("strike", [1]),
        ("lodz", []),  # Ł is a letter, not an L with an accent
        ("łodz", [1, 7]),
        ("title:dock", [1, 7]),
        ("teaser:dock", [2]),
        ("outlet:łódź", [7]),
        ("outlet:harbour dock", [1, 2]),
        ("dock -football", [1, 7]),
        ("dock NOT football", [1, 7]),
        ("dock AND football", [2]),
        ('dock -"walk out"', [2, 7]),
        ("prasident OR keeper", [2, 3]),
        ("dock prasident OR strike", [1]),
        ("-dock -hafen", [4, 5, 6, 8]),
        ("労働者", [4]),
        ("東京", [4]),
        ("港", [4]),
        ("表", [4]),
        ("京都", [4]),
        ("東都", []),
        ("รัฐมนตรี", [5]),
        ("प्रधानमंत्री", [6]),
        ("ストライキ 東京", [4]),
        ("A社の新iPad", [8]),
        ("新iPad", [8]),
        ("社の新", [8]),
        ("新iPhone", []),
        ("http://dock:workers", []),
        ("unknown:dock", []),
        ("???", []),
        ('"', []),
        ("", [1, 2, 3, 4, 5, 6, 7, 8]),
    ],
)
def test_search_finds(library: Store, text: str, expected: list[int]) -> None:
    assert search(library, text) == expected
    assert library.count(ItemFilter(search=text)) == len(expected)


def test_a_word_in_the_headline_counts_for_more(store: Store) -> None:
    add(
        store,
        article("1", title="Quiet day", teaser="Nothing but one ferry moved."),
        article("2", title="Ferry sinks", teaser="Nobody was hurt in the end."),
        article("3", title="Quiet night", teaser="Another ferry, at last."),
    )
    assert ids(store.items(ItemFilter(search="ferry", sort="relevance")))[0] == 2


UNSPACED = (
    "东京股市收盘下跌，总统宣布停火协议",
    "总统府：东港大桥坍塌，渔民要求赔偿",
    "港湾労働者がストライキに突入、知事が懸念",
    "ニュー・ポートでガス爆発、佐々木知事が会見",
    "A社の新型iPad発売、東京TVが5月14日に報道",
    "นายกรัฐมนตรีประกาศยุบสภา น้ำท่วมที่กรุงเทพ",
    "ชาวประมงประท้วงโควตาประมง",
    "서울에서 화재, 대통령이 현장 방문",
    "한국은행 기준금리 동결",
)


def test_any_piece_of_a_script_without_spaces_is_found_and_nothing_else_is(store: Store) -> None:
    add(store, *(article(str(number), title=title, teaser="") for number, title in enumerate(UNSPACED, 1)))
    for text in UNSPACED:
        starts = [place for place, letter in enumerate(text) if unicodedata.category(letter)[0] != "M"]
        for start, length in itertools.product(starts, (1, 2, 3, 4)):
            piece = text[start : start + length]
            around = text[max(0, start - 1) : start + length + 1]
            if not piece.isalpha() or re.search(r"[A-Za-z0-9]{2}|\u0e33", around):
                continue  # in Latin text words are looked for; Thai's sara am is two letters in one
            having = [number for number, title in enumerate(UNSPACED, 1) if piece in title]
            found = search(store, f'"{piece}"')
            assert found == having, piece


@pytest.mark.parametrize(
    ("title", "asked"),
    [
        ("Новогодняя ёлка зажглась", "ЕЛКА"),
        ("Елка упала", "ёлка"),
        ("Η Αθήνα ξυπνά", "ΑΘΗΝΑ"),
        ("ΟΙ ΔΡΟΜΟΙ ΤΗΣ ΑΘΗΝΑΣ", "δρόμοι"),
        ("Львів чекає на їжаків", "їжаків"),
        ("Café Zürich schließt", "cafe zurich"),
        ("Điện Biên đón khách", "dien bien"),
    ],
)
def test_accents_count_in_no_script(store: Store, title: str, asked: str) -> None:
    add(store, article("a", title=title), article("b", title="Something else"))
    expected = [] if asked == "dien bien" else [1]  # a crossed D is a letter of its own
    assert search(store, asked) == expected


def test_by_relevance_a_headline_counts_before_an_outlet_and_a_teaser_whatever_their_lengths(
    store: Store,
) -> None:
    long = (
        "Officials said nothing of the kind had been seen in these waters for a very long time indeed. " * 4
    )
    add(
        store,
        article("1", title="Calm", teaser="A ferry moved."),
        article("2", title="Ferry sinks off the cape in a storm that nobody had seen coming", teaser=long),
        article("3", title="Calm again", teaser=long, outlet="Ferry Times"),
        article("4", title="Quiet", teaser=f"{long} One ferry moved."),
        article("5", title="Ferry", teaser=""),
        article("6", title="Nothing", teaser="Nothing at all."),
    )
    found = ids(store.items(ItemFilter(search="ferry", sort="relevance")))
    assert found[:3] == [5, 2, 3], "both headlines are equal, and the newer one stands first"
    assert set(found[3:]) == {1, 4}


def test_by_relevance_equal_matches_are_the_newest_first(store: Store) -> None:
    titles = [
        "Ferry sinks",
        "Big ferry sinks at sea",
        "Ferry sinks in fog",
        "A ferry sinks",
        "Three ferry boats sink",
    ]
    add(
        store, *(article(str(n), title=title, teaser=f"Text {n} of it.") for n, title in enumerate(titles, 1))
    )
    assert ids(store.items(ItemFilter(search="ferry", sort="relevance"))) == [5, 4, 3, 2, 1]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("harbour strike", {2}),  # both words in the headline
        ('"harbour strike"', {2}),
        ("strike OR mayor", {1}),  # both of them before one of them
        ("mayor", {1, 6}),
        ("港湾", {5}),
        ("港湾 ストライキ", {5}),
        ("wire", {7}),  # an outlet before a teaser
    ],
)
def test_the_best_matches_are_the_same_on_every_database(store: Store, text: str, first: set[int]) -> None:
    add(
        store,
        article("1", title="Mayor ends strike of ferry crews", teaser="Boats sail again from the harbour."),
        article("2", title="Harbour strike enters its second week", teaser="Crews want more pay."),
        article(
            "3",
            title="Schools close early",
            teaser="A strike at the harbour keeps buses away, a wire report said.",
        ),
        article(
            "4",
            title="Weather: fog over the coast",
            teaser="No change until Friday, the harbour office said.",
        ),
        article("5", title="港湾労働者がストライキ", teaser="東京都の発表。"),
        article("6", title="New mayor takes office", teaser="東京の港湾で式典。"),
        article("7", title="Tides today", teaser="High water at noon.", outlet="Northern Wire"),
    )
    found = ids(store.items(ItemFilter(search=text, sort="relevance")))
    assert set(found[: len(first)]) == first


def test_what_a_search_found_is_marked_in_its_passage(library: Store) -> None:
    (found,) = library.items(ItemFilter(search="strike dawn"))
    assert found.snippet is not None
    assert (found.snippet.field, found.snippet.text) == ("teaser", "The strike began at dawn.")
    assert [found.snippet.text[start:end] for start, end in found.snippet.marks] == ["strike", "dawn"]
    assert [item.snippet for item in library.items(ItemFilter())] == [None] * 8
    assert [item.snippet for item in library.items(ItemFilter(search="-dock -hafen"))] == [None] * 4


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    title=st.text(st.sampled_from(list("ab C東京都タイキ・ーกำ่-é한국ﾀｲ1")), min_size=1, max_size=12),
    asked=st.text(st.sampled_from(list('abc東京都タイキ・ーกำ่é한국ﾀ1*" ')), min_size=1, max_size=5),
)
def test_what_a_search_found_has_a_mark(store: Store, title: str, asked: str) -> None:
    poll(store, [new(article(title=title, teaser=""))])
    for item in store.items(ItemFilter(search=asked, sort="relevance")):
        marks = item.snippet.marks if item.snippet is not None else ()
        assert marks or not parse_query(asked).clauses, (item.article.title, asked)


def test_a_word_of_any_length_is_stored_and_found(store: Store) -> None:
    word = "x" * 5000
    (article_id,) = add(store, article(title=f"{word} ends", teaser="é" * 5000))
    assert (
        search(store, "ends")
        == search(store, "xxx*")
        == search(store, "title:" + word[:200] + "*")
        == [article_id]
    )
    with store.write() as writer:
        writer.save_links([linked(article_id)], cursor=article_id)
        writer.candidates().add([index_row(article_id + 1, word)])
    store.candidates().search([word], since_id=0, until_id=None, limit=5)


@settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.text(max_size=30)
    | st.text(st.sampled_from(list("ab\"'*():-^{}+\\|&!<>~ \x00東京ก\ud800ORANDNOTNEAR,.")), max_size=30)
)
def test_no_text_makes_search_fail(library: Store, text: str) -> None:
    for sort in ("newest", "relevance"):
        library.items(ItemFilter(search=text, sort=sort))  # type: ignore[arg-type]
    library.topic_items(Topic(id="t", name="t", any=(text, "dock"), all=(text,)), since=None, limit=5)


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(title=st.text(st.sampled_from(list("ab c東京都タイกำ-é")), min_size=1, max_size=12))
def test_what_is_stored_is_found_by_its_own_words(store: Store, title: str) -> None:
    (article_id,) = poll(store, [new(article(title=title))])
    for word in title.replace("-", " ").split():
        assert article_id in ids(store.items(ItemFilter(search=word, limit=None)))


# --- topics -----------------------------------------------------------------------------------------------------------


def test_candidates_of_a_topic_hold_its_words_or_come_from_its_feeds(store: Store) -> None:
    add(
        store,
        article("1", title="Strike at the port"),
        article("2", title="Walkouts spread"),
        article("3", title="Dock workers go home"),
        article("4", title="Something else"),
        article("5", title="Strike in Portuguese", language="pt"),
    )
    add(store, article("6", title="Nothing of the kind"), feed="harbour-world", now=NOW + HOUR)
    assert ids(store.topic_items(STRIKE, since=None, limit=None)) == [6, 3, 2, 1]
    assert ids(store.topic_items(STRIKE, since=None, limit=2)) == [6, 3]
    assert ids(store.topic_items(STRIKE, since=NOW + HOUR, limit=None)) == [6]
    all_of = Topic(id="x", name="x", any=("strike", "walkouts"), all=("spread",))
    assert ids(store.topic_items(all_of, since=None, limit=None)) == [2]
    assert store.topic_items(Topic(id="x", name="x"), since=None, limit=None) == []
    assert ids(store.topic_items(Topic(id="x", name="x", outlets=("harbour",)), since=None, limit=1)) == [6]
    assert store.topic_items(replace(STRIKE, outlets=("wire",)), since=None, limit=None) == []


# --- links ------------------------------------------------------------------------------------------------------------


def test_the_candidate_index_finds_what_shares_terms_rarest_first(store: Store) -> None:
    add(store, *(article(str(number)) for number in range(1, 7)))
    with store.write() as writer:
        index: CandidateIndex = writer.candidates()
        index.add([index_row(1, "common rare x_y", [5, -5]), index_row(2, "common", [7])])
        index.add(
            [index_row(3, "common ti:harbour", [5]), index_row(4, "other b\"q'"), index_row(2, "again")]
        )
        assert (
            next(hit for hit, _ in index.search(["rare", "common"], since_id=0, until_id=None, limit=9)) == 1
        )
    index = store.candidates()
    found = index.search(["common", "rare"], since_id=0, until_id=None, limit=9)
    assert found[0] == (1, b"blob 1")
    assert {hit for hit, _ in found} == {1, 2, 3}
    assert len(index.search(["common"], since_id=0, until_id=None, limit=2)) == 2
    assert [hit for hit, _ in index.search(["common"], since_id=2, until_id=3, limit=9)] == [2]
    assert [hit for hit, _ in index.search(["x_y"], since_id=0, until_id=None, limit=9)] == [1]
    assert [hit for hit, _ in index.search(["ti:harbour"], since_id=0, until_id=None, limit=9)] == [3]
    assert [hit for hit, _ in index.search(["b\"q'"], since_id=0, until_id=None, limit=9)] == [4]
    assert index.search(["again", "absent"], since_id=0, until_id=None, limit=9) == []
    assert index.search([], since_id=0, until_id=None, limit=9) == ()
    assert sorted(hit for hit, _ in index.copies([5, 9], since_id=0, until_id=None, limit=10)) == [1, 3]
    assert [hit for hit, _ in index.copies([-5, 5], since_id=2, until_id=9, limit=10)] == [3]
    assert index.get([1, 3, 99]) == {1: b"blob 1", 3: b"blob 3"}
    with pytest.raises(TypeError, match="reading"):
        index.add([index_row(5)])


def test_links_are_saved_with_the_cursor(store: Store) -> None:
    add(store, *(article(str(number)) for number in range(1, 4)))
    assert [entry.id for entry in store.to_link(1, 1)] == [2]
    found = [
        linked(1, story=1),
        linked(2, neighbours=((1, 0.5),), story=1),
        linked(3, neighbours=((2, 0.75), (1, 0.25)), story=3),
        linked(99, story=99),  # gone meanwhile
    ]
    for _ in range(2):  # saving again changes nothing
        with store.write() as writer:
            writer.save_links(found, cursor=3)
            assert writer.stories_of([1, 2, 3, 4]) == {1: 1, 2: 1, 3: 3}
    assert store.link_cursor() == 3
    assert store.story_graph(0) == ([(2, 1, 0.5), (3, 2, 0.75), (3, 1, 0.25)], {1: 1, 2: 1, 3: 3})
    assert store.story_graph(2) == ([(3, 2, 0.75)], {2: 1, 3: 3})
    details = store.article_details(3)
    assert details is not None
    assert (details.linked, details.neighbours) == (True, ((2, 0.75), (1, 0.25)))


def test_what_was_linked_last_waits_until_its_stories_are_refined_with_it(store: Store) -> None:
    add(store, *(article(str(number)) for number in range(1, 4)))
    assert store.to_refine() == []
    with store.write() as writer:
        writer.save_links([linked(2, story=2), linked(1, story=1)], cursor=2)
    assert store.to_refine() == [1, 2]
    with store.write() as writer:
        writer.set_stories({1: 1, 2: 1}, refined=[1])  # of another pass
    assert store.to_refine() == [1, 2]
    with store.write() as writer:
        writer.set_stories({}, refined=[2, 1])
    assert store.to_refine() == []
    with store.write() as writer:
        writer.save_links([linked(3, story=1)])
    assert (store.link_cursor(), store.to_refine()) == (2, [3])


def test_near_some_articles_the_graph_holds_their_stories_whole(store: Store) -> None:
    add(store, *(article(str(number)) for number in range(1, 8)))
    with store.write() as writer:
        writer.save_links(
            [
                linked(1, story=1),
                linked(2, neighbours=((1, 0.5),), story=1),
                linked(3, story=3),
                linked(4, neighbours=((3, 0.5), (1, 0.25)), story=3),
                linked(5, story=5),
                linked(6, neighbours=((5, 0.5),), story=5),
                linked(7, neighbours=((4, 0.125),), story=7),
            ],
            cursor=7,
        )
    assert store.story_graph(0, near=[7]) == ([(4, 3, 0.5), (7, 4, 0.125)], {3: 3, 4: 3, 7: 7})
    assert store.story_graph(4, near=[7]) == ([(7, 4, 0.125)], {4: 3, 7: 7})
    assert store.story_graph(0, near=[]) == ([], {})


def test_copies_form_one_group_that_the_first_member_stands_for(store: Store) -> None:
    add(store, *(article(str(number), published_at=NOW + number * HOUR) for number in range(1, 7)))
    with store.write() as writer:
        writer.save_links([linked(2, copies=((1, 0.9),)), linked(4, copies=((3, 0.8),))], cursor=4)
        writer.save_links([linked(5, copies=((4, 0.7), (2, 0.6), (99, 1.0)))], cursor=5)
        (group,) = writer.copy_groups([3])
    assert (group.representative_id, group.members) == (1, (1, 2, 3, 4, 5))
    assert ids(store.items(ItemFilter())) == [6, 1]
    assert ids(store.items(ItemFilter(state="copy"))) == [5, 4, 3, 2]
    assert ids(store.items(ItemFilter(state="all"))) == [6, 5, 4, 3, 2, 1]
    shown = store.item(1)
    assert shown is not None
    assert [(copy.id, copy.similarity) for copy in shown.copies] == [(5, 0.7), (4, 0.8), (3, 0.8), (2, 0.9)]
    assert shown.copies[0].outlet == "Harbour Post"
    hidden = store.item(4)
    assert hidden is not None
    assert (hidden.copy_of, hidden.copies) == (1, ())
    with store.write() as writer:
        writer.set_representatives({group.id: 3})
        writer.set_representatives({group.id: 6})  # no member
    assert ids(store.items(ItemFilter())) == [6, 3]


# --- stories ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def told(store: Store) -> Store:
    """Story 1: articles 1 to 3 (3 is a copy of 2). Story 4: articles 4 and 5, both of the agency. 6 stands alone."""
    add(
        store,
        article("1", title="First"),
        article("2", title="Second", published_at=NOW),
        article("3", title="Second", source_id="abend", published_at=NOW + HOUR),
        article("4", title="Fourth", agency="NW"),
        article("5", title="Fifth", agency="NW", source_id="wire"),
        article("6"),
    )
    with store.write() as writer:
        writer.save_links(
            [
                linked(1, story=1),
                linked(2, story=1),
                linked(3, story=1, copies=((2, 0.9),)),
                linked(4, story=4),
                linked(5, story=4),
                linked(6, story=6),
            ],
            cursor=6,
        )
    return store


def test_a_story_says_who_reports_and_how_many_on_their_own(told: Store) -> None:
    later, earlier = told.stories()
    assert (later.article_ids, later.headline, later.independent) == ((5, 4), "Fifth", 1)
    assert later.outlets == ("Harbour Post", "Northern Wire")
    assert (earlier.article_ids, earlier.headline, earlier.independent) == ((3, 2, 1), "Second", 2)
    assert earlier.outlets == ("Harbour Post", "Abendblatt")
    assert (earlier.first_at, earlier.last_at) == (NOW - HOUR, NOW + HOUR)
    assert len(told.stories(min_articles=1)) == 3
    assert told.stories(limit=1) == [later]
    assert told.stories(since=NOW + HOUR) == []


def test_a_story_is_found_by_the_beginning_of_its_id(told: Store) -> None:
    story = told.stories()[0]
    assert told.story(story.id) == story
    assert told.story(story.id[:6].upper()) == story
    assert ids(told.items(ItemFilter(story=story.id))) == [5, 4]
    assert {item.story_id for item in told.items(ItemFilter(ids=(4, 5)))} == {story.id}
    for unknown in ("", "zzzzzzzz0", "%", "ü"):
        with pytest.raises(UnknownName):
            told.story(unknown)
    with pytest.raises(UnknownName):
        told.items(ItemFilter(story="zzzzzzzz0"))


def test_a_story_left_without_articles_leads_to_the_one_that_took_most(told: Store) -> None:
    old = told.stories()[1].id
    with told.write() as writer:
        writer.set_stories({1: 4, 2: 4, 3: 6})
    assert told.story(old).article_ids == (5, 4, 2, 1)
    with told.write() as writer:
        writer.set_stories(dict.fromkeys((1, 2, 4, 5), 5))
    assert told.story(old).article_ids == (5, 4, 2, 1), "through two mergers"
    with told.write() as writer:
        writer.set_stories({1: 1})
    assert told.story(old).article_ids == (1,), "a number that is given again is itself again"
    with told.write() as writer:
        writer.set_stories({})
        writer.set_stories({99: 1})


def test_a_provisional_label_that_has_merged_since_follows(told: Store) -> None:
    with told.write() as writer:
        writer.set_stories({1: 4, 2: 4, 3: 4})
    (late,) = add(told, article("7"))
    with told.write() as writer:
        writer.save_links([linked(late, story=1)], cursor=late)
        assert writer.stories_of([late]) == {late: 4}


# --- editors ----------------------------------------------------------------------------------------------------------


def decide(store: Store, kind: Decision, about: Article, other: Article | None = None) -> EditorVerdict:
    wanted = EditorVerdict(
        id=0,
        kind=kind,
        url=about.canonical_url,
        url_hash=hash64(about.canonical_url),
        other=other.canonical_url if other else "",
        other_hash=hash64(other.canonical_url) if other else None,
        at=NOW,
        by="ada",
        why="because",
    )
    with store.write() as writer:
        return writer.decide(wanted)


def undo(store: Store, given: EditorVerdict) -> EditorVerdict:
    with store.write() as writer:
        return writer.undo(given.id, at=NOW + HOUR, by="bob")


def groups(store: Store) -> list[tuple[int, ...]]:
    """Members of each copy group, the shown one first."""
    found = {item.id: item for item in store.items(ItemFilter(state="all"))}
    shown = [item for item in found.values() if item.copies]
    return sorted((item.id, *sorted(copy.id for copy in item.copies)) for item in shown)


def test_what_an_editor_hides_stands_in_no_list_until_it_is_undone(told: Store) -> None:
    before = ids(told.items(ItemFilter()))
    shown = told.item(before[0])
    assert shown is not None
    given = decide(told, "hide", shown.article)
    assert (given.id, given.kind, given.by, given.why, given.undone_at) == (1, "hide", "ada", "because", None)
    assert decide(told, "hide", shown.article) == given
    assert ids(told.items(ItemFilter())) == [number for number in before if number != shown.id]
    assert told.count(ItemFilter()) == len(before) - 1
    assert ids(told.items(ItemFilter(state="hidden"))) == [shown.id]
    assert shown.id in ids(told.items(ItemFilter(state="all")))
    hidden = told.item(shown.id)
    assert hidden is not None and hidden.hidden
    assert all(shown.id not in story.article_ids for story in told.stories(min_articles=1))
    assert told.verdicts() == told.verdicts_about(given.url_hash) == [given]
    assert undo(told, given) == undo(told, given)
    assert told.verdicts() == []
    assert [(one.undone_at, one.undone_by) for one in told.verdicts(undone=True)] == [(NOW + HOUR, "bob")]
    assert ids(told.items(ItemFilter())) == before


def test_what_was_hidden_before_it_came_is_hidden_when_it_comes(store: Store) -> None:
    decide(store, "hide", article("a"))
    first, second = add(store, article("a"), article("b"))
    assert ids(store.items(ItemFilter())) == [second]
    assert ids(store.items(ItemFilter(state="hidden"))) == [first]


def test_a_verdict_that_nobody_gave_cannot_be_undone(store: Store) -> None:
    with pytest.raises(UnknownName, match="verdicts"), store.write() as writer:
        writer.undo(7, at=NOW)


def test_another_copy_stands_where_the_shown_one_is_hidden(store: Store) -> None:
    add(store, *(article(name) for name in "abc"))
    with store.write() as writer:
        writer.save_links([linked(2, copies=((1, 0.9),)), linked(3, copies=((1, 0.9),))], cursor=3)
    decide(store, "hide", article("a"))
    assert ids(store.items(ItemFilter())) == [2]


def copied(store: Store, *edges: tuple[int, int]) -> None:
    """Five articles, and these copies among them."""
    add(store, *(article(name) for name in "abcde"))
    with store.write() as writer:
        found = [linked(a, copies=((b, 0.9),)) for a, b in edges]
        writer.save_links([linked(1), *found], cursor=5)


def test_an_editor_parts_two_copies_without_changing_any_id(store: Store) -> None:
    copied(store, (2, 1), (3, 1), (4, 2))
    assert groups(store) == [(1, 2, 3, 4)]
    decide(store, "not_copy", article("b"), article("a"))
    assert groups(store) == [(1, 3)]  # d was held to them by b alone
    assert ids(store.items(ItemFilter(state="all"))) == [5, 4, 3, 2, 1]
    with store.write() as writer:
        writer.save_links([linked(2, copies=((1, 0.9),)), linked(4, copies=((2, 0.9), (3, 0.8)))])
    assert groups(store) == [(1, 3), (2, 4)], "d is a copy of b, so it cannot be one of c's group"
    assert store.check() == []


def test_an_article_that_is_a_copy_of_nothing_joins_no_group(store: Store) -> None:
    copied(store, (2, 1), (3, 1))
    given = decide(store, "not_copy", article("a"))
    assert groups(store) == []
    with store.write() as writer:
        writer.save_links([linked(2, copies=((1, 0.9),)), linked(3, copies=((2, 0.9),))])
    assert groups(store) == [(2, 3)]
    undo(store, given)
    assert [again.id for again in store.to_relink(9)] == [1]
    with store.write() as writer:
        writer.save_links([linked(1, copies=((2, 0.9),))])
    assert groups(store) == [(2, 1, 3)]
    assert store.to_relink(9) == []


def test_a_part_that_edges_hold_together_is_a_group_of_its_own(store: Store) -> None:
    copied(store, (2, 1), (3, 2), (4, 3), (5, 3))
    decide(store, "not_copy", article("c"), article("a"))
    assert groups(store) == [(1, 2)]
    decide(store, "not_copy", article("b"))
    assert groups(store) == []


def test_articles_that_were_revised_are_to_be_linked_again(store: Store) -> None:
    add(store, article("a"), article("b"))
    poll(store, [unchanged(1, article("a")), revision(2, article("b", title="Other words"))], now=NOW + HOUR)
    assert store.to_relink(9) == [], "it has not been linked yet"
    with store.write() as writer:
        writer.save_links([linked(1), linked(2)], cursor=2)
    assert store.to_relink(9) == [], "it was linked as it reads now"
    poll(
        store, [unchanged(1, article("a")), revision(2, article("b", title="New words"))], now=NOW + 2 * HOUR
    )
    assert [again.title for again in store.to_relink(9)] == ["New words"]
    with store.write() as writer:
        writer.unlink([2])
        writer.save_links([replace(linked(2), row=index_row(2, "fresh", (5,)))])
    assert store.to_relink(9) == []

    def found(term: str) -> list[int]:
        return [hit for hit, _ in store.candidates().search([term], since_id=0, until_id=None, limit=9)]

    assert (found("term2"), found("fresh"), found("term1")) == ([], [2], [1])
    assert [hit for hit, _ in store.candidates().copies([5], since_id=0, until_id=None, limit=9)] == [2]


def test_what_outlets_repeat_is_kept_by_outlet(store: Store) -> None:
    with store.write() as writer:
        writer.save_boilerplate({"harbour": b"one", "wire": b"two", "nobody": b"three"})
        writer.save_boilerplate({"wire": b"four"})
    with store.write() as writer:
        assert writer.boilerplate(["harbour", "wire", "abend"]) == {"harbour": b"one", "wire": b"four"}


def test_what_became_of_an_article_that_is_gone_or_was_refused_is_known(store: Store) -> None:
    (first,) = add(store, article("a"), now=NOW)
    gone = NOW + timedelta(days=100)
    again = replace(new(article("a")), outcome="rejected", of=first, keys=(), article=None, why="purged")
    refused = rejected("https://harbour.example/100%_sure?x", "no headline")
    prune(store, gone, timedelta(days=90))
    poll(store, [again, refused], now=gone)
    poll(store, [again, refused], now=gone + HOUR)
    hashes = [key.hash for key in new(article("a")).keys]
    (tombstone,) = store.tombstones(hashes)
    assert tombstone == store.tombstones(article_id=first)[0]
    assert (tombstone.article_id, tombstone.first_seen_at, tombstone.served_at) == (first, NOW, gone)
    assert store.tombstones([hash64("never")]) == store.tombstones(article_id=99) == []
    (rejection,) = store.rejections("100%_sure?x", lambda what: what.endswith("sure?x"))
    assert (rejection.reason, rejection.feed_id) == ("no headline", FEED)
    assert (rejection.first_at, rejection.last_at) == (gone, gone + HOUR)
    assert store.rejections("100%_sure", lambda what: False) == []


# --- retention --------------------------------------------------------------------------------------------------------


def test_retention_takes_the_old_and_their_keys_stay(told: Store) -> None:
    later = NOW + timedelta(days=60)
    poll(told, [], now=NOW - timedelta(days=20))
    add(told, article("7", title="Fresh"), now=later)
    with told.write() as writer:
        writer.save_links([linked(7, copies=((2, 0.9),), neighbours=((1, 0.5),), story=1)], cursor=7)
    poll(told, [revision(2, article("2", title="Second again"))], now=later)
    report = prune(told, later + HOUR, timedelta(days=30), polls_kept=timedelta(days=70))
    assert (report.articles, report.polls) == (6, 1)
    assert ids(told.items(ItemFilter(state="all"))) == [7]
    fresh = told.item(7)
    assert fresh is not None
    assert (fresh.copy_of, fresh.copies) == (None, ())
    assert search(told, "second OR first OR fresh") == [7]
    assert told.story_graph(7) == ([], {7: 1})
    assert told.story(fresh.story_id or "").article_ids == (7,)
    assert [
        hit for hit, _ in told.candidates().search(["term1", "term7"], since_id=7, until_id=None, limit=9)
    ] == [7]
    stats = told.stats()
    assert (stats.articles, stats.tombstones, stats.copies, stats.revisions) == (1, 12, 0, 0)
    verdict = new(article("1"))
    with told.write() as writer:
        known = writer.known([key.hash for key in verdict.keys])
        assert [entry.purged for entry in known.values()] == [True, True]
        assert writer.newest() == later
    assert told.first_id_since(NOW) == 7


def test_ids_of_purged_articles_are_not_given_again(store: Store) -> None:
    add(store, article("a"), article("b"))
    prune(store, NOW + timedelta(days=9), timedelta(days=1), polls_kept=timedelta(days=1))
    assert store.polls() == []
    assert store.first_id_since(NOW) == 3
    assert add(store, article("c"), now=NOW + timedelta(days=9)) == [3]
    assert len(store.polls()) == 1


def test_a_group_that_lost_its_representative_has_another(store: Store) -> None:
    add(store, article("1"))
    add(store, article("2"), article("3"), now=NOW + timedelta(days=2))
    with store.write() as writer:
        writer.save_links([linked(2, copies=((1, 0.9),)), linked(3, copies=((1, 0.9),))], cursor=3)
    prune(store, NOW + timedelta(days=3), timedelta(days=2), polls_kept=timedelta(days=9))
    assert ids(store.items(ItemFilter())) == [2]
    found = store.item(2)
    assert found is not None
    assert [copy.id for copy in found.copies] == [3]


def test_retention_of_many_goes_in_batches(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aggregator.store.writer.PRUNE_BATCH", 10)
    add(store, *(article(str(number), title=f"Number{number}") for number in range(35)))
    add(store, article("kept", title="Kept"), now=NOW + timedelta(days=2))
    assert (
        prune(store, NOW + timedelta(days=3), timedelta(days=2), polls_kept=timedelta(days=9)).articles == 35
    )
    assert ids(store.items(ItemFilter())) == [36]
    assert search(store, "number*") == []


def test_an_outlet_keeps_as_long_and_as_many_as_it_says(store: Store) -> None:
    old = NOW - timedelta(days=40)
    add(store, article("old"), now=old)
    add(store, article("b1", source_id="abend"), article("b2", source_id="abend"), feed="abend", now=old)
    add(store, article("w", source_id="wire"), feed="wire", now=NOW - timedelta(days=5))
    add(store, *(article(f"new {number}") for number in range(5)), now=NOW)
    own = {"abend": Keep(timedelta(days=365), 1), "wire": Keep(timedelta(days=3))}
    report = prune(store, NOW, timedelta(days=30), newest=3, own=own)
    assert report.articles == 1 + 1 + 2 + 1
    left = store.items(ItemFilter(state="all"))
    assert sorted(item.article.title for item in left) == [
        "Title of b2",
        "Title of new 2",
        "Title of new 3",
        "Title of new 4",
    ]
    assert store.check() == []
    assert prune(store, NOW, timedelta(days=30), newest=3, own=own).articles == 0


def test_a_tombstone_stays_for_as_long_as_a_feed_serves_it(store: Store) -> None:
    served, forgotten = article("served"), article("forgotten")
    first, _ = add(store, served, forgotten)
    gone = NOW + timedelta(days=100)
    assert prune(store, gone, timedelta(days=90)).articles == 2
    for month in range(1, 14):
        still = replace(
            new(served), outcome="rejected", of=first, keys=(), article=None, why="purged earlier"
        )
        poll(store, [still], now=gone + month * timedelta(days=30))
    later = gone + timedelta(days=400)
    assert prune(store, later, timedelta(days=90)).tombstones == 2
    with store.write() as writer:
        known = writer.known([key.hash for told in (served, forgotten) for key in new(told).keys])
    assert {entry.article_id for entry in known.values()} == {first}
    assert prune(store, later + timedelta(days=400), timedelta(days=90)).tombstones == 2
    assert store.stats().tombstones == 0


def test_an_article_that_moved_leads_to_its_new_address(store: Store) -> None:
    (moved,) = add(store, article("a"))
    there = replace(
        unchanged(moved, article("a")),
        url="https://harbour.example/new/a?x=1",
        moved_to="https://harbour.example/new/a",
        keys=(Key(hash64("new a"), "url"),),
    )
    poll(store, [there], now=NOW + HOUR)
    item = store.item(moved)
    assert item is not None
    assert (item.article.url, item.article.canonical_url) == (there.url, there.moved_to)
    assert (item.revisions, item.article.title) == ((), "Title of a")
    found = store.item_by_url("https://harbour.example/a", (hash64("https://harbour.example/a"),))
    assert found is not None and found.id == moved


# --- several at once ----------------------------------------------------------------------------------------------------


def test_readers_see_what_was_committed_and_wait_for_nobody(store: Store, url: str) -> None:
    add(store, article("a"))
    with Store.open(url) as reader, store.write() as writer:
        state = FeedState(feed_id=FEED)
        done = Poll(feed_id=FEED, source_id="harbour", url="u", at=NOW, outcome="ok")
        writer.record(state, done, [new(article("b"))], now=NOW)
        writer.flush()
        assert ids(reader.items(ItemFilter())) == [1]
        assert ids(store.items(ItemFilter())) == [1]
    assert ids(store.items(ItemFilter())) == [2, 1]


def test_an_address_without_its_password_is_shown(url: str) -> None:
    with Store.open(url, create=True) as opened:
        assert "password" not in opened.url
    with pytest.raises(StoreError, match="no database address"):
        Store.open("nonsense")
    with pytest.raises(StoreError, match="not supported"):
        Store.open("mysql://host/name")


def test_the_store_says_how_much_is_in_it(told: Store) -> None:
    stats = told.stats()
    assert (stats.articles, stats.sources, stats.feeds) == (6, 3, 4)
    assert (stats.stories, stats.copies, stats.not_linked) == (2, 2, 0)
    assert stats.bytes > 0
    assert told.check() == []


def test_a_feed_of_many_articles_costs_statements_by_feed_not_by_article(store: Store) -> None:
    feed: Feed = HARBOUR.feeds[0]
    many: list[Article] = [article(str(number)) for number in range(60)]
    found = add(store, *many, feed=feed.id)
    assert found == list(range(1, 61))


# --- what may have been missed, and what documents usually hold ---------------------------------------------------------

LISTING = HARBOUR.feeds[1].id


def record_gap(store: Store, since: datetime, until: datetime, *, now: datetime = NOW) -> int:
    with store.write() as writer:
        return writer.record_gap(FEED, since, until, now=now)


def test_a_gap_is_kept_with_its_time_and_listed_newest_first(store: Store) -> None:
    record_gap(store, NOW - 9 * HOUR, NOW - 8 * HOUR, now=NOW - 7 * HOUR)
    record_gap(store, NOW - 3 * HOUR, NOW - HOUR)
    latest, earlier = store.gaps()
    assert (latest.feed_id, latest.source_id, latest.at) == (FEED, "harbour", NOW)
    assert (latest.since, latest.until, latest.filled) == (NOW - 3 * HOUR, NOW - HOUR, 0)
    assert earlier.at == NOW - 7 * HOUR
    assert store.gaps(since=NOW - HOUR) == [latest]
    assert store.gaps(limit=1) == [latest]
    assert store.gaps(source_ids=["abend"]) == []
    assert store.gaps(source_ids=["harbour"]) == [latest, earlier]


def test_a_gap_makes_the_outlets_section_page_due_at_once(store: Store) -> None:
    with store.write() as writer:
        writer.claim(NOW, until=NOW + HOUR)
    poll(store, [], feed=LISTING, now=NOW - 2 * HOUR)
    poll(store, [], now=NOW)
    assert record_gap(store, NOW - 3 * HOUR, NOW - HOUR) == 1
    assert store.gaps()[0].asked == 1
    assert store.feed_states()[LISTING].next_check_at == NOW
    with store.write() as writer:
        assert [state.feed_id for state in writer.claim(NOW, until=NOW + HOUR)] == [LISTING]


def test_a_section_page_that_answered_after_the_gap_is_not_asked_again(store: Store) -> None:
    poll(store, [], feed=LISTING, now=NOW - HOUR)
    assert record_gap(store, NOW - 3 * HOUR, NOW - 2 * HOUR) == 0
    assert store.feed_states()[LISTING].next_check_at == NOW


def test_a_section_page_is_asked_no_sooner_than_its_editor_allows(store: Store) -> None:
    poll(store, [], feed=LISTING, now=NOW - timedelta(minutes=4))
    record_gap(store, NOW - 3 * HOUR, NOW - timedelta(minutes=1))
    assert store.feed_states()[LISTING].next_check_at == NOW + timedelta(minutes=6)  # its interval is 10 min


def test_articles_inside_a_gap_fill_it_whichever_feed_brings_them(store: Store) -> None:
    add(store, article("early", published_at=NOW - 4 * HOUR), now=NOW - 4 * HOUR)
    add(store, article("before", published_at=NOW - 2 * HOUR), feed=LISTING, now=NOW - 2 * HOUR)
    record_gap(store, NOW - 3 * HOUR, NOW - HOUR)
    assert (store.gaps()[0].filled, store.gaps()[0].filled_at) == (1, NOW)
    later = NOW + HOUR
    add(
        store,
        article("inside", published_at=NOW - 2 * HOUR),
        article("at its end", published_at=NOW - HOUR),
        article("undated", published_at=NOW - 2 * HOUR, published_origin="first_seen"),
        article("today", published_at=NOW),
        feed=LISTING,
        now=later,
    )
    add(store, article("elsewhere", source_id="abend", published_at=NOW - 2 * HOUR), feed="abend", now=later)
    (gap,) = store.gaps()
    assert (gap.filled, gap.filled_at) == (2, later)


def test_a_gap_is_no_longer_filled_after_a_week_and_forgotten_with_the_journal(store: Store) -> None:
    record_gap(store, NOW - 3 * HOUR, NOW - HOUR)
    add(store, article("late", published_at=NOW - 2 * HOUR), now=NOW + 8 * 24 * HOUR)
    assert store.gaps()[0].filled == 0
    prune(store, NOW + 31 * 24 * HOUR, timedelta(days=90), polls_kept=timedelta(days=30))
    assert store.gaps() == []


def test_what_a_feed_served_last_and_ever_is_known(store: Store) -> None:
    first, second = add(
        store,
        article("a", title="Ferry aground"),
        article("b", title="Dockers strike", published_origin="first_seen"),
    )
    with store.write() as writer:
        assert [(known.article_id, known.title, known.published_at) for known in writer.served(FEED)] == [
            (first, "Ferry aground", NOW - HOUR),
            (second, "Dockers strike", None),
        ]
        assert writer.has_shown(FEED, [first])
        assert not writer.has_shown(LISTING, [first])
        assert not writer.has_shown(FEED, [])
    poll(store, [unchanged(first, article("a"))], now=NOW + HOUR)
    with store.write() as writer:
        assert [known.article_id for known in writer.served(FEED)] == [first]
        assert writer.has_shown(FEED, [second])


def test_habits_are_kept_until_others_are_recorded_or_the_address_changes(store: Store) -> None:
    def record(habits: str | None) -> None:
        done = Poll(feed_id=FEED, source_id="harbour", url=FEED, at=NOW, outcome="ok")
        with store.write() as writer:
            writer.record(FeedState(feed_id=FEED), done, (), now=NOW, habits=habits)
            assert writer.habits(FEED) == (habits or "first")

    record("first")
    record(None)
    assert store.feed_habits() == {FEED: "first"}
    record("second")
    assert store.feed_habits() == {FEED: "second"}
    moved = replace(HARBOUR, feeds=(replace(HARBOUR.feeds[0], url="https://harbour.example/new"),))
    with store.write() as writer:
        writer.sync_config((moved,), (), "other", NOW)
    assert store.feed_habits() == {}


def document(body: bytes) -> Document:
    return Document(
        url=FEED,
        requested_url=FEED,
        status=200,
        media_type="application/rss+xml",
        charset=None,
        body=body,
        body_hash="",
        etag=None,
        last_modified=None,
        fetched_at=NOW,
        content_type="application/rss+xml; charset=utf-8",
    )


def test_one_document_a_feed_is_kept_until_it_is_forgotten(store: Store) -> None:
    assert store.saved_document(FEED) is None
    with store.write() as writer:
        assert writer.save_document(FEED, document(b"<rss/>"), "teaser missing")
        assert writer.save_document(FEED, document(b"<rss></rss>"), "teaser, image missing")
    kept = store.saved_document(FEED)
    assert kept is not None
    assert (kept.body, kept.why, kept.at, kept.content_type) == (
        b"<rss></rss>",
        "teaser, image missing",
        NOW,
        "application/rss+xml; charset=utf-8",
    )
    with store.write() as writer:
        writer.forget_document(FEED)
    assert store.saved_document(FEED) is None


def test_a_document_that_is_too_large_is_not_kept(store: Store) -> None:
    noise = random.Random(7).randbytes(1 << 20)  # cannot be compressed
    with store.write() as writer:
        assert not writer.save_document(FEED, document(noise), "teaser missing")
        assert writer.save_document(FEED, document(b" " * (4 << 20)), "teaser missing")


def test_the_journal_is_summed_up(store: Store) -> None:
    assert store.poll_totals().polls == 0
    poll(store, [new(article("a")), rejected("x", "no title")], now=NOW - 25 * HOUR, bytes=70)
    poll(store, [new(article("b"))], bytes=1000, revised=2)
    poll(store, [], outcome="error", error_kind="network", error="no answer")
    poll(store, [], outcome="not_modified")
    poll(store, [], outcome="unchanged")
    day = store.poll_totals(NOW - 24 * HOUR)
    assert (day.polls, day.ok, day.not_modified, day.errors) == (4, 1, 2, 1)
    assert (day.new, day.revised, day.rejected, day.bytes) == (1, 2, 0, 1000)
    assert (store.poll_totals().new, store.poll_totals().rejected) == (2, 1)


def test_the_newest_time_schema_and_size_cost_no_count(store: Store) -> None:
    assert store.newest() is None
    assert store.not_linked() == 0
    add(store, article("a"), article("b"), now=NOW)
    assert store.newest() == NOW
    assert store.not_linked() == 2
    assert store.schema() == store.stats().schema == migrations.MIGRATIONS[-1].number
    assert store.size() > 0
