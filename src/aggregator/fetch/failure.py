"""Why an exchange failed, before it is known which feed it was for. client.py turns it into a FetchError, once."""

from datetime import timedelta

from aggregator.errors import ErrorKind, FetchError


class Failure(Exception):
    """No usable answer; never leaves this package."""

    def __init__(
        self,
        kind: ErrorKind,
        message: str,
        *,
        status: int | None = None,
        retry_after: timedelta | None = None,
    ) -> None:
        self.kind: ErrorKind = kind
        self.message, self.status, self.retry_after = message, status, retry_after
        super().__init__(message)

    def about(self, url: str) -> FetchError:
        """The same, as everyone else knows it."""
        return FetchError(url, self.kind, self.message, status=self.status, retry_after=self.retry_after)
