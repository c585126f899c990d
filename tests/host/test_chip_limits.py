"""What an accelerometer is held against at rest, and what docs/validation.md says of it."""

import math
import re
from pathlib import Path

import pytest

from nodewright.validate import chip_limits
from wire import chips

PAGE = Path(__file__).resolve().parents[2] / "docs" / "validation.md"
X, Y, Z = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)


def limits(chip: str) -> chip_limits.Accelerometer:
    found = chip_limits.accelerometer(chip)
    assert found is not None, chip
    return found


def test_rest__offset_and_sensitivity__added_as_squares() -> None:
    adxl345 = limits("adxl345")
    assert adxl345.rest_g(Z) == pytest.approx(
        (1 - math.hypot(0.1, 0.25), math.hypot(1 + math.hypot(0.1, 0.25), 0.15, 0.15))
    )
    assert adxl345.rest_g(X) == adxl345.rest_g(Y)
    assert adxl345.rest_g(X)[0] == pytest.approx(1 - math.hypot(0.1, 0.15))


def test_rest__whichever_way_it_lies__between_its_axes() -> None:
    adxl345 = limits("adxl345")
    tilted = adxl345.rest_g((0.5, -0.3, -0.7))
    assert adxl345.rest_g(Z)[0] < tilted[0] < adxl345.rest_g(X)[0]
    assert adxl345.rest_g((0.0, 0.0, -2.5)) == adxl345.rest_g(Z)


def test_rest__either_limit_alone__is_a_good_chip() -> None:
    for chip in chips.of_kind("accelerometer"):
        row = limits(chip)
        for axis, up in enumerate((X, Y, Z)):
            least, most = row.rest_g(up)
            for away in (row.offset_g[axis], row.sensitivity_pct / 100):
                assert least <= 1 - away and 1 + away <= most


def test_page__each_chip__the_scales_that_are_found() -> None:
    text = PAGE.read_text(encoding="utf-8")
    table = dict(re.findall(r"^\| ([A-Z0-9]+) \| (\d.*) \|$", text, re.MULTILINE))
    assert [name.lower() for name in table] == chips.of_kind("accelerometer")
    for chip, told in table.items():
        flat, up = limits(chip.lower()).scale_found(X), limits(chip.lower()).scale_found(Z)
        cells = (f"{flat[0]:.2f}, {flat[1]:.2f}", f"{up[0]:.2f}, {up[1]:.2f}")
        assert told == " | ".join((*cells, f"{flat[2]:.2f}", f"{up[2]:.2f}"))


def test_chip__that_nobody_entered__has_none() -> None:
    assert chip_limits.accelerometer("mma8451") is None
    assert chip_limits.accelerometer("noise") is None
