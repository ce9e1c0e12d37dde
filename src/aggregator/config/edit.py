"""The configuration's text -> the same text with an outlet added or paused; every other byte stays as it was.

Text is put in between lines, found by where the keys stand: a TOML library that writes whole documents moves tables that
are not in one piece and loses CRLF. What comes out is read again before it is written, and written whole or not at all.
"""

import contextlib
import difflib
import fnmatch
import glob
import os
import re
import tempfile
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from aggregator.config import Config, load, values
from aggregator.config.files import LOCAL
from aggregator.config.lines import key_lines
from aggregator.errors import ConfigError, Problem
from aggregator.model import Feed, Source

_PAUSED = re.compile(r"""(\s*(?:paused|"paused"|'paused')\s*=\s*)(?:true|false)""")


class Draft:
    """Files as they are to be. Nothing is written before `write`."""

    def __init__(self) -> None:
        self._before: dict[Path, bytes | None] = {}  # None: there is no such file yet
        self._texts: dict[Path, str] = {}

    def add_sources(self, path: Path, toml: str) -> None:
        """Put [[sources]] tables, as TOML text, behind the last source of a file; the file may not exist yet.

        Raises:
            ConfigError: the file cannot be read, or holds its sources in another form than [[sources]] tables.
        """
        text = self._text(path)
        lines = text.splitlines(keepends=True)
        count = len(_tables(text, "sources"))
        at = _block_end(lines, ("sources", count - 1)) if count else len(lines)
        text = _inserted(lines, at, ("\n" if at else "") + toml)
        self._change(path, text, f"add the sources by hand:\n{toml}", count + len(_tables(toml, "sources")))

    def add_feeds(self, path: Path, source_id: str, feeds: Iterable[Feed]) -> None:
        """Put [[sources.feeds]] tables behind the last feed of a source that stands in this file.

        Raises:
            ConfigError: as add_sources.
        """
        text, toml = self._text(path), "".join(map(feed_toml, feeds))
        tables = _tables(text, "sources")
        position = _position(tables, source_id)
        assert position is not None, "the caller found the source in this file"
        lines = text.splitlines(keepends=True)
        text = _inserted(lines, _block_end(lines, ("sources", position)), toml)
        self._change(path, text, f"add the feeds to {source_id!r} by hand:\n{toml}", len(tables))

    def set_paused(self, config: Config, source_id: str, paused: bool) -> Path:
        """Write `paused` where it counts for a source: in local.toml when that says it or has the source alone.

        Returns:
            The file that is changed.

        Raises:
            ConfigError: the source is written in a form that is not understood here.
        """
        path, position = self._place(config.files, source_id)
        text = self._text(path)
        lines = text.splitlines(keepends=True)
        at = key_lines(text)
        found = at.get(("sources", position, "paused"))
        word = "true" if paused else "false"
        if found is not None:
            lines[found - 1] = _PAUSED.sub(rf"\g<1>{word}", lines[found - 1], count=1)
            changed = "".join(lines)
        else:
            end = _statement_end(lines, at[("sources", position, "id")])
            changed = _inserted(lines, end, f"paused = {word}\n")
        key = f"write paused = {word} there by hand"
        self._change(path, changed, key, len(_tables(text, "sources")))
        if _tables(changed, "sources")[position] != {
            **_tables(text, "sources")[position],
            "paused": paused,
        }:
            raise ConfigError([Problem(path, at[("sources", position)], f"sources[{position}]", key)])
        return path

    def diff(self) -> str:
        """What would change, as a unified diff without surrounding lines: those may hold secrets."""
        return "".join(
            line if line.endswith("\n") else f"{line}\n"
            for path, text in self._texts.items()
            for line in difflib.unified_diff(
                (self._before[path] or b"").decode("utf-8-sig").splitlines(keepends=True),
                text.splitlines(keepends=True),
                str(path),
                str(path),
                n=0,
            )
        )

    def added(self) -> str:
        """The lines that would be added, for a dry run."""
        return "".join(
            line[1:] for line in self.diff().splitlines(keepends=True) if line[0] == "+" and line[:3] != "+++"
        )

    def write(self, main: Path, *, environ: Mapping[str, str]) -> Config:
        """Write all files and load the configuration again.

        Raises:
            ConfigError: a file cannot be written, was changed by somebody else meanwhile, or the result has a mistake.
                All files are then as they were.
        """
        written: list[Path] = []
        try:
            for path, text in self._texts.items():
                if _read(path) != self._before[path]:
                    raise ConfigError(
                        [Problem(path, None, "", "was changed meanwhile; nothing is written, try again")]
                    )
                mark = b"\xef\xbb\xbf" if (self._before[path] or b"").startswith(b"\xef\xbb\xbf") else b""
                written.append(path)
                _replace(path, mark + text.encode())
            return load(main, environ=environ)
        except BaseException:
            for path in written:
                self._restore(path)
            raise

    def _restore(self, path: Path) -> None:
        before = self._before[path]
        if before is None:
            path.unlink(missing_ok=True)
        else:
            _replace(path, before)

    def _text(self, path: Path) -> str:
        if path not in self._texts:
            self._before[path] = data = _read(path)
            try:
                return (data or b"").decode("utf-8-sig")
            except UnicodeDecodeError:
                raise ConfigError(
                    [Problem(path, None, "", "is not UTF-8; save the file as UTF-8, as TOML requires")]
                ) from None
        return self._texts[path]

    def _change(self, path: Path, text: str, by_hand: str, sources: int) -> None:
        """Keep the new text, unless it is not what was meant: then say what a person can write instead."""
        try:
            understood = len(_tables(text, "sources")) == sources
        except tomllib.TOMLDecodeError:
            understood = False
        if not understood:
            raise ConfigError(
                [
                    Problem(
                        path,
                        None,
                        "sources",
                        f"is written in a form that is not changed here; expected [[sources]] tables. {by_hand}",
                    )
                ]
            )
        self._texts[path] = text

    def _place(self, files: Sequence[Path], source_id: str) -> tuple[Path, int]:
        """The file, and the position in it, whose `paused` decides."""
        found: list[tuple[Path, int, bool]] = []
        for path in files:
            tables = _tables(self._text(path), "sources")
            position = _position(tables, source_id)
            if position is not None:
                found.append((path, position, "paused" in tables[position]))
        assert found, "the configuration knows the source"
        path, position, decides = found[-1]
        if path.name != LOCAL or decides or len(found) == 1:
            return path, position
        return found[0][:2]


