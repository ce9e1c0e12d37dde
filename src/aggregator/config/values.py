"""One value of a configuration file -> what it means; anything else is a ValueError that says what was expected.

Messages repeat what was read only where it can be no secret.
"""

import os
import re
import zoneinfo
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from difflib import get_close_matches
from ipaddress import IPv4Network, IPv6Network, ip_network
from math import isfinite
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

LONGEST = timedelta(days=36_500)
"""A hundred years: now minus a duration stays a date."""

_UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_UNIT_NAMES = {
    "ms": ("ms",),
    "s": ("s", "sec", "secs", "second", "seconds"),
    "m": ("m", "min", "mins", "minute", "minutes"),
    "h": ("h", "hr", "hrs", "hour", "hours"),
    "d": ("d", "day", "days"),
    "w": ("w", "week", "weeks"),
}
_UNIT_OF = {name: _UNITS[unit] for unit, names in _UNIT_NAMES.items() for name in names}
_DURATION_PART = re.compile(r"\s*(\d{1,12}(?:\.\d{1,6})?)\s*([A-Za-z]+)\s*", re.ASCII)
_BYTES = {
    "": 1,
    "B": 1,
    "KB": 1000,
    "MB": 1000**2,
    "GB": 1000**3,
    "KIB": 1024,
    "MIB": 1024**2,
    "GIB": 1024**3,
}
_SIZE = re.compile(r"\s*(\d{1,15}(?:\.\d{1,6})?)\s*([A-Za-z]*)\s*", re.ASCII)
_SLUG = re.compile(r"[a-z0-9][a-z0-9._-]*", re.ASCII)
_LANGUAGE = re.compile(
    r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*", re.ASCII
)  # the shape of BCP 47, not its registry
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)  # a token, RFC 9110 section 5.6.2
_HEADER_VALUE = re.compile(
    r"[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?"
)  # RFC 9110 section 5.5, without obs-text
_MAILBOX = re.compile(r"[^\s@<>(),:;\"\[\]\\]+@[A-Za-z0-9.-]+", re.ASCII)
_VARIABLE = re.compile(r"\$\{([^}]*)\}?")
_VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)

