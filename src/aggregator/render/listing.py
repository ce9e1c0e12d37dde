"""A list as it is published: a heading, its entries in the order shown, and what the words around them depend on."""

from dataclasses import dataclass
from datetime import datetime

from aggregator.model import Related


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What HTML, RSS, Atom and JSON Feed are made from."""

    key: str  # what the list is of, stable: "related/17", "topic/ports", "story/4f2a"; identifies the feed
    heading: str  # "" for the language's own words: "Related articles"
    entries: tuple[Related, ...]
    now: datetime  # in the zone that absolute times are shown in
    language: str = "en"
    labels: bool = True  # say of each entry whether it is the same story or related
    home_url: str = ""  # page that the list belongs to; "" when it has none
