"""What no parser is handed: control characters, NUL, lone surrogates (taken out), tags of a thousand attributes and
documents of a million tags (refused).

feedparser loses a whole feed over one reference to a surrogate, and keeps the controls. Everything here is linear.
"""

import re

from aggregator.errors import ParseError

_CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]")
_REFERENCE = re.compile(rb"&#(?:[xX]0*([0-9A-Fa-f]{1,8})|0*([0-9]{1,10}));?")
_LONG_REFERENCE = re.compile(rb"&#(?:[xX]0*[0-9A-Fa-f]{9,}|0*[0-9]{11,});?")


def without_forbidden(body: bytes) -> bytes:
    """The same bytes when there was nothing to take out; linear."""
    body = _CONTROLS.sub(b"", body)
    if b"&#" not in body:
        return body
    return _REFERENCE.sub(_kept, _LONG_REFERENCE.sub(b"", body))


def _kept(match: re.Match[bytes]) -> bytes:
    number = int(match[1], 16) if match[1] else int(match[2])
    allowed = (
        number in (9, 10, 13)
        or 0x20 <= number <= 0xD7FF
        or 0xE000 <= number <= 0xFFFD
        or 0x10000 <= number <= 0x10FFFF
    )
    return match[0] if allowed else b""


def storable(text: str) -> str:
    """The text without lone surrogates and NUL, which JSON's escapes can spell and no UTF-8 and no database can hold."""
    return text.encode("utf-8", "ignore").decode("utf-8").replace("\0", "")


MAX_ATTRIBUTES = 1_000  # of one tag; feedparser takes 0.3 s over 6,000 and 21 s over 50,000

# A thousand attributes take 5,000 bytes without a "<", which XML forbids in their values; texts of that length are
# common, tags are not. The quantifiers are possessive: nothing is read twice.
_LONG_TAG = re.compile(rb"<[A-Za-z_:][^<]{%d,}" % (5 * MAX_ATTRIBUTES))
_FLOOD = re.compile(
    rb"""<[^\s/>]++(?:[\s/]*+[^\s/>=]++\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>"']++)){%d}"""
    % (MAX_ATTRIBUTES + 1)
)


def has_attribute_flood(body: bytes) -> bool:
    return any(_FLOOD.match(match[0]) for match in _LONG_TAG.finditer(body))


MAX_TAGS = 1_000_000  # of XML; four million fit into 16 MiB, and their tree takes 500 MB
MAX_TAGS_OF_PAGE = 250_000  # of HTML, whose tree takes 300 bytes each; front pages have up to 20,000


def refuse_tag_flood(body: bytes, url: str, most: int = MAX_TAGS) -> None:
    """Raises ParseError for more than `most` tags, comments and the like: every "<" counts."""
    if body.count(b"<") > most:
        raise ParseError(url, f"more than {most:,} tags")
