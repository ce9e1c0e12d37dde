"""Text for people: readable at any width, nothing in it obeyed, nothing of a headline lost."""

import re
from datetime import timedelta

import pytest
from rich.cells import cell_len

from aggregator.model import Feed, FeedState, Key, Poll, Sighting, Snippet, Source, Story, Topic
from aggregator.render import text
from aggregator.render.text import Screen, detail
from render_samples import HOSTILE, NOW, make_article, make_copy, make_item, make_related, make_revision

HEADLINE = "Okoro says no fishing grounds will be ceded ahead of Varga talks"
SOURCE = Source(
    id="harbour-post",
    name="The Harbour Post",
    url="https://www.harbourpost.example/",
    feeds=(Feed(url="https://www.harbourpost.example/rss", source_id="harbour-post", id="harbour"),),
)
STORY = Story(
    id="4f2a91", headline=HEADLINE, outlets=("The Harbour Post", "Northern Ledger"), independent=2,
    article_ids=(3, 2, 1), first_at=NOW - timedelta(hours=9), last_at=NOW - timedelta(hours=2),
)  # fmt: skip
POLL = Poll(
    feed_id="harbour", source_id="harbour-post", url="https://www.harbourpost.example/rss", at=NOW, outcome="ok",
    status=200, duration=timedelta(seconds=0.42), served=30, new=5, revised=1, unchanged=23, rejected=1,
)  # fmt: skip
FAILED = Poll(
    feed_id="ledger", source_id="northern-ledger", url="https://www.northernledger.example/rss", at=NOW,
    outcome="error", error_kind="network", error="no answer within 30 s",
)  # fmt: skip


def screen(width: int = 80, *, colour: bool = False) -> Screen:
    return Screen(now=NOW, width=width, colour=colour)


def everything(width: int, said: str = HEADLINE) -> str:
    """Every kind of text, with `said` wherever a stored text can stand."""
    view = screen(width)
    item = make_item(
        title=said, teaser=said, outlet=said, agency=said, authors=(said,), copies=(make_copy(title=said),),
        revisions=(make_revision(title=said),), language="en", published_note=said,
        snippet=Snippet(field="teaser", text=said, marks=((0, 1), (2, 3)), title_marks=((1, 2),)),
    )  # fmt: skip
    related = make_related(title=said, teaser=said, outlet=said, agency=said, reasons=(said,))
    state = FeedState(feed_id="harbour", checked_at=NOW, error_count=1, error_kind="network", last_error=said)
    return "".join(
        (
            text.items([item], view),
            text.entries([related, related], view, explain=True),
            text.stories([STORY], view),
            text.topics([Topic(id="ports", name=said, any=(said,))], view),
            text.sources([SOURCE], {"harbour": state}.get, view),
            text.polls([POLL, FAILED], view),
            text.articles([make_article(title=said, teaser=said)], view),
            text.rows([{"id": 1, "title": said}], ["id", "title"], view),
            text.heading(said, view),
            detail.item(
                item,
                view,
                sightings=[Sighting(article_id=1, feed_id=said, first_seen_at=NOW)],
                keys=[Key(-1, "url")],
            ),
        )
    )


@pytest.mark.parametrize("width", [*range(10, 130, 7), 300])
def test_no_line_is_wider_than_the_screen(width: int) -> None:
    too_wide = [line for line in everything(width).splitlines() if cell_len(line) > width]
    assert not too_wide


@pytest.mark.parametrize("width", [10, 40, 80, 200])
def test_no_word_of_a_headline_is_lost(width: int) -> None:
    shown = re.sub(r"\s+", "", text.items([make_item(title=HEADLINE)], screen(width)))
    if width < text.NARROW:
        assert HEADLINE.replace(" ", "") in shown
    for word in HEADLINE.split():
        assert word in shown


@pytest.mark.parametrize("width", [0, 1, 9])
def test_a_screen_of_no_width_is_still_written_to(width: int) -> None:
    assert everything(width)


@pytest.mark.parametrize("said", HOSTILE, ids=range(len(HOSTILE)))
def test_nothing_that_a_terminal_would_obey_is_written(said: str) -> None:
    shown = everything(80, said)
    shown.encode("utf-8")
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown)


def test_escapes_are_shown_as_what_they_are() -> None:
    assert r"\x1b[31mred" in text.items([make_item(title="\x1b[31mred\x1b[0m alert")], screen())


def test_markup_of_the_table_library_is_plain_text() -> None:
    assert "[bold]not bold[/bold] [link=https://e.example]x" in text.items(
        [make_item(title="[bold]not bold[/bold] [link=https://e.example]x :smile:")], screen(120)
    )


def test_a_table_names_id_age_outlet_headline_and_what_else_there_is() -> None:
    item = make_item(45, title=HEADLINE, agency="Meridian Wire", copies=(make_copy(), make_copy(91)))
    assert text.items([item], screen(120)).splitlines() == [
        "id  published     age  outlet            lang  headline",
        "45  14 May 08:28   1h  The Harbour Post  en    " + HEADLINE,
        " " * 47 + "[Meridian Wire, +2 copies]",
    ]


def test_a_card_reads_like_the_sidebar() -> None:
    entry = make_related(45, title=HEADLINE, agency="Meridian Wire", copies=(make_copy(),), score=0.61)
    assert text.entries([entry], screen(), explain=True).splitlines() == [
        HEADLINE,
        "  Same story · The Harbour Post · an hour ago · Meridian Wire · +1 copy · 45",
        "  A ferry with 312 people aboard ran aground in fog. All were brought ashore.",
        "  score 0.610; shares ferry, Lorne",
    ]


