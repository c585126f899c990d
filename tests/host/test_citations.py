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

# A document, and a place in it: a table, a figure, a chapter by its number or by its title, a
# register by its number or by its name, which is the title of its description.
DOCUMENT = re.compile(r"\brev\. |\bDS\d+|\bDocID\d+|\bSNOS\w+|\bAN\d{4}\b|\bRM-\w+|\bPS-\w+")
PLACE = re.compile(
    r"\b([Tt]ables?|[Ff]igures?|[Cc]h\.|[Rr]egisters?) \d|\b\d{1,2}\.\d"
    r'|"[A-Z0-9]|^ ?\d{2,3}\b|\b[A-Z]{2}[A-Z0-9_]{2,}\b|\beMD\b'
)
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


def uncited(name: str) -> list[str]:
    """Constants without a citation on their own line or above them in the same paragraph."""
    text = (ROOT / name).read_text(encoding="utf-8")
    lines = text.splitlines()
    found = []
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) != "TYPE_CHECKING":
            found += [] if _in_reach(lines, node.lineno - 1, node.end_lineno) else [node]
        if isinstance(node, ast.ClassDef):
            for part in node.body:
                target = part.target if isinstance(part, ast.AnnAssign) else None
                if isinstance(part, ast.Assign):
                    target = part.targets[0]
                if not isinstance(target, ast.Name) or target.id not in FACTS or not part.value:
                    continue
                if not _in_reach(lines, part.lineno - 1, part.end_lineno, alone=True):
                    found.append(part)
    return [f"{name}:{node.lineno}: {lines[node.lineno - 1].strip()}" for node in found]


def _in_reach(lines: list[str], first: int, end: int | None, alone: bool = False) -> bool:
    """alone: only comments right above count, not what other constants there say."""
    if any(_place(line) for line in lines[first:end]):
        return True
    for line in reversed(lines[:first]):
        if not line.strip() or (alone and not line.strip().startswith("#")):
            return False
        if _place(line):
            return True
    return False


def _place(line: str) -> bool:
    return PLACE.search(comment(line)) is not None


@pytest.mark.parametrize("name", files())
def test_chip__its_constants__each_has_document_and_place(name):
    head = ast.get_docstring(ast.parse((ROOT / name).read_text(encoding="utf-8"))) or ""
    assert DOCUMENT.search(head), "the head names no document with its revision"
    assert not uncited(name)


def test_chip__constant_without_a_source__is_found(tmp_path, monkeypatch):
    (tmp_path / "bad.py").write_text(
        "# Table 19\n_A = const(0x01)\n\n_B = const(0x02)  # a bit\n_C = const(0x03)  # 8.3\n"
        "\nclass X:\n    fifo_depth = 32\n    rates = ((1, 2),)  # table 7\n"
    )
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    assert [line.split(": ")[1] for line in uncited("bad.py")] == [
        "_B = const(0x02)  # a bit",
        "fifo_depth = 32",
    ]
