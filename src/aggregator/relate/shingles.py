"""Words -> shingles (every run of four words, as a number) -> bands by which two copies find each other.

Jaccard >= .15 over exact 4-word shingles tells copies from reports of the same event (pair F1 .999 on synthetic copies,
SimHash .825); a band is the least shingle under one permutation, so two texts share one with a probability of J each.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple
from zlib import crc32

import numpy as np
import numpy.typing as npt

from aggregator.relate.tokens import folded_words

WIDTH = 4
KEPT = 512
"""Shingles kept of one article; of longer texts every second, fourth, ... by value, so that samples agree."""
BANDS = 16

Hashes = npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Shingles:
    """Sorted, unique. A shift of n keeps the hashes whose lowest n bits are 0."""

    hashes: Hashes
    shift: int = 0

    def at(self, shift: int) -> Hashes:
        """The sample that a larger shift would have kept."""
        if shift <= self.shift:
            return self.hashes
        kept: Hashes = self.hashes[self.hashes & np.uint32((1 << shift) - 1) == 0]
        return kept


_MULTIPLIERS = np.array(
    [0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93], np.uint64
)
_PERMUTATIONS = np.frombuffer(
    b"".join(blake2b(b"band %d" % n, digest_size=8).digest() for n in range(2 * BANDS)), "<u8"
)
_ODD = _PERMUTATIONS[:BANDS] | np.uint64(1)
_ADDED = _PERMUTATIONS[BANDS:]


def shingle(words: Sequence[str]) -> Shingles:
    """The 4-word shingles of folded words; of fewer words than four, one shingle of all of them."""
    if not words:
        return Shingles(np.empty(0, np.uint32))
    encoded = " ".join(words).encode("utf-8", "surrogatepass").split(b" ")
    tokens = np.fromiter(map(crc32, encoded), np.uint64, len(encoded))
    width = min(WIDTH, len(tokens))
    runs = len(tokens) - width + 1
    mixed = np.zeros(runs, np.uint64)
    for place in range(width):
        mixed += tokens[place : place + runs] * _MULTIPLIERS[place]
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    hashes = _unique((mixed >> np.uint64(32)).astype(np.uint32))
    shift = 0
    while len(hashes) > KEPT:
        shift += 1
        hashes = hashes[hashes & np.uint32((1 << shift) - 1) == 0]
    return Shingles(hashes, shift)


def _unique(hashes: Hashes) -> Hashes:
    """Sorted, each once: 3 us for 500 numbers, where numpy.unique of numpy 2.3 builds a hash table first and takes 28."""
    ordered = np.sort(hashes)
    first = np.empty(len(ordered), bool)
    first[:1] = True
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    found: Hashes = ordered[first]
    return found


class Overlap(NamedTuple):
    jaccard: float
    containment: float  # of the smaller one in the other
    shared: int  # shingles; of long texts, of the sample


def overlap(a: Shingles, b: Shingles) -> Overlap:
    """How much two texts have in common."""
    shift = max(a.shift, b.shift)
    first, second = a.at(shift), b.at(shift)
    if not len(first) or not len(second):
        return Overlap(0.0, 0.0, 0)
    shared = len(np.intersect1d(first, second, assume_unique=True))
    return Overlap(
        shared / (len(first) + len(second) - shared), shared / min(len(first), len(second)), shared
    )


def bands(title: str, shingles: Shingles) -> tuple[int, ...]:
    """Signed 64-bit numbers of which two copies share at least one, with high probability: 16 in all.

    One is the headline's; the others are least values under a permutation each.
    """
    found = [_signed(blake2b(" ".join(folded_words(title)).encode("utf-8"), digest_size=8).digest())]
    if len(shingles.hashes):
        permuted = shingles.hashes.astype(np.uint64)[:, None] * _ODD[None, 1:] + _ADDED[None, 1:]
        permuted ^= permuted >> np.uint64(31)
        permuted *= np.uint64(0x94D049BB133111EB)
        found += permuted.min(axis=0).view(np.int64).tolist()
    return tuple(found)


def _signed(digest: bytes) -> int:
    return int.from_bytes(digest, "big", signed=True)
