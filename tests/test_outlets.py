"""Outlets with a parser of their own: each reads its page, and says of a changed one what it expected."""

import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aggregator import config, outlets, replay
from aggregator.errors import ParseError
from aggregator.model import Document
from aggregator.outlets import PARSERS

ROOT = Path(__file__).parents[1]
PAIRS = replay.find_pairs(Path(__file__).parent / "fixtures" / "outlets")
NOW = datetime(2026, 5, 14, 10, tzinfo=UTC)


@pytest.mark.parametrize("page", PAIRS, ids=lambda page: page.parent.name)
def test_a_saved_page_gives_its_entries(page: Path) -> None:
    done = replay.replay(page)
    assert [replay.describe(difference) for difference in done.differences] == []
    assert done.problem is None and done.entries > 0


def test_every_parser_has_a_saved_page() -> None:
    assert {page.parent.name for page in PAIRS} == set(PARSERS)


@pytest.mark.parametrize("source", PARSERS)
@pytest.mark.parametrize(
    "body",
    [
        b"<!DOCTYPE html><html><body><p>We have moved.</p></body></html>",
        b'<script id="__NEXT_DATA__" type="application/json">{"page": "/500", "props": [1, null, "x"]}</script>',
    ],
    ids=["moved", "error page"],
)
def test_a_changed_page_says_what_was_expected_of_it(source: str, body: bytes) -> None:
    with pytest.raises(ParseError, match="expected"):
        list(PARSERS[source](document(body)))


def test_parsers_are_sorted_and_each_belongs_to_an_outlet_with_a_listing() -> None:
    assert list(PARSERS) == sorted(PARSERS)
    delivered = config.load(ROOT / "config" / "sources.toml", environ={})
    with_listing = {feed.source_id for feed in delivered.feeds() if feed.kind == "listing"}
    assert set(PARSERS) <= with_listing


def test_every_module_is_registered_under_its_name() -> None:
    folder = Path(outlets.__file__).parent
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    assert modules == {source.replace("-", "_") for source in PARSERS}


def test_the_register_imports_no_parser_before_its_first_document() -> None:
    heavy = "selectolax|lxml|aggregator.outlets."
    code = f"import re, sys, aggregator.outlets; print([m for m in sys.modules if re.match('{heavy}', m)])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_day_that_is_none_leaves_an_entry_without_time() -> None:
    body = b'<ul><li><a href="/2026/13/45/world/strait-talks">Talks</a></li></ul>'
    (entry,) = PARSERS["cnn"](document(body))
    assert entry.published is None and entry.title == "Talks"  # type: ignore[union-attr]


def document(body: bytes) -> Document:
    return replay.saved_page(body, "https://www.tarn.example/news", NOW)


def test_the_decision_who_reads_is_in_one_place() -> None:
    """The steps are handed the register by the edges; none of them imports it."""
    package = ROOT / "src" / "aggregator"
    importing = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if re.search(r"^\s*from aggregator\.outlets import", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert importing == {"cli/fixtures.py", "cli/poll.py", "cli/sources.py", "daemon.py", "replay.py"}
