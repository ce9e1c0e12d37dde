"""A query and an article's texts -> where its words stand in them, and the passage that answers best. Pure.

The full-text tables are contentless: they name articles, not places. So the texts of one page are read once more as the
index read them: without case and accents, in words, and runs of scripts without spaces in pairs of characters.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from aggregator.model import SearchField, Snippet, Span
from aggregator.store.search import FIELDS, UNSPACED, Query

SNIPPET_LENGTH = (
    160  # characters: two lines of a terminal, as much as search engines show; half in East Asian ones
)
_NEAR = 24  # characters; a blank no farther from where a passage has to end is a better end than between two letters

_UNIT = re.compile(rf"[{UNSPACED}]+|[^\s{UNSPACED}]+")
_IS_UNSPACED = re.compile(f"[{UNSPACED}]").match
_ASCII = re.compile("[\x00-\x7f]+")
_ASCII_WORDS = {code: " " for code in range(128) if not chr(code).isalnum()}
_ACCENTS = re.compile("[\u0300-\u036f]")
# No sentence ends after fewer than three letters: "Mr. Hale", "the U.S. envoy".
_SENTENCE_END = re.compile(r"(?<=\w{3})[.!?…؟।][\"'”’»)\]]*(?= [\"'“„‘«(\[¿¡]*[^\W_a-z])|[。！？][」』”]*")


def highlight(query: Query, title: str, teaser: str, outlet: str) -> dict[SearchField, tuple[Span, ...]]:
    """Where the words of a query stand in the texts they were found in; `none` of the query stands nowhere."""
    texts = dict(zip(FIELDS, (title, teaser, outlet), strict=True))
    return {field: _merged(_find(query, field, text)) for field, text in texts.items()}


def snippet(
    query: Query, title: str, teaser: str, outlet: str, *, length: int = SNIPPET_LENGTH
) -> Snippet | None:
    """The passage that answers a query best, cut at words and sentences; None when the query asks for no word.

    The title, when it holds all that was found anywhere: else what holds the most, since the title is shown anyway.
    """
    if not query.clauses:
        return None
    texts: dict[SearchField, str] = {
        field: " ".join(text.split()) for field, text in zip(FIELDS, (title, teaser, outlet), strict=True)
    }
    found = {field: _find(query, field, text) for field, text in texts.items()}
    dense = {field: _densest(hits, length) for field, hits in found.items()}
    held = {field: {hit.clause for hit in hits} for field, hits in found.items()}
    best: SearchField = "title"
    if held["title"] != set().union(*held.values()):
        best = max(("teaser", "title", "outlet"), key=lambda field: len({hit.clause for hit in dense[field]}))
    elif not held["title"] and texts["teaser"]:
        best = "teaser"  # the index folds a letter that we do not: where it begins is still worth showing
    text, marks = _passage(texts[best], dense[best], _merged(found[best]), length)
    title_marks = _merged(found["title"] if texts["title"] == title else _find(query, "title", title))
    return Snippet(field=best, text=text, marks=marks, title_marks=title_marks)


# --- reading a text as the index does ------------------------------------------------------------------------------------


class _Word(NamedTuple):
    """What the index holds of a text: a word, or two characters of a run without spaces (one at its end)."""

    text: str
    first: int  # its first and last character in the folded text
    last: int
    paired: bool


class _Folded(NamedTuple):
    """A text without case and accents, and for each of its characters where in the original it came from."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]


class _Hit(NamedTuple):
    start: int
    end: int
    clause: int


class _Asked(NamedTuple):
    """A term of a query."""

    words: tuple[str, ...]
    prefix: bool
    field: SearchField | None
    clause: int


def _find(query: Query, field: SearchField, text: str) -> list[_Hit]:
    """Every place where a term of the query stands, in the order of the text."""
    asked = [term for term in _asked(query) if term.field in (None, field)]
    if not asked or not text:
        return []
    folded = _fold(text)
    words = list(_words(folded.text, paired=True))
    places: defaultdict[str, list[int]] = defaultdict(list)
    for place, word in enumerate(words):
        places[word.text].append(place)
    hits = {
        _Hit(folded.starts[words[first].first], folded.ends[last], term.clause)
        for term in asked
        for first, last in _phrases(term, words, places)
    }
    return sorted(hits)


