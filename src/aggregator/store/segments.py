"""An inverted index in rows: what shares a number with what, over articles by the hundred thousand, in a millisecond.

A segment is one row: the articles of some batches, under each key (a term, a band) their ids, as packed arrays. New articles
make a small segment; eight of one size are merged into one of the next, as in a log-structured merge tree (O'Neil et
al. 1996): an article is written some four times until it lies in a large one. A row never changes but for the ids that were
taken out of it; so what was read once serves for as long as the row is there, and a search costs what its keys
have in common, however much is stored.
"""

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias
from zlib import crc32

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from aggregator.model import IndexRow
from aggregator.store.candidates import Memory
from aggregator.store.schema import segment
from aggregator.store.sql import insert

FANOUT = 8
"""Segments of one size that are merged: more of them make every search slower, fewer every article be written oftener."""

SMALLEST = 128
"""Articles; smaller segments count as of this size."""

LARGEST = 1 << 16
"""Articles; larger ones are not merged, and retention drops them whole."""

POSTINGS = 4_000
"""Latest articles that are looked at for one term: a term more of them hold separates nothing."""

COUNTED = 1 << 21
"""Ids of a range that are counted in a place each; in a wider one those that were found are sorted."""

Kind = Literal["terms", "bands"]
Keys: TypeAlias = npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Postings:
    """Keys, and under each the articles that have it, in growing order."""

    keys: Keys  # sorted, each once
    starts: Keys  # of each key's articles; one more than there are keys
    articles: Keys  # counted from the segment's first id

    @classmethod
    def of(cls, keys: Keys, articles: Keys) -> "Postings":
        """Args: keys, articles: pairs, in any order."""
        order = np.lexsort((articles, keys))
        keys, articles = keys[order], articles[order]
        unique, starts = np.unique(keys, return_index=True)
        return cls(unique, np.append(starts, len(keys)).astype(np.uint32), articles)

    def pairs(self) -> tuple[Keys, Keys]:
        return np.repeat(self.keys, np.diff(self.starts)), self.articles

    def without(self, gone: npt.NDArray[np.int64]) -> "Postings":
        """Args: gone: articles, counted as here."""
        stays = ~np.isin(self.articles, gone)
        kept = np.append(0, np.cumsum(stays)).astype(np.uint32)
        return Postings(self.keys, kept[self.starts], self.articles[stays])

    def under(self, wanted: Keys) -> Iterable[tuple[int, Keys]]:
        """(place in `wanted`, articles) of the keys that are there."""
        if not len(self.keys):
            return
        at = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        for place in np.flatnonzero(self.keys[at] == wanted).tolist():
            start = at[place]
            yield place, self.articles[self.starts[start] : self.starts[start + 1]]

    @property
    def size(self) -> int:
        """In bytes."""
        return self.keys.nbytes + self.starts.nbytes + self.articles.nbytes

    def fits(self, last: int) -> bool:
        """Whether it is what `of` makes of articles numbered up to `last`."""
        return (
            len(self.starts) == len(self.keys) + 1
            and bool(self.starts[0] == 0)
            and bool(self.starts[-1] == len(self.articles))
            and bool(np.all(self.keys[:-1] < self.keys[1:]))
            and bool(np.all(self.starts[:-1] <= self.starts[1:]))
            and (not len(self.articles) or int(self.articles.max()) <= last)
        )

    def to_bytes(self) -> bytes:
        count = np.array([len(self.keys)], "<u4")
        return b"".join(
            array.astype("<u4").tobytes() for array in (count, self.keys, self.starts, self.articles)
        )

    @classmethod
    def from_bytes(cls, packed: bytes) -> "Postings":
        numbers = np.frombuffer(packed, "<u4")
        count = int(numbers[0])
        return cls(numbers[1 : count + 1], numbers[count + 1 : 2 * count + 2], numbers[2 * count + 2 :])


class Place(NamedTuple):
    """A segment without what is in it."""

    number: int
    tag: int  # random: numbers are given again after a transaction that was taken back
    first_id: int
    last_id: int
    articles: int
    gone: bytes  # ids that were taken out, as little-endian int64


def _read(connection: sa.Connection, memory: Memory, place: Place, kind: Kind) -> Postings:
    """Without the articles that were taken out; what is kept in memory lacks some of them already."""
    known: tuple[int, Postings] | None = memory.get((place.tag, kind))
    lacking, held = known or (-1, None)
    if held is not None and lacking == len(place.gone):
        return held
    if held is None or lacking > len(place.gone):  # an older snapshot: in it more is there
        packed = connection.execute(_PACKED[kind], {"the_number": place.number}).scalar_one()
        held = Postings.from_bytes(bytes(packed))
    if place.gone:
        held = held.without(np.frombuffer(place.gone, "<i8") - place.first_id)
    memory.keep((place.tag, kind), (len(place.gone), held), held.size)
    return held


