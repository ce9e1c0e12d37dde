"""The whole path from the command line: the demonstration edition is polled into a real store, then read."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.resources import as_file
from pathlib import Path
from typing import Any

import feedparser
import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregator import demo
from aggregator.cli import root
from aggregator.cli.poll import run_poll
from aggregator.cli.session import Session
from aggregator.config import load
from aggregator.pipeline import preview as pipeline_preview
from aggregator.store import Store

NOW = demo.NOW.isoformat()


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demonstration edition, polled and linked."""
    path = tmp_path_factory.mktemp("edition") / "news.db"
    with as_file(demo.SOURCES) as sources:
        config = load(sources, environ={})
    config = replace(config, store=replace(config.store, database=f"sqlite:///{path}"))
    with Store.open(config.store.database, create=True) as store:
        run_poll(Session(now=demo.NOW, verbosity=-1), config, store, transport=demo.transport())
    return path


@pytest.fixture(autouse=True)
def nowhere_configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No configuration is found but one that is named."""
    for name in ("AGGREGATOR_CONFIG", "AGGREGATOR_DATABASE_URL", "AGGREGATOR_NOW"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)


def aggregator(*arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "100"}).invoke(
        root, ["--now", NOW, *arguments], catch_exceptions=False, prog_name="aggregator"
    )


def answer(*arguments: str) -> Any:
    result = aggregator(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_named_database_needs_no_configuration(database: Path) -> None:
    items = answer("items", "--database", str(database), "--limit", "0")
    assert len(items) > 30
    assert answer("items", "--database", f"sqlite:///{database}", "--limit", "0") == items
    assert int(aggregator("items", "count", "--database", str(database)).stdout) == len(items)


def test_items_are_found_by_words_outlet_agency_language_and_topic(database: Path) -> None:
    def ids(*filters: str) -> set[str]:
        result = aggregator("items", "--database", str(database), "--limit", "0", "--ids", *filters)
        assert result.exit_code == 0, result.output
        return set(result.stdout.split())

    everything = ids()
    for filters in (
        ["--search", "ferry"], ["--search", '"Cape Lorne"'], ["--outlet", "Küstenblatt"], ["--agency", "Meridian Wire"],
        ["--lang", "de"], ["--topic", "kell"], ["--published-since", "2h"], ["--state", "copy"],
    ):  # fmt: skip
        found = ids(*filters)
        assert found, filters
        assert found < everything or filters == ["--state", "copy"], filters
    assert ids("--until", "2026-05-14") == set()


def test_pages_of_items_follow_each_other(database: Path) -> None:
    first = answer("items", "--database", str(database), "--limit", "5")
    second = answer("items", "--database", str(database), "--limit", "5", "--after", str(first[-1]["id"]))
    assert len({item["id"] for item in first + second}) == 10
    assert second[0]["id"] < first[-1]["id"]


def test_a_related_list_holds_the_other_reports_newest_first(database: Path) -> None:
    (ferry, *_) = answer("items", "--database", str(database), "--search", '"passengers tell"')
    entries = answer("related", str(ferry["id"]), "--database", str(database))
    assert 3 <= len(entries) <= 5
    assert all(
        "Lorne" in entry["title"] + entry["teaser"] for entry in entries if entry["relation"] == "same_story"
    )
    assert [entry["published_at"] for entry in entries] == sorted(
        (entry["published_at"] for entry in entries), reverse=True
    )
    assert ferry["id"] not in {entry["id"] for entry in entries}
    by_url = answer("related", ferry["url"], "--database", str(database))
    assert by_url == entries


def test_lists_come_out_as_a_feed_that_a_reader_can_read(database: Path) -> None:
    feed = feedparser.parse(
        aggregator("topics", "show", "kell", "--database", str(database), "--rss").stdout.encode()
    )
    assert not feed.bozo
    assert len(feed.entries) == len(answer("topics", "show", "kell", "--database", str(database)))


def test_every_list_is_written_for_people_too(database: Path) -> None:
    (story, *_) = answer("stories", "--database", str(database))
    (ferry, *_) = answer("items", "--database", str(database), "--search", '"passengers tell"')
    for line in (
        ["items"], ["items", "show", "1"], ["related", str(ferry["id"]), "--explain"], ["topics"],
        ["topics", "show", "ports"],
        ["stories"], ["stories", "show", story["id"][:4]], ["sources"], ["polls"], ["db", "stats"], ["db", "check"],
    ):  # fmt: skip
        result = aggregator(*line, "--database", str(database))
        assert (result.exit_code, result.stderr) == (0, ""), line
        assert result.stdout.strip(), line


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.text(st.characters(exclude_categories=()), max_size=30) | st.sampled_from(
    ["'", '"', '"a', "a AND", "NEAR(", "title:x", "a*b*", "^a", "-a", "% _", "'; DROP TABLE article; --", "(", "\x00"]
))  # fmt: skip
def test_any_words_can_be_searched_for(database: Path, words: str) -> None:
    result = aggregator("items", "--database", str(database), "--ids", f"--search={words}")
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    "line", [["items"], ["related", "1"], ["db", "stats"], ["sources"], ["polls"], ["db", "check"]]
)
def test_reading_makes_no_database(tmp_path: Path, line: list[str]) -> None:
    missing = tmp_path / "folder" / "no.db"
    result = aggregator(*line, "--database", str(missing))
    assert result.exit_code == 1
    assert "`aggregator poll` creates it" in result.stderr
    assert not missing.parent.exists()


@pytest.mark.parametrize(
    "line",
    [["items", "show", "99999"], ["related", "https://nowhere.example/"], ["stories", "show", "zzzz"],
     ["topics", "show", "kel"], ["items", "--outlet", "Harbor Post"], ["items", "show", "99999999999999999999"]],
)  # fmt: skip
def test_an_unknown_name_is_exit_code_2(database: Path, line: list[str]) -> None:
    result = aggregator(*line, "--database", str(database))
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: no ")


def test_without_configuration_and_database_the_way_out_is_told() -> None:
    result = aggregator("items")
    assert result.exit_code == 2
    assert "no configuration found" in result.stderr


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite://relative", "postgresql://host"])
def test_a_database_that_is_none_is_a_usage_error(url: str) -> None:
    result = aggregator("items", "--database", url)
    assert result.exit_code == 2
    assert "--database" in result.stderr


def test_a_source_is_tried_without_writing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        pipeline_preview, "preview", partial(pipeline_preview.preview, transport=demo.transport())
    )
    with as_file(demo.SOURCES) as sources:
        line = ["sources", "test", "harbour-post", "--config", str(sources), "--limit", "2"]
        shown = aggregator(*line)
        (feed,) = json.loads(aggregator(*line, "--json").stdout)
    assert shown.exit_code == 0, shown.output
    assert "8 articles, 0 rejected" in shown.stdout
    assert "the first 2:" in shown.stdout
    assert '8 have no picture: enrich = "missing" takes it from their own pages' in shown.stdout
    assert len(feed["articles"]) == 8
    assert feed["error"] is None


FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>Tarn Times</title>
<item><title>Ferry service resumes</title><link>https://tarntimes.example/1</link><guid>1</guid>
<pubDate>Thu, 14 May 2026 08:00:00 GMT</pubDate><description>The ferry sails again.</description></item>
</channel></rss>"""


