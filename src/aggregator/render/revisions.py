"""An article and its earlier wordings -> what changed when, word by word. Pure.

The store keeps of each wording when it was first replaced, when last, and how often: that a wording came back is known,
each time it did so is not. A step goes from the wording that was replaced last to the one that followed.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import SequenceMatcher
from typing import Literal, NamedTuple

from aggregator.model import Item, Revision

TextField = Literal["title", "teaser"]

MAX_WORK = 300_000  # words of one text times words of the other: two teasers of 500 Chinese characters
TELLING = 0.25  # of the longer text; two that have less in common are two texts, and read better one after the other

# Compared by character (with its marks): Thai, Lao, Myanmar, Khmer, kana, Han. Korean has spaces.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u312f\u31a0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\uff66-\uff9f\U00020000-\U0003ffff"
)
_MARKS = (
    "\u0300-\u036f\u0e31\u0e33-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb3-\u0ebc\u0ec8-\u0ecd\u102b-\u103e\u17b6-\u17d3\u3099\u309a"
    "\uff9e\uff9f"
)
_PUNCTUATION = '.,;:!?…"“”„«»()\\[\\]\u2013\u2014\u3001\u3002\uff01-\uff0f\uff1a-\uff20'
_IN_WORD = rf"[^\s{_UNSPACED}{_PUNCTUATION}]"
_WORD = re.compile(rf"[{_UNSPACED}][{_MARKS}]*|{_IN_WORD}+(?:[.,:]{_IN_WORD}+)*|[{_PUNCTUATION}]")
_SPACED = re.compile(_IN_WORD)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of two texts laid over each other."""

    kind: Literal["same", "removed", "added"]
    text: str
    apart: bool  # a blank stands before it


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """From one wording to the next. A field that did not change is empty, or None."""

    at: datetime  # when it was seen: until then the article read as before
    title: tuple[Piece, ...] = ()
    teaser: tuple[Piece, ...] = ()
    published_at: tuple[datetime, datetime] | None = None
    times: int = 1  # the time was changed so often, from the first to the second
    back: bool = False  # to a wording that the article had before


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternation:
    """Wordings that take turns."""

    field: TextField
    wordings: int
    changes: int
    last_at: datetime
    step: int  # after so many steps all of them have been told


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """How an article came to read as it does."""

    steps: tuple[Step, ...]  # the earliest first
    alternation: Alternation | None = None


def history(item: Item) -> History:
    """What the revisions of an item tell."""
    earlier = sorted(item.revisions, key=lambda revision: revision.seen_at)
    if not earlier:
        return History(steps=())
    steps = []
    for place, revision in enumerate(earlier[1:], 1):
        before, at = _replaced_last(earlier[:place], revision.seen_at)
        steps.append(_step(before, at, revision))
    article = item.article
    now = Revision(
        article_id=item.id,
        seen_at=article.first_seen_at,  # not read: nothing has replaced it
        title=article.title,
        teaser=article.teaser,
        published_at=article.published_at,
    )
    before, at = _replaced_last(earlier, None)
    back = _text(before) != _text(now) and any(_text(revision) == _text(now) for revision in earlier)
    steps.append(_step(before, at, now, back=back))
    return History(steps=tuple(steps), alternation=_alternation(earlier, now if back else None))


def _replaced_last(earlier: Sequence[Revision], until: datetime | None) -> tuple[Revision, datetime]:
    """The wording that was the last to be replaced until then, and when."""

    def replaced(revision: Revision) -> datetime:
        last = revision.last_at
        return revision.seen_at if last is None or (until is not None and last > until) else last

    place = max(range(len(earlier)), key=lambda place: (replaced(earlier[place]), place))
    return earlier[place], replaced(earlier[place])


def _step(before: Revision, at: datetime, after: Revision, *, back: bool = False) -> Step:
    moved = before.published_at is not None and before.published_at != after.published_at
    return Step(
        at=at,
        title=difference(before.title, after.title),
        teaser=difference(before.teaser, after.teaser),
        published_at=(before.published_at, after.published_at)
        if moved and before.published_at is not None and after.published_at is not None
        else None,
        times=before.times if _text(before) == _text(after) else 1,
        back=back,
    )


def _alternation(earlier: Sequence[Revision], returned: Revision | None) -> Alternation | None:
    """The wordings between the first and the last that came back.

    Args:
        returned: the present wording, when it is one that the article had before.
    """
    repeated = [revision for revision in earlier if revision.times > 1]
    if returned is not None:
        repeated += [revision for revision in earlier if _text(revision) == _text(returned)]
    if not repeated:
        return None
    first = min(revision.seen_at for revision in repeated)
    last = max(revision.last_at or revision.seen_at for revision in repeated)
    turns = [
        revision
        for revision in earlier
        if revision.seen_at >= first and (returned is not None or revision.seen_at <= last)
    ]
    titles = len({revision.title for revision in turns})
    wordings = titles if titles > 1 else len({revision.teaser for revision in turns})
    if wordings < 2:
        return None  # only its time was changed
    return Alternation(
        field="title" if titles > 1 else "teaser",
        wordings=wordings,
        changes=sum(revision.times for revision in turns),
        last_at=max(revision.last_at or revision.seen_at for revision in turns),
        step=earlier.index(turns[-1]),
    )


