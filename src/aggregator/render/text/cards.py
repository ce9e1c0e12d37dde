"""Items, lists and stories -> cards, as headlines are read: headline, what there is to know of it, teaser."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from aggregator.model import Article, Item, Precision, Related, Snippet, Story
from aggregator.render.ago import absolute, ago, short_time
from aggregator.render.text.screen import Screen, counted, indented, laid_out, marked, styled
from aggregator.render.words import words

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text


def entries(listed: Sequence[Related], screen: Screen, *, explain: bool = False, labels: bool = True) -> str:
    """A list as a reader sees it: a card per entry. `explain` adds the score and the reasons, `labels` the relation."""
    own = words(screen.language)

    def cards() -> "Iterable[RenderableType]":
        for number, entry in enumerate(listed):
            if number:
                yield ""
            label = own.same_story if entry.relation == "same_story" else own.related
            yield card(entry.item, screen, label=label if labels else "", teaser=True)
            if explain:
                yield indented(
                    f"score {entry.score:.3f}" + "".join(f"; {reason}" for reason in entry.reasons), "yellow"
                )

    return laid_out(screen, cards())


def stories(groups: Sequence[Story], screen: Screen) -> str:
    """A card per story: headline, how many reports by whom, since when."""

    def cards() -> "Iterable[RenderableType]":
        for number, group in enumerate(groups):
            if number:
                yield ""
            yield styled(group.headline, "bold")
            reports = counted(len(group.article_ids), "report")
            if group.independent != len(group.article_ids):
                reports += f" ({group.independent} independent)"
            yield indented(
                f"{group.id} · {reports} · {ago(group.last_at, screen.now, screen.language)}"
                f" · since {short_time(group.first_at, screen.now)}",
                "dim",
            )
            yield indented(", ".join(group.outlets), "cyan")

    return laid_out(screen, cards())


def articles(kept: Sequence[Article], screen: Screen) -> str:
    """Articles that are not stored (a preview): when, headline, teaser, and where they would lead."""

    def cards() -> "Iterable[RenderableType]":
        for article in kept:
            origin = f"{when(article.published_at, article.published_precision, screen)}, from {article.published_origin}"
            meta = [origin, article.outlet, article.agency, article.language, article.published_note or ""]
            yield styled(article.title, "bold")
            yield indented(" · ".join(part for part in meta if part), "cyan")
            if article.teaser:
                yield indented(article.teaser, "")
            yield indented(article.url, "dim")

    return laid_out(screen, cards())


def heading(text: str, screen: Screen) -> str:
    """The line above a list."""
    return laid_out(screen, [styled(text, "dim")])


def when(at: datetime, precision: Precision, screen: Screen) -> str:
    """A time in full, with how long ago that is where that is more than the date again."""
    full = absolute(at, screen.now, screen.language, precision)
    said = ago(at, screen.now, screen.language, precision)
    return full if full.startswith(said) else f"{full} ({said})"


def card(item: Item, screen: Screen, *, label: str = "", teaser: bool = False) -> "RenderableType":
    """Headline, then outlet, time and the rest in one line, then the teaser if it is wanted."""
    from rich.console import Group

    article = item.article
    agency = article.agency if article.agency.casefold() != item.outlet.casefold() else ""
    meta = [
        label,
        item.outlet,
        ago(article.published_at, screen.now, screen.language, article.published_precision),
        agency,
        *notes(item, screen.language),
        str(item.id),
    ]
    parts: list[RenderableType] = [
        headline(item, "bold", mark="underline", url=article.url if screen.colour else None),
        indented(" · ".join(part for part in meta if part), "cyan"),
    ]
    if item.snippet is not None and item.snippet.field == "teaser":
        parts.append(indented(passage(item.snippet), ""))
    elif teaser and article.teaser:
        parts.append(indented(article.teaser, ""))
    return Group(*parts)


def headline(item: Item, style: str, *, mark: str, url: str | None = None) -> "Text":
    """The title; what a search found in it is marked."""
    found = item.snippet.title_marks if item.snippet is not None else ()
    return marked(item.article.title, found, style, mark, url)


def outlet_name(item: Item, style: str) -> "Text":
    """The outlet's name; what a search found in it, and nowhere else, is marked."""
    found = item.snippet.marks if item.snippet is not None and item.snippet.field == "outlet" else ()
    return marked(item.outlet, found, style, "bold")


def passage(found: Snippet) -> "Text":
    """What answers a search best, beside the title."""
    return marked(found.text, found.marks, "dim", "not dim bold")


def notes(item: Item, language: str = "en") -> list[str]:
    """What else there is: copies, of what it is one, revisions."""
    own = words(language)
    found = []
    if item.copies:
        found.append(own.copy if len(item.copies) == 1 else own.copies.format(len(item.copies)))
    if item.copy_of is not None:
        found.append(f"copy of {item.copy_of}")
    changes = sum(revision.times for revision in item.revisions)
    if changes:
        found.append("revised" if changes == 1 else f"revised {changes} times")
    return found
