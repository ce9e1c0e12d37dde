"""Text -> terms: folded, without stop words, lightly stemmed; character bigrams where a script has no blanks.

Light stemming on purpose: on a judged week Snowball and no stemming at all were both worse than cutting plurals.
"""

import re
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from itertools import chain
from unicodedata import category, normalize

# Python's \w leaves out the vowel signs of Indic scripts and the marks of Arabic and Thai, which belong to their words.
_MARKS = "\u0300-\u036f\u064b-\u065f\u0670\u0900-\u0dff"
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u3005-\u3007\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
# The general pattern asks at every character which kind it is: three times slower, so only for texts that need it.
_WORD = re.compile(rf"[\w{_MARKS}]+(?:['’]\w+)*")
_MIXED_WORD = re.compile(
    rf"[{_UNSPACED}]+|(?:(?![{_UNSPACED}])[\w{_MARKS}])+(?:['’](?:(?![{_UNSPACED}_])\w)+)*"
)
_PUNCTUATED = re.compile("[\x00-\x7f\xa0\xa2\xa3\xa5\xa7\xa9\xab\xae\xb0\xb7\xbb\u2010-\u201f\u2026\u20ac]*")
"""ASCII, dashes, quotes, signs of money: nearly all English, and nothing in its words to fold but the case."""
_LATIN = re.compile(
    "[\x00-\x7f\xa0-\xa9\xab-\xb1\xb4\xb6-\xb8\xbb\xbf-\u0131\u0134-\u0148\u014a-\u017e\u2010-\u2022\u2026\u20ac]*"
)
"""Latin letters, and signs that stay in one word, or outside of all, when they are folded: no fractions, no trade marks."""
_ASCII_WORD = re.compile(
    r"[A-Za-z0-9_]+(?:['’][A-Za-z0-9_]+)*"
)  # as _WORD finds them there, in three quarters of the time
UNSPACED = rf"[{_UNSPACED}]"
"""Class of characters whose scripts write no blanks between words: Thai, Lao, Burmese, Khmer, kana, Han."""
_UNSPACED_RUN = re.compile(rf"{UNSPACED}+")

_LIGATURES = {
    "ø": "o",
    "ł": "l",
    "đ": "d",
    "ð": "d",
    "þ": "th",
    "æ": "ae",
    "œ": "oe",
    "ı": "i",
    "ħ": "h",
    "ё": "е",
}
_ALEF = dict.fromkeys("أإآٱ", "ا") | {"ى": "ي", "ة": "ه", "ـ": ""}
_LATIN_END = 0x250


class _Folding(dict[int, str]):
    """Characters to what they are compared as; filled as they are met."""

    def __missing__(self, code: int) -> str:
        folded = self[code] = _fold_character(chr(code))
        return folded


def _fold_character(character: str) -> str:
    special = _LIGATURES.get(character) or _ALEF.get(character)
    if special is not None or character == "ـ":
        return special or ""
    code = ord(character)
    if code < _LATIN_END or 0x1E00 <= code < 0x1F00:
        return normalize("NFD", character)[0]
    # Combining marks that stand alone after casefolding (the dot of a Turkish capital I), Arabic vowel points.
    if 0x300 <= code <= 0x36F or 0x64B <= code <= 0x65F or code == 0x670:
        return ""
    if category(character) == "Nd":
        return normalize("NFKC", character)
    return character


_FOLDING = _Folding()
_FOREIGN = re.compile("[\x00-\x7f]?[^\x00-\x7f]+")  # with the letter that a mark may combine with


def fold(text: str) -> str:
    """For comparing words: one case, no Latin accents, one form of Arabic letters."""
    text = text.casefold()
    if text.isascii():
        return text
    if len(text) > 200 and len(text.encode("utf-8", "surrogatepass")) < 1.1 * len(text):
        return _FOREIGN.sub(_folded_run, text)  # a few letters of a long text: a tenth of the time
    return normalize("NFKC", text).translate(_FOLDING)


def _folded_run(match: re.Match[str]) -> str:
    return normalize("NFKC", match.group()).translate(_FOLDING)


