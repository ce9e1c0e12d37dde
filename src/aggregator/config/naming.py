"""What a site says of itself -> the id, name and language under which the configuration has it. Pure."""

import re
import unicodedata
from collections.abc import Collection
from urllib.parse import urlsplit

from aggregator.config import values

LONGEST_ID = 30  # ids are typed; a longer one is taken from the host instead

_SEPARATOR = re.compile(r"\s+[|–—»«·•:/-]+\s+|\s*[|»•]\s*|:\s+")
_LETTERS = str.maketrans({"ß": "ss", "æ": "ae", "ø": "o", "œ": "oe", "ł": "l", "đ": "d", "ı": "i"})


def source_id(name: str, url: str, taken: Collection[str]) -> str:
    """A short id that no other source has: the name's words, else the host's.

    >>> source_id("The Harbour Post", "https://www.harbourpost.example/", {"the-harbour-post"})
    'the-harbour-post-2'
    """
    id = slug(name)
    if not 2 <= len(id) <= LONGEST_ID or sum(letter.isalpha() for letter in name) > 2 * len(id):
        id = slug("-".join(host_words(url)))[:LONGEST_ID].strip("-") or "source"
    number, unique = 1, id
    while unique in taken:
        number += 1
        unique = f"{id}-{number}"
    return unique


def outlet_name(title: str, url: str) -> str:
    """The part of a feed's or page's title that is the outlet's name: the one that its host is made of.

    >>> outlet_name("World news | The Harbour Post", "https://www.harbourpost.example/world")
    'The Harbour Post'
    """
    words = [slug(word).replace("-", "") for word in host_words(url)]
    parts = [part.strip() for part in _SEPARATOR.split(title) if part.strip()]
    for part in parts:
        letters = slug(part).replace("-", "")
        if any(len(word) > 2 and letters and (word in letters or letters in word) for word in words):
            return part
    return title.strip() or ".".join(host_words(url)) or url


def host_words(url: str) -> list[str]:
    """A host's labels without www and the endings under which names are handed out: bbc of www.bbc.co.uk."""
    labels = (urlsplit(url).hostname or "").removeprefix("www.").split(".")
    if all(label.isdigit() for label in labels):
        return ["-".join(labels)]
    kept = labels[:-1] if len(labels) > 1 else labels
    return kept[:-1] if len(kept) > 1 and len(kept[-1]) <= 3 and len(labels[-1]) == 2 else kept


def known_language(*written: str | None) -> str:
    """The first that is a language tag, "" when none is."""
    for text in written:
        try:
            tag = values.language((text or "").strip().replace("_", "-"))
        except ValueError:
            continue
        if tag:
            return str(tag)
    return ""


def slug(text: str) -> str:
    """The text's ASCII letters and digits, in lower case, with "-" for everything between them; "" when there are none."""
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    ascii_only = plain.encode("ascii", "ignore").decode().replace("'", "")
    return re.sub(r"[^a-z0-9]+", "-", ascii_only).strip("-")
