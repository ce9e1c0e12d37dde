"""Host and port -> the checked addresses that may be dialled, or a refusal. Connections go to those addresses themselves.

Nothing is resolved between the check and the connection, so a name that changes its mind (DNS rebinding) gains nothing.
"""

import asyncio
import contextlib
import re
import socket
import threading
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from aggregator.fetch.failure import Failure
from aggregator.settings import FetchSettings

Address = IPv4Address | IPv6Address
Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""Name and port -> addresses as text, best first. Raises OSError when the name does not resolve."""

DEFAULT_PORTS = {"http": 80, "https": 443}

_HOST_NAME = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*\.?", re.IGNORECASE)  # IDNA-encoded already

# The registries of special-purpose addresses (RFC 6890 and its updates). Spelled out because `is_global` changed between
# patch releases of Python 3.11 and calls multicast, NAT64 and Teredo addresses global.
NOT_PUBLIC_V4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this host, RFC 1122
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT, RFC 6598
        "127.0.0.0/8",
        "169.254.0.0/16",  # link local, where clouds keep their metadata
        "172.16.0.0/12",
        "192.0.0.0/24",  # protocol assignments, RFC 6890
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays, withdrawn
        "192.168.0.0/16",
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
PUBLIC_V6 = IPv6Network(
    "2000::/3"
)  # all that is assigned; NAT64, loopback, ULA, link local, multicast lie outside
NOT_PUBLIC_V6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments: Teredo, benchmarking, ORCHID
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: any IPv4 address may hide in it
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)


def is_public(address: Address) -> bool:
    """Whether an address belongs to the open internet. An IPv4 address mapped into IPv6 is judged as what it is."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        return (
            address.scope_id is None
            and address in PUBLIC_V6
            and not any(address in network for network in NOT_PUBLIC_V6)
        )
    return not any(address in network for network in NOT_PUBLIC_V4)


def literal_address(host: str) -> Address | None:
    """The address a host spells out, in any form the C library accepts; None for a name.

    >>> str(literal_address("0x7f000002")), str(literal_address("127.2")), literal_address("example.org")
    ('127.0.0.2', '127.0.0.2', None)
    """
    try:
        return ip_address(host.strip("[]").replace("%25", "%"))
    except ValueError:
        pass
    if not host[:1].isdigit():
        return None
    try:
        return IPv4Address(socket.inet_aton(host.rstrip(".")))
    except (OSError, ValueError):
        return None


class Guard:
    """The policy for outgoing connections, and the name resolution that it needs."""

    def __init__(self, settings: FetchSettings, resolver: Resolver | None = None) -> None:
        self._networks = settings.allow_networks
        self._ports = frozenset(settings.allow_ports)
        self._patience = settings.connect_timeout.total_seconds()
        self._resolver = resolver or getaddrinfo

    def check(self, scheme: str, host: str, port: int) -> None:
        """Raise for what can be refused without resolving: scheme, port, spelled-out address."""
        if scheme not in DEFAULT_PORTS:
            raise Failure(
                "refused", f"only http and https are fetched, not {scheme or 'an address without scheme'}"
            )
        address = literal_address(host)
        if address is None and not _HOST_NAME.fullmatch(host):
            raise Failure(
                "refused", f"{host[:100]!r} is no host name" if host else "the address names no host"
            )
        if address is not None:
            self._check_addresses(host, port, (address,))
        elif port not in self._ports and not self._networks:
            self._refuse_port(port)

    async def addresses(self, host: str, port: int) -> tuple[Address, ...]:
        """The addresses to dial for a host, every one of them allowed: one that is not refuses the host."""
        literal = literal_address(host)
        if literal is not None:
            found: tuple[Address, ...] = (literal,)
        else:
            found = await self._resolve(host, port)
        self._check_addresses(host, port, found)
        return found

    def _check_addresses(self, host: str, port: int, addresses: Sequence[Address]) -> None:
        inside = [self._is_listed(address) for address in addresses]
        for address, listed in zip(addresses, inside, strict=True):
            if not listed and not is_public(address):
                where = str(address) if host == str(address) else f"{host} is {address}, which"
                raise Failure(
                    "refused",
                    f"{where} is not a public address; list its network in allow_networks if it may be contacted",
                )
        if port not in self._ports and not all(inside):
            self._refuse_port(port)

    def _is_listed(self, address: Address) -> bool:
        if isinstance(address, IPv6Address):
            if address.scope_id is not None:
                return False
            address = address.ipv4_mapped or address
        return any(address.version == network.version and address in network for network in self._networks)

    def _refuse_port(self, port: int) -> None:
        listed = ", ".join(str(port) for port in sorted(self._ports))
        raise Failure(
            "refused", f"port {port} is none of {listed}; list it in allow_ports if it may be contacted"
        )

    async def _resolve(self, host: str, port: int) -> tuple[Address, ...]:
        try:
            async with asyncio.timeout(self._patience):
                texts = await self._resolver(host, port)
        except TimeoutError as error:
            raise Failure("network", f"{host} did not resolve within {self._patience:g} s") from error
        except (OSError, UnicodeError) as error:
            raise Failure(
                "network", f"{host} does not resolve: {error.args[-1] if error.args else error}"
            ) from error
        if not texts:
            raise Failure("network", f"{host} does not resolve: no address is known for it")
        try:
            return tuple(dict.fromkeys(ip_address(text) for text in texts))
        except ValueError as error:
            raise Failure("network", f"{host} does not resolve to an address: {error}") from error


async def getaddrinfo(host: str, port: int) -> Sequence[str]:
    """The system's resolver, in a daemon thread of its own.

    A dead name server holds a thread for 20 s or more: in a pool, six such lookups would stop all others, and no pool
    lets the program end before its threads do.
    """
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[Sequence[str]] = loop.create_future()

    def settle(found: Sequence[str] | Exception) -> None:
        if answered.done():
            return  # nobody waits any more
        if isinstance(found, Exception):
            answered.set_exception(found)
        else:
            answered.set_result(found)

    def look_up() -> None:
        found: Sequence[str] | Exception
        try:
            entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found = [str(entry[4][0]) for entry in entries]
        except Exception as error:
            found = error
        with contextlib.suppress(RuntimeError):  # the loop is closed: the program has ended its work
            loop.call_soon_threadsafe(settle, found)

    threading.Thread(target=look_up, name=f"resolve {host}", daemon=True).start()
    return await answered
