"""Feed + FeedState + what the last poll brought -> the next FeedState, and with it when to ask again.

Pure: the time and the jitter are arguments. Promises that no feed is asked faster than its editor or its server
allows, that nothing is put off beyond the ceiling, and that one success forgives every failure.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from math import sqrt
from statistics import median

from aggregator.errors import ErrorKind, FeedError, FetchError, ParseError
from aggregator.model import Document, Feed, FeedState, NotModified
from aggregator.settings import ScheduleSettings

JITTER = 0.1
"""A delay is spread by so much to either side, so that feeds polled together do not stay together."""

# How the interval answers to a poll: with these steps it settles where every second or third poll brings something new.
HALVE = 0.5  # fewer than a third of the entries were known: some may have come and gone unseen
FASTER = 0.7  # something new
SLOWER = 1.25  # nothing new
STEEPEST = 1.5  # no single poll slows a feed down by more, whatever its dates say
FEW_KNOWN = 1 / 3

NEWEST = 10
"""Gaps between the newest entries that are looked at: enough for a median, few enough to be about today."""

LEARNING = 0.3
"""Weight of the latest gap in the usual one."""

QUICK_RETRY = timedelta(minutes=2)
SLOW_RETRY = timedelta(hours=1)
BLOCKED_RETRY = timedelta(hours=6)
GONE_RETRY = timedelta(hours=24)
GONE_CONFIRMED = 3  # 410s in a row: at GONE_RETRY apart they fall within 72 hours
GONE_RECHECK = timedelta(days=7)
LONGEST_RETRY_AFTER = timedelta(hours=24)
MOVED_CONFIRMED = 3

SILENT_GAPS = 3
SILENT_AT_LEAST = timedelta(days=1)
SILENT_UNLEARNED = timedelta(days=7)

NETWORK_FEEDS = 5
NETWORK_SHARE = 0.8


@dataclass(frozen=True, slots=True)
class Backoff:
    """The first delay after a failure; each further one in a row doubles it."""

    floor: timedelta = timedelta()  # at least so long, and at least the feed's interval
    quick: bool = False  # or sooner than the interval, after QUICK_RETRY


BACKOFF: Mapping[str, Backoff] = {
    "network": Backoff(quick=True),  # most outages are over within minutes
    "server": Backoff(quick=True),
    "throttled": Backoff(),  # asked for less: so no quick retry, and Retry-After besides
    "content": Backoff(),
    "limit": Backoff(),
    "protocol": Backoff(),
    "client": Backoff(SLOW_RETRY),  # a 404 of a living feed is common, and lasts
    "tls": Backoff(SLOW_RETRY),  # somebody has to act: there, or here
    "redirect": Backoff(SLOW_RETRY),
    "refused": Backoff(SLOW_RETRY),
    "blocked": Backoff(BLOCKED_RETRY),  # the outlet does not want us; asking again soon is no argument
    "gone": Backoff(GONE_RETRY),
}


def next_check(
    feed: Feed, state: FeedState, *, settings: ScheduleSettings, now: datetime, jitter: float
) -> datetime:
    """When to ask a feed that was asked now: after its interval, or after the back-off while it fails.

    Args:
        state: as it is after the poll; error_count, error_kind and interval are read.
        jitter: in [0, 1).

    Returns:
        Later than now, and at most 1.1 times the ceiling later: max_backoff (the editor's interval for this feed where
        that is longer), or a week for a feed that is gone.
    """
    floor = timedelta()
    if state.error_count == 0:
        delay = _interval(feed, state, settings)
    elif is_gone(state):
        delay = GONE_RECHECK
    else:
        delay = _back_off(feed, state, settings)
        floor = min(delay, _rule(state).floor)  # six hours mean six hours: jitter does not shorten them
    return now + max(delay * (1 - JITTER + 2 * JITTER * jitter), floor)


def after_success(
    feed: Feed,
    state: FeedState,
    result: Document | NotModified,
    *,
    settings: ScheduleSettings,
    now: datetime,
    jitter: float,
    new: int,
    known: int,
    ttl: int | None,
    published: Sequence[datetime] = (),
) -> FeedState:
    """The state after an answer that was usable.

    Args:
        new, known: entries of the document by whether the store had them; 0 and 0 when nothing was modified.
        ttl: minutes, as the feed says.
        published: aware times of the document's entries, in any order.
    """
    state = _of_this_address(feed, state)
    learned = _learned_interval(feed, state, settings, now=now, new=new, known=known, published=published)
    etag, last_modified, body_hash = _validators(state, result)
    moved_to, moved_count = _moved(state, result, now)
    after = replace(
        state,
        etag=etag,
        last_modified=last_modified,
        body_hash=body_hash,
        checked_at=now,
        success_at=now,
        new_at=now if new else state.new_at,
        interval=learned,
        error_count=0,
        error_kind=None,
        last_error=None,
        failing_since=None,
        empty_since=_empty_since(state, result, now, entries=new + known),
        usual_gap=_usual_gap(state, now) if new else state.usual_gap,
        moved_to=moved_to,
        moved_count=moved_count,
        claimed_until=None,
    )
    asked_for = max(result.fresh_for or timedelta(), timedelta(minutes=min(max(ttl or 0, 0), 10**6)))
    earliest = now + min(asked_for, _slowest(feed, settings)) * (1 + JITTER * jitter)
    due = next_check(feed, after, settings=settings, now=now, jitter=jitter)
    return replace(after, next_check_at=max(due, earliest))


def after_error(
    feed: Feed,
    state: FeedState,
    error: FeedError,
    *,
    settings: ScheduleSettings,
    now: datetime,
    jitter: float,
    count: bool = True,
) -> FeedState:
    """The state after a failure. Validators and everything learned stay.

    Args:
        count: False when the network is to blame: the feed is tried again, and nothing is held against it.
    """
    state = _of_this_address(feed, state)
    if not count:
        blamed = replace(
            state, error_count=max(state.error_count, 1), error_kind=state.error_kind or "network"
        )
        due = next_check(feed, blamed, settings=settings, now=now, jitter=jitter)
        return replace(state, checked_at=now, next_check_at=due, claimed_until=None)
    kind: ErrorKind = error.kind if isinstance(error, FetchError | ParseError) else "content"
    # A 410 is the outlet's word, not a failure: it is confirmed by further ones only.
    begins = kind == "gone" and state.error_kind != "gone"
    after = replace(
        state,
        checked_at=now,
        error_count=1 if begins else state.error_count + 1,
        error_kind=kind,
        last_error=error.message,
        failing_since=state.failing_since or now,
        claimed_until=None,
    )
    due = next_check(feed, after, settings=settings, now=now, jitter=jitter)
    if isinstance(error, FetchError) and error.retry_after is not None:
        longest = min(LONGEST_RETRY_AFTER, settings.max_backoff)
        wait = min(max(error.retry_after, _interval(feed, state, settings)), longest)
        due = max(due, now + wait * (1 + JITTER * jitter))
    return replace(after, next_check_at=due)


def moved_address(state: FeedState) -> str | None:
    """Where the feed lives now, once a permanent redirect has been confirmed on three days; None: where it was."""
    return state.moved_to if state.moved_count >= MOVED_CONFIRMED else None


def is_gone(state: FeedState) -> bool:
    """The outlet has said three times in a row, a day apart, that the feed is no more; it is asked once a week."""
    return state.error_kind == "gone" and state.error_count >= GONE_CONFIRMED


def is_silent(state: FeedState, now: datetime) -> bool:
    """Nothing new for three usual gaps and at least a day; for a week while no gap has been learned."""
    if state.new_at is None:
        return False
    usual = state.usual_gap
    longest = SILENT_UNLEARNED if usual is None else max(SILENT_GAPS * usual, SILENT_AT_LEAST)
    return now - state.new_at > longest


def is_due(state: FeedState, *, settings: ScheduleSettings, now: datetime) -> bool:
    """Whether to ask now. A time farther off than any rule puts it comes from a clock that was wrong, and counts as due."""
    if state.next_check_at is None or state.next_check_at <= now:
        return True
    longest = max(GONE_RECHECK, settings.max_backoff) * (1 + JITTER)
    return state.checked_at is not None and state.checked_at > now and state.next_check_at > now + longest


def blame_network(reached: Collection[bool]) -> bool:
    """Whether the network, not the feeds, failed: more than 80 % of at least 5 feeds could not be reached.

    Args:
        reached: one for each feed of the run; False: it failed with an error of kind "network".
    """
    failed = sum(not answered for answered in reached)
    return len(reached) >= NETWORK_FEEDS and failed > NETWORK_SHARE * len(reached)


def _fastest(feed: Feed, settings: ScheduleSettings) -> timedelta:
    return feed.interval or settings.min_interval


def _slowest(feed: Feed, settings: ScheduleSettings) -> timedelta:
    return max(settings.max_interval, feed.interval or timedelta())


def _interval(feed: Feed, state: FeedState, settings: ScheduleSettings) -> timedelta:
    """As learned, within the bounds that hold today: the editor may have changed them since."""
    interval = state.interval or feed.interval or settings.interval
    return min(max(interval, _fastest(feed, settings)), _slowest(feed, settings))


def _rule(state: FeedState) -> Backoff:
    return BACKOFF.get(state.error_kind or "", Backoff())  # a kind that another version wrote: the plain rule


def _back_off(feed: Feed, state: FeedState, settings: ScheduleSettings) -> timedelta:
    rule = _rule(state)
    interval = _interval(feed, state, settings)
    delay = min(interval, QUICK_RETRY) if rule.quick else max(interval, rule.floor)
    ceiling = max(settings.max_backoff, feed.interval or timedelta())
    for _ in range(min(state.error_count - 1, 20)):  # 2**20 of the shortest delay is past every ceiling
        delay = min(2 * delay, ceiling)
    return min(delay, ceiling)


def _learned_interval(
    feed: Feed,
    state: FeedState,
    settings: ScheduleSettings,
    *,
    now: datetime,
    new: int,
    known: int,
    published: Sequence[datetime],
) -> timedelta:
    """The interval to go on with: by how much of the answer was known, with the entries' own times as a second opinion."""
    interval = _interval(feed, state, settings)
    if state.success_at is None:
        return interval  # the first document is all new, which says nothing
    if new and known < FEW_KNOWN * (new + known):
        factor = HALVE
    else:
        factor = FASTER if new else SLOWER
        gap = _publication_gap(published, now)
        if gap is not None:
            # The two opinions are averaged on a logarithmic scale. Half a gap: an article then waits a quarter of the
            # time between two, on average.
            factor = sqrt(factor * (gap / 2 / interval))
    changed = interval * min(max(factor, HALVE), STEEPEST)
    return min(max(changed, _fastest(feed, settings)), _slowest(feed, settings))


