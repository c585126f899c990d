"""Converters of twins with clamps at their inputs, without a board around them."""

from adxl345_rig import Clock

from sim import analogue, rp2, wiring
from sim.pin import Pin
from sim.world import World

AMPS_PER_VOLT = 20.0
BIAS_V = 1.65
PINS = (26, 27, 28)


def clamps(inputs, **changed):
    """A clamp of each phase at the inputs given."""
    rows = []
    for phase, number in enumerate(inputs):
        row = {"input": number, "phase": phase, "per_volt": AMPS_PER_VOLT, "bias_v": BIAS_V}
        row.update(changed)
        rows.append(row)
    return rows


class Port:
    """What node/hal.py's Analogue is, of the twins."""

    wide_codes = True
    adc_base, adc_dreq = 0x4004_C000, 36
    mem32 = analogue.mem32
    DMA = rp2.DMA

    def ADC(self, pin):
        return analogue.ADC(pin)


class ADCRig:
    """world, clock, chip (the twin), port."""

    def __init__(self, inputs=None, **config):
        self.world = World({}, None)
        self.clock = Clock(self.world)
        given = {"chip": "rp2_adc", "name": "clamps", "source": {"kind": "motor"}}
        given["inputs"] = clamps(PINS) if inputs is None else inputs
        given.update(config)
        Pin.world = self.world
        buses = wiring.build_buses({"buses": [{"kind": "adc", "chips": [given]}]}, self.world)
        analogue.attach(self.world, buses)
        rp2.attach(self.world)
        self.chip = analogue.adc()
        self.port = Port()
