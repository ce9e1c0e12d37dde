"""Stores of every released schema, brought up to date: nothing is lost, and they end like new ones."""

import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

import store_databases
from aggregator import relate
from aggregator.errors import StoreError, StoreLocked
from aggregator.model import ItemFilter
from aggregator.pipeline.link import index_again
from aggregator.settings import StoreSettings
from aggregator.store import Store, files, migrations
from aggregator.store.migrations import Migration
from store_databases import RELEASED, lay_released
from store_helpers import NOW, SOURCES, article, new, poll, revision

postgresql, url = store_databases.postgresql, store_databases.url  # fixtures

NUMBERS = sorted({int(file.name.split(".")[0].removeprefix("schema-")) for file in RELEASED.glob("schema-*")})
PRESENT = migrations.MIGRATIONS[-1].number
OLDER = [number for number in NUMBERS if number < PRESENT]

Rows = dict[str, list[dict[str, Any]]]


def rows(url: str) -> Rows:
    """What each table holds, read without the store. Not what the indexes are made of: those are asked."""
    engine = sa.create_engine(url)
    inspector = sa.inspect(engine)
    found: Rows = {}
    with engine.connect() as connection:
        for name in inspector.get_table_names():
            if name.startswith(("search", "terms_", "bands_", "candidate", "part", "segment")):
                continue
            result = connection.exec_driver_sql(f'SELECT * FROM "{name}"')
            found[name] = sorted(({**row} for row in result.mappings()), key=repr)
    engine.dispose()
    return found


def shape(url: str) -> dict[str, object]:
    """Tables with their columns (type, NOT NULL, default), keys, references and indexes."""
    engine = sa.create_engine(url)
    inspector = sa.inspect(engine)
    found: dict[str, object] = {}
    for name in inspector.get_table_names():
        columns = [
            (column["name"], str(column["type"]), column["nullable"], column["default"])
            for column in inspector.get_columns(name)
        ]
        indexes = sorted(  # of a partial index the condition too
            (
                index["name"],
                tuple(index["column_names"]),
                index["unique"],
                *map(str, index.get("dialect_options", {}).values()),
            )
            for index in inspector.get_indexes(name)
        )
        references = sorted(
            (tuple(key["constrained_columns"]), key["referred_table"])
            for key in inspector.get_foreign_keys(name)
        )
        found[name] = (columns, inspector.get_pk_constraint(name)["constrained_columns"], indexes, references)
    with engine.connect() as connection:
        if url.startswith("sqlite"):
            found["tables made otherwise"] = sorted(
                (name, "WITHOUT ROWID" in sql)
                for name, sql in connection.exec_driver_sql(
                    "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%\\_%' ESCAPE '\\'"
                )
            )
    engine.dispose()
    return found


@pytest.mark.parametrize("number", NUMBERS)
def test_a_released_store_loses_nothing(url: str, number: int) -> None:
    lay_released(url, number)
    before = rows(url)
    with Store.open(url) as store:
        assert store.stats().schema == PRESENT
        assert store.check() == store.inconsistencies() == []
        assert store.stats().articles == len(before["article"]) == 51
        assert store.items(ItemFilter(search="ferry")) != []
        index_again(store)
        assert store.to_index(1) == {}
        hits = store.candidates().search(_terms(store), since_id=0, until_id=None, limit=5)
        assert hits, "the candidate index goes on"
    after = rows(url)
    for name, expected in before.items():
        if name == "migration" or not expected:
            continue
        kept = [
            {column: row[column] for column in expected[0]}
            for row in after[name]
            if row.get("name") != "to_index"  # which says that the candidates were made anew
        ]
        assert sorted(kept, key=repr) == expected, name
    assert [row["number"] for row in after["migration"]] == list(range(1, PRESENT + 1))


def _terms(store: Store) -> tuple[str, ...]:
    ((number, blob),) = store.candidates().get([1]).items()
    return relate.index_row(relate.from_blob(number, blob)).terms


@pytest.mark.parametrize("number", NUMBERS)
def test_a_released_store_ends_like_a_new_one(url: str, number: int) -> None:
    Store.open(url, create=True).close()
    new_one = shape(url)
    if url.startswith("sqlite"):
        Path(url.removeprefix("sqlite:///")).unlink()
    else:
        store_databases.empty_postgresql(url)
    lay_released(url, number)
    Store.open(url).close()
    assert shape(url) == new_one


@pytest.mark.parametrize("number", NUMBERS)
def test_a_released_store_is_written_to_on(url: str, number: int) -> None:
    lay_released(url, number)
    with Store.open(url) as store:
        with store.write() as writer:
            sources = {source.id: source for source in (*store.sources(), *SOURCES)}
            writer.sync_config(list(sources.values()), (), "digest", NOW)
            known = next(iter(writer.known([key]) for key in [_a_key(store)]))
        (of,) = {entry.article_id for entry in known.values()}
        ids = poll(store, [new(article("fresh")), revision(of, article("x", title="Another headline"))])
        assert ids[0] == 52
        assert store.article_details(of) is not None
        assert store.items_by_id([of])[of].revisions
        assert store.check() == store.inconsistencies() == []


