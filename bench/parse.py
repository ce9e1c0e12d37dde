"""What parsing costs beside other parsers, interleaved in one process, in CPU time; and whether two parsers read alike.

    python -m bench.parse feeds FOLDER...  [--rounds 5]            ours, feedparser
    python -m bench.parse pages FOLDER     [--sample 100]          ours, trafilatura, newspaper4k
    python -m bench.parse dates FILE       [--rounds 200]          parse_date, string by string
    python -m bench.parse gates FOLDER...                          where the strict and the tolerant parser differ
    python -m bench.parse save FOLDER < ADDRESSES                  fetch feeds into a folder, for the others

feeds   Every file of a folder and those below it is a feed (JSON Feeds, which feedparser does not read, count for the fast
        path alone). feedparser.parse is called with nothing but the bytes, and again without sanitising and resolving,
        which our normalize does later. "same" is the share of entries whose title, link and time are feedparser's.
pages   FOLDER/manifest.jsonl holds "html_path" and "url", one page a line. Each gets the page's bytes: parse_page,
        trafilatura.bare_extraction with metadata, newspaper.Article.parse. The peers are no dependencies of the project;
        install them beside it:

            python3 -m venv /tmp/peers
            /tmp/peers/bin/pip install -r requirements.txt trafilatura newspaper4k
            PYTHONPATH=src:. /tmp/peers/bin/python -m bench.parse pages FOLDER

dates   FILE holds {"s": "a date as a feed wrote it"}, one a line. All are read in another order in every round.
gates   Fields of tests/test_feed_gates.py, whose rules say which differences are meant.
save    ADDRESSES: one a line, or JSON lines with "url". For a news week that is served on loopback:

            python serve.py --port 8700 --at 2023-10-13T12:00Z &
            python serve.py --port 8700 --list | python -m bench.parse save /tmp/newsday

In each round each parser reads each document once, in turns; a document costs the median of its rounds. What a peer keeps
of a document from one round to the next (trafilatura does) shows in "first": the same sum over the first round alone.
"""

import argparse
import gc
import gzip
import json
import random
import sys
import time
import urllib.request
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from statistics import median
from typing import Any

from aggregator.errors import ParseError
from aggregator.model import Entry, ParsedFeed
from aggregator.parse import parse_date, parse_feed, parse_page
from aggregator.parse.encoding import to_utf8

URL = "https://feeds.example/section/feed.xml"
"""Where a saved feed is said to come from: relative links need some address, and no two parsers another one."""

OURS = "ours"
TARGETS = {"feedparser": 6, "trafilatura": 10, "newspaper4k": 20}
"""How many times our CPU a peer should take."""
MOST_MICROSECONDS = 25
"""Of one date."""


# --- measuring ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sample:
    """A document to be read."""

    name: str
    data: bytes
    url: str