def words(text: str) -> list[str]:
    """The words of a text as written; a run of an unspaced script is one."""
    if text.isascii() or _PUNCTUATED.fullmatch(text):
        return _ASCII_WORD.findall(text)
    if not _UNSPACED_RUN.search(text):
        return _WORD.findall(text)
    return _MIXED_WORD.findall(text)


def folded_words(text: str) -> list[str]:
    """The words of a text, folded: what shingles and titles are compared by. Unspaced runs become bigrams."""
    if text.isascii() or _PUNCTUATED.fullmatch(text):
        return _ASCII_WORD.findall(text.lower())
    text = fold(text)
    if _PUNCTUATED.fullmatch(text):
        return _ASCII_WORD.findall(text)
    if not _UNSPACED_RUN.search(text):
        return _WORD.findall(text)
    found: list[str] = []
    for word in _MIXED_WORD.findall(text):
        found.extend(_bigrams(word) if _UNSPACED_RUN.match(word) else (word,))
    return found


def words_both_ways(text: str) -> tuple[list[str], list[str]]:
    """The words of a text as written and folded: what `words` and `folded_words` give, looked for once where they agree."""
    if text.isascii() or _PUNCTUATED.fullmatch(text):
        written = _ASCII_WORD.findall(text)
        return written, list(map(str.lower, written))
    if _LATIN.fullmatch(text):
        written = _WORD.findall(text)
        return written, fold("\n".join(written)).split("\n") if written else []
    return words(text), folded_words(text)


def _bigrams(run: str) -> list[str]:
    return [run[i : i + 2] for i in range(len(run) - 1)] or [run]


def _suffixes(listed: str, *, keep: int) -> Callable[[str], str]:
    """A stemmer that cuts the longest listed suffix that leaves at least `keep` letters."""
    endings = sorted(listed.split(), key=len, reverse=True)

    def stem(word: str) -> str:
        for ending in endings:
            if len(word) - len(ending) >= keep and word.endswith(ending):
                return word[: -len(ending)]
        return word

    return stem


def _english(word: str) -> str:
    length = len(word)
    if length > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if length > 4 and word.endswith(("sses", "shes", "ches", "xes")):
        return word[:-2]
    if length > 3 and word[-1] == "s" and word[-2] not in "sui":
        return word[:-1]
    return word


def _arabic(word: str) -> str:
    for prefix in ("وال", "بال", "كال", "فال", "لل", "ال"):
        if word.startswith(prefix) and len(word) - len(prefix) >= 3:
            word = word[len(prefix) :]
            break
    for suffix in ("ات", "ون", "ين", "ها", "هم", "ه", "ي"):
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:
            return word[: -len(suffix)]
    return word


_NORDIC = _suffixes("ernas arnas ornas erna arna orna ende ene ens ets en et er ar or a e n s", keep=4)
_RUSSIAN = _suffixes(
    "иями ями ами ого его ому ему ыми ими ых их ая яя ое ее ые ие ый ий ой ей ом ем ам ям ах ях ов ев ию ью ия ья ть"
    " а я о е и ы у ю ь й",
    keep=4,
)
_STEMMERS: dict[str, Callable[[str], str]] = {
    "ar": _arabic,
    "da": _NORDIC,
    "de": _suffixes("ern em en er es e n s", keep=4),
    "en": _english,
    "es": _suffixes("os as es o a e s", keep=4),
    "fr": _suffixes("aux euses euse eux ees ee es s e x", keep=4),
    "hi": _suffixes("ियों ियां ओं ों ें ां ी े ा", keep=2),
    "it": _suffixes("i e o a", keep=4),
    "ko": _suffixes(
        "에서는 에서 에게 으로 까지 부터 이라 에는 라며 라고 은 는 이 가 을 를 의 에 로 도 와 과 만", keep=2
    ),
    "nb": _NORDIC,
    "nl": _suffixes("en es s e", keep=4),
    "nn": _NORDIC,
    "no": _NORDIC,
    "pl": _suffixes(
        "iego iemu owie ami ach ego emu ymi imi ych ich om ow ie ej ym im em a e i o u y", keep=4
    ),
    "pt": _suffixes("oes aes ais eis os as es o a e s", keep=4),
    "ru": _RUSSIAN,
    "sv": _NORDIC,
    "tr": _suffixes(
        "larin lerin larda lerde lari leri lar ler nin nun dan den tan ten da de ta te in un i u a e", keep=4
    ),
    "uk": _suffixes(
        "іями ями ами ого його ому йому ими іми их іх ая яя ої ові еві ою ею ів їв ям ах ях ій ий ом ем ам"
        " ю у а я о е і и ї ь й",
        keep=4,
    ),
}
_CYRILLIC = re.compile("[\u0400-\u04ff]")
_ARABIC_LETTER = re.compile("[\u0600-\u06ff]")
_DEVANAGARI = re.compile("[\u0900-\u097f]")
_HANGUL = re.compile("[\uac00-\ud7af]")

