"""One byte budget for all bodies being read or waiting to be parsed, so that fifty large ones cannot fill the memory.

Small bodies never wait for each other: every exchange may hold ALLOWANCE at any time. One that turns out larger waits,
first come first served, until all it may grow to is free; so nobody holds a part while waiting for the rest (no deadlock).
"""

import asyncio
import contextlib
import ctypes
from collections import deque
from types import TracebackType

ALLOWANCE = 1024 * 1024
"""Bytes an exchange may hold unasked; 99 of 100 feeds are smaller, decoded."""


_M_MMAP_THRESHOLD = -3  # <malloc.h>


def return_freed_bodies() -> None:
    """Have the C library give the memory of freed bodies back to the system at once; nothing where it is not glibc.

    glibc allocates blocks as large as any that was ever freed (up to 32 MiB) in arenas, one per thread, which keep what
    is freed in them: polling every hostile answer at once took 236 MiB, and takes 172 with the threshold held.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, ALLOWANCE)


class Budget:
    """Bytes that may be held at a time."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held = 0
        self._waiting: deque[tuple[asyncio.Future[None], int]] = deque()

    @property
    def held(self) -> int:
        return self._held

    def share(self) -> "Share":
        return Share(self)

    def add(self, size: int) -> None:
        """Hold `size` more (less, when negative), without waiting."""
        self._held += size
        while self._waiting and self._fits(self._waiting[0][1]):
            granted, size = self._waiting[0]
            if granted.done():
                return  # cancelled; it takes itself out and comes back here
            self._waiting.popleft()
            self._held += size
            granted.set_result(None)

    async def wait_for(self, size: int) -> None:
        """Hold `size` more as soon as it is free."""
        if not self._waiting and self._fits(size):
            self._held += size
            return
        granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((granted, size))
        try:
            await granted
        except asyncio.CancelledError:
            if granted.cancelled():
                self._waiting.remove((granted, size))
                self.add(0)  # who waited behind may fit
            else:  # granted and cancelled in the same moment
                self.add(-size)
            raise

    def _fits(self, size: int) -> bool:
        return self._held + size <= self._limit or self._held <= 0


class Share:
    """What one exchange holds of the budget until it is closed."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._size = 0
        self._ceiling = ALLOWANCE

    def __enter__(self) -> "Share":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.settle(0)

    @property
    def ceiling(self) -> int:
        """Bytes that may be held without asking again."""
        return self._ceiling

    async def raise_ceiling(self, size: int) -> None:
        """Wait until `size` bytes in all may be held."""
        if size > self._ceiling:
            await self._budget.wait_for(size - self._size)
            self._size = self._ceiling = size

    def settle(self, size: int) -> None:
        """From now on hold `size` bytes, no more."""
        self._budget.add(size - self._size)
        self._size = size
