"""The link pass: what is new since the last one gets its copies, its neighbours and its story.

Reads on from a cursor in the store, so that a poll ends with its commit and linking can run after it, as a job of its
own, or in another process.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache

from aggregator import relate
from aggregator.model import Article
from aggregator.pipeline import constrain, representatives
from aggregator.settings import RelateSettings
from aggregator.store import Store

INDEXED_AT_ONCE = 5_000
BATCH = 100
"""Articles per transaction, and between two refinements of the stories: the streaming figure that was measured."""


def link(
    store: Store,
    settings: RelateSettings,
    *,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Link everything that is not linked yet. Returns how many articles that were.

    Args:
        progress: called with the number linked so far, after each batch.

    Raises:
        StoreError: the database refused; the batches before are kept, the next pass goes on from there.
    """
    linked = 0
    index_again(store)
    owners = store.owners()
    refine_stories(store, settings, store.to_refine())  # of a pass that was killed in between
    while articles := store.to_link(store.link_cursor(), BATCH):
        linked += _link_batch(store, settings, articles, owners=owners)
        if progress is not None:
            progress(linked)
    while articles := store.to_relink(BATCH):
        _link_batch(store, settings, articles, owners=owners, again=True)
    return linked


def _link_batch(
    store: Store,
    settings: RelateSettings,
    articles: Sequence[Article],
    *,
    owners: Mapping[str, str],
    again: bool = False,
) -> int:
    """Returns how many it linked: none where another process was at it meanwhile."""
    ids = [article.id for article in articles if article.id is not None]
    with store.write() as writer:
        if not again and store.link_cursor() >= ids[0]:
            return 0
        together: set[int] = set()
        if again:
            together.update(*(group.members for group in writer.copy_groups(ids)))
            writer.unlink(ids)
        outlets = {article.source_id for article in articles}
        known = writer.boilerplate(outlets)
        boilerplate = {name: relate.Boilerplate.from_bytes(known.get(name, b"")) for name in outlets}
        results = relate.link(
            articles,
            writer.candidates(),
            owners=owners,
            settings=settings,
            since_id=cache(store.first_id_since),  # nearly all of a batch came at one instant
            story_of=writer.stories_of,
            boilerplate=boilerplate,
            again=again,
        )
        writer.save_links(results, cursor=None if again else ids[-1])
        if not again:
            constrain.place(writer, ids)
            writer.save_boilerplate({name: learned.to_bytes() for name, learned in boilerplate.items()})
        writer.set_teasers(_shown_otherwise(articles, boilerplate))
        if again:
            representatives.choose(store, writer, together.union(ids))
        else:
            representatives.choose_among_new(store, writer, ids)
    refine_stories(store, settings, ids)
    return len(ids)


def _shown_otherwise(
    articles: Sequence[Article], boilerplate: Mapping[str, relate.Boilerplate]
) -> dict[int, str]:
    """Article id -> its teaser without what its outlet turned out to repeat, where that makes a difference."""
    shown = {
        article.id: boilerplate[article.source_id].shown_teaser(article.teaser)
        for article in articles
        if article.id is not None
    }
    return {
        article.id: shown[article.id]
        for article in articles
        if article.id and shown[article.id] != article.teaser
    }


def index_again(store: Store) -> None:
    """Candidates from the features, where a new version finds them in another way: once, the newest first."""
    while blobs := store.to_index(INDEXED_AT_ONCE):
        rows = []
        for number, blob in blobs.items():
            try:
                rows.append(relate.index_row(relate.from_blob(number, blob)))
            except ValueError:  # of a layout that is no longer read
                continue
        with store.write() as writer:
            writer.index_again(rows, below=min(blobs) if len(blobs) == INDEXED_AT_ONCE else None)


def refine_stories(store: Store, settings: RelateSettings, touched: Collection[int]) -> None:
    """Divide the stories that these articles are in or next to again, as editors allow.

    The graph is read outside of the write transaction, which others wait for; that it was done is written with what came
    of it.
    """
    if not touched:
        return
    while True:
        rules = store.story_rules()
        changes = constrain.divide(store, settings, touched, rules)
        with store.write() as writer:
            # Otherwise an editor decided meanwhile, and what was found may break it.
            if writer.story_rules() == rules:
                writer.set_stories(changes, refined=touched)
                return
