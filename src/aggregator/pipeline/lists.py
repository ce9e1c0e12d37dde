"""What is read: related lists, topic lists, top stories. Computed when asked for, as of `now`, from what is stored."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from aggregator import relate
from aggregator.errors import UnknownName
from aggregator.identify import alias_key
from aggregator.model import Item, ItemFilter, Related, Story, Topic
from aggregator.normalize import canonical_url
from aggregator.relate import editors
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
    rules = store.list_rules(item.id)
    until_id = None if as_of is None else max(store.first_id_since(as_of), item.id)
    wanted = limit or settings.limit
    pinned = _pinned(store, item, own, rules.pinned, now=as_of or now, until_id=until_id)
    entries = relate.related(
        own,
        candidates,
        items_of=lambda ids: _shown(store, ids, also=item.id, never=rules.never),
        settings=settings,
        since_id=store.first_id_since((as_of or now) - settings.window),
        until_id=until_id,
        now=as_of or now,
        limit=wanted + len(pinned),
        story_id=item.story_id,
        own=store.own_sources(),
    )
    listed = editors.with_pinned(entries, pinned, limit=wanted, per_voice=settings.per_outlet)
    return editors.as_decided(listed, item.id, store.story_rules())


def _shown(store: Store, ids: Iterable[int], *, also: int, never: Collection[int] = ()) -> dict[int, Item]:
    """Stored items without those that editors hid or never want there; the one whose list it is may be hidden itself."""
    return {
        number: item
        for number, item in store.items_by_id(ids).items()
        if (not item.hidden and number not in never) or number == also
    }


def _pinned(
    store: Store, item: Item, own: relate.Features, ids: Sequence[int], *, now: datetime, until_id: int | None
) -> list[Related]:
    """What editors pinned in an item's list, of any age and outlet; nothing that is hidden, or not published yet."""
    if not ids:
        return []
    blobs = store.candidates().get(ids)
    found = _shown(store, (number for number in ids if until_id is None or number < until_id), also=item.id)
    return [
        editors.pinned(own, found[number], blob=blobs.get(number), story_id=item.story_id)
        for number in ids
        if number in found and number != item.id and found[number].article.published_at <= now
    ]


def topic_items(store: Store, topic: Topic, f: ItemFilter) -> list[Item]:
    """The items of a topic that a filter lets through, in the filter's order."""
    said = store.topic_rules(topic.id)
    ids = {
        item.id
        for item in store.topic_items(topic, since=f.since, limit=None)
        if relate.rule(topic, item) is not None
    }
    ids = {number for number in ids if said.get(number, True)} | {
        number for number, inside in said.items() if inside
    }
    return store.items(replace(f, ids=tuple(sorted(ids))))


def topic(
    store: Store, settings: RelateSettings, topic: Topic, *, now: datetime, limit: int | None = None
) -> list[Related]:
    """A topic's list, best first: the newest reports, one per event text, spread over outlets."""
    own = store.own_sources()  # their articles have lists and never stand in one
    since = now - settings.window
    found = {item.id: item for item in store.topic_items(topic, since=since, limit=TOPIC_POOL)}
    said = store.topic_rules(topic.id)
    if said:
        first_id = store.first_id_since(since)
        inside = _shown(store, (number for number, yes in said.items() if yes and number >= first_id), also=0)
        found |= {number: item for number, item in inside.items() if item.copy_of is None}
        found = {number: item for number, item in found.items() if said.get(number, True)}
        urls = (item.article.url for item in inside.values())
        topic = replace(topic, examples=(*topic.examples, *urls))  # which belong, whatever the terms say
    items = [item for _, item in sorted(found.items(), reverse=True) if item.article.source_id not in own]
    entries = relate.topic_list(topic, items, settings=settings, now=now, limit=limit or settings.limit)
    return [
        replace(entry, reasons=("put there by an editor",)) if said.get(entry.item.id) else entry
        for entry in entries
    ]


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
