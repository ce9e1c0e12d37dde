"""The outlets and topics that are delivered: enough of them, in order, and none that would be reported as a mistake."""

import re
import tomllib
from collections import Counter
from dataclasses import fields
from itertools import groupby
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from aggregator import config
from aggregator.config import Config, parse_duration, parse_size
from aggregator.outlets import PARSERS
from aggregator.settings import (
    DisplaySettings,
    FetchSettings,
    RelateSettings,
    ScheduleSettings,
    StoreSettings,
)

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "config" / "sources.toml"


@pytest.fixture(scope="module")
def delivered() -> Config:
    return config.load(SOURCES, environ={})


def test_it_loads_without_a_warning(delivered: Config) -> None:
    assert delivered.warnings == ()


def test_there_are_enough_outlets_in_enough_languages(delivered: Config) -> None:
    languages = Counter(source.language for source in delivered.sources)
    assert len(delivered.sources) >= 75
    assert len(languages) >= 10
    assert {"en", "de", "fr", "es", "it", "pt", "nl", "pl", "sv", "uk", "ja", "ar", "ko", "tr"} <= set(
        languages
    )
    assert all(source.country for source in delivered.sources)
    assert all(source.feeds for source in delivered.sources)


def test_there_are_sitemaps_and_listing_pages_among_them(delivered: Config) -> None:
    kinds = Counter(feed.kind for feed in delivered.feeds())
    assert kinds["sitemap"] >= 2 and kinds["listing"] >= 2
    listings = [feed for feed in delivered.feeds() if feed.kind == "listing"]
    guessed = [feed for feed in listings if not feed.selectors and feed.source_id not in PARSERS]
    assert guessed == [], "selectors, or a parser of the outlet's own, say where things stand"


def test_news_agencies_are_known_as_such(delivered: Config) -> None:
    agencies = {source.agency for source in delivered.sources if source.agency}
    assert {"AP", "Reuters", "ANSA", "Kyodo", "Yonhap", "PAP"} <= agencies


def test_outlets_are_grouped_by_language_and_sorted_by_id_within_a_group(delivered: Config) -> None:
    groups = [
        (language, [s.id for s in group])
        for language, group in groupby(delivered.sources, lambda s: s.language)
    ]
    assert len(groups) == len({language for language, _ in groups}), "a language has one group"
    for language, ids in groups:
        assert ids == sorted(ids), language


def test_every_group_has_its_heading() -> None:
    text = SOURCES.read_text(encoding="utf-8")
    found = re.findall(r"^# --- (.+?) -+$|^language = \"(\w+)\"", text, re.MULTILINE)
    seen: list[str] = []
    heading = ""
    for title, language in found:
        if title:
            heading = title
        elif language not in seen:
            assert heading, f"{language} begins without a heading"
            seen.append(language)
            heading = ""


def test_names_are_those_of_one_outlet_in_one_language(delivered: Config) -> None:
    names = Counter((source.name, source.language) for source in delivered.sources)
    assert [name for name, count in names.items() if count > 1] == []


def test_feeds_are_addressed_over_https_and_carry_no_session(delivered: Config) -> None:
    for feed in delivered.feeds():
        parts = urlsplit(feed.url)
        assert parts.scheme == "https", feed.url
        assert not parts.fragment and parts.port is None, feed.url
        assert not re.search(r"utm_|session|apikey|token", parts.query, re.IGNORECASE), feed.url
        assert parts.hostname != "news.google.com", "an aggregator's search is no outlet"


def test_several_titles_of_one_owner_are_written_alike(delivered: Config) -> None:
    folded = Counter(owner.casefold() for owner in {source.owner for source in delivered.sources})
    assert [owner for owner, count in folded.items() if count > 1] == []
    owners = Counter(source.owner for source in delivered.sources if source.owner)
    assert owners["Axel Springer"] >= 3 and owners["DPG Media"] >= 3


def test_topics_are_many_sorted_and_sane(delivered: Config) -> None:
    assert len(delivered.topics) >= 12
    assert [topic.id for topic in delivered.topics] == sorted(topic.id for topic in delivered.topics)
    for topic in delivered.topics:
        assert len(topic.any) >= 5, topic.id
        terms = [term.casefold() for term in (*topic.any, *topic.all, *topic.none)]
        assert len(terms) == len(set(terms)), f"{topic.id} has a term twice"
        for term in (*topic.any, *topic.all, *topic.none):
            letters = sum(character.isalpha() for character in term)
            shortest = 2 if not term.isascii() else 3
            assert letters >= shortest, f"{topic.id}: {term} is too short to mean anything"
            assert " " not in term or (term[0] == term[-1] == '"'), (
                f"{topic.id}: {term} is a phrase: quote it"
            )
            assert "\\" not in term, f"{topic.id}: {term} has an escape that was not meant"


def test_topics_speak_several_languages(delivered: Config) -> None:
    foreign = [topic for topic in delivered.topics if any(not term.isascii() for term in topic.any)]
    assert len(foreign) >= 10


def test_no_term_is_a_common_word_of_another_language(delivered: Config) -> None:
    everyday = {"esa", "nato", "die", "der", "son", "men", "pan", "air", "chat", "gift", "est", "una", "газа"}
    for topic in delivered.topics:
        if not topic.languages:
            assert not everyday & {term.casefold().strip('"') for term in topic.any}, topic.id


def test_every_setting_is_shown_with_its_default() -> None:
    """The commented lines are what the file says they are: uncommented, they change nothing."""
    text = SOURCES.read_text(encoding="utf-8")
    head = text[: text.index("# --- ")]
    shown = tomllib.loads(re.sub(r"^# (?=[a-z_]+ = )", "", head, flags=re.MULTILINE))
    for section, settings in (
        ("store", StoreSettings(database="../data/aggregator.db")),
        ("fetch", FetchSettings()),
        ("defaults", ScheduleSettings()),
        ("display", DisplaySettings()),
        ("relate", RelateSettings()),
    ):
        extra = {"language", "timezone"} if section == "defaults" else set()
        assert set(shown[section]) - extra == {field.name for field in fields(settings)}, section
        for name, value in shown[section].items():
            if name in extra or name in ("floor", "keep"):  # not set, they have no value of their own
                continue
            default = getattr(settings, name)
            if not isinstance(default, str | int | float | tuple):
                value = parse_duration(value)
            elif isinstance(value, str) and isinstance(default, int):
                value = parse_size(value)
            assert value == (list(default) if isinstance(default, tuple) else default), f"{section}.{name}"
