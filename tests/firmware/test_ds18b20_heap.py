# runs on: micropython
"""The thermometers' conversions are begun without the heap: only the interpreter proves it."""

import micropython

from node.drivers.ds18b20 import DS18B20
from node.drivers.errors import NoAnswer
from node.drivers.onewire import OneWire, OneWireDevice
from node.drivers.tmp117 import TMP117

_ROM = b"\x28\x79\xa2\x16\x03\x00\x00\x00"


class Ports:
    """`_onewire`, its pin, a clock and a bus, without a heap of their own."""

    def __init__(self):
        self._commands = 0
        self._at = 0
        self.deaf = False

    # --- _onewire

    def reset(self, pin):
        self._at = 0
        return True

    def writebyte(self, pin, value):
        self._commands = value

    def readbit(self, pin):
        return 0 if self._commands == 0x44 and not self.deaf else 1

    def readbyte(self, pin):
        self._at += 1
        if self._at == 5:
            return 0x7F
        return 0x50 if self._at == 1 else 1

    def crc8(self, data):
        return 0

    # --- pin and clock

    def __call__(self):
        return 1

    def ticks_ms(self):
        return 5

    def ticks_diff(self, end, start):
        return 1000

    # --- registers of a TMP117

    def read_into(self, reg, buf):
        if reg == 15:
            buf[0], buf[1] = 1, 0x17
        elif reg == 1:
            buf[0], buf[1] = 0x26, 0x20
        else:
            buf[0], buf[1] = 0x0A, 0xC0

    def write_from(self, reg, buf):
        assert reg == 1 and buf[0] == 0x0E


def _locked(call):
    """call() twice, the second time with the heap locked."""
    call()
    micropython.heap_lock()
    try:
        call()
    finally:
        micropython.heap_unlock()


def test_begin__either_chip__allocates_nothing():
    ports = Ports()
    first = DS18B20(OneWireDevice(OneWire(ports, ports), _ROM), ports)
    second = TMP117(ports)
    for sensor in (first, second):
        _locked(sensor.begin)
        _locked(sensor.ready)
    assert second.read_c() == 21.5


def test_ports__a_chip_that_does_not_hear__would_be_seen():
    ports = Ports()
    sensor = DS18B20(OneWireDevice(OneWire(ports, ports), _ROM), ports)
    ports.deaf = True
    try:
        sensor.begin()
    except NoAnswer:
        return
    raise AssertionError("began")
