"""For every feed the strict parser's title, link, id, time and teaser are the tolerant one's, or it gave the feed up.

Where the two differ on purpose one of RULES says how and why; a difference that no rule explains is a fault of the strict
parser's or a gate that is missing. `python -m bench.parse gates` asks the same of any folder of feeds.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from html import unescape
from html.entities import name2codepoint
from pathlib import Path
from urllib.parse import urljoin

import pytest
from lxml import etree

from aggregator.errors import ParseError
from aggregator.model import Entry, ParsedFeed
from aggregator.normalize.text import plain_text
from aggregator.parse import fast, parse_feed, read_date
from aggregator.parse.encoding import to_utf8
from aggregator.parse.fast import GiveUp, read_strictly
from aggregator.parse.mend import mended, without_doctype
from aggregator.parse.tolerant import parse_tolerant

FIXTURES = Path(__file__).parent / "fixtures"
URL = "https://feeds.example/section/feed.xml"

Value = str | tuple[datetime | None, str] | int | None


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that the two parsers read differently."""

    entry: int | None  # counted from 0; None: the feed's own
    field: str
    fast: Value
    tolerant: Value
    element: etree._Element  # <item>, <entry>, <channel> or <feed> as it stands in the document
    url: str  # the document's
    mended: bool  # the document is not well-formed as it was sent


# --- reading with both ---------------------------------------------------------------------------------------------


def strict(data: bytes, url: str) -> tuple[ParsedFeed, bytes, bool]:
    """What parse_feed reads without the tolerant parser, the bytes it was read from, and whether they were mended.

    Raises GiveUp with the reason.
    """
    body = without_doctype(to_utf8(data).body)
    try:
        return read_strictly(body, url), body, False
    except GiveUp:
        whole = mended(body)
        if whole == body:
            raise
        return read_strictly(whole, url), whole, True


def differences(data: bytes, url: str) -> list[tuple[Difference, str | None]]:
    """Every difference with the rule that explains it, if one does. Raises GiveUp where only the tolerant parser reads."""
    feed, body, was_mended = strict(data, url)
    root = etree.fromstring(body, etree.XMLParser(remove_comments=True, remove_pis=True, load_dtd=False))
    about = partial(Difference, url=url, mended=was_mended)
    try:
        tolerant = parse_tolerant(data, url)
    except ParseError as error:
        lost = about(entry=None, field="feed", fast="read", tolerant=error.message, element=root)
        return [(lost, explained_by(lost))]
    pairs = [(None, _head(root), _feed_fields(feed), _feed_fields(tolerant))]
    # Not strict: the number of entries is a field of the feed, and unequal ones are a difference of their own.
    entries = zip(_entries(root), feed.entries, tolerant.entries, strict=False)
    for number, (element, ours, theirs) in enumerate(entries):
        pairs.append((number, element, _entry_fields(ours), _entry_fields(theirs)))
    found = [
        about(entry=number, field=field, fast=value, tolerant=theirs[field], element=element)
        for number, element, ours, theirs in pairs
        for field, value in ours.items()
        if value != theirs[field]
    ]
    return [(each, explained_by(each)) for each in found]


def explained_by(difference: Difference) -> str | None:
    return next((rule.name for rule in RULES if rule.explains(difference)), None)


def _feed_fields(feed: ParsedFeed) -> dict[str, Value]:
    return {
        "title": plain_text(feed.title or ""),
        "home_url": feed.home_url,
        "language": feed.language,
        "entries": len(feed.entries),
    }


def _entry_fields(entry: Entry) -> dict[str, Value]:
    """Titles and teasers as the text that is kept of them: the two serialise XHTML differently, and feedparser leaves
    Atom's <div> in titles, but a reader sees the same."""
    return {
        "title": plain_text(entry.title or ""),
        "link": entry.url,
        "id": entry.id,
        "time": (entry.published, entry.published_precision),
        "teaser": plain_text(entry.summary or "") or plain_text(entry.content or ""),
    }


# --- a third look at the document, by neither parser -----------------------------------------------------------------


def _local(element: etree._Element) -> str:
    return etree.QName(element).localname.lower()


def _head(root: etree._Element) -> etree._Element:
    return root if _local(root) == "feed" else next(child for child in root if _local(child) == "channel")


def _entries(root: etree._Element) -> list[etree._Element]:
    """In the order of the strict parser: those of the channel, then RDF's beside it."""
    head = _head(root)
    holders = [head] if head is root else [head, root]
    return [child for holder in holders for child in holder if _local(child) in ("item", "entry")]


