"""Stories are communities of the neighbour graph; their numbers outlive every new division."""

import random
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from aggregator import relate
from aggregator.relate.communities import communities
from aggregator.relate.link import edge_weight
from relate_helpers import stored


def clique(ids: list[int], score: float = 0.5) -> list[tuple[int, int, float]]:
    return [(b, a, score) for n, a in enumerate(ids) for b in ids[n + 1 :]]


def test_two_groups_with_a_thin_bridge_are_two_stories() -> None:
    edges = [*clique([1, 2, 3, 4]), *clique([5, 6, 7, 8]), (5, 4, 0.06)]
    stories = relate.refine(edges, {})
    assert {stories[i] for i in (1, 2, 3, 4)} == {1}
    assert {stories[i] for i in (5, 6, 7, 8)} == {5}


def test_only_changes_are_answered() -> None:
    edges = clique([1, 2, 3])
    assert relate.refine(edges, {1: 1, 2: 1, 3: 1}) == {}
    assert relate.refine(edges, {1: 1, 2: 1, 3: 3}) == {3: 1}


def test_a_story_keeps_its_number_with_most_of_its_articles() -> None:
    edges = [*clique([1, 2]), *clique([3, 4, 5, 6])]
    changes = relate.refine(edges, dict.fromkeys(range(1, 7), 1))
    assert set(changes) == {1, 2}
    assert changes[1] == changes[2] != 1


def test_weak_edges_join_nothing() -> None:
    assert relate.refine([(2, 1, 0.04)], {1: 1, 2: 2}) == {}


def test_far_stories_are_left_alone_when_only_some_articles_are_new() -> None:
    edges = [*clique([1, 2, 3]), *clique([11, 12, 13])]
    before = {1: 1, 2: 2, 3: 3, 11: 11, 12: 12, 13: 13}
    assert set(relate.refine(edges, before, touched=[13])) == {12, 13}


def test_edges_to_far_articles_count_no_more_once_nearer_ones_have_come() -> None:
    cross = [(b, a, 0.2) for a in range(1, 11) for b in range(11, 21)]
    stories = relate.refine([*clique(list(range(1, 11))), *clique(list(range(11, 21))), *cross], {})
    assert {stories[i] for i in range(1, 11)} == {1}
    assert {stories[i] for i in range(11, 21)} == {11}


def test_a_large_story_is_one_though_each_article_has_ten_neighbours_only() -> None:
    order = random.Random(7)
    edges = [
        (article, other, 0.5) for article in range(12, 200) for other in order.sample(range(1, article), k=10)
    ]
    assert set(relate.refine(edges, {}).values()) == {1}


@given(st.integers(0, 2**32))
def test_the_same_graph_in_any_order_gives_the_same_stories(seed: int) -> None:
    order = random.Random(seed)
    edges = [(b, a, order.random()) for a in range(1, 25) for b in range(a + 1, 25) if order.random() < 0.2]
    shuffled = order.sample(edges, len(edges))
    assert relate.refine(edges, {}) == relate.refine(shuffled, {})


@given(st.integers(0, 2**32))
def test_numbers_are_never_shared_by_two_stories(seed: int) -> None:
    order = random.Random(seed)
    membership = {i: order.choice((1, 2, 3, i)) for i in range(1, 20)}
    edges = [(b, a, order.random()) for a in range(1, 20) for b in range(a + 1, 20) if order.random() < 0.15]
    membership.update(relate.refine(edges, membership))
    assert relate.refine(edges, membership) == {}


def test_communities_of_an_empty_graph_are_none() -> None:
    assert communities([], resolution=0.1) == []


def test_edges_of_tickers_and_briefings_count_less() -> None:
    at = datetime(2026, 5, 14, tzinfo=UTC)
    teaser = "Six teams are left in the tournament, and two of them meet tonight."
    report, briefing = (
        relate.features(stored(number, title, teaser, at=at), owner="")
        for number, title in enumerate(
            ("Hosts through to the semi-final", "Morning briefing: the semi-final"), 1
        )
    )
    assert edge_weight(briefing, relate.to_blob(report)) == edge_weight(report, relate.to_blob(briefing)) / 2
