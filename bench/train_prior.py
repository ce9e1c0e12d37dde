"""Item files -> the table of document frequencies that the package ships.

    python -m bench.train_prior ITEMS.jsonl ... --out src/aggregator/relate/data/frequencies.npz

A document is a headline with the start of its text or its teaser; a term is what relate makes of a word, or a pair of
words of a headline. Same files, same table.
"""

import argparse
from collections import Counter
from pathlib import Path

import numpy as np

from aggregator.relate.prior import term_id
from aggregator.relate.terms import count_terms
from aggregator.relate.tokens import words
from bench.items import read_items

LEAST = 3
"""Documents a term must stand in; rarer ones are as good as unknown."""
TERMS = 90_000


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("items", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    documents = 0
    frequencies: Counter[int] = Counter()
    seen: set[tuple[str, str]] = set()
    for item in read_items(arguments.items):
        if (item.title, item.teaser) in seen:  # the same item in two files
            continue
        seen.add((item.title, item.teaser))
        documents += 1
        counts = count_terms(
            item.title, words(item.body or item.teaser), item.language, with_text=bool(item.body)
        )
        frequencies.update(set(map(term_id, counts)))
    common = sorted(
        ((term, count) for term, count in frequencies.items() if count >= LEAST),
        key=lambda entry: (-entry[1], entry[0]),
    )[:TERMS]
    common.sort()
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        arguments.out,
        ids=np.array([term for term, _ in common], np.uint32),
        frequencies=np.array([count for _, count in common], np.uint32),
        documents=np.array(documents),
    )
    print(
        f"{documents:,} documents, {len(frequencies):,} terms, {len(common):,} kept, {arguments.out.stat().st_size:,} bytes"
    )


if __name__ == "__main__":
    main()
