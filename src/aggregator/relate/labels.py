"""Verdicts -> labelled data: how well one article goes with another by what editors decided. Pure.

    3   one story, by the verdicts themselves or what follows from them; or pinned
    2   pinned, and never in one story
    1   never in one story, and nothing more: what was taken for one event has something in common
    0   never related

Nothing is said of a pair that nobody decided about. That two articles are no copies is no grade: it takes them out of the
copies, which are as the store has them.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from aggregator.model import EditorVerdict, StoryRule
from aggregator.relate.constraints import Units
from aggregator.relate.editors import Ends


def grades(in_force: Sequence[EditorVerdict], ends: Ends) -> dict[str, dict[str, int]]:
    """Article -> other articles and how well they go with it.

    Args:
        in_force: verdicts, the newest first.
    """
    found: defaultdict[str, dict[str, int]] = defaultdict(dict)
    names, units = _units(in_force, ends)
    for unit, members in units.members.items():
        foes = {foe for other in units.foes.get(unit, ()) for foe in units.members[other]}
        for a in members:
            found[names[a]].update({names[b]: 1 for b in foes})
            found[names[a]].update({names[b]: 3 for b in members if b != a})
    for given in in_force:
        if given.kind == "pin":
            article, other = ends(given)
            found[article][other] = 2 if found[article].get(other) == 1 else 3
    for given in in_force:
        if given.kind == "never_relate":
            article, other = ends(given)
            if other:
                found[article][other] = found[other][article] = 0
    for given in in_force:
        if given.kind == "never_relate" and not ends(given)[1]:
            nowhere = ends(given)[0]
            for article, others in found.items():
                if article != nowhere:
                    others[nowhere] = 0
    return {article: others for article, others in found.items() if others}


def stories(in_force: Sequence[EditorVerdict], ends: Ends) -> dict[str, str]:
    """Article -> its story, of the articles that a verdict places: the smallest of the names that are in it."""
    names, units = _units(in_force, ends)
    return {
        names[article]: min(names[other] for other in members)
        for members in units.members.values()
        for article in members
    }


def copies(graded: Mapping[str, int], of: str, group: Mapping[str, int]) -> list[str]:
    """Those among graded articles that repeat the text of the article itself, or of a better one.

    Args:
        group: article -> its copy group, of those that are in one.
    """
    told = {group[of]} if of in group else set()
    again = []
    for article in sorted(graded, key=lambda article: (-graded[article], article)):
        if article in group:
            if group[article] in told:
                again.append(article)
            told.add(group[article])
    return again


def _units(in_force: Sequence[EditorVerdict], ends: Ends) -> tuple[list[str], Units]:
    """Names by number, and what the verdicts on stories make of the numbers."""
    number: dict[str, int] = {}
    rules = []
    for given in in_force:
        if given.kind in ("same_story", "not_same_story"):
            first, second = (number.setdefault(name, len(number)) for name in ends(given))
            if first != second:
                rules.append(StoryRule(first=first, second=second, together=given.kind == "same_story"))
    return list(number), Units.of(rules)
