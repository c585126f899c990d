"""The settings of clamps: their tables, and what single values cannot show.

Quantities at an input are in volts; per_volt makes amperes (a clamp: turns / burden, or its rating
by its voltage) or volts (a transformer, a divider) of them.
"""

from wire import chips

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Error = tuple[str, object, str]

INPUT = {
    "channel": ("name",),
    "input": ("int", 0, 48),  # "adc": the pin; else the chip's own number
    "quantity": ("one", ("current", "voltage")),
    "per_volt": ("number", -100_000, 100_000),  # A or V; negative: wired the other way round
    "phase_deg": ("number", -90, 90),  # by which it leads what it measures, at line_hz
    "noise": (
        "or_null",
        ("number", 0, 10_000),
    ),  # A or V RMS, of a clamp on no cable; null: unknown
}
MOTOR = {
    "on_a": ("number", 0.001, 100_000),  # RMS from which on it runs
    "off_a": ("or_null", ("number", 0.001, 100_000)),  # below which it stands; null: 0.8 on_a
    "rated_a": ("or_null", ("number", 0.001, 100_000)),  # of its plate, for the load
    "pole_pairs": ("or_null", ("int", 1, 24)),  # for the slip
    "neg_seq_pct": ("number", 0.5, 100),  # of negative sequence, over which turns may be shorted
}
MOST_CURRENTS = 3
_EVEN = 2
_HARMONICS = (
    20  # above the 19th there is little in a motor's current, and a filter before the input
)
_NEAR = 0.1  # line frequencies apart: resolved by a record of ten cycles
_LEAST_RISE = 0.01  # of the range, from the lowest to the highest: six times a converter's noise
_LEAST_CYCLE = 8  # samples of a cycle, which an inrush is told by
_PEAKS = 2.8284271  # from peak to peak, over the RMS of a sine
MOTOR_KEYS = ("cur_running", "cur_starts", "cur_run_h", "cur_load_pct")
TURNS_KEYS = ("cur_turns_hint",)
INRUSH_KEYS = ("cur_inrush_a", "cur_inrush_ms")
DC_KEYS = ("cur_dc_a", "cur_dc_v", "cur_dc_w")


def check_sensor(path: str, sensor: "dict[str, Any]", errors: "list[Error]") -> None:
    """Inputs that the chip has, each once; a bus where the chip has one."""
    row = chips.ROWS[sensor["chip"]]
    kind = None if sensor["bus"] is None else sensor["bus"]["kind"]
    if kind not in row["buses"]:
        allowed = " or ".join(["null" if bus is None else bus for bus in row["buses"]])
        errors.append((path + ".bus", kind, allowed))
    if row["full_scale_v"] is not None and sensor["full_scale_v"] not in row["full_scale_v"]:
        allowed = "one of " + ", ".join(["%g" % volts for volts in row["full_scale_v"]])
        errors.append((path + ".full_scale_v", sensor["full_scale_v"], allowed))
    inputs, quantities = sensor["inputs"], [0, 0]
    for index, given in enumerate(inputs):
        where = "%s.inputs[%d]" % (path, index)
        for key, allowed in (
            ("channel", "a name no other input has"),
            ("input", "one that no other channel has"),
        ):
            if [other[key] for other in inputs[:index]].count(given[key]):
                errors.append((where + "." + key, given[key], allowed))
        if row["inputs"] is not None and given["input"] not in row["inputs"]:
            allowed = "%d to %d" % (row["inputs"][0], row["inputs"][-1])
            errors.append((where + ".input", given["input"], allowed))
        if not given["per_volt"]:
            errors.append((where + ".per_volt", 0, "not 0"))
        quantities[given["quantity"] == "voltage"] += 1
    if not 1 <= quantities[0] <= MOST_CURRENTS or quantities[1] > quantities[0]:
        allowed = "1 to 3 currents, and a voltage for each at most"
        errors.append((path + ".inputs", "%d currents, %d voltages" % tuple(quantities), allowed))
    motor = sensor["motor"]
    if motor is not None and motor["off_a"] is not None and motor["off_a"] > motor["on_a"]:
        errors.append((path + ".motor.off_a", motor["off_a"], "at most on_a"))


