"""Rows to nouns and back: integers for instants and closed sets of words, and nothing in a text that a database refuses."""

import json
import math
import re
import struct
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

from aggregator.model import (
    Article,
    DateOrigin,
    Feed,
    FeedState,
    KeyKind,
    Known,
    Poll,
    PollOutcome,
    Precision,
    Selectors,
    Source,
    Topic,
)

Row = Any  # sqlalchemy.Row, by attribute; or a tuple in the order that a function documents

_ORIGINS: tuple[DateOrigin, ...] = get_args(DateOrigin)
_PRECISIONS: tuple[Precision, ...] = get_args(Precision)
_OUTCOMES: tuple[PollOutcome, ...] = get_args(PollOutcome)
_KINDS: tuple[KeyKind, ...] = get_args(KeyKind)

# Stored as their place in these tuples: new words go to the end of the Literal, none is ever taken out.
ORIGIN_CODES: dict[str, int] = {word: code for code, word in enumerate(_ORIGINS)}
PRECISION_CODES: dict[str, int] = {word: code for code, word in enumerate(_PRECISIONS)}
OUTCOME_CODES: dict[str, int] = {word: code for code, word in enumerate(_OUTCOMES)}
KIND_CODES: dict[str, int] = {word: code for code, word in enumerate(_KINDS)}

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MILLISECOND = timedelta(milliseconds=1)
HOUR = 3600  # seconds; the table `hour` counts in these

# PostgreSQL refuses NUL, SQLite stores it and then finds nothing behind it; neither can encode a lone surrogate.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_MAX_INT = (1 << 63) - 1


def text(value: str) -> str:
    """The text without what no database takes."""
    if value.isascii():  # known without looking: most texts of a row are addresses and names
        return value.replace("\x00", "") if "\x00" in value else value
    return _UNSTORABLE.sub("", value)


def text_or_none(value: str | None) -> str | None:
    return None if value is None else text(value)


def integer(value: int) -> int:
    """Clamped to 64 bits, signed."""
    return max(-_MAX_INT - 1, min(_MAX_INT, value))


def small(value: int) -> int:
    """Clamped to 32 bits, signed."""
    return max(-(1 << 31), min((1 << 31) - 1, value))


def hash64(value: int) -> int:
    """A hash as a signed 64-bit integer, whatever width it came in."""
    return (
        value if -_MAX_INT - 1 <= value <= _MAX_INT else ((value + (1 << 63)) & ((1 << 64) - 1)) - (1 << 63)
    )


def number(value: float) -> float:
    """A finite number: databases read NaN as NULL, or sort it above everything."""
    return value if math.isfinite(value) else 0.0


def seconds(at: datetime) -> int:
    """Whole seconds since 1970, rounded down."""
    return (at - EPOCH) // SECOND


