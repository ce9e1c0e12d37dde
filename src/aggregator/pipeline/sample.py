"""A source's documents as they are now, fetched through the guard and handed on unread: fixtures are made of them."""

from typing import TYPE_CHECKING

from aggregator.config import Config
from aggregator.errors import FeedError
from aggregator.fetch import Fetcher
from aggregator.model import Document, Feed, FeedState, Source
from aggregator.pipeline.poll import Clock, run_async

if TYPE_CHECKING:
    import httpx


def sample(
    config: Config, source: Source, *, clock: Clock, transport: "httpx.AsyncBaseTransport | None" = None
) -> list[tuple[Feed, Document | FeedError]]:
    """Fetch each feed of a source once. Reads and writes no state."""
    return run_async(_sample(config, source, clock, transport))


async def _sample(
    config: Config, source: Source, clock: Clock, transport: "httpx.AsyncBaseTransport | None"
) -> list[tuple[Feed, Document | FeedError]]:
    fetcher = Fetcher(config.fetch, clock=clock, transport=transport)
    answers: list[tuple[Feed, Document | FeedError]] = []
    try:
        for feed in source.feeds:
            try:
                document = await fetcher.fetch(feed, FeedState(feed_id=feed.id))
                assert isinstance(document, Document), "an unconditional request is answered by a document"
                answers.append((feed, document))
            except FeedError as error:
                answers.append((feed, error))
    finally:
        await fetcher.aclose()
    return answers
