"""What an article costs while a store grows to a million: one row at each size, and each beside the first.

    python -m bench.scale [--sizes 10000,100000,300000,1000000] [--per-day 16667] [--sample-links]

Invented articles (bench/scale_items.py) go the way of real ones: documents of 30 entries, 20 of them new and 10 of the last
one, 20 feeds a transaction, go to the Recorder as they come from the parsers; then comes the link pass. Time is an argument:
`--per-day` articles arrive on a day, so that a million come in 60 days and the window of 7 days holds 117,000 of them.

    new        CPU us of a new article, over the last 5,000 (a third of a smaller store); the known entries that stood
               beside them are taken off, revisions (one article in fifty) and the poll are not
    link       CPU us of linking one of these: copies, neighbours, story; the revised ones linked again are in it
    known      CPU us of an entry of the last 200 documents, served again with nothing changed
    relevance  ms of the first 50 of a search, the best first; newest: the newest first. 200 searches for rare and common
               words, two words, names, phrases, beginnings of words
    copies     ms of finding the articles of the window that share a band with an article
    related    ms of the list beside an article
    page       ms of the newest 50 articles
    topic      ms of a topic's list
    B/article  bytes of the database and its log
    RSS        MB of this process; the bench's own articles and words are 100 of them at 2,000 outlets
    loop       ms of CPU of work that never changes, done between the transactions of `new` and `link`: where others use the
               machine too, it says how much of a ratio is theirs

Milliseconds are of the wall clock, median/95th percentile. CPU is that of this process: all there is with SQLite, without
that of the server with PostgreSQL. Making articles is not counted. At the end the oldest 50,000 are purged, in CPU us of
each. Rows are appended to bench/history/scale.jsonl as they come.
"""

import argparse
import json
import platform
import random
import resource
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import blake2b
from pathlib import Path

from aggregator import relate
from aggregator.config import Config
from aggregator.model import Document, Entry, FeedState, Item, ItemFilter, ParsedFeed, Poll
from aggregator.pipeline import lists
from aggregator.pipeline.link import link
from aggregator.pipeline.poll import LEASE
from aggregator.pipeline.record import Answer, Recorder
from aggregator.pipeline.retain import prune
from aggregator.settings import (
    DisplaySettings,
    FetchSettings,
    RelateSettings,
    ScheduleSettings,
    StoreSettings,
)
from aggregator.store import Store
from bench.scale_items import FRESH, Press, queries, topics

HISTORY = Path(__file__).parent / "history" / "scale.jsonl"
SIZES = (10_000, 100_000, 300_000, 1_000_000)
PER_DAY = 16_667
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
SEED = 7
OUTLETS = 2_000
FEEDS = 20
"""Feeds of one transaction."""
LINKED_AFTER = 2_000
"""Articles that come in between two link passes."""
MEASURED = 5_000
"""The newest articles of a size, by which new and linked ones are measured; no more than a third of them all. That third
comes from outlets that were polled before, whatever the size: there are as many as bring a third of it in one round."""
SERVED_AGAIN = 200
COPIES = 200
LISTS = 100
PAGES = 50
PURGED = 50_000


