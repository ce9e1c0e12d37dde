"""Neighbour graph -> stories: communities of it, each keeping the number of the story it has most articles of.

A story's number is the id of the article it began with. Articles without neighbours keep what they have.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Set

from aggregator.relate.communities import communities

EDGE = 0.05
RESOLUTION = 0.08
"""Of the constant Potts model: a story's articles are worth this much to each other on average (.06-.10 is stable)."""

NEAREST = 8
"""Neighbours of an article, of all that have arrived, whose edges count; an edge counts when it is among those of one end.
The first articles of a window have only far neighbours when they arrive: such edges go when nearer ones come."""

Edge = tuple[int, int, float]


def refine(
    edges: Iterable[Edge],
    membership: Mapping[int, int],
    *,
    touched: Collection[int] | None = None,
    resolution: float = RESOLUTION,
) -> dict[int, int]:
    """Divide the graph into stories again.

    Args:
        edges: (article, article, score) of the window.
        membership: article -> story number so far.
        touched: articles that are new since the last time: only their stories, and those next to them, are divided
            again; None: all.

    Returns:
        The articles whose story changes, with the new number.
    """
    edges = [edge for edge in edges if edge[2] >= EDGE and edge[0] != edge[1]]
    if touched is None:
        neighbours = _neighbours(edges)
        articles = sorted(neighbours)
    else:
        reached = _reach(edges, membership, touched)
        neighbours = _neighbours(edge for edge in edges if edge[0] in reached or edge[1] in reached)
        articles = sorted(reached & neighbours.keys())
    place = {article: n for n, article in enumerate(articles)}
    least = [_least(neighbours[article]) for article in articles]
    graph = [
        dict(
            sorted(
                (there, weight)
                for other, weight in neighbours[article].items()
                if (there := place.get(other)) is not None and (weight >= own or weight >= least[there])
            )
        )
        for article, own in zip(articles, least, strict=True)
    ]
    groups: dict[int, list[int]] = defaultdict(list)
    for article, community in zip(articles, communities(graph, resolution=resolution), strict=True):
        groups[community].append(article)
    outside = {story for article, story in membership.items() if article not in place}
    numbers = _numbers(list(groups.values()), membership, outside)
    return {
        article: number
        for group, number in zip(groups.values(), numbers, strict=True)
        for article in group
        if membership.get(article) != number
    }


def _neighbours(edges: Iterable[Edge]) -> dict[int, dict[int, float]]:
    neighbours: dict[int, dict[int, float]] = defaultdict(dict)
    for first, second, score in edges:
        near = neighbours[first]
        if near.get(second, 0.0) < score:
            near[second] = neighbours[second][first] = score
    return neighbours


def _least(neighbours: Mapping[int, float]) -> float:
    """What the nearest of an article's neighbours, earlier and later ones, reach."""
    return sorted(neighbours.values())[-NEAREST] if len(neighbours) > NEAREST else 0.0


def _reach(edges: Iterable[Edge], membership: Mapping[int, int], touched: Collection[int]) -> Set[int]:
    """Articles of the stories that touched articles are in or next to."""
    new = frozenset(touched)
    near = {article for edge in edges if edge[0] in new or edge[1] in new for article in edge[:2]}
    stories = {membership[article] for article in near if article in membership}
    return near | {article for article, story in membership.items() if story in stories}


def _numbers(groups: list[list[int]], membership: Mapping[int, int], taken: Collection[int]) -> list[int]:
    """A number for each group: the old one it shares most articles with, each given once; else a member's id."""
    shared = [
        (count, -old, n)
        for n, group in enumerate(groups)
        for old, count in Counter(membership[article] for article in group if article in membership).items()
        if old not in taken
    ]
    given: dict[int, int] = {}
    used = set(taken)
    for _, negative, n in sorted(shared, reverse=True):
        if n not in given and -negative not in used:
            given[n] = -negative
            used.add(-negative)
    used |= set(membership.values())  # a number that was given up stays that story's: its readers are led on
    for n, group in enumerate(groups):
        if n not in given:
            given[n] = next(number for number in _free(group, used) if number not in used)
            used.add(given[n])
    return [given[n] for n in range(len(groups))]


def _free(group: list[int], used: Collection[int]) -> Iterator[int]:
    """Numbers for a new story: an article's id; its negative when the story named after it went on without it."""
    yield from group
    for article in group:
        yield -article
    yield min(used) - 1
