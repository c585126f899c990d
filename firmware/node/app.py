"""Wiring only: settings in, objects built, one task a stage."""

import asyncio
import binascii
import hashlib
import json
import sys
from time import ticks_add, ticks_diff, ticks_ms, ticks_us

from node import dsp, hal, state
from node.console import event
from node.health import Health, Liveness
from node.measure import Measurement
from node.outbox import Outbox
from node.report import Reporter
from node.uplink.mqtt import MqttClient
from node.uplink.pump import Pump
from wire import VERSION, settings, topics
from wire.report import dumps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_INFLIGHT = 8  # publishes that await their acknowledgement
_SLICE_MS = 500  # of a wait: between two, the watchdog sees that the task moves
_WIFI_RETRY_MS = 15_000
_HEALTH_WAIT_S = 10


def main() -> None:
    """Run the node until it is interrupted at the serial port.

    With settings that cannot be used it says so, line by line, and leaves the REPL to the person
    who will mend them.  After an error of its own it restarts the board.
    """
    checked, settings_hash = load()
    if checked is None:
        return
    node = Node(checked, settings_hash)
    try:
        asyncio.run(node.run())
    except KeyboardInterrupt:
        event("interrupted")
        node.watchdog.hold()
    except Exception as error:
        # Ours to mend; out there a node that restarts is worth more than one that stands still.
        event("crash", error=repr(error))
        sys.print_exception(error)
        hal.reset()


def load(path: str = "/settings.json") -> "tuple[dict[str, Any] | None, str]":
    """(settings, first 8 hex digits of their SHA-256), or (None, "") after saying why not."""
    try:
        with open(path, "rb") as file:
            text = file.read()
        found = json.loads(text)
    except (OSError, ValueError) as error:
        event("settings", path=path, value=repr(error), allowed="settings as JSON")
        return None, ""
    errors = settings.check(found)
    for where, value, allowed in errors:
        event("settings", path=where, value=value, allowed=allowed)
    if errors:
        return None, ""
    return found, binascii.hexlify(hashlib.sha256(text).digest()).decode()[:8]


