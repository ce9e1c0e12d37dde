"""Is what an entry says now different from what is stored, as readers see it?"""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from aggregator.identify.keys import fold
from aggregator.model import Article, Known, Verdict

SAME_TIME = timedelta(seconds=60)  # feeds round to the minute, some to their own second
SAME_DAY = timedelta(days=1)

# Three or more entries that change nothing but their time, and all to the same minute: the feed writes its own build
# time into every entry.
BUILD_TIME_ENTRIES = 3

# UTF-8 read as something else: U+FFFD, "Ã©", "â€™", "ï¿½"; Cyrillic gives pairs such as "РєС‚", two at least.
_MOJIBAKE = re.compile("\ufffd|ï¿½|â€|[ÂÃÐÑÎÏ][\u00a0-\u00bf]|(?:[РС][^\\sА-Яа-яA-Za-z0-9]){2}")


def changed(verdict: Verdict, article: Article, known: Known) -> Verdict:
    """A revision, when what readers see is really different; else unchanged, with the new fingerprint."""
    changes = []
    if _title_changed(article, known):
        changes.append("title")
    if _teaser_changed(article, known):
        changes.append("teaser")
    if _damage(article) > _MOJIBAKE.subn("", f"{known.title}\n{known.teaser}")[1]:
        return verdict  # the outlet's encoding broke; what we have is better
    if _time_changed(article, known):
        changes.append("time")
    elif known.published_at is not None:
        article = replace(article, published_at=known.published_at)
    if not changes:
        return verdict
    return replace(verdict, outcome="revision", article=article, why=", ".join(changes))


def _title_changed(article: Article, known: Known) -> bool:
    """Not where the page gave the whole of a headline that the feed cuts."""
    old, new = fold(known.title), fold(article.title)
    return old != new and not ("title" in known.from_page and old.startswith(new))


def _teaser_changed(article: Article, known: Known) -> bool:
    """A teaser that is shorter but else the same was cut, not changed: feeds of one outlet cut differently.

    Nor is one that is cut a change of the page's whole one.
    """
    if "teaser" in known.from_page and article.teaser.endswith("…"):
        return False
    new = fold(article.teaser)
    return new != "" and not fold(known.teaser).startswith(new)


def _time_changed(article: Article, known: Known) -> bool:
    if known.published_at is None:
        return False
    if "published_at" in known.from_page and (article.published_note or article.published_precision == "day"):
        return False  # for such a time the page was asked
    if article.published_origin not in ("feed", "sitemap") or (article.published_note or "").startswith(
        "clamped"
    ):
        return False  # not what the outlet says, or moving with the clock
    within = SAME_DAY if article.published_precision == "day" else SAME_TIME
    return not about(article, known.published_at, within)


def _damage(article: Article) -> int:
    return _MOJIBAKE.subn("", f"{article.title}\n{article.teaser}")[1]


def without_build_times(verdicts: Sequence[Verdict]) -> tuple[Verdict, ...]:
    times = [
        verdict.article.published_at for verdict in verdicts if verdict.article and verdict.why == "time"
    ]
    if len(times) < BUILD_TIME_ENTRIES or max(times) - min(times) >= SAME_TIME:
        return tuple(verdicts)
    return tuple(
        replace(verdict, outcome="unchanged", article=None, why="") if verdict.why == "time" else verdict
        for verdict in verdicts
    )


def about(article: Article, at: datetime | None, within: timedelta) -> bool:
    return at is None or article.published_origin == "first_seen" or abs(article.published_at - at) <= within
