"""lite.cnn.com: nothing but links, and a link's address says the rest: /2026/05/14/world/ferry-talks/index.html is of that
day and of that section. What has no day in its address leads to other pages of the site, not to an article.
"""

import re
from collections.abc import Sequence
from datetime import datetime

from aggregator.errors import ParseError
from aggregator.model import Document, Entry
from aggregator.parse.dates import parse_date
from aggregator.parse.page.text import node_text
from aggregator.parse.page.tree import read_tree

_ARTICLE = re.compile(r"(?:https://[a-z]+\.cnn\.com)?/(\d{4})/(\d\d)/(\d\d)/([a-z-]+)/[\w-]+", re.ASCII)


def parse(document: Document) -> Sequence[Entry]:
    """The links to articles, each with its day and section."""
    tree = read_tree(document.body, document.url, document.content_type)
    links = [(link.attributes.get("href") or "", node_text(link)) for link in tree.css("li a[href]")]
    entries = [_entry(match, title) for href, title in links if title and (match := _ARTICLE.match(href))]
    if not entries:
        raise ParseError(document.url, 'expected <li><a href="/YEAR/MONTH/DAY/SECTION/...">')
    return entries


def _entry(match: re.Match[str], title: str) -> Entry:
    year, month, day, section = match.groups()
    written = f"{year}-{month}-{day}"
    published: datetime | None = parse_date(written)
    return Entry(
        url=match.string,
        title=title,
        published=published,
        published_precision="day",
        published_text=written,
        published_from="url" if published else None,
        categories=(section,),
    )
