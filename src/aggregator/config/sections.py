"""The tree of configuration files -> settings, sources and topics, and every problem on the way."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any, TypeVar, get_args
from zoneinfo import ZoneInfo

from aggregator.config import values
from aggregator.config.files import Located
from aggregator.config.parsers import ParserFiles
from aggregator.errors import Problem
from aggregator.model import Enrich, Feed, FeedKind, Role, Selectors, Source, TextBy, Topic
from aggregator.parse import by_trafilatura
from aggregator.settings import (
    DisplaySettings,
    FetchSettings,
    RelateSettings,
    ScheduleSettings,
    StoreSettings,
)

T = TypeVar("T")
Reader = Callable[[Any], T]

DATABASE = "../data/aggregator.db"
"""From the configuration file's folder."""

SECRET_WORDS = ("auth", "cookie", "key", "password", "secret", "token")
"""A header whose name holds one of these carries a secret."""


class Report:
    """The problems and warnings found so far."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []

    def problem(self, node: Located, message: str) -> None:
        self.problems.append(node.problem(message))

    def warn(self, node: Located, message: str) -> None:
        self.warnings.append(node.problem(message))


class Table:
    """A TOML table being read: keys are taken one by one, what is left over at the end is unknown."""

    def __init__(self, node: Located, report: Report) -> None:
        self.node, self.report = node, report
        self._known: list[str] = []
        self._children: dict[str, Located] = {}
        if isinstance(node.value, dict):
            self._children = node.value
        else:
            report.problem(node, f"expected a table, found {values.kind_of(node.value)}")

    def __contains__(self, key: str) -> bool:
        return key in self._children

    def child(self, key: str) -> Located | None:
        self._known.append(key)
        return self._children.get(key)

    def take(self, key: str, read: Reader[T], default: T) -> T:
        """The value of a key; the default when it is absent or wrong, the latter being reported."""
        node = self.child(key)
        if node is None:
            return default
        try:
            return read(node.value)
        except ValueError as error:
            self.report.problem(node, str(error))
            return default

    def require(self, key: str, read: Reader[T], example: str) -> T | None:
        """Like take, for a key that must be there."""
        if key not in self._children and isinstance(self.node.value, dict):
            self.report.problem(self.node, f"has no {key}; add one, as {key} = {example}")
        return self.take(key, lambda value: read(value), None)

    def many(self, key: str, read: Reader[T]) -> tuple[T, ...]:
        """The elements of an array; each wrong one is reported."""
        return tuple(value for _, value in self.placed(key, read))

    def placed(self, key: str, read: Reader[T]) -> list[tuple[Located, T]]:
        """The elements of an array with the place of each."""
        node = self.child(key)
        if node is None:
            return []
        if not isinstance(node.value, list):
            self.report.problem(node, f"expected an array, as [...], found {values.kind_of(node.value)}")
            return []
        found = []
        for element in node.value:
            try:
                found.append((element, read(element.value)))
            except ValueError as error:
                self.report.problem(element, str(error))
        return found

    def tables(self, key: str) -> Iterator["Table"]:
        """The tables of an array of tables."""
        node = self.child(key)
        if node is None:
            return
        if not isinstance(node.value, list):
            headers = (
                f"[[{key}]]"
                if "." not in node.key and "[" not in node.key
                else f"[[sources.{key}]] after its source"
            )
            self.report.problem(
                node, f"expected tables, each under {headers}, found {values.kind_of(node.value)}"
            )
            return
        for element in node.value:
            yield Table(element, self.report)

    def given(self, readers: Mapping[str, Reader[Any]]) -> dict[str, Any]:
        """The keys that are there and right, read; what is absent keeps its default, which stands elsewhere."""
        read = {key: self.take(key, reader, _ABSENT) for key, reader in readers.items()}
        return {key: value for key, value in read.items() if value is not _ABSENT}

    def close(self, elsewhere: Mapping[str, str] | None = None) -> None:
        """Report every key that nobody took.

        Args:
            elsewhere: keys that are known in other sections -> the section.
        """
        for key, node in self._children.items():
            if key in self._known:
                continue
            message = f"is not known here{values.did_you_mean(key, self._known)}"
            if elsewhere and key in elsewhere:
                message = f"is not known here; it belongs into [{elsewhere[key]}]"
            elif message.endswith("here"):
                message += f"; known are {', '.join(sorted(self._known))}"
            self.report.problem(node, message)


_ABSENT: Any = object()

_FETCH: Mapping[str, Reader[Any]] = {
    "deadline": values.timeout,
    "connect_timeout": values.timeout,
    "read_timeout": values.timeout,
    "max_body": values.size,
    "max_header": values.size,
    "max_redirects": values.whole_number(0, 20),
    "max_in_flight": values.size,
    "max_entries": values.whole_number(1, 1_000_000),
    "concurrency": values.whole_number(1, 1000),
    "host_concurrency": values.whole_number(1, 100),
    "host_gap": values.duration,
    "user_agent": values.header_value,
    "contact": values.header_value,
}
_DISPLAY: Mapping[str, Reader[Any]] = {"timezone": values.timezone, "language": values.language}
_RELATE: Mapping[str, Reader[Any]] = {
    "window": values.duration_from("1h"),
    "half_weight": values.duration_from("1m"),
    "decay": values.number(0, 1),
    "limit": values.whole_number(1, 1000),
    "per_outlet": values.whole_number(1, 1000),
    "floor": values.number(0),
}
_INTERVALS = ("interval", "min_interval", "max_interval", "max_backoff")

ELSEWHERE = {
    **{field.name: "store" for field in fields(StoreSettings)},
    **{field.name: "fetch" for field in fields(FetchSettings)},
    **{field.name: "relate" for field in fields(RelateSettings)},
    **{field.name: "defaults" for field in fields(ScheduleSettings)},
}


class Sections:
    """Everything that the files say, read on construction."""

    def __init__(self, root: Located, *, environ: Mapping[str, str], complete: bool) -> None:
        """complete: False when a file could not be read: a name that is not found may be in that one."""
        self.report = Report()
        self._environ, self._complete = environ, complete
        self._folder = root.path.parent
        self.parser_files = ParserFiles(self._folder)
        self._root = Table(root, self.report)
        self.store = self._store(self._section("store"))
        self.fetch = self._fetch(self._section("fetch"))
        defaults = self._section("defaults")
        self.schedule = self._schedule(defaults)
        self._default_language = defaults.take("language", values.language, "")
        self._default_timezone = defaults.take("timezone", values.timezone, "")
        self._default_source = defaults.given(
            {"enrich": values.one_of(*get_args(Enrich)), "text_by": self._text_by}
        )
        defaults.close(ELSEWHERE)
        self.display = self._display(self._section("display"))
        self.relate = self._relate(self._section("relate"))
        self._topic_ids: dict[str, Located] = {}  # id -> the first table that has it
        self._source_ids: dict[str, Located] = {}
        self._feed_urls: dict[tuple[str, int | None, str, str], Located] = {}
        self._feed_ids: dict[str, Located] = {}
        self._topic_uses: list[tuple[Located, str]] = []
        self.sources = tuple(self._sources())
        self.topics = tuple(self._topics())
        self._check_topic_uses()
        self._root.child("include")
        self._check_top_level(root)

    # --- sections

    def _section(self, name: str) -> Table:
        node = self._root.child(name)
        return Table(node or Located({}, self._root.node.path, None, name), self.report)

    def _store(self, table: Table) -> StoreSettings:
        self._warn_password(table, "database")
        database = table.take(
            "database",
            lambda value: values.database_url(value, folder=self._folder, environ=self._environ),
            values.database_url(DATABASE, folder=self._folder),
        )
        at_least_a_day = values.duration_from("1d")
        given = table.given(
            {
                "retention": at_least_a_day,
                "keep": values.whole_number(1, 100_000_000),
                "tombstones_kept": at_least_a_day,
                "polls_kept": at_least_a_day,
                "busy_timeout": values.duration,
                "synchronous": values.one_of("NORMAL", "FULL"),
            }
        )
        table.close(ELSEWHERE)
        return StoreSettings(database=database, **given)

    def _fetch(self, table: Table) -> FetchSettings:
        given = table.given(_FETCH)
        for key, reader in (
            ("allow_networks", values.network),
            ("allow_ports", values.whole_number(1, 65535)),
        ):
            if key in table:
                given[key] = table.many(key, reader)
        given["proxy"] = self._proxy(table) or ""
        table.close(ELSEWHERE)
        return FetchSettings(**given)

    def _schedule(self, table: Table) -> ScheduleSettings:
        """The bounds that are not given make room for those that are; the given ones must not contradict each other."""
        given: dict[str, timedelta] = table.given(dict.fromkeys(_INTERVALS, values.interval))
        plain = ScheduleSettings()
        interval = given.get("interval") or min(
            max(plain.interval, given.get("min_interval", plain.interval)),
            given.get("max_interval", plain.max_interval),
        )
        least = given.get("min_interval", min(plain.min_interval, interval))
        most = given.get("max_interval", max(plain.max_interval, interval))
        backoff = given.get("max_backoff", max(plain.max_backoff, most))
        lengths = {"min_interval": least, "interval": interval, "max_interval": most, "max_backoff": backoff}
        for shorter, longer in pairwise(lengths):
            if lengths[shorter] > lengths[longer]:
                blamed = table.child(longer) or table.child(shorter)
                assert blamed is not None, "what is not given makes room"
                self.report.problem(blamed, f"{longer} must not be shorter than {shorter}")
        return ScheduleSettings(**lengths)

    def _display(self, table: Table) -> DisplaySettings:
        settings = DisplaySettings(**table.given(_DISPLAY))
        table.close()
        return settings

    def _relate(self, table: Table) -> RelateSettings:
        given = table.given({**_RELATE, "encoder": self._encoder})
        table.close(ELSEWHERE)
        return RelateSettings(**given)

    def _encoder(self, value: Any) -> str:
        written = values.text(value)
        if not written:
            return ""
        folder = values.absolute_path(written, self._folder)
        if not os.path.isdir(folder):  # noqa: PTH112, which raises for a name that is too long
            raise ValueError(f"{folder} is no folder; expected one that holds an ONNX sentence encoder")
        return folder

    def _authority(self, value: Any) -> str:
        file = values.absolute_path(values.filled_text(value), self._folder)
        try:
            with open(file, "rb") as opened:  # noqa: PTH123, as above
                held = opened.read(1 << 20)
        except (OSError, ValueError) as error:
            raise ValueError(f"{file} cannot be read; expected a PEM file with a certificate") from error
        if b"-----BEGIN CERTIFICATE-----" not in held:
            raise ValueError(f"{file} holds no certificate; expected a PEM file with one")
        return file

    def _check_top_level(self, root: Located) -> None:
        singular = {"source": "[[sources]]", "feed": "[[sources.feeds]]", "feeds": "[[sources.feeds]]"}
        for key in [key for key in root.value if key in singular]:
            self.report.problem(root.value[key], f"is not known here; did you mean {singular[key]}?")
            self._root.child(key)
        self._root.close(ELSEWHERE)

    # --- sources

    def _sources(self) -> Iterator[Source]:
        for table in self._root.tables("sources"):
            source = self._source(table)
            if source is not None:
                yield source

    def _source(self, table: Table) -> Source | None:
        id = table.require("id", values.slug, '"harbour-post"')
        name = table.require("name", values.filled_text, '"The Harbour Post"')
        url = table.require("url", values.address, '"https://www.harbourpost.example/"')
        self._unique(table, "id", id, "source", self._source_ids)
        language = table.take("language", values.language, self._default_language)
        paused = table.take("paused", values.boolean, False)
        inherited = Feed(
            url="",
            source_id=id or "",
            id="",
            interval=table.take("interval", values.interval, None),
            headers=self._headers(table) | self._contact(table),
            proxy=self._proxy(table) or "",
            ca=table.take("ca", self._authority, ""),
            parser=table.take("parser", self._parser, ""),
            group=table.take("group", values.text, ""),
            timezone=table.take("timezone", values.timezone, self._default_timezone),
            language=language,
            paused=paused,
        )
        feeds = [self._feed(feed, inherited) for feed in table.tables("feeds")]
        if not feeds:
            self.report.warn(table.node, "has no feeds: nothing of it is polled")
        rest: dict[str, Any] = table.given(
            {
                "country": values.country,
                "owner": values.text,
                "agency": values.text,
                "role": values.one_of(*get_args(Role)),
                "weight": values.number(0, 100),
                "paywall": values.boolean,
                "retention": values.duration_from("1d"),
                "keep": values.whole_number(1, 100_000_000),
                "enrich": values.one_of(*get_args(Enrich)),
                "text_by": self._text_by,
            }
        )
        rest = {**self._default_source, **rest}
        table.close()
        if id is None or name is None or url is None:
            return None
        return Source(
            id=id,
            name=name,
            url=url,
            feeds=tuple(feed for feed in feeds if feed is not None),
            language=language,
            paused=paused,
            **rest,
        )

    def _feed(self, table: Table, inherited: Feed) -> Feed | None:
        url = table.require("url", values.address, '"https://www.harbourpost.example/rss"')
        if url is not None:
            first = self._feed_urls.setdefault(values.same_address(url), table.node)
            if first is not table.node:
                self.report.problem(
                    table.child("url") or table.node, f"{url} is a feed already, at {first.place}"
                )
        id = table.take("id", values.slug, None)
        self._unique(table, "id", id, "feed", self._feed_ids)
        topics = table.placed("topics", values.slug)
        self._topic_uses.extend(topics)
        headers = self._headers(table)
        proxy = self._proxy(table)
        feed = Feed(
            url=url or "",
            source_id=inherited.source_id,
            id=id or url or "",
            kind=table.take("kind", values.one_of(*get_args(FeedKind)), "feed"),
            interval=table.take("interval", values.interval, inherited.interval),
            topics=tuple(topic for _, topic in topics),
            selectors=self._selectors(table),
            parser=self._feed_parser(table, inherited),
            headers=_merged(inherited.headers, headers),
            proxy=inherited.proxy if proxy is None else proxy,
            ca=table.take("ca", self._authority, inherited.ca),
            group=table.take("group", values.text, inherited.group),
            timezone=table.take("timezone", values.timezone, inherited.timezone),
            language=table.take("language", values.language, inherited.language),
            paused=table.take("paused", values.boolean, False) or inherited.paused,
        )
        table.close()
        return feed if url is not None else None

    def _text_by(self, value: Any) -> str:
        read: str = values.one_of(*get_args(TextBy))(value)
        if read == "trafilatura" and not by_trafilatura.is_installed():
            raise ValueError(f"the package trafilatura is not installed; {by_trafilatura.INSTALL}")
        return read

    def _parser(self, value: Any) -> str:
        written = values.text(value)
        return self.parser_files.read(written) if written else ""

    def _feed_parser(self, table: Table, inherited: Feed) -> str:
        """Its own, else the source's; selectors say that the built-in reader is wanted."""
        node, selected = table.child("parser"), "selectors" in table
        parser = table.take("parser", self._parser, "" if selected else inherited.parser)
        if node is not None and parser and selected:
            self.report.problem(node, "a parser of its own reads this feed; take its selectors out, or this")
        return parser

    def _selectors(self, table: Table) -> Selectors | None:
        node = table.child("selectors")
        if node is None:
            return None
        selectors = Table(node, self.report)
        given = selectors.given({field.name: values.filled_text for field in fields(Selectors)})
        selectors.close()
        kind = table.child("kind")
        if kind is None or kind.value != "listing":
            self.report.problem(node, 'selectors are for kind = "listing" only')
        return Selectors(**given)

    def _headers(self, table: Table) -> dict[str, str]:
        node = table.child("headers")
        if node is None:
            return {}
        headers = Table(node, self.report)
        read = {}
        for name, written in headers.node.value.items() if isinstance(node.value, dict) else ():
            try:
                read[values.header_name(name)] = values.header_value(written.value, self._environ)
            except ValueError as error:
                self.report.problem(written, str(error))
            secret = any(word in name.lower() for word in SECRET_WORDS)
            if secret and isinstance(written.value, str) and written.value and "${" not in written.value:
                self.report.warn(
                    written, "a secret stands in the file; write ${NAME} and set it in the environment"
                )
        return read

    def _contact(self, table: Table) -> dict[str, str]:
        """Whom an outlet may write to, when it is another person than [fetch] contact: RFC 9110 section 10.1.2."""
        contact = table.take("contact", values.mailbox, "")
        return {"From": contact} if contact else {}

    def _proxy(self, table: Table) -> str | None:
        self._warn_password(table, "proxy")
        return table.take("proxy", lambda value: values.proxy(value, self._environ), None)

    def _warn_password(self, table: Table, key: str) -> None:
        node = table.child(key)
        if node is not None and values.holds_literal_password(node.value):
            self.report.warn(
                node, "a password stands in the file; write ${NAME} and set it in the environment"
            )

    def _unique(self, table: Table, key: str, id: str | None, noun: str, taken: dict[str, Located]) -> None:
        if id is not None:
            first = taken.setdefault(id, table.node)
            if first is not table.node:
                self.report.problem(
                    table.child(key) or table.node, f"{id!r} is the id of another {noun}, at {first.place}"
                )

    # --- topics

    def _topics(self) -> Iterator[Topic]:
        tagged = {id for _, id in self._topic_uses}
        for table in self._root.tables("topics"):
            topic = self._topic(table, tagged)
            if topic is not None:
                yield topic

    def _topic(self, table: Table, tagged: set[str]) -> Topic | None:
        id = table.require("id", values.slug, '"ports"')
        name = table.require("name", values.filled_text, '"Ports and shipping"')
        self._unique(table, "id", id, "topic", self._topic_ids)
        outlets = table.placed("outlets", values.slug)
        for node, outlet in outlets:
            if outlet not in self._source_ids and self._complete:
                near = values.did_you_mean(outlet, self._source_ids)
                self.report.problem(node, f"no source has the id {outlet!r}{near}")
        terms = {key: table.many(key, values.term) for key in ("any", "all", "none")}
        examples = table.many("examples", values.address)
        if not (terms["any"] or terms["all"] or examples or id in tagged):
            self.report.problem(table.node, 'is empty; give it terms, as any = ["ferry", "freight"]')
        languages = table.many("languages", values.language)
        until = table.take("until", self._until, None)
        table.close()
        if id is None or name is None:
            return None
        return Topic(
            id=id,
            name=name,
            any=terms["any"],
            all=terms["all"],
            none=terms["none"],
            outlets=tuple(outlet for _, outlet in outlets),
            languages=languages,
            examples=examples,
            until=until,
        )

    def _until(self, value: Any) -> datetime:
        """A day counts to its end, and a time without an offset is one of [display] timezone."""
        if isinstance(value, str):
            try:
                value = datetime.fromisoformat(value) if len(value) > 10 else date.fromisoformat(value)
            except ValueError:
                raise ValueError(f"{value!r} is no day; expected one such as 2026-12-31") from None
        if not isinstance(value, date):
            raise ValueError(f"expected a day such as 2026-12-31, found {values.kind_of(value)}")
        try:
            return self._end(value)
        except OverflowError:
            raise ValueError(
                f"{value} is beyond the calendar; leave until out for a topic without an end"
            ) from None

    def _end(self, day: date) -> datetime:
        end = day if isinstance(day, datetime) else datetime.combine(day + timedelta(days=1), time())
        if end.tzinfo is None:
            end = end.replace(tzinfo=ZoneInfo(self.display.timezone) if self.display.timezone else UTC)
        return end.astimezone(UTC)

    def _check_topic_uses(self) -> None:
        for node, topic in self._topic_uses:
            if topic not in self._topic_ids and self._complete:
                near = values.did_you_mean(topic, self._topic_ids)
                self.report.problem(node, f"no topic has the id {topic!r}{near}")


def _merged(below: Mapping[str, str], over: Mapping[str, str]) -> dict[str, str]:
    """Header names are the same whatever their case (RFC 9110 section 5.1); an empty value takes a header away."""
    names = {name.lower() for name in over}
    merged = {name: value for name, value in below.items() if name.lower() not in names}
    return merged | {name: value for name, value in over.items() if value}
