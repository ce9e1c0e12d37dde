"""Stories + what editors decided -> stories that honour it: always in one story, or never.

Takes the stories as the communities gave them and changes no more than it must:

- What must be together is one unit. Where a unit lies in several stories, these become one, whole: they are about one
  event. Where that would bring together what must not be, the unit alone moves, to the story it has the strongest ties to.
- Of units that must not be together, the one with the strongest ties to the rest of their story stays; the others leave,
  with copies of theirs that nobody decided about. One that belongs to a unit elsewhere leaves first, and goes there.

Of rules that contradict each other the later one counts. The same stories and rules give the same answer.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from aggregator.model import StoryRule
from aggregator.relate.stories import Edge


def honour(
    membership: Mapping[int, int],
    rules: Sequence[StoryRule],
    *,
    edges: Iterable[Edge] = (),
    copies: Mapping[int, int] | None = None,
    before: Mapping[int, int] | None = None,
) -> dict[int, int]:
    """Stories in which every rule holds.

    Args:
        membership: article -> story number, whole stories of all articles that rules name.
        rules: the newest first. Articles that are in no story count for what they hold together.
        edges: ties between the articles, (article, article, score).
        copies: article -> its copy group.
        before: membership as it is stored: of several numbers, a story takes the one that most of its articles had.

    Returns:
        The articles whose story must change, with its number; nothing where every rule holds.
    """
    units = Units.of(rules)
    if not any(article in membership for article in units.unit):
        return {}
    stories = _Stories.of(membership, units, edges, copies or {}, membership if before is None else before)
    for story in list(stories.articles):
        stories.part(story)
    for unit in sorted(units.members):
        stories.bring_together(unit)
    for story in list(stories.articles):
        stories.part(story)
    return stories.changes(membership)


def allowed(edges: Iterable[Edge], rules: Sequence[StoryRule]) -> list[Edge]:
    """The edges without those between articles that must not be in one story: what holds them together is wrong."""
    units = Units.of(rules)
    return [(a, b, score) for a, b, score in edges if not units.are_apart(a, b)]


def released(membership: Mapping[int, int], articles: Iterable[int], edges: Iterable[Edge]) -> dict[int, int]:
    """Articles that nothing but a verdict held in their story, which was taken back: article -> story of its own.

    Args:
        articles: that the verdict named.
    """
    story = dict(membership)
    tied: defaultdict[int, set[int]] = defaultdict(set)
    for a, b, _ in edges:
        tied[a].add(b)
        tied[b].add(a)
    changes: dict[int, int] = {}
    for article in sorted(set(articles) & story.keys(), reverse=True):
        number = story[article]
        others = {other for other, theirs in story.items() if theirs == number and other != article}
        if others and others.isdisjoint(tied[article]):
            changes[article] = story[article] = free_number([article], set(story.values()))
    return changes


def free_number(articles: Sequence[int], used: Iterable[int]) -> int:
    """For a new story: the number of one of its articles, its negative where the story named after it went on."""
    taken = set(used)
    for number in (*articles, *(-article for article in articles)):
        if number not in taken:
            return number
    return min(taken) - 1


@dataclass(frozen=True, slots=True)
class Units:
    """Rules, settled: what must be together, and which of these must not meet."""

    unit: Mapping[int, int]  # article -> unit, which goes by its smallest article
    members: Mapping[int, frozenset[int]]
    foes: Mapping[int, frozenset[int]]

    @classmethod
    def of(cls, rules: Sequence[StoryRule]) -> "Units":
        """
        Args:
            rules: the newest first: one that contradicts those before it is passed over.
        """
        unit: dict[int, int] = {}
        members: dict[int, set[int]] = {}
        foes: defaultdict[int, set[int]] = defaultdict(set)
        for rule in rules:
            for article in (rule.first, rule.second):
                if article not in unit:
                    unit[article], members[article] = article, {article}
            a, b = sorted((unit[rule.first], unit[rule.second]))
            if a == b or (rule.together and b in foes[a]):
                continue
            if not rule.together:
                foes[a].add(b)
                foes[b].add(a)
                continue
            members[a] |= members[b]
            unit.update(dict.fromkeys(members.pop(b), a))
            for foe in foes.pop(b, ()):
                foes[foe].discard(b)
                foes[foe].add(a)
                foes[a].add(foe)
        return cls(
            unit,
            {name: frozenset(articles) for name, articles in members.items()},
            {name: frozenset(others) for name, others in foes.items() if others},
        )

    def are_apart(self, a: int, b: int) -> bool:
        """Whether two articles must not be in one story."""
        return a in self.unit and b in self.unit and self.unit[b] in self.foes.get(self.unit[a], ())


@dataclass(slots=True)
class _Stories:
    """The stories while they are changed. A story that is split off has a place and no number yet."""

    units: Units
    articles: dict[
        int, set[int]
    ]  # place of a story -> what is in it; the place of one that was there is its number
    place: dict[int, int]  # article -> place of its story
    ties: Mapping[int, Mapping[int, float]]
    copies: Mapping[int, int]
    before: Mapping[int, int]
    split_off: dict[int, int] = field(default_factory=dict)  # place -> the unit that left

    @classmethod
    def of(
        cls,
        membership: Mapping[int, int],
        units: Units,
        edges: Iterable[Edge],
        copies: Mapping[int, int],
        before: Mapping[int, int],
    ) -> "_Stories":
        articles: dict[int, set[int]] = {}
        for article, number in sorted(membership.items()):
            articles.setdefault(number, set()).add(article)
        ties: defaultdict[int, dict[int, float]] = defaultdict(dict)
        for a, b, score in sorted(edges):
            if not units.are_apart(a, b):
                ties[a][b] = ties[b][a] = max(score, ties[a].get(b, 0.0))
        return cls(units, articles, dict(membership), ties, copies, before)

    # --- apart ---------------------------------------------------------------------------------------------------------

    def part(self, story: int) -> None:
        """Have those leave a story that must not be in it together."""
        here = self._units_in(story)
        staying: list[int] = []
        quarrel = [unit for unit in here if self._foes_in(unit, here)]
        for unit in sorted(quarrel, key=lambda unit: self._weaker(unit, story)):
            if self.units.foes[unit].isdisjoint(staying):
                staying.append(unit)
                continue
            homes = [home for home in self._homes(unit) if home != story]
            target = min(homes, key=lambda home: self._farther(unit, home)) if homes else self._new(unit)
            self._move(unit, story, target)

    def _weaker(self, unit: int, story: int) -> tuple[bool, float, int, int]:
        """Sorts units of a story by how much they belong to it, most first."""
        inside = self.units.members[unit] & self.articles[story]
        elsewhere = any(home != story for home in self._homes(unit))
        return elsewhere, -self._pull(unit, story), -len(inside), unit

    def _farther(self, unit: int, story: int) -> tuple[bool, float, int, int]:
        """Sorts stories by how much a unit belongs to each, most first."""
        quarrel = bool(self._foes_in(unit, self._units_in(story)))
        inside = self.units.members[unit] & self.articles[story]
        return quarrel, -self._pull(unit, story), -len(inside), min(self.articles[story])

    def _pull(self, unit: int, story: int) -> float:
        """Ties of a unit to the rest of a story."""
        rest = self.articles[story] - self.units.members[unit]
        pairs = (self.ties.get(article, {}) for article in sorted(self.units.members[unit]))
        return round(sum(score for tied in pairs for other, score in tied.items() if other in rest), 9)

    def _move(self, unit: int, story: int, target: int) -> None:
        """A unit's articles out of a story, with copies of theirs that no rule names."""
        leaving = self.units.members[unit] & self.articles[story]
        groups = {self.copies[article] for article in leaving if article in self.copies}
        leaving |= {
            article
            for article in self.articles[story]
            if article not in self.units.unit and self.copies.get(article) in groups
        }
        self.articles[story] -= leaving
        self.articles.setdefault(target, set()).update(leaving)
        self.place.update(dict.fromkeys(leaving, target))
        if not self.articles[story]:
            del self.articles[story]

    def _new(self, unit: int) -> int:
        """A place that no story has."""
        place = min((*self.articles, *self.split_off, 0)) - 1
        self.split_off[place] = unit
        return place

    # --- together ------------------------------------------------------------------------------------------------------

    def bring_together(self, unit: int) -> None:
        """Make the stories that a unit is in one; where that must not be, move the unit into one of them."""
        homes = self._homes(unit)
        if len(homes) < 2:
            return
        present = {other for home in homes for other in self._units_in(home)}
        if not any(self._foes_in(other, present) for other in present):
            self._merge(homes)
            return
        target = min(homes, key=lambda home: self._farther(unit, home))
        for home in homes:
            if home != target:
                self._move(unit, home, target)

    def _merge(self, homes: Sequence[int]) -> None:
        both = {article for home in homes for article in self.articles[home]}
        keep = min(homes, key=lambda home: (home in self.split_off, -len(self.articles[home]), home))
        for home in homes:
            if home != keep:
                del self.articles[home]
        self.articles[keep] = both
        self.place.update(dict.fromkeys(both, keep))

    # --- what is where -------------------------------------------------------------------------------------------------

    def _homes(self, unit: int) -> list[int]:
        """The stories that a unit lies in, in a fixed order."""
        return sorted(
            {self.place[article] for article in self.units.members[unit] if article in self.place},
            key=lambda home: min(self.articles[home]),
        )

    def _units_in(self, story: int) -> set[int]:
        unit = self.units.unit
        return {unit[article] for article in self.articles[story] if article in unit}

    def _foes_in(self, unit: int, present: set[int]) -> set[int]:
        return present & self.units.foes.get(unit, frozenset())

    # --- the answer ----------------------------------------------------------------------------------------------------

    def changes(self, membership: Mapping[int, int]) -> dict[int, int]:
        """What is elsewhere than it was, with the number of where it is.

        What became of the stories shares their numbers out by who had them before, so that the next time gives the same.
        """
        was: defaultdict[int, set[int]] = defaultdict(set)
        for article, number in membership.items():
            was[number].add(article)
        numbers = {place: place for place, articles in self.articles.items() if articles == was.get(place)}
        used = set(numbers)
        shared = [
            (-count, place in self.split_off, abs(number), number, place)
            for place in self.articles.keys() - numbers.keys()
            for number, count in Counter(
                self.before[article] for article in self.articles[place] if article in self.before
            ).items()
        ]
        for *_, number, place in sorted(shared):
            if place not in numbers and number not in used:
                numbers[place] = number
                used.add(number)
        used |= {*was, *self.before.values()}
        for place in sorted(self.articles.keys() - numbers.keys()):
            unit = self.units.members[self.split_off[place]] if place in self.split_off else frozenset()
            articles = self.articles[place]
            numbers[place] = free_number(sorted(unit & articles) or sorted(articles), used)
            used.add(numbers[place])
        return {
            article: numbers[place]
            for article, place in self.place.items()
            if membership[article] != numbers[place]
        }
