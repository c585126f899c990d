"""The measurement sets of the settings, made: sensors and work space are shared among them."""

from node.sensor import Sensor
from node.value import Value
from node.waveform import Waveform, Workspace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any, Protocol

    from node.health import Health
    from node.result import Result
    from node.spectra import Spectra

    class Measured(Protocol):
        name: str
        sensor: Sensor
        result: Result

        async def run(self, request: "dict[str, Any] | None" = None) -> None: ...


def make(
    checked: "dict[str, Any]", backend: "ModuleType", health: "Health", spectra: "Spectra"
) -> "list[Measured]":
    """One object a set of checked settings, in their order."""
    sensors: "dict[str, Sensor]" = {}
    for index, settings in enumerate(checked["sensors"]):
        sensors[settings["name"]] = Sensor(settings, "sensors[%d]" % index, health)
    workspace = Workspace(backend)
    made: "list[Measured]" = []
    for index, settings in enumerate(checked["sets"]):
        sensor, path = sensors[settings["sensor"]], "sets[%d]" % index
        if settings["kind"] == "value":
            made.append(Value(settings, path, sensor, health))
        else:
            made.append(Waveform(settings, path, sensor, workspace, health, spectra))
    return made
