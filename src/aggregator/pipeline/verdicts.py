"""Editors' verdicts: given by id or URL, kept by canonical URL."""

from contextlib import suppress
from datetime import datetime

from aggregator.errors import AggregatorError, UnknownName
from aggregator.identify import alias_key
from aggregator.model import Decision, EditorVerdict
from aggregator.normalize import canonical_url
from aggregator.pipeline import representatives
from aggregator.pipeline.lists import find_item
from aggregator.store import Store, Writer


def decide(
    store: Store,
    kind: Decision,
    article: str,
    other: str | None = None,
    *,
    at: datetime,
    by: str,
    why: str = "",
) -> EditorVerdict:
    """Record a verdict and carry it out; one that is in force already is returned as it is.

    Args:
        article: id or URL; a URL need not be stored: the verdict holds when the article comes.
        other: likewise, for a verdict on two articles.

    Raises:
        UnknownName: no article has this id.
        AggregatorError: the two are one article.
    """
    url, url_hash = _address(store, article)
    other_url, other_hash = _address(store, other) if other is not None else ("", None)
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
        together = {
            member
            for group in writer.copy_groups(_ids(writer, url_hash, other_hash))
            for member in group.members
        }
        given = writer.decide(wanted)
        writer.commit()
        representatives.choose(store, writer, together)
        return given


def undo(store: Store, number: int, *, at: datetime, by: str) -> EditorVerdict:
    """Take a verdict back.

    Raises:
        UnknownName: there is none of this number.
    """
    with store.write() as writer:
        undone = writer.undo(number, at=at, by=by)
        writer.commit()
        representatives.choose(store, writer, _ids(writer, undone.url_hash))
        return undone


def _ids(writer: Writer, *hashes: int | None) -> list[int]:
    """The stored articles that are known by these keys."""
    known = writer.known([hash for hash in hashes if hash is not None])
    return [article.article_id for article in known.values() if not article.purged]


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
