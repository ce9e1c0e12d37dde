"""`sources add`, `import`, `export`, `pause`, `resume` from the command line, over replayed sites."""

import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from aggregator.cli import root, sources_change
from aggregator.config import Config, load
from aggregator.parse.discover import is_of_comments, looks_like_feed, read_site, robots_sitemaps
from aggregator.pipeline import discover

NOW = "2026-05-14T09:30:00Z"
OPML = Path(__file__).parent / "fixtures" / "opml" / "newsdesk.opml"

MAIN = """# The desk's outlets
include = ["sources.d/*.toml"]
[fetch]
host_gap = "0s"

[[sources]]
id = "harbour-post"   # the oldest
name = "The Harbour Post"
url = "https://www.harbourpost.example/"
headers = { X-Desk = "${DESK_TOKEN}" }
proxy = "http://desk:${DESK_TOKEN}@proxy.example:3128"
[[sources.feeds]]
url = "https://www.harbourpost.example/rss"

# --- end
"""


def rss(title: str, *, count: int = 3, home: str = "https://tarntimes.example/") -> str:
    items = "".join(
        f"<item><title>Ferry {n} sails</title><link>{home}{n}</link><description>It sails again.</description>"
        f"<pubDate>Thu, 14 May 2026 0{n % 9}:00:00 GMT</pubDate></item>"
        for n in range(1, count + 1)
    )
    return (
        f'<?xml version="1.0"?><rss version="2.0"><channel><title>{title}</title><link>{home}</link>'
        f"<language>en-gb</language>{items}</channel></rss>"
    )


SITEMAP = (
    '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">'
    "<url><loc>https://tarntimes.example/1</loc><news:news><news:publication><news:name>Tarn Times</news:name>"
    "<news:language>en</news:language></news:publication><news:publication_date>2026-05-14T08:00:00Z</news:publication_date>"
    "<news:title>Ferry sails</news:title></news:news></url></urlset>"
)
INDEX = (
    '<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><sitemap><loc>https://tarntimes.example/pages.xml</loc>'
    "</sitemap><sitemap><loc>https://tarntimes.example/news.xml</loc></sitemap></sitemapindex>"
)
LINKS = (
    '<link rel="alternate" type="application/rss+xml" title="Tarn Times » Comments Feed" href="/comments/feed/">'
    '<link rel="alternate" type="application/rss+xml" title="Sport" href="/sport/feed/">'
    '<link rel="alternate" type="application/rss+xml" title="Tarn Times" href="/feed/">'
)


def html(head: str = "", body: str = "") -> str:
    return (
        '<!doctype html><html lang="en"><head><meta property="og:site_name" content="Tarn Times">'
        f"<title>Tarn Times</title>{head}</head><body>{body}</body></html>"
    )


CARDS = "".join(
    f'<article><h2><a href="/2026/05/14/ferry-number-{n}-sails-again">Ferry number {n} sails again at last</a></h2>'
    f'<p>The ferry to the northern ports, number {n}, sails again after the storm of the week.</p>'
    f'<time datetime="2026-05-14T0{n}:00:00Z">today</time></article>'
    for n in range(1, 7)
)  # fmt: skip

