"""Sitemaps to entries: news sitemaps with titles and times, plain ones by <lastmod>, indexes as the list of their parts.

https://www.sitemaps.org/protocol.html and Google's news extension. Raises only ParseError.
"""

import io
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote, urlsplit

from lxml import etree

from aggregator.errors import ParseError
from aggregator.model import Entry
from aggregator.parse.encoding import to_utf8
from aggregator.parse.fields import distinct, first_stamp, resolve
from aggregator.parse.hazards import MAX_ATTRIBUTES, has_attribute_flood, refuse_tag_flood, without_forbidden

MAX_BYTES = (
    16 * 1024 * 1024
)  # unpacked; the protocol allows 50 MB, news sitemaps hold at most 1,000 addresses
MAX_MEMBERS = 100  # of a gzip file
MOST_PARTS = 3  # of an index, asked at one poll
ALIVE = timedelta(days=7)  # a part that changed so long before the newest one is full


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildSitemap:
    """One part of an index."""

    url: str
    modified: datetime | None  # naive when no zone was named


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedSitemap:
    """A sitemap (entries) or an index of sitemaps (sitemaps), in the order of the document."""

    entries: tuple[Entry, ...] = ()
    sitemaps: tuple[ChildSitemap, ...] = ()


def parse_sitemap(data: bytes, url: str) -> ParsedSitemap:
    """Read an XML sitemap, an index, or a text file with one address per line; gzip is undone.

    Entries of a plain sitemap have no title; their time is <lastmod>, and `published_from` says so.

    Raises:
        ParseError: it is none of these, or larger than 16 MiB unpacked.
    """
    if data.startswith(b"\x1f\x8b"):
        data = _unpacked(data, url)
    body = without_forbidden(to_utf8(data).body).lstrip()
    if not body:
        raise ParseError(url, "empty")
    if not body.startswith(b"<"):
        return _text_sitemap(body, url)
    if has_attribute_flood(body):
        raise ParseError(url, f"a tag with more than {MAX_ATTRIBUTES:,} attributes")
    root = _ROOT.search(body)
    name = root[1].decode("ascii").lower() if root else ""
    if name not in ("urlset", "sitemapindex"):
        raise ParseError(
            url, _OTHER_ROOTS.get(name) or f"not a sitemap: its first element is <{name or '?'}>"
        )
    entries: list[Entry] = []
    sitemaps: list[ChildSitemap] = []
    for element in _elements(body, url):
        if _local(element) == "url":
            entry = _entry(element, url)
            if entry:
                entries.append(entry)
        else:
            child = _child(element, url)
            if child:
                sitemaps.append(child)
    return ParsedSitemap(entries=tuple(entries), sitemaps=tuple(sitemaps))


def newest_parts(sitemaps: Sequence[ChildSitemap]) -> tuple[str, ...]:
    """Of an index, the addresses of the sitemaps in which news of today are to be expected; at most MOST_PARTS.

    Those that call themselves news, else all: the last modified first, with those that were modified within a week
    before. Where no times are given, the one with the latest date or number in its name, else the first and the last.
    """
    news = [part for part in sitemaps if is_news_sitemap(part.url)]
    chosen = news or list(sitemaps)
    dated = sorted(
        ((aware(part.modified), part.url) for part in chosen if part.modified is not None), reverse=True
    )
    if dated:
        latest = dated[0][0]
        return tuple(dict.fromkeys(url for at, url in dated if latest - at <= ALIVE))[:MOST_PARTS]
    if news:
        return tuple(dict.fromkeys(part.url for part in news))[:MOST_PARTS]
    numbered = [(numbers, part.url) for part in chosen if (numbers := _numbers(part.url))]
    if numbered:
        return (max(numbered)[1],)
    return tuple(dict.fromkeys((chosen[0].url, chosen[-1].url))) if chosen else ()


def is_news_sitemap(url: str) -> bool:
    """Whether a sitemap's address says that it holds news."""
    return bool(_NEWS.search(path_of(url)))


