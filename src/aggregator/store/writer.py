"""Verdicts to rows: one transaction, whole feeds, written in bulk.

A Writer keeps what is new in lists and writes each list with one statement when the transaction ends or something has
to read it: 8 us a row, where a statement an article costs 40. What is not written yet, `known` knows nevertheless.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from aggregator.errors import UnknownName
from aggregator.model import (
    Article,
    CopyGroup,
    Document,
    FeedState,
    Key,
    Known,
    Linked,
    Poll,
    Source,
    Topic,
    Verdict,
)
from aggregator.store import documents, gaps, links, mirror, purge, rows
from aggregator.store.candidates import DatabaseCandidates, term_index
from aggregator.store.reader import first_id_since
from aggregator.store.schema import (
    NEVER,
    article,
    article_text,
    feed,
    feed_state,
    hour,
    key,
    meta,
    poll,
    rejection,
    revision,
    sighting,
    source,
)
from aggregator.store.search import SearchRow, search_index
from aggregator.store.sql import among, insert

PRUNE_BATCH = 1_000
"""Articles, and polls, purged in one transaction: so short that a poll can commit in between."""

MAX_REJECTIONS = 200
"""Of one poll, kept with their reasons. The poll counts them all."""

MAX_PENDING = 5_000
"""Rows kept back before they are written without waiting for the end of the transaction."""

_HOUR = 3600

_KNOWN = """
    SELECT key.hash, key.article_id, source.key, article.url, article.canonical_url, article.title, article.teaser,
        article.published_at, article.fingerprint, feed.key
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


@dataclass(frozen=True, slots=True, kw_only=True)
class PruneReport:
    """What retention took."""

    articles: int
    polls: int


@dataclass(frozen=True, slots=True)
class _FeedRow:
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
class _Newest:
    """The highest numbers given so far: what retention takes does not lower them."""

    article: int
    at: int  # first_seen_at of that article; 0: there was none
    poll: int


@dataclass(slots=True)
class _Pending:
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

    def rows(self) -> int:
        return len(self.articles) + len(self.keys) + len(self.seen) + len(self.polls)


