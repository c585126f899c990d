"""The node's own sets, run on it under load, and what thermometers and clamps say in them."""

from collections.abc import Iterator, Mapping
from typing import Any

from nodewright.validate import chip_limits
from nodewright.validate.case import Case, Found, Skipped, within
from nodewright.validate.context import Context

_RECORDS_S = 120.0
_AMPS = ("cur_rms_a", "cur_dc_a")


def cases(ctx: Context) -> Iterator[Case]:
    """A case a set; then one a thermometer and one a clamp."""
    turns = _Turns(ctx)
    for measured in ctx.settings["sets"]:
        name = measured["name"]
        title = f"Set {name} is measured under load"
        yield Case(f"set.{name}", title, lambda name=name: turns.case(name))  # type: ignore[misc]
    for row in ctx.settings["sensors"]:
        if row["kind"] == "temperature":
            title = f"{row['chip'].upper()} says what the bench has"
            yield Case(f"{row['name']}.value", title, lambda row=row: turns.warmth(row))  # type: ignore[misc]
        if row["kind"] == "current":
            yield from _clamps(turns, row)


def _clamps(turns: "_Turns", row: Mapping[str, Any]) -> Iterator[Case]:
    for given in row["inputs"]:
        if given["quantity"] != "current":
            continue
        channel = given["channel"]
        yield Case(
            f"{row['name']}.ratio.{channel}",
            f"The clamp of {channel} has the ratio of the settings",
            lambda row=row, channel=channel: turns.ratio(row, channel),  # type: ignore[misc]
        )


class _Turns:
    """One turn of each set, kept."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._made_in: object = None
        self._kept: dict[str, dict[str, Any]] = {}

    def _turn(self, name: str) -> dict[str, Any]:
        if name not in self._kept:
            if self._made_in is not self._ctx.agents.session:
                self._ctx.left()
                self._ctx.agents.fresh()
                self._ctx.agents.call("sets", "make")
                self._made_in = self._ctx.agents.session
            self._kept[name] = self._ctx.agents.call("sets", "run", name, within_s=_RECORDS_S)
        return self._kept[name]

    def case(self, name: str) -> Found:
        """Nothing may be lost while other work comes and goes."""
        told = self._turn(name)
        record, faults = told["record"], told["faults"]
        details = {key: told[key] for key in ("stages_us", "took_ms", "interrupts", "heap_free")}
        if faults:
            text = ", ".join(str(fault["fault"]).replace("_", " ") for fault in faults)
            reason = f"{faults[0]['sensor']}: {text}"
            return Found(text, "", "a record", None, "fail", reason, {**details, "faults": faults})
        if record is None:
            return Found("no record", "", "a record", None, "fail", "it gave nothing", details)
        lost = record.get("overruns", 0) + record.get("gaps", 0)
        details["record"] = record
        reason = (
            f"{record.get('overruns', 0)} overruns, {record.get('gaps', 0)} gaps: the bus or the "
            "board is too slow for this rate, or an interrupt is not wired"
        )
        return within(float(lost), "losses", None, 0.0, reason, details)

    def warmth(self, row: Mapping[str, Any]) -> Found:
        """Between what rooms have; a sensor that is broken says less or more."""
        told = self._first(row)
        (channel,) = row["channels"]
        value = next(iter(told["channels"].get(channel, {}).values()), None)
        least, most = chip_limits.bench_c()
        if value is None:
            return Found("none", "degC", f"{least:g} to {most:g}", None, "fail", "no reading")
        reason = "no temperature of a bench: another chip, or it is broken"
        return within(float(value), "degC", least, most, reason)

    def ratio(self, row: Mapping[str, Any], channel: str) -> Found:
        """The current that it reads against the one that flows."""
        load = self._ctx.bench.load
        if load is None:
            raise Skipped(
                "no known load: wire one through the clamps and say so in bench.toml "
                "([load], amps = …)"
            )
        key = _AMPS[row["chip"] == "ina226"]
        told = self._first(row, key)
        value = told["channels"].get(channel, {}).get(key)
        if value is None:
            why = told["withheld"].get(channel, {}).get(key, "no value")
            reason = f"nothing flows through the clamp of {channel} ({why})"
            return Found(None, "A", f"{load.amps:g}", None, "fail", reason)
        off = load.limit_pct / 100
        reason = (
            f"it reads {value / load.amps:.3g} times the {load.amps:g} A that flow: a clamp of "
            "another ratio, another burden, or per_volt of the settings"
        )
        details = {"load_a": load.amps, "share": value / load.amps}
        low, high = load.amps * (1 - off), load.amps * (1 + off)
        return within(float(value), "A", low, high, reason, details)

    def _first(self, row: Mapping[str, Any], key: str | None = None) -> dict[str, Any]:
        """The turn of a set that measures a sensor, with a key where one is given."""
        for measured in self._ctx.settings["sets"]:
            if measured["sensor"] != row["name"] or (key and key not in measured["features"]):
                continue
            told = self._turn(measured["name"])
            if told["record"] is None:
                raise Skipped(f"no record: see set.{measured['name']}")
            return told
        raise Skipped(f"no set of the node measures {key or row['name']}")
