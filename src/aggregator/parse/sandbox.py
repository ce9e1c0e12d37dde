"""The tolerant parser in a process of its own, with limits on CPU time, memory and patience.

feedparser reads anything, and some things take it minutes or gigabytes. Here that costs one ParseError: the process is
killed and the next job starts another. JSON goes over the pipes; the parent unpickles nothing.
"""

import json
import math
import os
import resource
import signal
import struct
import subprocess
import sys
import threading
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from aggregator.errors import ParseError
from aggregator.model import Entry, ParsedFeed

MIB = 1024 * 1024
_LENGTH = struct.Struct("!Q")
_MOST_ANSWER = 512 * MIB  # bytes of JSON; 16 MiB of feed have never made more than 100
_PATIENCE = 4  # wall clock over CPU seconds: a loaded machine is not the feed's fault


class Sandbox:
    """One worker process, started by the first job and reused; calls from several threads wait for each other.

    Args:
        cpu_seconds: of one job. The largest feed that may be fetched (16 MiB) takes feedparser about 8.
        memory_bytes: address space of the process, its libraries included.
    """

    def __init__(self, cpu_seconds: float = 15.0, memory_bytes: int = 1024 * MIB) -> None:
        self._cpu_seconds = cpu_seconds
        self._memory_bytes = memory_bytes
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def parse(self, data: bytes, url: str, content_type: str | None = None) -> ParsedFeed:
        """parse_tolerant, elsewhere. Blocks; thread-safe.

        Raises:
            ParseError: there was no feed in it, or reading it took more than the limits.
        """
        with self._lock:
            answer = self._answer(data, url, content_type)
        if "error" in answer:
            raise ParseError(url, answer["error"])
        return _feed_from(answer["feed"])

    def close(self) -> None:
        """Ends the process; a later job would start a new one."""
        with self._lock:
            self._end()

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _answer(self, data: bytes, url: str, content_type: str | None) -> dict[str, Any]:
        if self._process is not None and self._process.poll() is not None:
            self._end()  # killed while it had nothing to do
        process = self._process = self._process or self._started()
        out_of_patience = threading.Event()

        def give_up() -> None:
            out_of_patience.set()
            process.kill()

        alarm = threading.Timer(_PATIENCE * self._cpu_seconds, give_up)
        alarm.start()
        try:
            assert process.stdin and process.stdout
            head = json.dumps({"url": url, "content_type": content_type}).encode()
            _send(process.stdin, head)
            _send(process.stdin, data)
            received = _receive(process.stdout, _MOST_ANSWER)
        except OSError:  # it died while it was written to
            received = None
        finally:
            alarm.cancel()
            alarm.join()
        if received is None:
            reason = self._cause_of_death(process, out_of_patience.is_set())
            self._end()
            raise ParseError(url, f"the tolerant parser {reason}")
        answer: dict[str, Any] = json.loads(received)
        if answer.get("last"):
            self._end()
        return answer

    def _started(self) -> subprocess.Popen[bytes]:
        """With nothing of this process's environment, which may hold secrets, and out of reach of its Ctrl-C."""
        return subprocess.Popen(  # noqa: S603  our own module, by the interpreter that runs us
            [sys.executable, "-P", "-m", __name__, str(self._cpu_seconds), str(self._memory_bytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONUTF8": "1"},
            start_new_session=True,
        )

    def _cause_of_death(self, process: subprocess.Popen[bytes], out_of_patience: bool) -> str:
        if out_of_patience:
            return f"took longer than {_PATIENCE * self._cpu_seconds:g} s"
        try:
            code = process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            return "answered nonsense"
        if code == -signal.SIGXCPU:
            return f"took more than {self._cpu_seconds:g} s of CPU"
        if code == _OUT_OF_MEMORY:
            return f"took more than {self._memory_bytes // MIB} MiB of memory"
        return f"died of signal {-code}" if code < 0 else f"ended with exit code {code}"

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()  # it holds nothing that could be lost
        process.communicate()


def _send(stream: IO[bytes], data: bytes) -> None:
    stream.write(_LENGTH.pack(len(data)))
    stream.write(data)
    stream.flush()


def _receive(stream: IO[bytes], most: int) -> bytes | None:
    """One frame; None at the end of the stream, in the middle of a frame, or when it is longer than `most`."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    if length > most:
        return None
    data = stream.read(length)
    return data if len(data) == length else None


# --- what goes over the pipe -------------------------------------------------------------------------------------

_ENTRY_FIELDS = tuple(each.name for each in fields(Entry))
_FEED_FIELDS = tuple(each.name for each in fields(ParsedFeed))
_DATES = ("published", "updated")
_TUPLES = ("authors", "categories", "enclosures")


def _feed_to_json(feed: ParsedFeed) -> dict[str, Any]:
    found = {name: getattr(feed, name) for name in _FEED_FIELDS}
    found["entries"] = [[getattr(entry, name) for name in _ENTRY_FIELDS] for entry in feed.entries]
    return found


def _feed_from(found: dict[str, Any]) -> ParsedFeed:
    found["updated"] = _date_from(found["updated"])
    found["entries"] = tuple(_entry_from(values) for values in found["entries"])
    found["parts"] = tuple(found["parts"])
    return ParsedFeed(**found)


def _entry_from(values: list[Any]) -> Entry:
    said = dict(zip(_ENTRY_FIELDS, values, strict=True))
    for name in _DATES:
        said[name] = _date_from(said[name])
    for name in _TUPLES:
        said[name] = tuple(said[name])
    return Entry(**said)


def _date_from(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


# --- in the process ----------------------------------------------------------------------------------------------

_OUT_OF_MEMORY = 77  # exit code


def serve(cpu_seconds: float, memory_bytes: int) -> None:
    """Jobs from stdin to stdout until stdin ends."""
    jobs, answers = sys.stdin.buffer, os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    sys.stdout = sys.stderr  # whatever a library prints must not get between the frames
    from aggregator.parse.tolerant import parse_tolerant

    _limit(resource.RLIMIT_AS, memory_bytes)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)
    while (head := _receive(jobs, MIB)) is not None:
        job = json.loads(head)
        try:
            data = _receive(jobs, memory_bytes)
            if data is None:
                return
            _allow_cpu(cpu_seconds)
            answer: dict[str, Any] = {"feed": _feed_to_json(parse_tolerant(data, **job))}
            body = json.dumps(answer | {"last": _grown(memory_bytes)}, default=datetime.isoformat).encode()
        except ParseError as error:
            if isinstance(error.__cause__, MemoryError):
                os._exit(_OUT_OF_MEMORY)
            body = json.dumps({"error": error.message, "last": _grown(memory_bytes)}).encode()
        except MemoryError:
            os._exit(_OUT_OF_MEMORY)
        _send(answers, body)


def _limit(which: int, value: int) -> None:
    """The soft limit, kept under a hard one that somebody above has set."""
    _, hard = resource.getrlimit(which)
    soft = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(which, (soft, hard))


def _allow_cpu(seconds: float) -> None:
    """RLIMIT_CPU counts from the start of the process and in whole seconds: it is raised for every job."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _limit(resource.RLIMIT_CPU, math.ceil(used.ru_utime + used.ru_stime + seconds))


def _grown(memory_bytes: int) -> bool:
    """Whether a job left the process so large that the next may find no room."""
    try:
        # On Linux ru_maxrss begins with what the process we were forked from had, so the kernel's page count is asked.
        resident = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    except OSError:
        unit = 1 if sys.platform == "darwin" else 1024  # bytes on macOS, else KiB
        resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    return resident > memory_bytes // 3


if __name__ == "__main__":
    serve(float(sys.argv[1]), int(sys.argv[2]))
