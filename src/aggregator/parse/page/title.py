"""The headline of a page, by vote among everything that claims to be it."""

import re
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from aggregator.parse.page.evidence import Evidence, links_home, squeeze
from aggregator.parse.page.jsonld import headline_of, text_of
from aggregator.parse.page.text import fold, node_text, words

REPEATED = 0.35  # what a further claim with the same text weighs
MAX_CUTS = 12
MIN_HEADLINE = 12  # characters; shorter texts begin and end others by chance
MIN_SHARED = 6  # letters
MAX_LOWER_HEADINGS = 40  # looked at
MAX_TITLE = 300  # characters
MAX_MARKUP = 2_000  # with the blanks of the markup

# <h2>, <h3 class="entry-title"> (hAtom), <div class="p-name"> (microformats2), <div id="page-title">
_LOWER_HEADINGS = (
    'h2, h3, [class~="entry-title"], [class~="post-title"], [class~="page-title"], [class~="p-name"], '
    "#page-title"
)
_THE = re.compile(r"^\s*(?:the|der|die|das|le|la|el|il|de|het|o)\s+", re.IGNORECASE)
# "Headline - Gazette.com": an address at the end is the site's, whether or not it is the page's.
_HOST = re.compile(
    r"(?:[\w-]+\.){1,3}(?:com|net|org|info|news|tv|eu|uk|de|at|ch|fr|it|es|pt|nl|be|pl|cz|se|no|dk|fi|ru|ua|jp|kr|cn|tw|in|au|nz|ca|za|br|mx)",
    re.IGNORECASE,
)
# "Outlet » Blog Archive » Headline": what early WordPress themes wrote.
_ARCHIVE = re.compile(r"(?<=» )\s*Blog[ -](?:Archive?|Archiv|Arkiv|Archivio|Archivo)s?\s*»\s*", re.IGNORECASE)

# "Headline | Outlet", "Headline - Section - Outlet", "Outlet: Headline": a sign between blanks, a bar or an arrow with or
# without them, a colon before one. Written so that all begin with one set of characters, which `re` skips to: half the time.
_SEPARATOR = re.compile(
    r"[\s|»:](?:(?<=\s)\s*[|–—•·»«‹›:~/\\>-]{1,2}\s+|(?<=[|»])\s*|(?<=\s)\s*[|»]\s*|(?<=\s)\s*::\s+|(?<=\S:)\s+)"
)


