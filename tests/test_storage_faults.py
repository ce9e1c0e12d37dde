"""What disks, other processes, clocks and people do to the database, through the whole program: what it says, how it exits,
and what is stored afterwards.

    C1   kill -9 during a poll                  test_kills
    C2   kill -9 in a checkpoint, in vacuuming  here; in a migration: test_store_schemas
    C3   disk full in the middle of a batch     here; the store alone: test_store_files
    C4   write error                            here
    C5   read-only file or folder               here; the store alone: test_store_files
    C6   locked by another writer               here; the store alone: test_store_files
    C7   a snapshot that became too old         here
    C8   two polls at once                      here; two writers of one store: test_store_files
    C9   damaged pages                          here; the store alone: test_store_files; restoring: test_store_backup
    C10  no database, a folder, an empty file   here; the store alone: test_store_files
    C11  an older schema                        test_store_schemas
    C12  a newer schema                         here; the store alone: test_store_files
    C13  the log is gone, or of another file    here; beside a file that is restored: test_store_backup
    C14  no space for temporary files           here
    C15  the clock jumps                        here
    C16  summer time begins and ends            here
    C17  a copy while somebody writes           here, by other tools; `db backup`: test_store_backup
    C18  a purge that is killed                 here, with copies and stories; test_store_files, by batches
    C19  no log possible on this file system    here
    C20  values that no database takes          test_store, by properties
"""

import json
import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import newsstand
from aggregator.cli import root
from aggregator.store import Store
from aggregator.store.engines import Database
from left_behind import Left
from newsstand import Stand

PROGRAM = [sys.executable, "-m", "aggregator"]
DAY = timedelta(days=1)
NOBODY = 65534
READING = (
    ["items"], ["items", "count"], ["items", "--search", "nr1"], ["related", "1"], ["stories"], ["sources"], ["polls"],
    ["status"], ["db", "stats"],
)  # fmt: skip


def slow(*values: object) -> Any:
    return pytest.param(*values, marks=pytest.mark.slow)


@dataclass
class Desk:
    """Outlets, a configuration, and the program in this process."""

    stand: Stand
    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "sources.toml"

    @property
    def database(self) -> Path:
        return self.folder / "news.db"

    @property
    def log(self) -> Path:
        return self.folder / "news.db-wal"

    def line(self, *arguments: str, now: datetime | None = None) -> list[str]:
        return ["--config", str(self.config), "--now", (now or self.stand.now).isoformat(), *arguments]

    def __call__(self, *arguments: str, now: datetime | None = None) -> Result:
        """Run a command; it must not show a traceback."""
        result = CliRunner(env={"COLUMNS": "200"}).invoke(
            root, self.line(*arguments, now=now), prog_name="aggregator"
        )
        assert isinstance(result.exception, SystemExit | None), result.exc_info
        assert "Traceback" not in result.stderr
        return result

    def poll(self, *options: str, now: datetime | None = None) -> None:
        result = self("poll", *options, now=now)
        assert result.exit_code == 0, result.stderr

    def process(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*PROGRAM, *self.line(*arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **options.pop("env", {})},
            **options,
        )

    @contextmanager
    def left(self, path: Path | None = None) -> Iterator[Left]:
        with closing(Left(path or self.database)) as left:
            yield left

    def stored(self) -> set[str]:
        """Addresses of the articles; each is there once."""
        with self.left() as left:
            found = left.addresses()
        assert max(found.values(), default=1) == 1
        return set(found)

    def states(self) -> set[tuple[object, ...]]:
        with self.left() as left:
            return set(left.rows("SELECT feed_id, checked_at, etag, body_hash, error_count FROM feed_state"))

    def is_whole(self) -> bool:
        """Sound, and nothing in it has only a part of what belongs to it."""
        with self.left() as left:
            return [*left.damage(thorough=True), *left.halves()] == []


@pytest.fixture
def stand() -> Iterator[Stand]:
    with newsstand.opened(outlets=4, entries=12) as opened:
        yield opened


@pytest.fixture(autouse=True)
def nowhere_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AGGREGATOR_CONFIG", "AGGREGATOR_DATABASE_URL", "AGGREGATOR_NOW"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def desk(stand: Stand, tmp_path: Path) -> Desk:
    """With one edition polled; the next one is out."""
    stand.write_config(tmp_path, extra='busy_timeout = "1s"')
    desk = Desk(stand, tmp_path)
    desk.poll("--all")
    assert desk.stored() == stand.items.keys()
    stand.next_edition()
    return desk


