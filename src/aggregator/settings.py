"""The tunables that the steps take, as plain values with safe defaults. Read from [store], [fetch], ... by config.py.

They live below the steps so that a step can be handed its settings without knowing of configuration files.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Keep:
    """Which articles of an outlet retention leaves; the others are purged, with tombstones."""

    age: timedelta  # since they were first seen
    newest: int | None = None  # so many, whatever their age; None: no limit


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSettings:
    """[store]"""

    database: str = field(repr=False)  # SQLAlchemy URL, already absolute; may hold a password
    retention: timedelta = timedelta(days=90)  # articles first seen longer ago are purged, with tombstones
    keep: int | None = None  # newest articles kept of each source; None: all within the retention
    tombstones_kept: timedelta = timedelta(days=365)  # after an article was first seen, or last served
    polls_kept: timedelta = timedelta(days=30)  # the poll journal and its rejections
    busy_timeout: timedelta = timedelta(seconds=10)
    synchronous: str = "NORMAL"  # SQLite: NORMAL | FULL


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchSettings:
    """[fetch]"""

    deadline: timedelta = timedelta(seconds=30)  # the whole exchange, redirects and body included
    connect_timeout: timedelta = timedelta(seconds=5)
    read_timeout: timedelta = timedelta(seconds=10)  # silence between two reads
    max_body: int = 16 * MIB  # bytes, on the wire and again decoded
    max_header: int = 100 * 1024  # bytes, all header lines of one answer
    max_redirects: int = 5
    max_in_flight: int = 64 * MIB  # bytes of all bodies being read or waiting to be parsed
    max_entries: int = 5_000  # per document; the newest are kept
    concurrency: int = 50  # exchanges at a time
    host_concurrency: int = 1  # exchanges at a time with one host or group
    host_gap: timedelta = timedelta(seconds=1)  # from one request to the next at one host or group
    allow_networks: tuple[IPv4Network | IPv6Network, ...] = ()  # non-public networks that may be contacted
    allow_ports: tuple[int, ...] = (80, 443, 8080, 8443)  # any port is allowed inside allow_networks
    user_agent: str = ""  # empty: "aggregator/VERSION (+contact)"
    contact: str = ""  # URL or address put into the User-Agent
    proxy: str = field(default="", repr=False)  # may hold a password


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleSettings:
    """[defaults]: how often, when a source or feed does not say."""

    interval: timedelta = timedelta(minutes=15)
    min_interval: timedelta = timedelta(minutes=5)  # the adaptive interval never goes below
    max_interval: timedelta = timedelta(hours=6)  # nor above, as long as the feed answers
    max_backoff: timedelta = timedelta(hours=24)  # ceiling after errors


@dataclass(frozen=True, slots=True, kw_only=True)
class DisplaySettings:
    """[display]"""

    timezone: str = "UTC"  # IANA name; tables show times in it, machine formats stay UTC
    language: str = "en"  # of the words that readers see


@dataclass(frozen=True, slots=True, kw_only=True)
class RelateSettings:
    """[relate]"""

    window: timedelta = timedelta(days=7)  # articles first seen in it are candidates for lists and stories
    half_weight: timedelta = timedelta(hours=48)  # score x (1 - decay + decay exp(-hours apart / this))
    decay: float = 0.6
    limit: int = 5  # entries of a list
    per_outlet: int = (
        2  # entries of one outlet (and of one owner) in a list, relaxed only when it falls short
    )
    floor: float | None = None  # below it nothing is listed; None: the floor measured for the method in use
    encoder: str = ""  # folder with an ONNX sentence encoder; empty: none
