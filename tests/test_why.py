"""One answer for every fate of an address, through the command line, over a store that polls have filled."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from aggregator.cli import root
from aggregator.identify import alias_key
from aggregator.model import Article, Key, Verdict
from aggregator.store import Store
from store_helpers import (
    FEED,
    HOUR,
    NOW,
    SOURCES,
    STRIKE,
    article,
    linked,
    new,
    poll,
    prune,
    rejected,
    revision,
)

LATER = NOW + timedelta(days=1)


def told(entry: Article) -> Verdict:
    """A new article under the key that its address really has."""
    return replace(new(entry), keys=(Key(alias_key(entry.canonical_url).hash, "url"),))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path}/news.db", create=True) as opened:
        with opened.write() as writer:
            writer.sync_config(SOURCES, (STRIKE,), "digest", NOW)
        yield opened


def run(store: Store, *arguments: str, now: str = LATER.isoformat()) -> str:
    result = CliRunner().invoke(
        root, ["--database", str(store.path), "--now", now, *arguments], catch_exceptions=False
    )
    assert result.exit_code == 0, result.output
    return result.stdout


def why(store: Store, asked: str) -> tuple[str, dict[str, Any]]:
    """What is said, on one line, and what programs get."""
    return " ".join(run(store, "why", asked).split()), json.loads(run(store, "why", asked, "--json"))


def fill(store: Store) -> None:
    poll(store, [told(article(name)) for name in ("plain", "original", "copied")])
    with store.write() as writer:
        writer.save_links([linked(1), linked(2), linked(3, copies=((2, 0.9),))], cursor=3)


def test_a_stored_article_is_listed_with_where_it_was_seen(store: Store) -> None:
    fill(store)
    changed = revision(1, article("plain", title="Other words"), "title")
    poll(store, [changed], feed="harbour-world", now=NOW + HOUR)
    said, answer = why(store, "https://harbour.example/plain?utm_source=x#top")
    assert said.startswith("Stored as item 1 and listed.")
    assert "1 earlier wording" in said and "harbour-world" in said and FEED in said
    assert (answer["fate"], answer["item"]["id"], answer["linked"]) == ("listed", 1, True)
    assert [seen["feed_id"] for seen in answer["sightings"]] == [FEED, "harbour-world"]
    assert why(store, "1")[1]["fate"] == "listed"


def test_a_copy_names_the_one_that_stands_for_it(store: Store) -> None:
    fill(store)
    said, answer = why(store, "https://harbour.example/copied")
    assert "a copy; item 2 (Harbour Post) stands in lists for it" in said
    assert "90% alike" in said
    assert (answer["fate"], answer["copy_of"]["id"]) == ("copy", 2)


def test_a_hidden_article_names_the_editor_and_the_reason(store: Store) -> None:
    fill(store)
    run(store, "verdicts", "hide", "1", "--by", "ada", "--why", "embargo until Friday")
    said, answer = why(store, "1")
    assert "hidden by an editor" in said and "by ada" in said and "embargo until Friday" in said
    assert (answer["fate"], answer["verdicts"][0]["kind"]) == ("hidden", "hide")
    run(store, "verdicts", "undo", "1", "--by", "bob")
    assert why(store, "1")[1]["fate"] == "listed"
    assert json.loads(run(store, "verdicts", "--json")) == []
    assert json.loads(run(store, "verdicts", "--undone", "--json"))[0]["undone_by"] == "bob"


def test_an_address_can_be_hidden_before_it_is_served(store: Store) -> None:
    run(store, "verdicts", "hide", "https://harbour.example/plain?utm_source=x")
    fill(store)
    assert why(store, "https://harbour.example/plain")[1]["fate"] == "hidden"
    assert json.loads(run(store, "items", "--state", "hidden", "--json"))[0]["id"] == 1
    assert [item["id"] for item in json.loads(run(store, "items", "--json"))] == [2]


def test_two_copies_that_an_editor_parted_stand_each_for_itself(store: Store) -> None:
    fill(store)
    run(store, "verdicts", "not-copy", "3", "https://harbour.example/original")
    assert [item["id"] for item in json.loads(run(store, "items", "--json"))] == [3, 2, 1]
    said, answer = why(store, "2")
    assert "no copy of https://harbour.example/copied" in said
    assert answer["fate"] == "listed"


def test_what_retention_took_is_said_to_be_purged(store: Store) -> None:
    fill(store)
    prune(store, NOW + timedelta(days=100), timedelta(days=90))
    said, answer = why(store, "https://harbour.example/plain")
    assert "retention took it" in said and "item 1" in said
    assert (answer["fate"], answer["purged"][0]["id"]) == ("purged", 1)
    assert why(store, "1")[1]["fate"] == "purged"


def test_a_rejected_entry_is_found_by_any_form_of_its_address(store: Store) -> None:
    poll(store, [rejected("https://www.harbour.example/bad?utm_source=rss", "no headline")])
    said, answer = why(store, "https://harbour.example/bad")
    assert "rejected" in said and "no headline" in said
    assert (answer["fate"], answer["rejections"][0]["feed_id"]) == ("rejected", FEED)


def test_what_no_poll_saw_is_said_with_the_feeds_that_would_have_brought_it(store: Store) -> None:
    fill(store)
    with store.write() as writer:
        writer.record_gap(FEED, NOW - HOUR, NOW, now=NOW)
    said, answer = why(store, "https://www.harbour.example/never")
    assert "No poll saw it" in said and "may have missed articles" in said
    assert [feed["id"] for feed in answer["could_have"]] == [FEED, "harbour-world"]
    assert (answer["fate"], len(answer["gaps"])) == ("not_served", 1)
    assert "no configured outlet has this site" in why(store, "https://elsewhere.example/x")[0]


@pytest.mark.parametrize("asked", ["99", "nonsense", "ftp://harbour.example/x", ""])
def test_what_is_no_article_is_said_to_be_none(store: Store, asked: str) -> None:
    result = CliRunner().invoke(root, ["--database", str(store.path), "why", asked])
    assert result.exit_code == 2
    assert result.stdout == ""


def test_an_article_is_no_copy_of_itself_and_that_is_no_verdict(store: Store) -> None:
    fill(store)
    result = CliRunner().invoke(
        root,
        ["--database", str(store.path), "verdicts", "not-copy", "1", "https://harbour.example/plain"],
    )
    assert result.exit_code == 1
    assert "the same article" in result.stderr