def _phrases(
    term: _Asked, words: Sequence[_Word], places: defaultdict[str, list[int]]
) -> Iterator[tuple[int, int]]:
    """(number of the first word, last character) of each place where a term stands."""
    *middle, final = term.words
    starts: Iterable[int]
    if middle:
        starts = places.get(middle[0], ())
    elif term.prefix:
        starts = (place for place, word in enumerate(words) if word.text.startswith(final))
    else:
        starts = places.get(final, ())
    for start in starts:
        end = start + len(middle)
        if end >= len(words) or any(words[start + n].text != word for n, word in enumerate(middle)):
            continue
        last = words[end]
        if last.text == final or (term.prefix and last.text.startswith(final)):
            # Of a pair only the character that was asked for; of a word that begins so, the whole word.
            yield start, last.first + len(final) - 1 if last.paired else last.last


@lru_cache(maxsize=16)
def _asked(query: Query) -> tuple[_Asked, ...]:
    terms = (
        _Asked(
            words=tuple(word.text for word in _words(_fold(term.text).text, paired=False)),
            prefix=term.prefix,
            field=term.field,
            clause=number,
        )
        for number, clause in enumerate(query.clauses)
        for term in clause
    )
    return tuple(term for term in terms if term.words)


def _words(folded: str, *, paired: bool) -> Iterator[_Word]:
    """What the index makes of a folded text. A query's runs are pairs already."""
    for unit in _UNIT.finditer(folded):
        run, start = unit.group(), unit.start()
        if not _IS_UNSPACED(run):
            yield _Word(run, start, unit.end() - 1, False)
            continue
        for place in range(len(run)) if paired else (0,):
            pair = run[place : place + 2] if paired else run
            first = start + place
            if not pair.isalpha():
                kept = "".join(character if _is_letter(character) else " " for character in pair)
                first += len(kept) - len(kept.lstrip())
                pair = kept.strip()
            if pair:
                yield _Word(pair, first, first + len(pair) - 1, True)


def _fold(text: str) -> _Folded:
    parts: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for start, end in _sequences(text):
        if end - start > 1 and text[start:end].isascii():
            parts.append(text[start:end].lower().translate(_ASCII_WORDS))
            starts.extend(range(start, end))
            ends.extend(range(start + 1, end + 1))
            continue
        part = _folded(text[start:end])
        parts.append(part)
        starts.extend([start] * len(part))
        ends.extend([end] * len(part))
    return _Folded("".join(parts), starts, ends)


def _sequences(text: str) -> Iterator[Span]:
    """Runs of ASCII, and each other character, with what combines with it."""
    start = 0
    for run in _ASCII.finditer(text):
        if start < run.start():
            yield from _apart(text, start, run.start())
        start = run.end()
        if start < len(text) and _combines(text[start]):
            start -= 1  # with what follows
        if run.start() < start:
            yield run.start(), start
    yield from _apart(text, start, len(text))


def _apart(text: str, start: int, end: int) -> Iterator[Span]:
    for place in range(start + 1, end + 1):
        if place == end or not _combines(text[place]):
            yield start, place
            start = place


@lru_cache(maxsize=4096)
def _folded(sequence: str) -> str:
    """Without case and accents; blanks for what belongs to no word."""
    plain = _ACCENTS.sub("", unicodedata.normalize("NFKD", sequence).lower())
    plain = unicodedata.normalize("NFC", plain).replace("ς", "σ")
    return "".join(
        character if _is_letter(character) or _IS_UNSPACED(character) else " " for character in plain
    )


@lru_cache(maxsize=4096)
def _is_letter(character: str) -> bool:
    """As the index is told: letters and numbers, and the marks on them."""
    category = unicodedata.category(character)
    return category[0] in "LN" or category in ("Mn", "Mc", "Co")


def _combines(character: str) -> bool:
    """Belongs to the character before it: a mark, a vowel sign, the second and third letter of a Korean syllable."""
    return character >= "\u0300" and _is_mark(character)


