"""Visits to articles' own pages: which are due, who holds them, and what they gave."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from aggregator.model import Article, Enrich, Visit
from aggregator.store import rows
from aggregator.store.schema import article, article_text, source, visit
from aggregator.store.snapshot import first_id_since
from aggregator.store.sql import among, insert

# No teaser, no picture, or a time that nobody said, or only in part.
_LACKING = sa.or_(
    article.c.teaser == "",
    article.c.image.is_(None),
    article.c.published_precision == rows.PRECISION_CODES["day"],
    article.c.published_origin.in_([rows.ORIGIN_CODES[origin] for origin in ("first_seen", "url")]),
    article.c.published_note.like("clamped%"),
)


def claim(
    connection: sa.Connection,
    now: datetime,
    *,
    until: datetime,
    since: datetime,
    wanted: Mapping[str, Enrich],
    at_most: Mapping[str, int],
) -> list[Visit]:
    """Take pages that are due and nobody holds, the newest articles of each source first."""
    numbers = {row.key: row.id for row in connection.execute(sa.select(source.c.key, source.c.id))}
    first = first_id_since(connection, since)
    at = rows.seconds(now)
    claimed = []
    for key, mode in wanted.items():
        if key not in numbers or at_most.get(key, 0) <= 0:
            continue
        due = (
            sa.select(article.c.id, article.c.url, visit.c.tries, visit.c.at)
            .outerjoin(visit, visit.c.article_id == article.c.id)
            .where(
                article.c.source_id == numbers[key],
                article.c.id >= first,
                sa.or_(visit.c.article_id.is_(None), visit.c.next_at <= at),
            )
            .order_by(article.c.id.desc())
            .limit(at_most[key])
        )
        if mode == "missing":
            due = due.where(_LACKING)
        claimed += [
            Visit(
                article_id=row.id,
                source_id=key,
                url=row.url,
                tries=(row.tries or 0) + 1,
                at=rows.instant_or_none(row.at),
                next_at=until,
            )
            for row in connection.execute(due)
        ]
    save(connection, claimed)
    return claimed


def save(connection: sa.Connection, visits: Iterable[Visit]) -> None:
    insert(
        connection,
        visit,
        [
            {
                "article_id": one.article_id,
                "tries": one.tries,
                "next_at": rows.seconds_or_none(one.next_at),
                "at": rows.seconds_or_none(one.at),
                "outcome": one.outcome,
                "note": rows.text(one.note),
            }
            for one in visits
        ],
        conflict="replace",
    )


def release(connection: sa.Connection, visits: Collection[Visit]) -> None:
    """Give pages back that were not asked: a first claim leaves no trace, a later one is due again."""
    first = [one.article_id for one in visits if one.tries == 1]
    if first:
        connection.execute(visit.delete().where(among(connection, visit.c.article_id, first)))
    for one in visits:
        if one.tries > 1:
            again = visit.update().where(visit.c.article_id == one.article_id)
            connection.execute(again.values(tries=one.tries - 1, next_at=0))


def article_of(connection: sa.Connection, article_id: int) -> tuple[Article, rows.Row] | None:
    """An article with its text, and its row with its outlet's name (`source_name`); None: it was purged meanwhile."""
    row = connection.execute(
        sa.select(
            article, source.c.key.label("source_key"), source.c.name.label("source_name"), article_text.c.text
        )
        .join(source, source.c.id == article.c.source_id)
        .outerjoin(article_text, article_text.c.article_id == article.c.id)
        .where(article.c.id == article_id)
    ).one_or_none()
    return None if row is None else (rows.article_of(row, source_key=row.source_key, body=row.text), row)


def of_article(connection: sa.Connection, article_id: int) -> Visit | None:
    return next(iter(_visits(connection, visit.c.article_id == article_id)), None)


def outcomes(connection: sa.Connection, since: datetime) -> dict[str, Counter[str]]:
    """Source id -> how often its pages came to what, of articles first seen since then."""
    counted: dict[str, Counter[str]] = {}
    for key, outcome, times in connection.execute(
        sa.select(source.c.key, visit.c.outcome, sa.func.count())
        .join(article, article.c.id == visit.c.article_id)
        .join(source, source.c.id == article.c.source_id)
        .where(visit.c.article_id >= first_id_since(connection, since), visit.c.outcome != "")
        .group_by(source.c.key, visit.c.outcome)
    ):
        counted.setdefault(key, Counter())[outcome] = times
    return counted


def _visits(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> list[Visit]:
    found: Any = connection.execute(
        sa.select(visit, article.c.url, source.c.key)
        .join(article, article.c.id == visit.c.article_id)
        .join(source, source.c.id == article.c.source_id)
        .where(condition)
    )
    return [
        Visit(
            article_id=row.article_id,
            source_id=row.key,
            url=row.url,
            tries=row.tries,
            at=rows.instant_or_none(row.at),
            outcome=row.outcome,
            note=row.note,
            next_at=rows.instant_or_none(row.next_at),
        )
        for row in found
    ]
