"""Stories honour what editors decided, whatever the graph says, and nothing else about them changes without need."""

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator import relate
from aggregator.model import StoryRule
from aggregator.relate import constraints, editors
from aggregator.relate.stories import Edge
from render_samples import make_related

SEED = st.integers(0, 2**32)


def together(a: int, b: int) -> StoryRule:
    return StoryRule(first=a, second=b, together=True)


def apart(a: int, b: int) -> StoryRule:
    return StoryRule(first=a, second=b, together=False)


def honoured(
    membership: Mapping[int, int],
    rules: Sequence[StoryRule],
    *,
    edges: Sequence[Edge] = (),
    copies: Mapping[int, int] | None = None,
    before: Mapping[int, int] | None = None,
) -> dict[int, int]:
    changes = constraints.honour(membership, rules, edges=edges, copies=copies, before=before)
    assert all(membership[article] != number for article, number in changes.items())
    return {**membership, **changes}


def parts(membership: Mapping[int, int]) -> set[frozenset[int]]:
    found = defaultdict(set)
    for article, number in membership.items():
        found[number].add(article)
    return set(map(frozenset, found.values()))


def broken(membership: Mapping[int, int], rules: Sequence[StoryRule]) -> list[tuple[int, int]]:
    """Pairs that stand against the rules as they are settled, or against each rule where none contradicts another."""
    units = constraints.Units.of(rules)
    stored = sorted(article for article in units.unit if article in membership)
    return [
        (a, b)
        for a in stored
        for b in stored
        if (membership[a] == membership[b] and units.are_apart(a, b))
        or (membership[a] != membership[b] and units.unit[a] == units.unit[b])
    ]


# --- together ----------------------------------------------------------------------------------------------------------


def test_two_stories_whose_reports_are_on_one_event_become_one_and_keep_the_larger_ones_number() -> None:
    membership = {1: 1, 2: 1, 3: 3, 4: 3, 5: 3, 9: 9}
    assert honoured(membership, [together(2, 4)]) == {1: 3, 2: 3, 3: 3, 4: 3, 5: 3, 9: 9}


def test_a_chain_of_verdicts_leads_from_the_first_to_the_last() -> None:
    assert parts(honoured({1: 1, 2: 2, 3: 3}, [together(1, 2), together(2, 3)])) == {frozenset({1, 2, 3})}
    assert parts(honoured({1: 1, 3: 3}, [together(1, -7), together(-7, 3)])) == {frozenset({1, 3})}, (
        "over one that is not stored"
    )


def test_where_a_whole_story_cannot_come_along_the_article_moves_alone() -> None:
    membership = {1: 1, 2: 1, 3: 1, 4: 4, 5: 4}
    edges = [(2, 1, 0.9), (3, 2, 0.9), (5, 4, 0.9)]
    found = honoured(membership, [apart(3, 1), together(3, 4)], edges=edges)
    assert found == {1: 1, 2: 1, 3: 4, 4: 4, 5: 4}, "it was in the wrong story, and that stays as it was"


# --- apart -------------------------------------------------------------------------------------------------------------


def test_the_one_with_the_weaker_ties_leaves_with_a_story_of_its_own() -> None:
    membership = dict.fromkeys((1, 2, 3, 4), 1)
    edges = [(2, 1, 0.5), (3, 1, 0.1), (3, 2, 0.5), (4, 2, 0.3), (4, 3, 0.4)]
    assert honoured(membership, [apart(4, 2)], edges=edges) == {1: 1, 2: 1, 3: 1, 4: 4}
    assert honoured(membership, [apart(2, 4)], edges=[*edges, (4, 1, 0.9)]) == {1: 1, 2: 2, 3: 1, 4: 1}


def test_of_equal_ones_the_later_leaves() -> None:
    assert honoured({1: 1, 2: 1}, [apart(2, 1)]) == {1: 1, 2: 2}


def test_the_article_that_a_story_is_named_after_leaves_it_the_number() -> None:
    assert honoured({1: 1, 2: 1, 3: 1}, [apart(1, 2)], edges=[(3, 2, 0.5)]) == {1: -1, 2: 1, 3: 1}


