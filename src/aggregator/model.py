"""The nouns. Frozen, slotted, built by keyword; every instant is aware UTC and its name ends in `_at`.

Imports nothing of ours. One vocabulary everywhere: columns, JSON keys, CLI flags and docs use these words.
docs/glossary.md says how others use them (what many call a story is an Article here; a Story is the group).

    config     Source > Feed, Topic                 what an editor wrote down
    fetch      Document | NotModified               what came over the wire
    parse      ParsedFeed > Entry, ParsedPage       what it said, believed by nobody yet
    normalize  Article                              what we keep
    identify   Verdict                              what an entry is: new, revision, unchanged, rejected
    store      FeedState, Poll, Visit, Known, Item  what the database remembers
    relate     CopyGroup, Story, Related            what belongs together
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Protocol

# --- config ----------------------------------------------------------------------------------------------------

FeedKind = Literal["feed", "sitemap", "listing"]
"""feed: RSS, Atom, RDF or JSON Feed. sitemap: a news sitemap or an index of them. listing: an HTML section page."""

Role = Literal["outlet", "own"]
"""own: the site's own articles; they get lists and never stand in them."""

Enrich = Literal["never", "missing", "always"]
"""Whether the articles' own pages are fetched, once each: of those that lack a teaser, a time or a picture, or of all."""

TextBy = Literal["own", "trafilatura"]
"""What reads the body of an article's page: our own fast reader, or the trafilatura package, which is an extra."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selectors:
    """CSS selectors for a listing. `item` is matched in the page, the others inside each item; None: the built-in guess.

    A selector may end in `@attribute` ("img@data-src") to take an attribute's value instead of the text.
    """

    item: str | None = None
    title: str | None = None
    link: str | None = None
    teaser: str | None = None
    time: str | None = None
    image: str | None = None
    source: str | None = None  # for pages that list other outlets' articles


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One address to poll."""

    url: str
    source_id: str
    id: str  # stable name of its state; the url unless the configuration says otherwise
    kind: FeedKind = "feed"
    interval: timedelta | None = None  # None: the source's, then the default
    topics: tuple[str, ...] = ()  # every article of this feed is in these topics
    selectors: Selectors | None = None
    parser: str = ""  # a Python file of the editor's that reads it, as the configuration names it
    headers: Mapping[str, str] = field(
        default_factory=dict, repr=False
    )  # sent to this origin only; may hold secrets
    proxy: str = field(default="", repr=False)
    ca: str = ""  # PEM file of the one authority its certificate must come from; "": the system's authorities
    group: str = ""  # feeds of one group share one rate limit; "": the host
    timezone: str = ""  # IANA zone of times that name none; "": UTC
    language: str = ""  # overrides the source's
    paused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """An outlet."""

    id: str
    name: str  # as readers know it; shown in every list
    url: str
    feeds: tuple[Feed, ...]
    language: str = ""  # BCP 47; "": as the feed says
    country: str = ""  # ISO 3166 alpha-2
    owner: str = ""  # outlets of one owner count as one voice in a list
    agency: str = ""  # set when the outlet is itself a news agency: its articles are that agency's
    role: Role = "outlet"
    weight: float = 1.0  # how much a report of this outlet counts when stories are ranked
    paused: bool = False
    paywall: bool = False  # its articles are not free to read: of several copies, another is shown
    retention: timedelta | None = None  # how long its articles are kept; None: as [store] says
    keep: int | None = None  # how many of its newest articles are kept; None: as [store] says
    enrich: Enrich = "never"
    text_by: TextBy = "own"


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """An editor's standing subject. A term is a word, a "quoted phrase" or a prefix*; matching ignores case and accents."""

    id: str
    name: str
    any: tuple[str, ...] = ()
    all: tuple[str, ...] = ()
    none: tuple[str, ...] = ()
    outlets: tuple[str, ...] = ()  # source ids; empty: all
    languages: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()  # URLs of articles that belong
    until: datetime | None = None