# --- growing ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Served:
    """What a feed answered with."""

    outlet: int
    entries: tuple[Entry, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class Polled:
    """What some polls came to."""

    cpu: float = 0.0  # seconds
    new: int = 0
    known: int = 0  # revisions included

    def __add__(self, other: "Polled") -> "Polled":
        return Polled(self.cpu + other.cpu, self.new + other.new, self.known + other.known)


class Growth:
    """A store, and the outlets whose articles come into it."""

    def __init__(self, store: Store, config: Config, press: Press, *, per_day: int) -> None:
        self._store, self._config, self._press = store, config, press
        self._per_day = per_day
        self._polls: list[Poll] = []  # of the transaction just committed
        self._turn = 0  # feeds polled so far, each time counted
        self.arrived = 0
        with store.write() as writer:
            writer.sync_config(config.sources, config.topics, config.digest, BEGIN)
        self._recorder = Recorder(config, store, on_poll=self._polls.append)

    @property
    def now(self) -> datetime:
        return self.at(self.arrived)

    def at(self, arrived: int) -> datetime:
        """When so many articles had arrived."""
        return BEGIN + timedelta(days=arrived / self._per_day)

    def take_in(self, until: int, *, outlets: int) -> Polled:
        """Poll the first outlets, in turn, until the store has so many articles."""
        polled, before = Polled(), self.arrived
        while self.arrived < until:
            served = []
            for _ in range(min(FEEDS, -(-(until - self.arrived) // FRESH))):
                outlet = self._turn % outlets
                served.append(Served(outlet, self._press.publish(outlet, self.now), self.now))
                self._turn += 1
                self.arrived += FRESH
            polled += self._record(served)
        assert polled.new == self.arrived - before, "an invented article was taken for another one"
        return polled

    def serve_again(self, *, outlets: int) -> Polled:
        """Poll the feeds that were polled last: nothing has changed."""
        polled = Polled()
        count = min(SERVED_AGAIN, outlets)
        last = [(self._turn - count + place) % outlets for place in range(count)]
        for first in range(0, count, FEEDS):
            served = [
                Served(outlet, self._press.shown(outlet), self.now) for outlet in last[first : first + FEEDS]
            ]
            polled += self._record(served)
        assert not polled.new, "an article was taken for new when it came again"
        return polled

    def link(self) -> tuple[float, int]:
        """The link pass: CPU seconds, and how many articles it linked."""
        started = time.process_time()
        linked = link(self._store, self._config.relate)
        return time.process_time() - started, linked

    def skip_links(self) -> None:
        """Leave unlinked what has arrived. Nothing is rejected, so that ids are counts."""
        with self._store.write() as writer:
            writer.save_links([], cursor=self.arrived)

    def purge(self, count: int) -> tuple[float, int]:
        """Retention takes the oldest articles: CPU seconds, and how many it took. Polls and tombstones stay."""
        settings = replace(
            self._config.store,
            retention=self.now - self.at(count),
            polls_kept=timedelta(days=3650),
            tombstones_kept=timedelta(days=3650),
        )
        started = time.process_time()
        report = prune(replace(self._config, store=settings), self._store, now=self.now)
        return time.process_time() - started, report.articles

    def close(self) -> None:
        self._recorder.close()

    def _record(self, served: Sequence[Served]) -> Polled:
        states = self._claim([self._press.feed(one.outlet).id for one in served])
        answers = [self._answer(one, states) for one in served]
        started = time.process_time()
        for answer in answers:
            self._recorder.put(answer)
        self._recorder.settle().result()
        cpu = time.process_time() - started
        done = self._polls.copy()
        self._polls.clear()
        for poll in done:
            if poll.outcome != "ok" or poll.rejected:
                sys.exit(f"{poll.url} was not taken in as it should be: {poll.error or poll.rejections}")
        return Polled(
            cpu, sum(poll.new for poll in done), sum(poll.unchanged + poll.revised for poll in done)
        )

    def _claim(self, feed_ids: Sequence[str]) -> Mapping[str, FeedState]:
        with self._store.write() as writer:
            claimed = writer.claim(self.now, until=self.now + LEASE, feed_ids=feed_ids, all=True)
        return {state.feed_id: state for state in claimed}

    def _answer(self, served: Served, states: Mapping[str, FeedState]) -> Answer:
        source, feed = self._press.sources[served.outlet], self._press.feed(served.outlet)
        digest = blake2b(repr(served.entries).encode(), digest_size=16).hexdigest()
        document = Document(
            url=feed.url,
            requested_url=feed.url,
            status=200,
            media_type="application/rss+xml",
            charset="utf-8",
            body=b"",
            body_hash=digest,
            etag=f'"{digest}"',
            last_modified=None,
            fetched_at=served.at,
            wire_bytes=15_000,
            duration=timedelta(milliseconds=200),
        )
        parsed = ParsedFeed(
            title=source.name,
            home_url=source.url,
            language="en",
            ttl=None,
            updated=None,
            entries=served.entries,
            parser="fast",
        )
        return Answer(feed, states[feed.id], document, parsed, at=served.at, received=document)


def fill(growth: Growth, until: int, *, outlets: int, linked_from: int, progress: "Progress") -> None:
    """Let articles come in and link them, a few thousand at a time; those before `linked_from` stay unlinked."""
    while growth.arrived < until:
        skipping = growth.arrived < linked_from
        stop = min(until, growth.arrived + LINKED_AFTER, linked_from if skipping else until)
        growth.take_in(stop, outlets=outlets)
        if skipping:
            growth.skip_links()
        else:
            growth.link()
        progress.show(growth.arrived)


# --- measuring -------------------------------------------------------------------------------------------------


def writing(growth: Growth, size: int, *, outlets: int) -> dict[str, float]:
    """Let the last articles of a size come in: what new, linked and known ones cost."""
    new, linking, linked = Polled(), 0.0, 0
    loops: list[float] = []
    while growth.arrived < size:
        new += growth.take_in(min(size, growth.arrived + FEEDS * FRESH), outlets=outlets)
        cpu, count = growth.link()
        linking, linked = linking + cpu, linked + count
        loops.append(loop())
    known = growth.serve_again(outlets=outlets)
    each_known = known.cpu / known.known
    return {
        "new_us": 1e6 * (new.cpu - new.known * each_known) / new.new,
        "link_us": 1e6 * linking / linked,
        "known_us": 1e6 * each_known,
        "loop_ms": 1000 * statistics.mean(loops),
    }


def reading(store: Store, growth: Growth, config: Config, searches: Sequence[str]) -> dict[str, float]:
    """What lists cost."""
    first = store.first_id_since(growth.now - config.relate.window)
    items = sample(store, first, growth.arrived, max(COPIES, LISTS))
    index = store.candidates()
    bands = [relate.index_row(relate.features(item.article, owner=item.owner)).bands for item in items]
    filters = [ItemFilter(search=search, limit=50) for search in searches]
    return {
        **spread("relevance", (partial(store.items, replace(f, sort="relevance")) for f in filters)),
        **spread("newest", (partial(store.items, f) for f in filters)),
        **spread(
            "copies",
            (partial(index.copies, of, since_id=first, until_id=None, limit=200) for of in bands[:COPIES]),
        ),
        **spread(
            "related",
            (partial(lists.related, store, config.relate, item, now=growth.now) for item in items[:LISTS]),
        ),
        **spread("page", (partial(store.items, ItemFilter(limit=50)) for _ in range(PAGES))),
        **spread(
            "topic",
            (partial(lists.topic, store, config.relate, topic, now=growth.now) for topic in config.topics),
        ),
    }


def sample(store: Store, first: int, last: int, count: int) -> list[Item]:
    """Articles of an id range."""
    ids = random.Random(SEED).sample(range(first, last + 1), min(count, last + 1 - first))
    items = store.items_by_id(ids)
    return [items[number] for number in ids]


def spread(name: str, calls: Iterable[Callable[[], object]]) -> dict[str, float]:
    """Median and 95th percentile of the calls, in ms. The first is made twice: statements are put together once."""
    took: list[float] = []
    for call in calls:
        if not took:
            call()
        started = time.perf_counter()
        call()
        took.append(1000 * (time.perf_counter() - started))
    places = statistics.quantiles(took, n=20, method="inclusive")
    return {f"{name}_p50_ms": places[9], f"{name}_p95_ms": places[18]}


def loop() -> float:
    """CPU seconds of work that never changes. It strolls through memory, as the work that it stands beside."""
    texts = [blake2b(number.to_bytes(4), digest_size=8).hexdigest() for number in range(30_000)]
    started = time.process_time()
    places = {text: place for place, text in enumerate(sorted(texts))}
    sum(places[text] for text in texts)
    return time.process_time() - started


def resident_mb() -> float:
    """Memory of this process; where /proc is missing, the most it ever was."""
    status = Path("/proc/self/statm")
    if status.exists():
        return int(status.read_text().split()[1]) * resource.getpagesize() / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


# --- showing ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Column:
    """One figure of a row, or a median with its 95th percentile."""

    title: str
    names: tuple[str, ...]
    digits: int = 0
    width: int = 9

    def cell(self, row: Mapping[str, float], digits: int | None = None) -> str:
        digits = self.digits if digits is None else digits
        return "/".join(f"{row[name]:,.{digits}f}" for name in self.names).rjust(self.width)


def _latency(name: str) -> Column:
    return Column(name, (f"{name}_p50_ms", f"{name}_p95_ms"), digits=1, width=13)


COLUMNS = (
    Column("articles", ("articles",)),
    Column("new", ("new_us",)),
    Column("link", ("link_us",)),
    Column("known", ("known_us",), digits=1),
    *map(_latency, ("relevance", "newest", "copies", "related", "page", "topic")),
    Column("B/article", ("article_bytes",), width=10),
    Column("RSS", ("rss_mb",)),
    Column("loop", ("loop_ms",), digits=1),
)


def header() -> str:
    return "".join(column.title.rjust(column.width) for column in COLUMNS)


def line(row: Mapping[str, float]) -> str:
    return "".join(column.cell(row) for column in COLUMNS)


def ratios(row: Mapping[str, float], first: Mapping[str, float]) -> str:
    """How many times as much each figure is as in the first row."""
    times = {name: value / first[name] for name, value in row.items()}
    return "".join(column.cell(times, digits=2) for column in COLUMNS)


class Progress:
    """How far it has come, on a terminal; silent in a pipe."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._shown = sys.stderr.isatty()
        self._began = time.monotonic()

    def show(self, arrived: int) -> None:
        if self._shown:
            minutes = (time.monotonic() - self._began) / 60
            told = f"{arrived:,} of {self._total:,} articles, {minutes:.0f} minutes"
            print(f"\r{told}\x1b[K", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


class History:
    """One JSON object a row, with what it was measured on."""

    def __init__(self, path: Path | None, about: Mapping[str, object]) -> None:
        self._path, self._about = path, about

    def add(self, figures: Mapping[str, float]) -> None:
        if self._path is None:
            return
        self._path.parent.mkdir(exist_ok=True)
        rounded = {name: round(value, 3) for name, value in figures.items()}
        with self._path.open("a", encoding="utf-8") as file:
            print(json.dumps({**self._about, **rounded}), file=file)


# --- the run ---------------------------------------------------------------------------------------------------


def run(store: Store, press: Press, config: Config, arguments: argparse.Namespace, history: History) -> None:
    progress = Progress(arguments.sizes[-1])
    searches = queries(press.writers.vocabulary, SEED)
    rows: list[dict[str, float]] = []
    with closing(Growth(store, config, press, per_day=arguments.per_day)) as growth:
        print(header(), flush=True)
        for size in arguments.sizes:
            outlets = min(OUTLETS, max(size // 3 // FRESH, FEEDS))
            window = config.relate.window.days * arguments.per_day
            linked_from = size - window if arguments.sample_links else 0
            before = size - min(MEASURED, size // 3)
            fill(growth, before, outlets=outlets, linked_from=linked_from, progress=progress)
            row = {"articles": float(size), **writing(growth, size, outlets=outlets)}
            row |= reading(store, growth, config, searches)
            row |= {"article_bytes": store.size() / growth.arrived, "rss_mb": resident_mb()}
            progress.clear()
            print(line(row), flush=True)
            history.add(row)
            rows.append(row)
        for row in rows[1:]:
            print(f"\n{row['articles']:,.0f} beside {rows[0]['articles']:,.0f}:\n{ratios(row, rows[0])}")
        cpu, purged = growth.purge(min(PURGED, growth.arrived // 4))
        print(f"\npurging {purged:,}: {1e6 * cpu / purged:.0f} us an article")
        history.add({"purged": purged, "purge_us": 1e6 * cpu / purged})


def configuration(press: Press, database: str) -> Config:
    """The outlets of the press, and defaults."""
    return Config(
        path=Path("sources.toml"),
        files=(),
        store=StoreSettings(database=database),
        fetch=FetchSettings(),
        schedule=ScheduleSettings(),
        display=DisplaySettings(),
        relate=RelateSettings(),
        sources=press.sources,
        topics=topics(press.writers.vocabulary, SEED),
        digest="bench",
        warnings=(),
    )


@contextmanager
def database(arguments: argparse.Namespace) -> Iterator[str]:
    """The address of the database to fill."""
    if arguments.database:
        yield arguments.database
    elif arguments.keep:
        yield f"sqlite:///{arguments.keep.absolute()}"
    else:
        with tempfile.TemporaryDirectory(prefix="scale-") as folder:
            yield f"sqlite:///{folder}/scale.db"


def parse_sizes(text: str) -> tuple[int, ...]:
    sizes = tuple(int(size) for size in text.split(","))
    if list(sizes) != sorted(set(sizes)) or sizes[0] < 1_000:
        raise argparse.ArgumentTypeError("growing numbers, the first of them 1000 or more")
    return sizes


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.scale",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--sizes", type=parse_sizes, default=SIZES, help="articles at which to measure")
    parser.add_argument(
        "--per-day", type=int, default=PER_DAY, help="articles that arrive on a simulated day"
    )
    parser.add_argument(
        "--sample-links",
        action="store_true",
        help="link only what arrives in the 7 simulated days before each size, which is all that a list or a link"
        " of that moment looks at; what came before stays unlinked but where it was revised: the file is smaller, and a"
        " million takes a third of the time",
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--database",
        metavar="URL",
        help="an empty one, also postgresql+psycopg://...; default: a temporary file",
    )
    where.add_argument("--keep", metavar="PATH", type=Path, help="make the file here, and leave it there")
    parser.add_argument("--no-history", action="store_true", help="append nothing to bench/history")
    return parser.parse_args()


def main() -> None:
    arguments = parse()
    press = Press(OUTLETS, SEED)
    with database(arguments) as url, Store.open(url, create=True) as store:
        if store.newest() is not None:
            sys.exit(f"{store.url} holds articles already; an empty database is needed")
        kind = "sqlite" if store.path else "postgresql"
        about = {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "database": kind,
            "python": platform.python_version(),
            "sqlite": sqlite3.sqlite_version,
            "sizes": arguments.sizes,
            "per_day": arguments.per_day,
            "sample_links": arguments.sample_links,
        }
        history = History(None if arguments.no_history else HISTORY, about)
        run(store, press, configuration(press, url), arguments, history)


if __name__ == "__main__":
    main()
