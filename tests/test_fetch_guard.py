"""Which addresses may be contacted: the policy as a table, and the checks where the connection is made."""

import asyncio
import socket
from collections.abc import Sequence
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.fetch.failure import Failure
from aggregator.fetch.guard import Guard, is_public, literal_address
from aggregator.settings import FetchSettings

REFUSED = [
    "0.0.0.0",
    "0.1.2.3",
    "10.1.2.3",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.170",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.7",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::8.8.8.8",
    "::ffff:127.0.0.2",
    "::ffff:10.0.0.1",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:808:808::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]
PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "100.63.255.255",
    "100.128.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.1",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2001:4860:4860::8888",
    "2606:4700:4700::1111",
    "2a00:1450:4001::1",
    "::ffff:8.8.8.8",
]


def guard(resolved: Sequence[str] | Exception = (), **settings: object) -> Guard:
    async def resolver(host: str, port: int) -> Sequence[str]:
        if isinstance(resolved, Exception):
            raise resolved
        return resolved

    return Guard(FetchSettings(**settings), resolver)  # type: ignore[arg-type]


def dial(guard: Guard, host: str = "news.example", port: int = 443) -> list[str]:
    return [str(address) for address in asyncio.run(guard.addresses(host, port))]


@pytest.mark.parametrize("address", REFUSED)
def test_what_is_not_the_open_internet_is_refused(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_the_open_internet_is_allowed(address: str) -> None:
    assert is_public(ip_address(address))


@given(st.ip_addresses())
def test_what_python_calls_private_is_never_public(address: object) -> None:
    assert isinstance(address, type(ip_address("::1")) | type(ip_address("127.0.0.1")))
    if not address.is_global and getattr(address, "ipv4_mapped", None) is None:
        assert not is_public(address)


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("2130706434", "127.0.0.2"),
        ("0x7f000002", "127.0.0.2"),
        ("0x7f.0.0.2", "127.0.0.2"),
        ("127.2", "127.0.0.2"),
        ("0177.0.0.1", "127.0.0.1"),
        ("017700000001", "127.0.0.1"),
        ("127.0.0.1.", "127.0.0.1"),
        ("0", "0.0.0.0"),
        ("::ffff:127.0.0.2", "::ffff:127.0.0.2"),
        ("fe80::1%25eth0", "fe80::1%eth0"),
        ("news.example", None),
        ("1.news.example", None),
        ("0x", None),
        ("1.2.3.4.5", None),
    ],
)
def test_every_spelling_of_an_address_is_read(host: str, address: str | None) -> None:
    found = literal_address(host)
    assert found == (ip_address(address) if address else None)


@pytest.mark.parametrize(
    "host", ["2130706434", "0x7f000002", "127.2", "0177.0.0.1", "::1", "169.254.169.254", "0"]
)
def test_spelled_out_internal_addresses_are_refused_without_resolving(host: str) -> None:
    unresolved = guard(AssertionError("asked the resolver"))
    with pytest.raises(Failure) as caught:
        unresolved.check("http", host, 80)
    assert caught.value.kind == "refused"
    with pytest.raises(Failure):
        dial(unresolved, host, 80)


@pytest.mark.parametrize(
    "resolved",
    [["10.0.0.1"], ["93.184.216.34", "10.0.0.1"], ["127.0.0.1", "2606:4700::1"], ["2606:4700::1", "fe80::1%eth0"],
     ["::ffff:192.168.0.1"], ["64:ff9b::a00:1"]],
)  # fmt: skip
def test_one_internal_address_refuses_the_name(resolved: list[str]) -> None:
    with pytest.raises(Failure, match="not a public address") as caught:
        dial(guard(resolved))
    assert caught.value.kind == "refused"


def test_all_public_addresses_are_kept_in_order_and_once() -> None:
    assert dial(guard(["2606:4700::1", "93.184.216.34", "2606:4700::1"])) == ["2606:4700::1", "93.184.216.34"]


def test_allowed_networks_may_be_contacted_on_any_port() -> None:
    intranet = guard(["10.1.2.3"], allow_networks=(ip_network("10.0.0.0/8"),))
    assert dial(intranet, port=9999) == ["10.1.2.3"]
    with pytest.raises(Failure):
        dial(guard(["10.1.2.3", "127.0.0.1"], allow_networks=(ip_network("10.0.0.0/8"),)), port=80)


def test_a_mapped_address_is_judged_by_the_network_it_hides() -> None:
    allowed = guard(["::ffff:10.1.2.3"], allow_networks=(ip_network("10.0.0.0/8"),))
    assert len(dial(allowed)) == 1
    with pytest.raises(Failure):
        dial(guard(["::ffff:127.0.0.1"], allow_networks=(ip_network("10.0.0.0/8"),)))


@pytest.mark.parametrize("port", [22, 25, 6379, 9200, 0, 65535])
def test_other_ports_are_refused(port: int) -> None:
    with pytest.raises(Failure, match="allow_ports") as caught:
        guard().check("https", "news.example", port)
    assert caught.value.kind == "refused"
    with pytest.raises(Failure, match="allow_ports"):
        dial(guard(["93.184.216.34"]), port=port)


def test_a_listed_network_does_not_open_ports_elsewhere() -> None:
    with pytest.raises(Failure, match="allow_ports"):
        dial(guard(["93.184.216.34"], allow_networks=(ip_network("10.0.0.0/8"),)), port=22)


@pytest.mark.parametrize("scheme", ["file", "ftp", "gopher", "data", "javascript", ""])
def test_other_schemes_are_refused(scheme: str) -> None:
    with pytest.raises(Failure, match="only http and https"):
        guard().check(scheme, "news.example", 80)


@pytest.mark.parametrize(
    "answer",
    [socket.gaierror(socket.EAI_NONAME, "Name or service not known"), UnicodeError("label too long"), []],
)
def test_a_name_without_address_is_a_network_error(answer: Exception | list[str]) -> None:
    with pytest.raises(Failure, match=r"news\.example does not resolve") as caught:
        dial(guard(answer))
    assert caught.value.kind == "network"
