"""How a feed is: judged from what its polls left behind, never from less than it takes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator import health
from aggregator.health import Habits, Seen, Span
from aggregator.model import Article, Entry, Feed, FeedState, Source, Verdict

NOW = datetime(2026, 5, 14, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
URL = "https://harbour.example/rss"
FEED = Feed(id=URL, url=URL, source_id="harbour")
WELL = FeedState(
    feed_id=URL, url=URL, checked_at=NOW, success_at=NOW, new_at=NOW - HOUR, next_check_at=NOW + HOUR
)


def how(state: FeedState, habits: Habits | None = None, feed: Feed = FEED) -> health.Health:
    return health.of(feed, state, habits, NOW)


def failing(kind: str, count: int) -> FeedState:
    return replace(WELL, error_count=count, error_kind=kind, last_error="no answer", failing_since=NOW - DAY)


# --- states ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "expected", "since", "unhealthy"),
    [
        (WELL, "ok", None, False),
        (FeedState(feed_id=URL), "new", None, False),
        (failing("network", 1), "failing", NOW - DAY, False),
        (failing("network", 3), "failing", NOW - DAY, True),
        (failing("blocked", 1), "blocked", NOW - DAY, True),
        (failing("gone", 1), "failing", NOW - DAY, False),
        (failing("gone", 3), "gone", NOW - DAY, True),
        (replace(WELL, empty_since=NOW - HOUR), "empty", NOW - HOUR, True),
        (replace(WELL, new_at=NOW - 8 * DAY), "silent", NOW - 8 * DAY, True),
        (replace(WELL, new_at=NOW - 2 * DAY, usual_gap=HOUR), "silent", NOW - 2 * DAY, True),
        (replace(WELL, moved_to="https://new.example/rss", moved_count=3), "moved", None, False),
        (replace(WELL, moved_to="https://new.example/rss", moved_count=2), "ok", None, False),
    ],
)
def test_a_feeds_state_follows_from_what_its_polls_left(
    state: FeedState, expected: str, since: datetime | None, unhealthy: bool
) -> None:
    found = how(state)
    assert (found.state, found.since, found.unhealthy) == (expected, since, unhealthy)


def test_a_failure_says_why_when_it_is_tried_again_and_what_to_do() -> None:
    found = how(failing("tls", 4))
    assert found.why == "4x tls: no answer"
    assert found.next_at == NOW + HOUR
    assert "certificate" in found.advice


def test_a_paused_feed_is_paused_whatever_else_it_is() -> None:
    found = how(failing("blocked", 9), feed=replace(FEED, paused=True))
    assert (found.state, found.next_at, found.unhealthy) == ("paused", None, False)


def test_a_feed_that_nobody_asked_for_a_week_is_not_silent() -> None:
    asked_last = NOW - 9 * DAY
    state = replace(WELL, checked_at=asked_last, success_at=asked_last, new_at=asked_last - HOUR)
    assert how(state).state == "ok"


def test_a_move_seen_on_fewer_than_three_days_is_told_but_not_believed() -> None:
    found = how(replace(WELL, moved_to="https://new.example/rss", moved_count=1))
    assert (found.state, found.why) == ("ok", "moved to https://new.example/rss, seen on 1 of 3 days")


def test_a_survey_covers_every_feed_and_a_paused_outlet_pauses_its_feeds() -> None:
    second = replace(FEED, id="second")
    source = Source(id="harbour", name="Harbour Post", url="https://harbour.example/", feeds=(FEED, second))
    states = {URL: failing("network", 3)}
    assert {id: found.state for id, found in health.survey([source], states, {}, NOW).items()} == {
        URL: "failing",
        "second": "new",
    }
    paused = health.survey([replace(source, paused=True)], states, {}, NOW)
    assert {found.state for found in paused.values()} == {"paused"}


def test_the_worst_of_several_states_stands_for_all() -> None:
    assert health.worst([how(WELL), how(failing("gone", 3)), how(FeedState(feed_id=URL))]) == "gone"
    assert health.worst([]) == "paused"


# --- drift ------------------------------------------------------------------------------------------------------------


def entries(count: int = 10, *, teaser: bool = True, date: bool = True, image: bool = True) -> list[Entry]:
    return [
        Entry(
            id=str(number),
            title=f"Headline {number}",
            summary="A teaser." if teaser else None,
            published=NOW if date else None,
            image="https://harbour.example/a.jpg" if image else None,
        )
        for number in range(count)
    ]


def after(*documents: list[Entry], habits: Habits | None = None, new: int = 10) -> Habits:
    """Learned from these documents, an hour apart."""
    habits = habits or Habits()
    for number, document in enumerate(documents):
        habits = health.learn(habits, document, new=new, now=NOW + number * HOUR)
    return habits


USUAL = after(*[entries()] * 3)


def test_a_field_that_is_missing_from_two_documents_in_a_row_has_drifted() -> None:
    once = after(entries(teaser=False), habits=USUAL)
    assert once.drifting == ()
    twice = after(entries(teaser=False), entries(teaser=False), habits=USUAL)
    assert twice.drifting == ("teaser",)
    assert twice.drifting_since == NOW
    found = how(WELL, twice)
    assert (found.state, found.why, found.since) == ("drift", "teaser missing", NOW)


def test_one_document_that_has_it_again_ends_the_drift() -> None:
    gone = after(*[entries(image=False, date=False)] * 5, habits=USUAL)
    assert gone.drifting == ("date", "image")
    assert after(entries(), habits=gone).drifting == ()


def test_a_field_that_some_entries_still_have_has_not_drifted() -> None:
    mixed = entries(7, teaser=False) + entries(3)
    assert after(*[mixed] * 5, habits=USUAL).drifting == ()


def test_a_field_that_was_never_usual_is_not_missed() -> None:
    habits = after(*[entries(image=False)] * 9)
    assert after(*[entries(image=False)] * 9, habits=habits).drifting == ()


def test_nothing_is_expected_before_twenty_different_entries_were_seen() -> None:
    few = after(*[entries()] * 9, new=2)
    assert few.entries == 18
    assert after(*[entries(teaser=False)] * 2, habits=few).drifting == ()


def test_documents_of_one_or_two_entries_say_nothing() -> None:
    assert after(*[entries(2, teaser=False)] * 9, habits=USUAL) == USUAL


def test_a_change_that_stays_for_a_month_becomes_the_usual() -> None:
    habits = after(entries(teaser=False), entries(teaser=False), habits=USUAL)
    later = health.learn(habits, entries(teaser=False), new=0, now=NOW + 31 * DAY)
    assert later.drifting == ()
    assert health.learn(later, entries(teaser=False), new=0, now=NOW + 32 * DAY).drifting == ()


documents = st.lists(
    st.builds(entries, st.integers(0, 12), teaser=st.booleans(), date=st.booleans(), image=st.booleans()),
    max_size=12,
)


@given(documents)
def test_habits_are_kept_as_text_and_read_back(seen: list[list[Entry]]) -> None:
    habits = after(*seen)
    kept = habits.text()
    assert Habits.read(kept).text() == kept
    assert Habits.read(kept).drifting == habits.drifting
    assert all(0 <= habit.share <= 1 for habit in habits.fields.values())


@given(documents)
def test_a_feed_whose_entries_are_always_complete_never_drifts(seen: list[list[Entry]]) -> None:
    habits = Habits()
    for document in seen:
        habits = health.learn(habits, entries(len(document)), new=10, now=NOW)
        assert habits.drifting == ()


@pytest.mark.parametrize(
    "kept", [None, "", "{}", "[]", "nonsense", '{"entries": 3, "fields": {"teaser": 1}}']
)
def test_what_cannot_be_read_is_nothing_learned(kept: str | None) -> None:
    assert Habits.read(kept) == Habits()


# --- gaps -------------------------------------------------------------------------------------------------------------


def new(title: str, at: datetime | None) -> Verdict:
    article = Article(
        source_id="harbour",
        url=f"https://harbour.example/{title}",
        canonical_url=f"https://harbour.example/{title}",
        title=title,
        teaser="",
        published_at=at or NOW,
        published_origin="feed" if at else "first_seen",
        published_precision="instant",
        first_seen_at=NOW,
    )
    return Verdict(outcome="new", position=0, url=article.url, article=article)


def missed(before: list[Seen], *verdicts: Verdict) -> Span | None:
    return health.missed(before, verdicts, [Entry()], checked_at=NOW - 6 * HOUR, now=NOW)


BEFORE = [Seen("Ferry aground", NOW - 8 * HOUR), Seen("Dockers strike", NOW - 7 * HOUR)]


def test_documents_without_a_common_article_leave_a_gap_between_their_nearest_entries() -> None:
    assert missed(BEFORE, new("a", NOW - HOUR), new("b", NOW - 2 * HOUR)) == Span(
        NOW - 7 * HOUR, NOW - 2 * HOUR
    )


def test_without_dates_the_gap_lies_between_the_two_polls() -> None:
    undated = [Seen("Ferry aground", None)]
    assert missed(undated, new("a", None)) == Span(NOW - 6 * HOUR, NOW)


def test_a_relaunch_that_reaches_back_is_no_gap() -> None:
    assert missed(BEFORE, new("a", NOW - HOUR), new("b", NOW - 9 * HOUR)) is None


def test_a_relaunch_that_repeats_a_headline_is_no_gap() -> None:
    assert missed([Seen("Ferry aground", None)], new("FERRY aground", None)) is None


def test_without_a_document_before_or_articles_now_there_is_no_gap() -> None:
    assert missed([], new("a", NOW)) is None
    assert missed(BEFORE) is None
    assert missed(BEFORE, Verdict(outcome="rejected", position=0, url="x", why="no title")) is None


instants = st.one_of(
    st.none(),
    st.datetimes(datetime(2026, 5, 1), datetime(2026, 5, 20)).map(lambda at: at.replace(tzinfo=UTC)),
)


@given(st.lists(instants), st.lists(instants))
def test_a_gap_is_a_stretch_of_time_that_is_over(
    before: list[datetime | None], now: list[datetime | None]
) -> None:
    span = missed([Seen("old", at) for at in before], *(new(f"n{n}", at) for n, at in enumerate(now)))
    if span is not None:
        assert span.since < span.until <= NOW
        assert not any(at and at <= span.since for at in now)


# --- findings ---------------------------------------------------------------------------------------------------------


def test_a_stored_time_in_the_future_speaks_of_a_wrong_clock() -> None:
    assert health.clock_finding(NOW + timedelta(minutes=4), NOW).level == "ok"
    assert health.clock_finding(None, NOW).level == "ok"
    found = health.clock_finding(NOW + 3 * DAY, NOW)
    assert (found.level, "3 days ahead" in found.what) == ("unhealthy", True)


@pytest.mark.parametrize(
    ("free", "used", "level"), [(10, 1, "unhealthy"), (1 << 30, 2 << 30, "warning"), (4 << 30, 1 << 30, "ok")]
)
def test_space_for_a_day_is_needed_and_space_for_a_copy_is_wished(free: int, used: int, level: str) -> None:
    assert health.disk_finding(free, used).level == level


def test_a_store_that_nobody_polls_is_unhealthy_after_half_a_day() -> None:
    assert health.polling_finding([], NOW).level == "warning"
    assert health.polling_finding([WELL, FeedState(feed_id="b")], NOW + HOUR).level == "ok"
    assert health.polling_finding([WELL], NOW + 13 * HOUR).level == "unhealthy"


def test_gaps_that_were_filled_need_nobody() -> None:
    assert health.gap_finding(0, 0).level == "ok"
    assert health.gap_finding(2, 0).level == "ok"
    assert health.gap_finding(2, 1).level == "warning"
