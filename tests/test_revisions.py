"""How an article came to read as it does: word by word, and said in a way that people and programs understand."""

import re
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from aggregator.model import Item, Revision
from aggregator.render import jsonable
from aggregator.render.revisions import Piece, difference, history, shortened
from aggregator.render.text import Screen, detail
from render_samples import HOSTILE, NOW, make_item

FORMS = {"same": "{}", "removed": "[-{}-]", "added": "{{+{}+}}"}


def joined(pieces: tuple[Piece, ...] | list[Piece]) -> str:
    return "".join(
        (" " if piece.apart else "") + FORMS[piece.kind].format(piece.text) for piece in pieces
    ).strip()


def revision(minutes: int, title: str, teaser: str = "", **fields: Any) -> Revision:
    """A wording that was first replaced so many minutes after nine."""
    at = NOW.replace(hour=9, minute=0) + timedelta(minutes=minutes)
    if "last" in fields:
        fields["last_at"] = NOW.replace(hour=9, minute=0) + timedelta(minutes=fields.pop("last"))
    return Revision(article_id=1, seen_at=at, title=title, teaser=teaser, **fields)


def shown(item: Item, width: int = 80, *, colour: bool = False) -> str:
    return detail.item(item, Screen(now=NOW, width=width, colour=colour))


def lines(item: Item) -> list[str]:
    """What is said of the revisions of an item."""
    text = shown(item, 100)
    told = text[text.index("revisions") :].removeprefix("revisions").splitlines()
    return [line.strip() for line in told]


# --- word by word -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "Ferry in distress off Cape Lorne",
            "Ferry runs aground off Cape Lorne",
            "Ferry [-in distress-] {+runs aground+} off Cape Lorne",
        ),
        ("Ferry in distress", "Ferry in distress, 3.5m hurt", "Ferry in distress{+, 3.5m hurt+}"),
        ("Two dead, dozens missing", "Four dead, dozens missing", "[-Two-] {+Four+} dead, dozens missing"),
        ("Price up 3.5%", "Price up 3.7%", "Price up [-3.5%-] {+3.7%+}"),
        ("Okoro's plan", "Okoro's new plan", "Okoro's {+new+} plan"),
        ("", "A teaser.", "{+A teaser.+}"),
        ("A teaser.", "", "[-A teaser.-]"),
        ("One. Two.", "One. Two. Three.", "One. Two. {+Three.+}"),
        ("A, b, and c", "A and c", "A[-, b,-] and c"),
        ("same  text", "same text", ""),
        ("a storm is near", "A storm is near", "[-a-] {+A+} storm is near"),
        ("東京で火災、2人死亡", "東京で火災、3人死亡", "東京で火災、[-2-]{+3+}人死亡"),
        ("知事、ストライキに懸念", "知事、ストライキを歓迎", "知事、ストライキ[-に懸念-]{+を歓迎+}"),
        ("นายกรัฐมนตรีลาออก", "นายกรัฐมนตรียุบสภา", "นายกรัฐมนตรี[-ลาออก-]{+ยุบสภา+}"),
        ("서울에서 화재, 3명 부상", "서울에서 화재, 5명 부상", "서울에서 화재, [-3명-] {+5명+} 부상"),
        # Little in common: two texts, one after the other.
        (
            "Three dead in ferry fire",
            "Five hurt as train derails in Kell",
            "[-Three dead in ferry fire-] {+Five hurt as train derails in Kell+}",
        ),
        # A word that happens to stay between two changes does not break them apart.
        (
            "Mayor of Kell says yes to new tax on all boats and ports",
            "Mayor of Tarn city votes to ban old levy on all boats and ports",
            "Mayor of [-Kell says yes to new tax-] {+Tarn city votes to ban old levy+} on all boats and ports",
        ),
    ],
)
def test_two_texts_are_laid_over_each_other(old: str, new: str, expected: str) -> None:
    assert joined(difference(old, new)) == expected


def test_long_stretches_that_stayed_are_cut_down_to_what_stands_beside_a_change() -> None:
    before = "The harbour was closed on Friday after a storm that nobody had seen coming. The mayor spoke on "
    after = " and said that boats are safe. More follows later in the day as we get it from our reporters."
    pieces = list(shortened(difference(f"{before}Monday{after}", f"{before}Tuesday{after}")))
    assert joined(pieces) == (
        "… nobody had seen coming. The mayor spoke on [-Monday-] {+Tuesday+}"
        " and said that boats are safe. More follows …"
    )
    sentence = "港は嵐のため閉鎖された。"
    pieces = list(shortened(difference(f"{sentence * 9}月曜", f"{sentence * 9}火曜")))
    assert joined(pieces).startswith("…") and joined(pieces).endswith("[-月-]{+火+}曜")
    assert len(joined(pieces)) < 70


