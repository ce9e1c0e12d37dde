"""Full text over title, teaser and outlet: what an editor types to what a database can match, whatever was typed.

    strike harbour        both words          "harbour strike"    the phrase       strik*     words that begin so
    title:strike          in one field        strike OR walkout   either           -football  not this one
                                                                      (AND and NOT are understood too)

Case and accents do not count. Scripts that write no spaces are cut into pairs of characters, both when indexed and when
asked, so that any part of a run is found. (The trigram tokenizer finds nothing shorter than three characters, where most
words have two, and takes up to twice the space.)
"""

import operator
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import islice
from typing import Protocol, get_args

import sqlalchemy as sa

from aggregator.model import SearchField

FIELDS: tuple[SearchField, ...] = get_args(SearchField)

# bm25 adds a field's weight for each time the word is in it, and that sum saturates: with 4 in place of 10, a headline
# over a long teaser counted no more than a short teaser with the word in it.
TITLE_WEIGHT, TEASER_WEIGHT, OUTLET_WEIGHT = 10.0, 1.0, 3.0
MAX_TERMS = 32  # FTS5 refuses trees that are too deep; nobody types more
MAX_TERM_LENGTH = 200  # characters

SearchRow = tuple[int, str, str, str]
"""Article id, title, teaser and outlet's name, all as they stand in lists."""


# --- text ------------------------------------------------------------------------------------------------------------

# Thai, Lao, Myanmar, Khmer; Hiragana, Katakana, Bopomofo; Han; Hangul (spaced, but with particles attached).
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u312f\u31a0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
_UNSPACED = re.compile(f"[{UNSPACED}]+")
# Latin with its accents, punctuation and symbols: the databases fold these themselves, and nearly every text is known by
# this at 1.5 us to need nothing else. SQLite leaves the accents of other scripts alone.
_LATIN = re.compile("[\x00-\u036f\u1e00-\u1eff\u2000-\u2bff]*")
_ACCENTS = re.compile("[\u0300-\u036f]")
_WORD = re.compile(r"[^\W_]")


def segment(text: str) -> str:
    """The text with every run of an unspaced script cut into overlapping pairs and its last character.

    >>> segment("選挙戦 begins")
    ' 選挙 挙戦 戦  begins'
    """
    if text.isascii() or _LATIN.fullmatch(text):
        return text
    return _UNSPACED.sub(_indexed_run, unaccented(text))


def unaccented(text: str) -> str:
    """Without accents ("ёлка", "Αθήνα"), each letter in one form; syllables of Korean and voiced kana stay whole."""
    plain = _ACCENTS.sub("", unicodedata.normalize("NFKD", text))
    return unicodedata.normalize("NFC", plain).replace("ς", "σ")


def _indexed_run(match: re.Match[str]) -> str:
    run = match.group()
    pairs = (run[place : place + 2] for place in range(len(run)))  # the last one is a single character
    return f" {' '.join(pairs)} "


def _asked_run(match: re.Match[str]) -> str:
    """A run that something follows ends there in what was indexed too; the last one may go on."""
    run = match.group()
    if match.end() < len(match.string) or len(run) == 1:
        return _indexed_run(match)
    return f" {' '.join(run[place : place + 2] for place in range(len(run) - 1))} "


# --- queries -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Term:
    """A word, or a phrase when it holds several."""

    text: str  # cut into pairs where its script writes no spaces
    field: SearchField | None = None
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """Every clause must hold; a clause holds when one of its terms does; none of `none` may."""

    clauses: tuple[tuple[Term, ...], ...] = ()
    none: tuple[Term, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.clauses or self.none)


_TOKEN = re.compile(
    r"""(?P<minus>-)?
        (?:(?P<field>title|teaser|outlet):)?
        (?:["“”„](?P<phrase>[^"“”„]*)(?:["“”„]|$)|(?P<word>[^\s"“”„]+))
        (?P<star>\*)?""",
    re.VERBOSE | re.IGNORECASE,
)


