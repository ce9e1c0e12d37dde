"""Article -> its related list, best first: scored candidates, copies collapsed, voices mixed, with reasons in words."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from aggregator.model import CandidateIndex, Item, Related, Relation
from aggregator.relate.copies import is_serial
from aggregator.relate.features import Features, from_blob, search_terms
from aggregator.relate.prior import term_id
from aggregator.relate.scoring import Scored, score
from aggregator.relate.selection import Wording, choose
from aggregator.relate.tokens import tokenizer, words
from aggregator.settings import RelateSettings

CANDIDATES = 200
QUERY_TERMS = 24
POOL = 40
"""Best candidates that are looked at as items."""
FLOOR_TEXT = 0.05
FLOOR_SHORT = 0.1
FLOOR_VECTORS = 0.47
FLOOR_BARE = 0.44
"""Least score of an entry, by what the score is made of; bare: with vectors, of an article without a teaser.

With vectors, on a judged week at .40, .44, .47 and .50: of the entries an editor would list .70, .75, .80 and .80; of eleven
lists that have nothing to show 2, 5, 6 and 7 are empty; nDCG@5 .842, .842, .835 and .798. Bare headlines score less: .879
at .40, .872 at .44, .864 at .47. With text .03 leaves 5 % of the lists empty that have nothing to show, .05 17 % and .07
32 %; nDCG@5 is the same at .03 and .05, and .01 less at .07.
"""
SAME_STORY_TEXT = 0.15
SAME_STORY_SHORT = 0.2
SAME_STORY_VECTORS = 0.75
"""Evidence from which on an entry counts as a report of the same story, by what the score is made of. Of what the lists of
three sets of texts show .84 is named rightly at .15, .81 at .2 and .25, .81 by the graph alone; vectors: `_relation`."""
SAME_STORY_HOUR = 0.002
"""What an hour between two headlines takes from the evidence."""
SAME_STORY_JOINED = 0.06
"""What it adds that the story graph has put two headlines together."""
SERIES = 0.6
"""Tickers and briefings share words with everything: their scores count this much."""
REASONS = 3

ItemsOf = Callable[[Iterable[int]], Mapping[int, Item]]


def related(
    article: Features,
    index: CandidateIndex,
    *,
    items_of: ItemsOf,
    settings: RelateSettings,
    since_id: int,
    until_id: int | None,
    now: datetime,
    limit: int,
    story_id: str | None = None,
    own: Collection[str] = (),
) -> list[Related]:
    """The related list of an article, best first; the caller sorts for display.

    Args:
        items_of: stored items by id; unknown ids are left out.
        since_id, until_id: range of ids that may stand in the list.
        now: nothing published later stands in it.
        story_id: the article's story, when it is known.
        own: source ids of the site's own outlets, which never stand in a list.
    """
    found = index.search(
        search_terms(article, QUERY_TERMS), since_id=since_id, until_id=until_id, limit=CANDIDATES
    )
    scored = score(article, found, settings=settings, width=_width(article, since_id, until_id, found))
    floor = _floor(article, settings)
    pool = [candidate for candidate in scored[:POOL] if candidate.score >= floor]
    items = items_of([article.article_id, *(candidate.article_id for candidate in pool)])
    entries = _entries(article, pool, items, items_of, until_id)
    entries = [
        entry
        for entry in entries
        if entry.item.article.source_id not in own and entry.item.article.published_at <= now
    ]
    entries.sort(key=lambda entry: -entry.score)
    chosen = choose(
        [entry.item for entry in entries],
        limit=limit,
        per_voice=settings.per_outlet,
        said=[Wording.of(article.title, article.lead)],
    )
    return [_related(article, entries[position], story_id) for position in chosen]


@dataclass(frozen=True, slots=True)
class _Entry:
    item: Item
    score: float
    candidate: Scored


def _width(article: Features, since_id: int, until_id: int | None, found: Sequence[tuple[int, bytes]]) -> int:
    """About how many articles the window holds: ids are given without large gaps."""
    end = (
        until_id if until_id is not None else max([article.article_id, *(number for number, _ in found)]) + 1
    )
    return max(end - since_id, len(found), 1)


def _floor(article: Features, settings: RelateSettings) -> float:
    if settings.floor is not None:
        return settings.floor
    if article.with_text:
        return FLOOR_TEXT
    if article.vector is None:
        return FLOOR_SHORT
    return FLOOR_BARE if article.bare else FLOOR_VECTORS


def _entries(
    article: Features,
    pool: Sequence[Scored],
    items: Mapping[int, Item],
    items_of: ItemsOf,
    until_id: int | None,
) -> list[_Entry]:
    """Candidates as items, each group of copies once and by its representative, the article's own group not at all."""
    own = items.get(article.article_id)
    groups = {article.article_id, _group(own)} if own is not None else {article.article_id}
    elsewhere = items_of(
        {
            item.copy_of
            for item in items.values()
            if item.copy_of is not None and item.copy_of not in items and _seen(item.copy_of, until_id)
        }
    )
    entries = []
    for candidate in pool:
        item = items.get(candidate.article_id)
        if item is None or _group(item) in groups:
            continue
        groups.add(_group(item))
        if item.copy_of is not None and _seen(item.copy_of, until_id):
            item = items.get(item.copy_of) or elsewhere.get(item.copy_of) or item
        weight = SERIES if is_serial(item.article.title) and not is_serial(article.title) else 1.0
        entries.append(_Entry(item, candidate.score * weight, candidate))
    return entries


