"""Log lines say what happened and never a secret."""

import logging
from collections.abc import Iterator

import pytest

from aggregator.cli.log import CHATTY, start, without_secrets


@pytest.fixture(autouse=True)
def untouched_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.NOTSET)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("https://user:s3cret@example.org:8443/rss", "https://user:***@example.org:8443/rss"),
        ("http://127.0.0.1:8099/1 and 10:30", "http://127.0.0.1:8099/1 and 10:30"),
        ("postgresql+psycopg://news:s3cret@db:5432/news", "postgresql+psycopg://news:***@db:5432/news"),
        ("GET /rss?api_key=s3cret&page=2", "GET /rss?api_key=***&page=2"),
        ("https://x.example/?access_token=s3cret#top", "https://x.example/?access_token=***#top"),
        ("?sig=s3cret", "?sig=***"),
        ("Authorization: Bearer s3cret", "Authorization: ***"),
        ("{'Cookie': 'session=s3cret; other=1', 'Accept': '*/*'}", "{'Cookie': '***', 'Accept': '*/*'}"),
        ("(b'x-api-key', b's3cret')", "(b'x-api-key', b'***')"),
        ("the author signed a token of esteem", "the author signed a token of esteem"),
    ],
)
def test_secrets_are_not_shown(said: str, shown: str) -> None:
    assert without_secrets(said) == shown


def test_arguments_and_tracebacks_are_covered(capsys: pytest.CaptureFixture[str]) -> None:
    start(logging.INFO)
    log = logging.getLogger("aggregator.test")
    log.info("asking %s", "https://user:s3cret@example.org/")
    try:
        raise ValueError("refused https://user:s3cret@example.org/")
    except ValueError:
        log.exception("failed")
    written = capsys.readouterr()
    assert written.out == ""
    assert "asking https://user:***@example.org/" in written.err
    assert "ValueError: refused https://user:***@example.org/" in written.err
    assert "s3cret" not in written.err


def test_libraries_that_chatter_are_heard_only_when_everything_is(capsys: pytest.CaptureFixture[str]) -> None:
    start(logging.INFO)
    logging.getLogger("httpx").info("HTTP Request")
    start(logging.DEBUG, everything=True)
    logging.getLogger("httpx").info("HTTP Request again")
    assert [line.endswith("HTTP Request again") for line in capsys.readouterr().err.splitlines()] == [True]
