"""An instant and a now -> "an hour ago", and the absolute time beside it. Pure; never negative, never from 1970.

The calendar ("yesterday", dates) is that of `now`'s time zone: hand in now in the zone that readers live in.
"""

from datetime import UTC, date, datetime, timedelta

from aggregator.model import Precision
from aggregator.render.words import primary, words

SKEW = timedelta(hours=1)
"""A time ahead of now by no more than this is a clock that differs, not an announcement."""

RECENT_DAYS = 6  # up to here days are counted, afterwards the date says more

_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def ago(then: datetime | None, now: datetime, language: str = "en", precision: Precision = "instant") -> str:
    """How long ago, in words.

    Args:
        then: None, when nobody said a time: gives "".
        precision: "day" when only the day is known (midnight UTC then stands for it): no hours are named.

    Returns:
        "just now", "a minute ago", "5 minutes ago", "an hour ago", "2 hours ago", "yesterday", "3 days ago", then a
        date ("7 May", "7 May 2025"). What lies in the future is "just now" within an hour, else its date.
    """
    if then is None:
        return ""
    if precision == "day":
        return _day_ago(then.astimezone(UTC).date(), now, language)
    elapsed = now - then
    if elapsed < -SKEW:
        return _date(then.astimezone(now.tzinfo).date(), now.date(), language)
    minutes = max(0, int(elapsed.total_seconds() // 60))
    if minutes < 1:
        return _just_now(language)
    if minutes < 60:
        return _counted(minutes, "minute", language)
    if minutes < 24 * 60:
        return _counted(minutes // 60, "hour", language)
    then_date = then.astimezone(now.tzinfo).date()
    days = (now.date() - then_date).days
    if days <= 1:
        return _yesterday(language)
    if days <= RECENT_DAYS:
        return _counted(days, "day", language)
    return _date(then_date, now.date(), language)


def age(then: datetime | None, now: datetime, precision: Precision = "instant") -> str:
    """ago() for a narrow column: "now", "5m", "2h", "3d", then a date; "" when nobody said a time."""
    if then is None:
        return ""
    if precision == "day":
        said = _day_ago(then.astimezone(UTC).date(), now, "en")
        return "1d" if said == words("en").yesterday else said
    elapsed = now - then
    if elapsed < -SKEW or elapsed >= timedelta(days=RECENT_DAYS + 1):
        return _date(then.astimezone(now.tzinfo).date(), now.date(), "en")
    minutes = max(0, int(elapsed.total_seconds() // 60))
    if minutes < 60:
        return f"{minutes}m" if minutes else "now"
    return f"{minutes // 60}h" if minutes < 24 * 60 else f"{minutes // (24 * 60)}d"


def absolute(then: datetime, now: datetime, language: str = "en", precision: Precision = "instant") -> str:
    """The full time in now's zone: "14 May 2026, 09:02 CEST"; only the day when only that is known."""
    if precision == "day":
        return _long_date(then.astimezone(UTC).date(), language)
    local = then.astimezone(now.tzinfo)
    return f"{_long_date(local.date(), language)}, {local:%H:%M} {local.tzname() or ''}".strip()


def short_time(then: datetime, now: datetime, precision: Precision = "instant") -> str:
    """For a table's column: "14 May 09:02", with the year when it is another one; only the day when only that is known."""
    if precision == "day":
        return _date(then.astimezone(UTC).date(), now.date(), "en")
    local = then.astimezone(now.tzinfo)
    return f"{_date(local.date(), now.date(), 'en')} {local:%H:%M}"


def _day_ago(day: date, now: datetime, language: str) -> str:
    today = now.date()
    # A day named in UTC may be ahead of a reader in the west whose evening is that day's night.
    if today <= day <= max(today, now.astimezone(UTC).date()):
        return words(language).today if _has_words(language) else _date(day, today, language)
    if day == today - timedelta(days=1):
        return _yesterday(language)
    return _date(day, today, language)


def _has_words(language: str) -> bool:
    return words(language).language == primary(language)


def _just_now(language: str) -> str:
    return words(language).just_now if _has_words(language) else _babel_ago(timedelta(seconds=1), language)


def _yesterday(language: str) -> str:
    return words(language).yesterday if _has_words(language) else _babel_ago(timedelta(days=1), language)


def _counted(count: int, unit: str, language: str) -> str:
    if _has_words(language) and count == 1 and unit != "day":
        return words(language).minute if unit == "minute" else words(language).hour
    if primary(language) == "en":
        return f"{count} {unit}s ago"
    return _babel_ago(timedelta(**{f"{unit}s": count}), language)


def _date(day: date, today: date, language: str) -> str:
    if primary(language) == "en":
        text = f"{day.day} {_MONTHS[day.month - 1]}"
        return text if day.year == today.year else f"{text} {day.year}"
    from babel.dates import format_date, format_skeleton

    locale = _locale(language)
    if day.year != today.year:
        return format_date(day, format="medium", locale=locale)
    return format_skeleton("MMMd", datetime(day.year, day.month, day.day, tzinfo=UTC), locale=locale)


def _long_date(day: date, language: str) -> str:
    if primary(language) == "en":
        return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"
    from babel.dates import format_date

    return format_date(day, format="long", locale=_locale(language))


def _babel_ago(elapsed: timedelta, language: str) -> str:
    from babel.dates import format_timedelta

    # threshold 1 keeps the unit that was counted: Babel's .85 would make an hour of 51 minutes.
    return format_timedelta(-elapsed, add_direction=True, threshold=1, locale=_locale(language))


def _locale(language: str) -> str:
    """A locale that Babel has: the language itself, else its primary subtag, else English."""
    from babel import Locale, UnknownLocaleError

    for tag in (language.replace("-", "_"), primary(language)):
        try:
            return str(Locale.parse(tag))
        except (UnknownLocaleError, ValueError):
            continue
    return "en"
