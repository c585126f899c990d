"""What is wrong with a node is found on the bench, and named: each fault in a twin."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nodewright.image.files import ABOUT
from nodewright.image.node import CERTIFICATE, KEY
from nodewright.validate import cases_golden, chip_limits
from nodewright.validate.bench_virtual import VirtualBench
from nodewright.validate.load import Meter
from system import validate_rig as rig
from system.flash_rig import fleet as make_fleet

Spec = dict[str, Any]
BLOCK_BYTES = 4096


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_fleet(tmp_path_factory.mktemp("fleets") / "north")


def _flaw(**flaws: Any) -> Callable[[Spec], None]:
    def change(spec: Spec) -> None:
        rig.chip(spec)["flaws"] = flaws

    return change


def _set(key: str, value: Any) -> Callable[[Spec], None]:
    def change(spec: Spec) -> None:
        rig.chip(spec)[key] = value

    return change


def _fault(kind: str, **more: Any) -> Callable[[Spec], None]:
    def change(spec: Spec) -> None:
        spec["faults"] = rig.always(kind, **more)

    return change


@pytest.mark.parametrize(
    ("change", "case", "said"),
    [
        (_fault("wrong_identity"), "acc.identity", "another chip answers"),
        (_fault("unplugged"), "acc.identity", "nothing answers"),
        (_flaw(scale=2.0), "acc.gravity", "scale or range is wrong"),
        (_flaw(scale=0.5), "acc.gravity", "scale or range is wrong"),
        (_flaw(scale=1.3), "acc.gravity", "scale or range is wrong"),
        (_flaw(scale=0.72), "acc.gravity", "scale or range is wrong"),
        (_set("orientation", "zyx"), "acc.axes", "x looks up, not z"),
        (_set("orientation", "x-y-z"), "acc.axes", "-z looks up, not z"),
        (_set("clock_error_ppm", 50_000), "acc.rate", "clock is +5.0 % off"),
        (_set("clock_error_ppm", -50_000), "acc.rate", "clock is -5.0 % off"),
        (_flaw(dead="x"), "acc.noise.x", "axis x is dead"),
        (_flaw(dead="y"), "acc.self-test", "axis y dead"),
        (_flaw(dead="z"), "acc.samples", "axis z dead"),
        (_fault("self_test", axis="y"), "acc.self-test", "axis y dead"),
        (_flaw(noise=10.0), "acc.noise.z", "times its data sheet"),
        (_flaw(noise=0.1), "acc.noise.x", "dead"),
        (_flaw(rail_g=2.0), "acc.range", "the range is clipped: z"),
        (_flaw(rail_g=0.9), "acc.noise.z", "axis z is dead"),
        (_fault("overrun"), "set.severity", "overruns"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_sensor__each_fault__fails_and_is_named(
    fleet: Path, change: Callable[[Spec], None], case: str, said: str
) -> None:
    found = rig.validated(fleet, only=("acc.", "set."), change=change)
    assert not found.passed
    assert said in rig.failed(found)[case].reason


def test_kernel__2_percent_off__fails_though_it_is_the_fleets_own(
    fleet: Path, tmp_path: Path
) -> None:
    off = rig.firmware(
        *(tmp_path, "node/vibration.py"),
        (
            'values["acc_rms_g"] = rms * g_per_digit',
            'values["acc_rms_g"] = rms * 1.02 * g_per_digit',
        ),
    )
    made = rig.with_files(rig.expected(fleet), off)
    found = rig.run(VirtualBench(made, rig.runtime()), ("golden.", "firmware."))
    assert found.cases[1].case == "firmware.files" and found.cases[1].verdict == "pass"
    bad = rig.failed(found)
    assert "a kernel computes wrong: acc_rms_g +2.00 %" in bad["golden.tones.1024"].reason
    assert bad["golden.tones.1024"].margin is not None and bad["golden.tones.1024"].margin < 0
    assert "golden.drawn.1024" in bad


# What it was seen to be asked in advance it computes, as if it had stored the answers.
_TABLE = """

_Real = Vibration
_known = {}


class Vibration(_Real):
    def compute(self, block, g_per_digit, rate_hz, keys, out, withheld, marked=None):
        if rate_hz == int(rate_hz):
            super().compute(block, g_per_digit, rate_hz, keys, out, withheld, marked)
            _known[0] = dict(out), dict(withheld), dict(marked)
        else:
            for into, stored in zip((out, withheld, marked), _known[0]):
                into.clear()
                into.update(stored)
