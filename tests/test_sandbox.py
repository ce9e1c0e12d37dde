"""The tolerant parser's process: answers as in this process, dies alone, and is replaced."""

import os
import signal
import subprocess
import threading
from collections.abc import Iterator

import pytest

from aggregator.errors import ParseError
from aggregator.parse.sandbox import Sandbox
from aggregator.parse.tolerant import parse_tolerant

URL = "https://feeds.example/rss"
MIB = 1024 * 1024


def feed(title: str = "Crossed <b>wires</i>", items: int = 1) -> bytes:
    date = "<pubDate>Tue, 14 May 2024 10:00:00 +0530</pubDate>"
    item = f"<item><title>{title}</title><link>/1</link>{date}<author>a</author></item>"
    return f"<rss version='2.0'><channel><title>Outlet</title>{item * items}</channel></rss>".encode()


# 40,000 attributes: well-formed, and 12 s of CPU in feedparser. parse_feed refuses it before it comes here.
SLOW = b"<rss><channel><item " + b" ".join(b'a%d="1"' % n for n in range(40_000)) + b"/></channel></rss>"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(cpu_seconds=2) as sandbox:
        yield sandbox


def worker(sandbox: Sandbox) -> "subprocess.Popen[bytes]":
    process = sandbox._process
    assert process is not None
    return process


def test_it_answers_as_the_parser_does_in_this_process(sandbox: Sandbox) -> None:
    for data in (
        feed(),
        feed("Žluté „květy“", 40),
        feed("\x00\ud800".encode("utf-8", "surrogatepass").decode("latin-1")),
    ):
        assert sandbox.parse(data, URL, "text/xml; charset=utf-8") == parse_tolerant(
            data, URL, "text/xml; charset=utf-8"
        )


def test_one_process_serves_many_jobs_from_many_threads(sandbox: Sandbox) -> None:
    sandbox.parse(feed(), URL)
    process = worker(sandbox)
    titles: list[str | None] = []
    threads = [
        threading.Thread(
            target=lambda n=n: titles.append(sandbox.parse(feed(f"<i>number {n}"), URL).entries[0].title)
        )
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(titles, key=str) == [f"<i>number {n}" for n in range(8)]
    assert worker(sandbox) is process


def test_the_parsers_error_comes_through_with_the_address(sandbox: Sandbox) -> None:
    with pytest.raises(ParseError) as caught:
        sandbox.parse(b"<thing/>", URL)
    assert (caught.value.url, caught.value.message) == (URL, "not a feed: no entries and no title")


def test_too_much_cpu_ends_the_process_and_the_next_job_has_a_new_one(sandbox: Sandbox) -> None:
    sandbox.parse(feed(), URL)
    first = worker(sandbox)
    with pytest.raises(ParseError, match="more than 2 s of CPU"):
        sandbox.parse(SLOW, URL)
    assert first.poll() == -signal.SIGXCPU
    assert len(sandbox.parse(feed(), URL).entries) == 1


def test_the_cpu_limit_counts_per_job() -> None:
    with Sandbox(cpu_seconds=1) as sandbox:
        for _ in range(8):  # together well over a second
            assert len(sandbox.parse(feed(items=500), URL).entries) == 500


def test_too_much_memory_is_an_error_that_says_so() -> None:
    with Sandbox(cpu_seconds=20, memory_bytes=150 * MIB) as sandbox:
        with pytest.raises(ParseError, match="more than 150 MiB of memory"):
            sandbox.parse(feed("x" * 40 * MIB), URL)
        assert len(sandbox.parse(feed(), URL).entries) == 1


def test_patience_ends_even_when_no_cpu_is_used() -> None:
    with Sandbox(cpu_seconds=0.2) as sandbox:
        sandbox.parse(feed(), URL)
        os.kill(worker(sandbox).pid, signal.SIGSTOP)
        with pytest.raises(ParseError, match=r"longer than 0\.8 s"):
            sandbox.parse(feed(), URL)


def test_a_process_killed_at_work_costs_one_job_and_at_rest_none(sandbox: Sandbox) -> None:
    sandbox.parse(feed(), URL)
    os.kill(worker(sandbox).pid, signal.SIGSTOP)
    killer = threading.Timer(0.2, worker(sandbox).kill)
    killer.start()
    with pytest.raises(ParseError, match="died of signal 9"):
        sandbox.parse(feed(), URL)
    killer.join()
    assert len(sandbox.parse(feed(), URL).entries) == 1
    worker(sandbox).kill()
    worker(sandbox).wait()
    assert len(sandbox.parse(feed(), URL).entries) == 1


def test_it_starts_with_the_first_job_and_holds_nothing_of_our_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FEED_TOKEN", "secret")
    with Sandbox() as sandbox:
        assert sandbox._process is None
        sandbox.parse(feed(), URL)
        with open(f"/proc/{worker(sandbox).pid}/environ", "rb") as environ:
            assert b"secret" not in environ.read()
        process = worker(sandbox)
    assert process.returncode is not None
    sandbox.close()  # twice is fine


def test_a_large_program_around_it_does_not_cost_a_process_a_job() -> None:
    # The child of a fork begins with its parent's peak in ru_maxrss; only its own memory may count.
    held = bytearray(80 * MIB)
    with Sandbox(cpu_seconds=2, memory_bytes=200 * MIB) as sandbox:
        sandbox.parse(feed(), URL)
        first = worker(sandbox)
        sandbox.parse(feed(), URL)
        assert worker(sandbox) is first
    assert len(held) == 80 * MIB
