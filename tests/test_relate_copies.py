"""Copies are the same text; reports of the same event, series and boilerplate are not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aggregator import relate
from aggregator.model import Article
from aggregator.relate.copies import is_serial
from relate_helpers import stored

AT = datetime(2026, 5, 14, 9, 30, tzinfo=UTC)
TEXT = """
the council of the island voted late on tuesday to close the old harbour for two years while engineers repair its
northern wall which a storm had broken in march fishermen who land their catch there said they had been promised a
second quay before the work begins and threatened to block the ferry line the mayor answered that money for the quay had
been set aside and that a contract would be signed within weeks residents remember a similar promise from nine years ago
that nobody kept
"""
WORDS = tuple(TEXT.split())


def article(
    number: int, title: str, *, teaser: str = "", text: str | None = None, hours: float = 0
) -> Article:
    at = AT + timedelta(hours=hours)
    return stored(number, title, teaser, at=at, text=text)


def alike(a: Article, b: Article) -> float:
    return relate.similarity(relate.features(a, owner=""), relate.features(b, owner=""))


def test_the_same_text_under_another_headline_is_a_copy() -> None:
    text = " ".join(WORDS)
    assert (
        alike(article(1, "Harbour closes", text=text), article(2, "Two years without boats", text=text)) == 1
    )


def test_a_text_that_was_cut_is_a_copy() -> None:
    cut = " ".join(WORDS[: 2 * len(WORDS) // 3 + 10])
    assert (
        alike(article(1, "Harbour closes", text=" ".join(WORDS)), article(2, "Harbour closes", text=cut))
        > 0.5
    )


def test_another_text_on_the_same_event_is_no_copy() -> None:
    other = " ".join(reversed(WORDS))
    assert (
        alike(article(1, "Harbour closes", text=" ".join(WORDS)), article(2, "Harbour closes", text=other))
        == 0
    )


def test_boilerplate_alone_makes_no_copies() -> None:
    box = " ".join(WORDS[:30])
    first = box + " " + " ".join(f"bread{n}" for n in range(250))
    second = box + " " + " ".join(f"steel{n}" for n in range(250))
    assert alike(article(1, "Bread", text=first), article(2, "Steel", text=second)) == 0


def test_headline_and_teaser_must_both_agree() -> None:
    teaser = " ".join(WORDS[:40])
    one = article(1, "Island council closes the old harbour", teaser=teaser)
    assert alike(one, article(2, "Island council closes old harbour", teaser=teaser)) == 1
    assert alike(one, article(3, "What the storm left behind", teaser=teaser)) == 0
    assert alike(one, replace(one, id=4, teaser="Fishermen are angry about it.")) == 0


def test_bare_headlines_are_copies_only_when_equal_long_and_near_in_time() -> None:
    long = "Island council closes the old harbour for two years"
    assert alike(article(1, long), article(2, long, hours=5)) == 1
    assert alike(article(1, long), article(2, long, hours=24 * 8)) == 0
    assert alike(article(1, "Weather for Tuesday"), article(2, "Weather for Tuesday")) == 0


@pytest.mark.parametrize(
    "title",
    [
        "Live: the council votes on the harbour",
        "Harbour vote live updates: ferry blocked",
        "Morning briefing: what the island talks about",
        "Five things to know before the harbour vote",
        "Quick crossword No 1,204",
        "Weather forecast for the weekend",
        "Wettervorhersage: Regen am Abend",
        "Le conseil en direct : le vote du port",
    ],
)
def test_series_are_never_merged(title: str) -> None:
    assert is_serial(title)
    text = " ".join(WORDS)
    assert alike(article(1, title, text=text), article(2, title, text=text)) == 0


@pytest.mark.parametrize(
    "title", ["Thousands live without power", "Minister to recover in Rome", "A live volcano"]
)
def test_words_of_series_inside_a_headline_make_no_series(title: str) -> None:
    assert not is_serial(title)


LONG = "The council voted late on Tuesday to close the old harbour for two years while engineers repair its wall."


def pair(first: tuple[str, str], second: tuple[str, str], *, own: bool = False, hours: float = 2) -> float:
    """Similarity of two items of (headline, teaser) of two outlets, or of one."""
    a, b = article(1, first[0], teaser=first[1]), article(2, second[0], teaser=second[1], hours=hours)
    return alike(a, replace(b, source_id=a.source_id) if own else b)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(
            (
                "Port workers ratify new contract with Tidewater, leaving only Northline without deal",
                LONG[:52],
            ),
            ("Port workers ratify new contract with Tidewater, leaving only Northline without deal", LONG),
            id="one headline, a teaser cut short",
        ),
        pytest.param(
            ("Island Closes Old Harbour After Storm Damage", "PORT AMITY (AP) - " + LONG),
            ("Island is closing its old harbour for two years after a storm", LONG),
            id="another headline over the same teaser",
        ),
        pytest.param(
            ("Harbour wall repairs to take two years", LONG),
            ("Two years without boats for harbour", LONG),
            id="few words in common but the whole teaser",
        ),
    ],
)
def test_a_wire_text_is_recognised_under_what_each_outlet_makes_of_it(
    first: tuple[str, str], second: tuple[str, str]
) -> None:
    assert pair(first, second) > 0


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(
            (
                "Edda Lind, founder of the Amity Singers, dies at 84",
                "Edda Lind, a founder of the Amity Singers, passed away on Wednesday morning at the age of 84.",
            ),
            (
                "Edda Lind, founder of the Amity Singers, dies at 84",
                "The singer left the group in 1989 but had sung on all of its hits. Edda Lind, who led the choir, has died.",
            ),
            id="two obituaries",
        ),
        pytest.param(
            (
                "Ferry aground off Cape Lorne",
                "Two hundred passengers wait on the sandbank for the tide to come in.",
            ),
            (
                "Ferry aground off Cape Lorne",
                "The coast guard says that nobody was hurt when the vessel ran onto the sand.",
            ),
            id="two reports under one headline",
        ),
        pytest.param(
            ("Storm closes harbour", LONG),
            ("Mayor promises money", LONG[:60]),
            id="no agreement of the headlines",
        ),
    ],
)
def test_two_reports_of_one_event_are_no_copies(first: tuple[str, str], second: tuple[str, str]) -> None:
    assert pair(first, second) == 0


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (
            ("War on the strait: list of events, day 595", LONG),
            ("War on the strait: list of events, day 596", LONG),
        ),
        (
            ("Gold price rises in Amity after the vote", LONG),
            ("Gold price falls in Amity after the vote", LONG),
        ),
        (
            ("Nominees for men's sailor of the year announced", LONG),
            ("Nominees for women's sailor of the year announced", LONG),
        ),
        (
            ("Harbour politics: mad house", "The latest from the harbour."),
            ("Harbour politics: the vote", "The latest from the harbour."),
        ),
    ],
)
def test_editions_of_one_outlet_are_no_copies(first: tuple[str, str], second: tuple[str, str]) -> None:
    assert pair(first, second, own=True, hours=24) == 0


def test_one_outlet_may_publish_a_piece_again() -> None:
    told = ("The improbable return of an all-night kebab joint", LONG)
    assert pair(told, told, own=True, hours=48) == 1
    assert pair(told, (f"{told[0]} in Amity", LONG), own=True) == 1


def test_a_short_headline_that_comes_again_on_another_day_is_a_series() -> None:
    told = ("From our readers", LONG)
    assert pair(told, told, own=True, hours=1) == 1
    assert pair(told, told, own=True, hours=24) == 0


def test_two_texts_of_one_outlet_must_share_more_than_its_background() -> None:
    shared, rest = " ".join(WORDS), " ".join(reversed(WORDS))
    first, second = f"{shared} {rest} one", f"{shared} {' '.join(sorted(WORDS))} two"
    a, b = article(1, "Harbour closes", text=first), article(2, "Ferry line blocked", text=second)
    assert alike(a, b) > 0
    assert alike(a, replace(b, source_id=a.source_id)) == 0


@pytest.mark.parametrize(
    "title",
    [
        "Market Talk Roundup",
        "Energy & Utilities Roundup: Market Talk",
        "Morning briefing",
        "5 things to know before the bell",
        "Today's Wordle hints and answer for Thursday",
        "Corrections & Amplifications",
        "Photos of the day",
        "Live: the vote in the harbour council",
        "Sea war: list of key events, day 3",
        "Kreuzworträtsel",
    ],
)
def test_series_are_known_by_their_names(title: str) -> None:
    assert is_serial(title)
    assert pair((title, LONG), (title, LONG)) == 0


def test_under_one_headline_an_outlet_is_asked_no_more_than_two_outlets() -> None:
    headline = "Council of the island closes its old harbour after the storm"
    longer = (
        f"The council of the island voted late on Tuesday to close the old harbour for two years. {LONG[60:]}"
    )
    cut = (headline, longer), (headline, f"After nine years of promises, {longer[0].lower()}{longer[1:70]}")
    assert 0 < pair(*cut) == pair(*cut, own=True)
    another = (f"{headline} in March", cut[1][1])
    assert pair(cut[0], another) > 0
    assert pair(cut[0], another, own=True) == 0, "two headlines, teasers that agree by less than half"
