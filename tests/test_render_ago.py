"""Times as readers see them: never negative, never from 1970, never an hour where only the day is known."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.render import ago
from aggregator.render.ago import absolute, age, short_time

NOW = datetime(2026, 5, 14, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("elapsed", "said"),
    [
        (timedelta(seconds=0), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=1), "a minute ago"),
        (timedelta(minutes=5), "5 minutes ago"),
        (timedelta(minutes=59, seconds=59), "59 minutes ago"),
        (timedelta(hours=1), "an hour ago"),
        (timedelta(hours=1, minutes=59), "an hour ago"),
        (timedelta(hours=2), "2 hours ago"),
        (timedelta(hours=23, minutes=59), "23 hours ago"),
        (timedelta(hours=24), "yesterday"),
        (timedelta(hours=33), "yesterday"),
        (timedelta(hours=34), "2 days ago"),
        (timedelta(days=3), "3 days ago"),
        (timedelta(days=6), "6 days ago"),
        (timedelta(days=7), "7 May"),
        (timedelta(days=400), "9 Apr 2025"),
    ],
)
def test_elapsed_time_is_counted_then_named_then_dated(elapsed: timedelta, said: str) -> None:
    assert ago(NOW - elapsed, NOW) == said


def test_a_missing_time_is_said_to_be_nothing_rather_than_54_years() -> None:
    assert ago(None, NOW) == ""
    assert ago(datetime(1970, 1, 1, tzinfo=UTC), NOW) == "1 Jan 1970"


def test_a_clock_that_runs_ahead_is_now_and_an_announcement_is_its_date() -> None:
    assert ago(NOW + timedelta(minutes=20), NOW) == "just now"
    assert ago(NOW + timedelta(days=3), NOW) == "17 May"


def test_days_are_those_of_the_readers_zone() -> None:
    tokyo = NOW.astimezone(ZoneInfo("Asia/Tokyo"))  # 18:30 there
    assert ago(NOW - timedelta(hours=42), tokyo) == "yesterday"
    assert ago(NOW - timedelta(hours=43), tokyo) == "2 days ago"


def test_an_hour_that_the_clocks_repeat_is_counted_as_time_that_passed() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    after = datetime(2026, 10, 25, 2, 30, tzinfo=berlin, fold=1)
    before = datetime(2026, 10, 25, 2, 30, tzinfo=berlin, fold=0)
    assert ago(before.astimezone(UTC), after.astimezone(UTC).astimezone(berlin)) == "an hour ago"


@pytest.mark.parametrize(
    ("day", "said"),
    [(14, "today"), (13, "yesterday"), (12, "12 May"), (15, "15 May"), (1, "1 May")],
)
def test_a_day_never_says_hours(day: int, said: str) -> None:
    assert ago(datetime(2026, 5, day, tzinfo=UTC), NOW, precision="day") == said


def test_a_day_is_not_moved_by_the_readers_zone() -> None:
    evening_in_new_york = datetime(2026, 5, 14, 1, 0, tzinfo=UTC).astimezone(ZoneInfo("America/New_York"))
    assert ago(datetime(2026, 5, 13, tzinfo=UTC), evening_in_new_york, precision="day") == "today"
    assert ago(datetime(2026, 5, 14, tzinfo=UTC), evening_in_new_york, precision="day") == "today"
    assert ago(datetime(2026, 5, 12, tzinfo=UTC), evening_in_new_york, precision="day") == "yesterday"


@pytest.mark.parametrize(
    ("language", "minutes", "said"),
    [
        ("de", 60, "vor einer Stunde"),
        ("de-AT", 50, "vor 50 Minuten"),
        ("de", 24 * 60, "gestern"),
        ("fr", 60, "il y a une heure"),
        ("es", 180, "hace 3 horas"),
        ("pl", 180, "3 godziny temu"),
        ("ja", 5, "5 分前"),
        ("nl", 0, "zojuist"),
        ("sv", 24 * 60, "för 1 dag sedan"),
        ("xx", 180, "3 hours ago"),
    ],
)
def test_other_languages_have_their_own_words(language: str, minutes: int, said: str) -> None:
    assert ago(NOW - timedelta(minutes=minutes), NOW, language) == said


@pytest.mark.parametrize(
    ("then", "said"),
    [
        (NOW, "now"),
        (NOW - timedelta(minutes=5), "5m"),
        (NOW - timedelta(hours=5), "5h"),
        (NOW - timedelta(days=6), "6d"),
        (NOW - timedelta(days=7), "7 May"),
        (NOW + timedelta(days=2), "16 May"),
        (None, ""),
    ],
)
def test_a_narrow_column_gets_an_age(then: datetime | None, said: str) -> None:
    assert age(then, NOW) == said


def test_the_age_of_a_day_is_no_number_of_hours() -> None:
    assert age(datetime(2026, 5, 14, tzinfo=UTC), NOW, "day") == "today"
    assert age(datetime(2026, 5, 13, tzinfo=UTC), NOW, "day") == "1d"


def test_absolute_times_name_their_zone_and_days_do_not() -> None:
    berlin = NOW.astimezone(ZoneInfo("Europe/Berlin"))
    assert absolute(NOW, berlin) == "14 May 2026, 11:30 CEST"
    assert absolute(NOW, berlin, "de") == "14. Mai 2026, 11:30 CEST"
    assert absolute(datetime(2026, 5, 14, tzinfo=UTC), berlin, precision="day") == "14 May 2026"
    assert short_time(NOW, berlin) == "14 May 11:30"
    assert short_time(NOW, berlin.replace(year=2027), "day") == "14 May 2026"


@given(
    then=st.datetimes(timezones=st.just(UTC), min_value=datetime(1, 1, 3), max_value=datetime(9999, 12, 29)),
    precision=st.sampled_from(["instant", "day"]),
    language=st.sampled_from(["en", "de", "ar", "zh-Hant", "no-such", ""]),
)
def test_any_time_can_be_said(then: datetime, precision: str, language: str) -> None:
    said = ago(then, NOW, language, precision)  # type: ignore[arg-type]
    assert said
    assert "-" not in said
