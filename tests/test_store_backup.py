"""A backup while others write, and the way back over whatever stands at the path."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from aggregator.errors import StoreError, StoreLocked, StoreTooNew
from aggregator.model import ItemFilter
from aggregator.settings import StoreSettings
from aggregator.store import Store, files
from aggregator.store.backup import automatic, back_up, restore
from store_databases import configured, contents
from store_helpers import NOW, add, article

POSTGRESQL = "postgresql+psycopg://news:secret@db.example/news"


def address(path: Path) -> str:
    return f"sqlite:///{path}"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "news.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with configured(address(path)) as opened:
        yield opened


def titles(path: Path) -> list[str]:
    """Of the store at a path; it is looked through first."""
    with Store.open(address(path)) as opened:
        assert opened.check() == []
        assert opened.inconsistencies() == []
        return [item.article.title for item in opened.items(ItemFilter(sort="oldest", limit=None))]


def names(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir() if not file.name.endswith(files.BESIDE)}


def fill(store: Store, batches: int) -> None:
    for number in range(batches):
        add(store, *(article(f"{number} {place}", text="word " * 300) for place in range(20)))


def child(code: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        cwd=Path(__file__).parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def writing(path: Path) -> Iterator[sqlite3.Connection]:
    """Somebody in the middle of a transaction."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield other
        other.execute("ROLLBACK")


# --- a backup -----------------------------------------------------------------------------------------------------------


def test_a_backup_is_the_store_named_by_its_time(path: Path, store: Store) -> None:
    add(store, article("in the log"))
    made = back_up(address(path), None, now=NOW)
    assert made.path == path.with_name("news.db-20260514T120000Z.bak")
    assert made.bytes == made.path.stat().st_size
    with Store.open(address(made.path)) as copy:
        assert contents(copy) == contents(store)
        assert [item.id for item in copy.items(ItemFilter(search="teaser"))] == [1]


def test_a_backup_leaves_nothing_but_itself(path: Path, store: Store) -> None:
    add(store, article())
    store.close()
    back_up(address(path), None, now=NOW)
    assert names(path.parent) == {"news.db", "news.db-20260514T120000Z.bak"}


def test_a_backup_is_as_private_as_the_database(path: Path, store: Store) -> None:
    path.chmod(0o640)
    assert back_up(address(path), None, now=NOW).path.stat().st_mode & 0o777 == 0o640


def test_writers_do_not_wait_for_a_backup_and_it_holds_what_was_there_when_it_began(
    path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "STEP", 10)
    add(store, article("before"))
    reports = []

    def write_meanwhile(what: str, done: int, total: int) -> None:
        reports.append((what, done, total))
        add(store, article(f"meanwhile {len(reports)}"))

    impatient = StoreSettings(database=address(path), busy_timeout=timedelta(milliseconds=1))
    made = back_up(address(path), None, now=NOW, settings=impatient, progress=write_meanwhile)
    assert len(reports) > 5
    assert reports[-1][0] == "checking"
    assert store.stats().articles == 1 + len(reports), "none of the commits made it start over"
    assert titles(made.path) == ["Title of before"]


WRITE = """
import itertools, sys
from store_helpers import *
from aggregator.store import Store

with Store.open(sys.argv[1]) as store:
    for batch in itertools.count():
        poll(store, [new(article(f"{batch} {place}", text="word " * 50)) for place in range(25)])
        print(batch, flush=True)
"""


def test_a_backup_made_while_another_process_writes_is_one_of_its_commits(
    path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "STEP", 50)
    writer = child(WRITE, address(path))
    assert writer.stdout is not None
    try:
        for turn in range(4):
            told = int(writer.stdout.readline())
            made = back_up(address(path), path.with_name(f"{turn}.bak"), now=NOW)
            with Store.open(address(made.path)) as copy:
                stats = copy.stats()
                assert stats.articles % 25 == 0, "whole commits only"
                assert stats.polls == stats.articles // 25 > told, "all that was acknowledged before"
                assert len(copy.items(ItemFilter(search="teaser", limit=None))) == stats.articles
                assert copy.check() == copy.inconsistencies() == []
    finally:
        writer.kill()
        writer.communicate()


