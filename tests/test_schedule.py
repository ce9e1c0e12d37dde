"""When a feed is asked next: by what it brought, by what it asked for, and by how it failed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator import schedule
from aggregator.errors import ErrorKind, FetchError, ParseError
from aggregator.model import Document, Feed, FeedState, NotModified
from aggregator.settings import ScheduleSettings

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SETTINGS = ScheduleSettings()
URL = "https://harbourpost.example/rss"
FEED = Feed(url=URL, source_id="harbour-post", id=URL)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MIDDLE = 0.5  # the jitter that changes nothing


def document(**fields: Any) -> Document:
    plain = Document(
        url=URL,
        requested_url=URL,
        status=200,
        media_type="application/rss+xml",
        charset=None,
        body=b"",
        body_hash="b2",
        etag='"e2"',
        last_modified="Mon, 02 Mar 2026 08:59:00 GMT",
        fetched_at=NOW,
    )
    return replace(plain, **fields)


def not_modified(**fields: Any) -> NotModified:
    return replace(NotModified(url=URL, because="status", fetched_at=NOW), **fields)


def known_state(**fields: Any) -> FeedState:
    """A feed that has been polled before."""
    plain = FeedState(
        feed_id=URL,
        url=URL,
        etag='"e1"',
        last_modified="Sun, 01 Mar 2026 08:00:00 GMT",
        body_hash="b1",
        checked_at=NOW - 15 * MINUTE,
        success_at=NOW - 15 * MINUTE,
        new_at=NOW - HOUR,
        interval=15 * MINUTE,
    )
    return replace(plain, **fields)


def succeed(
    state: FeedState,
    result: Document | NotModified | None = None,
    *,
    new: int = 0,
    known: int = 0,
    feed: Feed = FEED,
    settings: ScheduleSettings = SETTINGS,
    now: datetime = NOW,
    jitter: float = MIDDLE,
    ttl: int | None = None,
    published: Sequence[datetime] = (),
) -> FeedState:
    return schedule.after_success(
        feed,
        state,
        result or document(),
        settings=settings,
        now=now,
        jitter=jitter,
        new=new,
        known=known,
        ttl=ttl,
        published=published,
    )


def fail(
    state: FeedState,
    kind: ErrorKind = "server",
    *,
    feed: Feed = FEED,
    settings: ScheduleSettings = SETTINGS,
    now: datetime = NOW,
    jitter: float = MIDDLE,
    retry_after: timedelta | None = None,
    count: bool = True,
) -> FeedState:
    error = FetchError(URL, kind, "it failed", retry_after=retry_after)
    return schedule.after_error(feed, state, error, settings=settings, now=now, jitter=jitter, count=count)


def delay(state: FeedState, now: datetime = NOW) -> timedelta:
    assert state.next_check_at is not None
    return state.next_check_at - now


# --- how often


def test_a_new_feed_is_asked_again_after_the_default_interval_whatever_its_first_document_says() -> None:
    after = succeed(
        FeedState(feed_id=URL), new=30, published=[NOW - HOUR * hours for hours in range(30)], known=0
    )
    assert delay(after) == SETTINGS.interval == after.interval


def test_a_feed_that_brings_nothing_new_is_asked_less_often() -> None:
    assert succeed(known_state(), known=20).interval > 15 * MINUTE


def test_a_not_modified_answer_counts_as_nothing_new() -> None:
    assert succeed(known_state(), not_modified()).interval == succeed(known_state(), known=20).interval


def test_a_feed_that_brings_something_new_is_asked_more_often() -> None:
    assert succeed(known_state(), new=2, known=18).interval < 15 * MINUTE


def test_when_few_entries_were_known_the_interval_is_halved_whatever_the_dates_say() -> None:
    slow = [NOW - DAY * days for days in range(20)]
    assert succeed(known_state(), new=15, known=5, published=slow).interval == 7.5 * MINUTE


def test_the_interval_stays_between_its_bounds() -> None:
    state = known_state()
    for _ in range(30):
        state = succeed(state, new=20)
    assert state.interval == SETTINGS.min_interval
    for _ in range(60):
        state = succeed(state, known=20)
    assert state.interval == SETTINGS.max_interval


def test_an_interval_set_by_the_editor_is_where_a_feed_begins_and_its_floor() -> None:
    feed = replace(FEED, interval=30 * MINUTE)
    state = succeed(FeedState(feed_id=URL), feed=feed, new=5)
    assert state.interval == 30 * MINUTE
    for _ in range(10):
        state = succeed(state, feed=feed, new=20)
    assert state.interval == 30 * MINUTE
    assert succeed(state, feed=feed, known=20).interval > 30 * MINUTE


def test_an_editor_may_set_an_interval_outside_the_adaptive_bounds() -> None:
    assert succeed(FeedState(feed_id=URL), feed=replace(FEED, interval=MINUTE)).interval == MINUTE
    assert succeed(FeedState(feed_id=URL), feed=replace(FEED, interval=2 * DAY)).interval == 2 * DAY


def test_bounds_that_were_changed_since_hold_at_once() -> None:
    feed = replace(FEED, interval=HOUR)
    due = schedule.next_check(feed, known_state(), settings=SETTINGS, now=NOW, jitter=MIDDLE)
    assert due == NOW + HOUR


def test_the_entries_own_times_speed_up_a_feed_that_publishes_often() -> None:
    often = [NOW - 4 * MINUTE * position for position in range(20)]
    plain = succeed(known_state(interval=HOUR), new=8, known=12)
    assert succeed(known_state(interval=HOUR), new=8, known=12, published=often).interval < plain.interval


def test_the_entries_own_times_slow_down_a_feed_that_publishes_rarely() -> None:
    rarely = [NOW - DAY * days for days in range(20)]
    plain = succeed(known_state(), known=20)
    assert succeed(known_state(), known=20, published=rarely).interval > plain.interval


def test_a_feed_whose_newest_entry_is_long_past_is_not_held_to_the_pace_it_once_had() -> None:
    once = [NOW - 300 * DAY - MINUTE * position for position in range(20)]
    assert succeed(known_state(), known=20, published=once).interval > 15 * MINUTE


@pytest.mark.parametrize(
    "published",
    [
        pytest.param([NOW - HOUR], id="one"),
        pytest.param([NOW - HOUR] * 20, id="one time on everything"),
        pytest.param([NOW + DAY * days for days in range(1, 20)], id="in the future"),
    ],
)
def test_times_that_say_nothing_are_no_opinion(published: list[datetime]) -> None:
    assert succeed(known_state(), known=20, published=published) == succeed(known_state(), known=20)


def test_a_feed_settles_where_every_second_or_third_poll_brings_something() -> None:
    gap, now, published_until = 40 * MINUTE, NOW, 0
    state, brought = known_state(), []
    for _ in range(300):
        assert state.interval is not None
        now += state.interval
        published = (now - NOW) // gap
        new = published - published_until
        published_until = published
        state = succeed(state, new=new, known=30 - new, now=now)
        brought.append(new > 0)
    share = sum(brought[50:]) / len(brought[50:])
    assert 0.25 < share < 0.6


# --- what the server asks for


def test_a_feed_is_never_asked_while_its_server_calls_it_fresh() -> None:
    assert delay(succeed(known_state(), document(fresh_for=HOUR), new=9, jitter=0)) >= HOUR
    assert delay(succeed(known_state(), not_modified(fresh_for=HOUR), jitter=0)) >= HOUR


def test_a_feed_is_never_asked_before_its_ttl_is_over() -> None:
    assert delay(succeed(known_state(), new=9, ttl=60, jitter=0)) >= HOUR


@pytest.mark.parametrize("ttl", [10**9, 525_600, -5, 0, None])
def test_a_ttl_beyond_the_longest_interval_is_cut_and_a_senseless_one_is_ignored(ttl: int | None) -> None:
    assert delay(succeed(known_state(), new=9, ttl=ttl)) <= SETTINGS.max_interval * 1.1


def test_freshness_beyond_the_longest_interval_is_cut() -> None:
    after = succeed(known_state(), document(fresh_for=365 * DAY), new=9)
    assert SETTINGS.max_interval <= delay(after) <= SETTINGS.max_interval * 1.1


def test_being_asked_to_wait_once_teaches_nothing_about_the_feed() -> None:
    assert (
        succeed(known_state(), document(fresh_for=HOUR), new=2, known=8).interval
        == succeed(known_state(), new=2, known=8).interval
    )


# --- failures


def test_every_kind_of_error_has_a_rule() -> None:
    assert set(schedule.BACKOFF) == set(get_args(ErrorKind))


@pytest.mark.parametrize("kind", ["network", "server"])
def test_an_outage_is_retried_soon_and_then_ever_later(kind: ErrorKind) -> None:
    state, delays = known_state(interval=HOUR), []
    for _ in range(12):
        state = fail(state, kind)
        delays.append(delay(state))
    assert delays[:3] == [2 * MINUTE, 4 * MINUTE, 8 * MINUTE]
    assert delays[-1] == SETTINGS.max_backoff


def test_a_quick_retry_is_never_slower_than_the_interval() -> None:
    feed = replace(FEED, interval=timedelta(seconds=30))
    assert delay(fail(known_state(interval=None), "network", feed=feed)) == timedelta(seconds=30)


@pytest.mark.parametrize("kind", ["throttled", "content", "limit", "protocol"])
def test_other_failures_begin_with_the_interval(kind: ErrorKind) -> None:
    first = fail(known_state(), kind)
    assert delay(first) == 15 * MINUTE
    assert delay(fail(first, kind)) == 30 * MINUTE


@pytest.mark.parametrize("kind", ["client", "tls", "redirect", "refused"])
def test_what_a_person_has_to_put_right_is_retried_slowly(kind: ErrorKind) -> None:
    assert delay(fail(known_state(), kind)) == HOUR


def test_an_outlet_that_does_not_want_us_is_left_alone_for_six_hours() -> None:
    assert delay(fail(known_state(), "blocked")) == 6 * HOUR


def test_a_feed_is_gone_after_three_410s_within_three_days_and_then_asked_once_a_week() -> None:
    state, now = known_state(), NOW
    for attempt in range(3):
        assert not schedule.is_gone(state), attempt
        state = fail(state, "gone", now=now)
        assert state.next_check_at is not None
        last, now = now, state.next_check_at
    assert schedule.is_gone(state)
    assert last - NOW <= 3 * DAY
    assert delay(state, last) == 7 * DAY


def test_other_failures_confirm_no_410() -> None:
    state = fail(fail(fail(known_state(), "server"), "server"), "gone")
    assert state.error_count == 1 and not schedule.is_gone(state)
    assert not schedule.is_gone(fail(fail(state, "server"), "gone"))
    assert state.failing_since == NOW


def test_a_feed_that_was_gone_and_answers_is_a_feed_like_any_other() -> None:
    state = succeed(known_state(error_count=5, error_kind="gone"), new=1, known=9)
    assert not schedule.is_gone(state) and delay(state) < HOUR


def test_what_cannot_be_parsed_counts_as_wrong_content() -> None:
    error = ParseError(URL, "not a feed: HTML")
    state = schedule.after_error(FEED, known_state(), error, settings=SETTINGS, now=NOW, jitter=MIDDLE)
    assert (state.error_kind, state.last_error, state.error_count) == ("content", "not a feed: HTML", 1)


def test_a_failure_keeps_everything_learned() -> None:
    before = known_state(usual_gap=HOUR, moved_to="https://new.example/rss", moved_count=2, empty_since=NOW)
    after = fail(before)
    changed = {"checked_at", "next_check_at", "error_count", "error_kind", "last_error", "failing_since"}
    for name in FeedState.__dataclass_fields__.keys() - changed:
        assert getattr(after, name) == getattr(before, name), name


def test_one_success_forgives_every_failure() -> None:
    state = known_state()
    for _ in range(6):
        state = fail(state)
    assert state.error_count == 6 and state.failing_since == NOW
    state = succeed(state, new=1, known=9)
    assert (state.error_count, state.error_kind, state.last_error, state.failing_since) == (
        0,
        None,
        None,
        None,
    )
    assert delay(state) < HOUR


def test_every_outcome_gives_the_claim_back() -> None:
    claimed = known_state(claimed_until=NOW + HOUR)
    assert succeed(claimed).claimed_until is None
    assert fail(claimed).claimed_until is None
    assert fail(claimed, count=False).claimed_until is None


def test_retry_after_is_waited_for() -> None:
    assert delay(fail(known_state(), "throttled", retry_after=2 * HOUR, jitter=0)) >= 2 * HOUR


@pytest.mark.parametrize("asked", [timedelta(), timedelta(seconds=60), 15 * MINUTE])
def test_retry_after_makes_nothing_faster_than_the_interval(asked: timedelta) -> None:
    assert delay(fail(known_state(), "throttled", retry_after=asked, jitter=0)) >= 15 * MINUTE


def test_an_absurd_retry_after_is_cut_to_a_day() -> None:
    assert DAY <= delay(fail(known_state(), "throttled", retry_after=timedelta(days=10_000))) <= 1.1 * DAY


def test_retry_after_shortens_no_back_off() -> None:
    state = known_state(error_count=5, error_kind="server")
    plain = fail(state, "server")
    assert fail(state, "server", retry_after=timedelta(seconds=1)).next_check_at >= plain.next_check_at


def test_when_the_network_is_to_blame_nothing_is_held_against_the_feed() -> None:
    state = fail(known_state(), "network", count=False)
    assert (state.error_count, state.error_kind, state.last_error, state.failing_since) == (
        0,
        None,
        None,
        None,
    )
    assert state.checked_at == NOW and delay(state) == 2 * MINUTE


@pytest.mark.parametrize(
    ("reached", "failed", "blamed"),
    [
        (0, 5, True),
        (0, 4, False),
        (1, 4, False),
        (1, 5, True),
        (20, 80, False),
        (19, 81, True),
        (0, 0, False),
    ],
)
def test_the_network_is_to_blame_when_more_than_four_in_five_of_at_least_five_fail(
    reached: int, failed: int, blamed: bool
) -> None:
    assert schedule.blame_network([True] * reached + [False] * failed) is blamed


# --- validators


def test_a_document_brings_its_own_validators() -> None:
    after = succeed(known_state(), document(etag=None), new=1)
    assert (after.etag, after.last_modified, after.body_hash) == (None, document().last_modified, "b2")


def test_a_304_with_our_etag_keeps_it_and_may_date_it_later() -> None:
    later = "Mon, 02 Mar 2026 08:00:00 GMT"
    after = succeed(known_state(), not_modified(etag='"e1"', last_modified=later))
    assert (after.etag, after.last_modified, after.body_hash) == ('"e1"', later, "b1")


@pytest.mark.parametrize("etag", [None, '"other"'])
def test_a_304_without_our_etag_replaces_nothing(etag: str | None) -> None:
    after = succeed(known_state(), not_modified(etag=etag, last_modified="Thu, 01 Jan 1970 00:00:00 GMT"))
    assert (after.etag, after.last_modified) == (known_state().etag, known_state().last_modified)


def test_a_304_that_nobody_asked_for_brings_no_validators() -> None:
    after = succeed(FeedState(feed_id=URL), not_modified(etag='"x"', last_modified="whenever"))
    assert (after.etag, after.last_modified, after.body_hash) == (None, None, None)


def test_the_same_body_again_brings_the_validators_it_came_with() -> None:
    after = succeed(known_state(), not_modified(because="hash", etag='"e3"', last_modified=None))
    assert (after.etag, after.last_modified, after.body_hash) == ('"e3"', None, "b1")


def test_a_changed_address_begins_anew_but_remembers_how_often_there_is_news() -> None:
    moved = replace(FEED, url="https://harbourpost.example/new.xml")
    old = known_state(
        usual_gap=HOUR, error_count=4, error_kind="client", failing_since=NOW - DAY, moved_count=2
    )
    after = fail(old, "server", feed=moved)
    assert (after.url, after.etag, after.last_modified, after.body_hash) == (moved.url, None, None, None)
    assert (after.error_count, after.failing_since, after.moved_count) == (1, NOW, 0)
    assert (after.usual_gap, after.new_at) == (HOUR, NOW - HOUR)


# --- moving


def moves(days: Sequence[float], to: str = "https://new.example/rss") -> FeedState:
    state = known_state(success_at=NOW - DAY)
    for day in days:
        state = succeed(state, document(moved_to=to), known=9, now=NOW + day * DAY)
    return state


def test_a_permanent_redirect_counts_after_three_days_of_the_same_answer() -> None:
    assert schedule.moved_address(moves([0, 1])) is None
    assert schedule.moved_address(moves([0, 1, 2])) == "https://new.example/rss"


def test_a_hundred_redirects_in_one_hour_are_no_move() -> None:
    assert schedule.moved_address(moves([hour / 2400 for hour in range(100)])) is None


def test_a_redirect_that_ended_or_changed_its_target_begins_anew() -> None:
    twice = moves([0, 1])
    assert succeed(twice, document(), known=9, now=NOW + 2 * DAY).moved_to is None
    other = succeed(twice, document(moved_to="https://else.example/"), known=9, now=NOW + 2 * DAY)
    assert (other.moved_to, other.moved_count) == ("https://else.example/", 1)


def test_asking_the_new_address_directly_does_not_undo_the_move() -> None:
    moved = moves([0, 1, 2])
    new = "https://new.example/rss"
    for answer in (document(requested_url=new, url=new), not_modified(url=new)):
        assert schedule.moved_address(succeed(moved, answer, known=9, now=NOW + 3 * DAY)) == new


# --- silence


def test_the_usual_gap_is_learned_between_polls_that_brought_something() -> None:
    state = succeed(known_state(new_at=NOW - HOUR), new=1, known=9)
    assert state.usual_gap == HOUR and state.new_at == NOW
    state = succeed(state, known=10, now=NOW + HOUR)
    assert state.usual_gap == HOUR and state.new_at == NOW
    state = succeed(state, new=1, known=9, now=NOW + 2 * HOUR)
    assert state.usual_gap is not None and HOUR < state.usual_gap < 2 * HOUR


def test_a_feed_is_silent_after_three_usual_gaps_but_not_within_a_day() -> None:
    busy = known_state(usual_gap=HOUR, new_at=NOW)
    assert not schedule.is_silent(busy, NOW + 23 * HOUR)
    assert schedule.is_silent(busy, NOW + 25 * HOUR)
    weekly = known_state(usual_gap=7 * DAY, new_at=NOW)
    assert not schedule.is_silent(weekly, NOW + 20 * DAY)
    assert schedule.is_silent(weekly, NOW + 22 * DAY)


def test_a_feed_whose_gap_is_not_known_yet_is_silent_after_a_week() -> None:
    assert not schedule.is_silent(known_state(usual_gap=None, new_at=NOW), NOW + 6 * DAY)
    assert schedule.is_silent(known_state(usual_gap=None, new_at=NOW), NOW + 8 * DAY)
    assert not schedule.is_silent(FeedState(feed_id=URL), NOW)


def test_a_feed_that_answers_without_entries_is_empty_since_the_first_such_answer() -> None:
    first = succeed(known_state())
    assert first.empty_since == NOW
    later = succeed(succeed(first, now=NOW + HOUR), not_modified(), now=NOW + 2 * HOUR)
    assert later.empty_since == NOW
    assert succeed(later, known=1, now=NOW + 3 * HOUR).empty_since is None


# --- clocks


def test_a_feed_is_due_at_its_time_and_at_once_when_it_has_none() -> None:
    assert schedule.is_due(FeedState(feed_id=URL), settings=SETTINGS, now=NOW)
    assert schedule.is_due(known_state(next_check_at=NOW), settings=SETTINGS, now=NOW)
    assert not schedule.is_due(known_state(next_check_at=NOW + MINUTE), settings=SETTINGS, now=NOW)


def test_a_clock_that_ran_ten_years_ahead_silences_no_feed() -> None:
    ahead = NOW + 3650 * DAY
    assert schedule.is_due(succeed(known_state(), now=ahead), settings=SETTINGS, now=NOW)


def test_a_clock_that_went_back_puts_nothing_off() -> None:
    ahead = succeed(known_state(usual_gap=HOUR), new=1, known=9, now=NOW + 3650 * DAY)
    after = succeed(ahead, new=1, known=9)
    assert delay(after) <= SETTINGS.max_interval * 1.1
    assert after.usual_gap == ahead.usual_gap


# --- laws

jitters = st.floats(0, 1, exclude_max=True)
durations = st.timedeltas(timedelta(seconds=10), timedelta(days=40))
settings_that_load = st.lists(durations, min_size=4, max_size=4).map(
    lambda lengths: ScheduleSettings(
        **dict(zip(["min_interval", "interval", "max_interval", "max_backoff"], sorted(lengths), strict=True))
    )
)
feeds = st.one_of(st.none(), durations).map(lambda interval: replace(FEED, interval=interval))
instants = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))
kinds = st.sampled_from(get_args(ErrorKind))
states = st.builds(
    FeedState,
    feed_id=st.just(URL),
    url=st.sampled_from(["", URL, "https://old.example/"]),
    checked_at=st.none() | instants,
    success_at=st.none() | instants,
    new_at=st.none() | instants,
    interval=st.none() | durations,
    error_count=st.integers(0, 10_000),
    error_kind=st.none() | kinds,
    usual_gap=st.none() | durations,
)


def ceiling(feed: Feed, settings: ScheduleSettings) -> timedelta:
    return max(settings.max_backoff, feed.interval or timedelta())


@given(
    feed=feeds,
    state=states,
    settings=settings_that_load,
    jitter=jitters,
    new=st.integers(0, 50),
    known=st.integers(0, 50),
    ttl=st.none() | st.integers(-10, 10**12),
    fresh=st.none() | st.timedeltas(timedelta(), timedelta(days=10**6)),
    published=st.lists(instants, max_size=20),
)
def test_after_a_success_the_next_check_is_later_than_now_and_within_the_ceiling(
    feed: Feed,
    state: FeedState,
    settings: ScheduleSettings,
    jitter: float,
    new: int,
    known: int,
    ttl: int | None,
    fresh: timedelta | None,
    published: list[datetime],
) -> None:
    after = schedule.after_success(
        feed,
        state,
        document(fresh_for=fresh),
        settings=settings,
        now=NOW,
        jitter=jitter,
        new=new,
        known=known,
        ttl=ttl,
        published=published,
    )
    longest = max(settings.max_interval, feed.interval or timedelta())
    assert timedelta() < delay(after) <= longest * 1.1
    assert (feed.interval or settings.min_interval) <= after.interval <= longest
    assert after.error_count == 0


@given(
    feed=feeds,
    state=states,
    settings=settings_that_load,
    jitter=jitters,
    kind=kinds,
    retry_after=st.none() | st.timedeltas(timedelta(), timedelta(days=10**6)),
    count=st.booleans(),
)
def test_after_a_failure_the_next_check_is_later_than_now_and_within_the_ceiling(
    feed: Feed,
    state: FeedState,
    settings: ScheduleSettings,
    jitter: float,
    kind: ErrorKind,
    retry_after: timedelta | None,
    count: bool,
) -> None:
    after = fail(
        state, kind, feed=feed, settings=settings, jitter=jitter, retry_after=retry_after, count=count
    )
    gone = schedule.is_gone(after)
    longest = max(ceiling(feed, settings), schedule.GONE_RECHECK) if gone else ceiling(feed, settings)
    assert timedelta() < delay(after) <= longest * 1.1


@given(feed=feeds, settings=settings_that_load, jitter=jitters, kind=kinds, first=st.integers(1, 40))
def test_more_failures_in_a_row_never_shorten_the_wait(
    feed: Feed, settings: ScheduleSettings, jitter: float, kind: ErrorKind, first: int
) -> None:
    def due(count: int) -> datetime:
        state = known_state(error_count=count, error_kind=kind)
        return schedule.next_check(feed, state, settings=settings, now=NOW, jitter=jitter)

    if kind != "gone":  # that one ends in a weekly check, which a long ceiling exceeds
        assert due(first) <= due(first + 1)


@given(
    state=states,
    settings=settings_that_load,
    jitter=jitters,
    kind=kinds,
    retry_after=st.timedeltas(timedelta(), timedelta(days=10**6)),
)
def test_no_feed_is_asked_before_the_retry_after_that_is_honoured(
    state: FeedState, settings: ScheduleSettings, jitter: float, kind: ErrorKind, retry_after: timedelta
) -> None:
    after = fail(state, kind, settings=settings, jitter=jitter, retry_after=retry_after)
    assert delay(after) >= min(retry_after, DAY, settings.max_backoff)


@pytest.mark.parametrize("jitter", [0.0, 0.5, 0.999])
def test_jitter_never_shortens_the_six_hours_of_a_feed_that_blocks_us(jitter: float) -> None:
    blocked = FetchError(FEED.url, "blocked", "the outlet does not let us in", status=403)
    after = schedule.after_error(
        FEED, FeedState(feed_id=FEED.id), blocked, settings=ScheduleSettings(), now=NOW, jitter=jitter
    )
    assert after.next_check_at is not None
    assert timedelta(hours=6) <= after.next_check_at - NOW <= timedelta(hours=6.6)
