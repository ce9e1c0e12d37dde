"""The commonest mistakes of feeds put right, so that the strict parser can read them: a tenth of the tolerant one's time.

Undeclared HTML entities, ampersands that stand for themselves, control characters, text before and after the feed.
Nothing here guesses: anything else that is wrong is left wrong. Linear.
"""

import re
from collections.abc import Iterator
from html.entities import name2codepoint

from aggregator.parse.hazards import without_forbidden

_PROLOGUE = 4096  # bytes in which a DOCTYPE is looked for

_OPENING = re.compile(rb"<(?:rss|feed|rdf:RDF)[\s>]")
_CLOSING = {b"<rss": b"</rss>", b"<fee": b"</feed>", b"<rdf": b"</rdf:RDF>"}
_DOCTYPE = re.compile(rb"""<!DOCTYPE\s[^<>\[\]]{0,500}>""")
_BARE = re.compile(
    rb"&(?!#[0-9]+;|#[xX][0-9a-fA-F]+;|(?:amp|lt|gt|quot|apos);)(?:([A-Za-z][A-Za-z0-9]{1,9});)?"
)
_VERBATIM = re.compile(rb"<!\[CDATA\[|<!--")
_VERBATIM_END = {b"<![CDATA[": b"]]>", b"<!--": b"-->"}


def mended(body: bytes) -> bytes:
    """UTF-8 markup as it was probably meant; the same bytes when nothing of the list is wrong with it."""
    body = _without_surroundings(without_forbidden(body))
    return b"".join(_BARE.sub(_escaped, piece) if prose else piece for piece, prose in _pieces(body))


def without_doctype(body: bytes) -> bytes:
    """Without a DOCTYPE that defines nothing itself, as RSS 0.91 asks for; what its DTD defines is HTML's entities."""
    if b"<!DOCTYPE" not in body[:_PROLOGUE]:
        return body
    return _DOCTYPE.sub(b"", body, count=1)


def _without_surroundings(body: bytes) -> bytes:
    """From the first tag of the feed to its last; a warning of PHP's before it and a cache's comment behind it go."""
    opening = _OPENING.search(body)
    if opening is None:
        return body
    closing = _CLOSING[opening[0][:4]]
    end = body.rfind(closing)
    if end < opening.start():
        return body
    before = body[: opening.start()]
    if b"<!DOCTYPE" in before:
        return body  # it may define entities
    return body[opening.start() : end + len(closing)]


def _pieces(body: bytes) -> Iterator[tuple[bytes, bool]]:
    """Markup and its texts (True), between what is taken as it stands: CDATA sections and comments (False)."""
    start = 0
    # One search for both: looking for a comment that never comes after each of 50,000 CDATA sections takes minutes.
    while opening := _VERBATIM.search(body, start):
        closing = _VERBATIM_END[opening[0]]
        end = body.find(closing, opening.end())
        if end < 0:
            break
        end += len(closing)
        yield body[start : opening.start()], True
        yield body[opening.start() : end], False
        start = end
    yield body[start:], True


def _escaped(match: re.Match[bytes]) -> bytes:
    name = match[1]
    if name is None:
        return b"&amp;"
    code = name2codepoint.get(name.decode("ascii"))
    return b"&#%d;" % code if code else b"&amp;" + name + b";"
