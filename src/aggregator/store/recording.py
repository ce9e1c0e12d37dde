"""Verdicts to rows: what one poll of one feed leaves behind.

What is not written yet, `known` knows nevertheless.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from aggregator.model import (
    Article,
    Document,
    FeedState,
    Key,
    Known,
    Poll,
    Verdict,
    Visit,
)
from aggregator.store import documents, gaps, rows, verdicts, visits
from aggregator.store.schema import (
    article,
    article_text,
    key,
    rejection,
    relink,
    revision,
    sighting,
    source,
    tombstone,
)
from aggregator.store.sql import among, insert
from aggregator.store.transaction import FeedRow, Transaction

MAX_REJECTIONS = 5_000
"""Of one poll, kept with their reasons: as many as a document may have entries. Repeated, they are one row for all polls."""

MAX_REVISIONS = 50
"""Earlier wordings of one article: the first and the latest. A live report has a new headline at every poll, some hundred
a day; nobody reads so far back, and what it said at first is what was quoted."""

MAX_PENDING = 5_000
"""Rows kept back before they are written without waiting for the end of the transaction."""

_WEEK = 7 * 24 * 3600

_KNOWN = """
    SELECT key.hash, key.article_id, source.key, article.url, article.canonical_url, article.title, article.teaser,
        article.published_at, article.fingerprint, feed.key, article.from_page
    FROM key LEFT JOIN article ON article.id = key.article_id LEFT JOIN source ON source.id = article.source_id
        LEFT JOIN sighting ON sighting.article_id = article.id AND sighting.feed_id = article.feed_id
            AND sighting.gone_at IS NULL
        LEFT JOIN feed ON feed.id = sighting.feed_id
    WHERE key.hash {given}"""
_KNOWN_SQLITE = _KNOWN.format(given="IN (SELECT value FROM json_each(?))")
_KNOWN_POSTGRESQL = _KNOWN.format(given="= ANY(%(hashes)s::BIGINT[])")

# Of a revised article, kept when the new version does not say: a feed's entry knows less than the article's own page.
_KEPT_WHEN_EMPTY = ("language", "authors", "agency", "outlet", "categories", "image")
_TIME = ("published_at", "published_origin", "published_precision", "published_note")


class Recording(Transaction):
    """The part of a Writer that takes polls."""

    def known(self, hashes: Collection[int]) -> dict[int, Known]:
        """What is known by these keys, tombstones included: against the store and what this transaction has recorded."""
        asked = {rows.hash64(hash) for hash in hashes if hash not in self._known}
        if asked:
            for row in self._known_rows(list(asked)):
                article_id = row[1]
                if article_id not in self._articles:
                    known = self._articles[article_id] = rows.known_of(row)
                    self._fingerprints[article_id] = known.fingerprint
                self._known[row[0]] = article_id
        found = self._known
        return {
            hash: self._articles[found[stored]] for hash in hashes if (stored := rows.hash64(hash)) in found
        }

    def _known_rows(self, hashes: list[int]) -> Sequence[Sequence[Any]]:
        if self._connection.dialect.name == "sqlite":
            return self._connection.exec_driver_sql(_KNOWN_SQLITE, (str(hashes),)).all()
        return self._connection.exec_driver_sql(_KNOWN_POSTGRESQL, {"hashes": hashes}).all()

    def newest(self) -> datetime | None:
        """first_seen_at of the newest article there ever was; None: there was none."""
        newest = self._numbers()
        return rows.instant(newest.at) if newest.article else None

    def record(
        self,
        state: FeedState,
        poll: Poll,
        verdicts: Sequence[Verdict],
        *,
        now: datetime,
        complete: bool = True,
        habits: str | None = None,
    ) -> tuple[int | None, ...]:
        """One poll of one feed: articles, keys, sightings, revisions, journal and the feed's new state. Ends its claim.

        Args:
            now: first_seen_at of what is new, unless the store has seen a later instant already.
            complete: False when the document was not read to its end; what it did not show is then not gone.
            habits: what the feed's documents usually hold; None: as it was.

        Returns:
            For each verdict the id of its article, None where it was rejected.

        Raises:
            UnknownName: the feed is not in the mirrored configuration.
        """
        self._settle(state.feed_id)  # its sightings and its rejections are compared with what is in the store
        if self._pending.rows() > MAX_PENDING:
            self.flush()
        feed_row = self._feed(state.feed_id)
        self._recorded.add(state.feed_id)
        at = self._arrival(now)
        ids = self._record_verdicts(feed_row, verdicts, at)
        if poll.outcome == "ok":
            seen = {article_id for article_id in ids if article_id is not None}
            seen.update(verdict.of for verdict in verdicts if verdict.of is not None)
            self._record_sightings(feed_row.id, seen, at, complete=complete)
        number = self._record_poll(feed_row, poll)
        self._record_state(
            feed_row.id, state, read_poll=number if poll.outcome == "ok" else None, habits=habits
        )
        published = [
            rows.seconds(verdict.article.published_at)
            for verdict in verdicts
            if verdict.outcome == "new"
            and verdict.article is not None
            and verdict.article.published_origin != "first_seen"
        ]
        if published:
            gaps.fill(
                self._connection, source_id=feed_row.source_id, published=published, at=rows.seconds(now)
            )
        return ids

    def record_visit(
        self, done: Visit, enriched: Article | None = None, *, keys: Collection[Key] = ()
    ) -> None:
        """What came of asking an article's own page. Nothing when the article was purged meanwhile.

        Args:
            enriched: the article with what the page gave; None: it gave nothing. What it was recognised by stays, and how
                it read before is no revision: the outlet changed nothing.
            keys: other addresses of it, to be added where they are no other article's.
        """
        self.flush()
        found = visits.article_of(self._connection, done.article_id)
        if found is None:
            return
        visits.save(self._connection, [done])
        insert(
            self._connection,
            key,
            [
                {
                    "hash": rows.hash64(one.hash),
                    "kind": rows.KIND_CODES[one.kind],
                    "article_id": done.article_id,
                }
                for one in keys
            ],
            conflict="keep",
        )
        before, old = found
        if enriched is not None and enriched != before:
            self._enrich(before, old, enriched)

    def _enrich(self, before: Article, old: rows.Row, enriched: Article, *, relink_it: bool = True) -> None:
        values = rows.article_values(
            enriched, source_id=old.source_id, feed_id=old.feed_id, fingerprint=old.fingerprint
        )
        outlet = old.outlet or old.source_name
        self._search.remove(self._connection, [(old.id, old.title, old.teaser, outlet)])
        self._search.add(self._connection, [(old.id, values["title"], values["teaser"], outlet)])
        self._connection.execute(article.update().where(article.c.id == old.id), values)
        if enriched.text and enriched.text != before.text:
            insert(
                self._connection,
                article_text,
                [{"article_id": old.id, "text": rows.text(enriched.text)}],
                conflict="replace",
            )
        if relink_it:
            insert(self._connection, relink, [{"article_id": old.id}], conflict="keep")
        self._articles.pop(old.id, None)  # asked anew: what is known of it has changed
        self._known = {hash: of for hash, of in self._known.items() if of != old.id}

    def habits(self, feed_id: str) -> str | None:
        """What was last recorded as the habits of a feed; None: nothing yet."""
        self._settle(feed_id)
        return self._feed(feed_id).habits

    def served(self, feed_id: str) -> list[Known]:
        """What a feed showed in its last document; published_at is None where nobody said it."""
        self._settle(feed_id)
        found = self._connection.execute(_SERVED_ARTICLES, {"feed_id": self._feed(feed_id).id})
        unsaid = rows.ORIGIN_CODES["first_seen"]
        return [
            Known(
                article_id=row.id,
                source_id=row.key,
                canonical_url=row.url if row.canonical_url is None else row.canonical_url,
                title=row.title,
                teaser=row.teaser,
                published_at=None if row.published_origin == unsaid else rows.instant(row.published_at),
                fingerprint=row.fingerprint,
                feed_id=feed_id,
                from_page=rows.from_lines(row.from_page),
            )
            for row in found
        ]

    def has_shown(self, feed_id: str, ids: Collection[int]) -> bool:
        """Whether a feed has ever shown one of these articles; nearly always told by what was looked up of them."""
        if not ids:
            return False
        looked_up = (self._articles.get(article_id) for article_id in ids)
        if any(known is not None and known.feed_id == feed_id for known in looked_up):
            return True
        self._settle(feed_id)
        shown = sa.select(sighting.c.article_id).where(
            among(self._connection, sighting.c.article_id, ids),
            sighting.c.feed_id == self._feed(feed_id).id,
        )
        return self._connection.execute(shown.limit(1)).first() is not None

    def record_gap(self, feed_id: str, since: datetime, until: datetime, *, now: datetime) -> int:
        """Between these instants articles of a feed may have come and gone unseen.

        Returns:
            How many other feeds of its source (sitemaps and listings reach farther back) were made due at once.
        """
        self.flush()
        feed_row = self._feed(feed_id)
        return gaps.record(
            self._connection,
            feed_id=feed_row.id,
            source_id=feed_row.source_id,
            since=rows.seconds(since),
            until=rows.seconds(until),
            at=rows.seconds(now),
        )

    def save_document(self, feed_id: str, document: Document, why: str) -> bool:
        """Keep a document, one a feed. False: it is larger than 1 MiB, compressed."""
        return documents.save(self._connection, feed_id=self._feed(feed_id).id, document=document, why=why)

    def forget_document(self, feed_id: str) -> None:
        documents.forget(self._connection, feed_id=self._feed(feed_id).id)

    def _record_verdicts(
        self, feed_row: FeedRow, verdicts: Sequence[Verdict], at: int
    ) -> tuple[int | None, ...]:
        revised = [verdict for verdict in verdicts if verdict.outcome == "revision"]
        if revised:
            self._revise(feed_row, revised, at)
        moved = [verdict for verdict in verdicts if verdict.outcome == "unchanged" and verdict.moved_to]
        if moved:
            self._move(moved)
        purged = {
            verdict.of for verdict in verdicts if verdict.outcome == "rejected" and verdict.of is not None
        }
        if purged:
            self._keep_tombstones(purged, at)
        return tuple(self._record_verdict(feed_row, verdict, at) for verdict in verdicts)

    def _record_verdict(self, feed_row: FeedRow, verdict: Verdict, at: int) -> int | None:
        if verdict.outcome == "rejected":
            if verdict.of is not None:
                self._add_keys(verdict.of, verdict.keys)
            return None
        if verdict.outcome == "new":
            return self._add(feed_row, verdict, at)
        article_id = verdict.of
        if article_id is None:  # a repetition of one that was new in the same document
            known = self.known([key.hash for key in verdict.keys])
            article_id = next((entry.article_id for entry in known.values()), None)
        if article_id is not None:
            self._add_keys(article_id, verdict.keys)
            fingerprint = rows.hash64(verdict.fingerprint)
            if verdict.of is not None and self._fingerprints.get(article_id) != fingerprint:
                self._fingerprints[article_id] = fingerprint
                self._pending.fingerprints.append(
                    {"the_id": article_id, "new": fingerprint, "feed": feed_row.id}
                )
        return article_id

    def _add(self, feed_row: FeedRow, verdict: Verdict, at: int) -> int:
        new = verdict.article
        assert new is not None, "a new verdict carries its article"
        source_id, source_key, outlet = self._source_of(feed_row, new)
        article_id = self._next_article(at)
        values = rows.article_values(
            new, source_id=source_id, feed_id=feed_row.id, fingerprint=verdict.fingerprint
        )
        values["id"] = article_id
        values["first_seen_at"] = at
        self._pending.articles.append(values)
        self._pending.hours.setdefault(at // rows.HOUR, article_id)
        self._pending.searched.append(
            (article_id, values["title"], values["teaser"], values["outlet"] or outlet)
        )
        if new.text:
            self._pending.texts.append({"article_id": article_id, "text": rows.text(new.text)})
        known = Known(
            article_id=article_id,
            source_id=source_key,
            canonical_url=new.canonical_url,
            title=values["title"],
            teaser=values["teaser"],
            published_at=rows.instant(values["published_at"]),
            fingerprint=values["fingerprint"],
            feed_id=feed_row.key,
        )
        self._articles[article_id] = known
        self._fingerprints[article_id] = known.fingerprint
        self._add_keys(article_id, verdict.keys)
        if any(key.hash in self._hidden_hashes() for key in verdict.keys):
            self._pending.hidden.append(article_id)
        return article_id

    def _hidden_hashes(self) -> frozenset[int]:
        if self._hidden is None:
            self._hidden = verdicts.hidden_hashes(self._connection)
        return self._hidden

    def _add_keys(self, article_id: int, keys: Iterable[Key]) -> None:
        for entry in keys:
            if entry.hash in self._known:
                continue
            stored = rows.hash64(entry.hash)
            self._pending.keys.append(
                {"hash": stored, "kind": rows.KIND_CODES[entry.kind], "article_id": article_id}
            )
            if article_id in self._articles:
                self._known[stored] = article_id  # for the next feed of this transaction

    def _move(self, verdicts: Sequence[Verdict]) -> None:
        """After a relaunch readers are led to where the articles are now. Their texts are the same: no revision."""
        self.flush()
        self._connection.execute(
            _MOVE,
            [
                {
                    "the_id": verdict.of,
                    "new_url": rows.text(verdict.url),
                    "new_canonical": None
                    if verdict.moved_to == verdict.url
                    else rows.text_or_none(verdict.moved_to),
                }
                for verdict in verdicts
            ],
        )

    def _keep_tombstones(self, ids: Collection[int], at: int) -> None:
        """Note that a feed still serves what was purged, to the week: tombstones nobody serves are given up one day."""
        known = sa.select(tombstone.c.article_id).where(
            among(self._connection, tombstone.c.article_id, ids), tombstone.c.seen_at > at - _WEEK
        )
        stale = set(ids).difference(self._connection.scalars(known))
        insert(
            self._connection,
            tombstone,
            [{"article_id": article_id, "seen_at": at} for article_id in sorted(stale)],
            conflict="replace",
        )

    def _revise(self, feed_row: FeedRow, verdicts: Sequence[Verdict], at: int) -> None:
        """Few and rare, so they are written at once."""
        self.flush()
        ids = [verdict.of for verdict in verdicts if verdict.of is not None]
        old = {
            row.id: row
            for row in self._connection.execute(
                sa.select(article, source.c.name)
                .join(source)
                .where(among(self._connection, article.c.id, ids))
            )
        }
        earlier: defaultdict[int, list[rows.Row]] = defaultdict(list)
        for row in self._connection.execute(
            sa.select(revision)
            .where(among(self._connection, revision.c.article_id, ids))
            .order_by(revision.c.id)
        ):
            earlier[row.article_id].append(row)
        for verdict in verdicts:
            if verdict.of in old and verdict.article is not None:
                row = old.pop(verdict.of)
                self._revise_one(feed_row, row, verdict, at, earlier[row.id])

    def _revise_one(
        self, feed_row: FeedRow, old: rows.Row, verdict: Verdict, at: int, earlier: Sequence[rows.Row]
    ) -> None:
        new = verdict.article
        assert new is not None
        values = rows.article_values(
            new, source_id=old.source_id, feed_id=feed_row.id, fingerprint=verdict.fingerprint
        )
        for name in _KEPT_WHEN_EMPTY:
            values[name] = values[name] or getattr(old, name)
        if new.published_origin == "first_seen" or "time" not in verdict.why:
            values.update({name: getattr(old, name) for name in _TIME})
        from_page = rows.from_lines(old.from_page)
        for name in ("title", "teaser"):
            if name in from_page and name not in verdict.why:
                values[name] = getattr(old, name)
        still = [
            name for name in from_page if values.get(name) == getattr(old, name, None)
        ]  # "text" is no column: what the page gave stays
        values["from_page"] = rows.lines(still)
        values["paywalled"] = old.paywalled
        self._search.remove(self._connection, [(old.id, old.title, old.teaser, old.outlet or old.name)])
        self._search.add(
            self._connection,
            [(old.id, values["title"], values["teaser"], values["outlet"] or old.name)],
        )
        self._connection.execute(article.update().where(article.c.id == old.id), values)
        if new.text and "text" not in from_page:
            insert(
                self._connection,
                article_text,
                [{"article_id": old.id, "text": rows.text(new.text)}],
                conflict="replace",
            )
        self._keep_wording(old, at, earlier)
        insert(self._connection, relink, [{"article_id": old.id}], conflict="keep")
        self._fingerprints[old.id] = values["fingerprint"]
        known = self._articles.get(old.id)
        if known is not None:
            self._articles[old.id] = replace(
                known,
                canonical_url=values["canonical_url"] or values["url"],
                title=values["title"],
                teaser=values["teaser"],
                published_at=rows.instant(values["published_at"]),
                fingerprint=values["fingerprint"],
                feed_id=feed_row.key,
                from_page=tuple(still),
            )

    def _keep_wording(self, old: rows.Row, at: int, earlier: Sequence[rows.Row]) -> None:
        """How an article read until now: a row, or once more on the row that reads so already."""
        same = [row.id for row in earlier if (row.title, row.teaser) == (old.title, old.teaser)]
        if same:
            once_more = revision.update().values(times=revision.c.times + 1, last_at=at)
            self._connection.execute(once_more.where(revision.c.id == same[-1]))
            return
        replaced = sorted(earlier[1:], key=lambda row: (row.last_at or row.seen_at, row.id))
        excess = len(earlier) + 1 - MAX_REVISIONS
        if excess > 0:
            over = [row.id for row in replaced[:excess]]
            self._connection.execute(revision.delete().where(among(self._connection, revision.c.id, over)))
        insert(
            self._connection,
            revision,
            [
                {
                    "article_id": old.id,
                    "seen_at": at,
                    "title": old.title,
                    "teaser": old.teaser,
                    "published_at": old.published_at,
                }
            ],
        )

    def _record_sightings(self, feed_id: int, seen: set[int], at: int, *, complete: bool) -> None:
        """Only what began or ceased to be served is written: a feed that shows what it showed costs one SELECT."""
        served = set(self._connection.scalars(_SERVED, {"feed_id": feed_id}).all())
        self._pending.seen.extend(
            {"article_id": article_id, "feed_id": feed_id, "first_seen_at": at, "gone_at": None}
            for article_id in sorted(seen - served)
        )
        if complete:
            self._pending.gone.extend(
                {"the_article": article_id, "the_feed": feed_id, "gone_at": at}
                for article_id in served - seen
            )

    def _record_poll(self, feed_row: FeedRow, done: Poll) -> int:
        newest = self._numbers()
        newest.poll += 1
        number = newest.poll
        self._pending.polls.append(
            rows.poll_values(done, number=number, feed_id=feed_row.id, feed_url=feed_row.url)
        )
        if done.rejections:
            self._record_rejections(feed_row, number, done.rejections)
        return number

    def _record_rejections(
        self, feed_row: FeedRow, number: int, rejections: Sequence[tuple[str, str]]
    ) -> None:
        """What the last document had rejected too goes on; the rest begins now."""
        before = {
            (row.what, row.reason): row.id
            for row in self._connection.execute(
                sa.select(rejection).where(
                    rejection.c.feed_id == feed_row.id, rejection.c.last_poll == feed_row.read_poll
                )
            )
        }
        given = dict.fromkeys((rows.text(what), rows.text(reason)) for what, reason in rejections)
        again = []
        for place, (what, reason) in enumerate(given):
            if place >= MAX_REJECTIONS:
                break
            if (what, reason) in before:
                again.append(before[what, reason])
                continue
            self._pending.rejections.append(
                {
                    "feed_id": feed_row.id,
                    "first_poll": number,
                    "last_poll": number,
                    "what": what,
                    "reason": reason,
                }
            )
        if again:
            self._connection.execute(
                rejection.update().where(among(self._connection, rejection.c.id, again)),
                {"last_poll": number},
            )

    def _record_state(
        self, feed_id: int, state: FeedState, *, read_poll: int | None, habits: str | None
    ) -> None:
        values = rows.state_values(state)
        values["kept_habits"] = habits
        values["due"] = values["next_check_at"] or 0
        values["read"] = read_poll
        values["the_id"] = feed_id
        self._pending.states.append(values)


_SERVED = sa.select(sighting.c.article_id).where(
    sighting.c.feed_id == sa.bindparam("feed_id"), sighting.c.gone_at.is_(None)
)

_SERVED_ARTICLES = (
    sa.select(
        article.c.id,
        source.c.key,
        article.c.url,
        article.c.canonical_url,
        article.c.title,
        article.c.teaser,
        article.c.published_at,
        article.c.published_origin,
        article.c.fingerprint,
        article.c.from_page,
    )
    .join(sighting, sighting.c.article_id == article.c.id)
    .join(source, source.c.id == article.c.source_id)
    .where(sighting.c.feed_id == sa.bindparam("feed_id"), sighting.c.gone_at.is_(None))
)

_MOVE = (
    article.update()
    .where(article.c.id == sa.bindparam("the_id"))
    .values(url=sa.bindparam("new_url"), canonical_url=sa.bindparam("new_canonical"))
)
