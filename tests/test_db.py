"""`aggregator db` from the command line, and what it says of a store whose rows do not fit together."""

import json
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

import store_databases
from aggregator.cli import root
from aggregator.model import ItemFilter
from aggregator.pipeline.link import index_again
from aggregator.store import Store, sizes
from store_databases import change, lay_released
from store_helpers import FEED, NOW, add, article
from test_cli_process import on_terminal

postgresql, url, store = store_databases.postgresql, store_databases.url, store_databases.store  # fixtures


@pytest.fixture(autouse=True)
def nowhere_configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AGGREGATOR_CONFIG", "AGGREGATOR_DATABASE_URL", "AGGREGATOR_NOW"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The released edition."""
    path = tmp_path / "edition.db"
    lay_released(f"sqlite:///{path}", 1)
    with Store.open(f"sqlite:///{path}") as store:
        index_again(store)
    path.with_name("edition.db.schema-1.bak").unlink()
    return path


def db(*arguments: object, now: str = NOW.isoformat()) -> Result:
    line = ["--now", now, "db", *map(str, arguments)]
    return CliRunner(env={"COLUMNS": "100"}).invoke(
        root, line, catch_exceptions=False, prog_name="aggregator"
    )


def articles(path: Path) -> int:
    with Store.open(f"sqlite:///{path}") as opened:
        return opened.stats().articles


# --- backup, restore, copy ----------------------------------------------------------------------------------------------


def test_a_backup_is_made_and_named_and_the_oldest_go(path: Path) -> None:
    for day in (14, 15, 16):
        result = db("backup", "--keep", "2", "--database", path, now=f"2026-05-{day}T12:00:00Z")
        assert result.exit_code == 0, result.output
        assert re.fullmatch(rf"{path}-202605{day}T120000Z\.bak: \d\.\d MiB, checked\n", result.stdout)
    assert result.stderr == f"Removed {path}-20260514T120000Z.bak\n"
    assert sorted(file.name for file in path.parent.glob("*.bak")) == [
        "edition.db-20260515T120000Z.bak",
        "edition.db-20260516T120000Z.bak",
    ]


