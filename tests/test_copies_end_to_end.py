"""A wire text on five sites, through whole polls: one entry with its copies, and what an editor makes of it."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape
from pathlib import Path
from typing import Any
from zlib import crc32

import httpx
import pytest
from click.testing import CliRunner

from aggregator import config
from aggregator.cli import root
from aggregator.config import Config
from aggregator.pipeline.poll import poll
from aggregator.pipeline.retain import prune
from aggregator.store import Store

NOW = datetime(2026, 5, 14, 12, 0, tzinfo=UTC)
PARAGRAPHS = [
    " ".join(paragraph.split())
    for paragraph in """
    The council of the island voted late on Tuesday to close the old harbour for two years while engineers repair its
    northern wall, which a storm had broken in March.

    Fishermen who land their catch there said they had been promised a second quay before the work begins, and threatened
    to block the ferry line to the mainland.

    The mayor answered that money for the quay had been set aside in the budget of last year, and that a contract would be
    signed within weeks.

    Residents remember a similar promise from nine years ago that nobody kept, and some have begun to sell their boats to
    buyers from the southern isles.
    """.strip().split("\n\n")
]
SIGN_UP = "Sign up to our free newsletter for the latest news from across the northern isles."

OUTLETS = {
    # id: (name, minutes after the agency, headline, paragraphs it prints, what it adds)
    "wire": ("Associated Press", 0, "Island closes its old harbour for two years", 4, ""),
    "post": ("Harbour Post", -5, "Island closes old harbour for two years after storm", 4, SIGN_UP),
    "ledger": ("The Ledger", 20, "Old harbour to close for two years", 3, SIGN_UP),
    "courier": (
        "Courier",
        45,
        "Island closes its old harbour for two years",
        4,
        "Our own staff contributed to this.",
    ),
    "gazette": ("Gazette", 180, "Two years without boats: island closes its old harbour", 2, ""),
}
SUBJECTS = {
    "wire": ("Lighthouse", "Tunnel", "Budget", "Regatta"),
    "post": ("Whale", "Library", "Ferry fares", "Dog show"),
    "ledger": ("Treasure", "Bakery", "School bell", "Chess title"),
    "courier": ("Meteorite", "Swimming pool", "Church organ", "Ploughing match"),
    "gazette": ("Viking ship", "Brewery", "Bus timetable", "Rowing cup"),
}
LIMITS = {"wire": 'retention = "1d"\n', "post": "paywall = true\n"}
OWN = """
    The harbour that the storm broke in March will be closed from June on. Quays for the fishing boats are to be built on
    the western shore, where the lifeboat lies now, the mayor told this newspaper. He spoke of a hard year for everybody who
    lives from the sea, and of help for those who cannot wait. Nobody in the hall believed him, and the skippers of nine
    boats left before he had ended.
