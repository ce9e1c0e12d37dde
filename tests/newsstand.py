"""A street of invented outlets on loopback addresses, whose feeds go on from edition to edition: for whole programs.

    with newsstand.opened(outlets=20, entries=30) as stand:
        config = stand.write_config(folder)
        ...                      # a poll at stand.now asks 127.0.1.1, 127.0.1.2, ...
        stand.next_edition()     # some items are new, some edited, the oldest gone, some feeds as they were
        stand.printed[etag]      # what a document that was served held

The first outlets have a second feed, which shows some items of their first. Items are about events that several outlets
report on, some in the same words, so that there is something to link.
"""

import asyncio
import contextlib
import random
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from hashlib import blake2b
from pathlib import Path

import pytest

BEGIN = datetime(2026, 5, 14, 6, 0, tzinfo=UTC)
BETWEEN = timedelta(minutes=20)
"""From one edition to the next: longer than a claim of a process that died."""

WITH_TWO_FEEDS = 2
EVENTS = 24
_SYLLABLES = "ba do fe gi ka lo mu na po ri sa te vu wo ze".split()  # noqa: SIM905


@dataclass(frozen=True)
class Printed:
    """One item as it stood in a document."""

    number: int  # over all outlets; `word` finds the item in a search
    url: str
    title: str
    teaser: str
    at: datetime

    @property
    def word(self) -> str:
        return f"nr{self.number}"


@dataclass(frozen=True)
class Edition:
    """One document of one feed."""

    feed: str  # its address
    etag: str
    items: tuple[Printed, ...]
    body: bytes


class Stand:
    """The outlets and their server. Attributes may be read and set from any thread."""

    def __init__(self, *, outlets: int, entries: int, seed: int, begin: datetime) -> None:
        self.now = begin  # of the present edition
        self.printed: dict[str, Edition] = {}  # every document there ever was, by its ETag
        self.requests: list[str] = []  # addresses, in the order they were asked in this edition
        self.asked = threading.Event()  # set by each request
        self.gate = threading.Event()  # answers wait until it is set
        self.gate.set()
        self.spread = 0.0  # seconds over which answers are spread
        self.closed: set[str] = set()  # hosts that do not answer
        self._random = random.Random(seed)
        self._outlets, self._entries = outlets, entries
        self._number = 0
        self._items: list[list[Printed]] = [[] for _ in range(outlets)]
        self._events = [self._event() for _ in range(EVENTS)]
        self._servers: list[asyncio.Server] = []
        self._documents: dict[str, Edition] = {}  # by address, as served now
        self._port = 0

    @property
    def served(self) -> list[Edition]:
        """The documents of the present edition."""
        return list(self._documents.values())

    @property
    def items(self) -> dict[str, Printed]:
        """What is served now, by address."""
        return {item.url: item for document in self.served for item in document.items}

    @property
    def of_one_feed(self) -> dict[str, Printed]:
        """What outlets with a single feed serve now: nothing else can have told a correction before or after it."""
        return {item.url: item for items in self._items[WITH_TWO_FEEDS:] for item in items}

    def ever(self) -> set[str]:
        """Addresses of all items there ever were."""
        return {item.url for document in self.printed.values() for item in document.items}

    def sources(self) -> Iterator[tuple[str, list[str]]]:
        """Id of each outlet and the addresses of its feeds."""
        for place in range(self._outlets):
            yield f"outlet-{place + 1:02}", self._feeds(place)

    def write_config(self, folder: Path, *, extra: str = "", fetch: str = "") -> Path:
        """A configuration with all outlets and `news.db` beside it.

        Args:
            extra: further keys of [store], and sections behind it.
            fetch: further keys of [fetch].
        """
        lines = ["[store]", 'database = "news.db"', extra, "[fetch]"]
        lines += ['allow_networks = ["127.0.0.0/8"]', 'host_gap = "0s"', fetch]
        for name, feeds in self.sources():
            lines += ["[[sources]]", f'id = "{name}"', f'name = "{name.title()}"']
            lines += [f'url = "https://{name}.example/"', 'language = "en"']
            lines += [line for feed in feeds for line in ("[[sources.feeds]]", f'url = "{feed}"')]
        path = folder / "sources.toml"
        path.write_text("\n".join(lines) + "\n")
        return path

    # --- what is in the papers -----------------------------------------------------------------------------------

    def next_edition(self, *, after: timedelta = BETWEEN) -> None:
        """Every feed goes on, but for about one in seven."""
        self.now += after
        self.asked.clear()
        self.requests.clear()
        self._events[self._random.randrange(EVENTS)] = self._event()
        for place in range(self._outlets):
            if self._random.random() < 0.15:
                continue
            self._print(place, self._random.randint(1, 4))
            if self._random.random() < 0.5:
                self._correct(place)
        self._set()

    def _print(self, place: int, count: int) -> None:
        new = [self._item(place) for _ in range(count)]
        self._items[place] = [*new, *self._items[place]][: self._entries]

    def _correct(self, place: int) -> None:
        chosen = self._random.randrange(len(self._items[place]))
        item = self._items[place][chosen]
        words = self._words(2)
        self._items[place][chosen] = replace(item, title=f"{words} {item.title.split(' ', 1)[1]}")

    def _item(self, place: int) -> Printed:
        self._number += 1
        title, teaser, own = self._random.choice(self._events)
        if self._random.random() < 0.7:  # else in the agency's words
            shuffled = self._random.sample(own, len(own))
            title = " ".join(shuffled[:5]).capitalize()
            teaser = " ".join(shuffled[3:]) + " " + self._words(12)
        at = self.now - timedelta(minutes=self._random.randrange(1, 18))
        url = f"https://outlet-{place + 1:02}.example/news/{self._number}"
        return Printed(self._number, url, f"{title} nr{self._number}", teaser + ".", at)

    def _event(self) -> tuple[str, str, list[str]]:
        own = self._words(14).split()
        return " ".join(own[:6]).capitalize(), " ".join(own) + " " + self._words(14), own

    def _words(self, count: int) -> str:
        return " ".join(
            "".join(self._random.choice(_SYLLABLES) for _ in range(self._random.randint(2, 4)))
            for _ in range(count)
        )

    def _feeds(self, place: int) -> list[str]:
        address = f"http://127.0.1.{place + 1}:{self._port}"
        return [f"{address}/rss", *([f"{address}/top"] if place < WITH_TWO_FEEDS else [])]

    def _set(self) -> None:
        """Make the documents of this edition, all at once for whoever is asking."""
        documents = {}
        for place in range(self._outlets):
            first, *second = self._feeds(place)
            documents[first] = _edition(first, self._items[place])
            if second:
                documents[second[0]] = _edition(second[0], self._items[place][::3])
        self.printed.update((document.etag, document) for document in documents.values())
        self._documents = documents

    # --- the server ------------------------------------------------------------------------------------------------

    async def open(self) -> None:
        for attempt in range(5):
            try:
                await self._listen()
                break
            except OSError:  # somebody has that port at one of the addresses
                await self.close()
                if attempt == 4:
                    raise
        for place in range(self._outlets):
            self._print(place, self._entries)
        self._set()

    async def _listen(self) -> None:
        self._port = 0
        for place in range(self._outlets):
            server = await asyncio.start_server(
                self._serve, f"127.0.1.{place + 1}", self._port, backlog=64, reuse_address=True
            )
            self._servers.append(server)
            self._port = server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        for server in self._servers:
            server.close()
        self._servers.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *lines = head.split("\r\n")
            fields = {
                name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
            }
            feed = f"http://{fields['host']}{first.split(' ')[1]}"
            document = self._documents.get(feed)
            self.requests.append(feed)
            self.asked.set()
            await asyncio.sleep(self.spread * random.random())
            while not self.gate.is_set() or fields["host"].partition(":")[0] in self.closed:
                await asyncio.sleep(0.005)
            writer.write(_answer(document, fields.get("if-none-match")))
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass  # whoever asked is dead
        finally:
            writer.close()


