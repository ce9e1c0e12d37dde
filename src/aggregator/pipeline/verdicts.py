"""Editors' verdicts: given by id or URL, kept by canonical URL."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from aggregator.errors import AggregatorError, UnknownName
from aggregator.identify import alias_key
from aggregator.model import Decision, EditorVerdict
from aggregator.normalize import canonical_url
from aggregator.pipeline import constrain, representatives
from aggregator.pipeline.lists import find_item
from aggregator.relate import editors
from aggregator.settings import RelateSettings
from aggregator.store import Store, Writer

ABOUT_TOPICS: frozenset[Decision] = frozenset({"in_topic", "not_in_topic"})
_ABOUT_STORIES: frozenset[Decision] = frozenset({"same_story", "not_same_story"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A verdict that is in force now."""

    given: EditorVerdict
    taken_back: Sequence[EditorVerdict] = ()  # that said the opposite


def decide(
    store: Store,
    kind: Decision,
    article: str,
    other: str | None = None,
    *,
    at: datetime,
    by: str,
    why: str = "",
    settings: RelateSettings | None = None,
) -> Decided:
    """Record a verdict and carry it out, in one transaction; one that is in force already is returned as it is.

    Args:
        article: id or URL; a URL need not be stored: the verdict holds when the article comes.
        other: likewise, for a verdict on two articles; for one on a topic its id.
        settings: how far back stories go; None: as is usual.

    Raises:
        UnknownName: no article has this id.
        AggregatorError: the two are one article, or verdicts in force forbid it.
    """
    url, url_hash = _address(store, article)
    other_url, other_hash = "", None
    if other is not None and kind in ABOUT_TOPICS:
        other_url = other
    elif other is not None:
        other_url, other_hash = _address(store, other)
    if url == other_url:
        raise AggregatorError(f"{article} and {other} are the same article ({url})")
    wanted = EditorVerdict(
        id=0,
        kind=kind,
        url=url,
        url_hash=url_hash,
        other=other_url,
        other_hash=other_hash,
        at=at,
        by=by,
        why=why,
    )
    with store.write() as writer:
        in_force = store.verdicts()  # nobody else writes meanwhile
        ends = _ends(writer, [wanted, *in_force])
        opposite = editors.gives_way(wanted, in_force, ends)
        if against := editors.forbid(wanted, [one for one in in_force if one not in opposite], ends):
            raise AggregatorError(_forbidden(wanted, against))
        together = {
            member
            for group in writer.copy_groups(_ids(writer, url_hash, other_hash))
            for member in group.members
        }
        taken_back = [writer.undo(one.id, at=at, by=by) for one in opposite]
        given = writer.decide(wanted)
        _divide(store, writer, settings, [given, *taken_back])
        writer.commit()
        representatives.choose(store, writer, together)
        return Decided(given=given, taken_back=taken_back)


def undo(
    store: Store, number: int, *, at: datetime, by: str, settings: RelateSettings | None = None
) -> EditorVerdict:
    """Take a verdict back.

    Raises:
        UnknownName: there is none of this number.
    """
    with store.write() as writer:
        undone = writer.undo(number, at=at, by=by)
        _divide(store, writer, settings, [undone])
        writer.commit()
        representatives.choose(store, writer, _ids(writer, undone.url_hash))
        return undone


def _divide(
    store: Store, writer: Writer, settings: RelateSettings | None, changed: Sequence[EditorVerdict]
) -> None:
    """Stories as they must be now that these verdicts were given or taken back."""
    changed = [one for one in changed if one.kind in _ABOUT_STORIES]
    if not changed:
        return
    freed = [one for one in changed if one.kind == "same_story" and one.undone_at]
    touched = _ids(writer, *(hash for one in changed for hash in (one.url_hash, one.other_hash)))
    writer.set_stories(
        constrain.divide(
            store,
            settings or RelateSettings(),
            touched,
            writer.story_rules(),
            freed=_ids(writer, *(hash for one in freed for hash in (one.url_hash, one.other_hash))),
        )
    )


def _forbidden(wanted: EditorVerdict, against: Sequence[EditorVerdict]) -> str:
    numbers = " and ".join(str(one.id) for one in against)
    they = f"verdict{'s' if len(against) > 1 else ''} {numbers}"
    stand = "stand" if len(against) > 1 else "stands"
    match wanted.kind:
        case "pin":
            what = f"{wanted.other} must be in no related list"
        case "same_story":
            what = f"{wanted.url} and {wanted.other} must never be in one story"
        case _:
            what = f"{wanted.url} and {wanted.other} must be in one story"
    return (
        f"{what} for as long as {they} {stand};"
        f" `aggregator verdicts undo {against[0].id}` takes {'the last of them' if len(against) > 1 else 'it'} back"
    )


def _ends(writer: Writer, verdicts: Sequence[EditorVerdict]) -> Callable[[EditorVerdict], tuple[str, str]]:
    """What verdicts are about: one name for an article that is known by several addresses."""
    hashes = {hash for one in verdicts for hash in (one.url_hash, one.other_hash) if hash is not None}
    names = {hash: f"item {known.article_id}" for hash, known in writer.known(list(hashes)).items()}

    def ends(one: EditorVerdict) -> tuple[str, str]:
        other = one.other if one.other_hash is None else names.get(one.other_hash, one.other)
        return names.get(one.url_hash, one.url), other

    return ends


def _ids(writer: Writer, *hashes: int | None) -> list[int]:
    """The stored articles that are known by these keys."""
    known = writer.known([hash for hash in hashes if hash is not None])
    return sorted({article.article_id for article in known.values() if not article.purged})


def _address(store: Store, id_or_url: str) -> tuple[str, int]:
    """Canonical URL and the hash of its key."""
    if id_or_url.isdigit():
        canonical: str | None = find_item(store, id_or_url).article.canonical_url
    else:
        canonical = canonical_url(id_or_url)
        if canonical is not None:
            with suppress(UnknownName):  # not stored, or not yet
                canonical = find_item(store, id_or_url).article.canonical_url
    if canonical is None:
        raise UnknownName("item", id_or_url, hint="Give an id, or an http(s) address.")
    return canonical, alias_key(canonical).hash