@lru_cache(maxsize=4096)
def _is_mark(character: str) -> bool:
    first = unicodedata.normalize("NFKD", character)[0]
    return unicodedata.category(first)[0] == "M" or "\u1160" <= first <= "\u11ff"


def _merged(hits: Iterable[_Hit]) -> tuple[Span, ...]:
    """Without one inside another, or reaching into it."""
    spans: list[Span] = []
    for start, end, _ in hits:
        if spans and start < spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return tuple(spans)


# --- the passage ------------------------------------------------------------------------------------------------------


def _densest(hits: Sequence[_Hit], length: int) -> Sequence[_Hit]:
    """The hits within one passage: of the most different clauses, then the most, then the first."""
    counts: Counter[int] = Counter()
    best, chosen = (0, 0), (0, 0)
    right = 0
    for left, hit in enumerate(hits):
        while right < len(hits) and (right <= left or hits[right].end - hit.start <= length):
            counts[hits[right].clause] += 1
            right += 1
        if (score := (len(counts), right - left)) > best:
            best, chosen = score, (left, right)
        counts[hit.clause] -= 1
        if not counts[hit.clause]:
            del counts[hit.clause]
    return hits[slice(*chosen)]


def _passage(
    text: str, inside: Sequence[_Hit], marks: Sequence[Span], length: int
) -> tuple[str, tuple[Span, ...]]:
    """The text around some hits, and where its marks are in it."""
    if sum(character >= "\u2e80" for character in text[:length]) > length // 2:
        length //= 2  # twice as wide, and a word has two of them
    if len(text) <= length:
        return text, tuple(marks)
    first = inside[0].start if inside else 0
    last = max((hit.end for hit in inside), default=0)
    if last > first + length:  # a single hit that is too long
        last = _sequence_start(text, first + length, first)
    ends = [match.end() for match in _SENTENCE_END.finditer(text)]
    starts = [0, *(end + (text[end : end + 1] == " ") for end in ends)]
    begin = _beginning(text, starts, first, length, room=max(0, first + length - last))
    end, whole = _ending(text, ends, begin, last, length)
    before = "" if begin in starts else "…"
    shown = text[begin:end]
    if not whole:
        shown = shown[: last - begin] + shown[last - begin :].rstrip(" ,;:–—-") + "…"
    offset = len(before) - begin
    whole_marks = ((start + offset, stop + offset) for start, stop in marks if begin <= start and stop <= end)
    return before + shown, tuple(whole_marks)


def _beginning(text: str, starts: Sequence[int], first: int, length: int, room: int) -> int:
    """Where a sentence begins, if that is near enough; else a word, a third of the room before the first hit."""
    tail = len(text) - length  # from here on, everything is shown to the end
    before = [start for start in starts if start <= first]
    if full := [start for start in before if start >= tail]:
        return full[0]
    if before[-1] >= first - room * 3 // 4:
        return before[-1]
    place = max(0, min(first - room // 3, tail))
    if place == 0:
        return 0
    blank = text.find(" ", place - 1, first) + 1
    unspaced = _IS_UNSPACED(text[place]) is not None
    if blank and not (unspaced and blank > place + _NEAR):
        return blank
    if not unspaced:
        return first
    while place < first and _combines(text[place]):
        place += 1
    return place


def _ending(text: str, ends: Sequence[int], begin: int, last: int, length: int) -> tuple[int, bool]:
    """Where the passage ends, and whether a sentence does."""
    most = max(begin + length, last)
    if most >= len(text):
        return len(text), True
    if full := [end for end in ends if last <= end <= most and end - begin >= length // 2]:
        return full[-1], True
    blank = text.rfind(" ", last, most + 1)
    if (_IS_UNSPACED(text[most]) or _IS_UNSPACED(text[most - 1])) and blank < most - _NEAR:
        return _sequence_start(text, most, last), False
    return (blank if blank >= 0 else last), False


def _sequence_start(text: str, place: int, least: int) -> int:
    """The nearest place before that takes no mark from its letter."""
    while place > least and _combines(text[place]):
        place -= 1
    return place
