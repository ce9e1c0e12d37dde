"""Feed bodies that do to a parser what the open internet does: one per fault, listed in CONTENT_FAULTS with its bounds.

    for fault in CONTENT_FAULTS:
        for nth in range(1, fault.repeats + 1):
            body = fault.body(nth)              # as served at the nth request
        assert fault.least <= items_stored <= fault.most

hostile/server.py serves them at their paths. `{canary}` in a body stands for an address that must never be asked; the server
puts its own there.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

PROLOG = '<?xml version="1.0" encoding="utf-8"?>\n'
RSS_TYPE = "application/rss+xml; charset=utf-8"


def item(number: int, **replaced: str) -> str:
    """One RSS item of an invented harbour; keyword arguments replace an element, "" leaves it out."""
    elements = {
        "title": f"Ferry number {number} leaves on time",
        "link": f"https://courier.example/ferries/{number}",
        "guid": f"courier-{number}",
        "description": f"The harbour office says that ferry {number} has a full load of passengers and of cheese.",
        "pubDate": f"Sat, 03 Oct 2026 0{number % 10}:15:00 GMT",
        **replaced,
    }
    inner = "".join(f"<{name}>{text}</{name}>" for name, text in elements.items() if text)
    return f"<item>{inner}</item>"


def rss_text(items: Sequence[str] | None = None, *, prolog: str = PROLOG, inside: str = "") -> str:
    """An RSS 2.0 document; two good items unless others are given."""
    inner = "".join([item(1), item(2)] if items is None else items)
    return (
        f'{prolog}<rss version="2.0"><channel><title>Harbour Courier</title><link>https://courier.example/</link>'
        f"<description>News of the harbour</description>{inside}{inner}</channel></rss>"
    )


def rss(items: Sequence[str] | None = None, *, prolog: str = PROLOG) -> bytes:
    return rss_text(items, prolog=prolog).encode()


HOST = "courier.example"


def of_outlet(body: bytes, outlet: str) -> bytes:
    """The same, its items at addresses of OUTLET.courier.example: one store can then tell the items of all paths apart."""
    if outlet:
        for encoding in ("ascii", "utf-16-le", "utf-32-le"):
            body = body.replace(f"//{HOST}".encode(encoding), f"//{outlet}.{HOST}".encode(encoding))
    return body


@dataclass(frozen=True, slots=True)
class ContentFault:
    """One row of the table."""

    path: str
    what: str
    least: int  # items stored after all repeats; 0: an error instead will do
    most: int
    body: Callable[[int], bytes] = field(repr=False)  # number of the request, from 1 -> what is served
    content_type: str = RSS_TYPE
    repeats: int = 1
    title: str = ""  # a title that must be stored exactly so; "": none in particular
    forbidden: tuple[str, ...] = ()  # must stand in no title, teaser or address that is stored
    links: tuple[str, ...] = ()  # addresses that must be stored


CONTENT_FAULTS: list[ContentFault] = []


def fault(
    path: str,
    what: str,
    body: bytes | str | Callable[[int], bytes],
    least: int = 2,
    most: int = 2,
    *,
    content_type: str = RSS_TYPE,
    repeats: int = 1,
    title: str = "",
    forbidden: tuple[str, ...] = (),
    links: tuple[str, ...] = (),
) -> None:
    served: Callable[[int], bytes]
    if callable(body):
        served = lru_cache(maxsize=4)(body)  # large ones are made when asked for, and once
    else:
        data = body.encode() if isinstance(body, str) else body

        def served(nth: int) -> bytes:
            return data

    CONTENT_FAULTS.append(
        ContentFault(path, what, least, most, served, content_type, repeats, title, forbidden, links)
    )


# --- XML -------------------------------------------------------------------------------------------------------


def _laughs(depth: int = 9) -> str:
    lines = ['<!ENTITY lol0 "lol">']
    lines += [f'<!ENTITY lol{level} "{f"&lol{level - 1};" * 10}">' for level in range(1, depth + 1)]
    doctype = f"<!DOCTYPE rss [{''.join(lines)}]>"
    return rss_text([item(1, title=f"&lol{depth};"), item(2)], prolog='<?xml version="1.0"?>\n' + doctype)


def _quadratic(nth: int) -> bytes:
    doctype = f'<!DOCTYPE rss [<!ENTITY a "{"a" * 100_000}">]>'
    return rss([item(1, description="&a;" * 20_000), item(2)], prolog=PROLOG + doctype)


def _external(definition: str) -> str:
    return rss_text(
        [item(1, title="Read &x; here"), item(2)], prolog=f"{PROLOG}<!DOCTYPE rss [{definition}]>"
    )


def _many_attributes(nth: int) -> bytes:
    attributes = " ".join(f'a{number}="{number}"' for number in range(50_000))
    return rss().replace(b"<item>", f"<item {attributes}>".encode(), 1)


def _many_names(nth: int) -> bytes:
    return rss_text(inside="".join(f"<n{number}/>" for number in range(100_000))).encode()


def _many_namespaces(nth: int) -> bytes:
    declared = " ".join(f'xmlns:n{number}="urn:n{number}"' for number in range(20_000))
    return rss().replace(b"<rss ", f"<rss {declared} ".encode(), 1)


PASSWD = ("root:x:0:0", "/bin/bash")

fault("/xml/billion-laughs", "nested entities, 10^9 expansions", _laughs(), 0)
fault("/xml/billion-laughs-utf16", "the same in UTF-16", lambda nth: _laughs().encode("utf-16"), 0)
fault("/xml/quadratic", "one entity of 100 KiB, 20,000 times", _quadratic, 0)
fault(
    "/xml/xxe-file",
    "entity of a file",
    _external('<!ENTITY x SYSTEM "file:///etc/passwd">'),
    0,
    forbidden=PASSWD,
)
fault("/xml/xxe-http", "entity of an internal address", _external('<!ENTITY x SYSTEM "{canary}">'), 0)
fault(
    "/xml/external-dtd",
    "external DTD and parameter entity",
    _external('<!ENTITY % d SYSTEM "{canary}"> %d;').replace(
        "<!DOCTYPE rss [", '<!DOCTYPE rss SYSTEM "{canary}" ['
    ),
    0,
)
fault(
    "/xml/xinclude",
    "XInclude and a style sheet of an internal address",
    rss_text(
        prolog=PROLOG + '<?xml-stylesheet type="text/xsl" href="{canary}"?>',
        inside='<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{canary}"/>',
    ),
)
fault(
    "/xml/doctype-malformed",
    "malformed DOCTYPE",
    rss_text(prolog=PROLOG + '<!DOCTYPE rss [<!ENTITY % "> ]<<>'),
    0,
)
fault(
    "/xml/deep",
    "100,000 nested elements",
    lambda nth: rss_text(inside="<a>" * 100_000 + "</a>" * 100_000).encode(),
    0,
)
fault("/xml/many-attributes", "an element with 50,000 attributes", _many_attributes, 0)
fault("/xml/hash-collide-names", "100,000 names of elements", _many_names, 0)
fault("/xml/many-namespaces", "20,000 namespaces", _many_namespaces, 0)
fault(
    "/xml/huge-cdata-comment",
    "a comment of 5 MiB before the items",
    lambda nth: rss_text(inside=f"<!--{'harbour ' * 655_360}-->").encode(),
)
fault(
    "/xml/truncated",
    "ends in the middle of the fourth item, though the transfer was complete",
    lambda nth: rss([item(number) for number in range(1, 6)]).partition(b"courier-4")[0],
    3,
    4,
    title="Ferry number 3 leaves on time",
)
fault(
    "/xml/unescaped-amp",
    "bare & and an unknown entity",
    rss_text([item(1, title="Fish & chips&nbsp;ahoy"), item(2)]),
    title="Fish & chips ahoy",
)
fault("/xml/mismatched-tag", "one mismatched tag", rss_text([item(1, category="<b>north</i>"), item(2)]))
fault(
    "/xml/leading-junk",
    "a warning before the XML declaration",
    "<br />\n<b>Warning</b>: in line 3<br />\n" + rss_text(),
)
fault("/xml/leading-blank", "blank lines before the XML declaration", "\n\n  \r\n" + rss_text())
fault("/xml/trailing-junk", "HTML behind the end", rss_text() + "<div id=ad><script>x()</script></div>")
fault(
    "/xml/undeclared-namespace",
    "a prefix that is not declared",
    rss_text().replace("<item>", '<item><media:thumbnail url="https://courier.example/1.jpg"/>'),
)
fault(
    "/xml/unknown-root",
    "XML, but no feed",
    f"{PROLOG}<harbour><ferry>1</ferry><ferry>2</ferry></harbour>",
    0,
    0,
    content_type="application/xml",
)

# --- encodings -------------------------------------------------------------------------------------------------

POLISH = "Zażółć gęślą jaźń na promie"
RUSSIAN = "Паром уходит вовремя"
FRENCH = "Le ferry part à l’heure, dit l’été"


def _declared(encoding: str) -> str:
    return f'<?xml version="1.0" encoding="{encoding}"?>\n'


def _titled(title: str, encoding: str) -> str:
    return rss_text([item(1, title=title), item(2)], prolog=_declared(encoding))


PLAIN_TYPE = "application/rss+xml"
MOJIBAKE = ("\ufffd", "Ã", "Å¼")

fault("/enc/utf8-bom", "UTF-8 with a BOM", _titled(POLISH, "utf-8").encode("utf-8-sig"), title=POLISH)
fault(
    "/enc/utf16",
    "UTF-16 with a BOM",
    _titled(POLISH, "utf-16").encode("utf-16"),
    title=POLISH,
    content_type=PLAIN_TYPE,
)
fault(
    "/enc/utf32",
    "UTF-32 with a BOM",
    _titled(POLISH, "utf-32").encode("utf-32"),
    0,
    content_type=PLAIN_TYPE,
    forbidden=MOJIBAKE,
)
fault(
    "/enc/cp1251",
    "windows-1251, declared in the XML only",
    _titled(RUSSIAN, "windows-1251").encode("cp1251"),
    title=RUSSIAN,
    content_type=PLAIN_TYPE,
)
fault(
    "/enc/header-wrong",
    "the header says latin-1, the body is UTF-8",
    _titled(POLISH, "utf-8"),
    title=POLISH,
    content_type="application/rss+xml; charset=iso-8859-1",
)
fault(
    "/enc/xml-wrong",
    "the XML says UTF-8, the body is windows-1252",
    _titled(FRENCH, "utf-8").encode("cp1252"),
    title=FRENCH,
    content_type=PLAIN_TYPE,
    forbidden=("\ufffd",),
)
fault(
    "/enc/mixed",
    "UTF-8 with one run of windows-1252",
    rss([item(1, title=POLISH), item(2, title="caf@@ du port")]).replace(b"@@", b"\xe9"),
    title=POLISH,
)
fault(
    "/enc/unknown",
    "an encoding nobody knows",
    _titled(POLISH, "x-klingon"),
    title=POLISH,
    content_type=PLAIN_TYPE,
)
fault(
    "/enc/utf7",
    "declared as UTF-7",
    _titled("+ADw-script+AD4-alert(1)+ADw-/script+AD4-", "utf-7"),
    0,
    content_type=PLAIN_TYPE,
    forbidden=("<script", "alert(1)</"),
)
fault(
    "/enc/codec-trick",
    "declared as one of Python's own codecs",
    _titled("Plain title", "zlib_codec"),
    0,
    content_type=PLAIN_TYPE,
)
fault(
    "/enc/changes",
    "UTF-8 first, windows-1252 the second time, same guid",
    lambda nth: (
        _titled(FRENCH, "utf-8").encode() if nth == 1 else _titled(FRENCH, "windows-1252").encode("cp1252")
    ),
    repeats=2,
    title=FRENCH,
    content_type=PLAIN_TYPE,
    forbidden=MOJIBAKE,
)

# --- identity --------------------------------------------------------------------------------------------------

fault("/id/no-guid", "a link, no guid", rss([item(1, guid=""), item(2, guid="")]), repeats=2)
fault(
    "/id/no-guid-no-link",
    "neither guid nor link",
    rss([item(1, guid="", link=""), item(2, guid="", link="")]),
    0,
    repeats=2,
)
fault("/id/same-guid", "two different items share a guid", rss([item(1, guid="same"), item(2, guid="same")]))
fault(
    "/id/same-link",
    "two items share a link, guids differ",
    rss([item(1), item(2, link="https://courier.example/ferries/1")]),
    1,
    repeats=2,
)
fault(
    "/id/guid-changes",
    "the guid is another one each time",
    lambda nth: rss([item(1, guid=f"g-1-{nth}"), item(2, guid=f"g-2-{nth}")]),
    repeats=3,
)


def _tracked(nth: int) -> bytes:
    def link(number: int) -> str:
        return f"https://courier.example/ferries/{number}?utm_source=rss&amp;utm_id={nth}&amp;PHPSESSID=s{nth}{number}"

    return rss([item(1, guid="", link=link(1)), item(2, guid="", link=link(2))])


fault("/id/link-tracking", "the link has a new tracking parameter each time, no guid", _tracked, repeats=3)
fault(
    "/id/title-edited",
    "the headline is another one the second time",
    lambda nth: rss([item(1, title="Ferry one late after all" if nth > 1 else "Ferry one on time"), item(2)]),
    repeats=2,
    title="Ferry one late after all",
)
fault("/id/guid-huge", "a guid of 1 MiB", lambda nth: rss([item(1, guid="g" * 1_048_576), item(2)]))


def _fifty_thousand(nth: int) -> bytes:
    return rss([item(number, pubDate="Sat, 03 Oct 2026 06:15:00 GMT") for number in range(50_000)])


fault("/id/50k", "50,000 items", _fifty_thousand, 1, 50_000)
fault("/id/dup-500", "one item 500 times", rss([item(1)] * 500), 1, 1)

# --- dates -----------------------------------------------------------------------------------------------------

for name, date in {
    "future": "Tue, 01 Jan 2999 00:00:00 GMT",
    "none": "False",
    "junk": "yesterday-ish",
    "epoch": "Thu, 01 Jan 1970 00:00:00 GMT",
    "year0": "Mon, 01 Jan 0000 00:00:00 GMT",
    "year99999": "Mon, 01 Jan 99999 00:00:00 GMT",
    "overflow": "9" * 40,
    "relative": "2 hours ago",
    "bad-zone": "Mon, 05 Aug 2024 10:00:00 +9999",
    "feb30": "Fri, 30 Feb 2024 10:00:00 GMT",
    "leap-second": "Sat, 31 Dec 2016 23:59:60 GMT",
    "localised": "pon, 05 sie 2024 10:00:00 +0200",
}.items():
    fault(f"/date/{name}", f"pubDate is {date[:40]!r}", rss([item(1, pubDate=date), item(2, pubDate=date)]))

# --- markup that would run -------------------------------------------------------------------------------------

ACTIVE = ("<script", "onerror", "onload", "javascript:", "<iframe", "<svg", "<form", "<style", "<math")


def _escaped(markup: str) -> str:
    return markup.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


HARMFUL = (
    "Calm sea<script>alert(1)</script><img src=x onerror=alert(2)><iframe src='javascript:alert(3)'></iframe>"
    "<style>*{display:none}</style><svg onload=alert(4)><form action=/steal><input></form>"
)
MUTATING = (
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>"></noscript>'
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>"
    "<template><script>alert(2)</script></template>A calm sea"
)

fault(
    "/xss/title",
    "script in the title",
    rss([item(1, title=_escaped("Calm<script>alert(1)</script> sea<img src=x onerror=alert(2)>")), item(2)]),
    forbidden=ACTIVE,
)
fault(
    "/xss/title-cdata",
    "markup in a CDATA title",
    rss([item(1, title=f"<![CDATA[{HARMFUL}]]>"), item(2)]),
    forbidden=ACTIVE,
)
fault(
    "/xss/desc",
    "script, handlers, frames, forms in the teaser",
    rss([item(1, description=_escaped(HARMFUL)), item(2)]),
    forbidden=ACTIVE,
)
fault(
    "/xss/desc-mutation",
    "markup that changes when it is parsed again",
    rss([item(1, description=_escaped(MUTATING)), item(2)]),
    forbidden=("<script", "<img", "<math", "<template"),
)
fault(
    "/xss/double-escaped",
    "doubly escaped script: text, to be escaped again wherever it is shown",
    rss([item(1, title=_escaped(_escaped("How <script> works"))), item(2)]),
)

# --- links -----------------------------------------------------------------------------------------------------

for name, link in {
    "javascript": "javascript:alert(1)",
    "javascript-ctrl": "java&#9;script:alert(1)",
    "data": "data:text/html,&lt;script&gt;alert(1)&lt;/script&gt;",
    "vbscript": "vbscript:x",
    "file": "file:///etc/passwd",
}.items():
    fault(
        f"/link/{name}",
        f"the link is {link[:30]}",
        rss([item(1, link=link), item(2)]),
        1,
        forbidden=("javascript:", "script:", "data:text", "file:"),
        links=("https://courier.example/ferries/2",),
    )
fault(
    "/link/relative",
    "relative links",
    rss([item(1, link="/ferries/1"), item(2, link="ferries/2")]),
    forbidden=("//ferries",),
)
fault(
    "/link/blanks",
    "blanks and line breaks around the link",
    rss([item(1, link="\n   https://courier.example/ferries/1\n\t "), item(2)]),
    links=("https://courier.example/ferries/1",),
)
fault(
    "/link/userinfo",
    "user and password in the link",
    rss([item(1, link="https://desk:s3cret@courier.example/ferries/1"), item(2)]),
    forbidden=("s3cret",),
)
fault(
    "/link/huge",
    "a link of 100 KiB",
    rss([item(1, link="https://courier.example/" + "x" * 102_400), item(2)]),
    1,
)
fault(
    "/link/homograph",
    "a host of look-alike letters, and one with a bidi override",
    rss([item(1, link="https://соurier.example/1"), item(2, link="https://courier.example/\u202egpj.2")]),
    forbidden=("\u202e",),
)

# --- text ------------------------------------------------------------------------------------------------------

CONTROLS = tuple(chr(code) for code in range(0x20) if chr(code) not in "\t\n\r")
FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467 \U0001f1f5\U0001f1f1 e\u0301"


def _raw(title: bytes) -> bytes:
    return rss([item(1, title="@@"), item(2)]).replace(b"@@", title)


fault(
    "/text/control",
    "control characters as they are",
    _raw(b"A calm" + bytes(range(1, 9)) + b"\x0b\x0c\x1b\x1f sea"),
    forbidden=CONTROLS,
)
fault(
    "/text/control-ref", "control characters by reference", _raw(b"A calm&#1;&#x1F; sea"), forbidden=CONTROLS
)
fault("/text/nul", "NUL in a title", _raw(b"A calm\x00 sea"), forbidden=("\x00",))
fault("/text/nul-ref", "NUL by reference", _raw(b"A calm&#0; sea"), forbidden=("\x00",))
fault(
    "/text/surrogate",
    "a lone surrogate, by reference and in bytes",
    _raw(b"A calm&#xD800; sea\xed\xa0\x80"),
    forbidden=("\ud800",),
)
fault("/text/bidi", "right-to-left override", _raw("A \u202eflac\u202c sea".encode()), forbidden=("\u202e",))
fault("/text/emoji", "emoji, joiners, flags, combining marks", _raw(FAMILY.encode()), title=FAMILY)
fault("/text/zalgo", "5,000 combining marks", _raw(("A calm sea" + "\u0301" * 5000).encode()))
fault("/text/long-title", "a title of 1 MiB", lambda nth: _raw(b"ferry " * 174_763))
fault("/text/empty-title", "empty and missing titles", rss([item(1, title=" "), item(2, title="")]), 0)
fault(
    "/text/csv",
    "a title that is a formula",
    _raw(b"=HYPERLINK(&quot;https://x.example/&quot;)"),
    title='=HYPERLINK("https://x.example/")',
)
fault(
    "/text/path",
    "title and guid are paths",
    rss([item(1, title="../../etc/cron.d/x", guid="../../etc/cron.d/x"), item(2)]),
    title="../../etc/cron.d/x",
)
fault(
    "/text/ansi",
    "terminal escape sequences",
    _raw(b"A \x1b[31mred\x1b[0m\x1b]0;title\x07 sea"),
    forbidden=("\x1b", "\x07"),
)
fault(
    "/text/template",
    "template syntax",
    _raw(b"{{7*7}} ${7*7} %(x)s {0.__class__}"),
    title="{{7*7}} ${7*7} %(x)s {0.__class__}",
)
fault(
    "/text/sql",
    "quotes and a statement",
    _raw(b"O'Hara&quot;; DROP TABLE articles; --"),
    title="O'Hara\"; DROP TABLE articles; --",
)
fault(
    "/text/html-in-title",
    "markup and entities in a title",
    rss([item(1, title="&lt;b&gt;Fish&lt;/b&gt; &amp;amp; chips"), item(2)]),
    title="Fish & chips",
)
fault(
    "/text/redos",
    "30,000 of < and & and blanks",
    lambda nth: rss([item(1, description="&lt;&amp; " * 30_000), item(2)]),
)
fault(
    "/text/redos-attr",
    "an attribute that is never closed",
    lambda nth: rss([item(1, description='&lt;a href="' + "x" * 200_000), item(2)]),
)

# --- JSON Feed -------------------------------------------------------------------------------------------------

JSON_TYPE = "application/feed+json"
JSON_ITEMS = (
    '{"id": "1", "url": "https://courier.example/1", "title": "One", "date_published": "2026-10-03T06:15:00Z"},'
    '{"id": "2", "url": "https://courier.example/2", "title": "Two", "content_text": "Two ferries"}'
)


def json_feed(items: str) -> str:
    return (
        f'{{"version": "https://jsonfeed.org/version/1.1", "title": "Harbour Courier", "items": [{items}]}}'
    )


fault("/json/ok", "no fault", json_feed(JSON_ITEMS), content_type=JSON_TYPE)
fault(
    "/json/deep",
    "nested 100,000 deep",
    lambda nth: json_feed(f'{{"id": {"[" * 100_000}{"]" * 100_000}}}').encode(),
    0,
    1,
    content_type=JSON_TYPE,
)
fault(
    "/json/types",
    "wrong types everywhere, NaN, an infinite and a huge number",
    json_feed(
        '{"id": 1e999, "url": ["x"], "title": {"a": 1}, "date_published": NaN},'
        '{"id": null, "url": 7, "title": 9, "authors": "x", "tags": 3, "content_html": false},'
        f'{{"id": {"9" * 5000}, "title": []}}, 17, null, "item", []'
    ),
    0,
    4,
    content_type=JSON_TYPE,
)

CONTENT_BY_PATH = {fault.path: fault for fault in CONTENT_FAULTS}
