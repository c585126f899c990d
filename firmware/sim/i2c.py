"""The twin of `machine.I2C`: chips at addresses, and the time that a byte takes."""

from sim.wiring import find_bus, pin_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from sim.world import World

_EIO = 5  # what the RP2040's port raises when nobody acknowledges, ports/rp2/machine_i2c.c
_ETIMEDOUT = 110  # and when the bus does not become free within its timeout
_CLOCKS_PER_BYTE = 9  # eight bits and the acknowledge


class I2C:
    """world and the chips of its buses come from `attach`, before the firmware runs."""

    world: "World"
    buses: "list[dict[str, Any]]" = []

    def __init__(
        self,
        bus: int,
        *,
        scl: "Any" = None,
        sda: "Any" = None,
        freq: int = 400_000,
        timeout: int = 50_000,
    ) -> None:
        """Raises ValueError for a bus, pin or frequency that the board has not, or TypeError."""
        if not isinstance(freq, int) or not isinstance(timeout, int):
            raise TypeError("can't convert %s to int" % type(freq).__name__)
        if freq <= 0:
            raise ValueError("invalid freq")
        wires = {"sda": sda, "scl": scl}
        pins = {name: pin_number(pin) for name, pin in wires.items() if pin is not None}
        self._chips: "dict[int, Any]" = find_bus(self.buses, "I2C", bus, pins)
        self._wires = [self.world.pin_state(number) for number in pins.values()]
        for wire in self._wires:
            wire.taken = wire.driven = False
            wire.pull_up()
        self._timeout_us = timeout
        self._byte_ns = _CLOCKS_PER_BYTE * 1_000_000_000 // freq
        self._reg = (bytearray(1), bytearray(2))

    def scan(self) -> "list[int]":
        """The addresses that acknowledge, of 0x08..0x77."""
        for wire in self._wires:
            if wire.held or wire.taken:
                return []
        self.world.advance_ns(self._byte_ns * 112)
        return [address for address in sorted(self._chips) if 0x08 <= address <= 0x77]

    def _chip(self, address: int, more: int = 0) -> "Any":
        """The chip at an address, after the time that the address byte takes, and more before."""
        if not isinstance(address, int):
            raise TypeError("can't convert %s to int" % type(address).__name__)
        for wire in self._wires:
            if wire.held or wire.taken:
                self.world.advance_us(self._timeout_us)
                raise OSError(_ETIMEDOUT)
        self.world.advance_ns(self._byte_ns * (more + 1))
        chip = self._chips.get(address)
        if chip is None:
            self.world.unanswered += 1
            raise OSError(_EIO)
        return chip

    def _point(self, address: int, memory: int, bits: int) -> "Any":
        if bits not in (8, 16):
            raise ValueError("invalid addrsize")
        chip = self._chip(address)
        reg = self._reg[bits // 8 - 1]
        reg[-1] = memory & 0xFF
        if bits == 16:
            reg[0] = memory >> 8 & 0xFF
        chip.write(reg)
        return self._chip(address, len(reg))  # the repeated start

    def readfrom_mem_into(self, addr: int, memaddr: int, buf: "Any", *, addrsize: int = 8) -> None:
        self._point(addr, memaddr, addrsize).read_into(buf)
        self.world.advance_ns(self._byte_ns * len(buf))

    def readfrom_mem(self, addr: int, memaddr: int, nbytes: int, *, addrsize: int = 8) -> bytes:
        buf = bytearray(nbytes)
        self.readfrom_mem_into(addr, memaddr, buf, addrsize=addrsize)
        return bytes(buf)

    def writeto_mem(self, addr: int, memaddr: int, buf: "Any", *, addrsize: int = 8) -> None:
        if addrsize not in (8, 16):
            raise ValueError("invalid addrsize")
        chip = self._chip(addr)
        chip.write(bytes([memaddr & 0xFF] if addrsize == 8 else divmod(memaddr, 256)) + bytes(buf))
        self.world.advance_ns(self._byte_ns * (addrsize // 8 + len(buf)))

    def readfrom_into(self, addr: int, buf: "Any", stop: bool = True) -> None:
        self._chip(addr).read_into(buf)
        self.world.advance_ns(self._byte_ns * len(buf))

    def readfrom(self, addr: int, nbytes: int, stop: bool = True) -> bytes:
        buf = bytearray(nbytes)
        self.readfrom_into(addr, buf, stop)
        return bytes(buf)

    def writeto(self, addr: int, buf: "Any", stop: bool = True) -> int:
        """How many bytes were acknowledged: all."""
        self._chip(addr).write(buf)
        self.world.advance_ns(self._byte_ns * len(buf))
        return len(buf)