def seconds_up(at: datetime) -> int:
    """Rounded up: the bound for instants that were rounded down when they were stored."""
    return -((EPOCH - at) // SECOND)


def seconds_or_none(at: datetime | None) -> int | None:
    return None if at is None else (at - EPOCH) // SECOND


def instant(value: int) -> datetime:
    return datetime.fromtimestamp(value, UTC)


def instant_or_none(value: int | None) -> datetime | None:
    return None if value is None else datetime.fromtimestamp(value, UTC)


def milliseconds(value: timedelta | None) -> int | None:
    return None if value is None else value // MILLISECOND


def duration_or_none(value: int | None) -> timedelta | None:
    return None if value is None else value * MILLISECOND


def lines(values: Sequence[str]) -> str | None:
    """Several short texts in one column; None for none, which costs a row one byte."""
    return text("\n".join(value.replace("\n", " ") for value in values)) if values else None


def from_lines(value: str | None) -> tuple[str, ...]:
    return () if value is None else tuple(value.split("\n"))


# --- articles --------------------------------------------------------------------------------------------------------


def article_values(article: Article, *, source_id: int, feed_id: int, fingerprint: int) -> dict[str, Any]:
    """Columns of `article`, but for id and first_seen_at, which the store gives."""
    url = text(article.url)
    canonical = text(article.canonical_url)
    return {
        "source_id": source_id,
        "url": url,
        "canonical_url": None if canonical == url else canonical,
        "title": text(article.title),
        "teaser": text(article.teaser),
        "published_at": seconds(article.published_at),
        "published_origin": ORIGIN_CODES[article.published_origin],
        "published_precision": PRECISION_CODES[article.published_precision],
        "published_note": text_or_none(article.published_note),
        "language": text(article.language),
        "authors": lines(article.authors),
        "agency": text(article.agency),
        "outlet": text(article.outlet),
        "categories": lines(article.categories),
        "image": text_or_none(article.image),
        "fingerprint": hash64(fingerprint),
        "feed_id": feed_id,
        "from_page": lines(article.from_page),
        "paywalled": article.paywalled,
    }


def article_of(row: Row, *, source_key: str, body: str | None = None) -> Article:
    return Article(
        id=row.id,
        source_id=source_key,
        url=row.url,
        canonical_url=row.url if row.canonical_url is None else row.canonical_url,
        title=row.title,
        teaser=row.teaser,
        published_at=instant(row.published_at),
        published_origin=_ORIGINS[row.published_origin],
        published_precision=_PRECISIONS[row.published_precision],
        published_note=row.published_note,
        first_seen_at=instant(row.first_seen_at),
        language=row.language,
        authors=from_lines(row.authors),
        agency=row.agency,
        outlet=row.outlet,
        categories=from_lines(row.categories),
        image=row.image,
        text=body,
        from_page=from_lines(row.from_page),
        paywalled=None if row.paywalled is None else bool(row.paywalled),
    )


def known_of(row: Sequence[Any]) -> Known:
    """From (hash, article_id, source key, url, canonical_url, title, teaser, published_at, fingerprint, feed key, fields
    that its page gave)."""
    _, article_id, source_key, url, canonical, title, teaser, *others = row
    published_at, fingerprint, feed_key, from_page = others
    if source_key is None:
        return Known(
            article_id=article_id,
            source_id="",
            canonical_url="",
            title="",
            teaser="",
            published_at=None,
            fingerprint=0,
            purged=True,
        )
    return Known(
        article_id=article_id,
        source_id=source_key,
        canonical_url=url if canonical is None else canonical,
        title=title,
        teaser=teaser,
        published_at=instant(published_at),
        fingerprint=fingerprint,
        feed_id=feed_key or "",
        from_page=from_lines(from_page),
    )


def kind_of(code: int) -> KeyKind:
    return _KINDS[code]


# --- the configuration -------------------------------------------------------------------------------------------------


def source_values(source: Source, *, position: int) -> dict[str, Any]:
    return {
        "key": source.id,
        "position": position,
        "active": True,
        "name": text(source.name),
        "url": text(source.url),
        "language": source.language,
        "country": source.country,
        "owner": text(source.owner),
        "agency": text(source.agency),
        "role": source.role,
        "weight": number(source.weight),
        "paused": source.paused,
        "paywall": source.paywall,
    }


def source_of(row: Row, feeds: Iterable[Feed]) -> Source:
    return Source(
        id=row.key,
        name=row.name,
        url=row.url,
        feeds=tuple(feeds),
        language=row.language,
        country=row.country,
        owner=row.owner,
        agency=row.agency,
        role=row.role,
        weight=row.weight,
        paused=bool(row.paused),
        paywall=bool(row.paywall),
    )


_SELECTORS = ("item", "title", "link", "teaser", "time", "image", "source")


def feed_values(feed: Feed, *, source_id: int, position: int) -> dict[str, Any]:
    selectors = feed.selectors
    return {
        "key": feed.id,
        "source_id": source_id,
        "position": position,
        "active": True,
        "url": text(feed.url),
        "kind": feed.kind,
        "interval": milliseconds(feed.interval),
        "topics": json.dumps(feed.topics),
        "selectors": selectors and json.dumps({name: getattr(selectors, name) for name in _SELECTORS}),
        "group": text(feed.group),
        "timezone": text(feed.timezone),
        "language": text(feed.language),
        "paused": feed.paused,
    }


def feed_of(row: Row, *, source_key: str) -> Feed:
    """Without headers and proxy, which are never stored."""
    return Feed(
        id=row.key,
        source_id=source_key,
        url=row.url,
        kind=row.kind,
        interval=duration_or_none(row.interval),
        topics=names(row.topics),
        selectors=Selectors(**json.loads(row.selectors)) if row.selectors else None,
        group=row.group,
        timezone=row.timezone,
        language=row.language,
        paused=bool(row.paused),
    )


def names(stored: str) -> tuple[str, ...]:
    """A JSON array of names, as a tuple."""
    return tuple(json.loads(stored))


_RULES = ("any", "all", "none", "outlets", "languages", "examples")


def topic_values(topic: Topic, *, position: int) -> dict[str, Any]:
    return {
        "key": topic.id,
        "position": position,
        "name": text(topic.name),
        "rules": text(json.dumps({name: getattr(topic, name) for name in _RULES}, ensure_ascii=False)),
        "until": seconds_or_none(topic.until),
    }


def topic_of(row: Row) -> Topic:
    rules = {name: tuple(values) for name, values in json.loads(row.rules).items()}
    return Topic(id=row.key, name=row.name, until=instant_or_none(row.until), **rules)


# --- polls and what they leave behind ------------------------------------------------------------------------------------


def state_values(state: FeedState) -> dict[str, Any]:
    """Columns of `feed_state` but for feed_id, due_at, enabled and claimed_until, which belong to the claim."""
    return {
        "url": text(state.url),
        "etag": text_or_none(state.etag),
        "last_modified": text_or_none(state.last_modified),
        "body_hash": text_or_none(state.body_hash),
        "checked_at": seconds_or_none(state.checked_at),
        "success_at": seconds_or_none(state.success_at),
        "new_at": seconds_or_none(state.new_at),
        "next_check_at": seconds_or_none(state.next_check_at),
        "interval": milliseconds(state.interval),
        "error_count": integer(state.error_count),
        "error_kind": text_or_none(state.error_kind),
        "last_error": text_or_none(state.last_error),
        "failing_since": seconds_or_none(state.failing_since),
        "empty_since": seconds_or_none(state.empty_since),
        "usual_gap": milliseconds(state.usual_gap),
        "moved_to": text_or_none(state.moved_to),
        "moved_count": integer(state.moved_count),
    }


def state_of(row: Row, *, feed_key: str) -> FeedState:
    return FeedState(
        feed_id=feed_key,
        url=row.url,
        etag=row.etag,
        last_modified=row.last_modified,
        body_hash=row.body_hash,
        checked_at=instant_or_none(row.checked_at),
        success_at=instant_or_none(row.success_at),
        new_at=instant_or_none(row.new_at),
        next_check_at=instant_or_none(row.next_check_at),
        interval=duration_or_none(row.interval),
        error_count=row.error_count,
        error_kind=row.error_kind,
        last_error=row.last_error,
        failing_since=instant_or_none(row.failing_since),
        empty_since=instant_or_none(row.empty_since),
        usual_gap=duration_or_none(row.usual_gap),
        moved_to=row.moved_to,
        moved_count=row.moved_count,
        claimed_until=instant_or_none(row.claimed_until),
    )


def poll_values(poll: Poll, *, number: int, feed_id: int, feed_url: str) -> dict[str, Any]:
    return {
        "id": number,
        "feed_id": feed_id,
        "at": seconds(poll.at),
        "url": None if poll.url == feed_url else text(poll.url),
        "outcome": OUTCOME_CODES[poll.outcome],
        "status": None if poll.status is None else small(poll.status),
        "duration": poll.duration // MILLISECOND,
        "bytes": integer(poll.bytes),
        "served": small(poll.served),
        "new": small(poll.new),
        "revised": small(poll.revised),
        "unchanged": small(poll.unchanged),
        "rejected": small(poll.rejected),
        "error_kind": text_or_none(poll.error_kind),
        "error": text_or_none(poll.error),
        "note": text_or_none(poll.note),
    }


def poll_of(
    row: Row, *, feed_key: str, source_key: str, feed_url: str, rejections: Iterable[tuple[str, str]]
) -> Poll:
    return Poll(
        feed_id=feed_key,
        source_id=source_key,
        url=feed_url if row.url is None else row.url,
        at=instant(row.at),
        outcome=_OUTCOMES[row.outcome],
        status=row.status,
        duration=row.duration * MILLISECOND,
        bytes=row.bytes,
        served=row.served,
        new=row.new,
        revised=row.revised,
        unchanged=row.unchanged,
        rejected=row.rejected,
        rejections=tuple(rejections),
        error_kind=row.error_kind,
        error=row.error,
        note=row.note,
    )


# --- stories -----------------------------------------------------------------------------------------------------------

_EDGE = struct.Struct("<qf")
_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"  # no i, l, o, u: ids are read aloud and typed
_SPREAD = 0x9E3779B97F4A7C15 >> 24 | 1  # odd, so that multiplying is one-to-one over 40 bits


def story_key(number: int) -> str:
    """A story's id for people: eight letters and digits that differ early, so that a short prefix names it.

    One-to-one for numbers below 2**40.
    """
    spread = number * _SPREAD & ((1 << 40) - 1)
    return "".join(_DIGITS[spread >> shift & 31] for shift in range(35, -5, -5))


def pack_neighbours(neighbours: Iterable[tuple[int, float]]) -> bytes:
    return b"".join(_EDGE.pack(article_id, number(score)) for article_id, score in neighbours)


def unpack_neighbours(packed: bytes) -> list[tuple[int, float]]:
    return list(_EDGE.iter_unpack(packed))
