"""Pages are saved with what was read in them, and read again: `sources fixture` and `replay`, as people type them."""

import gzip
import json
import re
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from aggregator import replay
from aggregator.cli import root
from aggregator.cli.session import Session
from aggregator.model import Feed
from aggregator.pipeline import sample

NOW = "2026-05-14T09:30:00Z"
RSS = """<?xml version="1.0"?><rss version="2.0"><channel><title>Tarn Times</title>
<item><title>Ferry service resumes</title><link>https://tarn.example/1</link><guid>1</guid>
<pubDate>Thu, 14 May 2026 08:00:00 GMT</pubDate><description>The ferry sails again.</description></item>
<item><title>Dockers extend strike</title><link>https://tarn.example/2</link><guid>2</guid></item>
</channel></rss>"""
PAGE = """<html><body><article class="card"><h2><a href="/a/1">Storm closes the port</a></h2>
<time>an hour ago</time></article><article class="card"><h2><a href="/a/2">Swimmers win</a></h2></article></body></html>"""
PARSER = """
import re
from aggregator.model import Entry

def parse(document):
    found = re.findall(r'href="(.+?)">(.+?)<', document.body.decode())
    return [Entry(url=url, title=title) for url, title in found]
"""
CONFIG = """
[[sources]]
id = "tarn"
name = "Tarn Times"
url = "https://tarn.example/"
[[sources.feeds]]
url = "https://tarn.example/rss.xml"
[[sources.feeds]]
url = "https://tarn.example/news/"
kind = "listing"
[sources.feeds.selectors]
item = "article"
title = "h2"
link = "h2 a"
time = "time"
[[sources.feeds]]
url = "https://tarn.example/ports/"
kind = "listing"
parser = "parsers/tarn.py"
"""


@dataclass
class Desk:
    """A folder with a configuration, and somebody who types."""

    folder: Path

    def __call__(self, *arguments: str) -> Result:
        return CliRunner().invoke(
            root,
            ["--now", NOW, "--config", str(self.folder / "config" / "sources.toml"), *arguments],
            catch_exceptions=False,
        )

    @property
    def pairs(self) -> Path:
        return self.folder / "fixtures"

    def fixture(self, *arguments: str) -> Result:
        return self("sources", "fixture", "tarn", "--out", str(self.pairs), *arguments)

    def told(self, name: str) -> dict[str, Any]:
        told: dict[str, Any] = json.loads((self.pairs / "tarn" / f"{name}.json").read_bytes())
        return told

    def change(self, name: str, **fields: Any) -> None:
        path = self.pairs / "tarn" / f"{name}.json"
        path.write_text(json.dumps(self.told(name) | fields))


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path == "/rss.xml":
            return httpx.Response(200, text=RSS, headers={"Content-Type": "application/rss+xml"})
        return httpx.Response(404) if path == "/robots.txt" else httpx.Response(200, html=PAGE)

    transport = httpx.MockTransport(answer)
    monkeypatch.setattr(sample, "sample", partial(sample.sample, transport=transport))
    (tmp_path / "config" / "parsers").mkdir(parents=True)
    (tmp_path / "config" / "sources.toml").write_text(CONFIG)
    (tmp_path / "config" / "parsers" / "tarn.py").write_text(PARSER)
    return Desk(tmp_path)


RSS_NAME, NEWS_NAME, PORTS_NAME = "rss_2026-05-14.xml", "news_2026-05-14.html", "ports_2026-05-14.html"


def test_every_feed_of_a_source_is_saved_with_its_entries(desk: Desk) -> None:
    result = desk.fixture()
    assert result.exit_code == 0, result.output
    assert [line.rpartition("/")[2] for line in result.stdout.splitlines()] == [
        f"{RSS_NAME}  2 entries",
        f"{NEWS_NAME}  2 entries",
        f"{PORTS_NAME}  2 entries",
    ]
    assert (desk.pairs / "tarn" / RSS_NAME).read_text() == RSS
    assert desk.told(RSS_NAME) == {
        "source": "tarn",
        "url": "https://tarn.example/rss.xml",
        "kind": "feed",
        "parser": "fast",
        "content_type": "application/rss+xml",
        "fetched_at": "2026-05-14T09:30:00+00:00",
        "entries": [
            {
                "title": "Ferry service resumes",
                "url": "https://tarn.example/1",
                "id": "1",
                "published": "2026-05-14T08:00:00+00:00",
                "published_text": "Thu, 14 May 2026 08:00:00 GMT",
                "published_from": "pubDate",
                "summary": "The ferry sails again.",
            },
            {"title": "Dockers extend strike", "url": "https://tarn.example/2", "id": "2"},
        ],
    }


