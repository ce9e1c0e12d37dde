"""Entry -> Article: canonical URL, aware UTC times, plain-text headline and teaser, agency, language. Pure.

`identity` is taken of every entry of every poll and cleans nothing; `to_article` runs for what is new or has changed;
`enrich` once for an article whose own page was fetched.
"""

from aggregator.normalize.agency import find_agency
from aggregator.normalize.article import fold, identity, to_article
from aggregator.normalize.enrich import enrich, has_headline, page_address
from aggregator.normalize.furniture import (
    TEASER_LIMIT,
    TITLE_LIMIT,
    clean_teaser,
    clean_title,
    common_ending,
)
from aggregator.normalize.language import language_of_script, primary_language
from aggregator.normalize.text import cut_at_sentence, cut_at_word, paragraphs, plain_text
from aggregator.normalize.times import Published, day_in_url, published
from aggregator.normalize.urls import URL_LIMIT, canonical_url, followable_url, same_site

__all__ = [
    "TEASER_LIMIT",
    "TITLE_LIMIT",
    "URL_LIMIT",
    "Published",
    "canonical_url",
    "clean_teaser",
    "clean_title",
    "common_ending",
    "cut_at_sentence",
    "cut_at_word",
    "day_in_url",
    "enrich",
    "find_agency",
    "fold",
    "followable_url",
    "has_headline",
    "identity",
    "language_of_script",
    "page_address",
    "paragraphs",
    "plain_text",
    "primary_language",
    "published",
    "same_site",
    "to_article",
]
