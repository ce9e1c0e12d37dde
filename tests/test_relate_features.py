"""Features survive the way to bytes and back, and an index row says what an article can be found by."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator import relate
from aggregator.model import Article
from relate_helpers import stored

AT = datetime(2026, 5, 14, 9, 30, tzinfo=UTC)
TEXT = " ".join(f"Minister Varga spoke about dam number {n} near Lake Orlo" for n in range(40))


def article(
    title: str = "Dam at Lake Orlo to be rebuilt", teaser: str = "", text: str | None = None
) -> Article:
    return stored(7, title, teaser, at=AT, text=text, source_id="courier", agency="AP")


@given(st.text(min_size=1), st.text(), st.one_of(st.none(), st.text(), st.just(TEXT)))
def test_what_is_written_is_read_back(title: str, teaser: str, text: str | None) -> None:
    made = relate.features(article(title, teaser, text), owner="")
    again = relate.from_blob(7, relate.to_blob(made))
    assert (again.at, again.source_id, again.owner, again.agency) == (AT, "courier", "courier", "AP")
    assert np.array_equal(again.terms, made.terms)
    assert np.allclose(again.weights, made.weights, atol=1e-3)
    assert np.array_equal(again.shingles.hashes, made.shingles.hashes)
    assert again.with_text == made.with_text


def test_a_blob_of_another_layout_is_refused_with_its_article() -> None:
    with pytest.raises(ValueError, match="article 12"):
        relate.from_blob(12, b"\xff rest")


def test_an_index_row_has_plain_terms_and_signed_bands() -> None:
    row = relate.index_row(relate.features(article(teaser="The state pays for the dam."), owner=""))
    assert row.terms
    assert all(term.isascii() and len(term) == 8 for term in row.terms)
    assert len(row.bands) == 16
    assert all(-(1 << 63) <= band < 1 << 63 for band in row.bands)


def test_weights_are_of_length_one() -> None:
    made = relate.features(article(text=TEXT), owner="")
    assert made.with_text
    assert float(made.weights @ made.weights) == pytest.approx(1, abs=1e-3)
    assert len(made.terms) <= 80
