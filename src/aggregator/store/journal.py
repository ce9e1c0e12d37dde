"""Rows to what polls left behind: the mirrored configuration, states of feeds, the journal, gaps."""

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from aggregator.model import (
    EditorVerdict,
    FeedState,
    ListRules,
    Poll,
    Source,
    StoryRule,
    Topic,
)
from aggregator.store import documents, gaps, rows, traces, verdicts
from aggregator.store.schema import (
    article,
    feed,
    feed_state,
    migration,
    poll,
    rejection,
    source,
    topic,
)
from aggregator.store.snapshot import Snapshots, meta_value
from aggregator.store.sql import among


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


class JournalReader(Snapshots):
    """What can be asked about outlets, feeds and polls."""

    def sources(self) -> tuple[Source, ...]:
        """As configured, with their feeds; without headers, proxies and limits of retention, which only polling needs."""
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
            return meta_value(connection, "config_digest")

    def owners(self) -> dict[str, str]:
        """Source id -> owner; the source itself where no owner is configured. Sources of the past are included."""
        with self._read() as connection:
            return {
                row.key: row.owner or row.key
                for row in connection.execute(sa.select(source.c.key, source.c.owner))
            }

    def own_sources(self) -> frozenset[str]:
        """Ids of the site's own outlets."""
        with self._read() as connection:
            own = sa.select(source.c.key).where(source.c.active, source.c.role == "own")
            return frozenset(connection.scalars(own))

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

    def tombstones(
        self, hashes: Collection[int] = (), article_id: int | None = None
    ) -> list[traces.Tombstone]:
        """What retention took of what these keys, or this id, belonged to."""
        with self._read() as connection:
            return traces.tombstones(connection, [rows.hash64(hash) for hash in hashes], article_id)

    def rejections(self, end: str, is_meant: Callable[[str], bool]) -> list[traces.Rejection]:
        """Entries that polls rejected, latest first.

        Args:
            end: of the address, to look for.
            is_meant: whether an entry's address or headline, as it was given, is the one that is asked about.
        """
        with self._read() as connection:
            return traces.rejections(connection, end, is_meant)

    def verdicts(self, *, undone: bool = False) -> list[EditorVerdict]:
        """What editors decided, newest first; what they took back only when asked for."""
        with self._read() as connection:
            return verdicts.listed(connection, undone=undone)

    def verdicts_about(self, *url_hashes: int) -> list[EditorVerdict]:
        """The verdicts in force on the article that has these keys, newest first."""
        with self._read() as connection:
            return verdicts.about(connection, url_hashes)

    def story_rules(self) -> tuple[StoryRule, ...]:
        """What verdicts mean for stories; the newest first."""
        with self._read() as connection:
            return verdicts.story_rules(connection)

    def list_rules(self, article_id: int) -> ListRules:
        """What verdicts mean for the related list of an article."""
        with self._read() as connection:
            return verdicts.list_rules(connection, article_id)

    def topic_rules(self, topic_id: str) -> dict[int, bool]:
        """Article id -> whether it is in a topic, whatever its terms say."""
        with self._read() as connection:
            return verdicts.topic_rules(connection, topic_id)

    def not_linked(self) -> int:
        """Articles that the link pass has not come to."""
        with self._read() as connection:
            cursor = int(meta_value(connection, "link_cursor") or 0)
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
            stored = meta_value(connection, "newest_at")
            return rows.instant(int(stored)) if stored and int(stored) else None

    def pruned_at(self) -> datetime | None:
        """When retention last went through the store; None: never."""
        with self._read() as connection:
            stored = meta_value(connection, "pruned_at")
            return rows.instant(int(stored)) if stored else None

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
