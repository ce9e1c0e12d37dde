"""A document read by a function of its own: an outlet's (outlets/), or that of a file which the configuration names.

What such a function does is believed no more than a page is: what it raises is its feed's ParseError, with the place, and
what it returns is looked at field by field.
"""

import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, timezone
from difflib import get_close_matches
from itertools import islice
from typing import Any, get_args

from aggregator.errors import FeedError, ParseError
from aggregator.model import Document, Entry, Feed, ParsedFeed, Precision
from aggregator.parse.hazards import storable

Parser = Callable[[Document], Iterable[Entry | Mapping[str, Any]]]
"""parse(document): entries, or dicts of an Entry's fields, in the document's order. Addresses may be relative."""

NO_PARSERS: Mapping[str, Parser] = {}

MAX_ENTRIES = 50_000  # as many as a sitemap may hold; a generator without an end stops here


@dataclass(frozen=True, slots=True)
class OwnParser:
    """A function that reads documents of certain feeds, and what it is called."""

    name: str  # "outlets/cnn.py", or the file as the configuration names it
    parse: Parser
    file: str = ""  # absolute; "": the program's own


def own_parser(feed: Feed, files: Mapping[str, OwnParser], outlets: Mapping[str, Parser]) -> OwnParser | None:
    """Who reads a feed's documents: the file its `parser` names, else, for a listing without selectors, its outlet's own.

    Args:
        files: what `parser` names -> the function in it.
        outlets: source id -> its function.
    """
    if feed.parser:
        return files[feed.parser]
    if feed.kind != "listing" or (feed.selectors is not None and feed.selectors.item):
        return None
    return outlet_parser(feed.source_id, outlets)


def outlet_parser(source_id: str, outlets: Mapping[str, Parser]) -> OwnParser | None:
    parse = outlets.get(source_id)
    return OwnParser(f"outlets/{source_id.replace('-', '_')}.py", parse) if parse is not None else None


def read_own(document: Document, feed: Feed, own: OwnParser) -> ParsedFeed:
    """The entries that a parser of its own finds.

    Raises:
        ParseError: it raised something, returned something else than entries, or found none where an empty document is how
            a changed page looks (everything but kind = "feed").
    """
    try:
        found = own.parse(document)
        _refuse_other(found, document, own)
        returned = list(islice(found, MAX_ENTRIES + 1))
    except FeedError:
        raise
    except (Exception, SystemExit) as error:
        raise ParseError(document.url, f"{_place(error, own)}: {_said(error)}") from error
    if len(returned) > MAX_ENTRIES:
        raise ParseError(document.url, f"{own.name} returned more than {MAX_ENTRIES:,} entries")
    entries = tuple(_entry(value, number, document, own) for number, value in enumerate(returned, 1))
    if not entries and feed.kind != "feed":
        raise ParseError(document.url, f"{own.name} found no article")
    return ParsedFeed(
        title=None,
        home_url=document.url if feed.kind == "listing" else None,
        language=None,
        ttl=None,
        updated=None,
        entries=entries,
        parser=own.name,
    )


# --- what it raised ----------------------------------------------------------------------------------------------


def _place(error: BaseException, own: OwnParser) -> str:
    """The file and the line, in the parser's own file as far as the error passed through it."""
    frames = traceback.extract_tb(error.__traceback__)
    inside = [frame for frame in frames if frame.filename == own.file] or frames
    return f"{own.name}:{inside[-1].lineno}" if own.file else f"{own.name} ({inside[-1].name})"


def _said(error: BaseException) -> str:
    try:
        text = storable(str(error))[:500]
    except Exception:  # an exception's own __str__
        text = ""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


# --- what it returned --------------------------------------------------------------------------------------------

_TIMES = ("published", "updated")
_LISTS = ("authors", "categories", "enclosures")
_ADDRESSES = ("url", "image", "source_url")
_NAMES = tuple(field.name for field in fields(Entry))
_PRECISIONS = get_args(Precision)


def _refuse_other(found: Any, document: Document, own: OwnParser) -> None:
    if isinstance(found, str | bytes | Mapping | Entry) or not isinstance(found, Iterable):
        raise ParseError(
            document.url, f"{own.name}: parse(document) returned {_shown(found)}; expected a list of entries"
        )


def _entry(value: Any, number: int, document: Document, own: OwnParser) -> Entry:
    """An Entry of plain values: a text that drags a whole page behind it (as Beautiful Soup's do) becomes a str."""
    where = f"{own.name}: entry {number}"
    try:
        if isinstance(value, Entry):
            given: Mapping[str, Any] = {name: getattr(value, name) for name in _NAMES}
        elif isinstance(value, Mapping):
            given = value
        else:
            raise ParseError(document.url, f"{where} is {_shown(value)}; expected an Entry or a dict")
        entry = Entry(**{_known(name): _plain(name, field) for name, field in given.items()})
    except ParseError:
        raise
    except _NotOne as error:
        raise ParseError(document.url, f"{where}: {error}") from error
    except Exception as error:  # a mapping or a text of a class of its own may raise whatever it likes
        raise ParseError(document.url, f"{where}: {_said(error)}") from error
    # Here, with the dates behind it: a configuration is read without them.
    from aggregator.parse.fields import resolve

    addresses: Any = {name: resolve(document.url, getattr(entry, name)) for name in _ADDRESSES}
    return replace(entry, **addresses)


class _NotOne(Exception):
    """Why a value is no field of an Entry."""


def _known(name: Any) -> str:
    if name in _NAMES:
        return str(name)
    near = get_close_matches(str(name), _NAMES, n=1) or [", ".join(_NAMES)]
    raise _NotOne(f"has no field {name!r}; did you mean {near[0]}?")


def _plain(name: str, value: Any) -> Any:
    if name in _TIMES:
        return _time(name, value)
    if name in _LISTS:
        if not isinstance(value, list | tuple) or not all(isinstance(text, str) for text in value):
            raise _NotOne(f"{name} is {_shown(value)}; expected a list of texts")
        return tuple(storable(str.__str__(text)) for text in value)
    if name == "published_precision":
        if value not in _PRECISIONS:
            raise _NotOne(f"{name} is {_shown(value)}; expected {' or '.join(map(repr, _PRECISIONS))}")
        return value
    if value is not None and not isinstance(value, str):
        raise _NotOne(f"{name} is {_shown(value)}; expected a text or None")
    return None if value is None else storable(str.__str__(value))


def _time(name: str, value: Any) -> datetime | None:
    """A plain datetime with a fixed offset; years as the feeds' dates have them, so that every conversion stays possible."""
    if value is None:
        return None
    if not isinstance(value, datetime):
        raise _NotOne(f"{name} is {_shown(value)}; expected a datetime or None")
    if not 1000 <= value.year <= 9998:
        raise _NotOne(f"{name} is of the year {value.year}")
    try:
        offset = value.utcoffset()
    except Exception as error:
        raise _NotOne(f"{name} has a time zone that fails: {_said(error)}") from error
    parts = (value.year, value.month, value.day, value.hour, value.minute, value.second, value.microsecond)
    return datetime(*parts, tzinfo=None if offset is None else timezone(offset))


def _shown(value: Any) -> str:
    """The type and, of what is short enough to be told, the value."""
    if value is None:
        return "None"
    try:
        text = repr(value) if isinstance(value, str | bytes | int | float) else ""
    except Exception:  # an integer of more than 4,300 digits; a repr of its own
        text = ""
    return f"{type(value).__name__} {text[:60]}".strip()