WORDS = st.lists(
    st.sampled_from(["ferry", "storm", "a", "the", ",", ".", "東京", "は", "ที่", "火", "5.1", "e\u0301", "—"]),
    max_size=25,
).map(" ".join)
TEXT = WORDS | st.text(max_size=40) | st.sampled_from(HOSTILE)


def words(text: str) -> str:
    return re.sub(r"\s+", "", text)


@given(old=TEXT, new=TEXT)
def test_a_difference_holds_all_of_both_texts(old: str, new: str) -> None:
    pieces = difference(old, new)
    if not pieces:
        assert words(old) == words(new)
        return
    for text, other in ((old, "added"), (new, "removed")):
        kept = "".join(piece.text for piece in pieces if piece.kind != other)
        assert words(kept) == words(text)


@given(old=TEXT, new=TEXT)
def test_a_shortened_difference_still_holds_every_change(old: str, new: str) -> None:
    pieces = difference(old, new)
    short = list(shortened(pieces))
    assert [piece for piece in short if piece.kind != "same"] == [
        piece for piece in pieces if piece.kind != "same"
    ]
    assert all(len(piece.text) <= len(whole.text) for piece, whole in zip(short, pieces, strict=True))


# --- what is told -----------------------------------------------------------------------------------------------------


def test_each_earlier_version_is_told_with_what_changed_then() -> None:
    item = make_item(
        title="Ferry runs aground, all saved",
        teaser="Everyone was brought ashore.",
        revisions=(
            revision(10, "Ferry in distress", "More follows."),
            revision(40, "Ferry runs aground", "More follows."),
        ),
    )
    assert lines(item) == [
        "until 14 May 09:10: headline Ferry [-in distress-] {+runs aground+}",
        "until 14 May 09:40:",
        "headline Ferry runs aground{+, all saved+}",
        "teaser [-More follows.-] {+Everyone was brought ashore.+}",
    ]


def test_a_time_is_told_by_the_clock_and_by_the_day_when_it_is_another() -> None:
    at = NOW.replace(hour=10, minute=2)
    item = make_item(title="T", teaser="", published_at=NOW.replace(hour=11, minute=40),
                     revisions=(revision(10, "T", published_at=at),))  # fmt: skip
    assert lines(item) == ["until 14 May 09:10: published 10:02 -> 11:40"]
    item = make_item(title="T", teaser="", published_at=at,
                     revisions=(revision(10, "T", published_at=at - timedelta(days=1), times=4, last=50),))  # fmt: skip
    assert lines(item) == ["until 14 May 09:50: published 13 May 10:02 -> 14 May 10:02, in 4 steps"]


def test_two_headlines_that_take_turns_are_told_once() -> None:
    item = make_item(
        title="Harbour is shut",
        teaser="",
        revisions=(
            revision(10, "Harbour shut", times=4, last=80),
            revision(20, "Harbour is shut", times=3, last=70),
        ),
    )
    assert lines(item) == [
        "until 14 May 09:10: headline Harbour {+is+} shut",
        "these two headlines alternate: 7 changes, last at 14 May 10:20",
    ]


def test_a_headline_that_came_back_once_is_told_so() -> None:
    item = make_item(
        title="Harbour shut",
        teaser="",
        revisions=(revision(10, "Harbour shut"), revision(30, "Harbour is shut")),
    )
    assert lines(item) == [
        "until 14 May 09:10: headline Harbour {+is+} shut",
        "14 May 09:30: back to the earlier headline",
    ]


def test_what_follows_after_two_alternated_is_compared_with_the_one_that_stood_last() -> None:
    item = make_item(
        title="Harbour reopens",
        teaser="",
        revisions=(
            revision(10, "Harbour shut", times=2, last=30),  # shut, is shut, shut, closed, reopens
            revision(20, "Harbour is shut"),
            revision(50, "Harbour closed"),
        ),
    )
    assert lines(item) == [
        "until 14 May 09:10: headline Harbour {+is+} shut",
        "these two headlines alternate: 3 changes, last at 14 May 09:30",
        "until 14 May 09:30: headline Harbour [-shut-] {+closed+}",
        "until 14 May 09:50: headline Harbour [-closed-] {+reopens+}",
    ]