# --- fetch -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """What the last polls of a feed left behind. Committed in one transaction with the articles of the poll."""

    feed_id: str
    url: str = ""  # the address these validators belong to; they are dropped when the configured one differs
    etag: str | None = None  # sent back verbatim
    last_modified: str | None = None  # sent back verbatim
    body_hash: str | None = None  # of the last decoded body that was parsed
    checked_at: datetime | None = None  # last attempt, successful or not
    success_at: datetime | None = None  # last answer that was usable, a 304 included
    new_at: datetime | None = None  # last time it brought a new article
    next_check_at: datetime | None = None  # None: at once
    interval: timedelta | None = None  # as adapted to what the feed does; None: not learned yet
    error_count: int = 0  # in a row
    error_kind: str | None = None
    last_error: str | None = None
    failing_since: datetime | None = None
    empty_since: datetime | None = None  # it answers, but with no entry
    usual_gap: timedelta | None = None  # between two new articles, learned
    moved_to: str | None = None  # permanent redirect seen
    moved_count: int = 0  # on how many days (UTC) in a row of answers it was the same
    claimed_until: datetime | None = None  # a poller holds it; nobody else polls before


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """Bytes as fetched, with the content encoding undone and nothing else."""

    url: str  # after redirects
    requested_url: str
    status: int
    media_type: str  # lower case, without parameters; "" when the server named none
    charset: str | None  # as the header says
    body: bytes = field(repr=False)
    body_hash: str
    etag: str | None
    last_modified: str | None
    fetched_at: datetime
    moved_to: str | None = None  # set when every hop was a 301 or 308
    fresh_for: timedelta | None = (
        None  # Cache-Control: max-age, else Expires; a lower bound for the next poll
    )
    wire_bytes: int = 0
    duration: timedelta = timedelta()
    content_type: str | None = None  # the header as sent


@dataclass(frozen=True, slots=True, kw_only=True)
class NotModified:
    """Nothing new: a 304, or a body equal to the last one. A result, not an error."""

    url: str
    because: Literal["status", "hash"]
    fetched_at: datetime
    etag: str | None = None  # validators to keep from now on
    last_modified: str | None = None
    moved_to: str | None = None
    fresh_for: timedelta | None = None
    wire_bytes: int = 0
    duration: timedelta = timedelta()


# --- parse -----------------------------------------------------------------------------------------------------

