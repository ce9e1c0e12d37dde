"""Words of many languages become terms that meet their other forms; whatever the text, nothing is raised."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.relate.tokens import fold, folded_words, tokenizer


@pytest.mark.parametrize(
    ("language", "first", "second"),
    [
        ("en", "Russia's talks", "Russian talk"),
        ("de", "Die Gespräche", "der Gesprächen"),
        ("fr", "l'accord", "les accords"),
        ("es", "Las elecciones", "elecciones"),
        ("it", "l'accordo", "gli accordi"),
        ("ru", "переговоры", "переговоров"),
        ("uk", "вибори", "виборів"),
        ("ar", "المفاوضات", "مفاوضات"),
        ("sv", "förhandlingarna", "förhandlingar"),
    ],
)
def test_two_forms_of_a_word_share_a_term(language: str, first: str, second: str) -> None:
    known = tokenizer(language)
    assert set(known.flat(first)) & set(known.flat(second))


def test_stop_words_give_no_terms() -> None:
    assert tokenizer("en").flat("What is it and who said so") == []
    assert tokenizer("de").flat("Das ist nicht die über") == []


def test_scripts_without_blanks_become_bigrams() -> None:
    assert tokenizer("ja").flat("東京で地震") == ["東京", "京で", "で地", "地震"]
    assert "แผ" in tokenizer("th").flat("แผ่นดินไหว")


def test_accents_and_case_do_not_matter() -> None:
    assert fold("ÉTAT Łódź İstanbul Straße") == "etat lodz istanbul strasse"


def test_vowel_signs_stay_with_their_words() -> None:
    assert folded_words("प्रधानमंत्री दिल्ली") == ["प्रधानमंत्री", "दिल्ली"]


@given(st.text(), st.sampled_from(["", "en", "ja", "ar", "tr", "xx"]))
def test_any_text_has_terms_without_blanks(text: str, language: str) -> None:
    assert all(term and not term.isspace() for term in tokenizer(language).flat(text))
    assert fold(fold(text)) == fold(text) or not text.isascii()
