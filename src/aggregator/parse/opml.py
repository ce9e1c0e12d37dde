"""OPML to outlines and back (http://opml.org/spec2.opml). Pure; raises only ParseError, and says what it leaves out.

Nothing is fetched, no entity is expanded, and no URL is believed: whoever takes the outlines judges them.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from lxml import etree

from aggregator.errors import ParseError
from aggregator.model import FeedKind
from aggregator.parse.encoding import to_utf8
from aggregator.parse.hazards import MAX_ATTRIBUTES, has_attribute_flood, without_forbidden
from aggregator.parse.mend import mended
from aggregator.parse.page.text import clean

MAX_BYTES = 16 * 1024 * 1024  # as much as a feed may have; the largest list of a collection of 300 has 0.2 MB
MAX_OUTLINES = 100_000
MAX_DEPTH = 32  # folders in folders; readers offer one or two levels
MAX_TEXT = 300  # characters of a name

KINDS: dict[str, FeedKind] = {"listing": "listing", "sitemap": "sitemap"}
"""What `type` says of addresses that are no feeds; everything else ("rss", "atom", nothing) is a feed."""

_OPENING = re.compile(rb"""(\s[A-Za-z_:][\w:.-]{0,40}+\s*+=\s*+")""")  # of an attribute
_TAG_END = re.compile(rb""""\s*+[/?]?>(?=\s*+(?:<|\Z))""")
_ENTITIES = re.compile(rb"<!ENTITY", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """One subscription."""

    title: str  # plain text; "" when it has none
    xml_url: str  # as written
    html_url: str = ""  # likewise
    language: str = ""  # likewise
    kind: FeedKind = "feed"
    folders: tuple[str, ...] = ()  # from the outermost
    line: int | None = None  # 1-based


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedOpml:
    """A whole list, read."""

    title: str
    outlines: tuple[Outline, ...]  # in the order of the document
    malformed: str | None = None  # what was wrong with a document that could be read nevertheless


def parse_opml(data: bytes, name: str) -> ParsedOpml:
    """Read OPML 1.0, 1.1 or 2.0.

    Args:
        data: the file.
        name: what to call it in errors.

    Raises:
        ParseError: it is no OPML, larger than 16 MiB, declares entities, or holds more than can be meant.
    """
    if len(data) > MAX_BYTES:
        raise ParseError(
            name, f"{len(data):,} bytes; lists of up to {MAX_BYTES // 2**20} MiB are read: split it"
        )
    body = without_forbidden(to_utf8(data).body)  # its lines are the file's: they are named in messages
    if not body.strip():
        raise ParseError(name, "is empty; expected an OPML file")
    if _ENTITIES.search(body):
        raise ParseError(name, "declares entities, which no list of feeds needs; not read")
    if has_attribute_flood(body):
        raise ParseError(name, f"has a tag with more than {MAX_ATTRIBUTES:,} attributes; not read")
    root, malformed = _root(body, name)
    found = _local(root)
    if found != "opml":
        raise ParseError(name, f"is no OPML: its first element is <{found[:60]}>; expected <opml>")
    title = next((element.text or "" for element in root.iter("{*}title", "title")), "")
    return ParsedOpml(
        title=clean(title)[:MAX_TEXT], outlines=tuple(_outlines(root, name)), malformed=malformed
    )


def render_opml(title: str, outlines: Iterable[Outline], *, now: datetime) -> bytes:
    """OPML 2.0 with an <outline> per subscription inside its folders; parse_opml reads it back."""
    root = etree.Element("opml", version="2.0")
    head = etree.SubElement(root, "head")
    etree.SubElement(head, "title").text = clean(title)
    etree.SubElement(head, "dateCreated").text = format_datetime(now)  # RFC 822, as the specification asks
    folders: dict[tuple[str, ...], etree._Element] = {(): etree.SubElement(root, "body")}
    for outline in outlines:
        for depth in range(1, len(outline.folders) + 1):
            path = outline.folders[:depth]
            if path not in folders:
                folders[path] = etree.SubElement(folders[path[:-1]], "outline", text=path[-1])
        said = {
            "type": outline.kind if outline.kind in KINDS else "rss",
            "text": outline.title,
            "title": outline.title,
            "xmlUrl": outline.xml_url,
            "htmlUrl": outline.html_url,
            "language": outline.language,
        }
        etree.SubElement(
            folders[outline.folders], "outline", {key: value for key, value in said.items() if value}
        )
    etree.indent(root)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8") + b"\n"


def _root(body: bytes, name: str) -> tuple[etree._Element, str | None]:
    """Strictly, with the usual mistakes put right, else as far as it goes.

    Of 118 lists found in the wild 80 are no XML: 58 for bare ampersands alone, 22 for quotes or "<" inside a description.
    """
    whole = mended(body)
    reason = ""
    for text, recover in ((body, False), (whole, False), (_requoted(whole), False), (whole, True)):
        try:
            root = etree.fromstring(text, _parser(recover=recover))
        except (etree.XMLSyntaxError, ValueError) as error:
            reason = str(error)[:200]
            continue
        if root is not None:  # what lxml answers when there was nothing to recover
            return root, f"broken XML: {reason}" if recover else None
    raise ParseError(name, f"is no XML: {reason}; expected an OPML file")


def _requoted(body: bytes) -> bytes:
    """Quotes and "<" inside attributes escaped: a value ends where the next attribute or the end of the tag follows."""
    pieces = _OPENING.split(body)  # what is before the first, then openings and what follows each
    inside = False  # the opening stands within a value, as in a description that is HTML
    for at in range(1, len(pieces), 2):
        opening, piece = pieces[at], pieces[at + 1]
        ended = _TAG_END.search(piece)
        end = ended.start() if ended else len(piece) - 1 if piece.endswith(b'"') else len(piece)
        pieces[at] = _escaped(opening) if inside else opening
        pieces[at + 1] = _escaped(piece[:end]) + piece[end:]
        inside = end == len(piece)
    return b"".join(pieces)


def _escaped(value: bytes) -> bytes:
    return value.replace(b"<", b"&lt;").replace(b'"', b"&quot;")


def _parser(*, recover: bool) -> etree.XMLParser:
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        recover=recover,
    )


