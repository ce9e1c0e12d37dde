"""Candidates in segments: the same as a plain search over everything, however they were added, merged and taken out."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import log1p

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import store_databases
from aggregator.model import IndexRow
from aggregator.relate import WindowIndex
from aggregator.store import Store, candidates, segments
from aggregator.store.schema import segment
from store_databases import configured
from store_helpers import add, article

postgresql, url, store = store_databases.postgresql, store_databases.url, store_databases.store  # fixtures


def row(number: int, terms: list[str], bands: list[int]) -> IndexRow:
    return IndexRow(article_id=number, terms=tuple(terms), bands=tuple(bands), blob=b"%d" % number)


@dataclass
class Plain:
    """What is to be found, looked up article by article."""

    rows: dict[int, IndexRow] = field(default_factory=dict)

    def search(self, terms: list[str], since: int, until: int) -> dict[int, float]:
        held = {
            term: [n for n, one in self.rows.items() if term in one.terms and since <= n < until]
            for term in terms
        }
        known = [n for n in self.rows if n >= since]
        scores: defaultdict[int, float] = defaultdict(float)
        if known:
            width = min(until, max(known) + 1) - min(known)
            for numbers in held.values():
                for number in numbers:
                    scores[number] += log1p(width / len(numbers))
        return scores


ROWS = st.lists(
    st.tuples(
        st.lists(st.sampled_from("abcdefgh"), max_size=5, unique=True),
        st.lists(st.integers(-3, 3), max_size=3, unique=True),
    ),
    min_size=1,
    max_size=12,
)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with configured(f"sqlite:///{tmp_path_factory.mktemp('kept')}/news.db") as opened:
        yield opened


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.lists(st.tuples(ROWS, st.lists(st.integers(1, 120), max_size=4)), min_size=1, max_size=14), st.data()
)
def test_as_a_plain_search_finds_them(
    kept: Store, batches: list[tuple[list[tuple[list[str], list[int]]], list[int]]], data: st.DataObject
) -> None:
    """Batches are added; after each, some articles are taken out and the first of them comes again with other terms."""
    plain, memory = Plain(), candidates.Memory()
    with kept.write() as writer, pytest.MonkeyPatch.context() as small:
        small.setattr(segments, "SMALLEST", 4)
        small.setattr(segments, "FANOUT", 3)
        small.setattr(segments, "LARGEST", 40)
        connection = writer._connection
        connection.execute(segment.delete())
        number = 0
        for rows, out in batches:
            fresh = []
            for terms, bands in rows:
                number += 1
                fresh.append(row(number, terms, bands))
            segments.add(connection, fresh)
            plain.rows.update((one.article_id, one) for one in fresh)
            gone = [one for one in dict.fromkeys(out) if one in plain.rows]
            if gone:
                segments.remove(connection, gone)
                for one in gone:
                    del plain.rows[one]
                again = row(gone[0], ["a", "z"], [3])
                segments.add(connection, [again])
                plain.rows[gone[0]] = again
        since = data.draw(st.integers(0, number))
        until = data.draw(st.integers(since, number + 2))
        asked = data.draw(st.lists(st.sampled_from("abcdefghz"), min_size=1, max_size=4, unique=True))
        expected = {n for n, _ in plain.search(asked, since, until).items()}
        found = segments.search(connection, memory, asked, since, until, 1_000)
        assert set(found) == expected
        assert len(found) == len(expected)
        bands = data.draw(st.lists(st.integers(-3, 3), min_size=1, max_size=3))
        sharing = [
            n for n, one in plain.rows.items() if since <= n < until and not set(bands).isdisjoint(one.bands)
        ]
        assert segments.sharing(connection, memory, bands, since, until, 1_000) == sorted(
            sharing, reverse=True
        )
        assert list(segments.damage(connection)) == []
        merged = segments.places(connection, 0, 1 << 62)
        assert len(merged) <= 3 * 3 + number // 13 + 2 * len(batches), "they are merged"
        connection.execute(segment.delete())


def test_the_order_is_that_of_the_window_in_memory(store: Store) -> None:
    """One contract: what a cron job finds is what a long-running process finds."""
    rows = [
        row(number, [f"{(number * step) % 37:08x}" for step in (1, 3, 7, 11)], [number % 5])
        for number in range(1, 301)
    ]
    add(store, *(article(str(number)) for number in range(1, 301)))
    window = WindowIndex()
    for start in range(0, 300, 50):
        with store.write() as writer:
            writer.candidates().add(rows[start : start + 50])
        window.add(rows[start : start + 50])
    index = store.candidates()
    same = total = 0
    for one in rows:
        for since, until in ((0, None), (100, None), (50, one.article_id)):
            arguments = {"since_id": since, "until_id": until, "limit": 20}
            stored = [n for n, _ in index.search(one.terms, **arguments)]  # type: ignore[arg-type]
            in_memory = [n for n, _ in window.search(one.terms, **arguments)]  # type: ignore[arg-type]
            same += sum(a == b for a, b in zip(stored, in_memory, strict=True))
            total += len(in_memory)
            assert index.copies(one.bands, **arguments) == window.copies(one.bands, **arguments)  # type: ignore[arg-type]
    assert same >= 0.99 * total > 0


def test_small_segments_become_large_ones(store: Store) -> None:
    with store.write() as writer:
        for number in range(1, 8 * 128 + 1):
            segments.add(writer._connection, [row(number, [f"{number:08x}", "00000001"], [number])])
        sizes = [place.articles for place in segments.places(writer._connection, 0, 1 << 62)]
        assert sum(sizes) == 8 * 128
        assert len(sizes) <= 3 * segments.FANOUT
        found = segments.search(writer._connection, candidates.Memory(), ["00000200"], 0, 1 << 62, 9)
        assert found == [512]


def test_a_number_that_is_given_again_after_a_rollback_is_another_segment(store: Store) -> None:
    with pytest.raises(RuntimeError, match="taken back"), store.write() as writer:
        writer.candidates().add([row(1, ["first"], [])])
        assert writer.candidates().search(["first"], since_id=0, until_id=None, limit=1)
        raise RuntimeError("taken back")
    with store.write() as writer:
        writer.candidates().add([row(1, ["second"], [])])
    assert store.candidates().search(["first"], since_id=0, until_id=None, limit=1) == []
    assert [n for n, _ in store.candidates().search(["second"], since_id=0, until_id=None, limit=1)] == [1]


def test_ids_that_lie_far_apart(store: Store) -> None:
    far = (1 << 40) + 5
    with store.write() as writer:
        segments.add(writer._connection, [row(1, ["a"], [1]), row(far, ["a"], [1])])
        assert segments.search(writer._connection, candidates.Memory(), ["a"], 2, 1 << 62, 9) == [far]
        assert segments.search(writer._connection, candidates.Memory(), ["a"], 0, 1 << 62, 9) == [far, 1]
        assert segments.sharing(writer._connection, candidates.Memory(), [1], 0, 1 << 62, 9) == [far, 1]


def test_retention_drops_what_is_below(store: Store) -> None:
    with store.write() as writer:
        segments.add(writer._connection, [row(1, ["a"], [1]), row(2, ["a"], [1])])
        segments.add(writer._connection, [row(3, ["a"], [1])])
        segments.drop_below(writer._connection, 3)
        left = writer._connection.execute(sa.select(segment.c.first_id)).scalars().all()
        assert left == [3]


def test_memory_lets_go_of_what_was_used_longest_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates, "KEPT", 100)
    memory = candidates.Memory()
    memory.keep("a", "A", 40)
    memory.keep("b", "B", 40)
    assert memory.get("a") == "A"
    memory.keep("c", "C", 40)
    assert [memory.get(key) for key in "abc"] == ["A", None, "C"]
    memory.keep("d", "D", 1_000)
    assert [memory.get(key) for key in "acd"] == [None, None, "D"]
