"""Rows to what lists show. Reading never waits for the writer, nor the writer for it; each method is one snapshot.

journal.py   outlets, feeds, polls        items.py   articles        stories.py   links and stories
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from aggregator.store import rows
from aggregator.store.items import ItemReader
from aggregator.store.journal import JournalReader
from aggregator.store.schema import (
    article,
    copy_member,
    feed,
    key,
    migration,
    poll,
    revision,
    source,
    story_member,
)
from aggregator.store.snapshot import meta_value
from aggregator.store.stories import StoryReader


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """How much is in the store."""

    articles: int
    first_seen_from: datetime | None  # of the oldest article
    first_seen_to: datetime | None  # of the newest
    sources: int  # configured now
    feeds: int
    stories: int  # with two articles or more
    copies: int  # articles in a copy group
    revisions: int
    polls: int
    tombstones: int  # keys of purged articles
    not_linked: int  # articles that the link pass has not come to
    schema: int
    bytes: int  # database and log, on disk


class Reader(JournalReader, ItemReader, StoryReader):
    """What can be asked. Store adds opening, closing and writing."""

    def stats(self) -> Stats:
        with self._read() as connection:

            def number(statement: sa.Select[Any]) -> int:
                return int(connection.execute(statement).scalar() or 0)

            def size(table: sa.Table) -> int:
                return number(sa.select(sa.func.count()).select_from(table))

            grouped = sa.select(story_member.c.story).group_by(story_member.c.story)
            several = grouped.having(sa.func.count() > 1).subquery()
            purged = sa.select(article.c.id).where(article.c.id == key.c.article_id)
            first, last = connection.execute(
                sa.select(sa.func.min(article.c.first_seen_at), sa.func.max(article.c.first_seen_at))
            ).one()
            cursor = int(meta_value(connection, "link_cursor") or 0)
            return Stats(
                articles=size(article),
                first_seen_from=rows.instant_or_none(first),
                first_seen_to=rows.instant_or_none(last),
                sources=number(sa.select(sa.func.count()).where(source.c.active)),
                feeds=number(sa.select(sa.func.count()).where(feed.c.active)),
                stories=number(sa.select(sa.func.count()).select_from(several)),
                copies=size(copy_member),
                revisions=size(revision),
                polls=size(poll),
                tombstones=number(sa.select(sa.func.count()).select_from(key).where(~purged.exists())),
                not_linked=number(sa.select(sa.func.count()).where(article.c.id > cursor)),
                schema=number(sa.select(sa.func.max(migration.c.number))),
                bytes=self._bytes(connection),
            )
