"""Configuration files -> one tree in which every value knows the file, the line and the key it came from.

Reads the main file, the files it includes and the local.toml beside it, and lays them over each other. What the keys
mean is nothing to this module; see sections.py.
"""

import glob
import hashlib
import os
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aggregator.config.lines import KeyPath, key_lines
from aggregator.errors import Problem

LOCAL = "local.toml"
LISTS = ("sources", "topics")
"""The arrays of tables: what an included file may hold, and what is laid over by id rather than replaced."""


@dataclass(frozen=True, slots=True)
class Located:
    """A TOML value and where it stands. Tables are dict[str, Located], arrays list[Located], the rest is tomllib's."""

    value: Any = field(repr=False)  # may hold a password
    path: Path
    line: int | None
    key: str  # dotted, with positions: "sources[3].feeds[0].interval"

    def problem(self, message: str) -> Problem:
        return Problem(self.path, self.line, self.key, message)

    @property
    def place(self) -> str:
        return f"{self.path}:{self.line}" if self.line else str(self.path)


@dataclass(frozen=True, slots=True)
class Tree:
    """Everything that was read."""

    root: Located
    files: tuple[Path, ...]
    digest: str  # sha256 over the contents of all files
    problems: tuple[Problem, ...]
    complete: bool  # False: a file could not be read


def read_tree(path: Path) -> Tree:
    """The main file with what it includes and what local.toml beside it says differently.

    A file that cannot be read or parsed is a problem of the tree and otherwise as if it were empty.
    """
    reading = _Reading()
    root = reading.table(path)
    if reading.complete:  # nothing can be said about what lies over a main file that cannot be read
        reading.lay_over(root)
    return Tree(
        root, tuple(reading.files), reading.digest.hexdigest(), tuple(reading.problems), reading.complete
    )


class _Reading:
    def __init__(self) -> None:
        self.files: list[Path] = []
        self.problems: list[Problem] = []
        self.digest = hashlib.sha256()
        self.complete = True

    def lay_over(self, root: Located) -> None:
        """Add the included files to the main file's tree, then lay local.toml over it."""
        for included in self._included(root):
            _add_lists(root, self.table(included), self.problems)
        local = root.path.with_name(LOCAL)
        if root.path.name != LOCAL and local.exists():
            _overlay(root, self.table(local))

    def table(self, path: Path) -> Located:
        """A file's content; an empty table, and a problem, when it has none that can be read."""
        try:
            data = path.read_bytes()
        except OSError as error:
            return self._unread(Problem(path, None, "", _unreadable(path, error)))
        self.files.append(path)
        self.digest.update(
            b"%d\n" % len(data) + data
        )  # the length keeps one file's end from being another's start
        try:
            text = data.decode("utf-8-sig")
            return _located(tomllib.loads(text), path, key_lines(text))
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            return self._unread(
                Problem(path, line, "", "is not UTF-8 here; save the file as UTF-8, as TOML requires")
            )
        except tomllib.TOMLDecodeError as error:
            return self._unread(_syntax_problem(path, text, error))
        except ValueError as error:  # an integer of more digits than Python converts
            return self._unread(Problem(path, None, "", f"is not valid TOML: {error}"))
        except RecursionError:
            return self._unread(Problem(path, None, "", "is nested too deeply to be read"))

    def _unread(self, problem: Problem) -> Located:
        self.problems.append(problem)
        self.complete = False
        return Located({}, problem.path, None, "")

    def _included(self, root: Located) -> Iterator[Path]:
        """The files that `include` names, sorted by name within each pattern, each once."""
        patterns = root.value.pop("include", None)
        if patterns is None:
            return
        if not _is_list_of(patterns, str):
            self.problems.append(
                patterns.problem('expected an array of file patterns, as ["sources.d/*.toml"]')
            )
            return
        seen = {os.path.realpath(root.path), os.path.realpath(root.path.with_name(LOCAL))}
        for pattern in patterns.value:
            # Not Path.glob, which would also read the hidden files that editors leave behind.
            found = sorted(glob.glob(pattern.value, root_dir=root.path.parent, recursive=True))  # noqa: PTH207
            if not found and not glob.has_magic(pattern.value):
                self.problems.append(
                    pattern.problem(f"there is no file {pattern.value!r} beside {root.path.name}")
                )
            for name in found:
                path = root.path.parent / name
                if os.path.realpath(path) not in seen:
                    seen.add(os.path.realpath(path))
                    yield path


