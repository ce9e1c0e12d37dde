"""Outlets whose section page needs a parser of its own: parse(document) in a file of about twenty lines each.

They read the `kind = "listing"` feeds of their source, where the configuration gives neither selectors nor `parser`. A page
that has changed is a ParseError that says what was expected. The edges hand PARSERS in; no step imports this package.
"""

from collections.abc import Mapping, Sequence
from importlib import import_module

from aggregator.model import Document, Entry
from aggregator.parse.own import Parser


def _read_by(module: str) -> Parser:
    """The module's parse, imported with the first document: starting the program costs nothing more."""

    def parse(document: Document) -> Sequence[Entry]:
        entries: Sequence[Entry] = import_module(f"{__name__}.{module}").parse(document)
        return entries

    return parse


PARSERS: Mapping[str, Parser] = {
    "bbc": _read_by("bbc"),
    "cnn": _read_by("cnn"),
    "ukrainska-pravda": _read_by("ukrainska_pravda"),
}
"""Source id -> its parser, by id; the module has the same name, with _ for -."""
