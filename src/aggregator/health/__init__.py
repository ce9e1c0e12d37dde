"""What a feed's polls left behind -> how it is, since when, and what to do about it. Pure.

    condition.py  how a feed is now               overlap.py   whether articles may have come and gone between two polls
    habits.py     what its documents usually hold findings.py  what `doctor` says about all of it
    zone.py       in which zone its times are

Promises to say nothing where too little is known.
"""

from aggregator.health.condition import STATES, Health, State, of, survey, worst
from aggregator.health.findings import (
    Finding,
    Level,
    clock_finding,
    disk_finding,
    feed_findings,
    gap_finding,
    page_findings,
    polling_finding,
)
from aggregator.health.habits import Habit, Habits, learn
from aggregator.health.overlap import Seen, Span, missed
from aggregator.health.zone import learned, observe, stated

__all__ = [
    "STATES",
    "Finding",
    "Habit",
    "Habits",
    "Health",
    "Level",
    "Seen",
    "Span",
    "State",
    "clock_finding",
    "disk_finding",
    "feed_findings",
    "gap_finding",
    "learn",
    "learned",
    "missed",
    "observe",
    "of",
    "page_findings",
    "polling_finding",
    "stated",
    "survey",
    "worst",
]
