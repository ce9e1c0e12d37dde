"""Rows to what lists show: items, stories, polls, states. Reading never waits for the writer, nor the writer for it.

Each method is one snapshot. What belongs to the items of a page (copies, revisions, story) comes with one statement
each for the whole page, never one an item.
"""

from abc import ABC, abstractmethod
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from aggregator.errors import UnknownName
from aggregator.model import (
    Article,
    Copy,
    FeedState,
    Item,
    ItemFilter,
    Key,
    Poll,
    Revision,
    Sighting,
    Source,
    Story,
    Topic,
)
from aggregator.store import documents, gaps, links, rows
from aggregator.store.candidates import DatabaseCandidates, TermIndex
from aggregator.store.schema import (
    article,
    article_text,
    copy_edge,
    copy_group,
    copy_member,
    feature,
    feed,
    feed_state,
    hour,
    key,
    meta,
    migration,
    neighbours,
    poll,
    rejection,
    revision,
    sighting,
    source,
    story,
    story_member,
    topic,
)
from aggregator.store.search import Query, SearchIndex, parse_query, topic_query
from aggregator.store.sql import among

_HOUR = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleDetails:
    """Everything the store knows of one article."""

    item: Item
    sightings: tuple[Sighting, ...]
    keys: tuple[Key, ...]
    neighbours: tuple[tuple[int, float], ...]  # (earlier article, score) when it was linked, best first
    linked: bool  # the link pass has seen it
    fingerprint: int


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


@dataclass(frozen=True, slots=True, kw_only=True)
class PollTotals:
    """What the polls of a time did, in sum."""

    polls: int
    ok: int  # a document was read
    not_modified: int  # nothing had changed
    errors: int
    new: int
    revised: int
    rejected: int
    bytes: int


