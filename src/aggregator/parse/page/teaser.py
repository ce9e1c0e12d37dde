"""The standfirst or description of a page, as plain text."""

import re
from collections.abc import Iterator
from itertools import islice

from selectolax.lexbor import LexborNode

from aggregator.parse.page.bylines import without_by
from aggregator.parse.page.evidence import Evidence, headline_heading
from aggregator.parse.page.jsonld import text_of
from aggregator.parse.page.marks import padded, parts, words
from aggregator.parse.page.text import clean, fold, node_text
from aggregator.parse.page.visible_dates import tells_a_date

LEVELS = 5  # from the headline up to where the standfirst's branch begins
SIBLINGS = 8  # looked at on each level
BELOW = 15  # elements looked at inside each of them
SHORTEST, LONGEST = 40, 700  # characters of a standfirst
MAX_TEASER = 2_000  # characters of a description

# <p class="standfirst">, <div class="article__lead">, <h2 class="dek">, <p class="entradilla">, <div
# class="c-article-intro">
_LEAD = parts(
    r"stand-?first d(?<![a-z]d)ec?k(?![a-z]) sub-?(?:title|head|line) summary "
    r"intro chapo excerpt abstract entradilla "
    r"bajada sumario ingress vorspann perex sommario "
    r"catenaccio preamble manchet underline article-?desc post-?desc header-?desc "
    r"synopsis strap-?line copete linha-?fina sottotitolo untertitel "
    r"unterzeile teaser-?text einleitung inleiding zajawka anons"
)
_LEAD_WORD = words("lead lede leadin lead-text article-?lead spot lid olho")
_NO_LEAD = parts(
    "newsletter subscri promo caption comment related share author byline paywall price product list nav advert"
)
_OFFER = re.compile(
    r"subscri|newsletter|sign up|log ?in|cookie|abonn|€|\$\d|©|"
    r"\b(?:Foto|Photo|Photograph|Image|Bild)s?:|Getty Images|affiliate commission",
    re.IGNORECASE,
)
# "Posted on 3 March", "16:45 Kick-off", "Read more ...", "Home | World | Storm"
_NO_SENTENCE = re.compile(
    r"^(?:posted|published|updated|\d\d?[:.]\d\d\b)|https?:|(?:…|\.\.\.|•)$|[|•›»].*[|•›»]", re.IGNORECASE
)


def find_teaser(page: Evidence, title: str | None) -> tuple[str | None, str]:
    """(teaser, where it was read): the standfirst right below the headline, else what the page gives as description."""
    titles = {fold(text) for text in (title, page.title_tag, *page.meta.get("og:title", ())) if text}
    own = headline_heading(page, title)
    for heading in dict.fromkeys([own, *page.headings[:2]] if own else []):
        for text in _below(heading.node):
            if SHORTEST <= len(text) <= LONGEST and fold(text) not in titles and not _OFFER.search(text):
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
    next_text: LexborNode | None = None  # what a reader reads after the headline
    for _ in range(LEVELS):
        if node is None or node.tag in ("article", "main", "body"):
            return
        if next_text is None and (next_text := _next(node)) and _is_bare_lead(next_text):
            yield clean(node_text(next_text))
        sibling, seen = node.next, 0
        while sibling is not None and seen < SIBLINGS:
            if sibling.is_element_node:
                seen += 1
                for element in islice(sibling.traverse(), BELOW):
                    if _is_lead(element):
                        yield clean(node_text(element))
            sibling = sibling.next
        node = node.parent


def _next(node: LexborNode) -> LexborNode | None:
    """The first element beside this one, below it, that has a text."""
    below = node.next
    for _ in range(SIBLINGS):
        if below is None:
            return None
        if below.is_element_node and below.text().strip():
            return below
        below = below.next
    return None


def _is_bare_lead(element: LexborNode) -> bool:
    """Whether it is a standfirst though nothing marks it: one paragraph between the headline and what is no paragraph."""
    if element.tag not in ("p", "h2"):
        return False
    attributes = element.attributes
    marks = padded(f"{attributes.get('class') or ''} {attributes.get('id') or ''}")
    if _NO_LEAD.search(marks) or len(element.text()) > 2 * LONGEST:
        return False
    after = _next(element)
    holder = element.parent
    if after is None and (holder is None or holder.tag in ("body", "main", "article")):
        return False  # the text itself; a header or a box ends in its standfirst
    if after is not None and after.tag == element.tag:
        return False
    text = node_text(element)
    return (
        SHORTEST <= len(text) <= LONGEST
        and not _NO_SENTENCE.search(text)
        and not tells_a_date(text)
        and without_by(text) == text
    )


def _is_lead(element: LexborNode) -> bool:
    attributes = element.attributes
    if not attributes:
        return False
    if attributes.get("itemprop") == "description":
        return True
    marks = padded(
        f"{attributes.get('class') or ''} {attributes.get('id') or ''} {attributes.get('data-testid') or ''}"
    )
    return bool(_LEAD.search(marks) or _LEAD_WORD.search(marks)) and not _NO_LEAD.search(marks)