_ELEMENTS = {
    "title": ("title",),
    "link": ("link", "guid", "id"),
    "home_url": ("link",),
    "id": ("guid", "id"),
    "language": ("language",),
    "time": ("pubdate", "published", "issued", "date", "updated", "modified", "created", "lastbuilddate"),
    "teaser": ("summary", "description", "abstract", "encoded", "content", "subtitle"),
}


def _elements(parents: Iterable[etree._Element], field: str) -> list[etree._Element]:
    return [child for parent in parents for child in parent if _local(child) in _ELEMENTS.get(field, ())]


def _own(difference: Difference) -> list[etree._Element]:
    """Elements that say this field of the entry itself: its children, and those of a <media:group> (Media RSS, 2)."""
    groups = [child for child in difference.element if _local(child) == "group"]
    return _elements([difference.element, *groups], difference.field)


def _nested(difference: Difference) -> list[etree._Element]:
    """Elements of that name that belong to something else in the entry; entries themselves are nothing of the feed's."""
    own = _own(difference)
    inner = [
        child
        for part in difference.element
        if difference.entry is not None or _local(part) not in ("item", "entry")
        for child in part.iter()
    ]
    return [each for each in _elements(inner, difference.field) if each not in own]


def _values(element: etree._Element, difference: Difference) -> set[Value]:
    """What an element may have been read as."""
    text = (element.text or "").strip()
    if difference.field in ("title", "teaser"):
        inside = "".join(etree.tostring(child, encoding="unicode") for child in element)
        return {plain_text(text), plain_text(text + inside)}
    if difference.field == "time":
        read = read_date(text)
        return {(read.at, read.precision)} if read else set()
    if difference.field in ("link", "home_url"):
        address = element.get("href") or text
        based = urljoin(element.base or "", address)
        return {address, urljoin(difference.url, address), based, urljoin(difference.url, based)}
    return {text, urljoin(element.base or "", text)}


def _said(elements: Iterable[etree._Element], difference: Difference) -> set[Value]:
    return {value for element in elements for value in _values(element, difference)} - {"", None}


_ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"
_NOTHING: tuple[Value, ...] = (None, "", (None, "instant"))


# --- the rules -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rule:
    """A difference that is meant."""

    name: str
    why: str
    explains: Callable[[Difference], bool]


def _other_of_several(difference: Difference) -> bool:
    written = [
        each for each in _own(difference) if len(each) or (each.text or "").strip() or each.get("href")
    ]
    said = {value for each in written for value in _values(each, difference)}
    return len(written) > 1 and difference.fast in said and difference.tolerant in said


def _belongs_to_something_else(difference: Difference) -> bool:
    own = {*_NOTHING, difference.element.get(_ABOUT), *_said(_own(difference), difference)}
    return difference.fast in own and difference.tolerant in _said(_nested(difference), difference)


def _an_empty_one_counted(difference: Difference) -> bool:
    empty = [
        each
        for each in _own(difference)
        if not len(each) and not (each.text or "").strip() and not (each.get("href") or "").strip()
    ]
    bases: set[Value] = {each.base for each in empty} if difference.field in ("link", "home_url") else set()
    return bool(empty) and (difference.tolerant in _NOTHING or difference.tolerant in bases)


def _id_was_resolved(difference: Difference) -> bool:
    if difference.field not in ("id", "link"):
        return False
    ids = _elements([difference.element], "id")
    resolved = {urljoin(each.base, (each.text or "").strip()) for each in ids if each.base}
    return difference.tolerant in resolved and not (difference.field == "link" and difference.fast)


def _language_of_rdf(difference: Difference) -> bool:
    root = difference.element.getroottree().getroot()
    language = root.get("{http://www.w3.org/XML/1998/namespace}lang")
    return (
        difference.field == "language"
        and _local(root) == "rdf"
        and (difference.fast, difference.tolerant) == (language, None)
    )


def _podcasts_subtitle(difference: Difference) -> bool:
    subtitles = [each for each in _own(difference) if _local(each) == "subtitle"]
    return (
        difference.field == "teaser"
        and difference.tolerant in _NOTHING
        and difference.fast in _said(subtitles, difference)
    )


def _references_left_or_made(difference: Difference) -> bool:
    fast, tolerant = difference.fast, difference.tolerant
    return (
        difference.mended
        and difference.field in ("id", "link", "home_url", "language")
        and isinstance(fast, str)
        and isinstance(tolerant, str)
        and _without_references(fast) == _without_references(tolerant)
    )


