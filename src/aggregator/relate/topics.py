"""Topic + articles -> which belong, by which rule; and the topic's list.

A term is a word, a "quoted phrase" or a prefix*. Case and accents do not matter; words match whole, except in scripts
without blanks, where a term matches wherever it stands.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from math import exp

from aggregator.model import Article, Item, Related, Topic
from aggregator.relate.copies import is_serial
from aggregator.relate.selection import choose
from aggregator.relate.tokens import UNSPACED, fold, words
from aggregator.settings import RelateSettings

TEASER_ONLY = 0.6
"""What an article counts whose headline does not name the topic."""
SERIES = 0.6


@dataclass(frozen=True, slots=True)
class _Text:
    """An article as terms are looked for in it."""

    title: str  # folded words with one blank around each
    whole: str

    @classmethod
    def of(cls, article: Article) -> "_Text":
        title = _spaced(article.title)
        return cls(title, title + _spaced(article.teaser) + "".join(map(_spaced, article.categories)))


def match(topic: Topic, article: Article, outlet: str = "") -> str | None:
    """The rule by which an article belongs to a topic: a term as the editor wrote it, "example", "outlet"; else None.

    Args:
        outlet: name of the outlet, which a topic may name in place of the source's id.
    """
    if article.url in topic.examples or article.canonical_url in topic.examples:
        return "example"
    if topic.outlets and not {article.source_id, outlet} & set(topic.outlets):
        return None
    if topic.languages and article.language and article.language not in topic.languages:
        return None
    text = _Text.of(article)
    if any(_holds(text.whole, term) for term in topic.none):
        return None
    if not all(_holds(text.whole, term) for term in topic.all):
        return None
    if topic.any:
        return next((term for term in topic.any if _holds(text.title, term)), None) or next(
            (term for term in topic.any if _holds(text.whole, term)), None
        )
    if topic.all:
        return " and ".join(topic.all)
    return "outlet" if topic.outlets else None


def rule(topic: Topic, item: Item) -> str | None:
    """Why an item is in a topic: the rule that `match` names, or "feed" where its feed is tagged with the topic."""
    return "feed" if topic.id in item.tagged else match(topic, item.article, item.outlet)


def topic_list(
    topic: Topic, items: Sequence[Item], *, settings: RelateSettings, now: datetime, limit: int
) -> list[Related]:
    """A topic's list, best first: what names it in the headline and what is new, copies collapsed, voices mixed."""
    half = settings.half_weight.total_seconds()
    entries = []
    for item in _representatives(items):
        article = item.article
        if article.published_at > now or (why := rule(topic, item)) is None:
            continue
        age = (now - article.published_at).total_seconds()
        named = not topic.any or any(_holds(_spaced(article.title), term) for term in topic.any)
        score = exp(-age / half) * (1.0 if named else TEASER_ONLY)
        score *= SERIES if is_serial(article.title) else 1.0
        entries.append(
            Related(item=item, score=round(score, 4), relation="related", reasons=(f"matches {why}",))
        )
    entries.sort(key=lambda entry: (-entry.score, -entry.item.id))
    chosen = choose([entry.item for entry in entries], limit=limit, per_voice=settings.per_outlet)
    return [entries[position] for position in chosen]


def _representatives(items: Iterable[Item]) -> list[Item]:
    """One item of each group of copies: the representative when it is among them, else the first."""
    groups: dict[int, Item] = {}
    for item in items:
        group = item.copy_of if item.copy_of is not None else item.id
        if group not in groups or item.id == group:
            groups[group] = item
    return list(groups.values())


def _spaced(text: str) -> str:
    return f" {' '.join(words(fold(text)))} "


def _holds(text: str, term: str) -> bool:
    pattern = _pattern(term)
    return pattern is not None and pattern.search(text) is not None


@lru_cache(maxsize=4_096)
def _pattern(term: str) -> re.Pattern[str] | None:
    """A term as a pattern over folded words; None when nothing is left of it."""
    term = term.strip()
    prefix = term.endswith("*")
    parts = words(fold(term.strip('"*“”„')))
    if not parts:
        return None
    start = "" if re.match(UNSPACED, parts[0]) else " "
    end = "" if prefix or re.match(UNSPACED, parts[-1]) else " "
    return re.compile(start + " ".join(map(re.escape, parts)) + end)
