"""An Article and its own page -> the Article with the better of each field, and which of them the page gave.

The feed's word stands: the outlet wrote it for lists such as ours. The page fills what is missing, and replaces what the
feed only had in part: a text cut in the middle, a day without its hour, a time without its zone.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from aggregator.model import Article, Entry, ParsedPage, Source
from aggregator.normalize.agency import find_agency
from aggregator.normalize.article import AUTHORS, fold, person_names
from aggregator.normalize.furniture import clean_title, teaser_of
from aggregator.normalize.language import primary_language
from aggregator.normalize.text import TEXT_LIMIT, cut_paragraphs, plain_text, printable
from aggregator.normalize.times import Published, published
from aggregator.normalize.urls import addresses, followable_url, same_site, url_host

SAME_HEADLINE = 0.3
"""Share of the headline's letter triples that the page's has too. Of two headlines of one week drawn at random one pair in
200 shares so much (20,000 pairs of 10,558), of a headline and a notice about cookies or a missing page one in 10,000."""

LONGER_TEXT = 1.5  # a page's body replaces the feed's where it is so much longer: the feed had the beginning
ZONES = timedelta(hours=14)  # no zone is farther from UTC
QUARTER = timedelta(minutes=15)  # all zones are multiples of it from UTC
SAME_MINUTE = timedelta(seconds=60)


def enrich(
    article: Article, page: ParsedPage, *, source: Source, url: str, timezone: str = ""
) -> Article | str:
    """The article with what its page knows better, or why the page is not believed to be the article's.

    Args:
        url: of the page, after redirects.
        timezone: IANA name that naive times of the page are read in; "" is UTC.

    Returns:
        The article, `from_page` naming the fields that changed; nothing else of it is new. Its `canonical_url` stays:
        what the page calls itself is another name for it (page_address).
    """
    names = (source.name, article.outlet, page.site_name or "", url_host(source.url), url_host(url))
    title = clean_title(page.title or "", outlets=names)
    if not _is_of(article, page, title):
        return f"the page is another one: it reads {title!r}" if title else "the page has no headline"
    found: dict[str, Any] = {}
    if _is_cut(article.title) and _continues(title, article.title) and not _is_cut(title):
        found["title"] = title
    teaser = teaser_of(plain_text(page.summary or ""), title=found.get("title", article.title))
    if _is_better_teaser(teaser, article.teaser):
        found["teaser"] = teaser
    found |= _time(article, page, url, timezone)
    text = cut_paragraphs(printable(page.text or ""), TEXT_LIMIT)
    if len(text) > LONGER_TEXT * len(article.text or ""):
        found["text"] = text
    if not article.authors:
        found["authors"] = person_names(page.authors, AUTHORS)
    if not article.agency:
        found["agency"] = page.agency or find_agency(
            title=article.title,
            text=text or teaser,
            authors=page.authors,
            outlet=article.outlet,
        )
    if not article.language:
        found["language"] = primary_language(page.language)
    if article.image is None:
        found["image"] = followable_url(page.image) if page.image else None
    changed = {field: value for field, value in found.items() if value}
    fields = tuple(dict.fromkeys((*article.from_page, *(name for name in changed if name in FIELDS))))
    return replace(article, **changed, from_page=fields, paywalled=page.paywalled)


FIELDS = ("title", "teaser", "published_at", "text", "authors", "agency", "language", "image")
"""What a page can give."""


def page_address(page: ParsedPage, url: str, article: Article) -> str | None:
    """Another canonical URL for the article: what its page calls itself, else where the redirects led; None: the same.

    A page's own word counts on its own site only: a partner's copy names the original.
    """
    for address in (page.canonical_url, url):
        if address and same_site(address, url):
            _, canonical = addresses(address)
            if canonical is not None and not canonical.endswith("/"):
                return None if canonical == article.canonical_url else canonical
    return None


# --- whose page it is ------------------------------------------------------------------------------------------


def _is_of(article: Article, page: ParsedPage, title: str) -> bool:
    """A consent notice, a sign-in form and "page not found" come with status 200 too."""
    if page.canonical_url and addresses(page.canonical_url)[1] == article.canonical_url:
        return True
    return has_headline(title, article.title)


def has_headline(said: str, headline: str) -> bool:
    """Whether what a page calls itself may be this headline in other words, in any script."""
    known = _triples(headline)
    return len(known & _triples(said)) >= SAME_HEADLINE * len(known) > 0


def _triples(text: str) -> set[str]:
    folded = fold(text)
    return {folded[start : start + 3] for start in range(max(1, len(folded) - 2))} if folded else set()


# --- what is better --------------------------------------------------------------------------------------------

_ELLIPSIS = re.compile(r"(?:…|\.{3})[\"'”’»)\]]*\Z")


def _is_cut(text: str) -> bool:
    return _ELLIPSIS.search(text) is not None


def _continues(whole: str, part: str) -> bool:
    """Whether a text begins with another one, the last word of which may have been cut."""
    begun = fold(_ELLIPSIS.sub("", part))
    return begun != "" and fold(whole).startswith(begun)


def _is_better_teaser(new: str, old: str) -> bool:
    if not new or new == old:
        return False
    if not old:
        return True
    if _is_cut(new):
        return _is_cut(old) and len(new) > len(old) and _continues(new, old)
    return _is_cut(old) or (len(new) > len(old) and _continues(new, old))


def _time(article: Article, page: ParsedPage, url: str, timezone: str) -> dict[str, Any]:
    if page.published is None:
        return {}
    said = Entry(published=page.published, published_precision=page.published_precision)
    time = published(said, url=url, timezone=timezone, now=article.first_seen_at, origin="page")
    if time.origin != "page" or (time.note or "").startswith("clamped") or not _is_better_time(time, article):
        return {}
    return {
        "published_at": time.at,
        "published_origin": time.origin,
        "published_precision": time.precision,
        "published_note": time.note or _note(article),
    }


def _note(article: Article) -> str | None:
    """What it replaced, where somebody had said something."""
    if article.published_origin == "first_seen":
        return None
    return f"the {article.published_origin} said {article.published_at:%Y-%m-%d %H:%MZ}"


Rule = Callable[[Published, Article], bool]


def _is_better_time(page: Published, article: Article) -> bool:
    return any(rule(page, article) for rule in _BETTER)


def _nobody_said(page: Published, article: Article) -> bool:
    return article.published_origin == "first_seen"


def _names_the_hour(page: Published, article: Article) -> bool:
    """Of a day: the same, or the next as another zone counts it."""
    return (
        article.published_precision == "day"
        and page.precision == "instant"
        and abs(page.at - article.published_at) <= timedelta(days=1) + ZONES
    )


def _could_not_be_believed(page: Published, article: Article) -> bool:
    return (article.published_note or "").startswith("clamped")


def _names_the_zone(page: Published, article: Article) -> bool:
    """The same minute in another zone, where the feed named none."""
    if page.precision != "instant" or not (article.published_note or "").startswith("zone "):
        return False
    apart = abs(page.at - article.published_at)
    return page.note is None and SAME_MINUTE <= apart <= ZONES and _is_multiple(apart, QUARTER)


def _knows_the_first_edition(page: Published, article: Article) -> bool:
    """A sitemap's lastmod, an Atom entry's `updated` and a section page's time are those of the last change."""
    last_change = article.published_origin in ("sitemap", "page") or (
        article.published_note or ""
    ).startswith("updated")
    return last_change and page.precision == "instant" and page.at < article.published_at - SAME_MINUTE


def _is_multiple(span: timedelta, of: timedelta) -> bool:
    rest = span % of
    return min(rest, of - rest) < SAME_MINUTE


_BETTER: tuple[Rule, ...] = (
    _nobody_said,
    _names_the_hour,
    _could_not_be_believed,
    _names_the_zone,
    _knows_the_first_edition,
)
