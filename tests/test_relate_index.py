"""A WindowIndex proposes what shares rare terms, inside a range of ids, newest first among equals."""

import pytest

from aggregator.model import IndexRow
from aggregator.relate import WindowIndex


def row(number: int, *terms: int, bands: tuple[int, ...] = ()) -> IndexRow:
    return IndexRow(
        article_id=number, terms=tuple(f"{term:08x}" for term in terms), bands=bands, blob=b"%d" % number
    )


def names(*terms: int) -> tuple[str, ...]:
    return tuple(f"{term:08x}" for term in terms)


INDEX = WindowIndex(
    [row(1, 10, 11), row(2, 10, 12), row(3, 10, 11, 13), row(4, 14), row(5, 10, bands=(-7, 8))]
)


def test_more_and_rarer_shared_terms_come_first() -> None:
    found = INDEX.search(names(10, 11), since_id=1, until_id=None, limit=10)
    assert [number for number, _ in found] == [3, 1, 5, 2]


def test_a_range_of_ids_and_a_limit_are_kept() -> None:
    found = INDEX.search(names(10), since_id=2, until_id=5, limit=1)
    assert found == [(3, b"3")]
    assert INDEX.search(names(10), since_id=6, until_id=None, limit=5) == ()
    assert INDEX.search(names(99), since_id=1, until_id=None, limit=5) == ()


def test_articles_that_share_a_band_are_found() -> None:
    assert INDEX.copies((8, 9), since_id=1, until_id=None, limit=5) == [(5, b"5")]
    assert INDEX.copies((8,), since_id=1, until_id=5, limit=5) == []


def test_known_rows_are_left_as_they_are_and_late_ids_refused() -> None:
    index = WindowIndex([row(1, 10), row(3, 10)])
    index.add([row(3, 11)])
    assert len(index) == 2
    with pytest.raises(ValueError, match="article 2"):
        index.add([row(2, 10)])


def test_get_leaves_unknown_ids_out() -> None:
    assert INDEX.get([4, 77]) == {4: b"4"}
