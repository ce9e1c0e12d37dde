"""What may be written: the mirrored configuration, claims, polls, links, retention. One transaction, whole feeds.

transaction.py   what waits, and the statements that write it        recording.py   what a poll leaves behind
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from aggregator.model import (
    CopyGroup,
    FeedState,
    Linked,
    Source,
    Topic,
)
from aggregator.store import gaps, links, mirror, purge, rows
from aggregator.store.candidates import DatabaseCandidates
from aggregator.store.recording import Recording
from aggregator.store.schema import (
    feed,
    feed_state,
)
from aggregator.store.snapshot import first_id_since
from aggregator.store.sql import among
from aggregator.store.transaction import HOUR, when_enabled

PRUNE_BATCH = 1_000
"""Articles, and polls, purged in one transaction: so short that a poll can commit in between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PruneReport:
    """What retention took."""

    articles: int
    polls: int


class Writer(Recording):
    """One transaction of the one writer; made by Store.write(), which commits it."""

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
                .values(
                    claimed_until=None, due_at=when_enabled(sa.func.coalesce(feed_state.c.next_check_at, 0))
                )
            )

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
        purge.forget_hours(self._connection, before=rows.seconds(since) // HOUR)
        self._terms.drop_below(self._connection, below)
        self.commit()
        purge.give_back_space(self._connection)
        return PruneReport(articles=articles, polls=polls)
