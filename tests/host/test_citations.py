"""Every register constant of a driver and of its twin says where in which document it stands."""

import ast
import re
from pathlib import Path

import pytest

from wire import chips

ROOT = Path(__file__).parents[2] / "firmware"
# Files of a chip that are not called as it is; what they share with others of its family
FILES = {
    "mpu6050": ("node/drivers/mpu6500.py", "sim/chips/mpu6050.py"),
    "lis3dh": ("node/drivers/lis.py", "node/drivers/lis3dh.py", "sim/chips/lis.py"),
    "ds18b20": ("node/drivers/ds18b20.py", "node/drivers/onewire.py", "sim/chips/ds18b20.py"),
}
CHIPS = sorted(chips.of_kind("accelerometer")) + sorted(chips.of_kind("temperature"))

DOCUMENT = re.compile(r"\brev\. |\bDS\d+|\bDocID\d+|\bSNOS\w+|\bAN\d{4}\b|\bRM-\w+|\bPS-\w+")

# A place in it, each form of which can be looked up:
# a table, a figure, a chapter, a register or a file of a driver by its number or name,
NUMBERED = re.compile(
    r"\b([Tt]ables?|[Ff]igures?|[Cc]h\.|[Rr]egisters?|[Nn]otes?|equation) \d|\b\w+\.c\b"
)
# a chapter by its number, where no unit makes a quantity of that,
CHAPTER = re.compile(r"(?:^ |, |\()\d{1,2}\.\d{1,2}(?:\.\d)?(?=[,;:)]|$| \()")
# a register of InvenSense's, which stand by their numbers: the one that the line defines,
OWN_NUMBER = re.compile(r"^ (\d{2,3})(?=[,;:]|$| to )")
# a chapter or table by its title, of these,
QUOTED = re.compile(r'"([^"]+)"')
TITLES = {
    "adxl345": ("FIFO", "Noise Performance", "Self-Test", "Serial Communications"),
    "adxl355": ("Antialiasing Filter", "FIFO", "Register Map", "SPI Protocol"),
    "iis3dwb": ("Mechanical characteristics", "Register mapping", "SPI slave timing values"),
    "kx134": ("Electrical", "Embedded Registers"),
    "ds18b20": (
        *("64-Bit Lasered ROM Code", "AC Electrical Characteristics", "Alarm Signaling"),
        *("Configuration Register", "Function Commands", "General Description", "Initialization"),
        *("Memory", "ROM Commands", "Temperature Register"),
    ),
    "tmp117": ("Features",),
}
# or the description of a register that these files define in their table of registers, by its
# name, which is the title of its description.
NAME = re.compile(r"\b[A-Z]{2}[A-Z0-9_]{2,}\b")
# What a class says of its chip
FACTS = (
    *("most_hz", "rates", "ranges", "fifo_depth", "own_noise_g_rthz", "noise_g_rthz"),
    *("settling_us", "settling_samples", "test_limits_g", "motion", "least_c", "START_US"),
)


def files() -> list[str]:
    found: set[str] = set()
    for chip in CHIPS:
        found.update(FILES.get(chip, ()))
        for name in (f"node/drivers/{chip}.py", f"sim/chips/{chip}.py"):
            if (ROOT / name).exists():
                found.add(name)
    return sorted(found)


def comment(line: str) -> str:
    """What stands behind the # of a line; strings of these files have none."""
    return line.partition("#")[2]


def family(name: str) -> tuple[str, list[str]]:
    """The chip of a file, and all files that tell of it."""
    stem = Path(name).stem
    chip = {"lis": "lis3dh", "onewire": "ds18b20", "mpu6050": "mpu6500"}.get(stem, stem)
    of = {chip, *(other for other in FILES if name in FILES[other])}
    found = [f"{folder}/{one}.py" for one in of for folder in ("node/drivers", "sim/chips")]
    return chip, [path for path in {*found, name} if (ROOT / path).exists()]


