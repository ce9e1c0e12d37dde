"""A new verdict against those in force: which give way, which forbid it. And what verdicts make of a list. Pure."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from aggregator.model import Decision, EditorVerdict, Item, Related, Relation, StoryRule
from aggregator.relate.constraints import Units
from aggregator.relate.features import Features, from_blob
from aggregator.relate.lists import apart, shared_words
from aggregator.relate.selection import choose

Ends = Callable[[EditorVerdict], tuple[str, str]]
"""Names of what a verdict is about, the same for one article by whatever address it was named; "": every other article."""

_OPPOSITE: Mapping[Decision, Decision] = {
    "same_story": "not_same_story",
    "not_same_story": "same_story",
    "never_relate": "pin",
    "pin": "never_relate",
    "in_topic": "not_in_topic",
    "not_in_topic": "in_topic",
}


def gives_way(wanted: EditorVerdict, in_force: Sequence[EditorVerdict], ends: Ends) -> list[EditorVerdict]:
    """The verdicts that say the opposite of the same articles: whoever gives a later one has changed their mind.

    One that keeps an article out of every list takes all its pins back.
    """
    first, other = ends(wanted)
    found = []
    for given in in_force:
        if given.kind != _OPPOSITE.get(wanted.kind):
            continue
        if wanted.kind == "never_relate" and not other:
            if ends(given)[1] == first:
                found.append(given)
        elif wanted.kind in ("in_topic", "not_in_topic"):
            if ends(given) == (first, other):
                found.append(given)
        elif set(ends(given)) == {first, other}:
            found.append(given)
    return found


def forbid(wanted: EditorVerdict, in_force: Sequence[EditorVerdict], ends: Ends) -> list[EditorVerdict]:
    """The verdicts that a new one cannot hold beside, and that say more than its opposite; the newest first.

    Args:
        in_force: without those that give way.
    """
    first, other = ends(wanted)
    if wanted.kind == "pin":
        return [given for given in in_force if given.kind == "never_relate" and ends(given) == (other, "")]
    if wanted.kind not in ("same_story", "not_same_story"):
        return []
    together = [given for given in in_force if given.kind == "same_story"]
    ways, others = _ways(first, together, ends), _ways(other, together, ends)
    if wanted.kind == "not_same_story":
        return _newest_first(ways.get(other, []))
    for given in in_force:
        if given.kind == "not_same_story":
            for a, b in (ends(given), ends(given)[::-1]):
                if a in ways and b in others:
                    return _newest_first([*ways[a], given, *others[b]])
    return []


def _ways(start: str, together: Sequence[EditorVerdict], ends: Ends) -> dict[str, list[EditorVerdict]]:
    """Every article that is in one story with this one -> the fewest verdicts that make it so."""
    ways: dict[str, list[EditorVerdict]] = {start: []}
    waiting = deque([start])
    while waiting:
        here = waiting.popleft()
        for given in together:
            if here in ends(given):
                (there,) = set(ends(given)) - {here} or {here}
                if there not in ways:
                    ways[there] = [*ways[here], given]
                    waiting.append(there)
    return ways


def _newest_first(given: Sequence[EditorVerdict]) -> list[EditorVerdict]:
    return sorted(given, key=lambda one: -one.id)


def pinned(article: Features, item: Item, *, blob: bytes | None, story_id: str | None) -> Related:
    """An item that an editor pinned in the list of an article.

    Args:
        blob: its features; None: it is not linked yet.
        story_id: of the article.
    """
    together = story_id is not None and item.story_id == story_id
    reasons = ["pinned by an editor"]
    if blob is not None and (words := shared_words(article, from_blob(item.id, blob), item)):
        reasons.append("shares " + ", ".join(words))
    reasons.append(apart(article.at, item.article.published_at))
    if together:
        reasons.append("same story")
    relation: Relation = "same_story" if together else "related"
    return Related(item=item, score=1.0, relation=relation, reasons=tuple(reasons))


def as_decided(entries: Sequence[Related], article_id: int, rules: Sequence[StoryRule]) -> list[Related]:
    """The entries with the relation that editors gave them, where they said whether it is one story.

    Args:
        article_id: of the article whose list it is.
    """
    if not rules:
        return list(entries)
    units = Units.of(rules)

    def decided(entry: Related) -> Related:
        together = units.unit.get(entry.item.id, -1) == units.unit.get(article_id, -2)
        if not together and not units.are_apart(entry.item.id, article_id):
            return entry
        said = "put into one story by an editor" if together else "kept out of its story by an editor"
        reasons = (*(reason for reason in entry.reasons if reason != "same story"), said)
        return replace(entry, relation="same_story" if together else "related", reasons=reasons)

    return [decided(entry) for entry in entries]


def with_pinned(
    entries: Sequence[Related], pinned: Sequence[Related], *, limit: int, per_voice: int
) -> list[Related]:
    """A related list with what editors pinned before everything else.

    An entry that is pinned, or is the same text, stands once; voices are mixed behind the pinned ones.

    Args:
        entries: best first.
        pinned: likewise.
    """
    if not pinned:
        return list(entries)
    groups = {_group(entry) for entry in pinned}
    rest = [entry for entry in entries if _group(entry) not in groups]
    best = max([1.0, *(entry.score for entry in rest)])
    first = [replace(entry, score=best) for entry in pinned[:limit]]
    every = [*first, *rest]
    # What is pinned stays, even where it says what another pinned one says, or one voice has too much of it.
    positions = choose([entry.item for entry in every], limit=limit, per_voice=per_voice)
    behind = [every[position] for position in positions if position >= len(first)]
    return [*first, *behind[: limit - len(first)]]


def _group(entry: Related) -> int:
    return entry.item.copy_of if entry.item.copy_of is not None else entry.item.id
