"""The commands, noun by noun: what they ask the store for and what they show."""

import json
import shlex
import webbrowser
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aggregator.model import ItemFilter
from cli_fake import Cli, fake_cli
from render_samples import NOW, make_item


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cli:
    return fake_cli(monkeypatch, tmp_path)


def test_filters_become_an_item_filter(cli: Cli) -> None:
    line = (
        "items --since 6h --until 2026-05-14T11:00 --published-since yesterday --published-until 1h"
        " --outlet 'Northern Ledger' --source harbour-post --agency Reuters --lang de --language en --story 4f2"
        " --search 'ferry \"Cape Lorne\"' --missing teaser --date-origin url --date-origin first_seen"
        " --state all --sort relevance --limit 7 --after 99"
    )
    cli(*shlex.split(line))
    assert cli.store.asked == [
        ItemFilter(
            since=NOW - timedelta(hours=6),
            until=datetime(2026, 5, 14, 9, tzinfo=UTC),
            published_since=datetime(2026, 5, 12, 22, tzinfo=UTC),
            published_until=NOW - timedelta(hours=1),
            sources=("northern-ledger", "harbour-post"),
            agencies=("Reuters",),
            languages=("de", "en"),
            story="4f2a91",
            search='ferry "Cape Lorne"',
            missing=("teaser",),
            date_origins=("url", "first_seen"),
            state="all",
            sort="relevance",
            limit=7,
            after=99,
        )
    ]


def test_items_are_sorted_by_age_and_when_they_are_searched_by_relevance(cli: Cli) -> None:
    for line in ("items", "items --search ferry", "items --search ' '", "items --search ferry --sort newest"):
        cli(*shlex.split(line))
    assert [asked.sort for asked in cli.store.asked] == ["newest", "relevance", "newest", "newest"]


def test_only_a_search_adds_a_passage_to_the_records(cli: Cli) -> None:
    assert not {"snippet", "marks"} & set(cli.json("items")[0])
    assert {"snippet", "marks"} <= set(cli.json("items", "--search", "ferry")[0])


def test_the_limit_is_fifty_unless_all_are_asked_for(cli: Cli) -> None:
    cli("items")
    cli("items", "--limit", "0")
    assert [asked.limit for asked in cli.store.asked] == [50, None]


def test_a_topic_filters_items(cli: Cli) -> None:
    assert cli("items", "--topic", "PORTS", "--ids").stdout == "2\n"
    assert cli("items", "count", "--topic", "Ports and shipping").stdout == "1\n"


def test_counting_counts_everything(cli: Cli) -> None:
    assert cli("items", "count", "--since", "1d").stdout == "4711\n"
    assert cli.store.asked[-1].limit is None


def test_an_item_is_shown_by_id_or_url_with_all_that_is_known(cli: Cli) -> None:
    shown = cli("items", "show", "1").stdout
    for expected in (
        "as the feed says",
        "Meridian Wire",
        "The Daily Tarn",
        "until 14 May 11:10",
        "harbour since",
        "in topic ports by ada",
    ):
        assert expected in shown
    assert cli("items", "show", "https://www.harbourpost.example/2026/05/14/1").stdout == shown
    record = cli.json("items", "show", "1")
    assert (record["id"], record["sightings"][0]["feed_id"], record["keys"]) == (
        1,
        "harbour",
        [{"kind": "url", "hash": -1}],
    )
    assert (record["verdicts"][0]["kind"], record["verdicts"][0]["other"]) == ("in_topic", "ports")


def test_an_item_is_opened_in_the_browser(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda url: bool(opened.append(url)) or True)
    assert cli("items", "open", "1").stdout == ""
    assert opened == ["https://www.harbourpost.example/2026/05/14/1"]


def test_without_a_browser_the_address_is_printed(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webbrowser, "open", lambda url: False)
    assert cli("items", "open", "1").stdout == "https://www.harbourpost.example/2026/05/14/1\n"


def test_only_a_web_address_is_opened(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webbrowser, "open", lambda url: pytest.fail("opened"))
    cli.store.held = [make_item(1, url="javascript:alert(1)")]
    result = cli("items", "open", "1")
    assert result.exit_code == 1
    assert "no address that a browser may open" in result.stderr


def test_a_related_list_is_shown_newest_first_and_ranked_when_asked(cli: Cli) -> None:
    assert [entry["id"] for entry in cli.json("related", "1")] == [12, 11]
    assert [entry["id"] for entry in cli.json("related", "1", "--sort", "score")] == [11, 12]
    assert {"score", "relation", "reasons", "ago"} <= set(cli.json("related", "1")[0])


def test_a_related_list_has_as_many_entries_as_configured_or_asked_for(cli: Cli) -> None:
    cli("related", "1")
    cli("related", "1", "--limit", "1")
    assert [asked["limit"] for asked in cli.lists.asked] == [5, 1]


