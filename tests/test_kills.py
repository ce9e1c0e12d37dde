"""kill -9 at random moments of real polls: what was said to be stored is stored, and nothing is stored by halves.

Each run is `aggregator poll --all`, link pass included, as a process of its own against outlets that have gone on since
the run before. Of ten runs one has no database yet and is killed while it makes one; two are killed after a random time
from their start, which is mostly before their first request; two as the log grows, which is in a commit; and five after a
random time from their first request, which may be in fetching, committing, linking or on the way out.

`-s` shows the table of what the kills fell into. AGGREGATOR_TEST_KILLS sets how many there are in the long run.
"""

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import newsstand
from aggregator.pipeline.poll import LEASE
from aggregator.store import Store
from left_behind import Left
from newsstand import Stand

KILLS = int(os.environ.get("AGGREGATOR_TEST_KILLS", "200"))
PROGRAM = [sys.executable, "-m", "aggregator"]
LINE = re.compile(r"(ok|not modified|unchanged) +\S+ +[\d.]+s  (?P<feed>\S+)(?:  (?P<new>\d+) new.*)?")
TOTALS = re.compile(r"\d+ feeds: ")
PHASES = ("making the store", "before fetching", "fetching", "committing", "linking", "after the end")


@dataclass
class Run:
    """A poll as a process, and what it had said when it was dead."""

    process: subprocess.Popen[str]
    stored: dict[str, int] = field(default_factory=dict)  # address of a feed -> new articles, as it said
    finished: bool = False  # it said its totals
    asked: bool = False  # it had come to its first request

    def end(self) -> str:
        """Wait for the end; returns what it said on stderr."""
        out, err = self.process.communicate(timeout=120)
        for line in out.splitlines(keepends=True):
            if not line.endswith("\n"):
                continue
            if TOTALS.match(line):
                self.finished = True
            else:
                said = LINE.fullmatch(line.rstrip())
                assert said, line
                self.stored[said["feed"]] = int(said["new"] or 0)
        return err


