"""The files that `aggregator init` writes: a small configuration to start from."""

from importlib.resources import files

SOURCES = files(__package__) / "sources.toml"
