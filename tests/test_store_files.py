"""What SQLite files do to us: missing, foreign, old, new, locked, full, damaged, read-only, and processes that die."""

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from aggregator.errors import StoreError, StoreLocked, StoreTooNew
from aggregator.model import ItemFilter
from aggregator.settings import StoreSettings
from aggregator.store import Store, migrations
from aggregator.store.migrations import Migration
from store_helpers import FEED, HOUR, NOW, SOURCES, add, article, new, poll, prune

PRESENT = migrations.MIGRATIONS[-1].number


def address(path: Path) -> str:
    return f"sqlite:///{path}"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "news.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with Store.open(address(path), create=True) as opened:
        with opened.write() as writer:
            writer.sync_config(SOURCES, (), "digest", NOW)
        yield opened


def child(code: str, *arguments: object) -> subprocess.Popen[str]:
    """A Python process with the package and the tests' helpers at hand."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        cwd=Path(__file__).parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


# --- opening ----------------------------------------------------------------------------------------------------------


def test_opening_what_is_not_there_says_how_to_make_it_and_makes_nothing(path: Path) -> None:
    with pytest.raises(StoreError, match=r"news\.db; `aggregator poll` creates it"):
        Store.open(address(path))
    assert list(path.parent.iterdir()) == []


def test_a_store_is_made_with_its_folders_and_closed_to_one_file(tmp_path: Path) -> None:
    path = tmp_path / "data" / "deep" / "news.db"
    with Store.open(address(path), create=True) as store:
        assert store.created
        with store.write() as writer:
            writer.sync_config(SOURCES, (), "digest", NOW)
        add(store, article())
        assert store.stats().articles == 1
    assert [file.name for file in path.parent.iterdir()] == ["news.db"], "the log is folded into it"
    with Store.open(address(path)) as store:
        assert not store.created
        assert store.path == path


def test_an_empty_file_becomes_a_store(path: Path) -> None:
    path.touch()
    with pytest.raises(StoreError, match="no store"):
        Store.open(address(path))
    assert path.stat().st_size == 0
    with Store.open(address(path), create=True) as store:
        assert store.created


def test_a_folder_is_no_store(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is a folder"):
        Store.open(address(tmp_path), create=True)


def test_a_file_of_another_kind_is_left_alone(path: Path) -> None:
    path.write_text("Minutes of the harbour board\n" * 100)
    before = path.read_bytes()
    with pytest.raises(StoreError, match="not an SQLite database; nothing was changed"):
        Store.open(address(path), create=True)
    assert path.read_bytes() == before


def test_a_database_of_something_else_is_left_alone(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE ships (name)")
    with pytest.raises(StoreError, match=r"tables of something else \(ships\)"):
        Store.open(address(path), create=True)
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("ships",)]


def test_a_database_in_memory_is_refused(path: Path) -> None:
    with pytest.raises(StoreError, match="a path is needed"):
        Store.open("sqlite://", create=True)


def test_a_folder_that_cannot_be_made_is_named(path: Path) -> None:
    path.write_text("x" * 100)
    with pytest.raises(StoreError, match=r"news\.db"):
        Store.open(address(path / "deeper" / "news.db"), create=True)


def test_the_connection_is_set_up_as_the_settings_say(path: Path) -> None:
    settings = StoreSettings(database=address(path), synchronous="full", busy_timeout=timedelta(seconds=3))
    with Store.open(address(path), create=True, settings=settings) as store, store.write() as writer:

        def pragma(name: str) -> object:
            return writer._connection.exec_driver_sql(f"PRAGMA {name}").scalar()

        assert pragma("journal_mode") == "wal"
        assert pragma("synchronous") == 2
        assert pragma("busy_timeout") == 3000
        assert pragma("foreign_keys") == 1
        assert pragma("temp_store") == 2
        assert pragma("auto_vacuum") == 2
    with pytest.raises(StoreError, match="synchronous"):
        Store.open(
            address(path.with_name("other.db")),
            create=True,
            settings=StoreSettings(database="", synchronous="sometimes"),
        )


# --- schemas ----------------------------------------------------------------------------------------------------------


def test_a_newer_schema_is_refused_and_left_alone(path: Path, store: Store) -> None:
    store.close()
    with closing(sqlite3.connect(path)) as file:
        file.execute("INSERT INTO migration VALUES (999, 'from the future')")
        file.commit()
    with pytest.raises(StoreTooNew, match="999"):
        Store.open(address(path))
    with pytest.raises(StoreTooNew):
        Store.open(address(path), create=True)


def test_an_older_schema_is_brought_up_to_date_after_a_copy_was_made(
    path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(store, article())
    store.close()

    def note(connection: sa.Connection) -> None:
        connection.exec_driver_sql("ALTER TABLE article ADD COLUMN mood TEXT")

    later = (*migrations.MIGRATIONS, Migration(PRESENT + 1, "mood", note))
    monkeypatch.setattr(migrations, "MIGRATIONS", later)
    with Store.open(address(path)) as migrated:
        assert not migrated.created
        assert migrated.backup == path.with_name(f"news.db.schema-{PRESENT}.bak")
        assert migrated.stats().schema == PRESENT + 1
        assert migrated.stats().articles == 1
    with closing(sqlite3.connect(path.with_name(f"news.db.schema-{PRESENT}.bak"))) as copy:
        assert copy.execute("SELECT count(*) FROM article").fetchone() == (1,)
        assert copy.execute("SELECT max(number) FROM migration").fetchone() == (PRESENT,)
    with Store.open(address(path)) as again:
        assert again.backup is None


def test_a_migration_that_fails_leaves_the_store_as_it_was(
    path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.close()

    def fail(connection: sa.Connection) -> None:
        connection.exec_driver_sql("CREATE TABLE half_done (x)")
        connection.exec_driver_sql("SELECT nonsense")

    monkeypatch.setattr(
        migrations, "MIGRATIONS", (*migrations.MIGRATIONS, Migration(PRESENT + 1, "bad", fail))
    )
    with pytest.raises(StoreError, match="nonsense"):
        Store.open(address(path))
    with closing(sqlite3.connect(path)) as file:
        assert file.execute("SELECT count(*) FROM sqlite_master WHERE name = 'half_done'").fetchone() == (0,)
        assert file.execute("SELECT max(number) FROM migration").fetchone() == (PRESENT,)


# --- refusals ---------------------------------------------------------------------------------------------------------


def test_a_writer_waits_for_another_process_and_then_says_so(path: Path, store: Store) -> None:
    settings = StoreSettings(database=address(path), busy_timeout=timedelta(milliseconds=100))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with Store.open(address(path), settings=settings) as waiting:
            with pytest.raises(StoreLocked, match=r"news\.db: another process is writing"):
                add(waiting, article())
            assert waiting.items(ItemFilter()) == [], "readers do not wait"
            other.execute("COMMIT")
            assert add(waiting, article()) == [1]


def test_a_write_waits_for_a_lock_that_is_given_up_in_time(path: Path, store: Store) -> None:
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        timer = threading.Timer(0.2, other.execute, ["COMMIT"])
        timer.start()
        assert add(store, article()) == [1]
        timer.join()


def test_threads_of_one_process_take_turns(store: Store) -> None:
    def work(name: str) -> None:
        for number in range(5):
            add(store, article(f"{name} {number}"))

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [item.id for item in store.items(ItemFilter(sort="oldest"))] == list(range(1, 21))


def test_a_thread_that_waits_too_long_is_told(path: Path, store: Store) -> None:
    settings = StoreSettings(database=address(path), busy_timeout=timedelta(milliseconds=50))
    with (
        Store.open(address(path), settings=settings) as impatient,
        impatient.write(),
        pytest.raises(StoreLocked, match="thread"),
        impatient.write(),
    ):
        raise AssertionError("two transactions at once")


def test_others_write_between_the_batches_of_a_purge(
    store: Store, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aggregator.store.writer.PRUNE_BATCH", 5)
    add(store, *(article(str(number)) for number in range(40)))
    done = threading.Event()

    def purge() -> None:
        prune(store, NOW + timedelta(days=9), timedelta(days=8), polls_kept=timedelta(days=8))
        done.set()

    thread = threading.Thread(target=purge)
    thread.start()
    written_before_the_end = 0
    while not done.is_set():
        add(store, article(f"new {written_before_the_end}"), now=NOW + timedelta(days=9))
        written_before_the_end += not done.is_set()
    thread.join()
    assert written_before_the_end >= 1
    remaining = [item.id for item in store.items(ItemFilter(sort="oldest", limit=1))]
    assert remaining[0] > 40


def test_a_full_disk_keeps_what_was_there_and_says_what_to_do(store: Store) -> None:
    add(store, article("before"))
    with store.write() as writer:
        pages = writer._connection.exec_driver_sql("PRAGMA page_count").scalar()
        writer._connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreError, match=r"news\.db: the disk is full.*free some space"):
        add(store, *(article(str(number), text="long " * 500) for number in range(50)))
    assert [item.article.title for item in store.items(ItemFilter())] == ["Title of before"]
    assert store.check() == []
    with store.write() as writer:
        writer._connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
    assert add(store, article("after")) == [2]


def test_a_damaged_file_is_reported_and_never_overwritten(path: Path, store: Store) -> None:
    for number in range(10):
        add(store, *(article(f"{number} {place}", text="word " * 200) for place in range(30)))
    store.close()
    whole = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(whole // 2)
        file.write(random.Random(1).randbytes(whole // 4))
    damaged = path.read_bytes()
    with Store.open(address(path)) as opened:
        assert opened.check() != []
        with pytest.raises(StoreError, match=r"news\.db: the file is damaged.*restore"):
            opened.to_link(0, 1000)
    assert path.read_bytes() == damaged


def test_a_file_with_a_damaged_beginning_is_reported(path: Path, store: Store) -> None:
    store.close()
    with path.open("r+b") as file:
        file.seek(16)
        file.write(b"\xff" * 200)
    with pytest.raises(StoreError, match=r"news\.db"):
        Store.open(address(path))


def test_a_store_that_may_only_be_read_is_read(path: Path, store: Store) -> None:
    add(store, article())
    store.close()
    path.chmod(0o444)
    path.parent.chmod(0o555)
    for folder in path.parent.parents:
        if folder.stat().st_uid == os.getuid() and folder != Path("/tmp"):
            folder.chmod(0o755)
    reading = child(
        """
        import os, sys
        from aggregator.errors import StoreError
        from aggregator.store import Store
        import store_helpers
        if os.geteuid() == 0:
            os.seteuid(65534)
        with Store.open(sys.argv[1]) as store:
            print(store.stats().articles)
            try:
                with store.write() as writer:
                    writer.claim(store_helpers.NOW, until=store_helpers.NOW)
            except StoreError as error:
                print(error)
        """,
        address(path),
    )
    out, err = reading.communicate(timeout=60)
    path.parent.chmod(0o755)
    assert out.splitlines()[0] == "1", err
    assert "read-only for this user" in out
    assert [file.name for file in path.parent.iterdir()] == ["news.db"]


def test_a_log_that_was_deleted_loses_its_commits_and_nothing_else(path: Path, store: Store) -> None:
    add(store, article("folded"))
    store.close()
    with Store.open(address(path)) as again:
        add(again, article("in the log"))
        snapshot = path.with_name("copy.db")
        shutil.copy(path, snapshot)  # without its log
    with Store.open(address(snapshot)) as copy:
        assert [item.article.title for item in copy.items(ItemFilter())] == ["Title of folded"]
        assert copy.check() == []


# --- processes --------------------------------------------------------------------------------------------------------

WRITE = """
import sys
from aggregator.model import FeedState, Poll
from aggregator.store import Store
from store_helpers import *