def test_teasers_alternate_as_headlines_do() -> None:
    item = make_item(
        title="T",
        teaser="One.",
        revisions=(revision(10, "T", "One.", times=2, last=30), revision(20, "T", "Two.", times=2, last=40)),
    )
    assert lines(item)[-1] == "these two teasers alternate: 4 changes, last at 14 May 09:40"


def test_a_change_that_no_reader_sees_is_told_as_that() -> None:
    item = make_item(title="A b", teaser="", revisions=(revision(10, "A  b"),))
    assert lines(item) == ["until 14 May 09:10: nothing that readers see"]


def test_in_colour_words_are_struck_out_and_nothing_stands_in_brackets() -> None:
    item = make_item(title="Ferry runs aground", revisions=(revision(10, "Ferry in distress", "More."),))
    coloured = shown(item, colour=True)
    assert "\x1b[9;31min distress\x1b[0m \x1b[32mruns aground" in coloured
    assert "[-" not in coloured and "{+" not in coloured
    assert "\x1b[" not in shown(item)


def test_the_number_of_changes_stands_in_lists() -> None:
    from aggregator.render.text import items

    item = make_item(
        title="A", revisions=(revision(10, "A", times=4, last=80), revision(20, "B", times=3, last=70))
    )
    assert "[revised 7 times]" in items([item], Screen(now=NOW))


@pytest.mark.parametrize("width", [10, 40, 59, 60, 80, 120])
@pytest.mark.parametrize("said", HOSTILE, ids=range(len(HOSTILE)))
def test_nothing_of_a_revision_is_obeyed_or_too_wide(said: str, width: int) -> None:
    item = make_item(title=said, teaser=f"{said} more", revisions=(revision(10, f"Other {said}", said),))
    text = shown(item, width)
    text.encode("utf-8")
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    assert all(cell_len(line) <= width for line in text.splitlines())


def test_programs_are_told_what_went_and_what_came() -> None:
    item = make_item(
        title="Ferry runs aground",
        teaser="",
        published_at=NOW,
        revisions=(
            revision(10, "Ferry in distress", published_at=NOW),
            revision(
                20, "Ferry runs aground", "More.", published_at=NOW - timedelta(hours=1), times=2, last=30
            ),
        ),
    )
    assert jsonable.item_in_full(item)["changes"] == [
        {
            "field": "title",
            "at": "2026-05-14T09:10:00Z",
            "removed": ["in distress"],
            "added": ["runs aground"],
        },
        {"field": "teaser", "at": "2026-05-14T09:10:00Z", "removed": [], "added": ["More."]},
        {
            "field": "published_at",
            "at": "2026-05-14T09:10:00Z",
            "removed": ["2026-05-14T09:30:00Z"],
            "added": ["2026-05-14T08:30:00Z"],
        },
        {"field": "teaser", "at": "2026-05-14T09:30:00Z", "removed": ["More."], "added": []},
        {
            "field": "published_at",
            "at": "2026-05-14T09:30:00Z",
            "removed": ["2026-05-14T08:30:00Z"],
            "added": ["2026-05-14T09:30:00Z"],
        },
    ]
    assert [(entry["times"], entry["last_at"]) for entry in jsonable.item(item)["revisions"]] == [
        (1, "2026-05-14T09:10:00Z"),
        (2, "2026-05-14T09:30:00Z"),
    ]
    assert jsonable.item_in_full(make_item())["changes"] == []


@given(
    st.lists(
        st.tuples(
            st.sampled_from("ABC"), st.integers(1, 59), st.integers(1, 4), st.none() | st.integers(60, 90)
        ),
        max_size=6,
    )
)
def test_any_history_is_told_in_the_order_of_time(rows: list[tuple[str, int, int, int | None]]) -> None:
    earlier = tuple(
        revision(minute, title, times=times, **({} if last is None else {"last": last}))
        for title, minute, times, last in rows
    )
    told = history(make_item(title="A", teaser="", revisions=earlier))
    assert len(told.steps) == len(earlier)
    assert [step.at for step in told.steps] == sorted(step.at for step in told.steps)
