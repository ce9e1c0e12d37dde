"""A list says nothing twice, spreads over outlets, owners and agencies, and is not filled with worse for it."""

from dataclasses import replace
from datetime import UTC, datetime

from aggregator.model import Article, Item
from aggregator.relate.selection import Wording, choose

AT = datetime(2026, 5, 14, 9, 30, tzinfo=UTC)


def item(
    number: int, title: str, *, outlet: str = "", owner: str = "", agency: str = "", teaser: str = ""
) -> Item:
    outlet = outlet or f"Outlet {number}"
    article = Article(
        id=number,
        source_id=outlet.casefold(),
        url=f"https://news.example/{number}",
        canonical_url=f"https://news.example/{number}",
        title=title,
        teaser=teaser,
        published_at=AT,
        published_origin="feed",
        published_precision="instant",
        first_seen_at=AT,
        agency=agency,
    )
    return Item(article=article, outlet=outlet, owner=owner)


TITLES = (
    "Dam breaks",
    "Valley floods",
    "Minister resigns",
    "Army sends boats",
    "Schools stay shut",
    "Donors meet",
)


def test_the_same_headline_stands_once_and_never_under_itself() -> None:
    said = [Wording.of("Dam breaks!", "")]
    ranked = [item(n, title) for n, title in enumerate(("Dam breaks", "Valley floods", "VALLEY FLOODS"))]
    assert choose(ranked, limit=5, per_voice=2, said=said) == [1]


def test_teasers_that_begin_alike_are_one_text() -> None:
    teaser = "Water came down the valley in the night and took two bridges with it, the province said. " * 3
    ranked = [
        item(1, "Two bridges gone", teaser=teaser),
        item(2, "A night in Orlo", teaser=teaser),
    ]
    assert choose(ranked, limit=5, per_voice=2) == [0]


def test_one_outlet_has_its_share_when_others_are_as_good() -> None:
    ranked = [item(n, title, outlet="Courier") for n, title in enumerate(TITLES[:4])]
    ranked += [item(n + 10, title) for n, title in enumerate(TITLES[4:])]
    assert choose(ranked, limit=4, per_voice=2) == [0, 1, 4, 5]


def test_a_list_that_would_fall_short_takes_more_of_one_outlet() -> None:
    ranked = [item(n, title, outlet="Courier") for n, title in enumerate(TITLES)]
    assert choose(ranked, limit=5, per_voice=2) == [0, 1, 2, 3, 4]


def test_an_owner_and_an_agency_are_one_voice_over_several_outlets() -> None:
    owned = [item(n, title, owner="Group") for n, title in enumerate(TITLES[:3])]
    wired = [item(n, title, agency="AP") for n, title in enumerate(TITLES[:3])]
    other = [item(9, TITLES[4])]
    assert choose([*owned, *other], limit=3, per_voice=2) == [0, 1, 3]
    assert choose([*wired, *other], limit=3, per_voice=2) == [0, 1, 3]


def test_outlets_of_an_aggregating_page_are_their_own_voices() -> None:
    listed = []
    for n, title in enumerate(TITLES[:3]):
        one = item(n, title)
        listed.append(replace(one, article=replace(one.article, source_id="page", outlet=one.outlet)))
    assert choose([*listed, item(9, TITLES[4])], limit=3, per_voice=1) == [0, 1, 2]


def test_two_spellings_of_an_apostrophe_make_no_two_reports() -> None:
    first = Wording.of(
        "Canada Official Won’t Attend G-20 Event in India This Week", "The speaker stays away."
    )
    second = Wording.of(
        "Canada official won't attend G20 event in India this week", "Tensions keep her at home."
    )
    assert first.repeats(second)