def test_a_backup_goes_where_it_is_told_and_over_nothing(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "weekly.bak"
    assert db("backup", target, "--database", path).exit_code == 0
    again = db("backup", target, "--database", path)
    assert again.exit_code == 1
    assert (
        "weekly.bak is there already and stays as it is; name another file, or give --force" in again.stderr
    )
    assert db("backup", target, "--force", "--database", path).exit_code == 0
    named = db("backup", target, "--force", "--keep", "3", "--database", path)
    assert named.exit_code == 2
    assert "--keep is for backups that are named by their time" in named.stderr


def test_a_restore_says_what_was_replaced_and_where_it_is(path: Path) -> None:
    db("backup", "saved.bak", "--database", path)
    with Store.open(f"sqlite:///{path}") as opened:
        change(opened, "DELETE FROM copy_edge", "DELETE FROM article WHERE id > 5")
    result = db("restore", "saved.bak", "--database", path)
    assert result.exit_code == 0, result.output
    assert result.stdout == f"{path}: 51 articles, restored from saved.bak\n"
    assert result.stderr == f"What was there is kept in {path}.before-restore-20260514T120000Z\n"
    assert articles(path) == 51


def test_an_older_backup_is_restored_and_brought_up_to_date(path: Path, tmp_path: Path) -> None:
    old = tmp_path / "old.bak"
    lay_released(f"sqlite:///{old}", 1)
    path.write_bytes(b"ruined" * 1000)
    result = db("restore", old, "--database", path)
    assert result.exit_code == 0, result.output
    assert "Brought it up to date; as it was restored, it is kept in" in result.stderr
    assert articles(path) == 51


def test_a_restore_while_another_process_writes_is_exit_code_4(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    db("backup", "saved.bak", "--database", path)
    config = tmp_path / "sources.toml"
    config.write_text(
        f'[store]\ndatabase = "{path}"\nbusy_timeout = "50ms"\n[[sources]]\nid = "a"\nname = "A"\n'
        'url = "https://a.example/"\n[[sources.feeds]]\nurl = "https://a.example/rss"\n'
    )
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        result = db("restore", "saved.bak", "--config", config)
    assert result.exit_code == 4
    assert "another process is writing" in result.stderr


@pytest.mark.parametrize("line", [["restore", "no.bak"], ["backup"], ["copy", "no.db", "to.db"]])
def test_what_is_not_there_is_said_and_nothing_is_made(tmp_path: Path, line: list[str]) -> None:
    options = [] if line[0] == "copy" else ["--database", tmp_path / "no.db"]
    result = db(*line, *options)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert list(tmp_path.iterdir()) == []


def test_a_copy_is_counted_and_checked(path: Path, url: str) -> None:
    result = db("copy", path, url)
    assert result.exit_code == 0, result.output
    assert re.fullmatch(r"\d{3} rows in \d\d tables copied, checked\n", result.stdout)
    with Store.open(f"sqlite:///{path}") as one, Store.open(url) as other:
        assert other.items(ItemFilter(limit=None)) == one.items(ItemFilter(limit=None))
        assert other.inconsistencies() == []
        (item, *_) = one.items(ItemFilter(search="ferry"))
    related = [
        CliRunner().invoke(
            root, ["--now", NOW.isoformat(), "related", str(item.id), "--json", "--database", at]
        )
        for at in (str(path), url)
    ]
    assert json.loads(related[0].stdout) == json.loads(related[1].stdout) != []
    again = db("copy", path, url)
    assert again.exit_code == 1
    assert "holds a store already" in again.stderr


def test_an_address_that_is_none_is_a_usage_error(path: Path) -> None:
    result = db("copy", path, "mysql://x/y")
    assert result.exit_code == 2
    assert "Invalid value for 'TO': 'mysql' is no database that is known here" in result.stderr


@pytest.mark.parametrize(
    "line", [["backup", "a.bak"], pytest.param(["copy", "edition.db", "b.db"], marks=pytest.mark.slow)]
)
def test_progress_is_for_terminals(path: Path, line: list[str]) -> None:
    arguments = ["db", *line, *(["--database", str(path)] if line[0] == "backup" else [])]
    environment = {**os.environ, "TERM": "xterm"}
    shown, code = on_terminal(*arguments, env=environment)
    assert code == 0
    assert re.search(r"\r\x1b\[Kcopying.*: \d+%", shown)
    assert shown.index("checked") > shown.rindex("\r\x1b[K"), "it is taken away in the end"
    Path(line[-1]).unlink()
    assert "\x1b" not in on_terminal(*arguments, "-q", env=environment)[0]
    Path(line[-1]).unlink()
    piped = subprocess.run(
        [sys.executable, "-m", "aggregator", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (piped.returncode, piped.stderr) == (0, "")


# --- stats --------------------------------------------------------------------------------------------------------------


def test_stats_say_what_each_table_holds_and_takes_up(path: Path) -> None:
    told = json.loads(db("stats", "--json", "--database", path).stdout)
    assert (told["articles"], told["schema"] > 1, told["bytes"] > 100_000) == (51, True, True)
    assert told["bytes_per_article"] == round(told["bytes"] / 51, 1)
    tables = {table["name"]: table for table in told["tables"]}
    assert tables["article"]["rows"] == tables["search"]["rows"] == 51
    assert tables["segment"]["rows"] == 1
    if tables["article"]["bytes"] is not None:
        whole = sum(table["bytes"] for table in told["tables"])
        assert 0.8 * path.stat().st_size < whole <= path.stat().st_size, "hardly anything is left out"
    text = db("stats", "--database", path).stdout
    assert re.search(r"tables +feature: 51 rows", text)


def test_stats_do_without_sizes_where_sqlite_does_not_know_them(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sizes, "_sqlite_bytes", lambda _: None)
    told = json.loads(db("stats", "--json", "--database", path).stdout)
    assert {table["bytes"] for table in told["tables"]} == {None}
    assert "article: 51 rows" in db("stats", "--database", path).stdout


def test_a_missing_dbstat_is_no_error(store: Store) -> None:
    with store._read() as connection:
        known = sizes.table_sizes(connection)
    assert {table.name for table in known} >= {"article", "key", "search"}
    without = sa.create_engine("sqlite://").connect()
    without.exec_driver_sql("CREATE TABLE dbstat (x)")  # as if the name were unknown: no such column
    assert sizes._sqlite_bytes(without) is None
    without.close()


# --- check --------------------------------------------------------------------------------------------------------------


def test_a_sound_store_is_called_so(path: Path) -> None:
    result = db("check", "--database", path)
    assert (result.exit_code, result.stdout) == (0, f"sqlite:///{path}: sound\n")


def test_what_does_not_fit_is_a_line_each_and_exit_code_1(path: Path) -> None:
    with Store.open(f"sqlite:///{path}") as opened:
        change(
            opened,
            "UPDATE sighting SET article_id = article_id + 1000",
            "UPDATE meta SET value = '7' WHERE name = 'newest_id'",
        )
    result = db("check", "--database", path)
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "sighting: 51 rows of articles that are gone, e.g. of article 1001",
        "meta: newest_id is 7, and article.id goes up to 51",
        "meta: newest_id is 7, and key.article_id goes up to 51",
        "meta: link_cursor is 51, and newest_id 7: the articles in between will not be linked",
    ]


def test_damage_is_told_before_what_follows_from_it(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(b"\xa5" * (path.stat().st_size // 4))
    result = db("check", "--database", path)
    assert result.exit_code == 1
    assert "Traceback" not in result.output


WRONG = [
    *(
        (
            f"UPDATE {table} SET article_id = 4711 WHERE article_id = (SELECT max(article_id) FROM {table})",
            f"{table}: 1 rows of articles that are gone, .* 4711",
        )
        for table in ("sighting", "feature", "neighbours", "story_member")
    ),
    *(
        (
            f"INSERT INTO {table} (article_id) VALUES (4711)",
            rf"{table}: 1 rows of articles that are gone, .* 4711",
        )
        for table in ("hidden", "relink")
    ),
    ("INSERT INTO article_text VALUES (4711, 'x')", "article_text: 1 rows of articles that are gone"),
    ("UPDATE revision SET article_id = 4711", "revision: 1 rows of articles that are gone"),
    (
        "UPDATE copy_edge SET a = 4711 WHERE a = (SELECT min(a) FROM copy_edge)",
        "copy_edge: 1 rows of articles that are gone",
    ),
    (
        "UPDATE copy_member SET article_id = 4711 WHERE article_id = (SELECT min(article_id) FROM copy_member)",
        "copy_member: 1 rows of articles that are gone",
    ),
    (
        "UPDATE sighting SET feed_id = 99 WHERE article_id = 3",
        "sighting: 1 rows of feeds that are not there, e.g. of feed 99",
    ),
    ("DELETE FROM key WHERE article_id = 3", "article: 1 articles without a key, e.g. 3"),
    ("DELETE FROM feed_state WHERE feed_id = 3", "feed: 1 feeds without a state, e.g. 3"),
    ("INSERT INTO tombstone VALUES (3, 1)", "tombstone: 1 articles that are stored, e.g. 3"),
    (
        "UPDATE neighbours SET packed = substr(packed, 1, 5) WHERE article_id = (SELECT max(article_id) FROM neighbours)",
        "neighbours: 1 rows of a broken length",
    ),
    (
        "DELETE FROM copy_member WHERE article_id = (SELECT min(article_id) FROM copy_member)",
        "copy_group: 1 groups with fewer than two members",
    ),
    (
        "UPDATE copy_group SET representative_id = 3 WHERE id = (SELECT min(id) FROM copy_group)",
        "copy_group: 1 groups shown by an article that is no member",
    ),
    (
        "UPDATE story_member SET story = 4711 WHERE article_id = 3",
        "story_member: 1 articles in a story that is not there, .* 3",
    ),
    (
        "UPDATE story SET merged_into = 4711 WHERE number = 1",
        "story: 1 stories that merged into one that is not there, e.g. 1",
    ),
    (
        "UPDATE story SET merged_into = 2 WHERE number = (SELECT min(story) FROM story_member)",
        "story: 1 stories that merged into another and still have articles",
    ),
    (
        "UPDATE article SET first_seen_at = first_seen_at - 60 WHERE id = 2",
        "article: 1 articles first seen before .*, e.g. 2",
    ),
    ("DELETE FROM hour WHERE hour = (SELECT max(hour) FROM hour)", "hour: .* articles that no hour leads to"),
    (
        "UPDATE hour SET first_id = 9 WHERE hour = (SELECT min(hour) FROM hour)",
        "hour: 8 articles that no hour leads to, e.g. 1: windows of time would miss them",
    ),
    (
        "INSERT INTO hour SELECT max(hour) + 1, 1 FROM hour",
        "hour: 1 hours that begin with a smaller article than the one before",
    ),
    (
        "UPDATE meta SET value = '1' WHERE name = 'newest_poll'",
        r"meta: newest_poll is 1, and poll.id goes up to 11",
    ),
    (
        "UPDATE meta SET value = 'x' WHERE name = 'newest_at'",
        "meta: newest_at is x, and article.first_seen_at goes up to",
    ),
    ("DELETE FROM segment", "feature: 51 articles that no segment has a place for, e.g. 1"),
    ("UPDATE segment SET last_id = 50", "feature: 1 articles that no segment has a place for, e.g. 51"),
    ("INSERT INTO key VALUES (5, 0, 4711)", "meta: newest_id is 51, and key.article_id goes up to 4711"),
]
OF_SQLITE = [
    (
        "UPDATE article SET source_id = 99 WHERE id = 3",
        r"article: 1 rows refer to a source that is not there, e.g. row 3",
    ),
    ("UPDATE copy_member SET group_id = 99", "copy_member: 4 rows refer to a copy_group that is not there"),
    ("DELETE FROM search_docsize WHERE id = 3", "search: 1 articles are not in the full text, e.g. 3"),
    (
        "INSERT INTO search_docsize VALUES (4711, x'00')",
        "search: 1 articles are in the full text and gone, e.g. 4711",
    ),
    ("UPDATE search_data SET block = x'00' WHERE id > 10", "search: the index cannot be read"),
    (
        "UPDATE segment SET bands = x'01000000' WHERE number = 1",
        "segment: number 1 has bands that cannot be read",
    ),
]
OF_POSTGRESQL = [
    ("DELETE FROM search WHERE article_id = 3", "search: 1 articles are not in the full text, e.g. 3"),
    ("INSERT INTO search VALUES (4711, '')", "search: 1 articles are in the full text and gone, e.g. 4711"),
]


def test_whatever_does_not_fit_is_told_in_words(url: str, tmp_path: Path) -> None:
    sqlite = url.startswith("sqlite")
    for statement, sentence in (*WRONG, *(OF_SQLITE if sqlite else OF_POSTGRESQL)):
        if sqlite:
            for left in tmp_path.glob("news.db*"):
                left.unlink()
        else:
            store_databases.empty_postgresql(url)
        lay_released(url, 1)
        with Store.open(url) as opened:
            index_again(opened)
            assert opened.inconsistencies() == []
            change(opened, statement)
            found = opened.inconsistencies()
        assert any(re.match(sentence, problem) for problem in found), (statement, found)


def test_an_empty_store_and_one_that_was_pruned_fit_together(store: Store) -> None:
    assert store.inconsistencies() == []
    add(store, *(article(str(number)) for number in range(5)), feed=FEED)
    assert store.inconsistencies() == []
