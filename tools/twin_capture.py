"""What a node has of a vibration: through the twin of its sensor, the real driver and capture.

On CPython, under the mocks, on a simulated clock: some 0.1 s a block of 4096, however long that
takes at the sensor.
"""

import io
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nodewright.data import firmware_dir
from wire import chips

# Not for mypy: what runs on a node is judged against MicroPython's library, not CPython's.
sys.path.append(str(firmware_dir()))
_firmware: Callable[[str], Any] = import_module
_firmware("sim.cpython").install()  # before all else of it
drivers, wiring = _firmware("node.drivers"), _firmware("sim.wiring")
Capture = _firmware("node.capture").Capture
SPIRegisters = _firmware("node.drivers.bus").SPIRegisters
Pin, SPI = _firmware("sim.pin").Pin, _firmware("sim.spi").SPI
World = _firmware("sim.world").World

SAMPLES = 4096
_FULL_SCALE = 2**30  # of the source's int32
_TICKS, _HALF = 1 << 30, 1 << 29
_CS, _INT1 = 17, 6
_RUN_IN = 20  # blocks' samples that a decimator takes more of: it is 10, and some to spare


@dataclass(frozen=True)
class Captured:
    """Blocks in a row. digits: int16[axes, K, 4096]; rate_hz: of them, as capture measured it.

    valid: no sample was lost, all blocks are of one run; clipped: samples at the range's end.
    """

    digits: NDArray[np.int16]
    g_per_digit: float
    rate_hz: float
    valid: bool
    clipped: int


class _Clock:
    """ticks_us, ticks_diff and sleep_us over the world's clock."""

    def __init__(self, world: Any) -> None:
        self._world = world

    def ticks_us(self) -> int:
        now_us: int = self._world.now_us()
        return now_us % _TICKS

    def ticks_diff(self, end: int, start: int) -> int:
        return (end - start + _HALF) % _TICKS - _HALF

    def sleep_us(self, span_us: int) -> None:
        self._world.advance_us(span_us)


class Board:
    """A sensor at an SPI bus that feels a wave from the first sample of its first run on.

    wave: float[frames, axes] in g, one to three axes, at the chip's own rate, which is odr_hz and
    clock_error_ppm more; what comes after the frames is the first of them again.  folder: for a
    file.  Raises ValueError(key, value, allowed) for what the chip has not.
    """

    def __init__(
        self,
        chip: str,
        wave: NDArray[np.float64],
        folder: Path,
        *,
        odr_hz: float,
        range_g: int,
        clock_error_ppm: int = 0,
        noise: bool = True,
        seed: int = 1,
    ) -> None:
        row = chips.ROWS[chip]
        world = World({}, _open)
        self._world, self._frames, self._axes = world, len(wave), wave.shape[1]
        source = _source(wave, folder / f"{chip}.i32", odr_hz * (1.0 + clock_error_ppm * 1e-6))
        twin = {
            "chip": chip,
            "name": chip,
            "cs": _CS,
            "int1": _INT1,
            "source": source,
            "clock_error_ppm": clock_error_ppm,
            "noise": noise,
            "seed": seed,
        }
        bus = {"kind": "spi", "id": 0, "sck": 18, "mosi": 19, "miso": 16, "chips": [twin]}
        Pin.world = SPI.world = world
        SPI.buses = wiring.build_buses({"buses": [bus]}, world)
        most_hz, mode = row["most_hz"]["spi"], row["spi_mode"]
        spi = SPI(0, most_hz, polarity=mode >> 1, phase=mode & 1)
        select = Pin(_CS, Pin.OUT, value=1)
        self.sensor: Any = drivers.load(chip)(SPIRegisters(spi, select, most_hz))
        self.sensor.configure(odr_hz, range_g)

    def holds(self, decimate: int) -> int:
        """How many blocks the wave has, without what settling takes of it."""
        lost: int = self.sensor.settling_samples + (_RUN_IN * decimate if decimate > 1 else 0)
        return max(0, self._frames - lost) // (SAMPLES * decimate)

    def capture(self, blocks: int, decimate: int = 1) -> Captured:
        """So many blocks in a row, each with the sample after the one before; at least one."""
        if blocks < 1:
            raise ValueError(f"blocks: {blocks}; at least 1 is needed")
        capture = Capture(SAMPLES, Pin(_INT1, Pin.IN), _Clock(self._world), decimate)
        digits = np.empty((self._axes, blocks, SAMPLES), np.int16)
        valid, clipped, rate_hz = True, 0, 0.0
        for at, record in enumerate(self._records(capture, blocks)):
            for axis in range(self._axes):
                digits[axis, at] = capture.blocks[axis]
            valid = valid and record.valid and record.run == 1
            clipped += record.clipped
            rate_hz = record.rate_hz  # the last has counted longest
        return Captured(digits, self.sensor.g_per_digit, rate_hz, valid, clipped)

    def _records(self, capture: Any, blocks: int) -> Iterator[Any]:
        for _ in range(blocks):
            yield capture.record(self.sensor, keep=True)
        capture.release()


def _source(wave: NDArray[np.float64], path: Path, rate_hz: float) -> dict[str, Any]:
    """The wave as a source of a twin (docs/architecture.md, "Twins"), frame by frame."""
    scale_g = max(float(np.max(np.abs(wave))), 1.0) / _FULL_SCALE
    np.rint(wave / scale_g).astype("<i4").tofile(path)
    return {
        "kind": "samples",
        "path": str(path),
        "rate_hz": rate_hz,
        "channels": wave.shape[1],
        "scale_g": scale_g,
    }


def _open(path: str, mode: str) -> Any:
    """As twins open a file of the host; read whole, since nobody would close it."""
    assert mode == "rb"
    return io.BytesIO(Path(path).read_bytes())
