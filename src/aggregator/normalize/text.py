"""Markup as feeds carry it -> plain text: no tags, no control characters, no invisible tricks, bounded, in linear time.

nh3 takes the markup apart (it parses as browsers do); nothing here is a sanitiser of our own. What comes out is text,
not HTML: whoever shows it escapes it.
"""

import re
from collections import Counter
from html import unescape
from unicodedata import is_normalized, normalize

import nh3

TEXT_LIMIT = 20_000  # characters of a body carried by a feed; relating reads the first 300 words
MARKUP_LIMIT = (
    256 * 1024
)  # characters of markup that are looked at; what readers are shown stands at its beginning

MOST_STEPS = (
    500_000  # open elements summed over all tags; a text of 2,000 tags that closes what it opens takes 20,000
)
_FEW_TAGS = 1_000  # cannot take more steps than that
_TAG_NAME = re.compile(r"<(/?)([a-zA-Z][^\s/>]{0,20})")
_FLOOD = re.compile(
    r"""<[a-zA-Z][^\s/>]*+(?:[\s/]*+[^\s/>][^\s/>=]*+(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>"'][^\s>]*+)?)?){1001}+"""
)  # a tag of more than a thousand attributes
# Elements that have no end tag, or that the next of their kind closes.
_NEVER_OPEN = frozenset([
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr",
    "p", "li", "dt", "dd", "option", "optgroup", "tr", "td", "th", "tbody", "thead", "tfoot"
])  # fmt: skip

# Elements that hold no words of the article. figcaption: a picture's caption and credit.
_NO_TEXT = {
    *(
        "script",
        "style",
        "template",
        "noscript",
        "iframe",
        "object",
        "svg",
        "math",
        "form",
        "button",
        "select",
    ),
    *("textarea", "audio", "video", "canvas", "figcaption"),
}
_FORMATS = "p|b|i|em|strong|span|div|a|u|ul|ol|li|h[1-6]|blockquote"
_BLOCKS = "p|br|hr|div|li|[uod]l|d[td]|h[1-6]|t[rdh]|table|blockquote|pre|section|article|aside|header|footer|figure"
_BLOCK = re.compile(rf"<(?=/?(?:{_BLOCKS})\b)", re.IGNORECASE)
_PARAGRAPH = re.compile(
    r"<(?=/?(?:p|div|li|h[1-6]|blockquote|pre|section|article|tr)\b|br\s*/?>\s*<br)", re.IGNORECASE
)
_CDATA = re.compile(r"<!\[CDATA\[|\]\]>")
_REFERENCE = re.compile(r"&#(?:[xX]0{0,12}([0-9a-fA-F]{1,6})|0{0,12}([0-9]{1,7}));?")
_ENDLESS_REFERENCE = re.compile(r"&(?=#[0-9]{1000})")  # int() refuses 4,300 digits, and unescape with it
# Formatting that was escaped once more than the feed needs, and only that: a headline may speak of "<script>".
_ESCAPED_FORMAT = re.compile(rf"</(?:{_FORMATS})>|<br ?/?>", re.IGNORECASE)
_FORMAT_TAG = re.compile(rf"</?(?:{_FORMATS}|br|img)(?:\s[^<>]*|/)?>", re.IGNORECASE)

_ANSI = "\x1b\\[[0-9;:?]{0,30}[A-Za-z]"
# C0 but white space, C1 but NEL, soft hyphen, fillers, zero-width and bidi controls, non-characters, lone surrogates.
_INVISIBLES = (
    "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b\u200e\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufdd0-\ufdef\ufeff\uffa0\ufff0-\ufffc\ufffe\uffff\ud800-\udfff\U0001fffe\U0001ffff"
)
_INVISIBLE = re.compile(f"{_ANSI}|[{_INVISIBLES}]+")
# A joiner means something after an emoji and between letters of scripts that join (Hebrew to Mongolian); else it hides.
_STRAY_JOINER = re.compile(
    "(?<![\u0590-\u18af\ua800-\uabff\u2190-\u2bff\ufe0f\U0001f000-\U0001faff])[\u200c\u200d]+"
)
# Tag characters spell a region after a black flag (Scotland's) and smuggle text anywhere else.
_TAGS = re.compile("(\U0001f3f4[\U000e0020-\U000e007e]{1,8}\U000e007f)|[\U000e0000-\U000e0fff]+")
_MARKS = (
    "\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u0e34-\u0e3a\u0e47-\u0e4e"
    "\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
)
_PILED_MARKS = re.compile(f"([{_MARKS}]{{4}})[{_MARKS}]+")  # no language writes more than three on one letter
_ODD = re.compile(f"[\u200c\u200d\U000e0000-\U000e0fff{_INVISIBLES}{_MARKS}]")  # anything of the above

_SENTENCE_END = re.compile(r"[.!?…؟।]['\"”’»)\]]*(?=\s+['\"“„‘«(\[¿¡]?[^\W\d_a-zа-я])|[。！？][」』”]?")
_ABBREVIATION = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Sen|Rep|Gov|Gen|Lt|Col|Sgt|Capt|Rev|Prof|St|Sr|Jr|Inc|Ltd|Co|Corp|vs|No|Jan|Feb|Mar|Apr|Aug|"
    r"Sept?|Oct|Nov|Dec|Nr|Abs|bzw|ca|z\.B|M|Mme|Sra?|Dra?)|\b[A-ZÄÖÜА-Я])\.\Z"
)


