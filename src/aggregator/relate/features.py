"""Article -> Features: what relating needs to know of it, made once; and Features <-> bytes, <-> IndexRow.

The blob's layout is known here only: a fixed header, then arrays, then texts. Numbers are little-endian.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from struct import Struct

import numpy as np

from aggregator.model import Article, IndexRow
from aggregator.relate.prior import TermIds, Weights, prior
from aggregator.relate.shingles import Shingles, bands, shingle
from aggregator.relate.terms import TEXT_WORDS, count_terms, weigh
from aggregator.relate.tokens import words_both_ways
from aggregator.relate.vectors import Vector, table

VERSION = 1
COMPARED = 12_000
"""Characters of a text that copies are told by: two thousand words."""
FOUND_BY = 32
"""Terms of an article that it can be found by."""
LEAD = 300
"""Characters of the teaser that are kept for telling copies and near-copies."""

# version, with text, shift, bare, terms, shingles, vector, texts (bytes), at (seconds), text_length, scale
_HEADER = Struct("<BBBBHHHHqIf")
HEADER_SIZE = _HEADER.size
WITH_TEXT_AT = 1
BARE_AT = 3
TERM_COUNT_AT = 4
AT_AT = 12
_SEPARATOR = "\x1f"


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """An article as relating sees it."""

    article_id: int
    at: datetime  # published_at; the decay counts from it
    source_id: str
    owner: str  # source_id when the outlet has no owner of its own
    agency: str
    language: str
    terms: TermIds = field(repr=False)  # sorted
    weights: Weights = field(repr=False)  # of the terms, idf included; length one
    title: str
    lead: str  # start of the teaser
    text_length: int  # words of body; 0: headline and teaser only
    shingles: Shingles = field(repr=False)
    vector: Vector | None = field(default=None, repr=False)

    @property
    def with_text(self) -> bool:
        return self.text_length > 0

    @property
    def bare(self) -> bool:
        """Only a headline."""
        return not self.text_length and not self.lead


def features(article: Article, *, owner: str) -> Features:
    """What relating needs to know of a stored article.

    Args:
        owner: of the outlet; "" when it has none of its own.
    """
    assert article.id is not None, "only stored articles are related"
    text = article.text or ""
    written, folded = words_both_ways(text[:COMPARED])
    with_text = len(folded) >= TEXT_WORDS
    if not with_text:
        written, folded = words_both_ways(article.teaser)
    counts = count_terms(article.title, written, article.language, with_text=with_text)
    weighed = weigh(counts, prior(), with_text=with_text)
    vectors = table()
    return Features(
        article_id=article.id,
        at=article.published_at,
        source_id=article.source_id,
        owner=owner or article.source_id,
        agency=article.agency,
        language=article.language,
        terms=weighed.ids,
        weights=weighed.weights,
        title=article.title,
        lead=(article.teaser or text)[:LEAD],
        text_length=len(folded) if with_text else 0,
        shingles=shingle(folded),
        vector=vectors.embed(article.title, article.teaser or text[:LEAD], article.language)
        if vectors
        else None,
    )


def index_row(article: Features) -> IndexRow:
    """The row by which a CandidateIndex finds an article: its heaviest terms, heaviest first, and its bands."""
    return IndexRow(
        article_id=article.article_id,
        terms=search_terms(article),
        bands=bands(article.title, article.shingles),
        blob=to_blob(article),
    )


def search_terms(article: Features, limit: int = FOUND_BY) -> tuple[str, ...]:
    """The heaviest terms as a CandidateIndex knows them: eight hexadecimal digits each."""
    heaviest = np.argsort(-article.weights, kind="stable")[:limit]
    return tuple(f"{term:08x}" for term in article.terms[heaviest].tolist())


def to_blob(article: Features) -> bytes:
    texts = _SEPARATOR.join(
        (
            article.source_id,
            article.owner,
            article.agency,
            article.language,
            article.title.replace(_SEPARATOR, " "),
            article.lead.replace(_SEPARATOR, " "),
        )
    ).encode("utf-8", "replace")
    vector = article.vector
    row = vector.row.tobytes() if vector is not None else b""
    header = _HEADER.pack(
        VERSION,
        article.with_text,
        article.shingles.shift,
        article.bare,
        len(article.terms),
        len(article.shingles.hashes),
        len(row),
        len(texts),
        int(article.at.timestamp()),
        article.text_length,
        vector.scale if vector is not None else 0.0,
    )
    return b"".join(
        (
            header,
            article.terms.astype("<u4").tobytes(),
            article.weights.astype("<f2").tobytes(),
            row,
            article.shingles.hashes.astype("<u4").tobytes(),
            texts,
        )
    )


def from_blob(article_id: int, blob: bytes) -> Features:
    """The features that `to_blob` wrote.

    Raises:
        ValueError: the blob was written in another layout.
    """
    if not blob or blob[0] != VERSION:
        raise ValueError(f"features of article {article_id} have layout {blob[:1]!r}, expected {VERSION}")
    _, with_text, shift, _, terms, hashes, dimensions, _, at, text_length, scale = _HEADER.unpack_from(blob)
    weights_at = HEADER_SIZE + 4 * terms
    vector_at = weights_at + 2 * terms
    hashes_at = vector_at + dimensions
    texts_at = hashes_at + 4 * hashes
    source_id, owner, agency, language, title, lead = blob[texts_at:].decode("utf-8").split(_SEPARATOR)
    return Features(
        article_id=article_id,
        at=datetime.fromtimestamp(at, UTC),
        source_id=source_id,
        owner=owner,
        agency=agency,
        language=language,
        terms=np.frombuffer(blob, "<u4", terms, HEADER_SIZE),
        weights=np.frombuffer(blob, "<f2", terms, weights_at).astype(np.float32),
        title=title,
        lead=lead,
        text_length=text_length if with_text else 0,
        shingles=Shingles(np.frombuffer(blob, "<u4", hashes, hashes_at), shift),
        vector=Vector(np.frombuffer(blob, "i1", dimensions, vector_at), scale) if dimensions else None,
    )
