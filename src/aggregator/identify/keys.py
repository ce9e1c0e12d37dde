"""By what an entry is recognised: keys, and when two texts or addresses count as the same."""

import re
from collections.abc import Sequence
from hashlib import blake2b
from unicodedata import is_normalized, normalize

from aggregator.model import Identity, Key, KeyKind, Known

AGREEING_PREFIX = 12  # characters of a headline that begins another one: cut, or without "- Outlet" behind it

_WORD = re.compile(r"[^\W_]+")


def keys_of(identity: Identity, *, source_id: str, feed_id: str) -> tuple[Key, ...]:
    """By what an entry is looked up, the strongest first: its URL, its guid within the feed, its headline of the day.

    The headline decides only where there is nothing else, or where a relaunch has changed everything else at once.
    """
    keys = []
    if identity.canonical_url is not None:
        keys.append(Key(_hash("url", identity.canonical_url), "url"))
    if identity.guid is not None:
        keys.append(Key(_hash("guid", feed_id, identity.guid), "guid"))
    if identity.title:
        keys.append(title_key(source_id, identity.title, identity.day))
    return tuple(keys)


def title_key(source_id: str, title: str, day: str) -> Key:
    """Of an outlet's headline of a day; `title` is folded, `day` an ISO date or "" where none is known."""
    return Key(_hash("title", source_id, title, day), "title")


def alias_key(canonical_url: str) -> Key:
    """Of another URL for a known article (a redirect target, rel=canonical): entries with that URL find it."""
    return Key(_hash("url", canonical_url), "alias")


def document_keys(
    identities: Sequence[Identity], *, source_id: str, feed_id: str
) -> tuple[tuple[Key, ...], ...]:
    """The keys of a document's entries without those that tell nobody apart in it.

    One URL under different headlines and guids (every item links to the front page), one guid for different items, one
    headline over different URLs: such a key is dropped for all that claim it, and the others decide.
    """
    keys = [keys_of(identity, source_id=source_id, feed_id=feed_id) for identity in identities]
    first: dict[int, int] = {}
    useless: set[int] = set()
    for position, claimed in enumerate(keys):
        for key in claimed:
            earlier = first.setdefault(key.hash, position)
            if earlier != position and not same_item(key.kind, identities[earlier], identities[position]):
                useless.add(key.hash)
    if not useless:
        return tuple(keys)
    return tuple(tuple(key for key in claimed if key.hash not in useless) or claimed[:1] for claimed in keys)


# --- sameness --------------------------------------------------------------------------------------------------


def fold(text: str) -> str:
    """For comparing: the words, in one case, without what stands between them."""
    if not text.isascii() and not is_normalized("NFC", text):
        text = normalize("NFC", text)
    return " ".join(_WORD.findall(text.casefold()))


def recognised(kind: KeyKind, known: Known, identity: Identity) -> bool:
    """Whether a hit is more than an equal hash. A tombstone, which keeps no texts, is believed for all but a guid."""
    if kind != "guid" and (known.purged or known.canonical_url == identity.canonical_url):
        return True
    return _agree(fold(known.title), identity.title) or (
        kind != "title" and _same_tail(known.canonical_url, identity.canonical_url)
    )


def same_item(kind: KeyKind, a: Identity, b: Identity) -> bool:
    """Whether two entries of one document that share a key are one item."""
    if kind == "title":
        return a.canonical_url is None or b.canonical_url is None or a.canonical_url == b.canonical_url
    if _agree(a.title, b.title):
        return True
    if kind == "guid":
        return _same_tail(a.canonical_url, b.canonical_url)
    if a.guid is not None and b.guid is not None and a.title and b.title:
        return a.guid == b.guid
    # Without guids an address is believed: a section page links one article under several headlines. But many items of a
    # poor feed link to the front page.
    return not (a.title and b.title and _is_front_page(a.canonical_url))


def _agree(a: str, b: str) -> bool:
    """Two folded headlines: equal, or one the beginning of the other."""
    if a == b:
        return a != ""
    short, long = (a, b) if len(a) < len(b) else (b, a)
    return len(short) >= AGREEING_PREFIX and long.startswith(short)


def _same_tail(a: str | None, b: str | None) -> bool:
    """The last segment of the path with its query: what stays when a section's or a host's name changes."""
    if not a or not b or _is_front_page(a):
        return False
    return a.rpartition("/")[2] == b.rpartition("/")[2]


def _is_front_page(canonical_url: str | None) -> bool:
    return canonical_url is not None and canonical_url.endswith("/")  # paths of canonical URLs do not


def _hash(kind: KeyKind, *parts: str) -> int:
    """Signed 64 bits, as databases store them; the kind is part of it, so kinds never meet."""
    text = "\x1f".join((kind, *parts)).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "big", signed=True)