def _text(revision: Revision) -> tuple[str, str]:
    return revision.title, revision.teaser


# --- word by word -----------------------------------------------------------------------------------------------------


class _Part(NamedTuple):
    """A run of words of the old text that became a run of the new one."""

    same: bool
    old: range
    new: range

    def size(self) -> int:
        return max(len(self.old), len(self.new))

    def shifted(self, start: int, stop: int) -> "_Part":
        return _Part(
            self.same,
            range(self.old.start + start, self.old.stop + stop),
            range(self.new.start + start, self.new.stop + stop),
        )


def difference(old: str, new: str) -> tuple[Piece, ...]:
    """Two texts laid over each other; nothing when they hold the same words."""
    old_words, new_words = list(_WORD.finditer(old)), list(_WORD.finditer(new))
    parts = _parts([word.group() for word in old_words], [word.group() for word in new_words])
    if all(part.same for part in parts):
        return ()
    pieces: list[Piece] = []
    for part in parts:
        if part.same:
            pieces.append(_piece("same", new, new_words, part.new))
            continue
        if part.old:
            pieces.append(_piece("removed", old, old_words, part.old))
        if part.new:
            added = _piece("added", new, new_words, part.new)
            # Two words that begin their texts have no blank before them, and yet one between them.
            first = bool(part.old) and part.new.start == 0 and _SPACED.match(added.text) is not None
            pieces.append(replace(added, apart=added.apart or first))
    return tuple(pieces)


def shortened(pieces: Sequence[Piece], around: int = 40) -> Iterator[Piece]:
    """Of what stayed the same only what stands around the changes.

    Args:
        around: characters that are kept on either side of a change.
    """
    for place, piece in enumerate(pieces):
        text = piece.text
        first, last = place == 0, place == len(pieces) - 1
        if piece.kind != "same" or len(text) <= (1 if first or last else 2) * around + 10:
            yield piece
            continue
        words = list(_WORD.finditer(text))
        head = "" if first else text[: max(word.end() for word in words if word.start() < around)]
        tail = "" if last else text[min(word.start() for word in words if word.end() > len(text) - around) :]
        gap = " … " if " " in text else "…"
        yield Piece("same", f"{head}{gap}{tail}".strip(), piece.apart)


def _piece(
    kind: Literal["same", "removed", "added"], text: str, words: Sequence[re.Match[str]], run: range
) -> Piece:
    start, end = words[run[0]].start(), words[run[-1]].end()
    return Piece(kind, text[start:end], apart=start > 0 and text[start - 1].isspace())


def _parts(old: Sequence[str], new: Sequence[str]) -> list[_Part]:
    """The same and the changed in turn."""
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    old_end, new_end = len(old) - tail, len(new) - tail
    middle = [_Part(False, range(head, old_end), range(head, new_end))]
    if (old_end - head) * (new_end - head) <= MAX_WORK:
        matcher = SequenceMatcher(None, old[head:old_end], new[head:new_end], autojunk=False)
        middle = [
            _Part(tag == "equal", range(head + a, head + b), range(head + c, head + d))
            for tag, a, b, c, d in matcher.get_opcodes()
        ]
    whole = [
        _Part(True, range(head), range(head)),
        *middle,
        _Part(True, range(old_end, len(old)), range(new_end, len(new))),
    ]
    parts = _from_words(_readable([part for part in whole if part.size()]), old, new)
    kept = sum(len(part.old) for part in parts if part.same)
    if kept < TELLING * max(len(old), len(new)):
        return [_Part(False, range(len(old)), range(len(new)))]
    return parts


def _readable(parts: Sequence[_Part]) -> list[_Part]:
    """A word or two that happen to stay between two longer changes belong to one change with them."""
    joined: list[_Part] = []
    for place, part in enumerate(parts):
        around = [beside.size() for beside in (*joined[-1:], *parts[place + 1 : place + 2])]
        chance = part.same and 0 < place < len(parts) - 1 and part.size() <= 2 and min(around) > part.size()
        kept = _Part(part.same and not chance, part.old, part.new)
        if joined and joined[-1].same == kept.same:
            before = joined.pop()
            kept = _Part(
                kept.same,
                range(before.old.start, kept.old.stop),
                range(before.new.start, kept.new.stop),
            )
        joined.append(kept)
    return joined


def _from_words(parts: Sequence[_Part], old: Sequence[str], new: Sequence[str]) -> list[_Part]:
    """What was put in or taken out begins with a word where it may: "years. {+More follows.+}", not
    "years{+. More follows+}."."""
    moved = list(parts)
    for place in range(1, len(moved) - 1):
        before, part, after = moved[place - 1 : place + 2]
        if part.same or (part.old and part.new):
            continue
        words, run, beside = (old, part.old, after.old) if part.old else (new, part.new, after.new)
        while beside and words[run.start] == words[beside.start] and not _SPACED.match(words[run.start]):
            before, part, after = before.shifted(0, 1), part.shifted(1, 1), after.shifted(1, 0)
            run, beside = (part.old, after.old) if part.old else (part.new, after.new)
        moved[place - 1 : place + 2] = before, part, after
    return [part for part in moved if part.size()]
