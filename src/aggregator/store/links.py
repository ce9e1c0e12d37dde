"""What the link pass found to rows: copies and their groups, neighbours, stories."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from aggregator.errors import UnknownName
from aggregator.model import CopyGroup, Linked
from aggregator.store import rows
from aggregator.store.schema import (
    article,
    copy_edge,
    copy_group,
    copy_member,
    neighbours,
    story,
    story_member,
)
from aggregator.store.sql import among, insert


def existing(connection: sa.Connection, ids: Iterable[int]) -> set[int]:
    wanted = set(ids)
    if not wanted:
        return set()
    return set(connection.scalars(sa.select(article.c.id).where(among(connection, article.c.id, wanted))))


# --- neighbours and copies ---------------------------------------------------------------------------------------------


def save_neighbours(connection: sa.Connection, linked: Sequence[Linked]) -> None:
    insert(
        connection,
        neighbours,
        [
            {"article_id": entry.article_id, "packed": rows.pack_neighbours(entry.neighbours)}
            for entry in linked
            if entry.neighbours
        ],
        conflict="replace",
    )


@dataclass(frozen=True, slots=True)
class Apart:
    """What editors said is no copy: articles that are one of nothing, and pairs that are none of each other."""

    alone: frozenset[int] = frozenset()
    pairs: frozenset[frozenset[int]] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.alone or self.pairs)

    def forbids(self, some: Iterable[int], others: Iterable[int]) -> bool:
        """Whether two groups of articles must not become one."""
        first, second = set(some), set(others)
        if not self.alone.isdisjoint(first | second):
            return True
        return any(frozenset((a, b)) in self.pairs for a in first for b in second)


def save_copies(connection: sa.Connection, linked: Sequence[Linked], apart: Apart) -> None:
    """Edges between copies; articles joined by edges are one group, shown by the member that was seen first.

    Args:
        apart: an edge that would bring together what an editor parted is left out.
    """
    known = existing(connection, (other for entry in linked for other, _ in entry.copies))
    edges = [
        (entry.article_id, other, rows.number(similarity))
        for entry in linked
        for other, similarity in entry.copies
        if other in known and other != entry.article_id
    ]
    if apart:
        edges = _allowed(connection, edges, apart)
    insert(
        connection,
        copy_edge,
        [{"a": max(a, b), "b": min(a, b), "similarity": similarity} for a, b, similarity in edges],
        conflict="replace",
    )
    groups = groups_of(connection, {end for a, b, _ in edges for end in (a, b)})
    for a, b, _ in edges:
        _join(connection, groups, a, b)


def _join(connection: sa.Connection, groups: dict[int, int], a: int, b: int) -> None:
    """Put two articles into one group; `groups` is article -> group and is kept true."""
    group_a, group_b = groups.get(a), groups.get(b)
    if group_a is None and group_b is None:
        group_id = _new_group(connection, min(a, b))
        new = [a, b]
    elif group_a is None or group_b is None:
        group_id = group_a if group_b is None else group_b  # type: ignore[assignment]  # one of them is set
        new = [a if group_a is None else b]
    else:
        if group_a != group_b:
            keep, give = min(group_a, group_b), max(group_a, group_b)
            connection.execute(copy_member.update().where(copy_member.c.group_id == give), {"group_id": keep})
            connection.execute(copy_group.delete().where(copy_group.c.id == give))
            groups.update({member: keep for member, group in groups.items() if group == give})
        return
    insert(connection, copy_member, [{"article_id": member, "group_id": group_id} for member in new])
    groups.update(dict.fromkeys(new, group_id))


def _allowed(
    connection: sa.Connection, edges: Sequence[tuple[int, int, float]], apart: Apart
) -> list[tuple[int, int, float]]:
    """The edges, one by one, that bring nobody together with whom an editor parted from it."""
    ends = {end for a, b, _ in edges for end in (a, b)}
    together: dict[int, set[int]] = {end: {end} for end in ends}
    for group in copy_groups(connection, ends):
        members = set(group.members)
        together.update(dict.fromkeys(members, members))
    kept = []
    for a, b, similarity in edges:
        if together[a] is not together[b]:
            if apart.forbids(together[a], together[b]):
                continue
            both = together[a] | together[b]
            together.update(dict.fromkeys(both, both))
        kept.append((a, b, similarity))
    return kept


def part(connection: sa.Connection, article_id: int, others: Collection[int] | None) -> None:
    """Take an article out of its copy group, where that holds one of `others`; None: whatever it holds."""
    for group in copy_groups(connection, [article_id]):
        rest = set(group.members) - {article_id}
        if others is None or not rest.isdisjoint(others):
            cut_edges(connection, [article_id])


def cut_edges(connection: sa.Connection, ids: Collection[int]) -> None:
    """Take articles out of their copy groups with all their edges; what is left of a group stays together where edges do.

    The part that holds the representative keeps the group's id, every other part gets one of its own.
    """
    groups = copy_groups(connection, ids)
    connection.execute(copy_edge.delete().where(among(connection, copy_edge.c.a, ids)))
    connection.execute(copy_edge.delete().where(among(connection, copy_edge.c.b, ids)))
    connection.execute(copy_member.delete().where(among(connection, copy_member.c.article_id, ids)))
    for group in groups:
        _regroup(connection, group, set(group.members) - set(ids))


def _regroup(connection: sa.Connection, group: CopyGroup, left: set[int]) -> None:
    parts = sorted(
        _connected(connection, left), key=lambda part: (group.representative_id not in part, min(part))
    )
    staying = parts[0] if parts and len(parts[0]) > 1 else set()
    leaving = left - staying
    if leaving:
        connection.execute(copy_member.delete().where(among(connection, copy_member.c.article_id, leaving)))
    if not staying:
        connection.execute(copy_group.delete().where(copy_group.c.id == group.id))
    elif group.representative_id not in staying:
        connection.execute(
            copy_group.update().where(copy_group.c.id == group.id), {"representative_id": min(staying)}
        )
    for part in parts:
        if part is not staying and len(part) > 1:
            found = _new_group(connection, min(part))
            insert(connection, copy_member, [{"article_id": member, "group_id": found} for member in part])


def _connected(connection: sa.Connection, members: set[int]) -> list[set[int]]:
    """The parts of a group that edges hold together."""
    parts = {member: {member} for member in members}
    inside = sa.select(copy_edge.c.a, copy_edge.c.b).where(
        among(connection, copy_edge.c.a, members), among(connection, copy_edge.c.b, members)
    )
    for a, b in connection.execute(inside):
        if parts[a] is not parts[b]:
            both = parts[a] | parts[b]
            parts.update(dict.fromkeys(both, both))
    return list({id(part): part for part in parts.values()}.values())


def _new_group(connection: sa.Connection, first: int) -> int:
    """A group that is shown by its first member, and goes by its number unless another one, since parted, does."""
    number = first
    if connection.scalar(sa.select(copy_group.c.id).where(copy_group.c.id == number)) is not None:
        number = min(connection.scalar(sa.select(sa.func.min(copy_group.c.id))) or 0, 0) - 1
    insert(connection, copy_group, [{"id": number, "representative_id": first}])
    return number


def groups_of(connection: sa.Connection, ids: Iterable[int]) -> dict[int, int]:
    """Article id -> id of its copy group, for those that are in one."""
    wanted = set(ids)
    if not wanted:
        return {}
    found = connection.execute(
        sa.select(copy_member.c.article_id, copy_member.c.group_id).where(
            among(connection, copy_member.c.article_id, wanted)
        )
    )
    return {row[0]: row[1] for row in found}


def copy_groups(connection: sa.Connection, ids: Iterable[int]) -> list[CopyGroup]:
    """The groups that these articles are in, with all their members."""
    group_ids = set(groups_of(connection, ids).values())
    if not group_ids:
        return []
    members: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    found = connection.execute(
        sa.select(copy_group.c.id, copy_group.c.representative_id, copy_member.c.article_id)
        .join(copy_member, copy_member.c.group_id == copy_group.c.id)
        .where(among(connection, copy_group.c.id, group_ids))
        .order_by(copy_group.c.id, copy_member.c.article_id)
    )
    for group_id, representative_id, article_id in found:
        members[group_id, representative_id].append(article_id)
    return [
        CopyGroup(id=group_id, representative_id=representative_id, members=tuple(ids))
        for (group_id, representative_id), ids in members.items()
    ]


def set_representatives(connection: sa.Connection, chosen: Mapping[int, int]) -> None:
    for group_id, article_id in chosen.items():
        connection.execute(
            copy_group.update().where(
                copy_group.c.id == group_id,
                sa.exists().where(copy_member.c.group_id == group_id, copy_member.c.article_id == article_id),
            ),
            {"representative_id": article_id},
        )


# --- stories -----------------------------------------------------------------------------------------------------------


def stories_of(connection: sa.Connection, ids: Iterable[int]) -> dict[int, int]:
    """Article id -> story number, for those that are in one."""
    wanted = set(ids)
    if not wanted:
        return {}
    found = connection.execute(
        sa.select(story_member.c.article_id, story_member.c.story).where(
            among(connection, story_member.c.article_id, wanted)
        )
    )
    return {row[0]: row[1] for row in found}


def set_stories(connection: sa.Connection, assignments: Mapping[int, int]) -> None:
    """Move articles to stories. A story left without articles becomes another name of the one that took most of them."""
    present = existing(connection, assignments)
    moved = {article_id: number for article_id, number in assignments.items() if article_id in present}
    before = stories_of(connection, moved)
    _keep_alive(connection, set(moved.values()))
    insert(
        connection,
        story_member,
        [{"article_id": article_id, "story": number} for article_id, number in moved.items()],
        conflict="replace",
    )
    takers: defaultdict[int, Counter[int]] = defaultdict(Counter)
    for article_id, number in before.items():
        takers[number][moved[article_id]] += 1
    for number in takers.keys() - _with_articles(connection, takers):
        taker = max(takers[number].items(), key=lambda taken: (taken[1], -taken[0]))[0]
        connection.execute(story.update().where(story.c.number == number), {"merged_into": taker})


def _keep_alive(connection: sa.Connection, numbers: set[int]) -> None:
    """Make the stories that are not there, and bring back those that had merged into others."""
    insert(
        connection,
        story,
        [{"number": number, "key": rows.story_key(number)} for number in sorted(numbers)],
        conflict="keep",
    )
    connection.execute(
        story.update().where(among(connection, story.c.number, numbers), story.c.merged_into.is_not(None)),
        {"merged_into": None},
    )


def _with_articles(connection: sa.Connection, numbers: Iterable[int]) -> set[int]:
    return set(
        connection.scalars(
            sa.select(story_member.c.story)
            .where(among(connection, story_member.c.story, set(numbers)))
            .distinct()
        )
    )


def alive(connection: sa.Connection, numbers: Iterable[int]) -> dict[int, int]:
    """Number of each story -> number of the story that it is part of by now; unknown ones are left out."""
    merged: dict[int, int | None] = {}
    wanted = set(numbers)
    while wanted:
        found = connection.execute(
            sa.select(story.c.number, story.c.merged_into).where(among(connection, story.c.number, wanted))
        ).all()
        merged.update((number, into) for number, into in found)
        wanted = {into for _, into in found if into is not None} - merged.keys()
    return {number: _end_of_chain(merged, number) for number in numbers if number in merged}


def _end_of_chain(merged: Mapping[int, int | None], number: int) -> int:
    seen = {number}
    while (into := merged.get(number)) is not None and into not in seen:
        seen.add(into)
        number = into
    return number


def story_number(connection: sa.Connection, id_prefix: str) -> int:
    """The story that an id, or the beginning of one, stands for by now."""
    prefix = id_prefix.strip().lower()
    if not prefix.isascii() or not prefix.isalnum():
        raise UnknownName("story", id_prefix, hint="`aggregator stories` lists them.")
    found = connection.execute(
        sa.select(story.c.number, story.c.key)
        .where(story.c.key >= prefix, story.c.key < prefix + "~")
        .order_by(story.c.key)
        .limit(50)
    ).all()
    exact = [number for number, name in found if name == prefix]
    numbers = exact or [number for number, _ in found]
    living = set(alive(connection, numbers).values())
    if len(living) == 1:
        return living.pop()
    raise UnknownName(
        "story",
        id_prefix,
        nearest=[name for _, name in found[:3]],
        hint="More than one begins so." if living else "`aggregator stories` lists them.",
    )


def save_story_labels(connection: sa.Connection, linked: Sequence[Linked]) -> None:
    """Provisional stories of new articles. One that has merged since stands for what it merged into."""
    labels = {entry.article_id: entry.story for entry in linked if entry.story is not None}
    now_in = alive(connection, set(labels.values()))
    set_stories(connection, {article_id: now_in.get(number, number) for article_id, number in labels.items()})


@dataclass(frozen=True, slots=True)
class Around:
    """Whole stories, and what holds them together."""

    membership: Mapping[int, int]  # article id -> story number
    edges: Sequence[tuple[int, int, float]]  # (later, earlier, score) between them
    copies: Mapping[
        int, int
    ]  # article id -> copy group, of the articles that were asked about and their copies


def around(connection: sa.Connection, ids: Collection[int]) -> Around:
    """The stories that these articles are in, whatever their age, and those that are named after one of them."""
    named = {number for article_id in ids for number in (article_id, -article_id)}
    numbers = named.union(stories_of(connection, ids).values())
    found = connection.execute(
        sa.select(story_member.c.article_id, story_member.c.story).where(
            among(connection, story_member.c.story, numbers)
        )
    )
    membership = {row[0]: row[1] for row in found}
    packed = connection.execute(
        sa.select(neighbours.c.article_id, neighbours.c.packed)
        .where(among(connection, neighbours.c.article_id, membership))
        .order_by(neighbours.c.article_id)
    )
    return Around(
        membership,
        [
            (later, earlier, score)
            for later, edges in packed
            for earlier, score in rows.unpack_neighbours(edges)
            if earlier in membership
        ],
        {member: group.id for group in copy_groups(connection, ids) for member in group.members},
    )
