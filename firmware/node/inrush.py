"""Inrush of a motor or a supply: how high its current goes at the switch-on, and how long."""

from node.dsp.switch_on import SwitchOn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from node.dsp import Samples

KEYS = ("cur_inrush_a", "cur_inrush_ms")

_HALF_DIGIT = 0.28867513


class Inrush:
    """samples: the most in a record, 64 to 4096; a row of cycles is all it keeps."""

    def __init__(self, samples: int) -> None:
        if not 64 <= samples <= 4096:
            raise ValueError("samples: %r is not from 64 to 4096" % (samples,))
        self.samples = samples
        self._switch_on = SwitchOn(samples)

    def compute(
        self,
        block: "Samples",
        a_per_digit: float,
        rate_hz: float,
        line_hz: float,
        keys: "tuple[str, ...]",
        out: "dict[str, float]",
        withheld: "dict[str, str]",
        noise_a: "float | None" = None,
    ) -> None:
        """Fill `out` and `withheld`, each key into one of them.

        block: int16, of a record that begins before the switch-on; line_hz: nominal, 50 or 60:
        cycles are whole samples long; noise_a: RMS with the clamp open.
        Raises ValueError for what cannot work.
        """
        cycle = int(rate_hz / line_hz + 0.5) if 0 < line_hz < rate_hz else 0
        if cycle < 8 or a_per_digit == 0 or not abs(a_per_digit) < 1e6:
            raise ValueError(
                "rate_hz, line_hz, a_per_digit: %r, %r, %r" % (rate_hz, line_hz, a_per_digit)
            )
        if not 64 <= len(block) <= self.samples:
            raise ValueError("block: %d samples, not 64 to %d" % (len(block), self.samples))
        for key in keys:
            if key not in KEYS:
                raise ValueError("%r is none of %s" % (key, ", ".join(KEYS)))
        out.clear()
        withheld.clear()
        scale = abs(a_per_digit)
        peak_a, milliseconds, reasons = self._switch_on.found(
            block, cycle, max(noise_a or 0.0, _HALF_DIGIT * scale) / scale
        )
        for key, value, unit in (
            (KEYS[0], peak_a, scale),
            (KEYS[1], milliseconds, 1e3 / rate_hz),
        ):
            if key not in keys:
                continue
            if value is None:
                withheld[key] = reasons[0] if key == KEYS[0] else reasons[1]
            else:
                out[key] = value * unit
