"""The JSON shapes that other programs rely on."""

import json
from datetime import UTC, datetime, timedelta, timezone

from aggregator.model import Feed, FeedState, Poll, Snippet, Source, Story
from aggregator.render import jsonable
from render_samples import NOW, make_copy, make_item, make_related, make_revision

ITEM_KEYS = [
    "id", "url", "title", "teaser", "outlet", "source_id", "agency", "authors", "language", "published_at",
    "published_origin", "published_precision", "first_seen_at", "image", "story_id", "copies", "revisions",
    "from_page",
]  # fmt: skip


def test_an_item_has_its_keys() -> None:
    record = jsonable.item(
        make_item(7, agency="Meridian Wire", authors=("Noor Halim",), story_id="4f2a", copies=(make_copy(),),
                  revisions=(make_revision(),))
    )  # fmt: skip
    assert list(record) == ITEM_KEYS
    assert record["id"] == 7
    assert record["outlet"] == "The Harbour Post"
    assert record["published_at"] == "2026-05-14T08:28:00Z"
    assert record["authors"] == ["Noor Halim"]
    assert record["story_id"] == "4f2a"
    assert record["copies"] == [
        {
            "id": 90,
            "url": "https://dailytarn.example/90",
            "title": "Ferry runs aground",
            "outlet": "The Daily Tarn",
            "source_id": "daily-tarn",
            "agency": "Meridian Wire",
            "published_at": "2026-05-14T08:30:00Z",
            "similarity": 0.9346,
        }
    ]
    assert record["revisions"] == [
        {
            "seen_at": "2026-05-14T09:10:00Z",
            "title": "Ferry in distress off Cape Lorne",
            "teaser": "More follows.",
            "times": 1,
            "last_at": "2026-05-14T09:10:00Z",
        }
    ]
    json.dumps(record)


def test_what_a_search_found_has_its_passage_and_the_places_of_its_words() -> None:
    found = Snippet(
        field="teaser", text="…ran aground in fog.", marks=((5, 12), (16, 19)), title_marks=((0, 5),)
    )
    record = jsonable.found_item(make_item(snippet=found))
    assert list(record) == [*ITEM_KEYS, "snippet", "marks"]
    assert record["snippet"] == "…ran aground in fog."
    assert record["marks"] == [[5, 12], [16, 19]]
    assert [record["snippet"][start:end] for start, end in record["marks"]] == ["aground", "fog"]
    unfound = jsonable.found_item(make_item())
    assert (unfound["snippet"], unfound["marks"]) == (None, [])


def test_what_is_unknown_is_an_empty_text_or_null() -> None:
    record = jsonable.item(make_item(language=""))
    assert (record["agency"], record["language"]) == ("", "")
    assert (record["story_id"], record["image"]) == (None, None)


def test_a_related_entry_is_an_item_with_why() -> None:
    record = jsonable.related(make_related(score=0.61234567), NOW)
    assert list(record) == [*ITEM_KEYS, "score", "relation", "reasons", "ago"]
    assert record["score"] == 0.6123
    assert record["relation"] == "same_story"
    assert record["reasons"] == ["shares ferry, Lorne"]
    assert record["ago"] == "an hour ago"
    assert jsonable.related(make_related(), NOW, "de")["ago"] == "vor einer Stunde"


def test_instants_are_rfc_3339_in_utc() -> None:
    east = timezone(timedelta(hours=2))
    assert jsonable.instant(datetime(2026, 5, 14, 11, 30, tzinfo=east)) == "2026-05-14T09:30:00Z"
    assert (
        jsonable.instant(datetime(2026, 5, 14, 9, 30, 0, 250_000, tzinfo=UTC))
        == "2026-05-14T09:30:00.250000Z"
    )


def test_a_story_has_its_keys() -> None:
    story = Story(
        id="4f2a", headline="Ferry aground", outlets=("A", "B"), independent=2, article_ids=(3, 1),
        first_at=NOW - timedelta(hours=3), last_at=NOW, score=1.5,
    )  # fmt: skip
    assert jsonable.story(story) == {
        "id": "4f2a",
        "headline": "Ferry aground",
        "outlets": ["A", "B"],
        "independent": 2,
        "article_ids": [3, 1],
        "first_at": "2026-05-14T06:30:00Z",
        "last_at": "2026-05-14T09:30:00Z",
        "score": 1.5,
    }


def test_a_poll_run_counts_every_entry_once_and_names_errors() -> None:
    ok = Poll(feed_id="a", source_id="a", url="https://a.example/rss", at=NOW, outcome="ok", status=200,
              served=5, new=2, revised=1, unchanged=1, rejected=1,
              rejections=(("https://a.example/1", "no title"),))  # fmt: skip
    failed = Poll(feed_id="b", source_id="b", url="https://b.example/rss", at=NOW, outcome="error", status=503,
                  error_kind="server", error="503 Service Unavailable")  # fmt: skip
    quiet = Poll(
        feed_id="c", source_id="c", url="https://c.example/rss", at=NOW, outcome="not_modified", status=304
    )
    run = jsonable.poll_run([ok, failed, quiet], linked=2)
    first, second, third = run["feeds"]
    assert first["error"] is None
    assert first["served"] == first["new"] + first["revised"] + first["unchanged"] + first["rejected"]
    assert first["rejections"] == [{"of": "https://a.example/1", "reason": "no title"}]
    assert second["error"] == {"kind": "server", "message": "503 Service Unavailable", "status": 503}
    assert third["outcome"] == "not_modified"
    assert run["totals"] == {
        "feeds": 3, "ok": 1, "not_modified": 1, "errors": 1, "served": 5, "new": 2, "revised": 1, "unchanged": 1,
        "rejected": 1, "pages": 0, "enriched": 0, "linked": 2, "network_down": False,
    }  # fmt: skip


def test_a_source_shows_the_health_of_its_feeds_and_no_secret() -> None:
    feed = Feed(url="https://a.example/rss", source_id="a", id="a", headers={"Authorization": "Bearer s3cret"},
                proxy="http://user:s3cret@proxy:1")  # fmt: skip
    source = Source(id="a", name="A", url="https://a.example/", feeds=(feed,))
    state = FeedState(feed_id="a", checked_at=NOW, error_count=2, error_kind="network")
    record = jsonable.source(source, {"a": state}.get)
    assert record["feeds"][0]["error_count"] == 2
    assert record["feeds"][0]["checked_at"] == "2026-05-14T09:30:00Z"
    assert "s3cret" not in json.dumps(record)
    assert jsonable.source(source, {}.get)["feeds"][0]["checked_at"] is None
