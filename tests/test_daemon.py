"""The long-running scheduler: what it cannot store ends it, with the reason."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aggregator import config, daemon
from aggregator.errors import StoreError
from aggregator.store import Store, Writer


def test_when_nothing_can_be_stored_any_more_it_ends_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "sources.toml"
    path.write_text(
        '[store]\ndatabase = "news.db"\n[fetch]\nallow_networks = ["127.0.0.0/8"]\n'
        '[[sources]]\nid = "a"\nname = "A"\nurl = "https://a.example/"\n'
        '[[sources.feeds]]\nurl = "http://127.0.0.1:1/feed"\n'  # nobody listens there
    )
    settings = config.load(path, environ={})
    monkeypatch.setattr(daemon, "SETTLE", timedelta(seconds=0.2))

    def full(*args: object, **options: object) -> None:
        raise StoreError("news.db: the disk is full")

    monkeypatch.setattr(Writer, "record", full)
    with (
        Store.open(settings.store.database, create=True) as store,
        pytest.raises(StoreError, match="the disk is full"),
    ):
        daemon.run(settings, store, clock=lambda: datetime.now(UTC))
    assert "job_failed job=settle" in caplog.text
