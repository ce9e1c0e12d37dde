"""Term -> inverse document frequency, from a table that is shipped with the package.

The table counts in how many of the documents it was made from a term stood; bench/train_prior.py makes it again from
item files. Terms it does not know are taken as rarer than everything it knows. No state: the same text always gets the
same weights, in every process and on every store; what is common in the window alone is scoring's concern.
"""

from collections.abc import Collection
from functools import cache
from importlib.resources import files
from math import log
from zlib import crc32

import numpy as np
import numpy.typing as npt

TermIds = npt.NDArray[np.uint32]
Weights = npt.NDArray[np.float32]


def term_id(term: str) -> int:
    """A term as 32 bits: two terms of one window share a number about once in ten thousand vocabularies' words."""
    return crc32(term.encode("utf-8", "surrogatepass"))


def term_ids(terms: Collection[str]) -> TermIds:
    """term_id of each, encoded all at once: half the time. No term holds a line break."""
    encoded = "\n".join(terms).encode("utf-8", "surrogatepass").split(b"\n")
    return np.fromiter(map(crc32, encoded), np.uint32, len(terms))


class Prior:
    """Document frequencies by term id.

    Args:
        ids: sorted.
        frequencies: documents that hold the term, in the same order.
        documents: how many there were.
    """

    def __init__(self, ids: TermIds, frequencies: npt.NDArray[np.uint32], documents: int) -> None:
        self.documents = documents
        self._ids = ids
        self._idf = np.log((documents + 1) / (frequencies + 0.5)).astype(np.float32)
        self._frequencies = frequencies
        self.unknown = log((documents + 1) / 0.5)

    def idf(self, ids: TermIds) -> Weights:
        """ln((N + 1) / (df + .5)) of each term."""
        return self.known(ids)[0]

    def known(self, ids: TermIds) -> tuple[Weights, npt.NDArray[np.uint32]]:
        """idf and document frequency of each term."""
        place = np.minimum(np.searchsorted(self._ids, ids), len(self._ids) - 1)
        known = self._ids[place] == ids
        idf = np.where(known, self._idf[place], np.float32(self.unknown))
        return idf, np.where(known, self._frequencies[place], np.uint32(0))


@cache
def prior() -> Prior:
    """The shipped table; read once."""
    with files("aggregator.relate").joinpath("data/frequencies.npz").open("rb") as file:
        table = np.load(file, allow_pickle=False)
        return Prior(table["ids"], table["frequencies"].astype(np.uint32), int(table["documents"]))
