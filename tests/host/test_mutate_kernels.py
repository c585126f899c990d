"""What breaks a kernel by 0.1 % is seen by a golden test, and the tool that says so sees it."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from runner import tools

mutate = tools.load("mutate_kernels")
DSP = mutate.ROOT / "firmware" / "node" / "dsp"


def test_mutations__every_row__fits_the_code() -> None:
    for row in mutate.MUTATIONS:
        text = (DSP / row.module).read_text()
        assert mutate.broken(row, text) != text


def test_mutations__every_viper_kernel__has_a_row() -> None:
    kernels = set()
    for name in ("viper_time", "viper_fft", "viper_spectrum", "viper_logs", "decimator"):
        lines = (DSP / f"{name}.py").read_text().splitlines()
        kernels |= {
            after.split("(")[0].removeprefix("def ")
            for line, after in pairwise(lines)
            if line == "@micropython.viper"
        }
    assert len(kernels) > 15
    rows = {row.kernel.split(",")[0] for row in mutate.MUTATIONS}
    assert kernels - {"word"} <= rows  # which only reads


def test_judge__a_break_of_each_file__is_seen(tmp_path: Path) -> None:
    firmware = mutate.copied(tmp_path)
    first = {row.module: row for row in reversed(mutate.MUTATIONS)}
    for row in first.values():
        assert mutate.judge(row, firmware), row.kernel
    whole = (DSP / "viper_time.py").read_text()
    assert (firmware / "node" / "dsp" / "viper_time.py").read_text() == whole
    row = mutate.MUTATIONS[0]
    assert not mutate.judge(replace(row, new=row.old), firmware)  # nothing is broken
    with pytest.raises(mutate.Stale, match="0 times"):
        mutate.judge(replace(row, old="no such line"), firmware)
    with pytest.raises(RuntimeError, match="SyntaxError"):
        mutate.judge(replace(row, new="32768 ** ** sin("), firmware)
