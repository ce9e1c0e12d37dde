"""Nouns -> dicts and lists that JSON can hold: the shapes that other programs rely on. Pure.

Keys are only ever added. Instants are RFC 3339 in UTC; an unknown text is "", an unknown thing null.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from aggregator.health import Finding, Health
from aggregator.model import (
    Article,
    Copy,
    EditorVerdict,
    Feed,
    FeedState,
    Item,
    Key,
    Poll,
    Related,
    Revision,
    Sighting,
    Source,
    Story,
    Topic,
    Visit,
)
from aggregator.render.ago import ago
from aggregator.render.revisions import history

if TYPE_CHECKING:
    from aggregator.pipeline.labels import Judgement, LabelledItem
    from aggregator.pipeline.why import Answer
    from aggregator.store import Gap

Json = dict[str, Any]

_UNKNOWN: Mapping[str, Health] = MappingProxyType({})


def instant(at: datetime) -> str:
    """RFC 3339: 2026-05-14T09:02:00Z, with fractions only where there are some."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def optional_instant(at: datetime | None) -> str | None:
    return None if at is None else instant(at)


def article(kept: Article) -> Json:
    """An article that may not be stored yet (a preview): an item without what only the store knows."""
    return {
        "id": kept.id,
        "url": kept.url,
        "title": kept.title,
        "teaser": kept.teaser,
        "outlet": kept.outlet,
        "source_id": kept.source_id,
        "agency": kept.agency,
        "authors": list(kept.authors),
        "language": kept.language,
        "published_at": instant(kept.published_at),
        "published_origin": kept.published_origin,
        "published_precision": kept.published_precision,
        "first_seen_at": instant(kept.first_seen_at),
        "image": kept.image,
    }


def item(listed: Item) -> Json:
    return {
        **article(listed.article),
        "outlet": listed.outlet,
        "story_id": listed.story_id,
        "copies": [copy(other) for other in listed.copies],
        "revisions": [revision(earlier) for earlier in listed.revisions],
        "from_page": list(listed.article.from_page),
    }


def found_item(listed: Item) -> Json:
    """An item that a search found: with the passage that answers best, as plain text, and [start, end] of each word
    in it that was asked for, counted in code points. `snippet` is null where no word was asked for, only none of some."""
    found = listed.snippet
    return {
        **item(listed),
        "snippet": found and found.text,
        "marks": [list(span) for span in found.marks] if found else [],
    }


def item_in_full(
    listed: Item,
    *,
    sightings: Sequence[Sighting] = (),
    keys: Sequence[Key] = (),
    neighbours: Sequence[tuple[int, float]] = (),
    visited: Visit | None = None,
    verdicts: Sequence[EditorVerdict] = (),
) -> Json:
    """An item with what only `items show` tells: where it was seen, how it is recognised, what it is close to."""
    kept = listed.article
    return {
        **item(listed),
        "canonical_url": kept.canonical_url,
        "published_note": kept.published_note,
        "categories": list(kept.categories),
        "text": kept.text,
        "paywall": listed.paywall,
        "page": visited and visit(visited),
        "copy_of": listed.copy_of,
        "changes": changes(listed),
        "verdicts": [editor_verdict(given) for given in verdicts],
        "sightings": [sighting(seen) for seen in sightings],
        "keys": [{"kind": key.kind, "hash": key.hash} for key in keys],
        "neighbours": [{"id": id, "score": round(score, 4)} for id, score in neighbours],
    }


def copy(other: Copy) -> Json:
    return {
        "id": other.id,
        "url": other.url,
        "title": other.title,
        "outlet": other.outlet,
        "source_id": other.source_id,
        "agency": other.agency,
        "published_at": instant(other.published_at),
        "similarity": round(other.similarity, 4),
    }


def revision(earlier: Revision) -> Json:
    """How an article read until `seen_at`, and then `times` - 1 times more, the last time until `last_at`."""
    return {
        "seen_at": instant(earlier.seen_at),
        "title": earlier.title,
        "teaser": earlier.teaser,
        "times": earlier.times,
        "last_at": instant(earlier.last_at or earlier.seen_at),
    }


