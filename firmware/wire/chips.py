"""What each chip can do, as plain data: for settings, plans and tables, on the host and on a node.

The drivers hold the registers, and their sources; tests/firmware/test_drivers.py holds each driver
to its row here.  Keys of an accelerometer's row:

buses: kinds of bus it speaks; most_hz: the highest clock of each; spi_mode: 2 CPOL + CPHA, None
without SPI; address: its I2C addresses; rates_hz: output data rates, the highest first;
bandwidth: what the filter lets through, as a share of the rate, or in Hz at each rate; ranges_g,
and g_per_digit in each of them;
bits_a_sample: clocks of the bus that one sample of all axes takes, with what is kept free;
noise_g_rthz: density of its own noise, of the noisiest axis; fifo: samples of all axes it holds;
interrupt: whether a pin of it tells the watermark (else int1 is null); self_test: if it has one;
motion: least and most threshold in g of its wake on motion (docs/architecture.md); fast, where
there: (rate, clock): higher ones need that clock.  A thermometer's row has buses, most_hz,
address, resolution_c and error_c, the most that it is off around room temperature.  A converter's
("current") has buses (None: it is inside the chip), most_hz, spi_mode, address, inputs (None: pins
of the board), full_scale_v (what may be set; None: its reference), bits, and samples_hz, the most
of all inputs together.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_BOTH = ("i2c", "spi")
_TO_16_G = (2, 4, 8, 16)


def _over(number: int, *divisors: int) -> "tuple[float, ...]":
    # Divided by the reader: a constant stands in a compiled module in decimals, which a board of
    # single precision may read a last place off.
    return tuple([number / divisor for divisor in divisors])


_OF_16_BITS = _over(1, 16384, 8192, 4096, 2048)
_OF_64_G = _over(1, 4096, 2048, 1024, 512)
_ADS_RANGES_V = (6.144, 4.096, 2.048, 1.024, 0.512, 0.256)
_MPU_RATES = (1000, 500, 250, 200, 125, 100, 50, 25, 10)

ROWS: "dict[str, dict[str, Any]]" = {
    "adxl345": {
        "kind": "accelerometer",
        "buses": _BOTH,
        "most_hz": {"i2c": 400_000, "spi": 5_000_000},
        "spi_mode": 3,
        "address": (0x53, 0x1D),
        "rates_hz": (
            (3200, 1600, 800, 400, 200, 100, 50, 25)
            + (12.5, 6.25, 3.13, 1.56, 0.78, 0.39, 0.20, 0.10)
        ),
        "bandwidth": 0.5,
        "ranges_g": _TO_16_G,
        "g_per_digit": (1 / 256,) * 4,
        "bits_a_sample": 500,
        "fast": (800, 2_000_000),
        "noise_g_rthz": 607e-6,
        "fifo": 32,
        "axes": 3,
        "interrupt": True,
        "self_test": True,
        "motion": (0.09, 15.9375),
    },
    "adxl355": {
        "kind": "accelerometer",
        "buses": _BOTH,
        "most_hz": {"i2c": 400_000, "spi": 10_000_000},
        "spi_mode": 0,
        "address": (0x1D, 0x53),
        "rates_hz": (4000, 2000, 1000, 500, 250, 125, 62.5, 31.25, 15.625, 7.813, 3.906),
        "bandwidth": 0.25,
        "ranges_g": (2, 4, 8),
        "g_per_digit": (62.5e-6, 125e-6, 250e-6),
        "bits_a_sample": 120,
        "noise_g_rthz": 22.5e-6,
        "fifo": 32,
        "axes": 3,
        "interrupt": True,
        "self_test": True,
        "motion": (0.005, 8.191875),
    },
    "iis3dwb": {
        "kind": "accelerometer",
        "buses": ("spi",),
        "most_hz": {"spi": 10_000_000},
        "spi_mode": 3,
        "address": (),
        "rates_hz": (26_667,),
        "bandwidth": (6_300,),
        "ranges_g": _TO_16_G,
        "g_per_digit": _OF_16_BITS,
        "bits_a_sample": 84,
        "noise_g_rthz": 75e-6,
        "fifo": 512,
        "axes": 3,
        "interrupt": True,
        "self_test": True,
        "motion": (0.045, 15.75),
    },
    "kx134": {
        "kind": "accelerometer",
        "buses": _BOTH,
        "most_hz": {"i2c": 400_000, "spi": 10_000_000},
        "spi_mode": 3,
        "address": (0x1E, 0x1F),
        "rates_hz": (
            (25600, 12800, 6400, 3200, 1600, 800, 400, 200, 100, 50, 25)
            + (12.5, 6.25, 3.125, 1.563, 0.781)
        ),
        "bandwidth": 0.5,
        "ranges_g": (8, 16, 32, 64),
        "g_per_digit": _OF_64_G,
        "bits_a_sample": 108,
        "noise_g_rthz": 300e-6,
        "fifo": 86,
        "axes": 3,
        "interrupt": True,
        "self_test": True,
        "motion": (0.045,) + _over(2047, 64),
    },
    "lis2dw12": {
        "kind": "accelerometer",
        "buses": _BOTH,
        "most_hz": {"i2c": 400_000, "spi": 10_000_000},
        "spi_mode": 3,
        "address": (0x18, 0x19),
        "rates_hz": (1600, 800, 400, 200, 100, 50, 25, 12.5),
        "bandwidth": (400, 400, 200, 100, 50, 25, 12.5, 6.25),
        "ranges_g": _TO_16_G,
        "g_per_digit": _OF_16_BITS,
        "bits_a_sample": 108,
        "noise_g_rthz": 90e-6,
        "fifo": 32,
        "axes": 3,
        "interrupt": True,
        "self_test": True,
        "motion": (0.03125, 15.75),
    },
    "lis3dh": {
        "kind": "accelerometer",
        "buses": _BOTH,
        "most_hz": {"i2c": 400_000, "spi": 10_000_000},
        "spi_mode": 3,
        "address": (0x18, 0x19),
        "rates_hz": (5376, 1600, 1344, 400, 200, 100, 50, 25, 10, 1),
        "bandwidth": 0.5,
        "ranges_g": _TO_16_G,
        "g_per_digit": (62.5e-6, 125e-6, 250e-6, 750e-6),
        "bits_a_sample": 108,
        "noise_g_rthz": 220e-6,
        "fifo": 32,
        "axes": 3,
        "interrupt": True,
        "self_test": True,
        "motion": (0.022, 15.996),
    },
    "mpu6050": {
        "kind": "accelerometer",
        "buses": ("i2c",),
        "most_hz": {"i2c": 400_000},
        "spi_mode": None,
        "address": (0x68, 0x69),
        "rates_hz": _MPU_RATES,
        "bandwidth": (260, 184, 94, 94, 44, 44, 21, 10, 5),
        "ranges_g": _TO_16_G,
        "g_per_digit": _OF_16_BITS,
        "bits_a_sample": 81,
        "noise_g_rthz": 400e-6,
        "fifo": 170,
        "axes": 3,
        "interrupt": False,
        "self_test": True,
        "motion": (0.04, 8.16),
    },
    "mpu6500": {
        "kind": "accelerometer",
        "buses": _BOTH,
        "most_hz": {"i2c": 400_000, "spi": 1_000_000},
        "spi_mode": 3,
        "address": (0x68, 0x69),
        "rates_hz": (4000,) + _MPU_RATES,
        "bandwidth": (1130, 460, 184, 92, 92, 41, 41, 20, 10, 5),
        "ranges_g": _TO_16_G,
        "g_per_digit": _OF_16_BITS,
        "bits_a_sample": 81,
        "noise_g_rthz": 300e-6,
        "fifo": 85,
        "axes": 3,
        "interrupt": False,
        "self_test": True,
        "motion": (0.03, 1.02),
    },
    "ds18b20": {
        "kind": "temperature",
        "buses": ("onewire",),
        "most_hz": {},
        "address": (),
        "resolution_c": 0.0625,
        "error_c": 0.5,  # -10 to 85 degrees C
    },
    "adc": {
        "kind": "current",
        "buses": (None,),
        "most_hz": {},
        "address": (),
        "inputs": None,
        "full_scale_v": None,
        "bits": 12,
        "samples_hz": 200_000,  # RP2040: 500 kS/s; those without DMA are much slower
    },
    "ads1015": {
        "kind": "current",
        "buses": ("i2c",),
        "most_hz": {"i2c": 400_000},
        "address": (0x48, 0x49, 0x4A, 0x4B),
        "inputs": (0, 1, 2, 3),
        "full_scale_v": _ADS_RANGES_V,
        "bits": 12,
        "samples_hz": 1500,  # each started by itself, with its time on the bus
    },
    "ads1115": {
        "kind": "current",
        "buses": ("i2c",),
        "most_hz": {"i2c": 400_000},
        "address": (0x48, 0x49, 0x4A, 0x4B),
        "inputs": (0, 1, 2, 3),
        "full_scale_v": _ADS_RANGES_V,
        "bits": 16,
        "samples_hz": 600,
    },
    "ina226": {
        "kind": "current",
        "buses": ("i2c",),
        "most_hz": {"i2c": 400_000},
        "address": tuple(range(0x40, 0x50)),
        "inputs": (0, 1),  # the shunt, the supply
        "full_scale_v": (0.08192,),
        "bits": 16,
        "samples_hz": 2500,
    },
    "mcp3208": {
        "kind": "current",
        "buses": ("spi",),
        "most_hz": {"spi": 2_000_000},
        "spi_mode": 0,
        "address": (),
        "inputs": (0, 1, 2, 3, 4, 5, 6, 7),
        "full_scale_v": None,
        "bits": 12,
        "samples_hz": 20_000,
    },
    "tmp117": {
        "kind": "temperature",
        "buses": ("i2c",),
        "most_hz": {"i2c": 400_000},
        "address": (0x48, 0x49, 0x4A, 0x4B),
        "resolution_c": 0.0078125,
        "error_c": 0.1,  # -20 to 50 degrees C
    },
}


def of_kind(kind: str) -> "list[str]":
    """The chips of a kind of sensor, "accelerometer", "temperature" or "current", in order."""
    return sorted([chip for chip in ROWS if ROWS[chip]["kind"] == kind])


def carried_hz(chip: str, bus_rate_hz: int) -> "list[float]":
    """The rates of an accelerometer that a bus of that clock (bit/s) carries, from the highest."""
    row = ROWS[chip]
    above_hz, clock_hz = row.get("fast", (0, 0))
    return [
        odr_hz
        for odr_hz in row["rates_hz"]
        if odr_hz * row["bits_a_sample"] <= bus_rate_hz
        and (odr_hz <= above_hz or bus_rate_hz >= clock_hz)
    ]


def bandwidth_hz(chip: str, odr_hz: float) -> float:
    """Where an accelerometer's filter ends at one of its rates.  Raises ValueError for others."""
    row = ROWS[chip]
    place = row["rates_hz"].index(odr_hz)
    share = row["bandwidth"]
    result: float = share[place] if isinstance(share, tuple) else share * odr_hz
    return result


def g_per_digit(chip: str, range_g: int) -> float:
    """What a digit of an accelerometer is in one of its ranges.  Raises ValueError for others."""
    row = ROWS[chip]
    result: float = row["g_per_digit"][row["ranges_g"].index(range_g)]
    return result
