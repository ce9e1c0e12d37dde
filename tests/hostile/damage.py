"""Documents as they come when something went wrong on the way, and texts that want to be more: for property tests.

    @given(damaged(saved("feeds/*.xml")))     # this project's own saved documents: cut, doubled, swapped, salted

Everything is made of bytes or text; what a parser must do with it is for the test to say.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

FIXTURES = Path(__file__).parents[1] / "fixtures"


def saved(*patterns: str) -> list[bytes]:
    """The project's saved documents whose paths below tests/fixtures match."""
    return [path.read_bytes() for pattern in patterns for path in sorted(FIXTURES.glob(pattern))]


# What parsers choke on, as bytes: each is thrown into the middle of a document that was whole.
TOKENS = tuple(
    token if isinstance(token, bytes) else token.encode()
    for token in (
        *(b"\x00", b"\xff", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xc3", b"\x1b$B", b"\x1b[31m"),
        *("\u202e", "\u2066", "\u200f", "\ufeff", "\ufffe", "\u2028", "\u0301" * 30, "\U000e0041", "\x85", "\x1f"),
        *("<![CDATA[", "]]>", "<!--", "-->", "--!>", "<!DOCTYPE", "<!DOCTYPE rss [<!ENTITY a 'b'>]>", "<?xml", "?>"),
        *("&#x110000;", "&#xD800;", "&#0;", "&#x202e;", "&#", "&", "&nbsp;", "&amp;amp;lt;", "&a;", "&#&#0;65;"),
        *("\\ud800", "\\udc00", "\\u0000", "\\u202e", "\\", '\\"', "1e999", "-1", "NaN", "null", "true", "[]", "{}"),
        *("<", ">", "</", "/>", '"', "'", "=", "{", "}", "[", "]", ",", ":", ";", " ", "\n", "\t"),
        *("http://[", "//[", "http://[::1", "https://a.example:99999/", "javascript:alert(1)", "data:,x", "../" * 30),
        *("<base href='http://[::1'>", "<base href='javascript:x'>", "<meta charset=utf-7>", "<meta charset=idna>"),
        *("encoding='utf-16'", "charset=punycode", "xml:base='http://['", "xmlns='urn:x'", "type='xhtml'"),
        *("<script>", "</script>", "<svg>", "<template>", "<table>", "<font size=7>", "<b>", "<p>", "<h1>", "<a href=x>"),
        *("<item>", "</item>", "<entry>", "<url>", "<outline>", "<title>", "</title>", "<time datetime='", "<div "),
        *("2024-02-30", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "99999-01-01", "25:61:61", "2024"),
        *("9" * 400, "<div>" * 60, "<a" * 60, "[" * 60, '{"a":' * 60, " a=1" * 60, "(" * 60, " | a" * 60),
    )
)  # fmt: skip

# As the above, but longer than what recursion and int() bear: 1,000 levels and 4,300 digits.
SEVERE = tuple(
    token.encode()
    for token in (
        *("9" * 5_000, "&#" + "9" * 5_000 + ";", "&amp;#" + "9" * 5_000 + ";", "&#x" + "f" * 5_000 + ";"),
        *(
            "<div>" * 1_200,
            "<span>" * 1_200,
            "[" * 1_500,
            "[" * 600 + "]" * 600,
            '{"name":' * 900,
            "<a><b>" * 600,
        ),
        '{"@id":"a","name":' * 400 + "1" + "}" * 400,
    )
)


@st.composite
def damaged(
    draw: st.DrawFn, documents: Sequence[bytes], tokens: Sequence[bytes] = TOKENS, most: int = 5
) -> bytes:
    """One of the documents after up to `most` accidents."""
    body = draw(st.sampled_from(documents))
    for _ in range(draw(st.integers(0, most))):
        kind = draw(
            st.sampled_from(("salt", "salt", "salt", "cut", "behead", "double", "drop", "swap", "replace"))
        )
        at = draw(st.integers(0, len(body)))
        until = min(at + draw(st.integers(1, 200)), len(body))
        if kind == "salt":
            body = body[:at] + draw(st.sampled_from(tokens)) + body[at:]
        elif kind == "cut":
            body = body[:at]
        elif kind == "behead":
            body = body[at:]
        elif kind == "double":
            body = body[:until] + body[at:]
        elif kind == "drop":
            body = body[:at] + body[until:]
        elif kind == "swap":
            other = draw(st.integers(0, len(body)))
            first, second = sorted((at, other))
            body = (
                body[:first]
                + body[second : second + 1]
                + body[first + 1 : second]
                + body[first : first + 1]
                + body[second + 1 :]
            )
        else:
            body = body[:at] + draw(st.binary(min_size=1, max_size=4)) + body[until:]
    return body  # fmt: skip


def soup(tokens: Sequence[bytes] = TOKENS) -> st.SearchStrategy[bytes]:
    """Nothing but what parsers choke on, with a little noise between."""
    return st.lists(st.sampled_from(tokens) | st.binary(max_size=3), max_size=25).map(b"".join)


ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)  # lone surrogates too

# Texts as cleaners are handed them: what a document says once it has been read, lone surrogates included.
hostile_texts = st.lists(
    st.sampled_from([token.decode("utf-8", "surrogateescape") for token in TOKENS])
    | st.sampled_from(["\ud800", "\udfff", "\u200d", "👩\u200d🚒", "漢", "ي", "café", "Ferry", ". ", " - ", "(", ") ", "AP"])
    | ANY_TEXT,
    max_size=14,
).map("".join)  # fmt: skip

severe_texts = st.tuples(
    hostile_texts, st.sampled_from([token.decode() for token in SEVERE]), hostile_texts
).map("".join)

_KEYS = (
    *("@type", "@id", "@graph", "@value", "name", "headline", "url", "datePublished", "dateModified", "author"),
    *("publisher", "image", "description", "articleBody", "itemListElement", "item", "isAccessibleForFree", "hasPart"),
    *("items", "id", "title", "authors", "tags", "date_published", "attachments", "content_html", "external_url"),
    *("inLanguage", "mainEntityOfPage", "href", "metadata", "firstUpdated", "lastUpdated"),
)  # fmt: skip
_VALUES = (
    *(
        "NewsArticle",
        "ItemList",
        "https://quay.example/world/storm-4471",
        "//[",
        "/a",
        "Storm closes the port",
    ),
    *(
        "2024-05-18T10:00:00Z",
        "\ud800",
        "\x00",
        "\u202e",
        "a\nb",
        "<b>x</b> &amp;#0;",
        "",
        "@id",
        "/news/articles/x",
    ),
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(_VALUES) | ANY_TEXT,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(_KEYS) | st.text(max_size=3), inner, max_size=6)
    ),
    max_leaves=20,
)  # fmt: skip


def as_json(value: Any) -> bytes:
    """JSON with its escapes, so that lone surrogates and NUL pass every decoder."""
    return json.dumps(value).encode()
