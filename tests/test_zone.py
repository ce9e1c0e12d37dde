"""Times without a zone: read in the one that the document names, or that the feed's clock shows."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator import health
from aggregator.model import Entry, ParsedFeed

NOW = datetime(2026, 5, 14, 12, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def at(hour: int, minute: int = 0, *, day: int = 14) -> Entry:
    return Entry(published=datetime(2026, 5, day, hour, minute))


def seen(*entries: Entry, since: timedelta = 15 * MINUTE, known: Sequence[int] = ()) -> tuple[int, ...]:
    return health.observe(known, entries, since=NOW - since, now=NOW)


@pytest.mark.parametrize(
    ("entries", "minutes"),
    [
        ([at(14, 5)], 120),
        ([at(14, 5), at(9, 30)], 120),  # what was held back says nothing
        ([at(8, 0)], -240),
        ([at(17, 35)], 330),
        ([at(12, 9)], 0),
        ([at(12, 11)], 0),  # its clock is a minute ahead
        ([at(1, 5, day=15)], 780),
    ],
)
def test_what_one_document_tells(entries: list[Entry], minutes: int) -> None:
    assert seen(*entries) == (minutes,)


@pytest.mark.parametrize(
    "entries",
    [
        [],
        [Entry(published=NOW)],
        [Entry(published=datetime(2026, 5, 14), published_precision="day")],
        [Entry()],
        [at(13, 36)],  # nobody's clock shows this, a quarter of an hour after the last poll
        [at(12, 5, day=16)],
    ],
)
def test_what_tells_nothing(entries: list[Entry]) -> None:
    assert seen(*entries) == ()


def test_polls_far_apart_tell_nothing() -> None:
    assert seen(at(14, 5), since=timedelta(hours=2)) == ()
    assert health.observe((), [at(14, 5)], since=None, now=NOW) == ()


def test_three_documents_make_a_zone_and_the_easternmost_counts() -> None:
    assert health.learned([120, 120]) == ""
    assert health.learned([120, 60, 120, 60, 60, 120]) == "UTC+02:00"
    assert health.learned([-210, -210, -210]) == "UTC-03:30"
    assert health.learned([0, 0, 0]) == "UTC+00:00"


def test_the_clocks_go_back() -> None:
    known: tuple[int, ...] = (120,) * 12
    for _ in range(10):
        known = seen(at(13, 5), known=known)
    assert health.learned(known) == "UTC+01:00"


@given(
    st.sampled_from([-570, -300, -210, 0, 60, 120, 210, 330, 480, 570, 720]),
    st.lists(st.tuples(st.integers(0, 14), st.booleans()), min_size=12, max_size=12),
)
def test_a_zone_is_found_whatever_the_delays(minutes: int, documents: list[tuple[int, bool]]) -> None:
    """Every document brings one fresh entry; before some of them a late one."""
    known: tuple[int, ...] = ()
    zone = minutes * MINUTE
    for age, late in documents:
        local = (NOW + zone).replace(tzinfo=None)
        entries = [Entry(published=local - age * MINUTE)]
        if late:
            entries.insert(0, Entry(published=local - timedelta(hours=5, minutes=age)))
        known = health.observe(known, entries, since=NOW - 15 * MINUTE, now=NOW)
    if known:  # a minute before Nepal's time it could be India's too
        sign = "-" if minutes < 0 else "+"
        assert health.learned(known) in ("", f"UTC{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}")
    if minutes != 330:
        assert len(known) == 12


KYIV = timezone(timedelta(hours=3))


def document(*times: datetime | None, updated: datetime | None = None) -> ParsedFeed:
    return ParsedFeed(
        title=None,
        home_url=None,
        language=None,
        ttl=None,
        updated=updated,
        entries=tuple(Entry(published=time) for time in times),
    )


NAIVE = datetime(2026, 5, 14, 12, 0)


@pytest.mark.parametrize(
    ("read", "zone"),
    [
        (document(NAIVE, NAIVE.replace(tzinfo=KYIV)), "UTC+03:00"),
        (document(NAIVE, updated=NAIVE.replace(tzinfo=KYIV)), "UTC+03:00"),
        (document(NAIVE, updated=NAIVE.replace(tzinfo=UTC)), ""),
        (document(NAIVE, NAIVE.replace(tzinfo=KYIV), NAIVE.replace(tzinfo=UTC)), ""),
        (document(NAIVE.replace(tzinfo=KYIV)), ""),
        (document(NAIVE, None), ""),
        (document(), ""),
    ],
)
def test_what_the_document_names(read: ParsedFeed, zone: str) -> None:
    assert health.stated(read) == zone


def test_what_was_learned_is_kept_with_the_habits() -> None:
    habits = health.Habits(entries=3, offsets=(120, 60))
    assert health.Habits.read(habits.text()) == habits
    assert health.Habits.read('{"entries": 3, "fields": {}}').offsets == ()
