"""clean_title and clean_teaser: what readers see of an entry, without what stands around it."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.normalize import TEASER_LIMIT, TITLE_LIMIT, clean_teaser, clean_title, common_ending

SENTENCE = "The harbour reopened on Friday after nine days."


@pytest.mark.parametrize(
    ("markup", "title"),
    [
        ("Harbour strike ends", "Harbour strike ends"),
        ("<![CDATA[<b>Harbour</b> strike]]> ends", "Harbour strike ends"),
        ("Harbour strike ends - The Daily Ledger", "Harbour strike ends"),
        ("Harbour strike ends | daily ledger", "Harbour strike ends"),
        ("Harbour strike ends – ledger.example", "Harbour strike ends"),
        ("Harbour strike ends: what we know | Daily Ledger", "Harbour strike ends: what we know"),
        # Any other ending belongs to the headline.
        ("Harbour strike ends - live", "Harbour strike ends - live"),
        ("Harbour strike ends – Reuters", "Harbour strike ends – Reuters"),
        ("Daily Ledger - Daily Ledger", "Daily Ledger"),
        ("Why - Daily Ledger", "Why - Daily Ledger"),
        ("Non-stop talks in the Daily Ledger", "Non-stop talks in the Daily Ledger"),
        # The picture's alternative text and the heading, glued together by markup.
        ("Harbour strike ends at last Harbour strike ends at last", "Harbour strike ends at last"),
        ("New York New York", "New York New York"),
        ("", ""),
        ("<img src=x>", ""),
    ],
)
def test_a_headline_is_plain_and_single(markup: str, title: str) -> None:
    assert clean_title(markup, outlets=("The Daily Ledger", "", "ledger.example")) == title


def test_a_headline_is_bounded() -> None:
    title = clean_title("word " * 300_000)
    assert title.endswith("word…") and len(title) <= TITLE_LIMIT


@pytest.mark.parametrize(
    "tail",
    [
        "Continue reading...", "Continue Reading →", "Read more", "Read More »", "READ MORE",
        "Read the full story", "Click here to read more",
        "Read Full Article at ledger.example", "Full Story", "Keep reading", "View Entire Post ›",
        "Solve the daily Crossword", "Advertisement",
        "No comments yet...", "Sign up here.", "Related:", "[Read more...]",
        "The post Harbour strike ends appeared first on Daily Ledger.",
        "This article was originally published on ledger.example.",
        "This story first appeared in the Daily Ledger", "Weiterlesen", "Mehr lesen", "Jetzt lesen",
        "Lesen Sie hier weiter",
        "Der Beitrag Hafenstreik endet erschien zuerst auf Tageblatt.", "Lire la suite",
        "Lire l’article complet", "En savoir plus",
        "L’article Fin de la grève est apparu en premier sur Le Registre.", "Leer más", "Sigue leyendo",
        "Seguir leyendo.",
        "La entrada Termina la huelga se publicó primero en El Registro.", "Leia mais", "Continue lendo",
        "Leggi tutto", "Continua a leggere",
        "L'articolo Finito lo sciopero proviene da Il Registro.", "Lees verder", "Läs mer", "Les mer",
        "Læs mere", "Lue lisää", "Czytaj więcej",
        "Číst dál", "Tovább", "Citește mai mult", "Читать далее", "Подробнее", "Читати далі", "Devamını oku",
        "Baca selengkapnya", "Xem thêm",
        "اقرأ المزيد", "続きを読む", "阅读全文", "더 보기", "और पढ़ें", "Διαβάστε περισσότερα",
    ],
)  # fmt: skip
def test_calls_and_notices_at_the_end_go(tail: str) -> None:
    assert clean_teaser(f"<p>{SENTENCE}</p> <a href='/x'>{tail}</a>") == SENTENCE
    assert clean_teaser(tail) == ""


def test_several_tails_go_one_after_another() -> None:
    stacked = f"{SENTENCE} The post A | B appeared first on Daily Ledger. Read more Solve the daily Crossword"
    assert clean_teaser(stacked) == SENTENCE


@pytest.mark.parametrize(
    "text",
    [
        "Children should read more, she said.",
        "The post office in the village closed for good on Friday.",
        "Voters will continue reading the fine print.",
        "He wanted to learn more",
        "The advertisement ran for nine days.",
        "Police asked those who saw more to come forward.",
        "The report (see page 4) was published on Friday.",
        "Reuters reporters were told (on Friday) to leave.",
        "The either/or question remains. AP or no AP, he said.",
    ],
)
def test_words_of_the_article_stay(text: str) -> None:
    assert clean_teaser(text) == text


@pytest.mark.parametrize("mark", ["[…]", "[...]", "[&#8230;]", "(more…)", "[…] →"])
def test_an_excerpt_cut_by_the_blog_ends_in_an_ellipsis(mark: str) -> None:
    assert (
        clean_teaser(f"The harbour reopened after nine days and {mark}")
        == "The harbour reopened after nine days and…"
    )


@pytest.mark.parametrize(
    "credit",
    [
        "(Jo Roe/AFP via Getty Images)",
        "(AP Photo/Jo Roe)",
        "(Jo Roe/Reuters)",
        "(Photo by JO ROE / AFP)",
        "(Photo: Jo Roe)",
        "(TT News Agency/Jo Roe via Reuters)",
        "(Getty Images)",
    ],
)
def test_photo_credits_go(credit: str) -> None:
    assert clean_teaser(f"{SENTENCE} {credit} Ships left.") == f"{SENTENCE} Ships left."


def test_furniture_between_sentences_goes() -> None:
    text = (
        f"{SENTENCE} ABCImages/Shutterstock Ships left at dawn. Advertisement The union spoke of a victory."
    )
    assert clean_teaser(text) == f"{SENTENCE} Ships left at dawn. The union spoke of a victory."


@pytest.mark.parametrize(
    ("text", "teaser"),
    [
        ("Harbour strike ends after nine days", ""),
        ("HARBOUR strike ends after nine days…", ""),
        ("Harbour strike ends after nine days - Ships left at dawn.", "Ships left at dawn."),
        ("Harbour strike ends after nine days. Ships left at dawn.", "Ships left at dawn."),
        ("Harbour strike ends after nine days of talks.", "Harbour strike ends after nine days of talks."),
        ("Ships left at dawn.", "Ships left at dawn."),
    ],
)
def test_a_teaser_says_more_than_its_headline(text: str, teaser: str) -> None:
    assert clean_teaser(text, title="Harbour strike ends after nine days") == teaser


def test_a_teaser_ends_with_a_sentence() -> None:
    teaser = clean_teaser(f"<p>{SENTENCE}</p>" * 40)
    assert TEASER_LIMIT * 0.8 < len(teaser) <= TEASER_LIMIT and teaser.endswith("days.")


def test_a_dateline_stays_in_the_teaser() -> None:
    text = "KYIV/LONDON (Reuters) -The talks will go on, officials said."
    assert clean_teaser(text) == text


@given(st.text(), st.text(max_size=30))
@settings(max_examples=200, deadline=None)
def test_any_text_gives_a_bounded_teaser(text: str, title: str) -> None:
    assert len(clean_teaser(text, title=title)) <= TEASER_LIMIT
    assert len(clean_title(text, outlets=(title,))) <= TITLE_LIMIT


@pytest.mark.parametrize(
    "unit",
    [
        "<",
        ". ",
        "(",
        "The post ",
        "Read more ",
        "a/",
        ". a a a ",
        ".a",
        " | ",
        "Image ",
        "(x",
        "(Photo ",
        "[",
        "— ",
    ],
)
def test_linear_time(unit: str) -> None:
    started = time.process_time()
    clean_teaser(unit * 15_000, title="x" * 30)
    clean_title(unit * 15_000, outlets=("x",))
    assert time.process_time() - started < 1


NEWS = ("Ferry aground off the cape", "Council closes the harbour", "Storm takes market roof", "Keeper retires at last",
        "School opens in the port")  # fmt: skip


@pytest.mark.parametrize(
    ("titles", "ending"),
    [
        ([f"{title} | Isle Herald Online" for title in NEWS], "Isle Herald Online"),
        ([*(f"{title} - Herald &amp; Post" for title in NEWS), "One without an ending"], "Herald & Post"),
        ([*(f"{title} | Isle Herald Online" for title in NEWS[:4]), NEWS[4]], ""),
        ([*(f"{title} | Isle Herald Online" for title in NEWS), *NEWS], ""),
        ([f"{title} – live" for title in NEWS], ""),
        ([f"{title} - 2026" for title in NEWS], ""),
        (["The same headline again | Isle Herald"] * 9, ""),
        ([], ""),
    ],
)
def test_what_the_headlines_of_a_document_end_in(titles: list[str], ending: str) -> None:
    assert common_ending(titles) == ending