def passes_for_line(rate_hz: float, line_hz: float) -> bool:
    """Whether one of the first odd harmonics, sampled at that rate, looks like the line itself.

    h line_hz - n rate_hz = +-line_hz: an even multiple of line_hz, h +- 1, is n rates.
    """
    if rate_hz >= _HARMONICS * line_hz:
        return False
    for rates in (1, 2):
        ratio = rates * rate_hz / line_hz
        if abs(ratio - _EVEN * round(ratio / _EVEN)) < _NEAR:
            return True
    return False


def check_set(
    path: str, measured: "dict[str, Any]", sensor: "dict[str, Any]", errors: "list[Error]"
) -> None:
    """A rate that the chip reaches for so many inputs; features that its kind allows."""
    most_hz = chips.ROWS[sensor["chip"]]["samples_hz"] / len(sensor["inputs"])
    if measured["rate_hz"] > most_hz:
        errors.append((path + ".rate_hz", measured["rate_hz"], "at most %g" % most_hz))
    schedule = measured["schedule"]
    if schedule["kind"] == "start":
        if sensor["chip"] != "adc":
            allowed = "interval or demand: the chip does not run on by itself"
            errors.append((path + ".schedule.kind", "start", allowed))
        for row in sensor["inputs"]:
            least_a = _LEAST_RISE * sensor["full_scale_v"] * abs(row["per_volt"]) / _PEAKS
            if row["quantity"] == "current" and schedule["threshold_a"] < least_a:
                allowed = "at least %.3g, a hundredth of the range of %s"
                allowed = allowed % (least_a, row["channel"])
                errors.append((path + ".schedule.threshold_a", schedule["threshold_a"], allowed))
                break
    direct = sensor["chip"] == "ina226"
    if not direct and passes_for_line(measured["rate_hz"], sensor["line_hz"]):
        allowed = "a rate at which no harmonic passes for the line: not near %d x line_hz / n"
        errors.append((path + ".rate_hz", measured["rate_hz"], allowed % _EVEN))
    for key in measured["features"]:
        if (key in DC_KEYS) != direct:
            allowed = "those of DC alone" if direct else "none of DC: a clamp shows none"
            errors.append((path + ".features", key, allowed))
        if key in MOTOR_KEYS + TURNS_KEYS and sensor["motor"] is None:
            errors.append((path + ".features", key, "nothing of a motor: the sensor names none"))
        if key in INRUSH_KEYS and measured["rate_hz"] < _LEAST_CYCLE * sensor["line_hz"]:
            allowed = "at least %g for %s, %d samples a cycle: sample faster, or take it out"
            allowed = allowed % (_LEAST_CYCLE * sensor["line_hz"], key, _LEAST_CYCLE)
            errors.append((path + ".rate_hz", measured["rate_hz"], allowed))
            break


def check_together(sets: "list[dict[str, Any]]", errors: "list[Error]") -> None:
    """What sets of the same clamps are to each other: one waits, and one sees a motor stop."""
    for index, measured in enumerate(sets):
        if measured["kind"] != "current":
            continue
        path, kind = "sets[%d]" % index, measured["schedule"]["kind"]
        kinds = [one["schedule"]["kind"] for one in sets if one["sensor"] == measured["sensor"]]
        if kind == "start" and kinds.count(kind) > 1:
            # Each would take the converter from the other, and neither hear anything.
            allowed = "one set of a sensor that waits: keep that of the lower threshold"
            errors.append((path + ".schedule.kind", kind, allowed))
        if "interval" in kinds:
            continue
        for key in measured["features"]:
            # What a record tells that is asked for holds at that instant, whatever was before.
            if key in MOTOR_KEYS and (kind == "start" or key != MOTOR_KEYS[0]):
                allowed = "of a sensor that a set measures by interval, which sees the motor stop"
                errors.append((path + ".features", key, allowed + ": add one, or take it out"))
                break
