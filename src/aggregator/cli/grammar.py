"""How a command line is read: `aggregator NOUN [VERB] ...`, global options anywhere, typos answered with the nearest.

Heavy imports wait until a command runs: `aggregator --help` and a mistyped option answer at once.
"""

import io
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import click

from aggregator.cli.log import without_secrets
from aggregator.cli.session import Session
from aggregator.errors import AggregatorError
from aggregator.render.safe import escape_controls

INTERRUPTED = 130
DEFAULT_VERB = "list"
CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

ALSO = "Also --config, --database, --now, -v and -q: see `aggregator --help`."

_Parsed = tuple[str | None, click.Command | None, list[str]]


class Instant(click.ParamType[datetime]):
    """An ISO 8601 instant; without a zone it is UTC."""

    name = "ISO-8601"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            at = datetime.fromisoformat(str(value).strip())
        except ValueError:
            self.fail(f"{value!r} is no time; expected one like 2026-05-14T09:30:00Z", param, ctx)
        return at if at.tzinfo else at.replace(tzinfo=UTC)


def _remember(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    """The innermost place where a global option stands wins; the environment counts where none is given."""
    if value is not None and param.name is not None:
        setattr(ctx.ensure_object(Session), param.name, value)


def _verbosity(ctx: click.Context, param: click.Parameter, value: int) -> None:
    session = ctx.ensure_object(Session)
    session.verbosity += value if param.name == "verbose" else -value


def global_options(*, root: bool) -> list[click.Parameter]:
    """Read from the environment and shown in the help at the root only."""

    def option(*names: str, variable: str | None = None, **settings: Any) -> click.Option:
        return click.Option(
            names, expose_value=False, hidden=not root, envvar=variable if root else None, **settings
        )

    return [
        option(
            "--config",
            "config_path",
            variable="AGGREGATOR_CONFIG",
            type=click.Path(path_type=Path),
            metavar="PATH",
            callback=_remember,
            help="The configuration. Default: config/sources.toml, else aggregator/sources.toml in the XDG folder.",
        ),
        option(
            "--database",
            variable="AGGREGATOR_DATABASE_URL",
            metavar="URL",
            callback=_remember,
            help="The database, as a URL or the path of an SQLite file. Default: as the configuration says.",
        ),
        option(
            "--now",
            variable="AGGREGATOR_NOW",
            type=Instant(),
            callback=_remember,
            help="Stop the clock at this time, e.g. 2026-05-14T09:30:00Z. Default: the wall clock.",
        ),
        option("-v", "--verbose", count=True, callback=_verbosity, help="Say more on stderr; -vv says most."),
        option("-q", "--quiet", count=True, callback=_verbosity, help="Say less: only what went wrong."),
    ]


class Command(click.Command):
    """A verb. Global options may stand behind it as well."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        settings.setdefault("epilog", ALSO)
        settings["context_settings"] = {**CONTEXT, **(settings.get("context_settings") or {})}
        super().__init__(*args, **settings)
        self.params.extend(global_options(root=False))

    def invoke(self, ctx: click.Context) -> Any:
        session = ctx.find_object(Session)
        assert session is not None, "the root makes it"
        session.start_logging()
        return super().invoke(ctx)


class Group(click.Group):
    """Commands under one name; a mistyped one is answered with the nearest."""

    command_class = Command
    is_root = False

    def __init__(self, *args: Any, **settings: Any) -> None:
        if not self.is_root:
            settings.setdefault("epilog", ALSO)
        settings["context_settings"] = {**CONTEXT, **(settings.get("context_settings") or {})}
        super().__init__(*args, **settings)
        self.params.extend(global_options(root=self.is_root))

    def resolve_command(self, ctx: click.Context, args: list[str]) -> _Parsed:
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            nearest = get_close_matches(name, self.list_commands(ctx))
            hint = f" Did you mean {' or '.join(nearest)}?" if nearest else self._hint(ctx, name)
            ctx.fail(f"No such command {name!r}.{hint}")
        return super().resolve_command(ctx, args)

    def _hint(self, ctx: click.Context, name: str) -> str:
        if self.get_command(ctx, "show") is not None:
            return f" `{ctx.command_path} show {name}` shows one."
        return ""


class Noun(Group):
    """A group that lists when no verb is given: `items --since 6h` is `items list --since 6h`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if self._names_no_verb(ctx, args):
            args = [DEFAULT_VERB, *args]
        return super().parse_args(ctx, args)

    def _names_no_verb(self, ctx: click.Context, args: Sequence[str]) -> bool:
        valued = {
            name: not option.count
            for option in global_options(root=False)
            if isinstance(option, click.Option)
            for name in option.opts
        }
        rest = iter(args)
        for arg in rest:
            name, equals, _ = arg.partition("=")
            if name in valued:
                if valued[name] and not equals:
                    next(rest, None)
            else:
                return arg.startswith("-") and arg not in ctx.help_option_names
        return True

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [f"[{DEFAULT_VERB}] [OPTIONS] | COMMAND [ARGS]..."]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        self.format_commands(ctx, formatter)
        default = self.get_command(ctx, DEFAULT_VERB)
        assert default is not None
        records = [record for param in default.get_params(ctx) if (record := param.get_help_record(ctx))]
        with formatter.section(f"Options of {DEFAULT_VERB}, which is meant when no command is named"):
            formatter.write_dl(records)


class Root(Group):
    """The whole program: imports a command when it is asked for, and ends with a message and an exit code."""

    is_root = True

    def __init__(
        self, *args: Any, lazy: Mapping[str, str], hidden: Mapping[str, str], **settings: Any
    ) -> None:
        super().__init__(*args, **settings)
        self._lazy = {**lazy, **hidden}  # name -> "module:attribute"
        self._shown = list(lazy)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return self._shown

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        place = self._lazy.get(cmd_name)
        if place is None:
            return None
        module, _, attribute = place.partition(":")
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> NoReturn:
        """Run and exit: 0, 130 when interrupted, else what the error says. Unexpected exceptions show their traceback."""

        def run() -> Any:
            return super(Root, self).main(
                args,
                prog_name,
                complete_var,
                standalone_mode=False,
                windows_expand_args=windows_expand_args,
                **extra,
            )

        sys.exit(exit_code(run))

    def invoke(self, ctx: click.Context) -> Any:
        try:
            result = super().invoke(ctx)
            if sys.stdout is not None:
                sys.stdout.flush()
        except BrokenPipeError:
            # The reader has what it wanted (`| head`). What is left in the buffer must not fail at exit either.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(0)
        return result


def exit_code(run: Callable[[], Any]) -> int:
    """Run a command line; say on stderr what went wrong, and return the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal or pipe that is ASCII only gets \xfc for ü, never a traceback.
            stream.reconfigure(errors="backslashreplace")
    try:
        code = run()
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        return INTERRUPTED
    except AggregatorError as error:
        # A message may quote an address or a text from outside.
        click.echo(f"Error: {escape_controls(without_secrets(str(error)))}", err=True)
        return error.exit_code
    return code if isinstance(code, int) else 0
