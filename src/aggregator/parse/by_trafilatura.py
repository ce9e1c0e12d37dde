"""A page's text by the trafilatura package, and its date by htmldate, which comes with it: an extra, where a source asks.

Both are slower than the whole of parse_page by a factor of ten. What they are for: docs/decisions/0004-pages.md.
"""

from dataclasses import replace
from datetime import datetime

from aggregator.errors import ParseError
from aggregator.model import ParsedPage

INSTALL = "install it with: pip install 'newsfold[trafilatura]'"


def is_installed() -> bool:
    """Whether the extra is there, without loading it: that takes a second."""
    from importlib.util import find_spec

    return find_spec("trafilatura") is not None


def complete(page: ParsedPage, html: bytes, url: str) -> ParsedPage:
    """The page with trafilatura's body, where it finds one, and htmldate's day, where the markup gave none.

    Raises:
        ParseError: the package is not installed, or fails on the page.
    """
    try:
        from htmldate import find_date
        from trafilatura import extract
    except ImportError as error:
        raise ParseError(url, f'text_by = "trafilatura" needs the package trafilatura; {INSTALL}') from error
    try:
        text = extract(html, url=url, include_comments=False, include_tables=False)
        day = None
        if page.published is None:
            day = find_date(html, url=url, original_date=True, outputformat="%Y-%m-%d")
    except Exception as error:
        raise ParseError(url, f"trafilatura failed on it: {type(error).__name__}: {error}") from error
    origins = dict(page.origins)
    if text:
        page = replace(page, text="\n\n".join(text.split("\n")))
        origins["text"] = "trafilatura"
    if day:
        page = replace(page, published=datetime.fromisoformat(day), published_precision="day")
        origins["published"] = "htmldate"
    return replace(page, origins=origins)
