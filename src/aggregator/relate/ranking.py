"""Stories -> the top stories: by how many voices report independently, and how lately."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from math import exp, log2

from aggregator.model import Item, Story
from aggregator.relate.copies import is_serial
from aggregator.relate.tokens import folded_words

FRESH_HOURS = 12.0
"""After so many hours without a new report a story counts 1/e."""


def independent(items: Iterable[Item]) -> int:
    """Reports that are neither copies of another nor the same agency's text: voices that found something out."""
    voices: set[str] = set()
    for item in items:
        if item.copy_of is not None and item.copy_of != item.id:
            continue
        agency = item.article.agency
        owner = item.outlet if item.article.outlet else item.owner or item.article.source_id
        voices.add(f"agency {agency.casefold()}" if agency else f"owner {owner.casefold()}")
    return len(voices)


def top_stories(stories: Iterable[Story], *, now: datetime) -> list[Story]:
    """Stories of two outlets or more with their scores, best first: log2(1 + voices), fading with the last one's age."""
    scored = [
        replace(story, score=round(_score(story, now), 4)) for story in stories if len(story.outlets) > 1
    ]
    scored.sort(key=lambda story: (-story.score, -story.last_at.timestamp(), story.id))
    return scored


def _score(story: Story, now: datetime) -> float:
    hours = max((now - story.last_at).total_seconds(), 0.0) / 3600
    voices = min(story.independent, len(story.outlets))  # five reports of one outlet are one voice
    return log2(1 + voices) * exp(-hours / FRESH_HOURS)


def headline(items: Sequence[Item]) -> str:
    """The headline that says most of what the others say: the one whose words most of them share, per word.

    Tickers and briefings are passed over where there is another; of equals, the first given.
    """
    titles = {item.id: set(folded_words(item.article.title)) for item in items}
    shared = Counter(word for words in titles.values() for word in words)

    def worth(item: Item) -> float:
        words = titles[item.id]
        # The root keeps two-word headlines from winning on their one common word.
        return float(sum(shared[word] - 1 for word in words) / max(len(words), 1) ** 0.5)

    candidates = [item for item in items if not is_serial(item.article.title)] or items
    return max(candidates, key=worth).article.title
