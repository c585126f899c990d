"""Spectra on their way to the broker, beside the reports: at most one a channel waits.

A report must arrive; a spectrum may be missed, as the next record has one, too.  Without a link,
or where the one before has not gone yet, it is dropped and counted as `spectrum_dropped`.
"""

import asyncio
import gc

from micropython import const

import wire
from wire import message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from node.health import Health
    from node.report import Reporter
    from node.spectrum import Kernels
    from node.uplink.mqtt import MqttClient

_HEAD_BYTES = const(1000)  # all but the levels: 65 edges, names at their longest


class Spectra:
    """Makes and publishes the spectra of all sensors.

    sets: the settings of those that may send any, or be asked to; reporter: whose report they
    belong to.
    """

    def __init__(
        self,
        sets: "Sequence[dict[str, Any]]",
        client: "MqttClient",
        topic: str,
        reporter: "Reporter",
        health: "Health",
    ) -> None:
        self._client, self._topic = client, topic
        self._reporter, self._health = reporter, health
        self._waiting: "list[tuple[tuple[str, str], memoryview]]" = []
        self._ready = asyncio.Event()
        # Two bytes of each of half as many bins, made when first wanted: most nodes send none.
        self._most = max([measured["samples"] for measured in sets] or [0])
        self._levels: "memoryview | None" = None
        for measured in sets:
            if measured["spectrum"] != "none":
                self._made()

    def _made(self) -> memoryview:
        if self._levels is None:
            self._levels = memoryview(bytearray(self._most))
        return self._levels

    def offer(
        self,
        measured: "dict[str, Any]",
        kind: str,
        channel: str,
        rate_hz: float,
        kernels: "Kernels",
        g_per_digit: float,
    ) -> None:
        """The spectrum that the kernels hold, of one channel of a set; kind: of wire/spectrum.py.

        It belongs to the report that is built next.
        """
        if not self._client.connected:
            self._health.count("spectrum_dropped")
            return
        try:
            levels = self._made()
        except MemoryError:
            self._health.count("spectrum_dropped")
            return
        from node import compress  # here, and once: most nodes send none
        from wire import spectrum as wire_spectrum

        bounds: "list[int]" = []
        if kind == "full":
            out = levels[: kernels.samples]
            compress.levels(kernels, g_per_digit, out)
        else:
            bounds = wire_spectrum.edges(kernels.samples, wire_spectrum.LOG_BINS)
            out = levels[: wire_spectrum.LOG_BINS]
            compress.log_bins(kernels, g_per_digit, bounds, out)
        head = {
            "v": wire_spectrum.VERSION,
            "definitions": wire.DEFINITIONS,
            "boot": self._reporter.boot,
            "seq": self._reporter.seq,
            "set": measured["name"],
            "sensor": measured["sensor"],
            "channel": channel,
            "kind": kind,
            "samples": kernels.samples,
            "rate_hz": rate_hz,
            "edges": bounds,
        }
        gc.collect()  # above garbage it would cut the heap into pieces
        try:
            buffer = message.Buffer(_HEAD_BYTES + len(out) * 4 // 3)
        except MemoryError:
            self._health.count("spectrum_dropped")
            return
        self._put((measured["name"], channel), wire_spectrum.encode_into(head, out, buffer))

    def _put(self, key: "tuple[str, str]", payload: memoryview) -> None:
        for index in range(len(self._waiting)):
            if self._waiting[index][0] == key:
                self._waiting.pop(index)
                self._health.count("spectrum_dropped")
                break
        self._waiting.append((key, payload))
        self._ready.set()

    async def run(self) -> None:
        """Publish one after the other, for ever: the reports keep the rest of the window."""
        while True:
            await self._ready.wait()
            self._ready.clear()
            while self._waiting:
                try:
                    await self._client.publish(self._topic, self._waiting.pop(0)[1])
                except MemoryError:  # for the packet, the greatest of all
                    self._health.count("spectrum_dropped")
                    gc.collect()
