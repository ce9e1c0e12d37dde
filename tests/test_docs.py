"""What the documents name exists, and what exists is documented."""

import re
import shlex
from dataclasses import fields
from pathlib import Path

import click
import pytest

from aggregator import settings
from aggregator.cli import root
from aggregator.model import Feed, Selectors, Source, Topic

REPOSITORY = Path(__file__).parent.parent
DOCUMENTS = sorted([*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md")])
COMMAND = re.compile(r"(?:scripts/run|(?<![\w/])aggregator) ([a-z][^`#\n]*)")
LINK = re.compile(r"(?:\]\(|src=\")([^)\"#:]+)[)\"#]")


def commands(group: click.Group, before: tuple[str, ...] = ()) -> dict[tuple[str, ...], click.Command]:
    found: dict[tuple[str, ...], click.Command] = {}
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        found[(*before, name)] = command
        if isinstance(command, click.Group):
            found |= commands(command, (*before, name))
    return found


COMMANDS = commands(root)


def documented() -> list[tuple[Path, str]]:
    return [
        (document, match[1].strip())
        for document in DOCUMENTS
        for line in document.read_text(encoding="utf-8").splitlines()
        if line.startswith("    ") or "`" in line
        for match in COMMAND.finditer(line)
    ]


@pytest.mark.parametrize(
    ("document", "line"), [pytest.param(d, line, id=f"{d.name}: {line}") for d, line in documented()]
)
def test_a_documented_command_exists_with_its_options(document: Path, line: str) -> None:
    words = [word for word in shlex.split(line) if word not in ("...", "ARGS")]
    if words[0] not in {name[0] for name in COMMANDS}:
        pytest.fail(f"{document}: there is no command {words[0]!r}")
    path = (words[0], words[1]) if len(words) > 1 and tuple(words[:2]) in COMMANDS else (words[0],)
    command = COMMANDS[path]
    if isinstance(command, click.Group):  # a noun alone lists
        command = COMMANDS[(*path, "list")]
    known = {
        option for param in (*command.params, *root.params) for option in (*param.opts, *param.secondary_opts)
    }
    for word in words:
        if word.startswith("-"):
            assert word.partition("=")[0] in known, f"{document}: {line}"


def test_every_command_is_in_the_readme() -> None:
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    for path in COMMANDS:
        assert f"scripts/run {path[0]}" in readme, path


SETTINGS = {
    "store": settings.StoreSettings,
    "fetch": settings.FetchSettings,
    "defaults": settings.ScheduleSettings,
    "display": settings.DisplaySettings,
    "relate": settings.RelateSettings,
    "sources": Source,
    "feeds": Feed,
    "selectors": Selectors,
    "topics": Topic,
}


@pytest.mark.parametrize("section", SETTINGS)
def test_every_setting_is_documented(section: str) -> None:
    text = (REPOSITORY / "docs" / "configuration.md").read_text(encoding="utf-8")
    given_by_us = {"source_id"}
    missing = [
        f.name for f in fields(SETTINGS[section]) if f.name not in given_by_us and f"`{f.name}`" not in text
    ]
    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    for target in LINK.findall(document.read_text(encoding="utf-8")):
        assert (document.parent / target).exists(), f"{document}: {target}"


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = [int(path.name[:4]) for path in sorted((REPOSITORY / "docs" / "decisions").glob("*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))