def test_a_file_that_is_there_is_overwritten_only_when_told_so(path: Path, store: Store) -> None:
    target = path.with_name("weekly.bak")
    target.write_text("minutes")
    with pytest.raises(StoreError, match=r"weekly\.bak is there already and stays as it is"):
        back_up(address(path), target, now=NOW)
    assert target.read_text() == "minutes"
    back_up(address(path), target, now=NOW, replace=True)
    assert titles(target) == []


def test_a_backup_is_never_written_over_a_database_in_use(path: Path, store: Store) -> None:
    with pytest.raises(StoreError, match="is the database itself"):
        back_up(address(path), path, now=NOW, replace=True)
    other = path.with_name("other.db")
    with configured(address(other)) as used:
        add(used, article())
        with pytest.raises(StoreError, match=r"other\.db-wal belongs to a database"):
            back_up(address(path), other, now=NOW, replace=True)
        assert used.stats().articles == 1


def test_only_the_newest_automatic_backups_are_kept(path: Path, store: Store) -> None:
    for name in ("news.db-weekly.bak", "news.db.schema-1.bak", "other.db-20250101T000000Z.bak"):
        path.with_name(name).write_text("not ours to remove")
    for day in range(4):
        made = back_up(address(path), None, now=NOW + timedelta(days=day), keep=2)
    assert [file.name for file in made.removed] == ["news.db-20260515T120000Z.bak"]
    kept = ["news.db-20260516T120000Z.bak", "news.db-20260517T120000Z.bak"]
    assert [file.name for file in automatic(path.parent, "news.db")] == kept
    assert len(names(path.parent)) == 1 + 3 + 2


def test_the_backup_just_made_is_kept_whatever_the_clock_said_before(path: Path, store: Store) -> None:
    back_up(address(path), None, now=NOW)
    made = back_up(address(path), None, now=NOW - timedelta(days=1), keep=1)
    assert automatic(path.parent, "news.db") == [made.path]


def test_a_folder_takes_backups_by_their_time(path: Path, store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    made = back_up(address(path), folder, now=NOW, keep=1)
    assert made.path == folder / "news.db-20260514T120000Z.bak"


def test_a_backup_needs_room_and_says_how_much(
    path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=3 * 1024 * 1024))
    with pytest.raises(
        StoreError, match=rf"needs 64\.\d MiB of free disk in {path.parent}, and there are 3\.0 MiB"
    ):
        back_up(address(path), None, now=NOW)
    assert names(path.parent) == {"news.db"}


def test_a_backup_that_is_interrupted_leaves_nothing(path: Path, store: Store) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        back_up(address(path), None, now=NOW, progress=interrupt)
    assert names(path.parent) == {"news.db"}


def test_a_backup_that_was_killed_is_made_again(path: Path, store: Store) -> None:
    code = """
    import os, signal, sys
    from pathlib import Path
    from aggregator.store.backup import back_up
    from store_helpers import NOW
    back_up(sys.argv[1], Path(sys.argv[2]), now=NOW, progress=lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    """
    target = path.with_name("weekly.bak")
    killed = child(code, address(path), target)
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    assert names(path.parent) == {"news.db", "weekly.bak.part"}
    back_up(address(path), target, now=NOW)
    assert names(path.parent) == {"news.db", "weekly.bak"}


def test_two_do_not_write_the_same_backup(path: Path, store: Store) -> None:
    target = path.with_name("weekly.bak")

    def again(*_: object) -> None:
        with pytest.raises(StoreLocked, match=r"weekly\.bak\.part: another process"):
            back_up(address(path), target, now=NOW)

    back_up(address(path), target, now=NOW, progress=again)
    assert titles(target) == []


def test_a_damaged_database_makes_no_backup_and_costs_none(path: Path, store: Store) -> None:
    fill(store, 10)
    store.close()
    old = back_up(address(path), None, now=NOW)
    damage(path)
    with pytest.raises(StoreError, match=r"news\.db: its copy is damaged \(.+`aggregator db restore FILE`"):
        back_up(address(path), None, now=NOW + timedelta(days=1), keep=1)
    assert automatic(path.parent, "news.db") == [old.path]


