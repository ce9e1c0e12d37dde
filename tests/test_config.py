"""What an editor writes, what it means, and how every mistake is told: file, line, key, and the nearest right name."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from aggregator import config
from aggregator.config import Config, parse_duration, parse_size
from aggregator.config.lines import KeyPath, key_lines
from aggregator.errors import ConfigError, Problem, UnknownName
from aggregator.model import Feed, Selectors, Source, Topic
from aggregator.settings import (
    DisplaySettings,
    FetchSettings,
    RelateSettings,
    ScheduleSettings,
    StoreSettings,
)

SOURCE = """
[[sources]]
id = "harbour-post"
name = "The Harbour Post"
url = "https://www.harbourpost.example/"
"""
FEED = SOURCE + '[[sources.feeds]]\nurl = "https://www.harbourpost.example/rss"\n'

Loader = Callable[..., Config]


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    """Put a file beside the others."""

    def put(name: str, text: str) -> Path:
        path = tmp_path / "config" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return put


@pytest.fixture
def load(write: Callable[[str, str], Path]) -> Loader:
    """Load a text as config/sources.toml."""

    def load_text(text: str, **environ: str) -> Config:
        return config.load(write("sources.toml", text), environ=environ)

    return load_text


@pytest.fixture
def problems(load: Loader) -> Callable[..., list[Problem]]:
    """The problems of a text."""

    def found(text: str, **environ: str) -> list[Problem]:
        with pytest.raises(ConfigError) as caught:
            load(text, **environ)
        return list(caught.value.problems)

    return found


def told(problems: list[Problem]) -> list[tuple[int | None, str, str]]:
    return [(problem.line, problem.key, problem.message) for problem in problems]


# --- what is read


def test_the_smallest_file_has_every_default(load: Loader, tmp_path: Path) -> None:
    loaded = load(FEED)
    assert loaded.store == StoreSettings(database=f"sqlite:///{tmp_path}/data/aggregator.db")
    assert loaded.fetch == FetchSettings()
    assert loaded.schedule == ScheduleSettings()
    assert loaded.display == DisplaySettings()
    assert loaded.relate == RelateSettings()
    url = "https://www.harbourpost.example/rss"
    assert loaded.sources == (
        Source(
            id="harbour-post",
            name="The Harbour Post",
            url="https://www.harbourpost.example/",
            feeds=(Feed(url=url, source_id="harbour-post", id=url),),
        ),
    )
    assert loaded.topics == () and loaded.warnings == ()


def test_every_setting_can_be_given(load: Loader, tmp_path: Path) -> None:
    (tmp_path / "config" / "encoder").mkdir(parents=True)
    loaded = load(
        """
        [store]
        database = "news.db"
        retention = "30 days"
        polls_kept = "7d"
        busy_timeout = "3s"
        synchronous = "FULL"
        [fetch]
        deadline = "20s"
        connect_timeout = "3s"
        read_timeout = "5s"
        max_body = "8MiB"
        max_header = "64KiB"
        max_redirects = 3
        max_in_flight = "32MiB"
        max_entries = 500
        concurrency = 20
        host_concurrency = 2
        host_gap = "0s"
        allow_networks = ["127.0.0.0/8", "fd00::/8"]
        allow_ports = [80, 443, 8000]
        user_agent = "harbour/1.0"
        contact = "https://harbourpost.example/bot"
        proxy = "http://proxy.example:3128"
        [defaults]
        interval = "20m"
        min_interval = "10m"
        max_interval = "3h"
        max_backoff = "12h"
        language = "en"
        timezone = "Europe/London"
        [display]
        timezone = "Europe/Berlin"
        language = "de"
        [relate]
        window = "3d"
        half_weight = "24h"
        decay = 0.5
        limit = 7
        per_outlet = 1
        floor = 0.25
        encoder = "encoder"
        """
        + FEED
    )
    assert loaded.store == StoreSettings(
        database=f"sqlite:///{tmp_path}/config/news.db",
        retention=timedelta(days=30),
        polls_kept=timedelta(days=7),
        busy_timeout=timedelta(seconds=3),
        synchronous="FULL",
    )
    assert loaded.fetch == FetchSettings(
        deadline=timedelta(seconds=20),
        connect_timeout=timedelta(seconds=3),
        read_timeout=timedelta(seconds=5),
        max_body=8 * 1024**2,
        max_header=64 * 1024,
        max_redirects=3,
        max_in_flight=32 * 1024**2,
        max_entries=500,
        concurrency=20,
        host_concurrency=2,
        host_gap=timedelta(),
        allow_networks=(ip_network("127.0.0.0/8"), ip_network("fd00::/8")),
        allow_ports=(80, 443, 8000),
        user_agent="harbour/1.0",
        contact="https://harbourpost.example/bot",
        proxy="http://proxy.example:3128",
    )
    assert loaded.schedule == ScheduleSettings(
        interval=timedelta(minutes=20),
        min_interval=timedelta(minutes=10),
        max_interval=timedelta(hours=3),
        max_backoff=timedelta(hours=12),
    )
    assert loaded.display == DisplaySettings(timezone="Europe/Berlin", language="de")
    assert loaded.relate == RelateSettings(
        window=timedelta(days=3),
        half_weight=timedelta(hours=24),
        decay=0.5,
        limit=7,
        per_outlet=1,
        floor=0.25,
        encoder=str(tmp_path / "config" / "encoder"),
    )
    assert loaded.sources[0].language == loaded.sources[0].feeds[0].language == "en"
    assert loaded.sources[0].feeds[0].timezone == "Europe/London"


@pytest.mark.parametrize(
    ("section", "settings"),
    [
        ("store", StoreSettings),
        ("fetch", FetchSettings),
        ("display", DisplaySettings),
        ("relate", RelateSettings),
    ],
)
def test_every_field_of_the_settings_is_a_key_of_its_section(
    problems: Callable[..., list[Problem]], section: str, settings: type
) -> None:
    text = f"[{section}]\n" + "".join(f"{field.name} = {{}}\n" for field in fields(settings))
    found = problems(text)
    assert len(found) == len(fields(settings))
    assert not [problem for problem in found if "not known" in problem.message]


def test_a_feed_takes_after_its_source(load: Loader) -> None:
    loaded = load(
        SOURCE
        + """
        interval = "30m"
        headers = { X-Edition = "uk", Accept-Language = "en" }
        proxy = "http://proxy.example:3128"
        group = "harbour"
        timezone = "Europe/London"
        language = "en-GB"
        contact = "desk@newsroom.example"
        [[sources.feeds]]
        url = "https://www.harbourpost.example/rss"
        [[sources.feeds]]
        id = "harbour-scots"
        url = "https://www.harbourpost.example/scots"
        interval = "1h"
        headers = { x-edition = "sco", accept-language = "" }
        proxy = ""
        group = "scots"
        timezone = "UTC"
        language = "sco"
        paused = true
        """
    )
    first, second = loaded.feeds()
    assert first.interval == timedelta(minutes=30)
    assert first.headers == {"X-Edition": "uk", "Accept-Language": "en", "From": "desk@newsroom.example"}
    assert first.proxy == "http://proxy.example:3128"
    assert (first.group, first.timezone, first.language) == ("harbour", "Europe/London", "en-GB")
    assert not first.paused
    assert second.id == "harbour-scots"
    assert second.interval == timedelta(hours=1)
    assert second.headers == {"x-edition": "sco", "From": "desk@newsroom.example"}
    assert second.proxy == ""
    assert (second.group, second.timezone, second.language) == ("scots", "UTC", "sco")
    assert second.paused


def test_a_paused_source_pauses_all_its_feeds(load: Loader) -> None:
    loaded = load(FEED.replace("[[sources.feeds]]", "paused = true\n[[sources.feeds]]\npaused = false"))
    assert loaded.sources[0].paused
    assert all(feed.paused for feed in loaded.feeds())


def test_everything_about_a_source_is_read(load: Loader) -> None:
    loaded = load(
        SOURCE
        + """
        country = "gb"
        owner = "Harbour Group"
        agency = "Harbour Wire"
        role = "own"
        weight = 2
        [[sources.feeds]]
        url = "https://www.harbourpost.example/news"
        kind = "listing"
        topics = ["ports"]
        [sources.feeds.selectors]
        item = "article"
        title = "h2"
        link = "h2 a"
        teaser = "p"
        time = "time"
        image = "img@data-src"
        source = ".outlet"
        [[topics]]
        id = "ports"
        name = "Ports"
        """
    )
    source = loaded.source("harbour-post")
    assert (source.country, source.owner, source.agency) == ("GB", "Harbour Group", "Harbour Wire")
    assert (source.role, source.weight) == ("own", 2.0)
    assert source.feeds[0].kind == "listing" and source.feeds[0].topics == ("ports",)
    assert source.feeds[0].selectors == Selectors(
        item="article",
        title="h2",
        link="h2 a",
        teaser="p",
        time="time",
        image="img@data-src",
        source=".outlet",
    )


def test_everything_about_a_topic_is_read(load: Loader) -> None:
    loaded = load(
        FEED
        + """
        [[topics]]
        id = "ports"
        name = "Ports and shipping"
        any = ["ferry", '"container ship"', "freight*"]
        all = ["harbour"]
        none = ["recipe"]
        outlets = ["harbour-post"]
        languages = ["en", "de"]
        examples = ["https://www.harbourpost.example/news/1"]
        until = 2026-12-31
        """
    )
    assert loaded.topic("ports") == Topic(
        id="ports",
        name="Ports and shipping",
        any=("ferry", '"container ship"', "freight*"),
        all=("harbour",),
        none=("recipe",),
        outlets=("harbour-post",),
        languages=("en", "de"),
        examples=("https://www.harbourpost.example/news/1",),
        until=datetime(2027, 1, 1, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("written", "until"),
    [
        ("2026-06-30", datetime(2026, 6, 30, 22, tzinfo=UTC)),
        ('"2026-06-30"', datetime(2026, 6, 30, 22, tzinfo=UTC)),
        ("2026-06-30T12:00:00", datetime(2026, 6, 30, 10, tzinfo=UTC)),
        ("2026-06-30T12:00:00Z", datetime(2026, 6, 30, 12, tzinfo=UTC)),
        ('"2026-06-30T12:00:00+03:00"', datetime(2026, 6, 30, 9, tzinfo=UTC)),
    ],
)
def test_a_topic_ends_with_its_day_where_the_editors_are(load: Loader, written: str, until: datetime) -> None:
    text = f'[display]\ntimezone = "Europe/Berlin"\n[[topics]]\nid = "a"\nname = "A"\nany = ["x"]\nuntil = {written}'
    assert load(text).topic("a").until == until


def test_sources_are_found_by_id_and_by_name_whatever_its_case(load: Loader) -> None:
    loaded = load(FEED)
    assert loaded.source("harbour-post") is loaded.source("the harbour POST") is loaded.sources[0]


def test_a_name_that_nothing_is_known_by_is_answered_with_the_nearest(load: Loader) -> None:
    loaded = load(FEED + '[[topics]]\nid = "ports"\nname = "Ports and shipping"\nany = ["ferry"]')
    with pytest.raises(UnknownName, match="did you mean harbour-post"):
        loaded.source("harbor post")
    with pytest.raises(UnknownName) as caught:
        loaded.topic("port")
    assert caught.value.nearest == ("ports",)
    with pytest.raises(UnknownName) as caught:
        loaded.source("qqqq")
    assert caught.value.nearest == ()


def test_a_name_of_several_outlets_is_answered_with_their_ids(load: Loader) -> None:
    second = FEED.replace("harbour-post", "harbour-post-de").replace("/rss", "/de")
    with pytest.raises(UnknownName) as caught:
        load(FEED + second).source("The Harbour Post")
    assert caught.value.nearest == ("harbour-post", "harbour-post-de")


# --- mistakes


def test_all_mistakes_are_told_at_once_each_with_its_line_and_key(
    problems: Callable[..., list[Problem]],
) -> None:
    found = problems(
        """[fetch]
