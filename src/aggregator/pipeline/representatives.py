"""Copy groups -> the member of each that lists show, by the rule of relate.choose_representative."""

from collections.abc import Collection

from aggregator import relate
from aggregator.store import Store, Writer


def choose(store: Store, writer: Writer, articles: Collection[int]) -> None:
    """Choose anew among all members of the groups that these articles are in.

    What the rule asks of an article (its text, whether it is hidden) must be committed: it is read as others see it.
    """
    _choose(store, writer, {group.id: group.members for group in writer.copy_groups(articles)})


def choose_among_new(store: Store, writer: Writer, arrived: Collection[int]) -> None:
    """Where groups gained members: the best of these and of the one shown so far. A group may have thousands of others."""
    new = set(arrived)
    _choose(
        store,
        writer,
        {
            group.id: [group.representative_id, *(member for member in group.members if member in new)]
            for group in writer.copy_groups(new)
        },
    )


def _choose(store: Store, writer: Writer, rivals: dict[int, Collection[int]]) -> None:
    items = store.items_by_id({member for members in rivals.values() for member in members})
    stored = {
        group: [items[member] for member in members if member in items] for group, members in rivals.items()
    }
    writer.set_representatives(
        {group: relate.choose_representative(members) for group, members in stored.items() if members}
    )
