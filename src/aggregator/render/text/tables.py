"""Items, outlets, topics, polls and plain facts -> tables, as rows are compared."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from aggregator.health import Health, survey
from aggregator.model import FeedState, Item, Poll, Source, Topic
from aggregator.render.ago import age, short_time
from aggregator.render.safe import visible
from aggregator.render.text.cards import card, headline, notes, outlet_name, passage
from aggregator.render.text.health import condition
from aggregator.render.text.screen import NARROW, WIDE, Column, Screen, counted, laid_out, styled, table

if TYPE_CHECKING:
    from rich.text import Text

SHOWN_REJECTIONS = 3
"""Of one poll, in the table: a feed that turns bad has hundreds, for one reason."""


def items(listed: Sequence[Item], screen: Screen) -> str:
    """One row per item: id, age, outlet, headline; cards on a narrow screen."""
    if screen.width < NARROW:
        return laid_out(screen, (card(item, screen) for item in listed))
    wide = screen.width >= WIDE
    columns = [Column("id", right=True, whole=True, style="dim")]
    if wide:
        columns += [Column("published", whole=True, style="dim")]
    columns += [
        Column("age", right=True, whole=True),
        Column("outlet", limit=24 if wide else 18, style="cyan"),
    ]
    if wide:
        columns += [Column("lang", whole=True, style="dim")]
    columns += [Column("headline")]
    rows: list[list[str | Text]] = []
    for item in listed:
        article = item.article
        row: list[str | Text] = [str(item.id)]
        if wide:
            row.append(short_time(article.published_at, screen.now, article.published_precision))
        row += [age(article.published_at, screen.now, article.published_precision), outlet_name(item, "cyan")]
        if wide:
            row.append(article.language)
        row.append(_headline_with_notes(item))
        rows.append(row)
    return table(columns, rows, screen)


def topics(subjects: Sequence[Topic], screen: Screen) -> str:
    columns = [Column("id", whole=True, style="cyan"), Column("name"), Column("terms", style="dim")]
    return table(columns, [[subject.id, subject.name, terms(subject)] for subject in subjects], screen)


def terms(subject: Topic) -> str:
    """A topic's rule in words: "any of Kell, Varga; none of tunnel"."""
    parts = [
        f"{word} of {', '.join(chosen)}"
        for word, chosen in (("any", subject.any), ("all", subject.all), ("none", subject.none))
        if chosen
    ]
    if subject.outlets:
        parts.append(f"in {', '.join(subject.outlets)}")
    if subject.languages:
        parts.append(f"in languages {', '.join(subject.languages)}")
    return "; ".join(parts)


def sources(
    outlets: Sequence[Source],
    state_of: Callable[[str], FeedState | None],
    screen: Screen,
    healths: Mapping[str, Health] | None = None,
) -> str:
    """A row per feed: outlet, when it was asked, when it brought something new, how it is.

    Args:
        healths: by feed id; None: as far as the states alone tell.
    """
    if healths is None:
        states = {
            feed.id: state for outlet in outlets for feed in outlet.feeds if (state := state_of(feed.id))
        }
        healths = survey(outlets, states, {}, screen.now)
    columns = [
        Column("id", limit=24, style="cyan"),
        Column("outlet", limit=24),
        Column("kind", whole=True, style="dim"),
        Column("checked", right=True, whole=True),
        Column("new", right=True, whole=True),
        Column("state"),
    ]
    rows: list[list[str | Text]] = []
    for outlet in outlets:
        for feed in outlet.feeds:
            state = state_of(feed.id) or FeedState(feed_id=feed.id)
            rows.append(
                [
                    outlet.id,
                    outlet.name,
                    feed.kind,
                    age(state.checked_at, screen.now) or "never",
                    age(state.new_at, screen.now) or "never",
                    condition(healths[feed.id], screen),
                ]
            )
    return table(columns, rows, screen)