def aware(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def path_of(url: str) -> str:
    """Path and query, readable; "" of what is no address."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return unquote(f"{parts.path}?{parts.query}" if parts.query else parts.path)


def _numbers(url: str) -> tuple[int, ...]:
    """Of a name as "2026-11.xml" or "post-sitemap12.xml"."""
    return tuple(int(digits) for digits in _NUMBER.findall(path_of(url))[:6])


_NEWS = re.compile(r"news|latest|aktuell|actualit|notici", re.IGNORECASE)
_NUMBER = re.compile(r"\d{1,8}")
_ROOT = re.compile(rb"<(?![!?])(?:[A-Za-z][\w.-]{0,30}:)?([A-Za-z][\w-]{0,60})")
_OTHER_ROOTS = {
    "html": "an HTML page, not a sitemap",
    **dict.fromkeys(("rss", "feed", "rdf"), 'a feed, not a sitemap (kind = "feed" reads it)'),
}


def _unpacked(data: bytes, url: str) -> bytes:
    pieces: list[bytes] = []
    size = 0
    for _ in range(MAX_MEMBERS):
        unpacker = zlib.decompressobj(wbits=31)
        try:
            piece = unpacker.decompress(data, MAX_BYTES + 1 - size)
        except zlib.error as error:
            raise ParseError(url, f"broken gzip: {error}") from error
        pieces.append(piece)
        size += len(piece)
        if size > MAX_BYTES:
            raise ParseError(url, f"larger than {MAX_BYTES // 2**20} MiB unpacked")
        data = unpacker.unused_data
        if not data.startswith(b"\x1f\x8b"):
            return b"".join(pieces)
    raise ParseError(url, f"gzip of more than {MAX_MEMBERS} members")


def _elements(body: bytes, url: str) -> Iterator[etree._Element]:
    """Every <url> and <sitemap>; broken markup is read as far as it can be understood."""
    refuse_tag_flood(body, url)
    events = etree.iterparse(
        io.BytesIO(body),
        tag=("{*}url", "{*}sitemap"),
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        recover=True,
    )
    try:
        for _, element in events:
            yield element
            element.clear()  # 50,000 of them otherwise stay in memory
    except (etree.XMLSyntaxError, ValueError) as error:
        raise ParseError(url, f"broken XML: {error}") from error


def _local(element: etree._Element) -> str:
    tag = element.tag
    return tag.rpartition("}")[2].lower() if isinstance(tag, str) else ""


def _texts(element: etree._Element) -> dict[str, str]:
    """Local name -> first text, of everything inside; <image:loc> and the like by their parent's name too."""
    found: dict[str, str] = {}
    for inner in element.iter():
        text = inner.text.strip() if inner.text else ""
        name = _local(inner)
        parent = inner.getparent()
        if text and name:
            found.setdefault(f"{_local(parent)}/{name}" if parent is not None else name, text)
    return found


def _entry(element: etree._Element, url: str) -> Entry | None:
    said = _texts(element)
    address = resolve(url, said.get("url/loc"))
    if address is None:
        return None
    stamp = first_stamp(
        [("news:publication_date", said.get("news/publication_date")), ("lastmod", said.get("url/lastmod"))]
    )
    change = first_stamp([("lastmod", said.get("url/lastmod"))])
    return Entry(
        url=address,
        title=said.get("news/title"),
        published=stamp.at,
        published_precision=stamp.precision,
        published_text=stamp.text,
        published_from=stamp.origin,
        updated=change.at,
        updated_text=change.text,
        categories=distinct((said.get("news/keywords") or "").split(",")),
        image=resolve(url, said.get("image/loc")),
        language=said.get("publication/language"),
        source_name=said.get("publication/name"),
    )


def _child(element: etree._Element, url: str) -> ChildSitemap | None:
    said = _texts(element)
    address = resolve(url, said.get("sitemap/loc"))
    if address is None:
        return None
    return ChildSitemap(url=address, modified=first_stamp([("lastmod", said.get("sitemap/lastmod"))]).at)


def _text_sitemap(body: bytes, url: str) -> ParsedSitemap:
    lines = body.decode("utf-8", "ignore").split()
    if not lines or not all(line.startswith(("http://", "https://")) for line in lines):
        raise ParseError(url, f"neither XML nor a list of addresses: it starts with {' '.join(lines)[:40]!r}")
    return ParsedSitemap(entries=tuple(Entry(url=line) for line in lines))