def child(code: str, *arguments: object, **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=120)
    assert "Traceback" not in err, err
    return process.returncode, out, err


DROP = "drop"
TYPED = f"""
import json, os, sys
from click.testing import CliRunner
from aggregator.cli import root
for line in sys.stdin:
    arguments = json.loads(line)
    if arguments == ["{DROP}"]:
        if os.geteuid() == 0:
            os.setegid({NOBODY})
            os.seteuid({NOBODY})
        print("[0, null, null]", flush=True)
        continue
    result = CliRunner().invoke(root, arguments, prog_name="aggregator")
    if not isinstance(result.exception, SystemExit | None):
        raise result.exception
    print(json.dumps([result.exit_code, result.stdout, result.stderr]), flush=True)
"""


class Prompt:
    """A process into which command lines are typed one after the other; DROP makes it one of nobody's."""

    def __init__(self, **environment: str) -> None:
        self._process = child(TYPED, stdin=subprocess.PIPE, env={**os.environ, **environment})

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, stdout and stderr of a command."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(arguments) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, self._process.communicate()[1]
        code, out, err = json.loads(answer)
        return code, out, err

    def close(self) -> None:
        self._process.communicate(timeout=60)


def cpu_of_children() -> float:
    """Seconds that processes took that have ended and been waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


# --- C2: killed while pages move --------------------------------------------------------------------------------------

# Twelve megabytes of bodies, so that what is done to them takes long enough to be killed in.
BODIES = """
import sqlite3, sys
file = sqlite3.connect(sys.argv[1], isolation_level=None)
file.execute("PRAGMA wal_autocheckpoint = 0")
file.execute("REPLACE INTO article_text SELECT id, printf('%.*c', 250000, 'x') FROM article")
"""
CHECKPOINT = BODIES + 'print("begin", flush=True)\nfile.execute("PRAGMA wal_checkpoint(TRUNCATE)")\n'
VACUUM = (
    BODIES
    + 'file.execute("DELETE FROM article_text")\nprint("begin", flush=True)\n'
    + 'file.executescript("PRAGMA incremental_vacuum(10000)")\n'
)


def killed_when_it_changes(process: subprocess.Popen[str], file: Path, *, later: float) -> None:
    """Kill a process that has said that it begins, so many seconds after it changed a file."""

    def known() -> tuple[int, int] | None:
        try:
            found = file.stat()
        except FileNotFoundError:
            return None
        return found.st_size, found.st_mtime_ns

    assert process.stdout is not None
    assert process.stdout.readline() == "begin\n"
    before = known()
    while process.poll() is None and known() == before:
        pass
    time.sleep(later)
    process.kill()
    process.communicate()


def test_C2_a_checkpoint_that_is_killed_loses_nothing(desk: Desk) -> None:
    moment, inside, stored = random.Random(2), 0, desk.stored()
    for _ in range(4):
        killed_when_it_changes(child(CHECKPOINT, desk.database), desk.database, later=moment.random() * 0.01)
        inside += desk.log.exists() and desk.log.stat().st_size > 0
        checked = desk("db", "check")
        assert checked.exit_code == 0, checked.output
        assert desk.stored() == stored
        with desk.left() as left:
            bodies = left.rows("SELECT count(*), min(length(text)) FROM article_text")
        assert bodies == [(len(stored), 250_000)], "what was in the log is still there"
    assert inside, "at least one died before it was through"
    desk.poll("--all")
    assert desk.is_whole()


def test_C2_giving_back_space_may_be_killed_and_goes_on_next_time(desk: Desk) -> None:
    moment, stored = random.Random(3), desk.stored()
    for _ in range(3):
        killed_when_it_changes(child(VACUUM, desk.database), desk.log, later=moment.random() * 0.01)
        checked = desk("db", "check")
        assert checked.exit_code == 0, checked.output
        assert desk.stored() == stored
    assert desk("db", "prune").exit_code == 0
    assert desk.database.stat().st_size < 2_000_000
    assert desk.is_whole()


# --- C3, C4: no room --------------------------------------------------------------------------------------------------


@dataclass
class Disk:
    """How many pages a database may have; None: as many as it likes."""

    pages: int | None = None


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    disk, connect = Disk(), Database.connect_writer

    def connect_writer(self: Database) -> sqlite3.Connection:
        connection = connect(self)
        if disk.pages is not None:
            connection.execute(f"PRAGMA max_page_count = {disk.pages}")
        return connection

    monkeypatch.setattr(Database, "connect_writer", connect_writer)
    return disk


def many_editions(stand: Stand, count: int = 5) -> None:
    """So much that is new that it does not fit where there is hardly any room; the outlets answer one after the other."""
    for _ in range(count):
        stand.next_edition()
    stand.spread = 0.3


def assert_nothing_more_was_kept(
    desk: Desk, said: str, stored: set[str], states: set[tuple[object, ...]]
) -> None:
    """Than what a poll has said before it ended."""
    assert desk.stand.requests, "it had claimed and asked"
    done = [document for document in desk.stand.served if f" {document.feed} " in said]
    assert desk.stored() == stored | {item.url for document in done for item in document.items}
    assert len(states - desk.states()) == len(done), "no other feed counts as read"
    assert desk.is_whole()


def assert_the_next_run_makes_up_for_it(desk: Desk) -> None:
    desk.stand.next_edition()
    desk.poll("--all")
    assert desk.stand.items.keys() <= desk.stored()
    assert desk.is_whole()


def test_C3_a_full_disk_in_the_middle_of_a_batch_keeps_nothing_of_it(desk: Desk, disk: Disk) -> None:
    stored, states = desk.stored(), desk.states()
    many_editions(desk.stand)
    disk.pages = desk.database.stat().st_size // 4096 + 8
    result = desk("poll", "--all")
    assert result.exit_code == 1
    assert f"{desk.database}: the disk is full" in result.stderr
    assert "free some space and run again" in result.stderr
    assert_nothing_more_was_kept(desk, result.stdout, stored, states)
    disk.pages = None
    assert_the_next_run_makes_up_for_it(desk)


def test_C3_a_disk_that_fills_up_while_linking_keeps_what_was_polled(desk: Desk, disk: Disk) -> None:
    many_editions(desk.stand)
    desk.poll("--all", "--no-link")
    stored = desk.stored()
    disk.pages = desk.database.stat().st_size // 4096 + 1
    result = desk("poll", "--all", now=desk.stand.now + newsstand.BETWEEN)
    assert result.exit_code == 1
    assert len(result.stdout.splitlines()) == len(desk.stand.served), "the feeds had nothing new, and said so"
    assert "the disk is full" in result.stderr
    assert desk.stored() == stored
    assert desk.is_whole()
    disk.pages = None
    desk.stand.next_edition()
    assert_the_next_run_makes_up_for_it(desk)


def limit_files() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))


def test_C4_a_write_that_fails_keeps_nothing_of_its_batch(desk: Desk) -> None:
    stored, states = desk.stored(), desk.states()
    many_editions(desk.stand)
    code, out, err = ended(desk.process("poll", "--all", preexec_fn=limit_files))
    assert code == 1
    assert f"{desk.database}: reading or writing failed. Nothing of this batch was kept" in err
    assert_nothing_more_was_kept(desk, out, stored, states)
    assert_the_next_run_makes_up_for_it(desk)


# --- C5: not ours to write --------------------------------------------------------------------------------------------


@pytest.fixture
def open_desk(stand: Stand) -> Iterator[Desk]:
    """As `desk`, where other users may read: not in pytest's own folder."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        (Path(folder) / "desk").mkdir(mode=0o755)
        stand.write_config(Path(folder) / "desk")
        desk = Desk(stand, Path(folder) / "desk")
        desk.poll("--all")
        stand.next_edition()
        yield desk


