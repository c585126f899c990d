"""Converters of twins with clamps at their inputs, without a board around them."""

from adxl345_rig import Clock

from sim import analogue, rp2, wiring
from sim.i2c import I2C
from sim.pin import Pin
from sim.spi import SPI
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


I2C_ADDRESS = 0x48


class I2CRig:
    """world, clock, chip (the twin), bus: its registers, at 400 kHz."""

    def __init__(self, chip, inputs, registers, **config):
        """registers: the class I2CRegisters."""
        self.world = World({}, None)
        self.clock = Clock(self.world)
        given = {"chip": chip, "name": "clamps", "address": I2C_ADDRESS, "inputs": inputs}
        given.update(config)
        bus = {"kind": "i2c", "id": 0, "sda": 4, "scl": 5, "chips": [given]}
        Pin.world = I2C.world = self.world
        I2C.buses = wiring.build_buses({"buses": [bus]}, self.world)
        self.chips = I2C.buses[0]["chips"]
        self.chip = self.chips[I2C_ADDRESS]
        self.i2c = I2C(0, sda=Pin(4), scl=Pin(5), freq=400_000)
        self.bus = registers(self.i2c, I2C_ADDRESS, 400_000)

    def get(self, reg):
        high, low = self.i2c.readfrom_mem(I2C_ADDRESS, reg, 2)
        return high << 8 | low

    def put(self, reg, value):
        self.i2c.writeto_mem(I2C_ADDRESS, reg, bytes([value >> 8, value & 0xFF]))


class SPIRig:
    """world, clock, chip (the twin), bus: its frames, at 2 MHz."""

    def __init__(self, chip, inputs, frames, **config):
        """frames: the class SPIFrames."""
        self.world = World({}, None)
        self.clock = Clock(self.world)
        given = {"chip": chip, "name": "clamps", "inputs": inputs}
        given.update(config)
        bus = {"kind": "spi", "id": 0, "sck": 18, "mosi": 19, "miso": 16, "cs": 17}
        bus["chips"] = [given]
        Pin.world = SPI.world = self.world
        SPI.buses = wiring.build_buses({"buses": [bus]}, self.world)
        self.chips = SPI.buses[0]["chips"]
        self.chip = self.chips[17]
        spi = SPI(0, 2_000_000, sck=Pin(18), mosi=Pin(19), miso=Pin(16))
        self.bus = frames(spi, Pin(17, Pin.OUT, value=1), 2_000_000)


def record(rig, driver, rate_hz, samples, inputs, full_scale_v, line_hz=50):
    """(blocks, take) of one record."""
    from node.drivers.inputs import Take, make_blocks

    driver.configure(rate_hz, samples, inputs, full_scale_v, line_hz)
    blocks, take = make_blocks(len(inputs), samples), Take(len(inputs))
    driver.begin()
    while driver.left_us():
        rig.world.advance_us(driver.left_us())
    driver.finish(blocks, take)
    return blocks, take


def rms_a(driver, block, amps_per_volt=AMPS_PER_VOLT):
    """By the samples alone: of whole cycles."""
    mean = sum(block) / len(block)
    squares = sum([(digit - mean) ** 2 for digit in block])
    return (squares / len(block)) ** 0.5 * driver.per_digit(0) * amps_per_volt