def test_a_replay_needs_nothing_but_the_pair(desk: Desk) -> None:
    """Neither the configuration nor the clock: an hour ago is an hour before the page was fetched."""
    desk.fixture()
    (desk.folder / "config" / "sources.toml").unlink()
    assert desk.told(NEWS_NAME)["selectors"]["item"] == "article"
    assert desk.told(NEWS_NAME)["entries"][0]["published"] == "2026-05-14T08:30:00+00:00"
    result = CliRunner().invoke(root, ["replay", str(desk.pairs)])
    assert result.exit_code == 0, result.output
    assert [line.split()[:2] for line in result.stdout.splitlines()] == [
        ["ok", f"tarn/{NEWS_NAME}"],
        ["ok", f"tarn/{PORTS_NAME}"],
        ["ok", f"tarn/{RSS_NAME}"],
    ]


def test_a_pair_names_a_parser_of_ones_own_from_where_it_lies(desk: Desk) -> None:
    desk.fixture()
    assert desk.told(PORTS_NAME)["parser"] == "../../config/parsers/tarn.py"
    (desk.folder / "config" / "parsers" / "tarn.py").write_text(
        PARSER.replace("title=title", "title=title.upper()")
    )
    result = desk("replay", str(desk.pairs))
    assert result.exit_code == 1
    assert f"differs   tarn/{PORTS_NAME}" in result.stdout
    expected = (
        '  1 "Storm closes the port": title: expected "Storm closes the port", got "STORM CLOSES THE PORT"'
    )
    assert expected in result.stdout.splitlines()


def test_what_differs_is_told_entry_by_entry_and_field_by_field(desk: Desk) -> None:
    desk.fixture()
    ferry, dockers = desk.told(RSS_NAME)["entries"]
    gone = {"title": "Lighthouse opens", "url": "https://tarn.example/9"}
    desk.change(RSS_NAME, entries=[gone, {**ferry, "summary": "It sails."}])
    result = desk("replay", str(desk.pairs), "--json")
    assert result.exit_code == 1
    (told,) = [one for one in json.loads(result.stdout) if not one["ok"]]
    assert told["pair"] == f"tarn/{RSS_NAME}"
    assert told["differences"] == [
        {"entry": 1, "title": "Lighthouse opens", "field": "", "expected": gone, "got": None},
        {
            "entry": 2,
            "title": "Ferry service resumes",
            "field": "summary",
            "expected": "It sails.",
            "got": "The ferry sails again.",
        },
        {"entry": 2, "title": "Dockers extend strike", "field": "", "expected": None, "got": dockers},
    ]


def test_another_order_is_one_difference(desk: Desk) -> None:
    desk.fixture()
    desk.change(RSS_NAME, entries=desk.told(RSS_NAME)["entries"][::-1])
    assert '  order: expected "as written", got [2, 1]' in desk("replay", str(desk.pairs)).stdout


def test_what_is_read_now_can_be_accepted_and_the_rest_of_the_expectation_stays(desk: Desk) -> None:
    desk.fixture()
    before = (desk.pairs / "tarn" / f"{RSS_NAME}.json").read_bytes()
    desk.change(RSS_NAME, entries=[], note="the day the ferry sailed")
    result = desk("replay", str(desk.pairs), "--accept")
    assert result.exit_code == 0
    assert f"accepted  tarn/{RSS_NAME}" in result.stdout
    told = desk.told(RSS_NAME)
    assert told.pop("note") == "the day the ferry sailed"
    assert told == json.loads(before)
    assert desk("replay", str(desk.pairs)).exit_code == 0
    assert {path.suffix for path in (desk.pairs / "tarn").iterdir()} == {".html", ".json", ".xml"}


def test_nothing_to_replay_is_said(desk: Desk) -> None:
    desk.pairs.mkdir()
    result = desk("replay", str(desk.pairs))
    assert result.exit_code == 2
    assert "there is no pair" in result.stderr and "sources fixture" in result.stderr


@pytest.mark.parametrize(
    ("expectation", "told"),
    [
        ("{", "is no JSON"),
        ("[]", "is no expectation: it needs source, url, kind, fetched_at"),
        ({"kind": "paper"}, "kind is 'paper'; expected feed, sitemap, listing, page"),
        ({"fetched_at": "today"}, "Invalid isoformat string"),
        ({"selectors": {"items": "x"}}, "selectors: "),
        ({"entries": [1]}, "entries, a list of objects"),
        ({"parser": "outlets/tarn.py"}, "there is no outlets/tarn.py; known are outlets/bbc.py"),
        ({"parser": "../gone.py"}, "gone.py cannot be read"),
    ],
)
def test_a_pair_that_cannot_be_replayed_hides_no_other_and_is_never_accepted(
    desk: Desk, expectation: Any, told: str
) -> None:
    desk.fixture()
    path = desk.pairs / "tarn" / f"{NEWS_NAME}.json"
    if isinstance(expectation, dict):
        desk.change(NEWS_NAME, **expectation)
    else:
        path.write_text(expectation)
    before = path.read_bytes()
    result = desk("replay", str(desk.pairs), "--accept")
    assert result.exit_code == 1
    assert f"broken    tarn/{NEWS_NAME}" in result.stdout and told in result.stdout
    assert f"ok        tarn/{RSS_NAME}" in result.stdout
    assert path.read_bytes() == before


