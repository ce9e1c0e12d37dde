"""How feeds are, what `doctor` found, where articles may be missing -> words and tables."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from aggregator.health import Finding, Health
from aggregator.render.ago import age, short_time
from aggregator.render.text.screen import Column, Screen, counted, styled, table

if TYPE_CHECKING:
    from rich.text import Text

    from aggregator.store import Gap

_STYLES = {"ok": "green", "new": "dim", "paused": "dim"}
_WARNING = "yellow"
_BAD = "red"


def condition(health: Health, screen: Screen) -> "Text":
    """A feed's state in words: "failing since 14 May 00:30 (3x network): no answer"."""
    style = _STYLES.get(health.state, _BAD if health.unhealthy or health.state == "failing" else _WARNING)
    return styled(_words(health, screen.now), style)


def _words(health: Health, now: datetime) -> str:
    since = f" since {short_time(health.since, now)}" if health.since else ""
    match health.state:
        case "gone" | "blocked" | "failing":
            kind, _, told = health.why.partition(": ")
            return f"{health.state}{since} ({kind}): {told}"
        case "empty" | "paused":
            return f"{health.state}{since}"
        case "drift":
            return f"drift: {health.why}{since}"
        case "silent":
            told, _, usual = health.why.partition("; ")
            return f"silent: {told}{since}" + (f" ({usual})" if usual else "")
        case "moved":
            return f"moved {health.why}: {health.advice}"
        case "new":
            return health.why
        case "ok":
            return f"ok ({health.why})" if health.why else "ok"


def findings(found: Sequence[Finding], screen: Screen) -> str:
    """A row per thing that was checked, and under it what to do."""
    styles = {"ok": "green", "warning": _WARNING, "unhealthy": _BAD}
    rows: list[list[str | Text]] = []
    for finding in found:
        told = styled(finding.what, "")
        if finding.health is not None and finding.feed is not None:
            told = styled(f"{finding.feed.source_id}:", "cyan").append(" ")
            told.append(condition(finding.health, screen)).append("\n")
            told.append(styled(f"{finding.what}{_again(finding.health, screen.now)}", "dim"))
        if finding.advice:
            told.append("\n").append(styled(finding.advice[:1].upper() + finding.advice[1:], "bold"))
        rows.append([styled(finding.level, styles[finding.level]), finding.check, told])
    columns = [Column("level", whole=True), Column("check", whole=True, style="dim"), Column("found")]
    return table(columns, rows, screen)


def _again(health: Health, now: datetime) -> str:
    return f" (next try {short_time(health.next_at, now)})" if health.next_at else ""


def gaps(noticed: "Sequence[Gap]", screen: Screen) -> str:
    """A row per gap, those noticed last first."""
    columns = [
        Column("noticed", whole=True, style="dim"),
        Column("outlet", limit=20, style="cyan"),
        Column("from", whole=True),
        Column("to", whole=True),
        Column("filled with", limit=24),
        Column("feed", style="dim"),
    ]
    rows = [
        [
            short_time(gap.at, screen.now),
            gap.source_id,
            short_time(gap.since, screen.now),
            short_time(gap.until, screen.now),
            _filled(gap),
            gap.url,
        ]
        for gap in noticed
    ]
    return table(columns, rows, screen)


def _filled(gap: "Gap") -> str:
    asked = f", {counted(gap.asked, 'feed')} asked" if gap.asked else ""
    return (counted(gap.filled, "article") if gap.filled else "nothing") + asked


def last(at: datetime | None, screen: Screen) -> str:
    """ "14 May 09:30 (5m ago)"; "never" without a time."""
    if at is None:
        return "never"
    passed = age(at, screen.now)
    return f"{short_time(at, screen.now)} ({passed if passed == 'now' else f'{passed} ago'})"