class Node:
    """All objects of one node and the tasks that move them."""

    def __init__(self, checked: "dict[str, Any]", settings_hash: str) -> None:
        self._settings = checked
        self._begin_ticks = ticks_ms()
        self._uptime_ms = 0
        self.health = Health()
        self._liveness = Liveness()
        boot = state.next_boot()
        self._reporter = Reporter(boot, settings_hash)
        self._outbox = Outbox(checked["report"]["outbox_reports"])
        backend = dsp.backend(checked["dsp"]["backend"])
        self._measurements = [
            Measurement(sensor, backend, self.health, "sensors[%d]" % index)
            for index, sensor in enumerate(checked["sensors"])
        ]
        mqtt = checked["mqtt"]
        self._client = MqttClient(
            mqtt["host"],
            mqtt["port"],
            client_id=checked["node"],
            keepalive_s=mqtt["keepalive_s"],
            will=(self._topic("status"), self._status("offline"), 1, True),
            on_connect=self._on_connect,
            # Half the outbox at most: what it drops when full is then never on its way already.
            max_inflight=min(_INFLIGHT, checked["report"]["outbox_reports"] // 2),
        )
        self._pump = Pump(self._outbox, self._client, self._topic("report"), self._on_acked)
        self._connected = asyncio.Event()
        self._cycle_done = asyncio.Event()
        self.watchdog = hal.Watchdog(checked["watchdog_ms"])
        event("boot", boot=boot, version=VERSION, reset=hal.reset_cause(), id=hal.unique_id())

    async def run(self) -> None:
        """Run all tasks for ever; the first that fails ends the others."""
        network = self._settings["network"]
        tasks = [
            self._measure(),
            self._client.run(),
            self._pump.run(),
            self._announce(),
            self._report_health(),
            self._guard(),
        ]
        if network["kind"] == "wifi":
            tasks.append(self._keep_wifi(hal.WiFi(network["ssid"], network["password"])))
        await asyncio.gather(*tasks)

    async def _measure(self) -> None:
        """Measure each sensor every interval, on a schedule which nothing shifts."""
        interval_ms = self._settings["report"]["interval_ms"]
        self._liveness.register("measure", 2 * _SLICE_MS + self._settings["watchdog_ms"])
        next_ticks = ticks_ms()
        while True:
            while True:
                left_ms = ticks_diff(next_ticks, ticks_ms())
                self._liveness.moved("measure")
                if left_ms <= 0:
                    break
                await asyncio.sleep_ms(min(left_ms, _SLICE_MS))
            for measurement in self._measurements:
                self._one(measurement)
                self._liveness.moved("measure")
                await asyncio.sleep_ms(0)
            self._cycle_done.set()
            next_ticks = ticks_add(next_ticks, interval_ms)
            while ticks_diff(next_ticks, ticks_ms()) < 0:
                self.health.count("cycle_missed")
                next_ticks = ticks_add(next_ticks, interval_ms)

    def _one(self, measurement: "Measurement") -> None:
        uptime_ms = self._count_uptime()
        measurement.run()
        for fault in measurement.faults:
            event("fault", **fault)
        begin_ticks = ticks_us()
        seq, payload = self._reporter.build(
            uptime_ms,
            self._outbox.dropped,
            measurement.record,
            measurement.channels,
            measurement.withheld,
            measurement.marked,
            measurement.faults,
        )
        self._outbox.put(seq, payload)
        self.health.stage("report", ticks_diff(ticks_us(), begin_ticks))
        event("report", boot=self._reporter.boot, seq=seq, sensor=measurement.name)
        self.health.collect()

    def _on_acked(self, seq: int) -> None:
        event("acked", boot=self._reporter.boot, seq=seq)

    def _on_connect(self, session_present: bool) -> None:
        event("connected", host=self._settings["mqtt"]["host"], session=session_present)
        self._connected.set()

    async def _announce(self) -> None:
        """Say `online` at each connect: the will of the link before has said `offline`."""
        while True:
            await self._connected.wait()
            self._connected.clear()
            await self._client.publish(self._topic("status"), self._status("online"), 1, True)

    async def _report_health(self) -> None:
        while True:
            await self._cycle_done.wait()
            self._cycle_done.clear()
            if self._client.connected:
                try:
                    await asyncio.wait_for(
                        self._client.publish(self._topic("health"), dumps(self._facts())),
                        _HEALTH_WAIT_S,
                    )
                except asyncio.TimeoutError:
                    self.health.count("health_unsent")

    def _facts(self) -> "dict[str, Any]":
        errors = dict(self.health.errors)
        for name in self._client.errors:
            errors["mqtt_" + name] = self._client.errors[name]
        return {
            "v": 1,
            "boot": self._reporter.boot,
            "uptime_ms": self._count_uptime(),
            "reset_cause": hal.reset_cause(),
            "heap_free_bytes": self.health.collect(),
            "heap_low_bytes": self.health.heap_low_bytes,
            "queued": self._outbox.queued,
            "sent": self._reporter.seq,
            "acked": self._outbox.acked_count,
            "dropped": self._outbox.dropped,
            "connects": self._client.connects,
            "errors": errors,
            "stages_us": self.health.stages_us,
        }

    async def _keep_wifi(self, wifi: "hal.WiFi") -> None:
        self._liveness.register("wifi", 4 * _SLICE_MS + self._settings["watchdog_ms"])
        while True:
            try:
                if not wifi.connected():
                    wifi.begin()
                    await self._until_wifi(wifi)
            except OSError:
                self.health.count("wifi")
            self._liveness.moved("wifi")
            await asyncio.sleep_ms(_SLICE_MS)

    async def _until_wifi(self, wifi: "hal.WiFi") -> None:
        for _ in range(_WIFI_RETRY_MS // _SLICE_MS):
            self._liveness.moved("wifi")
            if wifi.connected():
                return
            await asyncio.sleep_ms(_SLICE_MS)
        self.health.count("wifi_timeout")

    async def _guard(self) -> None:
        """Feed the watchdog while every task moves; else say who does not, and let it bite."""
        while True:
            late = self._liveness.late()
            if late is None:
                self.watchdog.feed()
            else:
                event("stuck", task=late)
            await asyncio.sleep_ms(_SLICE_MS)

    def _count_uptime(self) -> int:
        """Milliseconds since boot; called often enough, it survives the wrap of the ticks."""
        now_ticks = ticks_ms()
        self._uptime_ms += ticks_diff(now_ticks, self._begin_ticks)
        self._begin_ticks = now_ticks
        return self._uptime_ms

    def _topic(self, kind: str) -> str:
        return topics.topic(self._settings["fleet"], self._settings["node"], kind)

    def _status(self, status: str) -> bytes:
        return dumps(
            {
                "v": 1,
                "state": status,
                "boot": self._reporter.boot,
                "node": self._settings["node"],
                "version": VERSION,
            }
        )
