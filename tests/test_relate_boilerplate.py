"""What an outlet repeats under its articles is learned, and left out of comparing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from aggregator import relate
from aggregator.model import Article
from aggregator.relate import Boilerplate
from aggregator.settings import RelateSettings
from relate_helpers import stored

AT = datetime(2026, 5, 14, 9, 30, tzinfo=UTC)
SIGN_UP = "Sign up to our free newsletter for the latest news from across the northern isles."
HEADLINES = (
    "Ferry aground off Cape Lorne",
    "Council votes to close the old harbour",
    "Storm tears roof from the fish market",
    "Lighthouse keeper retires after forty years",
    "New school opens in Port Amity",
)


def article(number: int, title: str, teaser: str, text: str | None = None, source: str = "isles") -> Article:
    return stored(number, title, teaser, at=AT, text=text, source_id=source)


def learn(boilerplate: Boilerplate, told: Article) -> Article:
    boilerplate.learn(told)
    return boilerplate.strip(told)


def learned() -> Boilerplate:
    boilerplate = Boilerplate()
    for number, title in enumerate(HEADLINES[:3]):
        boilerplate.learn(article(number, title, f"{title} and nobody was hurt. {SIGN_UP}"))
    return boilerplate


def test_a_passage_under_three_unlike_headlines_is_boilerplate() -> None:
    boilerplate = Boilerplate()
    told = [article(n, title, f"Report {title}. {SIGN_UP}") for n, title in enumerate(HEADLINES)]
    teasers = [learn(boilerplate, one).teaser for one in told]
    assert [SIGN_UP in teaser for teaser in teasers] == [True, True, False, False, False]
    assert teasers[2].startswith("Report Storm tears roof")


def test_numbers_in_it_do_not_matter() -> None:
    boilerplate = Boilerplate()
    last = ""
    for number, title in enumerate(HEADLINES[:4]):
        told = f"This article was updated at {number}:30 on {number} May by our own staff."
        last = learn(boilerplate, article(number, title, told)).teaser
    assert last == ""


def test_an_article_published_again_is_no_witness() -> None:
    boilerplate = Boilerplate()
    for number in range(6):
        told = article(
            number, HEADLINES[0], f"Two hundred passengers wait for the tide to come in. {SIGN_UP}"
        )
        assert learn(boilerplate, told) == told


def test_texts_lose_it_too_and_keep_their_paragraphs() -> None:
    boilerplate = learned()
    text = f"The pier was built in 1911.\n\nNobody knows by whom.\n\n{SIGN_UP}"
    stripped = boilerplate.strip(article(9, HEADLINES[4], SIGN_UP, text))
    assert (stripped.teaser, stripped.text) == ("", "The pier was built in 1911.\n\nNobody knows by whom.")


def test_stripping_learns_nothing() -> None:
    boilerplate = learned()
    before = boilerplate.to_bytes()
    boilerplate.strip(article(9, HEADLINES[4], f"Something else is said here today. {SIGN_UP}"))
    assert boilerplate.to_bytes() == before


def test_a_batch_is_learned_from_before_any_of_it_is_compared() -> None:
    firsts = [
        article(number, title, SIGN_UP, source=outlet)
        for number, (outlet, title) in enumerate(
            [("north", f"{HEADLINES[0]} today"), *(("south", title) for title in HEADLINES[:3])], start=1
        )
    ]
    linked = relate.link(
        firsts,
        relate.WindowIndex(),
        owners={},
        settings=RelateSettings(),
        since_id=lambda at: 0,
        story_of=lambda ids: {},
        boilerplate={},
    )
    assert [entry.copies for entry in linked] == [()] * 4


def test_it_is_read_back_as_it_was_written() -> None:
    boilerplate = learned()
    again = Boilerplate.from_bytes(boilerplate.to_bytes())
    assert again == boilerplate
    assert list(again.known) == list(boilerplate.known)


@given(st.lists(st.tuples(st.text(max_size=200), st.text(max_size=400)), max_size=40))
def test_no_text_is_too_strange(texts: list[tuple[str, str]]) -> None:
    boilerplate = Boilerplate()
    for number, (title, teaser) in enumerate(texts):
        stripped = learn(boilerplate, article(number, title, teaser, text=teaser * 3))
        assert set(stripped.teaser) <= set(teaser)
    assert Boilerplate.from_bytes(boilerplate.to_bytes()) == boilerplate


@given(st.binary(max_size=200))
def test_what_was_not_written_by_us_is_nothing(blob: bytes) -> None:
    if not blob or blob[0] != 1:
        assert Boilerplate.from_bytes(blob) == Boilerplate()


def test_boilerplate_makes_no_copies() -> None:
    """Two outlets of one owner say the same under everything; their reports are about two stabbings."""
    reports = []
    for outlet in ("north", "south"):
        for title in HEADLINES[:3]:
            reports.append(
                article(len(reports) + 1, title, f"{title} in the {outlet}. {SIGN_UP}", source=outlet)
            )
    one = article(7, "Man arrested after stabbing in Amity", SIGN_UP, source="north")
    other = article(8, "Man arrested after stabbing in Lorne", SIGN_UP, source="south")

    def copies(boilerplate: dict[str, Boilerplate] | None) -> list[int]:
        linked = relate.link(
            [*reports, one, replace(other, published_at=AT + timedelta(hours=1))],
            relate.WindowIndex(),
            owners={},
            settings=RelateSettings(),
            since_id=lambda at: 0,
            story_of=lambda ids: {},
            boilerplate=boilerplate,
        )
        return [number for number, _ in linked[-1].copies]

    assert copies(None) == [7]
    assert copies({}) == []


def test_readers_are_shown_a_teaser_without_its_repeated_end() -> None:
    boilerplate = learned()
    assert boilerplate.shown_teaser(f"The keeper leaves in June. {SIGN_UP}") == "The keeper leaves in June."
    assert boilerplate.shown_teaser(SIGN_UP) == ""
    for kept in ("The keeper leaves in June.", f"{SIGN_UP} The keeper leaves in June.", ""):
        assert boilerplate.shown_teaser(kept) == kept
    assert Boilerplate().shown_teaser(SIGN_UP) == SIGN_UP
