"""An address of a site -> what of it can be polled: feeds, news sitemaps, a listing, each fetched once and read.

Asks politely: through the fetcher's guard, robots.txt for pages, one host gap apart, at most a dozen requests.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from aggregator.config import values
from aggregator.errors import FeedError, FetchError, ParseError
from aggregator.fetch import Fetcher
from aggregator.fetch.failure import Failure
from aggregator.fetch.guard import DEFAULT_PORTS, Guard
from aggregator.model import Document, Entry, Feed, FeedKind, FeedState, ParsedFeed
from aggregator.normalize.urls import followable_url
from aggregator.parse import parse_sitemap
from aggregator.parse.discover import (
    Candidate,
    SitePage,
    is_of_comments,
    looks_like_feed,
    read_site,
    robots_sitemaps,
    well_known,
)
from aggregator.parse.page.text import clean
from aggregator.parse.sandbox import Sandbox
from aggregator.parse.sitemap import is_news_sitemap, newest_parts
from aggregator.pipeline.poll import run_async
from aggregator.pipeline.reading import read_document
from aggregator.settings import FetchSettings

if TYPE_CHECKING:
    import httpx

log = logging.getLogger(__name__)

MAX_REQUESTS = 12
"""In all, robots.txt included, redirects not."""

MAX_NAMED = 5  # feeds tried of those a page names; sites with hundreds name the main one early
MAX_SITEMAPS = 2
FEWEST_LISTED = 3  # a page with fewer headlines is no listing

_RANK: dict[FeedKind, int] = {"feed": 0, "sitemap": 1, "listing": 2}


@dataclass(frozen=True, slots=True)
class Match:
    """What one field was found in."""

    field: str
    count: int  # of the entries that have it
    sample: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One address, asked."""

    candidate: Candidate
    feed: ParsedFeed | None = None
    error: FeedError | None = None
    moved_to: str | None = None  # where it is permanently

    @property
    def url(self) -> str:
        return self.moved_to or self.candidate.url

    @property
    def entries(self) -> tuple[Entry, ...]:
        return self.feed.entries if self.feed else ()

    @property
    def newest_at(self) -> datetime | None:
        """Time of the newest entry; times without a zone count as UTC."""
        times = [entry.published for entry in self.entries if entry.published]
        return max((at if at.tzinfo else at.replace(tzinfo=UTC) for at in times), default=None)

    @property
    def dated(self) -> int:
        return sum(1 for entry in self.entries if entry.published)

    @property
    def with_teaser(self) -> int:
        return sum(1 for entry in self.entries if clean((entry.summary or entry.content or "")[:500]))

    def matches(self) -> list[Match]:
        """For title, link, teaser, time and image: how many entries have it, and the first one's."""
        read: dict[str, Callable[[Entry], str | None]] = {
            "title": lambda entry: entry.title,
            "link": lambda entry: entry.url,
            "teaser": lambda entry: entry.summary or entry.content,
            "time": lambda entry: entry.published.isoformat() if entry.published else None,
            "image": lambda entry: entry.image,
        }
        found = []
        for name, of in read.items():
            texts = [text for entry in self.entries if (text := clean((of(entry) or "")[:500]))]
            found.append(Match(name, len(texts), texts[0] if texts else ""))
        return found

    @property
    def problem(self) -> str | None:
        """Why it is not worth polling; None when it is."""
        if self.error is not None:
            return self.error.message
        if is_of_comments(self.url, (self.feed.title if self.feed else "") or ""):
            return "holds readers' comments, not news"
        if not self.entries:
            return "is empty: a feed without any entry"
        titled = sum(1 for entry in self.entries if entry.title)
        if not titled:
            return f"{len(self.entries)} addresses without a headline: not a sitemap of news"
        if self.candidate.kind == "listing" and titled < FEWEST_LISTED:
            return f"only {titled} headlines with links; a listing has at least {FEWEST_LISTED}"
        return None


@dataclass(slots=True)
class Discovery:
    """What was found at and around an address."""

    url: str  # as asked for
    home_url: str  # the page that was read, or the front page of a feed's host
    site_name: str = ""
    language: str = ""
    kind: FeedKind | None = None  # the only one wanted; None: any
    trials: list[Trial] = field(default_factory=list)

    @property
    def best(self) -> Trial | None:
        """The one to poll: a feed before a news sitemap before a listing; None when nothing is worth it."""
        usable = [
            trial
            for trial in self.trials
            if trial.problem is None and self.kind in (None, trial.candidate.kind)
        ]
        return min(usable, key=self._rank, default=None)

    def _rank(self, trial: Trial) -> tuple[bool | int, ...]:
        section = urlsplit(self.url).path.strip("/")
        path = urlsplit(trial.url).path.strip("/")
        title = clean((trial.feed.title if trial.feed else "") or "")
        return (
            _RANK[trial.candidate.kind],
            not trial.dated,  # without times nothing can be told of what is new but that it was not there before
            # The feed of the section that was named; else the whole site's, which has its name or the shortest path.
            not (section and path.startswith(f"{section}/")),
            title.casefold() != self.site_name.casefold(),
            path.count("/"),
        )


