"""Facts about a node, each as a name and a text."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nodewright.demo.drive_plan import DrivePlan
from nodewright.demo.kept import Kept, Said
from nodewright.demo.plan import NodePlan
from nodewright.demo.tally import Tally
from nodewright.page.model import Fact
from nodewright.page.words import signed

_BUSES = {"i2c": "I²C", "spi": "SPI"}
_CLOCKS = {"unset": "not set: the node was never told the time"}


def counts(table: Mapping[str, int]) -> str:
    """`name 3, other 1`, or none."""
    return ", ".join(f"{name} {many}" for name, many in sorted(table.items())) or "none"


def machine(plan: NodePlan, about: Mapping[str, Any]) -> tuple[Fact, ...]:
    """What the sensor felt, from the source of the demo."""
    if about["kind"] == "machines" or not plan.played:
        speed_hz = plan.machine.speed_hz
        return (
            Fact("Machine", f"{plan.machine.title}, simulated"),
            Fact("Shaft speed", f"{speed_hz:g} Hz, {60 * speed_hz:.0f} rpm"),
            Fact("What is wrong", plan.machine.condition),
        )
    return (
        # Its folder is nobody's business who gets the page.
        Fact("Recording", Path(about["file"]).name),
        Fact("Its SHA-256", str(about["sha256"]), code=True),
        Fact("Its rate", f"{about['rate_hz']:g} Hz for {about['seconds']:g} s"),
        Fact("Its channels", ", ".join(map(str, about["channels"]))),
        *(Fact("Note", str(note)) for note in about.get("notes", ())),
    )


def sensor(plan: NodePlan) -> tuple[Fact, ...]:
    """The chip, where it sits, and how it is set."""
    if isinstance(plan, DrivePlan):
        return _clamps(plan)
    chip = plan.sensor
    bus = chip["bus"]
    odr_hz, samples = plan.measured["odr_hz"], plan.measured["samples"]
    where = (
        f"address 0x{bus['address']:02X}" if "address" in bus else f"chip select pin {bus['cs']}"
    )
    rate = (
        f"{bus['rate_hz'] / 1e6:g} MHz"
        if bus["rate_hz"] >= 1e6
        else f"{bus['rate_hz'] / 1e3:g} kHz"
    )
    wait = "polled" if chip["int1"] is None else f"interrupt on pin {chip['int1']}"
    return (
        Fact("Sensor", f"{chip['chip'].upper()}, ±{chip['range_g']} g"),
        Fact("Bus", f"{_BUSES.get(bus['kind'], bus['kind'])} at {rate}, {where}, {wait}"),
        Fact("Record", f"{samples} samples, {samples / odr_hz:.3g} s at {odr_hz} Hz nominal"),
        Fact(
            "Its oscillator", f"set off by {signed(plan.clock_error_ppm / 1e4, 2)} % in the twin"
        ),
    )


def _clamps(plan: DrivePlan) -> tuple[Fact, ...]:
    rows = plan.sensor["inputs"]
    rate_hz, samples = plan.measured["rate_hz"], plan.measured["samples"]
    pins = ", ".join(f"{row['channel']} at pin {row['input']}" for row in rows)
    return (
        Fact("Sensor", f"{len(rows)} clamps, {rows[0]['per_volt']:g} A a volt"),
        Fact("Converter", f"the board’s own, {pins}"),
        Fact("Record", f"{samples} samples of each, {samples / rate_hz:.3g} s at {rate_hz} Hz"),
    )


def evidence(record: Mapping[str, Any], clock_error_ppm: int) -> tuple[Fact, ...]:
    """What the record says of itself, beside what the twin knows."""
    rate_hz, nominal_hz = record["rate_hz"], record["nominal_hz"]
    true_hz = nominal_hz * (1 + clock_error_ppm * 1e-6)
    off = 100 * (rate_hz / nominal_hz - 1)
    settings = str(record["settings"])
    return (
        Fact("Valid", "yes" if record["valid"] else "no: its values are marked"),
        Fact("Measured rate", f"{rate_hz:.6g} Hz, {signed(off, 2)} % of nominal"),
        Fact("True rate of the twin", f"{true_hz:.6g} Hz"),
        Fact("Overruns", str(record["overruns"])),
        Fact("Gaps", str(record["gaps"])),
        Fact("Samples at the rail", str(record["clipped"])),
        Fact("Run, first sample", f"{record['run']}, {record.get('first', 0)}"),
        Fact("Clock", _CLOCKS.get(record["clock"], str(record["clock"]))),
        Fact("Settings", settings, code=True),
    )


def delivery(tally: Tally, records: Sequence[Mapping[str, Any]]) -> tuple[Fact, ...]:
    """What was sent and what arrived, and how sound all those records were."""
    rates = [record["rate_hz"] for record in records]
    sums = {n: sum(record[n] for record in records) for n in ("overruns", "gaps", "clipped")}
    return (
        Fact("Sent", f"{len(tally.sent)} of {tally.cycles}"),
        Fact("Received", str(tally.received)),
        Fact("Lost", str(tally.lost)),
        Fact("Doubled on the wire", str(tally.duplicates)),
        Fact("Boots", ", ".join(map(str, tally.boots)) or "none"),
        Fact("Records not valid", str(sum(not record["valid"] for record in records))),
        Fact("Overruns, gaps, clipped", f"{sums['overruns']}, {sums['gaps']}, {sums['clipped']}"),
        Fact("Measured rates", f"{min(rates):.6g} to {max(rates):.6g} Hz" if rates else "none"),
    )


def health(message: Mapping[str, Any] | None) -> tuple[Fact, ...]:
    """The node's own condition as it last told it."""
    if message is None:
        return (Fact("Health", "never told"),)
    stages = message.get("stages_us", {})
    free, low = message.get("heap_free_bytes"), message.get("heap_low_bytes")
    return (
        Fact("Up for", f"{message.get('uptime_ms', 0) / 1000:.1f} s of the node’s time"),
        Fact("Last reset", str(message.get("reset_cause"))),
        Fact("Heap free, least", f"{free} and {low} bytes"),
        Fact("Connections", str(message.get("connects"))),
        Fact("Queued, dropped", f"{message.get('queued')}, {message.get('dropped')}"),
        Fact("Errors survived", counts(message.get("errors", {}))),
        Fact(
            "Longest stages",
            ", ".join(f"{n} {us / 1000:g} ms" for n, us in sorted(stages.items())),
        ),
    )


def image(tally: Tally, kept: Kept) -> tuple[Fact, ...]:
    """What the node booted from."""
    told = Fact("Firmware", tally.version or "never told")
    if kept.image is None:
        return (told,)
    return (
        told,
        Fact("Image", f"{kept.image.size_bytes} bytes, {len(kept.image.files)} files"),
        Fact("Image, SHA-256", kept.image.sha256, code=True),
    )


def said(line: Said) -> str:
    """A line of the console, after its time."""
    words = [line.event.name, *(f"{key}={value}" for key, value in line.event.facts.items())]
    return f"{line.at_s:8.2f}  {' '.join(words)}"