class Places:
    """What counts as a place in the document of one file."""

    def __init__(self, name: str) -> None:
        self.chip, files = family(name)
        self.registers: set[str] = set()
        for path in files:
            self._collect((ROOT / path).read_text(encoding="utf-8"))

    def _collect(self, text: str) -> None:
        """The registers of a file: small numbers of paragraphs that begin with their table."""
        lines = text.splitlines()
        for node in ast.parse(text).body:
            if isinstance(node, ast.Assign) and self._of_a_table(lines, node.lineno - 1):
                for part in ast.walk(node.targets[0]):
                    if isinstance(part, ast.Name):
                        self.registers.add(part.id.lstrip("_"))

    def _of_a_table(self, lines: list[str], at: int) -> bool:
        while at and lines[at - 1].strip():
            at -= 1
        first = comment(lines[at])
        return bool(NUMBERED.search(first) or CHAPTER.search(first) or self._title(first))

    def _title(self, text: str) -> bool:
        return any(
            title in TITLES.get(self.chip, ()) or NUMBERED.search(title)
            for title in QUOTED.findall(text)
        )

    def named(self, text: str, defined: int | None = None) -> bool:
        """Whether a comment names a place; defined: what its line gives a name to."""
        own = OWN_NUMBER.search(text)
        return bool(
            NUMBERED.search(text)
            or CHAPTER.search(text)
            or self._title(text)
            or (own and int(own[1]) == defined)
            or any(name in self.registers for name in NAME.findall(text))
        )


def uncited(name: str) -> list[str]:
    """Constants without a citation on their own line or above them in the same paragraph."""
    text = (ROOT / name).read_text(encoding="utf-8")
    lines, places = text.splitlines(), Places(name)
    found = []
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) != "TYPE_CHECKING":
            found += [] if _in_reach(places, lines, node) else [node]
        if isinstance(node, ast.ClassDef):
            for part in node.body:
                target = part.target if isinstance(part, ast.AnnAssign) else None
                if isinstance(part, ast.Assign):
                    target = part.targets[0]
                if not isinstance(target, ast.Name) or target.id not in FACTS or not part.value:
                    continue
                if not _in_reach(places, lines, part, alone=True):
                    found.append(part)
    return [f"{name}:{node.lineno}: {lines[node.lineno - 1].strip()}" for node in found]


def _in_reach(
    places: Places, lines: list[str], node: ast.Assign | ast.AnnAssign, alone: bool = False
) -> bool:
    """alone: only comments right above count, not what other constants there say."""
    first = node.lineno - 1
    value = re.search(r"\b0x[0-9A-Fa-f]+|\b\d+", ast.unparse(node.value) if node.value else "")
    defined = int(value[0], 0) if value else None
    if any(places.named(comment(line), defined) for line in lines[first : node.end_lineno]):
        return True
    for line in reversed(lines[:first]):
        if not line.strip() or (alone and not line.strip().startswith("#")):
            return False
        if places.named(comment(line)):
            return True
    return False


@pytest.mark.parametrize("name", files())
def test_chip__its_constants__each_has_document_and_place(name):
    head = ast.get_docstring(ast.parse((ROOT / name).read_text(encoding="utf-8"))) or ""
    assert DOCUMENT.search(head), "the head names no document with its revision"
    assert not uncited(name)


def test_chip__constant_without_a_source__is_found(tmp_path, monkeypatch):
    (tmp_path / "kx134.py").write_text(
        '# Manual, ch. 1 "Embedded Registers"\n_CNTL1 = const(0x1B)  # operating\n'
        "\n_A = const(0x02)  # CNTL1\n_B = const(0x02)  # what CNTL1 begets\n"
        "\n_C = const(20)  # 20 bits\n_D = 1  # RMS of the SPI\n"
        '\n_E = 1  # "Somewhere"\n\n_F = 1  # "Electrical"\n'
        "\n_G = 1  # 37.5 us\n\n_H = 1  # 8.3\n\n_I = 0x1A  # 27\n\n_J = 0x1A  # 26: D3\n"
        "\nclass X:\n    fifo_depth = 32\n    rates = ((1, 2),)  # table 7\n"
    )
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    lost = [line.split(": ")[1].split()[0] for line in uncited("kx134.py")]
    assert lost == ["_C", "_D", "_E", "_G", "_I", "fifo_depth"]
