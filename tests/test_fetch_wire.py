"""HTTP/1.1 read from strangers, byte for byte; the connection is played from memory."""

import asyncio
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.fetch.connection import Stream
from aggregator.fetch.failure import Failure
from aggregator.fetch.wire import Answer, Chunks, RawHeaders, request_head


class Played(Stream):
    """A connection on which pieces arrive as given, and then its end."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = [piece for piece in pieces if piece]
        self.received = 0

    async def read(self) -> bytes:
        data = self._pieces.pop(0) if self._pieces else b""
        self.received += len(data)
        return data


def read(*pieces: bytes, max_header: int = 1000) -> tuple[int, RawHeaders, bytes]:
    async def main() -> tuple[int, RawHeaders, bytes]:
        answer = Answer(Played(pieces), max_header=max_header)
        status, headers = await answer.head()
        return status, headers, b"".join([piece async for piece in answer.body()])

    return asyncio.run(main())


def failure(*pieces: bytes, max_header: int = 1000) -> str:
    with pytest.raises(Failure) as caught:
        read(*pieces, max_header=max_header)
    return caught.value.kind


def bytewise(data: bytes) -> list[bytes]:
    return [data[position : position + 1] for position in range(len(data))]


WHOLE = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 6\r\n\r\n<rss/>"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "pieces", [[WHOLE], bytewise(WHOLE), [WHOLE[:30], WHOLE[30:]], [WHOLE.replace(b"\r\n", b"\n")]]
)
def test_an_answer_is_the_same_however_it_arrives(pieces: list[bytes]) -> None:
    assert read(*pieces) == (200, [(b"content-type", b"text/xml"), (b"content-length", b"6")], b"<rss/>")


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"HTTP/1.1 200 OK", 200),
        (b"HTTP/1.0 404 Not Found", 404),
        (b"HTTP/1.1 200", 200),
        (b"HTTP/1.1 999 No", 999),
    ],
)
def test_status_lines(head: bytes, status: int) -> None:
    assert read(head + b"\r\n\r\n") == (status, [], b"")


@pytest.mark.parametrize(
    "start",
    [b"<rss>", b"HTTP/2 200\r\n\r\n", b"HTTP/1.1 2000 OK\r\n\r\n", b"HTTP/1.1 OK\r\n\r\n", b"ICY 200 OK\r\n\r\n",
     b"HTTP/1.1 101 Switching\r\n\r\n", b"HTTP/1.1 200 OK\r\nHalf: a hea"],
)  # fmt: skip
def test_what_is_no_http_is_said_to_be_none(start: bytes) -> None:
    assert failure(start) == "protocol"


def test_silence_and_a_close_are_a_network_error() -> None:
    assert failure() == "network"


def test_lines_that_are_no_headers_are_skipped_and_folded_ones_joined() -> None:
    head = (
        b"HTTP/1.1 200 OK\r\nno colon here\r\nbad name: x\r\n: nameless\r\nX-A : 1\r\nX-B: two\r\n  three\r\n"
        b"X-Nul: a\x00b\r\nX-Cr: a\rb\r\nX-Empty:\r\n\r\n"
    )
    _, headers, _ = read(head)
    assert headers == [(b"x-a", b"1"), (b"x-b", b"two three"), (b"x-empty", b"")]


def test_interim_answers_are_passed_over() -> None:
    assert (
        read(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + WHOLE)[0] == 200
    )


def test_headers_and_interim_answers_share_one_limit() -> None:
    assert failure(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 1000 + b"\r\n\r\n") == "limit"
    assert failure(*[b"HTTP/1.1 200 OK\r\n", *[b"X: y\r\n"] * 300]) == "limit"
    assert failure(*[b"HTTP/1.1 102 Processing\r\n\r\n"] * 100) == "limit"


@pytest.mark.parametrize(
    ("head", "rest", "body"),
    [
        (b"Content-Length: 6\r\nContent-Length: 6", b"<rss/>", b"<rss/>"),
        (b"Content-Length: 6, 6", b"<rss/>", b"<rss/>"),
        (b"Content-Length: 6", b"<rss/>surplus", b"<rss/>"),
        (b"Content-Length: 0", b"surplus", b""),
        (b"Connection: close", b"<rss/>", b"<rss/>"),
        (b"Transfer-Encoding: identity\r\nContent-Length: 6", b"<rss/>", b"<rss/>"),
        # Both framings: the chunks count (RFC 9112 section 6.3).
        (b"Transfer-Encoding: chunked\r\nContent-Length: 99", b"6\r\n<rss/>\r\n0\r\n\r\n", b"<rss/>"),
    ],
)
def test_framing(head: bytes, rest: bytes, body: bytes) -> None:
    assert read(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n", rest)[2] == body


@pytest.mark.parametrize(
    ("head", "rest"),
    [
        (b"Content-Length: 7", b"<rss/>"),
        (b"Content-Length: 6\r\nContent-Length: 7", b"<rss/>"),
        (b"Content-Length: -6", b"<rss/>"),
        (b"Content-Length: +6", b"<rss/>"),
        (b"Content-Length: 0x6", b"<rss/>"),
        (b"Content-Length: " + b"9" * 40, b"<rss/>"),
        (b"Transfer-Encoding: gzip, chunked", b"6\r\n<rss/>\r\n0\r\n\r\n"),
        (b"Transfer-Encoding: chunked, chunked", b"6\r\n<rss/>\r\n0\r\n\r\n"),
        (b"Transfer-Encoding: chunked", b"6\r\n<rss/>\r\n"),
        (b"Transfer-Encoding: chunked", b"6\r\n<rss/>\r\n0\r\n"),
        (b"Transfer-Encoding: chunked", b"6\r\n<rss/>\r\n0\r\nTrailer: x\r\n"),
        (b"Transfer-Encoding: chunked", b"5\r\n<rss/>\r\n0\r\n\r\n"),
        (b"Transfer-Encoding: chunked", b"-6\r\n<rss/>\r\n0\r\n\r\n"),
        (b"Transfer-Encoding: chunked", b"0x6\r\n<rss/>\r\n0\r\n\r\n"),
        (b"Transfer-Encoding: chunked", b"f" * 17 + b"\r\n<rss/>\r\n0\r\n\r\n"),
        (b"Transfer-Encoding: chunked", b"\r\n<rss/>"),
        (b"Transfer-Encoding: chunked", b"6" + b" " * 5000 + b"<rss/>"),
    ],
)
def test_a_body_that_is_not_complete_or_not_clear_is_an_error(head: bytes, rest: bytes) -> None:
    assert failure(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n", rest) == "protocol"


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
def test_answers_without_body_have_none_whatever_they_announce(status: bytes) -> None:
    assert read(b"HTTP/1.1 " + status + b"\r\nContent-Length: 100\r\n\r\n")[2] == b""


def test_chunks_with_extensions_trailers_and_bare_line_feeds() -> None:
    assert read(CHUNKED, b"3;name=value\r\nabc\r\n 2 \ndE\n000\nTrailer: x\r\n\r\n")[2] == b"abcdE"


def test_chunks_of_next_to_nothing_are_not_read_for_ever() -> None:
    assert failure(CHUNKED, b"1;xxxx\r\nx\r\n" * 50_000) == "limit"
    assert failure(CHUNKED, b"0\r\n", *[b"Trailer: again\r\n" * 1000] * 40) == "limit"


@given(
    st.lists(st.binary(min_size=1, max_size=50), max_size=8),
    st.lists(st.integers(min_value=1, max_value=20), min_size=1, max_size=200),
)
def test_chunked_bodies_come_back_however_they_are_cut(data: list[bytes], cuts: list[int]) -> None:
    sent = b"".join(b"%X\r\n%b\r\n" % (len(part), part) for part in data) + b"0\r\n\r\n"
    chunks, buffer, out = Chunks(), bytearray(), b""
    while sent:
        size = cuts.pop(0) if cuts else len(sent)
        buffer += sent[:size]
        sent = sent[size:]
        out += chunks.feed(buffer)
    assert chunks.done
    assert out == b"".join(data)


@given(st.binary(max_size=300))
def test_any_answer_is_read_or_fails_in_words(data: bytes) -> None:
    for start in (b"", b"HTTP/1.1 200 OK\r\n", CHUNKED):
        try:
            read(start + data)
        except Failure as caught:
            assert caught.message


def test_a_request_is_one_head_and_nothing_can_break_out_of_it() -> None:
    assert request_head(b"GET", b"/feed?a=1", [(b"Host", b"news.example"), (b"Accept", b"*/*")]) == (
        b"GET /feed?a=1 HTTP/1.1\r\nHost: news.example\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    )
    for name, value in ((b"X\r\nY", b"1"), (b"X", b"1\r\nY: 2"), (b"X", b"1\nY: 2"), (b"X", b"\x00")):
        with pytest.raises(Failure) as caught:
            request_head(b"GET", b"/", [(name, value)])
        assert caught.value.kind == "refused"
