"""A topic's terms match words, phrases and prefixes in any script; its list repeats nothing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aggregator import relate
from aggregator.model import Article, Item, Story, Topic
from aggregator.settings import RelateSettings
from relate_helpers import stored

NOW = datetime(2026, 5, 14, 12, tzinfo=UTC)


def article(
    title: str, teaser: str = "", *, number: int = 1, hours: float = 1, language: str = "en"
) -> Article:
    at = NOW - timedelta(hours=hours)
    return stored(number, title, teaser, at=at, language=language)


@pytest.mark.parametrize(
    ("term", "title", "matches"),
    [
        ("Kyiv", "Talks in KYIV go on", True),
        ("war", "Warsaw opens a museum", False),
        ("Zelensk*", "Zelenskiy rejects the plan", True),
        ('"cease fire"', "A cease-fire holds", True),
        ('"cease fire"', "Fire will cease", False),
        ("Malmo", "Strike in Malmö", True),
        ("選挙", "東京の選挙で", True),
        ("Київ", "У Києві та Київ", True),
        ("***", "Anything", False),
    ],
)
def test_terms(term: str, title: str, matches: bool) -> None:
    found = relate.match(Topic(id="t", name="T", any=(term,)), article(title))
    assert (found == term) is matches


def test_all_and_none_narrow_a_topic() -> None:
    topic = Topic(id="t", name="T", any=("Ukraine",), all=("grain",), none=("recipe",))
    assert relate.match(topic, article("Ukraine ships grain")) == "Ukraine"
    assert relate.match(topic, article("Ukraine ships steel")) is None
    assert relate.match(topic, article("Ukraine grain recipe")) is None
    assert relate.match(replace(topic, any=()), article("Grain prices")) == "grain"


def test_outlets_languages_and_examples() -> None:
    topic = Topic(id="t", name="T", any=("dam",), outlets=("outlet-1",), languages=("en",))
    assert relate.match(topic, article("A dam")) == "dam"
    assert relate.match(topic, article("A dam", number=2)) is None
    assert relate.match(topic, article("A dam", number=2), "outlet-1") == "dam"
    assert relate.match(topic, article("Der dam", language="de")) is None
    example = replace(topic, examples=("https://news.example/9",))
    assert relate.match(example, article("No word of it", number=9)) == "example"
    assert relate.match(Topic(id="t", name="T"), article("A dam")) is None


def item(one: Article, **more: object) -> Item:
    return Item(article=one, outlet=one.source_id, **more)  # type: ignore[arg-type]


def test_a_topic_list_collapses_copies_and_prefers_headlines_and_what_is_new() -> None:
    topic = Topic(id="t", name="T", any=("dam",))
    items = [
        item(article("Dam at Orlo breaks", "Water in the valley.", number=1, hours=5)),
        item(article("Orlo dam burst", "Water in a valley today.", number=2, hours=2), copy_of=1),
        item(article("Valley under water", "The dam of Orlo is gone.", number=3, hours=1)),
        item(article("Dam inspectors named", "Three of them resign.", number=4, hours=1)),
        item(article("Bread prices fall", number=5)),
    ]
    found = relate.topic_list(topic, items, settings=RelateSettings(), now=NOW, limit=5)
    assert [entry.item.id for entry in found] == [4, 1, 3]
    assert found[0].reasons == ("matches dam",)


def test_of_copies_the_agency_page_stands_for_all_else_the_earliest() -> None:
    first = item(replace(article("A", number=1, hours=5), agency="AP"))
    agency = replace(item(replace(article("A", number=2, hours=3), agency="AP")), outlet="AP News")
    assert relate.choose_representative([first, agency]) == 2
    assert relate.choose_representative([replace(first), item(article("A", number=3))]) == 1


def test_copies_and_one_agency_s_texts_are_one_independent_report() -> None:
    by_agency = replace(article("A", number=1), agency="AP")
    items = [
        item(by_agency),
        item(replace(by_agency, id=2, source_id="outlet-2")),
        item(article("B", number=3)),
        item(article("B", number=4), copy_of=3),
    ]
    assert relate.independent(items) == 2


def test_top_stories_are_widely_and_lately_reported() -> None:
    def story(name: str, independent: int, hours: float, outlets: int = 9) -> Story:
        at = NOW - timedelta(hours=hours)
        return Story(
            id=name,
            headline=name,
            outlets=tuple(f"Outlet {n}" for n in range(outlets)),
            independent=independent,
            article_ids=(),
            first_at=at,
            last_at=at,
        )

    alone = story("one outlet's series", 9, 1, outlets=1)
    ranked = relate.top_stories(
        [alone, story("old", 9, 48), story("wide", 9, 1), story("narrow", 2, 1)], now=NOW
    )
    assert [one.id for one in ranked] == ["wide", "narrow", "old"]
    assert ranked[0].score > ranked[1].score > 0


def test_a_storys_headline_says_what_most_of_them_say() -> None:
    titles = (
        "Live: river floods, all the latest",
        "River floods valley",
        "A mayor's long night",
        "Valley flooded by river",
    )
    reports = [item(replace(article(title), id=n)) for n, title in enumerate(titles)]
    assert relate.headline(reports) in ("River floods valley", "Valley flooded by river")


def test_an_article_of_a_tagged_feed_belongs_whatever_it_says() -> None:
    topic = Topic(id="ports", name="Ports", any=("dockers",))
    assert relate.rule(topic, item(article("Nothing about it"))) is None
    assert relate.rule(topic, replace(item(article("Nothing about it")), tagged=("ports",))) == "feed"
