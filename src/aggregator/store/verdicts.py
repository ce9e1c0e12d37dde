"""What editors decided to rows, and what follows from it for the articles that are stored.

A verdict is kept by canonical URL and carried out whenever an article with that URL is there: when it is given, and when
one arrives. What it means for stories, related lists and topics is looked up by the keys that articles have, when it is
asked for. It never changes an article's id.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, get_args

import sqlalchemy as sa

from aggregator.model import Decision, EditorVerdict, ListRules, StoryRule
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


_PARTS = frozenset({"not_copy", "not_same_story"})
"""What is not on one event is not one text either."""
_ONE_WAY = frozenset({"pin"})


def about(connection: sa.Connection, url_hashes: Collection[int]) -> list[EditorVerdict]:
    """The verdicts in force on the article that has these keys, newest first."""
    found = connection.execute(
        _in_force()
        .where(
            sa.or_(
                among(connection, editor_verdict.c.url_hash, url_hashes),
                among(connection, editor_verdict.c.other_hash, url_hashes),
            )
        )
        .order_by(editor_verdict.c.id.desc())
    )
    return [_verdict(row) for row in found]


def _in_force(*kinds: Decision) -> sa.Select[Any]:
    """Verdicts that were not taken back; of these kinds, of all when none is named."""
    wanted = sa.select(editor_verdict).where(editor_verdict.c.undone_at.is_(None))
    return wanted.where(editor_verdict.c.kind.in_([CODES[kind] for kind in kinds])) if kinds else wanted


def give(connection: sa.Connection, wanted: EditorVerdict) -> EditorVerdict:
    """Record a verdict and carry it out. One that is in force already is returned as it is.

    Args:
        wanted: its id is given here.
    """
    for known in about(connection, [wanted.url_hash]):
        if known.kind == wanted.kind and _ends(known) == _ends(wanted):
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
    elif given.kind in _PARTS:
        others = None if given.other_hash is None else set(_ids(connection, given.other_hash))
        for article_id in ids:
            links.part(connection, article_id, others)
    return given


def _ends(given: EditorVerdict) -> object:
    """What it is about; which one is named first matters where it is about the list of one of them."""
    ends = (given.url, given.other)
    return ends if given.kind in _ONE_WAY else frozenset(ends)


def undo(connection: sa.Connection, given: EditorVerdict, *, at: datetime, by: str) -> EditorVerdict:
    """Take a verdict back. What it parted is compared anew by the next link pass."""
    connection.execute(
        editor_verdict.update().where(editor_verdict.c.id == given.id),
        {"undone_at": rows.seconds(at), "undone_by": rows.text(by)},
    )
    ids = _ids(connection, given.url_hash)
    if given.kind == "hide":
        connection.execute(hidden.delete().where(among(connection, hidden.c.article_id, ids)))
    elif given.kind in _PARTS:
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
    found = connection.execute(_in_force("not_copy", "not_same_story")).all()
    if not found:
        return links.Apart()
    numbers = _numbers(connection, found)
    alone = {numbers[row.url_hash] for row in found if row.other_hash is None and row.url_hash in numbers}
    pairs = {
        frozenset((numbers[row.url_hash], numbers[row.other_hash]))
        for row in found
        if row.url_hash in numbers and row.other_hash in numbers
    }
    return links.Apart(frozenset(alone), frozenset(pairs))


def story_rules(connection: sa.Connection) -> tuple[StoryRule, ...]:
    """Which articles are always, and which never, in one story; the newest first."""
    together = CODES["same_story"]
    found = connection.execute(
        _in_force("same_story", "not_same_story").order_by(editor_verdict.c.id.desc())
    ).all()
    if not found:
        return ()
    numbers = _numbers(connection, found)
    for row in found:
        for hash in (row.url_hash, row.other_hash):
            numbers.setdefault(hash, -1 - len(numbers))
    return tuple(
        StoryRule(first=numbers[row.url_hash], second=numbers[row.other_hash], together=row.kind == together)
        for row in found
        if numbers[row.url_hash] != numbers[row.other_hash]
    )


def list_rules(connection: sa.Connection, article_id: int) -> ListRules:
    """What does not stand in the related list of an article, and what stands first in it."""
    own = set(connection.scalars(sa.select(key.c.hash).where(key.c.article_id == article_id)))
    never = CODES["never_relate"]
    found = connection.execute(
        _in_force("never_relate", "pin")
        .where(
            sa.or_(
                among(connection, editor_verdict.c.url_hash, own),
                sa.and_(
                    editor_verdict.c.kind == never,
                    sa.or_(
                        editor_verdict.c.other_hash.is_(None),
                        among(connection, editor_verdict.c.other_hash, own),
                    ),
                ),
            )
        )
        .order_by(editor_verdict.c.id.desc())
    ).all()
    if not found:
        return ListRules()
    numbers = _numbers(connection, found)
    out: set[int] = set()
    pinned: dict[int, None] = {}
    for row in found:
        ends = {numbers.get(row.url_hash), numbers.get(row.other_hash)} - {None, article_id}
        if row.kind == never:
            out.update(number for number in ends if number is not None)
        else:
            pinned.update(dict.fromkeys(number for number in ends if number is not None))
    return ListRules(never=frozenset(_with_copies(connection, out) - {article_id}), pinned=tuple(pinned))


def topic_rules(connection: sa.Connection, topic_id: str) -> dict[int, bool]:
    """Article id -> whether it is in a topic, whatever the terms say. Copies of an article share what was said of it."""
    found = connection.execute(
        _in_force("in_topic", "not_in_topic")
        .where(editor_verdict.c.other == topic_id)
        .order_by(editor_verdict.c.id)
    ).all()
    if not found:
        return {}
    numbers = _numbers(connection, found)
    said = {numbers[row.url_hash]: row.kind == CODES["in_topic"] for row in found if row.url_hash in numbers}
    groups = {member: group for group in links.copy_groups(connection, said) for member in group.members}
    shared = {
        member: inside
        for number, inside in said.items()
        if number in groups
        for member in groups[number].members
    }
    return shared | said


def _with_copies(connection: sa.Connection, ids: Collection[int]) -> set[int]:
    return {*ids, *(member for group in links.copy_groups(connection, ids) for member in group.members)}


def _numbers(connection: sa.Connection, found: Iterable[rows.Row]) -> dict[int, int]:
    """Hash of a key -> the article that has it, or had: of all that these verdicts name."""
    hashes = {hash for row in found for hash in (row.url_hash, row.other_hash) if hash is not None}
    known = connection.execute(
        sa.select(key.c.hash, key.c.article_id).where(among(connection, key.c.hash, hashes))
    )
    return {row[0]: row[1] for row in known}


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