_Terms = tuple[str, ...]

REMEMBERED = 200_000
"""Words a tokenizer remembers before it starts anew: a hostile feed can invent words for ever."""


@cache
def stop_words() -> dict[str, frozenset[str]]:
    """Words without a subject, folded, by language; a language that is missing has none."""
    listed: dict[str, set[str]] = {}
    languages: list[str] = []
    text = files("aggregator.relate").joinpath("data/stopwords.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line.startswith("["):
            languages = line.strip("[]").split()
        elif not line.startswith("#"):
            for language in languages:
                listed.setdefault(language, set()).update(map(fold, line.split()))
    return {language: frozenset(folded) for language, folded in listed.items()}


class Tokenizer(dict[str, _Terms]):
    """Word as written -> its terms (none for a stop word, one as a rule, bigrams for an unspaced run), once worked out."""

    def __init__(self, language: str) -> None:
        super().__init__()
        self._language = language

    def __missing__(self, word: str) -> _Terms:
        if len(self) >= REMEMBERED:
            self.clear()
        terms = self[word] = self._terms_of(word)
        return terms

    def flat(self, text: str) -> list[str]:
        """The terms of a text, in order."""
        return list(chain.from_iterable(map(self.__getitem__, words(text))))

    def _terms_of(self, word: str) -> _Terms:
        folded = fold(word)
        if _UNSPACED_RUN.match(folded):
            return tuple(_bigrams(folded))
        language = self._language or _language_of(folded)
        stop = stop_words().get(language, frozenset())
        head, apostrophe, tail = folded.replace("’", "'").partition("'")
        if apostrophe:
            # Romance elision keeps what follows the apostrophe ("l'accord"), everything else what precedes it.
            folded = tail.replace("'", "") if len(head) <= 2 and len(tail) > 2 else head
        if folded in stop or (len(folded) < 2 and not folded.isdigit()) or set(folded) <= {"_"}:
            return ()
        if folded.isascii() and not folded.isalpha():
            return (folded,)  # "G20", "2026", "B-52" halves: nothing to cut
        stemmer = _STEMMERS.get(language)
        return (stemmer(folded) if stemmer else folded,)


def _language_of(word: str) -> str:
    """The language whose rules a word of unknown language follows: by its script, English for Latin letters."""
    if word.isascii():
        return "en"
    if _CYRILLIC.search(word):
        return "ru"
    if _ARABIC_LETTER.search(word):
        return "ar"
    if _DEVANAGARI.search(word):
        return "hi"
    if _HANGUL.search(word):
        return "ko"
    return ""


_TOKENIZERS: dict[str, Tokenizer] = {}


def tokenizer(language: str) -> Tokenizer:
    """The tokenizer of a language (BCP 47 primary subtag; "" when unknown)."""
    found = _TOKENIZERS.get(language)
    if found is None:
        known = language if language in _STEMMERS or language in stop_words() else ""
        found = _TOKENIZERS[language] = _TOKENIZERS.setdefault(known, Tokenizer(known))
    return found
