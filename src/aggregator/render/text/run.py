"""A run -> a line per feed and the totals, the same in a pipe and on a terminal."""

from collections import Counter
from collections.abc import Mapping, Sequence

from aggregator.model import Poll, Visit
from aggregator.render.jsonable import is_enriched, totals
from aggregator.render.safe import visible
from aggregator.render.text.screen import counted


def poll_line(run: Poll, *, source_width: int = 18) -> str:
    """One feed of a run, as `poll` prints it while it runs; the same in a pipe and on a terminal."""
    source = visible(run.source_id)
    counts = ", ".join(
        f"{count} {name}"
        for count, name in (
            (run.new, "new"),
            (run.revised, "revised"),
            (run.unchanged, "known"),
            (run.rejected, "rejected"),
        )
        if count or name == "new"
    )
    told = {"error": f"{run.error_kind}: {visible(run.error or '')}", "ok": counts}.get(run.outcome, "")
    if run.note:
        told += f" ({visible(run.note)})"
    outcome = run.outcome.replace("_", " ")
    took = run.duration.total_seconds()
    return f"{outcome:<12} {source:<{source_width}} {took:6.2f}s  {visible(run.url)}  {told}".rstrip()


def poll_totals(runs: Sequence[Poll], *, linked: int) -> str:
    """The last line of a run: "8 feeds: 7 ok, 1 error; 34 new, 2 revised, 300 known; 34 linked"."""
    sums = totals(runs)
    answers = _listed(sums, {"ok": "ok", "not_modified": "not modified", "errors": "failed"})
    entries = _listed(
        sums, {"new": "new", "revised": "revised", "unchanged": "known", "rejected": "rejected"}
    )
    return f"{counted(len(runs), 'feed')}: {answers}; {entries or 'nothing new'}; {linked} linked"


def visit_totals(visits: Sequence[Visit]) -> str:
    """What came of the articles' pages: "12 pages: 9 enriched, 1 nothing new, 1 refused, 1 network"."""
    outcomes = Counter(
        "enriched" if is_enriched(done) else "nothing new" if done.outcome == "ok" else done.outcome
        for done in visits
    )
    order = {"enriched": 0, "nothing new": 1}
    told = sorted(outcomes, key=lambda name: (order.get(name, 2), -outcomes[name], name))
    listed = ", ".join(f"{outcomes[name]} {name.replace('_', ' ')}" for name in told)
    return f"{counted(len(visits), 'page')} of articles: {listed}"


def _listed(sums: Mapping[str, int], names: Mapping[str, str]) -> str:
    return ", ".join(f"{sums[key]} {name}" for key, name in names.items() if sums[key])
