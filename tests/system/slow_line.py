"""A serial line between a host and a virtual board that has a pace, a UART's, and counts."""

import os
import select
import threading
import time
import tty
from typing import Self

BAUD = 115_200


class SlowLine:
    """baud: its pace, 10 bits a byte; port: the host's end, within `with`; to_board, from_board:
    bytes that were carried."""

    def __init__(self, board_port: str, baud: int = BAUD) -> None:
        self._board_port, self._baud = board_port, baud
        self.port = ""
        self.to_board = self.from_board = 0
        self._stop = threading.Event()

    def __enter__(self) -> Self:
        self._ours, self._theirs = os.openpty()
        tty.setraw(self._theirs)
        self.port = os.ttyname(self._theirs)
        self._board = os.open(self._board_port, os.O_RDWR | os.O_NOCTTY)
        self._threads = [
            threading.Thread(target=self._carry, args=ends, daemon=True)
            for ends in ((self._ours, self._board, True), (self._board, self._ours, False))
        ]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_what: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(5)
        for end in (self._ours, self._theirs, self._board):
            os.close(end)

    def _carry(self, source: int, sink: int, to_board: bool) -> None:
        due_s = 0.0
        while not self._stop.is_set():
            if not select.select([source], [], [], 0.05)[0]:
                continue
            data = os.read(source, 4096)
            due_s = max(due_s, time.monotonic()) + len(data) * 10 / self._baud
            time.sleep(max(0.0, due_s - time.monotonic()))
            if to_board:
                self.to_board += len(data)
            else:
                self.from_board += len(data)
            while data:
                data = data[os.write(sink, data) :]
