"""Every command on PostgreSQL: it does what it does on SQLite and says the same, but for what speaks of the database itself.

The demonstration edition is polled into both, one outlet after the other, and each command line is typed for both.
"""

import json
import random
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

import store_databases
from aggregator import demo
from aggregator.cli import root
from aggregator.pipeline import poll as pipeline_poll
from store_databases import empty_postgresql

pytestmark = pytest.mark.slow

postgresql = store_databases.postgresql  # a fixture

DAY = timedelta(days=1)
PASSWORD = "s3cret-word"

READING: tuple[str, ...] = (
    "items",
    "items --limit 0",
    "items --json --limit 0",
    "items --csv --limit 0",
    "items --jsonl --since 6h --outlet harbour-post",
    "items --ids --lang de",
    "items --ids --topic kell",
    "items --ids --agency 'Meridian Wire'",
    "items --ids --published-since 2h --sort oldest",
    "items --ids --state copy",
    "items --ids --state all --sort published",
    "items --ids --missing image",
    "items --fields id,title,outlet --after 20",
    "items count",
    "items count --since 3h --search ferry",
    "items count --topic ports",
    "items show 1",
    "items show 14 --json",
    "items show 99999",
    "related 18",
    "related 18 --explain --sort score",
    "related 18 --json",
    "related 18 --html",
    "related 18 --rss",
    "related 25 --as-of article --ids",
    "stories",
    "stories --json",
    "stories --since 2h --csv",
    "topics",
    "topics --json",
    "topics show kell",
    "topics show ports --jsonfeed",
    "topics show no-such-topic",
    "sources",
    "sources --json",
    "sources --failing",
    "polls",
    "polls --json",
    "polls --outlet daily-tarn --csv",
    "polls --failed",
    "polls gaps",
    "polls gaps --json",
    "status",
    "status --json",
)
WITHOUT_AN_ANSWER = {
    "items show 99999",
    "topics show no-such-topic",
    "sources --failing",
    "polls --failed",
    "polls gaps",
}
SEARCHES = (
    "ferry",
    '"Cape Lorne"',
    "title:ferry",
    "Fähre OR ferry",
    "ferr*",
    "Varga -Okoro",
    "nothing-like-it",
    "Küste*",
)
WITHOUT_A_DATABASE = {
    "config check", "config show", "init", "replay", "sources add", "sources check", "sources export", "sources import",
    "sources pause", "sources resume", "sources show", "sources test",
}  # fmt: skip
ELSEWHERE = {"db backup", "db copy", "db restore", "run", "sources fixture"}  # below, or in its own tests


def with_password(url: str) -> str:
    """The address with a password in it, where it has none: whoever started the server is let in by any."""
    parsed = sa.make_url(url)
    return (parsed if parsed.password else parsed.set(password=PASSWORD)).render_as_string(
        hide_password=False
    )


def password_of(url: str) -> str:
    return sa.make_url(url).password or ""


@dataclass
class Desk:
    """One database, and everything that was typed for it."""

    url: str
    config: Path
    said: dict[str, Result] = field(default_factory=dict)

    def __call__(self, line: str, *, later: timedelta = timedelta()) -> Result:
        arguments = [
            "--config", str(self.config), "--database", self.url, "--now", (demo.NOW + later).isoformat(),
            *shlex.split(line),
        ]  # fmt: skip
        result = CliRunner(env={"COLUMNS": "120"}).invoke(
            root, arguments, catch_exceptions=False, prog_name="aggregator"
        )
        self.said[f"{line} (after {later})"] = result
        return result

    def answer(self, line: str, **options: timedelta) -> tuple[int, str]:
        result = self(line, **options)
        return result.exit_code, result.stdout

    def json(self, line: str) -> object:
        result = self(f"{line} --json")
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout)


@dataclass
class Both:
    """The same content on SQLite and on PostgreSQL."""

    sqlite: Desk
    postgresql: Desk

    def __call__(self, line: str, **options: timedelta) -> tuple[tuple[int, str], tuple[int, str]]:
        return self.sqlite.answer(line, **options), self.postgresql.answer(line, **options)

    def same(self, line: str, **options: timedelta) -> str:
        """What both say."""
        one, other = self(line, **options)
        assert other == one, line
        return one[1]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, postgresql: str) -> Iterator[Both]:
    folder = tmp_path_factory.mktemp("edition")
    config = folder / "sources.toml"
    edition = demo.SOURCES.read_text().replace("[defaults]", "[fetch]\nconcurrency = 1\n[defaults]", 1)
    assert "concurrency" in edition
    config.write_text(edition)
    url = with_password(empty_postgresql(postgresql))
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AGGREGATOR_CONFIG", "AGGREGATOR_DATABASE_URL", "AGGREGATOR_NOW"):
            patch.delenv(name, raising=False)
        poll = pipeline_poll.poll

        def poll_edition(*given: Any, **options: Any) -> pipeline_poll.PollRun:
            return poll(*given, **{**options, "transport": demo.transport()})

        patch.setattr(pipeline_poll, "poll", poll_edition)
        # What else would differ from run to run: how long it took, and by how much checks are put off.
        patch.setattr("aggregator.pipeline.poll.monotonic", lambda: 0.0)
        patch.setattr("aggregator.fetch.client.monotonic", lambda: 0.0)
        patch.setattr("aggregator.pipeline.record.random", SimpleNamespace(Random=lambda: random.Random(7)))
        yield Both(Desk(f"sqlite:///{folder}/news.db", config), Desk(url, config))


