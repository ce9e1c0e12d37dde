"""Saved pages as tests, in anybody's test suite: one test per pair that `aggregator sources fixture` made.

    pytest --aggregator-fixtures DIR        # beside the tests that are asked for

    [tool.pytest.ini_options]
    aggregator_fixtures = ["tests/pages"]   # with every run that names no files

pytest finds this module by its entry point; the program never imports it, and nothing is done before it is asked for.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from aggregator.replay import Replayed

OPTION, SETTING = "--aggregator-fixtures", "aggregator_fixtures"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("aggregator").addoption(
        OPTION,
        action="append",
        default=[],
        metavar="DIR",
        help="replay the pages saved under DIR, one test each (repeatable)",
    )
    parser.addini(
        SETTING, "folders of saved pages that are replayed, one test each", type="paths", default=[]
    )


def pytest_configure(config: pytest.Config) -> None:
    """Collect under the folders that were asked for: those of the option always, the set ones where no file is named."""
    named = [(config.invocation_params.dir / folder).resolve() for folder in config.getoption(OPTION)]
    settled = [folder.resolve() for folder in config.getini(SETTING)]
    if not named and not settled:
        return
    config.pluginmanager.register(_Pairs([*named, *settled]), "aggregator-pairs")
    by_hand = config.args_source is pytest.Config.ArgsSource.ARGS
    for folder in named if by_hand else [*named, *settled]:
        if not any(folder.is_relative_to(_path(argument, config)) for argument in config.args):
            config.args.append(str(folder))


def _path(argument: str, config: pytest.Config) -> Path:
    return (config.invocation_params.dir / argument.partition("::")[0]).resolve()


class _Pairs:
    """The hooks of a run that replays."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = folders

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> "PairFile | None":
        if file_path.suffix != ".json" or not file_path.with_suffix("").is_file():
            return None
        if not any(file_path.resolve().is_relative_to(folder) for folder in self._folders):
            return None
        file: PairFile = PairFile.from_parent(parent, path=file_path)
        return file


class PairFile(pytest.File):
    """An expectation; its page lies beside it."""

    def collect(self) -> Iterator["PairItem"]:
        yield PairItem.from_parent(self, name="replay")


class PairItem(pytest.Item):
    """A page that is read again."""

    def runtest(self) -> None:
        from aggregator.replay import replay

        done = replay(self.path.with_suffix(""))
        if not done.ok:
            raise PairDiffersError(done)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, PairDiffersError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        return self.path, None, f"replay of {self.path.with_suffix('').name}"


class PairDiffersError(Exception):
    """What is read otherwise than expected, a line each."""

    def __init__(self, done: "Replayed") -> None:
        from aggregator.render.safe import visible
        from aggregator.replay import describe

        lines = [done.problem] if done.problem else [describe(one) for one in done.differences]
        hint = [] if done.problem else ["`aggregator replay DIR --accept` expects this from now on"]
        super().__init__("\n".join([f"{done.page}:", *(f"  {visible(line)}" for line in lines), *hint]))