def begin(stand: Stand, config: Path, database: Path) -> Run:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AGGREGATOR_")}
    environment.pop("PYTHONUNBUFFERED", None)  # the program itself flushes each line
    options = ["--config", config, "--database", database, "--now", stand.now.isoformat()]
    return Run(
        subprocess.Popen(
            [*PROGRAM, *map(str, options), "poll", "--all"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
    )


def undisturbed(stand: Stand, config: Path, database: Path) -> tuple[Run, float, float]:
    """A run that is let be, and its seconds until the first request and from there to the end."""
    started = time.monotonic()
    run = begin(stand, config, database)
    assert stand.asked.wait(60)
    asked = time.monotonic()
    complaint = run.end()
    assert run.process.returncode == 0, complaint
    assert run.finished
    return run, asked - started, time.monotonic() - asked


# --- killing ------------------------------------------------------------------------------------------------------------


def unfinished_frames(database: Path) -> int:
    """Pages at the end of the log whose transaction was not completed: it died while it wrote them."""
    log = database.with_name(database.name + "-wal")
    if not log.exists() or log.stat().st_size < 32:
        return 0
    content = log.read_bytes()
    size, salt = int.from_bytes(content[8:12], "big"), content[16:24]
    open_frames = 0
    for start in range(32, len(content) - 24 - size + 1, 24 + size):
        if content[start + 8 : start + 16] != salt:
            break  # left over from before the log began anew
        committed = content[start + 4 : start + 8] != b"\0\0\0\0"
        open_frames = 0 if committed else open_frames + 1
    return open_frames


@dataclass
class Toll:
    """What all the kills came to."""

    fell: Counter[str] = field(default_factory=Counter)  # by phase
    acknowledged: int = 0  # feeds that a killed process had said to be stored
    silent: int = 0  # feeds that it had stored and not yet said
    lost: list[str] = field(default_factory=list)
    doubles: list[str] = field(default_factory=list)
    halves: list[str] = field(default_factory=list)
    damage: list[str] = field(default_factory=list)

    def table(self) -> str:
        lines = [f"\n{sum(self.fell.values())} kills"]
        lines += [f"  {phase:<18} {self.fell[phase]:>4}" for phase in PHASES]
        lines.append(f"feeds acknowledged {self.acknowledged:>5}, stored and not yet said {self.silent}")
        counted = ("lost", "doubles", "halves", "damage")
        lines += [f"{name:<18} {len(getattr(self, name)):>5}" for name in counted]
        return "\n".join(lines)


class Killing:
    """One configuration, its store, and runs that are killed.

    Args:
        until_asked, until_end: seconds that a run takes to its first request, and from there to its end.
    """

    def __init__(
        self, stand: Stand, folder: Path, moment: random.Random, *, until_asked: float, until_end: float
    ) -> None:
        self.stand, self.folder = stand, folder
        self.config, self.database = folder / "sources.toml", folder / "news.db"
        self.toll = Toll()
        self.promised: set[str] = set()  # addresses of items that were said to be stored
        self._moment = moment
        self._until_asked, self._until_end = until_asked, until_end

    def from_the_start(self) -> None:
        run = self._begin(self.database)
        _die_after(run, self._moment.uniform(0, 1.1 * self._until_asked))
        self._examine(run, self.database)

    def from_the_first_request(self) -> None:
        run = self._begin(self.database)
        assert self.stand.asked.wait(60)
        _die_after(run, self._moment.uniform(0, 1.05 * self._until_end))
        self._examine(run, self.database)

    def in_a_commit(self) -> None:
        """At once when the log has grown so many times since the first request."""
        log = self.database.with_name("news.db-wal")
        run = self._begin(self.database)
        assert self.stand.asked.wait(60)
        growths, size = self._moment.randint(1, 8), log.stat().st_size
        while growths and run.process.poll() is None:
            try:
                now = log.stat().st_size
            except FileNotFoundError:  # folded into the file: it is on its way out
                break
            growths -= now != size
            size = now
        _die_after(run, 0)
        self._examine(run, self.database)

    def in_the_making_of_a_store(self, name: str) -> Path:
        """A first poll, while it makes its database or soon after; returns where."""
        database = self.folder / name
        run = self._begin(database)
        while not database.exists() and run.process.poll() is None:
            time.sleep(0.001)
        _die_after(run, self._moment.uniform(0, 0.08))
        self._examine(run, database, making=True)
        return database

    def _begin(self, database: Path) -> Run:
        """The outlets go on, and a poll of them begins."""
        self.stand.next_edition()
        return begin(self.stand, self.config, database)

    def _examine(self, run: Run, database: Path, *, making: bool = False) -> None:
        run.asked = self.stand.asked.is_set()
        complaint = run.end()
        assert run.process.returncode in (0, -signal.SIGKILL), complaint
        assert "Traceback" not in complaint
        unfinished = unfinished_frames(database)
        at = int(self.stand.now.timestamp())
        journal = database.with_name(database.name + "-journal")
        if journal.exists():  # it died before there was a log: the next writer undoes what it had begun
            assert making
            with Store.open(f"sqlite:///{database}", create=True) as store:
                assert store.created
        with closing(Left(database)) as left:
            self.toll.damage += left.damage()
            made = left.is_made()
            polled = left.polled(at) if made else {}
            if made:
                stored = left.addresses()
                self.toll.doubles += [url for url, times in stored.items() if times > 1]
                self.toll.halves += [*left.halves(), *left.halves_of(at), *left.unknown_documents(self.stand)]
                self.toll.lost += self._lost(run, polled, stored, making=making)
            else:
                self.toll.lost += run.stored
        self.toll.acknowledged += len(run.stored)
        self.toll.silent += len(polled) - len(run.stored)
        self.toll.fell[self._phase(run, polled, unfinished, making=making and not run.asked)] += 1

    def _lost(self, run: Run, polled: dict[str, int], stored: Counter[str], *, making: bool) -> Iterator[str]:
        """What was said to be stored, by this run or an earlier one of this store, and is not."""
        for feed, new in run.stored.items():
            if polled.get(feed) != new:
                yield f"{feed}: {new} new, it said; {polled.get(feed)} in the journal"
        said = {
            item.url
            for document in self.stand.served
            if document.feed in run.stored
            for item in document.items
        }
        if not making:
            self.promised |= said
        missing = (self.promised if not making else said) - stored.keys()
        yield from missing
        self.promised -= missing  # counted once

    def _phase(self, run: Run, polled: dict[str, int], unfinished: int, *, making: bool) -> str:
        if making:
            return "making the store"
        if run.process.returncode == 0 or run.finished:
            return "after the end"
        if not run.asked:
            return "before fetching"
        if len(run.stored) == len(self.stand.served):
            return "linking"
        return "committing" if unfinished or len(polled) > len(run.stored) else "fetching"


def _die_after(run: Run, seconds: float) -> None:
    try:
        run.process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        run.process.kill()


def assert_nothing_is_missing(stand: Stand, database: Path, promised: set[str]) -> None:
    """After an undisturbed poll: what is served is there, once and as it reads now; what was promised too; it is sound."""
    with closing(Left(database)) as left:
        stored = left.addresses()
        assert max(stored.values()) == 1
        assert promised <= stored.keys()
        assert stand.items.keys() <= stored.keys() <= stand.ever()
        titles = {str(url): title for url, title in left.rows("SELECT url, title FROM article")}
        assert {url: titles[url] for url in stand.of_one_feed} == {
            url: item.title for url, item in stand.of_one_feed.items()
        }
        served = left.rows(
            "SELECT feed.key, coalesce(canonical_url, article.url) FROM sighting JOIN feed ON feed.id = sighting.feed_id"
            " JOIN article ON article.id = sighting.article_id WHERE gone_at IS NULL"
        )
        assert set(served) == {
            (document.feed, item.url) for document in stand.served for item in document.items
        }
        for item in stand.items.values():
            found = left.rows("SELECT rowid FROM search WHERE search MATCH ?", f'"{item.word}"')
            assert len(found) == 1, item
        assert [*left.halves(), *left.halves_of(int(stand.now.timestamp()))] == []
        assert left.damage(thorough=True) == []
        assert left.rows("SELECT max(article_id) FROM feature") == left.rows("SELECT max(id) FROM article")


def killed(folder: Path, kills: int, *, outlets: int, entries: int, seed: int) -> Toll:
    """Kill so many polls; then let one be."""
    moment = random.Random(seed)
    with newsstand.opened(outlets=outlets, entries=entries, seed=seed) as stand:
        stand.spread = 0.15
        config = stand.write_config(folder)
        _, until_asked, until_end = undisturbed(stand, config, folder / "news.db")
        if kills > 10:  # the first edition is all new: later ones take less time
            stand.next_edition()
            _, until_asked, until_end = undisturbed(stand, config, folder / "news.db")
        killing = Killing(stand, folder, moment, until_asked=until_asked, until_end=until_end)
        fresh = None
        for number in range(kills):
            match number % 10:
                case 1:
                    fresh = killing.in_the_making_of_a_store(f"{number}.db")
                case 3 | 8:
                    killing.from_the_start()
                case 4 | 9:
                    killing.in_a_commit()
                case _:
                    killing.from_the_first_request()
        sys.stdout.write(killing.toll.table() + "\n")
        stand.next_edition()
        undisturbed(stand, config, killing.database)
        assert_nothing_is_missing(stand, killing.database, killing.promised)
        if fresh is not None:
            undisturbed(stand, config, fresh)
            assert_nothing_is_missing(stand, fresh, set())
    return killing.toll


def test_a_line_is_out_as_soon_as_its_feed_is_stored(tmp_path: Path) -> None:
    """Into a pipe too: what reads it may rely on each line, whatever becomes of the process."""
    with newsstand.opened(outlets=3, entries=5) as stand:
        config = stand.write_config(tmp_path)
        stand.closed.add("127.0.1.3")
        run = begin(stand, config, tmp_path / "news.db")
        assert run.process.stdout is not None
        lines = [run.process.stdout.readline() for _ in range(4)]  # of two outlets with two feeds each
        assert run.process.poll() is None, "the third outlet has not answered yet"
        run.process.kill()
        run.end()
        with closing(Left(tmp_path / "news.db")) as left:
            polled = left.polled(int(stand.now.timestamp()))
        assert all(said["feed"] in polled for line in lines if (said := LINE.fullmatch(line.rstrip())))
        assert len(polled) == 4


def test_a_few_kills_lose_nothing(tmp_path: Path) -> None:
    toll = killed(tmp_path, 6, outlets=8, entries=10, seed=11)
    assert (toll.lost, toll.doubles, toll.halves, toll.damage) == ([], [], [], [])
    assert sum(toll.fell.values()) == 6


@pytest.mark.slow
def test_no_kill_loses_what_was_acknowledged_or_leaves_half_of_a_feed(tmp_path: Path) -> None:
    toll = killed(tmp_path, KILLS, outlets=20, entries=30, seed=7)
    assert (toll.lost, toll.doubles, toll.halves, toll.damage) == ([], [], [], [])
    assert sum(toll.fell.values()) == KILLS
    if KILLS >= 100:
        assert all(toll.fell[phase] for phase in PHASES), toll.fell


def test_a_claim_that_was_left_behind_ends_by_itself(tmp_path: Path) -> None:
    with newsstand.opened(outlets=3, entries=5) as stand:
        config = stand.write_config(tmp_path)
        stand.gate.clear()
        run = begin(stand, config, tmp_path / "news.db")
        assert stand.asked.wait(60)
        run.process.kill()
        run.end()
        stand.gate.set()
        early = begin(stand, config, tmp_path / "news.db")
        early.end()
        assert (early.process.returncode, early.stored) == (0, {}), "the feeds are held"
        stand.next_edition()
        assert stand.now - newsstand.BEGIN > LEASE
        late, _, _ = undisturbed(stand, config, tmp_path / "news.db")
        assert len(late.stored) == len(stand.served)
