"""Entry -> Identity, cheaply, for every entry of every poll; and Entry -> Article, for those that are new or changed.

An Article is plain text throughout and bounded, or there is none and a reason in an editor's words.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from hashlib import blake2b
from html import unescape
from unicodedata import is_normalized, normalize

from aggregator.model import Article, DateOrigin, Entry, Feed, Identity, Source
from aggregator.normalize.agency import find_agency
from aggregator.normalize.furniture import TITLE_LIMIT, clean_title, teaser_of
from aggregator.normalize.language import language_of_script, primary_language
from aggregator.normalize.text import cut_at_sentence, cut_at_word, paragraphs, plain_text, printable
from aggregator.normalize.times import published
from aggregator.normalize.urls import URL_LIMIT, addresses, followable_url, same_site, url_host

AUTHORS = CATEGORIES = 20  # of one article
NAME_LIMIT = 100  # characters of an author's, category's or outlet's name
LEAD = 2_000  # characters of summary and of content that a change is looked for in
HEADLINE_FROM_TEASER = 90  # characters, where an entry has no title of its own

_TAG = re.compile(r"<[^<>]*>")
_LINK = re.compile(r"https?://[^\s<>\"']+")
_WORD = re.compile(r"[^\W_]+")
_BYLINE = re.compile(r"(?:by|von|par|por|di|da|door|od|av|af|texte?)[:\s]\s*", re.IGNORECASE)
_MAIL = re.compile(r"\S+@\S+\s*(?:\((.*)\)\s*)?\Z")  # RSS 2.0: "lawyer@boyer.net (Lawyer Boyer)"
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,20}:")


def identity(entry: Entry, feed: Feed) -> Identity:
    """What the entry can be recognised by. Nothing is parsed as markup here; about 15 us.

    The fingerprint covers what an article is made of (title, lead, time, authors, picture) and none of what changes at
    every fetch without meaning anything: tags, addresses inside the text, parameters of the picture's address.
    """
    url, canonical = addresses(entry.url) if entry.url else (None, None)
    guid = entry.id or None
    if url is None and guid is not None and guid.lstrip()[:4].lower() == "http":
        url, canonical = addresses(guid)
    return Identity(
        url=url,
        canonical_url=canonical,
        guid=guid,
        title=_folded_title(entry),
        day=entry.published.date().isoformat() if entry.published is not None else "",
        fingerprint=_fingerprint(entry, dated=feed.kind != "listing"),
    )


def to_article(
    entry: Entry,
    identity: Identity,
    *,
    feed: Feed,
    source: Source,
    now: datetime,
    origin: DateOrigin = "feed",
    ending: str = "",
) -> Article | str:
    """The article an entry makes, or why it makes none ("no headline", "link is not http(s): javascript:").

    Args:
        now: aware UTC; becomes first_seen_at, and nothing is published later.
        origin: what kind of document says so: "feed", "sitemap" or "page" (a listing).
        ending: what the headlines of the document end in, by `common_ending`; it is taken off like the outlet's name.
    """
    if identity.url is None or identity.canonical_url is None:
        return _why_no_link(entry)
    outlet = _outlet(entry, source)
    names = (source.name, outlet, url_host(source.url), url_host(identity.url), ending)
    title = clean_title(entry.title or "", outlets=names)
    summary = plain_text(entry.summary) if entry.summary else ""
    content = plain_text(entry.content) if entry.content else ""
    teaser = teaser_of(summary, title=title) or teaser_of(content, title=title)
    if not title:
        title = cut_at_sentence(teaser, HEADLINE_FROM_TEASER)
        if not title:
            return "no headline"
    time = published(entry, url=identity.url, timezone=feed.timezone, now=now, origin=origin)
    authors = person_names(entry.authors, AUTHORS)
    return Article(
        source_id=source.id,
        url=identity.url,
        canonical_url=identity.canonical_url,
        title=title,
        teaser=teaser,
        published_at=time.at,
        published_origin=time.origin,
        published_precision=time.precision,
        published_note=time.note,
        first_seen_at=now,
        language=primary_language(entry.language)
        or primary_language(feed.language)
        or primary_language(source.language)
        or language_of_script(title),
        authors=authors,
        # An agency's own feed may carry another agency's text, and then says so.
        agency=find_agency(title=title, text=content or summary, authors=authors, outlet=outlet)
        or source.agency,
        outlet=outlet,
        categories=_names(map(plain_text, entry.categories), CATEGORIES),
        image=followable_url(entry.image) if entry.image else None,
        text=_body(entry, longest=max(len(content), len(summary)), teaser=teaser),
    )


def fold(text: str) -> str:
    """For comparing headlines: the words, in one case, without what stands between them."""
    if not text.isascii() and not is_normalized("NFC", text):
        text = normalize("NFC", text)
    return " ".join(_WORD.findall(text.casefold()))


def _folded_title(entry: Entry) -> str:
    raw = (entry.title or "")[: 4 * TITLE_LIMIT]
    if not raw.strip():
        raw = (entry.summary or entry.content or "")[: 4 * TITLE_LIMIT]
    if "<" in raw:
        raw = _TAG.sub("", raw)
    if "&" in raw:
        raw = unescape(unescape(raw))
    return fold(printable(raw[:TITLE_LIMIT]))


def _fingerprint(entry: Entry, *, dated: bool) -> int:
    """`dated` is False for listings: "2 hours ago" reads differently at every poll and means the same."""
    when = ""
    if dated:
        when = entry.published_text or entry.updated_text or ""
    parts = (
        entry.title or "",
        _lead(entry.summary),
        _lead(entry.content),
        when,
        (entry.image or "").partition("?")[0],
        *entry.authors,
    )
    joined = "\x1f".join(parts).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(joined, digest_size=8).digest(), "big", signed=True)


def _lead(markup: str | None) -> str:
    if not markup:
        return ""
    lead = markup[:LEAD]
    if "<" in lead:
        lead = _TAG.sub("", lead)
        if len(markup) > LEAD:
            lead = lead.rpartition("<")[0] or lead  # the last tag may have been cut in two
    if "://" in lead:
        lead = _LINK.sub("", lead)
    return lead


def _why_no_link(entry: Entry) -> str:
    given = "".join(plain_text(entry.url or "").split())
    if not given:
        return "no link" if entry.id else "no link and no id"
    if len(given) > URL_LIMIT:
        return f"link is longer than {URL_LIMIT:,} characters"
    scheme = _SCHEME.match(given)
    if scheme and scheme[0].lower() not in ("http:", "https:"):
        return f"link is not http(s): {scheme[0].lower()}"
    return f"link is no web address: {cut_at_word(given, 80)!r}"


def _outlet(entry: Entry, source: Source) -> str:
    """The outlet an aggregating page or feed names for this entry; "" when that is the source itself."""
    name = plain_text(entry.source_name, limit=NAME_LIMIT) if entry.source_name else ""
    if not name or fold(name) == fold(source.name):
        return ""
    return "" if entry.source_url and same_site(entry.source_url, source.url) else name


def _body(entry: Entry, *, longest: int, teaser: str) -> str | None:
    """The article's text, where a feed carries clearly more than its beginning."""
    if longest <= 2 * len(teaser) + 200:
        return None
    return paragraphs(max(entry.content or "", entry.summary or "", key=len))


def person_names(given: Iterable[str], limit: int) -> tuple[str, ...]:
    """Names as plain text, each once, without "By", addresses and profiles; at most `limit`."""
    return _names(map(_author, given), limit)


def _author(name: str) -> str:
    plain = plain_text(name, limit=NAME_LIMIT)
    if mail := _MAIL.match(plain):
        plain = mail[1] or ""
    if byline := _BYLINE.match(plain):
        plain = plain[byline.end() :]
    return "" if "://" in plain else plain.strip(" ,;|")


def _names(names: Iterable[str], limit: int) -> tuple[str, ...]:
    kept = dict.fromkeys(name[:NAME_LIMIT].rstrip() for name in names if name)
    return tuple(kept)[:limit]