# --- what is there ----------------------------------------------------------------------------------------------------


def places(connection: sa.Connection, since_id: int, until_id: int) -> list[Place]:
    """The segments that may hold ids of the range, in the order they were made."""
    return [Place(*row) for row in connection.execute(_PLACES, {"since": since_id, "until": until_id})]


def search(
    connection: sa.Connection, memory: Memory, terms: Sequence[str], since_id: int, until_id: int, limit: int
) -> list[int]:
    """Ids that share terms, those with the rarest first, then the newest.

    A term is worth log(1 + n / f) where f of the n articles of the range have it, of which POSTINGS count.
    """
    wanted = term_keys(terms)
    found: list[list[npt.NDArray[np.int64]]] = [[] for _ in wanted]
    known = places(connection, since_id, until_id)
    for place in known:
        for number, articles in _read(connection, memory, place, "terms").under(wanted):
            ids = _within(articles, place, since_id, until_id)
            if len(ids):
                found[number].append(ids)
    held = [np.sort(np.concatenate(parts)) if len(parts) > 1 else parts[0] for parts in found if parts]
    if not held:
        return []
    first = max(since_id, min(place.first_id for place in known))
    width = min(until_id, max(place.last_id for place in known) + 1) - first
    lengths = [min(len(ids), POSTINGS) for ids in held]
    rarity = np.log1p(width / np.array(lengths)).astype(np.float32)
    everything = np.concatenate([ids[-POSTINGS:] for ids in held])
    weights = np.repeat(rarity, lengths)
    if width <= COUNTED:
        scores = np.bincount(everything - first, weights)
        ids = np.flatnonzero(scores)
        scores = scores[ids]
        ids += first
    else:
        ids, place_of = np.unique(everything, return_inverse=True)
        scores = np.bincount(place_of, weights)
    if len(ids) > limit:
        near = scores >= np.partition(scores, len(ids) - limit)[len(ids) - limit]
        ids, scores = ids[near], scores[near]
    order = np.lexsort((-ids, -scores))[:limit]
    best: list[int] = ids[order].tolist()
    return best


def sharing(
    connection: sa.Connection, memory: Memory, bands: Sequence[int], since_id: int, until_id: int, limit: int
) -> list[int]:
    """Ids that share a band, the newest first; one in 2**32 by chance."""
    wanted = band_keys(bands)
    found: list[npt.NDArray[np.int64]] = []
    for place in places(connection, since_id, until_id):
        for _, articles in _read(connection, memory, place, "bands").under(wanted):
            found.append(_within(articles, place, since_id, until_id))
    if not found:
        return []
    ids: list[int] = np.unique(np.concatenate(found))[::-1][:limit].tolist()
    return ids


def _within(articles: Keys, place: Place, since_id: int, until_id: int) -> npt.NDArray[np.int64]:
    ids = articles.astype(np.int64) + place.first_id
    if place.first_id < since_id or place.last_id >= until_id:
        ids = ids[np.searchsorted(ids, since_id) : np.searchsorted(ids, until_id)]
    return ids


# --- changing it ------------------------------------------------------------------------------------------------------


def add(connection: sa.Connection, rows: Sequence[IndexRow]) -> None:
    """Rows of articles that are in no segment, or were taken out of theirs."""
    rows = sorted(rows, key=lambda row: row.article_id)
    for start in range(0, len(rows), LARGEST):
        _add(connection, rows[start : start + LARGEST])


def _add(connection: sa.Connection, rows: Sequence[IndexRow]) -> None:
    first = rows[0].article_id
    if rows[-1].article_id - first >= 1 << 31:  # ids are counted from the first in 32 bits
        half = len(rows) // 2
        _add(connection, rows[:half])
        _add(connection, rows[half:])
        return
    terms = [(term_keys(row.terms), row.article_id - first) for row in rows]
    bands = [(band_keys(row.bands), row.article_id - first) for row in rows]
    _write(connection, first, rows[-1].article_id, len(rows), _postings(terms), _postings(bands))
    _merge(connection)


def _postings(rows: Sequence[tuple[Keys, int]]) -> Postings:
    keys = np.concatenate([keys for keys, _ in rows])
    return Postings.of(
        keys, np.repeat(np.array([n for _, n in rows], np.uint32), [len(keys) for keys, _ in rows])
    )