class Reader(ABC):
    """What can be asked. Store adds opening, closing and writing."""

    _search: SearchIndex
    _terms: TermIndex

    @abstractmethod
    def _read(self) -> AbstractContextManager[sa.Connection]:
        """A connection with one snapshot; what the database refuses comes out as StoreError."""

    # --- configuration and feeds -----------------------------------------------------------------------------------

    def sources(self) -> tuple[Source, ...]:
        """As configured, with their feeds; without headers and proxies, which are not stored."""
        with self._read() as connection:
            feeds: defaultdict[int, list[rows.Row]] = defaultdict(list)
            for row in connection.execute(sa.select(feed).where(feed.c.active).order_by(feed.c.position)):
                feeds[row.source_id].append(row)
            found = connection.execute(sa.select(source).where(source.c.active).order_by(source.c.position))
            return tuple(
                rows.source_of(row, (rows.feed_of(entry, source_key=row.key) for entry in feeds[row.id]))
                for row in found
            )

    def topics(self) -> tuple[Topic, ...]:
        with self._read() as connection:
            return tuple(map(rows.topic_of, connection.execute(sa.select(topic).order_by(topic.c.position))))

    def config_digest(self) -> str | None:
        """Digest of the configuration that is mirrored; None: none yet."""
        with self._read() as connection:
            return _meta(connection, "config_digest")

    def owners(self) -> dict[str, str]:
        """Source id -> owner; the source itself where no owner is configured. Sources of the past are included."""
        with self._read() as connection:
            return {
                row.key: row.owner or row.key
                for row in connection.execute(sa.select(source.c.key, source.c.owner))
            }

    def feed_states(self) -> dict[str, FeedState]:
        """Feed id -> what the last polls left behind, for every configured feed."""
        with self._read() as connection:
            found = connection.execute(
                sa.select(feed_state, feed.c.key).join(feed).where(feed.c.active).order_by(feed.c.position)
            )
            return {row.key: rows.state_of(row, feed_key=row.key) for row in found}

    def feed_habits(self) -> dict[str, str]:
        """Feed id -> what its documents usually hold, as it was recorded; for those of which something is known."""
        with self._read() as connection:
            found = connection.execute(
                sa.select(feed.c.key, feed_state.c.habits)
                .join(feed)
                .where(feed.c.active, feed_state.c.habits.is_not(None))
            )
            return {row.key: row.habits for row in found}

    def gaps(
        self,
        since: datetime | None = None,
        source_ids: Collection[str] | None = None,
        limit: int | None = None,
    ) -> list[gaps.Gap]:
        """Times in which articles may have been missed, those noticed last first."""
        with self._read() as connection:
            return gaps.listed(connection, since=since, source_ids=source_ids, limit=limit)

    def saved_document(self, feed_id: str) -> documents.SavedDocument | None:
        """The document that was kept because something usual was missing in it; None: there is none."""
        with self._read() as connection:
            return documents.saved(connection, feed_id)

    def not_linked(self) -> int:
        """Articles that the link pass has not come to."""
        with self._read() as connection:
            cursor = int(_meta(connection, "link_cursor") or 0)
            waiting = sa.select(sa.func.count()).where(article.c.id > cursor)
            return connection.execute(waiting).scalar_one()

    def schema(self) -> int:
        """Number of the last migration that ran."""
        with self._read() as connection:
            return int(connection.execute(sa.select(sa.func.max(migration.c.number))).scalar() or 0)

    def size(self) -> int:
        """Bytes of the database and its log, on disk."""
        with self._read() as connection:
            return self._bytes(connection)

    def newest(self) -> datetime | None:
        """first_seen_at of the newest article there ever was; None: there was none."""
        with self._read() as connection:
            stored = _meta(connection, "newest_at")
            return rows.instant(int(stored)) if stored and int(stored) else None

    def poll_totals(self, since: datetime | None = None) -> PollTotals:
        """The sums of the journal."""
        with self._read() as connection:
            wanted = sa.select(
                poll.c.outcome,
                sa.func.count(),
                *(
                    sa.func.sum(column)
                    for column in (poll.c.new, poll.c.revised, poll.c.rejected, poll.c.bytes)
                ),
            ).group_by(poll.c.outcome)
            if since is not None:
                wanted = wanted.where(poll.c.at >= rows.seconds_up(since))
            found = connection.execute(wanted).all()
            counts = {row[0]: row[1] for row in found}
            new, revised, rejected, received = (
                sum(int(row[place]) for row in found) for place in range(2, 6)
            )
            code = rows.OUTCOME_CODES
            return PollTotals(
                polls=sum(counts.values()),
                ok=counts.get(code["ok"], 0),
                not_modified=counts.get(code["not_modified"], 0) + counts.get(code["unchanged"], 0),
                errors=counts.get(code["error"], 0),
                new=new,
                revised=revised,
                rejected=rejected,
                bytes=received,
            )

    def polls(
        self,
        since: datetime | None = None,
        feed_ids: Collection[str] | None = None,
        limit: int | None = None,
    ) -> list[Poll]:
        """The journal, newest first."""
        with self._read() as connection:
            wanted = (
                sa.select(poll, feed.c.key.label("feed_key"), feed.c.url.label("feed_url"), source.c.key)
                .join(feed, feed.c.id == poll.c.feed_id)
                .join(source, source.c.id == feed.c.source_id)
                .order_by(poll.c.id.desc())
                .limit(limit)
            )
            if since is not None:
                wanted = wanted.where(poll.c.at >= rows.seconds_up(since))
            if feed_ids is not None:
                wanted = wanted.where(feed.c.key.in_(list(feed_ids)))
            found = connection.execute(wanted).all()
            rejections = _rejections(connection, [row for row in found if row.rejected])
            return [
                rows.poll_of(
                    row,
                    feed_key=row.feed_key,
                    source_key=row.key,
                    feed_url=row.feed_url,
                    rejections=rejections.get(row.id, ()),
                )
                for row in found
            ]

    # --- items -----------------------------------------------------------------------------------------------------

    def items(self, f: ItemFilter) -> list[Item]:
        """The articles that a filter lets through, in its order.

        Raises:
            UnknownName: no story, or more than one, is known by the id given.
        """
        with self._read() as connection:
            return _items(connection, self._select(connection, f))

    def count(self, f: ItemFilter) -> int:
        """How many articles a filter lets through, whatever its limit."""
        with self._read() as connection:
            conditions, found_in, _ = self._conditions(connection, f)
            counted = sa.select(sa.func.count()).select_from(found_in).where(*conditions)
            return connection.execute(counted).scalar_one()

    def item(self, item_id: int) -> Item | None:
        """By id, whatever its state; None: there is none."""
        return self.items_by_id((item_id,)).get(item_id)

    def item_by_url(self, url: str, hashes: Sequence[int] = ()) -> Item | None:
        """By any URL it is known by.

        Args:
            hashes: of the keys that the URL has; without them only the very URL is looked for, slowly.
        """
        with self._read() as connection:
            given = [rows.hash64(hash) for hash in hashes]
            known = sa.select(key.c.article_id).where(among(connection, key.c.hash, given))
            found = _items(connection, _ITEM.where(article.c.id.in_(known)).limit(1)) if given else []
            if not found:
                exact = sa.or_(article.c.url == rows.text(url), article.c.canonical_url == rows.text(url))
                found = _items(connection, _ITEM.where(exact).order_by(article.c.id.desc()).limit(1))
            return found[0] if found else None

    def items_by_id(self, ids: Iterable[int]) -> dict[int, Item]:
        """Those that exist, copies and all."""
        wanted = {item_id for item_id in ids if -(1 << 63) <= item_id < 1 << 63}
        if not wanted:
            return {}
        with self._read() as connection:
            found = _items(connection, _ITEM.where(among(connection, article.c.id, wanted)))
            return {item.id: item for item in found}

    def topic_items(self, topic: Topic, *, since: datetime | None, limit: int | None) -> list[Item]:
        """What may belong to a topic, newest first: its terms in title or teaser, or a feed that is tagged with it.

        Wider than the topic: relate.match has the last word.
        """
        with self._read() as connection:
            first_id = 0 if since is None else first_id_since(connection, since)
            tagged = [
                feed_id
                for feed_id, topics in connection.execute(sa.select(feed.c.id, feed.c.topics))
                if topic.id in rows.names(topics)
            ]
            ways: list[sa.Select[Any]] = []
            if tagged:
                ways.append(
                    sa.select(sighting.c.article_id).where(
                        sighting.c.article_id >= first_id, among(connection, sighting.c.feed_id, tagged)
                    )
                )
            query = topic_query(topic.any, topic.all)
            own_id = self._search.table.c[0]
            if query:
                ways.append(sa.select(own_id).where(self._search.matching(query), own_id >= first_id))
            elif topic.outlets:
                ways.append(
                    sa.select(article.c.id)
                    .join(source)
                    .where(article.c.id >= first_id, source.c.key.in_(topic.outlets))
                )
            if not ways:
                return []
            # One list of ids: with OR between them every article would be looked at.
            wanted = _ITEM.where(article.c.id.in_(sa.union(*ways)), _LISTED)
            if topic.outlets:
                wanted = wanted.where(source.c.key.in_(topic.outlets))
            if topic.languages:
                wanted = wanted.where(article.c.language.in_(("", *topic.languages)))
            found = _items(connection, wanted.order_by(article.c.id.desc()).limit(limit))
            if not tagged:
                return found
            in_tagged = set(
                connection.scalars(
                    sa.select(sighting.c.article_id).where(
                        among(connection, sighting.c.feed_id, tagged),
                        among(connection, sighting.c.article_id, [item.id for item in found]),
                    )
                )
            )
            return [replace(item, tagged=(topic.id,)) if item.id in in_tagged else item for item in found]

    def _select(self, connection: sa.Connection, f: ItemFilter) -> sa.Select[Any]:
        """The statement of one page."""
        conditions, found_in, query = self._conditions(connection, f)
        wanted = _ITEM.select_from(found_in).where(*conditions)
        newest_id = self._search.table.c[0] if query is not None else article.c.id
        if f.sort == "relevance" and query is not None:
            rank = self._search.rank(query)
            if f.after is not None:
                wanted = wanted.where(article.c.id.not_in(self._shown_before(f, found_in, conditions, rank)))
            wanted = wanted.order_by(rank, newest_id.desc())
        elif f.sort == "published":
            wanted = wanted.order_by(article.c.published_at.desc(), article.c.id.desc())
            if f.after is not None:
                last = sa.select(article.c.published_at).where(article.c.id == f.after).scalar_subquery()
                wanted = wanted.where(
                    sa.or_(
                        article.c.published_at < last,
                        sa.and_(article.c.published_at == last, article.c.id < f.after),
                    )
                )
        elif f.sort == "oldest":
            wanted = wanted.order_by(newest_id)
            if f.after is not None:
                wanted = wanted.where(newest_id > f.after)
        else:
            wanted = wanted.order_by(newest_id.desc())
            if f.after is not None:
                wanted = wanted.where(newest_id < f.after)
        return wanted.limit(f.limit)

    def _shown_before(
        self,
        f: ItemFilter,
        found_in: sa.FromClause,
        conditions: Sequence[sa.ColumnElement[bool]],
        rank: sa.ColumnElement[float],
    ) -> sa.Select[Any]:
        """Ids up to and with `after` in the order of relevance."""
        place = sa.func.row_number().over(order_by=(rank, self._search.table.c[0].desc()))
        ranked = (
            sa.select(article.c.id, place.label("place")).select_from(found_in).where(*conditions).subquery()
        )
        last = sa.select(ranked.c.place).where(ranked.c.id == f.after).scalar_subquery()
        return sa.select(ranked.c.id).where(ranked.c.place <= last)

    def _conditions(
        self, connection: sa.Connection, f: ItemFilter
    ) -> tuple[list[sa.ColumnElement[bool]], sa.FromClause, Query | None]:
        """Conditions of a filter, the tables they speak of, and the query when full text leads."""
        found_in: sa.FromClause = _JOINED
        conditions: list[sa.ColumnElement[bool]] = []
        leading: Query | None = None
        own_id: sa.ColumnElement[int] = article.c.id
        if f.search.strip():
            query = parse_query(f.search)
            if query.clauses:
                leading = query
                own_id = self._search.table.c[0]
                found_in = self._search.table.join(_JOINED, article.c.id == self._search.article_id)
                conditions.append(self._search.matching(query))
            elif query.none:
                conditions.append(self._search.not_matching(query.none, article.c.id))
            else:
                conditions.append(sa.false())
        if f.since is not None:
            conditions.append(own_id >= first_id_since(connection, f.since))
        if f.until is not None:
            conditions.append(own_id < first_id_since(connection, f.until))
        if f.ids is not None:
            conditions.append(among(connection, article.c.id, f.ids))
        if f.story is not None:
            number = _story_number(connection, f.story)
            members = sa.select(story_member.c.article_id).where(story_member.c.story == number)
            conditions.append(article.c.id.in_(members))
        conditions.extend(_plain_conditions(f))
        return conditions, found_in, leading

    def article_details(self, article_id: int) -> ArticleDetails | None:
        """Everything known of an article; None: there is none."""
        with self._read() as connection:
            found = _items(connection, _ITEM.where(article.c.id == article_id))
            if not found:
                return None
            seen = connection.execute(
                sa.select(sighting, feed.c.key)
                .join(feed, feed.c.id == sighting.c.feed_id)
                .where(sighting.c.article_id == article_id)
                .order_by(sighting.c.first_seen_at, feed.c.position)
            )
            # Without an index on the article: one reading of all keys, for the one command that asks.
            keys = connection.execute(sa.select(key.c.hash, key.c.kind).where(key.c.article_id == article_id))
            packed = connection.scalar(
                sa.select(neighbours.c.packed).where(neighbours.c.article_id == article_id)
            )
            linked = connection.scalar(
                sa.select(feature.c.article_id).where(feature.c.article_id == article_id)
            )
            fingerprint = connection.execute(
                sa.select(article.c.fingerprint).where(article.c.id == article_id)
            ).scalar_one()
            return ArticleDetails(
                item=found[0],
                sightings=tuple(
                    Sighting(
                        article_id=article_id,
                        feed_id=row.key,
                        first_seen_at=rows.instant(row.first_seen_at),
                        gone_at=rows.instant_or_none(row.gone_at),
                    )
                    for row in seen
                ),
                keys=tuple(
                    sorted((Key(hash, rows.kind_of(kind)) for hash, kind in keys), key=lambda k: k.hash)
                ),
                neighbours=tuple(rows.unpack_neighbours(packed)) if packed else (),
                linked=linked is not None,
                fingerprint=fingerprint,
            )

    # --- linking and stories ---------------------------------------------------------------------------------------

    def link_cursor(self) -> int:
        """Id of the last article that was linked; 0: none."""
        with self._read() as connection:
            return int(_meta(connection, "link_cursor") or 0)

    def to_link(self, after_id: int, limit: int) -> list[Article]:
        """The articles after this one, in the order of arrival, with their text."""
        with self._read() as connection:
            found = connection.execute(
                sa.select(article, source.c.key, article_text.c.text)
                .join(source)
                .outerjoin(article_text, article_text.c.article_id == article.c.id)
                .where(article.c.id > after_id)
                .order_by(article.c.id)
                .limit(limit)
            )
            return [rows.article_of(row, source_key=row.key, body=row.text) for row in found]

    def candidates(self) -> DatabaseCandidates:
        """The candidate index, for reading."""
        return DatabaseCandidates(self._read, self._terms, may_add=False)

    def first_id_since(self, at: datetime) -> int:
        """The id that the first article seen at or after this instant has, or would have."""
        with self._read() as connection:
            return first_id_since(connection, at)

    def story_graph(
        self, since_id: int, *, near: Collection[int] | None = None
    ) -> tuple[list[tuple[int, int, float]], dict[int, int]]:
        """Edges (later, earlier, score) between articles from this id on, and article id -> story number.

        Args:
            near: only the stories that these articles are in or have an edge to, whole. What a hundred new articles
                may change is read in milliseconds so, where a window of 100,000 articles takes more than half a second.
        """
        with self._read() as connection:
            if near is None:
                return _edges(connection, neighbours.c.article_id >= since_id, since_id), _membership(
                    connection, story_member.c.article_id >= since_id
                )
            edges = _edges(connection, among(connection, neighbours.c.article_id, near), since_id)
            touched = {*near, *(earlier for _, earlier, _ in edges)}
            numbers = set(links.stories_of(connection, touched).values())
            membership = _membership(
                connection,
                sa.and_(
                    among(connection, story_member.c.story, numbers), story_member.c.article_id >= since_id
                ),
            )
            inside = _edges(connection, among(connection, neighbours.c.article_id, membership), since_id)
            return [edge for edge in inside if edge[1] in membership], membership

    def stories(
        self, since: datetime | None = None, limit: int | None = None, *, min_articles: int = 2
    ) -> list[Story]:
        """Stories that had a new article since then, the one with the newest first."""
        with self._read() as connection:
            newest = sa.func.max(story_member.c.article_id)
            active = sa.select(story_member.c.story).distinct()
            if since is not None:
                active = active.where(story_member.c.article_id >= first_id_since(connection, since))
            numbers = connection.scalars(
                sa.select(story_member.c.story)
                .where(story_member.c.story.in_(active))
                .group_by(story_member.c.story)
                .having(sa.func.count() >= min_articles)
                .order_by(newest.desc())
                .limit(limit)
            ).all()
            return _stories(connection, numbers)

    def story(self, id_prefix: str) -> Story:
        """By its id or any beginning of it that only one story has; a story that merged is found under its old id.

        Raises:
            UnknownName: none, or more than one, is known by it.
        """
        with self._read() as connection:
            found = _stories(connection, [_story_number(connection, id_prefix)])
            if not found:
                raise UnknownName("story", id_prefix, hint="`aggregator stories` lists them.")
            return found[0]

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
            cursor = int(_meta(connection, "link_cursor") or 0)
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

    @abstractmethod
    def _bytes(self, connection: sa.Connection) -> int:
        """What the store takes up on disk."""


