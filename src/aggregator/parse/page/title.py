"""The headline of a page, by vote among everything that claims to be it."""

import re
from collections.abc import Iterator

from aggregator.parse.page.evidence import Evidence, squeeze
from aggregator.parse.page.jsonld import headline_of
from aggregator.parse.page.text import fold, words

REPEATED = 0.35  # what a further claim with the same text weighs
MAX_CUTS = 12
MIN_HEADLINE = 12  # characters; shorter texts begin and end others by chance
MIN_SHARED = 6  # letters

# "Headline | Outlet", "Headline - Section - Outlet", "Outlet: Headline".
_SEPARATOR = re.compile(r"\s+[|–—•·»«‹›:~/\\>-]{1,2}\s+|\s*[|»]\s*|\s+::\s+|(?<=\S):\s+")


def find_title(page: Evidence) -> tuple[str | None, str]:
    """(headline, where it was read). The place names every claimant that agrees: "h1+og"."""
    sites = page.sites
    votes: dict[str, float] = {}
    spelled: dict[str, str] = {}
    places: dict[str, list[str]] = {}
    heard: list[tuple[str, float, str]] = []
    for place, weight, raw in _claims(page):
        text = without_site(raw, sites)
        key = fold(text)
        if not key or squeeze(text) in sites:
            continue
        heard.append((place, weight, key))
        if place not in places.get(key, ()):
            # og:title, twitter:title, JSON-LD and <title> are mostly filled from one field: the second adds little.
            votes[key] = votes.get(key, 0.0) + (
                weight if place == "h1" or key not in votes else REPEATED * weight
            )
            places.setdefault(key, []).append(place)
        spelled.setdefault(key, text)
    if not votes:
        return None, ""
    for key in votes:
        if "h1" not in places[key]:
            # An h1 "Section: Headline" speaks for the headline, unless JSON-LD has it the long way too.
            votes[key] += sum(
                weight
                for place, weight, text in heard
                if place == "h1"
                and "json-ld" not in places[text]
                and len(key) >= MIN_HEADLINE
                and _parted_before(text, key)
            )
        elif len(key) >= MIN_HEADLINE:
            # "Headline - Section" and "Kicker | Headline" elsewhere speak for the headline that the h1 shows bare.
            # "Kicker: Headline" in JSON-LD does not: there the kicker belongs to what the outlet calls its headline.
            votes[key] += sum(
                REPEATED * weight
                for place, weight, text in heard
                if _parted_after(text, key) or (_parted_before(text, key) and "json-ld" not in places[text])
            )
    best = max(votes, key=lambda key: votes[key])
    return spelled[best], "+".join(places[best])


def _parted_after(text: str, headline: str) -> bool:
    """Whether the text is the headline and more, parted by a sign."""
    return text.startswith(headline) and bool(re.match(r"\s*[|–—•·»«:~/-]", text[len(headline) :]))


def _parted_before(text: str, headline: str) -> bool:
    """Whether the text is something and the headline, parted by a sign."""
    return text.endswith(headline) and bool(re.search(r"[|–—•·»«:~/-]\s*$", text[: -len(headline)]))


def _claims(page: Evidence) -> Iterator[tuple[str, float, str]]:
    """(place, weight, text), best spelling first: what a person typed as headline before what was derived from it."""
    others = [headline_of(page.article), *page.meta.get("og:title", ()), page.title_tag]
    known = set().union(*(words(text) for text in others))
    for number, heading in enumerate(page.headings):
        own = words(heading.text)
        shared = len(own & known) / len(own) if own else 0.0
        # A heading none of whose words stands in the page's titles is a section's or a box's.
        yield "h1", 1.8 + shared - 0.1 * number if shared > 0.3 or not known else 0.5, heading.text
    if headline := headline_of(page.article):
        yield "json-ld", 2.0, headline
    for text in page.meta.get("og:title", ())[:1]:
        yield "og", 1.8, text
    for name in (
        "twitter:title",
        "title",
        "parsely-title",
        "sailthru.title",
        "dc.title",
        "dcterms.title",
        "headline",
        "hdl",
    ):
        for text in page.meta.get(name, ())[:1]:
            yield name, 1.0, text
    if page.title_tag:
        yield "title", 1.2, page.title_tag


def without_site(title: str, sites: frozenset[str]) -> str:
    """The title without the outlet's name: "Headline | Outlet | Slogan", "Outlet: Headline"."""
    cuts = list(_SEPARATOR.finditer(title))[:MAX_CUTS]
    ends = [*(cut.start() for cut in cuts), len(title)]
    starts = [0, *(cut.end() for cut in cuts)]
    first = 0
    for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
        if not _is_site(title[start:end], sites, last=number == len(cuts)):
            continue
        if number == first:
            first += 1  # it opens the title
        else:
            return title[starts[first] : ends[number - 1]].strip()
    return title[starts[first] :].strip() if 0 < first < len(starts) else title


def _is_site(part: str, sites: frozenset[str], *, last: bool) -> bool:
    name = squeeze(part)
    if name in sites:
        return True
    # "Rosa Luxemburg Foundation" on rosalux.org: at the end of a title a shared beginning is enough.
    return (
        last
        and len(name) >= MIN_SHARED
        and any(len(site) >= MIN_SHARED and name.startswith(site) for site in sites)
    )