class Writer:
    """One transaction of the one writer; made by Store.write(), which commits it."""

    def __init__(self, connection: sa.Connection, *, give_way: Callable[[], None]) -> None:
        self._connection = connection
        self._give_way = give_way  # lets others write, between two transactions
        self._search = search_index(connection.dialect.name)
        self._terms = term_index(connection.dialect.name)
        self._begin()

    def _begin(self) -> None:
        """Forget what an earlier transaction knew: others may have written since."""
        self._pending = _Pending()
        self._known: dict[int, Known] = {}  # by hash: found in the store, or made in this transaction
        self._fingerprints: dict[int, int] = {}  # by article
        self._feeds: dict[str, _FeedRow] = {}
        self._recorded: set[str] = set()  # feeds of which something waits to be written
        self._meta: dict[str, str] = {}  # to be written
        self._newest: _Newest | None = None

    # --- configuration -------------------------------------------------------------------------------------------

    def sync_config(
        self, sources: Sequence[Source], topics: Sequence[Topic], digest: str, now: datetime
    ) -> None:
        """Mirror the configuration. What was removed keeps its rows and is polled no more; `now` is only noted.

        A feed whose address changed loses its validators and is due at once; so is one whose interval changed.
        """
        self.flush()
        mirror.sync(self._connection, self._search, sources, topics)
        self._feeds.clear()
        self._meta["config_digest"] = digest
        self._meta["config_at"] = str(rows.seconds(now))

    # --- claims ----------------------------------------------------------------------------------------------------

    def claim(
        self,
        now: datetime,
        *,
        until: datetime,
        feed_ids: Collection[str] | None = None,
        all: bool = False,
        limit: int | None = None,
    ) -> list[FeedState]:
        """Take feeds that nobody else holds: those that are due, longest due first.

        Args:
            until: when the claim ends by itself, should this process die.
            feed_ids: only these.
            all: due or not.
            limit: at most so many.

        Returns:
            Their states. Nobody else gets them before `until`, or before they are recorded or released.
        """
        self.flush()
        at = rows.seconds(now)
        due = sa.select(feed_state, feed.c.key).join(feed).where(feed_state.c.enabled)
        if all:
            held_until = sa.func.coalesce(feed_state.c.claimed_until, 0)
            due = due.where(held_until <= at)
        else:
            due = due.where(feed_state.c.due_at <= at)
        if feed_ids is not None:
            due = due.where(feed.c.key.in_(list(feed_ids)))
        due = due.order_by(feed_state.c.due_at, feed.c.position).limit(limit)
        found = self._connection.execute(due).all()
        end = rows.seconds(until)
        if found:
            claimed = among(self._connection, feed_state.c.feed_id, [row.feed_id for row in found])
            self._connection.execute(
                feed_state.update().where(claimed), {"claimed_until": end, "due_at": end}
            )
        return [
            replace(rows.state_of(row, feed_key=row.key), claimed_until=rows.instant(end)) for row in found
        ]

    def release(self, feed_ids: Collection[str]) -> None:
        """Give claims back unrecorded: others may poll these feeds at once."""
        self.flush()
        if feed_ids:
            ids = sa.select(feed.c.id).where(feed.c.key.in_(list(feed_ids)))
            self._connection.execute(
                feed_state.update()
                .where(feed_state.c.feed_id.in_(ids))
                .values(claimed_until=None, due_at=_due(sa.func.coalesce(feed_state.c.next_check_at, 0)))
            )

    # --- polls -------------------------------------------------------------------------------------------------------

    def known(self, hashes: Collection[int]) -> dict[int, Known]:
        """What is known by these keys, tombstones included: against the store and what this transaction has recorded."""
        asked = {rows.hash64(hash) for hash in hashes if hash not in self._known}
        if asked:
            articles: dict[int, Known] = {}
            for row in self._known_rows(list(asked)):
                article_id = row[1]
                if article_id not in articles:
                    articles[article_id] = rows.known_of(row)
                    self._fingerprints[article_id] = articles[article_id].fingerprint
                self._known[row[0]] = articles[article_id]
        found = self._known
        return {hash: found[stored] for hash in hashes if (stored := rows.hash64(hash)) in found}

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

    def habits(self, feed_id: str) -> str | None:
        """What was last recorded as the habits of a feed; None: nothing yet."""
        self._settle(feed_id)
        return self._feed(feed_id).habits

    def served(self, feed_id: str) -> list[tuple[int, str, datetime | None]]:
        """(id, title, published_at if somebody said it) of what a feed showed in its last document."""
        self._settle(feed_id)
        found = self._connection.execute(_SERVED_ARTICLES, {"feed_id": self._feed(feed_id).id})
        unsaid = rows.ORIGIN_CODES["first_seen"]
        return [
            (row.id, row.title, None if row.published_origin == unsaid else rows.instant(row.published_at))
            for row in found
        ]

    def has_shown(self, feed_id: str, ids: Collection[int]) -> bool:
        """Whether a feed has ever shown one of these articles."""
        if not ids:
            return False
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
        self, feed_row: _FeedRow, verdicts: Sequence[Verdict], at: int
    ) -> tuple[int | None, ...]:
        revised = [verdict for verdict in verdicts if verdict.outcome == "revision"]
        if revised:
            self._revise(feed_row, revised, at)
        return tuple(self._record_verdict(feed_row, verdict, at) for verdict in verdicts)

    def _record_verdict(self, feed_row: _FeedRow, verdict: Verdict, at: int) -> int | None:
        if verdict.outcome == "rejected":
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

    def _add(self, feed_row: _FeedRow, verdict: Verdict, at: int) -> int:
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
        self._pending.hours.setdefault(at // _HOUR, article_id)
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
        self._fingerprints[article_id] = known.fingerprint
        self._add_keys(article_id, verdict.keys, known)
        return article_id

    def _add_keys(self, article_id: int, keys: Iterable[Key], known: Known | None = None) -> None:
        for entry in keys:
            if entry.hash in self._known:
                continue
            stored = rows.hash64(entry.hash)
            self._pending.keys.append(
                {"hash": stored, "kind": rows.KIND_CODES[entry.kind], "article_id": article_id}
            )
            if known is not None:
                self._known[stored] = known

    def _revise(self, feed_row: _FeedRow, verdicts: Sequence[Verdict], at: int) -> None:
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
        earlier = {
            (row.article_id, row.title, row.teaser)
            for row in self._connection.execute(
                sa.select(revision).where(among(self._connection, revision.c.article_id, ids))
            )
        }
        for verdict in verdicts:
            if verdict.of in old and verdict.article is not None:
                row = old.pop(verdict.of)
                self._revise_one(
                    feed_row, row, verdict, at, known_before=(row.id, row.title, row.teaser) in earlier
                )

    def _revise_one(
        self, feed_row: _FeedRow, old: rows.Row, verdict: Verdict, at: int, *, known_before: bool
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
        self._search.remove(self._connection, [(old.id, old.title, old.teaser, old.outlet or old.name)])
        self._search.add(
            self._connection,
            [(old.id, values["title"], values["teaser"], values["outlet"] or old.name)],
        )
        self._connection.execute(article.update().where(article.c.id == old.id), values)
        if new.text:
            insert(
                self._connection,
                article_text,
                [{"article_id": old.id, "text": rows.text(new.text)}],
                conflict="replace",
            )
        if not known_before:  # outlets that try two headlines in turn do not fill the table
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
        self._fingerprints[old.id] = values["fingerprint"]
        for hash, known in self._known.items():
            if known.article_id == old.id:
                self._known[hash] = replace(
                    known,
                    canonical_url=values["canonical_url"] or values["url"],
                    title=values["title"],
                    teaser=values["teaser"],
                    published_at=rows.instant(values["published_at"]),
                    fingerprint=values["fingerprint"],
                    feed_id=feed_row.key,
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

    def _record_poll(self, feed_row: _FeedRow, done: Poll) -> int:
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
        self, feed_row: _FeedRow, number: int, rejections: Sequence[tuple[str, str]]
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

    # --- links -----------------------------------------------------------------------------------------------------

    def candidates(self) -> DatabaseCandidates:
        """The candidate index as this transaction sees it; what is added is saved with it."""
        return DatabaseCandidates(self._connected, self._terms, may_add=True)

    def save_links(self, linked: Sequence[Linked], *, cursor: int) -> None:
        """What the link pass found for new articles, and how far it has come. Saving the same again changes nothing."""
        self.flush()
        present = links.existing(self._connection, (entry.article_id for entry in linked))
        kept = [entry for entry in linked if entry.article_id in present]
        self.candidates().add(entry.row for entry in kept)
        links.save_neighbours(self._connection, kept)
        links.save_copies(self._connection, kept)
        links.save_story_labels(self._connection, kept)
        self._meta["link_cursor"] = str(cursor)

    def stories_of(self, ids: Iterable[int]) -> Mapping[int, int]:
        """Article id -> story number, for those that are in one."""
        return links.stories_of(self._connection, ids)

    def set_stories(self, assignments: Mapping[int, int]) -> None:
        """Move articles to stories: article id -> story number, new numbers included.

        A story left without articles becomes another name of the one that took most of them.
        """
        if assignments:
            links.set_stories(self._connection, assignments)

    def copy_groups(self, ids: Iterable[int]) -> list[CopyGroup]:
        """The copy groups that these articles are in, with all their members."""
        return links.copy_groups(self._connection, ids)

    def set_representatives(self, chosen: Mapping[int, int]) -> None:
        """Copy group -> the member that lists show. Articles that are no members are passed over."""
        links.set_representatives(self._connection, chosen)

    # --- retention ---------------------------------------------------------------------------------------------------

    def prune(self, now: datetime, retention: timedelta, polls_kept: timedelta) -> PruneReport:
        """Purge articles first seen longer ago than `retention` and polls older than `polls_kept`.

        Commits after every thousand, so that nobody waits long; the keys stay, so that nothing comes back.
        """
        self.commit()
        since = now - retention
        below = first_id_since(self._connection, since)
        articles = purge.in_batches(
            lambda: purge.purge_articles(self._connection, self._search, below=below, limit=PRUNE_BATCH),
            self.commit,
        )
        before = rows.seconds_up(now - polls_kept)
        polls = purge.in_batches(
            lambda: purge.purge_polls(self._connection, before=before, limit=PRUNE_BATCH), self.commit
        )
        purge.forget_rejections(self._connection)
        gaps.forget(self._connection, before=before)
        purge.forget_stories(self._connection, below=below)
        purge.forget_hours(self._connection, before=rows.seconds(since) // _HOUR)
        self._terms.drop_below(self._connection, below)
        self.commit()
        purge.give_back_space(self._connection)
        return PruneReport(articles=articles, polls=polls)

    # --- the transaction -----------------------------------------------------------------------------------------------

    def commit(self) -> None:
        """Make everything so far durable, let others write, and go on in a new transaction."""
        self.flush()
        self._connection.commit()
        self._give_way()
        self._connection.begin()
        self._begin()

    def flush(self) -> None:
        """Write what waits, in the order of the references between tables."""
        pending, self._pending = self._pending, _Pending()
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

    def _feed(self, feed_id: str) -> _FeedRow:
        found = self._feeds.get(feed_id)
        if found is None:
            row = self._connection.execute(_FEED, {"feed_id": feed_id}).one_or_none()
            if row is None:
                raise UnknownName(
                    "feed", feed_id, hint="The store mirrors the configuration: sync_config first."
                )
            found = self._feeds[feed_id] = _FeedRow(*row)
        return found

    def _source_of(self, feed_row: _FeedRow, new: Article) -> tuple[int, str, str]:
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

    def _numbers(self) -> _Newest:
        if self._newest is None:
            stored = {name: int(value) for name, value in self._connection.execute(_NUMBERS).all()}
            self._newest = _Newest(*(stored.get(name, 0) for name in _NEWEST))
        return self._newest


def _due(value: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
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

_SERVED = sa.select(sighting.c.article_id).where(
    sighting.c.feed_id == sa.bindparam("feed_id"), sighting.c.gone_at.is_(None)
)

_SERVED_ARTICLES = (
    sa.select(article.c.id, article.c.title, article.c.published_at, article.c.published_origin)
    .join(sighting, sighting.c.article_id == article.c.id)
    .where(sighting.c.feed_id == sa.bindparam("feed_id"), sighting.c.gone_at.is_(None))
)

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
        due_at=_due(sa.bindparam("due", type_=sa.BigInteger)),
        claimed_until=None,
        read_poll=sa.func.coalesce(sa.bindparam("read", type_=sa.BigInteger), feed_state.c.read_poll),
        habits=sa.func.coalesce(sa.bindparam("kept_habits", type_=sa.Text), feed_state.c.habits),
    )
)
