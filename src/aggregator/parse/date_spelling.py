"""A date text of any script to one that can be read word by word: folded, and written the western way."""

import re
import unicodedata

from aggregator.parse import calendar_names as names

_EAST_ASIAN = re.compile("[\u5e74\ub144\u6708\uc6d4]")
_EAST_ASIAN_DAY = re.compile(
    "(\\d{4}) ?[\u5e74\ub144] ?(\\d\\d?) ?[\u6708\uc6d4] ?(\\d\\d?) ?[\u65e5\uc77c\u53f7\u865f]?"
)
_EAST_ASIAN_CLOCK = re.compile(
    "(\\d\\d?) ?[\u6642\u65f6\u70b9\u9ede\uc2dc] ?(?:(\\d\\d?) ?[\u5206\ubd84])? ?(?:(\\d\\d?) ?[\u79d2\ucd08])?"
)
_EAST_ASIAN_WEEKDAY = re.compile(
    "(?:\u661f\u671f|\u5468|\u9031|\u79ae\u62dc|\u793c\u62dc)[\u4e00\u4e8c\u4e09\u56db\u4e94\u516d\u65e5\u5929]"
    "|[\u6708\u706b\u6c34\u6728\u91d1\u571f\u65e5](?:\u66dc\u65e5?)|[\uc6d4\ud654\uc218\ubaa9\uae08\ud1a0\uc77c]\uc694\uc77c"
    "|\\([\u6708\u706b\u6c34\u6728\u91d1\u571f\u65e5\uc6d4\ud654\uc218\ubaa9\uae08\ud1a0\uc77c\u4e00\u4e8c\u4e09\u56db\u4e94\u516d]\\)"
)
_SIGNED = re.compile("[\u0600-\u06ff\u0900-\u097f\u0e00-\u0e7f]")  # Arabic, Devanagari, Thai
_THAI = re.compile("[\u0e00-\u0e7f]")
_BUDDHIST_YEAR = re.compile(r"(?<!\d)2[45]\d\d(?!\d)")
# One month by the names of two regions, as Arabic papers write it.
_TWO_NAMES = re.compile("(?<=[\u0620-\u06d3]) ?/ ?(?=[\u0620-\u06d3])")
_VIETNAMESE = re.compile(
    r"(?:(?:thu (?:hai|ba|tu|nam|sau|bay)|chu nhat),? )?(?:ngay )?(\d\d?),? thang (\d\d?),? (?:nam )?(\d{4})"
)
# Accents, vowel signs and hamza of Arabic, the voicing marks of Japanese.
_MARKS = re.compile("[\u0300-\u036f\u064b-\u0655\u3099\u309a]+")


def fold(text: str) -> str:
    """Lower case without marks on letters, as the tables of names are written."""
    if text.isascii():
        return text.lower()
    bare = _MARKS.sub("", unicodedata.normalize("NFKD", text.casefold()))
    whole = unicodedata.normalize("NFC", bare)  # Hangul back into syllables
    return whole.replace("\u0142", "l").replace("\u00f8", "o").replace("\u0131", "i").replace("\u2019", "'")


_LONG_NAMES = {fold(name): month for name, month in names.LONG_NAMES.items()}


def western(text: str) -> str:
    """A folded date text with what only its own script says written out: years, months and days in digits, or in English."""
    if not text.isascii():
        if _EAST_ASIAN.search(text):
            return _east_asian(text)
        if _SIGNED.search(text):
            return _spelled(text)
    return _VIETNAMESE.sub(r"\3-\2-\1", text) if " thang " in text else text


def _east_asian(text: str) -> str:
    """Year, month, day and clock of Chinese, Japanese and Korean in digits and hyphens."""
    text = _EAST_ASIAN_WEEKDAY.sub(" ", text)
    text = _EAST_ASIAN_DAY.sub(r" \1-\2-\3 ", text)
    text = _EAST_ASIAN_CLOCK.sub(
        lambda match: f" {match[1]}:{int(match[2] or 0):02}:{int(match[3] or 0):02} ", text
    )
    return " ".join(text.split())


def _spelled(text: str) -> str:
    """The months of a text that no token can hold in English, and years as the rest of the world counts them."""
    if _THAI.search(text):
        text = _BUDDHIST_YEAR.sub(lambda match: str(int(match[0]) - 543), text)
    for name, month in _LONG_NAMES.items():
        if name in text:
            text = text.replace(name, f" {month} ")
    return _TWO_NAMES.sub(" ", text)