def discover(
    settings: FetchSettings,
    url: str,
    *,
    clock: Callable[[], datetime],
    kind: FeedKind | None = None,
    say: Callable[[str], None] = lambda _: None,
    transport: "httpx.AsyncBaseTransport | None" = None,
) -> Discovery:
    """Look for what can be polled at an address, and around it.

    Args:
        url: of any page of a site, of a feed or of a sitemap.
        kind: only look for this.
        say: told each address before it is asked.
        transport: answers instead of the network.
    """
    return run_async(_discover(settings, followable_url(url) or url, clock, kind, say, transport))


def refusal(url: str, settings: FetchSettings) -> str | None:
    """Why the fetcher would never ask this address, as far as that is known without the network; None: it may."""
    parts = urlsplit(url)
    port = parts.port or DEFAULT_PORTS.get(parts.scheme, 0)
    try:
        Guard(settings).check(parts.scheme, _ascii_host(parts.hostname or ""), port)
    except Failure as failure:
        return failure.message
    return None


def _ascii_host(host: str) -> str:
    try:
        return host if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError:
        return host


async def _discover(
    settings: FetchSettings,
    url: str,
    clock: Callable[[], datetime],
    kind: FeedKind | None,
    say: Callable[[str], None],
    transport: "httpx.AsyncBaseTransport | None",
) -> Discovery:
    fetcher = Fetcher(settings, clock=clock, transport=transport)
    with Sandbox() as sandbox:
        try:
            search = _Search(fetcher, sandbox, settings, say, url, kind)
            await search.run()
        finally:
            await fetcher.aclose()
    return search.found