def claim_and_record(url):
    with Store.open(url) as store:
        for number in range(40):
            with store.write() as writer:
                for state in writer.claim(NOW, until=NOW + HOUR, limit=1):
                    print("claimed", state.feed_id)
            verdict = new(article(f"shared {number}"))
            state = FeedState(feed_id=FEED, next_check_at=NOW + HOUR)
            done = Poll(feed_id=FEED, source_id="harbour", url="u", at=NOW, outcome="ok")
            with store.write() as writer:
                known = writer.known([key.hash for key in verdict.keys])
                verdicts = [unchanged(next(iter(known.values())).article_id, article())] if known else [verdict]
                writer.record(state, done, verdicts, now=NOW, complete=False)
"""


def test_two_processes_write_what_one_would_have(path: Path, store: Store) -> None:
    store.close()
    writers = [child(WRITE + "\nclaim_and_record(sys.argv[1])", address(path)) for _ in range(2)]
    outputs = [process.communicate(timeout=120) for process in writers]
    assert [process.returncode for process in writers] == [0, 0], outputs
    claims = [line for out, _ in outputs for line in out.splitlines()]
    assert len(claims) == len(set(claims)) == 4, "no feed is claimed twice"
    with Store.open(address(path)) as both:
        items = both.items(ItemFilter(sort="oldest", limit=None))
        assert [item.id for item in items] == list(range(1, 41))
        assert len({item.article.canonical_url for item in items}) == 40
        assert both.stats().polls == 80
        assert both.check() == []


def test_a_log_in_use_is_never_deleted_by_another_process(path: Path, store: Store) -> None:
    """Closing a file that was opened by other means than SQLite's gives up all locks of its process on it."""
    add(store, article("first"))
    store.stats()  # the reader's connection
    with Store.open(address(path)) as second:
        second.stats()
    passing = "import sys\nfrom aggregator.store import Store\nStore.open(sys.argv[1]).close()"
    raw = (
        "import sqlite3, sys\nc = sqlite3.connect(sys.argv[1])\nc.execute('SELECT 1 FROM article')\nc.close()"
    )
    for code, argument in ((passing, address(path)), (raw, path)):
        process = child(code, argument)
        assert (process.communicate(timeout=60), process.returncode) == (("", ""), 0)
        assert path.with_name("news.db-wal").exists(), "the log is ours as long as we have the file open"
    add(store, article("second"))
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("SELECT count(*) FROM article").fetchone() == (2,)