KEPT_HEADERS = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "host",
        "if-modified-since",
        "if-none-match",
        "te",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers the fetcher answers for: they frame the exchange, choose the host, bound decoding or carry validators."""


def parse_duration(text: str) -> timedelta:
    """A length of time in words: "30s", "15m", "6h", "2d", "90 days", "1h 30m".

    Units are ms, s, m (minutes), h, d and w, and their English names; a number without one is refused.

    Raises:
        ValueError: it is no such text, or longer than a hundred years.
    """
    total, at = timedelta(), 0
    while match := _DURATION_PART.match(text, at):
        unit = _UNIT_OF.get(match[2].lower() if len(match[2]) > 1 else match[2])
        if unit is None:
            raise ValueError(
                f'{text!r} has no unit {match[2]!r}; expected a duration such as "30s", "15m", "6h" or "2d"'
            )
        try:
            total += float(match[1]) * unit
        except OverflowError:
            total = timedelta.max
            break
        if total > LONGEST:
            break
        at = match.end()
    if total > LONGEST:
        raise ValueError(f"{text!r} is longer than a hundred years")
    if at == 0 or at != len(text):
        raise ValueError(f'{text!r} is no duration; expected one such as "30s", "15m", "6h" or "2d"')
    return total


def parse_size(text: str) -> int:
    """A number of bytes in words: "16MiB", "500 KB", "1.5GiB", "4096". KB is 1,000 bytes, KiB 1,024.

    Raises:
        ValueError: it is no such text.
    """
    match = _SIZE.fullmatch(text)
    factor = _BYTES.get(match[2].upper()) if match else None
    if match is None or factor is None:
        raise ValueError(f'{text!r} is no size; expected one such as "16MiB" or "500KB"')
    return round(float(match[1]) * factor)


def text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"expected a string, found {kind_of(value)}")
    if any(ord(character) < 32 or ord(character) == 127 for character in value):
        raise ValueError("control characters have no meaning here")
    return value.strip()


def filled_text(value: Any) -> str:
    written = text(value)
    if not written:
        raise ValueError("must not be empty")
    return written


def boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"expected true or false, found {kind_of(value)}")
    return value


def slug(value: Any) -> str:
    written = text(value)
    if not _SLUG.fullmatch(written):
        raise ValueError(
            f"{written!r} is no id; ids are a-z, 0-9, '.', '_' and '-', and begin with a letter or digit"
        )
    return written


def one_of(*choices: str) -> Callable[[Any], Any]:
    """A reader of one of these words."""

    def read(value: Any) -> str:
        written = text(value)
        if written not in choices:
            raise ValueError(f"{written!r} is none of {', '.join(choices)}{did_you_mean(written, choices)}")
        return written

    return read


def duration(value: Any) -> timedelta:
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ValueError(f'{value} has no unit; expected a duration such as "{value}s" or "15m"')
    return parse_duration(text(value))


def duration_from(least: str, why: str = "") -> Callable[[Any], timedelta]:
    """A reader of a duration that is at least so long."""
    shortest = parse_duration(least)

    def read(value: Any) -> timedelta:
        length = duration(value)
        if length < shortest:
            raise ValueError(f"{value!r} is too short; the shortest is {least}{why and ': ' + why}")
        return length

    return read


interval = duration_from("10s", "outlets are asked no more often")
timeout = duration_from("100ms")


def size(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        written = value
    else:
        written = parse_size(text(value))
    if written < 1024:
        raise ValueError(f"{value!r} is too small; the smallest size is 1KiB")
    return written


def whole_number(least: int, most: int | None = None) -> Callable[[Any], int]:
    """A reader of an integer within bounds."""

    def read(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValueError(f"expected a whole number, found {kind_of(value)}")
        if value < least or (most is not None and value > most):
            bounds = f"from {least}" if most is None else f"from {least} to {most}"
            raise ValueError(f"{value} is out of range; expected a whole number {bounds}")
        return value

    return read


def number(least: float, most: float | None = None) -> Callable[[Any], float]:
    """A reader of a number within bounds."""

    def read(value: Any) -> float:
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise ValueError(f"expected a number, found {kind_of(value)}")
        try:
            finite = isfinite(value)
        except OverflowError:  # an integer beyond every float
            finite = False
        if not finite or value < least or (most is not None and value > most):
            bounds = f"from {least:g}" if most is None else f"from {least:g} to {most:g}"
            raise ValueError(f"{value} is out of range; expected a number {bounds}")
        return float(value)

    return read


def language(value: Any) -> str:
    written = text(value)
    if written and not _LANGUAGE.fullmatch(written):
        raise ValueError(f'{written!r} is no language tag; expected one such as "en", "de" or "pt-BR"')
    return written


def country(value: Any) -> str:
    written = text(value)
    if written and not re.fullmatch(r"[A-Za-z]{2}", written):
        raise ValueError(f'{written!r} is no country code; expected two letters, such as "GB" or "DE"')
    return written.upper()


def timezone(value: Any) -> str:
    written = text(value)
    if written in ("", "UTC"):  # known even where no time zone database is installed
        return written
    try:
        zoneinfo.ZoneInfo(written)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        known = zoneinfo.available_timezones()
        if not known:
            raise ValueError(
                f"{written!r} cannot be looked up: this machine has no time zone database"
            ) from None
        raise ValueError(
            f'{written!r} is no time zone; expected an IANA name such as "Europe/Berlin"'
            f"{did_you_mean(written, known)}"
        ) from None
    return written


def network(value: Any) -> IPv4Network | IPv6Network:
    written = text(value)
    try:
        return ip_network(written)
    except ValueError as error:
        if "host bits set" in str(error):
            raise ValueError(
                f"{written!r} has host bits set; did you mean {ip_network(written, strict=False)}?"
            ) from None
        raise ValueError(
            f'{written!r} is no network; expected one such as "127.0.0.0/8" or "fd00::/8"'
        ) from None


def address(value: Any) -> str:
    """An http(s) URL that can be shown: one with a password in it is refused, and not repeated."""
    written = text(value)
    if "${" in written:
        raise ValueError(
            "${...} is read in headers, proxy and database only; a URL is shown and stored as it is"
        )
    parts = _split(written)
    if parts.username is not None or parts.password is not None:
        raise ValueError(
            "carries a user name; put it into headers instead, "
            'as headers = { Authorization = "Basic ${NAME_OF_A_VARIABLE}" }'
        )
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(
            f"{written!r} is no web address; expected one that begins with https:// or http:// and a host"
        )
    if re.search(r"\s", written):
        raise ValueError(f"{written!r} has a space in it; in addresses it is written %20")
    return written


def same_address(url: str) -> tuple[str, int | None, str, str]:
    """What makes two addresses one: host, port, path and query; http and https serve the same feed."""
    parts = urlsplit(url)
    port = None if parts.port in (80, 443) else parts.port
    return parts.hostname or "", port, parts.path or "/", parts.query


def proxy(value: Any, environ: Mapping[str, str]) -> str:
    """An http(s) proxy's URL; "" is none. Never repeated in a message, because it may hold a password."""
    written = expand(value, environ)
    if not written:
        return ""
    parts = _split(written)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("is no proxy; expected one such as http://host:port")
    return written