Site = Mapping[str, str | int]
Asked = list[str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("AGGREGATOR_CONFIG", "AGGREGATOR_DATABASE_URL", "AGGREGATOR_NOW"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DESK_TOKEN", "hunter2")
    (tmp_path / "sources.toml").write_text(MAIN)
    return tmp_path


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Callable[[Site], Asked]:
    """Answers instead of the network: address -> text, or a status. Returns the addresses that are asked for."""

    def serve(pages: Site) -> Asked:
        asked: Asked = []

        def answer(request: httpx.Request) -> httpx.Response:
            asked.append(str(request.url))
            found = pages.get(str(request.url), 404)
            return httpx.Response(found) if isinstance(found, int) else httpx.Response(200, text=found)

        transport = httpx.MockTransport(answer)
        monkeypatch.setattr(discover, "discover", partial(discover.discover, transport=transport))
        return asked

    return serve


def sources(folder: Path, *arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "100"}).invoke(
        root,
        ["--config", str(folder / "sources.toml"), "--now", NOW, "sources", *arguments],
        catch_exceptions=False,
        prog_name="aggregator",
    )


def loaded(folder: Path) -> Config:
    return load(folder / "sources.toml", environ={"DESK_TOKEN": "x"})


def answer(folder: Path, *arguments: str, code: int = 0) -> Any:
    result = sources(folder, *arguments, "--json")
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


def feed_of(answered: Any) -> tuple[str, str]:
    (feed,) = answered["source"]["feeds"]
    return feed["kind"], feed["url"]


TARN = "https://tarntimes.example"
FULL: Site = {
    f"{TARN}/": html(LINKS, CARDS),
    f"{TARN}/sport/": html(LINKS, CARDS),
    f"{TARN}/a-story": html('<meta property="og:type" content="article">', "<h1>A story</h1>"),
    f"{TARN}/feed/": rss("Tarn Times"),
    f"{TARN}/sport/feed/": rss("Tarn Times - Sport"),
    f"{TARN}/comments/feed/": rss("Comments for Tarn Times"),
    f"{TARN}/robots.txt": f"User-agent: *\nDisallow:\nSitemap: {TARN}/index.xml\nSitemap: {TARN}/news-index.xml\n",
    f"{TARN}/news-index.xml": INDEX,
    f"{TARN}/news.xml": SITEMAP,
}


def test_a_site_is_added_with_its_main_feed_and_every_comment_stays(
    folder: Path, site: Callable[[Site], Asked]
) -> None:
    asked = site(FULL)
    result = sources(folder, "add", f"{TARN}/")
    assert result.exit_code == 0, result.output
    assert "Added 'tarn-times'" in result.stderr
    added = loaded(folder).source("tarn-times")
    assert (added.name, added.url, added.language) == ("Tarn Times", f"{TARN}/", "en-gb")
    assert [(feed.url, feed.kind) for feed in added.feeds] == [(f"{TARN}/feed/", "feed")]
    text = (folder / "sources.toml").read_text()
    assert text.startswith(MAIN.partition("\n# --- end")[0])
    assert text.endswith("\n# --- end\n")
    assert f"{TARN}/comments/feed/" not in asked
    assert len(asked) <= discover.MAX_REQUESTS
    assert "Asking" not in result.stdout
    shown = " ".join(result.stdout.split())
    for said in (
        f"feed {TARN}/feed/ (chosen)", "with teaser 100 %", "newest 2026-05-14T03:00:00Z", "title 6 of 6: Ferry number 1",
        '[[sources]] id = "tarn-times"',
    ):  # fmt: skip
        assert said in shown


def test_each_kind_is_tried_and_told_with_what_it_holds(folder: Path, site: Callable[[Site], Asked]) -> None:
    site(FULL)
    trials = answer(folder, "add", TARN, "--dry-run")["trials"]
    usable = {(trial["kind"], trial["origin"]) for trial in trials if trial["problem"] is None}
    assert usable == {("feed", "link"), ("sitemap", "robots.txt"), ("listing", "page")}
    (listing,) = [trial for trial in trials if trial["kind"] == "listing"]
    assert {match["field"]: match["count"] for match in listing["matches"]}["title"] == 6
    assert (folder / "sources.toml").read_text() == MAIN


@pytest.mark.parametrize(
    ("url", "chosen"),
    [
        (f"{TARN}/a-story", ("feed", f"{TARN}/feed/")),
        (f"{TARN}/sport/", ("feed", f"{TARN}/sport/feed/")),
        (f"{TARN}/feed/", ("feed", f"{TARN}/feed/")),
        (f"{TARN}/news.xml", ("sitemap", f"{TARN}/news.xml")),
        ("tarntimes.example", ("feed", f"{TARN}/feed/")),
    ],
)
def test_any_page_or_feed_of_a_site_will_do(
    folder: Path, site: Callable[[Site], Asked], url: str, chosen: tuple[str, str]
) -> None:
    site(FULL)
    answered = answer(folder, "add", url, "--dry-run")
    assert feed_of(answered) == chosen
    assert answered["source"]["url"] in (f"{TARN}/", url)


@pytest.mark.parametrize(("kind", "url"), [("sitemap", f"{TARN}/news.xml"), ("listing", f"{TARN}/")])
def test_a_kind_can_be_asked_for(folder: Path, site: Callable[[Site], Asked], kind: str, url: str) -> None:
    site(FULL)
    assert feed_of(answer(folder, "add", TARN, "--kind", kind, "--dry-run")) == (kind, url)


@pytest.mark.parametrize(
    ("pages", "chosen"),
    [
        ({f"{TARN}/": html(body=CARDS), f"{TARN}/rss.xml": rss("All")}, ("feed", f"{TARN}/rss.xml")),
        ({f"{TARN}/": html(body=CARDS)}, ("listing", f"{TARN}/")),
        (
            {f"{TARN}/": html(body='<a href="/rss">RSS</a>'), f"{TARN}/rss": html(body='<a href="/all.rss">All</a>'),
             f"{TARN}/all.rss": rss("All")},
            ("feed", f"{TARN}/all.rss"),
        ),
        ({f"{TARN}/": 403, f"{TARN}/feed": rss("All")}, ("feed", f"{TARN}/feed")),
        (
            {f"{TARN}/": html(), f"{TARN}/robots.txt": "User-agent: *\nDisallow: /\n", f"{TARN}/feed": rss("All")},
            ("feed", f"{TARN}/feed"),
        ),
    ],
)  # fmt: skip
def test_what_no_page_declares_is_looked_for(
    folder: Path, site: Callable[[Site], Asked], pages: Site, chosen: tuple[str, str]
) -> None:
    asked = site(pages)
    assert feed_of(answer(folder, "add", TARN, "--dry-run")) == chosen
    assert len(asked) <= discover.MAX_REQUESTS


def test_where_nothing_is_found_everything_tried_is_told(folder: Path, site: Callable[[Site], Asked]) -> None:
    asked = site({f"{TARN}/": html(body="<p>Nothing.</p>"), f"{TARN}/feed": rss("Empty", count=0)})
    result = sources(folder, "add", TARN)
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"feed {TARN}/feed (well-known): is empty" in result.stderr
    assert f"feed {TARN}/atom.xml (well-known): " in result.stderr
    assert len(asked) <= discover.MAX_REQUESTS
    assert (folder / "sources.toml").read_text() == MAIN


@pytest.mark.parametrize(
    ("url", "code", "said"),
    [
        ("ftp://tarntimes.example/", 2, "no web address"),
        ("javascript:alert(1)", 2, "no web address"),
        ("https://ann:hunter2@tarntimes.example/", 2, "user name"),
        ("http://127.0.0.1/", 1, "not a public address"),
        ("http://[::1]:8080/feed", 1, "not a public address"),
        ("https://www.harbourpost.example/rss", 2, "sources.toml:12: sources[0].feeds[0]: "),
        ("http://www.harbourpost.example/rss", 2, "is a feed of 'harbour-post' already"),
    ],
)
def test_an_address_that_cannot_be_added_is_refused_before_anything_is_asked(
    folder: Path, site: Callable[[Site], Asked], url: str, code: int, said: str
) -> None:
    asked = site({})
    result = sources(folder, "add", url)
    assert result.exit_code == code, result.output
    assert said in result.stderr
    assert "hunter2" not in result.output
    assert asked == []
    assert (folder / "sources.toml").read_text() == MAIN


def test_a_site_whose_feed_is_configured_is_not_added_twice(
    folder: Path, site: Callable[[Site], Asked]
) -> None:
    home = "https://www.harbourpost.example/"
    site(
        {
            home: html('<link rel="alternate" type="application/rss+xml" href="/rss">'),
            f"{home}rss": rss("Harbour Post"),
        }
    )
    result = sources(folder, "add", home)
    assert result.exit_code == 2
    assert "already" in result.stderr
    assert (folder / "sources.toml").read_text() == MAIN


def test_id_name_and_language_can_be_given_and_are_checked_first(
    folder: Path, site: Callable[[Site], Asked]
) -> None:
    asked = site(FULL)
    for wrong in (["--id", "No Id"], ["--id", "harbour-post"], ["--language", "English!"], ["--name", " "]):
        assert sources(folder, "add", TARN, *wrong).exit_code == 2
    assert asked == []
    assert (
        sources(
            folder, "add", TARN, "--id", "tt", "--name", "The Times of Tarn", "--language", "cy"
        ).exit_code
        == 0
    )
    added = loaded(folder).source("tt")
    assert (added.name, added.language) == ("The Times of Tarn", "cy")


def test_a_person_at_a_terminal_is_asked_unless_yes_is_said(
    folder: Path, site: Callable[[Site], Asked], monkeypatch: pytest.MonkeyPatch
) -> None:
    site(FULL)
    monkeypatch.setattr(sources_change, "_interactive", lambda: True)
    refused = sources(folder, "add", TARN)  # nothing on stdin is no
    assert (folder / "sources.toml").read_text() == MAIN, refused.output
    assert sources(folder, "add", TARN, "--yes").exit_code == 0
    assert loaded(folder).source("tarn-times")


def test_a_page_with_many_links_costs_no_more_than_a_dozen_requests(
    folder: Path, site: Callable[[Site], Asked]
) -> None:
    links = "".join(f'<a href="/{n}.rss">{n}</a>' for n in range(200))
    maps = "".join(f"Sitemap: {TARN}/news-{n}.xml\n" for n in range(200))
    pages: dict[str, str | int] = {f"{TARN}/{n}.rss": html(body=links) for n in range(200)}
    pages |= {f"{TARN}/news-{n}.xml": INDEX for n in range(200)}
    asked = site({**pages, f"{TARN}/": html(body=links), f"{TARN}/robots.txt": maps})
    assert sources(folder, "add", TARN).exit_code == 1
    assert len(asked) <= discover.MAX_REQUESTS


def test_requests_to_one_host_keep_its_gap(
    folder: Path, site: Callable[[Site], Asked], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "sources.toml").write_text(MAIN.replace('"0s"', '"30s"'))
    site(FULL)
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(discover.asyncio, "sleep", sleep)
    assert sources(folder, "add", f"{TARN}/", "--dry-run").exit_code == 0
    assert len(slept) >= 4
    assert all(29 < seconds <= 30 for seconds in slept)


# --- import and export -------------------------------------------------------------------------------------------


def test_an_imported_list_makes_a_file_of_its_own_and_says_what_it_left_out(folder: Path) -> None:
    result = sources(folder, "import", str(OPML))
    assert result.exit_code == 0, result.output
    assert (folder / "sources.toml").read_text().count("harbourpost.example/culture") == 1
    text = (folder / "sources.d" / "imported-newsdesk.toml").read_text()
    assert "# --- Coast / Ports" in text
    config = loaded(folder)
    assert [source.id for source in config.sources] == ["harbour-post", "tarn-times", "kustenblatt"]
    assert len(config.source("tarn-times").feeds) == len(config.source("harbour-post").feeds) == 2
    assert "1 configured already" in result.stderr
    assert "3 not taken" in result.stderr
    for reason in ("no web address", "not a public address", "user name"):
        assert reason in result.stderr
    assert "hunter2" not in result.output
    again = sources(folder, "import", str(OPML))
    assert again.exit_code == 0
    assert "Added 0 outlets" in again.stderr
    assert (folder / "sources.d" / "imported-newsdesk.toml").read_text() == text


def test_a_dry_run_of_an_import_writes_nothing(folder: Path) -> None:
    result = sources(folder, "import", str(OPML), "--dry-run")
    assert 'id = "tarn-times"' in result.stdout
    assert [file.name for file in folder.iterdir()] == ["sources.toml"]
    record = answer(folder, "import", str(OPML), "--dry-run")
    assert len(record["sources"]) == 2
    assert record["duplicates"] == ["http://www.harbourpost.example/rss"]
    assert len(record["not_taken"]) == 3


def test_without_an_include_the_outlets_go_into_the_configuration(folder: Path) -> None:
    (folder / "sources.toml").write_text(MAIN.replace("include", "# include"))
    assert sources(folder, "import", str(OPML)).exit_code == 0
    assert [file.name for file in folder.iterdir()] == ["sources.toml"]
    assert loaded(folder).source("tarn-times")


def test_a_file_that_is_no_list_is_an_error(folder: Path) -> None:
    (folder / "feed.opml").write_text(rss("Tarn Times"))
    result = sources(folder, "import", str(folder / "feed.opml"))
    assert result.exit_code == 1
    assert "expected <opml>" in result.stderr


def test_an_export_holds_no_secret_and_comes_back_as_it_was(folder: Path, tmp_path: Path) -> None:
    sources(folder, "import", str(OPML))
    exported = sources(folder, "export")
    assert exported.exit_code == 0
    assert "hunter2" not in exported.output
    assert "proxy" not in exported.output
    other = tmp_path / "other"
    other.mkdir()
    (other / "sources.toml").write_text("")
    written = sources(folder, "export", "--output", str(other / "all.opml"))
    assert (written.exit_code, written.stdout) == (0, "")
    assert (other / "all.opml").read_text() == exported.stdout
    assert sources(other, "import", str(other / "all.opml")).exit_code == 0

    def said(config: Config) -> list[tuple[str, str, str, list[tuple[str, str]]]]:
        return [
            (source.name, source.url, source.language, [(feed.url, feed.kind) for feed in source.feeds])
            for source in config.sources
        ]

    assert said(loaded(other)) == said(loaded(folder))


# --- pause and resume --------------------------------------------------------------------------------------------


def test_a_source_is_paused_and_resumed(folder: Path) -> None:
    shown = sources(folder, "pause", "The Harbour Post", "--dry-run")
    assert "+paused = true" in shown.stdout
    assert (folder / "sources.toml").read_text() == MAIN
    assert sources(folder, "pause", "harbour-post").exit_code == 0
    assert loaded(folder).source("harbour-post").paused
    assert "already" in sources(folder, "pause", "harbour-post").stderr
    assert sources(folder, "resume", "harbour-post").exit_code == 0
    assert not loaded(folder).source("harbour-post").paused
    assert (folder / "sources.toml").read_text().replace("paused = false\n", "") == MAIN


def test_an_unknown_source_is_exit_code_2(folder: Path) -> None:
    result = sources(folder, "pause", "harbor-post")
    assert result.exit_code == 2
    assert "did you mean harbour-post" in result.stderr


# --- what pages say ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "feed"),
    [
        ("https://a.example/feed/", True),
        ("https://a.example/?feed=rss2", True),
        ("https://feeds.a.example/world", True),
        ("https://a.example/news.rss", True),
        ("https://a.example/index.xml", True),
        ("https://a.example/feeding-the-birds", False),
        ("https://a.example/atomic-energy", False),
        ("https://[broken/feed", False),
    ],
)
def test_an_address_is_known_as_that_of_a_feed(url: str, feed: bool) -> None:
    assert looks_like_feed(url) is feed