@pytest.mark.parametrize(("file", "folder"), [(0o444, 0o555), slow(0o444, 0o777), slow(0o666, 0o555)])
def test_C5_where_it_may_only_read_it_reads_and_asks_nobody(open_desk: Desk, file: int, folder: int) -> None:
    desk = open_desk
    reading = (["items", "count"], ["items", "--search", "nr1", "--ids"], ["db", "check"], ["related", "1"])
    elsewhere = desk.folder.with_name("writable")
    shutil.copytree(desk.folder, elsewhere)
    nobody = Prompt()
    # Once as ourselves: what is imported late is imported while it can be read.
    for arguments in (*reading, ["poll", "--all"]):
        assert nobody(*desk.line(*arguments, "--config", str(elsewhere / "sources.toml")))[0] == 0
    desk.stand.requests.clear()
    desk.database.chmod(file)
    desk.folder.chmod(folder)
    nobody(DROP)
    for arguments in reading:
        code, out, err = nobody(*desk.line(*arguments))
        assert (code, err) == (0, ""), arguments
        assert out
    code, out, err = nobody(*desk.line("poll", "--all"))
    nobody.close()
    assert (code, out) == (1, "")
    assert str(desk.database) in err
    assert "check the owner of the file and of its folder" in err
    assert desk.stand.requests == []
    desk.folder.chmod(0o755)
    desk.database.chmod(0o644)
    desk.poll("--all")
    assert desk.stand.items.keys() <= desk.stored()


