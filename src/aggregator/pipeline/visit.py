"""An article's own page: whether it is asked, how, and what its answer comes to. Once per article, and never again.

Pages are asked through the same poller as feeds: robots.txt is obeyed, a host keeps its pace, and feeds go first.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from aggregator import identify, normalize
from aggregator.errors import FeedError, FetchError, ParseError
from aggregator.model import Article, Document, Enrich, Feed, Key, ParsedPage, Source, Visit
from aggregator.parse import parse_page
from aggregator.pipeline.address import origin
from aggregator.pipeline.reading import blamed_on

WITHIN = timedelta(days=2)
"""Older articles are no longer asked about: what is turned on today does not fetch last year's pages."""

AT_ONCE = 50
"""Pages of one source in hand at a time: at one a second, a minute's work."""

LEASE = timedelta(hours=2)
"""How long a claim holds: at a Crawl-delay of a minute, fifty pages take an hour."""

RETRY = timedelta(hours=1)
TRIES = 3
"""Of a page whose server failed, was too slow or asked to wait. What was not reached, or not asked, does not count."""

PASSING = frozenset({"network", "server", "throttled", "limit", "protocol"})
"""Kinds of error that may be over in an hour."""

MEDIA_TYPES = frozenset({"", "text/html", "application/xhtml+xml", "text/plain"})


@dataclass(frozen=True, slots=True)
class PageAnswer:
    """What came of asking a page, ready to be judged against the stored article."""

    visit: Visit
    source: Source
    result: Document | FeedError
    page: ParsedPage | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Visited:
    """What an answer comes to, ready to be written."""

    visit: Visit
    article: Article | None = None  # with what its page gave
    keys: tuple[Key, ...] = ()


def wanted(sources: Collection[Source]) -> dict[str, Enrich]:
    """Source id -> which of its articles' pages are asked."""
    return {source.id: source.enrich for source in sources if source.enrich != "never" and not source.paused}


def as_feed(visit: Visit, source: Source) -> Feed:
    """The page as the poller asks it: at its outlet's pace, its secrets only where an address of the outlet is the same."""
    page = Feed(url=visit.url, source_id=source.id, id=f"page {visit.article_id}", kind="listing")
    here = origin(urlsplit(visit.url))
    for feed in source.feeds:
        if origin(urlsplit(feed.url)) == here:
            return replace(page, group=feed.group, headers=feed.headers, proxy=feed.proxy, ca=feed.ca)
    groups = {feed.group for feed in source.feeds}
    return replace(page, group=groups.pop()) if len(groups) == 1 else page


def read(document: Document, source: Source) -> ParsedPage:
    """
    Raises:
        ParseError: no page, or none that can be read.
    """
    if document.media_type not in MEDIA_TYPES:
        raise ParseError(document.url, f"answered with {document.media_type}; expected an HTML page")
    with blamed_on(document.url):
        page = parse_page(document.body, document.url, content_type=document.content_type, outlet=source.name)
        if source.text_by == "trafilatura":
            from aggregator.parse.by_trafilatura import complete

            return complete(page, document.body, document.url)
        return page


def judge(answer: PageAnswer, article: Article) -> Visited:
    """What the answer of an article's page comes to."""
    if isinstance(answer.result, FeedError):
        return Visited(after_error(answer.visit, answer.result, answer.at))
    page, document = answer.page, answer.result
    assert page is not None, "a document was parsed, or is an error"
    enriched = normalize.enrich(
        article,
        page,
        source=answer.source,
        url=document.url,
        timezone=next((feed.timezone for feed in answer.source.feeds if feed.timezone), ""),
    )
    done = replace(answer.visit, at=answer.at, next_at=None)
    if isinstance(enriched, str):
        return Visited(replace(done, outcome="other_page", note=enriched))
    address = normalize.page_address(page, document.url, article)
    keys = () if address is None else (identify.alias_key(address),)
    gained = [field for field in enriched.from_page if field not in article.from_page]
    return Visited(replace(done, outcome="ok", note=_told(gained, page)), enriched, keys)


def after_error(visit: Visit, error: FeedError, at: datetime) -> Visit:
    """Asked again in an hour, where that may help."""
    kind = error.kind if isinstance(error, FetchError | ParseError) else "content"
    wait = error.retry_after if isinstance(error, FetchError) else None
    again = kind in PASSING or wait is not None
    # Its host wanted to be left alone, or had no readable robots.txt: the page itself was not asked.
    unasked = kind == "network" or (
        wait is not None and isinstance(error, FetchError) and error.status is None
    )
    tries = visit.tries - 1 if unasked else visit.tries
    return replace(
        visit,
        tries=tries,
        at=at,
        outcome=kind,
        note=error.message,
        next_at=at + max(RETRY, wait or RETRY) if again and tries < TRIES else None,
    )


_ORIGIN_OF: Mapping[str, str] = {"published_at": "published", "teaser": "summary"}


def _told(gained: Collection[str], page: ParsedPage) -> str:
    """The fields that the page gave, each with the place in it: "teaser (standfirst), image"."""
    told = []
    for field in gained:
        place = page.origins.get(_ORIGIN_OF.get(field, field))
        told.append(f"{field} ({place})" if place else field)
    return ", ".join(told)