@pytest.fixture(scope="module")
def polled(both: Both) -> Both:
    told = both.same("poll")
    assert re.search(r"^8 feeds: 8 ok; \d+ new.*; \d+ linked$", told, re.MULTILINE)
    assert both.same("poll --all", later=timedelta(minutes=30)).startswith("not modified ")
    assert both.same("poll --all --json --source harbour-post", later=timedelta(minutes=50))
    return both


def test_before_the_first_poll_both_say_how_a_store_is_made(both: Both) -> None:
    for line in ("items", "db stats", "status"):
        assert both.same(line) == ""
        for desk in (both.sqlite, both.postgresql):
            assert "`aggregator poll` creates it" in desk(line).stderr


@pytest.mark.parametrize("line", READING)
def test_reading_says_the_same(polled: Both, line: str) -> None:
    said = polled.same(line)
    assert polled.postgresql(line).stderr == polled.sqlite(line).stderr
    assert bool(said) == (line not in WITHOUT_AN_ANSWER)


@pytest.mark.parametrize("words", SEARCHES)
def test_the_same_is_found_though_it_may_be_ranked_otherwise(polled: Both, words: str) -> None:
    line = f"items --limit 0 --sort newest --search '{words}'"
    found = polled.same(f"{line} --ids").split()
    assert bool(found) == (words != "nothing-like-it")
    assert len(found) == int(polled.same(f"items count --search '{words}'"))
    by_relevance = polled(f"{line.replace('newest', 'relevance')} --ids")
    assert [sorted(said.split()) for _, said in by_relevance] == [sorted(found)] * 2


def test_stories_are_the_same_ones_and_each_is_shown_alike(polled: Both) -> None:
    stories = json.loads(polled.same("stories --json"))
    assert len(stories) > 2
    for story in stories[:5]:
        polled.same(f"stories show {story['id']}")
        polled.same(f"items --ids --story {story['id'][:5]}")


def test_an_article_is_found_by_its_address(polled: Both) -> None:
    (item, *_) = json.loads(polled.same("items --json --limit 1"))
    assert json.loads(polled.same(f"items show {item['url']} --json"))["id"] == item["id"]
    polled.same(f"related {item['url']} --ids")
    assert item["title"] in polled.same(f"why {item['url']}")
    polled.same("why https://nowhere.example/")


def test_an_article_is_opened(polled: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda url: bool(opened.append(url)) or True)
    assert polled.same("items open 1") == ""
    assert len(set(opened)) == 1


def test_doctor_finds_the_same_but_for_the_file_and_its_disk(polled: Both) -> None:
    def findings(desk: Desk) -> list[object]:
        found = desk.json("doctor")
        assert isinstance(found, list)
        return [one for one in found if one["check"] not in ("database", "disk")]

    assert findings(polled.postgresql) == findings(polled.sqlite)
    assert polled.postgresql("doctor --fail-on unhealthy").exit_code == 0


def test_the_database_is_counted_and_checked(polled: Both) -> None:
    def counted(desk: Desk) -> dict[str, object]:
        found = desk.json("db stats")
        assert isinstance(found, dict)
        assert found.pop("bytes") > 0
        for name in ("url", "tables", "bytes_per_article"):
            found.pop(name, None)
        return found

    assert counted(polled.postgresql) == counted(polled.sqlite)
    for desk in (polled.sqlite, polled.postgresql):
        checked = desk("db check")
        assert (checked.exit_code, checked.stdout.rpartition(": ")[2]) == (0, "sound\n")
        assert desk("db stats").exit_code == 0


def test_what_editors_decide_is_carried_out_alike(polled: Both) -> None:
    (copy, *_) = polled.same("items --ids --state copy").split()
    before = polled.same("items --ids --limit 0")
    polled.same("verdicts hide 3 --by desk --why 'an embargo'")
    polled.same(f"verdicts not-copy {copy} --by desk")
    polled.same("verdicts --json")
    polled.same("verdicts")
    hidden = polled.same("items --ids --limit 0").split()
    assert "3" not in hidden
    assert copy in hidden
    polled.same("verdicts undo 1 --by desk")
    polled.same("verdicts undo 2 --by desk")
    polled.same("verdicts --undone --json")
    assert {"3", *before.split()} <= set(polled.same("items --ids --limit 0").split())


