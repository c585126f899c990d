"""Every feature again, in float64 NumPy, written from its definition alone.

Shares no code with the node: what the firmware says is compared with what stands here.
"""

from nodewright.reference.bearing import Bearing, bearing
from nodewright.reference.current import currents
from nodewright.reference.features import DEFAULT_KEYS, compute
from nodewright.reference.result import Result
from nodewright.reference.tolerances import TOLERANCES, Tolerance, tolerance

__all__ = [
    "DEFAULT_KEYS",
    "TOLERANCES",
    "Bearing",
    "Result",
    "Tolerance",
    "bearing",
    "compute",
    "currents",
    "tolerance",
]
