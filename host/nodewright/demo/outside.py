"""What is done to a demo from outside: a broker killed, a link frozen, a supply cut."""

import threading
import time
from collections.abc import Callable, Mapping

from nodewright.broker import Broker
from nodewright.demo.fleet_folder import SENSOR
from nodewright.faultproxy import FaultProxy
from nodewright.served import ServedSamples
from nodewright.virtual import BoardFailed, VirtualBoard
from nodewright.watch import Collector

_POLL_S = 0.0005  # a record takes the host some tens of milliseconds
_CUT_AT_BYTES = 2000  # of the samples of one record: a third, with 1024 of three axes
_MOST_WAIT_S = 30.0
_COLLECTOR_S = 15.0
_SUBSCRIBED_S = 0.2


class Outside:
    """Hands for `fault_case.Actions`.  The nodes reach their broker through a proxy of it.

    hub: the broker; the proxy stands from now on, `close` ends it.
    """

    def __init__(self, hub: Broker) -> None:
        self._hub = hub
        self._proxy = FaultProxy(hub.port)
        self.port = self._proxy.port
        self._boards: Mapping[str, VirtualBoard] = {}
        self._collector: Collector | None = None
        self._threads: list[threading.Thread] = []
        self._closing = threading.Event()
        self._cuts: dict[str, tuple[int, int]] = {}

    def attach(self, boards: Mapping[str, VirtualBoard], collector: Collector) -> None:
        """The nodes run; the collector is who must not miss a report."""
        self._boards, self._collector = boards, collector

    def reset(self, node: str) -> None:
        """Pull the reset pin."""
        self._boards[node].reset()

    def cut_power(self, node: str) -> None:
        """Cut the supply when the next record is being read, on a thread that waits for it."""
        self._start(lambda: self._cut(node, self._boards[node]))

    def cut_at(self, node: str) -> tuple[int, int]:
        """(run, samples of it that had been read) when the supply went; (0, 0) for none."""
        return self._cuts.get(node, (0, 0))

    def begin_outage(self, name: str) -> None:
        """Kill the broker, or freeze the link."""
        if name == "broker":
            self._proxy.refuse()
            self._hub.kill()
            self._proxy.cut()
        else:
            self._proxy.freeze()

    def end_outage(self, name: str) -> None:
        """The broker is back on its port, or the link forwards again."""
        if name == "broker":
            self._hub.restart()
            self._start(self._let_in)
        else:
            self._proxy.thaw()

    def close(self) -> None:
        """End threads and proxy."""
        self._closing.set()
        for thread in self._threads:
            thread.join()
        self._proxy.close()

    def _start(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _let_in(self) -> None:
        """Open to the nodes; first to the collector, where the broker has forgotten its session.

        mosquitto keeps for it what comes meanwhile, the embedded broker does not.
        """
        if self._hub.kind != "mosquitto":
            deadline_s = time.monotonic() + _COLLECTOR_S
            while not self._closing.is_set() and time.monotonic() < deadline_s:
                if self._collector is not None and self._collector.connected:
                    break
                time.sleep(_SUBSCRIBED_S)
            time.sleep(_SUBSCRIBED_S)  # its subscription is on the way
        if not self._closing.is_set():
            self._proxy.accept()

    def _cut(self, node: str, board: VirtualBoard) -> None:
        boot = board.boots
        log = board.samples_dir / f"samples-{SENSOR}-{boot}.bin"
        begin_bytes = log.stat().st_size if log.exists() else 0
        deadline_s = time.monotonic() + _MOST_WAIT_S
        while not self._closing.is_set() and time.monotonic() < deadline_s:
            if log.exists() and log.stat().st_size >= begin_bytes + _CUT_AT_BYTES:
                break
            time.sleep(_POLL_S)
        if self._closing.is_set():
            return
        try:
            board.cut_power()
        except BoardFailed:
            return  # the demo tells of a board that does not run
        self._cuts[node] = ServedSamples(board.samples_dir).last_run(SENSOR, boot)