def parse_query(text: str) -> Query:
    """Whatever was typed, as clauses; never an error. Text without a letter or digit asks for nothing."""
    clauses: list[tuple[Term, ...]] = []
    none: list[Term] = []
    either = negated = False
    for match in islice(_TOKEN.finditer(text), MAX_TERMS):
        if match.group() in ("AND", "OR", "NOT"):
            either = match.group() == "OR" and bool(clauses)
            negated = match.group() == "NOT"
            continue
        term = _term(
            match["phrase"] if match["phrase"] is not None else match["word"],
            field=match["field"],
            prefix=match["star"] is not None,
        )
        if term is None:
            continue
        if match["minus"] or negated:
            none.append(term)
        elif either:
            clauses[-1] = (*clauses[-1], term)
        else:
            clauses.append((term,))
        either = negated = False
    return Query(tuple(clauses), tuple(none))


def topic_query(any_of: Sequence[str], all_of: Sequence[str]) -> Query:
    """An editor's terms (a word, a "quoted phrase", a prefix*) over title and teaser.

    Wider than the topic itself, never narrower: a term is looked for anywhere, `relate` decides.
    """
    clauses = [(term,) for term in map(_topic_term, all_of) if term is not None]
    either = tuple(term for term in map(_topic_term, any_of) if term is not None)
    return Query((*clauses, *([either] if either else [])))


def _topic_term(text: str) -> Term | None:
    stripped = text.strip()
    return _term(stripped.strip('"“”„*'), field=None, prefix=stripped.endswith("*"))


def _term(raw: str, *, field: str | None, prefix: bool) -> Term | None:
    word = raw.rstrip("*")
    prefix = prefix or word != raw or len(word) > MAX_TERM_LENGTH
    cut = word[:MAX_TERM_LENGTH].replace("\x00", "").encode("utf-8", "ignore").decode()  # as rows.text does
    if not _WORD.search(cut):
        return None
    if not cut.isascii() and not _LATIN.fullmatch(
        cut
    ):  # as segment does: "km²" stands there as it is written
        cut = unaccented(cut).rstrip()
        *_, last = (None, *_UNSPACED.finditer(cut))
        # A single character at the end is the beginning of a pair.
        prefix = prefix or (last is not None and last.end() == len(cut) and len(last.group()) == 1)
        cut = _UNSPACED.sub(_asked_run, cut)
    name = next((name for name in FIELDS if field is not None and name == field.lower()), None)
    return Term(" ".join(cut.split()), field=name, prefix=prefix)


# --- what a database does with them --------------------------------------------------------------------------------------


class SearchIndex(Protocol):
    """Full text of one kind of database. Every method works inside the caller's transaction."""

    table: sa.TableClause
    article_id: sa.ColumnElement[int]  # of `table`, written so that the index leads the join

    def create(self, connection: sa.Connection) -> None: ...

    def add(self, connection: sa.Connection, rows: Sequence[SearchRow]) -> None: ...

    def remove(self, connection: sa.Connection, rows: Sequence[SearchRow]) -> None:
        """Take out what was added. The rows must read as they did then."""
        ...

    def clear(self, connection: sa.Connection) -> None: ...

    def matching(self, query: Query) -> sa.ColumnElement[bool]:
        """Condition on `table` for a query with at least one clause."""
        ...

    def rank(self, query: Query) -> sa.ColumnElement[float]:
        """How well a row of `table` matches, beside `matching` in one statement: 0 and below, smaller is better."""
        ...

    def not_matching(
        self, terms: Sequence[Term], article_id: sa.ColumnElement[int]
    ) -> sa.ColumnElement[bool]:
        """Condition on an article's id: none of the terms is in it."""
        ...


def search_index(kind: str) -> SearchIndex:
    return Fts5() if kind == "sqlite" else Tsvector()