FOUND = Snippet(
    field="teaser", text="…ran aground in fog.", marks=((5, 12), (16, 19)), title_marks=((0, 5), (11, 18))
)


def test_under_a_headline_stands_the_passage_that_a_search_found() -> None:
    item = make_item(45, snippet=FOUND)
    assert text.items([item], screen()).splitlines() == [
        "id  age  outlet            headline",
        "45   1h  The Harbour Post  Ferry runs aground off Cape Lorne",
        "                           …ran aground in fog.",
    ]
    assert text.items([item], screen(40)).splitlines() == [
        "Ferry runs aground off Cape Lorne",
        "  The Harbour Post · an hour ago · 45",
        "  …ran aground in fog.",
    ]


def test_a_passage_of_the_headline_is_not_said_twice() -> None:
    found = Snippet(
        field="title", text="Ferry runs aground off Cape Lorne", marks=((0, 5),), title_marks=((0, 5),)
    )
    assert text.items([make_item(snippet=found)], screen()) == text.items([make_item()], screen())


def test_the_words_that_a_search_found_are_bold_in_colour() -> None:
    table = text.items([make_item(snippet=FOUND)], screen(colour=True))
    assert "\x1b[1mFerry\x1b[0m runs \x1b[1maground\x1b[0m off Cape Lorne" in table
    assert "\x1b[2m…ran \x1b[0m\x1b[1maground\x1b[0m\x1b[2m in \x1b[0m\x1b[1mfog" in table
    card = text.items([make_item(snippet=FOUND)], screen(40, colour=True))
    assert "\x1b[1;4mFerry" in re.sub(r"\x1b\]8;[^\x1b]*\x1b\\\\", "", card), (
        "headlines of cards are bold already"
    )
    outlet = Snippet(field="outlet", text="The Harbour Post", marks=((4, 11),))
    assert "\x1b[1;36mHarbour" in text.items([make_item(snippet=outlet)], screen(colour=True))
    assert "\x1b[" not in text.items([make_item(snippet=FOUND)], screen())


def test_colour_is_written_only_where_it_is_asked_for() -> None:
    assert "\x1b[" not in text.items([make_item()], screen())
    coloured = text.entries([make_related()], screen(colour=True))
    assert "\x1b[1" in coloured
    assert "\x1b]8;" in coloured, "the headline is a link"


def test_a_link_takes_no_address_that_is_none() -> None:
    hostile = make_related(url="https://example.org/\x1b]8;;\x07\x1b[2J")
    assert "\x1b[2J" not in text.entries([hostile], screen(colour=True))
    assert "\x1b]8;" not in text.entries([make_related(url="javascript:alert(1)")], screen(colour=True))


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (FeedState(feed_id="harbour"), "not polled yet"),
        (FeedState(feed_id="harbour", checked_at=NOW), "ok"),
        (
            FeedState(feed_id="harbour", checked_at=NOW, error_count=3, error_kind="network", last_error="no answer",
                      failing_since=NOW - timedelta(hours=9)),
            "failing since 14 May 00:30 (3x network): no answer",
        ),
        (FeedState(feed_id="harbour", checked_at=NOW, empty_since=NOW), "empty since 14 May 09:30"),
        (FeedState(feed_id="harbour", checked_at=NOW, moved_to="https://new.example/"), "moved to https://new.example/"),
    ],
)  # fmt: skip
def test_a_feeds_health_is_said_in_words(state: FeedState, said: str) -> None:
    assert said in text.sources([SOURCE], {"harbour": state}.get, screen(160))


def test_a_run_says_a_line_per_feed_and_totals() -> None:
    assert text.poll_line(POLL, source_width=15) == (
        "ok           harbour-post      0.42s  https://www.harbourpost.example/rss"
        "  5 new, 1 revised, 23 known, 1 rejected"
    )
    assert text.poll_line(FAILED, source_width=15).endswith(
        "https://www.northernledger.example/rss  network: no answer within 30 s"
    )
    assert text.poll_totals([POLL, FAILED], linked=5) == (
        "2 feeds: 1 ok, 1 failed; 5 new, 1 revised, 23 known, 1 rejected; 5 linked"
    )


def test_a_topics_rule_reads_as_words() -> None:
    topic = Topic(id="ports", name="Ports", any=("ferry", "dockers"), none=("tunnel",), languages=("en",))
    assert text.terms(topic) == "any of ferry, dockers; none of tunnel; in languages en"


def test_an_item_is_shown_with_the_origin_of_its_fields() -> None:
    item = make_item(
        7, agency="Meridian Wire", published_note="zone assumed: Europe/Berlin", revisions=(make_revision(),)
    )
    shown = detail.item(
        item,
        screen(120),
        sightings=[Sighting(article_id=7, feed_id="harbour", first_seen_at=NOW)],
        keys=[Key(-1, "url")],
        neighbours=[(5, 0.25)],
    )
    for expected in (
        "14 May 2026, 08:28 UTC (an hour ago), as the feed says; zone assumed: Europe/Berlin",
        "until 14 May 09:10:",
        "headline Ferry [-in distress-] {+runs aground+} off Cape Lorne",
        "harbour since 14 May 09:30, still there",
        "url ffffffffffffffff",
        "5 (score 0.250)",
        "The Harbour Post (harbour-post)",
    ):
        assert expected in shown