# --- shared with the writer ----------------------------------------------------------------------------------------------


def first_id_since(connection: sa.Connection, at: datetime) -> int:
    """By the hour's first id, then along at most one hour of articles."""
    bound = rows.seconds_up(at)
    start = connection.execute(_FIRST_OF_HOUR, {"hour": bound // _HOUR}).scalar()
    if start is not None:
        found = connection.execute(_FIRST_SINCE, {"start": start, "bound": bound}).scalar()
        if found is not None:
            return int(found)
    return int(_meta(connection, "newest_id") or 0) + 1


def _meta(connection: sa.Connection, name: str) -> str | None:
    value: str | None = connection.execute(_META, {"name": name}).scalar()
    return value


# Made once: putting a statement together takes longer than running it.
_META = sa.select(meta.c.value).where(meta.c.name == sa.bindparam("name"))
_FIRST_OF_HOUR = (
    sa.select(hour.c.first_id).where(hour.c.hour >= sa.bindparam("hour")).order_by(hour.c.hour).limit(1)
)
_FIRST_SINCE = (
    sa.select(article.c.id)
    .where(article.c.id >= sa.bindparam("start"), article.c.first_seen_at >= sa.bindparam("bound"))
    .order_by(article.c.id)
    .limit(1)
)


# --- items ---------------------------------------------------------------------------------------------------------------

_JOINED = (
    article.join(source, source.c.id == article.c.source_id)
    .outerjoin(copy_member, copy_member.c.article_id == article.c.id)
    .outerjoin(copy_group, copy_group.c.id == copy_member.c.group_id)
    .outerjoin(story_member, story_member.c.article_id == article.c.id)
)

_ITEM = sa.select(
    article,
    source.c.key.label("source_key"),
    source.c.name.label("source_name"),
    source.c.owner.label("source_owner"),
    copy_member.c.group_id,
    copy_group.c.representative_id,
    story_member.c.story,
).select_from(_JOINED)

_IS_COPY = sa.and_(copy_group.c.id.is_not(None), copy_group.c.representative_id != article.c.id)
_LISTED = sa.or_(copy_group.c.id.is_(None), copy_group.c.representative_id == article.c.id)


def _plain_conditions(f: ItemFilter) -> Iterable[sa.ColumnElement[bool]]:
    if f.published_since is not None:
        yield article.c.published_at >= rows.seconds_up(f.published_since)
    if f.published_until is not None:
        yield article.c.published_at < rows.seconds_up(f.published_until)
    if f.sources:
        # By number: the index on (source, id) then gives the newest of one outlet without sorting.
        yield article.c.source_id.in_(sa.select(source.c.id).where(source.c.key.in_(f.sources)))
    if f.agencies:
        yield article.c.agency.in_(f.agencies)
    if f.languages:
        yield article.c.language.in_(f.languages)
    if f.date_origins:
        yield article.c.published_origin.in_([rows.ORIGIN_CODES[origin] for origin in f.date_origins])
    for lack in f.missing:
        yield _MISSING[lack]
    if f.state == "listed":
        yield _LISTED
    elif f.state == "copy":
        yield _IS_COPY


_MISSING = {
    "date": article.c.published_origin == rows.ORIGIN_CODES["first_seen"],
    "teaser": article.c.teaser == "",
    "image": article.c.image.is_(None),
}


def _items(connection: sa.Connection, wanted: sa.Select[Any]) -> list[Item]:
    found = connection.execute(wanted).all()
    if not found:
        return []
    shown = {row.group_id: row.id for row in found if row.representative_id == row.id}
    copies = _copies(connection, shown)
    revisions = _revisions(connection, [row.id for row in found])
    return [
        Item(
            article=rows.article_of(row, source_key=row.source_key),
            outlet=row.outlet or row.source_name,
            story_id=None if row.story is None else rows.story_key(row.story),
            copies=copies.get(row.id, ()),
            revisions=revisions.get(row.id, ()),
            copy_of=None if row.representative_id in (None, row.id) else row.representative_id,
            owner=row.source_owner or row.source_key,
        )
        for row in found
    ]


def _copies(connection: sa.Connection, shown: Mapping[int, int]) -> dict[int, tuple[Copy, ...]]:
    """For each representative (group -> article) the other members, newest first."""
    if not shown:
        return {}
    members = connection.execute(
        sa.select(
            copy_member.c.group_id,
            article,
            source.c.key.label("source_key"),
            source.c.name.label("source_name"),
        )
        .join(article, article.c.id == copy_member.c.article_id)
        .join(source, source.c.id == article.c.source_id)
        .where(among(connection, copy_member.c.group_id, shown))
        .order_by(article.c.published_at.desc(), article.c.id.desc())
    ).all()
    ids = [row.id for row in members]
    direct: dict[tuple[int, int], float] = {}
    best: dict[int, float] = {}
    for a, b, similarity in connection.execute(
        sa.select(copy_edge.c.a, copy_edge.c.b, copy_edge.c.similarity).where(
            sa.or_(among(connection, copy_edge.c.a, ids), among(connection, copy_edge.c.b, ids))
        )
    ):
        direct[a, b] = direct[b, a] = similarity
        best[a], best[b] = max(best.get(a, 0.0), similarity), max(best.get(b, 0.0), similarity)
    copies: defaultdict[int, list[Copy]] = defaultdict(list)
    for row in members:
        representative = shown[row.group_id]
        if row.id == representative:
            continue
        # To the one that is shown; members that joined through another copy have no edge to it.
        similarity = direct.get((representative, row.id), best.get(row.id, 0.0))
        copies[representative].append(
            Copy(
                id=row.id,
                url=row.url,
                title=row.title,
                outlet=row.outlet or row.source_name,
                source_id=row.source_key,
                agency=row.agency,
                published_at=rows.instant(row.published_at),
                similarity=similarity,
            )
        )
    return {article_id: tuple(found) for article_id, found in copies.items()}


def _revisions(connection: sa.Connection, ids: Collection[int]) -> dict[int, tuple[Revision, ...]]:
    """How these articles read before, the earliest first."""
    found = connection.execute(
        sa.select(revision).where(among(connection, revision.c.article_id, ids)).order_by(revision.c.id)
    )
    revisions: defaultdict[int, list[Revision]] = defaultdict(list)
    for row in found:
        revisions[row.article_id].append(
            Revision(
                article_id=row.article_id,
                seen_at=rows.instant(row.seen_at),
                title=row.title,
                teaser=row.teaser,
                published_at=rows.instant_or_none(row.published_at),
            )
        )
    return {article_id: tuple(found) for article_id, found in revisions.items()}


# --- the story graph ---------------------------------------------------------------------------------------------------


def _edges(
    connection: sa.Connection, of: sa.ColumnElement[bool], since_id: int
) -> list[tuple[int, int, float]]:
    packed = connection.execute(
        sa.select(neighbours.c.article_id, neighbours.c.packed).where(of).order_by(neighbours.c.article_id)
    )
    return [
        (later, earlier, score)
        for later, edges in packed
        for earlier, score in rows.unpack_neighbours(edges)
        if earlier >= since_id
    ]


def _membership(connection: sa.Connection, of: sa.ColumnElement[bool]) -> dict[int, int]:
    members = connection.execute(sa.select(story_member.c.article_id, story_member.c.story).where(of))
    return {row[0]: row[1] for row in members}


# --- polls and stories ---------------------------------------------------------------------------------------------------


def _rejections(connection: sa.Connection, polls: Sequence[rows.Row]) -> dict[int, list[tuple[str, str]]]:
    """Poll number -> (what, why), for polls that rejected something."""
    if not polls:
        return {}
    by_feed: defaultdict[int, list[int]] = defaultdict(list)
    for row in polls:
        by_feed[row.feed_id].append(row.id)
    found = connection.execute(
        sa.select(rejection)
        .where(
            among(connection, rejection.c.feed_id, by_feed),
            rejection.c.last_poll >= min(row.id for row in polls),
            rejection.c.first_poll <= max(row.id for row in polls),
        )
        .order_by(rejection.c.id)
    )
    rejections: defaultdict[int, list[tuple[str, str]]] = defaultdict(list)
    for row in found:
        for number in by_feed[row.feed_id]:
            if row.first_poll <= number <= row.last_poll:
                rejections[number].append((row.what, row.reason))
    return rejections


def _story_number(connection: sa.Connection, id_prefix: str) -> int:
    """The story that an id, or the beginning of one, stands for by now."""
    prefix = id_prefix.strip().lower()
    if not prefix.isascii() or not prefix.isalnum():
        raise UnknownName("story", id_prefix, hint="`aggregator stories` lists them.")
    found = connection.execute(
        sa.select(story.c.number, story.c.key)
        .where(story.c.key >= prefix, story.c.key < prefix + "~")
        .order_by(story.c.key)
        .limit(50)
    ).all()
    exact = [number for number, name in found if name == prefix]
    numbers = exact or [number for number, _ in found]
    living = set(links.alive(connection, numbers).values())
    if len(living) == 1:
        return living.pop()
    raise UnknownName(
        "story",
        id_prefix,
        nearest=[name for _, name in found[:3]],
        hint="More than one begins so." if living else "`aggregator stories` lists them.",
    )


def _stories(connection: sa.Connection, numbers: Sequence[int]) -> list[Story]:
    if not numbers:
        return []
    found = connection.execute(
        sa.select(
            story_member.c.story,
            article.c.id,
            article.c.title,
            article.c.outlet,
            article.c.agency,
            article.c.published_at,
            source.c.name,
            _LISTED.label("listed"),
        )
        .select_from(_JOINED)
        .where(among(connection, story_member.c.story, numbers))
        .order_by(article.c.id.desc())
    )
    reports: defaultdict[int, list[rows.Row]] = defaultdict(list)
    for row in found:
        reports[row.story].append(row)
    return [_story(number, reports[number]) for number in numbers if reports[number]]


def _story(number: int, reports: Sequence[rows.Row]) -> Story:
    """From its articles, newest first."""
    own = [row for row in reports if row.listed]
    outlets = Counter(row.outlet or row.name for row in reversed(reports))  # first come, first named
    agencies = {row.agency for row in own if row.agency}
    return Story(
        id=rows.story_key(number),
        headline=(own or reports)[0].title,
        outlets=tuple(outlets),
        independent=sum(not row.agency for row in own) + len(agencies),
        article_ids=tuple(row.id for row in reports),
        first_at=rows.instant(min(row.published_at for row in reports)),
        last_at=rows.instant(max(row.published_at for row in reports)),
    )
