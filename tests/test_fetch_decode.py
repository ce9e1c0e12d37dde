"""Content-Encoding undone within bounds."""

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.fetch.decode import MAX_MEMBERS, decode, encoding_of, is_blank
from aggregator.fetch.failure import Failure

TEXT = b"<rss>" + b"the harbour at night " * 500 + b"</rss>"
LIMIT = 1_000_000


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    ("header", "encoding"),
    [("", ""), ("identity", ""), ("gzip", "gzip"), ("GZIP", "gzip"), ("x-gzip", "gzip"), ("deflate", "deflate"),
     ("identity, gzip", "gzip"), ("utf-8", ""), ("none", ""), (" , ", "")],
)  # fmt: skip
def test_the_encoding_a_header_names(header: str, encoding: str) -> None:
    assert encoding_of(header) == encoding


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("br", "protocol"),
        ("zstd", "protocol"),
        ("x-evil", "protocol"),
        ("gzip, gzip", "limit"),
        ("gzip, br", "limit"),
    ],
)
def test_encodings_that_are_not_undone(header: str, kind: str) -> None:
    with pytest.raises(Failure) as caught:
        encoding_of(header)
    assert caught.value.kind == kind


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (TEXT, ""),
        (gzip.compress(TEXT), "gzip"),
        (gzip.compress(TEXT[:100]) + gzip.compress(TEXT[100:]), "gzip"),
        (gzip.compress(TEXT) + bytes(512), "gzip"),  # padding
        (gzip.compress(TEXT) + b"<!-- cached -->", "gzip"),
        (zlib.compress(TEXT), "deflate"),
        (raw_deflate(TEXT), "deflate"),
        (TEXT, "gzip"),  # mislabelled
    ],
)
def test_what_was_encoded_comes_back(data: bytes, encoding: str) -> None:
    assert decode(data, encoding, LIMIT) == TEXT


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (gzip.compress(TEXT)[:-1], "gzip"),
        (gzip.compress(TEXT)[:50], "gzip"),
        (gzip.compress(TEXT)[:-8] + bytes(8), "gzip"),  # wrong checksum
        (gzip.compress(TEXT) + b"\x1f\x8bjunk", "gzip"),
        (zlib.compress(TEXT)[:-9], "deflate"),
        (raw_deflate(TEXT)[:-9], "deflate"),
        (b"\x00\x01plain", "gzip"),
        (b"", "deflate"),
        (b"<rss/>", "deflate"),
    ],
)
def test_broken_streams_give_nothing(data: bytes, encoding: str) -> None:
    with pytest.raises(Failure) as caught:
        decode(data, encoding, LIMIT)
    assert caught.value.kind == "protocol"


@pytest.mark.parametrize(
    "packed", [gzip.compress(bytes(50_000_000)), gzip.compress(bytes(600)) * 2], ids=["bomb", "sum"]
)
def test_the_limit_holds_over_all_members(packed: bytes) -> None:
    with pytest.raises(Failure, match=r"larger than 1,000 bytes") as caught:
        decode(packed, "gzip", 1000)
    assert caught.value.kind == "limit"


def test_exactly_the_limit_passes() -> None:
    assert decode(gzip.compress(bytes(1000)), "gzip", 1000) == bytes(1000)
    assert decode(bytes(1000), "", 1000) == bytes(1000)
    with pytest.raises(Failure):
        decode(bytes(1001), "", 1000)


def test_members_are_counted() -> None:
    assert decode(gzip.compress(b"x") * MAX_MEMBERS, "gzip", LIMIT) == b"x" * MAX_MEMBERS
    with pytest.raises(Failure, match="members"):
        decode(gzip.compress(b"x") * (MAX_MEMBERS + 1), "gzip", LIMIT)


@given(st.binary(max_size=200), st.sampled_from(["", "gzip", "deflate"]))
def test_any_bytes_either_decode_or_fail_in_words(data: bytes, encoding: str) -> None:
    try:
        assert len(decode(data, encoding, 500)) <= 500
    except Failure as failure:
        assert failure.kind in ("limit", "protocol")


@pytest.mark.parametrize("body", [b"", b" \r\n\t", b"\xef\xbb\xbf\n", b"\x00" * 5000])
def test_a_body_of_blanks_is_blank(body: bytes) -> None:
    assert is_blank(body)
    assert not is_blank(body + b"<rss/>")
