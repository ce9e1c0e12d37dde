"""Copies are the same text; reports of the same event, series and boilerplate are not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aggregator import relate
from aggregator.model import Article
from aggregator.relate.copies import is_serial

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
    return Article(
        id=number,
        source_id=f"outlet-{number}",
        url=f"https://news.example/{number}",
        canonical_url=f"https://news.example/{number}",
        title=title,
        teaser=teaser,
        published_at=at,
        published_origin="feed",
        published_precision="instant",
        first_seen_at=at,
        language="en",
        text=text,
    )


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
