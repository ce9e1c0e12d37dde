"""One HTTP/1.1 request -> one response, on a connection of its own (RFC 9112), within limits of header and framing.

Written for fetching from strangers: a connection is used once, so nothing can be smuggled into a second answer; lines
that are no headers are skipped; everything that could make the body ambiguous or endless is an error.
"""

import re
from collections.abc import AsyncIterator, Iterable

from aggregator.fetch.connection import Stream
from aggregator.fetch.failure import Failure

RawHeaders = list[tuple[bytes, bytes]]

_HEAD_END = re.compile(rb"\r?\n\r?\n")
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([0-9]{3})(?: |$)")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*:[ \t]*(.*?)[ \t]*", re.DOTALL)
_UNSAFE = re.compile(rb"[\x00\r\n]")
_CHUNK_SIZE = re.compile(rb"[ \t]*([0-9a-fA-F]{1,15})[ \t]*(?:;.*)?\r?", re.DOTALL)

MAX_CHUNK_LINE = 4096
"""Bytes of a chunk-size line, extensions included."""

MAX_FRAMING = 256 * 1024
"""Bytes of chunk framing that may exceed the data they frame: past it a body of one-byte chunks is an attack, not a body."""

NO_BODY = frozenset({204, 205, 304})


def request_head(method: bytes, target: bytes, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The bytes of a request without a body; refuses what would break out of its line."""
    lines = [method + b" " + target + b" HTTP/1.1"]
    for name, value in headers:
        if _UNSAFE.search(name) or _UNSAFE.search(value):
            raise Failure("refused", f"the header {name.decode('latin-1')!r} to be sent holds a line break")
        lines.append(name + b": " + value)
    lines.append(b"Connection: close\r\n\r\n")
    return b"\r\n".join(lines)


class Answer:
    """A response as it arrives: `head` once, then `body`."""

    def __init__(self, stream: Stream, *, max_header: int) -> None:
        self._stream, self._max_header = stream, max_header
        self._buffer = bytearray()
        self._status = 0
        self._headers: RawHeaders = []

    async def head(self) -> tuple[int, RawHeaders]:
        """Status and headers of the final response; interim ones (RFC 9110 section 15.2) count against the same limit."""
        spent = 0
        while True:
            head = await self._read_head(self._max_header - spent)
            spent += len(head)
            lines = head.split(b"\n")
            match = _STATUS_LINE.match(lines[0].rstrip(b"\r"))
            if match is None:
                raise Failure("protocol", f"the answer is not HTTP: it begins with {bytes(head[:40])!r}")
            self._status = int(match[1])
            if self._status == 101:
                raise Failure("protocol", "the server switched to another protocol, unasked")
            if self._status >= 200:
                self._headers = _headers(lines[1:])
                return self._status, self._headers

    async def body(self) -> AsyncIterator[bytes]:
        """The body without its framing. Ends normally only when the body is complete."""
        if self._status in NO_BODY:
            return
        codings = [name for name in _values(self._headers, b"transfer-encoding") if name != b"identity"]
        if codings:
            if codings != [b"chunked"]:
                raise Failure("protocol", f"the body is transferred as {b', '.join(codings)[:60]!r}, unasked")
            pieces = self._chunked()
        elif lengths := set(_values(self._headers, b"content-length")):
            pieces = self._counted(_length(lengths))
        else:
            pieces = self._until_end()
        async for piece in pieces:
            yield piece

    async def _read_head(self, limit: int) -> bytes:
        start = 0
        while (end := _HEAD_END.search(self._buffer, start)) is None:
            start = max(len(self._buffer) - 3, 0)
            if len(self._buffer) > limit:
                raise self._header_too_large()
            if not await self._more():
                if self._buffer or self._stream.received:
                    raise Failure("protocol", "the connection broke off in the headers")
                raise Failure("network", "the connection was closed without an answer")
            if not (self._buffer.startswith(b"HTTP/") or b"HTTP/".startswith(self._buffer)):
                raise Failure(
                    "protocol", f"the answer is not HTTP: it begins with {bytes(self._buffer[:40])!r}"
                )
        if end.start() > limit:
            raise self._header_too_large()
        head = bytes(self._buffer[: end.start()])
        del self._buffer[: end.end()]
        return head

    def _header_too_large(self) -> Failure:
        return Failure("limit", f"the headers are larger than {self._max_header:,} bytes (max_header)")

    async def _more(self) -> bool:
        data = await self._stream.read()
        self._buffer += data
        return bool(data)

    def _take(self, size: int) -> bytes:
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    async def _counted(self, length: int) -> AsyncIterator[bytes]:
        left = length
        while left:
            if not self._buffer and not await self._more():
                raise Failure("protocol", f"the body broke off after {length - left:,} of {length:,} bytes")
            piece = self._take(left)
            left -= len(piece)
            yield piece

    async def _until_end(self) -> AsyncIterator[bytes]:
        while self._buffer or await self._more():
            yield self._take(len(self._buffer))

    async def _chunked(self) -> AsyncIterator[bytes]:
        chunks = Chunks()
        while True:
            if data := chunks.feed(self._buffer):
                yield data
            if chunks.done:
                return
            if not await self._more():
                raise Failure("protocol", "the body broke off before its last chunk")


class Chunks:
    """The chunked coding undone (RFC 9112 section 7.1), piece by piece, in time linear to the bytes."""

    def __init__(self) -> None:
        self.done = False
        self._left = 0  # bytes of the current chunk still to come
        self._after_data = False  # the line break behind a chunk's data is due
        self._in_trailer = False
        self._framing = self._data = 0

    def feed(self, buffer: bytearray) -> bytes:
        """Take what can be taken from the front of `buffer`; the data in it."""
        out, at = bytearray(), 0
        while not self.done:
            if self._left:
                piece = buffer[at : at + self._left]
                out += piece
                at += len(piece)
                self._left -= len(piece)
                self._data += len(piece)
                if self._left:
                    break
                self._after_data = True
            end = buffer.find(b"\n", at)
            if end < 0:
                if len(buffer) - at > MAX_CHUNK_LINE:
                    raise Failure("protocol", "a chunk of the body has no readable size")
                break
            self._line(bytes(buffer[at:end]))
            self._framing += end + 1 - at
            at = end + 1
            if self._framing > self._data + MAX_FRAMING:
                raise Failure("limit", "the body comes in chunks of next to nothing")
        del buffer[:at]
        return bytes(out)

    def _line(self, line: bytes) -> None:
        if self._after_data:
            if line.strip(b"\r"):
                raise Failure("protocol", "a chunk of the body is longer than its size")
            self._after_data = False
        elif self._in_trailer:
            self.done = not line.strip(b"\r")
        else:
            match = _CHUNK_SIZE.fullmatch(line)
            if match is None:
                raise Failure("protocol", f"a chunk of the body has no readable size: {line[:40]!r}")
            self._left = int(match[1], 16)
            self._in_trailer = not self._left


def _headers(lines: list[bytes]) -> RawHeaders:
    headers: RawHeaders = []
    for line in lines:
        line = line.removesuffix(b"\r")
        if line[:1] in (b" ", b"\t"):  # a folded line (RFC 9112 section 5.2) belongs to the one before
            if headers:
                name, value = headers[-1]
                headers[-1] = (name, value + b" " + line.strip(b" \t"))
            continue
        match = _HEADER.fullmatch(line)
        if match is not None and not _UNSAFE.search(match[2]):
            headers.append((match[1].lower(), match[2]))
    return headers


def _values(headers: RawHeaders, name: bytes) -> list[bytes]:
    joined = b",".join(value for known, value in headers if known == name)
    return [part for piece in joined.lower().split(b",") if (part := piece.strip(b" \t"))]


def _length(lengths: set[bytes]) -> int:
    """The one Content-Length; the same one several times counts as one (RFC 9110 section 8.6)."""
    text = lengths.pop()
    if lengths or not text.isdigit() or len(text) > 18:
        raise Failure(
            "protocol",
            "the Content-Length headers contradict each other"
            if lengths
            else f"the Content-Length is no number: {text[:40]!r}",
        )
    return int(text)
