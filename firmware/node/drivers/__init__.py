"""The drivers, one file a chip, of which a node loads only those that its settings name."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# chip: module, class; SPI mode (2 CPOL + CPHA) of its data sheet
CHIPS = {
    "adc": ("rp2_adc", "RP2ADC", 0),  # of the chip itself; without DMA: node/clamps.py
    "ads1015": ("ads1115", "ADS1015", 0),  # on I2C only
    "ads1115": ("ads1115", "ADS1115", 0),  # on I2C only
    "adxl345": ("adxl345", "ADXL345", 3),
    "adxl355": ("adxl355", "ADXL355", 0),
    "ds18b20": ("ds18b20", "DS18B20", 0),  # on 1-Wire only
    "iis3dwb": ("iis3dwb", "IIS3DWB", 3),
    "ina226": ("ina226", "INA226", 0),  # on I2C only
    "kx134": ("kx134", "KX134", 3),
    "lis2dw12": ("lis2dw12", "LIS2DW12", 3),
    "lis3dh": ("lis3dh", "LIS3DH", 3),
    "mcp3208": ("mcp3208", "MCP3208", 0),
    "mpu6050": ("mpu6500", "MPU6050", 0),  # on I2C only
    "mpu6500": ("mpu6500", "MPU6500", 3),
    "tmp117": ("tmp117", "TMP117", 0),  # on I2C only
}


def load(chip: str) -> "Any":
    """The class of a chip's driver.  Raises KeyError for a chip without one."""
    module, name, _ = CHIPS[chip]
    return getattr(__import__("node.drivers." + module, None, None, (name,)), name)
