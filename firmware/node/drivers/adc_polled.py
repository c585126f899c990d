"""The converter inside a chip that MicroPython can only ask for single values: ESP32 and its kin.

ports/esp32/machine_adc.c: read_uv() takes a conversion, and the calibration that the factory has
burned into the chip makes microvolts of it.  It takes some 40 to 100 us, with what the radio's
task takes of the same core: the jitter of a record is measured.  An external one does better.
"""

from micropython import const

from node.drivers.polled import Polled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from node.drivers.inputs import Samples

_LEAST_US = const(45)  # of a read_uv()
_UV_A_DIGIT = const(100)
# ESP-IDF v4.4, ADC: what an attenuation of 11 dB measures with the accuracy of its calibration
_LOW_UV = const(150_000)
_HIGH_UV = const(2_450_000)


class PolledADC(Polled):
    """Digits of 0.1 mV."""

    chip = "adc"

    def __init__(self, port: "Any", clock: "Any" = None) -> None:
        """port: node/hal.py, with ADC."""
        super().__init__(clock)
        self._port = port
        self._reads: "list[Any]" = []
        self._scale = 1  # digits are what is read by this
        self.volts_per_digit = _UV_A_DIGIT / 1e6
        self.rails = (_LOW_UV // _UV_A_DIGIT, _HIGH_UV // _UV_A_DIGIT)

    def configure(
        self,
        rate_hz: float,
        samples: int,
        inputs: "Any",
        full_scale_v: float,
        line_hz: float,  # noqa: ARG002
    ) -> None:
        """inputs: pins.  full_scale_v counts only where the port has no calibration of its own.

        Raises ValueError(key, value, allowed), or as the port does for a pin without a converter.
        """
        self._set_grid(rate_hz, samples, inputs)
        adcs = [self._port.ADC(pin) for pin in inputs]
        if hasattr(adcs[0], "read_uv"):
            self._reads = [adc.read_uv for adc in adcs]
            self._scale = _UV_A_DIGIT
        else:
            self._reads = [adc.read_u16 for adc in adcs]
            self._scale = 4  # 14 bits: int16 holds no 65535
            self.volts_per_digit = full_scale_v / 16_384
            self.rails = (0, 16_380)

    def least_us(self, inputs: int) -> float:
        return _LEAST_US * inputs

    def frame(self, blocks: "tuple[Samples, ...]", i: int) -> None:
        reads, scale = self._reads, self._scale
        for index in range(len(reads)):
            blocks[index][i] = reads[index]() // scale
