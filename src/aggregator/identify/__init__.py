"""Identities of a document's entries + what the store knows -> one Verdict for each: new, revision, unchanged or rejected.

Pure. docs/decisions/0005-identity.md says why the rules are these. The laws: feeding a document twice changes nothing;
served = new + revised + unchanged + rejected; only the outlet that brought an article revises it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from unicodedata import is_normalized, normalize

from aggregator.model import Article, Identity, Key, KeyKind, Known, Verdict

SAME_TIME = timedelta(seconds=60)  # feeds round to the minute, some to their own second
AGREEING_PREFIX = 12  # characters of a headline that begins another one: cut, or without "- Outlet" behind it

# A relaunch: addresses and ids of (nearly) all entries are new at once, but the headlines are known.
RELAUNCH_ENTRIES = 5  # fewer say nothing
RELAUNCH_UNKNOWN = 0.8  # of all entries
RELAUNCH_TITLES = 0.5  # of the unknown ones
SAME_DAY = timedelta(days=1)  # and published within

BELIEVABLE_DAYS = "1990"  # ISO dates before it are empty fields of some database, not old news

# Three or more entries that change nothing but their time, and all to the same minute: the feed writes its own build
# time into every entry.
BUILD_TIME_ENTRIES = 3

_WORD = re.compile(r"[^\W_]+")
# UTF-8 read as something else: U+FFFD, "Ã©", "â€™", "ï¿½"; Cyrillic gives pairs such as "РєС‚", two at least.
_MOJIBAKE = re.compile("\ufffd|ï¿½|â€|[ÂÃÐÑÎÏ][\u00a0-\u00bf]|(?:[РС][^\\sА-Яа-яA-Za-z0-9]){2}")

Make = Callable[[int], Article | str]


def keys_of(identity: Identity, *, source_id: str, feed_id: str) -> tuple[Key, ...]:
    """By what an entry is looked up, the strongest first: its URL, its guid within the feed, its headline of the day.

    The headline decides only where there is nothing else, or where a relaunch has changed everything else at once.
    """
    keys = []
    if identity.canonical_url is not None:
        keys.append(Key(_hash("url", identity.canonical_url), "url"))
    if identity.guid is not None:
        keys.append(Key(_hash("guid", feed_id, identity.guid), "guid"))
    if identity.title:
        keys.append(Key(_hash("title", source_id, identity.title, identity.day), "title"))
    return tuple(keys)


def alias_key(canonical_url: str) -> Key:
    """Of another URL for a known article (a redirect target, rel=canonical): entries with that URL find it."""
    return Key(_hash("url", canonical_url), "alias")


def document_keys(
    identities: Sequence[Identity], *, source_id: str, feed_id: str
) -> tuple[tuple[Key, ...], ...]:
    """The keys of a document's entries without those that tell nobody apart in it.

    One URL under different headlines and guids (every item links to the front page), one guid for different items, one
    headline over different URLs: such a key is dropped for all that claim it, and the others decide.
    """
    keys = [keys_of(identity, source_id=source_id, feed_id=feed_id) for identity in identities]
    first: dict[int, int] = {}
    useless: set[int] = set()
    for position, claimed in enumerate(keys):
        for key in claimed:
            earlier = first.setdefault(key.hash, position)
            if earlier != position and not _same_item(key.kind, identities[earlier], identities[position]):
                useless.add(key.hash)
    if not useless:
        return tuple(keys)
    return tuple(tuple(key for key in claimed if key.hash not in useless) or claimed[:1] for claimed in keys)


def judge(
    identities: Sequence[Identity],
    keys: Sequence[tuple[Key, ...]],
    known: Mapping[int, Known],
    *,
    make: Make,
    source_id: str,
    feed_id: str,
    not_before: datetime | None = None,
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

    Returns:
        One verdict per entry, in order. `why` of a revision names what changed: "title", "teaser", "time", or several
        of them, joined by ", "; without "time" the article carries the published_at it had. A repetition within the
        document is unchanged, its keys are added to those of the first. The keys of a verdict are those to be added to
        the store for its article: none that the store already has.
    """
    judging = _Judging(identities, keys, known, make, source_id, feed_id, not_before)
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
    done: list[Verdict] = field(default_factory=list)
    first: dict[int, int] = field(default_factory=dict)  # key hash -> position of the first to claim it
    told: dict[int, int] = field(default_factory=dict)  # article id -> position of the first to tell of it
    original: dict[int, int] = field(default_factory=dict)  # position of a repetition -> of what it repeats

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
        return _without_build_times(self.done)

    # --- recognising

    def _stored(self, position: int) -> Known | None:
        identity = self.identities[position]
        for key in self._deciding(position, self.known):
            known = self.known.get(key.hash)
            if known is not None and _recognised(key.kind, known, identity):
                return known
        return None

    def _repeated(self, position: int) -> int | None:
        for key in self._deciding(position, self.known, self.first):
            earlier = self.first.get(key.hash)
            if earlier is not None and _same_item(
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
        """The entries that a relaunch has given new addresses and ids, by their headlines; none when there was none."""
        unknown = [position for position, hit in enumerate(hits) if hit is None]
        if len(unknown) < RELAUNCH_ENTRIES or len(unknown) < RELAUNCH_UNKNOWN * len(hits):
            return {}
        found: dict[int, Known] = {}
        for position in unknown:
            title = self.identities[position].title
            for key in self.keys[position]:
                known = self.known.get(key.hash)
                if (
                    key.kind == "title"
                    and known
                    and known.source_id == self.source_id
                    and fold(known.title) == title
                ):
                    found[position] = known
        return found if len(found) >= RELAUNCH_TITLES * len(unknown) else {}

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
        if moved is None and self._old(identity.day):
            return self._no_news(verdict)
        made = self.make(position)
        if isinstance(made, str):
            return replace(verdict, outcome="rejected", keys=(), why=made)
        if moved is not None and _about(made, moved.published_at, SAME_DAY):
            return _changed(replace(verdict, of=moved.article_id), made, moved)
        if self.not_before is not None and made.published_at < self.not_before:
            return self._no_news(verdict)
        if not verdict.keys:
            return replace(verdict, outcome="rejected", why="nothing tells it from another article")
        return replace(verdict, outcome="new", article=made)

    def _old(self, day: str) -> bool:
        """Surely older than not_before, by the raw date alone: an archive in a feed is not cleaned at every poll."""
        if self.not_before is None or not day:
            return False
        return BELIEVABLE_DAYS < day < (self.not_before - SAME_DAY).date().isoformat()

    def _no_news(self, verdict: Verdict) -> Verdict:
        return replace(
            verdict,
            outcome="rejected",
            keys=(),
            why=f"published before {self.not_before:%Y-%m-%d}: no news any more",
        )

    def _of_known(self, verdict: Verdict, known: Known) -> Verdict:
        if known.purged:
            return replace(
                verdict,
                outcome="rejected",
                of=known.article_id,
                keys=(),
                why="purged earlier; does not come back",
            )
        verdict = replace(verdict, of=known.article_id)
        if known.source_id != self.source_id or known.feed_id not in ("", self.feed_id):
            return replace(verdict, fingerprint=known.fingerprint)
        if known.article_id in self.told:  # two readings in one document: the first counts, at every poll
            return replace(verdict, fingerprint=self.done[self.told[known.article_id]].fingerprint)
        if known.fingerprint == verdict.fingerprint:
            return verdict
        made = self.make(verdict.position)
        if isinstance(made, str):
            return verdict  # a poorer reading (without link or headline) of what is stored: seen, and nothing learned
        return _changed(verdict, made, known)

    def _repetition(self, verdict: Verdict, earlier: int) -> Verdict:
        earlier = self.original.get(earlier, earlier)
        self.original[verdict.position] = earlier
        of = self.done[earlier]
        if of.of is not None:
            return replace(verdict, of=of.of, fingerprint=of.fingerprint)
        self.done[earlier] = replace(of, keys=of.keys + verdict.keys)
        return replace(verdict, keys=(), fingerprint=of.fingerprint)


# --- sameness --------------------------------------------------------------------------------------------------


def fold(text: str) -> str:
    """For comparing: the words, in one case, without what stands between them."""
    if not text.isascii() and not is_normalized("NFC", text):
        text = normalize("NFC", text)
    return " ".join(_WORD.findall(text.casefold()))


def _recognised(kind: KeyKind, known: Known, identity: Identity) -> bool:
    """Whether a hit is more than an equal hash. A tombstone, which keeps no texts, is believed for all but a guid."""
    if kind != "guid" and (known.purged or known.canonical_url == identity.canonical_url):
        return True
    return _agree(fold(known.title), identity.title) or (
        kind != "title" and _same_tail(known.canonical_url, identity.canonical_url)
    )


def _same_item(kind: KeyKind, a: Identity, b: Identity) -> bool:
    """Whether two entries of one document that share a key are one item."""
    if kind == "title":
        return a.canonical_url is None or b.canonical_url is None or a.canonical_url == b.canonical_url
    if _agree(a.title, b.title):
        return True
    if kind == "guid":
        return _same_tail(a.canonical_url, b.canonical_url)
    if a.guid is not None and b.guid is not None and a.title and b.title:
        return a.guid == b.guid
    # Without guids an address is believed: a section page links one article under several headlines. But many items of a
    # poor feed link to the front page.
    return not (a.title and b.title and _is_front_page(a.canonical_url))


def _agree(a: str, b: str) -> bool:
    """Two folded headlines: equal, or one the beginning of the other."""
    if a == b:
        return a != ""
    short, long = (a, b) if len(a) < len(b) else (b, a)
    return len(short) >= AGREEING_PREFIX and long.startswith(short)


def _same_tail(a: str | None, b: str | None) -> bool:
    """The last segment of the path with its query: what stays when a section's or a host's name changes."""
    if not a or not b or _is_front_page(a):
        return False
    return a.rpartition("/")[2] == b.rpartition("/")[2]


def _is_front_page(canonical_url: str | None) -> bool:
    return canonical_url is not None and canonical_url.endswith("/")  # paths of canonical URLs do not


def _about(article: Article, at: datetime | None, within: timedelta) -> bool:
    return at is None or article.published_origin == "first_seen" or abs(article.published_at - at) <= within


# --- changes ---------------------------------------------------------------------------------------------------


def _changed(verdict: Verdict, article: Article, known: Known) -> Verdict:
    """A revision, when what readers see is really different; else unchanged, with the new fingerprint."""
    changes = []
    if fold(article.title) != fold(known.title):
        changes.append("title")
    if _teaser_changed(fold(known.teaser), fold(article.teaser)):
        changes.append("teaser")
    if _damage(article) > _MOJIBAKE.subn("", f"{known.title}\n{known.teaser}")[1]:
        return verdict  # the outlet's encoding broke; what we have is better
    if _time_changed(article, known):
        changes.append("time")
    elif known.published_at is not None:
        article = replace(article, published_at=known.published_at)
    if not changes:
        return verdict
    return replace(verdict, outcome="revision", article=article, why=", ".join(changes))


def _teaser_changed(old: str, new: str) -> bool:
    """A teaser that is shorter but else the same was cut, not changed: feeds of one outlet cut differently."""
    return new != "" and not old.startswith(new)


def _time_changed(article: Article, known: Known) -> bool:
    if known.published_at is None:
        return False
    if article.published_origin not in ("feed", "sitemap") or (article.published_note or "").startswith(
        "clamped"
    ):
        return False  # not what the outlet says, or moving with the clock
    within = SAME_DAY if article.published_precision == "day" else SAME_TIME
    return not _about(article, known.published_at, within)


def _damage(article: Article) -> int:
    return _MOJIBAKE.subn("", f"{article.title}\n{article.teaser}")[1]


def _without_build_times(verdicts: Sequence[Verdict]) -> tuple[Verdict, ...]:
    times = [
        verdict.article.published_at for verdict in verdicts if verdict.article and verdict.why == "time"
    ]
    if len(times) < BUILD_TIME_ENTRIES or max(times) - min(times) >= SAME_TIME:
        return tuple(verdicts)
    return tuple(
        replace(verdict, outcome="unchanged", article=None, why="") if verdict.why == "time" else verdict
        for verdict in verdicts
    )


def _hash(kind: KeyKind, *parts: str) -> int:
    """Signed 64 bits, as databases store them; the kind is part of it, so kinds never meet."""
    text = "\x1f".join((kind, *parts)).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "big", signed=True)
