"""Invented articles in any number, for bench/scale.py: the same seed and the same shipped tables give the same articles.

Words come as often as in news: small words; then the words of the shipped vector table by the frequency that the prior
gives them, so that weights mean what they mean in life; then invented ones, 60,000 in all. Names are invented. Three in
five articles are reports of an event, which share its names and some of its words; six in a hundred are another outlet's
article, word for word or with a word or two changed.
"""

import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from importlib.resources import files
from itertools import accumulate

import numpy as np

from aggregator.model import Entry, Feed, Source, Topic
from aggregator.relate.prior import prior, term_id
from aggregator.relate.tokens import tokenizer

WORDS = 60_000
NAMES = 15_000
OPEN_EVENTS = 400
"""Events reported on at a time: at 16,667 articles a day, one of five reports is over after five hours."""
REPORTS = 0.6
COPIES = 0.06
EDITED = 0.02
RECENT = 5_000
"""Articles that may still be copied."""
ENTRIES = 30
FRESH = 20
"""Entries of a document, and those of them that are new: the others stood in the feed's last one. Where nearly all are new
a relaunch is suspected, and looked into."""
SMALL_IN_HEADLINE = 0.25
SMALL_IN_TEASER = 0.42

_SMALL = (  # noqa: SIM905
    "the of to a in and for on as is with that at by from after has it be was are will not his have who over but says"
    " an more their this they been about said would its which were could into than up out against amid her between"
).split()
_SECTIONS = ("world", "politics", "business", "science", "health", "sport", "culture", "climate", "opinion")
_SYLLABLES = [first + vowel for first in "bdfghjklmnprstvz" for vowel in "aeiou"]


@dataclass(frozen=True, slots=True)
class Text:
    """What an article says."""

    title: str
    teaser: str


@dataclass(slots=True)
class _Event:
    names: list[str]
    words: list[str]
    left: int  # reports to come


class Vocabulary:
    """Words and names, drawn as often as they are used: the place in the list decides (Zipf, flattened at its head)."""

    def __init__(self, chance: random.Random) -> None:
        self._random = chance
        known = _known_words()
        numbers = chance.sample(range(len(_SYLLABLES) ** 3), WORDS - len(known) + NAMES)
        invented = [_invented(number) for number in numbers]
        self.words = known + invented[NAMES:]
        self.names = [self._name(word.capitalize()) for word in invented[:NAMES]]
        self._of_words = _cumulated(len(self.words), flat=30)
        self._of_names = _cumulated(len(self.names), flat=20)
        self._of_small = _cumulated(len(_SMALL), flat=3)

    def some_words(self, count: int) -> list[str]:
        return self._random.choices(self.words, cum_weights=self._of_words, k=count)

    def some_names(self, count: int) -> list[str]:
        return self._random.choices(self.names, cum_weights=self._of_names, k=count)

    def small_words(self, count: int) -> list[str]:
        return self._random.choices(_SMALL, cum_weights=self._of_small, k=count)

    def _name(self, word: str) -> str:
        """Of a place or a company as it is; three in five are people's, with one of 300 given names."""
        if self._random.random() < 0.4:
            return word
        given = self._random.randrange(300)
        return f"{_SYLLABLES[given % 80].capitalize()}{_SYLLABLES[given // 4]}n {word}"


