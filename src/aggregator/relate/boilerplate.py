"""What an outlet repeats under its articles, whatever they are about: learned from its last ones, left out of comparing.

"Sign up to our newsletter" makes no copies of two reports, nor does the paragraph that stands at the end of every piece.
A passage is a sentence or a paragraph; it counts as repeated when two earlier articles of the outlet had it under quite
other headlines.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from struct import Struct
from typing import NamedTuple
from zlib import crc32

from aggregator.model import Article
from aggregator.relate.tokens import folded_words

RECENT = 30
"""Articles of an outlet that are remembered: what only every thirtieth carries harms little."""
KNOWN = 128
"""Repeated passages that are remembered, the last used ones."""
WITNESSES = 2
OTHER_HEADLINE = 0.5
"""Jaccard of the words of two headlines below which their articles are about different things."""
HEAD, TAIL = 3, 9
"""Passages looked at, from the beginning and from the end of a text: boilerplate stands at its edges."""
LEAST = 24
"""Bytes of a passage that can tell anything: four words, or eight characters of a script that says more with each."""
TITLE_WORDS = 16

VERSION = 1
_HEADER = Struct("<BBH")  # version, articles, known passages
_ENTRY = Struct("<BB")  # words of the headline, passages
_FOREIGN_STOP = re.compile("[。！？।۔؟]")
_STOP = re.compile(r"[。！？।۔؟]\s*|[.!?][\"”»’]?\s+|\n+")
_DIGITS = b"0123456789"
_LOWER = bytes(range(256)).lower()

Hashes = tuple[int, ...]


class Passage(NamedTuple):
    """A sentence or paragraph of a text."""

    hash: int  # case and numbers made equal; 0 where it is too short to tell anything, or not looked at
    start: int
    end: int  # with the blanks behind it


class LookedAt(NamedTuple):
    """The passages of an article, and the hashes of those that may be boilerplate."""

    teaser: Sequence[Passage]
    text: Sequence[Passage]
    hashes: Hashes


@dataclass(slots=True)
class Boilerplate:
    """Of one outlet; learns with every article that arrives, in their order."""

    recent: list[tuple[frozenset[int], Hashes]] = field(
        default_factory=list
    )  # headline, passages; oldest first
    known: dict[int, None] = field(default_factory=dict)  # repeated passages, last used last
    _times: Counter[int] = field(
        init=False, repr=False, compare=False
    )  # passage -> articles of `recent` that have it

    def __post_init__(self) -> None:
        self._times = Counter(hash for _, passages in self.recent for hash in passages)

    def learn(self, article: Article) -> LookedAt:
        """Remember the passages of an article, and which of them the outlet has repeated often enough by now."""
        found = _looked_at(article)
        looked_at = found.hashes
        words = folded_words(article.title)[:TITLE_WORDS]
        headline = frozenset(crc32(word.encode("utf-8", "replace")) for word in words)
        for hash in [hash for hash in looked_at if self._is_repeated(hash, headline)]:
            self.known.pop(hash, None)
            self.known[hash] = None
        while len(self.known) > KNOWN:
            del self.known[next(iter(self.known))]
        self.recent.append((headline, looked_at))
        self._times.update(looked_at)
        if len(self.recent) > RECENT:
            self._times.subtract(self.recent.pop(0)[1])
            if len(self._times) > 2 * RECENT * (HEAD + TAIL):
                self._times = +self._times
        return found

    def strip(self, article: Article, found: LookedAt | None = None) -> Article:
        """The article without the passages that its outlet is known to repeat.

        Args:
            found: what `learn` returned, when it has learned from it.
        """
        teaser, text, looked_at = found or _looked_at(article)
        if self.known.keys().isdisjoint(looked_at):
            return article
        return replace(
            article,
            teaser=self._without(article.teaser, teaser),
            text=self._without(article.text, text) if article.text else article.text,
        )

    def shown_teaser(self, teaser: str) -> str:
        """A teaser as readers see it: without what it ends in and the outlet repeats; "" where that is all of it.

        What stands before other sentences stays: an agency's opening words are repeated too, and the rest needs them.
        """
        end = len(teaser)
        if self.known:
            places = list(_sentences(teaser, 0, end))
            while places and _passage(teaser, *places[-1]).hash in self.known:
                end = places.pop()[0]
        return teaser[:end].rstrip()

    def _without(self, text: str, passages: Sequence[Passage]) -> str:
        kept = (text[passage.start : passage.end] for passage in passages if passage.hash not in self.known)
        return "".join(kept).strip()

    def _is_repeated(self, hash: int, headline: frozenset[int]) -> bool:
        if hash in self.known:
            return True
        if self._times[hash] < WITNESSES:  # nearly always, and known without looking at each
            return False
        witnesses = [headline]
        for other, passages in self.recent:
            if hash in passages and all(_unlike(other, witness) for witness in witnesses):
                witnesses.append(other)
                if len(witnesses) > WITNESSES:
                    return True
        return False

    def to_bytes(self) -> bytes:
        parts = [_HEADER.pack(VERSION, len(self.recent), len(self.known))]
        for headline, passages in self.recent:
            parts.append(_ENTRY.pack(len(headline), len(passages)))
            parts.append(_pack((*sorted(headline), *passages)))
        parts.append(_pack(tuple(self.known)))
        return b"".join(parts)

    @classmethod
    def from_bytes(cls, blob: bytes) -> "Boilerplate":
        """What `to_bytes` wrote; of another layout, nothing: it is learned again within thirty articles."""
        if len(blob) < _HEADER.size or blob[0] != VERSION:
            return cls()
        _, articles, known = _HEADER.unpack_from(blob)
        place = _HEADER.size
        recent = []
        for _ in range(articles):
            words, passages = _ENTRY.unpack_from(blob, place)
            place += _ENTRY.size
            numbers = _unpack(blob, place, words + passages)
            place += 4 * (words + passages)
            recent.append((frozenset(numbers[:words]), numbers[words:]))
        return cls(recent, dict.fromkeys(_unpack(blob, place, known)))


def _looked_at(article: Article) -> LookedAt:
    sentences = _sentences(article.teaser, 0, len(article.teaser))
    teaser = [_passage(article.teaser, start, end) for start, end in sentences]
    text = _edges(article.text) if article.text else []
    hashes = dict.fromkeys(passage.hash for passage in (*text, *teaser) if passage.hash)
    return LookedAt(teaser, text, tuple(hashes)[:255])


def _edges(text: str) -> list[Passage]:
    """Paragraphs of a text, the first and the last in sentences; those far from both, which are not looked at, as one."""
    first = text.find("\n") + 1 or len(text)
    last = max(first, text.rfind("\n", first) + 1)
    places = [
        *_sentences(text, 0, first),
        *_paragraphs(text, first, last),
        *_sentences(text, last, len(text)),
    ]
    if len(places) <= HEAD + TAIL:
        return [_passage(text, start, end) for start, end in places]
    between = Passage(0, places[HEAD][0], places[-TAIL][0])
    return [
        *(_passage(text, start, end) for start, end in places[:HEAD]),
        between,
        *(_passage(text, start, end) for start, end in places[-TAIL:]),
    ]


def _paragraphs(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end:
        following = text.find("\n", start, end) + 1 or end
        yield start, following
        start = following


def _sentences(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    said = text[start:end]
    if "\n" in said[:-1] or (not said.isascii() and _FOREIGN_STOP.search(said)):
        ends = [start + match.end() for match in _STOP.finditer(said)]
    else:  # a fifth of the time that a pattern takes
        for quoted, stop in (("! ", ". "), ("? ", ". "), (".” ", "x. "), ('." ', "x. ")):
            said = said.replace(quoted, stop)
        ends = []
        place = said.find(". ")
        while place >= 0:
            ends.append(start + place + 2)
            place = said.find(". ", place + 2)
    for following in (*ends, end):
        if start < following:
            yield start, following
        start = following


def _passage(text: str, start: int, end: int) -> Passage:
    """Told by its characters: what is repeated is repeated to the letter, but for case and numbers."""
    said = text[start:end].strip().encode("utf-8", "replace").translate(_LOWER, _DIGITS)
    return Passage(crc32(said) if len(said) >= LEAST else 0, start, end)


def _unlike(a: frozenset[int], b: frozenset[int]) -> bool:
    shared = len(a & b)
    return shared < OTHER_HEADLINE * (len(a) + len(b) - shared)


def _pack(numbers: Hashes) -> bytes:
    return Struct(f"<{len(numbers)}I").pack(*numbers)


def _unpack(blob: bytes, place: int, count: int) -> Hashes:
    return Struct(f"<{count}I").unpack_from(blob, place)
