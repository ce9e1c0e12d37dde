"""Are two articles the same text? Judged by the texts where there are two, by headline and teaser together otherwise.

Never merged: what an outlet writes under the same words every day (live tickers, briefings, crosswords, forecasts).
"""

import re
from functools import lru_cache

from aggregator.relate.features import Features
from aggregator.relate.shingles import overlap
from aggregator.relate.tokens import folded_words

TEXT_JACCARD = 0.15
"""4-word shingles of two texts; two reports of one event seldom pass .1 unless they quote one agency at length."""
TEXT_CONTAINMENT = 0.3
"""Of the shorter in the longer. Background paragraphs alone reach .40 at a Jaccard of .03: both must hold."""
OWN_TEXT_JACCARD = 0.5
"""The same for two texts of one outlet: it repeats its own background, and edits its own texts less than others do."""
OWN_TITLE_JACCARD = 0.75
OWN_TEASER_JACCARD = 0.5
"""Of an outlet's items under two headlines. Under one they are a report published again and agree as copies elsewhere do:
which outlet has an article that two sources bring depends on who brought it first."""

_AGREEMENTS = (
    # Words of the headlines (Jaccard), runs of four words of the teasers (Jaccard, containment, number): all of a row.
    # Read over a news week of 43 feeds: of 38 pairs between outlets that some row lets through none is two reports, three
    # are an article written anew from the other.
    (0.50, 0.30, 0.00, 1),
    (0.80, 0.25, 0.00, 5),  # one headline, teasers cut or extended
    (0.80, 0.00, 0.50, 5),
    (0.30, 0.50, 0.85, 10),  # another headline over the same teaser
    (0.20, 0.90, 0.90, 14),
)
MIXED_CONTAINMENT = 0.6
"""Of a teaser in a text, where one of the two has no text; the headlines agree by half."""
MIXED_TITLE_JACCARD = 0.5

BARE_TITLE_WORDS = 6
"""Words of a headline that says enough to be recognised by alone, where neither item has a teaser."""
BARE_HOURS = 72
TELLING_TITLE_WORDS = 5
"""Words of a headline under which one outlet may publish the same piece again on another day; below: "Letters", a series."""
SAME_EDITION_HOURS = 20

_SERIES = (
    r"(?:live|liveblog|liveticker|ticker|en\s+direct(?:o)?|in\s+diretta|ao\s+vivo)\b(?=\s*[:|–—-]|\s+(?:updates?|blog|news)|\Z)",
    r"as\s+it\s+happened|live\s+updates?|news\s+quiz|(?:photos?|pictures?)\s+of\s+the\s+(?:day|week)",
    r"(?:morning|evening|daily|weekly|first|weekend|midday)\s+(?:briefing|edition|mail|brief|digest|update|news)",
    r"crosswords?|sudoku|wordle|horoscopes?|lottery|tv\s+guide|newsletter|round-?up|recap|corrections?\s+and\s+clarifications?",
    r"weather\s+(?:forecast|tracker|report)|wetter(?:bericht|vorhersage)|pollenflug|lottozahlen|m[ée]t[ée]o|previsioni",
    r"(?:\d+|five|ten)\s+things\s+(?:to\s+know|you\s+need)|day\s+\d+\s+of|what\s+the\s+papers\s+say|the\s+papers\s*:",
    r"market\s+talk|list\s+of\s+key\s+events|(?:hints?|clues|answers?)\b.*\b(?:hints?|clues|answers?)|voice\s+of\s+the\s+people",
    r"letters?\s+to\s+the\s+editor|readers['’]?\s+letters|leserbriefe?|courrier\s+des\s+lecteurs|cartas\s+al\s+director|lettere\s+al\s+direttore",
    r"corrections?\s*(?:&|and)\s*(?:clarifications?|amplifications?)|(?:photos?|pictures?|images?)\s+of\s+the\s+(?:day|week|weekend|month)",
    r"kreuzwortr[äa]tsel|horoskop|morgenbriefing|nachrichten(?:überblick|ueberblick)|revue\s+de\s+presse",
)
_SERIAL = re.compile("|".join(rf"\b(?:{one})(?!\w)" for one in _SERIES), re.IGNORECASE)


@lru_cache(maxsize=8_192)
def is_serial(title: str) -> bool:
    """Is this the headline of a ticker, briefing, puzzle, forecast or another series?"""
    return _SERIAL.search(title) is not None


def similarity(a: Features, b: Features) -> float:
    """How much of the same text two articles are, 0 to 1; 0 when they are not copies."""
    if is_serial(a.title) or is_serial(b.title):
        return 0.0
    own = a.source_id == b.source_id
    if own and other_edition(a, b):
        return 0.0
    if a.with_text and b.with_text:
        return _text_similarity(a, b, own=own)
    titles = title_similarity(a.title, b.title)
    if not a.lead and not b.lead:
        return titles if _bare_copies(a, b) else 0.0
    found = overlap(a.shingles, b.shingles)
    if own and titles < 1:
        agree = titles >= OWN_TITLE_JACCARD and found.jaccard >= OWN_TEASER_JACCARD
    elif a.with_text or b.with_text:
        agree = titles >= MIXED_TITLE_JACCARD and found.containment >= MIXED_CONTAINMENT
    else:
        agree = any(
            titles >= title
            and found.jaccard >= jaccard
            and found.containment >= contained
            and found.shared >= shared
            for title, jaccard, contained, shared in _AGREEMENTS
        )
    return max(found.jaccard, found.containment / 2) if agree else 0.0


def other_edition(a: Features, b: Features) -> bool:
    """Are two items of one outlet editions of a series, or reports of the same make on two things?

    Headlines that differ by a number (day 595, day 596) or put one word in the place of another (men's, women's; rises,
    falls) are; those of which one only says more than the other are not. A headline of few words that comes again on
    another day is the name of a series.
    """
    first, second = set(folded_words(a.title)), set(folded_words(b.title))
    apart = abs((a.at - b.at).total_seconds())
    if first == second:
        return len(first) < TELLING_TITLE_WORDS and apart > SAME_EDITION_HOURS * 3600
    if any(any(map(str.isdigit, word)) for word in first ^ second):
        return True
    return bool(first - second and second - first) and not (a.with_text and b.with_text)


def _text_similarity(a: Features, b: Features, *, own: bool) -> float:
    jaccard, containment, _ = overlap(a.shingles, b.shingles)
    least = OWN_TEXT_JACCARD if own else TEXT_JACCARD
    return jaccard if jaccard >= least and containment >= TEXT_CONTAINMENT else 0.0


def title_similarity(first: str, second: str) -> float:
    """Jaccard of the words of two headlines."""
    a, b = set(folded_words(first)), set(folded_words(second))
    return len(a & b) / len(a | b) if a and b else 0.0


def _bare_copies(a: Features, b: Features) -> bool:
    words = folded_words(a.title)
    apart = abs((a.at - b.at).total_seconds())
    return len(words) >= BARE_TITLE_WORDS and words == folded_words(b.title) and apart <= BARE_HOURS * 3600
