"""Fixture pairs: a page as it was fetched, and beside it, as its name + ".json", what was read in it and by what.

A replay reads the page again with the present parsers and says, field by field, what is different now. A pair needs nothing
beside itself but the parser it names: no configuration, no network, no clock.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import unquote, urlsplit

from aggregator.config.naming import slug
from aggregator.config.parsers import load_parser
from aggregator.errors import AggregatorError, ParseError
from aggregator.model import Document, Entry, Feed, ParsedPage, Selectors
from aggregator.outlets import PARSERS
from aggregator.parse import parse_document, parse_page
from aggregator.parse.feed import Tolerant
from aggregator.parse.own import OwnParser, outlet_parser

Kind = Literal["feed", "sitemap", "listing", "page"]
"""The kinds of feeds, and page: an article's own page."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a page is read by; all that a replay has to know of it."""

    source: str
    url: str
    kind: Kind
    parser: str  # "outlets/cnn.py", "./FILE.py" or "../FILE.py" from the pair's folder; else the built-in one, to be told
    selectors: Selectors | None = None
    content_type: str | None = None  # the header as sent
    fetched_at: datetime  # relative times count from it


@dataclass(frozen=True, slots=True)
class Fixture:
    """A pair that is not written yet."""

    page: Path
    body: bytes
    expectation: Json

    @property
    def entries(self) -> int:
        return len(self.expectation.get("entries", ()))

    @property
    def error(self) -> str | None:
        return self.expectation.get("error")


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that is read otherwise than expected. `field` "": the whole entry is missing or new."""

    entry: int  # its position, from 1, where it is expected, else where it was found; 0: the document
    title: str
    field: str
    expected: Any
    got: Any


@dataclass(frozen=True, slots=True)
class Replayed:
    """A pair that was read again."""

    page: Path
    entries: int
    differences: tuple[Difference, ...] = ()
    problem: str | None = None  # why it could not be replayed at all

    @property
    def ok(self) -> bool:
        return not self.differences and self.problem is None


# --- making pairs ------------------------------------------------------------------------------------------------


def make_fixture(
    folder: Path,
    document: Document,
    feed: Feed,
    kind: Kind,
    *,
    own: OwnParser | None = None,
    tolerant: Tolerant | None = None,
    taken: Sequence[Path] = (),
) -> Fixture:
    """Read a document and name its pair: FOLDER/SOURCE/WHAT_DAY.html, .xml or .json as its content is.

    What cannot be read makes a pair too: its expectation is the error, until a parser is there that reads it.

    Args:
        own: reads it instead of what its kind says.
        taken: pages that get another name than this one.
    """
    page = _free(folder / feed.source_id / _name(document, feed), taken)
    reading = Reading(
        source=feed.source_id,
        url=document.url,
        kind=kind,
        parser=_parser_from(page.parent, own) if own else "",
        selectors=feed.selectors if own is None else None,
        content_type=document.content_type,
        fetched_at=document.fetched_at,
    )
    read, parser = _read(document.body, reading, replace(own, name=reading.parser) if own else None, tolerant)
    return Fixture(page, document.body, _told_reading(replace(reading, parser=parser)) | read)


def write_fixtures(fixtures: Sequence[Fixture], *, force: bool = False) -> None:
    """Write all of them, or none where one would replace a file and `force` does not say that it may.

    Raises:
        AggregatorError: a file is there already, or cannot be written.
    """
    for fixture in fixtures:
        for path in (fixture.page, expectation_of(fixture.page)):
            if path.exists() and not force:
                raise AggregatorError(f"{path} is there already; nothing is written. --force writes over it")
    for fixture in fixtures:
        _write(fixture.page, fixture.body)
        _write(expectation_of(fixture.page), _encoded(fixture.expectation))


def expectation_of(page: Path) -> Path:
    return page.with_name(f"{page.name}.json")


_FRONT = "front"
_LONGEST_NAME = 60  # characters
_XML = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*<(?:\?xml|!--|(?:[a-z]+:)?(?:rss|feed|rdf|urlset|sitemapindex)\b)", re.IGNORECASE
)


def _name(document: Document, feed: Feed) -> str:
    parts = urlsplit(document.url)
    path = re.sub(r"\.[a-z]{2,5}$", "", unquote(parts.path))
    own_id = feed.id if feed.id not in (feed.url, document.url) else ""
    what = own_id or slug(f"{path} {unquote(parts.query)}")[:_LONGEST_NAME].strip("-") or _FRONT
    return f"{what}_{document.fetched_at.astimezone(UTC):%Y-%m-%d}{_suffix(document.body)}"


def _suffix(body: bytes) -> str:
    start = body[:500].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start[:1] in (b"{", b"["):
        return ".json"
    if start.startswith(b"\x1f\x8b"):
        return ".xml.gz"
    if _XML.match(start):
        return ".xml" if b"<html" not in start.lower() else ".html"
    return ".html" if b"<" in body else ".txt"


def _free(page: Path, taken: Sequence[Path]) -> Path:
    stem, _, rest = page.name.partition("_")
    number, free = 1, page
    while free in taken:
        number += 1
        free = page.with_name(f"{stem}-{number}_{rest}")
    return free


def _parser_from(folder: Path, own: OwnParser) -> str:
    """A file as the pair's folder sees it, so that both may move together; the program's own by its name."""
    if not own.file:
        return own.name
    seen = Path(os.path.relpath(own.file, folder.resolve())).as_posix()
    return seen if seen.startswith("../") else f"./{seen}"


# --- replaying ---------------------------------------------------------------------------------------------------


def find_pairs(folder: Path) -> list[Path]:
    """The pages under a folder that have an expectation beside them, by name."""
    expectations = (path for path in folder.rglob("*.json") if path.with_suffix("").is_file())
    return sorted(path.with_suffix("") for path in expectations)


def replay(page: Path, *, accept: bool = False, tolerant: Tolerant | None = None) -> Replayed:
    """Read a pair's page again and compare.

    Args:
        accept: write what is read now as what is expected from now on; the differences told are those of before.
        tolerant: what reads a feed that the strict parser gave up; None: feedparser in this process.

    Raises:
        AggregatorError: the expectation cannot be written.
    """
    try:
        told = _expectation(page)
        reading = _reading(told)
        got, _ = _read(page.read_bytes(), reading, _named_parser(reading, page.parent), tolerant)
        differences = tuple(_differences(told, got))
    except OSError as error:
        return Replayed(page, 0, problem=f"{error.filename} cannot be read: {error.strerror}")
    except ValueError as error:
        return Replayed(page, 0, problem=str(error))
    if accept and differences:
        kept = {name: value for name, value in told.items() if name not in ("entries", "error")}
        _write(expectation_of(page), _encoded(kept | got))
    return Replayed(page, len(got.get("entries", ())), differences)


def _expectation(page: Path) -> Json:
    path = expectation_of(page)
    try:
        told = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is no JSON: {error}") from error
    missing = [
        name for name in ("source", "url", "kind", "fetched_at") if not isinstance(_get(told, name), str)
    ]
    if missing or not _is_list_of_objects(told.get("entries", [])):
        raise ValueError(
            f"{path} is no expectation: it needs {', '.join(missing) or 'entries, a list of objects'}"
        )
    return dict(told)


def _get(told: Any, name: str) -> Any:
    return told.get(name) if isinstance(told, dict) else None


def _is_list_of_objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(entry, dict) for entry in value)


def _reading(told: Json) -> Reading:
    if told["kind"] not in get_args(Kind):
        raise ValueError(f"kind is {told['kind']!r}; expected {', '.join(get_args(Kind))}")
    try:
        selectors = Selectors(**told["selectors"]) if told.get("selectors") else None
    except TypeError as error:
        raise ValueError(f"selectors: {error}") from error
    at = datetime.fromisoformat(told["fetched_at"])
    return Reading(
        source=told["source"],
        url=told["url"],
        kind=told["kind"],
        parser=str(told.get("parser") or ""),
        selectors=selectors,
        content_type=told.get("content_type"),
        fetched_at=at if at.tzinfo else at.replace(tzinfo=UTC),
    )


def _named_parser(reading: Reading, folder: Path) -> OwnParser | None:
    if not reading.parser.endswith(".py"):
        return None
    if not reading.parser.startswith("outlets/"):
        return load_parser(reading.parser, folder)
    known = {own.name: own for source in PARSERS if (own := outlet_parser(source, PARSERS))}
    if reading.parser not in known:
        raise ValueError(f"there is no {reading.parser}; known are {', '.join(known)}")
    return known[reading.parser]


# --- reading -----------------------------------------------------------------------------------------------------


def _read(
    body: bytes, reading: Reading, own: OwnParser | None, tolerant: Tolerant | None
) -> tuple[Json, str]:
    """(entries or error, what read it)."""
    try:
        if reading.kind == "page" and own is None:
            page = parse_page(body, reading.url, content_type=reading.content_type)
            return {"entries": [_record(page, _PAGE_FIRST)]}, "page"
        document = saved_page(body, reading.url, reading.fetched_at, reading.content_type)
        parsed = parse_document(document, _feed(reading), tolerant=tolerant, own=own)
    except ParseError as error:
        return {"error": error.message, "entries": []}, reading.parser
    except Exception as error:  # as a poll does: one page that breaks a parser hides no other
        told = f"our own parser failed on it: {type(error).__name__}: {error}"
        return {"error": told, "entries": []}, reading.parser
    return {
        "entries": [_record(entry, _ENTRY_FIRST) for entry in parsed.entries]
    }, reading.parser or parsed.parser


def saved_page(body: bytes, url: str, fetched_at: datetime, content_type: str | None = None) -> Document:
    """A document of which only this is known any more."""
    header = content_type or ""
    charset = re.search(r"charset\s*=\s*[\"']?([\w.:-]+)", header, re.IGNORECASE)
    return Document(
        url=url,
        requested_url=url,
        status=200,
        media_type=header.partition(";")[0].strip().lower(),
        charset=charset[1] if charset else None,
        body=body,
        body_hash="",
        etag=None,
        last_modified=None,
        fetched_at=fetched_at,
        content_type=content_type,
    )


def _feed(reading: Reading) -> Feed:
    return Feed(
        url=reading.url,
        source_id=reading.source,
        id=reading.url,
        kind="listing" if reading.kind == "page" else reading.kind,
        selectors=reading.selectors,
    )


_ENTRY_FIRST = (
    "title", "url", "id", "published", "published_precision", "published_text", "published_from", "summary", "source_name",
    "authors", "categories",
)  # fmt: skip
_PAGE_FIRST = ("title", "canonical_url", "published", "published_precision", "summary", "authors")


def _record(found: Entry | ParsedPage, first: Sequence[str]) -> Json:
    """The fields that say something, the telling ones first, so that a person can compare them with the page."""
    names = [*first, *(field.name for field in fields(found) if field.name not in first)]
    told = {name: _plain(getattr(found, name)) for name in names}
    return {
        name: value
        for name, value in told.items()
        if value not in (None, [], {}) and (name, value) != ("published_precision", "instant")
    }


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, tuple) else value


def _told_reading(reading: Reading) -> Json:
    selectors = (
        {name: css for name, css in asdict(reading.selectors).items() if css} if reading.selectors else None
    )
    told: Json = {
        "source": reading.source,
        "url": reading.url,
        "kind": reading.kind,
        "parser": reading.parser,
        "selectors": selectors,
        "content_type": reading.content_type,
        "fetched_at": reading.fetched_at.astimezone(UTC).isoformat(timespec="seconds"),
    }
    return {name: value for name, value in told.items() if value}


# --- comparing ---------------------------------------------------------------------------------------------------


def _differences(told: Json, got: Json) -> Iterator[Difference]:
    if told.get("error") != got.get("error"):
        yield Difference(0, "", "error", told.get("error"), got.get("error"))
    expected, found = told.get("entries", []), got["entries"]
    partner = _partners(expected, found)
    for number, entry in enumerate(expected):
        if number in partner:
            yield from _fields_of(number + 1, entry, found[partner[number]])
        else:
            yield Difference(number + 1, str(entry.get("title", "")), "", entry, None)
    for number in sorted(set(range(len(found))) - set(partner.values())):
        yield Difference(number + 1, str(found[number].get("title", "")), "", None, found[number])
    if (order := [partner[number] for number in sorted(partner)]) != sorted(order):
        yield Difference(0, "", "order", "as written", [position + 1 for position in order])


def _partners(expected: Sequence[Json], found: Sequence[Json]) -> dict[int, int]:
    """Which found entry is which expected one: the same address, else id, else headline, each once and in order."""
    partner: dict[int, int] = {}
    taken: set[int] = set()
    for name in ("url", "canonical_url", "id", "title"):
        free: dict[str, list[int]] = {}
        for number, entry in enumerate(found):
            if number not in taken and entry.get(name):
                free.setdefault(entry[name], []).append(number)
        for number, entry in enumerate(expected):
            same = free.get(entry.get(name) or "") if isinstance(entry.get(name), str) else None
            if number not in partner and same:
                partner[number] = same.pop(0)
                taken.add(partner[number])
    if not partner and len(expected) == len(found) == 1:
        return {0: 0}  # an article's page
    return partner


def _fields_of(number: int, expected: Json, got: Json) -> Iterator[Difference]:
    for name in [*expected, *(name for name in got if name not in expected)]:
        if expected.get(name) != got.get(name):
            title = str(expected.get("title") or got.get("title") or "")
            yield Difference(number, title, name, expected.get(name), got.get(name))


def describe(difference: Difference) -> str:
    """One line: the entry, the field, what was expected and what was read."""
    where = f"{difference.entry} {_shown(difference.title)}: " if difference.entry else ""
    if not difference.field:
        return f"{where}{'missing' if difference.got is None else 'new'}"
    expected, got = _apart(difference.expected, difference.got)
    return f"{where}{difference.field}: expected {expected}, got {got}"


_LONGEST = 80  # characters shown of a value


def _apart(one: Any, other: Any) -> tuple[str, str]:
    """Both values, of long ones what stands around the first place where they differ."""
    if isinstance(one, str) and isinstance(other, str) and max(len(one), len(other)) > _LONGEST:
        same = next((at for at, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), 0)
        start = max(0, (same or min(len(one), len(other))) - _LONGEST // 4)
        return _shown(one[start:], cut=start > 0), _shown(other[start:], cut=start > 0)
    return _shown(one), _shown(other)


def _shown(value: Any, *, cut: bool = False) -> str:
    if value is None:
        return "nothing"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    shortened = text[: _LONGEST - 1] + "…" if len(text) > _LONGEST else text
    return f'"{"…" if cut else ""}{shortened}"' if isinstance(value, str) else shortened


# --- files -------------------------------------------------------------------------------------------------------


def _encoded(told: Json) -> bytes:
    # A lone surrogate, which UTF-8 does not have, becomes the escape that JSON has for it.
    text = json.dumps(told, ensure_ascii=False, indent=2) + "\n"
    return text.encode("utf-8", "backslashreplace")


def _write(path: Path, data: bytes) -> None:
    """Beside the file and renamed over it: the old one or the new one, never half of it."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(data)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise AggregatorError(f"{path} cannot be written: {error.strerror}") from error
