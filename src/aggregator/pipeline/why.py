"""One answer to "what became of this address?": stored and listed, a copy, hidden, purged, rejected, or never served."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from aggregator.errors import UnknownName
from aggregator.identify import alias_key
from aggregator.model import EditorVerdict, Feed, FeedState, Item, Sighting, Visit
from aggregator.normalize import canonical_url, same_site
from aggregator.pipeline.lists import find_item
from aggregator.store import Gap, Rejection, Store, Tombstone

Fate = Literal["listed", "copy", "hidden", "purged", "rejected", "not_served"]
"""listed: stored, and may stand in lists. copy: another article with the same text stands for it. hidden: by an editor.
purged: retention took it. rejected: feeds served it, and every time it was refused. not_served: no poll saw it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of an address, with what is known about it. Each part is empty where it does not apply."""

    asked: str  # as it was given
    canonical_url: str | None
    fate: Fate
    item: Item | None = None
    stands_for_it: Item | None = None  # the copy that lists show
    linked: bool = True  # the link pass has come to it
    visit: Visit | None = None  # to its own page
    sightings: Sequence[Sighting] = ()
    verdicts: Sequence[EditorVerdict] = ()
    tombstones: Sequence[Tombstone] = ()
    rejections: Sequence[Rejection] = ()
    could_have: Sequence[tuple[Feed, FeedState | None]] = ()  # feeds of the site: they would have brought it
    gaps: Sequence[Gap] = ()  # times in which one of them may have missed articles


def why(store: Store, id_or_url: str) -> Answer:
    """What became of an article.

    Raises:
        UnknownName: it is neither the id of an article there was, nor a web address.
    """
    asked = id_or_url.strip()
    if asked.isdigit():
        return _of_id(store, asked)
    canonical = canonical_url(asked)
    if canonical is None:
        raise UnknownName("item", asked, hint="Give an id, or an http(s) address.")
    hashes = (alias_key(canonical).hash,)
    verdicts = store.verdicts_about(hashes[0])
    try:
        return _of_item(store, asked, find_item(store, asked))
    except UnknownName:
        pass
    rejections = store.rejections(
        canonical.rpartition("/")[2] or canonical, lambda what: canonical in (what, canonical_url(what))
    )
    tombstones = store.tombstones(hashes)
    if tombstones or rejections:
        fate: Fate = "purged" if tombstones else "rejected"
        return Answer(
            asked=asked,
            canonical_url=canonical,
            fate=fate,
            verdicts=verdicts,
            tombstones=tombstones,
            rejections=rejections,
        )
    states = store.feed_states()
    sources = [
        source
        for source in store.sources()
        if same_site(canonical, source.url) or any(same_site(canonical, feed.url) for feed in source.feeds)
    ]
    return Answer(
        asked=asked,
        canonical_url=canonical,
        fate="not_served",
        verdicts=verdicts,
        could_have=[(feed, states.get(feed.id)) for source in sources for feed in source.feeds],
        gaps=store.gaps(source_ids=[source.id for source in sources]) if sources else (),
    )


def _of_id(store: Store, asked: str) -> Answer:
    number = int(asked)
    item = store.item(number)
    if item is not None:
        return _of_item(store, asked, item)
    tombstones = store.tombstones(article_id=number) if number < 1 << 63 else []
    if not tombstones:
        raise UnknownName("item", asked, hint="`aggregator items` lists what is stored.")
    return Answer(asked=asked, canonical_url=None, fate="purged", tombstones=tombstones)


def _of_item(store: Store, asked: str, item: Item) -> Answer:
    details = store.article_details(item.id)
    assert details is not None, "it was found a moment ago"
    fate: Fate = "hidden" if item.hidden else "copy" if item.copy_of is not None else "listed"
    return Answer(
        asked=asked,
        canonical_url=item.article.canonical_url,
        fate=fate,
        item=item,
        stands_for_it=store.item(item.copy_of) if item.copy_of is not None else None,
        linked=details.linked,
        visit=details.visit,
        sightings=details.sightings,
        verdicts=store.verdicts_about(*(key.hash for key in details.keys)),
    )
