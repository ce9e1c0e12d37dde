"""Scheme, host and port -> an open byte stream to a checked address, through a proxy where one is set. The only sockets.

TLS is verified against the name asked for, whatever address was dialled; there is no switch to turn that off.
"""

import asyncio
import base64
import os
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from aggregator.errors import ErrorKind
from aggregator.fetch.failure import Failure
from aggregator.fetch.guard import Address, Guard

READ_SIZE = 65_536

MAX_ATTEMPTS = 4
"""Addresses of one host that are tried before giving up."""

_CERTIFICATE = {  # X509_V_ERR_* of OpenSSL: what a person can make of them
    9: "is not valid yet",
    10: "has expired",
    18: "is signed by itself",
    19: "is signed by an authority nobody knows (self-signed)",
    20: "is signed by an authority that is not known here",
    62: "is for another name",
    64: "is for another address",
}


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy, as written in the configuration: http://[user:password@]host[:port]."""

    host: str
    port: int
    authorization: bytes  # value of Proxy-Authorization; empty: none

    @classmethod
    def parse(cls, url: str) -> "Proxy":
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port or 3128
        except ValueError:
            host, port = None, 0
        if host is None or parts.scheme != "http":
            raise Failure("refused", "the proxy is not of the form http://[user:password@]host[:port]")
        user = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
        return cls(host, port, basic(user) if parts.username else b"")


def basic(credentials: str) -> bytes:
    """The value of an Authorization header for "user:password" (RFC 7617)."""
    return b"Basic " + base64.b64encode(credentials.encode())


class Stream:
    """An open connection. Reads end with an error when the other side is silent for longer than `patience` seconds."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, patience: float) -> None:
        self._reader, self._writer, self._patience = reader, writer, patience
        self.received = 0  # bytes

    async def read(self) -> bytes:
        """At least one byte; b"" at the end."""
        try:
            async with asyncio.timeout(self._patience):
                data = await self._reader.read(READ_SIZE)
        except TimeoutError as error:
            what = "fell silent" if self.received else "no answer came"
            raise Failure("network", f"{what} for {self._patience:g} s") from error
        except OSError as error:  # ssl.SSLError is one
            kind: ErrorKind = "protocol" if self.received else "network"
            raise Failure(kind, f"the connection broke off: {reason(error)}") from error
        self.received += len(data)
        return data

    async def write(self, data: bytes) -> None:
        try:
            self._writer.write(data)
            await self._writer.drain()
        except OSError as error:
            raise Failure("network", f"the connection broke off: {reason(error)}") from error

    async def start_tls(self, context: ssl.SSLContext, name: str) -> None:
        """Continue encrypted, as inside a proxy's tunnel."""
        try:
            async with asyncio.timeout(self._patience):
                await self._writer.start_tls(context, server_hostname=name)
        except OSError as error:
            raise _explain(error, name, self._patience) from error

    def close(self) -> None:
        # Not close(): that would wait for the other side's goodbye, which a hostile one never sends.
        self._writer.transport.abort()


def _explain(error: OSError, name: str, patience: float) -> Failure:
    """What went wrong while connecting or in the TLS handshake, as a person understands it."""
    if isinstance(error, TimeoutError):
        return Failure("network", f"{name} did not take the connection within {patience:g} s")
    if isinstance(error, ssl.SSLCertVerificationError):
        why = _CERTIFICATE.get(error.verify_code, f"does not verify: {error.verify_message}")
        return Failure("tls", f"the certificate of {name} {why}")
    if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return Failure("tls", f"no TLS connection with {name}: {reason(error)}")
    return Failure("network", f"{name} cannot be reached: {reason(error)}")


class Connector:
    """Opens streams that the guard allows.

    Args:
        context: gives the TLS context for an authority's file ("": the system's authorities); asked when an https
            address is met, because loading the authorities takes 20 ms.
        connect_timeout, read_timeout: seconds.
    """

    def __init__(
        self,
        guard: Guard,
        context: Callable[[str], ssl.SSLContext],
        *,
        connect_timeout: float,
        read_timeout: float,
    ) -> None:
        self._guard, self._context = guard, context
        self._connect_timeout, self._read_timeout = connect_timeout, read_timeout

    async def open(self, scheme: str, host: str, port: int, proxy: Proxy | None, ca: str = "") -> Stream:
        tls = self._context(ca) if scheme == "https" else None
        if proxy is None:
            return await self._dial(host, port, tls)
        stream = await self._dial(proxy.host, proxy.port, None)
        if tls is not None:
            try:
                await _tunnel(stream, host, port, proxy)
                await stream.start_tls(tls, host)
            except BaseException:
                stream.close()
                raise
        return stream

    async def _dial(self, host: str, port: int, tls: ssl.SSLContext | None) -> Stream:
        candidates = (await self._guard.addresses(host, port))[:MAX_ATTEMPTS]
        for address in candidates[:-1]:
            try:
                # A dead address (IPv6 without a route, mostly) must leave time for the next one.
                return await self._dial_address(
                    address, host, port, tls, self._connect_timeout / len(candidates)
                )
            except Failure as failure:
                if failure.kind != "network":
                    raise
        return await self._dial_address(candidates[-1], host, port, tls, self._connect_timeout)

    async def _dial_address(
        self, address: Address, host: str, port: int, tls: ssl.SSLContext | None, patience: float
    ) -> Stream:
        try:
            async with asyncio.timeout(patience):
                reader, writer = await asyncio.open_connection(
                    str(address), port, ssl=tls, server_hostname=host.rstrip(".") if tls else None
                )
        except OSError as error:  # TimeoutError and ssl.SSLError are OSErrors
            raise _explain(error, host, patience) from error
        return Stream(reader, writer, self._read_timeout)


async def _tunnel(stream: Stream, host: str, port: int, proxy: Proxy) -> None:
    """Ask a proxy for a connection to host and port (RFC 9110 section 9.3.6)."""
    target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {target} HTTP/1.1".encode(), b"Host: " + target.encode()]
    if proxy.authorization:
        lines.append(b"Proxy-Authorization: " + proxy.authorization)
    await stream.write(b"\r\n".join(lines) + b"\r\n\r\n")
    answer = b""
    while b"\r\n\r\n" not in answer:
        more = await stream.read()
        answer += more
        if not more or len(answer) > READ_SIZE:
            raise Failure("network", "the proxy gave no answer that could be read")
    status = answer.split(b"\r\n", 1)[0].split(b" ")
    if len(status) < 2 or not status[1].startswith(b"2"):
        raise Failure(
            "network", f"the proxy refused: {status[1].decode('latin-1')[:3] if len(status) > 1 else '?'}"
        )


def reason(error: BaseException) -> str:
    """The operating system's or OpenSSL's words, without their numbers."""
    if isinstance(error, ssl.SSLError):
        return (error.reason or str(error)).replace("_", " ").lower()
    number = getattr(error, "errno", None)
    return (os.strerror(number) if number and number > 0 else str(error)).lower() or type(error).__name__
