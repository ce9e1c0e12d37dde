"""How much two articles belong together: cosine of weighted terms, word vectors where both are short, hours apart.

What a term is worth comes from the shipped prior (inside the weights) and from how common it is among the candidates: a
word that half of them share separates nothing, whatever language it is in.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aggregator.relate.features import AT_AT, HEADER_SIZE, TERM_COUNT_AT, Features
from aggregator.relate.prior import prior
from aggregator.settings import RelateSettings

VECTOR_WEIGHT = 0.75
SHORT_DECAY = 0.3
"""Share of the configured decay that applies to headlines: hours tell less there than in texts."""
TEXT_DECAY = 0.5
"""The same in lists of articles with text (nDCG@5 on two sets of them, without hours and with .5 and 1: .929 .925 .914 where
times are random, .952 .971 .977 where stories are bursts)."""
EDGE_DECAY = 0.9
"""The same for edges between texts: last month's report of a fire may stand in a list, and is another story. B-cubed F1 on
three sets at .67, .83, .9 and 1: .962 .920 .975, .979 .920 .989, .979 .920 .989, .971 .920 .990."""

Scores = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Scored:
    """A candidate with its scores, lexical and whole."""

    article_id: int
    score: float  # with vectors and hours
    lexical: float  # cosine of terms, with hours as they count in stories: what edges are made of
    blob: bytes


def score(
    query: Features,
    found: Sequence[tuple[int, bytes]],
    *,
    settings: RelateSettings,
    width: int | None = None,
    with_vectors: bool = True,
    least: float = 0.0,
) -> list[Scored]:
    """Every candidate but the article itself, best first.

    Args:
        found: (id, blob) as a CandidateIndex proposes them.
        with_vectors: False leaves word vectors out of the score; story edges do not need them.
        least: lexical score below which a candidate is left out.
        width: articles in the window they were proposed from; None: as many as were found.
    """
    found = [candidate for candidate in found if candidate[0] != query.article_id]
    if not found:
        return []
    lexical = _cosines(query, found, width or len(found))
    fading = _fading(query, found, settings)
    in_lists, in_stories = _decays(query)
    # Word vectors say nothing more about a text: with them its lists were a little worse.
    short = with_vectors and query.vector is not None and not query.with_text
    whole = lexical + VECTOR_WEIGHT * _vector_cosines(query, found) if short else lexical
    edges, totals = lexical * (1 - in_stories * fading), whole * (1 - in_lists * fading)
    kept = np.flatnonzero(edges >= least).tolist() if least else range(len(found))
    scored = [
        Scored(found[place][0], float(totals[place]), float(edges[place]), found[place][1]) for place in kept
    ]
    scored.sort(key=lambda candidate: (-candidate.score, -candidate.article_id))
    return scored


def _cosines(query: Features, found: Sequence[tuple[int, bytes]], width: int) -> Scores:
    counts = np.frombuffer(b"".join([blob[TERM_COUNT_AT : TERM_COUNT_AT + 2] for _, blob in found]), "<u2")
    ids = np.frombuffer(
        b"".join(
            [
                blob[HEADER_SIZE : HEADER_SIZE + 4 * n]
                for (_, blob), n in zip(found, counts.tolist(), strict=True)
            ]
        ),
        "<u4",
    )
    if not len(query.terms) or not len(ids):
        return np.zeros(len(found), np.float32)
    weights = np.frombuffer(
        b"".join(
            [
                blob[HEADER_SIZE + 4 * n : HEADER_SIZE + 6 * n]
                for (_, blob), n in zip(found, counts.tolist(), strict=True)
            ]
        ),
        "<f2",
    )
    # Most terms of a candidate are not the query's: a table over the low bits sorts them out before the search.
    likely = np.zeros(1 << 14, np.bool_)
    likely[query.terms & 0x3FFF] = True
    places = np.flatnonzero(likely[ids & 0x3FFF])
    at = np.minimum(np.searchsorted(query.terms, ids[places]), len(query.terms) - 1)
    shared = query.terms[at] == ids[places]
    places, at = places[shared], at[shared]
    damp = _damping(query, np.bincount(at, minlength=len(query.terms)), width)
    products = (query.weights * damp)[at] * weights[places].astype(np.float32)
    owner = np.repeat(np.arange(len(found)), counts)[places]
    return np.bincount(owner, products, len(found)).astype(np.float32)


def _damping(query: Features, frequency: npt.NDArray[np.intp], width: int) -> Scores:
    """Squared ratio of the idf that counts the window to the prior's."""
    known = prior()
    before, frequencies = known.known(query.terms)
    documents = known.documents + width
    now = np.log((documents + 1) / (frequencies + frequency + 0.5))
    power = 1.0 if query.with_text else 0.75
    return np.minimum(now / before, 1.0).astype(np.float32) ** np.float32(2 * power)


def _fading(query: Features, found: Sequence[tuple[int, bytes]], settings: RelateSettings) -> Scores:
    """What the hours between two articles take from their score at most: 0 to the configured decay."""
    at = np.frombuffer(b"".join([blob[AT_AT : AT_AT + 8] for _, blob in found]), "<i8")
    apart = np.abs(at - query.at.timestamp())
    half = settings.half_weight.total_seconds()
    return (settings.decay * (1 - np.exp(-apart / half))).astype(np.float32)


def _decays(query: Features) -> tuple[float, float]:
    """Shares of the fading that apply in lists and in stories."""
    return (TEXT_DECAY, EDGE_DECAY) if query.with_text else (SHORT_DECAY, SHORT_DECAY)


def _vector_cosines(query: Features, found: Sequence[tuple[int, bytes]]) -> Scores:
    assert query.vector is not None
    size = len(query.vector.row)
    own = query.vector.row.astype(np.float32) * np.float32(query.vector.scale)
    cosines = np.zeros(len(found), np.float32)
    rows, scales, holders = [], [], []
    for place, (_, blob) in enumerate(found):
        dimensions = blob[TERM_COUNT_AT + 4] | blob[TERM_COUNT_AT + 5] << 8
        if dimensions == size:
            start = HEADER_SIZE + 6 * (blob[TERM_COUNT_AT] | blob[TERM_COUNT_AT + 1] << 8)
            rows.append(blob[start : start + size])
            scales.append(blob[HEADER_SIZE - 4 : HEADER_SIZE])
            holders.append(place)
    if holders:
        matrix = np.frombuffer(b"".join(rows), "i1").reshape(len(holders), size).astype(np.float32)
        cosines[holders] = (matrix @ own) * np.frombuffer(b"".join(scales), "<f4")
    return cosines
