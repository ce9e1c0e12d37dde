"""A document in which something usual was missing: one a feed, until it is right again. A fixture is made from it."""

import zlib
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from aggregator.model import Document
from aggregator.store import rows
from aggregator.store.schema import feed, saved_document
from aggregator.store.sql import insert

MAX_SAVED = 1 << 20
"""Bytes of a saved document, compressed. A larger one is not kept: half a document is no fixture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedDocument:
    """A document as it was fetched."""

    feed_id: str
    url: str  # after redirects
    at: datetime  # when it was fetched
    why: str
    content_type: str | None  # the header as sent
    body: bytes = field(repr=False)


def save(connection: sa.Connection, *, feed_id: int, document: Document, why: str) -> bool:
    """Keep a document in place of the feed's earlier one. False: it is too large."""
    packed = zlib.compress(document.body, 6)
    if len(packed) > MAX_SAVED:
        return False
    values = {
        "feed_id": feed_id,
        "url": rows.text(document.url),
        "at": rows.seconds(document.fetched_at),
        "why": rows.text(why),
        "content_type": rows.text_or_none(document.content_type),
        "packed": packed,
    }
    insert(connection, saved_document, [values], conflict="replace")
    return True


def forget(connection: sa.Connection, *, feed_id: int) -> None:
    connection.execute(saved_document.delete().where(saved_document.c.feed_id == feed_id))


def saved(connection: sa.Connection, feed_key: str) -> SavedDocument | None:
    row = connection.execute(sa.select(saved_document).join(feed).where(feed.c.key == feed_key)).one_or_none()
    if row is None:
        return None
    return SavedDocument(
        feed_id=feed_key,
        url=row.url,
        at=rows.instant(row.at),
        why=row.why,
        content_type=row.content_type,
        body=zlib.decompress(row.packed),
    )
