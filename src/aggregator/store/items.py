"""Rows to items: the articles that a filter lets through, as lists show them.

What belongs to the items of a page (copies, revisions, story) comes with one statement each for the whole page, never
one an item.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from aggregator.model import (
    Copy,
    Item,
    ItemFilter,
    Key,
    Revision,
    Sighting,
    Topic,
    Visit,
)
from aggregator.store import links, rows, visits
from aggregator.store.schema import (
    article,
    article_text,
    copy_edge,
    copy_group,
    copy_member,
    feature,
    feed,
    hidden,
    key,
    neighbours,
    revision,
    sighting,
    source,
    story_member,
)
from aggregator.store.search import Query, parse_query, topic_query
from aggregator.store.snapshot import Snapshots, first_id_since
from aggregator.store.snippets import snippet
from aggregator.store.sql import among

TIERS = (0.8, 0.6, 0.4, 0.2)
"""By relevance, what is at least so close to the best match counts as good as the others of its tier, and the newest
stands first: bm25 alone puts a short headline of last month above a longer one of today."""

RANKED = 1_000
"""Matches that are ranked, the newest: a word that stands in a tenth of a million articles is asked about the news."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleDetails:
    """Everything the store knows of one article."""

    item: Item  # with its text
    sightings: tuple[Sighting, ...]
    keys: tuple[Key, ...]
    neighbours: tuple[tuple[int, float], ...]  # (earlier article, score) when it was linked, best first
    linked: bool  # the link pass has seen it
    fingerprint: int
    visit: Visit | None = None  # to its own page


class ItemReader(Snapshots):
    """What can be asked about articles."""

    def items(self, f: ItemFilter) -> list[Item]:
        """The articles that a filter lets through, in its order.

        Raises:
            UnknownName: no story, or more than one, is known by the id given.
        """
        with self._read() as connection:
            found = _items(connection, self._select(connection, f))
        return _with_snippets(found, f.search)

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
            wanted = _ITEM.where(article.c.id.in_(sa.union(*ways)), LISTED)
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
            return self._by_relevance(f, found_in, conditions, query)
        if f.sort == "published":
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

    def _by_relevance(
        self,
        f: ItemFilter,
        found_in: sa.FromClause,
        conditions: Sequence[sa.ColumnElement[bool]],
        query: Query,
    ) -> sa.Select[Any]:
        """The best tier first, in each the newest; behind the matches that are ranked all older ones, as one more tier.

        Only the rows of the page are read in full.
        """
        own_id = self._search.table.c[0].label("id")
        ranked = (
            sa.select(own_id, self._search.rank(query).label("rank"))
            .select_from(found_in)
            .where(*conditions)
            .order_by(own_id.desc())
            .limit(RANKED)
            .cte("ranked")
        )
        closeness = ranked.c.rank / sa.func.nullif(sa.func.min(ranked.c.rank).over(), 0)
        tier = sa.case(*((closeness > bound, place) for place, bound in enumerate(TIERS)), else_=len(TIERS))
        tiers: sa.SelectBase = sa.select(ranked.c.id, tier.label("tier"))
        if f.after is not None or f.limit is None or f.limit > RANKED:
            oldest = sa.select(sa.func.min(ranked.c.id)).scalar_subquery()
            older = sa.select(own_id, sa.literal(len(TIERS) + 1)).select_from(found_in)
            tiers = sa.union_all(tiers, older.where(*conditions, own_id.element < oldest))
        placed = tiers.cte("placed")
        page = sa.select(placed.c.id, placed.c.tier)
        if f.after is not None:
            last = sa.select(placed.c.tier).where(placed.c.id == f.after).scalar_subquery()
            same_tier = sa.and_(placed.c.tier == last, placed.c.id < f.after)
            page = page.where(sa.or_(placed.c.tier > last, same_tier))
        page = page.order_by(placed.c.tier, placed.c.id.desc()).limit(f.limit)
        shown = page.subquery("shown")
        return _ITEM.join(shown, shown.c.id == article.c.id).order_by(shown.c.tier, shown.c.id.desc())

    def _conditions(
        self, connection: sa.Connection, f: ItemFilter
    ) -> tuple[list[sa.ColumnElement[bool]], sa.FromClause, Query | None]:
        """Conditions of a filter, the tables they speak of, and the query when full text leads."""
        found_in: sa.FromClause = JOINED
        conditions: list[sa.ColumnElement[bool]] = []
        leading: Query | None = None
        own_id: sa.ColumnElement[int] = article.c.id
        if f.search.strip():
            query = parse_query(f.search)
            if query.clauses:
                leading = query
                own_id = self._search.table.c[0]
                found_in = self._search.table.join(JOINED, article.c.id == self._search.article_id)
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
            number = links.story_number(connection, f.story)
            members = sa.select(story_member.c.article_id).where(story_member.c.story == number)
            conditions.append(article.c.id.in_(members))
        conditions.extend(_plain_conditions(f))
        return conditions, found_in, leading

    def visit_outcomes(self, since: datetime) -> dict[str, Counter[str]]:
        """Source id -> how often its articles' pages came to what ("ok", an error's kind), of those first seen since."""
        with self._read() as connection:
            return visits.outcomes(connection, since)

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
            keys = connection.execute(sa.select(key.c.hash, key.c.kind).where(key.c.article_id == article_id))
            packed = connection.scalar(
                sa.select(neighbours.c.packed).where(neighbours.c.article_id == article_id)
            )
            linked = connection.scalar(
                sa.select(feature.c.article_id).where(feature.c.article_id == article_id)
            )
            fingerprint, text = connection.execute(
                sa.select(article.c.fingerprint, article_text.c.text)
                .outerjoin(article_text, article_text.c.article_id == article.c.id)
                .where(article.c.id == article_id)
            ).one()
            return ArticleDetails(
                item=replace(found[0], article=replace(found[0].article, text=text)),
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
                visit=visits.of_article(connection, article_id),
            )