@pytest.mark.slow
def test_two_processes_make_one_store(path: Path) -> None:
    code = (
        "import sys\nfrom aggregator.store import Store\nprint(Store.open(sys.argv[1], create=True).created)"
    )
    for turn in range(5):
        fresh = path.with_name(f"{turn}.db")
        makers = [child(code, address(fresh)) for _ in range(3)]
        outputs = [process.communicate(timeout=60) for process in makers]
        assert [process.returncode for process in makers] == [0, 0, 0], outputs
        with Store.open(address(fresh)) as store:
            assert store.check() == []


BATCHES = """
import itertools, sys
from store_helpers import *
from aggregator.store import Store

with Store.open(sys.argv[1]) as store:
    start = store.stats().articles // 25
    for batch in itertools.count(start):
        poll(store, [new(article(f"{batch} {place}", text="word " * 50)) for place in range(25)])
        print(batch, flush=True)
        if batch % 7 == 6:
            with store.write() as writer:
                writer.save_links([linked(entry.id) for entry in store.to_link(store.link_cursor(), 100)],
                    cursor=min(store.link_cursor() + 100, (batch + 1) * 25))
"""


@pytest.mark.slow
def test_no_kill_loses_a_commit_or_leaves_half_of_one(path: Path, store: Store) -> None:
    store.close()
    moment = random.Random(7)
    for _ in range(20):
        writing = child(BATCHES, address(path))
        assert writing.stdout is not None
        acknowledged = [int(writing.stdout.readline())]
        time.sleep(moment.random() * 0.4)
        writing.send_signal(signal.SIGKILL)
        acknowledged.extend(int(line) for line in writing.communicate()[0].splitlines())
        with Store.open(address(path)) as after:
            stats = after.stats()
            assert stats.articles % 25 == 0, "whole batches only"
            assert stats.articles >= (acknowledged[-1] + 1) * 25, "what was acknowledged is there"
            assert stats.polls == stats.articles // 25
            found = after.items(ItemFilter(sort="oldest", limit=None))
            assert len({item.article.canonical_url for item in found}) == stats.articles
            assert len(after.items(ItemFilter(search="teaser", limit=None))) == stats.articles
            assert after.check() == []


