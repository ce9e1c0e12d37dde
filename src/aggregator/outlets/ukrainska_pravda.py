"""www.pravda.com.ua/news/: a line of the page gives the time of day only (<div class="article_time">21:35</div>), the day
stands in the address (/news/2026/05/14/7512345/). Lines that lead to sister sites are theirs, and are left out.
"""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from selectolax.lexbor import LexborNode

from aggregator.errors import ParseError
from aggregator.model import Document, Entry
from aggregator.parse.dates import read_date
from aggregator.parse.page.evidence import urljoin_or_none
from aggregator.parse.page.text import node_text
from aggregator.parse.page.tree import read_tree

_DAY = re.compile(r"/(\d{4})/(\d\d?)/(\d\d?)/\d+", re.ASCII)


def parse(document: Document) -> Sequence[Entry]:
    """The lines of the day, the newest first; times are those of Kyiv, which the configuration says."""
    tree = read_tree(document.body, document.url, document.content_type)
    lines = [_entry(line, document.url) for line in tree.css("div.article_news_list")]
    entries = [entry for entry in lines if entry is not None]
    if not entries:
        raise ParseError(
            document.url, "expected div.article_news_list with div.article_time and div.article_header a"
        )
    return entries


def _entry(line: LexborNode, page: str) -> Entry | None:
    link, clock = line.css_first("div.article_header a[href]"), line.css_first("div.article_time")
    url = (urljoin_or_none(page, link.attributes.get("href") or "") or "") if link else ""
    day = _DAY.search(urlsplit(url).path)
    if link is None or day is None or urlsplit(url).netloc != urlsplit(page).netloc:
        return None
    written = f"{day[1]}-{int(day[2]):02}-{int(day[3]):02} {node_text(clock) if clock else ''}".strip()
    read = read_date(written)
    return Entry(
        url=url,
        title=node_text(link),
        published=read.at if read else None,
        published_precision=read.precision if read else "instant",
        published_text=written,
        published_from="time" if read else None,
    )
