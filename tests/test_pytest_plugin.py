"""Saved pages are tests of anybody's: one each, when they are asked for, with a failure that can be read."""

import json
import os
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from aggregator import replay
from aggregator.model import Feed

ROOT = Path(__file__).parents[1]
RSS = b"""<?xml version="1.0"?><rss version="2.0"><channel><title>Tarn Times</title>
<item><title>Ferry service resumes</title><link>https://tarn.example/1</link></item></channel></rss>"""


@dataclass
class Suite:
    """Somebody else's project, with one test and two saved pages."""

    folder: Path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """With this plugin and no other, whatever is installed here."""
        return subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                "-p",
                "aggregator.pytest_plugin",
                "-p",
                "no:cacheprovider",
                *arguments,
            ],
            cwd=self.folder,
            env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": "", "COLUMNS": "100"},
            capture_output=True,
            text=True,
            check=False,
        )

    def outcome(self, *arguments: str) -> str:
        done = self.run("-q", *arguments)
        return re.sub(r" in [\d.]+s.*", "", done.stdout.strip().splitlines()[-1])


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_own.py").write_text("def test_own() -> None: pass\n")
    (tmp_path / "tests" / "other.json").write_text("{}")
    (tmp_path / "pyproject.toml").write_text('[tool.pytest.ini_options]\ntestpaths = ["tests"]\n')
    for name in ("world", "ports"):
        document = replay.saved_page(RSS, f"https://tarn.example/{name}", datetime(2026, 5, 14, tzinfo=UTC))
        feed = Feed(url=document.url, source_id="tarn", id=document.url)
        replay.write_fixtures([replay.make_fixture(tmp_path / "pages", document, feed, "feed")])
    return Suite(tmp_path)


def settle(suite: Suite) -> None:
    with (suite.folder / "pyproject.toml").open("a") as file:
        file.write('aggregator_fixtures = ["pages"]\n')


def test_nothing_is_collected_until_it_is_asked_for(suite: Suite) -> None:
    assert suite.outcome() == "1 passed"
    assert suite.outcome("pages", "tests") == "1 passed"


def test_the_option_adds_a_test_for_each_pair(suite: Suite) -> None:
    assert suite.outcome("--aggregator-fixtures", "pages") == "3 passed"
    assert suite.outcome("--aggregator-fixtures", "pages", "tests/test_own.py") == "3 passed"
    assert suite.outcome("--aggregator-fixtures", "pages", "pages") == "2 passed", "each once"


def test_the_setting_adds_them_to_a_run_that_names_no_files(suite: Suite) -> None:
    settle(suite)
    assert suite.outcome() == "3 passed"
    assert suite.outcome("tests/test_own.py") == "1 passed"
    assert suite.outcome("pages/tarn/ports_2026-05-14.xml.json") == "1 passed"


def test_a_failure_says_what_differs_and_no_more(suite: Suite) -> None:
    settle(suite)
    path = suite.folder / "pages" / "tarn" / "ports_2026-05-14.xml.json"
    told = json.loads(path.read_bytes())
    told["entries"][0]["title"] = "Ferry service ends"
    path.write_text(json.dumps(told))
    (suite.folder / "pages" / "tarn" / "world_2026-05-14.xml.json").write_text("{")
    done = suite.run()
    assert done.returncode == 1
    assert "2 failed, 1 passed" in done.stdout
    assert (
        '1 "Ferry service ends": title: expected "Ferry service ends", got "Ferry service resumes"'
        in done.stdout
    )
    assert "world_2026-05-14.xml.json is no JSON" in done.stdout
    assert "Traceback" not in done.stdout and "replay.py" not in done.stdout


def test_a_folder_that_is_not_there_is_said(suite: Suite) -> None:
    done = suite.run("--aggregator-fixtures", "paegs")
    assert done.returncode == 4 and "paegs" in done.stdout + done.stderr


def test_pytest_finds_it_by_itself_and_the_program_does_not_need_pytest() -> None:
    (found,) = [point for point in entry_points(group="pytest11") if point.name == "newsfold"]
    assert found.value == "aggregator.pytest_plugin"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert not [name for name in project["dependencies"] if "pytest" in name]
    importing = {
        path.name
        for path in (ROOT / "src").rglob("*.py")
        if re.search(
            r"^\s*(?:import|from) (?:_?pytest|aggregator\.pytest_plugin)\b", path.read_text(), re.MULTILINE
        )
    }
    assert importing == {"pytest_plugin.py"}


def test_loading_it_loads_nothing_else_of_ours() -> None:
    code = "import sys, aggregator.pytest_plugin; print(sorted(m for m in sys.modules if m.startswith('aggregator')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['aggregator', 'aggregator.pytest_plugin']"
