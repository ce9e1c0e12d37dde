"""What editors decide about stories, related lists and topics holds at once, later, and for what is not stored yet."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

import store_databases
from aggregator import relate
from aggregator.errors import AggregatorError
from aggregator.identify import alias_key
from aggregator.model import Article, Decision, EditorVerdict, ItemFilter, Key, Related, Topic, Verdict
from aggregator.pipeline import lists, verdicts
from aggregator.pipeline.link import link
from aggregator.pipeline.verdicts import Decided
from aggregator.settings import RelateSettings
from aggregator.store import Store
from store_helpers import FEED, HOUR, NOW, article, new, poll, prune

postgresql, url, store = store_databases.postgresql, store_databases.url, store_databases.store  # fixtures

SETTINGS = RelateSettings()
TITLES = {
    # two events, a report that stands alone, and one that has words of both events
    "harbour-1": "Island closes its old harbour for two years after the March storm",
    "harbour-2": "Old harbour of the island to close for two years, engineers say",
    "harbour-3": "Fishermen protest as island closes old harbour for two years",
    "whale-1": "Humpback whale beached near the southern lighthouse is freed by volunteers",
    "whale-2": "Volunteers free a humpback whale that beached near southern lighthouse",
    "alone": "Chess champion resigns in round nine of the candidates tournament",
    "both": "Volunteers near the southern lighthouse watch as island closes old harbour after storm",
}


def told(entry: Article) -> Verdict:
    """A new article under the key that its address really has."""
    return replace(new(entry), keys=(Key(alias_key(entry.canonical_url).hash, "url"),))


def address(name: str) -> str:
    return f"https://harbour.example/{name}"


def publish(store: Store, *names: str, now: datetime = NOW, linked: bool = True) -> dict[str, int]:
    """Articles with these names come, and are linked. Returns their ids."""
    entries = [article(name, title=TITLES[name], teaser="", published_at=now - HOUR) for name in names]
    ids = poll(store, [told(entry) for entry in entries], now=now)
    if linked:
        link(store, SETTINGS)
    return {name: number for name, number in zip(names, ids, strict=True) if number is not None}


def decide(store: Store, kind: Decision, about: str, other: str | None = None) -> Decided:
    """About articles by their names; of a topic by its id."""
    second = other if other is None or kind in verdicts.ABOUT_TOPICS else address(other)
    return verdicts.decide(
        store, kind, address(about), second, at=NOW, by="ada", why="because", settings=SETTINGS
    )


def undo(store: Store, given: Decided) -> EditorVerdict:
    return verdicts.undo(store, given.given.id, at=NOW + HOUR, by="bob", settings=SETTINGS)


def names(store: Store) -> dict[int, str]:
    items = store.items(ItemFilter(state="all", limit=None))
    return {item.id: item.article.canonical_url.rpartition("/")[2] for item in items}


def stories(store: Store) -> set[frozenset[str]]:
    """Who is with whom, by names; those alone are left out."""
    known = names(store)
    _, membership = store.story_graph(0)
    found: dict[int, set[str]] = {}
    for number, story in membership.items():
        found.setdefault(story, set()).add(known[number])
    assert store.inconsistencies() == []
    return {frozenset(members) for members in found.values() if len(members) > 1}


def refine_all(store: Store) -> None:
    """As link passes do when something new comes near."""
    from aggregator.pipeline.link import refine_stories

    refine_stories(store, SETTINGS, sorted(names(store)))


def related(store: Store, name: str, **options: object) -> list[str]:
    return [entry.item.article.canonical_url.rpartition("/")[2] for entry in entries(store, name, **options)]


def entries(store: Store, name: str, **options: object) -> list[Related]:
    item = lists.find_item(store, address(name))
    wanted = {"now": NOW + HOUR, "limit": 9, **options}
    settings = replace(SETTINGS, per_outlet=9)
    return lists.related(store, settings, item, **wanted)  # type: ignore[arg-type]


HARBOUR = frozenset({"harbour-1", "harbour-2", "harbour-3"})
WHALE = frozenset({"whale-1", "whale-2"})


@pytest.fixture
def week(store: Store) -> Iterator[Store]:
    """Two stories and a report that stands alone."""
    publish(store, "harbour-1", "harbour-2", "whale-1", "whale-2", "alone", "harbour-3")
    assert stories(store) == {HARBOUR, WHALE}
    yield store
    assert store.check() == []


# --- one story ---------------------------------------------------------------------------------------------------------


def test_two_articles_are_one_story_at_once_and_after_every_refinement(week: Store) -> None:
    given = decide(week, "same_story", "alone", "harbour-2")
    joined = {HARBOUR | {"alone"}, WHALE}
    assert stories(week) == joined
    refine_all(week)
    assert stories(week) == joined
    publish(week, "both", now=NOW + HOUR)
    assert any({*HARBOUR, "alone"} <= story for story in stories(week))
    undo(week, given)
    assert not any("alone" in story for story in stories(week))


def test_two_stories_become_one_and_two_again_when_it_is_undone(week: Store) -> None:
    before = week.story_graph(0)[1]
    given = decide(week, "same_story", "whale-1", "harbour-1")
    assert stories(week) == {HARBOUR | WHALE}
    numbers = set(week.story_graph(0)[1].values()) & set(before.values())
    refine_all(week)
    assert stories(week) == {HARBOUR | WHALE}
    assert numbers <= set(week.story_graph(0)[1].values()), "the number stays"
    undo(week, given)
    assert stories(week) == {HARBOUR, WHALE}
    assert undo(week, given).undone_by == "bob", "once is enough"
    assert stories(week) == {HARBOUR, WHALE}


def test_two_articles_are_never_one_story_at_once_and_after_every_refinement(week: Store) -> None:
    given = decide(week, "not_same_story", "harbour-3", "harbour-1")
    parted = {frozenset({"harbour-1", "harbour-2"}), WHALE}
    assert stories(week) in (parted, {frozenset({"harbour-3", "harbour-2"}), WHALE})
    after = stories(week)
    numbers = week.story_graph(0)[1]
    refine_all(week)
    assert (stories(week), week.story_graph(0)[1]) == (after, numbers)
    undo(week, given)
    assert stories(week) == {HARBOUR, WHALE}


@pytest.mark.parametrize("linked", [True, False])
def test_what_is_not_stored_yet_is_in_the_right_story_as_soon_as_it_is_linked(
    store: Store, linked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide(store, "same_story", "alone", "harbour-1")
    decide(store, "not_same_story", "harbour-2", "harbour-1")
    publish(store, "harbour-1", "whale-1", linked=linked)
    with monkeypatch.context() as patch:
        patch.setattr(relate, "refine", lambda *_, **__: {})  # nor does it wait for the stories to be refined
        publish(store, "alone", "harbour-2", "whale-2", now=NOW + HOUR)
        assert stories(store) == {frozenset({"alone", "harbour-1"}), WHALE}
    refine_all(store)
    assert stories(store) == {frozenset({"alone", "harbour-1"}), WHALE}


def test_verdicts_outlive_the_articles_they_are_about(week: Store) -> None:
    decide(week, "same_story", "alone", "whale-1")
    decide(week, "never_relate", "whale-1", "harbour-1")
    prune(week, NOW + timedelta(days=100), timedelta(days=90))
    assert names(week) == {}
    link(week, SETTINGS)
    assert len(week.verdicts()) == 2
    prune(week, NOW + timedelta(days=900), timedelta(days=90))  # the keys go as well
    publish(week, "alone", "harbour-1", "whale-1", now=NOW + timedelta(days=900))
    assert stories(week) == {frozenset({"alone", "whale-1"})}


def test_an_old_article_stays_in_one_story_with_what_comes_long_after(store: Store) -> None:
    later = NOW + timedelta(days=60)
    publish(store, "alone", "whale-1", "whale-2")
    decide(store, "same_story", "alone", "harbour-1")
    decide(store, "not_same_story", "harbour-2", "whale-1")
    decide(store, "same_story", "harbour-2", "harbour-1")
    publish(store, "harbour-1", now=later)
    publish(store, "harbour-2", "harbour-3", now=later + HOUR)
    assert stories(store) == {HARBOUR | {"alone"}, WHALE}
    refine_all(store)
    assert stories(store) == {HARBOUR | {"alone"}, WHALE}


def test_an_article_is_known_by_any_address_it_had(week: Store) -> None:
    old, moved = article("harbour-1", title=TITLES["harbour-1"], teaser=""), address("moved")
    number = lists.find_item(week, old.canonical_url).id
    keys = (Key(alias_key(moved).hash, "alias"),)
    again = replace(
        told(old), outcome="unchanged", of=number, article=None, url=moved, moved_to=moved, keys=keys
    )
    decide(week, "not_same_story", "harbour-1", "harbour-2")
    poll(week, [again], now=NOW + HOUR)
    assert lists.find_item(week, moved).article.canonical_url == moved
    refine_all(week)
    assert not any({"moved", "harbour-2"} <= story for story in stories(week))
    assert len(decide(week, "same_story", "moved", "harbour-2").taken_back) == 1


def test_what_is_not_on_one_event_is_not_one_text(store: Store) -> None:
    publish(store, "whale-1", linked=False)
    entry = article("twin", title=TITLES["whale-1"], teaser="", source_id="harbour")
    poll(store, [told(entry)], now=NOW, feed=FEED)
    link(store, SETTINGS)
    assert [len(item.copies) for item in store.items(ItemFilter())] == [1]
    given = decide(store, "not_same_story", "whale-1", "twin")
    assert [len(item.copies) for item in store.items(ItemFilter())] == [0, 0]
    assert stories(store) == set()
    undo(store, given)
    link(store, SETTINGS)
    assert [len(item.copies) for item in store.items(ItemFilter())] == [1]
    assert len(stories(store)) == 1


def test_a_verdict_that_comes_while_stories_are_divided_is_honoured(
    week: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    refine, late = relate.refine, ["harbour-1"]

    def overtaken(*given: object, **options: object) -> dict[int, int]:
        if late:
            decide(week, "not_same_story", late.pop(), "harbour-2")
        return refine(*given, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(relate, "refine", overtaken)
    refine_all(week)
    assert not any({"harbour-1", "harbour-2"} <= story for story in stories(week))


def test_a_verdict_and_what_follows_from_it_are_one_transaction(
    week: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(relate, "refine", killed)
    with pytest.raises(KeyboardInterrupt):
        decide(week, "same_story", "alone", "whale-1")
    assert week.verdicts(undone=True) == []
    assert stories(week) == {HARBOUR, WHALE}


# --- contradictions ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (("same_story", "alone", "whale-1"), ("not_same_story", "whale-1", "alone")),
        (("not_same_story", "alone", "whale-1"), ("same_story", "whale-1", "alone")),
        (("pin", "alone", "whale-1"), ("never_relate", "whale-1", "alone")),
        (("never_relate", "whale-1", "alone"), ("pin", "alone", "whale-1")),
        (("pin", "alone", "whale-1"), ("never_relate", "whale-1", None)),
        (("in_topic", "alone", "strike"), ("not_in_topic", "alone", "strike")),
        (("not_in_topic", "alone", "strike"), ("in_topic", "alone", "strike")),
    ],
)
def test_the_opposite_takes_the_earlier_verdict_back(
    week: Store,
    first: tuple[Decision, str, str | None],
    then: tuple[Decision, str, str | None],
) -> None:
    earlier = decide(week, *first)
    assert decide(week, *first) == earlier, "saying it again is no verdict of its own"
    later = decide(week, *then)
    assert [one.id for one in later.taken_back] == [earlier.given.id]
    assert [one.kind for one in week.verdicts()] == [then[0]]
    assert week.verdicts(undone=True)[1].undone_by == "ada"
    if then[0] == "not_same_story":
        assert stories(week) == {HARBOUR, WHALE}


def test_what_says_something_else_stands_beside_it(week: Store) -> None:
    decide(week, "pin", "alone", "whale-1")
    decide(week, "pin", "whale-1", "alone")
    decide(week, "same_story", "alone", "whale-1")
    decide(week, "never_relate", "alone", "whale-2")
    decide(week, "not_copy", "alone", "whale-1")
    decide(week, "never_relate", "harbour-1")
    assert len(week.verdicts()) == 6


def test_what_follows_from_others_is_refused_with_their_numbers(week: Store) -> None:
    decide(week, "same_story", "alone", "whale-1")
    decide(week, "same_story", "whale-1", "harbour-1")
    with pytest.raises(AggregatorError, match=r"must be in one story .* verdicts 2 and 1 stand; .* undo 2`"):
        decide(week, "not_same_story", "harbour-1", "alone")
    decide(week, "not_same_story", "alone", "whale-2")
    with pytest.raises(AggregatorError, match=r"never be in one story .* verdicts 3 and 2 and 1 stand"):
        decide(week, "same_story", "harbour-1", "whale-2")
    decide(week, "never_relate", "harbour-3")
    with pytest.raises(AggregatorError, match=r"no related list for as long as verdict 4 stands; .* undo 4`"):
        decide(week, "pin", "harbour-1", "harbour-3")
    assert len(week.verdicts(undone=True)) == 4


def test_an_article_is_not_two(week: Store) -> None:
    with pytest.raises(AggregatorError, match="the same article"):
        decide(week, "same_story", "alone", "alone")


# --- related lists -----------------------------------------------------------------------------------------------------


def test_two_that_are_never_related_stand_in_neither_list(week: Store) -> None:
    assert "harbour-2" in related(week, "harbour-1")
    assert "harbour-1" in related(week, "harbour-2")
    given = decide(week, "never_relate", "harbour-1", "harbour-2")
    assert "harbour-2" not in related(week, "harbour-1")
    assert "harbour-1" not in related(week, "harbour-2")
    assert "harbour-1" in related(week, "harbour-3")
    undo(week, given)
    assert "harbour-2" in related(week, "harbour-1")


def test_one_that_is_never_related_stands_in_no_related_list_and_is_listed_elsewhere(week: Store) -> None:
    given = decide(week, "never_relate", "harbour-1")
    assert "harbour-1" not in related(week, "harbour-2") + related(week, "harbour-3")
    assert related(week, "harbour-1") != []
    assert "harbour-1" in names(week).values()
    assert HARBOUR in stories(week)
    undo(week, given)
    assert "harbour-1" in related(week, "harbour-2")


def test_copies_of_what_is_never_related_do_not_stand_for_it(store: Store) -> None:
    publish(store, "harbour-1", "harbour-2", linked=False)
    poll(store, [told(article("twin", title=TITLES["harbour-2"], teaser=""))], now=NOW)
    link(store, SETTINGS)
    assert len(related(store, "harbour-1")) == 1
    decide(store, "never_relate", "harbour-1", "twin")
    assert related(store, "harbour-1") == []


def test_what_is_pinned_is_first_and_says_so(week: Store) -> None:
    plain = related(week, "harbour-1")
    given = decide(week, "pin", "harbour-1", "alone")
    found = entries(week, "harbour-1")
    assert related(week, "harbour-1") == ["alone", *plain]
    assert found[0].reasons[0] == "pinned by an editor"
    assert found[0].score == max(entry.score for entry in found)
    assert "harbour-1" not in related(week, "alone"), "one way"
    assert related(week, "harbour-1", limit=1) == ["alone"]
    decide(week, "pin", "harbour-1", plain[-1])
    assert related(week, "harbour-1") == [plain[-1], "alone", *plain[:-1]], "the last one before the others"
    undo(week, given)
    assert "alone" not in related(week, "harbour-1")


def test_what_is_pinned_stands_there_however_old_it_is(store: Store) -> None:
    publish(store, "alone")
    publish(store, "harbour-1", now=NOW + timedelta(days=60))
    decide(store, "pin", "harbour-1", "alone")
    late = NOW + timedelta(days=60, hours=1)
    assert related(store, "harbour-1", now=late) == ["alone"]
    assert related(store, "alone", now=late) == []


def test_what_is_pinned_waits_until_it_is_stored_published_and_shown(week: Store) -> None:
    decide(week, "pin", "harbour-1", "both")
    assert "both" not in related(week, "harbour-1")
    publish(week, "both", now=NOW + 3 * HOUR)
    assert related(week, "harbour-1", now=NOW + 3 * HOUR)[0] == "both"
    assert "both" not in related(week, "harbour-1", now=NOW + HOUR), "it is published later"
    assert "both" not in related(week, "harbour-1", now=NOW + 3 * HOUR, as_of=NOW + HOUR)
    decide(week, "hide", "both")
    assert "both" not in related(week, "harbour-1", now=NOW + 3 * HOUR)


# --- topics ------------------------------------------------------------------------------------------------------------

WHALES = Topic(id="whales", name="Whales", any=("whale",), languages=("en",))


def in_topic(store: Store, **options: object) -> list[str]:
    found = lists.topic(store, replace(SETTINGS, per_outlet=9), WHALES, now=NOW + HOUR, limit=9)
    listed = lists.topic_items(store, WHALES, ItemFilter(**options))  # type: ignore[arg-type]
    shown = [entry.item.article.canonical_url.rpartition("/")[2] for entry in found]
    if not options:
        assert {entry.item.id for entry in found} <= {item.id for item in listed}
    return sorted(shown)


def test_an_editor_says_what_is_in_a_topic(week: Store) -> None:
    natural = in_topic(week)
    assert natural
    inside = decide(week, "in_topic", "alone", "whales")
    assert in_topic(week) == sorted([*natural, "alone"])
    outside = decide(week, "not_in_topic", natural[0], "whales")
    assert in_topic(week) == sorted({*natural, "alone"} - {natural[0]})
    found = lists.topic(week, SETTINGS, WHALES, now=NOW + HOUR)
    assert [e.reasons for e in found if e.item.article.title == TITLES["alone"]] == [
        ("put there by an editor",)
    ]
    assert lists.topic_items(week, WHALES, ItemFilter(until=NOW)) == []
    assert lists.topic_items(week, replace(WHALES, id="other"), ItemFilter(search="chess")) == []
    undo(week, inside)
    undo(week, outside)
    assert in_topic(week) == natural


def test_a_topic_takes_what_comes_later(store: Store) -> None:
    decide(store, "in_topic", "alone", "whales")
    decide(store, "not_in_topic", "whale-1", "whales")
    publish(store, "alone", "whale-1", "harbour-1")
    assert in_topic(store) == ["alone"]