def _without_references(text: str) -> str:
    """feedparser needs no semicolon behind a name, and takes it off those in addresses."""
    undone = unescape(_NAMED.sub(_character, text))
    return "".join(text.split()) if undone == text else _without_references(undone)


_NAMED = re.compile(r"&(\w+);?")


def _character(match: re.Match[str]) -> str:
    code = name2codepoint.get(match[1], 0x27 if match[1] == "apos" else None)
    return chr(code) if code else match[0]


def _home_escaped_twice(difference: Difference) -> bool:
    return (
        difference.field == "home_url"
        and isinstance(difference.tolerant, str)
        and "&amp" in difference.tolerant
        and difference.tolerant.replace("&amp", "&") == difference.fast
    )


def _markup_in_an_id(difference: Difference) -> bool:
    ids = _elements([difference.element], "id")
    return difference.field in ("id", "link") and any(len(each) for each in ids)


def _unreadable_date(difference: Difference) -> bool:
    dates = _own(difference)
    unread = any((each.text or "").strip() and not _values(each, difference) for each in dates)
    return difference.field == "time" and unread and difference.fast in _said(dates, difference)


def _text_input(difference: Difference) -> bool:
    inputs = (each for each in difference.element.iter() if _local(each) == "textinput")
    in_entry = any(_local(parent) in ("item", "entry") for each in inputs for parent in each.iterancestors())
    return difference.field == "feed" and in_entry


RULES = (
    Rule(
        "another of several",
        "An entry may say one thing in several elements: a description and a podcast's summary or a picture's caption, "
        "pubDate and atom:published, <link> and atom:link. The strict parser has an order of belief, feedparser whatever "
        "comes first or last in the document.",
        _other_of_several,
    ),
    Rule(
        "belongs to something else",
        "feedparser is flat: what stands inside a part of the entry (the title and caption of a picture, the link of an "
        "author, the date of a related article) it takes for the entry's own where that has none.",
        _belongs_to_something_else,
    ),
    Rule(
        "an empty element",
        "An empty element says nothing; with feedparser it undoes what another said, and an empty link is the base.",
        _an_empty_one_counted,
    ),
    Rule(
        "a resolved id",
        "Ids are compared as they are written, also under xml:base (RFC 4287, 4.2.6); feedparser resolves them, and an id "
        "that has become an address is a link to it.",
        _id_was_resolved,
    ),
    Rule(
        "the language of <rdf:RDF>",
        "feedparser reads xml:lang of the roots it knows, but looks for 'rdf:RDF' among names in lower case.",
        _language_of_rdf,
    ),
    Rule(
        "a podcast's subtitle",
        "itunes:subtitle is the teaser of an entry that has no other; feedparser's summary never holds it.",
        _podcasts_subtitle,
    ),
    Rule(
        "references in ids and addresses",
        "Of a feed that is not well-formed feedparser leaves &amp; in ids and attributes as it stands, makes © of &copy=2 "
        "and &apos of an apostrophe in an address. What was mended reads as it does on days when the feed is well-formed.",
        _references_left_or_made,
    ),
    Rule(
        "a home page escaped twice",
        "feedparser undoes &amp;amp; in the address of an entry; in that of the feed it only takes the semicolon off.",
        _home_escaped_twice,
    ),
    Rule(
        "markup in an id",
        "feedparser drops an id with elements in it; the strict parser keeps it with its tags: any unchanging text does.",
        _markup_in_an_id,
    ),
    Rule(
        "a date that cannot be read",
        "The next date that can be read counts; feedparser has kept only the last text, which is none.",
        _unreadable_date,
    ),
    Rule(
        "textInput in an entry",
        "feedparser raises a KeyError over it and the whole feed is lost.",
        _text_input,
    ),
)


# --- the tests -----------------------------------------------------------------------------------------------------

FEEDS = sorted(path for path in FIXTURES.rglob("*") if path.suffix in (".xml", ".rdf", ".rss", ".atom"))
FOLDER = FIXTURES / "feeds"