def test_nothing_is_written_over_unless_that_is_said(desk: Desk) -> None:
    desk.fixture()
    (desk.pairs / "tarn" / NEWS_NAME).unlink()
    refused = desk.fixture()
    assert refused.exit_code == 1
    assert "is there already; nothing is written" in refused.stderr
    assert not (desk.pairs / "tarn" / NEWS_NAME).exists()
    assert desk.fixture("--force").exit_code == 0
    assert (desk.pairs / "tarn" / NEWS_NAME).exists()


def test_a_page_on_disk_is_read_like_the_feed_of_its_address_or_of_its_kind(desk: Desk) -> None:
    page = desk.folder / "saved.html"
    page.write_text(PAGE)
    for url, parser in (
        ("https://tarn.example/ports/", "../../config/parsers/tarn.py"),
        ("https://tarn.example/schools/", "listing"),
    ):
        result = desk.fixture("--file", str(page), "--url", url)
        assert result.exit_code == 0, result.output
        name = f"{url.split('/')[-2]}_2026-05-14.html"
        assert desk.told(name)["parser"] == parser
        assert [entry["title"] for entry in desk.told(name)["entries"]] == [
            "Storm closes the port",
            "Swimmers win",
        ]
    assert desk.told("schools_2026-05-14.html")["selectors"]["item"] == "article"


def test_an_articles_own_page_makes_a_pair_too(desk: Desk) -> None:
    page = desk.folder / "saved.html"
    page.write_text(
        "<html><head><title>Ferry</title></head><body><h1>Ferry service resumes</h1></body></html>"
    )
    result = desk.fixture("--file", str(page), "--url", "https://tarn.example/a/1", "--kind", "page")
    assert result.exit_code == 0, result.output
    (entry,) = desk.told("a-1_2026-05-14.html")["entries"]
    assert entry["title"] == "Ferry service resumes" and entry["origins"]["title"]
    desk.change("a-1_2026-05-14.html", entries=[{**entry, "title": "Ferry"}])
    assert (
        '1 "Ferry": title: expected "Ferry", got "Ferry service resumes"'
        in desk("replay", str(desk.pairs)).stdout
    )


def test_a_page_that_nobody_can_read_yet_is_saved_with_the_error(desk: Desk) -> None:
    page = desk.folder / "saved.html"
    page.write_text("<p>We have moved.")
    result = desk.fixture("--file", str(page), "--url", "https://tarn.example/ports/")
    assert result.exit_code == 0
    assert "not read yet: ../../config/parsers/tarn.py found no article" in result.stdout
    assert desk("replay", str(desk.pairs)).exit_code == 0, "that it cannot be read is what is expected"
    page.with_name("config").joinpath("parsers", "tarn.py").write_text(
        "def parse(document): return [{'url': '/1'}]"
    )
    assert desk("replay", str(desk.pairs)).exit_code == 1


def test_what_a_drifting_feed_left_is_taken_from_the_database(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = SimpleNamespace(
        url="https://tarn.example/rss.xml",
        at=datetime(2026, 5, 12, 23, tzinfo=UTC),
        why="no teasers",
        content_type="application/rss+xml",
        body=RSS.encode(),
    )
    kept = {"https://tarn.example/rss.xml": left}

    @contextmanager
    def store(self: Session, *, create: bool = False) -> Any:
        yield SimpleNamespace(saved_document=kept.get)

    monkeypatch.setattr(Session, "store", store)
    result = desk.fixture("--saved")
    assert result.exit_code == 0, result.output
    assert desk.told("rss_2026-05-12.xml")["fetched_at"] == "2026-05-12T23:00:00+00:00"
    assert "no teasers" in result.stderr
    kept.clear()
    nothing = desk.fixture("--saved")
    assert nothing.exit_code == 1 and "has left a document" in nothing.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--url", "https://tarn.example/"), "--file and --url belong together"),
        (("--kind", "feed"), "--kind says what the page of --file is"),
    ],
)
def test_options_that_need_each_other_say_so(desk: Desk, arguments: tuple[str, ...], told: str) -> None:
    result = desk.fixture(*arguments)
    assert result.exit_code == 2 and told in result.stderr