class Fts5:
    """SQLite: a contentless FTS5 table, since what is indexed is our cut of the text and not the text.

    Filled by one executemany per batch (16 us a row against 50 by row triggers). SQLite 3.40 cannot forget a
    contentless row by its id: the old values are handed back.
    """

    table = sa.table("search", sa.column("rowid", sa.Integer), sa.column("rank", sa.Float))
    # The plus keeps SQLite from looking each article up in the index: matches lead, articles follow.
    article_id: sa.ColumnElement[int] = sa.literal_column("+search.rowid", sa.Integer)

    def create(self, connection: sa.Connection) -> None:
        # Marks count as letters: vowel signs of Indic and Thai words would cut them apart.
        connection.exec_driver_sql(
            "CREATE VIRTUAL TABLE search USING fts5(title, teaser, outlet, content='',"
            " tokenize=\"unicode61 remove_diacritics 2 categories 'L* N* Co Mn Mc'\")"
        )

    def add(self, connection: sa.Connection, rows: Sequence[SearchRow]) -> None:
        connection.exec_driver_sql(
            "INSERT INTO search(rowid, title, teaser, outlet) VALUES (?, ?, ?, ?)", list(_segmented(rows))
        )

    def remove(self, connection: sa.Connection, rows: Sequence[SearchRow]) -> None:
        connection.exec_driver_sql(
            "INSERT INTO search(search, rowid, title, teaser, outlet) VALUES ('delete', ?, ?, ?, ?)",
            list(_segmented(rows)),
        )

    def clear(self, connection: sa.Connection) -> None:
        connection.exec_driver_sql("INSERT INTO search(search) VALUES ('delete-all')")

    def matching(self, query: Query) -> sa.ColumnElement[bool]:
        expression = " AND ".join(f"({_fts5_any(clause)})" for clause in query.clauses)
        if query.none:
            expression = f"({expression}) NOT ({_fts5_any(query.none)})"
        return sa.literal_column("search").op("MATCH", is_comparison=True)(sa.literal(expression))

    def rank(self, query: Query) -> sa.ColumnElement[float]:
        return sa.literal_column(f"bm25(search, {TITLE_WEIGHT}, {TEASER_WEIGHT}, {OUTLET_WEIGHT})", sa.Float)

    def not_matching(
        self, terms: Sequence[Term], article_id: sa.ColumnElement[int]
    ) -> sa.ColumnElement[bool]:
        found = sa.select(self.table.c.rowid).where(
            sa.literal_column("search").op("MATCH", is_comparison=True)(sa.literal(_fts5_any(terms)))
        )
        return article_id.not_in(found)


def _segmented(rows: Iterable[SearchRow]) -> Iterator[SearchRow]:
    for article_id, title, teaser, outlet in rows:
        yield article_id, segment(title), segment(teaser), segment(outlet)


def _fts5_any(terms: Iterable[Term]) -> str:
    return " OR ".join(_fts5_term(term) for term in terms)


def _fts5_term(term: Term) -> str:
    quoted = '"' + term.text.replace('"', " ") + '"'
    return f"{f'{term.field} : ' if term.field else ''}{quoted}{' *' if term.prefix else ''}"


