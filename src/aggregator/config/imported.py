"""Outlines of an OPML file + the configuration -> the sources and feeds to add, and what is left out and why. Pure."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from aggregator.config import Config, naming, values
from aggregator.config.edit import source_toml
from aggregator.model import Feed, Source
from aggregator.parse.opml import Outline

Refusal = Callable[[str], str | None]
"""URL -> why it would never be fetched; None when it may be."""

_Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Left:
    """An outline that is not imported."""

    outline: Outline
    reason: str


@dataclass(slots=True)
class Plan:
    """What an import changes."""

    sources: list[tuple[tuple[str, ...], Source]] = field(default_factory=list)  # folders, new source
    feeds: dict[str, list[Feed]] = field(default_factory=dict)  # id of a configured source -> feeds to add
    duplicates: list[Outline] = field(default_factory=list)  # configured already, or twice in the list
    left: list[Left] = field(default_factory=list)

    @property
    def feed_count(self) -> int:
        added = sum(len(source.feeds) for _, source in self.sources)
        return added + sum(map(len, self.feeds.values()))

    def toml(self) -> str:
        """The new sources, each folder's under a comment with its name."""
        return "\n".join(self._blocks())

    def _blocks(self) -> Iterator[str]:
        folder: tuple[str, ...] = ()
        for folders, source in sorted(self.sources, key=lambda one: one[0]):
            heading = f"# --- {' / '.join(folders)}\n\n" if folders != folder else ""
            folder = folders
            yield heading + source_toml(source)


def plan(outlines: Sequence[Outline], config: Config, *, refusal: Refusal) -> Plan:
    """Decide what becomes of each outline: exactly one of new source, new feed, duplicate, left out.

    Outlines with one host and one title are feeds of one source; of a configured one, when that has this host and name.

    Args:
        refusal: the fetcher's policy, asked without the network.
    """
    return _Planning(config, refusal).plan(outlines)


class _Planning:
    def __init__(self, config: Config, refusal: Refusal) -> None:
        self._refusal = refusal
        self._addresses = {values.same_address(feed.url) for feed in config.feeds()}
        self._ids = {source.id for source in config.sources}
        self._configured: dict[_Key, str] = {}
        for source in config.sources:
            for url in (source.url, *(feed.url for feed in source.feeds)):
                self._configured.setdefault(_key(url, source.name), source.id)
        self._new: dict[_Key, int] = {}  # position in the plan

    def plan(self, outlines: Sequence[Outline]) -> Plan:
        made = Plan()
        for outline in outlines:
            try:
                url = values.address(outline.xml_url)
            except ValueError as error:
                made.left.append(Left(outline, str(error)))
                continue
            if reason := self._refusal(url):
                made.left.append(Left(outline, reason))
            elif values.same_address(url) in self._addresses:
                made.duplicates.append(outline)
            else:
                self._addresses.add(values.same_address(url))
                self._add(made, outline, url)
        return made

    def _add(self, made: Plan, outline: Outline, url: str) -> None:
        home = _home(outline, url)
        name = outline.title or naming.outlet_name("", home)
        key = _key(home, name)
        id = self._configured.get(key)
        if id is not None:
            made.feeds.setdefault(id, []).append(Feed(url=url, id=url, source_id=id, kind=outline.kind))
            return
        position = self._new.get(key)
        if position is not None:
            folders, source = made.sources[position]
            feed = Feed(url=url, id=url, source_id=source.id, kind=outline.kind)
            made.sources[position] = folders, replace(source, feeds=(*source.feeds, feed))
            return
        id = naming.source_id(name, home, self._ids)
        self._ids.add(id)
        self._new[key] = len(made.sources)
        source = Source(
            id=id,
            name=name,
            url=home,
            feeds=(Feed(url=url, id=url, source_id=id, kind=outline.kind),),
            language=naming.known_language(outline.language),
        )
        made.sources.append((outline.folders, source))


def _home(outline: Outline, url: str) -> str:
    """The outlet's page as the list gives it, else the front page of the feed's host."""
    try:
        return values.address(outline.html_url)
    except ValueError:
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.netloc}/"


def _key(url: str, title: str) -> _Key:
    return (urlsplit(url).hostname or "").removeprefix("www."), title.casefold()
