"""Well-formed RSS, RDF and Atom to a ParsedFeed, by lxml; gives up (None) wherever feedparser might read it differently.

An eighth of feedparser's time, and only worth having if it never differs: each gate below is a way in which it would.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from lxml import etree

from aggregator.model import Entry, ParsedFeed
from aggregator.parse.fields import (
    NO_STAMP,
    Picture,
    author_name,
    best_picture,
    distinct,
    first_stamp,
    is_web_address,
    resolve,
    ttl_minutes,
)


class GiveUp(Exception):
    """Something the strict reader does not vouch for; the text says what, for tests and benches."""


# A DOCTYPE may define entities, and with an external one lxml drops the undefined ones in silence. C1 controls, written
# or as references, are windows-1252 in disguise; UTF-8 encoded twice can be put right: feedparser does both.
# Each pattern begins with fixed bytes, which are looked for at once: four passes take a quarter of what one for all does.
_DOCTYPE = re.compile(rb"<!(?:DOCTYPE|ENTITY)")
_DISGUISED_REFERENCE = re.compile(rb"&#(?:1(?:2[89]|[345]\d)|[xX]0*[89][0-9a-fA-F]);")
_DISGUISED = (
    re.compile(rb"\xc2[\x80-\x9f]"),
    re.compile(rb"\xc3(?:[\x82-\x9f]\xc2[\x80-\xbf]|[\xa0-\xb4](?:\xc2[\x80-\xbf]){2})"),
)
_ANY_ENTRY = re.compile(rb"<(?:\w{1,20}:)?(?:item|entry)[\s>/]", re.IGNORECASE)

_PREFIXES = {
    "": "",
    "http://www.w3.org/2005/atom": "",
    "http://purl.org/atom/ns#": "",
    "http://purl.org/rss/1.0/": "",
    "http://my.netscape.com/rdf/simple/0.9/": "",
    "http://backend.userland.com/rss": "",
    "http://backend.userland.com/rss2": "",
    "http://blogs.law.harvard.edu/tech/rss": "",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#": "rdf:",
    "http://purl.org/dc/elements/1.1/": "dc:",
    "http://purl.org/dc/terms/": "dcterms:",
    "http://purl.org/rss/1.0/modules/content/": "content:",
    "http://purl.org/rss/1.0/modules/syndication/": "sy:",
    "http://search.yahoo.com/mrss": "media:",
    "http://search.yahoo.com/mrss/": "media:",
    "http://www.itunes.com/dtds/podcast-1.0.dtd": "itunes:",
    "http://www.w3.org/1999/xhtml": "xhtml:",
}
_ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"

# Elements that are read as one text; of several the first that is not empty counts, of dates (_DATES) the last one.
_TEXTS = frozenset(
    (
        *("title", "description", "abstract", "summary", "content", "ttl", "language"),
        *("pubdate", "published", "issued", "updated", "modified", "created", "lastbuilddate"),
        *("dc:title", "dc:description", "dc:date", "dc:language", "dcterms:issued", "dcterms:modified"),
        *("dcterms:created", "content:encoded", "itunes:summary", "itunes:subtitle", "media:title"),
        *("media:description", "sy:updateperiod", "sy:updatefrequency"),
    )
)
_MARKUP_TEXTS = frozenset(
    ("title", "description", "abstract", "summary", "content")
)  # Atom's may hold XHTML and have a type
_TYPES = frozenset((None, "text", "html", "text/html", "text/plain", "plain"))
_XHTML_TYPES = frozenset(("xhtml", "application/xhtml+xml"))
_HTML_TYPES = frozenset((None, "html", "text/html", "xhtml", "application/xhtml+xml"))
_HOLDERS = frozenset(("channel", "feed", "rss", "rdf:rdf"))  # parents of entries
PIECE = 64 * 1024  # bytes handed to the parser before what is complete is read
WHOLE = 2 * PIECE  # bytes of a document that is parsed at once

_FULL_TEXTS = frozenset(("body", "xhtml:body", "fullitem", "xhtml:div"))  # older ways to carry an article


class _Names(dict[str, str]):
    """Tag as lxml gives it -> lower case with the usual prefix of its namespace; "" for namespaces that say nothing here."""

    def __init__(self, root: etree._Element) -> None:
        # An address that is misspelt ("…/elements/1.1" without its slash) counts as what its prefix says.
        self._misspelt = {
            uri.lower(): f"{prefix}:"
            for prefix, uri in root.nsmap.items()
            if prefix and uri.lower() not in _PREFIXES and f"{prefix}:" in _PREFIXES.values()
        }

    def __missing__(self, tag: str) -> str:
        namespace, _, local = tag[1:].rpartition("}") if tag[:1] == "{" else ("", "", tag)
        namespace = namespace.lower()
        prefix = _PREFIXES.get(namespace, self._misspelt.get(namespace))
        name = self[tag] = "" if prefix is None else prefix + local.lower()
        return name


def parse_strict(body: bytes, url: str) -> ParsedFeed | None:
    """`body` is UTF-8 without a declaration (encoding.to_utf8); `url` resolves relative links. None: given up."""
    try:
        return read_strictly(body, url)
    except GiveUp:
        return None


def read_strictly(body: bytes, url: str) -> ParsedFeed:
    """The same, but says why it gave up: raises GiveUp."""
    if _DOCTYPE.search(body):
        raise GiveUp("a DOCTYPE or entities")
    disguised = () if body.isascii() else _DISGUISED
    if _DISGUISED_REFERENCE.search(body) or any(each.search(body) for each in disguised):
        raise GiveUp("text of the wrong encoding")
    try:
        return _Reader(url, based=b"xml:base" in body).feed(body)
    except (etree.XMLSyntaxError, ValueError) as error:  # ValueError: what lxml takes for no XML at all
        raise GiveUp(f"not well-formed: {error}") from error


_OPTIONS: dict[str, Any] = {
    "encoding": "utf-8",
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "huge_tree": False,
    "remove_comments": True,
    "remove_pis": True,
    "collect_ids": False,
}


class _Element:
    """What the children of one <item>, <entry>, <channel> or <feed> said."""

    __slots__ = (
        *("authors", "categories", "enclosures", "entries", "guid", "links", "other_links", "permalink"),
        *("pictures", "source", "texts"),
    )

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.guid: str | None = None
        self.permalink: str | None = None  # the guid, when it says that it is one
        self.links: list[str] = []  # to the article as HTML, or as nothing in particular
        self.other_links: list[str] = []  # alternates of another media type
        self.authors: list[str | None] = []
        self.categories: list[str | None] = []
        self.enclosures: list[str] = []
        self.pictures: list[Picture] = []
        self.entries: list[etree._Element] = []
        self.source: tuple[str | None, str | None] = (None, None)  # name, address

    def first(self, *names: str) -> str | None:
        for name in names:
            if name in self.texts:
                return self.texts[name]
        return None

    def link(self) -> str | None:
        """The last link to HTML, as feedparser has it; else one to anything, else a guid that is an address."""
        if self.links:
            return self.links[-1]
        return self.other_links[0] if self.other_links else self.permalink


class _Reader:
    """Reads one document."""

    def __init__(self, url: str, *, based: bool) -> None:
        self.url = url
        self.root: etree._Element | None = None
        self.names: _Names  # as soon as there is a root
        self.based = based  # there is an xml:base somewhere
        self.read: dict[etree._Element, Entry] = {}  # entries that were read and emptied

    def feed(self, body: bytes) -> ParsedFeed:
        root = self._tree(body)
        name = self.names[root.tag]
        if name == "feed":
            return self._assembled(root, self._read(root), (), body)
        if name not in ("rss", "rdf:rdf"):
            raise GiveUp(f"root {root.tag}")
        channels = [child for child in root if self.names[child.tag] == "channel"]
        if len(channels) != 1:
            raise GiveUp("not one channel")
        outside = [child for child in root if self.names[child.tag] == "item"]
        return self._assembled(root, self._read(channels[0]), outside, body, inherits=name == "rdf:rdf")

    def _tree(self, body: bytes) -> etree._Element:
        """The document with its entries emptied: each is read as soon as it is complete.

        The tree of a feed of 50,000 entries (15 MB) takes 80 MB; what is read of it takes 45. Reporting entries costs an
        eighth of all, so a document whose tree is small anyway is parsed at once, and its entries are read from the tree.
        """
        if len(body) <= WHOLE:
            root = etree.fromstring(body, etree.XMLParser(**_OPTIONS))
            self._begin(root)
            return root
        parser = etree.XMLPullParser(("end",), tag=("{*}item", "{*}entry"), **_OPTIONS)
        for start in range(0, len(body), PIECE):
            parser.feed(body[start : start + PIECE])
            self._read_complete(parser)
        root = parser.close()
        self._read_complete(parser)
        self._begin(root)
        return root

    def _begin(self, root: etree._Element) -> None:
        if self.root is None:
            self.root, self.names = root, _Names(root)

    def _read_complete(self, parser: etree.XMLPullParser) -> None:
        for _, element in parser.read_events():
            assert isinstance(element, etree._Element)
            self._begin(element.getroottree().getroot())
            parent = element.getparent()
            if parent is None or self.names[parent.tag] not in _HOLDERS:
                continue  # part of an entry, or of something that is passed over
            self.read[element] = self._entry(element)
            del element[:]
            element.text = None  # the text behind it stays: the parser may still be writing there

    def _assembled(
        self,
        root: etree._Element,
        head: _Element,
        outside: Iterable[etree._Element],
        body: bytes,
        inherits: bool = True,
    ) -> ParsedFeed:
        entries = [*head.entries, *outside]
        if not entries and ("title" not in head.texts or _ANY_ENTRY.search(body)):
            raise GiveUp("no entries")
        # RFC 4287, 4.2.1: an entry without author has the feed's. RSS's managingEditor is nobody's author.
        authors = distinct(head.authors) if inherits else ()
        updated = first_stamp(
            (name, head.texts.get(name))
            for name in ("lastbuilddate", "updated", "modified", "pubdate", "dc:date")
        )
        return ParsedFeed(
            title=head.first("title", "dc:title"),
            home_url=resolve(self.url, (*head.links, *head.other_links, None)[0]),
            language=head.first("language", "dc:language") or root.get(_LANG) or None,
            ttl=ttl_minutes(*map(head.texts.get, ("ttl", "sy:updateperiod", "sy:updatefrequency"))),
            updated=updated.at,
            entries=tuple(
                _inheriting(self.read.get(entry) or self._entry(entry), authors) for entry in entries
            ),
            parser="fast",
        )

    def _entry(self, element: etree._Element) -> Entry:
        said = self._read(element)
        if said.entries:
            raise GiveUp("an entry inside an entry")
        texts = said.texts
        stamp = first_stamp([(origin, texts[name]) for name, origin in _PUBLISHED if name in texts])
        changes = [(origin, texts[name]) for name, origin in _CHANGED if name in texts]
        change = first_stamp(changes) if changes else NO_STAMP
        return Entry(
            id=said.guid or element.get(_ABOUT),
            url=resolve(self.url, said.link()),
            title=said.first("title", "dc:title", "media:title"),
            summary=said.first(*_SUMMARIES),
            content=said.first("content:encoded", "content")
            or (texts.get("description") if "summary" in texts else None),
            published=stamp.at,
            published_precision=stamp.precision,
            published_text=stamp.text,
            published_from=stamp.origin,
            updated=change.at,
            updated_text=change.text,
            authors=distinct(said.authors) if said.authors else (),
            categories=distinct(said.categories) if said.categories else (),
            image=best_picture(said.pictures, self.url) if said.pictures else None,
            enclosures=distinct([resolve(self.url, link) for link in said.enclosures])
            if said.enclosures
            else (),
            language=texts.get("dc:language") or element.get(_LANG) or None,
            source_name=said.source[0],
            source_url=resolve(self.url, said.source[1]) if said.source[1] else None,
        )

    def _read(self, element: etree._Element) -> _Element:
        said = _Element()
        texts, names = said.texts, self.names
        for child in element:
            name = names[child.tag]
            if name in _TEXTS:
                if (name not in texts or name in _DATES) and (text := self._text(child, name)):
                    texts[name] = text
            elif name in _HANDLERS:
                _HANDLERS[name](self, child, said)
            elif name in _FULL_TEXTS:
                raise GiveUp(f"<{name}>")
        return said

    def _text(self, element: etree._Element, name: str) -> str:
        if element.attrib and name in _MARKUP_TEXTS:
            kind = element.get("type")
            if element.get("mode") == "base64":
                raise GiveUp("base64")
            if kind is not None and kind.lower() in _XHTML_TYPES:
                return _inner_markup(element, self.names)
            if kind is not None and kind.lower() not in _TYPES:
                raise GiveUp(f"type {kind!r}")
        if len(element):
            raise GiveUp(f"an element inside <{name}>")
        return (element.text or "").strip()

    def _plain(self, element: etree._Element) -> str:
        if len(element):
            raise GiveUp(f"an element inside <{element.tag}>")
        return (element.text or "").strip()

    # --- elements that are more than a text -------------------------------------------------------------------

    def link(self, element: etree._Element, said: _Element) -> None:
        """RSS's with the address as its text, Atom's with href and rel; feeds mix them."""
        address = element.get("href") or _unescaped(self._plain(element))
        if not address:
            return
        if self.based:
            if _BREAK.search(address):  # resolving takes it out, but only under xml:base
                raise GiveUp("a line break in an address")
            address = resolve(element.base or "", address) or address
        kind, relation = element.get("type"), element.get("rel", "alternate").lower()
        if relation == "enclosure":
            said.enclosures.append(address)
            said.pictures.append(Picture(address, None, kind or ""))
        elif relation == "alternate":
            (said.links if kind in _HTML_TYPES else said.other_links).append(address)

    def guid(self, element: etree._Element, said: _Element) -> None:
        text = _inner_text(element)
        if not text:
            return
        if said.guid:
            raise GiveUp("two ids")
        said.guid = text
        if is_web_address(text) and _is_permalink(element):
            if self.based and _BREAK.search(text):
                raise GiveUp("a line break in an address")
            said.permalink = text

    def author(self, element: etree._Element, said: _Element) -> None:
        if not len(element):
            said.authors.append(author_name(element.text))
            return
        parts = {self.names[child.tag]: self._plain(child) for child in element}
        said.authors.append(parts.get("name") or parts.get("email"))

    def category(self, element: etree._Element, said: _Element) -> None:
        said.categories.append(element.get("term") or _inner_text(element) or element.get("label"))

    def itunes_category(self, element: etree._Element, said: _Element) -> None:
        said.categories.append(element.get("text"))
        for child in element:
            self.itunes_category(child, said)

    def keywords(self, element: etree._Element, said: _Element) -> None:
        said.categories += self._plain(element).split(",")

    def enclosure(self, element: etree._Element, said: _Element) -> None:
        address = element.get("url") or element.get("href")
        if address:
            said.enclosures.append(address)
            said.pictures.append(Picture(address, None, element.get("type") or ""))

    def source(self, element: etree._Element, said: _Element) -> None:
        if not len(element):
            said.source = ((element.text or "").strip() or None, element.get("url"))
            return
        inner = self._read(element)
        said.source = (inner.first("title"), inner.link())

    def media_content(self, element: etree._Element, said: _Element) -> None:
        address = element.get("url")
        if address:
            kind = element.get("type") or element.get("medium") or _kind_by_name(address)
            said.pictures.append(Picture(address, element.get("width"), kind))
        for child in element:
            if self.names[child.tag] == "media:thumbnail":
                self.media_thumbnail(child, said)

    def media_thumbnail(self, element: etree._Element, said: _Element) -> None:
        said.pictures.append(
            Picture(element.get("url") or (element.text or "").strip(), element.get("width"), thumbnail=True)
        )

    def media_group(self, element: etree._Element, said: _Element) -> None:
        inner = self._read(element)
        said.pictures += inner.pictures
        said.categories += inner.categories
        for name, text in inner.texts.items():
            said.texts.setdefault(name, text)

    def itunes_image(self, element: etree._Element, said: _Element) -> None:
        said.pictures.append(Picture(element.get("href"), thumbnail=True))

    def entry(self, element: etree._Element, said: _Element) -> None:
        said.entries.append(element)


_REFERENCE = re.compile(r"&\w+;", re.ASCII)
_BREAK = re.compile(r"[\t\r\n]")


def _unescaped(address: str) -> str:
    """An address whose ampersands were escaped twice, as it often stands in CDATA sections, with plain ones."""
    if "&" not in address or ";" not in address:
        return address
    address = address.replace("&amp;", "&")
    if _REFERENCE.search(address):
        raise GiveUp("a reference in an address")
    return address


def _is_permalink(guid: etree._Element) -> bool:
    """A guid is an address unless isPermaLink, in whatever case, says something else than "true" (RSS 2.0)."""
    for name, value in guid.items():
        if name.lower() == "ispermalink":
            return value == "true"
    return True


_HANDLERS: dict[str, Callable[[_Reader, etree._Element, _Element], None]] = {
    "link": _Reader.link,
    "guid": _Reader.guid,
    "id": _Reader.guid,
    "author": _Reader.author,
    "dc:creator": _Reader.author,
    "dc:author": _Reader.author,
    "itunes:author": _Reader.author,
    "category": _Reader.category,
    "dc:subject": _Reader.category,
    "media:category": _Reader.category,
    "itunes:category": _Reader.itunes_category,
    "media:keywords": _Reader.keywords,
    "itunes:keywords": _Reader.keywords,
    "enclosure": _Reader.enclosure,
    "source": _Reader.source,
    "media:content": _Reader.media_content,
    "media:thumbnail": _Reader.media_thumbnail,
    "media:group": _Reader.media_group,
    "itunes:image": _Reader.itunes_image,
    "item": _Reader.entry,
    "entry": _Reader.entry,
}

# Element -> the name an editor knows it by; in the order in which they are believed.
_PUBLISHED = (
    ("pubdate", "pubDate"),
    ("published", "published"),
    ("issued", "issued"),
    ("dcterms:issued", "dcterms:issued"),
    ("dc:date", "dc:date"),
    ("updated", "updated"),
    ("modified", "modified"),
    ("dcterms:modified", "dcterms:modified"),
    ("dcterms:created", "dcterms:created"),
    ("created", "created"),
    ("lastbuilddate", "lastBuildDate"),  # the channel's; some write it into every item
)
_DATES = frozenset(name for name, _ in _PUBLISHED)
_CHANGED = tuple(
    pair for pair in _PUBLISHED if pair[0] in ("updated", "modified", "dcterms:modified", "dc:date")
)
_SUMMARIES = (
    "summary",
    "description",
    "abstract",
    "dc:description",
    "itunes:summary",
    "media:description",
    "itunes:subtitle",
)


def _inheriting(entry: Entry, authors: tuple[str, ...]) -> Entry:
    return replace(entry, authors=authors) if authors and not entry.authors else entry


_IMAGE_NAME = re.compile(r"\.(?:jpe?g|png|gif|webp|avif)(?:$|\?)", re.IGNORECASE)


def _kind_by_name(address: str) -> str:
    return "image" if _IMAGE_NAME.search(address) else ""


def _inner_markup(element: etree._Element, names: _Names) -> str:
    """The inside of the one <div> that Atom's XHTML text is (RFC 4287, 3.1.1.3)."""
    children = list(element)
    if len(children) != 1 or names[children[0].tag] != "xhtml:div" or (element.text or "").strip():
        raise GiveUp("XHTML without its <div>")
    for node in children[0].iter():
        node.tag = etree.QName(node).localname
    _, _, inside = etree.tostring(children[0], encoding="unicode", with_tail=False).partition(">")
    return inside.removesuffix("</div>").strip()


def _inner_text(element: etree._Element) -> str:
    """The text, with the tags of elements that should not be there."""
    return _markup(element) if len(element) else (element.text or "").strip()


_DECLARATION = re.compile(r' xmlns(?::[^\s="]+)?="[^"]*"')


def _markup(element: etree._Element) -> str:
    """Without namespaces: lxml repeats all that the feed declares, and an id must not change when it declares one more."""
    pieces: Iterator[str] = (
        _DECLARATION.sub("", etree.tostring(child, encoding="unicode")) for child in element
    )
    return "".join((_escaped(element.text), *pieces)).strip()


def _escaped(text: str | None) -> str:
    return (text or "").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