def find_title(page: Evidence) -> tuple[str | None, str]:
    """(headline, where it was read). The place names every claimant that agrees: "h1+og"."""
    sites = page.sites
    sections = _sections(page)
    votes: dict[str, float] = {}
    spelled: dict[str, str] = {}
    places: dict[str, list[str]] = {}
    heard: list[tuple[str, float, str]] = []
    bare: dict[tuple[str, bool], tuple[str, str]] = {}  # a third of the claims have the text of one before
    for place, weight, raw in _claims(page):
        how = raw, place == "h1"
        if how not in bare:
            text = without_site(raw, sites)
            if place != "h1":
                text = _without_section(text, sections)
            bare[how] = text, "" if squeeze(text) in sites else fold(text)
        text, key = bare[how]
        if not key:
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
        # Nothing but the outlet's name: the page is called so, or the headline is a name the site goes by.
        return (page.title_tag, "title") if page.title_tag else (None, "")
    for key in votes:
        if "h1" not in places[key]:
            # An h1 "Section: Headline" speaks for the headline, unless JSON-LD or OpenGraph have it the long way too.
            votes[key] += sum(
                weight
                for place, weight, text in heard
                if place == "h1"
                and not {"json-ld", "og"} & set(places[text])
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
    return text.startswith(headline) and bool(re.match(r"[\"']?\s*[|–—•·»«:~/-]", text[len(headline) :]))


def _parted_before(text: str, headline: str) -> bool:
    """Whether the text is something and the headline, parted by a sign."""
    return text.endswith(headline) and bool(re.search(r"[|–—•·»«:~/-]\s*[\"']?$", text[: -len(headline)]))


def _claims(page: Evidence) -> Iterator[tuple[str, float, str]]:
    """(place, weight, text), best spelling first: what a person typed as headline before what was derived from it."""
    others = [headline_of(page.article), *page.meta.get("og:title", ()), page.title_tag]
    known = set().union(*(words(text) for text in others))
    headed = False
    for number, heading in enumerate(page.headings):
        own = words(heading.text)
        shared = len(own & known) / len(own) if own else 0.0
        # A heading none of whose words stands in the page's titles is a section's or a box's.
        suits = shared > 0.3 or not known
        headed = headed or suits
        yield "h1", 1.8 + shared - 0.1 * number if suits else 0.5, heading.text
    if not headed and (text := _lower_heading(page, [text for text in others if text])):
        yield "heading", 2.0, text
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


def _lower_heading(page: Evidence, titles: Sequence[str]) -> str:
    """For themes whose h1 is the outlet's name, or that have none: the h2, h3 or marked element that a title begins with.

    What a title ends with comes second: that can be the site's name, or a section's.
    """
    folded = [fold(without_site(title, page.sites)) for title in titles]
    ending = ""
    for node in page.tree.css(_LOWER_HEADINGS)[:MAX_LOWER_HEADINGS]:
        text = node_text(node) if len(node.text()) <= MAX_MARKUP else ""
        key = fold(text)
        if not MIN_HEADLINE <= len(key) <= MAX_TITLE or links_home(node, page.url):
            continue
        if any(title == key or _parted_after(title, key) for title in folded):
            return text
        if not ending and any(_parted_before(title, key) for title in folded):
            ending = text
    return ending


def without_site(title: str, sites: frozenset[str]) -> str:
    """The title without the outlet's name: "Headline | Outlet | Slogan", "Outlet: Headline"."""
    title = _ARCHIVE.sub("", title) if "»" in title else title
    cuts = list(_SEPARATOR.finditer(title))[:MAX_CUTS]
    ends = [*(cut.start() for cut in cuts), len(title)]
    starts = [0, *(cut.end() for cut in cuts)]
    first = 0
    for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
        if not _is_site(title[start:end], sites, last=number == len(cuts)):
            continue
        if number > first and number < len(cuts) and cuts[number].group().strip() == ":":
            continue  # "Talks go on - Outlet: no deal in sight": it speaks, and signs nothing
        if number == first:
            first += 1  # it opens the title
        else:
            return title[starts[first] : ends[number - 1]].strip()
    return title[starts[first] :].strip() if 0 < first < len(starts) else title


def _sections(page: Evidence) -> frozenset[str]:
    """Names of the section the article stands in: what the page calls it, and the folders of its address."""
    names = [*page.meta.get("article:section", ()), text_of(page.article.get("articleSection"))]
    names += urlsplit(page.url).path.split("/")[:-1]
    return frozenset(squeezed for name in names if (squeezed := squeeze(name)))


def _without_section(title: str, sections: frozenset[str]) -> str:
    """ "Headline - Politics" in /politics/ without its end."""
    cuts = list(_SEPARATOR.finditer(title))[:MAX_CUTS]
    if cuts and cuts[-1].start() >= MIN_HEADLINE and squeeze(title[cuts[-1].end() :]) in sections:
        return title[: cuts[-1].start()].strip()
    return title


def _is_site(part: str, sites: frozenset[str], *, last: bool) -> bool:
    name = squeeze(part)
    if name in sites:
        return True
    if not last:
        return False
    # At the end of a title less is enough: "The Gazette" on gazette.example, any address, and a shared beginning, as of
    # "Rosa Luxemburg Foundation" on rosalux.org.
    return (
        ("." in part and _HOST.fullmatch(part.strip()) is not None)
        or (_THE.match(part) is not None and squeeze(_THE.sub("", part)) in sites)
        or (
            len(name) >= MIN_SHARED
            and any(len(site) >= MIN_SHARED and name.startswith(site) for site in sites)
        )
    )