def test_a_feed_that_does_not_answer_leaves_the_others_to_be_saved(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text=RSS) if request.url.path == "/rss.xml" else httpx.Response(404)

    real = sample.sample.func  # type: ignore[attr-defined]
    monkeypatch.setattr(sample, "sample", partial(real, transport=httpx.MockTransport(answer)))
    result = desk.fixture()
    assert result.exit_code == 0
    assert result.stdout.count("entries") == 1 and result.stderr.count("404") == 2


@pytest.mark.parametrize(
    ("body", "suffix"),
    [
        (b'\xef\xbb\xbf {"items": []}', ".json"),
        (b"<?xml version='1.0'?><urlset/>", ".xml"),
        (b"\n<rss version='2.0'/>", ".xml"),
        (b'<?xml version="1.0"?><html xmlns="x"><body/></html>', ".html"),
        (b"<!DOCTYPE html><p>x", ".html"),
        (gzip.compress(b"<urlset/>"), ".xml.gz"),
        (b"https://tarn.example/1\n", ".txt"),
    ],
)
def test_a_page_is_named_by_what_is_in_it(tmp_path: Path, body: bytes, suffix: str) -> None:
    document = replay.saved_page(body, "https://tarn.example/", datetime(2026, 5, 14, tzinfo=UTC))
    feed = Feed(url=document.url, source_id="tarn", id=document.url)
    made = replay.make_fixture(tmp_path, document, feed, "feed")
    assert made.page == tmp_path / "tarn" / f"front_2026-05-14{suffix}"
    again = replay.make_fixture(tmp_path, document, feed, "feed", taken=[made.page])
    assert again.page.name == f"front-2_2026-05-14{suffix}"


def test_json_feeds_make_pairs_like_all_others(tmp_path: Path) -> None:
    body = b'{"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "\\ud800", "url": "https://tarn.example/1"}]}'
    document = replay.saved_page(body, "https://tarn.example/feed.json", datetime(2026, 5, 14, tzinfo=UTC))
    feed = Feed(url=document.url, source_id="tarn", id=document.url)
    made = replay.make_fixture(tmp_path, document, feed, "feed")
    replay.write_fixtures([made])
    (page,) = replay.find_pairs(tmp_path)
    assert page == made.page and page.suffix == ".json"
    assert replay.replay(page).ok and replay.replay(page).entries == 1


def test_long_texts_are_shown_where_they_part() -> None:
    same = "The ferry sails again. " * 20
    told = replay.describe(replay.Difference(3, "Ferry", "summary", f"{same}At noon.", f"{same}At ten."))
    assert told.startswith('3 "Ferry": summary: expected "…') and "At noon." in told and "At ten." in told
    assert len(told) < 200


def test_the_walk_through_of_the_handbook_holds(tmp_path: Path) -> None:
    """docs/adding-an-outlet.md: its page, its parser and its lines of configuration give the pair that it shows."""
    guide = (Path(__file__).parents[1] / "docs" / "adding-an-outlet.md").read_text(encoding="utf-8")
    section = guide.partition("## Its page needs a parser of its own")[2].partition("\n## ")[0]
    page, unread, parser, feed, _, read = [
        re.sub("^    ", "", block, flags=re.MULTILINE)
        for block in re.findall(r"(?:^(?:    .*)?\n)+", section, re.MULTILINE)
        if block.strip()
    ]
    source = '[[sources]]\nid = "harbour-post"\nname = "The Harbour Post"\nurl = "https://www.harbourpost.example/"\n'
    desk = Desk(tmp_path)
    (tmp_path / "config" / "parsers").mkdir(parents=True)
    (tmp_path / "config" / "parsers" / "harbour_post.py").write_text(parser)
    (tmp_path / "page.html").write_text(page)
    said = []
    for lines in (feed.replace("parser =", "# parser ="), feed):
        (tmp_path / "config" / "sources.toml").write_text(source + lines)
        done = desk(
            "sources", "fixture", "harbour-post", "--out", str(desk.pairs), "--force",
            "--file", str(tmp_path / "page.html"), "--url", "https://www.harbourpost.example/",
        )  # fmt: skip
        assert done.exit_code == 0, done.output
        said.append(done.stdout.rpartition("harbour-post/")[2].strip())
    assert said[0] in unread and said[1] in read
    (pair,) = replay.find_pairs(desk.pairs)
    shown = json.loads(read[read.index("{") :])
    assert shown.pop("content_type") == "text/html", "which a page on disk does not have"
    assert json.loads(replay.expectation_of(pair).read_bytes()) == shown
