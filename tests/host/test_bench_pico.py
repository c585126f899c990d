"""The bench on an emulated Pico: what is missing is said, and the twins answer its buses."""

import subprocess
import sys
from pathlib import Path

import pytest

from runner import tools

ROOT = Path(__file__).resolve().parents[2]
BENCH = ROOT / "tools" / "bench_pico.py"

# An emulator that asks a twin at 0x53 who it is, then one over SPI, and prints what it heard.
FAKE = """
import sys
def tell(line):
    sys.stdout.write(line + "\\n")
    sys.stdout.flush()
def ask(line):
    tell(line)
    return sys.stdin.buffer.read(1)[0]
{talk}
tell('o 900 1500 "heard %s\\\\n"' % heard)
"""
I2C = """
heard = ask("i 100 83 0")
tell("w 110 0")
tell("p 120")
heard = [heard, ask("i 130 83 1"), ask("r 140"), ask("i 150 84 1")]
tell("p 160")
"""
SPI = """
tell("s 100")
heard = [ask("x 110 128"), ask("x 120 0")]
tell("d 130")
"""
ONEWIRE = """
heard = [ask("R 500")] + [ask("b 600 %d" % (0x33 >> i & 1)) for i in range(8)]
heard.append(sum(ask("b 700 1") << i for i in range(8)))
"""


def test_bench_pico__nothing_given__says_so_in_one_line_and_ends_well():
    done = subprocess.run(
        [sys.executable, BENCH], env={"PATH": "/nowhere"}, capture_output=True, text=True
    )
    assert done.returncode == 0 and done.stderr == ""
    assert len(done.stdout.splitlines()) == 1 and done.stdout.startswith("no emulated Pico")


def test_find__a_part_missing__names_it(tmp_path, monkeypatch):
    board = tools.load("bench_pico").find.__globals__
    monkeypatch.setattr(board["shutil"], "which", lambda name: f"/bin/{name}")
    given = {"PICO_UF2": str(tmp_path / "x.uf2"), "PICO_BOOTROM": str(tmp_path)}
    assert "PICO_RP2040JS" in board["find"](given)
    assert "x.uf2" in board["find"]({**given, "PICO_RP2040JS": str(tmp_path)})


@pytest.mark.parametrize(
    ("talk", "chip", "kind", "heard"),
    [
        (I2C, "adxl345", "i2c", [1, 1, 0xE5, 0]),
        (SPI, "adxl345", "spi", [0, 0xE5]),
        (ONEWIRE, "ds18b20", "onewire", [1] * 9 + [0x28]),
    ],
)
def test_board__what_its_buses_do__is_what_the_twin_answers(
    talk, chip, kind, heard, tmp_path, monkeypatch
):
    bench = tools.load("bench_pico")
    space = bench.PicoBoard.__init__.__globals__
    fake = tmp_path / "fake.py"
    fake.write_text(FAKE.format(talk=talk))
    monkeypatch.setitem(space, "EMULATOR", fake)
    parts = bench.Tools(sys.executable, fake, fake, fake)
    bus = bench._bus(chip, kind, 0x53, tmp_path)
    with bench.PicoBoard(parts, {"/main.py": b""}, bus, tmp_path) as board:
        (line,) = board.lines()
    assert (line.us, line.busy_us, line.text) == (900, 1.5, f"heard {heard}")
