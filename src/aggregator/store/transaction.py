"""One transaction of the one writer: what waits to be written, and the statements that write it.

What is new is kept in lists, each written with one statement when the transaction ends or something has to read it:
8 us a row, where a statement an article costs 40.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from aggregator.errors import UnknownName
from aggregator.model import (
    Article,
    Known,
)
from aggregator.store import rows
from aggregator.store.candidates import Memory
from aggregator.store.schema import (
    NEVER,
    article,
    article_text,
    feed,
    feed_state,
    hidden,
    hour,
    key,
    meta,
    poll,
    rejection,
    sighting,
    source,
)
from aggregator.store.search import SearchRow, search_index
from aggregator.store.sql import insert


@dataclass(frozen=True, slots=True)
class FeedRow:
    """What the store needs to know of a feed to record a poll of it."""

    id: int
    key: str
    url: str
    source_id: int
    source_key: str
    outlet: str
    read_poll: int | None
    habits: str | None


@dataclass(slots=True)
class Newest:
    """The highest numbers given so far: what retention takes does not lower them."""

    article: int
    at: int  # first_seen_at of that article; 0: there was none
    poll: int


@dataclass(slots=True)
class Pending:
    """Rows that wait to be written, by table."""

    articles: list[dict[str, Any]] = field(default_factory=list)
    texts: list[dict[str, Any]] = field(default_factory=list)
    searched: list[SearchRow] = field(default_factory=list)
    keys: list[dict[str, Any]] = field(default_factory=list)
    hours: dict[int, int] = field(default_factory=dict)
    seen: list[dict[str, Any]] = field(default_factory=list)
    gone: list[dict[str, Any]] = field(default_factory=list)
    polls: list[dict[str, Any]] = field(default_factory=list)
    rejections: list[dict[str, Any]] = field(default_factory=list)
    states: list[dict[str, Any]] = field(default_factory=list)
    fingerprints: list[dict[str, Any]] = field(default_factory=list)
    hidden: list[int] = field(default_factory=list)

    def rows(self) -> int:
        return len(self.articles) + len(self.keys) + len(self.seen) + len(self.polls)


class Transaction:
    """What Writer stands on: made by Store.write(), which commits it."""

    def __init__(self, connection: sa.Connection, *, give_way: Callable[[], None], memory: Memory) -> None:
        self._connection = connection
        self._give_way = give_way  # lets others write, between two transactions
        self._search = search_index(connection.dialect.name)
        self._memory = memory
        self._begin()

    def _begin(self) -> None:
        """Forget what an earlier transaction knew: others may have written since."""
        self._pending = Pending()
        self._known: dict[
            int, int
        ] = {}  # hash -> article, found in the store or recorded in this transaction
        self._articles: dict[int, Known] = {}  # those that the hashes lead to
        self._fingerprints: dict[int, int] = {}  # by article
        self._feeds: dict[str, FeedRow] = {}
        self._recorded: set[str] = set()  # feeds of which something waits to be written
        self._meta: dict[str, str] = {}  # to be written
        self._hidden: frozenset[int] | None = None  # keys of what editors hid; None: not asked yet
        self._newest: Newest | None = None

    def commit(self) -> None:
        """Make everything so far durable, let others write, and go on in a new transaction."""
        self.flush()
        self._connection.commit()
        self._give_way()
        self._connection.begin()
        self._begin()

    def flush(self) -> None:
        """Write what waits, in the order of the references between tables."""
        pending, self._pending = self._pending, Pending()
        for feed_id in self._recorded:
            self._feeds.pop(feed_id, None)  # what is known of it is that of before
        self._recorded.clear()
        connection = self._connection
        insert(connection, article, pending.articles)
        insert(connection, article_text, pending.texts)
        if pending.searched:
            self._search.add(connection, pending.searched)
        insert(connection, key, pending.keys, conflict="keep")
        first_ids = [{"hour": number, "first_id": first} for number, first in pending.hours.items()]
        insert(connection, hour, first_ids, conflict="keep")
        # An article that is served again keeps the time at which this feed showed it first.
        insert(connection, sighting, pending.seen, conflict="replace", replacing=("gone_at",))
        if pending.gone:
            connection.execute(_UPDATE_GONE, pending.gone)
        insert(connection, poll, pending.polls)
        insert(connection, rejection, pending.rejections)
        insert(
            connection, hidden, [{"article_id": article_id} for article_id in pending.hidden], conflict="keep"
        )
        if pending.fingerprints:
            connection.execute(_UPDATE_FINGERPRINT, pending.fingerprints)
        if pending.states:
            connection.execute(_UPDATE_STATE, pending.states)
        if self._newest is not None and (pending.articles or pending.polls):
            numbers = (self._newest.article, self._newest.at, self._newest.poll)
            self._meta.update(zip(_NEWEST, map(str, numbers), strict=True))
        changed = [{"name": name, "value": value} for name, value in self._meta.items()]
        insert(connection, meta, changed, conflict="replace")
        self._meta.clear()

    @contextmanager
    def _connected(self) -> Iterator[sa.Connection]:
        yield self._connection

    def _settle(self, feed_id: str) -> None:
        """Have everything of a feed in the store before it is asked about."""
        if feed_id in self._recorded:
            self.flush()

    def _feed(self, feed_id: str) -> FeedRow:
        found = self._feeds.get(feed_id)
        if found is None:
            row = self._connection.execute(_FEED, {"feed_id": feed_id}).one_or_none()
            if row is None:
                raise UnknownName(
                    "feed", feed_id, hint="The store mirrors the configuration: sync_config first."
                )
            found = self._feeds[feed_id] = FeedRow(*row)
        return found

    def _source_of(self, feed_row: FeedRow, new: Article) -> tuple[int, str, str]:
        """Id, text id and name of an article's source: nearly always the feed's."""
        if new.source_id == feed_row.source_key:
            return feed_row.source_id, feed_row.source_key, feed_row.outlet
        row = self._connection.execute(
            sa.select(source.c.id, source.c.key, source.c.name).where(source.c.key == new.source_id)
        ).one_or_none()
        if row is None:
            raise UnknownName(
                "source", new.source_id, hint="The store mirrors the configuration: sync_config first."
            )
        return row.id, row.key, row.name

    def _arrival(self, now: datetime) -> int:
        """first_seen_at of what arrives: it never goes back, so that ids stand for time."""
        return max(rows.seconds(now), self._numbers().at)

    def _next_article(self, at: int) -> int:
        """Ids are given here and not by the database: a purged id must not be given again, and no gap hides a row."""
        newest = self._numbers()
        newest.article += 1
        newest.at = at
        return newest.article

    def _numbers(self) -> Newest:
        if self._newest is None:
            stored = {name: int(value) for name, value in self._connection.execute(_NUMBERS).all()}
            self._newest = Newest(*(stored.get(name, 0) for name in _NEWEST))
        return self._newest


def when_enabled(value: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
    return sa.case((feed_state.c.enabled, value), else_=sa.literal(NEVER, sa.BigInteger))


_FEED = (
    sa.select(
        feed.c.id,
        feed.c.key,
        feed.c.url,
        source.c.id,
        source.c.key,
        source.c.name,
        feed_state.c.read_poll,
        feed_state.c.habits,
    )
    .join(source, source.c.id == feed.c.source_id)
    .join(feed_state, feed_state.c.feed_id == feed.c.id)
    .where(feed.c.key == sa.bindparam("feed_id"))
)

_NEWEST = ("newest_id", "newest_at", "newest_poll")
_NUMBERS = sa.select(meta.c.name, meta.c.value).where(meta.c.name.in_(_NEWEST))

_UPDATE_GONE = sighting.update().where(
    sighting.c.article_id == sa.bindparam("the_article"), sighting.c.feed_id == sa.bindparam("the_feed")
)

_UPDATE_FINGERPRINT = (
    article.update()
    .where(article.c.id == sa.bindparam("the_id"))
    .values(
        fingerprint=sa.bindparam("new", type_=sa.BigInteger),
        feed_id=sa.bindparam("feed", type_=sa.BigInteger),
    )
)

_UPDATE_STATE = (
    feed_state.update()
    .where(feed_state.c.feed_id == sa.bindparam("the_id"))
    .values(
        due_at=when_enabled(sa.bindparam("due", type_=sa.BigInteger)),
        claimed_until=None,
        read_poll=sa.func.coalesce(sa.bindparam("read", type_=sa.BigInteger), feed_state.c.read_poll),
        habits=sa.func.coalesce(sa.bindparam("kept_habits", type_=sa.Text), feed_state.c.habits),
    )
)
