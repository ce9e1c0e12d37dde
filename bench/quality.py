"""Predictions of the real code over labelled items, for scoring elsewhere.

    python -m bench.quality predict stories|related|relations|dups --data FILE.jsonl --out FILE.json
        [--without PART ...] [--floor SCORE] [--grades FILE.jsonl]

Reads {"id","title","teaser","body","outlet","published","lang"} lines and feeds them in (published, id) order through
normalize and relate as the pipeline does: linked in batches, stories refined after each, a list asked for at arrival.
Nothing sees the future. Writes {id: story}, {id: [ids, best first, at most 5]}, {id: {listed id: "same_story" or
"related"}} or {id: group}. One configuration for all.

    --without PART    leave a part out, to see what it gives: {parts}
    --floor SCORE     least score of an entry, in place of the one measured for each method
    --grades FILE     {"q": id, "grades": {id: 0 to 3}, "copies": [ids]} lines, 3 the same story and 2 related: only these
                      queries are asked, and with `relations` the share of their graded entries is printed that are named
                      rightly
"""

import argparse
import importlib
import json
import sys
import time
from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from math import inf
from pathlib import Path

from aggregator import normalize, relate
from aggregator.model import Article, Entry, Feed, Item, Related, Source
from aggregator.settings import RelateSettings
from bench.items import ItemLine, arrival_order, read_items

BATCH = 100
FULL_PASS = timedelta(days=1)
LISTED = 5
WINDOW = timedelta(days=600)
"""Labelled stories go on for up to fifteen months; a shorter window would measure the window."""
GRADED = {2: "related", 3: "same_story"}

PARTS: Mapping[str, tuple[tuple[str, object], ...]] = {
    "nearest": (("stories.NEAREST", sys.maxsize),),  # every edge counts, as it was when its article arrived
    "large": (("communities.LARGE", inf),),  # all pairs of a story count
    "edge-weights": (("link.SHORT_WEIGHT", 1.0), ("link.BARE_WEIGHT", 1.0), ("link.SERIAL_WEIGHT", 1.0)),
    "list-hours": (("scoring.TEXT_DECAY", 0.0), ("scoring.SHORT_DECAY", 0.0)),
    "edge-hours": (("scoring.EDGE_DECAY", 0.0),),
    "window-idf": (("scoring._damping", lambda query, frequency, width: 1.0),),
    "vectors": (
        ("scoring.VECTOR_WEIGHT", 0.0),
        ("lists.FLOOR_VECTORS", 0.1),
        ("lists.FLOOR_BARE", 0.1),
        ("lists.SAME_STORY_VECTORS", 0.2),
    ),
    "bigrams": (("terms._pairs", lambda terms: []),),  # of the headline
    "near-copies": (("selection.Wording.repeats", lambda self, other: False),),
    "floor": (
        ("lists.FLOOR_TEXT", 0.0),
        ("lists.FLOOR_SHORT", 0.0),
        ("lists.FLOOR_VECTORS", 0.0),
        ("lists.FLOOR_BARE", 0.0),
    ),
}
"""Part -> what of aggregator.relate is put in the place of what."""


class Stream:
    """The items that have arrived, as a store would know them."""

    def __init__(self, settings: RelateSettings) -> None:
        self.settings = settings
        self.index = relate.WindowIndex()
        self.articles: dict[int, Article] = {}
        self.stories: dict[int, int] = {}
        self.copies: dict[int, int] = {}  # article in a copy group -> the earliest of the group
        self._groups: dict[int, list[int]] = {}
        self._boilerplate: dict[str, relate.Boilerplate] = {}
        self._seen_at: list[datetime] = []  # of article 1, 2, ...
        self._edges: list[tuple[int, int, float]] = []
        self._full_pass_at: datetime | None = None

    def arrive(self, batch: Sequence[Article]) -> None:
        """Link a batch and refine the stories it touches."""
        for article in batch:
            assert article.id is not None
            self.articles[article.id] = article
            self._seen_at.append(article.first_seen_at)
        linked = relate.link(
            batch,
            self.index,
            owners={},
            settings=self.settings,
            since_id=self.first_id_since,
            story_of=lambda ids: {i: self.stories[i] for i in ids if i in self.stories},
            boilerplate=self._boilerplate,
        )
        for entry in linked:
            self.index.add((entry.row,))
            self._edges += [(entry.article_id, other, score) for other, score in entry.neighbours]
            if entry.story is not None:
                self.stories[entry.article_id] = entry.story
            for other, _ in entry.copies:
                self._join(entry.article_id, other)

    def _join(self, article_id: int, other: int) -> None:
        """As the store does: articles joined by an edge are one group, which goes by the earliest."""
        parts = [self._groups.pop(self.copies.get(end, end), [end]) for end in {article_id, other}]
        members = sorted({member for part in parts for member in part} | {article_id, other})
        self._groups[members[0]] = members
        self.copies.update(dict.fromkeys(members, members[0]))

    def refine(self, batch: Sequence[Article]) -> None:
        now = batch[-1].first_seen_at
        first = self.first_id_since(now - self.settings.window)
        self._edges = [edge for edge in self._edges if edge[0] >= first]
        full = self._full_pass_at is None or now - self._full_pass_at >= FULL_PASS
        if full:
            self._full_pass_at = now
        touched = None if full else [article.id for article in batch if article.id is not None]
        self.stories.update(relate.refine(self._edges, self.stories, touched=touched))

    def first_id_since(self, at: datetime) -> int:
        return bisect_left(self._seen_at, at) + 1

    def items_of(self, ids: Iterable[int]) -> Mapping[int, Item]:
        return {
            i: Item(
                article=self.articles[i],
                outlet=self.articles[i].source_id,
                story_id=str(self.stories[i]) if i in self.stories else None,
                copy_of=self.copies[i] if self.copies.get(i, i) != i else None,
            )
            for i in ids
            if i in self.articles
        }

    def related(self, article: Article) -> list[Related]:
        assert article.id is not None
        story = self.stories.get(article.id)
        return relate.related(
            relate.features(article, owner=""),
            self.index,
            items_of=self.items_of,
            settings=self.settings,
            since_id=self.first_id_since(article.first_seen_at - self.settings.window),
            until_id=article.id,
            now=article.first_seen_at,
            limit=LISTED,
            story_id=str(story) if story is not None else None,
        )


