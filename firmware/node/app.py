"""Wiring only: settings in, objects built, one task a stage."""

import asyncio
import gc
import sys
from time import ticks_diff, ticks_ms, ticks_us

from micropython import const

from node import crash, dsp, hal, modules, state
from node.command import Commands
from node.console import event
from node.health import Health, Liveness
from node.outbox import Outbox
from node.report import Reporter, most_bytes
from node.result import Result
from node.schedule import Schedule
from node.spectra import Spectra
from node.uplink.causes import Lost
from node.uplink.dial import Dialer
from node.uplink.hosts import is_address
from node.uplink.mqtt import MqttClient
from node.uplink.pump import Pump
from wire import VERSION
from wire.message import dumps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from node.clock import Clock
    from node.sets import Measured
    from node.uplink.dns import Resolver

_INFLIGHT = const(4)  # publishes that await their acknowledgement
_SLICE_MS = const(500)  # of a wait: between two, the watchdog sees that the task moves
_WIFI_RETRY_MS = const(15_000)
# Without the broker: perhaps the radio only believes to be connected.
_UNREACHED_MS = const(600_000)
_HEALTH_WAIT_S = const(10)
_OUTBOX_SHARE = const(3)  # reports that wait: 1 / this of the heap that is free at the start
_LONGEST_ERROR = const(120)  # characters