Parser = Callable[[Sample], object]


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU milliseconds of one parser over some documents."""

    typical: float  # sum of the medians
    first: float  # sum of the first round


def interleaved(samples: Sequence[Sample], parsers: Mapping[str, Parser], rounds: int) -> dict[str, Cost]:
    """Each document is read by all parsers before the next one; the one that begins changes from turn to turn."""
    names = list(parsers)
    spent: dict[str, list[list[float]]] = {name: [[] for _ in samples] for name in names}
    for name in names:  # imports and first use are not measured
        parsers[name](samples[0])
    gc.collect()
    gc.freeze()  # what is there already need not be looked through again
    for turn in range(rounds):
        for number, sample in enumerate(samples):
            start = (turn + number) % len(names)
            for name in (*names[start:], *names[:start]):
                gc.collect()  # nobody pays for another's garbage
                began = time.process_time()
                parsers[name](sample)
                spent[name][number].append(time.process_time() - began)
    gc.unfreeze()
    return {
        name: Cost(1000 * sum(map(median, each)), 1000 * sum(times[0] for times in each))
        for name, each in spent.items()
    }


def cost_table(costs: Mapping[str, Cost], documents: int) -> str:
    ours = costs[OURS]
    lines = [f"{'':26}{'ms':>10}{'each':>8}{'first':>10}{'times ours':>12}{'wanted':>8}"]
    for name, cost in costs.items():
        wanted = TARGETS.get(name)
        lines.append(
            f"{name:26}{cost.typical:>10.1f}{cost.typical / documents:>8.2f}{cost.first:>10.1f}"
            f"{cost.typical / ours.typical:>12.1f}{wanted or '':>8}"
        )
    return "\n".join(lines)


# --- feeds -------------------------------------------------------------------------------------------------------


def feed_files(folders: Iterable[Path]) -> Iterator[Path]:
    """All files but those that describe the others."""
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.suffix != ".jsonl" and not path.name.endswith(".expected.json"):
                yield path


def feeds(arguments: argparse.Namespace) -> None:
    for folder in arguments.folders:
        samples, read = [], []
        skipped: Counter[str] = Counter()
        reasons: Counter[str] = Counter()
        for path in feed_files([folder]):
            sample = Sample(str(path.relative_to(folder)), path.read_bytes(), URL)
            try:
                feed = parse_feed(sample.data, sample.url)
            except ParseError as error:
                skipped[error.message] += 1
                continue
            read.append(feed)
            if feed.parser != "json":
                samples.append(sample)
            if feed.parser == "tolerant":
                reasons[why_tolerant(sample)] += 1
        if not samples:
            print(f"{folder}: no feeds")
            continue
        fast = sum(feed.parser in ("fast", "json") for feed in read)
        print(
            f"{folder}: {len(read)} feeds, {sum(len(feed.entries) for feed in read):,} entries,"
            f" {fast / len(read):.1%} of the feeds on the fast path"
        )
        print(cost_table(interleaved(samples, feed_parsers(), arguments.rounds), len(samples)))
        print(agreement(samples, [feed for feed in read if feed.parser != "json"]))
        print(*counted("left to the tolerant parser", reasons), *counted("no feed", skipped), sep="\n")
        print(flush=True)


def counted(title: str, what: Counter[str]) -> list[str]:
    return [f"{title}: {number:>4} {name}" for name, number in what.most_common()]


def feed_parsers() -> dict[str, Parser]:
    import feedparser

    return {
        OURS: lambda sample: parse_feed(sample.data, sample.url),
        "feedparser": lambda sample: feedparser.parse(sample.data),
        "feedparser, text as it is": lambda sample: feedparser.parse(
            sample.data, sanitize_html=False, resolve_relative_uris=False
        ),
    }


def why_tolerant(sample: Sample) -> str:
    """Of the document as it was sent and as it was mended the last reason, without what is particular to it."""
    from aggregator.parse.fast import GiveUp, read_strictly
    from aggregator.parse.mend import mended, without_doctype

    reason = ""
    body = without_doctype(to_utf8(sample.data).body)
    for each in (body, mended(body)):
        try:
            read_strictly(each, sample.url)
        except GiveUp as error:
            reason = str(error).partition(": ")[0]
    return reason


def agreement(samples: Sequence[Sample], read: Sequence[ParsedFeed]) -> str:
    """How many of feedparser's entries have our title, link and time."""
    import feedparser

    same: Counter[str] = Counter()
    entries = 0
    for sample, feed in zip(samples, read, strict=True):
        theirs = feedparser.parse(sample.data).entries
        entries += len(theirs)
        for entry, other in zip(feed.entries, theirs, strict=False):
            same["title"] += visible(entry.title) == visible(other.get("title"))
            same["link"] += (entry.url or "") == (other.get("link") or "")
            same["time"] += _seconds(entry) == _their_seconds(other)
    shares = ", ".join(f"{name} {same[name] / entries:.1%}" for name in ("title", "link", "time"))
    return f"same as feedparser's, of {entries:,} entries: {shares}" if entries else "no entries"


def visible(markup: str | None) -> str:
    from aggregator.normalize.text import plain_text

    return "".join(plain_text(unescape(markup or "")).split())


def _seconds(entry: Entry) -> datetime | None:
    at = entry.published
    return (
        (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC).replace(microsecond=0) if at else None
    )


def _their_seconds(entry: Any) -> datetime | None:
    """Without its fallback: published, else updated, as ours."""
    parsed = dict.get(entry, "published_parsed") or dict.get(entry, "updated_parsed")
    return datetime(*parsed[:6], tzinfo=UTC) if parsed else None


# --- pages -------------------------------------------------------------------------------------------------------


