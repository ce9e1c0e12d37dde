"""The command line over a store and a pipeline that hold a few invented articles, for tests of what people type and see."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result

from aggregator.cli import root
from aggregator.cli.session import Session
from aggregator.errors import UnknownName
from aggregator.model import (
    EditorVerdict,
    Feed,
    FeedState,
    Item,
    ItemFilter,
    Key,
    Poll,
    Related,
    Sighting,
    Source,
    Story,
    Topic,
)
from render_samples import NOW, make_copy, make_item, make_related, make_revision

CONFIG = """
[display]
timezone = "Europe/Berlin"

[[sources]]
id = "harbour-post"
name = "The Harbour Post"
url = "https://www.harbourpost.example/"
[[sources.feeds]]
url = "https://www.harbourpost.example/rss"

[[topics]]
id = "ports"
name = "Ports and shipping"
any = ["ferry"]
"""

SOURCES = (
    Source(
        id="harbour-post",
        name="The Harbour Post",
        url="https://www.harbourpost.example/",
        feeds=(Feed(url="https://www.harbourpost.example/rss", source_id="harbour-post", id="harbour"),),
    ),
    Source(
        id="northern-ledger",
        name="Northern Ledger",
        url="https://www.northernledger.example/",
        feeds=(Feed(url="https://www.northernledger.example/rss", source_id="northern-ledger", id="ledger"),),
    ),
)
TOPICS = (Topic(id="ports", name="Ports and shipping", any=("ferry", "dockers")),)
POLLS = (
    Poll(feed_id="harbour", source_id="harbour-post", url="https://www.harbourpost.example/rss", at=NOW,
         outcome="ok", status=200, served=2, new=2),
    Poll(feed_id="ledger", source_id="northern-ledger", url="https://www.northernledger.example/rss", at=NOW,
         outcome="error", error_kind="network", error="no answer within 30 s"),
)  # fmt: skip


@dataclass
class FakeStore:
    """Answers with what it was given and remembers what it was asked."""

    held: Sequence[Item] = field(
        default_factory=lambda: (
            make_item(2, title="Dockers in Tarn extend strike", published_at=NOW - timedelta(minutes=5)),
            make_item(
                1,
                agency="Meridian Wire",
                copies=(make_copy(),),
                revisions=(make_revision(),),
                story_id="4f2a91",
            ),
        )
    )
    asked: list[ItemFilter] = field(default_factory=list)
    created: bool = False
    url: str = "sqlite:///fake.db"

    def items(self, f: ItemFilter) -> list[Item]:
        self.asked.append(f)
        return list(self.held)

    def count(self, f: ItemFilter) -> int:
        self.asked.append(f)
        return 4711

    def items_by_id(self, ids: Sequence[int]) -> dict[int, Item]:
        return {item.id: item for item in self.held if item.id in ids}

    def sources(self) -> Sequence[Source]:
        return SOURCES

    def topics(self) -> Sequence[Topic]:
        return TOPICS

    def feed_states(self) -> dict[str, FeedState]:
        return {
            "harbour": FeedState(feed_id="harbour", checked_at=NOW - timedelta(hours=1)),
            "ledger": FeedState(feed_id="ledger", checked_at=NOW, error_count=3, error_kind="network"),
        }

    def feed_habits(self) -> dict[str, str]:
        return {}

    def story(self, prefix: str) -> Story:
        if not "4f2a91".startswith(prefix):
            raise UnknownName("story", prefix, ["4f2a91"])
        return Story(id="4f2a91", headline="Ferry aground", outlets=("The Harbour Post",), independent=1,
                     article_ids=(2, 1), first_at=NOW - timedelta(hours=2), last_at=NOW)  # fmt: skip

    def polls(self, since: datetime | None = None, feed_ids: Sequence[str] | None = None, limit: int | None = None,
              **_: Any) -> Sequence[Poll]:  # fmt: skip
        return [poll for poll in POLLS if feed_ids is None or poll.feed_id in feed_ids][:limit]

    def article_details(self, article_id: int) -> Any:
        return SimpleNamespace(
            item=next(item for item in self.held if item.id == article_id),
            visit=None,
            neighbours=((2, 0.25),),
            sightings=(Sighting(article_id=article_id, feed_id="harbour", first_seen_at=NOW),),
            keys=(Key(-1, "url"),),
        )

    def verdicts_about(self, *hashes: int) -> Sequence[EditorVerdict]:
        placed = EditorVerdict(
            id=7, kind="in_topic", url="https://x.example/1", url_hash=-1, other="ports", at=NOW, by="ada"
        )
        return [placed] if -1 in hashes else []


class FakeLists:
    """pipeline.lists over a FakeStore."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def find_item(self, store: FakeStore, id_or_url: str) -> Item:
        for item in store.held:
            if id_or_url in (str(item.id), item.article.url):
                return item
        raise UnknownName("item", id_or_url)

    def related(self, store: FakeStore, settings: Any, item: Item, **asked: Any) -> list[Related]:
        self.asked.append(asked)
        older = make_related(11, score=0.9, published_at=NOW - timedelta(hours=5))
        newer = make_related(12, score=0.4, relation="related", published_at=NOW - timedelta(hours=1))
        return [older, newer][: asked["limit"]] if store.held else []

    def topic(self, store: FakeStore, settings: Any, topic: Topic, **asked: Any) -> list[Related]:
        return self.related(store, settings, make_item(), **asked)

    def topic_items(self, store: FakeStore, topic: Topic, f: ItemFilter) -> list[Item]:
        store.asked.append(f)
        return [store.held[0]]

    def story(self, store: FakeStore, prefix: str) -> tuple[Story, list[Item]]:
        found = store.story(prefix)
        items = store.items_by_id(found.article_ids)
        return found, [items[number] for number in found.article_ids if number in items]

    def top_stories(self, store: FakeStore, settings: Any, **asked: Any) -> list[Story]:
        self.asked.append(asked)
        return [store.story("4f2a91")] if store.held else []


class Cli:
    """Types command lines."""

    def __init__(self, store: FakeStore, lists: FakeLists) -> None:
        self.store, self.lists = store, lists

    def __call__(self, *arguments: str, env: dict[str, str] | None = None, charset: str = "utf-8") -> Result:
        return CliRunner(charset=charset, env={"COLUMNS": "100", **(env or {})}).invoke(
            root, ["--now", NOW.isoformat(), *arguments], catch_exceptions=False, prog_name="aggregator"
        )

    def json(self, *arguments: str) -> Any:
        result = self(*arguments, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)


def fake_cli(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Cli:
    """A command line whose store and lists are the fakes; its configuration is a real file in the folder."""
    store, lists = FakeStore(), FakeLists()

    @contextmanager
    def open_store(self: Session, *, create: bool = False) -> Iterator[FakeStore]:
        yield store

    monkeypatch.setattr(Session, "store", open_store)
    monkeypatch.setitem(sys.modules, "aggregator.pipeline.lists", lists)
    monkeypatch.setattr("aggregator.pipeline.lists", lists, raising=False)
    config = folder / "sources.toml"
    config.write_text(CONFIG)
    monkeypatch.setenv("AGGREGATOR_CONFIG", str(config))
    return Cli(store, lists)
