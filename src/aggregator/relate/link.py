"""New articles -> their copies, their neighbours and a provisional story, against what was linked before.

Nothing here looks ahead: an article is compared with earlier ones only, those of its own batch included.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from aggregator.model import Article, CandidateIndex, Linked
from aggregator.relate.boilerplate import Boilerplate
from aggregator.relate.copies import is_serial, similarity
from aggregator.relate.features import (
    BARE_AT,
    WITH_TEXT_AT,
    Features,
    features,
    from_blob,
    index_row,
    search_terms,
)
from aggregator.relate.index import WindowIndex
from aggregator.relate.scoring import Scored, score
from aggregator.settings import RelateSettings

NEIGHBOURS = 10
EDGE = 0.05
"""Least score of an edge of the story graph."""
SHORT_WEIGHT = 0.3
"""Edges between items without texts weigh so much, which multiplies the resolution their stories are made at (.08 to .27):
two short texts that share an actor reach .2 by the name alone. Of judged pairs that a story joined .69, .63 and .56 were one
story at weights .3, .4 and .5, of pairs that are one story .43, .55 and .59 were joined."""
BARE_WEIGHT = 10.0
"""Edges between headlines without teasers weigh so much, which divides the resolution their stories are made at (.08 to
.008): alike headlines have few words to share (B-cubed F1 at 4, 8, 10, 12 and 16: .760 .844 .858 .865 .871, with ever less
precision)."""
SERIAL_WEIGHT = 0.5
"""Edges that tickers, briefings and roundups bring weigh so much of that: they share words with their series, whatever
happened. Over a week two World Cups were one story of 76 articles without it, and are two of 50 and 24."""
PROVISIONAL = 0.2
"""Least score at which an article joins its nearest neighbour's story until the next refinement."""
CANDIDATES = 100
COPY_CANDIDATES = 200
COPY_EDGES = 5
"""Newest articles sharing a band that are compared word by word, and confirmed copies after which no more are: one is
enough to join a group, and a feed of 5,000 nearly equal items must not be compared with itself."""
QUERY_TERMS = 20
"""Heaviest terms that candidates are searched by."""

StoryOf = Callable[[Iterable[int]], Mapping[int, int]]


def link(
    articles: Sequence[Article],
    index: CandidateIndex,
    *,
    owners: Mapping[str, str],
    settings: RelateSettings,
    since_id: Callable[[datetime], int],
    story_of: StoryOf,
    boilerplate: dict[str, Boilerplate] | None = None,
    again: bool = False,
) -> list[Linked]:
    """Link articles in the order of their ids. The index is asked and not changed: the caller adds the rows.

    Args:
        articles: stored ones that are not in the index, by growing id.
        owners: source id -> owner, of sources that have one.
        since_id: the first id that was first seen at an instant or later.
        story_of: story numbers of earlier articles.
        boilerplate: source id -> what that outlet repeats; learns on with these articles. None: nothing is left out.
        again: they were linked before and have changed since: later articles may be their copies too, and they stay in
            their stories until these are refined.
    """
    batch = WindowIndex()
    linked = []
    nearest: dict[int, tuple[int, float] | None] = {}
    for article in _without_boilerplate(articles, boilerplate, again=again):
        own = features(article, owner=owners.get(article.source_id, ""))
        row = index_row(own)
        first = since_id(article.first_seen_at - settings.window)
        found = _search(own, (index, batch), first)
        width = max(own.article_id - first, 1)
        scored = score(own, found, settings=settings, width=width, with_vectors=False, least=EDGE)
        copies = _copies(own, (index, batch), row.bands, first, later=again)
        neighbours = _neighbours(own.article_id, scored, copies)
        nearest[own.article_id] = neighbours[0] if neighbours else None
        blobs = {candidate.article_id: candidate.blob for candidate in scored}
        neighbours = tuple(
            (other, round(score * edge_weight(own, blobs.get(other)), 4)) for other, score in neighbours
        )
        linked.append(Linked(row=row, copies=copies, neighbours=neighbours))
        batch.add((row,))
    if again:
        return linked
    stories = _stories(nearest, story_of)
    return [replace(entry, story=stories[entry.article_id]) for entry in linked]


