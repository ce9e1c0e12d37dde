"""How should copies find each other? Candidates by bands of minimal hashes, or by rare shingles, on labelled items.

    python -m bench.copies --data FILE.jsonl

Reads the lines that bench.quality reads, with `story` as the group of the same text. Every method sees the items in the
order of arrival and proposes earlier ones; a pair is found when it is proposed and the exact comparison would confirm it.
Prints for each: share of the confirmable pairs that are proposed, candidates per item, rows per item, microseconds per
look-up (in memory, CPU).
"""

import argparse
import json
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np

from aggregator import relate
from aggregator.relate.features import Features
from aggregator.relate.shingles import Shingles, bands
from bench.items import arrival_order, read_items
from bench.quality import to_article

Keys = Sequence[int]
CAP = 200
"""Newest candidates that are compared, as in the product."""


def permuted(shingles: Shingles, count: int) -> Keys:
    """Least values under `count` permutations, each with its number mixed in."""
    if not len(shingles.hashes):
        return ()
    random = np.random.default_rng(7)
    odd = random.integers(0, 1 << 62, count, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    added = random.integers(0, 1 << 62, count, dtype=np.uint64)
    values = shingles.hashes.astype(np.uint64)[:, None] * odd + added
    values ^= values >> np.uint64(31)
    values *= np.uint64(0x94D049BB133111EB)
    found: Keys = values.min(axis=0).view(np.int64).tolist()
    return found


def rarest(count: int) -> Callable[[Features], Keys]:
    """The shingles that fewest earlier items had; ties by value, so that copies choose alike."""
    seen: Counter[int] = Counter()

    def choose(item: Features) -> Keys:
        hashes = item.shingles.hashes.tolist()
        chosen = sorted(hashes, key=lambda hash: (seen[hash], hash))[:count]
        seen.update(hashes)
        return chosen

    return choose


METHODS: dict[str, Callable[[], Callable[[Features], Keys]]] = {
    "4 bands": lambda: lambda item: permuted(item.shingles, 4),
    "8 bands": lambda: lambda item: permuted(item.shingles, 8),
    "15 bands and the headline (ours)": lambda: lambda item: bands(item.title, item.shingles),
    "31 bands": lambda: lambda item: permuted(item.shingles, 31),
    "8 rarest shingles": lambda: rarest(8),
    "16 rarest shingles": lambda: rarest(16),
    "every shingle": lambda: lambda item: item.shingles.hashes.tolist(),
}


def propose(
    items: Iterable[Features], keys_of: Callable[[Features], Keys]
) -> tuple[set[tuple[int, int]], float, float, float]:
    """Pairs (later, earlier) proposed, candidates and rows per item, microseconds per item."""
    holders: defaultdict[int, list[int]] = defaultdict(list)
    pairs: set[tuple[int, int]] = set()
    rows = count = 0
    took = 0.0
    for item in items:
        began = time.process_time()
        keys = keys_of(item)
        found = {number for key in keys for number in holders[key][-CAP:]}
        for key in keys:
            holders[key].append(item.article_id)
        took += time.process_time() - began
        pairs.update((item.article_id, number) for number in sorted(found)[-CAP:])
        rows += len(keys)
        count += 1
    return pairs, len(pairs) / count, rows / count, took / count * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.copies",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True)
    arguments = parser.parse_args()
    lines = arrival_order(read_items([arguments.data]))
    items = [
        relate.features(to_article(line, number), owner="") for number, line in enumerate(lines, start=1)
    ]
    labels = {
        str(row["id"]): row["story"]
        for row in map(json.loads, arguments.data.read_text(encoding="utf-8").splitlines())
    }
    groups: defaultdict[str, list[Features]] = defaultdict(list)
    for line, item in zip(lines, items, strict=True):
        groups[labels[line.id]].append(item)
    confirmable = {
        (later.article_id, earlier.article_id)
        for members in groups.values()
        for earlier, later in combinations(members, 2)
        if relate.similarity(earlier, later)
    }
    print(f"{len(items):,} items, {len(confirmable):,} pairs that the exact comparison confirms")
    print(f"{'candidates by':34}{'found':>8}{'per item':>10}{'rows':>8}{'us':>8}")
    for name, make in METHODS.items():
        pairs, candidates, rows, took = propose(items, make())
        share = len(pairs & confirmable) / max(len(confirmable), 1)
        print(f"{name:34}{share:>8.2%}{candidates:>10.2f}{rows:>8.1f}{took:>8.0f}")


if __name__ == "__main__":
    main()
