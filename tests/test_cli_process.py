"""The program as a process: what it imports, pipes that close, poor encodings, terminals, interrupts, tracebacks."""

import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from cli_fake import CONFIG

PROGRAM = [sys.executable, "-m", "aggregator"]
HEAVY = {
    "sqlalchemy", "httpx", "feedparser", "lxml", "numpy", "rich", "jinja2", "babel", "selectolax", "apscheduler", "nh3",
    "uvloop", "asyncio", "tomlkit", "protego",
}  # fmt: skip


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    config = tmp_path / "sources.toml"
    config.write_text(CONFIG.replace("The Harbour Post", "Zeitung für Größe"))
    unset = ("NO_COLOR", "PAGER", "LESS", "COLUMNS", "LINES", "PYTHONIOENCODING")
    kept = {name: value for name, value in os.environ.items() if name not in unset}
    return {**kept, "AGGREGATOR_CONFIG": str(config), "TERM": "xterm-256color"}


def run(*arguments: str, env: dict[str, str], **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *arguments],
        env={**env, **more},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
    )


def on_terminal(
    *arguments: str, env: dict[str, str], rows: int = 24, columns: int = 80, **more: str
) -> tuple[str, int]:
    """What a terminal of that size would receive, and the exit code."""
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    process = subprocess.Popen(
        [*PROGRAM, *arguments],
        env={**env, **more},
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        close_fds=True,
    )
    os.close(terminal)
    received = b""
    while True:
        try:
            part = os.read(controller, 65536)
        except OSError:  # EIO: the last writer is gone
            break
        if not part:
            break
        received += part
    os.close(controller)
    return received.decode().replace("\r\n", "\n"), process.wait(timeout=60)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["items", "--help"],
        ["poll", "--help"],
        ["related", "--help"],
        ["itms"],
        ["items", "--sicne", "6h"],
    ],
)
def test_help_and_typos_import_nothing_heavy(arguments: list[str], environment: dict[str, str]) -> None:
    code = (
        "import sys\nfrom aggregator.cli import main\ntry:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, *arguments], env=environment, capture_output=True, text=True, timeout=60
    )
    imported = set(result.stderr.splitlines()[-1].split())
    assert "click" in imported
    assert not imported & HEAVY


def test_a_pipe_that_closes_ends_it_quietly(environment: dict[str, str]) -> None:
    process = subprocess.Popen(
        [*PROGRAM, "config", "show"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    complaint = process.stderr.read()
    process.stderr.close()
    assert (process.wait(timeout=60), complaint) == (0, b"")


@pytest.mark.parametrize("closed", [1, 2])
def test_a_stream_that_was_never_open_is_no_reason_to_fail(closed: int, environment: dict[str, str]) -> None:
    line = f"exec {sys.executable} -m aggregator config check {closed}>&-"
    result = subprocess.run(["sh", "-c", line], env=environment, capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize(
    "locale", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}]
)
def test_an_ascii_stream_gets_backslashes(locale: dict[str, str], environment: dict[str, str]) -> None:
    shown = run("sources", "check", "--config", "fehlt-für-Größe.toml", env=environment, **locale)
    assert shown.returncode == 2
    assert "Traceback" not in shown.stderr


def test_colour_is_for_terminals_that_want_it(environment: dict[str, str]) -> None:
    assert "\x1b[" in on_terminal("config", "show", env=environment, rows=200)[0]
    assert "\x1b[" not in on_terminal("config", "show", env=environment, rows=200, NO_COLOR="1")[0]
    assert "\x1b[" not in on_terminal("config", "show", env=environment, rows=200, TERM="dumb")[0]
    assert "\x1b[" not in run("config", "show", env=environment).stdout


def test_text_longer_than_the_terminal_goes_through_the_pager(environment: dict[str, str]) -> None:
    pager = "sed s/^/PAGED:/"
    assert "PAGED:path" in on_terminal("config", "show", env=environment, NO_COLOR="1", PAGER=pager)[0]
    assert "PAGED" not in on_terminal("config", "show", env=environment, rows=200, PAGER=pager)[0]
    assert "PAGED" not in run("config", "show", env=environment, PAGER=pager).stdout
    own = on_terminal("config", "show", env=environment, PAGER=pager, AGGREGATOR_PAGER="")[0]
    assert "PAGED" not in own
    missing = on_terminal("config", "show", env=environment, PAGER="no-such-pager-here --x")
    assert "fetch.deadline" in missing[0]
    assert missing[1] == 0


@pytest.mark.parametrize("columns", [1, 40])
def test_any_width_is_written_to(columns: int, environment: dict[str, str]) -> None:
    shown, code = on_terminal("config", "show", env=environment, rows=1000, columns=columns, NO_COLOR="1")
    assert code == 0
    assert max(len(line) for line in shown.splitlines()) <= max(columns, 10)


def test_an_interrupt_ends_it_with_130(environment: dict[str, str], tmp_path: Path) -> None:
    # Reading the configuration from a pipe into which nobody writes takes as long as it is let.
    waiting = tmp_path / "waiting.toml"
    os.mkfifo(waiting)
    process = subprocess.Popen(
        [*PROGRAM, "config", "check", "--config", str(waiting)], env=environment, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    writer = _open_when_read(waiting)
    process.send_signal(signal.SIGINT)
    os.close(writer)  # a signal that came just before the read would otherwise wait for its end
    out, complaint = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert "Interrupted." in complaint
    assert "Traceback" not in complaint


@pytest.mark.parametrize(
    ("sent", "code"), [(signal.SIGTERM, 0), pytest.param(signal.SIGINT, 130, marks=pytest.mark.slow)]
)
def test_the_scheduler_stops_when_told(
    sent: signal.Signals, code: int, environment: dict[str, str], tmp_path: Path
) -> None:
    config = tmp_path / "sources.toml"
    config.write_text(
        '[fetch]\nallow_networks = ["127.0.0.0/8"]\n[[sources]]\nid = "a"\nname = "A"\nurl = "https://a.example/"\n'
        '[[sources.feeds]]\nurl = "http://127.0.0.1:9/rss"\n'  # nothing listens there
    )
    process = subprocess.Popen(
        [*PROGRAM, "run"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    said = ""
    while "started feeds=1" not in said:
        line = process.stderr.readline()
        assert line, said
        said += line
    process.send_signal(sent)
    out, rest = process.communicate(timeout=60)
    assert (process.returncode, out) == (code, "")
    assert "Traceback" not in rest


def test_what_nobody_expected_shows_its_traceback(environment: dict[str, str]) -> None:
    code = (
        "from aggregator.cli import main\nimport aggregator.config\n"
        "aggregator.config.load = lambda *a, **k: 1 / 0\nmain()"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, "config", "check"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode == 1
    assert "ZeroDivisionError" in result.stderr
    assert "Traceback" in result.stderr


def _open_when_read(pipe: Path) -> int:
    """Open a named pipe for writing once somebody has it open for reading: from then on that process waits."""
    deadline = time.monotonic() + 30
    while True:
        try:
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:  # ENXIO: nobody reads yet
            assert time.monotonic() < deadline, "the program never read its configuration"
            time.sleep(0.02)