def _search(own: Features, indexes: Iterable[CandidateIndex], first: int) -> list[tuple[int, bytes]]:
    terms = search_terms(own, QUERY_TERMS)
    found: list[tuple[int, bytes]] = []
    for index in indexes:
        found.extend(index.search(terms, since_id=first, until_id=own.article_id, limit=CANDIDATES))
    return found


def _without_boilerplate(
    articles: Sequence[Article], boilerplate: dict[str, Boilerplate] | None, *, again: bool
) -> Iterable[Article]:
    """The articles without what their outlets repeat, learned from all of the batch first: the first document of an
    outlet says its boilerplate twenty times, and makes copies of its first two articles otherwise."""
    if boilerplate is None:
        return articles
    known = [boilerplate.setdefault(article.source_id, Boilerplate()) for article in articles]
    if again:
        return [outlet.strip(article) for outlet, article in zip(known, articles, strict=True)]
    found = [outlet.learn(article) for outlet, article in zip(known, articles, strict=True)]
    return [outlet.strip(article, seen) for outlet, article, seen in zip(known, articles, found, strict=True)]


def _copies(
    own: Features, indexes: Iterable[CandidateIndex], bands: Sequence[int], first: int, *, later: bool
) -> tuple[tuple[int, float], ...]:
    copies: list[tuple[int, float]] = []
    for index in indexes:
        until = None if later else own.article_id
        found = index.copies(bands, since_id=first, until_id=until, limit=COPY_CANDIDATES)
        for article_id, blob in found:
            if article_id == own.article_id:
                continue
            if len(copies) >= COPY_EDGES:
                break
            alike = similarity(own, from_blob(article_id, blob))
            if alike:
                copies.append((article_id, round(alike, 3)))
    return tuple(sorted(copies, key=lambda copy: (-copy[1], copy[0])))


def edge_weight(own: Features, other: bytes | None) -> float:
    """What an edge counts in the story graph, by how much of the two articles there is to compare.

    Args:
        other: blob of the other end; None when it was found as a copy alone, and so is of the same kind.
    """
    if own.with_text or (other is not None and other[WITH_TEXT_AT]):
        return 1.0
    weight = BARE_WEIGHT if own.bare and (other is None or other[BARE_AT]) else SHORT_WEIGHT
    return weight * SERIAL_WEIGHT if is_serial(own.title) else weight


def _neighbours(
    article_id: int, scored: Sequence[Scored], copies: Sequence[tuple[int, float]]
) -> tuple[tuple[int, float], ...]:
    """Edges to the nearest earlier ones; a copy is nearest whatever its terms say."""
    edges = {other: 1.0 for other, _ in copies if other < article_id}
    for candidate in sorted(scored, key=lambda candidate: (-candidate.lexical, -candidate.article_id)):
        if len(edges) >= NEIGHBOURS or candidate.lexical < EDGE:
            break
        edges.setdefault(candidate.article_id, round(candidate.lexical, 4))
    best = sorted(edges.items(), key=lambda edge: (-edge[1], -edge[0]))
    return tuple(best[:NEIGHBOURS])


def _stories(nearest: Mapping[int, tuple[int, float] | None], story_of: StoryOf) -> dict[int, int]:
    """Each article's provisional story: that of its nearest neighbour, or a new one that goes by its own id.

    Args:
        nearest: in the order of the articles.
    """
    joined = {
        number: edge[0] for number, edge in nearest.items() if edge is not None and edge[1] >= PROVISIONAL
    }
    known = dict(story_of({other for other in joined.values() if other not in nearest}))
    for number in nearest:
        other = joined.get(number)
        known[number] = number if other is None else known.get(other, number)
    return known
