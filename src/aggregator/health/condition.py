"""A feed's state -> how it is now, since when, why, and what to do about it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, get_args

from aggregator import schedule
from aggregator.health.habits import Habits
from aggregator.model import Feed, FeedState, Source

State = Literal["gone", "blocked", "failing", "empty", "drift", "silent", "moved", "new", "ok", "paused"]
"""Worst first. Where several hold, the one that hides the others is told: an error before all."""

STATES: tuple[State, ...] = get_args(State)

FAILING_CONFIRMED = 3
"""Failures in a row from which somebody should look: one or two are over before anybody could."""

ADVICE: Mapping[str, str] = {
    "network": "It is asked again by itself. If it lasts: is the name right, does this machine reach it?",
    "tls": "Its certificate does not verify: look at this machine's clock and certificates, else tell the outlet.",
    "server": "It is asked again by itself; the fault is the outlet's.",
    "throttled": "It wants to be asked less often: give it a longer interval, or its feeds one group.",
    "client": "Open the address in a browser; put the one that works into the configuration.",
    "gone": "The outlet took it away: find its successor or remove it from the configuration.",
    "blocked": "The outlet does not want this program: ask it for access, use another of its feeds, or pause it.",
    "redirect": "Open the address in a browser; put the one where it ends into the configuration.",
    "refused": "Our own rules forbid it (the message says which): change the address, or allow it in [fetch].",
    "limit": "Larger or slower than [fetch] allows: use a smaller feed of the outlet, or raise the limit.",
    "protocol": "It is asked again by itself; the fault is the server's.",
    "content": "Look at what comes back with `aggregator sources test`: it may be a page now, or need other selectors.",
}
EMPTY = "Look at the address in a browser: the outlet may have opened another feed."
DRIFT = "Its markup may have changed: compare `aggregator sources test` with the outlet's page, adjust the selectors."
SILENT = "See whether the outlet publishes elsewhere by now; if it does, replace the feed, else pause it."
MOVED = "update the configuration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How a feed is."""

    state: State
    since: datetime | None = None
    why: str = ""  # in words an editor reads
    next_at: datetime | None = None  # when it is asked again; None: at once, or never (paused)
    advice: str = ""  # what to do; "": nothing
    unhealthy: bool = False  # somebody should look


def of(feed: Feed, state: FeedState, habits: Habits | None, now: datetime) -> Health:
    """How a feed is at `now`.

    Args:
        feed: paused when it or its source is.
        habits: None: nothing was learned of its documents.
    """
    found = _failure(state) if state.error_count else _condition(state, habits or Habits(), now)
    if feed.paused:
        found = Health(state="paused", advice="Take `paused` out of the configuration to poll it again.")
    elif state.checked_at is None and not state.error_count:
        found = Health(state="new", why="not polled yet", advice="`aggregator poll` asks it.")
    return replace(found, next_at=None if feed.paused else state.next_check_at)


def survey(
    sources: Iterable[Source],
    states: Mapping[str, FeedState],
    habits: Mapping[str, str],
    now: datetime,
) -> dict[str, Health]:
    """Feed id -> how it is, for all feeds of these sources; `habits` as the store keeps them."""
    return {
        feed.id: of(
            replace(feed, paused=feed.paused or source.paused),
            states.get(feed.id) or FeedState(feed_id=feed.id),
            Habits.read(habits.get(feed.id)),
            now,
        )
        for source in sources
        for feed in source.feeds
    }


def worst(healths: Iterable[Health]) -> State:
    """The state that stands for several feeds; "paused" for none."""
    return min((health.state for health in healths), key=STATES.index, default="paused")


def _failure(state: FeedState) -> Health:
    kind = state.error_kind or "content"
    told = f"{state.error_count}x {kind}: {state.last_error or ''}".removesuffix(": ")
    name: State = "gone" if schedule.is_gone(state) else "blocked" if kind == "blocked" else "failing"
    return Health(
        state=name,
        since=state.failing_since,
        why=told,
        advice=ADVICE.get(kind, ADVICE["content"]),
        unhealthy=name != "failing" or state.error_count >= FAILING_CONFIRMED,
    )


def _condition(state: FeedState, habits: Habits, now: datetime) -> Health:
    """Of a feed that answers."""
    if state.empty_since is not None:
        return Health(
            state="empty",
            since=state.empty_since,
            why="answers, but with no entry",
            advice=EMPTY,
            unhealthy=True,
        )
    if habits.drifting:
        return Health(
            state="drift",
            since=habits.drifting_since,
            why=f"{', '.join(habits.drifting)} missing",
            advice=DRIFT,
            unhealthy=True,
        )
    # As of its last answer: a feed that nobody asked for a week is not silent.
    if schedule.is_silent(state, state.success_at or now):
        usual = f"; usual: every {_rounded(state.usual_gap)}" if state.usual_gap else ""
        return Health(
            state="silent", since=state.new_at, why=f"nothing new{usual}", advice=SILENT, unhealthy=True
        )
    if schedule.moved_address(state) is not None:
        return Health(state="moved", why=f"to {state.moved_to}", advice=MOVED)
    if state.moved_to is not None:
        days = f"{state.moved_count} of {schedule.MOVED_CONFIRMED} days"
        return Health(state="ok", why=f"moved to {state.moved_to}, seen on {days}")
    return Health(state="ok")


def _rounded(gap: timedelta) -> str:
    minutes = max(1, round(gap.total_seconds() / 60))
    for size, name in ((24 * 60, "d"), (60, "h")):
        if minutes >= 2 * size:
            return f"{round(minutes / size)} {name}"
    return f"{minutes} min"