@pytest.mark.slow
def test_a_purge_that_was_killed_goes_on(path: Path, store: Store) -> None:
    for number in range(200):
        add(store, *(article(f"{number} {place}") for place in range(30)))
    store.close()
    code = """
    import sys
    from datetime import timedelta
    from store_helpers import NOW, prune
    from aggregator.store import Store, writer
    writer.PRUNE_BATCH = 50
    with Store.open(sys.argv[1]) as store:
        print("start", flush=True)
        prune(store, NOW + timedelta(days=9), timedelta(days=8), polls_kept=timedelta(days=8))
    """
    moment = random.Random(3)
    for _ in range(4):
        purging = child(code, address(path))
        assert purging.stdout is not None
        purging.stdout.readline()
        time.sleep(moment.random() * 0.5)
        purging.send_signal(signal.SIGKILL)
        purging.communicate()
        with Store.open(address(path)) as between:
            stats = between.stats()
            assert 0 < stats.articles < 6000
            assert len(between.items(ItemFilter(search="teaser", limit=None))) == stats.articles
            assert between.check() == []
    with Store.open(address(path)) as last:
        prune(last, NOW + timedelta(days=9), timedelta(days=8), polls_kept=timedelta(days=8))
    with Store.open(address(path)) as purged:
        assert purged.stats().articles == 0
        assert purged.items(ItemFilter(search="teaser")) == []


def test_importing_the_nouns_does_not_import_a_database() -> None:
    code = "import sys, aggregator.model, aggregator.errors, aggregator.settings; print('sqlalchemy' in sys.modules)"
    assert child(code).communicate()[0].strip() == "False"


def test_importing_the_store_imports_nothing_that_reading_does_not_need() -> None:
    code = """
    import sys
    import aggregator.store
    unneeded = "sqlalchemy.orm", "sqlalchemy.dialects.postgresql", "psycopg", "aggregator.store.writer"
    print([name for name in unneeded if name in sys.modules])
    """
    assert child(code).communicate()[0].strip() == "[]"


def test_what_is_recorded_survives_reopening(path: Path, store: Store) -> None:
    add(store, article())
    poll(store, [new(article("b"))], now=NOW + HOUR)
    before = store.items(ItemFilter())
    state = store.feed_states()[FEED]
    store.close()
    with Store.open(address(path)) as again:
        assert again.items(ItemFilter()) == before
        assert again.feed_states()[FEED] == state
        assert add(again, article("c"), now=NOW) == [3]
