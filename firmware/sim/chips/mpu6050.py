"""MPU-6050 at register level: InvenSense RM-MPU-6000A-00 rev. 4.2, PS-MPU-6000A-00 rev. 3.4.

The MPU-6500 (sim/chips/mpu6500.py says what is modelled) but for its identity, a FIFO of 1024
bytes, sleep after power-on, one low-pass for all sensors, an accelerometer of 1 kHz whose samples
are given out several times where the sample rate is higher, and motion as the difference from what
is felt when the high-pass is told to hold (its other settings: without any).
"""

from sim.chips import mpu6500
from sim.chips.motion import ABSOLUTE, REFERENCE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SMPLRT_DIV = 0x19  # register 25
_CONFIG = 0x1A  # 26
_PWR_MGMT_1 = 0x6B  # 107

# Register 26: the accelerometer's bandwidth_hz and delay in us of each DLPF_CFG; 7 is reserved
_FILTERS = (
    (260, 0),
    (184, 2000),
    (94, 3000),
    (44, 4900),
    (21, 8500),
    (10, 13800),
    (5, 19000),
    (260, 0),
)
_ACCELEROMETER_HZ = 1000  # register 25


class Frames(mpu6500.Frames):
    SIZE = 1024
    LEVELS = 170
    _HOLDS = 172


class Twin(mpu6500.Twin):
    """One chip.  config: as in sim/chips/accelerometer.py."""

    FIFO = Frames
    IDENT = 0x68
    RESET = ((_PWR_MGMT_1, 0x40),)
    WRITABLE = (
        tuple(range(0x0D, 0x11))
        + tuple(range(_SMPLRT_DIV, 0x1D))
        + (0x1F, 0x20)
        + tuple(range(0x23, 0x35))
        + (0x37, 0x38)
        + tuple(range(0x63, 0x6D))
    )
    START_S = 0.030  # PS-MPU-6000A, 6.1: the gyroscope's; the accelerometer has none of its own
    NOISE_G_RTHZ = 400e-6  # PS-MPU-6000A, 6.2

    def motion(self) -> "tuple[Any, ...] | None":
        if not self._regs[0x38] & 0x40:  # registers 56, 28, 31 and 32
            return None
        filtered = REFERENCE if self._regs[0x1C] & 7 == 7 else ABSOLUTE
        return filtered, self._regs[mpu6500.WOM_THR] * 0.032, 1, True, self._regs[0x20]

    def filter(self) -> "tuple[int, int]":
        return _FILTERS[self._regs[_CONFIG] & 7]

    def sample_rate_hz(self) -> float:
        base_hz = 8000 if self._regs[_CONFIG] & 7 in (0, 7) else 1000
        return base_hz / (1 + self._regs[_SMPLRT_DIV])

    def repeats(self) -> int:
        return max(1, int(self.sample_rate_hz() / _ACCELEROMETER_HZ))
