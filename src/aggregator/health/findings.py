"""What was measured and how the feeds are -> findings: what is wrong, how bad it is, and what to do."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from aggregator.health.condition import Health
from aggregator.model import Feed, FeedState, Source

Level = Literal["ok", "warning", "unhealthy"]
"""warning: nothing is lost, and somebody may look at leisure."""

SKEW = timedelta(minutes=5)
"""Clocks that are set by the network differ by less."""

LEAST_FREE = 200 * 1024 * 1024
"""Bytes: a day of 500 feeds, its log and the working space of a purge."""

LEAST_PAGES = 5
"""Visits to an outlet's pages before anything is said about them."""

STALLED = timedelta(hours=12)
"""Without any poll: twice the longest interval of a feed that answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    check: str  # configuration, database, schema, clock, disk, polling, gaps, pages, source
    level: Level
    what: str
    advice: str = ""  # what to do; "": nothing
    feed: Feed | None = None  # the one that is meant
    health: Health | None = None  # of that feed


def clock_finding(newest: datetime | None, now: datetime) -> Finding:
    """Args: newest: first_seen_at of the newest article."""
    if newest is None or newest <= now + SKEW:
        return Finding(check="clock", level="ok", what="no stored time lies in the future")
    return Finding(
        check="clock",
        level="unhealthy",
        what=f"the newest article was stored at {newest:%Y-%m-%d %H:%MZ}, which lies {_days(newest - now)} ahead",
        advice="Set this machine's clock. If it was ahead then and is right now, times settle by themselves as it passes.",
    )


def disk_finding(free: int, used: int) -> Finding:
    """Args: free, used: bytes on the database's file system, and of the database."""
    told = f"{_size(free)} free beside a database of {_size(used)}"
    if free < LEAST_FREE:
        return Finding(
            check="disk",
            level="unhealthy",
            what=told,
            advice="Free some space, or keep articles for a shorter time ([store] retention) and `aggregator db prune`.",
        )
    if free < used:
        return Finding(
            check="disk", level="warning", what=told, advice="A copy of the database would not fit beside it."
        )
    return Finding(check="disk", level="ok", what=told)


def polling_finding(states: Iterable[FeedState], now: datetime) -> Finding:
    """Whether anything is being polled at all."""
    checked = [state.checked_at for state in states if state.checked_at is not None]
    if not checked:
        return Finding(
            check="polling",
            level="warning",
            what="nothing was polled yet",
            advice="`aggregator poll` begins.",
        )
    last = max(checked)
    if now - last > STALLED:
        return Finding(
            check="polling",
            level="unhealthy",
            what=f"nothing was polled since {last:%Y-%m-%d %H:%MZ}",
            advice="Is `aggregator run`, or the cron job with `aggregator poll`, still there?",
        )
    return Finding(check="polling", level="ok", what=f"last polled at {last:%Y-%m-%d %H:%MZ}")


def gap_finding(noticed: int, open: int) -> Finding:
    """Args: noticed, open: gaps of the last day, and those of them that nothing has filled."""
    if not noticed:
        return Finding(check="gaps", level="ok", what="no gap between polls in the last 24 h")
    return Finding(
        check="gaps",
        level="warning" if open else "ok",
        what=f"{noticed} possible {'gap' if noticed == 1 else 'gaps'} in the last 24 h, {open} not filled",
        advice="`aggregator polls gaps` lists them; a shorter interval, or the outlet's sitemap, avoids them."
        if open
        else "",
    )


def page_findings(outcomes: Mapping[str, Mapping[str, int]]) -> list[Finding]:
    """One for each outlet whose articles' pages mostly do not come.

    Args:
        outcomes: source id -> how often its pages came to what.
    """
    found = []
    for source_id, counted in sorted(outcomes.items()):
        asked = sum(counted.values())
        failed = {outcome: times for outcome, times in counted.items() if outcome != "ok"}
        if asked < LEAST_PAGES or 2 * sum(failed.values()) <= asked:
            continue
        worst = max(failed, key=lambda outcome: failed[outcome])
        found.append(
            Finding(
                check="pages",
                level="warning",
                what=f"{source_id}: {sum(failed.values())} of {asked} articles' pages did not come, {failed[worst]} of them:"
                f" {worst.replace('_', ' ')}",
                advice=_PAGE_ADVICE.get(worst, "`aggregator items show ID` says why for one of them."),
            )
        )
    return found


_PAGE_ADVICE = {
    "refused": 'The outlet\'s robots.txt does not want it: set enrich = "never" for it.',
    "blocked": 'The outlet does not want it: set enrich = "never" for it, or ask them.',
    "other_page": 'A notice stands before its pages: set enrich = "never" for it, or ask them for another way.',
}


def feed_findings(sources: Iterable[Source], healths: Mapping[str, Health]) -> list[Finding]:
    """One for each feed that is not well, and one for all that are."""
    found: list[Finding] = []
    well = 0
    for source in sources:
        for feed in source.feeds:
            health = healths[feed.id]
            if health.unhealthy or health.state in ("failing", "moved"):
                found.append(
                    Finding(
                        check="source",
                        level="unhealthy" if health.unhealthy else "warning",
                        what=feed.url,
                        advice=health.advice,
                        feed=feed,
                        health=health,
                    )
                )
            else:
                well += 1
    return [
        *sorted(found, key=lambda finding: finding.level != "unhealthy"),
        Finding(
            check="sources", level="ok", what=f"{well} {'feed' if well == 1 else 'feeds'} well or paused"
        ),
    ]


def _days(ahead: timedelta) -> str:
    hours = ahead.total_seconds() / 3600
    return f"{hours / 24:.0f} days" if hours >= 48 else f"{max(hours, 0.1):.1f} h"


def _size(count: int) -> str:
    mib = count / (1024 * 1024)
    return f"{mib / 1024:.1f} GiB" if mib >= 1024 else f"{mib:.1f} MiB"
