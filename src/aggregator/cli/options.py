"""Filters that lists share: what people write (`6h`, `yesterday`, an outlet's name) -> an ItemFilter."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, get_args

import click

from aggregator.cli.session import Session
from aggregator.errors import UnknownName
from aggregator.model import DateOrigin, Item, ItemFilter, Sort, Source, Topic

if TYPE_CHECKING:
    from aggregator.store import Store

Found = TypeVar("Found")

WHEN = "WHEN"
WHEN_HELP = "6h, 2d, 2026-05-14, 2026-05-14T09:30Z, today or yesterday"
DEFAULT_LIMIT = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """The filter options as written."""

    since: str | None
    until: str | None
    published_since: str | None
    published_until: str | None
    source: tuple[str, ...]
    agency: tuple[str, ...]
    topic: str | None
    story: str | None
    language: tuple[str, ...]
    search: str
    missing: tuple[str, ...]
    date_origin: tuple[DateOrigin, ...]
    state: Any  # one of the choices below
    sort: Sort | None  # None: as people expect it
    limit: int
    after: int | None

    def resolve(self, session: Session, store: "Store") -> ItemFilter:
        """The filter, with names looked up in the store.

        Raises:
            UnknownName: no outlet or story goes by that name.
            click.BadParameter: a time that cannot be read.
        """
        return ItemFilter(
            since=instant(session, self.since, "--since"),
            until=instant(session, self.until, "--until"),
            published_since=instant(session, self.published_since, "--published-since"),
            published_until=instant(session, self.published_until, "--published-until"),
            sources=source_ids(store, self.source),
            agencies=self.agency,
            languages=self.language,
            story=store.story(self.story).id if self.story else None,
            search=self.search,
            missing=self.missing,
            date_origins=self.date_origin,
            state=self.state,
            sort=self.sort or ("relevance" if self.search.strip() else "newest"),
            after=self.after,
            limit=self.limit or None,
        )

    def items(self, session: Session, store: "Store") -> list[Item]:
        """The items that pass."""
        return self._select(store, self.resolve(session, store))

    def count(self, session: Session, store: "Store") -> int:
        """How many items pass; the limit does not apply."""
        wanted = replace(self.resolve(session, store), limit=None)
        return store.count(wanted) if self.topic is None else len(self._select(store, wanted))

    def _select(self, store: "Store", wanted: ItemFilter) -> list[Item]:
        if self.topic is None:
            return store.items(wanted)
        from aggregator.pipeline.lists import topic_items

        return topic_items(store, find_topic(store, self.topic), wanted)


_OPTIONS = (
    click.option("--since", metavar=WHEN, help=f"First seen since: {WHEN_HELP}."),
    click.option("--until", metavar=WHEN, help="First seen before."),
    click.option("--published-since", metavar=WHEN, help="Published since, as the outlet says."),
    click.option("--published-until", metavar=WHEN, help="Published before."),
    click.option(
        "--source", "--outlet", multiple=True, metavar="ID|NAME", help="Of this outlet. Repeatable."
    ),
    click.option("--agency", multiple=True, metavar="NAME", help="Written by this news agency. Repeatable."),
    click.option("--topic", metavar="ID|NAME", help="In this topic."),
    click.option("--story", metavar="ID", help="In this story; a unique start of its id will do."),
    click.option(
        "--lang", "--language", "language", multiple=True, metavar="CODE", help="In this language, e.g. de."
    ),
    click.option(
        "--search", default="", metavar="WORDS", help='With these words; "a phrase" and prefix* work.'
    ),
    click.option(
        "--missing", multiple=True, type=click.Choice(["date", "teaser", "image"]), help="Without this."
    ),
    click.option(
        "--date-origin",
        multiple=True,
        type=click.Choice(get_args(DateOrigin)),
        help="Where the published time comes from.",
    ),
    click.option(
        "--state",
        type=click.Choice(["listed", "copy", "hidden", "all"]),
        default="listed",
        show_default=True,
        help="What lists show (listed), copies alone (copy), what editors hid (hidden), or all of it (all).",
    ),
    click.option(
        "--sort", type=click.Choice(get_args(Sort)), help="Order; default: newest, with --search relevance."
    ),
    click.option(
        "--limit",
        type=click.IntRange(min=0),
        metavar="N",
        default=DEFAULT_LIMIT,
        show_default=True,
        help="At most so many; 0: all.",
    ),
    click.option("--after", type=int, metavar="ID", help="The page after the one that ended with this item."),
)


def item_filters(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the filter options to a command and hand them to it as `filters`."""

    @wraps(command)
    def filtered(*args: Any, **given: Any) -> Any:
        filters = Filters(**{field.name: given.pop(field.name) for field in fields(Filters)})
        return command(*args, filters=filters, **given)

    for option in reversed(_OPTIONS):
        filtered = option(filtered)
    return filtered


def instant(session: Session, text: str | None, option: str) -> datetime | None:
    """A time as people write it, in UTC; None stays None."""
    if text is None:
        return None
    try:
        return read_when(text, session.local_now)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=repr(option)) from None


def read_when(text: str, now: datetime) -> datetime:
    """A point in time, in UTC.

    Args:
        text: a duration before now ("6h", "2 days ago"), a date or time (ISO 8601; in now's zone when it names none),
            "now", "today" or "yesterday" (midnight in now's zone).

    Raises:
        ValueError: says what was expected.
    """
    from aggregator.config import parse_duration

    word = text.strip().lower()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    named = {"now": now, "today": midnight, "yesterday": midnight - timedelta(days=1)}
    if word in named:
        return named[word].astimezone(UTC)
    try:
        return now.astimezone(UTC) - parse_duration(word.removesuffix(" ago"))
    except (ValueError, OverflowError):
        pass
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{text!r} is no time; expected {WHEN_HELP}") from None
    return (at if at.tzinfo else at.replace(tzinfo=now.tzinfo)).astimezone(UTC)


def source_ids(store: "Store", names: Sequence[str]) -> tuple[str, ...]:
    """Ids of the outlets that are meant by ids or names."""
    known = store.sources() if names else ()
    return tuple(find_source(known, name).id for name in names)


def find_source(known: Iterable[Source], name: str) -> Source:
    """The outlet with this id or name, whatever its case.

    Raises:
        UnknownName: with the nearest ids.
    """
    named = [(source, source.id, source.name) for source in known]
    return _find("source", name, named, "`aggregator sources` lists all.")


def find_topic(store: "Store", name: str) -> Topic:
    """The topic with this id or name, whatever its case.

    Raises:
        UnknownName: with the nearest ids.
    """
    named = [(topic, topic.id, topic.name) for topic in store.topics()]
    return _find("topic", name, named, "`aggregator topics` lists all.")


def _find(noun: str, name: str, known: Sequence[tuple[Found, str, str]], hint: str) -> Found:
    folded = name.strip().casefold()
    for thing, id, shown in known:
        if folded in (id.casefold(), shown.casefold()):
            return thing
    ids = {word.casefold(): id for _, id, shown in known for word in (shown, id)}
    near = get_close_matches(folded, list(ids), n=3, cutoff=0.5)
    raise UnknownName(noun, name, list(dict.fromkeys(ids[word] for word in near)), hint)
