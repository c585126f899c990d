"""One thread that serves every virtual board of this process: file descriptors and delays."""

import contextlib
import heapq
import itertools
import os
import selectors
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from functools import cache
from typing import TypeVar

READ = selectors.EVENT_READ
WRITE = selectors.EVENT_WRITE

T = TypeVar("T")


class Reactor:
    """Calls back on its own thread; to be called from any, where not said otherwise."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._calls: deque[Callable[[], None]] = deque()
        self._delayed: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        self._selector.register(self._wake_read, READ, lambda _events: self._drain())
        self._thread = threading.Thread(target=self._run, name="nodewright-boards", daemon=True)
        self._thread.start()

    def call(self, action: Callable[[], None]) -> None:
        """Run it soon on the reactor's thread."""
        self._calls.append(action)
        with contextlib.suppress(BlockingIOError):  # full: it is awake already
            os.write(self._wake_write, b"\0")

    def run(self, action: Callable[[], T]) -> T:
        """Run it on the reactor's thread and wait for what it returns or raises."""
        if threading.current_thread() is self._thread:
            return action()
        done: Future[T] = Future()

        def perform() -> None:
            try:
                done.set_result(action())
            except BaseException as error:
                done.set_exception(error)

        self.call(perform)
        return done.result()

    def later(self, delay_s: float, action: Callable[[], None]) -> None:
        """Run it on the reactor's thread after a delay.  From the reactor's thread only."""
        due = (time.monotonic() + delay_s, next(self._order), action)
        heapq.heappush(self._delayed, due)

    def watch(self, fd: int, events: int, action: Callable[[int], None]) -> None:
        """Call action(events) when fd is ready; no events: watch it no more.

        From the reactor's thread only.
        """
        known = fd in self._selector.get_map()
        if not events:
            if known:
                self._selector.unregister(fd)
        elif known:
            self._selector.modify(fd, events, action)
        else:
            self._selector.register(fd, events, action)

    def _drain(self) -> None:
        try:
            while os.read(self._wake_read, 4096):
                pass
        except BlockingIOError:
            pass

    def _run(self) -> None:
        while True:
            wait_s = None
            if self._delayed:
                wait_s = max(0.0, self._delayed[0][0] - time.monotonic())
            for key, events in self._selector.select(wait_s):
                # An action before this one may have closed the descriptor, or given it to another.
                if self._selector.get_map().get(key.fd) is key:
                    key.data(events)
            while self._calls:
                self._calls.popleft()()
            while self._delayed and self._delayed[0][0] <= time.monotonic():
                heapq.heappop(self._delayed)[2]()


@cache
def reactor() -> Reactor:
    """The one of this process, started when first asked for."""
    return Reactor()
