"""Documents, one after the other -> what a feed's entries usually hold, and what of it has gone missing."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from aggregator.model import Entry

Field = Literal["teaser", "date", "image"]
FIELDS: tuple[Field, ...] = ("teaser", "date", "image")

USUAL = 0.8  # a field that so many entries have is expected of the rest
MISSING = 0.1  # no more than so many have it: it is gone, and what is left are exceptions
LEARNED = 20  # different entries before anything is expected
TELLING = 3  # entries a document must have: one without an image says nothing
CONFIRMED = 2  # documents in a row
LEARNING = 0.2  # weight of the latest document in the mean

ACCEPTED_AFTER = timedelta(days=30)
"""A field that stayed away for so long is no longer expected: outlets do drop teasers for good."""


@dataclass(frozen=True, slots=True)
class Habit:
    """How one field of a feed's entries is filled."""

    share: float = 0.0  # of the entries of a document that have it, exponential mean
    lacking: int = 0  # documents in a row that should have had it and did not
    since: datetime | None = None  # the first of these


@dataclass(frozen=True, slots=True)
class Habits:
    """What a feed's documents usually hold."""

    entries: int = 0  # different ones that were looked at
    fields: Mapping[str, Habit] = field(default_factory=dict)
    offsets: tuple[int, ...] = ()  # minutes east of UTC that its times without a zone are written in: zone.py

    @property
    def drifting(self) -> tuple[str, ...]:
        """Fields that used to be there and are not, in the order of FIELDS."""
        return tuple(name for name, habit in self.fields.items() if habit.lacking >= CONFIRMED)

    @property
    def drifting_since(self) -> datetime | None:
        return min((since for name in self.drifting if (since := self.fields[name].since)), default=None)

    @staticmethod
    def read(kept: str | None) -> "Habits":
        """From the text that `text` made; None and what cannot be read: nothing learned yet."""
        try:
            stored = json.loads(kept or "{}")
            return Habits(
                stored["entries"],
                {
                    name: Habit(share, lacking, None if since is None else datetime.fromtimestamp(since, UTC))
                    for name, (share, lacking, since) in stored["fields"].items()
                    if name in FIELDS
                },
                tuple(int(minutes) for minutes in stored.get("offsets", ())),
            )
        except (ValueError, TypeError, KeyError, AttributeError):
            return Habits()

    def text(self) -> str:
        """For the store, to be read by `read` alone."""
        fields = {
            name: [round(habit.share, 4), habit.lacking, habit.since and int(habit.since.timestamp())]
            for name, habit in self.fields.items()
        }
        offsets = {"offsets": self.offsets} if self.offsets else {}
        return json.dumps({"entries": self.entries, "fields": fields, **offsets})


def learn(habits: Habits, entries: Sequence[Entry], *, new: int, now: datetime) -> Habits:
    """What is expected of a feed after one more document.

    Args:
        entries: of the document, all of them.
        new: how many of them were not seen before.
    """
    if len(entries) < TELLING:
        return habits
    filled = {
        "teaser": sum(bool((entry.summary or entry.content or "").strip()) for entry in entries),
        "date": sum(entry.published is not None for entry in entries),
        "image": sum(entry.image is not None for entry in entries),
    }
    return replace(
        habits,
        entries=min(habits.entries + new, 1_000_000),
        fields={
            name: _learn_one(
                habits.fields.get(name), filled[name] / len(entries), known=habits.entries, now=now
            )
            for name in FIELDS
        },
    )


def _learn_one(habit: Habit | None, share: float, *, known: int, now: datetime) -> Habit:
    if habit is None:
        return Habit(share)
    if known >= LEARNED and habit.share >= USUAL and share <= MISSING:
        since = habit.since or now
        # What is missing is not learned from meanwhile: the mean would get used to it within a day.
        return Habit(share) if now - since > ACCEPTED_AFTER else Habit(habit.share, habit.lacking + 1, since)
    return Habit(habit.share + (share - habit.share) * LEARNING)
