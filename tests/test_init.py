"""The folder that `aggregator init` writes is one to start from."""

from pathlib import Path

from click.testing import CliRunner

from aggregator import config
from aggregator.cli import root


def test_what_is_written_is_a_valid_configuration(tmp_path: Path) -> None:
    result = CliRunner().invoke(root, ["init", str(tmp_path / "news")])
    assert result.exit_code == 0
    written = config.load(tmp_path / "news" / "sources.toml", environ={})
    assert len(written.sources) >= 3
    assert written.topics
    assert written.store.database == f"sqlite:///{tmp_path}/news/data/aggregator.db"
    assert str(tmp_path / "news" / "sources.toml") in result.stdout


def test_what_is_there_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "sources.toml").write_text("# mine")
    result = CliRunner().invoke(root, ["init", str(tmp_path)])
    assert result.exit_code == 1
    assert "stays as it is" in result.stderr
    assert (tmp_path / "sources.toml").read_text() == "# mine"