deadline = 30
concurency = 5
[[sources]]
id = "Harbour Post"
name = "The Harbour Post"
url = "harbourpost.example"
[[sources.feeds]]
url = "ftp://harbourpost.example/rss"
kind = "sitemp"
interval = "5s"
"""
    )
    assert [(line, key) for line, key, _ in told(found)] == [
        (2, "fetch.deadline"),
        (3, "fetch.concurency"),
        (5, "sources[0].id"),
        (7, "sources[0].url"),
        (9, "sources[0].feeds[0].url"),
        (10, "sources[0].feeds[0].kind"),
        (11, "sources[0].feeds[0].interval"),
    ]
    messages = [message for _, _, message in told(found)]
    assert "30s" in messages[0]
    assert "did you mean concurrency?" in messages[1]
    assert "'Harbour Post' is no id" in messages[2]
    assert "https://" in messages[3]
    assert "did you mean sitemap?" in messages[5]
    assert "10s" in messages[6]
    assert str(found[0]).startswith(f"{found[0].path}:2: fetch.deadline: ")


BASE = '[[sources]]\nid = "a"\nname = "A"\nurl = "https://a.example/"\n'
"""Four lines; what a case adds begins on line 5."""


@pytest.mark.parametrize(
    ("text", "line", "key", "message"),
    [
        ("[fetsh]\n", 1, "fetsh", "did you mean fetch?"),
        ("[[source]]\nid = 'a'\n", 1, "source", "did you mean [[sources]]?"),
        ("[[feeds]]\nurl = 'x'\n", 1, "feeds", "did you mean [[sources.feeds]]?"),
        ("[sources]\nid = 'a'\n", 1, "sources", "[[sources]]"),
        ("fetch = 3\n", 1, "fetch", "expected a table, found a number"),
        ("interval = '5m'\n", 1, "interval", "it belongs into [defaults]"),
        ("[defaults]\nhost_gap = '1s'\n", 2, "defaults.host_gap", "it belongs into [fetch]"),
        ("[display]\nzone = 'UTC'\n", 2, "display.zone", "not known here"),
        ("[store]\nsynchronous = 'OFF'\n", 2, "store.synchronous", "NORMAL, FULL"),
        ("[store]\nretention = '1h'\n", 2, "store.retention", "too short"),
        ("[store]\ndatabase = ''\n", 2, "store.database", "no path"),
        ("[store]\ndatabase = 3\n", 2, "store.database", "expected a string, found a number"),
        ("[store]\ndatabase = 'mysql://h/db'\n", 2, "store.database", "'mysql' is no database"),
        ("[store]\ndatabase = 'sqlite://news.db'\n", 2, "store.database", "three slashes"),
        ("[store]\ndatabase = 'postgresql://h'\n", 2, "store.database", "names no database"),
        ("[store]\ndatabase = 'postgresql://[::1/db'\n", 2, "store.database", "cannot be read"),
        ("[fetch]\nmax_body = '16 Mo'\n", 2, "fetch.max_body", "16MiB"),
        ("[fetch]\nmax_body = 3\n", 2, "fetch.max_body", "smallest size"),
        ("[fetch]\nconcurrency = 0\n", 2, "fetch.concurrency", "from 1"),
        ("[fetch]\nconcurrency = true\n", 2, "fetch.concurrency", "found true or false"),
        ("[fetch]\nallow_networks = '127.0.0.0/8'\n", 2, "fetch.allow_networks", "expected an array"),
        ("[fetch]\nallow_networks = ['10.0.0.1/8']\n", 2, "fetch.allow_networks[0]", "10.0.0.0/8"),
        (
            "[fetch]\nallow_networks = [\n'::1',\n'home']\n",
            4,
            "fetch.allow_networks[1]",
            "'home' is no network",
        ),
        ("[fetch]\nallow_ports = [70000]\n", 2, "fetch.allow_ports[0]", "65535"),
        ("[fetch]\nproxy = 'socks5://h:1'\n", 2, "fetch.proxy", "no proxy"),
        ("[fetch]\nuser_agent = 'Häfen/1'\n", 2, "fetch.user_agent", "ASCII"),
        ("[defaults]\ninterval = '9s'\n", 2, "defaults.interval", "too short"),
        ("[defaults]\ninterval = '1 fortnight'\n", 2, "defaults.interval", "fortnight"),
        ("[defaults]\ntimezone = 'Europe/Berln'\n", 2, "defaults.timezone", "did you mean Europe/Berlin?"),
        ("[defaults]\ntimezone = '../../etc/passwd'\n", 2, "defaults.timezone", "no time zone"),
        ("[defaults]\nlanguage = 'english language'\n", 2, "defaults.language", "no language tag"),
        ("[defaults]\ninterval = '1h'\nmax_interval = '30m'\n", 3, "defaults.max_interval", "shorter"),
        ("[defaults]\ninterval = '1h'\nmin_interval = '2h'\n", 2, "defaults.interval", "min_interval"),
        ("[relate]\ndecay = 1.5\n", 2, "relate.decay", "from 0 to 1"),
        ("[relate]\nfloor = nan\n", 2, "relate.floor", "out of range"),
        ("[relate]\nencoder = 'nowhere'\n", 2, "relate.encoder", "no folder"),
        ("[[sources]]\nname = 'A'\nurl = 'https://a.example/'\n", 1, "sources[0]", "has no id"),
        ("[[sources]]\nid = 'a'\nurl = 'https://a.example/'\n", 1, "sources[0]", "has no name"),
        ("[[sources]]\nid = 'a'\nname = 'A'\n", 1, "sources[0]", "has no url"),
        (BASE + "[[sources.feeds]]\nkind = 'feed'\n", 5, "sources[0].feeds[0]", "has no url"),
        (BASE + "feeds = 'https://a.example/rss'\n", 5, "sources[0].feeds", "[[sources.feeds]]"),
        (BASE + "feeds = ['https://a.example/rss']\n", 5, "sources[0].feeds[0]", "expected a table"),
        (BASE + "role = 'owner'\n", 5, "sources[0].role", "outlet, own"),
        (BASE + "weight = -1\n", 5, "sources[0].weight", "from 0 to 100"),
        (BASE + "country = 'UKR'\n", 5, "sources[0].country", "two letters"),
        (BASE + "paused = 'yes'\n", 5, "sources[0].paused", "true or false"),
        (BASE + "pause = true\n", 5, "sources[0].pause", "did you mean paused?"),
        (BASE + "contact = 'https://a.example/'\n", 5, "sources[0].contact", "no mail address"),
        (BASE + "headers = 'X: y'\n", 5, "sources[0].headers", "expected a table, found a string"),
        (BASE + "headers = { Host = 'b' }\n", 5, "sources[0].headers.Host", "set by the fetcher"),
        (BASE + "headers = { 'a b' = 'b' }\n", 5, "sources[0].headers.a b", "no name of a header"),
        (BASE + "headers = { a = 'é' }\n", 5, "sources[0].headers.a", "ASCII"),
        (BASE + 'headers = { a = "b\\r\\nc: d" }\n', 5, "sources[0].headers.a", "control characters"),
        (BASE + BASE, 6, "sources[1].id", "at "),
        (BASE + '[[sources.feeds]]\nurl = "https://"\n', 6, "sources[0].feeds[0].url", "no web address"),
        (BASE + '[[sources.feeds]]\nurl = "https://a:b@c/"\n', 6, "sources[0].feeds[0].url", "user name"),
        (BASE + '[[sources.feeds]]\nurl = "https://a:9x/"\n', 6, "sources[0].feeds[0].url", "cannot be read"),
        (BASE + '[[sources.feeds]]\nurl = "https://a/b c"\n', 6, "sources[0].feeds[0].url", "%20"),
        (BASE + '[[sources.feeds]]\nurl = "https://a/${K}"\n', 6, "sources[0].feeds[0].url", "only"),
        (
            BASE + 'feeds = [{ url = "https://a/r" }, { url = "https://a/r" }]\n',
            5,
            "sources[0].feeds[1].url",
            "is a feed already",
        ),
        (
            BASE + '[[sources.feeds]]\nurl = "https://a/r"\n[[sources.feeds]]\nurl = "http://A/r"\n',
            8,
            "sources[0].feeds[1].url",
            "is a feed already",
        ),
        (
            BASE + '[[sources.feeds]]\nurl = "https://a/r"\ntopics = ["ports"]\n',
            7,
            "sources[0].feeds[0].topics[0]",
            "no topic has the id 'ports'",
        ),
        (
            BASE + '[[sources.feeds]]\nurl = "https://a/r"\nselectors = { item = "x" }\n',
            7,
            "sources[0].feeds[0].selectors",
            "listing",
        ),
        (
            BASE + '[[sources.feeds]]\nurl = "https://a/r"\nkind = "listing"\nselectors = { titel = "x" }\n',
            8,
            "sources[0].feeds[0].selectors.titel",
            "did you mean title?",
        ),
        ("[[topics]]\nid = 'a'\nname = 'A'\n", 1, "topics[0]", "is empty"),
        ("[[topics]]\nid = 'a'\nname = 'A'\nnone = ['x']\n", 1, "topics[0]", "is empty"),
        ("[[topics]]\nid = 'a'\nname = 'A'\nany = ['']\n", 4, "topics[0].any[0]", "empty"),
        ("[[topics]]\nid = 'a'\nname = 'A'\nany = ['*']\n", 4, "topics[0].any[0]", "everything"),
        ("[[topics]]\nid = 'a'\nname = 'A'\nany = ['\"b']\n", 4, "topics[0].any[0]", "quotation mark"),
        ("[[topics]]\nid = 'a'\nname = 'A'\nany = ['b*c']\n", 4, "topics[0].any[0]", "has a *"),
        ("[[topics]]\nid = 'a'\nname = 'A'\nany = 'b'\n", 4, "topics[0].any", "expected an array"),
        ("[[topics]]\nid = 'a'\nname = 'A'\nany = ['b']\nuntil = 'soon'\n", 5, "topics[0].until", "no day"),
        ("[[topics]]\nid = 'a'\nname = 'A'\nany = ['b']\nuntil = 07:00:00\n", 5, "topics[0].until", "day"),
        (
            "[[topics]]\nid = 'a'\nname = 'A'\nany = ['b']\noutlets = ['x']\n",
            5,
            "topics[0].outlets[0]",
            "no source",
        ),
        (
            "[[topics]]\nid = 'a'\nname = 'A'\nany = ['b']\nuntil = 9999-12-31\n",
            5,
            "topics[0].until",
            "calendar",
        ),
        ("[relate]\nfloor = 1" + "0" * 400 + "\n", 2, "relate.floor", "out of range"),
        ("[relate]\nencoder = '" + "x" * 5000 + "'\n", 2, "relate.encoder", "no folder"),
        (BASE + "country = 'ß'\n", 5, "sources[0].country", "two letters"),
        ("include = 'x.toml'\n", 1, "include", "expected an array"),
        ("include = ['x.toml']\n", 1, "include[0]", "no file 'x.toml'"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_what_was_expected(
    problems: Callable[..., list[Problem]], text: str, line: int, key: str, message: str
) -> None:
    matching = [problem for problem in problems(text) if problem.key == key]
    assert matching, problems(text)
    assert matching[0].line == line
    assert message in matching[0].message


def test_topics_and_sources_that_only_a_broken_file_may_hold_are_not_called_unknown(
    problems: Callable[..., list[Problem]], write: Callable[[str, str], Path]
) -> None:
    write("more.toml", "[[topics]\n")
    found = problems("include = ['more.toml']" + FEED + "topics = ['ports']\n")
    assert [problem.path.name for problem in found] == ["more.toml"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[store\n", 1),
        ("[store]\n\nretention = = 3\n", 3),
        ("[store]\na = 1\na = 2\n", 3),
        ('[store]\na = """\n\n', 3),
        ("[store]\n[store]\n", 2),
    ],
)
def test_a_syntax_error_is_told_with_its_line(
    problems: Callable[..., list[Problem]], text: str, line: int
) -> None:
    (problem,) = problems(text)
    assert (problem.line, problem.key) == (line, "")
    assert "not valid TOML" in problem.message


