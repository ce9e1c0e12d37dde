"""Identities of a document's entries + what the store knows -> one Verdict for each: new, revision, unchanged or rejected.

Pure. docs/decisions/0005-identity.md says why the rules are these. The laws: feeding a document twice changes nothing;
served = new + revised + unchanged + rejected; only the outlet that brought an article revises it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from aggregator.identify.changes import SAME_DAY, changed, without_build_times
from aggregator.identify.history import LATE, Past, known_by_headline, moved, news_since, relaunched
from aggregator.identify.keys import recognised, same_item
from aggregator.model import Article, Identity, Key, KeyKind, Known, Verdict

BELIEVABLE_DAYS = "1990"  # ISO dates before it are empty fields of some database, not old news

Make = Callable[[int], Article | str]


def judge(
    identities: Sequence[Identity],
    keys: Sequence[tuple[Key, ...]],
    known: Mapping[int, Known],
    *,
    make: Make,
    source_id: str,
    feed_id: str,
    not_before: datetime | None = None,
    last_at: datetime | None = None,
    past: Past | None = None,
) -> tuple[Verdict, ...]:
    """What each entry is, judged against the store and against the entries before it.

    Args:
        identities: of the document's entries, in its order.
        keys: of each entry, from document_keys.
        known: what the store has under any of these hashes; a hit is verified here before it counts.
        make: the article of the entry at a position, or why there is none; called only for what is new or has changed.
        source_id: whose document it is. Another outlet's article is sighted by it, never revised.
        feed_id: whose document it is. An article that another feed of the outlet still serves is sighted, not revised:
            two feeds that cut or word their teasers differently would revise it back and forth.
        not_before: an unknown entry published earlier is no news; None: everything is. For a feed with a history: the
            time before which it brings nothing new. For one polled for the first time: None.
        last_at: when the feed last answered. What is much older than all it showed then was dug up, not published.
        past: what may be asked beyond the keys, when the document looks unlike the last one; None: nothing.

    Returns:
        One verdict per entry, in order. `why` of a revision names what changed: "title", "teaser", "time", or several
        of them, joined by ", "; without "time" the article carries the published_at it had. A repetition within the
        document is unchanged, its keys are added to those of the first. The keys of a verdict are those to be added to
        the store for its article, be it a tombstone: none that the store already has.
    """
    judging = _Judging(identities, keys, known, make, source_id, feed_id, not_before, last_at, past)
    return judging.verdicts()


@dataclass
class _Judging:
    identities: Sequence[Identity]
    keys: Sequence[tuple[Key, ...]]
    known: Mapping[int, Known]
    make: Make
    source_id: str
    feed_id: str
    not_before: datetime | None
    last_at: datetime | None
    past: Past | None
    done: list[Verdict] = field(default_factory=list)
    first: dict[int, int] = field(default_factory=dict)  # key hash -> position of the first to claim it
    told: dict[int, int] = field(default_factory=dict)  # article id -> position of the first to tell of it
    original: dict[int, int] = field(default_factory=dict)  # position of a repetition -> of what it repeats
    _news_since: datetime | None = None
    made: dict[int, Article | str] = field(default_factory=dict)  # position -> article, or why there is none

    def verdicts(self) -> tuple[Verdict, ...]:
        hits = [self._stored(position) for position in range(len(self.identities))]
        moved = self._moved(hits)
        for position, hit in enumerate(hits):
            verdict = self._verdict(position, hit, moved.get(position))
            self.done.append(verdict)
            if verdict.outcome == "rejected":
                continue  # the next entry of the same id may have the link that this one lacks
            for key in self.keys[position]:
                self.first.setdefault(key.hash, position)
            if verdict.of is not None:
                self.told.setdefault(verdict.of, position)
        return without_build_times(self.done)

    # --- recognising

    def _stored(self, position: int) -> Known | None:
        identity = self.identities[position]
        deciding = self._deciding(position, self.known)
        hits = [(key.kind, known) for key in deciding if (known := self.known.get(key.hash)) is not None]
        for kind, known in hits:
            if recognised(kind, known, identity):
                return known
        return self._purged(position, hits)

    def _purged(self, position: int, hits: Sequence[tuple[KeyKind, Known]]) -> Known | None:
        """A tombstone that only a guid leads to counts when the headline leads there too: it keeps no text to compare."""
        for kind, known in hits:
            if kind == "guid" and known.purged:
                for key in self.keys[position]:
                    other = self.known.get(key.hash)
                    if key.kind == "title" and other is not None and other.article_id == known.article_id:
                        return known
        return None

    def _repeated(self, position: int) -> int | None:
        for key in self._deciding(position, self.known, self.first):
            earlier = self.first.get(key.hash)
            if earlier is not None and same_item(
                key.kind, self.identities[earlier], self.identities[position]
            ):
                return earlier
        return None

    def _deciding(self, position: int, *held: Mapping[int, object]) -> tuple[Key, ...]:
        """Address and guid; after them the headline, where there is neither or both are held already.

        Held and yet not recognised: they belong to another article, and only the headline leads to this one.
        """
        keys = self.keys[position]
        if keys and keys[-1].kind == "title":
            for key in keys[:-1]:
                if not any(key.hash in hashes for hashes in held):
                    return keys[:-1]
        return keys

    def _moved(self, hits: Sequence[Known | None]) -> dict[int, Known]:
        """The entries that a relaunch has given new addresses and ids; none when there was none."""
        unknown = [position for position, hit in enumerate(hits) if hit is None]
        if self.past is None or not relaunched(unknown, len(hits)):
            return {}
        if self.last_at is None and not any(
            key.kind == "title" and key.hash in self.known for key in self._keys_of(unknown)
        ):
            return {}  # a new feed, which is not worth a question, and not one at a new address
        told = {hit.article_id for hit in hits if hit is not None}
        found = known_by_headline(self.identities, unknown, self.past, source_id=self.source_id, told=told)
        times: dict[int, datetime | None] = {}
        for position in found:
            made = self._make(position)
            said = isinstance(made, Article) and made.published_origin != "first_seen"
            times[position] = made.published_at if isinstance(made, Article) and said else None
        positions = moved(found, times, unknown=len(unknown), entries=len(hits))
        return {position: found[position] for position in positions}

    def _keys_of(self, positions: Iterable[int]) -> Iterator[Key]:
        for position in positions:
            yield from self.keys[position]

    def _make(self, position: int) -> Article | str:
        if position not in self.made:
            self.made[position] = self.make(position)
        return self.made[position]

    def _horizon(self) -> datetime | None:
        """What was published earlier and is unknown is no news."""
        if self.not_before is None or self.last_at is None or self.past is None:
            return self.not_before
        if self._news_since is None:
            self._news_since = news_since(self.not_before, self.last_at, self.past.served())
        return self._news_since

    # --- deciding

    def _verdict(self, position: int, known: Known | None, moved: Known | None) -> Verdict:
        identity = self.identities[position]
        verdict = Verdict(
            outcome="unchanged",
            position=position,
            url=identity.url or "",
            # A hash that the store has or an earlier entry claims is nothing to add: it is there, or another's.
            keys=tuple(
                key
                for key in self.keys[position]
                if key.hash not in self.known and key.hash not in self.first
            ),
            fingerprint=identity.fingerprint,
        )
        if known is not None:
            return self._of_known(verdict, known)
        earlier = self._repeated(position)
        if earlier is not None:
            return self._repetition(verdict, earlier)
        if moved is not None and moved.purged:
            return self._of_known(verdict, moved)
        if moved is None and self._old(identity.day):
            return self._no_news(verdict, identity.day)
        made = self._make(position)
        if isinstance(made, str):
            return replace(verdict, outcome="rejected", keys=(), why=made)
        if moved is not None:
            at = identity.canonical_url if identity.canonical_url != moved.canonical_url else None
            if moved.published_at is not None:
                # A new system's times are those of its import, or of another zone.
                made = replace(made, published_at=moved.published_at)
            return changed(replace(verdict, of=moved.article_id, moved_to=at), made, moved)
        if self._dug_up(made):
            return self._no_news(verdict, _day(made.published_at))
        if not verdict.keys:
            return replace(verdict, outcome="rejected", why="nothing tells it from another article")
        return replace(verdict, outcome="new", article=made)

    def _old(self, day: str) -> bool:
        """Surely no news, by the raw date alone: an archive in a feed is not cleaned at every poll."""
        if self.not_before is None or not day or day <= BELIEVABLE_DAYS:
            return False
        if day < _day(self.not_before - SAME_DAY):
            return True
        if self.last_at is None or day >= _day(self.last_at - LATE - SAME_DAY):
            return False
        horizon = self._horizon()
        return horizon is not None and day < _day(horizon - SAME_DAY)

    def _dug_up(self, made: Article) -> bool:
        if self.not_before is None or made.published_origin == "first_seen":
            return False
        if made.published_at < self.not_before:
            return True
        if self.last_at is None or made.published_at >= self.last_at - LATE:
            return False
        horizon = self._horizon()
        return horizon is not None and made.published_at < horizon

    def _no_news(self, verdict: Verdict, day: str) -> Verdict:
        """The reason names the entry's own day: the same at every poll, so that it is one row in the journal."""
        return replace(verdict, outcome="rejected", keys=(), why=f"published {day}: no news any more")

    def _of_known(self, verdict: Verdict, known: Known) -> Verdict:
        if known.purged:
            # Its keys lead to the tombstone from now on: after a relaunch it is served under nothing else.
            return replace(
                verdict, outcome="rejected", of=known.article_id, why="purged earlier; does not come back"
            )
        verdict = replace(verdict, of=known.article_id)
        if known.source_id != self.source_id or known.feed_id not in ("", self.feed_id):
            return replace(verdict, fingerprint=known.fingerprint)
        if known.article_id in self.told:  # two readings in one document: the first counts, at every poll
            return replace(verdict, fingerprint=self.done[self.told[known.article_id]].fingerprint)
        if known.fingerprint == verdict.fingerprint:
            return verdict
        made = self._make(verdict.position)
        if isinstance(made, str):
            return verdict  # a poorer reading (without link or headline) of what is stored: seen, and nothing learned
        return changed(verdict, made, known)

    def _repetition(self, verdict: Verdict, earlier: int) -> Verdict:
        earlier = self.original.get(earlier, earlier)
        self.original[verdict.position] = earlier
        of = self.done[earlier]
        if of.of is not None:
            return replace(verdict, of=of.of, fingerprint=of.fingerprint)
        self.done[earlier] = replace(of, keys=of.keys + verdict.keys)
        return replace(verdict, keys=(), fingerprint=of.fingerprint)


def _day(at: datetime) -> str:
    return at.date().isoformat()
