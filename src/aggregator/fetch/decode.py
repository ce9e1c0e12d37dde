"""Body as sent -> body as meant: at most one Content-Encoding layer undone, gzip or deflate, within a byte limit.

The limit holds while decoding, never after it: a megabyte of gzip may hold a gigabyte.
"""

import re
import zlib

from aggregator.fetch.failure import Failure

MAX_MEMBERS = 100
"""Of a gzip stream (RFC 1952 section 2.2 allows any number): 200,000 empty ones are an attack on the decoder."""

NOT_ENCODED = frozenset({"", "identity", "none", "binary", "8bit", "utf-8", "utf8"})
"""Seen in the field for plain bodies, besides the registered "identity"."""

GZIP_MAGIC = b"\x1f\x8b"
BLANK = b" \t\r\n\x00\xef\xbb\xbf"
_NOT_BLANK = re.compile(b"[^" + BLANK + b"]")


def encoding_of(header: str) -> str:
    """The one encoding a Content-Encoding header names: "gzip", "deflate" or "" for none.

    Raises:
        Failure: several layers, or an encoding that was not offered.
    """
    layers = [name for part in header.split(",") if (name := part.strip().lower()) not in NOT_ENCODED]
    if len(layers) > 1:
        raise Failure("limit", f"the body is encoded {len(layers)} times over; one layer is undone")
    if not layers:
        return ""
    name = layers[0].removeprefix("x-")
    if name not in ("gzip", "deflate"):
        raise Failure("protocol", f"the body is encoded as {layers[0][:40]!r}; gzip and deflate were offered")
    return name


def is_blank(body: bytes) -> bool:
    """Whether there is nothing in a body but white space, NUL and a byte order mark. Reads no further than it must."""
    return _NOT_BLANK.search(body) is None


def decode(data: bytes, encoding: str, limit: int) -> bytes:
    """Undo one encoding.

    Args:
        encoding: as `encoding_of` gives it.
        limit: bytes that may come out.

    Raises:
        Failure: more than `limit` bytes, a broken or cut stream.
    """
    if encoding == "gzip":
        if data.startswith(GZIP_MAGIC):
            return _gunzip(data, limit)
        if data.lstrip(BLANK)[:1] not in (b"<", b"{"):
            raise Failure("protocol", "the body is said to be gzip and is not")
    elif encoding == "deflate":
        return _inflate(data, limit)
    if len(data) > limit:
        raise too_large(limit)
    return data


def too_large(limit: int) -> Failure:
    size = f"{limit / 1048576:g} MiB" if limit >= 1048576 else f"{limit:,} bytes"
    return Failure("limit", f"the body is larger than {size} (max_body)")


def _gunzip(data: bytes, limit: int) -> bytes:
    parts, size, rest = [], 0, data
    for _ in range(MAX_MEMBERS):
        part, rest = _one_stream(rest, zlib.MAX_WBITS | 16, limit, size)
        parts.append(part)
        size += len(part)
        if not rest.startswith(GZIP_MAGIC):  # what else follows is padding: every gzip reader ignores it
            return b"".join(parts)
    raise Failure("limit", f"the body is a gzip stream of more than {MAX_MEMBERS} members")


def _inflate(data: bytes, limit: int) -> bytes:
    # "deflate" means the zlib format (RFC 9110 section 8.4.1.2); many servers send the bare stream instead.
    wrapped = len(data) > 1 and data[0] & 0x0F == 8 and (data[0] << 8 | data[1]) % 31 == 0
    return _one_stream(data, zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS, limit)[0]


def _one_stream(data: bytes, wbits: int, limit: int, before: int = 0) -> tuple[bytes, bytes]:
    """What the first stream in `data` holds, and what follows it; `before` bytes were decoded already."""
    decoder = zlib.decompressobj(wbits)
    try:
        out = decoder.decompress(data, limit - before + 1)
    except zlib.error as error:
        raise Failure("protocol", f"the compressed body is broken: {error}") from error
    if before + len(out) > limit:
        raise too_large(limit)
    if not decoder.eof:
        raise Failure("protocol", "the compressed body broke off in the middle")
    return out, decoder.unused_data
