"""Bytes of an HTML page to a Lexbor tree; refuses shapes on which the parser is not linear; raises only ParseError."""

import re
from collections import Counter
from collections.abc import Iterable

from selectolax.lexbor import LexborHTMLParser

from aggregator.errors import ParseError
from aggregator.parse.page.encoding import decode, is_utf8

# Lexbor looks for each new attribute among the earlier ones of its tag: 12,500 attributes take 0.3 s, 50,000 some 6 s.
MAX_ATTRIBUTES = 1_000
# It also walks the open elements at every tag: 100,000 nested divisions take 31 s. Browsers flatten at 512; of 758
# saved pages the deepest, counted as crudely as here, has 887.
MAX_DEPTH = 2_000
# And it opens every unclosed <font>, <b>, ... again in each paragraph: 5,000 of them make 12 million elements out of 94
# kB. The most on a saved page are 61.
MAX_OPEN_FORMATTING = 250
MAX_REOPENED = 1_000_000  # in all; 250 of them over 4,000 paragraphs
# With fewer start tags than this, nesting costs half a second at the very worst; counting is saved on most pages.
FEW_TAGS = 2_000

# A short start tag is let go (what nearly every one of a page is): one that ends within 20 quoted values and 300 characters
# between each two. What is longer is captured and looked at. Linear: possessive quantifiers never go back, and matches do
# not overlap.
_LONG_TAG = re.compile(
    rb"""<[a-zA-Z](?:[^>"']{0,300}+(?:"[^"]*+"[^>"']{0,300}+){0,20}+>|((?:[^"'>]++|"[^"]*+"|'[^']*+')*+))""",
)
_TOO_MANY_ATTRIBUTES = re.compile(
    rb"""[^\s/>]*+(?:[\s/]*+[^\s/>][^\s/>=]*+(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>"'][^\s>]*+)?)?){%d}+"""
    % (MAX_ATTRIBUTES + 1)
)
_NAME = re.compile(rb"<(/?[a-zA-Z][^\s/>]{0,20})")
# Elements that have no end tag, or whose end tag is left out because the next of their kind closes them.
_NOT_NESTING = frozenset(
    b"area base br col embed hr img input link meta param source track wbr p li dt dd option "
    b"optgroup tr td th tbody thead tfoot "
    b"rp rt html head body path".split()
)
_FORMATTING = frozenset(b"b big code em font i s small strike strong tt u".split())


def read_tree(data: bytes, url: str, content_type: str | None = None) -> LexborHTMLParser:
    """The page as a tree.

    Raises:
        ParseError: it holds no element, or a shape that would take the parser more than linear time.
    """
    # UTF-8 bytes go to the parser as they are: decoding and encoding a page costs as much as looking for bombs in it.
    page = data if is_utf8(data) else decode(data, content_type).encode("utf-8", "replace")
    if b"<" not in page:
        raise ParseError(url, f"expected an HTML page, read {len(data):,} bytes without any tag")
    refuse_bombs(page, url)
    try:
        return LexborHTMLParser(page)
    except Exception as error:  # selectolax has errors of its own beside ValueError
        raise ParseError(url, f"the HTML parser gave up: {error}") from error


def refuse_bombs(page: bytes, url: str) -> None:
    """Raises ParseError for a page built to keep a parser busy: see the limits above."""
    start_tags = _LONG_TAG.findall(page)
    for rest in filter(None, start_tags):  # all but a few of them are short, and empty here
        # An attribute takes at least two characters, so only a long tag can have too many.
        if len(rest) > 2 * MAX_ATTRIBUTES and _TOO_MANY_ATTRIBUTES.match(rest):
            raise ParseError(url, f"a tag has more than {MAX_ATTRIBUTES:,} attributes; not parsed")
    if len(start_tags) > FEW_TAGS:
        depth, formatting, reopened = _nesting(_NAME.findall(page))
        if depth > MAX_DEPTH:
            raise ParseError(url, f"elements are nested more than {MAX_DEPTH:,} deep; not parsed")
        if formatting > MAX_OPEN_FORMATTING or reopened > MAX_REOPENED:
            raise ParseError(
                url, f"more than {MAX_OPEN_FORMATTING:,} <b>, <font>, ... are left open; not parsed"
            )


def _nesting(names: Iterable[bytes]) -> tuple[int, int, int]:
    """(deepest nesting, most formatting elements open at a time, their sum over all tags).

    An end tag counts only when its element is open.
    """
    # What is known of a name as it is written: a large page has some ninety. Two thirds of the time of
    # looking at each tag anew.
    known: dict[bytes, tuple[bytes, int, int]] = {}
    opened: Counter[bytes] = Counter()
    depth = formatting = deepest = most_formatting = reopened = 0
    for written in names:
        if written not in known:
            known[written] = name, step, formats = _meaning(written.lower())
            opened[name] += 0
        else:
            name, step, formats = known[written]
        reopened += formatting
        if step > 0:
            opened[name] += 1
            depth += 1
            if depth > deepest:
                deepest = depth
            formatting += formats
            if formatting > most_formatting:
                most_formatting = formatting
        elif step and opened[name]:
            opened[name] -= 1
            depth -= 1
            formatting -= formats
    return deepest, most_formatting, reopened


def _meaning(name: bytes) -> tuple[bytes, int, int]:
    """(the element, levels down, formatting elements opened) of a tag."""
    if name in _NOT_NESTING:
        return name, 0, 0
    element = name.removeprefix(b"/")
    return element, 1 if element == name else -1, int(element in _FORMATTING)