def test_one_that_left_keeps_the_number_it_has_from_then_on() -> None:
    before = {1: 1, 2: 1, 3: -3}
    after = honoured({1: 1, 2: 1, 3: 1}, [apart(3, 1)], edges=[(2, 1, 0.5)], before=before)
    assert after == before


def test_three_that_must_not_meet_are_in_three_stories() -> None:
    found = honoured(dict.fromkeys(range(1, 6), 1), [apart(1, 2), apart(2, 3), apart(1, 3)])
    assert len({found[n] for n in (1, 2, 3)}) == 3
    assert found[4] == found[5] == 1


def test_what_must_be_together_leaves_together() -> None:
    membership = dict.fromkeys(range(1, 6), 1)
    edges = [(2, 1, 0.9), (3, 1, 0.9), (5, 4, 0.2)]
    found = honoured(membership, [together(4, 5), apart(5, 1)], edges=edges)
    assert parts(found) == {frozenset({1, 2, 3}), frozenset({4, 5})}


def test_copies_leave_with_the_article_whose_text_they_are() -> None:
    membership = dict.fromkeys(range(1, 6), 1)
    edges = [(2, 1, 0.9)]
    found = honoured(membership, [apart(3, 1)], edges=edges, copies={3: 3, 5: 3})
    assert parts(found) == {frozenset({1, 2, 4}), frozenset({3, 5})}
    found = honoured(membership, [apart(3, 1), together(5, 1)], edges=edges, copies={3: 3, 5: 3})
    assert parts(found) == {frozenset({1, 2, 4, 5}), frozenset({3})}, (
        "unless an editor said where they belong"
    )


# --- laws --------------------------------------------------------------------------------------------------------------


def test_of_rules_that_contradict_each_other_the_newest_counts() -> None:
    assert parts(honoured({1: 1, 2: 2}, [together(1, 2), apart(1, 2)])) == {frozenset({1, 2})}
    assert parts(honoured({1: 1, 2: 1}, [apart(1, 2), together(1, 2)])) == {frozenset({1}), frozenset({2})}
    chain = [together(1, 2), together(2, 3), apart(1, 3)]
    assert parts(honoured({1: 1, 2: 2, 3: 3}, chain)) == {frozenset({1, 2, 3})}


@pytest.mark.parametrize("rules", [[], [together(1, 2), apart(1, 3)], [together(7, 8), apart(7, 9)]])
def test_where_every_rule_holds_nothing_changes(rules: list[StoryRule]) -> None:
    assert constraints.honour({1: 1, 2: 1, 3: 3, 4: 3}, rules) == {}


def graph(order: random.Random, articles: int) -> tuple[dict[int, int], list[Edge], dict[int, int]]:
    """Stories, ties and copies."""
    membership = {n: order.choice((1, 2, 3, 4, n)) for n in range(1, articles)}
    edges = [
        (b, a, round(order.random(), 4))
        for a in range(1, articles)
        for b in range(a + 1, articles)
        if order.random() < 0.2
    ]
    return membership, edges, {n: order.choice((1, 2)) for n in range(1, articles) if order.random() < 0.2}


def some_rules(order: random.Random, articles: int) -> list[StoryRule]:
    """Some name articles that are not stored."""
    pairs = [order.sample(range(-2, articles), 2) for _ in range(order.randrange(8))]
    return [StoryRule(first=a, second=b, together=order.random() < 0.5) for a, b in pairs if a and b]


@given(SEED)
def test_rules_hold_whatever_the_stories_were(seed: int) -> None:
    order = random.Random(seed)
    membership, edges, copies = graph(order, 16)
    rules = some_rules(order, 16)
    after = honoured(membership, rules, edges=edges, copies=copies)
    assert broken(after, rules) == []
    assert after.keys() == membership.keys()
    assert honoured(after, rules, edges=edges, copies=copies) == after, "once is enough"


