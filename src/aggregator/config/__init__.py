"""sources.toml -> Config; every mistake at once, each with file, line, key and the nearest valid name.

lines.py      TOML text -> on which line each key stands
files.py      files, includes and local.toml -> one tree whose values know where they stand
values.py     one value -> what it means
parsers.py    a Python file that `parser` names -> its function
sections.py   the tree -> settings, sources, topics

Secrets come from the environment (`${NAME}`) and appear in no message and no repr.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

from aggregator.config.files import read_tree
from aggregator.config.sections import Sections
from aggregator.config.values import database_url, parse_duration, parse_size
from aggregator.errors import ConfigError, Problem, UnknownName
from aggregator.model import Feed, Source, Topic
from aggregator.parse.own import OwnParser
from aggregator.settings import (
    DisplaySettings,
    FetchSettings,
    RelateSettings,
    ScheduleSettings,
    StoreSettings,
)

__all__ = ["Config", "database_url", "load", "parse_duration", "parse_size"]

Named = TypeVar("Named", Source, Topic)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What the editors wrote down, checked."""

    path: Path  # of the main file
    files: tuple[Path, ...]  # all that were read, the main one first
    store: StoreSettings = field(repr=False)  # the database's URL may hold a password
    fetch: FetchSettings
    schedule: ScheduleSettings
    display: DisplaySettings
    relate: RelateSettings
    sources: tuple[Source, ...]
    topics: tuple[Topic, ...]
    digest: str  # sha256 over the contents of all files: equal means that nothing changed
    warnings: tuple[Problem, ...]
    parsers: Mapping[str, OwnParser] = field(default_factory=dict)  # what `parser` names -> its function

    def feeds(self) -> Iterator[Feed]:
        """All feeds, in the order of the files."""
        for source in self.sources:
            yield from source.feeds

    def source(self, name_or_id: str) -> Source:
        """By id, or by name whatever its case.

        Raises:
            UnknownName: with the nearest ids; with all that have the name when it is not one outlet's alone.
        """
        return _named("source", name_or_id, self.sources)

    def topic(self, name_or_id: str) -> Topic:
        """By id, or by name whatever its case.

        Raises:
            UnknownName: like source.
        """
        return _named("topic", name_or_id, self.topics)


def load(path: Path | None, *, environ: Mapping[str, str]) -> Config:
    """Read the configuration.

    Args:
        path: the main file; None: $AGGREGATOR_CONFIG, else ./config/sources.toml, else
            $XDG_CONFIG_HOME/aggregator/sources.toml.
        environ: where ${NAME} and the above are looked up.

    Raises:
        ConfigError: with every problem in every file.
    """
    main = Path(path) if path is not None else _find(environ)
    tree = read_tree(main)
    sections = Sections(tree.root, environ=environ, complete=tree.complete)
    if problems := (*tree.problems, *sections.report.problems):
        raise ConfigError(_in_reading_order(problems))
    return Config(
        path=main,
        files=tree.files,
        store=sections.store,
        fetch=sections.fetch,
        schedule=sections.schedule,
        display=sections.display,
        relate=sections.relate,
        sources=sections.sources,
        topics=sections.topics,
        digest=tree.digest,
        warnings=tuple(sections.report.warnings),
        parsers=sections.parser_files.found,
    )


def _in_reading_order(problems: Iterable[Problem]) -> list[Problem]:
    by_file: dict[Path, list[Problem]] = {}
    for problem in problems:
        by_file.setdefault(problem.path, []).append(problem)
    return [problem for found in by_file.values() for problem in sorted(found, key=lambda p: p.line or 0)]


def _find(environ: Mapping[str, str]) -> Path:
    if named := environ.get("AGGREGATOR_CONFIG"):
        return Path(named)
    here = Path("config") / "sources.toml"
    home = Path(environ.get("XDG_CONFIG_HOME") or Path(environ.get("HOME", "~")).expanduser() / ".config")
    candidates = (here, home / "aggregator" / "sources.toml")
    for candidate in candidates:
        if candidate.exists():
            return candidate
    looked = ", ".join(str(candidate.absolute()) for candidate in candidates)
    message = (
        f"no configuration found: AGGREGATOR_CONFIG is not set, and there is none of {looked}. "
        "`aggregator init DIR` makes a folder with one to start from; --config PATH names one that is elsewhere"
    )
    raise ConfigError([Problem(here, None, "", message)])


def _named(noun: str, wanted: str, known: Sequence[Named]) -> Named:
    for one in known:
        if one.id == wanted:
            return one
    folded = wanted.strip().casefold()
    same = [one for one in known if folded in (one.id, one.name.casefold())]
    if len(same) == 1:
        return same[0]
    nearest = [one.id for one in same] or _nearest(folded, known)
    raise UnknownName(noun, wanted, nearest, f"`aggregator {noun}s` lists all.")


def _nearest(folded: str, known: Sequence[Source | Topic]) -> list[str]:
    """The ids whose id or name is nearest, best first."""
    ids = {name.casefold(): one.id for one in known for name in (one.id, one.name)}
    near = get_close_matches(folded, list(ids), n=3, cutoff=0.5)
    return list(dict.fromkeys(ids[name] for name in near))
