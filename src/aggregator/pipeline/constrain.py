"""Stories divided as the neighbour graph says and editors allow; whoever has stories changed calls this."""

from collections.abc import Collection, Mapping, Sequence

from aggregator import relate
from aggregator.model import StoryRule
from aggregator.relate import constraints
from aggregator.settings import RelateSettings
from aggregator.store import Store, Writer


def divide(
    store: Store,
    settings: RelateSettings,
    touched: Collection[int],
    rules: Sequence[StoryRule],
    *,
    freed: Collection[int] = (),
) -> Mapping[int, int]:
    """Divide the stories that these articles are in or next to again; numbers are kept by greatest overlap.

    Args:
        rules: what editors decided, the newest first.
        freed: articles that a verdict held in a story, and holds no more.

    Returns:
        The articles whose story changes, with the new number.
    """
    items = store.items_by_id(touched)  # fewer, where some were purged meanwhile
    if not items:
        return {}
    since = min(item.article.first_seen_at for item in items.values()) - settings.window
    edges, membership = store.story_graph(store.first_id_since(since), near=items)
    if not rules and not freed:
        return relate.refine(edges, membership, touched=items)
    edges = constraints.allowed(edges, rules)
    changes = relate.refine(edges, membership, touched=items)
    named = _named(rules, {*membership, *items}) | set(freed)
    around = store.around(named)
    before = {**around.membership, **membership}
    edges = constraints.allowed({*edges, *around.edges}, rules)
    after = {**before, **changes}
    after |= constraints.released(after, freed, edges)
    after |= constraints.honour(after, rules, edges=edges, copies=around.copies, before=before)
    return {article: number for article, number in after.items() if before.get(article) != number}


def place(writer: Writer, arrived: Collection[int]) -> None:
    """New articles that verdicts name to the stories where they must be, in the transaction that brings them."""
    rules = writer.story_rules()
    named = _named(rules, arrived)
    if not named:
        return
    around = writer.around(named)
    writer.set_stories(constraints.honour(around.membership, rules, edges=around.edges, copies=around.copies))


def _named(rules: Sequence[StoryRule], articles: Collection[int]) -> set[int]:
    """The articles that must be together with some of these, or must not."""
    units = constraints.Units.of(rules)
    near = {units.unit[article] for article in articles if article in units.unit}
    near |= {foe for unit in near for foe in units.foes.get(unit, ())}
    return {article for unit in near for article in units.members[unit]}