"""


def item(host: str, title: str, text: str, at: datetime, byline: str = "") -> str:
    parts = {
        "title": title,
        "link": f"https://{host}.example/{crc32(title.encode())}",
        "pubDate": format_datetime(at),
        "dc:creator": byline,
        "content:encoded": "".join(f"<p>{escape(paragraph)}</p>" for paragraph in text.split("\n")),
    }
    return (
        "<item>"
        + "".join(f"<{name}>{escape(value)}</{name}>" for name, value in parts.items() if value)
        + "</item>"
    )


def answer(request: httpx.Request) -> httpx.Response:
    host = request.url.host.removesuffix(".example")
    name, minutes, title, count, added = OUTLETS[host]
    text = "\n".join(
        (f"PORT AMITY (AP) - {PARAGRAPHS[0]}", *PARAGRAPHS[1:count], *([added] if added else ()))
    )
    items = [
        item(host, title, text, NOW - timedelta(hours=6) + timedelta(minutes=minutes), "Associated Press")
    ]
    if host == "gazette":
        items.append(
            item(host, "Mayor: boats must leave the old harbour in June", OWN, NOW - timedelta(hours=2))
        )
    items += [
        item(
            host,
            f"{subject} {fate}",
            f"What {subject.lower()} had to do with it, nobody says. {SIGN_UP}",
            NOW,
        )
        for subject, fate in zip(SUBJECTS[host], ("found", "opened", "argued over", "won"), strict=True)
    ]
    return document(name, items)


def document(name: str, items: list[str]) -> httpx.Response:
    spaces = (
        "xmlns:content='http://purl.org/rss/1.0/modules/content/' xmlns:dc='http://purl.org/dc/elements/1.1/'"
    )
    body = f"<rss version='2.0' {spaces}><channel><title>{name}</title>{''.join(items)}</channel></rss>"
    return httpx.Response(200, text=body, headers={"content-type": "application/rss+xml"})


@pytest.fixture
def polled(tmp_path: Path) -> Iterator[tuple[Config, Store]]:
    path = tmp_path / "sources.toml"
    path.write_text(
        '[store]\ndatabase = "news.db"\n[fetch]\nhost_gap = "0s"\n'
        + "".join(
            f'[[sources]]\nid = "{key}"\nname = "{outlet[0]}"\nurl = "https://{key}.example/"\nlanguage = "en"\n'
            + LIMITS.get(key, "")
            + f'[[sources.feeds]]\nurl = "https://{key}.example/rss"\n'
            for key, outlet in OUTLETS.items()
        )
    )
    loaded = config.load(path, environ={})
    with Store.open(loaded.store.database, create=True, settings=loaded.store) as store:
        poll(loaded, store, clock=lambda: NOW, transport=httpx.MockTransport(answer))
        yield loaded, store


def run(store: Store, *arguments: str) -> Any:
    result = CliRunner().invoke(
        root, ["--database", str(store.path), "--now", NOW.isoformat(), *arguments], catch_exceptions=False
    )
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout) if "--json" in arguments else result.stdout


def the_harbour(store: Store) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = run(store, "items", "--search", "title:harbour", "--limit", "0", "--json")
    return found


def test_a_wire_text_on_five_sites_is_one_entry_with_its_copies(polled: tuple[Config, Store]) -> None:
    _, store = polled
    entry, own = sorted(the_harbour(store), key=lambda entry: -len(entry["copies"]))
    assert entry["outlet"] == "Associated Press", "the agency's own page stands for all"
    assert {copy["outlet"] for copy in entry["copies"]} == {
        "Harbour Post",
        "The Ledger",
        "Courier",
        "Gazette",
    }
    assert all(
        copy["agency"] == "AP" and copy["similarity"] > 0.15 and copy["url"] for copy in entry["copies"]
    )
    assert (own["outlet"], own["copies"]) == ("Gazette", []), "a report of its own on the same event"


def test_an_editor_parts_a_copy_and_no_id_changes(polled: tuple[Config, Store]) -> None:
    loaded, store = polled
    entry = max(the_harbour(store), key=lambda entry: len(entry["copies"]))
    gazette = next(copy["id"] for copy in entry["copies"] if copy["outlet"] == "Gazette")
    run(store, "verdicts", "not-copy", str(gazette), str(entry["id"]))
    after = {entry["id"]: entry for entry in the_harbour(store)}
    assert {copy["outlet"] for copy in after[entry["id"]]["copies"]} == {
        "Harbour Post",
        "The Ledger",
        "Courier",
    }
    assert after[gazette]["copies"] == []
    poll(
        loaded, store, clock=lambda: NOW + timedelta(hours=1), all=True, transport=httpx.MockTransport(answer)
    )
    assert len(the_harbour(store)) == 3
    run(store, "verdicts", "undo", "1")
    poll(
        loaded, store, clock=lambda: NOW + timedelta(hours=2), all=True, transport=httpx.MockTransport(answer)
    )
    assert len(the_harbour(store)) == 2


def shown(store: Store) -> tuple[str, int]:
    """The outlet that stands for the text, and how many copies it has."""
    entry = max(the_harbour(store), key=lambda entry: len(entry["copies"]))
    return entry["outlet"], len(entry["copies"])


def agency_page(store: Store) -> str:
    return str(max(the_harbour(store), key=lambda entry: len(entry["copies"]))["id"])


def test_where_the_agency_is_hidden_the_earliest_that_is_free_stands_for_the_others(
    polled: tuple[Config, Store],
) -> None:
    _, store = polled
    assert shown(store) == ("Associated Press", 4)
    run(store, "verdicts", "hide", agency_page(store))
    assert shown(store) == ("The Ledger", 4), "Harbour Post was earlier, and is behind a paywall"
    run(store, "verdicts", "undo", "1")
    assert shown(store) == ("Associated Press", 4)


def test_where_the_agency_is_parted_the_rest_is_shown_by_the_same_rule(polled: tuple[Config, Store]) -> None:
    _, store = polled
    run(store, "verdicts", "not-copy", agency_page(store))
    assert shown(store) == ("The Ledger", 3)


def test_where_the_agency_is_purged_the_rest_is_shown_by_the_same_rule(polled: tuple[Config, Store]) -> None:
    loaded, store = polled
    purged = prune(loaded, store, now=NOW + timedelta(days=2))
    assert (purged.articles, len(purged.regrouped)) == (5, 1)
    assert shown(store) == ("The Ledger", 3)


def test_where_the_agency_tells_something_else_now_the_rest_is_shown_by_the_same_rule(
    polled: tuple[Config, Store],
) -> None:
    loaded, store = polled

    def corrected(request: httpx.Request) -> httpx.Response:
        if request.url.host != "wire.example":
            return answer(request)
        name, _, title, *_ = OUTLETS["wire"]
        return document(name, [item("wire", title, OWN, NOW - timedelta(hours=6), name)])

    later = NOW + timedelta(hours=1)
    poll(loaded, store, clock=lambda: later, all=True, transport=httpx.MockTransport(corrected))
    assert shown(store) == ("The Ledger", 3)