def changes(listed: Item) -> list[Json]:
    """What changed from each wording to the next, the earliest first: the words that went and those that came."""
    told: list[Json] = []
    for step in history(listed).steps:
        at = instant(step.at)
        told += [
            {
                "field": field,
                "at": at,
                "removed": [piece.text for piece in pieces if piece.kind == "removed"],
                "added": [piece.text for piece in pieces if piece.kind == "added"],
            }
            for field, pieces in (("title", step.title), ("teaser", step.teaser))
            if pieces
        ]
        if step.published_at is not None:
            removed, added = (instant(time) for time in step.published_at)
            told.append({"field": "published_at", "at": at, "removed": [removed], "added": [added]})
    return told


def sighting(seen: Sighting) -> Json:
    return {
        "feed_id": seen.feed_id,
        "first_seen_at": instant(seen.first_seen_at),
        "gone_at": optional_instant(seen.gone_at),
    }


def related(entry: Related, now: datetime, language: str = "en") -> Json:
    published = entry.item.article
    return {
        **item(entry.item),
        "score": round(entry.score, 4),
        "relation": entry.relation,
        "reasons": list(entry.reasons),
        "ago": ago(published.published_at, now, language, published.published_precision),
    }


def story(group: Story) -> Json:
    return {
        "id": group.id,
        "headline": group.headline,
        "outlets": list(group.outlets),
        "independent": group.independent,
        "article_ids": list(group.article_ids),
        "first_at": instant(group.first_at),
        "last_at": instant(group.last_at),
        "score": round(group.score, 4),
    }


def topic(subject: Topic) -> Json:
    return {
        "id": subject.id,
        "name": subject.name,
        "any": list(subject.any),
        "all": list(subject.all),
        "none": list(subject.none),
        "outlets": list(subject.outlets),
        "languages": list(subject.languages),
        "examples": list(subject.examples),
        "until": optional_instant(subject.until),
    }


def source(
    outlet: Source,
    state_of: Callable[[str], FeedState | None],
    healths: Mapping[str, Health] = _UNKNOWN,
) -> Json:
    """An outlet with the health of its feeds. Secrets (headers, proxies) are not in it."""
    return {
        "id": outlet.id,
        "name": outlet.name,
        "url": outlet.url,
        "language": outlet.language,
        "country": outlet.country,
        "owner": outlet.owner,
        "agency": outlet.agency,
        "role": outlet.role,
        "paused": outlet.paused,
        "feeds": [feed(address, state_of(address.id), healths.get(address.id)) for address in outlet.feeds],
    }


def feed(address: Feed, state: FeedState | None, how: Health | None = None) -> Json:
    known = state or FeedState(feed_id=address.id)
    return {
        "id": address.id,
        "url": address.url,
        "kind": address.kind,
        "topics": list(address.topics),
        "paused": address.paused,
        "checked_at": optional_instant(known.checked_at),
        "success_at": optional_instant(known.success_at),
        "new_at": optional_instant(known.new_at),
        "next_check_at": optional_instant(known.next_check_at),
        "error_count": known.error_count,
        "error_kind": known.error_kind,
        "last_error": known.last_error,
        "failing_since": optional_instant(known.failing_since),
        "empty_since": optional_instant(known.empty_since),
        "moved_to": known.moved_to,
        "health": None if how is None else health(how),
    }


def health(how: Health) -> Json:
    return {
        "state": how.state,
        "since": optional_instant(how.since),
        "why": how.why,
        "next_at": optional_instant(how.next_at),
        "advice": how.advice,
        "unhealthy": how.unhealthy,
    }


def finding(found: Finding) -> Json:
    """One thing that `doctor` looked at. `feed_id`, `source_id` and `health` are null where no feed is meant."""
    return {
        "check": found.check,
        "level": found.level,
        "what": found.what,
        "advice": found.advice,
        "source_id": found.feed and found.feed.source_id,
        "feed_id": found.feed and found.feed.id,
        "health": found.health and health(found.health),
    }


def gap(noticed: "Gap") -> Json:
    """A time in which articles may have been missed."""
    return {
        "url": noticed.url,
        "source_id": noticed.source_id,
        "feed_id": noticed.feed_id,
        "at": instant(noticed.at),
        "since": instant(noticed.since),
        "until": instant(noticed.until),
        "asked": noticed.asked,
        "filled": noticed.filled,
        "filled_at": optional_instant(noticed.filled_at),
    }