def to_article(item: ItemLine, number: int) -> Article:
    """The article that normalize makes of an item, with its number as id."""
    url = f"https://items.example/{number}"
    outlet = item.outlet or f"outlet of {item.id}"  # unknown ones are not all one voice
    source = Source(id=outlet, name=outlet, url="https://items.example/", feeds=())
    feed = Feed(url="https://items.example/feed", source_id=source.id, id="feed")
    entry = Entry(
        id=item.id,
        url=url,
        title=item.title,
        summary=item.teaser or None,
        content=None if item.teaser else item.body or None,
        published=item.published,
        language=item.language or None,
    )
    made = normalize.to_article(
        entry, normalize.identity(entry, feed), feed=feed, source=source, now=item.published
    )
    if isinstance(made, str):
        sys.exit(f"item {item.id} makes no article: {made}")
    # A body is what the article's own page says: it does not pass through the feed, but is kept as the page's text.
    return replace(made, id=number, text=normalize.paragraphs(item.body) or None)


def predict(
    kind: str,
    items: Sequence[ItemLine],
    *,
    floor: float | None = None,
    asked: Collection[str] | None = None,
) -> tuple[dict[str, object], float]:
    """What the code says of each item, and the CPU seconds it took from articles on.

    Args:
        floor: least score of an entry; None: the measured ones.
        asked: ids of the items whose lists are asked for; None: all.
    """
    articles = [to_article(item, number) for number, item in enumerate(items, start=1)]
    stream = Stream(RelateSettings(window=WINDOW, floor=floor))
    lists: dict[str, object] = {}
    started = time.process_time()
    listing = kind in ("related", "relations")
    step = 1 if listing else BATCH
    waiting: list[Article] = []
    for start in range(0, len(articles), step):
        batch = articles[start : start + step]
        stream.arrive(batch)
        waiting += batch
        if kind != "dups" and len(waiting) >= BATCH:
            stream.refine(waiting)
            waiting = []
        if listing and (asked is None or items[start].id in asked):
            found = {items[entry.item.id - 1].id: entry.relation for entry in stream.related(batch[0])}
            lists[items[start].id] = found if kind == "relations" else list(found)
    if kind == "stories" and waiting:
        stream.refine(waiting)
    took = time.process_time() - started
    if listing:
        return lists, took
    groups = stream.stories if kind == "stories" else stream.copies
    return {
        item.id: items[groups.get(number, number) - 1].id
        if groups.get(number, number) > 0
        else str(groups[number])
        for number, item in enumerate(items, start=1)
    }, took


def leave_out(part: str) -> None:
    """Take a part of the method away, in this process."""
    for path, value in PARTS[part]:
        module, *names, last = path.split(".")
        importlib.import_module(f"aggregator.relate.{module}")
        # sys.modules: the package has functions of the same names as some of its modules.
        place: object = sys.modules[f"aggregator.relate.{module}"]
        for name in names:
            place = getattr(place, name)
        getattr(place, last)  # a part that was renamed must not pass for one that gives nothing
        setattr(place, last, value)


def named_rightly(predicted: Mapping[str, Mapping[str, str]], rows: Iterable[Mapping[str, object]]) -> str:
    """How many of the entries that were graded 3 or 2 and are no copies have the right relation."""
    right = {"same_story": 0, "related": 0}
    graded = {"same_story": 0, "related": 0}
    for row in rows:
        grades, copies = row["grades"], row.get("copies", ())
        assert isinstance(grades, dict) and isinstance(copies, Collection)
        for other, relation in predicted.get(str(row["q"]), {}).items():
            expected = GRADED.get(grades.get(other, 0))
            if expected is not None and other not in copies:
                graded[expected] += 1
                right[expected] += relation == expected
    parts = [f"{name} {right[name]} of {graded[name]}" for name in graded]
    share = sum(right.values()) / max(sum(graded.values()), 1)
    return f"{share:.3f} named rightly: {', '.join(parts)}"


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.quality",
        description=(__doc__ or "").replace("{parts}", ", ".join(PARTS)),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("verb", choices=["predict"])
    parser.add_argument("kind", choices=["stories", "related", "relations", "dups"])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--without", choices=sorted(PARTS), action="append", default=[], metavar="PART")
    parser.add_argument("--floor", type=float)
    parser.add_argument("--grades", type=Path)
    arguments = parser.parse_args()
    for part in arguments.without:
        leave_out(part)
    items = arrival_order(read_items([arguments.data]))
    grades = (
        [json.loads(line) for line in arguments.grades.open(encoding="utf-8")] if arguments.grades else []
    )
    predicted, took = predict(
        arguments.kind,
        items,
        floor=arguments.floor,
        asked={row["q"] for row in grades} if grades else None,
    )
    arguments.out.write_text(json.dumps(predicted), encoding="utf-8")
    rate = len(items) / max(took, 1e-9)
    print(f"{arguments.kind}: {len(items):,} items, {took:.2f} CPU s, {rate:,.0f} items per CPU second")
    if grades and arguments.kind == "relations":
        print(named_rightly(predicted, grades))  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
