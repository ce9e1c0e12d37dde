"""A feed's bytes to UTF-8, whatever the header, the declaration and the bytes say of each other; never raises.

Both parsers behind it are handed UTF-8, so a feed reads the same on either path and no library guesses.
"""

import codecs
import re
from dataclasses import dataclass, field
from encodings.aliases import aliases

# A wider codec stands for a narrower one as browsers do it (WHATWG Encoding, 4.2): outlets write windows-1252 and call
# it iso-8859-1. Keys are folded names (_folded).
_WIDER = {
    **dict.fromkeys(
        ("ascii", "usascii", "iso88591", "latin1", "l1", "8859", "ansi", "windows1252"), "cp1252"
    ),
    **dict.fromkeys(("iso88599", "latin5", "l5"), "cp1254"),
    **dict.fromkeys(("iso885911", "tis620", "windows874"), "cp874"),
    **dict.fromkeys(("iso88598i", "iso88598e"), "iso8859_8"),
    **dict.fromkeys(("gb2312", "gbk", "xgbk", "cp936", "euccn", "hzgb2312", "xxgb2312"), "gb18030"),
    **dict.fromkeys(("big5", "cp950", "xxbig5", "cnbig5"), "big5hkscs"),
    **dict.fromkeys(("euckr", "ksc5601", "ksc56011987", "windows949"), "cp949"),
    **dict.fromkeys(("shiftjis", "sjis", "xsjis", "windows31j"), "cp932"),
    **dict.fromkeys(("xeucjp",), "euc_jp"),
    **dict.fromkeys(("xmacroman", "macintosh"), "mac_roman"),
    **dict.fromkeys(("xmaccyrillic",), "mac_cyrillic"),
    **dict.fromkeys(("unicode11utf8", "utf8mb4"), "utf_8"),
    **dict.fromkeys(("ucs2", "iso10646ucs2"), "utf_16"),
    **dict.fromkeys(("ucs4", "iso10646ucs4"), "utf_32"),
}
# Python's names of what else a document may be in. Not here on purpose: utf_7 (its markup hides from every filter) and
# the codecs that are Python's own (idna, punycode, unicode_escape, zlib).
_KNOWN = frozenset(
    (
        *("utf_8", "utf_16", "utf_16_le", "utf_16_be", "utf_32", "utf_32_le", "utf_32_be"),
        *("gb18030", "big5hkscs", "cp949", "johab", "cp932", "shift_jisx0213", "shift_jis_2004", "hz"),
        *(
            "euc_jp",
            "euc_jisx0213",
            "euc_jis_2004",
            "iso2022_jp",
            "iso2022_jp_1",
            "iso2022_jp_2",
            "iso2022_kr",
        ),
        *(f"iso8859_{part}" for part in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)),
        *(
            f"cp{page}"
            for page in (*range(1250, 1259), 1006, 1026, 1125, 1140, 273, 424, 437, 500, 720, 737, 775)
        ),
        *(f"cp{page}" for page in (850, 852, *range(855, 859), *range(860, 867), 869, 874, 875)),
        *("cp037", "koi8_r", "koi8_u", "koi8_t", "kz1048", "ptcp154", "hp_roman8", "tis_620"),
        *(f"mac_{script}" for script in ("roman", "cyrillic", "greek", "iceland", "latin2", "turkish")),
    )
)
_EBCDIC = frozenset(("cp037", "cp273", "cp424", "cp500", "cp875", "cp1026", "cp1140"))
_SEVEN_BIT = frozenset(
    ("iso2022_jp", "iso2022_jp_1", "iso2022_jp_2", "iso2022_kr", "hz")
)  # ASCII bytes that mean something else

_MARKS = (  # byte order marks, then "<?xm" and "<" without one (XML 1.0, appendix F); longest first
    (codecs.BOM_UTF32_BE, "utf-32-be", 4),
    (codecs.BOM_UTF32_LE, "utf-32-le", 4),
    (codecs.BOM_UTF8, "utf-8", 3),
    (codecs.BOM_UTF16_BE, "utf-16-be", 2),
    (codecs.BOM_UTF16_LE, "utf-16-le", 2),
    (b"\0\0\0<", "utf-32-be", 0),
    (b"<\0\0\0", "utf-32-le", 0),
    (b"\0<\0", "utf-16-be", 0),
    (b"<\0", "utf-16-le", 0),
    (b"\x4c\x6f\xa7\x94", "cp037", 0),
)
_DECLARATION = re.compile(rb"""\s*<\?xml\b[^>]*?\?>""")
_DECLARED = re.compile(rb"""<\?xml\b[^>]*?\bencoding\s*=\s*["']\s*([A-Za-z0-9._:+ -]{1,40}?)\s*["']""")
_PROLOGUE = 4096  # bytes; a declaration that a server's warning precedes still says what follows
_CHARSET = re.compile(r"""charset\s*=\s*["']?\s*([A-Za-z0-9._:+-]{1,40})""", re.IGNORECASE)
_SURROGATE_BYTES = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")  # CESU-8; no text has them
_MULTIBYTE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_HIGH = re.compile(rb"[\x80-\xff]")