def test_a_file_that_is_not_utf8_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "sources.toml"
    path.write_bytes(b"# fine\n[[sources]]\nname = 'K\xfcstenblatt'\n")
    with pytest.raises(ConfigError) as caught:
        config.load(path, environ={})
    assert caught.value.problems[0].line == 3
    assert "UTF-8" in caught.value.problems[0].message


def test_a_byte_order_mark_and_windows_line_ends_are_no_mistake(tmp_path: Path) -> None:
    path = tmp_path / "sources.toml"
    path.write_bytes(b"\xef\xbb\xbf" + FEED.replace("\n", "\r\n").encode())
    assert config.load(path, environ={}).sources[0].id == "harbour-post"
    path.write_bytes(b"\xef\xbb\xbf[fetch]\r\n\r\nx = 1\r\n")
    with pytest.raises(ConfigError) as caught:
        config.load(path, environ={})
    assert caught.value.problems[0].line == 3


def test_what_is_nested_too_deeply_is_a_mistake_and_no_crash(problems: Callable[..., list[Problem]]) -> None:
    assert "nested" in problems("a = " + "[" * 100_000 + "]" * 100_000)[0].message


def test_a_number_beyond_every_bound_is_a_mistake_and_no_crash(
    problems: Callable[..., list[Problem]],
) -> None:
    assert "not valid TOML" in problems("a = " + "1" * 5000)[0].message


