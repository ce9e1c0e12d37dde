"""No test can reach the network, whichever way it tries."""

import asyncio
import socket
import urllib.request

import httpx
import pytest

PUBLIC = "203.0.113.7"  # reserved for documentation: nothing is there anyway


def test_a_socket_cannot_connect() -> None:
    with socket.socket() as closed, pytest.raises(AssertionError, match="tried to reach the network"):
        closed.connect((PUBLIC, 80))


def test_a_datagram_cannot_leave() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed,
        pytest.raises(AssertionError, match="tried to reach the network"),
    ):
        closed.sendto(b"x", (PUBLIC, 53))


def test_a_name_cannot_be_resolved() -> None:
    with pytest.raises(AssertionError, match="tried to reach the network"):
        socket.getaddrinfo("outlet.example", 443)


def test_no_client_gets_out() -> None:
    with pytest.raises(AssertionError, match="tried to reach the network"):
        httpx.get(f"http://{PUBLIC}/", trust_env=False)
    with pytest.raises(AssertionError, match="tried to reach the network"):
        urllib.request.urlopen(f"http://{PUBLIC}/")


def test_neither_does_an_event_loop() -> None:
    with pytest.raises(AssertionError, match="tried to reach the network"):
        asyncio.run(asyncio.wait_for(asyncio.open_connection(PUBLIC, 80), 5))


def test_no_faster_loop_slips_past() -> None:
    with pytest.raises(ImportError):
        import uvloop  # noqa: F401
