"""Every fault of tests/hostile through the whole program: from a configuration file, over real sockets, to stored rows.

All rows are polled at the same time into one store, each as an outlet with addresses of its own, and those that need a
second and a third request again later. A control feed is polled beside them.

What cannot be had in this process:
- "/dns-failure": conftest closes name resolution, so a stub refuses the name here.
- "/tls-expired", "/tls-wrong-host": nobody here trusts their authority, so they fail for that reason first; their own
  reasons are told apart in test_fetch_faults, with a context that trusts it.
- "/zstd", "/bomb-brotli", "/bomb-zstd": neither encoding is offered, so a body in it is refused before anything is decoded.
- "/connect-timeout" is a listener whose queue is full: Linux drops what else arrives. Elsewhere it may be refused instead.
"""

import json
import re
import socket
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unicodedata import normalize

import pytest
from selectolax.lexbor import LexborHTMLParser

from aggregator import config
from aggregator.model import Article, FeedState, Item, ItemFilter, Poll, Related
from aggregator.pipeline.poll import poll
from aggregator.render import Listing, feeds, html, jsonable
from aggregator.store import Store
from hostile.feeds import CONTENT_FAULTS, ContentFault, of_outlet
from hostile.server import FAULTS, Fault, HostileServer, Request, running

NOW = datetime(2026, 10, 3, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DEADLINE = timedelta(seconds=9)
CONTROL = "control"
JITTERED = (
    0.9  # of a delay that the program chose itself, at least; what a server asked for is never cut short
)
MIB = 1024 * 1024

NOT_A_FEED = frozenset(
    ("/html-instead", "/json-error-200", "/binary", "/pdf", "/bomb-gzip-hidden")
)  # a good transfer of something else

Row = Fault | ContentFault
ROWS: Sequence[Row] = [*FAULTS, *CONTENT_FAULTS]


def outlet(path: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-")


def sources(server: HostileServer, rows: Sequence[Row]) -> str:
    """sources.toml with an outlet for each row and the control. Each is a group of its own: they share a host here only."""
    lines = [
        "[store]",
        'database = "news.db"',
        "[fetch]",
        'allow_networks = ["127.0.0.1/32"]',
        'host_gap = "0s"',
        f'deadline = "{DEADLINE.seconds}s"',
        'connect_timeout = "2s"',
        'read_timeout = "4s"',  # a drip every 0.3 s must not look silent on a machine that is busy
        "concurrency = 24",
    ]
    addresses = {outlet(row.path): server.url(row.path, outlet(row.path)) for row in rows}
    addresses[CONTROL] = server.url("/ok", CONTROL)
    for name, url in addresses.items():
        url = url.replace("//localhost", "//127.0.0.1")
        lines += ["[[sources]]", f'id = "{name}"', f'name = "{name}"', f'url = "https://{name}.example/"']
        lines += ["[[sources.feeds]]", f'url = "{url}"', f'group = "{name}"']
    return "\n".join(lines)


@dataclass(frozen=True)
class Run:
    """What came of all rows."""

    polls: dict[str, list[Poll]]  # by outlet, in the order of the batches
    items: dict[str, list[Item]]
    states: dict[str, FeedState]  # by outlet
    seconds: list[float]  # of each batch
    requests: list[Request]
    canary_hits: list[str]
    database: bytes

    def articles(self, path: str) -> list[Article]:
        return [item.article for item in self.items[outlet(path)]]

    def last(self, path: str) -> Poll:
        return self.polls[outlet(path)][-1]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder = tmp_path_factory.mktemp("faults")
    patch = pytest.MonkeyPatch()
    resolve = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        if str(host).endswith(".invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return resolve(host, *args, **kwargs)

    patch.setattr(socket, "getaddrinfo", getaddrinfo)
    for fault in CONTENT_FAULTS:  # what takes long to make is made before any deadline runs
        fault.body(1)
    with running(pace=0.3) as server:
        (folder / "sources.toml").write_text(sources(server, ROWS))
        settings = config.load(folder / "sources.toml", environ={})
        polls: dict[str, list[Poll]] = defaultdict(list)
        seconds = []
        with Store.open(settings.store.database, create=True, settings=settings.store) as store:
            for batch in range(max(row.repeats for row in ROWS)):
                names = {outlet(row.path) for row in ROWS if row.repeats > batch} | {CONTROL}
                asked = [feed.id for feed in settings.feeds() if feed.source_id in names]
                now, started = NOW + batch * HOUR, time.monotonic()
                done = poll(settings, store, clock=lambda now=now: now, all=True, feed_ids=asked, link=False)
                seconds.append(time.monotonic() - started)
                for each in done.polls:
                    polls[each.source_id].append(each)
            items: dict[str, list[Item]] = defaultdict(list)
            for item in store.items(ItemFilter(state="all", limit=None)):
                items[item.article.source_id].append(item)
            found = store.feed_states()
            states = {feed.source_id: found[feed.id] for feed in settings.feeds()}
        database = (folder / "news.db").read_bytes()
        yield Run(polls, items, states, seconds, list(server.requests), list(server.canary_hits), database)
    patch.undo()


def ending(poll: Poll) -> str:
    return (poll.error_kind or "") if poll.outcome == "error" else poll.outcome


def expected(fault: Fault) -> frozenset[str]:
    """How the poll of a row ends whose transfer ends as its table says."""
    if fault.path in NOT_A_FEED:
        return frozenset({"content"})
    names = {"document": ("ok",), "not_modified": ("not_modified", "unchanged")}
    return frozenset(name for outcome in fault.outcomes for name in names.get(outcome, (outcome,)))


def texts(item: Item) -> Iterator[str]:
    """Every text that is stored of an article."""
    article = item.article
    yield from (article.title, article.teaser, article.url, article.canonical_url, article.outlet)
    yield from (article.text or "", article.image or "", article.published_note or "")
    yield from (*article.authors, *article.categories)
    for revision in item.revisions:
        yield from (revision.title, revision.teaser)


def listing(items: Sequence[Item]) -> Listing:
    entries = tuple(Related(item=item, score=1.0, relation="related") for item in items)
    return Listing(key="related/1", heading="Related", entries=entries, now=NOW + HOUR)


def published(items: Sequence[Item]) -> Iterator[str]:
    """Every form in which a list leaves the program."""
    listed = listing(items)
    yield html.sidebar(listed).partition("</style>")[2]
    yield feeds.rss(listed)
    yield feeds.atom(listed)
    yield json.dumps(feeds.jsonfeed(listed), ensure_ascii=False)
    yield json.dumps([jsonable.item(item) for item in items], ensure_ascii=False)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.path)
def test_a_server_that_misbehaves(run: Run, fault: Fault) -> None:
    last, articles = run.last(fault.path), run.articles(fault.path)
    assert len(run.polls[outlet(fault.path)]) == fault.repeats
    assert ending(last) in expected(fault), f"{fault.what}: {last.error}"
    assert len(articles) == (0 if last.outcome == "error" else 2)
    assert last.duration < DEADLINE + timedelta(seconds=1.5)
    state = run.states[outlet(fault.path)]
    assert (state.error_count > 0) == (last.outcome == "error")
    assert state.next_check_at is not None
    assert timedelta() < state.next_check_at - last.at <= timedelta(hours=31)  # 24 h and its jitter


@pytest.mark.parametrize("fault", CONTENT_FAULTS, ids=lambda fault: fault.path)
def test_a_feed_that_misbehaves(run: Run, fault: ContentFault) -> None:
    last, articles = run.last(fault.path), run.articles(fault.path)
    assert len(run.polls[outlet(fault.path)]) == fault.repeats
    if last.outcome == "error":
        assert (last.error_kind, fault.least) == ("content", 0), last.error
    else:
        assert fault.most > 0
    assert fault.least <= len(articles) <= fault.most, (last.note, last.rejections)
    assert last.duration < DEADLINE + timedelta(seconds=1.5)
    if fault.title:  # composed and decomposed letters are the same text
        assert normalize("NFC", fault.title) in [article.title for article in articles]
    for link in fault.links:
        assert of_outlet(link.encode(), outlet(fault.path)).decode() in [a.url for a in articles]
    items = run.items[outlet(fault.path)]
    for text in (*(text for item in items for text in texts(item)), *published(items)):
        assert not [bad for bad in fault.forbidden if bad in text]
        text.encode("utf-8")


@pytest.mark.parametrize("path", [row.path for row in ROWS])
def test_nothing_of_a_fault_comes_alive_on_a_page(run: Run, path: str) -> None:
    items = run.items[outlet(path)][:50]
    for item in items:
        assert item.article.title.strip()
        assert len(item.article.title) <= 300
        assert len(item.article.teaser) <= 500
        assert len(item.article.url) <= 2_000
    page = LexborHTMLParser(html.sidebar(listing(items)))
    assert {node.tag for node in page.css("aside *")} <= {
        *("style", "h2", "h3", "ol", "ul", "li", "article", "a", "p", "span", "time", "bdi", "div")
    }
    for node in page.css("aside, aside *"):
        assert not [name for name in node.attributes if name.startswith("on")]
        assert (node.attributes.get("href") or "https:").startswith(("http:", "https:"))


def test_the_control_feed_notices_nothing(run: Run) -> None:
    assert [ending(poll) for poll in run.polls[CONTROL]] == ["ok", "unchanged", "unchanged"]
    assert len(run.items[CONTROL]) == 2


def test_no_internal_address_is_ever_asked(run: Run) -> None:
    assert run.canary_hits == []


def test_a_run_takes_no_longer_than_its_slowest_answers(run: Run) -> None:
    assert max(run.seconds) < 45


def test_requests_carry_nothing_that_an_answer_put_there(run: Run) -> None:
    for request in run.requests:
        assert not {"cookie", "authorization", "x-injected", "referer"} & request.headers.keys()


def test_secrets_and_local_files_are_nowhere_in_the_database(run: Run) -> None:
    for secret in (b"s3cret", b"root:x:0:0"):
        assert secret not in run.database


@pytest.mark.parametrize(
    ("path", "least", "most"),
    [
        ("/status/429-seconds", timedelta(seconds=60), timedelta(hours=31)),
        ("/status/503", timedelta(seconds=120), timedelta(hours=31)),
        ("/status/429-date", timedelta(hours=24), timedelta(hours=31)),
        ("/status/429-absurd", timedelta(hours=24), timedelta(hours=31)),
        ("/status/429-junk", timedelta(minutes=1), timedelta(hours=2)),
        ("/status/429-negative", timedelta(minutes=1), timedelta(hours=2)),
        ("/cloudflare", JITTERED * timedelta(hours=6), timedelta(hours=31)),
        ("/challenge-200", JITTERED * timedelta(hours=6), timedelta(hours=31)),
        ("/status/410", JITTERED * timedelta(hours=24), timedelta(hours=31)),
    ],
)
def test_the_next_check_heeds_what_was_answered(
    run: Run, path: str, least: timedelta, most: timedelta
) -> None:
    state = run.states[outlet(path)]
    assert state.next_check_at is not None
    assert least <= state.next_check_at - NOW <= most


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_one_redirect_moves_no_feed(run: Run, status: int) -> None:
    state = run.states[f"redirect-{status}"]
    assert state.moved_count <= 1
    assert (state.moved_to is not None) == (status in (301, 308))


UNDATED = ("none", "junk", "epoch", "year0", "year99999", "overflow", "feb30")


@pytest.mark.parametrize("name", UNDATED)
def test_a_date_that_cannot_be_is_the_time_of_arrival(run: Run, name: str) -> None:
    for article in run.articles(f"/date/{name}"):
        assert (article.published_at, article.published_origin) == (NOW, "first_seen")


def test_nothing_is_published_after_it_was_seen(run: Run) -> None:
    for items in run.items.values():
        for item in items:
            assert item.article.published_at <= item.article.first_seen_at


def test_a_headline_that_changes_is_one_article_revised(run: Run) -> None:
    assert sum(len(item.revisions) for item in run.items["id-title-edited"]) == 1
    assert run.last("/id/title-edited").revised == 1


def test_damage_that_was_read_all_the_same_is_told(run: Run) -> None:
    for path in ("/xml/truncated", "/xml/mismatched-tag", "/xml/leading-junk"):
        assert "malformed" in (run.last(path).note or ""), path


WRAPPER = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(code)
"""


def test_the_program_stays_small_while_all_of_it_happens_at_once(tmp_path: Path) -> None:
    """As a process, on the event loop it uses in earnest. The name that does not resolve is left to the other run."""
    rows = [row for row in ROWS if row.path != "/dns-failure"]
    for fault in CONTENT_FAULTS:
        fault.body(1)
    command = [sys.executable, "-m", "aggregator", "--config", str(tmp_path / "sources.toml")]
    with running(pace=0.3) as server:
        (tmp_path / "sources.toml").write_text(sources(server, rows))
        process = subprocess.Popen(
            [sys.executable, "-c", WRAPPER, *command, "poll", "--all", "--no-link", "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        stdout, stderr = process.communicate(timeout=120)
        assert server.canary_hits == []
    assert process.returncode == 0, stderr
    polls = json.loads(stdout)["feeds"]
    assert len(polls) == len(rows) + 1
    assert max(poll["seconds"] for poll in polls) < DEADLINE.total_seconds() + 1.5
    largest = int(stderr.split()[-1]) * 1024  # of the process and of its parser's, whichever is larger
    assert largest < 200 * MIB, f"{largest / MIB:.0f} MiB"
