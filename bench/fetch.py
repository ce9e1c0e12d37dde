"""CPU per request of the guarded fetcher beside plain clients, interleaved in one run, on one loopback server.

    python -m bench.fetch URLS.txt [--rounds 5] [--workers 60]

URLS.txt holds one address a line, each answered with an ETag and with 304 to If-None-Match (the polling kit's feedserver.py
prints and serves such a list). Ours runs with every guard on, decodes and hashes; httpx and aiohttp (when installed) only
read the body. In each round every client asks all addresses twice: for a 200, then for a 304. Shown: the median over the
rounds, and the least, of the CPU milliseconds per request.
"""

import argparse
import asyncio
import ipaddress
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import httpx

from aggregator.fetch import Fetcher
from aggregator.model import Document, Feed, FeedState
from aggregator.pipeline.poll import run_async
from aggregator.settings import FetchSettings

Ask = Callable[[str, str | None], Awaitable[str | None]]
"""(address, ETag to send) -> the ETag that came."""


async def ask_all(
    urls: Iterable[str], tags: dict[str, str | None], ask: Ask, workers: int
) -> dict[str, str | None]:
    waiting, found = iter(urls), {}

    async def work() -> None:
        for url in waiting:
            found[url] = await ask(url, tags.get(url))

    await asyncio.gather(*(work() for _ in range(workers)))
    return found


async def ours(rounds: Callable[[Ask], Awaitable[None]]) -> None:
    settings = FetchSettings(allow_networks=(ipaddress.ip_network("127.0.0.0/8"),), host_gap=timedelta())
    fetcher = Fetcher(settings, clock=lambda: datetime.now(UTC))

    async def ask(url: str, tag: str | None) -> str | None:
        feed = Feed(url=url, source_id="bench", id=url)
        state = FeedState(feed_id=url, url=url if tag else "", etag=tag)
        result = await fetcher.fetch(feed, state)
        assert isinstance(result, Document) == (tag is None), "a 200 first, then a 304"
        return result.etag

    await rounds(ask)
    await fetcher.aclose()


async def plain_httpx(rounds: Callable[[Ask], Awaitable[None]]) -> None:
    limits = httpx.Limits(max_connections=100, max_keepalive_connections=0)
    async with httpx.AsyncClient(trust_env=False, limits=limits) as client:

        async def ask(url: str, tag: str | None) -> str | None:
            response = await client.get(url, headers={"If-None-Match": tag} if tag else None)
            assert response.status_code == (304 if tag else 200)
            return response.headers.get("etag")

        await rounds(ask)


async def plain_aiohttp(rounds: Callable[[Ask], Awaitable[None]]) -> None:
    import aiohttp

    connector = aiohttp.TCPConnector(limit=100, force_close=True)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def ask(url: str, tag: str | None) -> str | None:
            async with session.get(url, headers={"If-None-Match": tag} if tag else None) as response:
                await response.read()
                assert response.status == (304 if tag else 200)
                return response.headers.get("ETag")

        await rounds(ask)


def measure(client: Callable[[Any], Awaitable[None]], urls: list[str], workers: int) -> tuple[float, float]:
    """CPU milliseconds per 200 and per 304."""
    cost = []

    async def rounds(ask: Ask) -> None:
        tags: dict[str, str | None] = {}
        await ask(urls[0], None)  # imports and first use are not measured
        for _ in range(2):
            started = time.process_time()
            tags = await ask_all(urls, tags, ask, workers)
            cost.append(1000 * (time.process_time() - started) / len(urls))

    async def run() -> None:
        await client(rounds)

    run_async(run())
    return cost[0], cost[1]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("urls", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=60)
    arguments = parser.parse_args()
    urls = arguments.urls.read_text().split()
    clients: dict[str, Callable[[Any], Awaitable[None]]] = {"ours, guarded": ours, "httpx": plain_httpx}
    try:
        import aiohttp  # noqa: F401

        clients["aiohttp"] = plain_aiohttp
    except ImportError:
        print("aiohttp is not installed and left out")
    costs: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for _ in range(arguments.rounds):
        for name, client in clients.items():
            costs[name].append(measure(client, urls, arguments.workers))
    print(
        f"{len(urls)} addresses, {arguments.rounds} rounds, {arguments.workers} workers; CPU ms per request: median (least)"
    )
    for name, rounds in costs.items():
        cold, warm = zip(*rounds, strict=True)
        print(
            f"{name:14}  200: {median(cold):.2f} ({min(cold):.2f})   304: {median(warm):.2f} ({min(warm):.2f})"
        )


if __name__ == "__main__":
    main()
