"""Any text -> text that an output can carry: a terminal, XML, a column of a sidebar. Pure.

What is stored holds no control characters; an output does not rely on it.
"""

import re
from urllib.parse import urlsplit

_C0_C1 = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
_BIDI = "\u202a-\u202e\u2066-\u2069"  # embeddings, overrides, isolates: what reorders text beyond itself
_SURROGATES = "\ud800-\udfff"
_NONCHARACTERS = "\ufdd0-\ufdef\ufffe\uffff"

_FOR_TERMINALS = re.compile(f"[{_C0_C1}{_BIDI}{_SURROGATES}\u2028\u2029\ufeff{_NONCHARACTERS}]")
_NOT_XML = re.compile(
    f"[{_C0_C1}{_SURROGATES}{_NONCHARACTERS}]"
)  # XML 1.0 section 2.2, and the C1 it discourages
_OVERRIDES = re.compile(f"[{_BIDI}]")
# Three marks on one letter are more than any language writes; a hundred cover the lines above and below.
_MARKS = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_PILED_MARKS = re.compile(f"([{_MARKS}]{{3}})[{_MARKS}]+")
_SPACE = re.compile(r"\s+")

# A sentence ends at . ! ? or an ellipsis, closing quotes included, before a space and something that starts another.
_SENTENCE_END = re.compile(r"[.!?…][\"'”’»)\]]*(?=\s+[\"'“‘«(\[¿¡]*[^\W_a-z])|[。！？][」』”]*")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\"'“‘])(?:\w|\w\.\w|Mr|Mrs|Ms|Dr|Prof|Gen|Lt|Col|Sgt|Capt|Rev|Sen|Rep|Gov|Jr|Sr|St|No|vs|Inc|Co|Corp|Ltd"
    r"|Jan|Feb|Mar|Apr|Aug|Sept?|Oct|Nov|Dec|Nr|bzw|ca|z\.B|M|Mme)\.$"
)


def one_line(text: str) -> str:
    """White space of any kind, line breaks included, as single blanks."""
    return _SPACE.sub(" ", text).strip()


def visible(text: str) -> str:
    """One line for a terminal: escapes, controls and bidi controls stand there as text (\\x1b, \\u202e)."""
    return one_line(escape_controls(text))


def escape_controls(text: str) -> str:
    """The same text with everything a terminal would act upon, line breaks and tabs excepted, as a backslash escape."""
    return _FOR_TERMINALS.sub(lambda match: _escape(match.group()), text)


def xml_text(text: str) -> str:
    """The text without what XML 1.0 forbids or HTML calls an error, and without bidi controls that reach past their end."""
    return _OVERRIDES.sub("", _NOT_XML.sub("", text))


def page_text(text: str, limit: int) -> str:
    """One bounded line for a page or a feed: no control, no override, no pile of marks."""
    return cut(_PILED_MARKS.sub(r"\1", xml_text(text)), limit)


def web_url(url: str) -> str | None:
    """The URL if a browser may be sent there (http or https with a host), else None."""
    cleaned = xml_text(url).strip()
    try:
        parts = urlsplit(cleaned)
        host = parts.hostname
    except ValueError:
        return None
    return cleaned if parts.scheme in ("http", "https") and host and not _SPACE.search(cleaned) else None


def cut(text: str, limit: int) -> str:
    """At most `limit` characters: whole sentences when the first one fits, else whole words and an ellipsis."""
    text = one_line(text)
    if len(text) <= limit:
        return text
    end = 0
    for match in _SENTENCE_END.finditer(text, 0, limit + 2):  # + 2: what follows the end has to be seen
        if match.end() <= limit and not _ABBREVIATION.search(
            text, max(0, match.start() - 12), match.start() + 1
        ):
            end = match.end()
    # A first sentence that is a mere exclamation leaves most of the room unused; words tell more.
    if end >= limit // 4:
        return text[:end]
    head = text[: limit - 1]
    words, blank, _ = head.rpartition(" ")
    kept = (
        words if blank and len(words) >= limit // 2 else head
    )  # scripts without blanks are cut between characters
    return kept.rstrip(" ,;:–—-") + "…"


def _escape(character: str) -> str:
    number = ord(character)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"
