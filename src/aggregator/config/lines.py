"""TOML text -> on which line each key stands, which tomllib does not tell.

Knows just enough TOML to walk over values; tomllib has accepted the text before, so nothing is judged here.
"""

import re
import tomllib
from bisect import bisect_left

KeyPath = tuple[str | int, ...]
"""("sources", 3, "feeds", 0, "interval"): names of keys, and positions in arrays (of tables or of values)."""

# What separates values inside brackets, and statements outside; commas are let through because nothing is judged.
_BLANK = re.compile(r"(?:[\s,]+|#[^\n]*)*+")
_SPACE = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[^\s.=\]\"'#]+")
# Up to two quotes may stand before the closing three of a multi-line string and belong to it (TOML 1.0, "String").
_STRING = re.compile(
    r'''"""(?:[^"\\]+|\\.|"{1,2}(?!"))*+"{3,5}'''
    r"""|'''(?:[^']+|'{1,2}(?!'))*+'{3,5}"""
    r'|"(?:[^"\\\n]|\\.)*+"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}#\n]*")  # numbers, booleans and times hold none of these


def key_lines(text: str) -> dict[KeyPath, int]:
    """The 1-based line of every key and of every array element, of their first mention.

    A table that is only implied (`a` in `[a.b]`) has the line of the header that implies it; elements of an array of
    tables have the line of their `[[header]]`.

    Args:
        text: a document that tomllib accepts.
    """
    return _Walk(text).lines


class _Walk:
    def __init__(self, text: str) -> None:
        self.lines: dict[KeyPath, int] = {}
        self._text = text
        self._at = 0
        self._ends = [match.start() for match in re.finditer("\n", text)]
        self._counts: dict[KeyPath, int] = {}  # elements so far of each array of tables
        self._document()

    def _document(self) -> None:
        table: KeyPath = ()
        self._skip(_BLANK)
        while self._at < len(self._text):
            if self._text[self._at] == "[":
                table = self._header()
            else:
                self._value(self._key(table, "="))
            self._skip(_BLANK)

    def _header(self) -> KeyPath:
        """`[a.b]` or `[[a.b]]`: the path that the following keys belong to."""
        is_array = self._text.startswith("[[", self._at)
        self._at += 2 if is_array else 1
        line = self._line()
        names = self._names("]")
        self._at += 1 if is_array else 0
        path: KeyPath = ()
        for name in names[:-1]:
            path = self._last_element((*path, name))
            self._note(path, line)
        path = (*path, names[-1])
        if is_array:
            self._note(path, line)
            self._counts[path] = self._counts.get(path, 0) + 1
        path = self._last_element(path)
        self._note(path, line)
        return path

    def _last_element(self, path: KeyPath) -> KeyPath:
        """Through an array of tables a header means its last element so far (TOML 1.0, "Array of Tables")."""
        count = self._counts.get(path)
        return path if count is None else (*path, count - 1)

    def _key(self, table: KeyPath, end: str) -> KeyPath:
        line = self._line()
        for name in self._names(end):
            table = (*table, name)
            self._note(table, line)
        return table

    def _names(self, end: str) -> list[str]:
        """A dotted key up to and including the character that ends it."""
        names = []
        while True:
            self._skip(_SPACE)
            quoted = self._text[self._at] in "\"'"
            written = self._skip(_STRING if quoted else _BARE_KEY)
            names.append(tomllib.loads(f"key = {written}")["key"] if quoted else written)
            self._skip(_SPACE)
            self._at += 1
            if self._text[self._at - 1] == end:
                return names

    def _value(self, path: KeyPath) -> None:
        """One value, however deeply nested: without recursion, so that depth is no limit of ours."""
        opened: list[tuple[KeyPath, bool]] = []  # brackets that are open: (path, is it an array)
        taken: list[int] = []  # elements so far of each of them
        while True:
            self._skip(_SPACE)
            if self._text[self._at] in "[{":
                opened.append((path, self._text[self._at] == "["))
                taken.append(0)
                self._at += 1
            elif self._text[self._at] in "\"'":
                self._skip(_STRING)
            else:
                self._skip(_SCALAR)
            if opened:
                self._skip(_BLANK)
            while opened and self._text[self._at] in "]}":
                opened.pop()
                taken.pop()
                self._at += 1
                if opened:
                    self._skip(_BLANK)
            if not opened:
                return
            path, is_array = opened[-1]
            if is_array:
                path = (*path, taken[-1])
                taken[-1] += 1
                self._note(path, self._line())
            else:
                path = self._key(path, "=")

    def _skip(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        assert match is not None, "tomllib accepted the text"
        self._at = match.end()
        return match.group()

    def _line(self) -> int:
        return bisect_left(self._ends, self._at) + 1

    def _note(self, path: KeyPath, line: int) -> None:
        self.lines.setdefault(path, line)
