"""Words -> a vector of the whole text, from a small table of word vectors that is shipped with the package.

A headline has too few words to share them with its neighbours: the table brings "quake" near "earthquake". It is made by
bench/train_vectors.py from item files; without the file everything works on shared words alone.
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import log

import numpy as np
import numpy.typing as npt

from aggregator.relate.tokens import folded_words

LANGUAGES = ("", "en")
"""Languages the table knows words of."""
TEASER_WORDS = 30
TITLE_WEIGHT = 1.5


@dataclass(frozen=True, slots=True)
class Vector:
    """row * scale is of length one."""

    row: npt.NDArray[np.int8]
    scale: float


class VectorTable:
    """Word vectors as int8 rows, each with its scale; the word's weight is in the scale."""

    def __init__(self, words: list[str], rows: npt.NDArray[np.int8], scales: npt.NDArray[np.float32]) -> None:
        self._place = {word: place for place, word in enumerate(words)}
        self._rows = rows
        self._scales = scales

    def embed(self, title: str, teaser: str, language: str) -> Vector | None:
        """The vector of a headline and teaser; None when no word is known."""
        if language not in LANGUAGES:
            return None
        counts: dict[int, float] = {}
        for word in folded_words(title):
            if (place := self._place.get(word)) is not None:
                counts[place] = counts.get(place, 0.0) + TITLE_WEIGHT
        for word in folded_words(teaser[:500])[:TEASER_WORDS]:
            if (place := self._place.get(word)) is not None:
                counts[place] = counts.get(place, 0.0) + 1
        if not counts:
            return None
        places = list(counts)
        frequency = np.array([1 + log(count) for count in counts.values()], np.float32)
        summed = (frequency * self._scales[places]) @ self._rows[places].astype(np.float32)
        return quantise(summed)


def quantise(vector: npt.NDArray[np.float32]) -> Vector | None:
    """A vector of any length as an int8 row; None for the zero vector."""
    length = float(np.sqrt(vector @ vector))
    if not length:
        return None
    peak = float(np.abs(vector).max()) / 127
    return Vector(np.round(vector / peak).astype(np.int8), peak / length)


@cache
def table() -> VectorTable | None:
    """The shipped table, read when first asked for; None when the package carries none."""
    file = files("aggregator.relate").joinpath("data/vectors.npz")
    if not file.is_file():
        return None
    with file.open("rb") as opened:
        data = np.load(opened, allow_pickle=False)
        words = data["words"].tobytes().decode("utf-8").split("\n")
        return VectorTable(words, data["rows"], data["scales"].astype(np.float32))
