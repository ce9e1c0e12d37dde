"""HTTP status -> the kind of error it is, and what to say about it. Only 200 and an asked-for 304 are no errors."""

from datetime import timedelta
from http import HTTPStatus

from aggregator.errors import ErrorKind
from aggregator.fetch.failure import Failure


def failure_of(status: int, *, retry_after: timedelta | None = None, challenged: bool = False) -> Failure:
    """The failure that an answer stands for.

    Args:
        status: as sent, three digits.
        retry_after: what the server asked for.
        challenged: it came with a page, or headers, that ask for proof of being human.
    """
    named = _named(status)

    def failure(kind: ErrorKind, message: str) -> Failure:
        return Failure(kind, message, status=status, retry_after=retry_after)

    if challenged:
        return failure("blocked", f"the outlet asks for proof of being human ({named})")
    if status in (401, 403, 407, 451):
        return failure("blocked", f"the outlet does not let us in ({named})")
    if status == 410:
        return failure("gone", f"the address is gone for good ({named})")
    if status == 429 or (status == 503 and retry_after is not None):
        asked = f", and asks to wait {retry_after.total_seconds():,.0f} s" if retry_after else ""
        return failure("throttled", f"asked too often ({named}){asked}")
    if status == 304:
        return failure("content", "answered 304 (not modified) to an unconditional request")
    if status == 206:
        return failure("content", "the server sent a part that nobody asked for (206)")
    if 200 <= status < 300:
        return failure("content", f"the server answered {named}, without a document")
    if 300 <= status < 400:
        return failure("redirect", f"the server answered {named}, which names no place to go")
    if 400 <= status < 500:
        return failure("client", f"the server answered {named}")
    if 500 <= status < 600:
        return failure("server", f"the server answered {named}")
    return failure("protocol", f"the server answered {status}, which is no HTTP status")


def _named(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
