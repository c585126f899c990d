"""Breaks each kernel by 0.1 % and says which break no golden test sees: `tools/mutate_kernels.py`.

Every row of MUTATIONS changes one line of firmware/node/dsp in a copy; its golden tests then run
on it, those of the viper kernels on MicroPython, those of ulab on CPython over the mock.  What the
envelope chooses is no number, and is broken by its next choice: band, harmonics, search.  A line
that is not there exactly once is an error: rows follow the code.  Exit code 1 where a break was
missed.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from nodewright.interpreter import find_interpreter

ROOT = Path(__file__).resolve().parent.parent
_DSP, _TESTS = Path("node") / "dsp", ROOT / "tests" / "firmware"
_VIPER = ("test_dsp_kernels.py", "test_dsp_backends.py")
_RUN_S = 60.0

# Runs on both interpreters: modules by their folder, first the firmware's.
_PROGRAM = """
import sys
sys.path[:0] = sys.argv[1:3]
if sys.implementation.name == "cpython":
    import sim.cpython
    sim.cpython.install()
for name in sys.argv[3:]:
    module = __import__(name)
    for key in dir(module):
        if key.startswith("test_"):
            try:
                getattr(module, key)()
            except Exception as error:
                print("seen by", key, repr(error)[:80])
                sys.exit(3)