def test_an_older_schema_is_backed_up_as_it_is(path: Path, store: Store) -> None:
    store.close()
    with closing(sqlite3.connect(path)) as file:
        file.execute("DELETE FROM migration WHERE number > 1")
        file.commit()
    assert back_up(address(path), None, now=NOW).schema == 1


def test_what_is_no_store_is_not_backed_up(path: Path) -> None:
    with pytest.raises(StoreError, match="there is no store at"):
        back_up(address(path), None, now=NOW)
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE ships (name)")
    with pytest.raises(StoreError, match="no store of this program"):
        back_up(address(path), None, now=NOW)
    assert names(path.parent) == {"news.db"}


def test_on_postgresql_the_way_to_a_backup_is_told() -> None:
    with pytest.raises(StoreError, match=r"news:\*\*\*@db\.example.*pg_dump.*db copy"):
        back_up(POSTGRESQL, None, now=NOW)
    with pytest.raises(StoreError, match=r"pg_restore.*db copy"):
        restore(POSTGRESQL, Path("x.bak"), now=NOW)


# --- the way back -------------------------------------------------------------------------------------------------------


@pytest.fixture
def saved(path: Path, store: Store) -> Path:
    """A backup of a store with one article, to which another came since."""
    add(store, article("saved"))
    made = back_up(address(path), path.with_name("saved.bak"), now=NOW)
    add(store, article("since"))
    return made.path