class Writers:
    """What the outlets write, in the order in which they write it."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.vocabulary = Vocabulary(self._random)
        self._events = [self._event() for _ in range(OPEN_EVENTS)]
        self._recent: deque[tuple[int, Text]] = deque(maxlen=RECENT)

    def write(self, outlet: int) -> Text:
        """The next article of an outlet: a copy, a report of an event, or one on a matter of its own."""
        chance = self._random.random()
        copied = self._copied(outlet) if chance < COPIES else None
        if copied is not None:
            return copied
        text = self._report() if chance < COPIES + REPORTS else self._text(self.vocabulary.some_names(2), [])
        self._recent.append((outlet, text))
        return text

    def edit(self, text: Text) -> Text:
        """The same article after its editors went over it: another headline, or another beginning of the teaser."""
        if self._random.random() < 0.5:
            return replace(text, title=self._reworded(text.title, 2))
        return replace(text, teaser=self._reworded(text.teaser, 3))

    def _copied(self, outlet: int) -> Text | None:
        """An article of another outlet; None: the one that was drawn is its own."""
        if not self._recent:
            return None
        whose, text = self._random.choice(self._recent)
        if whose == outlet:
            return None
        changes = self._random.choice((0, 0, 1, 2))
        return Text(self._reworded(text.title, min(changes, 1)), self._reworded(text.teaser, changes))

    def _event(self) -> _Event:
        """Two to fifteen reports, five on average."""
        left = 2 + min(int(self._random.expovariate(1 / 3)), 13)
        names = self.vocabulary.some_names(self._random.randint(2, 4))
        return _Event(names, self.vocabulary.some_words(10), left)

    def _report(self) -> Text:
        place = self._random.randrange(OPEN_EVENTS)
        event = self._events[place]
        event.left -= 1
        if not event.left:
            self._events[place] = self._event()
        return self._text(event.names, event.words)

    def _text(self, names: Sequence[str], words: Sequence[str]) -> Text:
        title = self._sentence(self._random.randint(8, 12), names[:2], words, 3, SMALL_IN_HEADLINE)
        teaser = self._sentence(self._random.randint(20, 35), names, words, 5, SMALL_IN_TEASER)
        return Text(title, f"{teaser}.")

    def _sentence(
        self, length: int, names: Sequence[str], words: Sequence[str], shared: int, small: float
    ) -> str:
        """So many words in any order: at least one of the names, some of the words given, small words and others."""
        said = self._random.sample(names, self._random.randint(1, len(names)))
        said += self._random.sample(words, min(shared, len(words)))
        said += self.vocabulary.small_words(round(length * small))
        said += self.vocabulary.some_words(max(length - sum(1 + " ".count(part) for part in said), 0))
        self._random.shuffle(said)
        joined = " ".join(said)
        return joined[0].upper() + joined[1:]

    def _reworded(self, text: str, changes: int) -> str:
        parts = text.split(" ")
        for place, word in zip(
            self._random.sample(range(len(parts)), changes), self.vocabulary.some_words(changes), strict=True
        ):
            parts[place] = word
        return " ".join(parts)


class Press:
    """Outlets with one feed each, whose documents go on from poll to poll."""

    def __init__(self, outlets: int, seed: int) -> None:
        self.writers = Writers(seed)
        self._random = random.Random(seed + 1)
        self.sources = tuple(map(_source, range(outlets)))
        self._shown: dict[int, tuple[Entry, ...]] = {}
        self._written = 0

    def feed(self, outlet: int) -> Feed:
        return self.sources[outlet].feeds[0]

    def shown(self, outlet: int) -> tuple[Entry, ...]:
        """The last document of an outlet's feed."""
        return self._shown[outlet]

    def publish(self, outlet: int, at: datetime) -> tuple[Entry, ...]:
        """The next document, newest entry first: fresh ones before the last one's first, of which some were edited."""
        before = self._shown.get(outlet, ())[: ENTRIES - FRESH]
        entries = sorted(
            (self._entry(outlet, at) for _ in range(FRESH)),
            key=lambda entry: entry.published or at,
            reverse=True,
        )
        # Each article is carried over once at most, and only some are: these bear the edits of all.
        share = EDITED * FRESH / (ENTRIES - FRESH)
        carried = [
            self._edited(outlet, entry) if self._random.random() < share else entry for entry in before
        ]
        self._shown[outlet] = (*entries, *carried)
        return self._shown[outlet]

    def _entry(self, outlet: int, at: datetime) -> Entry:
        text = self.writers.write(outlet)
        self._written += 1
        host = self.sources[outlet].url
        published = (at - timedelta(seconds=self._random.randrange(6 * 3600))).replace(microsecond=0)
        section = self._random.choice(_SECTIONS)
        slug = "-".join(text.title.lower().split(" ")[:6])
        return Entry(
            id=f"{host}?p={self._written}",
            url=f"{host}{section}/{slug}-{self._written}",
            title=text.title,
            summary=_marked_up(text.teaser, outlet),
            published=published,
            published_text=format_datetime(published),
            published_from="pubDate",
            authors=tuple(self.writers.vocabulary.some_names(1)),
            categories=(section,),
            image=f"{host}media/{self._written}.jpg" if outlet % 3 else None,
        )

    def _edited(self, outlet: int, entry: Entry) -> Entry:
        teaser = (entry.summary or "").removeprefix("<p>").removesuffix("</p>")
        text = self.writers.edit(Text(entry.title or "", teaser))
        return replace(entry, title=text.title, summary=_marked_up(text.teaser, outlet))