def _publication_gap(published: Sequence[datetime], now: datetime) -> timedelta | None:
    """The median time between the newest entries, longer when the newest is itself long past; None: cannot be told."""
    times = sorted((at for at in published if at <= now), reverse=True)[: NEWEST + 1]
    if len(times) < 3:
        return None
    gaps = [later - earlier for later, earlier in pairwise(times)]
    usual = timedelta(seconds=median(gap.total_seconds() for gap in gaps))
    if not usual:
        return None  # dates without a time of day, or one time stamped on everything
    return max(usual, (now - times[0]) / 4)


def _usual_gap(state: FeedState, now: datetime) -> timedelta | None:
    """An exponential mean of the times between polls that brought something new."""
    if state.new_at is None or state.new_at >= now:
        return state.usual_gap
    gap = now - state.new_at
    return gap if state.usual_gap is None else state.usual_gap + (gap - state.usual_gap) * LEARNING


def _of_this_address(feed: Feed, state: FeedState) -> FeedState:
    """The state, without what it says about another address than the one configured now."""
    if state.url in ("", feed.url):
        return replace(state, url=feed.url)
    return FeedState(
        feed_id=state.feed_id,
        url=feed.url,
        new_at=state.new_at,
        usual_gap=state.usual_gap,
        claimed_until=state.claimed_until,
    )


