"""A language tag as feeds write it -> the primary subtag, lower case; and the languages a script gives away."""

import re

# Three-letter codes and names that feeds use for languages that have a shorter code (ISO 639-2/T and /B, plain words).
_SHORT = {
    "ara": "ar", "ces": "cs", "chi": "zh", "cze": "cs", "dan": "da", "deu": "de", "dut": "nl", "ell": "el", "eng": "en",
    "english": "en", "fin": "fi", "fra": "fr", "fre": "fr", "french": "fr", "ger": "de", "german": "de", "gre": "el",
    "heb": "he", "hin": "hi", "hun": "hu", "ind": "id", "ita": "it", "iw": "he", "jpn": "ja", "jp": "ja", "kor": "ko",
    "kr": "ko", "nld": "nl", "nor": "no", "pol": "pl", "por": "pt", "ron": "ro", "rum": "ro", "rus": "ru", "russian": "ru",
    "spa": "es", "spanish": "es", "swe": "sv", "tur": "tr", "ua": "uk", "ukr": "uk", "vie": "vi", "zho": "zh", "cn": "zh",
}  # fmt: skip
_TAG = re.compile(r"\s*([A-Za-z]{2,8})(?:[-_][A-Za-z0-9-_]*)?\s*\Z")
# Scripts that one language of the news uses alone, or nearly so. Arabic, Cyrillic and Devanagari are shared: no answer.
_SCRIPTS = (
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("ko", re.compile("[\uac00-\ud7a3]")),
    ("zh", re.compile("[\u4e00-\u9fff]")),
    ("el", re.compile("[\u0370-\u03ff]")),
    ("he", re.compile("[\u05d0-\u05ea]")),
    ("th", re.compile("[\u0e01-\u0e3a]")),
    ("ka", re.compile("[\u10d0-\u10ff]")),
    ("hy", re.compile("[\u0531-\u0586]")),
)
_LETTER = re.compile(r"[^\W\d_]")


def primary_language(tag: str | None) -> str:
    """The primary subtag of a BCP 47 tag: "pt" for "pt_BR", "en" for "en-us" and "eng"; "" for what is no tag.

    "und", "mul", "zxx" (undetermined, several, none: RFC 5646, 4.1) and "x-..." say nothing and give "".
    """
    match = _TAG.match(tag) if tag else None
    if match is None:
        return ""
    subtag = match[1].lower()
    subtag = _SHORT.get(subtag, subtag)
    return "" if len(subtag) > 3 or subtag in ("und", "mul", "zxx", "mis") else subtag


def language_of_script(text: str) -> str:
    """The language, where its script alone tells and most letters are of it; "" elsewhere."""
    if text.isascii():
        return ""
    for language, script in _SCRIPTS:
        if found := script.findall(text):
            return language if 2 * len(found) > len(_LETTER.findall(text)) or language == "ja" else ""
    return ""
