"""What an editor types, as the store understands it, and the small laws of rows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.store import rows
from aggregator.store.search import Query, Term, parse_query, segment, topic_query


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dock strike", Query(((Term("dock"),), (Term("strike"),)))),
        ('"dock  strike"*', Query(((Term("dock strike", prefix=True),),))),
        ("strik*", Query(((Term("strik", prefix=True),),))),
        ("TITLE:dock", Query(((Term("dock", field="title"),),))),
        (
            'outlet:"Harbour Post" -title:dock',
            Query(((Term("Harbour Post", field="outlet"),),), (Term("dock", field="title"),)),
        ),
        ("a OR b c", Query(((Term("a"), Term("b")), (Term("c"),)))),
        ("OR a OR", Query(((Term("a"),),))),
        ("a AND NOT b", Query(((Term("a"),),), (Term("b"),))),
        ("km²", Query(((Term("km²"),),))),  # as it is written: the index has it so
        ("ﬁsh", Query(((Term("fish"),),))),
        ("東京", Query(((Term("東京"),),))),
        ("東京都庁", Query(((Term("東京 京都 都庁"),),))),
        ("東", Query(((Term("東", prefix=True),),))),
        ("東京TV", Query(((Term("東京 京 TV"),),))),
        ('"never closed', Query(((Term("never closed"),),))),
        ("-", Query()),
        ("*** ??? \"\" ''", Query()),
        ("\x00\ud800", Query()),
    ],
)
def test_a_query_is_read_as(text: str, expected: Query) -> None:
    assert parse_query(text) == expected


def test_a_query_of_a_thousand_words_is_cut() -> None:
    assert len(parse_query("word " * 1000).clauses) == 32
    assert len(parse_query("x" * 5000).clauses[0][0].text) == 200


def test_a_topic_asks_for_any_of_its_terms_and_all_of_the_others() -> None:
    asked = topic_query(("strike", '"dock workers"', "walkout*", "…"), ("port",))
    assert asked == Query(
        ((Term("port"),), (Term("strike"), Term("dock workers"), Term("walkout", prefix=True)))
    )
    assert not topic_query((), ("!",))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain words", "plain words"),
        ("café “quoted” — ελληνικά", "cafe “quoted” — ελληνικα"),
        ("café “quoted” — only Latin", "café “quoted” — only Latin"),
        ("選挙戦 begins", " 選挙 挙戦 戦  begins"),
        ("ｱｲ", " アイ イ "),
    ],
)
def test_runs_without_spaces_are_cut_into_pairs(text: str, expected: str) -> None:
    assert segment(text) == expected


@given(st.sets(st.integers(0, (1 << 40) - 1), min_size=2, max_size=50))
def test_no_two_stories_have_one_id(numbers: set[int]) -> None:
    keys = {rows.story_key(number) for number in numbers}
    assert len(keys) == len(numbers)
    assert all(len(key) == 8 and key.isalnum() for key in keys)


def test_three_characters_name_one_of_a_hundred_stories() -> None:
    prefixes = {rows.story_key(number)[:3] for number in range(1, 101)}
    assert len(prefixes) == 100


@given(st.integers())
def test_any_hash_fits_into_the_store_and_stays_what_it_is_when_it_fitted(number: int) -> None:
    stored = rows.hash64(number)
    assert -(1 << 63) <= stored < 1 << 63
    assert stored == number or not -(1 << 63) <= number < 1 << 63


@given(
    st.lists(st.tuples(st.integers(1, 1 << 62), st.floats(width=32, allow_nan=False, allow_infinity=False)))
)
def test_packed_neighbours_are_unpacked_as_they_were(edges: list[tuple[int, float]]) -> None:
    assert rows.unpack_neighbours(rows.pack_neighbours(edges)) == edges