class Node:
    """All objects of one node and the tasks that move them."""

    def __init__(
        self,
        checked: "dict[str, Any]",
        settings_hash: str,
        before: "dict[str, Any] | None" = None,
    ) -> None:
        """before: the crash (node/crash.py) which this boot follows."""
        self._settings = checked
        self._topics = self._make_topics()
        self._begin_ticks = ticks_ms()
        self._uptime_ms = 0
        self.health = Health()
        self._liveness = Liveness()
        self._crash = before
        self._stuck = ""
        self.boot = boot = state.next_boot()
        network = checked["network"]
        self._wifi = None
        if network["kind"] == "wifi":
            self._wifi = hal.WiFi(network["ssid"], network["password"], network["static"])
        resolver = self._make_resolver()
        self._clock = None if checked["clock"] is None else self._make_clock(resolver)
        self._reporter = Reporter(
            boot, settings_hash, self._clock, most_bytes(checked["sensors"], checked["sets"])
        )
        self._outbox = Outbox(checked["report"]["outbox_reports"])
        mqtt = checked["mqtt"]
        identities = None
        if mqtt["tls"]:
            from node.identities import Identities  # here: 8 KB of heap that others keep

            identities = Identities(checked["node"], self.health.count)
        self._dialer = Dialer(
            [(broker["host"], broker["port"]) for broker in [mqtt] + mqtt["others"]],
            resolver,
            identities.load if identities is not None else None,
            lambda: self._clock is None or self._clock.known,
        )
        self._client = MqttClient(
            self._dialer,
            client_id=checked["node"],
            keepalive_s=mqtt["keepalive_s"],
            backoff_lost_ms=mqtt["spread_ms"],
            will=(self._topic("status"), self._status("offline"), 1, True),
            on_connect=self._on_connect,
            on_message=lambda _topic, payload: self._commands.arrived(payload),
            # Half the outbox at most: what it drops when full is then never on its way already.
            max_inflight=min(_INFLIGHT, checked["report"]["outbox_reports"] // 2),
            on_turn=lambda: self._liveness.moved("uplink"),
        )
        self._pump = Pump(
            self._outbox,
            self._client,
            self._topic("report"),
            self._on_acked,
            on_turn=lambda: self._liveness.moved("pump"),
        )
        self._spectra = Spectra(
            [measured for measured in checked["sets"] if measured["kind"] == "waveform"],
            self._client,
            self._topic("spectrum"),
            self._reporter,
            self.health,
        )
        self._sets = self._make_sets()
        self._schedule = Schedule(checked["sets"], ticks_ms())
        self._commands = Commands(
            boot,
            self._client,
            self._topic("reply"),
            self._schedule,
            self._sets,
            self.health,
            identities,
            self._change,
        )
        self._client.subscribe(self._topic("command"))
        self._connected = asyncio.Event()
        self._cycle_done = asyncio.Event()
        modules.forget("node.sets", "wire.topics")
        gc.collect()  # all that stays has been made: the rest is for reports, and for the moment
        self._outbox.reserve(gc.mem_free() // _OUTBOX_SHARE)
        self.watchdog = hal.Watchdog(checked["watchdog_ms"])
        event("boot", boot=boot, version=VERSION, reset=hal.reset_cause(), id=hal.unique_id())

    async def run(self) -> None:
        """Run all tasks for ever; the first that fails ends the others."""
        watchdog_ms = self._settings["watchdog_ms"]
        register = self._liveness.register
        register("uplink", 2 * self._client.turn_ms + watchdog_ms)
        register("pump", watchdog_ms, self._pump.due)
        register("announce", watchdog_ms, self._connected.is_set)
        register("health", 2000 * _HEALTH_WAIT_S + watchdog_ms, self._cycle_done.is_set)
        tasks = [
            self._measure(),
            self._client.run(),
            self._pump.run(),
            self._spectra.run(),
            self._commands.run(),
            self._announce(),
            self._report_health(),
            self._guard(),
        ]
        if self._wifi is not None:
            tasks.append(self._keep_wifi(self._wifi))
        if self._clock is not None:
            tasks.append(self._clock.run())
        await asyncio.gather(*tasks)

    async def _measure(self) -> None:
        """Measure each set in its turn, on a schedule which nothing shifts."""
        self._liveness.register("measure", 2 * _SLICE_MS + self._settings["watchdog_ms"])
        looks = [getattr(measured, "look_ms", None) or _SLICE_MS for measured in self._sets]
        look_ms = min(looks + [_SLICE_MS])
        while True:
            self._liveness.moved("measure")
            turn = self._schedule.due(ticks_ms()) or self._moved()
            if turn is None:
                left_ms = self._schedule.left_ms(ticks_ms())
                await asyncio.sleep_ms(min(left_ms, look_ms))
                continue
            index, request = turn
            seq = await self._one(self._sets[index], request)
            if request is not None:
                self._commands.done(request, seq)
            for _ in range(self._schedule.measured(index, ticks_ms())):
                self.health.count("cycle_missed")
            if self._schedule.left_ms(ticks_ms()) > 0:  # else another is due: one cycle
                self._cycle_done.set()
            await asyncio.sleep_ms(0)

    def _moved(self) -> "tuple[int, None] | None":
        """The first set whose sensor has felt what it waits for."""
        for index in range(len(self._sets)):
            try:
                if self._sets[index].moved(ticks_ms()):
                    return index, None
            except Exception:
                # As in _one: what a look at a sensor upsets must not end the others.
                self.health.collect()
                self.health.count("program")
        return None

    async def _one(self, measured: "Measured", request: "dict[str, Any] | None") -> "int | None":
        """The seq of the report that a turn gave; None where there is nothing to report."""
        uptime_ms = self._count_uptime()
        result = measured.result
        try:
            await measured.run(request)
            for fault in result.faults:
                event("fault", **fault)
            if result.record is None and not result.faults:
                return None
            begin_ticks = ticks_us()
            seq, payload = self._reporter.build(uptime_ms, self._outbox.dropped, result)
            self.health.stage("report", ticks_diff(ticks_us(), begin_ticks))
        except Exception as error:
            # A record that upsets our code must not take the other sensors along, nor the reports
            # that wait: what happened is reported in its place.
            seq, payload = self._failed(uptime_ms, measured.sensor.name, error)
        self._outbox.put(seq, payload)
        event("report", boot=self.boot, seq=seq, sensor=measured.sensor.name)
        self.health.collect()
        return seq

    def _failed(self, uptime_ms: int, sensor: str, error: Exception) -> "tuple[int, memoryview]":
        sys.print_exception(error)
        self.health.collect()
        self.health.count("program")
        fault: "dict[str, Any]" = {
            "sensor": sensor,
            "fault": "program",
            "error": repr(error)[:_LONGEST_ERROR],
        }
        event("fault", **fault)
        result = Result()
        result.faults.append(fault)
        return self._reporter.build(uptime_ms, self._outbox.dropped, result)

    def _on_acked(self, seq: int) -> None:
        event("acked", boot=self.boot, seq=seq)

    def _on_connect(self, session_present: bool) -> None:
        event("connected", host=self._dialer.broker[0], session=session_present)
        self._outbox.lost(self._client.alive_ticks)
        self._connected.set()

    def _name_servers(self) -> "Sequence[str]":
        network = self._settings["network"]
        if network.get("dns"):
            servers: "list[str]" = network["dns"]
            return servers
        return () if self._wifi is None else self._wifi.name_servers()

    def _make_topics(self) -> "dict[str, str]":
        from wire import topics  # here: let go of once all is made, as the module of _make_sets

        fleet, node = self._settings["fleet"], self._settings["node"]
        return {kind: topics.topic(fleet, node, kind) for kind in topics.KINDS}

    def _make_sets(self) -> "list[Measured]":
        from node import sets

        backend = dsp.backend(self._settings["dsp"]["backend"])
        return sets.make(self._settings, backend, self.health, self._spectra)

    def _make_resolver(self) -> "Resolver | None":
        """None where there is no name to be looked up.  What is not needed takes no heap."""
        mqtt, clock = self._settings["mqtt"], self._settings["clock"]
        hosts = [broker["host"] for broker in [mqtt] + mqtt["others"]]
        if clock is not None:
            hosts.extend([server.partition(":")[0] for server in clock["servers"]])
        if all(is_address(host) for host in hosts):
            return None
        from node.uplink.dns import Resolver

        return Resolver(self._name_servers, self.health.count)

    def _make_clock(self, resolver: "Resolver | None") -> "Clock":
        from node import dates
        from node.clock import Clock

        begin_s = None
        if self._settings["mqtt"]["tls"]:
            from node.uplink.tls import begin_of_certificate

            begin_s = begin_of_certificate()
        return Clock(
            self._settings["clock"]["servers"],
            resolver,
            self._count_uptime,
            lambda epoch_s: hal.set_date(*dates.date(epoch_s)),
            self.health.count,
            lambda: self._wifi is None or self._wifi.connected(),
            begin_s or 0,
        )

    async def _announce(self) -> None:
        """Say `online` at each connect: the will of the link before has said `offline`."""
        while True:
            await self._connected.wait()
            self._connected.clear()
            self._liveness.moved("announce")
            try:
                await self._client.publish(self._topic("status"), self._status("online"), 1, True)
            except MemoryError:
                self.health.collect()
                self._connected.set()
                await asyncio.sleep_ms(_SLICE_MS)

    async def _report_health(self) -> None:
        while True:
            await self._cycle_done.wait()
            self._cycle_done.clear()
            self._liveness.moved("health")
            self._forget_crash()
            if self._client.connected:
                try:
                    await asyncio.wait_for(
                        self._client.publish(self._topic("health"), dumps(self._facts())),
                        _HEALTH_WAIT_S,
                    )
                except (asyncio.TimeoutError, MemoryError):  # the next one will do
                    self.health.count("health_unsent")

    def _forget_crash(self) -> None:
        """A boot that has run for long is sound: the next crash is the first again."""
        if self._crash is not None and self._count_uptime() >= crash.SOUND_MS:
            self._crash = None
            try:
                crash.forget()
            except OSError:
                self.health.count("flash")

    def _facts(self) -> "dict[str, Any]":
        errors = dict(self.health.errors)
        for name in self._client.errors:
            errors["mqtt_" + name] = self._client.errors[name]
        if self._pump.short:
            errors["memory"] = self._pump.short
        return {
            "v": 1,
            "boot": self.boot,
            "uptime_ms": self._count_uptime(),
            "reset_cause": hal.reset_cause(),
            "crash": self._crash,
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
        reached_ticks = ticks_ms()
        while True:
            try:
                if self._client.connected:
                    reached_ticks = ticks_ms()
                unreached = ticks_diff(ticks_ms(), reached_ticks) > _UNREACHED_MS
                if unreached:
                    self.health.count("wifi_anew")
                if unreached or not wifi.connected():
                    reached_ticks = ticks_ms()
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
            elif late != self._stuck:
                self._stuck = late
                event("stuck", task=late)
                try:
                    crash.note(self.boot, "stuck: " + late)
                except OSError:
                    self.health.count("flash")
            await asyncio.sleep_ms(_SLICE_MS)

    def _count_uptime(self) -> int:
        """Milliseconds since boot; called often enough, it survives the wrap of the ticks."""
        now_ticks = ticks_ms()
        self._uptime_ms += ticks_diff(now_ticks, self._begin_ticks)
        self._begin_ticks = now_ticks
        return self._uptime_ms

    def _topic(self, kind: str) -> str:
        return self._topics[kind]

    def _change(self) -> None:
        """A new identity has come: the next connection asks for it."""
        self._dialer.identity = None
        self._client.fail(Lost("renewed"))

    def _status(self, status: str) -> bytes:
        told = {
            "v": 1,
            "state": status,
            "boot": self.boot,
            "node": self._settings["node"],
            "version": VERSION,
        }
        identity = self._dialer.identity
        if identity is not None:
            told["certificate"] = identity.fingerprint
        return dumps(told)
