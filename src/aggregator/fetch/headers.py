"""Header values -> what we do about them. Every function takes any text and never raises: servers send anything."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

YEAR = timedelta(days=365)
"""Ceiling of any duration a server may name (RFC 9111 section 1.2.2 asks for at least 2**31 s; nobody means it)."""

_ETAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e]*"|[\x21\x23-\x2b\x2d-\x7e]+')
"""An entity tag (RFC 9110 section 8.8.3), or one whose quotes the server forgot. ASCII: it is sent back as it came."""

_IMF_DATE = re.compile(r"[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT", re.ASCII)

_MAX_AGE = re.compile(r'(?:^|[\s,])max-age\s*=\s*"?(\d+)', re.IGNORECASE)
_NO_STORE = re.compile(r"(?:^|[\s,])no-(?:store|cache)(?:[\s,]|$)", re.IGNORECASE)
_MEDIA_TYPE = re.compile(r"\s*([!#$%&'*+.^_`|~0-9a-z-]+/[!#$%&'*+.^_`|~0-9a-z-]+)\s*(?:;|,|$)", re.IGNORECASE)
_CHARSET = re.compile(r""";\s*charset\s*=\s*["']?\s*([a-z0-9][a-z0-9._:-]{0,39})""", re.IGNORECASE)


def http_date(value: str) -> datetime | None:
    """An HTTP date in any of its three forms (RFC 9110 section 5.6.7), aware UTC; None when it is none."""
    if len(value) > 64:
        return None
    try:
        at = parsedate_to_datetime(value)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def count(value: str) -> int | None:
    """A number of bytes or seconds, at most 10**18; None when it is not made of digits."""
    digits = value.strip()
    if not (digits.isascii() and digits.isdigit()):
        return None
    return int(digits) if len(digits.lstrip("0")) <= 18 else 10**18  # int() refuses 4,300 digits


def seconds(value: str) -> timedelta | None:
    """A count of seconds, at most a year; None when it is not made of digits."""
    number = count(value)
    return None if number is None else min(timedelta(seconds=min(number, 10**9)), YEAR)


def retry_after(value: str, *, now: datetime) -> timedelta | None:
    """How long Retry-After asks to wait (RFC 9110 section 10.2.3). None for negative, past and unreadable values.

    >>> retry_after("120", now=datetime(2026, 1, 1, tzinfo=UTC))
    datetime.timedelta(seconds=120)
    """
    if "." in value:  # "1.5", as some rate limiters write
        value = value.partition(".")[0]
    wait = seconds(value)
    if wait is None and (at := http_date(value)) is not None:
        wait = min(at - now, YEAR)
    return wait if wait is not None and wait > timedelta() else None


def fresh_for(*, cache_control: str, expires: str, date: str, age: str, now: datetime) -> timedelta | None:
    """For how long an answer stays fresh (RFC 9111 section 4.2.1): max-age, else Expires minus Date, less Age.

    None when the server does not say or forbids keeping it.
    """
    if _NO_STORE.search(cache_control):
        return None
    stated = _MAX_AGE.search(cache_control)
    if stated is not None:
        lifetime = seconds(stated[1])
    elif (end := http_date(expires)) is not None:
        lifetime = min(end - (http_date(date) or now), YEAR)
    else:
        return None
    if lifetime is None:
        return None
    return max(lifetime - (seconds(age) or timedelta()), timedelta())


def content_type(value: str) -> tuple[str, str | None]:
    """(media type in lower case or "", charset or None) of a Content-Type header.

    >>> content_type('Text/XML; charset="UTF-8"'), content_type(';;;="')
    (('text/xml', 'utf-8'), ('', None))
    """
    media_type, charset = _MEDIA_TYPE.match(value), _CHARSET.search(value)
    return (
        media_type[1].lower() if media_type and len(media_type[1]) <= 127 else "",
        charset[1].lower() if charset else None,
    )


def etag(value: str | None) -> str | None:
    """An entity tag that can be sent back verbatim; None when it is malformed or longer than 512 characters."""
    return value if value and len(value) <= 512 and _ETAG.fullmatch(value) else None


def last_modified(value: str | None) -> str | None:
    """A date that can be sent back verbatim; None when it is not one."""
    if not value or not value.isascii() or not value.isprintable():
        return None
    return value if _IMF_DATE.fullmatch(value) or http_date(value) else None
