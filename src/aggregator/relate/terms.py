"""Article -> weighted terms, in two regimes: with text, and headline with teaser only.

Parameters were measured (docs/decisions/0006-relate.md). Text: headline x 3, headline bigrams x .5, the first 300 words,
pairs of capitalised words; the 80 heaviest terms. Short: headline x 2, headline bigrams x 1, the first 30 terms of the
teaser; idf ^ .75.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, islice, pairwise

import numpy as np

from aggregator.relate.prior import Prior, TermIds, Weights, term_ids
from aggregator.relate.tokens import tokenizer

TEXT_WORDS = 30
"""Words from which on an article counts as one with text."""
LEAD_WORDS = 300
TEASER_TERMS = 30
TEASER_WORDS = 150
"""Words that thirty terms are looked for in."""
HEAVIEST = 80


@dataclass(frozen=True, slots=True)
class Terms:
    """Terms of one article: ids sorted, weights with idf in them, of length one."""

    ids: TermIds
    weights: Weights


def count_terms(title: str, body: Sequence[str], language: str, *, with_text: bool) -> dict[str, float]:
    """Terms to their weighted counts, before idf.

    Args:
        body: words of the text or teaser, as written.
    """
    return _text_counts(title, body, language) if with_text else _short_counts(title, body, language)


def weigh(counts: dict[str, float], prior: Prior, *, with_text: bool) -> Terms:
    """(1 + ln count) x idf, the heaviest kept, brought to length one."""
    if not counts:
        return Terms(np.empty(0, np.uint32), np.empty(0, np.float32))
    ids = term_ids(counts)
    count = np.fromiter(counts.values(), np.float32, len(counts))
    frequency = np.where(count > 1, 1 + np.log(np.maximum(count, 1)), count)
    idf = prior.idf(ids)
    weights = frequency * (idf if with_text else idf**0.75)
    if len(ids) > HEAVIEST:
        kept = np.argpartition(-weights, HEAVIEST)[:HEAVIEST]
        ids, weights = ids[kept], weights[kept]
    order = np.argsort(ids, kind="stable")
    ids, weights = ids[order], weights[order]
    length = float(np.sqrt(weights @ weights))
    return Terms(ids, (weights / length).astype(np.float32) if length else weights)


def _text_counts(title: str, body: Sequence[str], language: str) -> dict[str, float]:
    known = tokenizer(language)
    said = body[:LEAD_WORDS]
    terms = [known[word] for word in said]
    counts: dict[str, float] = dict(Counter(chain.from_iterable(terms)))
    headline = known.flat(title)
    for term in headline:
        counts[term] = counts.get(term, 0.0) + 3
    for pair in _pairs(headline):
        counts[pair] = counts.get(pair, 0.0) + 0.5
    capitals = [place for place, word in enumerate(said) if word[0].isupper()]
    for first, second in pairwise(capitals):  # names of two words
        if second == first + 1 and len(terms[first]) == len(terms[second]) == 1:
            pair = f"{terms[first][0]} {terms[second][0]}"
            counts[pair] = counts.get(pair, 0.0) + 1
    return counts


def _short_counts(title: str, teaser: Sequence[str], language: str) -> dict[str, float]:
    counts: dict[str, float] = {}
    known = tokenizer(language)
    headline = known.flat(title)
    for term in headline:
        counts[term] = counts.get(term, 0.0) + 2
    for pair in _pairs(headline):
        counts[pair] = counts.get(pair, 0.0) + 1
    for term in islice(chain.from_iterable(known[word] for word in teaser[:TEASER_WORDS]), TEASER_TERMS):
        counts[term] = counts.get(term, 0.0) + 1
    return counts


def _pairs(terms: list[str]) -> list[str]:
    return [f"{first} {second}" for first, second in pairwise(terms)]
