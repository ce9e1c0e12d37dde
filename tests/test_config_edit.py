"""Outlets added to and paused in configuration files, every other byte kept."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.config import edit, load, naming
from aggregator.config.edit import Draft, source_toml
from aggregator.errors import ConfigError
from aggregator.model import Feed, Source

MAIN = '''# The desk's outlets.  \t
include = ["sources.d/*.toml"]   # more of them

[store]
database = "news.db"

# --- North

[[sources]]
id = "tarn-times"   # the oldest
name   = 'Tarn Times'
url = "https://tarntimes.example/"
headers = { X-Desk = "7",
}
# mornings only
[[sources.feeds]]
url = "https://tarntimes.example/rss"
topics = [
    "ports",  # all of it
]

[[sources]]
paused = true # since the strike
id = "ledger"
name = """
Northern Ledger"""
url = "https://ledger.example/"
[[sources.feeds]]
url = "https://ledger.example/rss"

# --- topics

[[topics]]
id = "ports"
name = "Ports"
any = ["ferry"]
'''.replace('"7",\n}', '"7" }')

HARBOUR = Source(
    id="harbour-post",
    name='The "Harbour" Post \\ Küste',
    url="https://www.harbourpost.example/",
    language="en",
    feeds=(
        Feed(url="https://www.harbourpost.example/rss", id="x", source_id="harbour-post"),
        Feed(url="https://www.harbourpost.example/news", id="y", source_id="harbour-post", kind="listing"),
    ),
)


def write(folder: Path, text: str = MAIN, name: str = "sources.toml") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


def only_inserted(before: str, after: str) -> str:
    """The text that was put in, in one piece; fails when anything else changed."""
    start = next(
        (at for at, (one, other) in enumerate(zip(before, after, strict=False)) if one != other), len(before)
    )
    length = len(after) - len(before)
    for at in range(start, -1, -1):
        if before[:at] + after[at : at + length] + before[at:] == after:
            return after[at : at + length]
    raise AssertionError("something else changed")


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_source_goes_behind_the_last_one_and_nothing_else_changes(tmp_path: Path, end: str) -> None:
    text = MAIN.replace("\n", end)
    path = write(tmp_path, text)
    draft = Draft()
    draft.add_sources(path, source_toml(HARBOUR))
    config = draft.write(path, environ={})
    after = path.read_bytes().decode()
    inserted = only_inserted(text, after)
    assert "harbour-post" in inserted
    assert end == "\n" or "\n" not in inserted.replace("\r\n", "")
    assert after.index("harbour-post") < after.index("# --- topics")
    added = config.source("harbour-post")
    assert (added.name, added.url, added.language) == (HARBOUR.name, HARBOUR.url, "en")
    assert [(feed.url, feed.kind) for feed in added.feeds] == [
        (feed.url, feed.kind) for feed in HARBOUR.feeds
    ]


@pytest.mark.parametrize(
    "text",
    ["", "# nothing yet", "[store]\ndatabase = 'x.db'", "[[sources]]\nid='a'\nname='A'\nurl='http://a.example'"],
)  # fmt: skip
def test_a_source_is_added_to_any_file(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, text)
    draft = Draft()
    draft.add_sources(path, source_toml(HARBOUR))
    assert draft.write(path, environ={}).source("harbour-post").feeds
    assert path.read_text().startswith(text)


def test_feeds_go_behind_the_last_feed_of_their_source(tmp_path: Path) -> None:
    path = write(tmp_path)
    draft = Draft()
    draft.add_feeds(path, "tarn-times", HARBOUR.feeds)
    config = draft.write(path, environ={})
    assert len(config.source("tarn-times").feeds) == 3
    assert len(config.source("ledger").feeds) == 1
    assert only_inserted(MAIN, path.read_text())


def test_pausing_writes_one_line_and_resuming_one_word(tmp_path: Path) -> None:
    path = write(tmp_path)
    config = load(path, environ={})
    draft = Draft()
    draft.set_paused(config, "tarn-times", True)
    assert draft.write(path, environ={}).source("tarn-times").paused
    assert only_inserted(MAIN, path.read_text()) == "paused = true\n"
    path = write(tmp_path)
    draft = Draft()
    draft.set_paused(config, "ledger", False)
    assert not draft.write(path, environ={}).source("ledger").paused
    assert path.read_text() == MAIN.replace("paused = true # since", "paused = false # since")


@pytest.mark.parametrize(
    ("local", "changed"),
    [
        ("[[sources]]\nid = 'tarn-times'\nlanguage = 'en'\n", "sources.toml"),
        ("[[sources]]\nid = 'tarn-times'\npaused = false\n", "local.toml"),
        ("[display]\ntimezone = 'UTC'\n", "sources.toml"),
    ],
)
def test_paused_is_written_where_it_counts(tmp_path: Path, local: str, changed: str) -> None:
    path = write(tmp_path)
    write(tmp_path, local, "local.toml")
    draft = Draft()
    assert draft.set_paused(load(path, environ={}), "tarn-times", True).name == changed
    assert draft.write(path, environ={}).source("tarn-times").paused


@pytest.mark.parametrize("name", ["sources.d/more.toml", "local.toml"])
def test_a_source_of_another_file_is_paused_there(tmp_path: Path, name: str) -> None:
    path = write(tmp_path)
    other = write(tmp_path, "# mine\n" + source_toml(HARBOUR), name)
    draft = Draft()
    assert draft.set_paused(load(path, environ={}), "harbour-post", True) == other
    assert draft.write(path, environ={}).source("harbour-post").paused
    assert path.read_text() == MAIN


def test_sources_written_inline_are_left_alone_and_the_way_out_is_told(tmp_path: Path) -> None:
    text = 'sources = [ { id = "a", name = "A", url = "https://a.example/" } ] # short\n'
    path = write(tmp_path, text)
    config = load(path, environ={})
    with pytest.raises(ConfigError, match="by hand"):
        Draft().set_paused(config, "a", True)
    with pytest.raises(ConfigError, match="by hand"):
        Draft().add_sources(path, source_toml(HARBOUR))
    assert path.read_text() == text


def test_a_result_with_a_mistake_is_taken_back(tmp_path: Path) -> None:
    path = write(tmp_path)
    new = tmp_path / "sources.d" / "imported.toml"
    draft = Draft()
    draft.add_sources(new, source_toml(HARBOUR))
    draft.add_sources(path, source_toml(HARBOUR))  # the same id twice
    with pytest.raises(ConfigError, match="id of another source"):
        draft.write(path, environ={})
    assert path.read_bytes() == MAIN.encode()
    assert not new.exists()


def test_a_file_that_changed_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    path = write(tmp_path)
    draft = Draft()
    draft.add_sources(path, source_toml(HARBOUR))
    path.write_text(MAIN + "# one more thought\n")
    with pytest.raises(ConfigError, match="changed meanwhile"):
        draft.write(path, environ={})
    assert path.read_text() == MAIN + "# one more thought\n"


def test_mode_link_and_byte_order_mark_are_kept(tmp_path: Path) -> None:
    real = write(tmp_path, "\ufeff" + MAIN, "real/sources.toml")
    real.chmod(0o640)
    link = tmp_path / "sources.toml"
    link.symlink_to(real)
    draft = Draft()
    draft.add_sources(link, source_toml(HARBOUR))
    draft.write(link, environ={})
    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert real.read_bytes().startswith(b"\xef\xbb\xbf#")
    assert "harbour-post" in real.read_text("utf-8-sig")
    assert [file.name for file in real.parent.iterdir()] == ["sources.toml"]


def test_a_new_file_lies_where_the_configuration_reads_it(tmp_path: Path) -> None:
    config = load(write(tmp_path), environ={})
    assert edit.included_file(config, "imported-x.toml") == tmp_path / "sources.d" / "imported-x.toml"
    config = load(write(tmp_path, MAIN.replace("sources.d/*.toml", "sources.d/desk-*.toml")), environ={})
    assert edit.included_file(config, "imported-x.toml") is None


@settings(max_examples=100, deadline=None)
@given(name=st.text(st.characters(exclude_categories=("C",)), min_size=1, max_size=30))
def test_any_name_is_written_as_toml_that_reads_back(name: str) -> None:
    toml = source_toml(Source(id="a", name=name, url="https://a.example/", feeds=()))
    assert tomllib.loads(toml)["sources"][0]["name"] == name


@pytest.mark.parametrize(
    ("name", "url", "id"),
    [
        ("The Harbour Post", "https://www.harbourpost.example/", "the-harbour-post"),
        ("Küstenblatt", "https://kuestenblatt.example/", "kustenblatt"),
        ("Новини гавані", "https://www.havan.com.ua/", "havan"),
        ("All the news of the northern coast, its ports and its people", "https://news.tarn.co.uk/", "news-tarn"),
        ("Tarn Times", "https://tarntimes.example/", "tarn-times-2"),
        ("🌊", "http://127.0.0.1:8080/", "127-0-0-1"),
    ],
)  # fmt: skip
def test_an_id_comes_from_the_name_else_from_the_host(name: str, url: str, id: str) -> None:
    assert naming.source_id(name, url, {"tarn-times"}) == id


@pytest.mark.parametrize(
    ("title", "url", "name"),
    [
        ("World | Tarn Times", "https://tarntimes.example/rss", "Tarn Times"),
        ("Harbour Post - Latest news", "https://www.harbourpost.example/", "Harbour Post"),
        ("Everything new", "https://quay.example/", "Everything new"),
        ("", "https://www.quay.example/", "quay"),
    ],
)
def test_an_outlets_name_is_the_part_its_host_is_made_of(title: str, url: str, name: str) -> None:
    assert naming.outlet_name(title, url) == name
