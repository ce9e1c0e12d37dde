"""A stored article for the tests of relating, with as little said of it as they need."""

from dataclasses import replace
from datetime import datetime

from aggregator.model import Article


def stored(number: int, title: str, teaser: str = "", *, at: datetime, **changes: object) -> Article:
    """Article `number` of an outlet of its own, published and first seen at `at`."""
    plain = Article(
        id=number,
        source_id=f"outlet-{number}",
        url=f"https://news.example/{number}",
        canonical_url=f"https://news.example/{number}",
        title=title,
        teaser=teaser,
        published_at=at,
        published_origin="feed",
        published_precision="instant",
        first_seen_at=at,
        language="en",
    )
    return replace(plain, **changes)  # type: ignore[arg-type]
