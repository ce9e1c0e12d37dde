"""One item -> everything that is known of it, as text for people: each field with where it comes from. Pure."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from aggregator.model import DateOrigin, EditorVerdict, Item, Key, Sighting, Visit
from aggregator.render.ago import short_time
from aggregator.render.decisions import told
from aggregator.render.safe import visible
from aggregator.render.text.cards import when
from aggregator.render.text.revisions import revisions
from aggregator.render.text.screen import Screen
from aggregator.render.text.tables import facts

if TYPE_CHECKING:
    from rich.text import Text

ORIGINS: dict[DateOrigin, str] = {
    "feed": "as the feed says",
    "page": "as the page says",
    "sitemap": "as the sitemap says",
    "url": "read from the address",
    "first_seen": "nobody said one, so it is when it was first seen",
}

Fact = tuple[str, "str | Text"]


def item(
    shown: Item,
    screen: Screen,
    *,
    sightings: Sequence[Sighting] = (),
    keys: Sequence[Key] = (),
    neighbours: Sequence[tuple[int, float]] = (),
    visited: Visit | None = None,
    verdicts: Sequence[EditorVerdict] = (),
) -> str:
    """Names and values, the most asked first. Fields that hold nothing are left out.

    Args:
        neighbours: (id of an earlier article, score) as the link pass found them, best first.
    """
    known = [
        *_article(shown, screen),
        ("its page", visit(visited, screen) if visited is not None else ""),
        *_group(
            "copies",
            (f"{copy.id} {copy.outlet}: {copy.title} ({copy.similarity:.0%})" for copy in shown.copies),
        ),
        *_group("verdicts", (decision(given, shown.article.canonical_url, screen) for given in verdicts)),
        *_group("revisions", revisions(shown, screen)),
        *_group("seen in", (_sighting(seen, screen) for seen in sightings)),
        *_group("close to", (f"{id} (score {score:.3f})" for id, score in neighbours)),
        *_group("known by", (f"{key.kind} {key.hash & (1 << 64) - 1:016x}" for key in keys)),
    ]
    return facts([(name, value) for name, value in known if value], screen)


def _article(shown: Item, screen: Screen) -> Iterable[Fact]:
    article = shown.article
    yield "headline", article.title
    yield "teaser", article.teaser
    yield "url", article.url
    if article.canonical_url != article.url:
        yield "canonical", article.canonical_url
    yield "outlet", f"{shown.outlet} ({article.source_id})"
    yield "agency", article.agency
    yield "authors", ", ".join(article.authors)
    published = when(article.published_at, article.published_precision, screen)
    note = f"; {article.published_note}" if article.published_note else ""
    yield "published", f"{published}, {ORIGINS[article.published_origin]}{note}"
    yield "first seen", when(article.first_seen_at, "instant", screen)
    yield "language", article.language
    yield "categories", ", ".join(article.categories)
    yield "image", article.image or ""
    if article.text:
        yield "text", f"{len(article.text.split())} words: {article.text[:200]}"
    yield "story", shown.story_id or ""
    yield "copy of", str(shown.copy_of) if shown.copy_of is not None else ""
    yield "id", str(shown.id)


def visit(done: Visit, screen: Screen) -> str:
    """What came of asking an article's own page."""
    if not done.outcome:
        return "being asked"
    at = short_time(done.at, screen.now) if done.at else "never"
    if done.outcome == "ok":
        return f"asked {at}, gave {done.note}" if done.note else f"asked {at}, knew nothing better"
    again = f"; asked again after {short_time(done.next_at, screen.now)}" if done.next_at else ""
    return f"asked {at}, {done.outcome.replace('_', ' ')}: {visible(done.note)}{again}"


def decision(given: EditorVerdict, about: str | None, screen: Screen) -> str:
    """What an editor decided about an article, who, when and why."""
    by = f" by {given.by}" if given.by else ""
    reason = f": {given.why}" if given.why else ""
    return f"{given.id}: {told(given, about)}{by}, {short_time(given.at, screen.now)}{reason}"


def _sighting(seen: Sighting, screen: Screen) -> str:
    until = f" until {short_time(seen.gone_at, screen.now)}" if seen.gone_at else ", still there"
    return f"{seen.feed_id} since {short_time(seen.first_seen_at, screen.now)}{until}"


def _group(name: str, values: "Iterable[str | Text]") -> list[Fact]:
    """Several values under one name, which stands before the first."""
    return [(name if number == 0 else "", value) for number, value in enumerate(values)]