def polls(runs: Sequence[Poll], screen: Screen) -> str:
    """A row per feed and run, newest first; on a wide screen with status and size. Rejections stand under the address."""
    wide = screen.width >= WIDE
    columns = [
        Column("at", whole=True, style="dim"),
        Column("outlet", limit=20, style="cyan"),
        Column("outcome", whole=True),
    ]
    if wide:
        columns += [Column("status", right=True, whole=True, style="dim")]
    columns += [
        Column("new", right=True, whole=True),
        Column("of", right=True, whole=True, style="dim"),
        Column("took", right=True, whole=True, style="dim"),
    ]
    if wide:
        columns += [Column("size", right=True, whole=True, style="dim")]
    columns += [Column("feed", style="dim")]
    rows: list[list[str | Text]] = []
    for run in runs:
        row: list[str | Text] = [short_time(run.at, screen.now), run.source_id, _outcome(run)]
        if wide:
            row.append("" if run.status is None else str(run.status))
        row += [str(run.new), str(run.served), f"{run.duration.total_seconds():.2f}s"]
        if wide:
            row.append(_size(run.bytes))
        told = styled("", "")
        for number, line in enumerate(_told(run)):
            told.append("\n" if number else "").append(styled(line, ""))
        row.append(told)
        rows.append(row)
    return table(columns, rows, screen)


def _told(run: Poll) -> Iterator[str]:
    """The address, what went wrong, and what was rejected."""
    yield run.url if run.error is None else f"{run.url}: {run.error}"
    counts = [
        f"{count} {name}" for count, name in ((run.revised, "revised"), (run.rejected, "rejected")) if count
    ]
    if counts:
        yield ", ".join(counts)
    if run.note:
        yield run.note
    for what, reason in run.rejections[:SHOWN_REJECTIONS]:
        yield f"rejected {what or 'an entry without address'}: {reason}"
    more = run.rejected - SHOWN_REJECTIONS
    if more > 0 and run.rejections:
        yield f"and {counted(more, 'further rejection')} (--json shows all)"


def _size(count: int) -> str:
    return f"{count / 1024:.0f} KiB" if count >= 1024 else f"{count} B"


def facts(pairs: "Sequence[tuple[str, str | Text]]", screen: Screen) -> str:
    """Names and values, one under the other; a name with several values stands before the first."""
    if screen.width < NARROW:
        return laid_out(screen, (_fact(name, value) for name, value in pairs))
    columns = [Column("", whole=True, style="dim"), Column("")]
    return table(columns, [list(pair) for pair in pairs], screen, headings=False)


def _fact(name: str, value: "str | Text") -> "Text":
    if isinstance(value, str):
        return styled(f"{name}: {value}" if name else value, "")
    return styled(f"{name}:", "").append(" ").append(value) if name else value


def status(known: Sequence[tuple[str, str]], todo: Sequence[str], screen: Screen) -> str:
    """One screen: what there is, and what to do next."""
    steps = (
        [styled("", ""), styled("To do:", ""), *(styled(f"- {step}", "") for step in todo)] if todo else []
    )
    return facts(known, screen) + laid_out(screen, steps)


def rows(records: Sequence[Mapping[str, Any]], fields: Sequence[str], screen: Screen) -> str:
    """Chosen fields of machine records as a table."""
    columns = [Column(field) for field in fields]
    return table(columns, [[cell(record.get(field)) for field in fields] for record in records], screen)


def cell(value: Any) -> str:
    """One value of a record as a table's or spreadsheet's cell; a list of texts is joined, deeper things are JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(part, str | int) for part in value):
        return "; ".join(str(part) for part in value)
    import json

    return json.dumps(value, ensure_ascii=False)


def _headline_with_notes(item: Item) -> "Text":
    article = item.article
    told = notes(item)
    if article.agency and article.agency.casefold() != item.outlet.casefold():
        told.insert(0, article.agency)
    text = headline(item, "", mark="bold")
    if told:
        text.append(" ").append(visible(f"[{', '.join(told)}]"), style="dim")
    if item.snippet is not None and item.snippet.field == "teaser":
        text.append("\n").append(passage(item.snippet))
    return text


def _outcome(run: Poll) -> "Text":
    style = {"ok": "green", "error": "red"}.get(run.outcome, "dim")
    text = f"{run.error_kind}" if run.outcome == "error" else run.outcome.replace("_", " ")
    return styled(f"error: {text}" if run.outcome == "error" else text, style)