def queries(vocabulary: Vocabulary, seed: int) -> list[str]:
    """What readers may search for: rare and common words, two words, names as phrases, beginnings of words."""
    chance = random.Random(seed)
    words, names = vocabulary.words, vocabulary.names
    people = [name for name in names if " " in name]
    return [
        *chance.sample(words[5_000:30_000], 50),
        *chance.sample(words[:1_000], 40),
        *chance.sample(names[:3_000], 30),
        *map(" ".join, zip(chance.sample(words[:300], 40), chance.sample(words[300:3_000], 40), strict=True)),
        *(f'"{name}"' for name in chance.sample(people[:1_000], 20)),
        *(f"{word[:5]}*" for word in chance.sample([w for w in words[:8_000] if len(w) > 6], 20)),
    ]


def topics(vocabulary: Vocabulary, seed: int) -> tuple[Topic, ...]:
    """Subjects as editors write them down: a name or two, and a few words."""
    chance = random.Random(seed)
    return tuple(
        Topic(
            id=f"topic-{number}",
            name=f"Topic {number}",
            any=(*chance.sample(vocabulary.names[:200], 2), *chance.sample(vocabulary.words[500:4_000], 3)),
        )
        for number in range(20)
    )


def _known_words() -> list[str]:
    """Words that relating knows, the most frequent first."""
    with files("aggregator.relate").joinpath("data/vectors.npz").open("rb") as file:
        listed = np.load(file, allow_pickle=False)["words"].tobytes().decode("utf-8").split("\n")
    terms = {word: tokenizer("en").flat(word) for word in listed if len(word) > 2 and word.isascii()}
    words = [word for word, found in terms.items() if word.isalpha() and len(found) == 1]
    frequencies = prior().known(np.array([term_id(terms[word][0]) for word in words], np.uint32))[1]
    ranked = sorted(zip((-frequencies.astype(int)).tolist(), words, strict=True))
    return [word for _, word in ranked]


def _cumulated(count: int, *, flat: int) -> list[float]:
    return list(accumulate(1 / (place + flat) for place in range(1, count + 1)))


def _invented(number: int) -> str:
    size = len(_SYLLABLES)
    return (
        _SYLLABLES[number // size**2 % size] + _SYLLABLES[number // size % size] + _SYLLABLES[number % size]
    )


def _marked_up(teaser: str, outlet: int) -> str:
    """Half of the outlets put paragraphs into their feeds."""
    return f"<p>{teaser}</p>" if outlet % 2 else teaser


def _source(number: int) -> Source:
    name, host = f"outlet-{number:04}", f"https://www.outlet-{number:04}.example/"
    feed = Feed(url=f"{host}feed", source_id=name, id=f"{host}feed")
    # One in ten belongs to a house of ten.
    owner = f"house-{number // 100}" if number % 10 == 0 else ""
    return Source(
        id=name,
        name=f"The {_invented(number * 97).capitalize()} Post",
        url=host,
        feeds=(feed,),
        language="en",
        owner=owner,
    )