@contextmanager
def feed_server() -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path == "/rss"
            self.send_response(200 if found else 500)
            self.send_header("Content-Type", "application/rss+xml")
            self.send_header("Content-Length", str(len(FEED) if found else 0))
            self.end_headers()
            if found:
                self.wfile.write(FEED.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def write_config(folder: Path, *urls: str) -> Path:
    feeds = "\n".join(f'[[sources.feeds]]\nurl = "{url}"' for url in urls)
    path = folder / "sources.toml"
    path.write_text(
        '[store]\ndatabase = "data/news.db"\n[fetch]\nallow_networks = ["127.0.0.0/8"]\nhost_gap = "0s"\n'
        f'[[sources]]\nid = "tarn-times"\nname = "Tarn Times"\nurl = "https://tarntimes.example/"\n{feeds}\n'
    )
    return path


def test_a_poll_says_a_line_per_feed_and_totals_and_then_nothing_is_due(tmp_path: Path) -> None:
    with feed_server() as server:
        config = write_config(tmp_path, f"{server}/rss", f"{server}/broken")
        first = aggregator("poll", "--config", str(config))
        assert first.exit_code == 0, first.output
        assert f"Created the database sqlite:///{tmp_path}/data/news.db" in first.stderr
        lines = sorted(first.stdout.splitlines())
        assert lines[0].startswith("2 feeds: 1 ok, 1 failed; 1 new")
        assert lines[1].startswith("error        tarn-times")
        assert lines[2].startswith("ok           tarn-times")
        second = aggregator("poll", "--config", str(config))
        assert (second.exit_code, second.stdout) == (0, "")
        assert "Nothing is due" in second.stderr
        assert json.loads(aggregator("poll", "--config", str(config), "--json").stdout)["feeds"] == []
        quiet = aggregator("poll", "--config", str(config), "--all", "-q")
        assert (quiet.stdout, quiet.stderr) == ("", "")
    assert aggregator("items", "--config", str(config), "--ids").stdout == "1\n"


def test_a_poll_answers_in_json_and_fails_only_when_every_feed_fails(tmp_path: Path) -> None:
    with feed_server() as server:
        config = write_config(tmp_path, f"{server}/rss", f"{server}/broken")
        result = aggregator("poll", "--config", str(config), "--json")
        assert result.exit_code == 0, result.output
        run = json.loads(result.stdout)
        by_outcome = {feed["outcome"]: feed for feed in run["feeds"]}
        assert (by_outcome["ok"]["served"], by_outcome["ok"]["new"]) == (1, 1)
        assert by_outcome["error"]["error"]["status"] == 500
        assert run["totals"]["new"] == 1
        config = write_config(tmp_path, f"{server}/broken")
        assert aggregator("poll", "--config", str(config), "--all", "--source", "Tarn Times").exit_code == 1


def test_retention_needs_the_configuration_that_says_how_long(database: Path, tmp_path: Path) -> None:
    assert aggregator("db", "prune", "--database", str(database)).exit_code == 2
    config = write_config(tmp_path, "https://tarntimes.example/rss")
    result = aggregator("db", "prune", "--config", str(config), "--database", str(database))
    assert result.stdout == "0 articles and 0 polls purged, 0 tombstones given up\n"
