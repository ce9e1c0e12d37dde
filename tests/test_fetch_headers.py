"""What header values mean; whatever they hold, nothing is raised."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aggregator.fetch.headers import (
    content_type,
    count,
    etag,
    fresh_for,
    http_date,
    last_modified,
    retry_after,
    seconds,
)

NOW = datetime(2026, 10, 3, 9, 0, tzinfo=UTC)
YEAR = timedelta(days=365)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("120", timedelta(seconds=120)),
        (" 120 ", timedelta(seconds=120)),
        ("1.9", timedelta(seconds=1)),
        ("Sat, 03 Oct 2026 10:00:00 GMT", timedelta(hours=1)),
        ("Saturday, 03-Oct-26 10:00:00 GMT", timedelta(hours=1)),
        ("Sat Oct  3 10:00:00 2026", timedelta(hours=1)),
        ("Sat, 03 Oct 2026 08:00:00 GMT", None),  # over already
        ("Fri, 01 Jan 9999 00:00:00 GMT", YEAR),
        ("99999999999999999999", YEAR),
        ("00000000000000000060", timedelta(seconds=60)),
        ("0", None),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("٣", None),  # a digit, but not HTTP's
    ],
)
def test_retry_after(value: str, expected: timedelta | None) -> None:
    assert retry_after(value, now=NOW) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"cache_control": "max-age=600"}, timedelta(minutes=10)),
        ({"cache_control": 'public, Max-Age="600"'}, timedelta(minutes=10)),
        ({"cache_control": "s-maxage=900"}, None),
        ({"cache_control": "s-maxage=900, max-age=60"}, timedelta(minutes=1)),
        ({"cache_control": "max-age=600", "age": "200"}, timedelta(seconds=400)),
        ({"cache_control": "max-age=600", "age": "900"}, timedelta()),
        ({"cache_control": "no-cache, max-age=600"}, None),
        ({"cache_control": "no-store"}, None),
        ({"cache_control": "max-age=99999999999999999"}, YEAR),
        ({"cache_control": "max-age=-1", "expires": "Sat, 03 Oct 2026 10:00:00 GMT"}, timedelta(hours=1)),
        ({"expires": "Sat, 03 Oct 2026 10:00:00 GMT"}, timedelta(hours=1)),
        # The server's own clock is wrong, and only the difference counts.
        (
            {"expires": "Sat, 03 Oct 2020 10:00:00 GMT", "date": "Sat, 03 Oct 2020 09:45:00 GMT"},
            timedelta(minutes=15),
        ),
        ({"expires": "0"}, None),
        ({"expires": "Thu, 01 Jan 1970 00:00:00 GMT"}, timedelta()),
        ({"expires": "Fri, 01 Jan 9999 00:00:00 GMT"}, YEAR),
        ({}, None),
    ],
)
def test_freshness(fields: dict[str, str], expected: timedelta | None) -> None:
    given = {"cache_control": "", "expires": "", "date": "", "age": "", **fields}
    assert fresh_for(**given, now=NOW) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("application/rss+xml; charset=utf-8", ("application/rss+xml", "utf-8")),
        ('Text/XML;version=1; Charset="ISO-8859-1"', ("text/xml", "iso-8859-1")),
        ("text/html, application/xml", ("text/html", None)),
        ("text/xml;charset='utf-8'", ("text/xml", "utf-8")),
        ("text/xml; charset=", ("text/xml", None)),
        ("charset=utf-8", ("", None)),
        ("; charset=utf-8", ("", "utf-8")),
        (';;;="', ("", None)),
        ("xml", ("", None)),
        ("a" * 500 + "/b", ("", None)),
        ("", ("", None)),
    ],
)
def test_content_type(value: str, expected: tuple[str, str | None]) -> None:
    assert content_type(value) == expected


@pytest.mark.parametrize(
    "value", ['"one"', 'W/"one"', '""', '"a,b;c"', "unquoted-5f3a", '"' + "x" * 500 + '"']
)
def test_entity_tags_that_can_be_sent_back(value: str) -> None:
    assert etag(value) == value


@pytest.mark.parametrize(
    "value",
    [None, "", '"a\r\nX: y"', '"a\x00"', '"tab\there"', '"é"', '"a" "b"', '"a", "b"', '"open', "two words",
     '"' + "x" * 600 + '"'],
)  # fmt: skip
def test_entity_tags_that_cannot(value: str | None) -> None:
    assert etag(value) is None


@pytest.mark.parametrize(
    "value", [None, "", "yesterday", "\x01\x02", "Sat, 03 Oct 2026 10:00:00 GMT\r\nX: y", "é"]
)
def test_dates_that_cannot_be_sent_back(value: str | None) -> None:
    assert last_modified(value) is None


@given(st.text() | st.text(alphabet="0123456789-,;=/: GMTmax-age\"'\t"))
@example("Mon, 01 Jan 99999 00:00:00 GMT")
@example("Sat, 03 Oct 2026 10:00:00 +9999")
@example("1 Jan 0 0:0:0 -2400")
@example("9" * 10_000)
@example("Mon, 01 Jan 0001 00:00:00 +1200")
def test_nothing_a_server_sends_raises(value: str) -> None:
    at = http_date(value)
    assert at is None or at.utcoffset() == timedelta()
    assert count(value) is None or 0 <= count(value) <= 10**18
    for duration in (
        seconds(value),
        retry_after(value, now=NOW),
        fresh_for(cache_control=value, expires=value, date=value, age=value, now=NOW),
        fresh_for(cache_control="", expires=value, date="", age=value, now=NOW),
    ):
        assert duration is None or timedelta() <= duration <= YEAR
    media_type, charset = content_type(value)
    assert media_type == media_type.lower()
    assert charset is None or charset.isascii()
    for validator in (etag(value), last_modified(value)):
        assert validator is None or (validator == value and validator.isprintable() and validator.isascii())