def test_a_home_of_nobody_and_links_in_a_circle_are_no_crash(load: Loader, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "circle.toml").symlink_to("circle.toml")
    with pytest.raises(ConfigError, match=r"circle\.toml: cannot be read"):
        load("include = ['*cle.toml']\n[store]\ndatabase = '~nobody-has-this-name/news.db'")


def test_a_missing_file_and_a_folder_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="aggregator init"):
        config.load(tmp_path / "sources.toml", environ={})
    (tmp_path / "sources.toml").write_text("")
    with pytest.raises(ConfigError, match=r"is a folder.*did you mean .*sources\.toml"):
        config.load(tmp_path, environ={})


def test_a_source_without_feeds_is_worth_a_warning(load: Loader) -> None:
    (warning,) = load(SOURCE).warnings
    assert (warning.line, warning.key) == (2, "sources[0]")


# --- durations and sizes


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("30s", timedelta(seconds=30)),
        ("15m", timedelta(minutes=15)),
        ("6h", timedelta(hours=6)),
        ("2d", timedelta(days=2)),
        ("90 days", timedelta(days=90)),
        ("1 hour", timedelta(hours=1)),
        ("1h30m", timedelta(minutes=90)),
        ("1h 30m", timedelta(minutes=90)),
        (" 250ms ", timedelta(milliseconds=250)),
        ("1.5h", timedelta(minutes=90)),
        ("2w", timedelta(days=14)),
        ("10 Minutes", timedelta(minutes=10)),
        ("0s", timedelta()),
    ],
)
def test_durations(text: str, length: timedelta) -> None:
    assert parse_duration(text) == length