def source_toml(source: Source) -> str:
    """A [[sources]] table with its feeds, as an editor would write it: defaults are left out."""
    keys = {"id": source.id, "name": source.name, "url": source.url, "language": source.language}
    lines = [f"{key} = {_string(value)}\n" for key, value in keys.items() if value]
    return "[[sources]]\n" + "".join(lines) + "".join(map(feed_toml, source.feeds))


def feed_toml(feed: Feed) -> str:
    """A [[sources.feeds]] table."""
    kind = f"kind = {_string(feed.kind)}\n" if feed.kind != "feed" else ""
    return f"[[sources.feeds]]\nurl = {_string(feed.url)}\n{kind}"


def where_source(config: Config, source_id: str) -> Path:
    """The file in which the source stands first."""
    for path in config.files:
        if _position(_tables((_read(path) or b"").decode("utf-8-sig"), "sources"), source_id) is not None:
            return path
    raise AssertionError("the configuration knows the source")


def where_feed(config: Config, url: str) -> Problem | None:
    """The place of the feed with this address, said as what stands against adding it; None when there is none."""
    wanted = values.same_address(url)
    for source in config.sources:
        for feed in source.feeds:
            if values.same_address(feed.url) == wanted:
                return _place_of(config, source, feed)
    return None


def included_file(config: Config, name: str) -> Path | None:
    """Where a new file of this name is read by the main file's `include`; None when no pattern of it covers one."""
    patterns: list[str] = tomllib.loads(config.path.read_text(encoding="utf-8-sig")).get("include", [])
    for pattern in patterns:
        folder, _, base = pattern.rpartition("/")
        if not glob.has_magic(folder) and glob.has_magic(base) and fnmatch.fnmatchcase(name, base):
            return config.path.parent / folder / name
    return None


def _place_of(config: Config, source: Source, feed: Feed) -> Problem:
    message = f"{feed.url} is a feed of {source.id!r} already; nothing is written"
    for path in config.files:
        text = (_read(path) or b"").decode("utf-8-sig")
        for number, table in enumerate(_tables(text, "sources")):
            for position, written in enumerate(table.get("feeds", ())):
                if written.get("url", "").strip() == feed.url:
                    line = key_lines(text).get(("sources", number, "feeds", position))
                    return Problem(path, line, f"sources[{number}].feeds[{position}]", message)
    return Problem(config.path, None, "", message)


def _tables(text: str, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tomllib.loads(text).get(name, [])
    return found


def _position(tables: Sequence[Mapping[str, Any]], source_id: str) -> int | None:
    return next((at for at, table in enumerate(tables) if table.get("id", "").strip() == source_id), None)


def _block_end(lines: Sequence[str], path: tuple[str | int, ...]) -> int:
    """How many lines there are up to the end of a table's last value; comments behind it belong to what follows."""
    at = key_lines("".join(lines))
    return _statement_end(lines, max(line for key, line in at.items() if key[: len(path)] == path))


def _statement_end(lines: Sequence[str], line: int) -> int:
    """The line on which the value that begins on this one ends: the first up to which the text is TOML."""
    for end in range(line, len(lines)):
        with contextlib.suppress(tomllib.TOMLDecodeError):
            tomllib.loads("".join(lines[:end]))
            return end
    return len(lines)


def _inserted(lines: Sequence[str], at: int, toml: str) -> str:
    """The text with more in it after `at` lines, in the file's own line ends."""
    head, tail = "".join(lines[:at]), "".join(lines[at:])
    end = "\r\n" if "\r\n" in head else "\n"
    if head and not head.endswith("\n"):
        head += end
    return head + toml.replace("\n", end) + tail


def _string(text: str) -> str:
    import tomlkit

    return tomlkit.item(text).as_string()


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError([Problem(path, None, "", f"cannot be read: {error.strerror}")]) from error


def _replace(path: Path, data: bytes) -> None:
    """Write beside the file and rename over it: a crash leaves the old one or the new one. Links stay links."""
    target = Path(os.path.realpath(path))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        mode = target.stat().st_mode & 0o7777 if target.exists() else 0o666 & ~_umask()
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        try:
            with os.fdopen(handle, "wb") as new:
                new.write(data)
                new.flush()
                os.fsync(new.fileno())
            temporary = Path(name)
            temporary.chmod(mode)
            temporary.replace(target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ConfigError([Problem(path, None, "", f"cannot be written: {error.strerror}")]) from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
