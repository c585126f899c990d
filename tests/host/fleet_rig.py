"""Fleets for tests: the example that `new` writes, changed, in a folder of its own."""

from pathlib import Path

from nodewright.fleet import check, template
from nodewright.fleet.check import Judged
from nodewright.fleet.finding import Finding
from nodewright.fleet.load import FILE
from nodewright.fleet.secret import FOLDER

CANARY = "canary-Zx91-do-not-show"
SENSOR = """chip = "adxl345"
bus = "i2c0"
address = 0x53
int1 = 15                  # its interrupt; without one it is polled
range = "16g"
"""


def make(folder: Path, *changes: tuple[str, str], end: str = "") -> Path:
    """A fleet with texts of its example replaced, its Wi-Fi password the canary."""
    if not (folder / FILE).exists():
        template.create(folder, "north")
    template_text = template._FLEET.format(name="north", secret=template.WIFI_SECRET)
    for old, new in changes:
        assert template_text.count(old), old
        template_text = template_text.replace(old, new)
    (folder / FILE).write_text(template_text + end, encoding="utf-8")
    (folder / FOLDER / template.WIFI_SECRET).write_text(CANARY + "\n", encoding="utf-8")
    return folder


def judged(folder: Path, *changes: tuple[str, str], end: str = "") -> Judged:
    return check.check(make(folder, *changes, end=end))


def lines(finding: Finding, folder: Path) -> str:
    """The text of the file from where a finding points on, to the end of that line."""
    assert finding.place is not None
    line = (folder / FILE).read_text(encoding="utf-8").split("\n")[finding.place.line - 1]
    return line[finding.place.column - 1 :]


def many(count: int) -> str:
    """The example with so many nodes like its one."""
    text = template._FLEET.format(name="many", secret=template.WIFI_SECRET)
    at = text.index("[nodes.pump-1]")
    head, node = text[:at], text[at:]
    return head + "\n".join(
        node.replace("nodes.pump-1", f"nodes.pump-{index}") for index in range(1, count + 1)
    )