# --- C6, C7, C8: not alone --------------------------------------------------------------------------------------------


@contextmanager
def somebody_writes(database: Path) -> Iterator[sqlite3.Connection]:
    """Another process's transaction, until it is committed or the block ends."""
    with closing(sqlite3.connect(database, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield other


def test_C6_a_poll_waits_for_another_writer_and_then_works(stand: Stand, tmp_path: Path) -> None:
    stand.write_config(tmp_path)  # ten seconds of patience
    desk = Desk(stand, tmp_path)
    before = cpu_of_children()
    assert ended(desk.process("poll", "--all"))[0] == 0
    usual = cpu_of_children() - before
    stand.next_edition()
    with somebody_writes(desk.database) as other:
        before = cpu_of_children()
        polling = desk.process("poll", "--all")
        assert not stand.asked.wait(2.5), "it asks nobody before it may claim"
        other.execute("COMMIT")
        code, _, err = ended(polling)
        assert code == 0, err
        assert cpu_of_children() - before < usual + 1, "it slept while it waited"
    assert desk.stored() >= stand.items.keys()


def test_C6_where_another_writer_never_ends_nobody_is_asked(desk: Desk) -> None:
    stored, states = desk.stored(), desk.states()
    with somebody_writes(desk.database):
        began = time.monotonic()
        code, out, err = ended(desk.process("poll", "--all"))
        assert (code, out) == (4, "")
        assert f"{desk.database}: another process is writing" in err
        assert time.monotonic() - began > 1
        assert desk.stand.requests == []
        for arguments in READING:
            assert desk(*arguments).exit_code == 0, "readers do not wait"
    assert (desk.stored(), desk.states()) == (stored, states)
    desk.poll("--all")
    assert desk.stored() >= desk.stand.items.keys()


def test_C6_a_writer_that_comes_between_and_never_ends_loses_nothing(desk: Desk) -> None:
    stored, states = desk.stored(), desk.states()
    desk.stand.gate.clear()
    polling = desk.process("poll", "--all")
    assert desk.stand.asked.wait(60)
    with somebody_writes(desk.database):
        desk.stand.gate.set()
        code, out, err = ended(polling)
        assert (code, out) == (4, "")
        assert f"{desk.database}: another process is writing" in err
    assert_nothing_more_was_kept(desk, "", stored, states)
    assert_the_next_run_makes_up_for_it(desk)


def test_C7_whoever_will_write_takes_the_lock_before_it_reads(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    connect = Database.connect_writer

    def connect_writer(self: Database) -> sqlite3.Connection:
        connection = connect(self)
        connection.set_trace_callback(said.append)
        return connection

    monkeypatch.setattr(Database, "connect_writer", connect_writer)
    desk.poll("--all")
    desk.poll("--all", "--no-link", now=desk.stand.now + newsstand.BETWEEN)
    assert desk("db", "prune").exit_code == 0
    begun = [statement for statement in said if statement.upper().startswith("BEGIN")]
    assert len(begun) > 3
    assert set(begun) == {"BEGIN IMMEDIATE"}
    writing = ("INSERT", "UPDATE", "DELETE", "REPLACE", "CREATE", "DROP", "ALTER")
    inside = False
    for statement in said:
        word = statement.lstrip().partition(" ")[0].upper()
        inside = word == "BEGIN" or (inside and word not in ("COMMIT", "ROLLBACK"))
        assert inside or word not in writing, statement


def test_C7_a_reader_keeps_its_snapshot_while_polls_commit(desk: Desk) -> None:
    with desk.left() as reader:
        reader.rows("BEGIN")
        before = reader.addresses()
        desk.poll("--all")
        assert reader.addresses() == before
        reader.rows("COMMIT")
        assert reader.addresses().keys() >= desk.stand.items.keys()


def test_C8_a_second_poll_beside_one_that_runs_finds_nothing_to_do(desk: Desk) -> None:
    desk.stand.gate.clear()
    first = desk.process("poll", "--all")
    assert desk.stand.asked.wait(60)
    code, out, _ = ended(desk.process("poll", "--all"))
    assert (code, out) == (0, "")
    desk.stand.gate.set()
    code, out, err = ended(first)
    assert code == 0, err
    assert sorted(desk.stand.requests) == sorted(document.feed for document in desk.stand.served)
    assert len(out.splitlines()) == len(desk.stand.served) + 1
    assert desk.is_whole()


def test_C8_two_polls_at_once_store_what_one_would_have(desk: Desk) -> None:
    twin = desk.folder / "twin"
    twin.mkdir()
    shutil.copy(desk.database, twin / "news.db")
    desk.stand.gate.clear()
    polling = [desk.process("poll", "--all") for _ in range(2)]
    while all(process.poll() is None for process in polling):
        time.sleep(0.01)  # until one has ended, for the other holds all feeds
    desk.stand.gate.set()
    outcomes = [ended(process) for process in polling]
    assert [code for code, _, _ in outcomes] == [0, 0], outcomes
    assert len(desk.stand.requests) == len(desk.stand.served), "each feed is asked once"
    alone = Desk(desk.stand, twin)
    desk.stand.write_config(twin)
    alone.poll("--all")
    content = (  # which of an outlet's two feeds was first to show an item is left to chance
        "SELECT url, published_at, first_seen_at FROM article ORDER BY url",
        "SELECT url, title, teaser, fingerprint FROM article WHERE source_id > 2 ORDER BY url",
        'SELECT source_id, at, sum(served), sum("new") FROM poll JOIN feed ON feed.id = feed_id GROUP BY 1, 2',
        "SELECT hash, kind FROM key WHERE kind = 0 ORDER BY hash",
        "SELECT sighting.feed_id, url, gone_at FROM sighting JOIN article ON id = article_id ORDER BY 1, 2",
    )
    with desk.left() as both, alone.left() as one:
        for statement in content:
            assert both.rows(statement) == one.rows(statement)
    assert desk.is_whole()


# --- C9 to C13: not what it should be ---------------------------------------------------------------------------------


def damage(path: Path, start: int) -> None:
    with path.open("r+b") as file:
        file.seek(start)
        file.write(random.Random(9).randbytes(40_960))


def test_C9_damage_in_the_middle_is_found_and_nothing_is_written_over_it(desk: Desk) -> None:
    many_editions(desk.stand)
    desk.poll("--all")
    start = desk.database.stat().st_size // 2 // 4096 * 4096
    damage(desk.database, start)
    damaged = desk.database.read_bytes()
    found = desk("db", "check")
    assert found.exit_code == 1
    assert found.stdout.strip()
    told = desk("doctor", "--fail-on", "unhealthy")
    assert told.exit_code == 3
    assert "Stop polling, keep the file" in told.stdout
    for arguments in READING:
        result = desk(*arguments)
        assert result.exit_code in (0, 1)
        if result.exit_code:
            assert f"{desk.database}: the file is damaged. Nothing was overwritten" in result.stderr
    assert desk.database.read_bytes() == damaged
    desk.stand.next_edition()
    assert desk("poll", "--all").exit_code in (0, 1)
    assert desk.database.read_bytes()[start : start + 40_960] == damaged[start : start + 40_960]


def test_C9_where_a_poll_meets_the_damage_it_ends_and_says_so(desk: Desk) -> None:
    with desk.left() as left:
        ((page,),) = left.rows("SELECT rootpage FROM sqlite_master WHERE name = 'key'")
    start = (int(str(page)) - 1) * 4096
    damage(desk.database, start)
    damaged = desk.database.read_bytes()
    result = desk("poll", "--all")
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"{desk.database}: the file is damaged" in result.stderr
    assert "restore the last backup" in result.stderr
    assert desk("db", "check").exit_code == 1
    assert desk.database.read_bytes()[start : start + 40_960] == damaged[start : start + 40_960]


@pytest.mark.parametrize("arguments", [["items"], ["poll", "--all"], ["db", "check"], ["db", "prune"]])
@pytest.mark.parametrize("what", ["text", "folder"])
def test_C10_what_is_no_database_is_left_alone(
    stand: Stand, tmp_path: Path, what: str, arguments: list[str]
) -> None:
    stand.write_config(tmp_path)
    desk = Desk(stand, tmp_path)
    if what == "text":
        desk.database.write_text("Minutes of the harbour board\n" * 200)
    else:
        desk.database.mkdir()
    result = desk(*arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    told = {"text": "is not an SQLite database; nothing was changed", "folder": "is a folder"}
    assert f"{desk.database} {told[what]}" in result.stderr
    if what == "text":
        assert desk.database.read_text() == "Minutes of the harbour board\n" * 200
    assert sorted(path.name for path in tmp_path.iterdir()) == ["news.db", "sources.toml"]
    assert stand.requests == []


def test_C10_an_empty_file_becomes_a_database_with_the_first_poll(stand: Stand, tmp_path: Path) -> None:
    stand.write_config(tmp_path)
    desk = Desk(stand, tmp_path)
    desk.database.touch()
    result = desk("items")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "`aggregator poll` creates it" in result.stderr
    assert desk.database.stat().st_size == 0
    assert "Created the database" in desk("poll", "--all").stderr
    assert desk.stored() == stand.items.keys()


def test_C12_what_a_newer_version_wrote_is_left_alone(desk: Desk) -> None:
    with closing(sqlite3.connect(desk.database)) as file:
        file.execute("INSERT INTO migration VALUES (999, 'from the future')")
        file.commit()
    before = desk.database.read_bytes()
    for arguments in (*READING, ["poll", "--all"], ["db", "check"], ["db", "prune"]):
        result = desk(*arguments)
        assert (result.exit_code, result.stdout) == (2, ""), arguments
        assert "its schema is 999" in result.stderr
        assert "Nothing was changed; install that version again" in result.stderr
    assert desk.database.read_bytes() == before
    assert desk.stand.requests == []


@contextmanager
def with_a_log(desk: Desk) -> Iterator[None]:
    """What is written meanwhile stays in the log: somebody still reads what was there before."""
    with desk.left() as reader:
        reader.rows("BEGIN")
        reader.addresses()
        yield
        assert desk.log.stat().st_size > 0


def test_C13_a_log_that_is_gone_takes_its_commits_with_it_and_nothing_else(desk: Desk) -> None:
    stored = desk.stored()
    copy = Desk(desk.stand, desk.folder / "copy")
    copy.folder.mkdir()
    with with_a_log(desk):
        desk.poll("--all")
        shutil.copy(desk.database, copy.database)
        # This one speaks of the log that is gone.
        shutil.copy(desk.folder / "news.db-shm", copy.folder / "news.db-shm")
    desk.stand.write_config(copy.folder)
    assert copy("db", "check").exit_code == 0
    assert copy.stored() == stored
    desk.stand.next_edition()
    copy.poll("--all")
    assert copy.stored() >= desk.stand.items.keys()
    assert copy.is_whole()


def test_C13_the_log_of_another_file_is_not_taken_for_ones_own(
    desk: Desk, tmp_path_factory: pytest.TempPathFactory
) -> None:
    def titles() -> set[tuple[object, ...]]:
        with desk.left() as left:
            return set(left.rows("SELECT title FROM article"))

    own = titles()
    with newsstand.opened(outlets=4, entries=12, seed=5) as others:
        other = Desk(others, tmp_path_factory.mktemp("other"))
        others.write_config(other.folder)
        # While somebody has it open, all of it is in its log.
        with Store.open(f"sqlite:///{other.database}", create=True):
            other.poll("--all")
            shutil.copy(other.log, desk.log)
    for arguments in (["items", "count"], ["db", "check"], ["poll", "--all"]):
        result = desk(*arguments)
        if result.exit_code == 0:
            assert own <= titles(), "nothing is lost without a word"
        else:
            assert str(desk.database) in result.stderr


def test_C14_without_room_for_temporary_files_it_works_in_memory(desk: Desk) -> None:
    nowhere = {"SQLITE_TMPDIR": "/nonexistent", "TMPDIR": "/nonexistent"}
    code, _, err = ended(desk.process("poll", "--all", env=nowhere))
    assert code == 0, err
    for arguments in (
        ["items", "--search", "nr1*", "--sort", "relevance"],
        ["stories"],
        ["db", "check"],
        ["db", "prune"],
    ):
        code, out, err = ended(desk.process(*arguments, env=nowhere))
        assert (code, err) == (0, ""), arguments
        assert out
    assert desk.stored() >= desk.stand.items.keys()


# --- C15, C16: clocks ---------------------------------------------------------------------------------------------------


def assert_ids_follow_time(desk: Desk) -> None:
    with desk.left() as left:
        arrived = [row[0] for row in left.rows("SELECT first_seen_at FROM article ORDER BY id")]
    assert arrived == sorted(arrived)  # type: ignore[type-var]


def assert_nothing_is_dated_later(desk: Desk, now: datetime) -> None:
    with desk.left() as left:
        ((newest,),) = left.rows("SELECT max(published_at) FROM article")
    assert int(str(newest)) <= now.timestamp()


def test_C15_a_clock_that_jumps_back_a_day_disturbs_nothing(desk: Desk) -> None:
    right = desk.stand.now
    desk.poll("--all", now=right - DAY)
    assert desk.stored() >= desk.stand.items.keys()
    assert_ids_follow_time(desk)
    assert_nothing_is_dated_later(desk, right)
    desk.stand.next_edition()
    desk.poll("--all", now=right - DAY + newsstand.BETWEEN)
    assert_ids_follow_time(desk)
    desk.stand.next_edition()
    desk.poll("--all")
    assert desk.stored() >= desk.stand.items.keys()
    assert_ids_follow_time(desk)
    assert_nothing_is_dated_later(desk, desk.stand.now)
    assert desk.is_whole()


def test_C15_a_clock_that_was_ten_years_ahead_silences_no_feed(desk: Desk) -> None:
    desk.poll("--all", now=desk.stand.now + 3653 * DAY)
    desk.stand.next_edition(after=timedelta(hours=6))  # the longest interval of a feed that answers
    desk.poll()
    assert set(desk.stand.requests) == {document.feed for document in desk.stand.served}
    assert desk.stored() >= desk.stand.items.keys()
    assert_ids_follow_time(desk)
    assert desk.is_whole()


def test_C15_a_clock_that_was_ten_years_ahead_dates_nothing_in_the_future(desk: Desk) -> None:
    desk.poll("--all", now=desk.stand.now + 3653 * DAY)
    desk.stand.next_edition()
    desk.poll("--all")
    assert_nothing_is_dated_later(desk, desk.stand.now)


def test_C15_a_clock_that_was_ten_years_ahead_purges_nothing(desk: Desk) -> None:
    stored = desk.stored()
    desk.poll("--all", now=desk.stand.now + 3653 * DAY)
    assert desk.stored() >= stored


def test_C15_a_process_that_died_with_its_clock_ten_years_ahead_holds_no_feed(desk: Desk) -> None:
    desk.stand.gate.clear()
    process = subprocess.Popen(
        [*PROGRAM, *desk.line("poll", "--all", now=desk.stand.now + 3653 * DAY)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert desk.stand.asked.wait(60)
    process.kill()
    process.wait()
    desk.stand.gate.set()
    desk.stand.next_edition()
    desk.poll("--all")
    assert set(desk.stand.requests) == {document.feed for document in desk.stand.served}
    assert desk.stored() >= desk.stand.items.keys()


CHANGES = (
    slow("Europe/Warsaw", datetime(2026, 3, 29, 1, tzinfo=UTC)),
    ("Europe/Warsaw", datetime(2026, 10, 25, 1, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 3, 8, 7, tzinfo=UTC)),
    slow("America/New_York", datetime(2026, 11, 1, 6, tzinfo=UTC)),
)


@pytest.mark.parametrize(("zone", "change"), CHANGES)
def test_C16_where_clocks_are_put_forward_or_back_nothing_is_missed_or_done_twice(
    zone: str, change: datetime, tmp_path: Path
) -> None:
    """Asked every ten minutes: a poll is due a quarter of an hour after the last one and not after five minutes."""
    begin = change - timedelta(minutes=45)
    with newsstand.opened(outlets=2, entries=6, begin=begin) as stand:
        stand.write_config(
            tmp_path,
            extra=f'[display]\ntimezone = "{zone}"\n[defaults]\n'
            'interval = "10m"\nmin_interval = "10m"\nmax_interval = "10m"',
        )
        desk = Desk(stand, tmp_path)
        there = Prompt(TZ=zone)
        asked, seen = [], {}
        for quarter in range(7):
            now = begin + quarter * timedelta(minutes=15)
            for at in (now, now + timedelta(minutes=5)):
                assert there(*desk.line("poll", "-q", now=at)) == (0, "", "")
                if stand.requests:
                    asked.append(at)
                seen.update(
                    {item.url: (item.at, at) for item in stand.items.values() if item.url not in seen}
                )
                stand.requests.clear()
            stand.next_edition(after=timedelta(minutes=15))
        there.close()
        assert asked == [begin + quarter * timedelta(minutes=15) for quarter in range(7)]
        with desk.left() as left:
            stored = left.rows("SELECT url, published_at, first_seen_at FROM article")
            polls = left.rows("SELECT DISTINCT at FROM poll ORDER BY at")
        assert polls == [(at.timestamp(),) for at in asked]
        assert {url: (published, arrived) for url, published, arrived in stored} == {
            url: (published.timestamp(), arrived.timestamp()) for url, (published, arrived) in seen.items()
        }


# --- C17, C18, C19 ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_C17_a_copy_made_while_a_poll_writes_is_whole(stand: Stand, tmp_path: Path) -> None:
    stand.write_config(tmp_path)
    desk = Desk(stand, tmp_path)
    stand.spread = 0.5
    copies = 0
    for _ in range(2):
        polling = desk.process("poll", "--all")
        assert stand.asked.wait(60)
        while polling.poll() is None:
            copy = tmp_path / f"copy-{copies}.db"
            with closing(sqlite3.connect(desk.database)) as live, closing(sqlite3.connect(copy)) as target:
                live.backup(target, pages=20, sleep=0.001)
            copies += 1
            with desk.left(copy) as left:
                assert [*left.damage(thorough=True), *left.halves()] == []
                assert [*left.halves_of(int(stand.now.timestamp())), *left.unknown_documents(stand)] == []
            copy.unlink()
        code, _, err = ended(polling)
        assert code == 0, err
        stand.next_edition()
    assert copies > 3


PRUNE = """
from aggregator.cli import main
from aggregator.store import writer
writer.PRUNE_BATCH = 5
print("begin", flush=True)
main()
"""


@pytest.mark.slow
def test_C18_a_purge_that_is_killed_leaves_nothing_dangling_and_goes_on(tmp_path: Path) -> None:
    moment = random.Random(18)
    with newsstand.opened(outlets=10, entries=30) as stand:
        stand.write_config(tmp_path, extra='retention = "30d"')
        desk = Desk(stand, tmp_path)
        desk.poll("--all")
        for _ in range(8):
            stand.next_edition(after=timedelta(hours=2))
            desk.poll("--all")
        with desk.left() as left:
            assert left.rows("SELECT count(*) > 20 FROM copy_member") == [(1,)]
            assert left.rows("SELECT count(*) > 5 FROM story") == [(1,)]
        old = desk.stored()
        now = stand.now + timedelta(days=30) - timedelta(hours=5)  # some of it is still young enough
        sizes = []
        for _ in range(25):
            purging = child(PRUNE, *desk.line("db", "prune", now=now))
            killed_when_it_changes(purging, desk.log, later=moment.random() * 0.03)
            left_over = desk.stored()
            sizes.append(len(left_over))
            assert left_over <= old
            with desk.left() as left:
                assert [*left.damage(), *left.halves(purged=True)] == []
        assert len(set(sizes)) > 5, sizes
        result = desk("db", "prune", now=now)
        assert result.exit_code == 0
        assert 0 < len(desk.stored()) < len(old) / 2
        with desk.left() as left:
            assert [*left.damage(thorough=True), *left.halves(purged=True)] == []
        stand.now = now
        desk.poll("--all")
        assert desk.stored() <= old, "nothing that was purged comes back"


def test_C19_where_no_log_can_be_kept_it_says_where_to_put_the_database(
    stand: Stand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a network file system, where processes share no memory: here by locks that are files."""
    stand.write_config(tmp_path)
    desk = Desk(stand, tmp_path)
    connect = sqlite3.connect

    def without_shared_memory(address: str, **options: Any) -> sqlite3.Connection:
        plain = address if options.get("uri") else f"file:{address}"
        return connect(f"{plain}{'&' if '?' in plain else '?'}vfs=unix-dotfile", **{**options, "uri": True})

    monkeypatch.setattr(sqlite3, "connect", without_shared_memory)
    result = desk("poll", "--all")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "cannot use a write-ahead log here (a network file system?)" in result.stderr
    assert "put the database on a local disk, or use postgresql" in result.stderr
    assert stand.requests == []
