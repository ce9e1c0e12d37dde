"""`doctor`, `status`, `polls gaps` and the state column of `sources`: what is said, and with which exit code."""

import json
import re
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner, Result
from rich.cells import cell_len

from aggregator import config
from aggregator.cli import root
from aggregator.health import Finding, Health
from aggregator.model import Feed, FeedState, Poll
from aggregator.render import text
from aggregator.render.text import Screen
from aggregator.store import Gap, Store
from render_samples import HOSTILE
from store_helpers import HOUR, NOW, article, new, rejected

DAY = timedelta(days=1)
CONFIG = """
[[sources]]
id = "harbour"
name = "Harbour Post"
url = "https://harbour.example/"
[[sources.feeds]]
url = "https://harbour.example/rss"
[[sources.feeds]]
url = "https://harbour.example/sitemap.xml"
kind = "sitemap"

[[sources]]
id = "abend"
name = "Abendblatt"
url = "https://abend.example/"
[[sources.feeds]]
url = "https://abend.example/feed"
"""
FEED, SITEMAP, ABEND = (
    "https://harbour.example/rss",
    "https://harbour.example/sitemap.xml",
    "https://abend.example/feed",
)


class Desk:
    """A configuration and its database, in which a test lays down what polls would have left."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "sources.toml"
        self.path.write_text(f'[store]\ndatabase = "{folder}/news.db"\n{CONFIG}')
        settings = config.load(self.path, environ={})
        self.store = Store.open(settings.store.database, create=True, settings=settings.store)
        with self.store.write() as writer:
            writer.sync_config(settings.sources, settings.topics, settings.digest, NOW)
        for feed_id in (FEED, SITEMAP, ABEND):
            self.poll(feed_id)

    def poll(self, feed_id: str, verdicts: Any = (), poll: Any = None, **state: Any) -> None:
        well: dict[str, Any] = {
            "url": feed_id, "checked_at": NOW, "success_at": NOW, "new_at": NOW, "next_check_at": NOW + HOUR,
        }  # fmt: skip
        done: dict[str, Any] = {"outcome": "ok", "at": NOW, "new": len(verdicts), "served": len(verdicts)}
        source_id = "abend" if feed_id == ABEND else "harbour"
        with self.store.write() as writer:
            writer.record(
                FeedState(feed_id=feed_id, **{**well, **state}),
                Poll(feed_id=feed_id, source_id=source_id, url=feed_id, **{**done, **(poll or {})}),
                verdicts,
                now=NOW,
            )

    def __call__(self, *arguments: str, columns: int = 140) -> Result:
        line = ["--now", NOW.isoformat(), "--config", str(self.path), *arguments]
        return CliRunner(env={"COLUMNS": str(columns)}).invoke(
            root, line, catch_exceptions=False, prog_name="aggregator"
        )

    def json(self, *arguments: str) -> Any:
        result = self(*arguments, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.store.close()


def failing(desk: Desk, feed_id: str = ABEND, *, kind: str = "client", count: int = 3) -> None:
    desk.poll(
        feed_id,
        poll={
            "outcome": "error", "error_kind": kind, "error": "not found (404)", "status": 404,
            "duration": timedelta(seconds=1.5),
        },
        error_count=count,
        error_kind=kind,
        last_error="not found (404)",
        failing_since=NOW - DAY,
    )  # fmt: skip


# --- doctor -----------------------------------------------------------------------------------------------------------


def levels(found: list[dict[str, Any]]) -> dict[str, str]:
    return {finding["check"]: finding["level"] for finding in found}


def test_where_all_is_well_doctor_says_so_for_every_check(desk: Desk) -> None:
    found = desk.json("doctor", "--fail-on", "unhealthy")
    assert [finding["check"] for finding in found] == [
        "configuration", "database", "schema", "clock", "disk", "polling", "gaps", "sources",
    ]  # fmt: skip
    assert set(levels(found).values()) == {"ok"}
    assert found[-1]["what"] == "3 feeds well or paused"


def test_an_unhealthy_outlet_is_named_with_what_to_do_and_fails_only_when_asked(desk: Desk) -> None:
    failing(desk)
    told = desk("doctor")
    assert told.exit_code == 0
    assert "abend: failing since 13 May 12:00 (3x client): not found (404)" in told.stdout
    assert "https://abend.example/feed (next try 14 May 13:00)" in told.stdout
    assert "Open the address in a browser" in told.stdout
    assert desk("doctor", "--fail-on", "unhealthy").exit_code == 3
    (finding,) = (one for one in desk.json("doctor") if one["check"] == "source")
    assert (finding["feed_id"], finding["source_id"], finding["level"]) == (ABEND, "abend", "unhealthy")
    assert finding["health"]["since"] == "2026-05-13T12:00:00Z"


@pytest.mark.parametrize(
    "state",
    [
        {"error_count": 1, "error_kind": "blocked", "last_error": "forbidden"},
        {"empty_since": NOW - DAY},
        {"new_at": NOW - 9 * DAY},
    ],
)
def test_blocked_empty_and_silent_outlets_are_unhealthy(desk: Desk, state: dict[str, Any]) -> None:
    desk.poll(FEED, **state)
    assert desk("doctor", "--fail-on", "unhealthy").exit_code == 3


@pytest.mark.parametrize(
    "state",
    [
        {"error_count": 1, "error_kind": "network", "last_error": "no answer", "failing_since": NOW},
        {"moved_to": "https://new.example/rss", "moved_count": 3},
    ],
)
def test_a_first_failure_and_a_move_are_warnings(desk: Desk, state: dict[str, Any]) -> None:
    desk.poll(FEED, **state)
    assert desk("doctor", "--fail-on", "unhealthy").exit_code == 0
    assert levels(desk.json("doctor"))["source"] == "warning"


def test_a_changed_configuration_is_told(desk: Desk) -> None:
    desk.path.write_text(desk.path.read_text() + "# a comment\n")
    told = [one["what"] for one in desk.json("doctor") if one["check"] == "configuration"]
    assert told[1:] == ["it was changed since the last poll"]


def test_a_broken_configuration_is_unhealthy_and_does_not_end_the_visit(desk: Desk) -> None:
    desk.path.write_text("[[sources]]\nid = 3\n")
    assert desk("doctor", "--fail-on", "unhealthy").exit_code == 3
    found = desk.json("doctor")
    assert any(f"{desk.path}:2" in finding["what"] for finding in found)
    assert levels(found) == {"configuration": "unhealthy", "database": "unhealthy"}


def test_a_missing_database_is_told_and_none_is_made(desk: Desk, tmp_path: Path) -> None:
    result = desk("doctor", "--fail-on", "unhealthy", "--database", str(tmp_path / "none.db"))
    assert result.exit_code == 3
    assert "`aggregator poll` creates it" in re.sub(r"\s+", " ", result.stdout)
    assert not (tmp_path / "none.db").exists()


def test_a_damaged_database_is_unhealthy(desk: Desk, tmp_path: Path) -> None:
    desk.poll(FEED, [new(article(str(n), teaser="x" * 900), position=n) for n in range(300)])
    desk.store.close()
    path = tmp_path / "news.db"
    body = bytearray(path.read_bytes())
    body[len(body) // 2 : len(body) // 2 + 40_960] = b"\xff" * 40_960
    path.write_bytes(body)
    result = desk("doctor", "--fail-on", "unhealthy")
    assert result.exit_code == 3
    assert re.search(r"unhealthy +database", result.stdout)


def test_a_stored_time_in_the_future_and_a_full_disk_are_unhealthy(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with desk.store.write() as writer:
        later = NOW + 3 * DAY
        done = Poll(feed_id=FEED, source_id="harbour", url=FEED, at=NOW, outcome="ok", new=1, served=1)
        state = FeedState(feed_id=FEED, url=FEED, checked_at=NOW, success_at=NOW, new_at=NOW)
        writer.record(state, done, [new(article("a"))], now=later)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(total=10, used=9, free=1))
    found = levels(desk.json("doctor"))
    assert (found["clock"], found["disk"]) == ("unhealthy", "unhealthy")


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def test_a_poller_that_stopped_is_unhealthy(desk: Desk) -> None:
    result = desk("doctor", "--json", "--now", (NOW + DAY).isoformat())
    assert levels(json.loads(result.stdout))["polling"] == "unhealthy"


# --- status -----------------------------------------------------------------------------------------------------------


def test_status_tells_the_day_what_is_due_and_what_to_do(desk: Desk) -> None:
    desk.poll(FEED, [new(article("a")), new(article("b"), position=1)], next_check_at=NOW)
    failing(desk, kind="blocked")
    shown = desk("status").stdout
    for expected in (
        "articles today  2",
        "polls today     5: 4 ok, 0 not modified, 1 failed; 2 new, 0 revised, 0 rejected",
        "last poll       14 May 12:00 (now)",
        "due now         1 of 3 feeds",
        "next due        14 May 13:00",
        "to be linked    2",
        "outlets         1 blocked, 1 ok",
        "- abend, blocked (https://abend.example/feed): The outlet does not want this program",
    ):
        assert expected in shown
    record = desk.json("status")
    assert record["articles_today"] == 2
    assert record["polls_today"]["errors"] == 1
    assert (record["due"], record["next_due_at"]) == (1, "2026-05-14T13:00:00Z")
    assert record["sources"] == {"blocked": 1, "ok": 1}
    assert len(record["todo"]) == 1


def test_where_nothing_was_polled_status_says_how_to_begin(tmp_path: Path) -> None:
    path = tmp_path / "sources.toml"
    path.write_text(f'[store]\ndatabase = "{tmp_path}/news.db"\n{CONFIG}')
    with Store.open(f"sqlite:///{tmp_path}/news.db", create=True):
        pass
    result = CliRunner().invoke(root, ["status", "--config", str(path)], catch_exceptions=False)
    assert result.exit_code == 0
    assert "last poll" in result.stdout
    assert "never" in result.stdout
    assert "- `aggregator poll` asks the outlets for the first time." in result.stdout


def test_status_keeps_to_one_screen(desk: Desk) -> None:
    for feed_id in (FEED, SITEMAP, ABEND):
        failing(desk, feed_id)
    assert len(desk("status", columns=80).stdout.splitlines()) <= 24


# --- the journal ------------------------------------------------------------------------------------------------------


def test_the_journal_shows_status_duration_size_and_rejections_with_their_reason(desk: Desk) -> None:
    verdicts = [rejected(f"https://harbour.example/{n}", "no title") for n in range(5)]
    desk.poll(
        FEED,
        verdicts,
        poll={
            "new": 0, "rejected": 5, "status": 200, "bytes": 20_480, "duration": timedelta(seconds=0.42),
            "rejections": tuple((verdict.url, verdict.why) for verdict in verdicts),
        },
    )  # fmt: skip
    failing(desk)
    shown = desk("polls", columns=160).stdout
    failed, ok = shown.splitlines()[1:3]
    assert re.search(
        r"abend +error: client +404 +0 +0 +1.50s +0 B +https://abend.example/feed: not found", failed
    )
    assert re.search(r"harbour +ok +200 +0 +5 +0.42s +20 KiB +https://harbour.example/rss", ok)
    assert "5 rejected" in shown
    assert re.search(r"^ +rejected https://harbour.example/0: no title$", shown, re.MULTILINE)
    assert "and 2 further rejections (--json shows all)" in shown
    assert len(desk.json("polls", "--source", "harbour")[0]["rejections"]) == 5
    assert desk.json("polls", "--failed")[0]["seconds"] == 1.5


def test_gaps_are_listed_by_outlet_and_time(desk: Desk) -> None:
    assert "No gaps" in desk("polls", "gaps").stderr
    assert desk.json("polls", "gaps") == []
    with desk.store.write() as writer:
        writer.record_gap(FEED, NOW - 3 * HOUR, NOW - HOUR, now=NOW)
    shown = desk("polls", "gaps").stdout
    assert re.search(r"14 May 12:00 +harbour +14 May 09:00 +14 May 11:00 +nothing +https://harbour", shown)
    (gap,) = desk.json("polls", "gaps", "--since", "2d", "--source", "Harbour Post")
    assert (gap["since"], gap["until"]) == ("2026-05-14T09:00:00Z", "2026-05-14T11:00:00Z")
    assert (gap["filled"], gap["feed_id"]) == (0, FEED)
    assert desk.json("polls", "gaps", "--source", "abend") == []
    assert levels(desk.json("doctor"))["gaps"] == "warning"


# --- sources ----------------------------------------------------------------------------------------------------------


def test_sources_say_how_every_feed_is(desk: Desk) -> None:
    desk.poll(FEED, moved_to="https://new.example/rss", moved_count=3)
    desk.poll(SITEMAP, new_at=NOW - 9 * DAY, usual_gap=2 * HOUR)
    failing(desk)
    shown = desk("sources", columns=200).stdout
    assert "moved to https://new.example/rss: update the configuration" in shown
    assert "silent: nothing new since 5 May 12:00 (usual: every 2 h)" in shown
    assert "failing since 13 May 12:00 (3x client): not found (404)" in shown
    harbour, abend = desk.json("sources")
    assert [feed["health"]["state"] for feed in harbour["feeds"]] == ["moved", "silent"]
    assert abend["feeds"][0]["health"]["unhealthy"] is True


def test_drift_is_shown_with_the_field_and_since_when(desk: Desk) -> None:
    habits = json.dumps({"entries": 40, "fields": {"teaser": [1.0, 2, int(NOW.timestamp())]}})
    with desk.store.write() as writer:
        done = Poll(feed_id=FEED, source_id="harbour", url=FEED, at=NOW, outcome="ok")
        state = FeedState(feed_id=FEED, url=FEED, checked_at=NOW, success_at=NOW, new_at=NOW)
        writer.record(state, done, (), now=NOW, habits=habits)
    assert "drift: teaser missing since 14 May 12:00" in desk("sources", columns=200).stdout
    assert desk("doctor", "--fail-on", "unhealthy").exit_code == 3


# --- text ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [*range(10, 130, 13), 300])
@pytest.mark.parametrize("said", ["An outlet that says a lot about what went wrong", *HOSTILE])
def test_health_is_readable_at_any_width_and_nothing_in_it_is_obeyed(width: int, said: str) -> None:
    feed = Feed(id="a", url=said, source_id=said)
    how = Health(state="failing", since=NOW, why=f"3x client: {said}", advice=said, next_at=NOW)
    found = [
        Finding(check="source", level="unhealthy", what=said, advice=said, feed=feed, health=how),
        Finding(check="database", level="ok", what=said),
    ]
    gap = Gap(
        feed_id="a", source_id=said, url=said, at=NOW, since=NOW, until=NOW, asked=1, filled=0, filled_at=None
    )
    view = Screen(now=NOW, width=width)
    shown = (
        text.findings(found, view) + text.gaps([gap], view) + text.status([("outlets", said)], [said], view)
    )
    assert not [line for line in shown.splitlines() if cell_len(line) > width]
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown)
