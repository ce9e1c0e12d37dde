"""What editors decided as labelled data, to measure stories and related lists by, or to learn from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aggregator.identify import alias_key
from aggregator.model import EditorVerdict, Item
from aggregator.relate import labels
from aggregator.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledItem:
    """A stored article that a verdict names."""

    id: str  # made of its canonical URL: the same in every store
    item: Item  # with its text
    story: str  # "": nobody decided


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """How well articles go with one."""

    of: str
    grades: Mapping[str, int]  # 0 to 3: relate.labels says which verdict gives which
    copies: Sequence[str]  # of the graded: the same text again


def labelled(store: Store) -> tuple[list[LabelledItem], list[Judgement]]:
    """The articles in the order of arrival, and the judgements on each. Of what is not stored nothing is said."""
    in_force = [
        one for one in store.verdicts() if one.kind not in ("hide", "not_copy", "in_topic", "not_in_topic")
    ]
    items: dict[str, Item] = {}
    names: dict[int, str] = {}  # hash of a key -> id
    for one in in_force:
        for url, url_hash in ((one.url, one.url_hash), (one.other, one.other_hash)):
            if url_hash is not None and url_hash not in names:
                item = store.item_by_url(url, (url_hash,))
                found = url_hash if item is None else alias_key(item.article.canonical_url).hash
                names[url_hash] = f"{found & (1 << 64) - 1:016x}"
                if item is not None:
                    details = store.article_details(item.id)
                    items[names[url_hash]] = item if details is None else details.item

    def ends(one: EditorVerdict) -> tuple[str, str]:
        return names[one.url_hash], "" if one.other_hash is None else names[one.other_hash]

    story = labels.stories(in_force, ends)
    group = {
        name: item.copy_of if item.copy_of is not None else item.id
        for name, item in items.items()
        if item.copies or item.copy_of is not None
    }
    grades = labels.grades(in_force, ends)
    arrived = sorted(items, key=lambda name: items[name].id)
    judgements = []
    for name in arrived:
        graded = {other: grade for other, grade in grades.get(name, {}).items() if other in items}
        if graded:
            judgements.append(Judgement(of=name, grades=graded, copies=labels.copies(graded, name, group)))
    return (
        [LabelledItem(id=name, item=items[name], story=story.get(name, "")) for name in arrived],
        judgements,
    )