def _outlines(root: etree._Element, name: str) -> Iterator[Outline]:
    """Depth first and without recursion: how deep a document goes is for its author to choose."""
    body = next((child for child in root if _local(child) == "body"), root)
    waiting: list[tuple[etree._Element, tuple[str, ...]]] = [(child, ()) for child in reversed(body)]
    count = 0
    while waiting:
        element, folders = waiting.pop()
        if _local(element) != "outline":
            continue
        count += 1
        if count > MAX_OUTLINES:
            raise ParseError(name, f"has more than {MAX_OUTLINES:,} outlines; split it")
        if len(folders) > MAX_DEPTH:
            raise ParseError(
                name,
                f"line {_line(element)}: folders are nested more than {MAX_DEPTH} deep; not read",
            )
        said = {str(key).rpartition("}")[2].lower(): str(value) for key, value in element.attrib.items()}
        title = clean(said.get("title") or said.get("text") or "")[:MAX_TEXT]
        if "xmlurl" in said:
            yield Outline(
                title=title,
                xml_url=_address(said["xmlurl"]),
                html_url=_address(said.get("htmlurl", "")),
                language=said.get("language", "").strip(),
                kind=KINDS.get(said.get("type", "").strip().lower(), "feed"),
                folders=folders,
                line=_line(element),
            )
        inner = (*folders, title or "?")
        waiting.extend((child, inner) for child in reversed(element))


def _address(written: str) -> str:
    """Without the scheme that readers on Apple's systems put before a feed's own: feed://host, feed:https://host."""
    written = written.strip()
    if written[:5].lower() != "feed:":
        return written
    rest = written[5:]
    return f"http:{rest}" if rest.startswith("//") else rest


def _line(element: etree._Element) -> int | None:
    line: int | None = element.sourceline  # type: ignore[assignment]
    return line


def _local(element: etree._Element) -> str:
    tag = element.tag
    return tag.rpartition("}")[2].lower() if isinstance(tag, str) else ""
