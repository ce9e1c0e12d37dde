"""The standfirst or description of a page, as plain text."""

import re
from collections.abc import Iterator
from itertools import islice

from selectolax.lexbor import LexborNode

from aggregator.parse.page.evidence import Evidence
from aggregator.parse.page.jsonld import text_of
from aggregator.parse.page.text import clean, fold, node_text

LEVELS = 5  # from the headline up to where the standfirst's branch begins
SIBLINGS = 8  # looked at on each level
BELOW = 15  # elements looked at inside each of them
SHORTEST, LONGEST = 40, 700  # characters of a standfirst
MAX_TEASER = 2_000  # characters of a description

# <p class="standfirst">, <div class="article__lead">, <h2 class="dek">, <p class="entradilla">, <div
# class="c-article-intro">
_LEAD = re.compile(
    r"stand-?first|(?:^|[\s_-])(?:lead|lede|leadin|lead-text|article-?lead)(?:$|[\s_-])|(?<![a-z])dec?k(?![a-z])|sub-?(?:title|head|line)|summary|intro|"
    r"chapo|excerpt|abstract|entradilla|bajada|sumario|ingress|vorspann|perex|sommario|catenaccio|preamble|manchet|underline|"
    r"article-?desc|post-?desc|header-?desc",
    re.IGNORECASE,
)
_NO_LEAD = re.compile(
    r"newsletter|subscri|promo|caption|comment|related|share|author|byline|paywall|price|product|list|nav|advert",
    re.IGNORECASE,
)
_OFFER = re.compile(
    r"subscri|newsletter|sign up|log ?in|cookie|abonn|€|\$\d|©|"
    r"\b(?:Foto|Photo|Photograph|Image|Bild)s?:|Getty Images|affiliate commission",
    re.IGNORECASE,
)


def find_teaser(page: Evidence, title: str | None) -> tuple[str | None, str]:
    """(teaser, where it was read): the standfirst right below the headline, else what the page gives as description."""
    for heading in page.headings[:2]:
        for text in _below(heading.node):
            if (
                SHORTEST <= len(text) <= LONGEST
                and fold(text) != fold(title or "")
                and not _OFFER.search(text)
            ):
                return text, "standfirst"
    claims = [(name, page.first(name)) for name in ("og:description", "description", "twitter:description")]
    claims.append(("json-ld", text_of(page.article.get("description"))))
    claims = [(place, _once(text)) for place, text in claims if text and fold(text) != fold(title or "")]
    if not claims:
        return None, ""
    place, text = claims[0]
    for other_place, other in claims[1:]:
        # A description cut at 150 characters is often whole elsewhere.
        if (
            len(other) > len(text)
            and fold(other).startswith(fold(text.rstrip(" .…"))[:CUT])
            and _is_cut(text)
        ):
            place, text = other_place, other
    return text[:MAX_TEASER], place


CUT = 80  # characters that must agree


def _is_cut(text: str) -> bool:
    return text.endswith(("...", "…")) or text[-1:].isalnum()


def _once(text: str) -> str:
    """A text that is written twice in a row, once: some systems join the description of the page and of its article."""
    half = len(text) // 2
    start = text[:CUT]
    again = text.find(start, 1)
    if (
        again >= CUT // 2
        and abs(again - half) < half // 2
        and text[:again].strip(" .") == text[again:].strip(" .")[: len(text[:again].strip(" ."))]
    ):
        return text[:again].strip()
    return text


def _below(headline: LexborNode) -> Iterator[str]:
    """Texts that are marked as a standfirst and stand right after the headline, nearest first."""
    node: LexborNode | None = headline
    for _ in range(LEVELS):
        if node is None or node.tag in ("article", "main", "body"):
            return
        sibling, seen = node.next, 0
        while sibling is not None and seen < SIBLINGS:
            if sibling.is_element_node:
                seen += 1
                for element in islice(sibling.traverse(), BELOW):
                    if _is_lead(element):
                        yield clean(node_text(element))
            sibling = sibling.next
        node = node.parent


def _is_lead(element: LexborNode) -> bool:
    attributes = element.attributes
    marks = (
        f"{attributes.get('class') or ''} {attributes.get('id') or ''} {attributes.get('data-testid') or ''}"
    )
    if attributes.get("itemprop") == "description":
        return True
    return bool(_LEAD.search(marks)) and not _NO_LEAD.search(marks)
