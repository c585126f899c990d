"""The measurement sets of the settings, made: sensors and work space are shared among them."""

from node import turns
from node.sensor import Sensor
from node.workspace import Workspace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any, Protocol

    from node.health import Health
    from node.result import Result
    from node.spectra import Spectra

    class Measured(Protocol):
        name: str
        sensor: Any  # of its kind
        result: Result

        def moved(self, now_ticks: int) -> bool: ...

        async def run(self, request: "dict[str, Any] | None" = None) -> None: ...


def make(
    checked: "dict[str, Any]", backend: "ModuleType", health: "Health", spectra: "Spectra"
) -> "list[Measured]":
    """One object a set of checked settings, in their order."""
    sensors: "dict[str, Any]" = {}
    for index, settings in enumerate(checked["sensors"]):
        path = "sensors[%d]" % index
        if settings["kind"] == "current":
            from node.clamps import Clamps

            name = settings["name"]
            starts = [
                measured["schedule"]["kind"] == "start"
                for measured in checked["sets"]
                if measured["sensor"] == name
            ]
            sensors[name] = Clamps(settings, path, health, True in starts)
        else:
            sensors[settings["name"]] = Sensor(settings, path, health)
    workspace = Workspace(backend, turns.lengths(checked["sets"]))
    rates: "Any" = None
    made: "dict[int, Measured]" = {}
    # Clamps last: they work in what the others have made.
    order = [(settings["kind"] == "current", i) for i, settings in enumerate(checked["sets"])]
    for _, index in sorted(order):
        settings = checked["sets"][index]
        sensor, path = sensors[settings["sensor"]], "sets[%d]" % index
        # Code is imported where it is needed: on a board it takes its share of the heap.
        if settings["kind"] == "value":
            from node.value import Value

            made[index] = Value(settings, path, sensor, health)
        elif settings["kind"] == "current":
            from node.current_set import CurrentSet

            made[index] = CurrentSet(settings, path, sensor, workspace, health)
        else:
            from node.rate import Rates
            from node.waveform import Waveform

            rates = rates or Rates("/state/rates.json")
            clamps = sensors.get(sensor.settings["motor"])
            made[index] = Waveform(
                settings, path, sensor, workspace, health, spectra, rates, clamps
            )
    return [made[index] for index in range(len(made))]
