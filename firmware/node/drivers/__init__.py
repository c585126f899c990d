"""The drivers, one file a chip, of which a node loads only those that its settings name."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# chip: class in the module of the chip's name; SPI mode (2 CPOL + CPHA) of its data sheet
CHIPS = {
    "adxl345": ("ADXL345", 3),
    "adxl355": ("ADXL355", 0),
    "iis3dwb": ("IIS3DWB", 3),
    "kx134": ("KX134", 3),
    "lis2dw12": ("LIS2DW12", 3),
    "lis3dh": ("LIS3DH", 3),
}


def load(chip: str) -> "Any":
    """The class of a chip's driver.  Raises KeyError for a chip without one."""
    name = CHIPS[chip][0]
    return getattr(__import__("node.drivers." + chip, None, None, (name,)), name)
