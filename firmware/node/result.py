"""What one turn of a measurement set gave: the parts of its report."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Result:
    """record is None where the sensor gave none: faults say why."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.record: "dict[str, Any] | None" = None
        self.channels: "dict[str, dict[str, float]]" = {}
        self.withheld: "dict[str, dict[str, str]]" = {}
        self.marked: "dict[str, dict[str, str]]" = {}
        self.faults: "list[dict[str, Any]]" = []
