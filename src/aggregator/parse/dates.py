"""Date texts of feeds and pages to datetimes: ISO 8601 and RFC 822 at once, then every other spelling word by word.

Never fuzzy: a text is read as a whole or not at all, nothing is filled in from the clock. Never raises.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from aggregator.model import Precision
from aggregator.parse import calendar_names as names
from aggregator.parse.date_spelling import fold, western

LONGEST = 120  # characters; the longest real date seen has 63 (JavaScript's, with its zone spelled out)


@dataclass(frozen=True, slots=True)
class DateRead:
    """What a date text said."""

    at: datetime  # naive when the text named no zone
    precision: Precision = "instant"  # day: no time of day was given, `at` is midnight


def parse_date(text: str) -> datetime | None:
    """The instant a text names; naive when it names no zone, midnight when no time of day; None when unsure.

    >>> parse_date("Mon, 02 Jan 2006 15:04:05 -0700").isoformat()
    '2006-01-02T15:04:05-07:00'
    >>> parse_date("10/11/2023") is None  # October or November
    True
    """
    read = read_date(text)
    return read.at if read else None


def read_date(text: str, *, now: datetime | None = None) -> DateRead | None:
    """The same with its precision; and relative times ("2 hours ago", "gestern") when `now` says from when."""
    text = text.strip()
    if not text or len(text) > LONGEST:
        return None
    try:
        if text[0].isdigit():
            return _iso(text) or _digits(text) or _rfc822(text) or _words(text, now)
        return _rfc822(text) or _words(text, now)
    except (ValueError, OverflowError):  # 30 February, hour 25, an offset of 99 hours, the year 99999
        return None


# --- ISO 8601 and RFC 3339 ---------------------------------------------------------------------------------------

_ISO_START = re.compile(r"\d{4}-(?:\d\d-\d\d(?:$|[Tt ]\d)|W\d\d-?\d$)|\d{8}T\d{4}", re.ASCII)
_ISO_PARTIAL = re.compile(r"(\d{4})-(\d\d)(\d)?$", re.ASCII)


def _iso(text: str) -> DateRead | None:
    if not _ISO_START.match(text):
        return _iso_partial(text) if len(text) < 9 else None
    try:
        at = datetime.fromisoformat(
            text.upper()
        )  # from Python 3.11 on: week dates, basic format, any fraction
    except ValueError:
        return None  # what follows may be a reason for another reading: a leap second, a zone's name
    return _checked(at, "day" if len(text) <= 10 else "instant")


def _iso_partial(text: str) -> DateRead | None:
    """A day of the year (2003-365) or a month (2003-12; the W3C's note on dates allows it)."""
    if not (match := _ISO_PARTIAL.match(text)):
        return None
    year, tens, unit = match.groups()
    if unit is None:
        return _checked(_naive(int(year), int(tens), 1), "day")
    day = int(tens + unit)
    at = _naive(int(year), 1, 1) + timedelta(days=day - 1)
    return _checked(at, "day") if day and at.year == int(year) else None


def _naive(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001  the text named no zone


def _checked(at: datetime, precision: Precision) -> DateRead | None:
    """Years 1000 to 9998: the first keeps out typing errors, the last keeps every conversion to UTC possible."""
    if not 1000 <= at.year <= 9998:
        return None
    return DateRead(at, precision)


# --- RFC 822, with the freedoms feeds take -----------------------------------------------------------------------

_RFC822 = re.compile(
    r"(?:[A-Za-z]{3,9},? ?)?(\d\d?) ([A-Za-z]{3}) (\d{4}) (\d\d:\d\d(?::[0-5]\d)?)"
    r"(?: ?([+-](?:0\d|1[0-8]):?\d\d)| ([A-Z]{1,4}))?$",
    re.ASCII,
)
_ENGLISH = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH_DIGITS = {
    spelled: f"{number:02}"
    for number, name in enumerate(_ENGLISH, 1)
    for spelled in (name, name.title(), name.upper())
}
_ZONES = {
    name: timezone(timedelta(minutes=minutes))
    for words, minutes in names.ZONES.items()
    for name in words.split()
}
_ZONE_DIGITS = {name.upper(): str(zone)[3:] or "Z" for name, zone in _ZONES.items()}  # "EST": "-05:00"


def _rfc822(text: str) -> DateRead | None:
    """Written again as ISO 8601, which C reads: 4 us in all, 7 with a datetime built from numbers."""
    if not (match := _RFC822.match(text)):
        return None
    day, name, year, clock, offset, zone = match.groups()
    month = _MONTH_DIGITS.get(name)
    if zone:
        offset = _ZONE_DIGITS.get(zone)
    if month is None or (zone and offset is None):
        return None
    at = datetime.fromisoformat(f"{year}-{month}-{day:0>2}T{clock}{offset or ''}")
    return _checked(at, "instant")


# --- only digits -------------------------------------------------------------------------------------------------

_EPOCH_FROM, _EPOCH_UNTIL = 100_000_000, 4_102_444_800  # 1973 to 2100


def _digits(text: str) -> DateRead | None:
    """A year, a basic ISO date (with time), or seconds or milliseconds since 1970."""
    if not (text.isascii() and text.isdigit()):
        return None
    size = len(text)
    if size == 4 and 1900 <= int(text) <= 2100:
        return DateRead(_naive(int(text), 1, 1), "day")
    if size in (8, 12, 14) and 1900 <= int(text[:4]) <= 2100:
        parts = [int(text[:4])] + [int(text[at : at + 2]) for at in range(4, size, 2)]
        return DateRead(_naive(*parts), "day" if size == 8 else "instant")
    seconds = int(text) / 1000 if size in (12, 13) else int(text)
    if size in (9, 10, 12, 13) and _EPOCH_FROM <= seconds < _EPOCH_UNTIL:
        return DateRead(datetime.fromtimestamp(seconds, tz=UTC))
    return None


# --- every other spelling ----------------------------------------------------------------------------------------

_MOST_OFFSET = 18 * 60  # minutes; the widest in use are -12 and +14, feeds have been seen with -13 and +15


@lru_cache(maxsize=256)
def _offset(sign_and_hours: str, minutes: str) -> timezone:
    hours = int(sign_and_hours)
    total = 60 * abs(hours) + int(minutes or 0)
    if total > _MOST_OFFSET or int(minutes or 0) > 59:
        raise ValueError("no such offset")
    return timezone(timedelta(minutes=-total if sign_and_hours[0] == "-" else total))


def _table(lines: dict[str, str]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for line in lines.values():
        for number, words in enumerate(line.split("|")):
            for word in words.split():
                found.setdefault(word, set()).add(number)
    return found


_MONTH_NAMES = {name: min(numbers) + 1 for name, numbers in _table(names.MONTHS).items()}
_WEEKDAY_NAMES = _table(names.WEEKDAYS)  # "so" is Sunday to some and Saturday to others: both are kept

# What stands between the parts and says nothing.
_GAPS = r"\s,;.()\[\]|\u00b7\u2022\u2013\u2014\u00ba\u00b0\u060c\u061b\u200e\u200f"
_TOKEN = re.compile(
    rf"(?:[{_GAPS}]|-(?!\d))*"
    r"(?:"
    r"(?P<clock>(?P<h>\d\d?):(?P<m>\d\d)(?::(?P<s>\d\d)(?:[.,]\d+)?)?)(?![:\d])"
    r"|(?P<date>(?P<a>\d{1,4})(?P<sep>[-/.])(?P<b>\d{1,3})(?P=sep)(?P<c>\d{1,4})(?!\d))"
    r"|(?P<offset>(?P<oh>[+-]\d\d?)(?::?(?P<om>\d\d))?)(?![\d:])"
    r"|(?P<hours>(?P<hh>\d\d?) ?(?:h|uhr|uur) ?(?P<hm>\d\d)?(?: ?min)?)(?!\w)"
    r"|(?P<number>\d+)(?:(?:st|nd|rd|th|er|re|ere|e)(?![^\W\d_]))?"
    r"|(?P<word>[^\W\d_](?:[^\W\d_]|[._/'-](?=[^\W\d_]))*)"
    r")"
)
_TRAILING = " -,;.()[]|\u00b7\u2022\u2013\u2014\u00ba\u00b0\u060c\u061b\u200e\u200f"  # the same, as a folded text ends
_MERIDIEMS = {
    **dict.fromkeys(
        (
            "am",
            "a.m",
            "\u03c0.\u03bc",
            "\u5348\u524d",
            "\u4e0a\u5348",
            "\uc624\uc804",
            "\u0635",
            "\u0635\u0628\u0627\u062d\u0627",
        ),
        0,
    ),
    **dict.fromkeys(
        (
            "pm",
            "p.m",
            "\u03bc.\u03bc",
            "\u5348\u5f8c",
            "\u4e0b\u5348",
            "\uc624\ud6c4",
            "\u0645",
            "\u0645\u0633\u0627\u0621",
        ),
        12,
    ),
}
_AMERICAN = {"et", "est", "edt", "ct", "cdt", "mt", "mst", "mdt", "pt", "pst", "pdt"}

_DOTTED = re.compile(r"\d\.\d\d")  # what the next one needs; it takes 8 us to find that out
_DOTTED_CLOCK = re.compile(
    r"(?:(?<=\d{4} )|(?<=\d{4}, )|(?<=\bkl )|(?<=\bkl\. )|(?<=\bklo )|(?<=\bore )|(?<=\balle )|(?<=\bum )|(?<=\b- ))"
    r"(\d\d?)\.(\d\d)(?![.\d])|(?<![.\d])(\d\d?)\.(\d\d)(?= ?u[hu]r)"
)
_COMMENT = re.compile(r"([+-]\d\d:?\d\d) \([^()]*\)$")  # RFC 5322, 3.2.2; JavaScript's Date writes one
_HANGUL = re.compile("[\uac00-\ud7a3]")
_SEOUL = timezone(timedelta(hours=9))


@lru_cache(maxsize=256)
def _named_zone(name: str) -> tzinfo | None:
    """An abbreviation of the table, or an IANA name ("america/los_angeles")."""
    if name in _ZONES:
        return _ZONES[name]
    area, slash, _ = name.partition("/")
    iana = names.SEASONAL_ZONES.get(name) or (name if slash and area.isalpha() else "")
    if not iana:
        return None
    for spelled in dict.fromkeys(
        (iana, iana.title(), iana.upper(), f"{area.title()}/{iana[len(area) + 1 :].upper()}")
    ):
        try:
            return ZoneInfo(spelled.replace("_Of_", "_of_").replace("_Es_", "_es_"))
        except (ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError
            continue
        except KeyError:
            continue
    return None


class _Parts:
    """What the tokens of one text said, gathered before anything is concluded from them."""

    __slots__ = ("american", "clock", "date", "meridiem", "months", "numbers", "offset", "weekdays", "zone")

    def __init__(self) -> None:
        self.clock: tuple[int, int, int] | None = None
        self.date: tuple[str, str, str, str] | None = None  # three numbers and what stands between them
        self.numbers: list[str] = []
        self.months: list[str] = []
        self.weekdays: set[int] = set()
        self.meridiem: int | None = None
        self.zone: tzinfo | None = None
        self.offset: tzinfo | None = None  # in digits; it wins over a name
        self.american = False

    @property
    def dated(self) -> bool:
        return bool(self.date or self.months or self.numbers)

    def take(self, match: re.Match[str]) -> bool:
        """One token; False when it cannot belong to a date."""
        return _TAKERS[match.lastgroup or ""](self, match)

    def take_clock(self, match: re.Match[str]) -> bool:
        return self._set_clock(match["h"], match["m"], match["s"])

    def take_hours(self, match: re.Match[str]) -> bool:
        return self._set_clock(match["hh"], match["hm"], None)

    def _set_clock(self, hour: str, minute: str | None, second: str | None) -> bool:
        if self.clock is not None:
            return False
        self.clock = (int(hour), int(minute or 0), int(second or 0))
        return True

    def take_date(self, match: re.Match[str]) -> bool:
        if self.date is not None:
            return False
        self.date = (match["a"], match["b"], match["c"], match["sep"])
        return True

    def take_offset(self, match: re.Match[str]) -> bool:
        if self.offset is not None:
            return False
        self.offset = _offset(match["oh"], match["om"] or "")
        return True

    def take_number(self, match: re.Match[str]) -> bool:
        self.numbers.append(match["number"])
        return len(self.numbers) <= 3

    def take_word(self, match: re.Match[str]) -> bool:
        word = match["word"]
        if self.clock and self.dated and self.zone is None and (zone := _named_zone(word)) is not None:
            self.zone, self.american = zone, word in _AMERICAN  # first: "pt" is a Friday in Warsaw
        elif word in _MONTH_NAMES:
            self.months.append(word)
        elif word in _MERIDIEMS and (self.clock or not word.isascii()) and self.meridiem is None:
            self.meridiem = _MERIDIEMS[word]
        elif word in _WEEKDAY_NAMES:
            self.weekdays |= _WEEKDAY_NAMES[word]
        elif word in names.FILLERS:
            pass
        elif (zone := _named_zone(word)) is not None and self.zone is None:
            self.zone, self.american = zone, word in _AMERICAN
        else:
            return word == "z"  # after an offset: seen, and it says nothing new
        return True


_TAKERS: dict[str, Callable[[_Parts, re.Match[str]], bool]] = {
    "clock": _Parts.take_clock,
    "hours": _Parts.take_hours,
    "date": _Parts.take_date,
    "offset": _Parts.take_offset,
    "number": _Parts.take_number,
    "word": _Parts.take_word,
}


def _words(text: str, now: datetime | None) -> DateRead | None:
    text = " ".join(fold(text).split())
    korean = _HANGUL.search(text) is not None
    text = western(text)
    if _DOTTED.search(text):
        text = _DOTTED_CLOCK.sub(lambda match: ":".join(part for part in match.groups() if part), text)
    if text.endswith(")"):
        text = _COMMENT.sub(r"\1", text)
    parts = _Parts()
    position, end = 0, len(text.rstrip(_TRAILING))
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            return _relative(text, now)
        if match.lastgroup == "offset" and parts.clock is None:
            if match["oh"][0] != "-":
                return _relative(text, now)
            position = match.start("offset") + 1  # a hyphen between parts of a date, not a sign
            continue
        if not parts.take(match):
            return _relative(text, now)
        position = match.end()
    read = _concluded(parts)
    if read is None:
        return _relative(text, now)
    if korean and read.at.tzinfo is None and parts.clock:
        return DateRead(read.at.replace(tzinfo=_SEOUL), read.precision)  # Korean is written in one zone
    return read


def _concluded(parts: _Parts) -> DateRead | None:
    day = _day(parts)
    if day is None:
        return None
    zone = parts.offset or parts.zone
    if parts.offset is not None and parts.clock is None:
        return None
    if parts.clock is None:
        if parts.meridiem is not None:
            return None
        midnight = _naive(*day)
        return _checked(midnight.replace(tzinfo=_fixed(zone, midnight)), "day")
    hour, minute, second = parts.clock
    if parts.meridiem is not None:
        if not 0 <= hour <= 12:
            # "15:04 PM" says the same thing twice
            return None if hour > 23 or parts.meridiem == 0 else _instant(day, (hour, minute, second), zone)
        hour = hour % 12 + parts.meridiem
    return _instant(day, (hour, minute, second), zone)


def _instant(day: tuple[int, int, int], clock: tuple[int, int, int], zone: tzinfo | None) -> DateRead | None:
    hour, minute, second = clock
    extra = timedelta()
    if second == 60:  # a leap second: no datetime has one, POSIX time counts it as the next
        second, extra = 59, timedelta(seconds=1)
    if (hour, minute, second) == (24, 0, 0):  # ISO 8601: the end of the day
        hour, extra = 0, timedelta(days=1)
    at = _naive(*day, hour, minute, second) + extra
    return _checked(at.replace(tzinfo=_fixed(zone, at)), "instant")


def _fixed(zone: tzinfo | None, at: datetime) -> tzinfo | None:
    """The offset a zone has at that time of its clocks: what is kept of a date carries no rules."""
    if zone is None or isinstance(zone, timezone):
        return zone
    offset = at.replace(tzinfo=zone).utcoffset()
    return timezone(offset) if offset is not None else None


def _day(parts: _Parts) -> tuple[int, int, int] | None:
    months = parts.months
    if len(months) > 1:  # "mar., 5 mar. 2024": one of them is a Tuesday
        months = [word for word in months if word not in _WEEKDAY_NAMES] or months[1:]
    if len({_MONTH_NAMES[word] for word in months}) > 1:
        return None
    if parts.date is not None:
        if months:
            return None
        day = _numeric(parts.date, parts)
        if day is None or any(
            int(number) != day[0] for number in parts.numbers
        ):  # "2024-05-18 2024 17:14:40"
            return None
        return day
    if months:
        return _named(_MONTH_NAMES[months[0]], parts.numbers)
    if len(parts.numbers) == 3:
        first, second, third = parts.numbers
        return _numeric((first, second, third, " "), parts)
    if len(parts.numbers) == 1 and len(parts.numbers[0]) == 8:
        number = parts.numbers[0]
        return int(number[:4]), int(number[4:6]), int(number[6:])
    return None


def _named(month: int, numbers: list[str]) -> tuple[int, int, int] | None:
    """A day and a year beside the name of a month; the year is the long one, else the last."""
    if len(numbers) == 3 and numbers[0] == numbers[2]:
        numbers = numbers[:2]
    if len(numbers) != 2:
        return None
    day, year = numbers
    if len(day) == 4:
        day, year = year, day
    if len(day) > 2 or len(year) not in (2, 4):
        return None
    return _year(year), month, int(day)


def _numeric(date: tuple[str, str, str, str], parts: _Parts) -> tuple[int, int, int] | None:
    """Three numbers. Which is the month is said by their size, the separator or the weekday; else nobody knows."""
    first, second, third, separator = date
    if len(first) == 4:
        return int(first), int(second), int(third)
    if len(first) > 2 or len(second) > 2 or len(third) not in (2, 4):
        return None
    if len(third) == 2 and separator == "-":
        return None  # 03-12-31
    year, one, two = _year(third), int(first), int(second)
    if one > 12 or separator == "." or one == two:
        return year, two, one
    if two > 12:
        return year, one, two
    fitting = [
        (year, month, day)
        for month, day in ((two, one), (one, two))
        if _naive(year, month, day).weekday() in parts.weekdays
    ]
    if len(fitting) == 1:
        return fitting[0]
    if parts.american or parts.meridiem is not None:
        return year, one, two
    return None


def _year(digits: str) -> int:
    """RFC 5322, 4.3: two digits below 50 are of this century."""
    year = int(digits)
    if len(digits) == 4:
        return year
    return year + (2000 if year < 50 else 1900)


# --- relative times ----------------------------------------------------------------------------------------------

_UNIT = {word: seconds for seconds, words in names.UNITS.items() for word in words.split()}
_DAYS_AGO = {word: days for days, words in names.DAY_WORDS.items() for word in words.split()}
_ICON = re.compile(
    r"(?:access_?time|query_builder|schedule|history|clock|time)(?=\d|an? )"
)  # an icon font's ligature, glued to the text
_PIECE = re.compile(r"\d+|[^\W\d_]+(?:'[^\W\d_]+)*")
_NOW = frozenset(
    ("now", "just now", "right now", "gerade eben", "a l'instant", "ahora mismo", "adesso", "nyss")
)


def _relative(text: str, now: datetime | None) -> DateRead | None:
    """A folded text that says how long ago, in any of the languages of the tables."""
    if now is None:
        return None
    text = _ICON.sub("", text).strip(" .,").replace("i dag", "idag").replace("i gar", "igar")
    if text in _NOW:
        return DateRead(now)
    pieces = _PIECE.findall(text)
    if not pieces or len(pieces) > 7:
        return None
    if pieces[0] in _DAYS_AGO:
        return _day_and_clock(pieces[0], text[len(pieces[0]) :], now)
    rest = _without_marker(pieces)
    if rest is None:
        return None
    seconds = _span(rest)
    if seconds is None:
        return None
    at = now - timedelta(seconds=seconds)
    if seconds % 86400:
        return _checked(at, "instant")
    return _checked(at.replace(hour=0, minute=0, second=0, microsecond=0), "day")


def _without_marker(pieces: list[str]) -> list[str] | None:
    """What stands before "ago" or after "il y a"; None when nothing says that it is past."""
    if " ".join(pieces[:3]) in names.BEFORE_AGO:
        return pieces[3:]
    if " ".join(pieces[-2:]) in names.AFTER_AGO:
        return pieces[:-2]
    last = pieces[-1]
    if last in names.AFTER_AGO:
        rest = pieces[:-1]
        return rest[1:] if rest and rest[0] == "for" else rest  # "for 2 timer siden"
    for word in names.AFTER_AGO:
        if (
            not word.isascii() and last.endswith(word) and last[: -len(word)] in _UNIT
        ):  # written without blanks
            return [*pieces[:-1], last[: -len(word)]]
    start = 0
    while start < len(pieces) and pieces[start] in names.BEFORE_AGO:
        start += 1
    if start:
        return pieces[start:]
    glued = last.endswith(
        ("perce", "percel", "oraja", "oraval", "napja", "hete")
    )  # Hungarian says it in the ending
    return pieces if glued else None


def _span(pieces: list[str]) -> int | None:
    """Seconds of "2 hours", "an hour", "1 hour 20 minutes"."""
    if not pieces:
        return None
    if len(pieces) == 1:
        return _UNIT.get(
            pieces[0]
        )  # "il y a heure" is nobody's, "hace minutos" neither: only a bare unit, one of it
    total = 0
    if len(pieces) % 2:
        return None
    for amount, unit in zip(pieces[::2], pieces[1::2], strict=True):
        if amount.isdigit() and len(amount) <= 4:
            count = int(amount)
        elif amount in names.ONES:
            count = 1
        else:
            return None
        if unit not in _UNIT:
            return None
        total += count * _UNIT[unit]
    return total


def _day_and_clock(word: str, rest: str, now: datetime) -> DateRead | None:
    """A day of `now`'s zone ("gestern"); with a time of day ("gestern um 14:30") no zone is named: naive."""
    day = (now - timedelta(days=_DAYS_AGO[word])).replace(hour=0, minute=0, second=0, microsecond=0)
    if not rest.strip(" ,."):
        return _checked(day, "day")
    parts = _Parts()
    for match in _TOKEN.finditer(rest):
        if match.lastgroup not in ("clock", "hours", "word") or not parts.take(match):
            return None
    if parts.clock is None or parts.months:
        return None
    hour = parts.clock[0] % 12 + parts.meridiem if parts.meridiem is not None else parts.clock[0]
    return _checked(day.replace(hour=hour, minute=parts.clock[1], tzinfo=None), "instant")