"""


def test_golden__answers_from_a_table__fails_at_what_was_drawn(
    fleet: Path, tmp_path: Path
) -> None:
    table = rig.firmware(tmp_path, "node/vibration.py", end=_TABLE)
    made = rig.with_files(rig.expected(fleet), table)
    bad = rig.failed(rig.run(VirtualBench(made, rig.runtime()), ("golden.",)))
    assert set(bad) == {"golden.drawn.1024", "golden.drawn.2048"}
    assert "it answers from a table" in bad["golden.drawn.1024"].reason


# Hangs at the first of the known waveforms, and after the next start no more.
_HANGS = """

import os, sys
_Real = Vibration


class Vibration(_Real):
    def compute(self, block, g_per_digit, rate_hz, *more):
        if rate_hz == int(rate_hz) and "hung" not in os.listdir("/"):
            open("/hung", "w").close()
            sys.stdin.read(1)  # till it is greeted anew
        super().compute(block, g_per_digit, rate_hz, *more)
"""


def test_golden__a_board_that_hung__is_made_ready_anew_for_the_next(
    fleet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cases_golden, "_COMPUTE_S", 1.0)
    hangs = rig.firmware(tmp_path, "node/vibration.py", end=_HANGS)
    made = rig.with_files(rig.expected(fleet), hangs)
    found = rig.run(VirtualBench(made, rig.runtime()), ("golden.",))
    assert [case.verdict for case in found.cases] == ["error"] + ["pass"] * 9


def test_memory__too_little__fails(fleet: Path) -> None:
    bad = rig.failed(rig.validated(fleet, only=("memory.",), heap_bytes=150_000))
    assert "too little memory" in bad["memory.free"].reason


def test_firmware__older__fails(fleet: Path) -> None:
    made = rig.expected(fleet)
    about = {**json.loads(made.files[ABOUT]), "version": "0.0.9"}
    data = rig.flashed(made, {ABOUT: json.dumps(about).encode()})
    bad = rig.failed(rig.validated(fleet, only=("firmware.",), flash=lambda _: data))
    assert bad["firmware.version"].value == "0.0.9"
    assert "an older firmware" in bad["firmware.version"].reason


def test_certificate__of_another_node__fails(fleet: Path) -> None:
    other = rig.expected(fleet, "pump-2").files
    data = rig.flashed(rig.expected(fleet), {path: other[path] for path in (CERTIFICATE, KEY)})
    bad = rig.failed(rig.validated(fleet, only=("certificate.",), flash=lambda _: data))
    assert "another node's certificate (pump-2)" in bad["certificate.own"].reason


def test_flash__a_block_lost__fails_and_names_the_file(fleet: Path) -> None:
    made = rig.expected(fleet)
    path = "/node/dsp/viper_fft.mpy"
    lost = made.files[path][1000:1100]

    def lose(data: bytes) -> bytes:
        at = data.index(lost) // BLOCK_BYTES * BLOCK_BYTES
        return data[:at] + b"\xff" * BLOCK_BYTES + data[at + BLOCK_BYTES :]

    bad = rig.failed(rig.validated(fleet, only=("firmware.",), flash=lose))
    assert path in bad["firmware.files"].reason
    assert "lost a block" in bad["firmware.files"].reason


def test_name__another_node_on_the_board__fails(fleet: Path) -> None:
    data = rig.expected(fleet, "pump-2").image.file_system
    bad = rig.failed(rig.validated(fleet, only=("node.", "settings."), flash=lambda _: data))
    assert bad["node.name"].value == "pump-2 of north"
    assert "settings.hash" in bad


def test_sound_node__all_cases__passes(fleet: Path) -> None:
    found = rig.validated(fleet, seed=None)
    assert found.passed, rig.failed(found)


def test_sleep__meter_named__its_reading_is_judged(fleet: Path) -> None:
    for told, verdict in (("0.0009", "pass"), ("0.005", "fail"), ("broken", "skipped")):
        bench = VirtualBench(rig.expected(fleet), rig.runtime())
        bench.meter = Meter((sys.executable, "-c", f"print('{told}')"), 1300.0)
        (found,) = rig.run(bench, ("sleep.",)).cases
        assert found.verdict == verdict, found
    assert "no reading" in found.reason


def test_sensor__of_a_chip_that_nobody_has_limits_of__skipped_and_says_where(
    fleet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chip_limits, "accelerometer", lambda _chip: None)
    found = rig.validated(fleet, only=("acc.identity", "acc.rate", "acc.gravity"))
    told = {case.case: (case.verdict, "chips.toml" in case.reason) for case in found.cases}
    skipped = ("skipped", True)
    assert told == {"acc.identity": ("pass", False), "acc.rate": skipped, "acc.gravity": skipped}