def database_url(value: Any, *, folder: Path, environ: Mapping[str, str] | None = None) -> str:
    """[store] database, as SQLAlchemy takes it.

    Args:
        value: a path, sqlite:///PATH or postgresql+psycopg://...
        folder: what a relative path is resolved from.
        environ: for ${NAME}; None: such references are left alone.

    Raises:
        ValueError: it is none of these. The message does not repeat it: it may hold a password.
    """
    written = text(value) if environ is None else expand(value, environ)
    scheme, found, rest = written.partition("://")
    if not found:
        return _sqlite_url(written, folder)
    scheme = scheme.lower()
    if scheme in ("sqlite", "sqlite+pysqlite"):
        path, question, query = rest.removeprefix("/").partition("?")
        if path in ("", ":memory:") or path.startswith("file:"):
            return written
        if not rest.startswith("/"):
            raise ValueError("a sqlite address has three slashes before a path: sqlite:///news.db")
        return _sqlite_url(path, folder) + question + query
    if scheme in ("postgresql", "postgres", "postgresql+psycopg"):
        if not _split(written).path.strip("/"):
            raise ValueError("names no database; expected postgresql+psycopg://user@host/database")
        return f"postgresql+psycopg://{rest}"
    raise ValueError(
        f"{scheme!r} is no database that is known here; expected a path, sqlite:///PATH or postgresql+psycopg://..."
    )


def header_name(name: str) -> str:
    if not _HEADER_NAME.fullmatch(name):
        raise ValueError("is no name of a header; letters, digits and '-' are")
    if name.lower() in KEPT_HEADERS:
        raise ValueError("is set by the fetcher and cannot be given here")
    return name


def header_value(value: Any, environ: Mapping[str, str] | None = None) -> str:
    written = text(value) if environ is None else expand(value, environ)
    if written and not _HEADER_VALUE.fullmatch(written):
        raise ValueError("holds characters that cannot be sent in a header; plain ASCII can")
    return written


def mailbox(value: Any) -> str:
    written = text(value)
    if not _MAILBOX.fullmatch(written):
        raise ValueError(f"{written!r} is no mail address; it is sent as From, which takes nothing else")
    return written


def term(value: Any) -> str:
    """A topic's term: a word, a "quoted phrase" or a prefix*."""
    written = filled_text(value)
    if written.count('"') not in (0, 2) or ('"' in written and not (written[0] == written[-1] == '"')):
        raise ValueError(f"{written!r} has a quotation mark too many or too few")
    if "*" in written.strip('"')[:-1]:
        raise ValueError(f"{written!r} has a * within; it stands at the end of a prefix only")
    if sum(character.isalnum() for character in written) < (2 if written.endswith("*") else 1):
        raise ValueError(
            f"{written!r} would match nearly everything or nothing; expected a word of some letters"
        )
    return written


def expand(value: Any, environ: Mapping[str, str]) -> str:
    """Text with every ${NAME} replaced by the environment's value.

    Raises:
        ValueError: a variable is not set, or what stands between the braces is no name. Values are never repeated.
    """
    written = text(value)
    names = _VARIABLE.findall(written)
    for name in names:
        if not _VARIABLE_NAME.fullmatch(name):
            raise ValueError("has a ${...} without the name of an environment variable in it")
    if missing := sorted({name for name in names if name not in environ}):
        plural = "s are" if len(missing) > 1 else " is"
        raise ValueError(f"the environment variable{plural} not set: {', '.join(missing)}")
    return text(_VARIABLE.sub(lambda match: environ[match[1]], written))


def holds_literal_password(written: Any) -> bool:
    """Whether a proxy or database URL, as written, has a password that does not come from the environment."""
    if not isinstance(written, str):
        return False
    userinfo = written.partition("://")[2].partition("/")[0].rpartition("@")[0]
    password = userinfo.partition(":")[2]
    return bool(password) and "${" not in userinfo


def kind_of(value: Any) -> str:
    """A TOML type in an editor's words."""
    names = {
        bool: "true or false",
        int: "a number",
        float: "a number",
        str: "a string",
        list: "an array",
        dict: "a table",
    }
    return names.get(type(value), "a date or time")


def did_you_mean(written: str, known: Iterable[str]) -> str:
    """The nearest known name as the end of a message, "" when nothing is near."""
    by_folded = {name.casefold(): name for name in known}
    near = get_close_matches(written.casefold(), list(by_folded), n=1, cutoff=0.6)
    return f"; did you mean {by_folded[near[0]]}?" if near else ""


def absolute_path(written: str, folder: Path) -> str:
    """A path as it is meant in a file of that folder."""
    # os.path, because Path raises where these answer: for the home of nobody, for links that go in circles.
    return os.path.realpath(folder / os.path.expanduser(written))  # noqa: PTH111


def _sqlite_url(path: str, folder: Path) -> str:
    if not path or "?" in path:
        raise ValueError("is no path of a database; expected one such as ../data/aggregator.db")
    return f"sqlite:///{absolute_path(path, folder)}"


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ValueError("is no address: its host or port cannot be read") from None
    return parts
