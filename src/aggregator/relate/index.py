"""WindowIndex: a CandidateIndex in memory, for long-running processes, benches and the articles of one batch.

Ranks as the database does: by how rare the shared terms are among what it holds. Scoring works on the blobs, so a list
comes out the same whichever index proposed its candidates.
"""

from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from math import log

import numpy as np

from aggregator.model import IndexRow

POSTINGS = 4_000
"""Latest articles that are looked at for one term: a term more of them hold separates nothing."""


class WindowIndex:
    """Articles by their terms and bands. Ids are added in growing order."""

    def __init__(self, rows: Iterable[IndexRow] = ()) -> None:
        self._ids = array("q")
        self._blobs: dict[int, bytes] = {}
        self._terms: defaultdict[str, array[int]] = defaultdict(partial(array, "i"))  # term -> places in _ids
        self._bands: defaultdict[int, list[int]] = defaultdict(list)  # band -> article ids
        self.add(rows)

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, rows: Iterable[IndexRow]) -> None:
        """Rows of articles that are in it already are left as they are.

        Raises:
            ValueError: an id is smaller than one that is in it already.
        """
        for row in rows:
            if row.article_id in self._blobs:
                continue
            if self._ids and row.article_id < self._ids[-1]:
                raise ValueError(f"article {row.article_id} was added after {self._ids[-1]}")
            place = len(self._ids)
            self._ids.append(row.article_id)
            self._blobs[row.article_id] = row.blob
            for term in row.terms:
                self._terms[term].append(place)
            for band in row.bands:
                self._bands[band].append(row.article_id)

    def search(
        self, terms: Sequence[str], *, since_id: int, until_id: int | None, limit: int
    ) -> Sequence[tuple[int, bytes]]:
        """(id, blob) of articles in the range that share terms, those with the rarest first, then the newest."""
        first = bisect_left(self._ids, since_id)
        end = len(self._ids) if until_id is None else bisect_left(self._ids, until_id)
        width = end - first
        if width <= 0 or limit <= 0:
            return ()
        found = []
        rarity = []
        for term in dict.fromkeys(terms):
            postings = self._terms.get(term)
            if postings is None:
                continue
            start = max(0, len(postings) - POSTINGS)
            low = bisect_left(postings, first, start) if postings[start] < first else start
            high = bisect_left(postings, end, low) if postings[-1] >= end else len(postings)
            if low < high:
                found.append(np.frombuffer(postings, np.intc, high - low, low * postings.itemsize))
                rarity.append(log(1 + width / (high - low)))
        if not found:
            return ()
        places = np.concatenate(found) - first
        # The views must be gone before anything is appended: an array that is looked at cannot grow.
        weights = np.repeat(np.array(rarity, np.float32), [len(view) for view in found])
        del found
        scores = np.bincount(places, weights, width)
        best = np.flatnonzero(scores)
        if len(best) > limit:
            best = best[scores[best] >= np.partition(scores[best], len(best) - limit)[len(best) - limit]]
        order = np.lexsort((-best, -scores[best]))[:limit]
        return [
            (article_id, self._blobs[article_id])
            for article_id in (self._ids[first + place] for place in best[order].tolist())
        ]

    def copies(
        self, bands: Sequence[int], *, since_id: int, until_id: int | None, limit: int
    ) -> Sequence[tuple[int, bytes]]:
        found: dict[int, None] = {}
        for band in bands:
            for article_id in self._bands.get(band, ()):
                if article_id >= since_id and (until_id is None or article_id < until_id):
                    found[article_id] = None
        return [(article_id, self._blobs[article_id]) for article_id in sorted(found, reverse=True)[:limit]]

    def get(self, ids: Iterable[int]) -> Mapping[int, bytes]:
        return {article_id: self._blobs[article_id] for article_id in ids if article_id in self._blobs}
