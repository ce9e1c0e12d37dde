"""What can go wrong.

    AggregatorError
      ConfigError        the configuration is wrong: every problem at once, each with file, line and key     exit 2
      UnknownName        an id, name or URL that nothing is known by; carries the nearest known ones         exit 2
      FeedError          one feed, one run: recorded with its poll, the run goes on
        FetchError         no usable answer; carries kind, status, retry_after
        ParseError         bytes arrived, but nothing readable was in them
      StoreError         the database refused; the cause is kept                                             exit 1
        StoreLocked        another process holds the writer's lock                                           exit 4
        StoreTooNew        written by a newer version of this program                                        exit 2
        StoreDamaged       the file is not as the database left it                                           exit 1

A library's exception is wrapped once, at the border where it appears, with the cause kept. Missing data is no error:
an absent date is None in the Entry, and only normalize decides what that means.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal

ErrorKind = Literal[
    "network",  # no answer: name, connection, TLS handshake broken off, time-out; worth another try soon
    "tls",  # the certificate does not verify; a person has to look
    "server",  # 5xx
    "throttled",  # 429, or 503 that names a time
    "client",  # 4xx that no other kind names
    "gone",  # 410
    "blocked",  # 401, 403, 451 or a bot challenge: the outlet does not want us; never fought by imitation
    "redirect",  # too many, in a circle, or to where we do not go
    "refused",  # our own policy: scheme, port, private address, robots.txt
    "limit",  # too large, too slow, too deeply encoded
    "protocol",  # not HTTP, or broken off in the middle
    "content",  # an answer, but not what was promised: HTML where a feed was, nothing, nonsense
]


class AggregatorError(Exception):
    """Anything this program reports to a person. str() is the whole message."""

    exit_code = 1


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a configuration file."""

    path: Path
    line: int | None  # 1-based; None when the whole file is meant
    key: str  # dotted: "sources[3].feeds[0].interval"
    message: str  # what was read, what was expected, the nearest valid name

    def __str__(self) -> str:
        where = f"{self.path}:{self.line}" if self.line else str(self.path)
        return f"{where}: {self.key}: {self.message}" if self.key else f"{where}: {self.message}"


class ConfigError(AggregatorError):
    """All mistakes found in the configuration, none of which let the program start."""

    exit_code = 2

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class UnknownName(AggregatorError):
    """Nothing is known by this id, name or URL."""

    exit_code = 2

    def __init__(self, noun: str, name: str, nearest: Sequence[str] = (), hint: str = "") -> None:
        self.noun, self.name, self.nearest = noun, name, tuple(nearest)
        message = f"no {noun} is known as {name!r}"
        message += f"; did you mean {', '.join(self.nearest)}?" if self.nearest else "."
        super().__init__(f"{message} {hint}".strip())


class FeedError(AggregatorError):
    """One feed failed in one run."""

    def __init__(self, url: str, message: str) -> None:
        self.url, self.message = url, message
        super().__init__(f"{url}: {message}")


class FetchError(FeedError):
    """No usable answer came from the address."""

    def __init__(
        self,
        url: str,
        kind: ErrorKind,
        message: str,
        *,
        status: int | None = None,
        retry_after: timedelta | None = None,
    ) -> None:
        self.kind: ErrorKind = kind
        self.status = status  # HTTP status, when there was one
        self.retry_after = retry_after  # what the server asked for; unclamped, never negative
        super().__init__(url, message)


class ParseError(FeedError):
    """Bytes arrived, nothing readable was in them."""

    kind: ErrorKind = "content"


class StoreError(AggregatorError):
    """The database refused."""


class StoreLocked(StoreError):
    """Another process holds the writer's lock for longer than the busy time-out."""

    exit_code = 4


class StoreTooNew(StoreError):
    """The database was written by a newer version."""

    exit_code = 2


class StoreDamaged(StoreError):
    """The database's file is not as it left it; nothing was written over it."""
