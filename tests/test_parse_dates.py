"""What parse_date and read_date make of the dates that feeds and pages write."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.parse import calendar_names as names
from aggregator.parse import parse_date, read_date

NOW = datetime(2024, 5, 18, 12, 0, tzinfo=UTC)

READ = {
    # ISO 8601 and RFC 3339
    "2024-05-18T17:14:40Z": "2024-05-18T17:14:40+00:00",
    "2024-05-18t17:14:40z": "2024-05-18T17:14:40+00:00",
    "2024-05-18T17:14:40.5+02:00": "2024-05-18T17:14:40.500000+02:00",
    "2024-05-18T17:14+0200": "2024-05-18T17:14:00+02:00",
    "2024-05-18 17:14:40 +0200": "2024-05-18T17:14:40+02:00",
    "2024-05-18 17:14:40": "2024-05-18T17:14:40",
    "20240518T171440Z": "2024-05-18T17:14:40+00:00",
    "2024-05-18T24:00:00Z": "2024-05-19T00:00:00+00:00",
    "2016-12-31T23:59:60Z": "2017-01-01T00:00:00+00:00",
    "2024-W20-6": "2024-05-18T00:00:00",
    "2024-139": "2024-05-18T00:00:00",
    "2024-05": "2024-05-01T00:00:00",
    "2024": "2024-01-01T00:00:00",
    "2020-11-08T16:20:00-05:00Z": "2020-11-08T16:20:00-05:00",
    "2024-05-18 2024 17:14:40 -0400": "2024-05-18T17:14:40-04:00",
    "2024-05-18T17:14:40[Europe/Berlin]": "2024-05-18T17:14:40+02:00",
    # RFC 822 and what became of it
    "Sat, 18 May 2024 17:14:40 GMT": "2024-05-18T17:14:40+00:00",
    "Sat, 18 May 2024 17:14:40 -0430": "2024-05-18T17:14:40-04:30",
    "18 May 2024 17:14 EST": "2024-05-18T17:14:00-05:00",
    "SAT, 18 MAY 2024 17:14:40 GMT": "2024-05-18T17:14:40+00:00",
    "Sat,18 May 2024 17:14:40 PDT": "2024-05-18T17:14:40-07:00",
    "Saturday, 18th May 2024 17:14:40 BST": "2024-05-18T17:14:40+01:00",
    "Sat, 18 May 24 17:14:40 CEST": "2024-05-18T17:14:40+02:00",
    "Mon, 18 May 98 17:14:40 GMT": "1998-05-18T17:14:40+00:00",
    "Sat, 31 Dec 2016 23:59:60 GMT": "2017-01-01T00:00:00+00:00",
    "Sat May 18 17:14:40 PST 2024": "2024-05-18T17:14:40-08:00",
    "Sat May 18 2024 17:14:40 GMT-0400 (Eastern Daylight Time)": "2024-05-18T17:14:40-04:00",
    "Sat, 18 May 2024 17:14:40 GMT+2": "2024-05-18T17:14:40+02:00",
    "Sat, 18 May 2024 17:14:40 IST": "2024-05-18T17:14:40+05:30",
    "Sat, 18 May 2024 17:14:40 JST": "2024-05-18T17:14:40+09:00",
    "Sat, 18 May 2024 17:14:40 MSK": "2024-05-18T17:14:40+03:00",
    "Sat, 18 May 2024 17:14:40 EEST": "2024-05-18T17:14:40+03:00",
    "Thu, 18 Jan 2024 17:14:40 ET": "2024-01-18T17:14:40-05:00",
    "Sat, 18 May 2024 17:14:40 PT": "2024-05-18T17:14:40-07:00",
    "Sat, 18 May 2024 17:14:40 America/Los_Angeles": "2024-05-18T17:14:40-07:00",
    "Tue, 01 Jan 2999 00:00:00 GMT": "2999-01-01T00:00:00+00:00",  # a date; what to think of it is not said here
    # written by hand
    "May 18, 2024 at 05:14 p.m. EDT": "2024-05-18T17:14:00-04:00",
    "Saturday, May 18, 2024 - 5:14pm": "2024-05-18T17:14:00",
    "12:00 AM, May 18, 2024": "2024-05-18T00:00:00",
    "12:30 PM, May 18, 2024": "2024-05-18T12:30:00",
    "10/30/23 21:55:58": "2023-10-30T21:55:58",
    "30/10/2023 21:55": "2023-10-30T21:55:00",
    "18.05.2024 17.14 Uhr": "2024-05-18T17:14:00",
    "Wed, 05/06/2024": "2024-06-05T00:00:00",  # the weekday decides
    "05/06/2024 4:20 pm": "2024-05-06T16:20:00",  # the clock is American
    "18-May-2024 17:14": "2024-05-18T17:14:00",
    # in other languages
    "Samstag, 18. Mai 2024 um 17:14 Uhr": "2024-05-18T17:14:00",
    "sam., 18 août 2024 17h14": "2024-08-18T17:14:00",
    "mar. 05 mar. 2024": "2024-03-05T00:00:00",  # a Tuesday in March, in French
    "sábado, 18 de mayo de 2024": "2024-05-18T00:00:00",
    "18 maggio 2024 alle 17.14": "2024-05-18T17:14:00",
    "sáb, 18 fev 2024 17:14:40 -0300": "2024-02-18T17:14:40-03:00",
    "zaterdag 18 mei 2024 17.14 uur": "2024-05-18T17:14:00",
    "pt, 17 paź 2024 10:00:00 +0200": "2024-10-17T10:00:00+02:00",
    "lördag 18 maj 2024 kl 17:14": "2024-05-18T17:14:00",
    "lør. 18. mai 2024 kl. 17.14": "2024-05-18T17:14:00",
    "la 18.5.2024 klo 17.14": "2024-05-18T17:14:00",
    "so 18. května 2024 17:14": "2024-05-18T17:14:00",
    "сб, 18 мая 2024 17:14:40 +0300": "2024-05-18T17:14:40+03:00",
    "18 травня 2024 р. о 17:14": "2024-05-18T17:14:00",
    "18 Mayıs 2024 17:14": "2024-05-18T17:14:00",
    "sâmbătă, 18 mai 2024": "2024-05-18T00:00:00",
    "2024. május 18., szombat 17:14": "2024-05-18T17:14:00",
    "Σάβ, 18 Μαΐου 2024 17:14:40 EEST": "2024-05-18T17:14:40+03:00",
    "Sabtu, 18 Agustus 2024 17:14 WIB": "2024-08-18T17:14:00+07:00",
    "2024年5月18日(土) 17時14分": "2024-05-18T17:14:00",
    "2024年5月18日 下午5:14": "2024-05-18T17:14:00",
    "2024년 5월 18일 오후 5:14": "2024-05-18T17:14:00+09:00",
    "الأربعاء، 07 أكتوبر 2020 - 12:09 م": "2020-10-07T12:09:00",
    "الجمعة 24 نيسان / أبريل 2020 09:22 مساءً": "2020-04-24T21:22:00",  # by its names in two regions
    "7 أكتوبر 2020 12:09 Asia/Riyadh": "2020-10-07T12:09:00+03:00",
    "24 كانون الثاني 2020": "2020-01-24T00:00:00",
    "٧ أكتوبر ٢٠٢٠": "2020-10-07T00:00:00",
    "18 במאי 2024, 17:14": "2024-05-18T17:14:00",
    "18 مئی 2024": "2024-05-18T00:00:00",
    "18 พฤษภาคม 2567 17:14 น.": "2024-05-18T17:14:00",
    "18 พ.ค. 2567": "2024-05-18T00:00:00",
    "18 मई 2024, 17:14": "2024-05-18T17:14:00",
    "Thứ bảy, 18 tháng 5, 2024 17:14": "2024-05-18T17:14:00",
    # seconds and milliseconds since 1970, and digits alone
    "1716052480": "2024-05-18T17:14:40+00:00",
    "1716052480000": "2024-05-18T17:14:40+00:00",
    "20240518": "2024-05-18T00:00:00",
    "20240518171440": "2024-05-18T17:14:40",
}


@pytest.mark.parametrize("text", READ)
def test_a_date_is_read(text: str) -> None:
    found = parse_date(text)
    assert found is not None
    assert found.isoformat() == READ[text]


@pytest.mark.parametrize(
    "text",
    [
        *("", "False", "None", "yesterday-ish", "soon", "n/a", "14:30", "18 May", "May 2024", "Saturday"),
        *(
            "Fri, 30 Feb 2024 10:00:00 GMT",
            "2024-02-30",
            "2024-13-01",
            "2024-366-01",
            "2023-366",
            "2024-05-18T25:00:00Z",
        ),
        *(
            "Mon, 01 Jan 0000 00:00:00 GMT",
            "Mon, 01 Jan 99999 00:00:00 GMT",
            "9" * 40,
            "99999999",
            "00000000",
        ),
        *("Mon, 05 Aug 2024 10:00:00 +9999", "9999-12-31T23:59:59-99:99", "2024-05-18T10:14:61Z"),
        *(
            "2013-01-27-01",
            "2013-01-28T11:30:00-06:00Textra",
            "Sun, 16 zzz 2012 11:47:32 GMT",
            "1:2:3:4 18 May 2024",
        ),
        *(
            "Sat, 18 May 2024 17:14:40 XYZ",
            "12:30 12:40 18 May 2024",
            "05/06/2024",
            "03-12-31",
            "18 May 2024 19 June",
        ),
        *("2 hours ago", "yesterday", "gestern um 14:30", "18 May 2024 " + "x" * 200),
    ],
)
def test_what_is_unsure_or_none_is_not_read(text: str) -> None:
    assert parse_date(text) is None


@pytest.mark.parametrize(
    ("text", "precision"),
    [
        ("2024-05-18", "day"),
        ("26 Sep 2022 GMT", "day"),
        ("18. Mai 2024", "day"),
        ("2024-05-18T00:00", "instant"),
    ],
)
def test_the_precision_says_whether_a_time_of_day_was_given(text: str, precision: str) -> None:
    read = read_date(text)
    assert read is not None
    assert read.precision == precision


HOURS_AGO = {
    **dict.fromkeys(
        ("an hour ago", "vor einer Stunde", "il y a une heure", "hace una hora", "timean hour ago"), 1
    ),
    **dict.fromkeys(("2 hours ago", "time2 hours ago", "2h ago", "2 hrs. ago", "2 Hours Ago"), 2),
    **dict.fromkeys(
        ("vor 2 Stunden", "il y a 2 heures", "hace 2 horas", "há 2 horas", "2 ore fa", "2 uur geleden"), 2
    ),
    **dict.fromkeys(("2 godziny temu", "för 2 timmar sedan", "for 2 timer siden", "2 tuntia sitten"), 2),
    **dict.fromkeys(("před 2 hodinami", "2 часа назад", "2 години тому", "2 saat önce", "acum 2 ore"), 2),
    **dict.fromkeys(("2 órája", "πριν από 2 ώρες", "2 jam yang lalu", "2時間前", "2小时前", "2시간 전"), 2),
}


@pytest.mark.parametrize("text", HOURS_AGO)
def test_relative_times_count_from_now(text: str) -> None:
    read = read_date(text, now=NOW)
    assert read is not None
    assert read.at == NOW - timedelta(hours=HOURS_AGO[text])


def test_relative_days_have_the_precision_of_a_day() -> None:
    midnight = NOW.replace(hour=0)
    for text, days in (
        ("yesterday", 1),
        ("gestern", 1),
        ("3 days ago", 3),
        ("1 week ago", 7),
        ("heute", 0),
        ("2 months ago", 60),
    ):
        read = read_date(text, now=NOW)
        assert read is not None, text
        assert (read.at, read.precision) == (midnight - timedelta(days=days), "day")


def test_a_day_with_a_clock_names_no_zone() -> None:
    read = read_date("Gestern, 14:30 Uhr", now=NOW)
    assert read is not None
    assert read.at == datetime(2024, 5, 17, 14, 30)


@pytest.mark.parametrize(
    "text", ["20 minutes", "in 2 hours", "2 hours ago today", "ago", "99999 days ago", "2 parsecs ago"]
)
def test_what_only_looks_relative_is_not_read(text: str) -> None:
    assert read_date(text, now=NOW) is None


def test_no_month_name_has_two_meanings() -> None:
    meanings: dict[str, set[int]] = {}
    for line in names.MONTHS.values():
        months = line.split("|")
        assert len(months) == 12
        for number, words in enumerate(months):
            for word in words.split():
                meanings.setdefault(word, set()).add(number)
    assert {word: found for word, found in meanings.items() if len(found) > 1} == {}
    assert all(len(line.split("|")) == 7 for line in names.WEEKDAYS.values())


pieces = st.sampled_from(
    (
        *(
            "Sat",
            ",",
            " ",
            "18",
            "2024",
            "May",
            "mai",
            "17:14",
            ":40",
            "-",
            "/",
            ".",
            "+02",
            "00",
            "GMT",
            "Z",
            "T",
        ),
        *(
            "am",
            "pm",
            "年",
            "月",
            "日",
            "時",
            "오후",
            "ago",
            "hours",
            "vor",
            "2",
            "0",
            "99",
            "Europe/Kyiv",
            "Etc/GMT",
        ),
        *("(", ")", "é", "\ud800"),
    )
)


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=40) | st.lists(pieces, max_size=12).map("".join))
def test_no_text_raises_and_every_answer_can_be_converted_and_stored(text: str) -> None:
    for now in (None, NOW):
        read = read_date(text, now=now)
        if read is not None:
            aware = read.at if read.at.tzinfo else read.at.replace(tzinfo=UTC)
            assert datetime.fromisoformat(json.loads(json.dumps(aware.astimezone(UTC).isoformat()))) == aware
            assert aware.utcoffset() is not None


@settings(max_examples=200, deadline=None)
@given(
    st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)).map(lambda at: at.replace(microsecond=0)),
    st.integers(-12 * 4, 14 * 4).map(lambda quarters: timezone(timedelta(minutes=15 * quarters))),
)
def test_what_is_written_by_the_standards_is_read_back(at: datetime, zone: timezone) -> None:
    aware = at.replace(tzinfo=zone)
    assert parse_date(aware.isoformat()) == aware
    assert parse_date(aware.strftime("%a, %d %b %Y %H:%M:%S %z")) == aware
    assert parse_date(at.strftime("%d %B %Y %H:%M:%S")) == at
