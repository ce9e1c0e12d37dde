"""What all three ways of reading a listing share: addresses, times, teasers without interjections, one entry per address."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from selectolax.lexbor import LexborHTMLParser, LexborNode

from aggregator.model import Entry
from aggregator.parse.dates import DateRead, read_date
from aggregator.parse.page.evidence import urljoin_or_none
from aggregator.parse.page.text import clean, fold, node_text

MAX_ENTRIES = 1_000  # of one page; the longest index seen has 300
MAX_TEASER = 5_000  # characters read of one


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    tree: LexborHTMLParser
    url: str
    now: datetime | None
    origin: str  # scheme and host of the url
    site: str = ""  # as the page calls itself

    def address(self, href: str | None) -> str | None:
        """Absolute, without a fragment; None when it leads nowhere, or back to this page."""
        plain = (href or "").strip().partition("#")[0]
        if not plain:
            return None
        # Joining takes 40 us and nearly every link of a page is one of these two: half the time of a listing otherwise.
        if plain[0] == "/" and plain[1:2] != "/" and "/." not in plain:
            address: str | None = self.origin + plain
        else:
            address = urljoin_or_none(self.url, plain)
        return None if address == self.url.partition("#")[0] else address


def unique(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """One entry per address: the first, completed by what a later one of the same address adds."""
    kept: dict[str, Entry] = {}
    for entry in entries:
        if not entry.url:
            continue
        first = kept.get(entry.url)
        if first is None:
            if len(kept) < MAX_ENTRIES:
                kept[entry.url] = entry
            continue
        missing = {
            name: value
            for name in ("summary", "published_text", "image", "source_name")
            if not getattr(first, name) and (value := getattr(entry, name))
        }
        if "published_text" in missing:
            missing |= {"published": entry.published, "published_precision": entry.published_precision}
        kept[entry.url] = replace(first, **missing)
    return tuple(kept.values())


def read_time(node: LexborNode, now: datetime | None) -> tuple[DateRead | None, str]:
    """(date, text) of an element that names a time: its datetime attribute, else its words."""
    text = node_text(node)
    attribute = clean(node.attributes.get("datetime") or "")
    if attribute and (read := read_date(attribute, now=now)):
        return read, text or attribute
    return read_date(text, now=now), text or attribute


# What sites put between the sentences of a text: marks of advertisements, picture credits, calls to do something.
_ADVERTISEMENT = re.compile(
    r"(?:(?<=^)|(?<=[.!?…\"'”’»)]\s))(?:Advertisement|ADVERTISEMENT|Anzeige|ANZEIGE|Publicité|Publicidad|Pubblicità|Advertentie)(?=\s+[^\sa-zß-ÿ]|\s*$)\s*"
)
_PICTURE_AGENCIES = (
    r"(?:Shutterstock|Getty(?: Images)?|AFP|AP|AP Photo|Reuters|REUTERS|EPA(?:-EFE)?|EFE|dpa|Alamy|IMAGO|imago(?: images)?|"
    r"Bloomberg|PA(?: Wire)?|Xinhua|TASS|Anadolu|ANSA|Keystone|Zuma(?: Press)?|Corbis|iStock|Unsplash)"
)
_CREDIT = re.compile(
    r"(?<=[.!?…\"'”’»)]\s)(?:(?:Photo|Image|Picture|Foto)(?: by|:)? )?[^.!?/]{2,60}/\s?"
    rf"{_PICTURE_AGENCIES}(?:/[\w ]{{2,30}})?(?=\s|$)\s*"
)
_CALL = re.compile(
    r"(?<=[.!?…\"'”’»)])\s+(?:Solve|Play|Download|Subscribe|Sign up|Read more|Read on|Read the full|Continue reading|"
    r"Click|Watch|Listen|"
    r"Follow us|Join|Try|Get started|Share|Start exploring|Weiterlesen|Mehr lesen|Mehr dazu|Lire la suite|"
    r"Leer más|Leggi tutto|Lees meer|Läs mer)"
    r"\b[^.!?]{0,80}$"
)


def without_interjections(text: str) -> str:
    """A teaser without the marks, credits and calls that stand between and after its sentences.

    >>> without_interjections("Talks resume. Advertisement Envoys meet. Solve the daily Crossword")
    'Talks resume. Envoys meet.'
    """
    text = _CREDIT.sub("", _ADVERTISEMENT.sub("", text[:MAX_TEASER]))
    return _CALL.sub("", text).strip()


_FURNITURE = re.compile(
    r"^(?:advertisement|anzeige|publicité|sponsored|no comments yet\W*|comments?|\d+ comments?|(?:app-?store|play-?store)+|"
    r"download the app|get started.{0,40}|share|read more|continue reading|weiterlesen|mehr|more|live|video|watch|"
    r"premium|exclusive|"
    r"subscribe.{0,40}|sign up.{0,40})\W*$",
    re.IGNORECASE,
)


def is_furniture(text: str) -> bool:
    """Whether a short text is a button, a mark or a counter."""
    return bool(_FURNITURE.match(text))


def same_text(one: str, other: str) -> bool:
    return fold(one) == fold(other)