def pages(arguments: argparse.Namespace) -> None:
    manifest = (arguments.folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in manifest]
    if arguments.sample:
        rows = random.Random(arguments.seed).sample(rows, min(arguments.sample, len(rows)))
    samples = []
    for row in rows:
        data = (arguments.folder / row["html_path"]).read_bytes()
        if data.startswith(b"\x1f\x8b"):
            data = gzip.decompress(data)
        samples.append(Sample(row["html_path"], data, row["url"]))
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    parsers = dict(page_parsers(found))
    costs = interleaved(samples, parsers, arguments.rounds)
    size = sum(len(sample.data) for sample in samples) / len(samples) / 1000
    print(f"{len(samples)} pages of {size:.0f} kB, {arguments.rounds} rounds")
    print(cost_table(costs, len(samples)))
    for name, counts in found.items():
        reads = counts.pop("read")
        shares = ", ".join(f"{what} {number / reads:.1%}" for what, number in sorted(counts.items()))
        print(f"{name}: of its pages it found {shares}")


def page_parsers(found: Mapping[str, Counter[str]]) -> Iterator[tuple[str, Parser]]:
    """Those that are installed, and how to install the others. `found` counts what each has read."""

    def count(name: str, **texts: str | None) -> None:
        found[name]["read"] += 1
        found[name].update(what for what, text in texts.items() if text)

    def ours(sample: Sample) -> None:
        page = parse_page(sample.data, sample.url)
        count(OURS, title=page.title, text=page.text)

    yield OURS, ours
    warnings.simplefilter(
        "ignore"
    )  # newspaper4k says at its import that nltk is not there; nothing here asks for it
    try:
        import trafilatura

        def by_trafilatura(sample: Sample) -> None:
            page = trafilatura.bare_extraction(sample.data, url=sample.url, with_metadata=True)
            count("trafilatura", title=page and page.title, text=page and page.text)

        yield "trafilatura", by_trafilatura
    except ImportError:
        missing("trafilatura")
    try:
        import newspaper

        config = newspaper.Config()
        config.fetch_images = False  # it would ask the network how large they are

        def by_newspaper(sample: Sample) -> None:
            article = newspaper.Article(sample.url, config=config)
            try:
                article.download(input_html=sample.data)
                article.parse()
            except Exception:  # it raises on what it cannot read; that is its answer
                count("newspaper4k")
            else:
                count("newspaper4k", title=article.title, text=article.text)

        yield "newspaper4k", by_newspaper
    except ImportError:
        missing("newspaper4k")


def missing(peer: str) -> None:
    print(
        f"{peer} is not installed and left out. In an environment of its own:\n"
        "    python3 -m venv /tmp/peers\n"
        f"    /tmp/peers/bin/pip install -r requirements.txt {peer}\n"
        "    PYTHONPATH=src:. /tmp/peers/bin/python -m bench.parse pages FOLDER\n"
    )


# --- dates -------------------------------------------------------------------------------------------------------


def dates(arguments: argparse.Namespace) -> None:
    lines = arguments.file.read_text(encoding="utf-8").splitlines()
    texts = sorted({json.loads(line)["s"] for line in lines})
    warm = date_costs(texts, arguments.rounds, forget=False)
    cold = date_costs(texts, arguments.rounds, forget=True)
    print(f"{len(texts)} date texts, median of {arguments.rounds} readings each in CPU us")
    print(f"{'':38}{'mean':>8}{'median':>8}{'most':>8}{f'> {MOST_MICROSECONDS} us':>10}")
    for title, costs in (("as it is", warm), ("its zones forgotten before each", cold)):
        values = list(costs.values())
        over = sum(value > MOST_MICROSECONDS for value in values)
        mean = sum(values) / len(values)
        print(f"{title:38}{mean:>8.1f}{median(values):>8.1f}{max(values):>8.1f}{over:>10}")
    print("\nthe slowest, as it is / forgotten")
    for text in sorted(texts, key=lambda text: warm[text], reverse=True)[: arguments.show]:
        print(f"{warm[text]:>8.1f}{cold[text]:>8.1f}  {text!r}")


