"""What may be written: the mirrored configuration, claims, polls, links, retention. One transaction, whole feeds.

transaction.py   what waits, and the statements that write it        recording.py   what a poll leaves behind
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from aggregator.errors import UnknownName
from aggregator.model import (
    Article,
    CopyGroup,
    EditorVerdict,
    Enrich,
    FeedState,
    IndexRow,
    Linked,
    Source,
    StoryRule,
    Topic,
    Visit,
)
from aggregator.settings import Keep
from aggregator.store import gaps, links, mirror, purge, rows, segments, verdicts, visits
from aggregator.store.candidates import DatabaseCandidates
from aggregator.store.recording import Recording
from aggregator.store.schema import (
    boilerplate,
    feature,
    feed,
    feed_state,
    poll,
    relink,
    source,
)
from aggregator.store.snapshot import first_id_in_hour_of, meta_value
from aggregator.store.sql import among, insert
from aggregator.store.transaction import when_enabled

PRUNE_BATCH = 1_000
"""Articles, and polls, purged in one transaction: so short that a poll can commit in between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PruneReport:
    """What retention took."""

    articles: int
    polls: int
    tombstones: int  # keys of articles purged long ago, given up
    regrouped: tuple[int, ...]  # articles shown for their copies since the one that was before went


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
        at, end = rows.seconds(now), rows.seconds(until)
        due = sa.select(feed_state, feed.c.key).join(feed).where(feed_state.c.enabled)
        held_until = sa.func.coalesce(feed_state.c.claimed_until, 0)
        # Nobody holds a feed for longer than this: whoever seems to had a clock that was ahead, and so had those who
        # polled later than now. What they said about the next check is void.
        free = sa.or_(held_until <= at, held_until > end + (end - at))
        last = self._connection.scalar(sa.select(poll.c.at).order_by(poll.c.at.desc()).limit(1))
        if all:
            due = due.where(free)
        elif last is not None and last > end:
            due = due.where(free, sa.or_(feed_state.c.due_at <= at, feed_state.c.checked_at > end))
        else:
            due = due.where(feed_state.c.due_at <= at)
        if feed_ids is not None:
            due = due.where(feed.c.key.in_(list(feed_ids)))
        due = due.order_by(feed_state.c.due_at, feed.c.position).limit(limit)
        found = self._connection.execute(due).all()
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

    # --- articles' own pages ---------------------------------------------------------------------------------------

    def claim_visits(
        self,
        now: datetime,
        *,
        until: datetime,
        since: datetime,
        wanted: Mapping[str, Enrich],
        at_most: Mapping[str, int],
    ) -> list[Visit]:
        """Take the pages of articles that nobody has asked yet, or that are to be asked again.

        Args:
            until: when the claim ends by itself, should this process die.
            since: only of articles first seen since then.
            wanted: source id -> of which of its articles.
            at_most: source id -> how many of it.

        Returns:
            The newest of each source. Nobody else gets them before `until`, or before they are recorded or released.
        """
        self.flush()
        return visits.claim(self._connection, now, until=until, since=since, wanted=wanted, at_most=at_most)

    def release_visits(self, held: Collection[Visit]) -> None:
        """Give claims back unrecorded: others may ask these pages at once."""
        self.flush()
        visits.release(self._connection, held)

    def article(self, article_id: int) -> Article | None:
        """With its text, as this transaction sees it; None: there is none."""
        self.flush()
        found = visits.article_of(self._connection, article_id)
        return None if found is None else found[0]

    # --- links -----------------------------------------------------------------------------------------------------

    def candidates(self) -> DatabaseCandidates:
        """The candidate index as this transaction sees it; what is added is saved with it."""
        return DatabaseCandidates(self._connected, self._memory, may_add=True)

    def save_links(self, linked: Sequence[Linked], *, cursor: int | None = None) -> None:
        """What the link pass found for new articles. Saving the same again changes nothing.

        Args:
            cursor: how far it has come; None: as before, for articles that are linked again.
        """
        self.flush()
        present = links.existing(self._connection, (entry.article_id for entry in linked))
        kept = [entry for entry in linked if entry.article_id in present]
        self.candidates().add(entry.row for entry in kept)
        links.save_neighbours(self._connection, kept)
        links.save_copies(self._connection, kept, verdicts.apart(self._connection))
        links.save_story_labels(self._connection, kept)
        again = relink.delete().where(among(self._connection, relink.c.article_id, present))
        self._connection.execute(again)
        if cursor is not None:
            self._meta["link_cursor"] = str(cursor)
        self._meta["to_refine"] = _spaced(entry.article_id for entry in linked)

    def unlink(self, ids: Sequence[int]) -> None:
        """Forget what was found for articles that have changed since, before they are linked again."""
        self.flush()
        if ids:
            segments.remove(self._connection, ids)
            self._connection.execute(
                feature.delete().where(among(self._connection, feature.c.article_id, ids))
            )
            links.cut_edges(self._connection, ids)

    def set_teasers(self, teasers: Mapping[int, str]) -> None:
        """Article id -> the teaser that readers see, without what its outlet repeats. It is no revision."""
        self.flush()
        for article_id, teaser in teasers.items():
            found = visits.article_of(self._connection, article_id)
            if found is not None:
                self._enrich(*found, replace(found[0], teaser=teaser), relink_it=False)

    def boilerplate(self, source_ids: Collection[str]) -> dict[str, bytes]:
        """Source id -> what is known to be repeated over its articles, as it was saved."""
        found = self._connection.execute(
            sa.select(source.c.key, boilerplate.c.blob)
            .join(boilerplate, boilerplate.c.source_id == source.c.id)
            .where(source.c.key.in_(list(source_ids)))
        )
        return {key: bytes(blob) for key, blob in found}

    def save_boilerplate(self, blobs: Mapping[str, bytes]) -> None:
        numbers = {
            row[0]: row[1]
            for row in self._connection.execute(
                sa.select(source.c.key, source.c.id).where(source.c.key.in_(list(blobs)))
            )
        }
        insert(
            self._connection,
            boilerplate,
            [{"source_id": numbers[key], "blob": blob} for key, blob in blobs.items() if key in numbers],
            conflict="replace",
        )

    def index_again(self, rows: Sequence[IndexRow], *, below: int | None) -> None:
        """Candidates made of the features, after a change of how they are found.

        Args:
            below: what is still to be done ends there; None: nothing is.
        """
        self.flush()
        if rows:
            segments.add(self._connection, rows)
        self._meta["to_index"] = "" if below is None else str(below - 1)

    def stories_of(self, ids: Iterable[int]) -> Mapping[int, int]:
        """Article id -> story number, for those that are in one."""
        return links.stories_of(self._connection, ids)

    def set_stories(self, assignments: Mapping[int, int], *, refined: Collection[int] = ()) -> None:
        """Move articles to stories: article id -> story number, new numbers included.

        A story left without articles becomes another name of the one that took most of them.

        Args:
            refined: the articles, as they were saved last, whose stories need not be looked at again.
        """
        if assignments:
            links.set_stories(self._connection, assignments)
        if refined and meta_value(self._connection, "to_refine") == _spaced(refined):
            self._meta["to_refine"] = ""

    def copy_groups(self, ids: Iterable[int]) -> list[CopyGroup]:
        """The copy groups that these articles are in, with all their members."""
        return links.copy_groups(self._connection, ids)

    def set_representatives(self, chosen: Mapping[int, int]) -> None:
        """Copy group -> the member that lists show. Articles that are no members are passed over."""
        links.set_representatives(self._connection, chosen)

    # --- editors -----------------------------------------------------------------------------------------------------

    def decide(self, wanted: EditorVerdict) -> EditorVerdict:
        """Record an editor's verdict and carry it out; one that is in force already is returned as it is.

        Args:
            wanted: its id is given here.
        """
        self.flush()
        return verdicts.give(self._connection, wanted)

    def undo(self, number: int, *, at: datetime, by: str = "") -> EditorVerdict:
        """Take a verdict back; one that was taken back already is returned as it is.

        Raises:
            UnknownName: there is none of this number.
        """
        self.flush()
        given = verdicts.get(self._connection, number)
        if given is None:
            raise UnknownName("verdict", str(number), hint="`aggregator verdicts` lists them.")
        return given if given.undone_at else verdicts.undo(self._connection, given, at=at, by=by)

    def story_rules(self) -> tuple[StoryRule, ...]:
        """What verdicts mean for stories, those given in this transaction included; the newest first."""
        self.flush()
        return verdicts.story_rules(self._connection)

    def around(self, ids: Collection[int]) -> links.Around:
        """The stories that these articles are in, whole, and what holds them together."""
        return links.around(self._connection, ids)

    # --- retention ---------------------------------------------------------------------------------------------------

    def prune(
        self,
        now: datetime,
        keep: Keep,
        *,
        own: Mapping[str, Keep] | None = None,
        polls_kept: timedelta,
        tombstones_kept: timedelta,
    ) -> PruneReport:
        """Purge what is kept no longer: articles, then polls, then the tombstones that nobody serves.

        Commits after every thousand, so that nobody waits long; the keys stay as tombstones, so that nothing comes back.

        Args:
            keep: which articles of an outlet are kept.
            own: of sources that have limits of their own, by source id.
            polls_kept: how long the journal is kept.
            tombstones_kept: how long after it was first seen, or last served, a purged article is remembered.
        """
        self.commit()
        connection = self._connection
        gone: list[int] = []
        regrouped: set[int] = set()
        for taken in purge.outdated(connection, now, keep, own or {}):

            def purge_some(taken: sa.ColumnElement[bool] = taken) -> int:
                done = purge.purge_articles(connection, self._search, taken=taken, limit=PRUNE_BATCH)
                gone.extend(done.ids)
                regrouped.update(done.regrouped)
                return len(done.ids)

            purge.in_batches(purge_some, self.commit)
        before = rows.seconds_up(now - polls_kept)
        polls = purge.in_batches(
            lambda: purge.purge_polls(connection, before=before, limit=PRUNE_BATCH), self.commit
        )
        purge.forget_rejections(connection)
        gaps.forget(connection, before=before)
        if gone:
            purge.forget_stories(connection, below=max(gone) + 1)
        forgotten = first_id_in_hour_of(connection, now - tombstones_kept)
        at = rows.seconds(now - tombstones_kept)
        keys = purge.in_batches(
            lambda: purge.forget_tombstones(connection, before=forgotten, at=at, limit=PRUNE_BATCH),
            self.commit,
        )
        lowest = purge.lowest_id(connection)
        below = self._numbers().article + 1 if lowest is None else lowest
        purge.forget_hours(connection, before=at // rows.HOUR, below=below)
        segments.drop_below(connection, below)
        self._meta["pruned_at"] = str(rows.seconds(now))
        self.commit()
        purge.give_back_space(connection)
        return PruneReport(
            articles=len(gone),
            polls=polls,
            tombstones=keys,
            regrouped=tuple(sorted(regrouped.difference(gone))),
        )


def _spaced(ids: Iterable[int]) -> str:
    return " ".join(map(str, sorted(ids)))