@pytest.mark.parametrize(
    ("url", "title", "comments"),
    [
        ("https://a.example/comments/feed/", "", True),
        ("https://a.example/story/feed/", "Comments on: A story", True),
        ("https://a.example/feed/", "A » Comments Feed", True),
        ("https://a.example/feed/", "A commentary", False),
        ("https://a.example/comment-is-free/rss", "Opinion", False),
    ],
)
def test_feeds_of_comments_are_known(url: str, title: str, comments: bool) -> None:
    assert is_of_comments(url, title) is comments


def test_links_are_resolved_against_the_base_and_other_schemes_left_out() -> None:
    page = html(
        '<base href="/en/"><link rel="alternate" type="application/atom+xml" href="atom.xml">'
        '<link rel="alternate" type="application/rss+xml" href="javascript:alert(1)">'
        '<link rel="alternate" type="application/json" href="/wp-json/posts">',
        '<a href="rss.xml">RSS</a><a href="mailto:rss@a.example">write</a>',
    )
    found = read_site(page.encode(), "https://a.example/x")
    assert [candidate.url for candidate in found.candidates] == [
        "https://a.example/en/atom.xml",
        "https://a.example/en/rss.xml",
    ]
    assert (found.site_name, found.language, found.is_article) == ("Tarn Times", "en", False)


def test_news_sitemaps_of_a_robots_txt_come_first() -> None:
    text = "Sitemap: https://a.example/all.xml\nsitemap:https://a.example/news.xml\nSitemap: /relative.xml\n"
    assert [candidate.url for candidate in robots_sitemaps(text)] == [
        "https://a.example/news.xml",
        "https://a.example/all.xml",
    ]