def _validators(
    state: FeedState, result: Document | NotModified
) -> tuple[str | None, str | None, str | None]:
    """(etag, last_modified, body_hash) to send and compare next time."""
    if isinstance(result, Document):
        return result.etag, result.last_modified, result.body_hash
    if result.because == "hash":  # a full answer with the same body: its validators are the current ones
        return result.etag, result.last_modified, state.body_hash
    # A 304 confirms what it was asked about. One that names another ETag is confused (shared caches do that); adopting
    # it would hide every change until that other version changes.
    if result.etag is not None and result.etag == state.etag:
        return state.etag, result.last_modified or state.last_modified, state.body_hash
    return state.etag, state.last_modified, state.body_hash


def _moved(state: FeedState, result: Document | NotModified, now: datetime) -> tuple[str | None, int]:
    """The target of a permanent redirect and on how many days (UTC) in a row of answers it was the same.

    Three different days are at least 24 hours, whatever the interval; a deployment that went wrong is over by then.
    """
    if result.moved_to is not None:
        if result.moved_to != state.moved_to:
            return result.moved_to, 1
        another_day = state.success_at is None or state.success_at.date() != now.date()
        return state.moved_to, state.moved_count + another_day
    asked = result.requested_url if isinstance(result, Document) else result.url
    if asked == moved_address(state):  # the new address was asked directly, so nothing redirected
        return state.moved_to, state.moved_count
    return None, 0


def _empty_since(
    state: FeedState, result: Document | NotModified, now: datetime, *, entries: int
) -> datetime | None:
    if isinstance(result, NotModified):
        return state.empty_since
    return None if entries else state.empty_since or now
