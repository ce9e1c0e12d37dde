"""Every fault a feed's server can have, against a server that has them all (hostile/server.py), and what comes of it."""

import asyncio
import contextlib
import resource
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest

from aggregator.errors import FetchError
from aggregator.fetch import Fetcher
from aggregator.model import Document, Feed, FeedState, NotModified
from aggregator.settings import FetchSettings
from hostile.feeds import CONTENT_FAULTS
from hostile.server import (
    FAULTS,
    FEED,
    TLS,
    Fault,
    HostileServer,
    Request,
    server_context,
    start,
    trusting_context,
)

try:  # at import: while tests run it is hidden from them. Here every address is loopback, the forbidden ones too.
    import uvloop
except ImportError:
    uvloop = None

NOW = datetime(2026, 10, 3, 9, 0, tzinfo=UTC)

PATIENT = FetchSettings(allow_networks=(ip_network("127.0.0.1/32"),))
IMPATIENT = replace(
    PATIENT,
    deadline=timedelta(seconds=3),
    connect_timeout=timedelta(seconds=1),
    read_timeout=timedelta(seconds=1),
)
"""For faults that take as long as the client's patience lasts."""

Result = Document | NotModified | FetchError


async def resolver(host: str, port: int) -> Sequence[str]:
    if host == "localhost":
        return ["127.0.0.1"]
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


@dataclass(frozen=True)
class Run:
    """What came of all faults, asked once each (or as often as the row says) and all at the same time."""

    results: dict[str, Result]
    seconds: dict[str, float]
    requests: list[Request]
    canary_hits: list[str]
    growth: int  # bytes by which the peak of resident memory rose; the server's own bombs included
    port: int


async def ask(server: HostileServer, fetcher: Fetcher, fault: Fault) -> Result:
    """Fetch as often as the row says, each time with the state that the time before left."""
    url = server.url(fault.path)
    feed = Feed(url=url, source_id="hostile", id=url)
    state = FeedState(feed_id=url)
    result: Result
    for _ in range(fault.repeats):
        try:
            result = await fetcher.fetch(feed, state)
        except FetchError as error:
            result = error
            continue
        state = replace(state, url=url, etag=result.etag, last_modified=result.last_modified)
        if isinstance(result, Document):
            state = replace(state, body_hash=result.body_hash)
    return result


async def ask_all() -> Run:
    results: dict[str, Result] = {}
    seconds: dict[str, float] = {}
    loop = asyncio.get_running_loop()
    turns = asyncio.Semaphore(8)  # the quick ones; the slow ones all wait at the same time
    async with start(pace=0.1) as server:
        patient = Fetcher(PATIENT, clock=lambda: NOW, resolver=resolver)
        impatient = Fetcher(IMPATIENT, clock=lambda: NOW, resolver=resolver)

        trusting = Fetcher(PATIENT, clock=lambda: NOW, resolver=resolver, tls=trusting_context())

        def fetcher_for(fault: Fault) -> Fetcher:
            if fault.path in ("/tls-expired", "/tls-wrong-host"):
                return trusting  # the date and the name are wrong; the authority is not
            return impatient if fault.slow else patient

        async def one(fault: Fault) -> None:
            async with contextlib.nullcontext() if fault.slow else turns:
                started = loop.time()
                results[fault.path] = await ask(server, fetcher_for(fault), fault)
                seconds[fault.path] = loop.time() - started

        await patient.fetch(Feed(url=server.url("/ok"), source_id="", id=""), FeedState(feed_id=""))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        await asyncio.gather(*(one(fault) for fault in FAULTS))
        growth = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
        for fetcher in (patient, impatient, trusting):
            await fetcher.aclose()
        return Run(results, seconds, server.requests, server.canary_hits, growth, server.port)


@pytest.fixture(scope="module", params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """uvloop has sockets, TLS and time-outs of its own; it is what polls in earnest where there is one."""
    if request.param == "asyncio":
        return asyncio.run(ask_all())
    if uvloop is None:
        pytest.skip("no uvloop here")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(ask_all())


def kind_of(result: Result) -> str:
    if isinstance(result, FetchError):
        return result.kind
    return "document" if isinstance(result, Document) else "not_modified"


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.path)
def test_each_fault_ends_as_the_table_says(run: Run, fault: Fault) -> None:
    result = run.results[fault.path]
    assert kind_of(result) in fault.outcomes, f"{fault.what}: {result}"
    if isinstance(result, FetchError):
        assert len(result.message) > 10 and "Error(" not in result.message


@pytest.mark.parametrize("path", sorted(fault.path for fault in FAULTS if fault.slow))
def test_a_server_that_never_finishes_is_left_at_the_deadline(run: Run, path: str) -> None:
    assert run.seconds[path] < IMPATIENT.deadline.total_seconds() + 1.5


def test_no_internal_address_is_ever_asked(run: Run) -> None:
    assert run.canary_hits == []


def test_memory_stays_flat(run: Run) -> None:
    assert run.growth < 150 * 1024 * 1024


@pytest.mark.parametrize(
    "path",
    ["/ok", "/too-long", "/gzip", "/deflate", "/deflate-raw", "/redirect/301", "/redirect/chain4", "/redirect/body-bomb",
     "/type-html-is-feed", "/type-none", "/type-octet", "/type-junk", "/zstd", "/fail-then-ok"],
)  # fmt: skip
def test_a_document_is_the_feed_and_nothing_but_the_feed(run: Run, path: str) -> None:
    result = run.results[path]
    assert isinstance(result, Document)
    assert result.body == FEED
    assert result.status == 200


