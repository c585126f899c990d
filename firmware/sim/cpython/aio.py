"""`asyncio.sleep_ms`, `wait_for_ms` and `ThreadSafeFlag`, on CPython's loop."""

import asyncio

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable
    from typing import TypeVar

    T = TypeVar("T")

NAMES = ("sleep_ms", "wait_for_ms", "ThreadSafeFlag")


async def sleep_ms(ms: int) -> None:
    await asyncio.sleep(max(0, ms) / 1000)


async def wait_for_ms(awaitable: "Awaitable[T]", timeout_ms: int) -> "T":
    """The result of awaitable.  Raises asyncio.TimeoutError after timeout_ms."""
    return await asyncio.wait_for(awaitable, timeout_ms / 1000)


class ThreadSafeFlag:
    """A flag for one waiting task, set from an interrupt (here: from any thread).

    As on MicroPython: waiting clears it, and a flag set before the wait ends that wait at once.
    """

    def __init__(self) -> None:
        self._set = False
        self._loop: "asyncio.AbstractEventLoop | None" = None
        self._waiter: "asyncio.Future[None] | None" = None

    def set(self) -> None:
        self._set = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._wake)

    def clear(self) -> None:
        self._set = False

    async def wait(self) -> None:
        if self._waiter is not None:
            raise RuntimeError("one task waits for this flag already")
        if not self._set:
            self._loop = asyncio.get_running_loop()
            self._waiter = self._loop.create_future()
            try:
                await self._waiter
            finally:
                self._loop = self._waiter = None
        self._set = False

    def _wake(self) -> None:
        # The wait may have ended between set() and this call.
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