class _Search:
    """One discovery: what was asked, what may still be asked, what was found."""

    def __init__(
        self,
        fetcher: Fetcher,
        sandbox: Sandbox,
        settings: FetchSettings,
        say: Callable[[str], None],
        url: str,
        kind: FeedKind | None,
    ) -> None:
        self._fetcher, self._sandbox, self._say = fetcher, sandbox, say
        self._gap = settings.host_gap.total_seconds()
        self._left = MAX_REQUESTS
        self._asked_at: dict[str, float] = {}  # host -> when, on the monotonic clock
        self._tried: set[tuple[str, int | None, str, str]] = set()
        self.found = Discovery(url, urljoin(url, "/"), kind=kind)

    async def run(self) -> None:
        kind = self.found.kind
        document = await self._page(self.found.url)
        if document is None and not self._site_answers():
            return
        if document is not None and kind != "listing" and await self._is_itself(document):
            return
        listing, named = await self._pages(document)
        if kind in (None, "feed"):
            await self._feeds(named)
        if kind in (None, "sitemap"):
            await self._sitemaps()
        if kind in (None, "feed") and not self._succeeded("feed"):
            await self._well_known()
        if kind in (None, "listing") and listing is not None:
            self._listing(listing)

    async def _pages(self, document: Document | None) -> tuple[Document | None, list[Candidate]]:
        """The page that lists articles, and the feeds that are named there; an article's site is asked at its front."""
        page = self._site(document) if document is not None else None
        if document is not None and page is not None:
            self.found.home_url = urljoin(document.url, "/")
            at_front = urlsplit(document.url).path in ("", "/")
            if at_front or (page.candidates and not page.is_article):
                return document, list(page.candidates)
        named = list(page.candidates) if page is not None else []
        if page is not None and page.is_article and named and self.found.kind != "listing":
            return None, named
        front = await self._page(self.found.home_url) if self.found.home_url != self.found.url else None
        site = self._site(front) if front is not None else None
        if site is not None:
            named += site.candidates
        is_section = page is not None and not page.is_article
        return (document if is_section else front), named

    # --- what is asked

    async def _feeds(self, named: list[Candidate]) -> None:
        """Those that the page names. An overview of feeds, which many newspapers have, is followed once."""
        followed = False
        for candidate in named[:MAX_NAMED]:
            document = await self._try(candidate)
            if document is None or followed or self._succeeded("feed") or candidate.origin != "anchor":
                continue
            overview = self._site(document)
            if overview is not None and overview.candidates:
                followed = True
                for inner in overview.candidates[:2]:
                    await self._try(inner)

    async def _well_known(self) -> None:
        for candidate in well_known(self.found.home_url):
            await self._try(candidate)
            if self._succeeded("feed"):
                return

    async def _sitemaps(self) -> None:
        url = urljoin(self.found.home_url, "/robots.txt")
        try:
            robots = await self._get(url, robots=False)
        except FeedError as error:
            log.debug("robots_unread url=%s error=%s", url, error.message)
            return
        if robots is None:
            return
        for candidate in robots_sitemaps(robots.body[:500_000].decode("utf-8", "replace"))[:MAX_SITEMAPS]:
            await self._try(candidate)
            if self._succeeded("sitemap"):
                return

    def _listing(self, document: Document) -> None:
        """The page that was fetched anyway: no further request."""
        candidate = Candidate(url=document.requested_url, kind="listing", origin="page")
        self._read(candidate, document)

    async def _is_itself(self, document: Document) -> bool:
        """Whether the address given is that of a feed or sitemap already, which is then the only trial."""
        feed = Candidate(url=self.found.url, kind="feed", origin="address")
        trial = await asyncio.to_thread(self._trial, feed, document)
        if trial.error is None:
            self._note(trial)
            return True
        try:
            parse_sitemap(document.body, document.url)
        except ParseError:
            return False
        await self._try_sitemap(Candidate(url=self.found.url, kind="sitemap", origin="address"), document)
        return True

    # --- asking

    async def _page(self, url: str) -> Document | None:
        """A page, as its site's robots.txt allows; None when there is no answer, which is then a trial."""
        try:
            return await self._get(url, robots=_is_page(url))
        except FeedError as error:
            candidate = Candidate(
                url=url, kind="listing", origin="address" if url == self.found.url else "page"
            )
            self._note(Trial(candidate=candidate, error=error))
            return None

    async def _try(self, candidate: Candidate) -> Document | None:
        """Ask an address and read the answer, as a poll would. Returns the answer when it was an HTML page."""
        address = values.same_address(candidate.url)
        if address in self._tried or not self._left:
            return None
        self._tried.add(address)
        try:
            document = await self._fetch(candidate)
        except FeedError as error:
            self._note(Trial(candidate=candidate, error=error))
            return None
        if candidate.kind == "sitemap":
            await self._try_sitemap(candidate, document)
            return None
        trial = self._read(candidate, document)
        return document if trial.error is not None and "HTML" in trial.error.message else None

    async def _try_sitemap(self, candidate: Candidate, document: Document) -> None:
        """A sitemap, or of an index the part that says it holds news; else the index, of which the newest part is read."""
        try:
            parts = parse_sitemap(document.body, document.url).sitemaps
        except ParseError as error:
            self._note(Trial(candidate=candidate, error=error))
            return
        if not parts:
            self._read(candidate, document)
            return
        part = Candidate(url=newest_parts(parts)[0], kind="sitemap", origin=candidate.origin)
        address = values.same_address(part.url)
        if address in self._tried or not self._left:
            return
        self._tried.add(address)
        try:
            document = await self._fetch(part)
            self._read(part if is_news_sitemap(part.url) else candidate, document)
        except FeedError as error:
            self._note(Trial(candidate=part, error=error))

    async def _fetch(self, candidate: Candidate) -> Document:
        await self._wait(candidate.url)
        feed = _feed(candidate)
        document = await self._fetcher.fetch(feed, FeedState(feed_id=feed.id))
        assert isinstance(document, Document), "an unconditional request is answered by a document"
        return document

    async def _get(self, url: str, *, robots: bool) -> Document | None:
        if self._left <= robots:
            return None
        self._left -= robots  # the fetcher asks for robots.txt first
        await self._wait(url)
        return await self._fetcher.get(url, robots=robots)

    async def _wait(self, url: str) -> None:
        """Until the host may be asked again."""
        host = urlsplit(url).netloc
        self._left -= 1
        pause = self._asked_at.get(host, -self._gap) + self._gap - monotonic()
        if pause > 0:
            await asyncio.sleep(pause)
        self._say(f"Asking {url}")
        self._asked_at[host] = monotonic()

    # --- reading

    def _read(self, candidate: Candidate, document: Document) -> Trial:
        trial = self._trial(candidate, document)
        self._note(trial)
        return trial

    def _trial(self, candidate: Candidate, document: Document) -> Trial:
        try:
            parsed = read_document(document, _feed(candidate), self._sandbox)
        except FeedError as error:
            return Trial(candidate=candidate, error=error)
        return Trial(candidate=candidate, feed=parsed, moved_to=document.moved_to)

    def _site(self, document: Document) -> SitePage | None:
        try:
            page = read_site(document.body, document.url, document.content_type)
        except ParseError:
            return None
        self.found.site_name = self.found.site_name or page.site_name
        self.found.language = self.found.language or page.language
        return page

    def _note(self, trial: Trial) -> None:
        self.found.trials.append(trial)

    def _succeeded(self, kind: FeedKind) -> bool:
        return any(
            trial.candidate.kind == kind and trial.problem is None and trial.dated
            for trial in self.found.trials
        )

    def _site_answers(self) -> bool:
        """Whether asking for other addresses makes sense: it answered, or only robots.txt stood against the page."""
        error = self.found.trials[-1].error
        return isinstance(error, FetchError) and (error.status is not None or "robots.txt" in error.message)


def _is_page(url: str) -> bool:
    """Whether an address may be a page's, which robots.txt is about: feeds and sitemaps are there to be fetched."""
    return not looks_like_feed(url) and not urlsplit(url).path.endswith((".xml", ".xml.gz", ".json", ".rdf"))


def _feed(candidate: Candidate) -> Feed:
    return Feed(url=candidate.url, id=candidate.url, source_id="", kind=candidate.kind)