@pytest.mark.parametrize(
    "text", ["", " ", "5", "m", "-5m", "5M", "5 m x", "1e3s", "5mm", "m5", "١٠m", "9999999999d", "40000d"]
)
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(text))):
        parse_duration(text)


@given(st.text() | st.from_regex(r"[0-9]{1,30}(\.[0-9]+)? ?(s|m|h|d|w|days|ms)+"))
def test_any_text_is_a_duration_or_refused(text: str) -> None:
    try:
        assert timedelta() <= parse_duration(text) <= timedelta(days=36_500)
    except ValueError as error:
        assert str(error)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("16MiB", 16 * 1024**2),
        ("500KB", 500_000),
        ("500 kb", 500_000),
        ("1.5 GiB", 3 * 512 * 1024**2),
        ("4096", 4096),
        ("4096B", 4096),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "MiB", "-1KB", "16 Mo", "1TiBs", "1 2KB"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="is no size"):
        parse_size(text)


# --- bounds of the intervals


@pytest.mark.parametrize(
    ("given_keys", "expected"),
    [
        ('interval = "1m"', (1, 1, 360, 1440)),
        ('interval = "12h"', (720, 5, 720, 1440)),
        ('interval = "2d"', (2880, 5, 2880, 2880)),
        ('min_interval = "1h"', (60, 60, 360, 1440)),
        ('max_interval = "10m"', (10, 5, 10, 1440)),
    ],
)
def test_bounds_that_are_not_given_make_room_for_what_is(
    load: Loader, given_keys: str, expected: tuple[int, int, int, int]
) -> None:
    schedule = load(f"[defaults]\n{given_keys}\n{FEED}").schedule
    found = (schedule.interval, schedule.min_interval, schedule.max_interval, schedule.max_backoff)
    assert tuple(length / timedelta(minutes=1) for length in found) == expected


# --- the database


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("news.db", "sqlite:///{here}/news.db"),
        ("../data/news.db", "sqlite:///{above}/data/news.db"),
        ("/srv/news.db", "sqlite:////srv/news.db"),
        ("sqlite:///news.db", "sqlite:///{here}/news.db"),
        ("sqlite:///../news.db", "sqlite:///{above}/news.db"),
        ("sqlite:////srv/news.db", "sqlite:////srv/news.db"),
        ("sqlite:///news.db?timeout=3", "sqlite:///{here}/news.db?timeout=3"),
        ("sqlite+pysqlite:///news.db", "sqlite:///{here}/news.db"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("postgresql+psycopg://desk@db.example/news", "postgresql+psycopg://desk@db.example/news"),
        ("postgresql://desk@db.example/news", "postgresql+psycopg://desk@db.example/news"),
        ("postgres:///news", "postgresql+psycopg:///news"),
    ],
)
def test_a_database_is_found_from_the_configurations_folder(
    load: Loader, tmp_path: Path, written: str, url: str
) -> None:
    expected = url.format(here=tmp_path / "config", above=tmp_path)
    assert load(f'[store]\ndatabase = "{written}"\n{FEED}').store.database == expected