def _group(item: Item) -> int:
    return item.copy_of if item.copy_of is not None else item.id


def _seen(article_id: int, until_id: int | None) -> bool:
    return until_id is None or article_id < until_id


def _related(article: Features, entry: _Entry, story_id: str | None) -> Related:
    item = entry.item
    relation = _relation(article, entry, story_id)
    reasons = []
    if words := shared_words(article, from_blob(entry.candidate.article_id, entry.candidate.blob), item):
        reasons.append("shares " + ", ".join(words))
    reasons.append(apart(article.at, item.article.published_at))
    if relation == "same_story":
        reasons.append("same story")
    return Related(item=item, score=round(entry.score, 4), relation=relation, reasons=tuple(reasons))


def _relation(article: Features, entry: _Entry, story_id: str | None) -> Relation:
    """Is an entry a report of the same story?

    Between texts the story graph decides, and a score that only reports of one event reach overrules it while stories are
    young. Two headlines share too little for edges to be trusted: of judged entries that an editor would list the graph
    alone names .74 rightly, score, hours and graph .80 at thresholds of .72 to .76, .83 at .66. The higher one keeps apart
    reports that share the actor and the day alone, which that week had few of.
    """
    joined = story_id is not None and entry.item.story_id == story_id
    if article.with_text:
        return "same_story" if joined or entry.candidate.lexical >= SAME_STORY_TEXT else "related"
    vectors = article.vector is not None
    evidence = entry.candidate.score if vectors else entry.candidate.lexical
    evidence -= SAME_STORY_HOUR * abs((article.at - entry.item.article.published_at).total_seconds()) / 3600
    evidence += SAME_STORY_JOINED * joined
    return "same_story" if evidence >= (SAME_STORY_VECTORS if vectors else SAME_STORY_SHORT) else "related"


def shared_words(article: Features, other: Features, item: Item, limit: int = REASONS) -> list[str]:
    """The words that made two articles neighbours, heaviest first, as the other one spells them."""
    shared, at, there = np.intersect1d(article.terms, other.terms, assume_unique=True, return_indices=True)
    products = article.weights[at] * other.weights[there]
    spelled = _spelling(item)
    words: list[str] = []
    for place in np.argsort(-products, kind="stable").tolist():
        word = spelled.get(int(shared[place]))
        if word is not None and word not in words:
            words.append(word)
        if len(words) == limit:
            break
    return words


def _spelling(item: Item) -> dict[int, str]:
    known = tokenizer(item.article.language)
    spelled: dict[int, str] = {}
    for text in (item.article.teaser, item.article.title, (item.article.text or "")[:600]):
        for word in words(text):
            terms = known[word]
            for term in terms:
                # Headlines in title case say less about a word's spelling than running text.
                spelled.setdefault(term_id(term), word)
    return spelled


def apart(first: datetime, second: datetime) -> str:
    """The time between two instants in words: "20 minutes apart", "2 hours apart", "3 days apart"."""
    between = abs(first - second)
    for unit, size in (
        ("day", timedelta(days=1)),
        ("hour", timedelta(hours=1)),
        ("minute", timedelta(minutes=1)),
    ):
        count = round(between / size)
        if between >= size:
            return f"{count} {unit}{'s' if count != 1 else ''} apart"
    return "at the same time"