def test_a_related_list_may_be_that_of_the_articles_moment(cli: Cli) -> None:
    cli("related", "1")
    cli("related", "1", "--as-of", "article")
    assert [asked["as_of"] for asked in cli.lists.asked] == [None, NOW - timedelta(minutes=50)]


def test_a_related_list_explains_itself_when_asked(cli: Cli) -> None:
    assert "score" not in cli("related", "1").stdout
    assert "score 0.900; shares ferry, Lorne" in cli("related", "1", "--explain").stdout


def test_a_related_list_says_to_what(cli: Cli) -> None:
    assert cli("related", "1").stdout.startswith(
        "Related to Ferry runs aground off Cape Lorne (The Harbour Post)\n\nFerry"
    )


def test_topics_show_their_terms_and_their_lists(cli: Cli) -> None:
    assert "any of ferry, dockers" in cli("topics").stdout
    assert cli.json("topics")[0]["any"] == ["ferry", "dockers"]
    assert [entry["id"] for entry in cli.json("topics", "show", "ports")] == [12, 11]
    assert cli("topics", "show", "ports").stdout.startswith("Ports and shipping\n\n")


def test_stories_are_listed_and_shown_in_their_order(cli: Cli) -> None:
    (story,) = cli.json("stories", "--since", "24h", "--limit", "3")
    assert story["headline"] == "Ferry aground"
    assert cli.lists.asked[-1]["since"] == NOW - timedelta(hours=24)
    assert cli.lists.asked[-1]["limit"] == 3
    assert [entry["id"] for entry in cli.json("stories", "show", "4f")] == [2, 1]


def test_sources_show_their_health(cli: Cli) -> None:
    assert "failing (3x network)" in cli("sources", env={"COLUMNS": "120"}).stdout
    assert [source["id"] for source in cli.json("sources")] == ["harbour-post", "northern-ledger"]
    assert cli("sources", "--failing", "--ids").stdout == "northern-ledger\n"


def test_the_journal_is_filtered_by_outlet(cli: Cli) -> None:
    assert [poll["outcome"] for poll in cli.json("polls")] == ["ok", "error"]
    assert [poll["source_id"] for poll in cli.json("polls", "--outlet", "northern-ledger")] == [
        "northern-ledger"
    ]


def test_the_configuration_is_checked_without_a_database(cli: Cli) -> None:
    for line in (["config", "check"], ["sources", "check"]):
        result = cli(*line)
        assert result.exit_code == 0
        assert "1 outlets, 1 feeds, 1 topics, no mistakes" in result.stdout


def test_every_mistake_of_a_configuration_is_told_with_its_line(cli: Cli, tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text('[display]\ntimezone = "Mars/Base"\n\n[[sources]]\nid = "a"\nnam = "A"\nurl = "x"\n')
    result = cli("config", "check", "--config", str(broken))
    assert result.exit_code == 2
    assert f"{broken}:2: display.timezone" in result.stderr
    assert f"{broken}:6: sources[0].nam" in result.stderr
    assert result.stdout == ""


def test_the_configuration_is_shown_without_its_secrets(cli: Cli, tmp_path: Path) -> None:
    secret = tmp_path / "secret.toml"
    secret.write_text(
        '[store]\ndatabase = "postgresql+psycopg://news:${DATABASE_PASSWORD}@db/news"\n'
        '[fetch]\nproxy = "http://user:${DATABASE_PASSWORD}@proxy:3128"\n[[sources]]\nid = "a"\nname = "A"\n'
        'url = "https://a.example/"\n[[sources.feeds]]\nurl = "https://a.example/rss"\n'
        'headers = { Authorization = "Bearer ${DATABASE_PASSWORD}" }\n'
    )
    for option in ([], ["--json"]):
        result = cli("config", "show", "--config", str(secret), *option, env={"DATABASE_PASSWORD": "s3cret"})
        assert result.exit_code == 0, result.output
        assert "s3cret" not in result.output
        assert "news:***@db/news" in result.stdout
    assert json.loads(result.stdout)["fetch.deadline"] == "30s"


def test_fields_of_an_item_are_chosen(cli: Cli) -> None:
    assert cli("items", "show", "1", "--fields", "outlet,agency").stdout.splitlines() == [
        "outlet  The Harbour Post", "agency  Meridian Wire",
    ]  # fmt: skip
    assert cli.json("items", "show", "1", "--fields", "id") == {"id": 1}


def test_doubts_about_the_configuration_are_told_where_it_is_acted_on(cli: Cli, tmp_path: Path) -> None:
    doubtful = tmp_path / "doubtful.toml"
    doubtful.write_text('[[sources]]\nid = "a"\nname = "A"\nurl = "https://a.example/"\n')
    checked = cli("config", "check", "--config", str(doubtful))
    assert checked.exit_code == 0
    assert checked.stderr.count("Warning: ") == int(
        checked.stdout.rpartition(" warnings")[0].rpartition(" ")[2]
    )
    assert "Warning" not in cli("items", "--config", str(doubtful)).stderr