def date_costs(texts: Sequence[str], rounds: int, *, forget: bool) -> dict[str, float]:
    """Microseconds of each text: single readings, in another order each round, less what looking at the clock costs.

    The results of parse_date are not cached, only the zones it has looked up; `forget` empties those caches.
    """
    from aggregator.parse import dates as module

    caches = [each for each in vars(module).values() if hasattr(each, "cache_clear")]
    clock = time.process_time_ns
    spent: dict[str, list[int]] = {text: [] for text in texts}
    looks = []
    order = list(texts)
    chance = random.Random(7)
    gc.collect()
    gc.disable()
    for turn in range(rounds + 5):
        chance.shuffle(order)
        for text in order:
            if forget:
                for cache in caches:
                    cache.cache_clear()
            began = clock()
            looked = clock()
            parse_date(text)
            ended = clock()
            if turn >= 5:  # the first few rounds warm up
                spent[text].append(ended - looked)
                looks.append(looked - began)
    gc.enable()
    look = median(looks)
    return {text: max(median(times) - look, 0) / 1000 for text, times in spent.items()}


# --- gates -------------------------------------------------------------------------------------------------------


def gates(arguments: argparse.Namespace) -> None:
    """Every difference with file, field and both values; those that no rule explains end in exit code 1."""
    from tests.test_feed_gates import RULES, GiveUp, differences

    counts: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    rules: Counter[str] = Counter()
    for path in feed_files(arguments.folders):
        data = path.read_bytes()
        try:
            how = parse_feed(data, URL).parser
        except ParseError:
            counts["no feed"] += 1
            continue
        counts[how] += 1
        if how == "tolerant":
            reasons[why_tolerant(Sample(path.name, data, URL))] += 1
        if how != "fast":
            continue
        try:
            found = differences(data, URL)
        except GiveUp as error:  # parse_feed and the gates read the same bytes
            raise AssertionError(f"{path}: {error}") from error
        for difference, rule in found:
            rules[rule or "UNEXPLAINED"] += 1
            if rule is None or arguments.all:
                where = "feed" if difference.entry is None else f"entry {difference.entry}"
                print(f"{path}: {where}: {difference.field}: {rule or 'UNEXPLAINED'}")
                print(f"    strict    {difference.fast!r:.300}\n    tolerant  {difference.tolerant!r:.300}")
    print(", ".join(f"{number} {name}" for name, number in counts.most_common()))
    print(*counted("left to the tolerant parser", reasons), sep="\n")
    for rule in RULES:
        print(f"{rules[rule.name]:>6} {rule.name}")
    print(f"{rules['UNEXPLAINED']:>6} that no rule explains")
    sys.exit(1 if rules["UNEXPLAINED"] else 0)


# --- save --------------------------------------------------------------------------------------------------------


def save(arguments: argparse.Namespace) -> None:
    arguments.folder.mkdir(parents=True, exist_ok=True)
    lines = [line.strip() for line in sys.stdin if line.strip()]
    for number, line in enumerate(lines):
        url = json.loads(line)["url"] if line.startswith("{") else line
        with urllib.request.urlopen(url, timeout=30) as answer:
            (arguments.folder / f"{number:04}.xml").write_bytes(answer.read())
    print(f"{len(lines)} documents in {arguments.folder}")


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.parse",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(run: Callable[[argparse.Namespace], None], summary: str) -> argparse.ArgumentParser:
        added = commands.add_parser(run.__name__, help=summary)
        added.set_defaults(run=run)
        return added

    of_feeds = command(feeds, "ours beside feedparser")
    of_feeds.add_argument("folders", metavar="FOLDER", type=Path, nargs="+")
    of_feeds.add_argument("--rounds", type=int, default=5)
    of_pages = command(pages, "ours beside trafilatura and newspaper4k")
    of_pages.add_argument("folder", metavar="FOLDER", type=Path)
    of_pages.add_argument("--sample", type=int, default=100, help="pages to take at random; 0: all")
    of_pages.add_argument("--seed", type=int, default=7)
    of_pages.add_argument("--rounds", type=int, default=3)
    of_dates = command(dates, "parse_date, text by text")
    of_dates.add_argument("file", metavar="FILE", type=Path)
    of_dates.add_argument("--rounds", type=int, default=200)
    of_dates.add_argument("--show", type=int, default=10, help="how many of the slowest to show")
    of_gates = command(gates, "where the strict and the tolerant parser differ")
    of_gates.add_argument("folders", metavar="FOLDER", type=Path, nargs="+")
    of_gates.add_argument("--all", action="store_true", help="show the differences that are meant too")
    of_save = command(save, "fetch the feeds that standard input names")
    of_save.add_argument("folder", metavar="FOLDER", type=Path)
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