# --- statements and rows ---------------------------------------------------------------------------------------------------

JOINED = (
    article.join(source, source.c.id == article.c.source_id)
    .outerjoin(copy_member, copy_member.c.article_id == article.c.id)
    .outerjoin(copy_group, copy_group.c.id == copy_member.c.group_id)
    .outerjoin(story_member, story_member.c.article_id == article.c.id)
    .outerjoin(hidden, hidden.c.article_id == article.c.id)
)

_ITEM = sa.select(
    article,
    source.c.key.label("source_key"),
    source.c.name.label("source_name"),
    source.c.owner.label("source_owner"),
    source.c.paywall.label("source_paywall"),
    hidden.c.article_id.label("hidden_id"),
    copy_member.c.group_id,
    copy_group.c.representative_id,
    story_member.c.story,
).select_from(JOINED)

_IS_COPY = sa.and_(copy_group.c.id.is_not(None), copy_group.c.representative_id != article.c.id)
LISTED = sa.and_(
    hidden.c.article_id.is_(None),
    sa.or_(copy_group.c.id.is_(None), copy_group.c.representative_id == article.c.id),
)


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
        yield LISTED
    elif f.state == "copy":
        yield _IS_COPY
    elif f.state == "hidden":
        yield hidden.c.article_id.is_not(None)


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
            paywall=bool(row.source_paywall if row.paywalled is None else row.paywalled),
            hidden=row.hidden_id is not None,
        )
        for row in found
    ]


def _with_snippets(found: Sequence[Item], search: str) -> list[Item]:
    query = parse_query(search)
    if not query.clauses:
        return list(found)
    return [
        replace(item, snippet=snippet(query, item.article.title, item.article.teaser, item.outlet))
        for item in found
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
                times=row.times,
                last_at=rows.instant_or_none(row.last_at),
            )
        )
    return {article_id: tuple(found) for article_id, found in revisions.items()}
