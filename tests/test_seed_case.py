"""The case the project began with: under an article about earlier meetings of Putin and American presidents stand the
reports of three outlets, taken from an aggregator's page with all its furniture, with outlet, time, agency and relation.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import respx

from aggregator import config, demo
from aggregator.model import Related
from aggregator.pipeline import lists
from aggregator.pipeline.poll import poll
from aggregator.render import ago
from aggregator.store import Store

FIXTURES = Path(__file__).parent / "fixtures" / "seed"
NOW = demo.NOW

SOURCES = """
[[sources]]
id = "ap"
name = "Associated Press"
url = "https://apnews.example/"
language = "en"
agency = "AP"
[[sources.feeds]]
url = "https://apnews.example/feed.xml"

[[sources]]
id = "eightfold"
name = "Eightfold News"
url = "https://eightfold.example/"
language = "en"
[[sources.feeds]]
url = "https://eightfold.example/articles/putin-american-presidents-meetings"
kind = "listing"
[sources.feeds.selectors]
item = "section.related .card"
title = "h3 a"
link = "h3 a"
teaser = "p.text"
time = ".when"
source = ".outlet"

[[topics]]
id = "putin"
name = "Putin's diplomacy"
any = ["Putin"]
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The page and the agency's feed, stored among the fifty articles of the demonstration edition."""
    folder = tmp_path_factory.mktemp("seed")
    path = folder / "sources.toml"
    path.write_text(demo.SOURCES.read_text(encoding="utf-8") + SOURCES, encoding="utf-8")
    settings = config.load(path, environ={})
    router = respx.Router()
    router.get("https://eightfold.example/robots.txt").respond(404)
    router.get("https://apnews.example/feed.xml").respond(
        content=(FIXTURES / "agency.xml").read_bytes(), content_type="application/rss+xml"
    )
    router.get("https://eightfold.example/articles/putin-american-presidents-meetings").respond(
        content=(FIXTURES / "page.html").read_bytes(), content_type="text/html; charset=utf-8"
    )
    router.route().mock(side_effect=demo.transport().handler)
    settings = replace(settings, fetch=replace(settings.fetch, host_gap=timedelta()))
    with Store.open(settings.store.database, create=True, settings=settings.store) as opened:
        run = poll(settings, opened, clock=lambda: NOW, transport=httpx.MockTransport(router.async_handler))
        assert [entry.error for entry in run.polls if entry.error] == []
        yield opened


def as_shown(entries: list[Related]) -> list[tuple[str, str, str, str]]:
    """Newest first, as in the sidebar: outlet, agency, relative time, relation."""
    newest_first = sorted(entries, key=lambda entry: entry.item.article.published_at, reverse=True)
    return [
        (
            entry.item.outlet,
            entry.item.article.agency,
            ago(entry.item.article.published_at, NOW),
            entry.relation,
        )
        for entry in newest_first
    ]


def test_the_page_is_read_as_three_entries_of_three_outlets(store: Store) -> None:
    run = [
        lists.find_item(store, url)
        for url in (
            "https://www.nypost.example/2026/05/14/europe-counters-truce-plan/",
            "https://www.bloomberg.example/news/articles/2026-05-14/lula-putin-ties-phone-call",
            "https://www.yahoo.example/news/zelenskiy-no-land-ahead-trump-putin-071500.html",
        )
    ]
    assert [item.outlet for item in run] == ["New York Post", "Bloomberg", "Yahoo"]
    assert [item.article.agency for item in run] == ["", "Bloomberg", "Reuters"]
    assert [(NOW - item.article.published_at) / timedelta(hours=1) for item in run] == [1, 1, 2]
    for item in run:
        assert "Advertisement" not in item.article.teaser
        assert "Crossword" not in item.article.teaser
        assert "Shutterstock" not in item.article.teaser
        assert not item.article.teaser.startswith(item.article.title)


def test_under_the_article_stand_the_three_newest_first(store: Store) -> None:
    article = lists.find_item(store, "https://apnews.example/article/putin-american-presidents-meetings-1f0a")
    shown = as_shown(lists.related(store, config.RelateSettings(), article, now=NOW))
    by_outlet = {entry[0]: entry for entry in shown}
    assert [entry[0] for entry in shown][-1] == "Yahoo"
    assert set(by_outlet) == {"New York Post", "Bloomberg", "Yahoo"}
    assert by_outlet["New York Post"][2] == by_outlet["Bloomberg"][2] == "an hour ago"
    assert by_outlet["Yahoo"] == ("Yahoo", "Reuters", "2 hours ago", by_outlet["Yahoo"][3])
    assert by_outlet["Bloomberg"][3] == "related"


def test_the_two_reports_of_the_event_are_one_story(store: Store) -> None:
    yahoo = lists.find_item(
        store, "https://www.yahoo.example/news/zelenskiy-no-land-ahead-trump-putin-071500.html"
    )
    shown = {
        entry[0]: entry[3]
        for entry in as_shown(lists.related(store, config.RelateSettings(), yahoo, now=NOW))
    }
    assert shown["New York Post"] == "same_story"
    assert shown["Bloomberg"] == "related"


def test_in_the_topic_stand_the_three_newest_first(store: Store) -> None:
    topic = next(topic for topic in store.topics() if topic.id == "putin")
    shown = as_shown(lists.topic(store, config.RelateSettings(), topic, now=NOW))
    outlets = [entry[0] for entry in shown]
    assert {"New York Post", "Bloomberg", "Yahoo"} <= set(outlets)
    assert outlets.index("Yahoo") > max(outlets.index("New York Post"), outlets.index("Bloomberg"))