# Fixture -> (entry, field) that the two read differently -> by which rule. All others agree in everything.
DIFFERING: dict[str, dict[tuple[int | None, str], str]] = {
    "address_escaped_twice.xml": {(None, "home_url"): "a home page escaped twice"},
    "atom10_base.xml": {(0, "id"): "a resolved id"},
    "atom10_relative_ids.xml": {
        (0, "link"): "a resolved id",
        (0, "id"): "a resolved id",
        (1, "id"): "a resolved id",
    },
    "mended_references.xml": {
        (0, "link"): "references in ids and addresses",
        (2, "id"): "references in ids and addresses",
    },
    "rss10_rdf.rdf": {(None, "language"): "the language of <rdf:RDF>"},
    "rss20_empty_elements.xml": {
        (0, "id"): "an empty element",
        (0, "time"): "an empty element",
        (1, "link"): "an empty element",
    },
    "rss20_parts_of_an_entry.xml": {
        (0, "title"): "belongs to something else",
        (0, "teaser"): "belongs to something else",
        (1, "link"): "belongs to something else",
        (2, "link"): "belongs to something else",
        (2, "id"): "belongs to something else",
        (2, "time"): "belongs to something else",
        (4, "id"): "markup in an id",
    },
    "rss20_several_of_each.xml": {
        (None, "home_url"): "another of several",
        (0, "title"): "another of several",
        (0, "time"): "another of several",
        (0, "teaser"): "another of several",
        (1, "time"): "another of several",
        (1, "teaser"): "another of several",
        (2, "teaser"): "a podcast's subtitle",
        (3, "time"): "a date that cannot be read",
    },
    "rss20_text_input_in_item.xml": {(None, "feed"): "textInput in an entry"},
}

# Fixture -> why the strict parser gives it up.
GATED = {
    "gate_base64.xml": "base64",
    "gate_c1_control.xml": "text of the wrong encoding",
    "gate_c1_reference.xml": "text of the wrong encoding",
    "gate_content_type.xml": "type 'image/png'",
    "gate_doctype.xml": "a DOCTYPE or entities",
    "gate_element_in_link.xml": "an element inside <link>",
    "gate_element_in_title.xml": "an element inside <title>",
    "gate_entries_elsewhere.xml": "no entries",
    "gate_entry_in_entry.xml": "an entry inside an entry",
    "gate_fullitem.xml": "<fullitem>",
    "gate_line_break_in_address.xml": "a line break in an address",
    "gate_not_well_formed.xml": "not well-formed",
    "gate_reference_in_address.xml": "a reference in an address",
    "gate_two_channels.xml": "not one channel",
    "gate_two_ids.xml": "two ids",
    "gate_unknown_root.xml": "root news",
    "gate_utf8_twice.xml": "text of the wrong encoding",
    "gate_xhtml_body.xml": "<xhtml:body>",
    "gate_xhtml_without_div.xml": "XHTML without its <div>",
}


@pytest.mark.parametrize("path", FEEDS, ids=lambda path: path.name)
def test_a_feed_reads_as_the_tolerant_parser_reads_it_or_is_given_up(path: Path) -> None:
    data = path.read_bytes()
    try:
        found = differences(data, URL)
    except GiveUp:
        assert _parser(data) in ("tolerant", "none")
    else:
        assert _parser(data) == "fast"
        assert {(each.entry, each.field): rule for each, rule in found} == DIFFERING.get(path.name, {})


def _parser(data: bytes) -> str:
    try:
        return parse_feed(data, URL).parser
    except ParseError:
        return "none"


@pytest.mark.parametrize("name", GATED)
def test_what_a_gate_stops_is_read_by_the_tolerant_parser(name: str) -> None:
    data = (FOLDER / name).read_bytes()
    with pytest.raises(GiveUp, match=re.escape(GATED[name])):
        strict(data, URL)
    assert parse_feed(data, URL).parser == "tolerant"


def test_every_gate_has_a_fixture() -> None:
    """By the constant words of each reason that fast.py gives."""
    source = Path(fast.__file__).read_text()
    reasons = re.findall(r"raise GiveUp\((.+?)\)(?: from error)?\n", source)
    words = {
        words.strip("<> :!") for reason in reasons for words in re.findall(r'"([^"{]*)[^"]*"', reason)
    } - {""}
    assert len(reasons) >= 14
    assert [each for each in sorted(words) if not any(each in reason for reason in GATED.values())] == []
    assert {path.name for path in FOLDER.glob("gate_*.xml")} == set(GATED)


def test_every_rule_is_met_by_a_fixture() -> None:
    met = {rule for fields in DIFFERING.values() for rule in fields.values()}
    assert met == {rule.name for rule in RULES}
    assert set(DIFFERING) <= {path.name for path in FEEDS}
