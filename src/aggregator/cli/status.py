"""`aggregator status`: one screen on how things are and what to do next."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from aggregator import health
from aggregator.cli.grammar import Command
from aggregator.cli.output import Output, output_options, page, print_json
from aggregator.cli.session import Session, pass_session
from aggregator.health import STATES, Health
from aggregator.model import FeedState, ItemFilter, Source
from aggregator.render.jsonable import Json, optional_instant

if TYPE_CHECKING:
    from aggregator.store import PollTotals

MOST_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class _Status:
    articles: int  # today
    polls: "PollTotals"  # today
    last_poll_at: datetime | None
    due: int
    next_due_at: datetime | None  # of what is not due yet
    not_linked: int
    sources: Mapping[str, int]  # by state, the worst of their feeds
    todo: tuple[str, ...]


@click.command(cls=Command, short_help="How things are, on one screen.")
@output_options("json", fields=False)
@pass_session
def status(session: Session, output: Output) -> None:
    """How things are: articles and polls of today, what is due, outlets by state, what to do next.

    \b
      aggregator status
      aggregator status --json
    """
    now = session.clock()
    midnight = session.local_now.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
    with session.store() as store:
        outlets, states = store.sources(), store.feed_states()
        healths = health.survey(outlets, states, store.feed_habits(), now)
        polled = [state for state in states.values() if healths[state.feed_id].state != "paused"]
        due = [state for state in polled if state.next_check_at is None or state.next_check_at <= now]
        known = _Status(
            articles=store.count(ItemFilter(since=midnight, state="all")),
            polls=store.poll_totals(midnight),
            last_poll_at=max((at for state in states.values() if (at := state.checked_at)), default=None),
            due=len(due),
            next_due_at=min(
                (at for state in polled if (at := state.next_check_at) and at > now), default=None
            ),
            not_linked=store.not_linked(),
            sources=_by_state(outlets, healths),
            todo=tuple(_todo(outlets, healths, states.values())),
        )
    if output.format == "json":
        print_json(_record(known))
        return
    from aggregator.render import text

    screen = session.screen()
    polls = known.polls
    answers = f"{polls.polls}: {polls.ok} ok, {polls.not_modified} not modified, {polls.errors} failed"
    entries = f"{polls.new} new, {polls.revised} revised, {polls.rejected} rejected"
    facts = [
        ("articles today", str(known.articles)),
        ("polls today", f"{answers}; {entries}"),
        ("last poll", text.last(known.last_poll_at, screen)),
        ("due now", f"{known.due} of {len(polled)} feeds"),
        ("next due", text.last(known.next_due_at, screen).partition(" (")[0] if known.next_due_at else ""),
        ("to be linked", str(known.not_linked) if known.not_linked else ""),
        ("outlets", ", ".join(f"{count} {state}" for state, count in known.sources.items()) or "none"),
    ]
    page(text.status([fact for fact in facts if fact[1]], known.todo, screen))


def _by_state(outlets: Iterable[Source], healths: Mapping[str, Health]) -> dict[str, int]:
    """How many outlets are in each state, worst first."""
    counts = Counter(health.worst(healths[feed.id] for feed in outlet.feeds) for outlet in outlets)
    return {state: counts[state] for state in STATES if counts[state]}


def _todo(
    outlets: Iterable[Source], healths: Mapping[str, Health], states: Iterable[FeedState]
) -> Iterable[str]:
    if not any(state.checked_at for state in states):
        yield "`aggregator poll` asks the outlets for the first time."
        return
    wanting = [
        (STATES.index(how.state), f"{outlet.id}, {how.state} ({feed.url}): {how.advice}")
        for outlet in outlets
        for feed in outlet.feeds
        if (how := healths[feed.id]).unhealthy or how.state == "moved"
    ]
    yield from (told for _, told in sorted(wanting)[:MOST_SHOWN])
    if len(wanting) > MOST_SHOWN:
        yield f"{len(wanting) - MOST_SHOWN} more feeds want looking at: `aggregator doctor`."


def _record(known: _Status) -> Json:
    return {
        "articles_today": known.articles,
        "polls_today": asdict(known.polls),
        "last_poll_at": optional_instant(known.last_poll_at),
        "due": known.due,
        "next_due_at": optional_instant(known.next_due_at),
        "not_linked": known.not_linked,
        "sources": dict(known.sources),
        "todo": list(known.todo),
    }
