"""A Python file that `parser` names -> the function in it. Run once for a configuration, however many feeds name it."""

import hashlib
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from aggregator.config import values
from aggregator.parse.own import OwnParser, Parser

MAX_BYTES = 1 << 20  # of a file; one that goes on behind it is no parser
EXAMPLE = "def parse(document): ..., which returns a list of entries"


class ParserFiles:
    """The parsers of one configuration, by what `parser` says: a path relative to the configuration's folder."""

    def __init__(self, folder: Path) -> None:
        self.found: dict[str, OwnParser] = {}
        self._folder = folder

    def read(self, written: str) -> str:
        """What was written, its function being in `found` from then on.

        Raises:
            ValueError: it cannot be used, and why.
        """
        if written not in self.found:
            self.found[written] = load_parser(written, self._folder)
        return written


def load_parser(written: str, folder: Path) -> OwnParser:
    """The function `parse` of a file.

    Args:
        written: its path; relative to `folder`, or absolute.

    Raises:
        ValueError: there is no such file, it is no Python, it fails when it is run, or has no such function.
    """
    file = values.absolute_path(written, folder)
    try:
        with open(file, "rb") as opened:  # noqa: PTH123, which raises where this answers
            source = opened.read(MAX_BYTES)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ValueError(f"{file} cannot be read: {reason}; expected a Python file with {EXAMPLE}") from error
    return OwnParser(written, _function(_run(source, file), file), file)


def _run(source: bytes, file: str) -> ModuleType:
    try:
        code = compile(source, file, "exec", dont_inherit=True)
    except SyntaxError as error:
        raise ValueError(f"{file}:{error.lineno or 1}: is not Python: {error.msg}") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise ValueError(f"{file}: is not Python: {error}") from error
    module = ModuleType(f"aggregator_parser_{hashlib.sha256(file.encode()).hexdigest()[:12]}")
    module.__file__ = file
    sys.modules[module.__name__] = module  # dataclasses and pickles in it look themselves up there
    try:
        exec(code, module.__dict__)  # noqa: S102  # the editor's own file, named in the editor's own configuration
    except (Exception, SystemExit) as error:
        raise ValueError(f"{file}:{_line(error, file)}: {type(error).__name__}: {error}") from error
    return module


def _line(error: BaseException, file: str) -> int:
    """Where in the file it went wrong, however deep below it was raised."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return (lines[-1] if lines else None) or 1


def _function(module: ModuleType, file: str) -> Parser:
    found: Callable[..., Any] | None = getattr(module, "parse", None)
    if not callable(found):
        what = "has no function parse" if found is None else "has a parse that is no function"
        raise ValueError(f"{file} {what}; expected {EXAMPLE}")
    return found