def test_what_editors_say_of_stories_lists_and_topics_is_carried_out_alike(polled: Both) -> None:
    first, second, third, fourth = polled.same("items --ids --limit 4").split()
    for said in (
        f"same-story {first} {second}",
        f"not-same-story {second} {third}",
        f"never-relate {first} {third}",
        f"never-relate {second}",
        f"pin {third} {fourth}",
        f"pin {third} {first}",
        f"in-topic {first} ports",
        f"not-in-topic {second} kell",
    ):
        polled.same(f"verdicts {said} --by desk")
    polled.same("verdicts --json")
    polled.same("items --state all --limit 0 --json")
    for article in (first, second, third, fourth):
        polled.same(f"related {article} --sort score --json")
        polled.same(f"items show {article}")
        polled.same(f"why {article} --json")
    polled.same("topics show ports --json")
    polled.same("topics show kell --json")
    polled.same("verdicts export")
    polled.same("verdicts export --format related")
    kept = polled.sqlite.config.with_name("verdicts.json")
    kept.write_text(polled.same("verdicts --json"))
    polled.same(f"verdicts import {kept}")  # all of them are in force: none is given twice
    assert len(json.loads(polled.same("verdicts --json"))) == len(json.loads(kept.read_text()))
    for number in range(1, 9):
        polled.same(f"verdicts undo {number} --by desk")
    polled.same("items --state all --limit 0 --json")


def test_retention_takes_the_same_and_nothing_comes_back(polled: Both) -> None:
    purged = polled.same("db prune", later=100 * DAY)
    assert int(purged.split()[0]) > 0
    assert polled.same("items --ids --limit 0", later=100 * DAY) == ""
    polled.same("poll --all", later=101 * DAY)
    assert polled.same("items count", later=101 * DAY) == "0\n"
    polled.same("polls --json", later=101 * DAY)


def test_the_scheduler_runs_and_stops_when_told(polled: Both, tmp_path: Path) -> None:
    config = tmp_path / "sources.toml"
    config.write_text(
        '[fetch]\nallow_networks = ["127.0.0.0/8"]\n[[sources]]\nid = "a"\nname = "A"\nurl = "https://a.example/"\n'
        '[[sources.feeds]]\nurl = "http://127.0.0.1:9/rss"\n'  # nothing listens there
    )
    database = f"sqlite:///{tmp_path}/beside.db"
    for url in (database, polled.postgresql.url):
        process = subprocess.Popen(
            [sys.executable, "-m", "aggregator", "--config", str(config), "--database", url, "run"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr is not None
        said = ""
        while "started feeds=1" not in said:
            line = process.stderr.readline()
            assert line, said
            said += line
        process.send_signal(signal.SIGTERM)
        out, rest = process.communicate(timeout=60)
        assert (process.returncode, out) == (0, "")
        assert "Traceback" not in rest
        assert password_of(polled.postgresql.url) not in said + rest


def test_a_server_that_cannot_be_reached_is_named_without_its_password(polled: Both) -> None:
    away = Desk(f"postgresql+psycopg://news:{PASSWORD}@127.0.0.1:9/news", polled.sqlite.config)
    for line in ("items", "poll", "db check"):
        result = away(line)
        assert (result.exit_code, result.stdout) == (1, "")
        assert "postgresql+psycopg://news:***@127.0.0.1:9/news" in result.stderr
        assert "cannot be reached" in result.stderr
        assert PASSWORD not in result.stderr


def typed_before(polled: Both) -> None:
    if len(polled.postgresql.said) < 50:
        pytest.skip("looks at what the tests before it have typed")


def test_no_command_has_shown_the_password(polled: Both) -> None:
    password = password_of(polled.postgresql.url)
    assert password
    typed_before(polled)
    for line, result in polled.postgresql.said.items():
        assert password not in result.stdout + result.stderr, line


def test_every_command_that_has_a_database_is_tried_here(polled: Both) -> None:
    def commands(command: click.Command, path: str = "") -> Iterator[str]:
        if not isinstance(command, click.Group):
            yield path
            return
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from commands(found, f"{path} {name}".strip())

    typed_before(polled)
    tried = {line.removesuffix(" list") for line in commands(root)} - WITHOUT_A_DATABASE - ELSEWHERE
    lines = list(polled.postgresql.said)
    assert [
        name for name in sorted(tried) if not any(f"{line} ".startswith(f"{name} ") for line in lines)
    ] == []