def damage(path: Path) -> None:
    whole = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(whole // 2)
        file.write(b"\xa5" * (whole // 4))


def kept_beside(path: Path) -> Path:
    return path.with_name("news.db.before-restore-20260514T120000Z")


def test_a_restore_brings_the_backup_back_and_keeps_what_was_there(
    path: Path, store: Store, saved: Path
) -> None:
    store.close()
    path.chmod(0o640)
    done = restore(address(path), saved, now=NOW)
    assert done.kept == kept_beside(path)
    assert titles(path) == ["Title of saved"]
    assert titles(done.kept) == ["Title of saved", "Title of since"]
    assert titles(saved) == ["Title of saved"]
    assert path.stat().st_mode & 0o777 == 0o640
    assert names(path.parent) == {"news.db", "saved.bak", done.kept.name}


def test_others_finish_reading_and_go_on_with_the_restored_store(
    path: Path, store: Store, saved: Path
) -> None:
    with store._read() as connection:
        query = "SELECT count(*) FROM article"
        assert connection.exec_driver_sql(query).scalar() == 2
        restore(address(path), saved, now=NOW)
        assert connection.exec_driver_sql(query).scalar() == 2, "what it began with"
    assert store.stats().articles == 1
    assert add(store, article("after")) == [2]
    store.close()
    assert titles(path) == ["Title of saved", "Title of after"]


def test_nothing_is_restored_while_another_process_writes(path: Path, store: Store, saved: Path) -> None:
    store.close()
    settings = StoreSettings(database=address(path), busy_timeout=timedelta(milliseconds=50))
    with writing(path), pytest.raises(StoreLocked, match="another process is writing"):
        restore(address(path), saved, now=NOW, settings=settings)
    assert names(path.parent) == {"news.db", "saved.bak"}
    assert titles(path) == ["Title of saved", "Title of since"]


def test_nobody_writes_while_a_restore_is_going_on(path: Path, store: Store, saved: Path) -> None:
    settings = StoreSettings(database=address(path), busy_timeout=timedelta(milliseconds=1))
    tried = []

    def write_meanwhile(what: str, *_: int) -> None:
        if what == "restoring" and not tried:
            tried.append(what)
            with Store.open(address(path), settings=settings) as other, pytest.raises(StoreLocked):
                add(other, article("lost"))

    restore(address(path), saved, now=NOW, progress=write_meanwhile)
    assert tried
    store.close()
    assert titles(path) == ["Title of saved"]
    assert titles(kept_beside(path)) == ["Title of saved", "Title of since"]


def test_a_restore_that_is_interrupted_leaves_nothing(path: Path, store: Store, saved: Path) -> None:
    def interrupt(what: str, *_: int) -> None:
        if what == "restoring":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        restore(address(path), saved, now=NOW, progress=interrupt)
    assert names(path.parent) == {"news.db", "saved.bak"}
    assert store.stats().articles == 2
    assert add(store, article("after")) == [3]


def test_a_missing_database_is_restored_with_its_folder(tmp_path: Path, path: Path, saved: Path) -> None:
    elsewhere = tmp_path / "deep" / "data" / "news.db"
    done = restore(address(elsewhere), saved, now=NOW)
    assert done.kept is None
    assert titles(elsewhere) == ["Title of saved"]
    assert names(elsewhere.parent) == {"news.db"}


def leave_log(path: Path) -> None:
    """A log with commits that were never folded into the file, as a process that was killed leaves it."""
    code = """
    import os, sys
    from aggregator.store import Store
    from store_helpers import *
    add(Store.open(sys.argv[1]), article("in the log"))
    os._exit(0)
    """
    child(code, address(path)).communicate(timeout=60)
    assert files.has_log(path)


def test_a_log_without_its_database_does_not_get_into_the_restored_one(
    path: Path, store: Store, saved: Path
) -> None:
    store.close()
    leave_log(path)
    path.unlink()
    restore(address(path), saved, now=NOW)
    assert titles(path) == ["Title of saved"]
    assert files.has_log(kept_beside(path)), "kept all the same"


def test_a_log_that_was_not_folded_in_belongs_to_what_is_kept(path: Path, store: Store, saved: Path) -> None:
    store.close()
    leave_log(path)
    restore(address(path), saved, now=NOW)
    assert titles(path) == ["Title of saved"]
    assert titles(kept_beside(path)) == ["Title of saved", "Title of since", "Title of in the log"]


@pytest.mark.parametrize("log", [False, True])
def test_a_file_that_is_no_database_any_more_is_replaced_and_kept_byte_for_byte(
    path: Path, store: Store, saved: Path, log: bool
) -> None:
    store.close()
    if log:
        leave_log(path)
        log_before = files.log_of(path).read_bytes()
        files.log_of(path).write_bytes(b"\x00" * 32 + log_before[32:])  # or SQLite would mend the file by it
    path.write_bytes(b"\xff" * 4096 + path.read_bytes()[4096:])
    path.chmod(0o640)
    before = path.read_bytes()
    done = restore(address(path), saved, now=NOW)
    assert done.kept is not None
    assert done.kept.read_bytes() == before
    assert files.has_log(done.kept) == log
    assert titles(path) == ["Title of saved"]
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("size", [0, 1, 100, 5000, 0.5])
def test_a_truncated_database_is_replaced(path: Path, store: Store, saved: Path, size: float) -> None:
    store.close()
    os.truncate(path, int(size if size >= 1 or not size else path.stat().st_size * size))
    restore(address(path), saved, now=NOW)
    assert titles(path) == ["Title of saved"]


def test_a_database_damaged_inside_is_replaced(path: Path, store: Store, saved: Path) -> None:
    fill(store, 10)
    store.close()
    damage(path)
    before = path.read_bytes()
    done = restore(address(path), saved, now=NOW)
    assert done.kept is not None
    assert done.kept.stat().st_size == len(before)
    assert titles(path) == ["Title of saved"]


def test_whoever_has_a_ruined_file_open_goes_on_with_the_restored_one(
    path: Path, store: Store, saved: Path
) -> None:
    assert store.stats().articles == 2
    ruined = path.with_name("ruined")
    ruined.write_bytes(b"\xff" * 9000)
    ruined.replace(path)
    for suffix in files.BESIDE:
        path.with_name(path.name + suffix).unlink()
    restore(address(path), saved, now=NOW)
    assert store.stats().articles == 1
    assert add(store, article("after")) == [2]
    store.close()
    assert titles(path) == ["Title of saved", "Title of after"]


def test_a_file_that_is_gone_from_under_a_process_is_told_instead_of_written_to(
    path: Path, store: Store
) -> None:
    path.unlink()
    with pytest.raises(StoreError, match=r"news\.db: the file is gone.*db restore FILE"):
        add(store, article())
    assert not path.exists()


def test_a_file_that_was_exchanged_while_a_writer_waited_is_not_written_to(
    path: Path, store: Store, saved: Path
) -> None:
    looked, looks = store._database._file, iter(range(9))

    def exchange_at_the_second_look() -> tuple[int, int] | None:
        if next(looks) == 1:  # the first is before the lock, the second behind it
            for suffix in ("", *files.BESIDE):
                path.with_name(f"news.db{suffix}").rename(path.with_name(f"away.db{suffix}"))
            shutil.copy(saved, path)
        return looked()

    store._database._file = exchange_at_the_second_look  # type: ignore[method-assign]
    with pytest.raises(StoreLocked, match="another file was put in its place"):
        add(store, article("lost"))
    store._database._file = looked  # type: ignore[method-assign]
    assert add(store, article("after")) == [2]


def test_a_link_to_the_database_is_followed(tmp_path: Path, path: Path, store: Store, saved: Path) -> None:
    store.close()
    link = tmp_path / "link" / "current.db"
    link.parent.mkdir()
    link.symlink_to(path)
    path.write_bytes(b"\xff" * 9000)
    restore(address(link), saved, now=NOW)
    assert link.is_symlink()
    assert titles(path) == ["Title of saved"]
    assert kept_beside(path).exists()


def test_what_is_no_backup_of_a_store_changes_nothing(path: Path, store: Store, saved: Path) -> None:
    store.close()
    before = path.read_bytes()
    other = path.with_name("other")
    with pytest.raises(StoreError, match="there is no such file"):
        restore(address(path), other, now=NOW)
    other.write_text("Minutes of the harbour board\n" * 100)
    with pytest.raises(StoreError, match="no SQLite database"):
        restore(address(path), other, now=NOW)
    other.unlink()
    with closing(sqlite3.connect(other)) as file:
        file.execute("CREATE TABLE ships (name)")
    with pytest.raises(StoreError, match="no store of this program"):
        restore(address(path), other, now=NOW)
    with pytest.raises(StoreError, match="is the database itself"):
        restore(address(path), path, now=NOW)
    assert path.read_bytes() == before
    assert not kept_beside(path).exists()


def test_a_damaged_backup_changes_nothing(path: Path, store: Store, saved: Path) -> None:
    store.close()
    damage(saved)
    with pytest.raises(StoreError, match=r"saved\.bak: the backup is damaged .*nothing was changed"):
        restore(address(path), saved, now=NOW)
    assert titles(path) == ["Title of saved", "Title of since"]


def test_a_backup_of_a_newer_version_changes_nothing(path: Path, store: Store, saved: Path) -> None:
    with closing(sqlite3.connect(saved)) as file:
        file.execute("INSERT INTO migration VALUES (999, 'from the future')")
        file.commit()
    with pytest.raises(StoreTooNew, match=r"saved\.bak: its schema is 999"):
        restore(address(path), saved, now=NOW)
    assert store.stats().articles == 2


def test_a_store_of_a_newer_version_gives_way_to_a_backup(path: Path, store: Store, saved: Path) -> None:
    store.close()
    with closing(sqlite3.connect(path)) as file:
        file.execute("INSERT INTO migration VALUES (999, 'from the future')")
        file.commit()
    restore(address(path), saved, now=NOW)
    assert titles(path) == ["Title of saved"]


def test_a_database_of_something_else_is_not_restored_over(path: Path, store: Store, saved: Path) -> None:
    ships = path.with_name("ships.db")
    with closing(sqlite3.connect(ships)) as other:
        other.execute("CREATE TABLE ships (name)")
    with pytest.raises(StoreError, match=r"tables of something else \(ships\)"):
        restore(address(ships), saved, now=NOW)
    with pytest.raises(StoreError, match="is a folder"):
        restore(address(path.parent), saved, now=NOW)


def test_pages_of_another_width_cannot_be_written_over(path: Path, store: Store, saved: Path) -> None:
    wide = path.with_name("wide.bak")
    with closing(sqlite3.connect(saved)) as file:
        file.execute("PRAGMA journal_mode = DELETE")
        file.execute("PRAGMA page_size = 8192")
        file.execute("VACUUM")
        file.execute(f"VACUUM INTO '{wide}'")
    with pytest.raises(StoreError, match=r"pages of 8192 bytes, .* of 4096.*move it away"):
        restore(address(path), wide, now=NOW)
    store.close()
    path.rename(path.with_name("away.db"))
    restore(address(path), wide, now=NOW)
    assert titles(path) == ["Title of saved"]


def test_a_restore_needs_room_and_says_how_much(
    path: Path, store: Store, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1024))
    with pytest.raises(StoreError, match=r"restoring it needs 6\d\.\d MiB .*and there are 0\.0 MiB"):
        restore(address(path), saved, now=NOW)
    assert store.stats().articles == 2


def test_a_store_that_is_in_use_can_be_restored_from(tmp_path: Path, path: Path, store: Store) -> None:
    add(store, article("in the log"))
    elsewhere = tmp_path / "elsewhere.db"
    restore(address(elsewhere), path, now=NOW)
    assert titles(elsewhere) == ["Title of in the log"]


KILLED = """
import os, signal, sys
from pathlib import Path
from aggregator.store import backup, files
from store_helpers import NOW

at, reports = int(sys.argv[3]), 0

def die_at(*_):
    global reports
    reports += 1
    if reports == at:
        os.kill(os.getpid(), signal.SIGKILL)

backup._STEP = files.STEP = 8
if sys.argv[4] == "aside":  # each renaming is a moment too
    real = os.link, Path.rename, Path.replace
    os.link = lambda *a: (real[0](*a), die_at())[0]
    Path.rename = lambda *a: (real[1](*a), die_at())[0]
    Path.replace = lambda *a: (die_at(), real[2](*a), die_at())[1]
    backup.restore(sys.argv[1], Path(sys.argv[2]), now=NOW)
else:
    backup.restore(sys.argv[1], Path(sys.argv[2]), now=NOW, progress=die_at)
"""


@pytest.mark.parametrize(
    "at", [2, *(pytest.param(at, marks=pytest.mark.slow) for at in (1, 3, 4, 7, 12, 1000))]
)
def test_a_restore_that_is_killed_happened_or_did_not(path: Path, store: Store, saved: Path, at: int) -> None:
    store.close()
    leave_log(path)
    killed = child(KILLED, address(path), saved, at, "over")
    _, err = killed.communicate(timeout=60)
    assert killed.returncode in (-signal.SIGKILL, 0), err
    before = ["Title of saved", "Title of since", "Title of in the log"]
    after = titles(path)
    assert after == before or (after == before[:1] and at > 4)
    restore(address(path), saved, now=NOW + timedelta(days=1))
    assert titles(path) == ["Title of saved"]


@pytest.mark.parametrize("at", [4, *(pytest.param(at, marks=pytest.mark.slow) for at in (1, 2, 3, 5, 6))])
def test_an_exchange_that_is_killed_leaves_the_ruin_or_the_restored_store(
    path: Path, store: Store, saved: Path, at: int
) -> None:
    store.close()
    leave_log(path)
    log = files.log_of(path)
    log.write_bytes(b"\x00" * 32 + log.read_bytes()[32:])
    path.write_bytes(b"\xff" * 9000)
    killed = child(KILLED, address(path), saved, at, "aside")
    _, err = killed.communicate(timeout=60)
    assert killed.returncode in (-signal.SIGKILL, 0), err
    if path.read_bytes() == b"\xff" * 9000:
        restore(address(path), saved, now=NOW + timedelta(days=1))
    assert titles(path) == ["Title of saved"], "and no log of the ruin is taken for its own"
