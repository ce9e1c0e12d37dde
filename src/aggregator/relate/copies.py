"""Are two articles the same text? Judged by the texts where there are two, by headline and teaser together otherwise.

Never merged: what an outlet writes under the same words every day (live tickers, briefings, crosswords, forecasts).
"""

import re

from aggregator.relate.features import Features
from aggregator.relate.shingles import overlap
from aggregator.relate.tokens import folded_words

TEXT_JACCARD = 0.15
"""4-word shingles of two texts; two reports of one event seldom pass .1 unless they quote one agency at length."""
TEXT_CONTAINMENT = 0.3
"""Of the shorter in the longer. One outlet's boilerplate alone reaches .40 at a Jaccard of .03: both must hold."""
TEASER_JACCARD = 0.3
TITLE_JACCARD = 0.5
BARE_TITLE_WORDS = 6
"""Words of a headline that says enough to be recognised by alone, where neither item has a teaser."""
BARE_HOURS = 72

_SERIES = (
    r"(?:live|liveblog|liveticker|ticker|en\s+direct(?:o)?|in\s+diretta|ao\s+vivo)\b(?=\s*[:|–—-]|\s+(?:updates?|blog|news)|\Z)",
    r"as\s+it\s+happened|live\s+updates?|news\s+quiz|(?:photos?|pictures?)\s+of\s+the\s+(?:day|week)",
    r"(?:morning|evening|daily|weekly|first|weekend|midday)\s+(?:briefing|edition|mail|brief|digest|update|news)",
    r"crosswords?|sudoku|wordle|horoscopes?|lottery|tv\s+guide|newsletter|round-?up|recap|corrections?\s+and\s+clarifications?",
    r"weather\s+(?:forecast|tracker|report)|wetter(?:bericht|vorhersage)|pollenflug|lottozahlen|m[ée]t[ée]o|previsioni",
    r"(?:\d+|five|ten)\s+things\s+(?:to\s+know|you\s+need)|day\s+\d+\s+of|what\s+the\s+papers\s+say|the\s+papers\s*:",
    r"kreuzwortr[äa]tsel|horoskop|morgenbriefing|nachrichten(?:überblick|ueberblick)|revue\s+de\s+presse",
)
_SERIAL = re.compile("|".join(rf"\b(?:{one})(?!\w)" for one in _SERIES), re.IGNORECASE)


def is_serial(title: str) -> bool:
    """Is this the headline of a ticker, briefing, puzzle, forecast or another series?"""
    return _SERIAL.search(title) is not None


def similarity(a: Features, b: Features) -> float:
    """How much of the same text two articles are, 0 to 1; 0 when they are not copies."""
    if is_serial(a.title) or is_serial(b.title):
        return 0.0
    if a.with_text and b.with_text:
        return _text_similarity(a, b)
    titles = title_similarity(a.title, b.title)
    if titles < TITLE_JACCARD:
        return 0.0
    if not a.lead and not b.lead:
        return titles if _bare_copies(a, b) else 0.0
    if a.with_text or b.with_text:
        _, shared = overlap(a.shingles, b.shingles)
        return shared if shared >= 2 * TEASER_JACCARD else 0.0
    jaccard, _ = overlap(a.shingles, b.shingles)
    return jaccard if jaccard >= TEASER_JACCARD else 0.0


def _text_similarity(a: Features, b: Features) -> float:
    jaccard, containment = overlap(a.shingles, b.shingles)
    return jaccard if jaccard >= TEXT_JACCARD and containment >= TEXT_CONTAINMENT else 0.0


def title_similarity(first: str, second: str) -> float:
    """Jaccard of the words of two headlines."""
    a, b = set(folded_words(first)), set(folded_words(second))
    return len(a & b) / len(a | b) if a and b else 0.0


def _bare_copies(a: Features, b: Features) -> bool:
    words = folded_words(a.title)
    apart = abs((a.at - b.at).total_seconds())
    return len(words) >= BARE_TITLE_WORDS and words == folded_words(b.title) and apart <= BARE_HOURS * 3600
