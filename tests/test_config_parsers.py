"""`parser = "parsers/mysite.py"`: found beside the configuration, run once; mistakes are told with file, line and key."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from aggregator import config
from aggregator.cli import root
from aggregator.config import Config
from aggregator.errors import ConfigError, Problem
from aggregator.model import ItemFilter
from aggregator.pipeline.poll import poll
from aggregator.store import Store

NEWS = """
def parse(document):
    return [{"url": "/1", "title": "Ferry service resumes"}]
"""
SOURCE = """[[sources]]
id = "tarn"
name = "Tarn Times"
url = "https://tarn.example/"
parser = "parsers/tarn.py"
[[sources.feeds]]
url = "https://tarn.example/news/"
kind = "listing"
[[sources.feeds]]
url = "https://tarn.example/ports/"
kind = "listing"
"""

NOW = datetime(2026, 5, 14, 9, 30, tzinfo=UTC)

Load = Callable[..., Config]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def load_with(source: str, parser: str | bytes | None = NEWS) -> Config:
        (tmp_path / "parsers").mkdir(exist_ok=True)
        if parser is not None:
            data = parser.encode() if isinstance(parser, str) else parser
            (tmp_path / "parsers" / "tarn.py").write_bytes(data)
        path = tmp_path / "sources.toml"
        path.write_text(source)
        return config.load(path, environ={})

    return load_with


def a_page(request: httpx.Request) -> httpx.Response:
    """Any page of the outlet, which has no robots.txt."""
    return httpx.Response(404) if request.url.path == "/robots.txt" else httpx.Response(200, html="<p>x")


def problem(load: Load, source: str = SOURCE, parser: str | bytes | None = NEWS) -> Problem:
    with pytest.raises(ConfigError) as caught:
        load(source, parser)
    (one,) = caught.value.problems
    return one


def test_a_sources_parser_reads_all_its_feeds_and_is_run_once(load: Load, tmp_path: Path) -> None:
    counted = f"with open({str(tmp_path / 'runs')!r}, 'a') as runs: runs.write('x')\n{NEWS}"
    read = load(SOURCE, counted)
    assert [feed.parser for feed in read.feeds()] == ["parsers/tarn.py", "parsers/tarn.py"]
    assert (tmp_path / "runs").read_text() == "x"
    own = read.parsers["parsers/tarn.py"]
    assert (own.name, own.file) == ("parsers/tarn.py", str(tmp_path.resolve() / "parsers" / "tarn.py"))


def test_a_feed_has_a_parser_of_its_own_or_none(load: Load) -> None:
    read = load(SOURCE.replace('kind = "listing"\n[[', 'kind = "listing"\nparser = ""\n[['))
    assert [feed.parser for feed in read.feeds()] == ["", "parsers/tarn.py"]


def test_selectors_of_a_feed_go_before_the_parser_of_its_source(load: Load) -> None:
    read = load(SOURCE + '[sources.feeds.selectors]\nitem = "article"\n')
    assert [feed.parser for feed in read.feeds()] == ["parsers/tarn.py", ""]


def test_a_feed_with_both_is_told_so(load: Load) -> None:
    told = problem(load, SOURCE + 'parser = "parsers/tarn.py"\n[sources.feeds.selectors]\nitem = "article"\n')
    assert (told.line, told.key) == (12, "sources[0].feeds[1].parser")
    assert "take its selectors out" in told.message


@pytest.mark.parametrize(
    ("parser", "told"),
    [
        (None, "tarn.py cannot be read: No such file or directory; expected a Python file with def parse(document)"),
        ("def parse(document):\n    return [\n", "tarn.py:2: is not Python: '[' was never closed"),
        ("x = 1\nimport parsers_of_nobody\n", "tarn.py:2: ModuleNotFoundError: No module named 'parsers_of_nobody'"),
        ("\n\ndef f():\n    1 / 0\nf()\n", "tarn.py:4: ZeroDivisionError"),
        ("raise SystemExit(0)", "tarn.py:1: SystemExit"),
        ("def pares(document): ...", "tarn.py has no function parse; expected def parse(document)"),
        ("parse = 5", "tarn.py has a parse that is no function"),
        (b"x = '\xff'", "is not Python"),
        (b"x = '\0'", "is not Python"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_says_why(load: Load, parser: Any, told: str) -> None:
    one = problem(load, SOURCE, parser)
    assert (one.path.name, one.line, one.key) == ("sources.toml", 5, "sources[0].parser")
    assert told in one.message


def test_what_is_no_text_is_no_parser(load: Load) -> None:
    assert "expected a string" in problem(load, SOURCE.replace('"parsers/tarn.py"', "5")).message


def test_dataclasses_and_annotations_work_in_it_as_in_any_module(load: Load) -> None:
    parser = (
        "from __future__ import annotations\nfrom dataclasses import dataclass\nfrom typing import ClassVar\n"
        "@dataclass\nclass Card:\n    made: ClassVar[int] = 0\n    title: str = ''\n"
        "def parse(document): return []\n"
    )
    assert load(SOURCE, parser).parsers


def test_it_is_named_where_the_configuration_is_shown(load: Load, tmp_path: Path) -> None:
    path = str(load(SOURCE).path)
    runner = CliRunner()
    shown = runner.invoke(root, ["config", "show", "--config", path, "--json"]).stdout
    assert str(tmp_path.resolve() / "parsers" / "tarn.py") in shown
    shown = runner.invoke(root, ["sources", "show", "tarn", "--config", path]).stdout
    assert shown.count("parsers/tarn.py") == 2


def test_a_poll_records_what_it_raises_and_goes_on(load: Load, tmp_path: Path) -> None:
    read = load(
        SOURCE,
        "def parse(document):\n    if 'ports' in document.url:\n        return document.title\n"
        "    return [{'url': '/1', 'title': 'Ferry service resumes'}]\n",
    )

    with Store.open(f"sqlite:///{tmp_path / 'news.db'}", create=True) as store:
        run = poll(
            read,
            store,
            clock=lambda: NOW,
            all=True,
            transport=httpx.MockTransport(a_page),
        )
        titles = [item.article.title for item in store.items(ItemFilter())]
    polls = {one.url: one for one in run.polls}
    news, ports = polls["https://tarn.example/news/"], polls["https://tarn.example/ports/"]
    assert (news.outcome, news.new, titles) == ("ok", 1, ["Ferry service resumes"])
    assert (ports.outcome, ports.error_kind) == ("error", "content")
    assert ports.error == "parsers/tarn.py:3: AttributeError: 'Document' object has no attribute 'title'"


def test_an_outlets_own_parser_reads_its_listing_in_a_poll(load: Load, tmp_path: Path) -> None:
    read = load(SOURCE.replace('parser = "parsers/tarn.py"\n', ""), None)

    with Store.open(f"sqlite:///{tmp_path / 'news.db'}", create=True) as store:
        run = poll(
            read,
            store,
            clock=lambda: NOW,
            all=True,
            transport=httpx.MockTransport(a_page),
            outlets={"tarn": lambda document: [{"url": f"{document.url}1", "title": "Ferry"}]},
        )
    assert [one.new for one in run.polls] == [1, 1]
