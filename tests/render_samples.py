"""Builders for what is rendered: an article with sensible defaults, and texts that want to be more than text."""

from datetime import UTC, datetime, timedelta
from typing import Any

from aggregator.model import Article, Copy, Item, Related, Relation, Revision

NOW = datetime(2026, 5, 14, 9, 30, tzinfo=UTC)

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</aside></style><svg onload=alert(1)>",
    "<![CDATA[x]]> ]]> &lt;b&gt; &amp;amp; <!-- -->",
    "{{ 7 * 7 }} {% raw %} ${7*7} %(x)s {0.__class__}",
    "a\x00b\x01c\x0bd\x1b[31me\x7ff\x85g\ufffeh\uffffi\ud800j",
    "left \u202eright-to-left \u2066isolated",
    "z" + "\u0301" * 500 + "algo",
    "\u2028\u2029</textarea><textarea>",
    "x" * 5_000,
)
HOSTILE_URLS = (
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    " data:text/html,<script>alert(1)</script>",
    "https://example.org/\"onclick='alert(1)'",
    "https://example.org/a b",
    "//example.org/",
    "https://[::1",
    "",
)
HOSTILE_PAIRS = [(text, "https://example.org/") for text in HOSTILE] + [
    (HOSTILE[1], url) for url in HOSTILE_URLS
]
"""Every text with a good address, every address with a bad text."""


def make_article(id: int = 1, **fields: Any) -> Article:
    given: dict[str, Any] = {
        "id": id,
        "source_id": "harbour-post",
        "url": f"https://www.harbourpost.example/2026/05/14/{id}",
        "canonical_url": f"https://harbourpost.example/2026/05/14/{id}",
        "title": "Ferry runs aground off Cape Lorne",
        "teaser": "A ferry with 312 people aboard ran aground in fog. All were brought ashore.",
        "published_at": NOW - timedelta(minutes=62),
        "published_origin": "feed",
        "published_precision": "instant",
        "first_seen_at": NOW - timedelta(minutes=50),
        "language": "en",
        **fields,
    }
    return Article(**given)


def make_item(id: int = 1, *, outlet: str = "The Harbour Post", **fields: Any) -> Item:
    own = {
        name: fields.pop(name)
        for name in ("story_id", "copies", "revisions", "copy_of", "snippet")
        if name in fields
    }
    return Item(article=make_article(id, **fields), outlet=outlet, **own)


def make_related(
    id: int = 1, *, relation: Relation = "same_story", score: float = 0.5, **fields: Any
) -> Related:
    reasons = fields.pop("reasons", ("shares ferry, Lorne",))
    return Related(item=make_item(id, **fields), score=score, relation=relation, reasons=reasons)


def make_copy(id: int = 90, **fields: Any) -> Copy:
    given: dict[str, Any] = {
        "id": id,
        "url": f"https://dailytarn.example/{id}",
        "title": "Ferry runs aground",
        "outlet": "The Daily Tarn",
        "source_id": "daily-tarn",
        "agency": "Meridian Wire",
        "published_at": NOW - timedelta(hours=1),
        "similarity": 0.93456,
        **fields,
    }
    return Copy(**given)


def make_revision(**fields: Any) -> Revision:
    given: dict[str, Any] = {
        "article_id": 1,
        "seen_at": NOW - timedelta(minutes=20),
        "title": "Ferry in distress off Cape Lorne",
        "teaser": "More follows.",
        **fields,
    }
    return Revision(**given)