@given(SEED)
def test_nothing_changes_but_what_must(seed: int) -> None:
    order = random.Random(seed)
    membership, edges, _ = graph(order, 16)
    rules = some_rules(order, 16)
    after = honoured(membership, rules, edges=edges)
    units = constraints.Units.of(rules)
    free = [article for article in membership if article not in units.unit]
    for a in free:
        for b in free:
            if membership[a] == membership[b]:
                assert after[a] == after[b], "those that nobody decided about stay with each other"
            elif after[a] == after[b]:
                stories = (membership[a], membership[b])
                assert all(
                    any(membership.get(article) == story for article in units.unit) for story in stories
                ), "two stories become one where verdicts lead from one to the other"
    if not broken(membership, rules):
        assert after == membership


@given(SEED)
def test_the_order_of_ties_makes_no_difference(seed: int) -> None:
    order = random.Random(seed)
    membership, edges, copies = graph(order, 16)
    rules = some_rules(order, 16)
    shuffled = order.sample(edges, len(edges))
    mixed = dict(order.sample(sorted(membership.items()), len(membership)))
    assert honoured(membership, rules, edges=edges, copies=copies) == honoured(
        mixed, rules, edges=shuffled, copies=copies
    )


@given(SEED)
def test_refinement_after_refinement_leaves_them_as_they_are(seed: int) -> None:
    """The graph divides the stories as it likes each time; what comes of both together is the same from then on."""
    order = random.Random(seed)
    _, edges, copies = graph(order, 20)
    rules = some_rules(order, 20)
    stored = {n: n for n in range(1, 20)}
    ties = constraints.allowed(edges, rules)

    def refined(stored: dict[int, int]) -> dict[int, int]:
        divided = {**stored, **relate.refine(ties, stored)}
        return honoured(divided, rules, edges=ties, copies=copies, before=stored)

    first = refined(stored)
    assert broken(first, rules) == []
    again = refined(first)
    assert broken(again, rules) == []
    assert parts(again) == parts(first)
    assert refined(again) == again, "numbers come to rest too"


@given(SEED)
def test_numbers_are_never_shared_by_two_stories(seed: int) -> None:
    order = random.Random(seed)
    membership, edges, copies = graph(order, 16)
    rules = some_rules(order, 16)
    changes = constraints.honour(membership, rules, edges=edges, copies=copies)
    left = {number for article, number in membership.items() if article not in changes}
    split = {number for number in changes.values() if number not in set(membership.values())}
    assert left.isdisjoint(split)
    assert {abs(number) for number in split} <= set(membership) | {1}


def test_ties_between_what_must_not_meet_hold_nothing_together() -> None:
    edges = [(2, 1, 0.9), (3, 2, 0.9), (4, 1, 0.9)]
    assert constraints.allowed(edges, [apart(1, 3), together(3, 4)]) == [(2, 1, 0.9), (3, 2, 0.9)]


def test_what_nothing_but_a_verdict_held_is_given_back_its_own_story() -> None:
    membership = {1: 1, 2: 1, 3: 1}
    assert constraints.released(membership, [1, 2], [(3, 1, 0.5)]) == {2: 2}
    assert constraints.released(membership, [1, 2], [(3, 1, 0.5), (3, 2, 0.1)]) == {}
    assert constraints.released({1: 1, 2: 1}, [1, 2], []) == {2: 2}, "one is enough"
    assert constraints.released({1: 2, 2: 2, 3: 5}, [1, 2], []) == {2: -2}


# --- and a list says so --------------------------------------------------------------------------------------------


def test_an_entry_has_the_relation_that_editors_gave_it() -> None:
    rules = [
        StoryRule(first=1, second=11, together=True),
        StoryRule(first=11, second=12, together=True),
        StoryRule(first=13, second=12, together=False),
    ]
    listed = [
        make_related(11, relation="related", reasons=("shares ferry",)),
        make_related(12, relation="same_story", reasons=("shares ferry", "same story")),
        make_related(13, relation="same_story", reasons=("shares ferry", "same story")),
        make_related(14, relation="same_story", reasons=("shares ferry", "same story")),
    ]
    decided = editors.as_decided(listed, 1, rules)
    assert [entry.relation for entry in decided] == ["same_story", "same_story", "related", "same_story"]
    assert decided[0].reasons == ("shares ferry", "put into one story by an editor")
    assert decided[2].reasons == ("shares ferry", "kept out of its story by an editor")
    assert decided[3] == listed[3]
    assert editors.as_decided(listed, 1, ()) == listed
