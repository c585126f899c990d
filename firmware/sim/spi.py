"""The twin of `machine.SPI`: whichever chip is selected takes part, and bytes take their time."""

from sim.wiring import find_bus, pin_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from sim.world import World


class SPI:
    """world and the chips of its buses come from `attach`, before the firmware runs."""

    MSB = 1
    LSB = 0

    world: "World"
    buses: "list[dict[str, Any]]" = []

    def __init__(
        self,
        bus: int,
        baudrate: int = 1_000_000,
        *,
        polarity: int = 0,
        phase: int = 0,
        bits: int = 8,
        firstbit: int = MSB,
        sck: "Any" = None,
        mosi: "Any" = None,
        miso: "Any" = None,
    ) -> None:
        """Raises ValueError for a bus, pin or mode that the board has not, TypeError as ports."""
        if firstbit != self.MSB:
            raise NotImplementedError("LSB")
        if bits != 8:
            raise ValueError("bits must be 8")
        wires = {"sck": sck, "mosi": mosi, "miso": miso}
        pins = {name: pin_number(pin) for name, pin in wires.items() if pin is not None}
        self._chips = find_bus(self.buses, "SPI", bus, pins)
        self.init(baudrate, polarity=polarity, phase=phase)

    def init(self, baudrate: int = 1_000_000, *, polarity: int = 0, phase: int = 0) -> None:
        if not isinstance(baudrate, int):
            raise TypeError("can't convert %s to int" % type(baudrate).__name__)
        if baudrate <= 0:
            raise ValueError("invalid baudrate")
        self.polarity, self.phase = polarity, phase
        self._byte_ns = 8_000_000_000 // baudrate

    def deinit(self) -> None:
        """Nothing to give back."""

    def write_readinto(self, write_buf: "Any", read_buf: "Any") -> None:
        if len(write_buf) != len(read_buf):
            raise ValueError("buffers must be the same length")
        self._transfer(write_buf, read_buf)

    def write(self, buf: "Any") -> None:
        self._transfer(buf, None)

    def readinto(self, buf: "Any", write: int = 0) -> None:
        for index in range(len(buf)):
            buf[index] = write
        self._transfer(buf, buf)

    def read(self, nbytes: int, write: int = 0) -> bytes:
        buf = bytearray(nbytes)
        self.readinto(buf, write)
        return bytes(buf)

    def _transfer(self, out: "Any", into: "Any") -> None:
        selected = False
        for number in self._chips:
            if self.world.pin_state(number).level == 0:
                self._chips[number].transfer(out, into)
                selected = True
        if not selected and into is not None:  # nobody drives the line, its pull-down does
            for index in range(len(into)):
                into[index] = 0
        self.world.advance_ns(self._byte_ns * len(out))
