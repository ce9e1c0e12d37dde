"""What is read: related lists, topic lists, top stories. Computed when asked for, as of `now`, from what is stored."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from aggregator import relate
from aggregator.errors import UnknownName
from aggregator.identify import alias_key
from aggregator.model import Item, ItemFilter, Related, Story, Topic
from aggregator.normalize import canonical_url
from aggregator.settings import RelateSettings
from aggregator.store import Store

TOPIC_POOL = 400
"""Articles of the window that a topic's list is chosen from."""


def find_item(store: Store, id_or_url: str) -> Item:
    """A stored article by its id or by any URL it was seen under.

    Raises:
        UnknownName: nothing is stored by that id or URL.
    """
    item: Item | None
    if id_or_url.isdigit():
        item = store.item(int(id_or_url))
    else:
        canonical = canonical_url(id_or_url)
        item = store.item_by_url(id_or_url, (alias_key(canonical).hash,) if canonical else ())
    if item is None:
        raise UnknownName("item", id_or_url, hint="`aggregator items` lists what is stored.")
    return item


def related(
    store: Store,
    settings: RelateSettings,
    item: Item,
    *,
    now: datetime,
    limit: int | None = None,
    as_of: datetime | None = None,
) -> list[Related]:
    """The related list of a stored article, best first.

    Args:
        as_of: only what had been seen by then may stand in it; None: everything seen by now.
    """
    candidates = store.candidates()
    blob = candidates.get([item.id]).get(item.id)
    own = relate.from_blob(item.id, blob) if blob else relate.features(item.article, owner=item.owner)
    return relate.related(
        own,
        candidates,
        items_of=lambda ids: _shown(store, ids, also=item.id),
        settings=settings,
        since_id=store.first_id_since((as_of or now) - settings.window),
        until_id=None if as_of is None else max(store.first_id_since(as_of), item.id),
        now=as_of or now,
        limit=limit or settings.limit,
        story_id=item.story_id,
        own=store.own_sources(),
    )


def _shown(store: Store, ids: Iterable[int], *, also: int) -> dict[int, Item]:
    """Stored items without those that editors hid; the one whose list it is may be hidden itself."""
    return {
        number: item for number, item in store.items_by_id(ids).items() if not item.hidden or number == also
    }


def topic_items(store: Store, topic: Topic, f: ItemFilter) -> list[Item]:
    """The items of a topic that a filter lets through, in the filter's order."""
    ids = tuple(
        item.id
        for item in store.topic_items(topic, since=f.since, limit=None)
        if relate.rule(topic, item) is not None
    )
    return store.items(replace(f, ids=ids))


def topic(
    store: Store, settings: RelateSettings, topic: Topic, *, now: datetime, limit: int | None = None
) -> list[Related]:
    """A topic's list, best first: the newest reports, one per event text, spread over outlets."""
    own = store.own_sources()  # their articles have lists and never stand in one
    found = store.topic_items(topic, since=now - settings.window, limit=TOPIC_POOL)
    items = [item for item in found if item.article.source_id not in own]
    return relate.topic_list(topic, items, settings=settings, now=now, limit=limit or settings.limit)


def top_stories(
    store: Store, settings: RelateSettings, *, now: datetime, limit: int, since: datetime | None = None
) -> list[Story]:
    """Stories of two outlets or more, by how many report independently and how lately."""
    ranked = relate.top_stories(store.stories(since or now - settings.window), now=now)[:limit]
    items = store.items_by_id({number for story in ranked for number in story.article_ids})
    return [_with_headline(story, items) for story in ranked]


def story(store: Store, id_prefix: str) -> tuple[Story, list[Item]]:
    """A story and its reports, newest first; copies stand behind the report that represents them.

    Raises:
        UnknownName: no story, or more than one, has an id that begins so.
    """
    found = store.story(id_prefix)
    items = store.items_by_id(found.article_ids)
    reports = [items[number] for number in found.article_ids if number in items]
    shown = [item for item in reports if item.copy_of is None and not item.hidden]
    return _with_headline(found, items), shown


def _with_headline(story: Story, items: Mapping[int, Item]) -> Story:
    reports = [items[number] for number in story.article_ids if number in items]
    return replace(story, headline=relate.headline(reports)) if reports else story
