"""A sitemap index and what came of its parts -> the answer of its feed, as if they were one document."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

from aggregator.errors import FeedError, FetchError, ParseError
from aggregator.model import Document, Entry, NotModified, ParsedFeed
from aggregator.pipeline.record import Answer


class Index:
    """A sitemap index that was fetched, and what has come of its parts so far."""

    def __init__(self, answer: Answer, parts: Collection[str]) -> None:
        self.waiting = set(parts)
        self._answer = answer
        self._entries: list[Entry] = []
        self._language: str | None = None
        self._failures: list[FeedError] = []

    def add(
        self,
        url: str,
        parsed: ParsedFeed | None,
        outcome: Document | NotModified | FeedError,
        took: timedelta,
    ) -> None:
        self.waiting.discard(url)
        self._answer = replace(self._answer, took=self._answer.took + took)
        if isinstance(outcome, FeedError):
            self._failures.append(outcome)
        elif parsed is not None and parsed.parts and not parsed.entries:
            self._failures.append(ParseError(url, "an index within an index"))
        elif parsed is not None:
            self._entries.extend(parsed.entries)
            self._language = self._language or parsed.language

    def answer(self, at: datetime) -> Answer:
        """All parts as one document. That the index is as it was says nothing of them: the next poll asks for it anew."""
        of_index, read = self._answer.result, self._answer.parsed
        assert isinstance(of_index, Document), "of anything else no parts are known"
        assert read is not None, "it named its parts"
        if self._failures and not self._entries:
            first = self._failures[0]
            return replace(self._answer, result=_of_index(first, of_index), parsed=None, at=at)
        told = [f"a part failed: {failure}" for failure in self._failures]
        return replace(
            self._answer,
            result=replace(of_index, etag=None, last_modified=None, body_hash=""),
            parsed=replace(
                read,
                entries=tuple(self._entries),
                language=self._language,
                parts=(),
                malformed="; ".join(told) or None,
            ),
            at=at,
        )


def _of_index(failure: FeedError, index: Document) -> FeedError:
    message = f"its part {failure.url}: {failure.message}"
    if isinstance(failure, FetchError):
        return FetchError(
            index.requested_url,
            failure.kind,
            message,
            status=failure.status,
            retry_after=failure.retry_after,
        )
    return ParseError(index.requested_url, message)
