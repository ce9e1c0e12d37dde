"""Ranked items -> the few that a list shows: nothing twice, not all from one voice, short rather than padded."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from aggregator.model import Item
from aggregator.relate.tokens import folded_words

T = TypeVar("T")

NEAR_COPY = 0.6
"""Jaccard of the words of headline and teaser from which on two entries say the same thing."""
NEAR_TITLE = 0.75
"""Jaccard of the words of two headlines of at least TITLE_WORDS words: the same one, edited."""
TITLE_WORDS = 5
SAME_RUNS = 0.3
"""Jaccard of the four-word runs of two teasers: one text, edited."""
SAME_LEAD = 200
"""Characters of two teasers that are only equal when the texts are."""
LEAST_LEAD = 40
"""Characters of a teaser that can tell two texts apart at all."""


@dataclass(frozen=True, slots=True)
class Wording:
    """What an entry says, for comparing."""

    title: tuple[str, ...]
    lead: str
    words: frozenset[str]
    runs: frozenset[tuple[str, ...]]  # every four words of the teaser in a row

    @classmethod
    def of(cls, title: str, teaser: str) -> "Wording":
        # One outlet's apostrophes are straight, another's are not.
        headline = tuple(folded_words(title.replace("’", "'")))
        words = folded_words(teaser.replace("’", "'"))
        return cls(
            headline,
            " ".join(teaser[:SAME_LEAD].split()),
            frozenset(headline) | set(words),
            frozenset(tuple(words[n : n + 4]) for n in range(len(words) - 3)),
        )

    def repeats(self, other: "Wording") -> bool:
        """Would a reader take the two for one? Same headline, same beginning, or nearly the same words."""
        if self.title == other.title:
            return True
        if len(self.lead) >= LEAST_LEAD and self.lead == other.lead:
            return True
        if (
            min(len(self.title), len(other.title)) >= TITLE_WORDS
            and jaccard(frozenset(self.title), frozenset(other.title)) >= NEAR_TITLE
        ):
            return True
        return jaccard(self.words, other.words) >= NEAR_COPY or jaccard(self.runs, other.runs) >= SAME_RUNS


def jaccard(first: frozenset[T], second: frozenset[T]) -> float:
    """Shared members by all members; 0 for two empty sets."""
    shared = len(first & second)
    return shared / (len(first) + len(second) - shared) if shared else 0.0


def voices(item: Item) -> frozenset[str]:
    """Whom an entry is heard from: the outlet, its owner, and the agency whose text it is."""
    outlet = item.outlet.casefold()
    # A page that lists other outlets' articles owns none of them.
    owner = outlet if item.article.outlet else item.owner or item.article.source_id
    found = {f"outlet {outlet}", f"owner {owner.casefold()}"}
    if item.article.agency:
        found.add(f"agency {item.article.agency.casefold()}")
    return frozenset(found)


def choose(ranked: Iterable[Item], *, limit: int, per_voice: int, said: Iterable[Wording] = ()) -> list[int]:
    """Positions of the entries that a list shows, in the order given.

    Args:
        ranked: items, best first.
        limit: entries of the list.
        per_voice: entries of one outlet, owner or agency; more only where the list would fall short otherwise.
        said: what must not be repeated: the article that the list is for.
    """
    heard: Counter[str] = Counter()
    wordings = list(said)
    taken: list[int] = []
    waiting: list[tuple[int, Wording]] = []  # over the cap

    def take(position: int, wording: Wording) -> bool:
        if len(taken) >= limit or any(wording.repeats(other) for other in wordings):
            return False
        taken.append(position)
        wordings.append(wording)
        return True

    for position, item in enumerate(ranked):
        if len(taken) >= limit:
            break
        wording = Wording.of(item.article.title, item.article.teaser)
        speaking = voices(item)
        if any(heard[voice] >= per_voice for voice in speaking):
            waiting.append((position, wording))
        elif take(position, wording):
            heard.update(speaking)
    for position, wording in waiting:
        take(position, wording)
    return sorted(taken)


EARLY = timedelta(hours=1)
"""Copies that were published within so long of the first are equally early: agencies' customers publish in minutes."""


def choose_representative(items: Sequence[Item]) -> int:
    """Which of several copies lists show, by its id.

    In this order: one that no editor hid; the agency's own page; published within an hour of the first; the fullest
    (with text, with a teaser, without); free to read; the earliest, and of those the one seen first.
    """
    first = min(map(_appeared, items))

    def rank(item: Item) -> tuple[bool, bool, bool, int, bool, datetime, int]:
        return (
            item.hidden,
            not is_agency_page(item),
            _appeared(item) > first + EARLY,
            0 if item.article.text else 1 if item.article.teaser else 2,
            item.paywall,
            _appeared(item),
            item.id,
        )

    return min(items, key=rank).id


def _appeared(item: Item) -> datetime:
    """When it was published; of a day alone only that it was there when it was first seen is known for sure."""
    article = item.article
    return article.published_at if article.published_precision == "instant" else article.first_seen_at


_AGENCY_NAMES = {
    "ap": ("associated press", "ap news"),
    "afp": ("agence france-presse",),
    "dpa": ("deutsche presse-agentur",),
    "pa": ("press association", "pa media"),
    "efe": ("agencia efe",),
}


def is_agency_page(item: Item) -> bool:
    """Is the outlet the agency that wrote the text?"""
    agency, outlet = item.article.agency.casefold(), item.outlet.casefold()
    if not agency:
        return False
    return outlet.startswith(agency) or any(name in outlet for name in _AGENCY_NAMES.get(agency, ()))
