"""What runs on a board for docs/performance.md: records of the accelerometers at its I2C bus.

    import sensor_bench_node; sensor_bench_node.on_node(0, 4, 5, {"adxl345": 0x53})

Prints of each rate whether the record is whole, and the share of the CPU that capture took: all
but the sleeping, so the time of the bus belongs to it.
"""

import gc
import time

from machine import I2C, Pin

from node import drivers
from node.capture import Capture
from node.drivers.bus import I2CRegisters

RATE_HZ = 400_000


class Clock:
    """The node's clock, which knows how long it has slept."""

    def __init__(self):
        self.slept_us = 0

    def ticks_us(self):
        return time.ticks_us()

    def ticks_diff(self, end, start):
        return time.ticks_diff(end, start)

    def sleep_us(self, us):
        begin = time.ticks_us()
        time.sleep_us(us)
        self.slept_us += time.ticks_diff(time.ticks_us(), begin)


def on_node(bus, sda, scl, chips, samples=1024, fastest=3):
    """chips: {chip: address}; the fastest rates that the bus carries, so many of them."""
    i2c = I2C(bus, sda=Pin(sda), scl=Pin(scl), freq=RATE_HZ)
    for chip in chips:
        sensor = drivers.load(chip)(I2CRegisters(i2c, chips[chip], RATE_HZ))
        clock = Clock()
        capture = Capture(samples, None, clock)
        gc.collect()
        rates = [row[0] for row in sensor.rates if sensor._carries(row[0])]
        for odr_hz in rates[:fastest]:
            sensor.configure(odr_hz, sensor.range_g)
            clock.slept_us = 0
            begin = time.ticks_us()
            record = capture.record(sensor)
            took_us = time.ticks_diff(time.ticks_us(), begin)
            busy_pct = 100 * (took_us - clock.slept_us) / took_us
            print(
                chip, f"{odr_hz:g} Hz valid={record.valid} rate_hz={record.rate_hz:.2f}", end=" "
            )
            print(f"overruns={record.overruns} gaps={record.gaps} busy={busy_pct:.0f}%")
