"""Log records -> lines on stderr, without secrets."""

import logging
import re
import sys

_SECRETS = (
    re.compile(r"(://[^/\s:@]*:)[^/\s@]+(?=@)"),  # a password in an address
    re.compile(
        r"([?&;](?:[\w-]*(?:token|key|auth|sig|signature|secret)|pass|passwd|password)=)[^\s&;#'\"<>]+",
        re.IGNORECASE,
    ),
    re.compile(
        r"(\b(?:proxy-)?(?:authorization|cookie|set-cookie|x-api-key)\b['\"]?\s*[:=,]\s*(?:b(?=['\"]))?['\"]?)[^'\"\r\n]+",
        re.IGNORECASE,
    ),
)

CHATTY = ("httpx", "httpcore", "apscheduler", "asyncio")
"""Libraries that log a line per request or tick; -vv lets them."""


def without_secrets(text: str) -> str:
    """Passwords in addresses, keys in queries and credentials in headers as ***."""
    for secret in _SECRETS:
        text = secret.sub(r"\1***", text)
    return text


class Redacting(logging.Formatter):
    """Redacts the finished line, so that arguments and tracebacks are covered as well."""

    def format(self, record: logging.LogRecord) -> str:
        return without_secrets(super().format(record))


class ToStderr(logging.Handler):
    """Writes to whatever stderr is at that moment; one that is closed or full is no reason to stop."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            if sys.stderr is not None:
                sys.stderr.write(self.format(record) + "\n")
                sys.stderr.flush()
        except OSError:
            pass
        except Exception:
            self.handleError(record)


def start(level: int, *, everything: bool = False) -> None:
    """Log from `level` on to stderr. Starting again changes the level."""
    root = logging.getLogger()
    if not any(isinstance(handler, ToStderr) for handler in root.handlers):
        handler = ToStderr()
        handler.setFormatter(Redacting("%(asctime)s %(levelname)s %(name)s %(message)s"))
        root.addHandler(handler)
    root.setLevel(level)
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.NOTSET if everything else logging.WARNING)