def plain_text(markup: str, *, limit: int | None = None) -> str:
    """One line of text: markup, entities (also doubly escaped) and unprintable characters gone, white space folded.

    Args:
        limit: characters; a longer text is cut at a word and ends in an ellipsis. None: not cut.
    """
    text = " ".join(_text_of(markup).split())
    return text if limit is None else cut_at_word(text, limit)


def paragraphs(markup: str, *, limit: int = TEXT_LIMIT) -> str:
    """Text whose paragraphs are separated by a blank line, cut at a word after `limit` characters."""
    parts = (" ".join(part.split()) for part in _text_of(_PARAGRAPH.sub("\u2029<", markup)).split("\u2029"))
    return cut_paragraphs("\n\n".join(part for part in parts if part), limit)


def cut_paragraphs(text: str, limit: int) -> str:
    """At most `limit` characters and an ellipsis, cut at a word; the paragraphs stay."""
    if len(text) <= limit:
        return text
    return text[: max(text.rfind(" ", 0, limit), limit // 2)].rstrip() + "…"


def printable(text: str) -> str:
    """The text in NFC without the characters that no reader sees: controls, bidi overrides, hidden and piled marks."""
    if text.isascii() and text.replace("\n", " ").isprintable():  # a third of the time that _ODD takes
        return text
    if _ODD.search(text):
        text = _TAGS.sub(r"\1", _STRAY_JOINER.sub("", _INVISIBLE.sub("", text)))
        text = _PILED_MARKS.sub(r"\1", text)
    return text if is_normalized("NFC", text) else normalize("NFC", text)


def cut_at_word(text: str, limit: int) -> str:
    """At most `limit` characters; what was cut is marked by an ellipsis. Scripts without blanks are cut anywhere."""
    if len(text) <= limit:
        return text
    end = text.rfind(" ", limit // 2, limit)
    return text[: end if end > 0 else limit - 1].rstrip(" ,;:–—-") + "…"


def cut_at_sentence(text: str, limit: int) -> str:
    """At most `limit` characters, ending with a whole sentence where one ends in the second half; else at a word."""
    if len(text) <= limit:
        return text
    ends = [match.end() for match in _SENTENCE_END.finditer(text, 0, limit + 1) if match.end() <= limit]
    for end in reversed(ends):
        if end < limit * 0.4:
            break
        if not _ABBREVIATION.search(text, max(0, end - 12), end):
            return text[:end]
    return cut_at_word(text, limit)


def _text_of(markup: str) -> str:
    text = printable(markup[:MARKUP_LIMIT])
    if "<" not in text and "&" not in text:
        return text
    if "<" in text:
        text = nh3.clean(
            _BLOCK.sub(" <", _CDATA.sub("", _without_bad_references(_bounded(text)))),
            tags=set(),
            clean_content_tags=_NO_TEXT,
        )
    # Once for the markup's own entities, once for those of feeds that escape twice ("AT&amp;amp;T").
    text = _decoded(text)
    if "&" in text:
        text = _decoded(text)
    if _ESCAPED_FORMAT.search(text):
        text = _FORMAT_TAG.sub("", _BLOCK.sub(" <", text))
    return printable(text)


def _bounded(markup: str) -> str:
    """Up to where taking it apart would cost too much: the parser walks the open elements at every tag, opens every
    unclosed <font> again in each paragraph, and looks for each attribute among the earlier ones of its tag. 40,000 nested
    <div> take 4 s, 5,000 <p><font size=N> make twelve million elements.
    """
    if flood := _FLOOD.search(markup):
        markup = markup[: flood.start()]
    if markup.count("<") < _FEW_TAGS:
        return markup
    opened: Counter[str] = Counter()
    depth = steps = 0
    for tag in _TAG_NAME.finditer(markup):
        name = tag[2].lower()
        if tag[1]:
            if opened[name]:
                opened[name] -= 1
                depth -= 1
        elif name not in _NEVER_OPEN:
            opened[name] += 1
            depth += 1
        steps += depth
        if steps > MOST_STEPS:
            return markup[: tag.start()]
    return markup


def _decoded(text: str) -> str:
    # Taking a bad reference out may leave another one: "&#&#0;9999..." What unescape cannot count that far stays text.
    return unescape(_ENDLESS_REFERENCE.sub("&amp;", _without_bad_references(text)))


def _without_bad_references(text: str) -> str:
    """References to NUL, other controls and surrogates would come out as U+FFFD: they name no character at all."""
    return _REFERENCE.sub(_good_reference, text) if "&#" in text else text


def _good_reference(match: re.Match[str]) -> str:
    number = int(match[1], 16) if match[1] else int(match[2])
    if number < 32:
        return " " if number in (9, 10, 13) else ""
    return "" if 0xD800 <= number <= 0xDFFF or number > 0x10FFFF else match[0]
