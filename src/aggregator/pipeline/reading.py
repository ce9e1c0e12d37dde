"""A document to what it says. What our own code stumbles over is that document's fault, with the place in the log."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from aggregator.errors import FeedError, ParseError
from aggregator.model import Document, Feed, ParsedFeed
from aggregator.parse import parse_document
from aggregator.parse.own import OwnParser
from aggregator.parse.sandbox import Sandbox

log = logging.getLogger(__name__)


@contextmanager
def blamed_on(url: str) -> Iterator[None]:
    """Whatever a parser raises inside comes out as a FeedError: one document that breaks a parser stops no run."""
    try:
        yield
    except FeedError:
        raise
    except Exception as error:
        log.exception("parser_failed url=%s", url)
        raise ParseError(url, f"our own parser failed on it: {type(error).__name__}: {error}") from error


def read_document(
    document: Document, feed: Feed, sandbox: Sandbox, own: OwnParser | None = None
) -> ParsedFeed:
    """Read what was fetched for a feed. Meant for a thread: it may wait for the tolerant parser's process.

    Raises:
        FeedError: the document is not what its kind promises, or broke our parser.
    """
    with blamed_on(document.url):
        return parse_document(document, feed, tolerant=sandbox.parse, own=own)
