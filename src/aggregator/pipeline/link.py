"""The link pass: what is new since the last one gets its copies, its neighbours and its story.

Reads on from a cursor in the store, so that a poll ends with its commit and linking can run after it, as a job of its
own, or in another process.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from aggregator import relate
from aggregator.settings import RelateSettings
from aggregator.store import Store, Writer

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
    owners = store.owners()
    while articles := store.to_link(store.link_cursor(), BATCH):
        with store.write() as writer:
            results = relate.link(
                articles,
                writer.candidates(),
                owners=owners,
                settings=settings,
                since_id=store.first_id_since,
                story_of=writer.stories_of,
            )
            newest = results[-1].article_id
            writer.save_links(results, cursor=newest)
            new = [result.article_id for result in results]
            _choose_representatives(store, writer, new)
        refine_stories(store, settings, since=articles[0].first_seen_at - settings.window, touched=new)
        linked += len(articles)
        if progress is not None:
            progress(linked)
    return linked


def refine_stories(
    store: Store, settings: RelateSettings, *, since: datetime, touched: Collection[int] | None = None
) -> None:
    """Divide the window's neighbour graph into stories again; numbers are kept by greatest overlap.

    Args:
        since: where the window begins.
        touched: only the stories that these articles are in or next to; None: all.
    """
    edges, membership = store.story_graph(store.first_id_since(since), near=touched)
    changes = relate.refine(edges, membership, touched=touched)
    if changes:
        with store.write() as writer:
            writer.set_stories(changes)


def _choose_representatives(store: Store, writer: Writer, new: Sequence[int]) -> None:
    """Where a copy group gained members, the best of them and of its representative so far is what lists show."""
    arrived = set(new)
    rivals = {
        group.id: [group.representative_id, *(member for member in group.members if member in arrived)]
        for group in writer.copy_groups(new)
    }
    items = store.items_by_id({member for members in rivals.values() for member in members})
    writer.set_representatives(
        {
            group_id: relate.choose_representative([items[member] for member in members if member in items])
            for group_id, members in rivals.items()
        }
    )
