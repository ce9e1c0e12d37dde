"""A sitemap index is polled like one document: its newest parts are asked at every poll, whatever they are called."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from aggregator import config
from aggregator.model import ItemFilter, Poll
from aggregator.pipeline.poll import poll
from aggregator.pipeline.preview import preview
from aggregator.store import Store

NOW = datetime(2026, 5, 14, 12, 0, tzinfo=UTC)
SITE = "https://tarn.example"
CONFIGURATION = """
[store]
database = "news.db"
[fetch]
host_gap = "0s"
[[sources]]
id = "tarn"
name = "Tarn Times"
url = "https://tarn.example/"
[[sources.feeds]]
url = "https://tarn.example/index.xml"
kind = "sitemap"
headers = { X-Key = "s3cret" }
"""


def index(*parts: tuple[str, str]) -> bytes:
    inner = "".join(f"<sitemap><loc>{url}</loc><lastmod>{at}</lastmod></sitemap>" for url, at in parts)
    return f"<sitemapindex>{inner}</sitemapindex>".encode()


def part(*numbers: int) -> bytes:
    inner = "".join(
        f"<url><loc>{SITE}/{number}</loc><news:news><news:title>Report number {number}</news:title>"
        f"<news:publication_date>2026-05-14T0{number}:00:00Z</news:publication_date></news:news></url>"
        for number in numbers
    )
    space = 'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'
    return f"<urlset {space}>{inner}</urlset>".encode()


class Tarn:
    """The outlet, and the program that polls it."""

    def __init__(self, folder: Path) -> None:
        path = folder / "sources.toml"
        path.write_text(CONFIGURATION)
        self.config = config.load(path, environ={})
        self.store = Store.open(self.config.store.database, create=True, settings=self.config.store)
        self.now = NOW
        self.served: dict[str, bytes | int] = {}
        self.asked: Counter[str] = Counter()
        self.keys: dict[str, str | None] = {}

    def _answer(self, request: httpx.Request) -> httpx.Response:
        url = str(request.url)
        self.asked[url] += 1
        self.keys[url] = request.headers.get("x-key")
        body = self.served.get(url, 404)
        if isinstance(body, int):
            return httpx.Response(body)
        return httpx.Response(200, content=body, headers={"etag": '"same"', "content-type": "text/xml"})

    def poll(self) -> Poll:
        self.now += timedelta(hours=1)
        transport = httpx.MockTransport(self._answer)
        (done,) = poll(self.config, self.store, clock=lambda: self.now, all=True, transport=transport).polls
        return done

    def titles(self) -> set[str]:
        return {item.article.title for item in self.store.items(ItemFilter(state="all"))}


@pytest.fixture
def tarn(tmp_path: Path) -> Iterator[Tarn]:
    tarn = Tarn(tmp_path)
    tarn.served[f"{SITE}/index.xml"] = index(
        (f"{SITE}/2026-05.xml", "2026-05-14"),
        (f"{SITE}/2026-04.xml", "2026-05-01"),
        (f"{SITE}/a.xml", "2026-05-13"),
    )
    tarn.served[f"{SITE}/2026-05.xml"] = part(1, 2)
    tarn.served[f"{SITE}/a.xml"] = part(3)
    yield tarn
    tarn.store.close()


def test_the_newest_parts_are_read_as_one(tarn: Tarn) -> None:
    done = tarn.poll()
    assert (done.outcome, done.served, done.new) == ("ok", 3, 3)
    assert tarn.titles() == {f"Report number {number}" for number in (1, 2, 3)}
    assert tarn.asked[f"{SITE}/2026-04.xml"] == 0


def test_a_part_is_asked_again_though_the_index_is_as_it_was(tarn: Tarn) -> None:
    tarn.poll()
    tarn.served[f"{SITE}/2026-05.xml"] = part(1, 2, 4)
    done = tarn.poll()
    assert (done.outcome, done.new, done.unchanged) == ("ok", 1, 3)


def test_next_months_part_is_found(tarn: Tarn) -> None:
    tarn.poll()
    tarn.served[f"{SITE}/index.xml"] = index(
        (f"{SITE}/2026-06.xml", "2026-06-01"), (f"{SITE}/2026-05.xml", "2026-05-20")
    )
    tarn.served[f"{SITE}/2026-06.xml"] = part(5)
    assert tarn.poll().new == 1
    assert "Report number 5" in tarn.titles()


def test_a_part_that_fails_costs_only_its_own_articles(tarn: Tarn) -> None:
    tarn.served[f"{SITE}/a.xml"] = 500
    done = tarn.poll()
    assert (done.outcome, done.new) == ("ok", 2)
    assert done.note is not None
    assert "a part failed: https://tarn.example/a.xml: the server answered 500" in done.note


def test_when_all_parts_fail_the_feed_does(tarn: Tarn) -> None:
    tarn.served[f"{SITE}/a.xml"] = tarn.served[f"{SITE}/2026-05.xml"] = 503
    done = tarn.poll()
    assert (done.outcome, done.error_kind, done.status) == ("error", "server", 503)
    assert done.error is not None
    assert done.error.startswith("its part https://tarn.example/")


def test_an_index_within_an_index_ends_there(tarn: Tarn) -> None:
    tarn.served[f"{SITE}/index.xml"] = index((f"{SITE}/index.xml", "2026-05-14"))
    done = tarn.poll()
    assert (done.outcome, done.error_kind) == ("error", "content")
    assert "an index within an index" in (done.error or "")
    assert tarn.asked[f"{SITE}/index.xml"] == 2


def test_secrets_stay_at_the_feeds_own_origin(tarn: Tarn) -> None:
    other = "https://parts.example/news.xml"
    tarn.served[f"{SITE}/index.xml"] = index((other, "2026-05-14"), (f"{SITE}/news.xml", "2026-05-14"))
    tarn.served[other] = tarn.served[f"{SITE}/news.xml"] = part(6)
    assert tarn.poll().new == 1
    assert tarn.keys[other] is None
    assert tarn.keys[f"{SITE}/news.xml"] == "s3cret"


def test_a_preview_follows_it_too(tarn: Tarn) -> None:
    transport = httpx.MockTransport(tarn._answer)
    ((_, _, articles),) = preview(tarn.config, tarn.config.sources[0], clock=lambda: NOW, transport=transport)
    assert len(articles) == 3
