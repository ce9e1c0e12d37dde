"""Invented outlets and articles for the tests of the store, and the shortest way to put them there."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

from aggregator.model import (
    Article,
    Feed,
    FeedState,
    IndexRow,
    Key,
    Linked,
    Poll,
    Selectors,
    Source,
    Topic,
    Verdict,
)
from aggregator.settings import Keep
from aggregator.store import PruneReport, Store

NOW = datetime(2026, 5, 14, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)

HARBOUR = Source(
    id="harbour",
    name="Harbour Post",
    url="https://harbour.example/",
    language="en",
    country="GB",
    owner="Tidewater Group",
    feeds=(
        Feed(id="https://harbour.example/rss", url="https://harbour.example/rss", source_id="harbour"),
        Feed(
            id="harbour-world",
            url="https://harbour.example/world",
            source_id="harbour",
            kind="listing",
            interval=timedelta(minutes=10),
            topics=("strike",),
            selectors=Selectors(item="article", title="h2"),
            group="tidewater",
            timezone="Europe/London",
        ),
    ),
)
ABEND = Source(
    id="abend",
    name="Abendblatt",
    url="https://abend.example/",
    language="de",
    weight=0.5,
    feeds=(Feed(id="abend", url="https://abend.example/feed", source_id="abend", language="de"),),
)
WIRE = Source(
    id="wire",
    name="Northern Wire",
    url="https://wire.example/",
    agency="NW",
    feeds=(Feed(id="wire", url="https://wire.example/atom", source_id="wire"),),
)
SOURCES = (HARBOUR, ABEND, WIRE)
FEED = HARBOUR.feeds[0].id

STRIKE = Topic(
    id="strike",
    name="Dock strike",
    any=("strike", '"dock workers"', "walkout*"),
    none=("football",),
    languages=("en",),
    until=NOW + timedelta(days=30),
)


def hash64(text: str) -> int:
    return int.from_bytes(
        blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "big", signed=True
    )


def article(name: str = "a", **changes: object) -> Article:
    """An article of Harbour Post; `name` makes its address."""
    plain = Article(
        source_id="harbour",
        url=f"https://harbour.example/{name}?from=rss",
        canonical_url=f"https://harbour.example/{name}",
        title=f"Title of {name}",
        teaser=f"Teaser of {name}.",
        published_at=NOW - HOUR,
        published_origin="feed",
        published_precision="instant",
        first_seen_at=NOW,
        language="en",
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def new(article: Article, *, position: int = 0, fingerprint: int | None = None) -> Verdict:
    return Verdict(
        outcome="new",
        position=position,
        url=article.url,
        keys=(Key(hash64(article.canonical_url), "url"), Key(hash64("guid " + article.url), "guid")),
        article=article,
        fingerprint=hash64(article.title) if fingerprint is None else fingerprint,
    )


def unchanged(of: int | None, article: Article, *, fingerprint: int | None = None) -> Verdict:
    return replace(new(article, fingerprint=fingerprint), outcome="unchanged", of=of, article=None)


def revision(of: int, article: Article, why: str = "title, teaser, time") -> Verdict:
    return replace(new(article), outcome="revision", of=of, why=why)


def rejected(url: str, why: str) -> Verdict:
    return Verdict(outcome="rejected", position=0, url=url, why=why)


def poll(
    store: Store, verdicts: Sequence[Verdict], *, feed: str = FEED, now: datetime = NOW, **changes: object
) -> tuple[int | None, ...]:
    """Record one poll of a feed in a transaction of its own."""
    source_id = next(source.id for source in SOURCES for known in source.feeds if known.id == feed)
    url = next(known.url for source in SOURCES for known in source.feeds if known.id == feed)
    plain = Poll(
        feed_id=feed,
        source_id=source_id,
        url=url,
        at=now,
        outcome="ok",
        status=200,
        served=len(verdicts),
        new=sum(verdict.outcome == "new" for verdict in verdicts),
        rejected=sum(verdict.outcome == "rejected" for verdict in verdicts),
        rejections=tuple((verdict.url, verdict.why) for verdict in verdicts if verdict.outcome == "rejected"),
    )
    state = FeedState(feed_id=feed, url=url, checked_at=now, success_at=now, next_check_at=now + HOUR)
    with store.write() as writer:
        return writer.record(state, replace(plain, **changes), verdicts, now=now)  # type: ignore[arg-type]


def add(store: Store, *articles: Article, feed: str = FEED, now: datetime = NOW) -> list[int]:
    """Store articles as new ones; returns their ids."""
    ids = poll(
        store, [new(entry, position=place) for place, entry in enumerate(articles)], feed=feed, now=now
    )
    return [article_id for article_id in ids if article_id is not None]


def index_row(article_id: int, terms: str = "", bands: Sequence[int] = ()) -> IndexRow:
    return IndexRow(
        article_id=article_id,
        terms=tuple(terms.split()),
        bands=tuple(bands),
        blob=f"blob {article_id}".encode(),
    )


def linked(article_id: int, **found: object) -> Linked:
    return Linked(row=index_row(article_id, f"term{article_id}"), **found)  # type: ignore[arg-type]


def prune(
    store: Store,
    now: datetime,
    age: timedelta,
    *,
    newest: int | None = None,
    own: Mapping[str, Keep] | None = None,
    polls_kept: timedelta = timedelta(days=30),
    tombstones_kept: timedelta = timedelta(days=365),
) -> PruneReport:
    with store.write() as writer:
        return writer.prune(
            now, Keep(age, newest), own=own, polls_kept=polls_kept, tombstones_kept=tombstones_kept
        )