"""


@dataclass(frozen=True)
class Mutation:
    """One line of a module, and what breaks it."""

    kernel: str
    module: str
    old: str
    new: str
    tests: tuple[str, ...] = _VIPER


_TIME, _FFT, _SPECTRUM = "viper_time.py", "viper_fft.py", "viper_spectrum.py"
_DECIMATOR, _ULAB = "decimator.py", "ulab_backend.py"
_LOGS, _BANDS, _LINES = "viper_logs.py", "bands.py", "../lines.py"
_FILTERS = ("test_dsp_decimator.py",)
_ENVELOPES, _BEARINGS = ("test_dsp_envelope.py",), ("test_envelope.py",)
_BACKENDS = ("test_dsp_backends.py",)


def _off(text: str) -> str:
    """A number 0.1 % off: whole ones lose bits."""
    return f"{text} + (({text}) >> 10)"


MUTATIONS = (
    Mutation("turn", "tables.py", "32768 * sin(", "32735 * sin("),
    Mutation("reversal", "tables.py", "table[i] + step", "table[i] + step - (step >> 10)"),
    Mutation("extent16, sum", _TIME, "        total += x\n", f"        total += {_off('x')}\n"),
    Mutation("extent24, sum", _TIME, "lower += x & 1023\n", "lower += x & 1022\n"),
    Mutation("extent24, upper", _TIME, "upper += x >> 10\n", f"upper += {_off('(x >> 10)')}\n"),
    Mutation(
        "centre16", _TIME, "0x8000) - centre) << up)", "0x8000) - centre) * 1001 // 1000 << up)"
    ),
    Mutation("centre24", _TIME, "((x - centre) << up)", "((x - centre) * 1001 // 1000 << up)"),
    Mutation("moments, e", _TIME, "        s1 += e\n", f"        s1 += {_off('e')}\n"),
    *(
        Mutation(
            f"moments, {power}",
            _TIME,
            f"high{power} += p >> 15",
            f"high{power} += {_off('(p >> 15)')}",
        )
        for power in (2, 3, 4)
    ),
    Mutation(
        "window",
        _FFT,
        "        w = turn[i + quarter]\n",
        "        w = turn[i + quarter]\n        w -= w >> 10\n",
    ),
    Mutation(
        "reorder",
        _FFT,
        "            t = data[p]\n",
        "            t = data[p] + ((data[p] - BIAS) >> 10)\n",
    ),
    Mutation(
        "pairs, sum",
        _FFT,
        "        data[i] = (a + b + 1) >> 1\n",
        "        data[i] = (a + b + ((a + b - BIAS - BIAS) >> 10)) >> 1\n",
    ),
    Mutation(
        "pairs, difference",
        _FFT,
        "data[i + 2] = ((a - b + 1) >> 1)",
        "data[i + 2] = ((a - b + ((a - b) >> 10)) >> 1)",
    ),
    Mutation(
        "fours_plain",
        _FFT,
        "        wr = data[i] - data[k] + 2\n",
        "        wr = data[i] - data[k] + 2\n        wr += wr >> 10\n",
    ),
    *(
        Mutation(
            f"fours, {name}",
            _FFT,
            f"        {name} = 32768 - turn[{place}]\n",
            f"        {name} = 32768 - turn[{place}]\n        {name} += {name} >> 10\n",
        )
        for name, place in (
            ("c1", "angle + quarter"),
            ("s2", "angle + angle"),
            ("c2", "angle + angle + quarter"),
            ("s3", "3 * angle"),
            ("c3", "3 * angle + quarter"),
        )
    ),
    Mutation(
        "fours, sum", _FFT, "            ur = r + tr\n", "            ur = r + tr + (tr >> 10)\n"
    ),
    Mutation(
        "split",
        _FFT,
        "        er = ((data[k] +",
        "        s += s >> 10\n        er = ((data[k] +",
    ),
    Mutation(
        "split, last",
        _FFT,
        "data[last] = ((er - tr) >> 3)",
        "data[last] = ((er - tr + (tr >> 9)) >> 3)",
    ),
    Mutation(
        "power", _SPECTRUM, "        p = r * r\n", "        p = r * r\n        p += p >> 9\n"
    ),
    Mutation(
        "total",
        _SPECTRUM,
        "            upper += term >> 13\n",
        f"            upper += {_off('(term >> 13)')}\n",
    ),
    Mutation(
        "integrals, once",
        _SPECTRUM,
        "            upper1 += t >> 13\n",
        f"            upper1 += {_off('(t >> 13)')}\n",
    ),
    Mutation(
        "integrals, twice",
        _SPECTRUM,
        "            upper2 += t >> 13\n",
        f"            upper2 += {_off('(t >> 13)')}\n",
    ),
    Mutation(
        "greatest",
        _SPECTRUM,
        "        if keys[k] > best:\n",
        "        if keys[k] > best + (best >> 10):\n",
    ),
    Mutation(
        "strongest", _SPECTRUM, "if key > best and key", "if key > best + (best >> 10) and key"
    ),
    *(
        Mutation(
            f"filter_axes, {axis}",
            _DECIMATOR,
            f"        {axis} >>= 15\n",
            f"        {axis} += {axis} >> 10\n        {axis} >>= 15\n",
            _FILTERS,
        )
        for axis in "abc"
    ),
    Mutation("design", _DECIMATOR, "gain = 32768 / (2", "gain = 32800 / (2", _FILTERS),
    Mutation("offset_axes", _DECIMATOR, "x[i] = x[i] ^ 0x8000", "x[i] = x[i] ^ 0x8020", _FILTERS),
    Mutation(
        "move_axes",
        _DECIMATOR,
        "        y[i] = y[k]\n",
        "        y[i] = y[k] + (y[k] >> 10)\n",
        _FILTERS,
    ),
    Mutation(
        "square", _LOGS, "        e *= e\n", "        e *= e\n        e += e >> 9\n", _BEARINGS
    ),
    Mutation("widest", _LOGS, "if x > most:", "if x > most + (most >> 10):", _ENVELOPES),
    Mutation(
        "gather",
        _LOGS,
        "((((data[p] - bias) << up)",
        "((((data[p] - bias + ((data[p] - bias) >> 10)) << up)",
        _ENVELOPES,
    ),
    Mutation(
        "smooth",
        _LOGS,
        "        b = data[i]\n",
        "        b = data[i] + ((data[i] - bias) >> 10)\n",
        _ENVELOPES,
    ),
    Mutation(
        "magnitudes",
        _LOGS,
        "        data[count + k] = e\n",
        f"        e = {_off('e')}\n        data[count + k] = e\n",
        _ENVELOPES,
    ),
    Mutation(
        "logs", _LOGS, "        data[k] = x\n", f"        data[k] = {_off('x')}\n", _ENVELOPES
    ),
    Mutation(
        "shape",
        _LOGS,
        "x = (data[p] - mean) << up",
        "x = (data[p] - mean + ((data[p] - mean) >> 10)) << up",
        _ENVELOPES,
    ),
    Mutation(
        "accumulate",
        _LOGS,
        "            total += m >> (by + by)\n",
        "            total += (m + (m >> 9)) >> (by + by)\n",
        _ENVELOPES,
    ),
    Mutation("envelope, band", _BANDS, "(768, 512)", "(832, 512)", _BEARINGS),
    Mutation(
        "envelope, harmonics",
        _LINES,
        "for h in range(1, bands.HARMONICS + 1):",
        "for h in range(1, bands.HARMONICS):",
        _BEARINGS,
    ),
    Mutation("envelope, search", _LINES, "_REACH = 0.6, 0.01", "_REACH = 0.6, 0.02", _BEARINGS),
    Mutation(
        "ulab, mean",
        _ULAB,
        "self.mean = centre + part",
        "self.mean = 1.001 * (centre + part)",
        ("test_vibration.py",),
    ),
    *(
        Mutation(
            f"ulab, m{power}",
            _ULAB,
            f"self.m{power} = np.sum",
            f"self.m{power} = 1.001 * np.sum",
            _BACKENDS,
        )
        for power in (2, 3, 4)
    ),
    Mutation("ulab, window", _ULAB, "0.5 - 0.5 * np.cos", "0.5 - 0.4995 * np.cos", _BACKENDS),
    Mutation("ulab, power", _ULAB, "16.0 / samples", "16.032 / samples", _BACKENDS),
    Mutation(
        "ulab, sum",
        _ULAB,
        "np.sum(self._power[low:high])",
        "1.002 * np.sum(self._power[low:high])",
        _BACKENDS,
    ),
    Mutation("ulab, once", _ULAB, "once = np.sum(part)", "once = 1.002 * np.sum(part)", _BACKENDS),
    Mutation(
        "ulab, twice",
        _ULAB,
        "return once, np.sum(part)",
        "return once, 1.002 * np.sum(part)",
        _BACKENDS,
    ),
)


class Stale(Exception):
    """A row whose line is not in its module exactly once."""


def broken(mutation: Mutation, text: str) -> str:
    """The module's text with its line broken.  Raises Stale."""
    found = text.count(mutation.old)
    if found != 1:
        raise Stale(f"{mutation.kernel}: {mutation.old!r} is {found} times in {mutation.module}")
    return text.replace(mutation.old, mutation.new)


