"""A weighted graph -> communities, under a constant Potts model (Traag, Van Dooren, Nesterov 2011) for neighbour graphs.

Maximises the weight inside communities minus resolution x pairs that count in them, by local moving, refinement and
aggregation (Traag, Waltman, van Eck 2019), with every random choice replaced by the best one: the same graph gives the
same answer. A resolution is the density a community must have; unlike modularity it does not depend on the rest of the
graph. Of n nodes n^2/2 pairs count while there are few; of more, fewer: a node has edges to its nearest only, so that the
density of a community falls with its size however much its nodes are alike.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence

Graph = Sequence[Mapping[int, float]]
"""Weighted neighbours of node 0, 1, ...; symmetric, without loops."""

LARGE = 10.0
"""Nodes from which on pairs count less: n^2/2 / (1 + n / LARGE)^.5, which goes as n^1.5. B-cubed F1 of 3,581 headlines in
stories of 83 on average: .71 with n^2/2, .85 so (at their best edge weights .85 and .87); texts, in stories of 9: +-.003."""
_ROUNDS = 20


def communities(graph: Graph, *, resolution: float, initial: Sequence[int] | None = None) -> list[int]:
    """The community of each node, numbered by the first node in it.

    Args:
        initial: communities to start from; None: every node alone.
    """
    sizes = [1] * len(graph)
    pairs = _pairs(len(graph))
    members: list[list[int]] = [[node] for node in range(len(graph))]
    labels = list(initial) if initial is not None else list(range(len(graph)))
    for _ in range(_ROUNDS):
        labels = _move(graph, sizes, labels, pairs, resolution)
        parts = _refine(graph, sizes, labels, pairs, resolution)
        if len(set(parts)) == len(graph):
            break
        graph, sizes, members, labels = _aggregate(graph, sizes, members, labels, parts)
    found = [0] * sum(map(len, members))
    first: dict[int, int] = {}
    for node, label in enumerate(labels):
        first[label] = min(first.get(label, len(found)), members[node][0])
    for node, label in enumerate(labels):
        for member in members[node]:
            found[member] = first[label]
    return found


def _pairs(largest: int) -> list[float]:
    """Pairs that count in a community of 0, 1, ... nodes."""
    return [n * n / 2 / (1 + n / LARGE) ** 0.5 for n in range(largest + 1)]


def _move(
    graph: Graph, sizes: Sequence[int], labels: Sequence[int], pairs: Sequence[float], resolution: float
) -> list[int]:
    """Move nodes to the neighbouring community that gains most until none gains."""
    labels = _dense(labels)
    weight_of = [0] * (len(graph) + 1)  # size of each community; one more for a community that is still empty
    for node, label in enumerate(labels):
        weight_of[label] += sizes[node]
    empty = [label for label in range(len(graph), -1, -1) if not weight_of[label]]
    waiting = deque(range(len(graph)))
    queued = [True] * len(graph)
    while waiting:
        node = waiting.popleft()
        queued[node] = False
        old = labels[node]
        size = sizes[node]
        alone = pairs[size]
        weight_of[old] -= size
        if not weight_of[old]:
            empty.append(old)
        pull: dict[int, float] = defaultdict(float)
        for other, weight in graph[node].items():
            pull[labels[other]] += weight
        # Staying wins a tie, then the community that was met first: moves end, and end the same way.
        rest = weight_of[old]
        best, gain = old, pull.get(old, 0.0) - resolution * (pairs[rest + size] - pairs[rest] - alone)
        for label, weight in pull.items():
            rest = weight_of[label]
            here = weight - resolution * (pairs[rest + size] - pairs[rest] - alone)
            if here > gain + 1e-12:
                best, gain = label, here
        if gain < -1e-12:
            best = empty[-1]
        if empty and best == empty[-1]:
            empty.pop()
        weight_of[best] += size
        if best != old:
            labels[node] = best
            for other in graph[node]:
                if labels[other] != best and not queued[other]:
                    queued[other] = True
                    waiting.append(other)
    return labels


def _refine(
    graph: Graph, sizes: Sequence[int], labels: Sequence[int], pairs: Sequence[float], resolution: float
) -> list[int]:
    """Divide each community into parts that hold together by themselves: singletons, merged where that gains."""
    parts = list(range(len(graph)))
    weight_of = list(sizes)
    alone = [True] * len(graph)
    for node in range(len(graph)):
        if not alone[node]:
            continue
        pull: dict[int, float] = defaultdict(float)
        for other, weight in graph[node].items():
            if labels[other] == labels[node]:
                pull[parts[other]] += weight
        best, gain = node, 0.0
        size = sizes[node]
        for part, weight in pull.items():
            rest = weight_of[part]
            here = weight - resolution * (pairs[rest + size] - pairs[rest] - pairs[size])
            if here > gain + 1e-12:
                best, gain = part, here
        if best != node:
            alone[node] = alone[best] = False
            weight_of[best] += sizes[node]
            weight_of[node] -= sizes[node]
            parts[node] = best
    return parts


def _aggregate(
    graph: Graph,
    sizes: Sequence[int],
    members: Sequence[list[int]],
    labels: Sequence[int],
    parts: Sequence[int],
) -> tuple[Graph, list[int], list[list[int]], list[int]]:
    """One node for each part; its community is the one that its members were in."""
    parts = _dense(parts)
    count = max(parts) + 1
    sums: list[dict[int, float]] = [defaultdict(float) for _ in range(count)]
    merged_sizes = [0] * count
    merged_members: list[list[int]] = [[] for _ in range(count)]
    merged_labels = [0] * count
    for node, part in enumerate(parts):
        merged_sizes[part] += sizes[node]
        merged_members[part] += members[node]
        merged_labels[part] = labels[node]
        for other, weight in graph[node].items():
            if parts[other] != part:
                sums[part][parts[other]] += weight
    for group in merged_members:
        group.sort()
    return sums, merged_sizes, merged_members, merged_labels


def _dense(labels: Iterable[int]) -> list[int]:
    """Labels renumbered 0, 1, ... in the order they are met."""
    numbers: dict[int, int] = {}
    return [numbers.setdefault(label, len(numbers)) for label in labels]