def test_only_permanent_redirects_move_a_feed(run: Run) -> None:
    moved = {path: result.moved_to for path, result in run.results.items() if isinstance(result, Document)}
    good = f"http://127.0.0.1:{run.port}/ok"
    assert (moved["/redirect/301"], moved["/redirect/308"]) == (good, good)
    assert [moved[f"/redirect/{status}"] for status in (302, 303, 307)] == [None, None, None]
    assert moved["/redirect/chain4"] is None  # one of the hops was temporary
    assert moved["/redirect/chain2"] == good
    assert moved["/ok"] is None


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/status/429-seconds", timedelta(seconds=60)),
        ("/status/503", timedelta(seconds=120)),
        (
            "/status/429-date",
            timedelta(days=365),
        ),  # as far as a server is believed; the schedule clamps further
        ("/status/429-absurd", timedelta(days=365)),
        ("/status/429-negative", None),
        ("/status/429-junk", None),
    ],
)
def test_retry_after_is_kept_when_it_makes_sense(run: Run, path: str, expected: timedelta | None) -> None:
    result = run.results[path]
    assert isinstance(result, FetchError)
    assert result.retry_after == expected


def test_validators_are_never_replaced_by_those_of_a_304(run: Run) -> None:
    result = run.results["/304-wrong-etag"]
    assert isinstance(result, NotModified)
    assert (result.because, result.etag) == ("status", '"one"')


def test_odd_validators_are_not_sent_back(run: Run) -> None:
    second = [request for request in run.requests if request.path == "/etag-header-injection"][1]
    assert not {"if-none-match", "if-modified-since", "x-injected"} & second.headers.keys()
    result = run.results["/etag-header-injection"]
    assert isinstance(result, NotModified)
    assert result.because == "hash"  # the same bytes again


def test_validators_are_sent_verbatim(run: Run) -> None:
    second = [request for request in run.requests if request.path == "/ok-304"][1]
    assert second.headers["if-none-match"] == '"one"'
    assert second.headers["if-modified-since"] == "Sat, 03 Oct 2026 08:00:00 GMT"


def test_every_request_says_who_asks_and_carries_nothing_it_should_not(run: Run) -> None:
    for request in run.requests:
        assert request.headers["user-agent"].startswith("aggregator/")
        assert request.headers["accept-encoding"] == "gzip, deflate"
        assert not {"cookie", "authorization", "x-injected", "referer"} & request.headers.keys()


def test_redirects_are_few(run: Run) -> None:
    assert (
        sum(request.path.startswith("/redirect/endless") for request in run.requests)
        == PATIENT.max_redirects + 1
    )


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/tls-expired", "has expired"),
        ("/tls-self-signed", "signed by itself"),
        ("/tls-wrong-host", "is for another name"),
        ("/tls-unknown-authority", "authority that is not known"),
        ("/dns-failure", "no-such-host.invalid does not resolve"),
        ("/connect-refused", "connection refused"),
        ("/hang-before-headers", "no answer came for 1 s"),
        ("/drip-body", "not complete after 3 s"),
        ("/bomb-gzip", "larger than 16 MiB"),
        ("/empty-200", "the answer is empty"),
        ("/ssrf/loopback2", "127.0.0.2 is not a public address"),
        ("/redirect/file", "only http and https are followed"),
        ("/status/404", "404 Not Found"),
    ],
)
def test_messages_say_what_happened(run: Run, path: str, words: str) -> None:
    assert words in str(run.results[path])


def test_faults_in_the_contents_are_delivered_as_they_are() -> None:
    """Judging contents is the parser's part; a good transfer is a document."""

    async def main() -> None:
        async with start() as server:
            fetcher = Fetcher(PATIENT, clock=lambda: NOW)
            for fault in CONTENT_FAULTS:
                feed = Feed(url=server.url(fault.path), source_id="hostile", id=fault.path)
                document = await fetcher.fetch(feed, FeedState(feed_id=feed.id))
                assert isinstance(document, Document), fault.path
                canary = f"http://127.0.0.2:{server.port}/canary".encode()
                assert document.body == fault.body(1).replace(b"{canary}", canary), fault.path
                assert document.content_type == fault.content_type
            assert server.canary_hits == []

    asyncio.run(main())


def old_tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "good.pem", TLS / "server.key")
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.options |= ssl.OP_NO_TLSv1_2 | ssl.OP_NO_TLSv1_3
    return context


@pytest.mark.filterwarnings("ignore:ssl.OP_NO_SSL:DeprecationWarning")
def test_outdated_tls_is_refused() -> None:
    async def main() -> FetchError:
        async with start() as server:
            url = await server.open_tls(old_tls())
            fetcher = Fetcher(PATIENT, clock=lambda: NOW, resolver=resolver, tls=trusting_context())
            with pytest.raises(FetchError) as caught:
                await fetcher.get(url)
            return caught.value

    assert asyncio.run(main()).kind in (
        "tls",
        "network",
    )  # an alert, or a reset when the server does not wait for it


def test_a_good_certificate_is_accepted() -> None:
    async def main() -> Document:
        async with start() as server:
            url = await server.open_tls(server_context("good"))
            fetcher = Fetcher(PATIENT, clock=lambda: NOW, resolver=resolver, tls=trusting_context())
            return await fetcher.get(url)

    assert asyncio.run(main()).body == FEED


def test_a_context_that_does_not_verify_is_not_taken() -> None:
    context = ssl.create_default_context()
    context.check_hostname = False
    with pytest.raises(ValueError, match="does not verify"):
        Fetcher(PATIENT, clock=lambda: NOW, tls=context)