def _merge(connection: sa.Connection) -> None:
    """While the last FANOUT segments are of one size, one is made of them."""
    while True:
        last = [Place(*row) for row in connection.execute(_LAST, {"many": FANOUT})]
        sizes = {_size(place.articles) for place in last}
        if len(last) < FANOUT or len(sizes) > 1 or sizes == {_size(LARGEST)}:
            return
        first = min(place.first_id for place in last)
        if max(place.last_id for place in last) - first >= 1 << 31:
            return
        pairs: dict[Kind, Postings] = {kind: _merged(connection, last, kind, first) for kind in _KINDS}
        connection.execute(segment.delete().where(segment.c.number >= last[-1].number))
        articles = sum(place.articles - len(place.gone) // 8 for place in last)
        if articles:
            _write(
                connection,
                first,
                max(place.last_id for place in last),
                articles,
                pairs["terms"],
                pairs["bands"],
            )


def _merged(connection: sa.Connection, merged: Sequence[Place], kind: Kind, first: int) -> Postings:
    keys, articles = [], []
    for place in merged:
        own_keys, own = _read(connection, Memory(), place, kind).pairs()
        keys.append(own_keys)
        articles.append((own.astype(np.int64) + (place.first_id - first)).astype(np.uint32))
    return Postings.of(np.concatenate(keys), np.concatenate(articles))


def _size(articles: int) -> int:
    size = SMALLEST
    while size < min(articles, LARGEST):
        size *= FANOUT
    return size


def _write(
    connection: sa.Connection, first: int, last: int, articles: int, terms: Postings, bands: Postings
) -> None:
    newest = connection.scalar(sa.select(sa.func.max(segment.c.number))) or 0
    values: Mapping[str, Any] = {
        "number": newest + 1,
        "tag": secrets.randbits(62),
        "first_id": first,
        "last_id": last,
        "articles": articles,
        "gone": b"",
        "terms": terms.to_bytes(),
        "bands": bands.to_bytes(),
    }
    insert(connection, segment, [values])


def remove(connection: sa.Connection, ids: Sequence[int]) -> None:
    """Take articles out; they may be added again."""
    wanted = np.array(sorted(ids), "<i8")
    for place in places(connection, int(wanted[0]), int(wanted[-1]) + 1) if len(wanted) else ():
        inside = wanted[(wanted >= place.first_id) & (wanted <= place.last_id)]
        gone = np.union1d(np.frombuffer(place.gone, "<i8"), inside)
        if len(inside):
            of_it = segment.update().where(segment.c.number == place.number)
            connection.execute(of_it.values(gone=gone.astype("<i8").tobytes()))


def drop_below(connection: sa.Connection, first_id: int) -> None:
    connection.execute(segment.delete().where(segment.c.last_id < first_id))


def damage(connection: sa.Connection) -> Iterator[str]:
    """What cannot be right in the segments, a sentence each."""
    for row in connection.execute(sa.select(*_PLACE).order_by(segment.c.number)):
        place = Place(*row)
        for kind in _KINDS:
            packed = connection.execute(_PACKED[kind], {"the_number": place.number}).scalar_one()
            try:
                whole = Postings.from_bytes(bytes(packed)).fits(place.last_id - place.first_id)
            except (ValueError, IndexError):
                whole = False
            if not whole:
                yield f"segment: number {place.number} has {kind} that cannot be read"


# --- keys ---------------------------------------------------------------------------------------------------------------


def term_keys(terms: Sequence[str]) -> Keys:
    """Eight hexadecimal digits are the number they spell; of another term its checksum, whatever its case."""
    return np.array([_term_key(term) for term in dict.fromkeys(terms)], np.uint32)


def _term_key(term: str) -> int:
    if len(term) == 8:
        try:
            return int(term, 16)
        except ValueError:
            pass
    return crc32(term.lower().encode("utf-8", "surrogatepass"))


def band_keys(bands: Sequence[int]) -> Keys:
    return np.array([band & 0xFFFFFFFF for band in dict.fromkeys(bands)], np.uint32)


_KINDS: tuple[Kind, ...] = ("terms", "bands")
_PLACE = (
    segment.c.number,
    segment.c.tag,
    segment.c.first_id,
    segment.c.last_id,
    segment.c.articles,
    segment.c.gone,
)
_PLACES = (
    sa.select(*_PLACE)
    .where(segment.c.last_id >= sa.bindparam("since"), segment.c.first_id < sa.bindparam("until"))
    .order_by(segment.c.number)
)
_LAST = sa.select(*_PLACE).order_by(segment.c.number.desc()).limit(sa.bindparam("many", type_=sa.Integer))
_PACKED: Mapping[Kind, sa.Select[Any]] = {
    "terms": sa.select(segment.c.terms).where(segment.c.number == sa.bindparam("the_number")),
    "bands": sa.select(segment.c.bands).where(segment.c.number == sa.bindparam("the_number")),
}