class Tsvector:
    """PostgreSQL: tsvectors made of our own words, so that no text search configuration of the server decides."""

    table = sa.table("search", sa.column("article_id", sa.BigInteger), sa.column("document"))
    article_id: sa.ColumnElement[int] = sa.literal_column("search.article_id", sa.BigInteger)

    def create(self, connection: sa.Connection) -> None:
        connection.exec_driver_sql(
            "CREATE TABLE search (article_id BIGINT PRIMARY KEY, document TSVECTOR NOT NULL)"
        )
        connection.exec_driver_sql("CREATE INDEX search_document ON search USING GIN (document)")

    def add(self, connection: sa.Connection, rows: Sequence[SearchRow]) -> None:
        connection.exec_driver_sql(
            "INSERT INTO search (article_id, document) VALUES (%(id)s, CAST(%(document)s AS TSVECTOR))",
            [
                {"id": article_id, "document": _tsvector(title, teaser, outlet)}
                for article_id, title, teaser, outlet in rows
            ],
        )

    def remove(self, connection: sa.Connection, rows: Sequence[SearchRow]) -> None:
        connection.exec_driver_sql(
            "DELETE FROM search WHERE article_id = ANY(%(ids)s)", {"ids": [row[0] for row in rows]}
        )

    def clear(self, connection: sa.Connection) -> None:
        connection.exec_driver_sql("DELETE FROM search")

    def matching(self, query: Query) -> sa.ColumnElement[bool]:
        return self.table.c.document.op("@@", is_comparison=True)(_tsquery_parameter(query))

    def rank(self, query: Query) -> sa.ColumnElement[float]:
        weights = (
            f"{{0, {OUTLET_WEIGHT / 10}, {TEASER_WEIGHT / 10}, {TITLE_WEIGHT / 10}}}"  # D, C, B, A; at most 1
        )
        # Clause by clause, as bm25 does: asked for all at once, words that stand apart count for nothing.
        ranked = (
            sa.func.ts_rank(
                sa.cast(sa.literal(weights), _Raw("REAL[]")),
                self.table.c.document,
                _tsquery_parameter(Query((clause,))),
            )
            for clause in query.clauses
        )
        return -sa.type_coerce(reduce(operator.add, ranked), sa.Float)

    def not_matching(
        self, terms: Sequence[Term], article_id: sa.ColumnElement[int]
    ) -> sa.ColumnElement[bool]:
        found = sa.select(self.table.c.article_id).where(self.matching(Query((tuple(terms),))))
        return article_id.not_in(found)


class _Raw(sa.types.UserDefinedType[object]):
    """A type of PostgreSQL by its name, so that its dialect need not be imported where SQLite is used."""

    cache_ok = True

    def __init__(self, name: str) -> None:
        self.name = name

    def get_col_spec(self, **_: object) -> str:
        return self.name


_LETTERS = {"title": "A", "teaser": "B", "outlet": "C"}
_GAP = 8  # positions between two fields, so that no phrase reaches over
_MAX_POSITION = 16_383
_MAX_TOKEN = 255  # characters; PostgreSQL refuses a document that has a word of more than 2,046 bytes

# Letters and digits with the vowel signs and marks that belong to them (Hebrew, Arabic, Indic and South-East Asian).
_TOKENS = re.compile(r"(?:[^\W_]|[\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u0900-\u109f\u1780-\u17ff])+")


def _tokens(segmented: str) -> list[str]:
    lowered = segmented.lower()
    if not lowered.isascii():
        lowered = unaccented(lowered)
    return [token[:_MAX_TOKEN] for token in _TOKENS.findall(lowered)]


def _tsvector(title: str, teaser: str, outlet: str) -> str:
    words: list[str] = []
    position = 1
    for letter, value in zip("ABC", (title, teaser, outlet), strict=True):
        for token in _tokens(segment(value)):
            if position > _MAX_POSITION:
                break
            words.append(f"'{token}':{position}{letter}")
            position += 1
        position += _GAP
    return " ".join(words)


def _tsquery_parameter(query: Query) -> sa.ColumnElement[object]:
    return sa.cast(sa.literal(_tsquery(query)), _Raw("TSQUERY"))


def _tsquery(query: Query) -> str:
    parts = [f"({' | '.join(filter(None, map(_tsquery_term, clause)))})" for clause in query.clauses]
    parts.extend(f"!({term})" for term in filter(None, map(_tsquery_term, query.none)))
    return " & ".join(part for part in parts if part != "()")


def _tsquery_term(term: Term) -> str:
    tokens = _tokens(term.text)
    letter = _LETTERS[term.field] if term.field else ""
    marks = [letter] * len(tokens)
    if tokens and term.prefix:
        marks[-1] = f"*{letter}"
    words = (f"'{token}'{f':{mark}' if mark else ''}" for token, mark in zip(tokens, marks, strict=True))
    return " <-> ".join(words)