def _located(document: dict[str, Any], path: Path, lines: dict[KeyPath, int]) -> Located:
    def locate(value: Any, at: KeyPath) -> Located:
        if isinstance(value, dict):
            value = {name: locate(child, (*at, name)) for name, child in value.items()}
        elif isinstance(value, list):
            value = [locate(child, (*at, position)) for position, child in enumerate(value)]
        return Located(value, path, lines.get(at), _dotted(at))

    return locate(document, ())


def _dotted(at: KeyPath) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in at).removeprefix(".")


def _unreadable(path: Path, error: OSError) -> str:
    if path.is_dir():
        inside = path / "sources.toml"
        hint = f"; did you mean {inside}?" if inside.is_file() else ""
        return f"is a folder; a configuration file was expected{hint}"
    if isinstance(error, FileNotFoundError):
        return f"there is no such file; `aggregator init {path.parent}` makes a folder with one to start from"
    return f"cannot be read: {error.strerror or type(error).__name__}"


def _syntax_problem(path: Path, text: str, error: tomllib.TOMLDecodeError) -> Problem:
    """tomllib says where in its message only: "... (at line 3, column 5)" or "... (at end of document)"."""
    message = str(error)
    place = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", message)
    if place is None:
        return Problem(path, None, "", f"is not valid TOML: {message}")
    line = int(place[1]) if place[1] else text.count("\n") + (not text.endswith("\n"))
    column = f" at column {place[2]}" if place[2] else " at the end of the file"
    return Problem(path, max(line, 1), "", f"is not valid TOML{column}: {message[: place.start()]}")


def _is_list_of(node: Located, kind: type) -> bool:
    return isinstance(node.value, list) and all(isinstance(element.value, kind) for element in node.value)


def _add_lists(root: Located, included: Located, problems: list[Problem]) -> None:
    for name, node in included.value.items():
        if name not in LISTS:
            problems.append(
                node.problem(
                    "an included file holds [[sources]] and [[topics]] only; move this to the main file"
                )
            )
        elif name in root.value and _is_list_of(root.value[name], dict) and _is_list_of(node, dict):
            root.value[name].value.extend(node.value)
        else:
            root.value.setdefault(name, node)
            if root.value[name] is not node:
                problems.append(node.problem(f"expected [[{name}]] tables here and in the main file"))


def _overlay(root: Located, local: Located) -> None:
    """Sections key by key, sources and topics by id; everything else is replaced."""
    for name, node in local.value.items():
        below = root.value.get(name)
        if below is None or type(below.value) is not type(node.value):
            root.value[name] = node
        elif name in LISTS and _is_list_of(below, dict) and _is_list_of(node, dict):
            _overlay_by_id(below.value, node.value)
        elif isinstance(node.value, dict):
            below.value.update(node.value)
        else:
            root.value[name] = node


def _overlay_by_id(below: list[Located], over: Iterable[Located]) -> None:
    """A table with a known id changes keys of that table; a second one with the same id stays, to be reported."""
    by_id = {_id_of(table): table for table in reversed(below)}
    for table in over:
        known = by_id.pop(_id_of(table), None)
        if known is None:
            below.append(table)
        else:
            known.value.update(table.value)


def _id_of(table: Located) -> Any:
    node = table.value.get("id")
    return node.value if node is not None and isinstance(node.value, str) else object()
