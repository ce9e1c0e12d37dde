"""What comes out: one format at a time, data on stdout and nothing else, carried by any encoding."""

import csv
import io
import json
from pathlib import Path

import pytest

from aggregator.cli.output import as_csv, dumps
from cli_fake import Cli, fake_cli
from render_samples import HOSTILE, make_item


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cli:
    return fake_cli(monkeypatch, tmp_path)


def test_json_is_an_array_of_items(cli: Cli) -> None:
    newest, older = cli.json("items")
    assert (newest["id"], older["id"]) == (2, 1)
    assert older["copies"][0]["outlet"] == "The Daily Tarn"
    assert older["published_at"] == "2026-05-14T08:28:00Z"


def test_json_lines_are_one_object_each(cli: Cli) -> None:
    lines = cli("items", "--jsonl").stdout.splitlines()
    assert [json.loads(line)["id"] for line in lines] == [2, 1]


def test_ids_are_ids(cli: Cli) -> None:
    assert cli("items", "--ids").stdout == "2\n1\n"


def test_fields_are_chosen_and_ordered(cli: Cli) -> None:
    assert cli.json("items", "--fields", "title, id")[0] == {
        "title": "Dockers in Tarn extend strike",
        "id": 2,
    }
    assert cli("items", "--fields", "id,outlet").stdout.splitlines()[0].split() == ["id", "outlet"]
    assert cli("items", "--fields", "outlet,id", "--csv").stdout.splitlines() == [
        "outlet,id", "The Harbour Post,2", "The Harbour Post,1",
    ]  # fmt: skip


def test_csv_reads_back(cli: Cli) -> None:
    rows = list(csv.DictReader(io.StringIO(cli("items", "--csv").stdout)))
    assert rows[1]["title"] == "Ferry runs aground off Cape Lorne"
    assert json.loads(rows[1]["copies"])[0]["id"] == 90


@pytest.mark.parametrize(
    "text", ['=HYPERLINK("https://x.example")', "+1", "-1+2", "@SUM(A1)", "\t=1", "\r=1", "  =1"]
)
def test_csv_holds_no_formula(text: str) -> None:
    (row,) = csv.DictReader(io.StringIO(as_csv([{"title": text}]), newline=""))
    assert row["title"].startswith("'")


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_csv_and_json_carry_any_text(cli: Cli, text: str) -> None:
    cli.store.held = [make_item(title=text, teaser=text)]
    for encoding in ("utf-8", "ascii", "latin-1"):
        shown = cli("items", "--csv", "--fields", "title", charset=encoding)
        assert len(list(csv.reader(io.StringIO(shown.stdout)))) == 2
    assert cli.json("items")[0]["title"] == text


def test_json_escapes_what_a_terminal_would_obey() -> None:
    assert dumps("a\x9b31m\x7f\u202eü\u2028") == '"a\\u009b31m\\u007f\\u202eü\\u2028"'


def test_an_empty_result_is_an_empty_array_or_a_sentence_on_stderr(cli: Cli) -> None:
    cli.store.held = []
    result = cli("items")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "No items match.\n"
    assert cli("items", "-q").stderr == ""
    assert cli.json("items") == []
    assert cli("items", "--jsonl").stdout == ""
    assert cli("items", "--csv").stdout == ""
    assert cli("items", "--ids").stdout == ""
    assert cli.json("stories") == []
    assert cli("stories").stderr == "No stories in that time.\n"


def test_a_table_shows_times_in_the_configured_zone(cli: Cli) -> None:
    assert "14 May 11:25" in cli("items", env={"COLUMNS": "140"}).stdout


def test_the_clock_can_be_stopped(cli: Cli) -> None:
    assert "an hour ago" in cli("related", "1").stdout
    assert "12 May 2027" not in cli("related", "1").stdout
    later = cli("related", "1", "--now", "2026-05-14T12:30Z").stdout
    assert "4 hours ago" in later


@pytest.mark.parametrize(
    ("option", "start"),
    [
        ("--html", '<aside class="aggregator-list"'),
        ("--rss", '<?xml version="1.0" encoding="utf-8"?>\n<rss'),
        ("--atom", '<?xml version="1.0" encoding="utf-8"?>\n<feed'),
        ("--jsonfeed", '{\n  "version": "https://jsonfeed.org/version/1.1"'),
    ],
)
@pytest.mark.parametrize("line", [["related", "1"], ["topics", "show", "ports"], ["stories", "show", "4f"]])
def test_lists_come_as_pages_and_feeds(cli: Cli, line: list[str], option: str, start: str) -> None:
    assert cli(*line, option).stdout.startswith(start)


def test_markup_in_a_poor_encoding_uses_character_references(cli: Cli) -> None:
    cli.store.held = [make_item(2, title="Größe — ÖPNV"), make_item(1)]
    result = cli("stories", "show", "4f2a91", "--html", charset="ascii")
    assert "Gr&#246;&#223;e &#8212; &#214;PNV" in result.stdout


def test_json_in_a_poor_encoding_is_the_same_json(cli: Cli) -> None:
    cli.store.held = [make_item(title="Größe — ÖPNV 🚋")]
    shown = cli("items", "--json", charset="ascii").stdout
    assert "\\u00f6" in shown
    assert json.loads(shown)[0]["title"] == "Größe — ÖPNV 🚋"


def test_a_table_in_a_poor_encoding_shows_escapes(cli: Cli) -> None:
    cli.store.held = [make_item(title="Größe")]
    assert r"Gr\xf6\xdfe" in cli("items", charset="ascii").stdout