def _a_key(store: Store) -> int:
    (first,) = store.items(ItemFilter(limit=1, sort="oldest"))
    assert first.article.id is not None
    return store.article_details(first.id).keys[0].hash


@pytest.mark.parametrize("number", NUMBERS)
def test_the_file_is_copied_with_its_log_before_it_is_changed(tmp_path: Path, number: int) -> None:
    path = tmp_path / "news.db"
    lay_released(f"sqlite:///{path}", number)
    code = """
    import os, sqlite3, sys
    file = sqlite3.connect(sys.argv[1])
    file.execute("UPDATE article SET title = 'In the log' WHERE id = 3")
    file.commit()
    os._exit(0)
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code), path], check=True, timeout=60)
    assert files.has_log(path)
    with Store.open(f"sqlite:///{path}") as store:
        if number == PRESENT:
            return
        copy = path.with_name(f"news.db.schema-{number}.bak")
        assert store.backup == copy
    with closing(sqlite3.connect(copy)) as file:
        assert file.execute("SELECT title FROM article WHERE id = 3").fetchone() == ("In the log",)
        assert file.execute("SELECT max(number) FROM migration").fetchone() == (number,)
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert not copy.with_name(copy.name + ".part").exists()


KILLED = """
import os, signal, sys
from aggregator.store import Store, migrations
from aggregator.store.migrations import MIGRATIONS, Migration

def die(connection):
    MIGRATIONS[-1].apply(connection)
    connection.exec_driver_sql("DELETE FROM article")
    os.kill(os.getpid(), signal.SIGKILL)

last = MIGRATIONS[-1]
migrations.MIGRATIONS = (*MIGRATIONS[:-1], Migration(last.number, last.name, die))
Store.open(sys.argv[1])
"""


def test_a_kill_in_the_middle_of_a_migration_leaves_the_store_as_it_was(url: str) -> None:
    lay_released(url, OLDER[-1])
    before, was = rows(url), shape(url)
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, url],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert rows(url) == before
    assert shape(url) == was
    with Store.open(url) as store:
        assert store.stats().schema == PRESENT
        assert store.stats().articles == 51


@pytest.mark.parametrize("number", OLDER)
def test_without_room_for_the_copy_nothing_is_changed(
    tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "news.db"
    lay_released(f"sqlite:///{path}", number)
    before = rows(f"sqlite:///{path}")
    size = files.bytes_of(path)
    needed = 2 * size + files.RESERVE
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=needed - 1))
    with pytest.raises(
        StoreError,
        match=rf"news\.db: bringing its schema from {number} up to date needs {files.size(needed)} of free disk in"
        rf" {tmp_path}, and there are .* MiB\. Nothing was changed; free some space",
    ):
        Store.open(f"sqlite:///{path}")
    assert rows(f"sqlite:///{path}") == before
    assert not list(tmp_path.glob("*.bak*"))
    monkeypatch.undo()
    with Store.open(f"sqlite:///{path}") as store:
        assert store.stats().articles == 51


def test_a_damaged_store_is_not_changed(tmp_path: Path) -> None:
    path = tmp_path / "news.db"
    lay_released(f"sqlite:///{path}", 1)
    with closing(sqlite3.connect(path)) as file:
        (root,) = file.execute("SELECT rootpage FROM sqlite_master WHERE name = 'article_source'").fetchone()
    with path.open("r+b") as raw:
        raw.seek((root - 1) * 4096)
        raw.write(b"\xa5" * 4096)
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"its copy is damaged .*db restore FILE"):
        Store.open(f"sqlite:///{path}")
    assert path.read_bytes() == before


def test_whoever_comes_while_another_brings_it_up_to_date_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"sqlite:///{tmp_path}/news.db"
    lay_released(address, OLDER[-1])
    impatient = StoreSettings(database=address, busy_timeout=timedelta(milliseconds=10))
    refused = []

    def come_too(connection: sa.Connection) -> None:
        with monkeypatch.context() as real, pytest.raises(StoreLocked, match="another process is writing"):
            real.setattr(migrations, "MIGRATIONS", real_ones)
            Store.open(address, settings=impatient)
        refused.append(1)
        real_ones[-1].apply(connection)

    real_ones = migrations.MIGRATIONS
    last = real_ones[-1]
    monkeypatch.setattr(
        migrations, "MIGRATIONS", (*real_ones[:-1], Migration(last.number, last.name, come_too))
    )
    Store.open(address).close()
    assert refused
