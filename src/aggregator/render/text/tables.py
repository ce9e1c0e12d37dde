"""Items, outlets, topics, polls and plain facts -> tables, as rows are compared."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from aggregator.model import FeedState, Item, Poll, Source, Topic
from aggregator.render.ago import age, short_time
from aggregator.render.safe import visible
from aggregator.render.text.cards import card, notes
from aggregator.render.text.screen import NARROW, WIDE, Column, Screen, laid_out, styled, table

if TYPE_CHECKING:
    from rich.text import Text


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
        row += [age(article.published_at, screen.now, article.published_precision), item.outlet]
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


def sources(outlets: Sequence[Source], state_of: Callable[[str], FeedState | None], screen: Screen) -> str:
    """A row per feed: outlet, when it was asked, when it brought something new, how it is."""
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
                    _health(outlet.paused or feed.paused, state, screen),
                ]
            )
    return table(columns, rows, screen)


def polls(runs: Sequence[Poll], screen: Screen) -> str:
    """A row per feed and run, newest first."""
    columns = [
        Column("at", whole=True, style="dim"),
        Column("outlet", limit=20, style="cyan"),
        Column("outcome", whole=True),
        Column("new", right=True, whole=True),
        Column("of", right=True, whole=True, style="dim"),
        Column("took", right=True, whole=True, style="dim"),
        Column("feed", style="dim"),
    ]
    rows: list[list[str | Text]] = [
        [
            short_time(run.at, screen.now),
            run.source_id,
            _outcome(run),
            str(run.new),
            str(run.served),
            f"{run.duration.total_seconds():.2f}s",
            run.url if run.error is None else f"{run.url}: {run.error}",
        ]
        for run in runs
    ]
    return table(columns, rows, screen)


def facts(pairs: Sequence[tuple[str, str]], screen: Screen) -> str:
    """Names and values, one under the other; a name with several values stands before the first."""
    if screen.width < NARROW:
        return laid_out(screen, (styled(f"{name}: {value}" if name else value, "") for name, value in pairs))
    columns = [Column("", whole=True, style="dim"), Column("")]
    return table(columns, [list(pair) for pair in pairs], screen, headings=False)


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
    text = styled(article.title, "")
    if told:
        text.append(" ").append(visible(f"[{', '.join(told)}]"), style="dim")
    return text


def _health(paused: bool, state: FeedState, screen: Screen) -> "Text":
    if paused:
        return styled("paused", "dim")
    if state.error_count:
        since = f" since {short_time(state.failing_since, screen.now)}" if state.failing_since else ""
        return styled(
            f"failing{since} ({state.error_count}x {state.error_kind}): {state.last_error or ''}", "red"
        )
    if state.empty_since:
        return styled(f"empty since {short_time(state.empty_since, screen.now)}", "yellow")
    if state.moved_to:
        return styled(f"moved to {state.moved_to}", "yellow")
    if state.checked_at is None:
        return styled("not polled yet", "dim")
    return styled("ok", "green")


def _outcome(run: Poll) -> "Text":
    style = {"ok": "green", "error": "red"}.get(run.outcome, "dim")
    text = f"{run.error_kind}" if run.outcome == "error" else run.outcome.replace("_", " ")
    return styled(f"error: {text}" if run.outcome == "error" else text, style)
