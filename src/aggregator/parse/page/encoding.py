"""Bytes of a page to text, the way browsers and the news web need it; never raises."""

import codecs
import re

_META_CHARSET = re.compile(
    rb"""<meta[^>]{0,500}?charset\s*=\s*["']?\s*([A-Za-z0-9_:.\-]{2,40})""", re.IGNORECASE
)
_HEADER_CHARSET = re.compile(r"""charset\s*=\s*["']?\s*([A-Za-z0-9_:.\-]{2,40})""", re.IGNORECASE)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Encoding Standard, section 4.2: pages that say Latin-1 or ASCII are read as windows-1252, and so on.
_READ_AS = {
    "iso-8859-1": "cp1252",
    "latin-1": "cp1252",
    "latin1": "cp1252",
    "ascii": "cp1252",
    "us-ascii": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "x-sjis": "cp932",
    "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949",
    "iso-8859-9": "cp1254",
    "tis-620": "cp874",
    "windows-874": "cp874",
}
# No encodings of pages: markup hides from every filter in the first, the second takes quadratic time.
_PYTHONS_OWN = frozenset(
    ("utf-7", "punycode", "idna", "unicode-escape", "unicode_escape", "raw-unicode-escape")
)
_HEAD = 4_096  # bytes searched for a declaration; the Encoding Standard asks for 1,024, pages with long comments need more


def decode(data: bytes, content_type: str | None = None) -> str:
    """The text of a page: BOM, strict UTF-8, the header's charset, the page's, then windows-1252; never raises.

    Valid UTF-8 beyond ASCII is hardly ever anything else: it is believed before a declaration, which often is a template's.
    """
    for bom, name in _BOMS:
        if data.startswith(bom):
            return data[len(bom) :].decode(name, "replace")
    if is_utf8(data):
        return data.decode("utf-8")
    declared = [
        found.group(1) for found in [_HEADER_CHARSET.search(content_type or "")] if found is not None
    ] + [
        found.group(1).decode("ascii") for found in [_META_CHARSET.search(data[:_HEAD])] if found is not None
    ]
    for label in declared:
        text_or_none = _decode_as(data, label)
        if text_or_none is not None:
            return text_or_none
    return data.decode("cp1252", "replace")


def is_utf8(data: bytes) -> bool:
    """Whether the bytes are UTF-8; ISO-2022-JP, which is ASCII with escapes, is not meant."""
    if data.isascii():
        return b"\x1b" not in data
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _decode_as(data: bytes, label: str) -> str | None:
    """None when the charset is unknown, or clearly not the one the page is written in."""
    name = _READ_AS.get(label.lower(), label)
    try:
        if codecs.lookup(name).name in _PYTHONS_OWN:
            return None
        text = data.decode(name, "replace")
    except (LookupError, ValueError, UnicodeError):
        return None
    # One broken byte in 200 characters happens where texts were pasted together; more of them mean another encoding.
    return text if isinstance(text, str) and text.count("\ufffd") <= 1 + len(text) // 200 else None