def test_the_working_directory_does_not_matter(
    write: Callable[[str, str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("sources.toml", FEED)
    monkeypatch.chdir(tmp_path / "config")
    assert (
        config.load(Path("sources.toml"), environ={}).store.database
        == f"sqlite:///{tmp_path}/data/aggregator.db"
    )


def test_an_option_may_name_a_database_in_the_same_words(tmp_path: Path) -> None:
    assert config.database_url("news.db", folder=tmp_path) == f"sqlite:///{tmp_path}/news.db"


# --- secrets

SECRET = "s3cr3t-Wert"


def test_secrets_come_from_the_environment(load: Loader) -> None:
    loaded = load(
        '[store]\ndatabase = "postgresql+psycopg://desk:${DB_PASSWORD}@db.example/news"\n'
        '[fetch]\nproxy = "http://u:${PROXY_PASSWORD}@proxy.example"\n'
        + SOURCE
        + 'headers = { Authorization = "Bearer ${TOKEN}" }\nproxy = "http://v:${PROXY_PASSWORD}@proxy.example"\n'
        + '[[sources.feeds]]\nurl = "https://a.example/rss"\nheaders = { X-Key = "${TOKEN}-${TOKEN}" }\n',
        DB_PASSWORD=SECRET,
        PROXY_PASSWORD=SECRET,
        TOKEN=SECRET,
    )
    (feed,) = loaded.feeds()
    assert loaded.store.database == f"postgresql+psycopg://desk:{SECRET}@db.example/news"
    assert loaded.fetch.proxy == f"http://u:{SECRET}@proxy.example"
    assert feed.proxy == f"http://v:{SECRET}@proxy.example"
    assert feed.headers == {"Authorization": f"Bearer {SECRET}", "X-Key": f"{SECRET}-{SECRET}"}
    assert SECRET not in repr(loaded)
    assert loaded.warnings == ()


def test_a_variable_that_is_not_set_is_a_mistake_that_names_it(
    problems: Callable[..., list[Problem]],
) -> None:
    found = problems(SOURCE + 'headers = { A = "${FIRST} ${SECOND} ${THIRD}" }\nproxy = "${}"', SECOND=SECRET)
    assert [problem.key for problem in found] == ["sources[0].headers.A", "sources[0].proxy"]
    assert "not set: FIRST, THIRD" in found[0].message
    assert "without the name" in found[1].message


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (SOURCE + f'headers = {{ Authorization = "Bearer {SECRET}" }}\n', "sources[0].headers.Authorization"),
        (SOURCE + f'headers = {{ Cookie = "session={SECRET}" }}\n', "sources[0].headers.Cookie"),
        (SOURCE + f'headers = {{ X-Api-Key = "{SECRET}" }}\n', "sources[0].headers.X-Api-Key"),
        (SOURCE + f'headers = {{ x-access-token = "{SECRET}" }}\n', "sources[0].headers.x-access-token"),
        (SOURCE + f'proxy = "http://u:{SECRET}@proxy.example"\n', "sources[0].proxy"),
        (f'[fetch]\nproxy = "http://u:{SECRET}@proxy.example"\n', "fetch.proxy"),
        (f'[store]\ndatabase = "postgresql://u:{SECRET}@db.example/news"\n', "store.database"),
    ],
)
def test_a_secret_in_the_file_is_worth_a_warning_that_does_not_repeat_it(
    load: Loader, text: str, key: str
) -> None:
    loaded = load(text)
    (warning,) = [warning for warning in loaded.warnings if warning.key == key]
    assert "${NAME}" in warning.message and warning.line is not None
    assert SECRET not in str(warning) + repr(loaded)


@pytest.mark.parametrize(
    "text",
    [
        SOURCE + f'headers = "Authorization: {SECRET}"\n',
        SOURCE + f'headers = {{ Authorization = ["{SECRET}"] }}\n',
        SOURCE + f'headers = {{ Authorization = "{SECRET} é" }}\n',
        SOURCE + f'proxy = "socks5://u:{SECRET}@proxy.example"\n',
        SOURCE + f'proxy = "{SECRET}"\n',
        SOURCE + f'proxy = "http://u:{SECRET}@proxy.example:x"\n',
        f'[store]\ndatabase = "mysql://u:{SECRET}@db.example/news"\n',
        f'[store]\ndatabase = "postgresql://u:{SECRET}@db.example"\n',
        f'[store]\ndatabase = "postgresql://u:{SECRET}@[db.example/x"\n',
        SOURCE + f'[[sources.feeds]]\nurl = "https://u:{SECRET}@a.example/rss"\n',
        SOURCE + f'[[sources.feeds]]\nurl = "https://u:{SECRET}@[a.example/rss"\n',
        SOURCE + 'headers = { Authorization = "${TOKEN} é" }\n',
        SOURCE + 'headers = { Authorization = "${TOKEN}${NOPE}" }\n',
        SOURCE + 'proxy = "socks5://${TOKEN}"\n',
        '[store]\ndatabase = "mysql://${TOKEN}"\n',
    ],
)
def test_no_message_repeats_a_secret(problems: Callable[..., list[Problem]], text: str) -> None:
    found = problems(text, TOKEN=SECRET)
    assert found and not [problem for problem in found if SECRET in str(problem)]


# --- several files


def test_other_files_may_hold_sources_and_topics(load: Loader, write: Callable[[str, str], Path]) -> None:
    write("sources.d/b.toml", FEED.replace("harbour-post", "b").replace("/rss", "/b"))
    write("sources.d/a.toml", FEED.replace("harbour-post", "a").replace("/rss", "/a"))
    write("sources.d/.hidden.toml", "what an editor leaves behind")
    write("topics.toml", '[[topics]]\nid = "ports"\nname = "Ports"\nany = ["ferry"]\n')
    loaded = load('include = ["sources.d/*.toml", "topics.toml", "sources.d/a.toml", "*.none"]\n' + FEED)
    assert [source.id for source in loaded.sources] == ["harbour-post", "a", "b"]
    assert loaded.topic("ports").any == ("ferry",)
    assert [path.name for path in loaded.files] == ["sources.toml", "a.toml", "b.toml", "topics.toml"]


def test_an_included_file_holds_nothing_else(
    problems: Callable[..., list[Problem]], write: Callable[[str, str], Path]
) -> None:
    path = write("more.toml", "\n[fetch]\ndeadline = '3s'\n")
    (problem,) = problems("include = ['more.toml']\n")
    assert (problem.path, problem.line, problem.key) == (path, 2, "fetch")
    assert "main file" in problem.message


def test_a_mistake_in_an_included_file_is_told_with_that_file(
    problems: Callable[..., list[Problem]], write: Callable[[str, str], Path]
) -> None:
    path = write("more.toml", FEED)
    found = problems("include = ['more.toml']\n" + FEED)
    assert {problem.path for problem in found} == {path}
    assert all("sources.toml:" in problem.message for problem in found)


def test_local_toml_says_what_is_different_here(load: Loader, write: Callable[[str, str], Path]) -> None:
    write(
        "local.toml",
        """
        [fetch]
        contact = "desk@newsroom.example"
        [[sources]]
        id = "harbour-post"
        paused = true
        [[sources]]
        id = "extra"
        name = "Extra"
        url = "https://extra.example/"
        [[sources.feeds]]
        url = "https://extra.example/rss"
        [[topics]]
        id = "ports"
        any = ["ferry", "tug"]
        """,
    )
    loaded = load(
        '[fetch]\nconcurrency = 3\n[[topics]]\nid = "ports"\nname = "Ports"\nany = ["ferry"]\n' + FEED
    )
    assert (loaded.fetch.concurrency, loaded.fetch.contact) == (3, "desk@newsroom.example")
    assert loaded.source("harbour-post").paused and loaded.source("harbour-post").name == "The Harbour Post"
    assert [source.id for source in loaded.sources] == ["harbour-post", "extra"]
    assert loaded.topic("ports").any == ("ferry", "tug")


def test_local_toml_lies_over_included_files_too(load: Loader, write: Callable[[str, str], Path]) -> None:
    write("more.toml", FEED)
    write("local.toml", '[[sources]]\nid = "harbour-post"\nname = "HP"\n')
    assert load('include = ["more.toml"]').sources[0].name == "HP"


def test_a_mistake_in_local_toml_is_told_with_that_file(
    problems: Callable[..., list[Problem]], write: Callable[[str, str], Path]
) -> None:
    path = write("local.toml", '[[sources]]\nid = "harbour-post"\n\nweight = "heavy"\n')
    (problem,) = problems(FEED)
    assert (problem.path, problem.line, problem.key) == (path, 4, "sources[0].weight")


def test_local_toml_must_not_name_a_source_twice(
    problems: Callable[..., list[Problem]], write: Callable[[str, str], Path]
) -> None:
    write("local.toml", '[[sources]]\nid = "harbour-post"\n[[sources]]\nid = "harbour-post"\n')
    assert [problem for problem in problems(FEED) if "another source" in problem.message]


def test_the_digest_is_that_of_all_contents(load: Loader, write: Callable[[str, str], Path]) -> None:
    write("more.toml", "# nothing")
    text = 'include = ["more.toml"]\n'
    first = load(text).digest
    assert re.fullmatch("[0-9a-f]{64}", first) and load(text).digest == first
    assert load(text + "# note").digest != first
    write("more.toml", "# something")
    second = load(text).digest
    write("local.toml", "# nothing")
    assert len({first, second, load(text).digest}) == 3


# --- where it is


def test_the_configuration_is_looked_for_in_three_places(
    write: Callable[[str, str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = write("named.toml", FEED)
    here = write("sources.toml", FEED)
    home = write("home/aggregator/sources.toml", FEED)
    environ = {"XDG_CONFIG_HOME": str(home.parents[1]), "HOME": "/nonexistent"}
    monkeypatch.chdir(tmp_path)
    assert config.load(None, environ={**environ, "AGGREGATOR_CONFIG": str(named)}).path == named
    assert config.load(None, environ=environ).path.absolute() == here
    here.unlink()
    assert config.load(None, environ=environ).path == home
    home.unlink()
    with pytest.raises(ConfigError) as caught:
        config.load(None, environ=environ)
    message = str(caught.value)
    for expected in ("AGGREGATOR_CONFIG", str(here), str(home), "aggregator init DIR", "--config"):
        assert expected in message


def test_a_configuration_that_the_environment_names_must_be_there(
    write: Callable[[str, str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("sources.toml", FEED)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="no such file"):
        config.load(None, environ={"AGGREGATOR_CONFIG": str(tmp_path / "gone.toml")})


def test_without_xdg_config_home_it_is_the_one_in_the_home_folder(
    write: Callable[[str, str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = write(".config/aggregator/sources.toml", FEED)
    monkeypatch.chdir(tmp_path)
    assert config.load(None, environ={"HOME": str(tmp_path / "config")}).path == home


def test_reading_the_configuration_loads_nothing_heavy() -> None:
    heavy = ("httpx", "sqlalchemy", "rich", "tomlkit", "numpy", "lxml", "asyncio", "click")
    code = f"import sys, aggregator.config; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("heading", "names"),
    [
        ("`[store]`", StoreSettings),
        ("`[fetch]`", FetchSettings),
        ("`[defaults]`", ScheduleSettings),
        ("`[display]`", DisplaySettings),
        ("`[relate]`", RelateSettings),
        ("`[[sources]]`", Source),
        ("`[[sources.feeds]]`", Feed),
        ("`[[topics]]`", Topic),
    ],
)
def test_the_handbook_explains_every_key(heading: str, names: type) -> None:
    text = (Path(__file__).parents[1] / "docs" / "configuration.md").read_text(encoding="utf-8")
    (section,) = [part for part in re.split(r"^## ", text, flags=re.MULTILINE) if part.startswith(heading)]
    for name in {field.name for field in fields(names)} - {"source_id", "feeds"}:
        assert f"`{name}`" in section, f"{heading} does not explain {name}"


# --- lines of keys


def paths_of(value: Any, at: KeyPath = ()) -> Iterator[KeyPath]:
    """The path of every key and array element of a document."""
    children: Any = ()
    if isinstance(value, Mapping):
        children = value.items()
    elif isinstance(value, list):
        children = enumerate(value)
    for name, child in children:
        yield (*at, name)
        yield from paths_of(child, (*at, name))


def test_lines_of_every_kind_of_key() -> None:
    text = r'''# 1
title = "a # b" # 2
"quoted key".'lit.eral' = 1
long = """
[not.a.table]
key = "no""""
array = [ # 7
  "x", 'y',

  [1, 2], # 10
  { a = 1, b.c = [
    3 ] },
]
[[sources]] # 14
id = "a"
[[sources.feeds]]
url = "1"
[[sources.feeds]]
url = "2"
[sources.feeds.selectors] # 20
item = 'it'
[[sources]]
id = QUOTES
xQUOTES'
[ a . b ] # 25
c = 1979-05-27 07:32:00
'''.replace("QUOTES", "'''")
    lines = key_lines(text)
    assert set(lines) == set(paths_of(tomllib.loads(text)))
    assert lines["title",] == 2
    assert lines["quoted key", "lit.eral"] == 3
    assert lines["long",] == 4
    assert lines["array",] == 7
    assert [lines["array", position] for position in range(4)] == [8, 8, 10, 11]
    assert lines["array", 3, "b", "c", 0] == 12
    assert lines["sources", 0, "feeds", 1, "url"] == 19
    assert lines["sources", 0, "feeds", 1, "selectors"] == 20
    assert lines["sources", 1] == 22
    assert lines["sources", 1, "id"] == 23
    assert lines["a", "b", "c"] == 26


names = st.sampled_from(["a", "b", "c-1", "2", "long_name"])
quoted_names = st.sampled_from(['"a"', "'b'", '"é \\u00e9"', '""', "'x.y'", '"with ] # = \\" in it"'])
dotted = st.lists(names | quoted_names, min_size=1, max_size=3).flatmap(
    lambda parts: st.sampled_from([".", " . ", ".\t"]).map(lambda dot: dot.join(parts))
)
scalars = st.sampled_from(
    [
        "1",
        "-3.5e7",
        "true",
        "inf",
        "0x1F",
        "1979-05-27T07:32:00Z",
        "1979-05-27 07:32:00",
        "07:32:00",
        '""',
        "''",
        '"a # ] } , = [[b]]"',
        r'"\"\\"',
        "'\\'",
        '"""x"""',
        '""""a"""""',
        '"""\n[a]\n"b" ""c\n"""',
        '"""\\\n  folded \\""" """',
        "'''\n# no\n''''",
        "''''''",
        '"""\r\nx\r\n"""',
    ]
)
gaps = st.sampled_from(["", " ", "\n", " # ] } \" '\n", "\n\n\t"])


@st.composite
def arrays(draw: st.DrawFn, elements: st.SearchStrategy[str]) -> str:
    parts = draw(st.lists(elements, max_size=3))
    text = "[" + draw(gaps)
    for position, part in enumerate(parts):
        comma = "," if position + 1 < len(parts) or draw(st.booleans()) else ""
        text += draw(gaps) + part + draw(gaps) + comma + draw(gaps)
    return text + "]"


@st.composite
def inline_tables(draw: st.DrawFn, elements: st.SearchStrategy[str]) -> str:
    pairs = draw(st.lists(st.tuples(dotted, elements), max_size=3))
    return "{ " + ", ".join(f"{key}={value}" for key, value in pairs) + " }"


toml_values = st.recursive(scalars, lambda inner: arrays(inner) | inline_tables(inner), max_leaves=8)
statements = st.one_of(
    st.builds("{} = {}".format, dotted, toml_values),
    st.builds("{}\t=\t{} # note".format, dotted, toml_values),
    st.builds("[{}]".format, dotted),
    st.builds("[[ {} ]] # note".format, dotted),
    st.sampled_from(["", "  ", "# [a]", "\t# 'it"]),
)


@settings(
    max_examples=400, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow], deadline=None
)
@given(st.lists(statements, max_size=8), st.sampled_from(["\n", "\r\n"]))
@example(["a" + " = " + "[" * 80 + "]" * 80], "\n")
def test_every_document_that_toml_accepts_is_walked_to_exactly_its_keys(parts: list[str], end: str) -> None:
    accepted: list[str] = []  # statements that contradict the ones before are left out
    for part in parts:
        try:
            tomllib.loads(end.join([*accepted, part]))
        except tomllib.TOMLDecodeError:
            continue
        accepted.append(part)
    text = end.join(accepted)
    assert set(key_lines(text)) == set(paths_of(tomllib.loads(text)))


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "a",
                "1",
                ".",
                "=",
                "a=",
                "\n",
                "\r\n",
                " ",
                "[",
                "]",
                "[[",
                "]]",
                "{",
                "}",
                "a=[",
                '"',
                '"""',
                "'",
                "'''",
                "#",
                ",",
                "\\",
                "é",
            ]
        ),
        max_size=12,
    ).map("".join)
)
def test_no_accepted_text_makes_the_walk_stumble(text: str) -> None:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    assert set(key_lines(text)) == set(paths_of(document))


@st.composite
def numbered(draw: st.DrawFn) -> tuple[str, dict[KeyPath, int]]:
    """A document whose keys are written one after the other, with the line of each as it is written."""
    lines: list[str] = []
    expected: dict[KeyPath, int] = {}

    def put(text: str) -> int:
        lines.extend(draw(st.lists(st.sampled_from(["", "# x = 1"]), max_size=2)))
        number = len(lines) + 1
        lines.extend(text.split("\n"))
        return number

    def put_keys(at: KeyPath) -> None:
        for position in range(draw(st.integers(0, 3))):
            text = draw(scalars.filter(lambda value: "\r" not in value))
            expected[*at, f"k{position}"] = put(f"k{position} = {text}")
        if draw(st.booleans()):
            length = draw(st.integers(1, 3))
            first = put("many = [\n" + "".join(f"  {element},\n" for element in range(length)) + "]")
            expected[*at, "many"] = first
            expected.update({(*at, "many", element): first + 1 + element for element in range(length)})

    put_keys(())
    for section in range(draw(st.integers(0, 2))):
        expected[f"section{section}",] = put(f"[section{section}]")
        put_keys((f"section{section}",))
    for source in range(draw(st.integers(0, 3))):
        line = put("[[sources]]")
        expected.setdefault(("sources",), line)
        expected["sources", source] = line
        put_keys(("sources", source))
        for feed in range(draw(st.integers(0, 2))):
            line = put("[[sources.feeds]]")
            expected.setdefault(("sources", source, "feeds"), line)
            expected["sources", source, "feeds", feed] = line
            put_keys(("sources", source, "feeds", feed))
    return "\n".join(lines), expected


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(numbered())
def test_every_key_is_found_on_the_line_it_was_written(written: tuple[str, dict[KeyPath, int]]) -> None:
    text, expected = written
    assert key_lines(text) == expected


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(
            ["store", "fetch", "defaults", "display", "relate", "sources", "topics", "include", "x"]
        ),
        st.recursive(
            st.none().map(lambda _: "x")
            | st.booleans()
            | st.integers(-5, 5)
            | st.floats()
            | st.dates()
            | st.text(),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(
                        ["id", "name", "url", "feeds", "topics", "headers", "any", "until", "selectors"]
                    ),
                    inner,
                    max_size=5,
                )
            ),
            max_leaves=12,
        ),
    )
)
def test_whatever_a_file_holds_is_read_or_told_and_never_crashes(
    tmp_path_factory: pytest.TempPathFactory, document: dict[str, Any]
) -> None:
    path = tmp_path_factory.getbasetemp() / "anything.toml"
    path.write_text("\n".join(f"{key} = {toml(value)}" for key, value in document.items()), encoding="utf-8")
    try:
        config.load(path, environ={})
    except ConfigError as error:
        assert all(problem.line is not None for problem in error.problems), str(error)


def toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml(child)}" for key, child in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return (
            '"' + "".join(f"\\U{ord(character):08x}" for character in value if character.isprintable()) + '"'
        )
    if isinstance(value, date):
        return value.isoformat()
    return repr(value)


def test_a_source_may_name_the_authority_of_its_certificate(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----\n")
    (tmp_path / "empty.pem").write_text("nothing\n")
    path = tmp_path / "sources.toml"
    source = '[[sources]]\nid = "a"\nname = "A"\nurl = "https://a.example/"\nca = "{}"\n[[sources.feeds]]\nurl = "https://a.example/f"\n'
    path.write_text(source.format("ca.pem"))
    (feed,) = config.load(path, environ={}).feeds()
    assert feed.ca == str((tmp_path / "ca.pem").resolve())
    for wrong, told in (("empty.pem", "holds no certificate"), ("absent.pem", "cannot be read")):
        path.write_text(source.format(wrong))
        with pytest.raises(ConfigError, match=told) as caught:
            config.load(path, environ={})
        assert (caught.value.problems[0].line, caught.value.problems[0].key) == (5, "sources[0].ca")