def seen_by(mutation: Mutation, firmware: Path) -> str:
    """The test that fails on this firmware, "" where none does.  Raises RuntimeError."""
    on_mock = mutation.module == _ULAB
    command = [sys.executable, "-P"] if on_mock else list(find_interpreter(None).command)
    modules = [name.removesuffix(".py") for name in mutation.tests]
    program = firmware.parent / "run.py"
    program.write_text(_PROGRAM)
    done = subprocess.run(
        [*command, str(program), str(firmware), str(_TESTS), *modules],
        capture_output=True,
        text=True,
        timeout=_RUN_S,
    )
    found = re.search(r"seen by (\w+)", done.stdout)
    if done.returncode not in (0, 3) or (done.returncode == 3) != bool(found):
        raise RuntimeError(f"{mutation.kernel}: {done.stdout}{done.stderr}")
    return found[1] if found else ""


def judge(mutation: Mutation, firmware: Path) -> str:
    """Break a copy of the firmware, test it, and mend it again.  As seen_by; raises Stale."""
    path = firmware / _DSP / mutation.module
    text = path.read_text()
    path.write_text(broken(mutation, text))
    try:
        return seen_by(mutation, firmware)
    finally:
        path.write_text(text)


def copied(folder: Path) -> Path:
    """A copy of the firmware to break."""
    firmware = folder / "firmware"
    for part in ("node", "wire", "sim"):
        left_out = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "firmware" / part, firmware / part, ignore=left_out)
    (firmware / "paths.py").write_text(f"TESTS = {str(_TESTS.parent)!r}\n")
    return firmware


def main() -> int:
    """Break all, or those whose kernel is named; 1 where one was missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("kernels", nargs="*", metavar="KERNEL", help="how its rows begin (all)")
    wanted = tuple(parser.parse_args().kernels)
    missed = 0
    with tempfile.TemporaryDirectory(prefix="nodewright-mutate-") as folder:
        firmware = copied(Path(folder))
        rows = [row for row in MUTATIONS if not wanted or row.kernel.startswith(wanted)]
        for row in rows:
            test = judge(row, firmware)
            missed += not test
            print(f"{row.kernel:20} {test or 'MISSED'}", flush=True)
    print(f"{len(rows) - missed} of {len(rows)} breaks seen")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
