"""The link pass, and what a pass that was killed leaves to the next one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from aggregator.model import Article
from aggregator.pipeline.link import link
from aggregator.settings import RelateSettings
from aggregator.store import Store
from store_helpers import NOW, SOURCES, add, article


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path / 'news.db'}", create=True) as opened:
        with opened.write() as writer:
            writer.sync_config(SOURCES, (), "digest", NOW)
        add(
            opened,
            article("1", title="Island closes its old harbour for two years after the March storm"),
            article("2", title="Old harbour of the island to close for two years, engineers say"),
            article("3", title="A whale is seen off the southern lighthouse"),
        )
        yield opened


def stories(store: Store) -> dict[int, int]:
    _, membership = store.story_graph(0)
    return membership


def test_a_pass_killed_before_its_stories_were_refined_links_nothing_twice(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[set[int]] = []
    story_graph = Store.story_graph

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    def watched(self: Store, since_id: int, *, near: set[int]) -> object:
        asked.append(set(near))
        return story_graph(self, since_id, near=near)

    monkeypatch.setattr(Store, "story_graph", killed)
    with pytest.raises(KeyboardInterrupt):
        link(store, RelateSettings())
    assert (store.link_cursor(), store.to_refine()) == (3, [1, 2, 3])

    monkeypatch.setattr(Store, "story_graph", watched)
    assert link(store, RelateSettings()) == 0, "they are linked already"
    assert (asked, store.to_refine()) == ([{1, 2, 3}], [])
    assert link(store, RelateSettings()) == 0
    assert asked == [{1, 2, 3}], "once is enough"

    monkeypatch.undo()
    membership = stories(store)
    assert membership[1] == membership[2] != membership[3]


def test_a_pass_that_ends_leaves_nothing_to_refine(store: Store) -> None:
    told: list[int] = []
    assert link(store, RelateSettings(), progress=told.append) == 3
    assert (told, store.link_cursor(), store.to_refine()) == ([3], 3, [])


def test_what_another_process_links_meanwhile_is_not_linked_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    to_link, faster = Store.to_link, [RelateSettings()]

    def overtaken(self: Store, after_id: int, limit: int) -> list[Article]:
        articles = to_link(self, after_id, limit)
        if faster:
            assert link(self, faster.pop()) == 3
        return articles

    monkeypatch.setattr(Store, "to_link", overtaken)
    assert link(store, RelateSettings()) == 0
    assert (store.link_cursor(), store.to_refine()) == (3, [])