@dataclass(frozen=True, slots=True)
class Decoded:
    """A document in UTF-8."""

    body: bytes = field(repr=False)  # without byte order mark, blanks before it and declaration
    note: str | None = None  # what had to be put right


def to_utf8(data: bytes, content_type: str | None = None) -> Decoded:
    """Byte order mark, then valid UTF-8, then what the header, the declaration say, then UTF-8 with windows-1252 in it.

    Valid UTF-8 goes before the header and the declaration: text with letters beyond ASCII that happens to be valid
    UTF-8 is UTF-8, and outlets that say otherwise are wrong about themselves (RFC 7303, 3.3 sees the same).
    """
    for mark, wide, length in _MARKS:
        if data.startswith(mark):
            if wide == "utf-8":
                data = data[length:]
                break
            return Decoded(_undeclared(_wide(data[length:], wide)))
    declared = _DECLARED.search(data, 0, _PROLOGUE)
    xml_name = declared[1].decode("ascii") if declared else ""
    header = _CHARSET.search(content_type) if content_type else None
    names = [header[1] if header else "", xml_name]
    named = [codec for name in names if name and (codec := _codec(name))]
    plain = not any(codec in _SEVEN_BIT for codec in named)
    if plain and (data.isascii() or _is_utf8(data)):
        return Decoded(_undeclared(data))
    body, note = _guessed(data, named)
    return Decoded(_undeclared(body), note)


def _codec(name: str) -> str | None:
    """Python's name of the codec for a declared encoding; None for those that are not read."""
    folded = re.sub(r"[^a-z0-9]", "", name.lower())
    if folded in _WIDER:
        return _WIDER[folded]
    known = _BY_FOLDED_NAME.get(folded)
    return _WIDER.get(known.replace("_", ""), known) if known else None


_BY_FOLDED_NAME = {
    re.sub(r"[^a-z0-9]", "", alias): codec
    for alias, codec in [*aliases.items(), *((codec, codec) for codec in _KNOWN)]
    if codec in _KNOWN or codec.replace("_", "") in _WIDER
} | {f"windows{page}": f"cp{page}" for page in range(1250, 1259)}


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _wide(data: bytes, codec: str) -> bytes:
    """Encodings in which even "<?xml" looks different; the letters of EBCDIC's many pages agree only that far."""
    body = data.decode(codec, "ignore").encode("utf-8", "ignore")
    if codec not in _EBCDIC or not (declared := _DECLARED.search(body, 0, _PROLOGUE)):
        return body
    page = _codec(declared[1].decode("ascii"))
    return data.decode(page, "ignore").encode("utf-8") if page in _EBCDIC else body


def _guessed(data: bytes, named: list[str]) -> tuple[bytes, str | None]:
    """Bytes that are not UTF-8: as named if that works, else as much UTF-8 as they hold."""
    for codec in named:
        if codec in ("utf_8", "cp1252"):
            continue
        try:
            return data.decode(codec).encode("utf-8"), None
        except UnicodeError:
            continue
    clean = _SURROGATE_BYTES.sub(b"", data)
    if clean != data and _is_utf8(clean):
        return clean, "lone surrogates"
    multibyte = sum(len(match) for match in _MULTIBYTE.findall(clean))
    high = len(_HIGH.findall(clean))
    if (2 * multibyte >= high and "cp1252" not in named) or multibyte > 0.9 * high:
        return _mixed(clean).encode("utf-8"), "bytes that are not UTF-8"
    foreign = [codec for codec in named if codec not in ("utf_8", "cp1252")]
    if foreign:  # a few bytes are broken: the rest is still in it
        return clean.decode(foreign[0], "ignore").encode(
            "utf-8", "ignore"
        ), "bytes that are not in its encoding"
    note = None if "cp1252" in named else "not in the encoding it names"
    return _cp1252(clean).encode("utf-8"), note


def _mixed(data: bytes) -> str:
    """UTF-8 where it is valid, windows-1252 between."""
    pieces: list[str] = []
    end = 0
    for match in _MULTIBYTE.finditer(data):
        try:
            text = match[0].decode("utf-8")
        except UnicodeDecodeError:  # overlong forms, beyond U+10FFFF
            continue
        pieces += (_cp1252(data[end : match.start()]), text)
        end = match.end()
    pieces.append(_cp1252(data[end:]))
    return "".join(pieces)


def _cp1252(data: bytes) -> str:
    """The five bytes windows-1252 leaves undefined are dropped: nothing was ever meant by them."""
    return data.decode("cp1252", "ignore")


def _undeclared(body: bytes) -> bytes:
    """Without the XML declaration, whose encoding is no longer true, and blanks before it, which XML forbids."""
    declaration = _DECLARATION.match(body, 0, _PROLOGUE)
    return body[declaration.end() :] if declaration else body
