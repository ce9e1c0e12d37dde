"""A source's feeds, fetched now -> the articles that would be stored, or why not. Writes nothing."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from aggregator import health, normalize
from aggregator.config import Config
from aggregator.errors import FeedError
from aggregator.fetch import Fetcher
from aggregator.model import Article, Document, Feed, FeedState, ParsedFeed, Source
from aggregator.parse.own import NO_PARSERS, Parser, own_parser
from aggregator.parse.sandbox import Sandbox
from aggregator.pipeline.address import elsewhere
from aggregator.pipeline.poll import Clock, run_async
from aggregator.pipeline.reading import read_document
from aggregator.pipeline.record import ORIGINS, newest

if TYPE_CHECKING:
    import httpx


def preview(
    config: Config,
    source: Source,
    *,
    clock: Clock,
    transport: "httpx.AsyncBaseTransport | None" = None,
    outlets: Mapping[str, Parser] = NO_PARSERS,
) -> list[tuple[Feed, ParsedFeed | FeedError, list[Article | str]]]:
    """Fetch a source's feeds and show what would be stored: articles, or the reasons for rejection. Writes nothing."""
    return run_async(_preview(config, source, clock, transport, outlets))


async def _preview(
    config: Config,
    source: Source,
    clock: Clock,
    transport: "httpx.AsyncBaseTransport | None",
    outlets: Mapping[str, Parser],
) -> list[tuple[Feed, ParsedFeed | FeedError, list[Article | str]]]:
    fetcher = Fetcher(config.fetch, clock=clock, transport=transport)
    sandbox = Sandbox()
    shown: list[tuple[Feed, ParsedFeed | FeedError, list[Article | str]]] = []
    try:
        for feed in source.feeds:
            try:
                document = await fetcher.fetch(feed, FeedState(feed_id=feed.id))
                assert isinstance(document, Document), "an unconditional request is answered by a document"
                own = own_parser(feed, config.parsers, outlets)
                parsed = await asyncio.to_thread(read_document, document, feed, sandbox, own)
                for url in () if parsed.entries else parsed.parts:
                    part = await fetcher.fetch(elsewhere(feed, url), FeedState(feed_id=feed.id))
                    assert isinstance(part, Document), "likewise"
                    read = await asyncio.to_thread(read_document, part, feed, sandbox, own)
                    parsed = replace(parsed, entries=parsed.entries + read.entries)
            except FeedError as error:
                shown.append((feed, error, []))
                continue
            zoned = replace(feed, timezone=feed.timezone or health.stated(parsed))
            ending = normalize.common_ending([entry.title or "" for entry in parsed.entries])
            articles = [
                normalize.to_article(
                    entry,
                    normalize.identity(entry, feed),
                    feed=zoned,
                    source=source,
                    now=clock(),
                    origin=ORIGINS[feed.kind],
                    ending=ending,
                )
                for entry in newest(parsed.entries, config.fetch.max_entries)
            ]
            shown.append((feed, parsed, articles))
    finally:
        await fetcher.aclose()
        sandbox.close()
    return shown
