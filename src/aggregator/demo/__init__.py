"""The demonstration edition: invented outlets, their saved pages, a fixed now. The whole path runs on it without a network.

The pages are answered by a transport in place of the network; everything behind it is the real thing.
"""

from datetime import UTC, datetime
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx

NOW = datetime(2026, 5, 14, 9, 30, tzinfo=UTC)
"""The moment at which the saved pages were "fetched"."""

LABEL = "DEMONSTRATION EDITION - every outlet, person and event in it is invented"

SOURCES = files(__package__) / "sources.toml"

_PAGES = {
    "https://www.harbourpost.example/rss": ("harbour.xml", "application/rss+xml"),
    "https://www.northernledger.example/rss": ("ledger.xml", "application/rss+xml"),
    "https://valleycourier.example/atom.xml": ("courier.xml", "application/atom+xml"),
    "https://meridianwire.example/rss": ("meridian.xml", "application/rss+xml"),
    "https://dailytarn.example/news": ("daily.html", "text/html"),
    "https://tradeandtide.example/feed.json": ("trade.json", "application/feed+json"),
    "https://www.kuestenblatt.example/rss": ("kuesten.xml", "application/rss+xml"),
    "https://www.abendkurier.example/atom.xml": ("abend.xml", "application/atom+xml"),
}


def transport() -> "httpx.MockTransport":
    """Answers the edition's addresses with its saved pages, and nothing else."""
    import httpx

    def answer(request: httpx.Request) -> httpx.Response:
        page = _PAGES.get(str(request.url))
        if page is None:
            return httpx.Response(404)
        name, media_type = page
        body = (files(__package__) / "pages" / name).read_bytes()
        etag = f'"{len(body)}"'
        if request.headers.get("if-none-match") == etag:
            return httpx.Response(304, headers={"etag": etag})
        headers = {"content-type": f"{media_type}; charset=utf-8", "etag": etag}
        return httpx.Response(200, content=body, headers=headers)

    return httpx.MockTransport(answer)
