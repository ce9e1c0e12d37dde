"""What became of an address, and what editors decided -> words for people. Pure."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from aggregator.model import EditorVerdict, Item
from aggregator.render.ago import short_time
from aggregator.render.decisions import NAMES
from aggregator.render.text.detail import decision, visit
from aggregator.render.text.screen import Column, Screen, counted, laid_out, styled, table
from aggregator.render.text.tables import facts

if TYPE_CHECKING:
    from aggregator.pipeline.why import Answer

Fact = tuple[str, str]


def why(answer: "Answer", screen: Screen) -> str:
    """The answer first, then what is known about it."""
    known = list(_known(answer, screen))
    return laid_out(screen, [styled(verdict(answer), "bold")]) + (facts(known, screen) if known else "")


def verdict(answer: "Answer") -> str:
    """One sentence."""
    item = answer.item
    match answer.fate:
        case "listed":
            assert item is not None
            return f"Stored as item {item.id} and listed."
        case "copy":
            assert item is not None
            shown = answer.stands_for_it
            instead = f"; item {shown.id} ({shown.outlet}) stands in lists for it" if shown else ""
            return f"Stored as item {item.id}, a copy{instead}."
        case "hidden":
            assert item is not None
            return f"Stored as item {item.id} and hidden by an editor: it stands in no list."
        case "purged":
            return "It was stored, and retention took it. It does not come back."
        case "rejected":
            return "Feeds served it, and it was rejected: it is not stored."
        case "not_served":
            if not answer.could_have:
                return "No poll saw it, and no configured outlet has this site."
            return "No poll saw it: no feed of its outlet served it."


def _known(answer: "Answer", screen: Screen) -> Iterator[Fact]:
    now = screen.now
    if answer.item is not None:
        yield from _of_item(answer, answer.item, screen)
    for tombstone in answer.tombstones:
        seen = short_time(tombstone.first_seen_at, now) if tombstone.first_seen_at else "long ago"
        yield "was", f"item {tombstone.article_id}, first seen {seen}"
        if tombstone.served_at:
            yield "since", f"still served by a feed (last noted {short_time(tombstone.served_at, now)})"
    for number, rejected in enumerate(answer.rejections):
        times = f"{short_time(rejected.first_at, now)} to " if rejected.first_at else ""
        until = short_time(rejected.last_at, now) if rejected.last_at else "earlier"
        yield "" if number else "rejected", f"{rejected.reason} ({rejected.feed_id}, {times}{until})"
    for number, given in enumerate(answer.verdicts):
        yield "" if number else "verdicts", decision(given, answer.canonical_url, screen)
    for number, (feed, state) in enumerate(answer.could_have):
        asked = "never asked"
        if state is not None and state.checked_at is not None:
            asked = f"asked {short_time(state.checked_at, now)}"
            if state.last_error and state.error_count:
                asked += f", failing: {state.last_error}"
        paused = ", paused" if feed.paused else ""
        yield "" if number else "its feeds", f"{feed.id} ({asked}{paused})"
    for number, gap in enumerate(answer.gaps):
        span = f"{short_time(gap.since, now)} to {short_time(gap.until, now)}"
        yield "" if number else "gaps", f"{span}: {gap.feed_id} may have missed articles"


def _of_item(answer: "Answer", item: Item, screen: Screen) -> Iterator[Fact]:
    yield "headline", item.article.title
    yield "outlet", item.outlet
    yield "first seen", short_time(item.article.first_seen_at, screen.now)
    if not answer.linked:
        yield "linked", "not yet: the next link pass looks for its copies and neighbours"
    if item.revisions:
        last = max(revision.last_at or revision.seen_at for revision in item.revisions)
        changed = counted(len(item.revisions), "earlier wording")
        yield (
            "revised",
            f"{changed}, last changed {short_time(last, screen.now)}; `items show {item.id}` has them",
        )
    shown = answer.stands_for_it
    if shown is not None:
        alike = next((copy.similarity for copy in shown.copies if copy.id == item.id), None)
        like = f", {alike:.0%} alike" if alike is not None else ""
        yield "copy of", f"{shown.id} {shown.outlet}: {shown.article.title}{like}"
    if item.copies:
        yield "copies", ", ".join(f"{copy.id} {copy.outlet}" for copy in item.copies)
    if answer.visit is not None:
        yield "its page", visit(answer.visit, screen)
    for number, seen in enumerate(answer.sightings):
        until = f" until {short_time(seen.gone_at, screen.now)}" if seen.gone_at else ", still there"
        yield (
            "" if number else "seen in",
            f"{seen.feed_id} since {short_time(seen.first_seen_at, screen.now)}{until}",
        )


def verdicts(given: Sequence[EditorVerdict], screen: Screen) -> str:
    """A row per verdict, newest first."""
    columns = [
        Column("no", whole=True, style="dim"),
        Column("verdict", whole=True),
        Column("article"),
        Column("other"),
        Column("by", limit=16),
        Column("at", whole=True, style="dim"),
        Column("why"),
    ]
    rows = [
        [
            str(one.id),
            NAMES[one.kind] + (" (undone)" if one.undone_at else ""),
            one.url,
            one.other,
            one.by,
            short_time(one.at, screen.now),
            one.why,
        ]
        for one in given
    ]
    return table(columns, [list(row) for row in rows], screen)
