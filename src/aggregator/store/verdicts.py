"""What editors decided to rows, and what follows from it for the articles that are stored.

A verdict is kept by canonical URL and carried out whenever an article with that URL is there: when it is given, and when
one arrives. It never changes an article's id.
"""

from collections.abc import Collection
from datetime import datetime
from typing import get_args

import sqlalchemy as sa

from aggregator.model import Decision, EditorVerdict
from aggregator.store import links, rows
from aggregator.store.schema import article, editor_verdict, hidden, key, relink
from aggregator.store.sql import among, insert

_KINDS: tuple[Decision, ...] = get_args(Decision)
CODES: dict[str, int] = {kind: code for code, kind in enumerate(_KINDS)}
"""Stored as their place: new words go to the end of the Literal, none is ever taken out."""


def listed(connection: sa.Connection, *, undone: bool) -> list[EditorVerdict]:
    """The verdicts, newest first; those taken back only when asked for."""
    wanted = sa.select(editor_verdict).order_by(editor_verdict.c.id.desc())
    if not undone:
        wanted = wanted.where(editor_verdict.c.undone_at.is_(None))
    return [_verdict(row) for row in connection.execute(wanted)]


def get(connection: sa.Connection, number: int) -> EditorVerdict | None:
    row = connection.execute(sa.select(editor_verdict).where(editor_verdict.c.id == number)).one_or_none()
    return None if row is None else _verdict(row)


def about(connection: sa.Connection, url_hash: int) -> list[EditorVerdict]:
    """The verdicts in force on one article, newest first."""
    found = connection.execute(
        sa.select(editor_verdict)
        .where(
            editor_verdict.c.undone_at.is_(None),
            sa.or_(editor_verdict.c.url_hash == url_hash, editor_verdict.c.other_hash == url_hash),
        )
        .order_by(editor_verdict.c.id.desc())
    )
    return [_verdict(row) for row in found]


def give(connection: sa.Connection, wanted: EditorVerdict) -> EditorVerdict:
    """Record a verdict and carry it out. One that is in force already is returned as it is.

    Args:
        wanted: its id is given here.
    """
    for known in about(connection, wanted.url_hash):
        if known.kind == wanted.kind and {known.url, known.other} == {wanted.url, wanted.other}:
            return known
    number = (connection.scalar(sa.select(sa.func.max(editor_verdict.c.id))) or 0) + 1
    connection.execute(
        editor_verdict.insert(),
        {
            "id": number,
            "kind": CODES[wanted.kind],
            "url": rows.text(wanted.url),
            "url_hash": wanted.url_hash,
            "other": rows.text(wanted.other),
            "other_hash": wanted.other_hash,
            "at": rows.seconds(wanted.at),
            "by": rows.text(wanted.by),
            "why": rows.text(wanted.why),
        },
    )
    given = get(connection, number)
    assert given is not None, "it was written a moment ago"
    ids = _ids(connection, given.url_hash)
    if given.kind == "hide":
        hide(connection, ids)
    else:
        others = None if given.other_hash is None else set(_ids(connection, given.other_hash))
        for article_id in ids:
            links.part(connection, article_id, others)
    return given


def undo(connection: sa.Connection, given: EditorVerdict, *, at: datetime, by: str) -> EditorVerdict:
    """Take a verdict back. What it parted is compared anew by the next link pass."""
    connection.execute(
        editor_verdict.update().where(editor_verdict.c.id == given.id),
        {"undone_at": rows.seconds(at), "undone_by": rows.text(by)},
    )
    ids = _ids(connection, given.url_hash)
    if given.kind == "hide":
        connection.execute(hidden.delete().where(among(connection, hidden.c.article_id, ids)))
    else:
        insert(connection, relink, [{"article_id": article_id} for article_id in ids], conflict="keep")
    found = get(connection, given.id)
    assert found is not None, "it was changed a moment ago"
    return found


def hide(connection: sa.Connection, ids: Collection[int]) -> None:
    """Take articles out of all lists. Another copy stands where one of them stood for its group."""
    insert(connection, hidden, [{"article_id": article_id} for article_id in ids], conflict="keep")
    for group in links.copy_groups(connection, ids):
        shown = set(group.members) - _hidden(connection, group.members)
        if group.representative_id in ids and shown:
            links.set_representatives(connection, {group.id: min(shown)})


def hidden_hashes(connection: sa.Connection) -> frozenset[int]:
    """Keys of the articles that editors hid, stored or not."""
    hiding = sa.select(editor_verdict.c.url_hash).where(
        editor_verdict.c.kind == CODES["hide"], editor_verdict.c.undone_at.is_(None)
    )
    return frozenset(connection.scalars(hiding))


def apart(connection: sa.Connection) -> links.Apart:
    """Which stored articles are no copies of which."""
    found = connection.execute(
        sa.select(editor_verdict.c.url_hash, editor_verdict.c.other_hash).where(
            editor_verdict.c.kind == CODES["not_copy"], editor_verdict.c.undone_at.is_(None)
        )
    ).all()
    if not found:
        return links.Apart()
    hashes = {hash for row in found for hash in row if hash is not None}
    numbers = {
        row[0]: row[1]
        for row in connection.execute(
            sa.select(key.c.hash, key.c.article_id).where(among(connection, key.c.hash, hashes))
        )
    }
    alone = {numbers[url] for url, other in found if other is None and url in numbers}
    pairs = {
        frozenset((numbers[url], numbers[other]))
        for url, other in found
        if other is not None and url in numbers and other in numbers
    }
    return links.Apart(frozenset(alone), frozenset(pairs))


def _hidden(connection: sa.Connection, ids: Collection[int]) -> set[int]:
    return set(
        connection.scalars(sa.select(hidden.c.article_id).where(among(connection, hidden.c.article_id, ids)))
    )


def _ids(connection: sa.Connection, url_hash: int) -> list[int]:
    """The stored article that is known by this key."""
    found = sa.select(article.c.id).join(key, key.c.article_id == article.c.id).where(key.c.hash == url_hash)
    return list(connection.scalars(found))


def _verdict(row: rows.Row) -> EditorVerdict:
    return EditorVerdict(
        id=row.id,
        kind=_KINDS[row.kind],
        url=row.url,
        url_hash=row.url_hash,
        other=row.other,
        other_hash=row.other_hash,
        at=rows.instant(row.at),
        by=row.by,
        why=row.why,
        undone_at=rows.instant_or_none(row.undone_at),
        undone_by=row.undone_by or "",
    )