def _edition(feed: str, items: Sequence[Printed]) -> Edition:
    entries = "".join(
        f"<item><title>{item.title}</title><link>{item.url}</link><guid>{item.url}</guid>"
        f"<pubDate>{format_datetime(item.at)}</pubDate><description>{item.teaser}</description></item>"
        for item in items
    )
    body = (
        f'<?xml version="1.0"?><rss version="2.0"><channel><title>{feed}</title>{entries}</channel></rss>'
    ).encode()
    return Edition(feed, f'"{blake2b(body, digest_size=8).hexdigest()}"', tuple(items), body)


def _answer(document: Edition | None, known: str | None) -> bytes:
    if document is None:
        return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    validators = f"ETag: {document.etag}\r\nConnection: close\r\n".encode()
    if known == document.etag:
        return b"HTTP/1.1 304 Not Modified\r\n" + validators + b"\r\n"
    described = f"Content-Type: application/rss+xml\r\nContent-Length: {len(document.body)}\r\n".encode()
    return b"HTTP/1.1 200 OK\r\n" + described + validators + b"\r\n" + document.body


@contextlib.contextmanager
def opened(
    *, outlets: int = 20, entries: int = 30, seed: int = 1, begin: datetime = BEGIN
) -> Iterator[Stand]:
    """The outlets, served by a thread with an event loop of its own."""
    stand = Stand(outlets=outlets, entries=entries, seed=seed, begin=begin)
    loop, stop, ready = asyncio.new_event_loop(), asyncio.Event(), threading.Event()
    failed: list[OSError] = []

    async def serve() -> None:
        try:
            await stand.open()
        except OSError as error:
            failed.append(error)
            return
        finally:
            ready.set()
        await stop.wait()
        await stand.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def run() -> None:
        loop.run_until_complete(serve())
        loop.close()

    thread = threading.Thread(target=run, name="newsstand", daemon=True)
    thread.start()
    ready.wait()
    if failed:
        thread.join()
        pytest.skip(f"this machine has no 127.0.1.x: {failed[0]}")
    try:
        yield stand
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