Precision = Literal["instant", "day"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a feed, sitemap or page said about one article. Untrusted: texts may hold markup and anything else."""

    id: str | None = None  # guid, atom:id, JSON Feed id: raw, never resolved
    url: str | None = None  # absolute, resolved against xml:base and the document
    title: str | None = None  # may hold markup and entities
    summary: str | None = None  # likewise
    content: str | None = None  # likewise
    published: datetime | None = None  # naive when the text named no zone; never invented
    published_precision: Precision = "instant"
    published_text: str | None = None  # as written
    published_from: str | None = (
        None  # the element it came from: "pubDate", "dc:date", "updated", "time", ...
    )
    updated: datetime | None = None
    updated_text: str | None = None
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    image: str | None = None
    enclosures: tuple[str, ...] = ()
    language: str | None = None
    source_name: str | None = None  # RSS <source>, or the outlet a listing page names for this entry
    source_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedFeed:
    """A whole document, read."""

    title: str | None
    home_url: str | None
    language: str | None
    ttl: int | None  # minutes, from <ttl> or sy:updatePeriod/updateFrequency
    updated: datetime | None
    entries: tuple[Entry, ...]  # in the order of the document
    parser: str = ""  # which one read it: "fast", "tolerant", "json", "sitemap", "listing", an outlet's own
    malformed: str | None = None  # what was wrong with a document that could be read nevertheless
    parts: tuple[str, ...] = ()  # of a sitemap index: the addresses of the sitemaps that hold what is newest


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedPage:
    """An article's own page, read. A field that was not found is None or empty."""

    title: str | None
    site_name: str | None
    published: datetime | None  # naive when the page named no zone
    updated: datetime | None
    summary: str | None  # standfirst or description: plain text
    authors: tuple[str, ...]
    canonical_url: str | None
    language: str | None
    image: str | None
    text: str | None  # body: plain text, paragraphs separated by a blank line
    agency: str | None
    published_precision: Precision = "instant"
    paywalled: bool | None = None  # None: the page does not say
    origins: Mapping[str, str] = field(default_factory=dict)  # field -> where it was read: {"title": "h1+og"}


# --- normalize, identify ---------------------------------------------------------------------------------------

DateOrigin = Literal["feed", "page", "sitemap", "url", "first_seen"]
"""Where published_at comes from. first_seen: nobody said, or what was said could not be believed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """What we keep of one item. Plain text throughout: no markup, no control characters, bounded length."""

    source_id: str
    url: str  # as readers follow it
    canonical_url: str  # as we recognise it
    title: str
    teaser: str  # "" when nothing but boilerplate was given
    published_at: datetime
    published_origin: DateOrigin
    published_precision: Precision
    published_note: str | None = (
        None  # what was done to it: "clamped from ...", "zone assumed: Europe/Berlin"
    )
    first_seen_at: datetime
    language: str = ""  # BCP 47, primary subtag; "" unknown
    authors: tuple[str, ...] = ()
    agency: str = ""  # who wrote it, when that is a news agency: "Reuters", "AP"
    outlet: str = ""  # outlet as an aggregating page names it for this article; "": the source itself
    categories: tuple[str, ...] = ()
    image: str | None = None
    text: str | None = None  # body, where the page was fetched or the feed carries it
    from_page: tuple[str, ...] = ()  # the fields that its own page gave, because it knew better than the feed
    paywalled: bool | None = None  # as its own page says; None: it was not asked, or does not say
    id: int | None = None  # given by the store; grows with first_seen_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What an entry can be recognised by, taken before anything of it is cleaned: known entries cost no more."""

    url: str | None  # as readers would follow it; None when there is none that may be followed
    canonical_url: str | None
    guid: str | None  # raw
    title: str  # folded for comparison; "" when there is none
    day: str  # ISO date of the raw published text, "" unknown: part of the last-resort key
    fingerprint: int  # signed 64-bit hash over the raw fields an article is made of


KeyKind = Literal["url", "guid", "title", "alias"]
"""url: canonical URL. guid: the feed's own id, scoped to the feed. title: outlet + title + day, when there is neither.
alias: another URL under which the article was found (a redirect target, an earlier canonical URL)."""


@dataclass(frozen=True, slots=True)
class Key:
    """By what an item is recognised: a signed 64-bit hash, unique in the store; a hit is verified before it counts."""

    hash: int
    kind: KeyKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the store knows of an article that shares a key with an entry."""

    article_id: int
    source_id: str
    canonical_url: str
    title: str
    teaser: str
    published_at: datetime | None
    fingerprint: int  # of the raw entry it was last judged by: equal means unchanged without a closer look
    feed_id: str = (
        ""  # the feed of that entry, which alone revises the article; "": that feed serves it no more
    )
    purged: bool = False  # a tombstone: it was here, retention took it, it does not come back
    from_page: tuple[
        str, ...
    ] = ()  # fields that its own page gave: the feed's poorer ones are no change of them


Outcome = Literal["new", "revision", "unchanged", "rejected"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What an entry is. Every entry of a document gets exactly one: served = new + revised + unchanged + rejected."""

    outcome: Outcome
    position: int  # of the entry in its document
    url: str  # of the entry, for the journal; "" when it has none
    keys: tuple[Key, ...] = ()
    of: int | None = (
        None  # article id; None for a new one, and for a repetition of a new one in the same document
    )
    article: Article | None = None  # new and revision
    fingerprint: int = 0
    why: str = ""  # rejected: the reason, in words an editor reads
    moved_to: str | None = None  # canonical URL that a relaunch gave it; readers follow it by `url`


# --- store -----------------------------------------------------------------------------------------------------

PollOutcome = Literal["ok", "not_modified", "unchanged", "error"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """One feed, one run; kept for 30 days. served = new + revised + unchanged + rejected."""

    feed_id: str
    source_id: str
    url: str
    at: datetime
    outcome: PollOutcome
    status: int | None = None
    duration: timedelta = timedelta()
    bytes: int = 0
    served: int = 0
    new: int = 0
    revised: int = 0
    unchanged: int = 0
    rejected: int = 0
    rejections: tuple[tuple[str, str], ...] = ()  # (url or title, reason)
    error_kind: str | None = None
    error: str | None = None
    note: str | None = None  # "malformed: ...", "possible gap since ..."


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What came of fetching an article's own page."""

    article_id: int
    source_id: str
    url: str
    tries: int = 1
    at: datetime | None = None  # of the last answer; None: in a poller's hands for the first time
    outcome: str = ""  # "ok", "other_page", or an error's kind; "" while nothing is known
    note: str = ""  # what the page gave and from where in it, or what went wrong
    next_at: datetime | None = None  # when it is asked again; None: never


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """How an article read before it was changed."""

    article_id: int
    seen_at: datetime  # when the change was seen; until then it read:
    title: str
    teaser: str
    published_at: datetime | None = None
    times: int = 1  # how often it has read so and been changed: outlets try two headlines in turn
    last_at: datetime | None = None  # when it was changed last; None: that was at seen_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """Where an article was seen."""

    article_id: int
    feed_id: str
    first_seen_at: datetime
    gone_at: datetime | None = None  # None: still served at the feed's last successful check


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """Another article with the same text."""

    id: int
    url: str
    title: str
    outlet: str
    source_id: str
    agency: str
    published_at: datetime
    similarity: float  # 0 to 1


SearchField = Literal["title", "teaser", "outlet"]
Span = tuple[int, int]
"""Where a passage begins and where it ends, in characters (code points)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippet:
    """The passage of an article that answers a search best."""

    field: SearchField  # whose passage it is
    text: str  # one line; an ellipsis where it was cut within a sentence
    marks: tuple[Span, ...] = ()  # of `text`: the words that were asked for, in order, none inside another
    title_marks: tuple[Span, ...] = ()  # of the title, whichever passage it is: lists show the title anyway


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An article as lists show it: with its outlet's name and what it is grouped with."""

    article: Article
    outlet: str
    story_id: str | None = None
    copies: tuple[Copy, ...] = ()
    revisions: tuple[Revision, ...] = ()
    copy_of: int | None = None  # id of the representative, when that is another article
    owner: str = ""
    paywall: bool = False  # not free to read, by its own page, else by its source
    hidden: bool = False  # by an editor
    tagged: tuple[
        str, ...
    ] = ()  # topics of the feeds it was seen in; known where a topic's items are asked for
    snippet: Snippet | None = None  # where a search found it

    @property
    def id(self) -> int:
        assert self.article.id is not None, "an Item is a stored article"
        return self.article.id


Sort = Literal["newest", "published", "oldest", "relevance"]
"""newest: by id, which is the order of arrival. published: by published_at. relevance: the best matches of `search` first,
of equal ones the newest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemFilter:
    """Which stored articles a list shows; every condition narrows it further."""

    since: datetime | None = None  # first_seen_at >=
    until: datetime | None = None  # first_seen_at <
    published_since: datetime | None = None
    published_until: datetime | None = None
    sources: tuple[str, ...] = ()  # source ids
    agencies: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    story: str | None = None  # story id
    ids: tuple[int, ...] | None = None  # only these
    search: str = ""  # words over title, teaser and outlet; "quoted phrases" and prefix*; any text is safe
    missing: tuple[str, ...] = ()  # "date" (nobody said one), "teaser", "image"
    date_origins: tuple[DateOrigin, ...] = ()
    state: Literal["listed", "copy", "hidden", "all"] = (
        "listed"  # listed: what editors hid, and copies that are not the representative, are left out
    )
    sort: Sort = "newest"
    after: int | None = None  # keyset paging: the id of the last item of the page before
    limit: int | None = 50


# --- editors ---------------------------------------------------------------------------------------------------

Decision = Literal[
    "hide",
    "not_copy",
    "same_story",
    "not_same_story",
    "never_relate",
    "pin",
    "in_topic",
    "not_in_topic",
]
"""hide: the article stands in no list. not_copy: it is not the same text as the other one, or as any other. same_story,
not_same_story: it is always, or never, in one story with the other one. never_relate: neither stands in the other's related
list; without another one, the article stands in no related list. pin: the other one stands first in the article's related
list. in_topic, not_in_topic: whatever the topic's terms say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EditorVerdict:
    """What an editor decided. Kept by canonical URL: it outlives the article, a purge and a rebuilt store."""

    id: int
    kind: Decision
    url: str  # canonical
    url_hash: int  # hash of its key
    other: str = ""  # canonical; of in_topic and not_in_topic the topic's id; "": every other article
    other_hash: int | None = None
    at: datetime
    by: str = ""
    why: str = ""
    undone_at: datetime | None = None
    undone_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryRule:
    """What a verdict means for stories: two articles are always in one, or never. Newer ones overrule older ones."""

    first: int
    second: int  # ids; what is not stored goes by a number below 0, the same wherever it is named
    together: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRules:
    """What verdicts mean for the related list of one article."""

    never: frozenset[int] = frozenset()  # ids that do not stand in it, their copies included
    pinned: tuple[int, ...] = ()  # ids that stand first in it, the one that was pinned last before the others


# --- relate ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyGroup:
    """The same text in several places. Every member stays an article with its own id."""

    id: int
    representative_id: int  # the member that lists show; may change
    members: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Articles on one event."""

    id: str  # stable over merges and restarts; any unique prefix names it
    headline: str
    outlets: tuple[str, ...]  # names
    independent: int  # reports that are neither copies nor the same agency's text
    article_ids: tuple[int, ...]  # newest first
    first_at: datetime
    last_at: datetime
    score: float = 0.0  # rank among the top stories


Relation = Literal["same_story", "related"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Related:
    """One entry of a list."""

    item: Item
    score: float
    relation: Relation
    reasons: tuple[str, ...] = ()  # in words: "shares Putin, Kyiv, ceasefire", "2 hours apart"


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexRow:
    """What a CandidateIndex keeps of one article. Only `relate` knows what is inside the blob."""

    article_id: int
    terms: tuple[str, ...]  # what it can be found by; ASCII-safe tokens without blanks
    bands: tuple[int, ...]  # signed 64-bit; two copies share at least one, with high probability
    blob: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """What the link pass found for one new article; saved in one go."""

    row: IndexRow
    copies: tuple[tuple[int, float], ...] = ()  # (id of an earlier article with the same text, similarity)
    neighbours: tuple[
        tuple[int, float], ...
    ] = ()  # (id of an earlier article, score), best first: edges of the story graph
    story: int | None = (
        None  # provisional story: the number of an existing one, or the article's own id for a new one
    )

    @property
    def article_id(self) -> int:
        return self.row.article_id


class CandidateIndex(Protocol):
    """Finds what an article may belong with. Ids grow with first_seen_at, so a time window is an id range.

    Implemented in memory (relate) and over the database (store); a contract test holds them to the same answers.
    """

    def add(self, rows: Iterable[IndexRow]) -> None: ...

    def search(
        self, terms: Sequence[str], *, since_id: int, until_id: int | None, limit: int
    ) -> Sequence[tuple[int, bytes]]:
        """(id, blob) of articles with since_id <= id < until_id that share terms, most promising first."""
        ...

    def copies(
        self, bands: Sequence[int], *, since_id: int, until_id: int | None, limit: int
    ) -> Sequence[tuple[int, bytes]]:
        """(id, blob) of articles in the range that share a band, the newest first."""
        ...

    def get(self, ids: Iterable[int]) -> Mapping[int, bytes]:
        """Blobs of the articles that are known."""
        ...
