"""Rows to what belongs together: what waits to be linked, the neighbour graph, stories."""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa

from aggregator.errors import UnknownName
from aggregator.model import (
    Article,
    Story,
)
from aggregator.store import links, rows
from aggregator.store.candidates import DatabaseCandidates
from aggregator.store.items import JOINED, LISTED
from aggregator.store.schema import (
    article,
    article_text,
    feature,
    hidden,
    neighbours,
    relink,
    source,
    story_member,
)
from aggregator.store.snapshot import Snapshots, first_id_since, meta_value
from aggregator.store.sql import among


class StoryReader(Snapshots):
    """What can be asked about links and stories."""

    def link_cursor(self) -> int:
        """Id of the last article that was linked; 0: none."""
        with self._read() as connection:
            return int(meta_value(connection, "link_cursor") or 0)

    def to_refine(self) -> list[int]:
        """Ids of the articles that were linked last, where their stories were not refined with them yet."""
        with self._read() as connection:
            return [int(number) for number in (meta_value(connection, "to_refine") or "").split()]

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

    def to_relink(self, limit: int) -> list[Article]:
        """Articles that were revised, or parted by a verdict since taken back, after they were linked."""
        with self._read() as connection:
            cursor = int(meta_value(connection, "link_cursor") or 0)
            found = connection.execute(
                sa.select(article, source.c.key, article_text.c.text)
                .join(relink, relink.c.article_id == article.c.id)
                .join(source)
                .outerjoin(article_text, article_text.c.article_id == article.c.id)
                .where(article.c.id <= cursor)
                .order_by(article.c.id)
                .limit(limit)
            )
            return [rows.article_of(row, source_key=row.key, body=row.text) for row in found]

    def to_index(self, limit: int) -> dict[int, bytes]:
        """Features that no candidate index holds since it is built otherwise, the newest first; nothing as a rule."""
        with self._read() as connection:
            up_to = meta_value(connection, "to_index")
            if not up_to:
                return {}
            newest = sa.select(feature.c.article_id, feature.c.blob).where(feature.c.article_id <= int(up_to))
            found = connection.execute(newest.order_by(feature.c.article_id.desc()).limit(limit))
            return {row.article_id: bytes(row.blob) for row in found}

    def candidates(self) -> DatabaseCandidates:
        """The candidate index, for reading."""
        return DatabaseCandidates(self._read, self._memory, may_add=False)

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

    def around(self, ids: Collection[int]) -> links.Around:
        """The stories that these articles are in, whole, and what holds them together."""
        with self._read() as connection:
            return links.around(connection, ids)

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
            found = _stories(connection, [links.story_number(connection, id_prefix)])
            if not found:
                raise UnknownName("story", id_prefix, hint="`aggregator stories` lists them.")
            return found[0]


# --- the neighbour graph -------------------------------------------------------------------------------------------------


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


# --- stories ---------------------------------------------------------------------------------------------------------------


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
            LISTED.label("listed"),
        )
        .select_from(JOINED)
        .where(among(connection, story_member.c.story, numbers), hidden.c.article_id.is_(None))
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
