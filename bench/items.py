"""Item files: one JSON object a line with id, title, teaser, body, outlet, published, lang; read in published order."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

UNKNOWN = "unknown"
"""What item files write where nobody knows the outlet. Two such items are not from one outlet."""


@dataclass(frozen=True, slots=True)
class ItemLine:
    """One line of an item file."""

    id: str
    title: str
    teaser: str
    body: str
    outlet: str
    published: datetime
    language: str
    url: str


def read_items(paths: Iterable[Path]) -> Iterator[ItemLine]:
    """The items of some files, in the files' order. A line without a headline is skipped."""
    for path in paths:
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                if row.get("title"):
                    yield ItemLine(
                        id=str(row["id"]),
                        title=row["title"],
                        teaser=row.get("teaser") or "",
                        body=row.get("body") or "",
                        outlet="" if row.get("outlet") in (None, UNKNOWN) else row["outlet"],
                        published=_instant(row["published"]),
                        language=row.get("lang") or "",
                        url=row.get("url") or "",
                    )


def arrival_order(items: Iterable[ItemLine]) -> list[ItemLine]:
    """By (published, id): the order in which a streaming run sees them."""
    return sorted(items, key=lambda item: (item.published, item.id))


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)
