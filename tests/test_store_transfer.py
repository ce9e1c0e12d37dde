"""A whole store copied from one database to another, SQLite and (slow) PostgreSQL, either way."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

import store_databases
from aggregator import relate
from aggregator.errors import StoreError
from aggregator.model import IndexRow, ItemFilter
from aggregator.pipeline.link import index_again
from aggregator.store import Store, transfer
from aggregator.store.schema import article as article_table
from aggregator.store.schema import metadata
from aggregator.store.transfer import Transferred
from store_databases import change, configured, contents, empty_postgresql, lay_released
from store_helpers import (
    HOUR,
    NOW,
    SOURCES,
    WIRE,
    add,
    article,
    linked,
    new,
    poll,
    prune,
    rejected,
    revision,
)

postgresql, url = store_databases.postgresql, store_databases.url  # fixtures


def row_of(article_id: int, blob: bytes) -> IndexRow | None:
    return relate.index_row(relate.from_blob(article_id, blob))


def made_up(connection: sa.Connection, table: sa.Table) -> dict[str, object]:
    """A row that refers to others where it must; whatever columns a later schema adds."""
    row: dict[str, object] = {}
    for column in table.columns:
        for key in column.foreign_keys:
            row[column.name] = connection.execute(sa.select(sa.func.min(key.column))).scalar_one()
        row.setdefault(column.name, 999 if table.name == "tombstone" else SAMPLES[column.type.python_type])
    return row


SAMPLES = {int: 7, str: "Größe\n'\"%s?", bytes: bytes(range(256)), float: 0.1, bool: True}


def lay_out(url: str) -> Store:
    """Everything that a store can hold: the released edition, which was linked, and rows in every other table."""
    lay_released(url, 1)
    store = Store.open(url)
    index_again(store)
    with store.write() as writer:
        sources = {source.id: source for source in (*store.sources(), *SOURCES)}
        writer.sync_config(list(sources.values()), store.topics(), "digest", NOW)
    now = NOW + timedelta(days=1)
    (number, *_) = add(
        store,
        article(
            "long",
            text="Skippers\nvoted. " * 40,
            outlet="Küstenblatt",
            title="選挙戦 in Kell",
            authors=("A", "B"),
        ),
        article("plain", categories=("ports", "trade"), published_note="guessed"),
        now=now,
    )
    poll(
        store,
        [
            revision(number, article("long", title="Another headline")),
            rejected("https://x.example/", "no title"),
        ],
        now=now + HOUR,
    )
    with store.write() as writer:
        for table in metadata.sorted_tables:
            if not writer._connection.execute(sa.select(table).limit(1)).all():
                writer._connection.execute(table.insert(), made_up(writer._connection, table))
    return store


def copy(store: Store, to: str) -> Transferred:
    return transfer.transfer(store, to)


def assert_same(one: Store, other: Store) -> None:
    rows = contents(other)
    for name, expected in contents(one).items():
        assert rows[name] == expected, name
    assert other.check() == other.inconsistencies() == []
    everything = ItemFilter(limit=None)
    assert other.items(everything) == one.items(everything)
    for words in ("teaser", "ferry", '"Cape Lorne"', "挙戦", "küstenblatt", "harbour"):
        found = {item.id for item in one.items(ItemFilter(search=words, limit=None))}
        assert {item.id for item in other.items(ItemFilter(search=words, limit=None))} == found, words


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Store]:
    with lay_out(f"sqlite:///{tmp_path}/full.db") as opened:
        yield opened


def test_every_table_is_part_of_these_tests(full: Store) -> None:
    assert [name for name, rows in contents(full).items() if not rows] == []


def test_a_copy_is_the_same_store(full: Store, url: str) -> None:
    done = copy(full, url)
    assert done.rows == sum(map(len, contents(full).values()))
    assert done.tables == len(contents(full))
    with Store.open(url) as copied:
        assert_same(full, copied)


@pytest.mark.slow
def test_there_and_back_again_is_the_same_store(full: Store, postgresql: str, tmp_path: Path) -> None:
    copy(full, empty_postgresql(postgresql))
    back = f"sqlite:///{tmp_path}/back.db"
    with Store.open(postgresql) as between:
        copy(between, back)
        with Store.open(back) as returned:
            assert_same(full, returned)
            assert_same(between, returned)


@pytest.mark.slow
def test_one_postgresql_is_copied_to_another(full: Store, postgresql: str) -> None:
    copy(full, empty_postgresql(postgresql))
    engine = sa.create_engine(postgresql, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("DROP DATABASE IF EXISTS aggregator_copy")
        connection.exec_driver_sql("CREATE DATABASE aggregator_copy")
    other = sa.make_url(postgresql).set(database="aggregator_copy").render_as_string(hide_password=False)
    with Store.open(postgresql) as between:
        copy(between, other)
    with Store.open(other) as copied:
        assert_same(full, copied)
    with engine.connect() as connection:
        connection.exec_driver_sql("DROP DATABASE aggregator_copy")
    engine.dispose()


def test_the_copy_is_polled_linked_and_pruned_on(full: Store, url: str) -> None:
    copy(full, url)
    now = NOW + timedelta(days=2)
    with Store.open(url) as copied:
        newest = max(item.id for item in copied.items(ItemFilter(limit=None)))
        verdicts = [
            revision(newest, article("plain", title="A third headline")),
            rejected("https://y.example/", "no title"),
            new(article("fresh")),
        ]
        ids = poll(copied, verdicts, now=now)
        assert ids[-1] == newest + 1
        with copied.write() as writer:
            added = replace(
                WIRE,
                id="second",
                feeds=tuple(replace(feed, id="second", source_id="second") for feed in WIRE.feeds),
            )
            writer.sync_config((*copied.sources(), added), (), "other", now)
            writer.save_links([linked(newest + 1)], cursor=newest + 1)
        assert copied.sources()[-1].id == "second"
        prune(copied, now + timedelta(days=300), timedelta(days=1))
        assert copied.stats().articles == 0
        assert copied.inconsistencies() == []


def test_candidates_are_found_in_the_copy_as_in_the_original(full: Store, url: str) -> None:
    copy(full, url)
    with Store.open(url) as copied:
        for item in full.items(ItemFilter(limit=20, sort="oldest")):
            row = row_of(item.id, full.candidates().get([item.id])[item.id])
            assert row is not None
            for query in ("search", "copies"):
                asked = row.terms if query == "search" else row.bands
                found = [
                    {
                        hit
                        for hit, _ in getattr(store.candidates(), query)(
                            asked, since_id=0, until_id=None, limit=99
                        )
                    }
                    for store in (full, copied)
                ]
                assert item.id in found[0]
                assert found[1] == found[0]


def test_features_that_were_stored_lead_to_the_same_terms_and_bands(full: Store) -> None:
    for item in full.items(ItemFilter(limit=None)):
        made = relate.index_row(relate.features(item.article, owner=""))
        again = row_of(item.id, made.blob)
        assert again is not None
        assert again.bands == made.bands
        differing = set(again.terms) ^ set(made.terms)
        assert len(differing) <= 2, "weights are kept with eleven bits: the last of 32 terms may be another"


def test_a_copy_is_one_moment_of_a_store_that_is_written_to(full: Store, tmp_path: Path) -> None:
    before = contents(full)
    written = []

    def write_meanwhile(*_: object) -> None:
        if len(written) < 5:
            written.append(add(full, article(f"meanwhile {len(written)}"), now=NOW + timedelta(days=3)))

    to = f"sqlite:///{tmp_path}/copy.db"
    transfer.transfer(full, to, progress=write_meanwhile)
    with Store.open(to) as copied:
        assert contents(copied) == before
    assert len(written) == 5


# --- the target ---------------------------------------------------------------------------------------------------------


def test_a_store_without_news_is_filled(full: Store, url: str) -> None:
    configured(url).close()
    copy(full, url)
    with Store.open(url) as copied:
        assert_same(full, copied)


def test_a_store_with_news_is_left_alone(full: Store, url: str) -> None:
    with configured(url) as used:
        add(used, article())
        before = contents(used)
        with pytest.raises(
            StoreError, match=r"holds a store already, with \d+ rows in \w+; nothing was changed"
        ):
            copy(full, url)
        assert contents(used) == before


def test_a_database_of_something_else_is_left_alone(full: Store, tmp_path: Path) -> None:
    other = tmp_path / "ships.db"
    with closing(sqlite3.connect(other)) as file:
        file.execute("CREATE TABLE ships (name)")
    with pytest.raises(StoreError, match=r"tables of something else \(ships\)"):
        copy(full, f"sqlite:///{other}")
    text = tmp_path / "minutes.txt"
    text.write_text("Minutes of the harbour board\n" * 9)
    with pytest.raises(StoreError, match="not an SQLite database"):
        copy(full, f"sqlite:///{text}")


def test_a_store_is_not_copied_to_itself(full: Store, tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to(tmp_path / "full.db")
    for name in ("full.db", "link.db"):
        with pytest.raises(StoreError, match="both are the same database"):
            copy(full, f"sqlite:///{tmp_path}/{name}")


def test_a_copy_needs_room_and_says_how_much(
    full: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1024))
    with pytest.raises(StoreError, match=r"copy\.db: a copy of .* needs 6\d\.\d MiB of free disk"):
        copy(full, f"sqlite:///{tmp_path}/copy.db")


def test_a_copy_that_differs_is_found_and_not_kept(
    full: Store,
    url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = transfer._Transfer._index_texts

    def spoil(self: transfer._Transfer, *arguments: object) -> None:
        real(self, *arguments)  # type: ignore[arg-type]
        self.writing.execute(sa.update(article_table).where(article_table.c.id == 5).values(title="Spoilt"))

    monkeypatch.setattr(transfer._Transfer, "_index_texts", spoil)
    with pytest.raises(
        StoreError, match=r"table article has 53 rows with checksum \w+, where 53 with \w+ were read"
    ):
        copy(full, url)
    with pytest.raises(StoreError, match="there is no store"):
        Store.open(url)
    monkeypatch.undo()
    copy(full, url)


@pytest.mark.slow
def test_what_postgresql_does_not_take_is_named(full: Store, postgresql: str) -> None:
    change(full, "UPDATE article SET teaser = 'a' || char(0) || 'b' WHERE id = 5")
    with pytest.raises(StoreError, match=r"rows 1 to 53 of table article of sqlite:"):
        copy(full, empty_postgresql(postgresql))


@pytest.mark.parametrize("moment", ["copying sighting", pytest.param("checking", marks=pytest.mark.slow)])
def test_a_copy_that_was_killed_left_no_store_and_is_made_again(full: Store, url: str, moment: str) -> None:
    code = """
    import os, signal, sys
    from aggregator.store import Store
    from aggregator.store.transfer import transfer

    def die(what, *_):
        if what.startswith(sys.argv[3]):
            os.kill(os.getpid(), signal.SIGKILL)

    transfer(Store.open(sys.argv[1]), sys.argv[2], progress=die)
    """
    killed = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), f"sqlite:///{full.path}", url, moment],
        cwd=Path(__file__).parent,
        env=os.environ,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    with pytest.raises(StoreError, match="there is no store"):
        Store.open(url)
    copy(full, url)
    with Store.open(url) as copied:
        assert_same(full, copied)
