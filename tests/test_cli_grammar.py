"""How a command line is read: nouns that list by default, global options anywhere, typos answered with the nearest."""

import re
import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import click
import pytest
from click.testing import CliRunner

from aggregator.cli import COMMANDS, root
from aggregator.cli.options import read_when
from aggregator.cli.session import Session
from cli_fake import Cli, fake_cli
from render_samples import NOW


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cli:
    return fake_cli(monkeypatch, tmp_path)


def commands() -> list[tuple[str, click.Command]]:
    """Every command that the help shows, by what is typed."""
    context = click.Context(root)
    found = []
    for name in COMMANDS:
        command = root.get_command(context, name)
        assert command is not None
        found.append((name, command))
        if isinstance(command, click.Group):
            found += [(f"{name} {verb}", sub) for verb, sub in command.commands.items()]
    return found


@pytest.mark.parametrize("noun", ["items", "stories", "topics", "sources", "polls"])
def test_a_noun_without_a_verb_lists(cli: Cli, noun: str) -> None:
    assert cli(noun).stdout == cli(noun, "list").stdout != ""


def test_options_of_the_list_stand_directly_after_the_noun(cli: Cli) -> None:
    cli("items", "--limit", "3", "--sort", "oldest")
    assert (cli.store.asked[-1].limit, cli.store.asked[-1].sort) == (3, "oldest")


@pytest.mark.parametrize(
    "line",
    [
        "--database {} items --json",
        "items --database {} --json",
        "items list --database {} --json",
        "items --json --database={}",
        "items --database {} list --json",
        "-v items -v --database {} --json",
    ],
)
def test_global_options_stand_before_or_after_the_command(
    line: str,
    monkeypatch: pytest.MonkeyPatch,
    cli: Cli,
) -> None:
    seen: list[str | None] = []
    monkeypatch.setattr(Session, "start_logging", lambda self, *_: seen.append(self.database))
    assert cli(*line.format("news.db").split()).exit_code == 0
    assert seen == ["news.db"]


def test_an_option_counts_for_more_than_the_environment_and_the_later_for_more_than_the_earlier(
    monkeypatch: pytest.MonkeyPatch,
    cli: Cli,
) -> None:
    seen: list[tuple[str | None, datetime | None]] = []
    monkeypatch.setattr(Session, "start_logging", lambda self, *_: seen.append((self.database, self.now)))
    monkeypatch.setenv("AGGREGATOR_DATABASE_URL", "environment.db")
    monkeypatch.setenv("AGGREGATOR_NOW", "2026-01-01T00:00Z")
    CliRunner().invoke(root, ["items"])
    CliRunner().invoke(root, ["--database", "first.db", "items"])
    CliRunner().invoke(
        root, ["--database", "first.db", "items", "--database", "second.db", "--now", "2026-02-02"]
    )
    assert [database for database, _ in seen] == ["environment.db", "first.db", "second.db"]
    assert [now for _, now in seen] == [
        datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 2, tzinfo=UTC)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("itms", "Did you mean items?"),
        ("items lst", "Did you mean list?"),
        ("items --sicne 3h", "--since"),
        ("topics ports", "`aggregator topics show ports` shows one."),
        ("items --source harbor-post", "did you mean harbour-post?"),
        ("items --source 'Northern Leger'", "did you mean northern-ledger?"),
        ("items --topic port", "did you mean ports?"),
        ("topics show prots", "did you mean ports?"),
        ("stories show ffff", "did you mean 4f2a91?"),
        ("items --fields titel", "did you mean title?"),
        ("items --since soon", "6h, 2d"),
        ("--now soon items", "2026-05-14T09:30:00Z"),
        ("items --json --csv", "--json and --csv exclude each other"),
        ("items --limit -1", "--limit"),
        ("related", "ID|URL"),
        ("items show 999", "no item is known as '999'"),
    ],
)
def test_a_mistake_is_answered_with_the_way_out_and_exit_code_2(
    cli: Cli,
    line: str,
    hint: str,
) -> None:
    result = cli(*shlex.split(line))
    assert result.exit_code == 2
    assert hint in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(("line", "command"), commands(), ids=[line for line, _ in commands()])
def test_every_command_explains_itself_with_an_example(line: str, command: click.Command) -> None:
    result = CliRunner().invoke(root, [*line.split(), "--help"])
    assert result.exit_code == 0
    assert command.get_short_help_str(200)
    assert re.search(rf"^ +aggregator {line.partition(' ')[0]}\b", result.stdout, re.MULTILINE)
    for param in command.params:
        if isinstance(param, click.Option) and not param.hidden:
            assert param.help, f"{param.opts} says nothing"


def test_the_help_of_a_noun_shows_its_commands_and_the_options_of_its_list() -> None:
    shown = CliRunner().invoke(root, ["items", "-h"]).stdout
    assert "--published-since" in shown
    assert "count" in shown


def test_the_version_is_told() -> None:
    assert CliRunner().invoke(root, ["--version"]).stdout.startswith("aggregator, version ")


BERLIN = NOW.astimezone(ZoneInfo("Europe/Berlin"))  # 11:30 there


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("6h", NOW - timedelta(hours=6)),
        ("2d", NOW - timedelta(days=2)),
        ("90 minutes ago", NOW - timedelta(minutes=90)),
        ("now", NOW),
        ("today", datetime(2026, 5, 13, 22, tzinfo=UTC)),
        ("Yesterday", datetime(2026, 5, 12, 22, tzinfo=UTC)),
        ("2026-05-01", datetime(2026, 4, 30, 22, tzinfo=UTC)),
        ("2026-05-01T12:00", datetime(2026, 5, 1, 10, tzinfo=UTC)),
        ("2026-05-01T12:00Z", datetime(2026, 5, 1, 12, tzinfo=UTC)),
        ("2026-05-01T12:00:00-05:00", datetime(2026, 5, 1, 17, tzinfo=UTC)),
    ],
)
def test_times_are_read_as_people_write_them(text: str, meant: datetime) -> None:
    assert read_when(text, BERLIN) == meant


@pytest.mark.parametrize("text", ["", "soon", "6", "-6h", "2026-13-01", "999999999999w", "\x00"])
def test_what_is_no_time_says_what_one_looks_like(text: str) -> None:
    with pytest.raises(ValueError, match="expected 6h, 2d"):
        read_when(text, BERLIN)
