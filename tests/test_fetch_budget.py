"""Bytes held at a time: small bodies never wait, large ones take turns, and nobody waits for ever."""

import asyncio
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from aggregator.fetch.budget import ALLOWANCE, Budget

LARGE = 4 * ALLOWANCE


def test_small_bodies_are_counted_and_never_wait() -> None:
    async def main() -> None:
        budget = Budget(ALLOWANCE)
        shares = [budget.share() for _ in range(10)]
        for share in shares:
            await share.raise_ceiling(ALLOWANCE)  # what everyone may hold anyway
            share.settle(ALLOWANCE // 2)
        assert budget.held == 5 * ALLOWANCE
        for share in shares:
            share.settle(0)
        assert budget.held == 0

    asyncio.run(main())


def test_large_bodies_take_turns_in_the_order_they_came() -> None:
    async def main() -> None:
        budget = Budget(LARGE)
        order: list[int] = []
        most = 0

        async def read(number: int) -> None:
            nonlocal most
            with budget.share() as share:
                await share.raise_ceiling(LARGE)
                most = max(most, budget.held)
                order.append(number)
                share.settle(LARGE // 2)  # it was half as large as it might have been
                await asyncio.sleep(0.001)

        await asyncio.gather(*(read(number) for number in range(6)))
        assert order == list(range(6))
        assert most <= LARGE
        assert budget.held == 0

    asyncio.run(main())


def test_a_body_larger_than_the_whole_budget_goes_alone() -> None:
    async def main() -> None:
        budget = Budget(ALLOWANCE)
        with budget.share() as share:
            await asyncio.wait_for(share.raise_ceiling(LARGE), 1)
            assert share.ceiling == LARGE
        assert budget.held == 0

    asyncio.run(main())


@pytest.mark.parametrize("granted_meanwhile", [False, True])
def test_whoever_stops_waiting_holds_nothing(granted_meanwhile: bool) -> None:
    async def main() -> None:
        budget = Budget(LARGE)
        first, second, third = (budget.share() for _ in range(3))
        await first.raise_ceiling(LARGE)
        waiting = asyncio.create_task(second.raise_ceiling(LARGE))
        behind = asyncio.create_task(third.raise_ceiling(LARGE))
        await asyncio.sleep(0)
        if granted_meanwhile:
            first.settle(0)  # the grant and the cancellation meet
            waiting.cancel()
        else:
            waiting.cancel()
            await asyncio.sleep(0)
            first.settle(0)
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await asyncio.wait_for(behind, 1)
        assert budget.held == LARGE
        third.settle(0)
        assert budget.held == 0

    asyncio.run(main())


FREEING = """
import resource
from pathlib import Path
from aggregator.fetch.budget import ALLOWANCE, return_freed_bodies

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / ALLOWANCE

return_freed_bodies()
for _ in range(2):
    body = b"x" * (16 * ALLOWANCE)
    held = resident()
    del body
    print(held - resident())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have no such threshold")
def test_the_memory_of_a_freed_body_goes_back_to_the_system() -> None:
    """In a process of its own, whose heap has no holes. It is the second body that glibc would keep."""
    environment = {"PYTHONPATH": str(Path(__file__).parents[1] / "src")}
    done = subprocess.run(
        [sys.executable, "-c", FREEING], capture_output=True, text=True, check=True, env=environment
    )
    assert all(float(freed) > 15 for freed in done.stdout.split())
