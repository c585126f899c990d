"""The MCP3208's driver against its twin, bit by bit."""

import sys
from math import sqrt

from micropython import heap_lock, heap_unlock
from paths import TESTS

sys.path.append(TESTS + "/firmware")

from clamps_rig import SPIRig, clamps, record, rms_a

from node.drivers.errors import NoAnswer
from node.drivers.frames import SPIFrames
from node.drivers.inputs import make_blocks
from node.drivers.mcp3208 import MCP3208

INPUTS = (0, 3, 7)


def _rig(**config):
    return SPIRig("mcp3208", clamps(INPUTS), SPIFrames, **config)


def _refusal(call, *args):
    try:
        call(*args)
    except ValueError as error:
        return error.args
    raise AssertionError("accepted")


def test_twin__figure_5_2__null_bit_result_and_the_result_backwards():
    rig = SPIRig("mcp3208", [{"input": 5, "constant": 1, "per_volt": 1 / 1.5}], SPIFrames)
    code = int(1.5 / 3.3 * 4096)
    got = bytearray(6)
    rig.bus.exchange(bytes([0x07, 0x40, 0, 0, 0, 0]), got)
    assert got[1] & 0x10 == 0  # null
    forth = int.from_bytes(got[1:3], "big") & 0xFFF
    assert forth == code
    back = [got[3 + place // 8] >> 7 - place % 8 & 1 for place in range(11)]
    assert back == [forth >> place & 1 for place in range(1, 12)]
    assert got[4] & 0x1F == got[5] == 0  # then zeros


def test_record__three_clamps__their_currents_and_the_instants():
    rig = _rig(source={"kind": "motor", "amps": 12.0, "balance": (1.0, 0.5, 1.25)})
    driver = MCP3208(rig.bus, rig.clock)
    blocks, take = record(rig, driver, 3200, 512, INPUTS, 3.3)
    for index, amps in enumerate((12.0, 6.0, 15.0)):
        block = blocks[index]
        assert abs(rms_a(driver, block) / (amps * sqrt(1.0013)) - 1) < 0.002
    # 312.5 us do not fit a clock of microseconds: 312
    assert abs(take.rate_hz - 1e6 / 312) < 1e-6 and take.samples == 512
    assert take.gaps == take.overruns == 0 and take.clipped == [0, 0, 0]
    # 24 clocks of 2 MHz each
    assert take.skew_us == [0, 12, 24] and take.jitter_us == 0


def test_record__clock_that_stutters__jitter_and_gaps_are_told():
    rig = _rig()
    driver = MCP3208(rig.bus, rig.clock)
    frame, count = driver.frame, [0]

    def stutters(blocks, i):
        count[0] += 1
        frame(blocks, i)
        if count[0] % 64 == 0:
            rig.world.advance_us(1000)  # as another task of the port does

    driver.frame = stutters
    _, take = record(rig, driver, 2000, 512, INPUTS, 3.3)
    assert take.gaps == 8 and 40 < take.jitter_us < 120, (take.gaps, take.jitter_us)


def test_begin__nothing_on_the_bus_or_an_open_line__no_answer():
    rig = _rig()
    driver = MCP3208(rig.bus, rig.clock)
    record(rig, driver, 2000, 256, INPUTS, 3.3)
    chip = rig.chips.pop(17)
    for twin in (None, Says(b"\xff" * 6), Says(b"\x00\x0a\x55\x33\x00\x00")):
        if twin is not None:
            rig.chips[17] = twin
        try:
            driver.begin()
        except NoAnswer:
            pass
        else:
            raise AssertionError("accepted")
    rig.chips[17] = chip
    driver.begin()


class Says:
    """A line that is pulled up, with nobody there; or another chip, that repeats nothing."""

    def __init__(self, told):
        self._told = told

    def transfer(self, out, into):
        for i in range(len(into)):
            into[i] = self._told[i]


def test_record__input_beyond_its_reference__clipped_samples_are_counted():
    rig = _rig(source={"kind": "motor", "amps": 40.0})
    driver = MCP3208(rig.bus, rig.clock)
    blocks, take = record(rig, driver, 2000, 512, INPUTS, 3.3)
    assert min(take.clipped) > 50, take.clipped
    assert max([max(block) for block in blocks]) == 4095


def test_configure__what_it_cannot__named():
    driver = MCP3208(_rig().bus)
    assert _refusal(driver.configure, 1000, 256, (0, 8), 3.3, 50)[:2] == ("inputs", 8)
    assert _refusal(driver.configure, 50_000, 256, (0, 1), 3.3, 50)[:2] == ("rate_hz", 50_000)


def test_frame__heap_locked__allocates_nothing():
    rig = _rig()
    driver = MCP3208(rig.bus, rig.clock)
    driver.configure(2000, 256, INPUTS, 3.3, 50)
    blocks = make_blocks(3, 256)

    class Still:
        def exchange(self, out, into):
            into[1] = 0x08

    driver._bus = Still()
    driver.frame(blocks, 0)
    heap_lock()
    try:
        driver.frame(blocks, 1)
    finally:
        heap_unlock()
    assert blocks[2][1] == 0x800