def poll(run: Poll) -> Json:
    """One feed of one run. `unchanged` counts entries, the outcome "unchanged" means the whole document."""
    failed = run.outcome == "error"
    return {
        "url": run.url,
        "source_id": run.source_id,
        "feed_id": run.feed_id,
        "at": instant(run.at),
        "outcome": run.outcome,
        "status": run.status,
        "seconds": round(run.duration.total_seconds(), 3),
        "bytes": run.bytes,
        "served": run.served,
        "new": run.new,
        "revised": run.revised,
        "unchanged": run.unchanged,
        "rejected": run.rejected,
        "rejections": [{"of": of, "reason": reason} for of, reason in run.rejections],
        "note": run.note,
        "error": {"kind": run.error_kind, "message": run.error, "status": run.status} if failed else None,
    }


def poll_run(
    polls: Sequence[Poll], *, visits: Sequence[Visit] = (), linked: int, network_down: bool = False
) -> Json:
    """What `poll --json` prints."""
    return {
        "feeds": [poll(run) for run in polls],
        "pages": [visit(done) for done in visits],
        "totals": {
            **totals(polls),
            "pages": len(visits),
            "enriched": sum(is_enriched(done) for done in visits),
            "linked": linked,
            "network_down": network_down,
        },
    }


def visit(done: Visit) -> Json:
    """What came of asking an article's own page."""
    return {
        "item_id": done.article_id,
        "url": done.url,
        "source_id": done.source_id,
        "at": optional_instant(done.at),
        "outcome": done.outcome,
        "note": done.note,
        "tries": done.tries,
        "next_at": optional_instant(done.next_at),
    }


def is_enriched(done: Visit) -> bool:
    """Whether the page knew anything better than the feed."""
    return done.outcome == "ok" and done.note != ""


def totals(polls: Sequence[Poll]) -> dict[str, int]:
    return {
        "feeds": len(polls),
        "ok": sum(run.outcome == "ok" for run in polls),
        "not_modified": sum(run.outcome in ("not_modified", "unchanged") for run in polls),
        "errors": sum(run.outcome == "error" for run in polls),
        "served": sum(run.served for run in polls),
        "new": sum(run.new for run in polls),
        "revised": sum(run.revised for run in polls),
        "unchanged": sum(run.unchanged for run in polls),
        "rejected": sum(run.rejected for run in polls),
    }


def editor_verdict(given: EditorVerdict) -> Json:
    return {
        "id": given.id,
        "kind": given.kind,
        "url": given.url,
        "other": given.other or None,
        "at": instant(given.at),
        "by": given.by,
        "why": given.why,
        "undone_at": optional_instant(given.undone_at),
        "undone_by": given.undone_by or None,
    }


def labelled(one: "LabelledItem") -> Json:
    """An article as labelled data holds it; `story` is empty where nobody decided about its story."""
    kept = one.item.article
    return {
        "id": one.id,
        "url": kept.canonical_url,
        "title": kept.title,
        "teaser": kept.teaser,
        "body": kept.text or "",
        "outlet": one.item.outlet,
        "published": instant(kept.published_at),
        "lang": kept.language,
        "story": one.story,
    }


def judgement(one: "Judgement") -> Json:
    return {"q": one.of, "grades": dict(one.grades), "copies": list(one.copies)}


def why(answer: "Answer") -> Json:
    """What became of an address. Lists are empty and objects null where they do not apply."""
    shown = answer.stands_for_it
    return {
        "asked": answer.asked,
        "canonical_url": answer.canonical_url,
        "fate": answer.fate,
        "item": answer.item and item(answer.item),
        "copy_of": shown
        and {"id": shown.id, "url": shown.article.url, "title": shown.article.title, "outlet": shown.outlet},
        "linked": answer.linked,
        "page": answer.visit and visit(answer.visit),
        "sightings": [sighting(seen) for seen in answer.sightings],
        "verdicts": [editor_verdict(given) for given in answer.verdicts],
        "purged": [
            {
                "id": gone.article_id,
                "first_seen_at": optional_instant(gone.first_seen_at),
                "served_at": optional_instant(gone.served_at),
            }
            for gone in answer.tombstones
        ],
        "rejections": [
            {
                "of": rejected.what,
                "reason": rejected.reason,
                "feed_id": rejected.feed_id,
                "source_id": rejected.source_id,
                "first_at": optional_instant(rejected.first_at),
                "last_at": optional_instant(rejected.last_at),
            }
            for rejected in answer.rejections
        ],
        "could_have": [feed(address, state) for address, state in answer.could_have],
        "gaps": [gap(noticed) for noticed in answer.gaps],
    }
