"""published: what an entry says about its time, and how far it is believed."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.model import Entry, Precision
from aggregator.normalize import Published, day_in_url, published

NOW = datetime(2023, 10, 11, 12, 0, tzinfo=UTC)
URL = "https://ledger.example/world/harbour-strike-ends"


def at(
    when: datetime | None,
    *,
    text: str | None = "as written",
    updated: datetime | None = None,
    precision: Precision = "instant",
    zone: str = "",
    url: str = URL,
) -> Published:
    entry = Entry(published=when, published_text=text, published_precision=precision, updated=updated)
    return published(entry, url=url, timezone=zone, now=NOW)


def test_an_aware_time_is_taken_and_kept_in_utc() -> None:
    berlin = datetime(2023, 10, 11, 9, 30, tzinfo=timezone(timedelta(hours=2)))
    assert at(berlin) == (datetime(2023, 10, 11, 7, 30, tzinfo=UTC), "feed", "instant", None)


@pytest.mark.parametrize(
    ("zone", "hour", "note"),
    [
        ("Europe/Berlin", 7, "zone assumed: Europe/Berlin"),
        ("America/New_York", 13, "zone assumed: America/New_York"),
        ("", 9, "zone assumed: UTC"),
        ("Mars/Olympus", 9, "zone assumed: UTC"),
        ("../../etc/passwd", 9, "zone assumed: UTC"),
    ],
)
def test_a_naive_time_is_read_in_the_feeds_zone(zone: str, hour: int, note: str) -> None:
    read = at(datetime(2023, 10, 10, 9, 0), zone=zone)
    assert (read.at, read.note) == (datetime(2023, 10, 10, hour, 0, tzinfo=UTC), note)


@pytest.mark.parametrize(
    "when",
    [
        None,
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(1899, 12, 30, tzinfo=UTC),
        datetime(1, 1, 1),
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))),
    ],
)
def test_an_empty_or_impossible_time_is_when_the_article_was_first_seen(when: datetime | None) -> None:
    read = at(when, text="Thu, 01 Jan 1970 00:00:00 GMT")
    assert (read.at, read.origin) == (NOW, "first_seen")
    assert read.note is not None and "Thu, 01 Jan 1970" in read.note


def test_no_time_at_all_needs_no_note() -> None:
    assert at(None, text=None) == (NOW, "first_seen", "instant", None)


def test_a_time_that_was_not_understood_is_noted() -> None:
    assert at(None, text="yesterday-ish").note == "not understood: 'yesterday-ish'"


def test_the_future_is_clamped_and_said_so() -> None:
    read = at(datetime(2999, 1, 1, tzinfo=UTC), text="Tue, 01 Jan 2999 00:00:00 GMT")
    assert read == (NOW, "feed", "instant", "clamped from Tue, 01 Jan 2999 00:00:00 GMT")


def test_year_9999_at_the_end_of_a_zone_is_no_crash() -> None:
    assert at(datetime(9999, 12, 31, 23, 59, tzinfo=timezone(-timedelta(hours=14)))).at == NOW


def test_a_clock_a_few_minutes_ahead_is_taken_back_without_a_word() -> None:
    assert at(NOW + timedelta(minutes=9)) == (NOW, "feed", "instant", None)
    assert at(NOW + timedelta(minutes=11)).note == "clamped from as written"


def test_a_believable_update_stands_in_for_an_unbelievable_time() -> None:
    updated = NOW - timedelta(hours=2)
    assert at(datetime(2999, 1, 1, tzinfo=UTC), text="2999", updated=updated).at == updated
    assert at(None, text=None, updated=updated) == (updated, "feed", "instant", "updated")
    assert at(NOW - timedelta(hours=3), updated=updated).at == NOW - timedelta(hours=3)


def test_a_day_is_its_midnight_utc_at_every_poll() -> None:
    noon_written = datetime(2023, 10, 10, 0, 0, tzinfo=timezone(timedelta(hours=9)))
    for when in (datetime(2023, 10, 10), noon_written):
        read = at(when, precision="day", zone="Asia/Tokyo")
        assert read == (datetime(2023, 10, 10, tzinfo=UTC), "feed", "day", None)


def test_a_day_that_has_begun_only_east_of_greenwich_is_now() -> None:
    assert at(datetime(2023, 10, 12), precision="day") == (NOW, "feed", "day", None)
    assert at(datetime(2023, 10, 14), precision="day", text="14 Oct").note == "clamped from 14 Oct"


@pytest.mark.parametrize(
    ("url", "day"),
    [
        ("https://ledger.example/2023/10/09/harbour", date(2023, 10, 9)),
        ("https://ledger.example/world/2023/oct/9/harbour", date(2023, 10, 9)),
        ("https://ledger.example/news/articles/2023-10-09/harbour", date(2023, 10, 9)),
        ("https://ledger.example/harbour-strike-2023-10-09", date(2023, 10, 9)),
        ("https://ledger.example/20231009/harbour", date(2023, 10, 9)),
        ("https://ledger.example/2023/13/45/harbour", None),
        ("https://ledger.example/2023/10/harbour", None),
        ("https://ledger.example/story/20231009123", None),
        ("https://ledger.example/a?from=/2023/10/09/", None),
        ("https://ledger.example/section/1/2/3", None),
    ],
)
def test_the_day_in_an_address(url: str, day: date | None) -> None:
    assert day_in_url(url) == day


def test_the_address_dates_an_article_when_nothing_else_does() -> None:
    url = "https://ledger.example/2023/10/09/harbour"
    assert at(None, text=None, url=url) == (datetime(2023, 10, 9, tzinfo=UTC), "url", "day", None)
    assert at(NOW - timedelta(hours=1), url=url).origin == "feed"
    assert at(None, text=None, url="https://ledger.example/2031/10/09/a-vision").origin == "first_seen"


@given(
    st.datetimes(timezones=st.none() | st.timezones()),
    st.sampled_from(["instant", "day"]),
    st.text(max_size=20),
)
@settings(max_examples=200, deadline=None)
def test_no_article_is_later_than_now_or_without_a_zone(
    when: datetime, precision: Precision, zone: str
) -> None:
    read = at(when, precision=precision, zone=zone, updated=when)
    assert read.at <= NOW and read.at.tzinfo is UTC and read.at.year >= 1990
