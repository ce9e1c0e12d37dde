"""Verdicts through whole polls and the command line: given, told, taken back, exported, and given again to a new store."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from aggregator import config
from aggregator.cli import root
from aggregator.config import Config
from aggregator.pipeline.poll import poll
from aggregator.store import Store

NOW = datetime(2026, 5, 14, 12, 0, tzinfo=UTC)
STORM = {
    "storm-1": ("wire", "Storm breaks the old harbour wall of Port Amity, twelve boats sunk"),
    "storm-2": ("post", "Twelve boats sunk as storm breaks harbour wall of Port Amity"),
    "storm-3": ("ledger", "Port Amity counts twelve boats sunk after storm broke the harbour wall"),
}
VOTE = {
    "vote-1": ("wire", "Council of Norrland votes to sell the railway to a southern company"),
    "vote-2": ("post", "Norrland council votes for the sale of railway to southern company"),
}
OTHER = {
    "chess": ("ledger", "Chess champion resigns in round nine of the candidates tournament"),
    "ferry": ("wire", "Ferry fares rise by a third in June, islanders told"),
}
LATER = {
    "storm-4": ("wire", "Divers find two of the twelve boats sunk as storm broke Port Amity harbour wall"),
    "coming": ("post", "A bakery wins the golden loaf for its rye bread"),
}
ALL = {**STORM, **VOTE, **OTHER, **LATER}


def address(name: str) -> str:
    return f"https://{ALL[name][0]}.example/{name}"


class Street:
    """Three outlets that publish what they are told to."""

    def __init__(self) -> None:
        self.published: dict[str, datetime] = {}

    def publish(self, names: dict[str, tuple[str, str]], at: datetime) -> None:
        self.published |= dict.fromkeys(names, at)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host.removesuffix(".example")
        items = "".join(
            f"<item><title>{escape(ALL[name][1])}</title><link>{address(name)}</link>"
            f"<pubDate>{format_datetime(at)}</pubDate></item>"
            for name, at in self.published.items()
            if ALL[name][0] == host
        )
        body = f"<rss version='2.0'><channel><title>{host}</title>{items}</channel></rss>"
        return httpx.Response(200, text=body, headers={"content-type": "application/rss+xml"})


class Desk:
    """An editor at a terminal, over a store that polls fill."""

    def __init__(self, folder: Path, street: Street) -> None:
        path = folder / "sources.toml"
        path.write_text(
            '[store]\ndatabase = "news.db"\n[fetch]\nhost_gap = "0s"\n'
            + "".join(
                f'[[sources]]\nid = "{key}"\nname = "{key.title()}"\nurl = "https://{key}.example/"\n'
                f'language = "en"\n[[sources.feeds]]\nurl = "https://{key}.example/rss"\n'
                for key in ("wire", "post", "ledger")
            )
            + '[[topics]]\nid = "ports"\nname = "Ports"\nany = ["harbour"]\n'
        )
        self.config: Config = config.load(path, environ={})
        self.path, self.street, self.now = path, street, NOW

    def poll(self, hours: int = 0) -> None:
        self.now = NOW + timedelta(hours=hours)
        settings = self.config.store
        with Store.open(settings.database, create=True, settings=settings) as store:
            transport = httpx.MockTransport(self.street)
            poll(self.config, store, clock=lambda: self.now, all=True, transport=transport)

    def __call__(self, line: str, *more: str, stdin: str | None = None, code: int = 0) -> Result:
        arguments = ["--config", str(self.path), "--now", self.now.isoformat(), *line.split(), *more]
        result = CliRunner().invoke(root, arguments, input=stdin, catch_exceptions=False)
        assert result.exit_code == code, result.output
        return result

    def json(self, line: str) -> Any:
        return json.loads(self(f"{line} --json").stdout)

    def lines(self, line: str) -> list[dict[str, Any]]:
        return [json.loads(record) for record in self(line).stdout.splitlines()]

    def stories(self) -> set[frozenset[str]]:
        """By the ends of addresses; those alone are left out."""
        found: dict[str, set[str]] = {}
        for item in self.json("items --state all --limit 0"):
            found.setdefault(item["story_id"], set()).add(item["url"].rpartition("/")[2])
        return {frozenset(names) for names in found.values() if len(names) > 1}

    def related(self, name: str) -> list[str]:
        found = self.json(f"related {address(name)} --sort score")
        return [entry["url"].rpartition("/")[2] for entry in found]

    def topic(self) -> set[str]:
        return {entry["url"].rpartition("/")[2] for entry in self.json("topics show ports")}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    street = Street()
    street.publish({**STORM, **VOTE, **OTHER}, NOW - timedelta(hours=3))
    desk = Desk(tmp_path, street)
    desk.poll()
    assert desk.stories() == {frozenset(STORM), frozenset(VOTE)}
    yield desk
    assert "sound" in desk("db check").stdout


def give_all(desk: Desk) -> None:
    """One of each kind, about articles that are there and one that comes later."""
    said = desk(f"verdicts same-story {address('chess')} {address('vote-2')} --by ada --why", "his railway")
    assert said.stderr == (f"Verdict 1: {address('chess')} always in one story with {address('vote-2')}.\n")
    desk(f"verdicts not-same-story {address('storm-3')} {address('storm-1')} --by ada")
    desk(f"verdicts never-relate {address('storm-1')} {address('storm-2')} --by ada")
    desk(f"verdicts never-relate {address('vote-1')}")
    desk(f"verdicts pin {address('storm-1')} {address('coming')}")
    desk(f"verdicts in-topic {address('coming')} Ports")
    desk(f"verdicts not-in-topic {address('storm-2')} ports")
    desk(f"verdicts same-story {address('coming')} {address('ferry')}")


def assert_all_hold(desk: Desk) -> None:
    """After the second edition."""
    stories = {name: story for story in desk.stories() for name in story}
    assert stories["chess"] == stories["vote-2"] == {*VOTE, "chess"}
    assert stories["coming"] == {"coming", "ferry"}
    assert "storm-1" not in stories.get("storm-3", set())
    assert "storm-4" in stories["storm-2"], "the event goes on, whoever had to leave it"
    assert desk.related("storm-1")[0] == "coming"
    assert "storm-2" not in desk.related("storm-1")
    assert "storm-1" not in desk.related("storm-2")
    assert "vote-1" not in desk.related("vote-2")
    assert "coming" in desk.topic() and "storm-2" not in desk.topic()
    assert len(desk.json("verdicts")) == 8


def second_edition(desk: Desk) -> None:
    desk.street.publish(LATER, NOW + timedelta(hours=1))
    desk.poll(hours=2)


def test_what_was_decided_holds_through_later_polls(desk: Desk) -> None:
    give_all(desk)
    assert {*VOTE, "chess"} in desk.stories(), "at once"
    second_edition(desk)
    assert_all_hold(desk)
    desk.poll(hours=4)
    assert_all_hold(desk)
    for number in range(1, 9):
        desk(f"verdicts undo {number} --by bob")
    assert desk.json("verdicts") == []
    assert frozenset(VOTE) in desk.stories()
    assert {"storm-1", "storm-2", "storm-3"} <= max(desk.stories(), key=len)
    assert "coming" not in desk.topic()


def test_what_was_decided_holds_in_a_copy_of_the_store(desk: Desk, tmp_path: Path) -> None:
    give_all(desk)
    desk(f"db copy {desk.config.store.database} {tmp_path}/other.db")
    desk.path.write_text(desk.path.read_text().replace("news.db", "other.db"))
    desk.config = config.load(desk.path, environ={})
    second_edition(desk)
    assert_all_hold(desk)


def test_what_was_decided_is_given_again_to_a_store_that_is_made_anew(desk: Desk, tmp_path: Path) -> None:
    give_all(desk)
    desk("verdicts undo 1")
    desk(f"verdicts same-story {address('vote-2')} {address('chess')} --by ada --why", "once more")
    kept = desk.json("verdicts")
    desk.path.write_text(desk.path.read_text().replace("news.db", "anew.db"))
    desk.config = config.load(desk.path, environ={})
    desk.street.published.clear()
    desk.poll()
    said = desk("verdicts import -", stdin=json.dumps(kept))
    assert said.stderr == "8 verdicts are in force.\n"
    assert len(desk.json("items --state all")) == 0
    desk.street.publish({**OTHER, **VOTE, **STORM}, NOW - timedelta(hours=3))
    second_edition(desk)
    assert_all_hold(desk)
    for mine, theirs in zip(desk.json("verdicts"), kept, strict=True):
        assert {**mine, "id": 0} == {**theirs, "id": 0}
    again = "".join(json.dumps(one) + "\n" for one in kept)
    desk("verdicts import -", stdin=again)
    assert len(desk.json("verdicts --undone")) == 8, "what is in force is not given twice"


@pytest.mark.parametrize("text", ["no json", '[{"kind": "burn"}]', '{"kind": "hide"}', "[1]", '{"a": 1}'])
def test_what_is_no_list_of_verdicts_is_not_imported(desk: Desk, text: str) -> None:
    said = desk("verdicts import -", stdin=text, code=1)
    assert "not what `verdicts list --jsonl` writes" in said.stderr
    assert desk.json("verdicts") == []


def test_an_article_tells_what_was_decided_about_it(desk: Desk) -> None:
    give_all(desk)
    second_edition(desk)
    said = " ".join(desk(f"why {address('coming')}").stdout.split())
    assert f"pinned in the related list of {address('storm-1')}" in said
    assert f"always in one story with {address('ferry')}" in said
    assert "in topic ports" in said
    said = " ".join(desk(f"items show {address('storm-1')}").stdout.split())
    assert f"pins {address('coming')} in its related list" in said
    assert f"never in one story with {address('storm-3')} by ada" in said
    assert f"never related to {address('storm-2')} by ada" in said
    assert "in no related list" in desk(f"why {address('vote-1')}").stdout
    record = desk.json(f"items show {address('chess')}")["verdicts"]
    assert [(one["kind"], one["why"]) for one in record] == [("same_story", "his railway")]
    explained = desk(f"related {address('storm-1')} --explain").stdout
    assert "pinned by an editor" in explained
    table = desk("verdicts").stdout
    for words in ("same story", "not same story", "never related", "pins", "in topic", "not in topic"):
        assert words in table


def test_a_verdict_that_contradicts_others_is_told(desk: Desk) -> None:
    desk(f"verdicts pin {address('chess')} {address('ferry')}")
    said = desk(f"verdicts never-relate {address('ferry')} {address('chess')}").stderr
    assert "Verdict 1 " in said and "is taken back by it." in said
    desk(f"verdicts same-story {address('chess')} {address('ferry')}")
    desk(f"verdicts same-story {address('ferry')} {address('vote-1')}")
    said = desk(f"verdicts not-same-story {address('chess')} {address('vote-1')}", code=1).stderr
    assert "for as long as verdicts 4 and 3 stand; `aggregator verdicts undo 4`" in said
    assert desk("verdicts in-topic 1 prots", code=2).stderr.strip().endswith("lists all.")
    desk("verdicts same-story 1", code=2)


def test_verdicts_are_exported_as_labelled_data(desk: Desk) -> None:
    give_all(desk)
    desk(f"verdicts pin {address('chess')} {address('ferry')}")
    desk(f"verdicts pin {address('storm-1')} {address('storm-3')}")
    second_edition(desk)
    items = desk.lines("verdicts export --format related")
    name = {item["id"]: item["url"].rpartition("/")[2] for item in items}
    assert set(name.values()) == {
        "chess",
        "ferry",
        "coming",
        "vote-1",
        "vote-2",
        "storm-1",
        "storm-2",
        "storm-3",
    }
    assert all(
        set(item) == {"id", "url", "title", "teaser", "body", "outlet", "published", "lang", "story"}
        for item in items
    )
    story = {name[item["id"]]: item["story"] for item in items}
    assert story["chess"] == story["vote-2"] != story["coming"] == story["ferry"]
    assert story["storm-1"] != story["storm-3"] and story["storm-2"] == story["vote-1"] == ""
    judged = {}
    for line in desk.lines("verdicts export"):
        assert set(line) == {"q", "grades", "copies"}
        judged[name[line["q"]]] = {name[other]: grade for other, grade in line["grades"].items()}
    assert judged["storm-1"] == {"storm-3": 2, "coming": 3, "storm-2": 0, "vote-1": 0}
    assert judged["storm-3"] == {"storm-1": 1, "vote-1": 0}
    assert judged["chess"] == {"vote-2": 3, "ferry": 3, "vote-1": 0}
    assert judged["vote-2"] == {"chess": 3, "vote-1": 0}
