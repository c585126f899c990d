"""One list of cases, wherever a node is: CPython, a virtual board, a port; with each chip."""

import subprocess
import sys
import threading
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from host.fleet_rig import SENSOR
from nodewright.fleet.secret import Secrets
from nodewright.link.errors import Interrupted
from nodewright.offline import Runtime
from nodewright.validate import drift
from nodewright.validate.bench import DeviceBench
from nodewright.validate.bench_cpython import CPythonBench, on_cpython
from nodewright.validate.bench_virtual import VirtualBench, around, expected_of
from nodewright.validate.chip_limits import accelerometer
from nodewright.validate.result import Validation
from nodewright.validate.run import on_bench, validate
from system import validate_rig as rig
from wire import chips

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return rig.fleet(tmp_path_factory.mktemp("fleets") / "north")


def _names(found: Validation) -> list[str]:
    return [case.case for case in found.cases]


def test_places__cpython_and_virtual_board__the_same_cases(fleet: Path) -> None:
    said: list[tuple[str, int, int]] = []
    found = {}
    for runtime in (rig.runtime(), Runtime(None)):
        one = validate(
            *(fleet, "pump-1", None),
            say=lambda *step: said.append(step),
            asked=threading.Event(),
            seed=rig.SEED,
            runtime=runtime,
        )
        assert one.passed, rig.failed(one)
        found[one.place] = one
    assert _names(found["virtual"]) == _names(found["cpython"])
    for rule in drift.limits().rules:  # each is for some case
        assert any(fnmatch(name, rule.names) for name in _names(found["virtual"])), rule
    total = len(found["virtual"].cases)
    assert said[0] == ("board.identity", 0, total) and said[-1] == ("", total, total)
    assert Validation.from_json(found["virtual"].to_json()) == found["virtual"]


def _cpython(fleet: Path, change: Any) -> Validation:
    expected = on_cpython(expected_of(fleet, "pump-1", Secrets(fleet), ""))
    return rig.run(CPythonBench(expected, change, around(expected.settings)), ("acc.", "golden."))


@pytest.mark.parametrize(
    ("key", "value", "case"),
    [
        ("orientation", "zyx", "acc.axes"),
        ("clock_error_ppm", 50_000, "acc.rate"),
        ("flaws", {"scale": 2.0}, "acc.gravity"),
        ("flaws", {"noise": 10.0}, "acc.noise.x"),
        ("flaws", {"dead": "z"}, "acc.self-test"),
    ],
)
def test_cpython__faults_of_a_sensor__found_there_too(
    fleet: Path, key: str, value: Any, case: str
) -> None:
    def change(spec: dict[str, Any]) -> None:
        rig.chip(spec)[key] = value

    assert case in rig.failed(_cpython(fleet, change))


def test_port__of_a_board__the_program_runs_again_afterwards(fleet: Path) -> None:
    expected = rig.expected(fleet)
    with VirtualBench(expected, rig.runtime()).board as board:
        assert board.wait_for("boot", 20.0).facts["boot"] == "1"
        before = board.boots
        found = rig.run(DeviceBench(expected, board.port), ("board.", "firmware.", "acc."))
        assert found.place == "device"
        assert found.passed, rig.failed(found)
        assert board.wait_for("boot", 20.0, lambda event: int(event.facts["boot"]) > 1)
        assert board.boots > before


def test_port__the_cases_of_tests_device__all_pass_on_a_virtual_boards_port(fleet: Path) -> None:
    """What `--device` runs, where no board is at hand: flashed first, then the whole list."""
    with VirtualBench(rig.expected(fleet), rig.runtime()) as there:
        there.stop_port()
        ran = subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-n", "0"),
                *("-p", "no:cacheprovider"),
                *("tests/device/test_validate.py", "--device", there.board.port),
                *("--fleet", str(fleet), "--node", "pump-1"),
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
    assert ran.returncode == 0, ran.stdout[-3000:]
    assert "3 passed" in ran.stdout


def test_port__nothing_of_ours_on_the_board__fails_and_says_so(fleet: Path) -> None:
    data = rig.bare(rig.expected(fleet))
    bad = rig.failed(
        rig.validated(fleet, only=("node.", "firmware.", "acc."), flash=lambda _: data)
    )
    assert bad["node.name"].value == "no node of no fleet on a None"
    assert bad["acc.identity"].verdict == "error"


def test_interrupted__between_two_cases__stops(fleet: Path) -> None:
    asked = threading.Event()

    def say(case: str, _done: int, _total: int) -> None:
        if case == "firmware.files":
            asked.set()

    bench = VirtualBench(rig.expected(fleet), rig.runtime())
    with pytest.raises(Interrupted):
        on_bench(bench, say=say, asked=asked)


def _of(chip: str, least_hz: float = 800) -> list[tuple[str, str]]:
    """What differs in the example for a chip."""
    row = chips.ROWS[chip]
    rate_hz = [rate for rate in row["rates_hz"] if rate >= least_hz][-1]
    text = SENSOR.replace("adxl345", chip).replace("16g", f"{row['ranges_g'][-1]}g")
    if "i2c" in row["buses"]:
        text = text.replace("0x53", hex(row["address"][0]))
    else:
        text = text.replace('"i2c0"', '"spi0"').replace("address = 0x53\n", "")
    if not row["interrupt"]:
        text = "".join(line for line in text.splitlines(True) if not line.startswith("int1"))
    changes = [(SENSOR, text), ('rate = "800Hz"', f'rate = "{rate_hz:g}Hz"')]
    if rate_hz > 10_000:  # its records are too short for these
        changes.append(('    "vel_rms_mm_s", "order1_mm_s", "order2_mm_s",\n', ""))
        changes.append(('"acc_rms_g", "vel_rms_mm_s", "line1_hz"', '"acc_rms_g", "line1_hz"'))
    return changes


@pytest.mark.parametrize("chip", chips.of_kind("accelerometer"))
def test_sensor__each_chip__passes_and_a_scale_just_beyond_its_limit_does_not(
    chip: str, tmp_path: Path
) -> None:
    fleet = rig.fleet(tmp_path / "north", *_of(chip))
    found = rig.validated(fleet, only=("acc.",))
    assert found.passed, rig.failed(found)
    assert {case.verdict for case in found.cases} == {"pass"}

    limits = accelerometer(chip)
    assert limits is not None
    _, most, _ = limits.scale_found((0, 0, 1))

    def change(spec: dict[str, Any]) -> None:
        rig.chip(spec)["flaws"] = {"scale": 1.01 * most, "noise": 10.0}

    bad = rig.failed(rig.validated(fleet, only=("acc.",), change=change))
    assert {"acc.gravity", "acc.noise.x", "acc.noise.y", "acc.noise.z"} <= set(bad)


def test_memory__records_of_4096__fit_a_pico_w(tmp_path: Path) -> None:
    longer = [("samples = 1024", "samples = 4096"), ("samples = 2048", "samples = 4096")]
    fleet = rig.fleet(tmp_path / "north", *_of("lis2dw12", 1600), *longer)
    found = rig.validated(fleet, only=("set.", "golden."))
    assert found.passed, rig.failed(found)
    assert "golden.drawn.4096" in _names(found)


def _bearing_fleet(folder: Path) -> Path:
    return rig.fleet(
        folder,
        *_of("iis3dwb"),
        ("samples = 2048\n", "samples = 4096\nblocks = 2\n"),
        ('"line1_hz", "line1_g", "line2_hz", "line2_g"', '"env_bpfo_g", "bearing_fault"'),
        ('sets = ["severity", "on-demand"]', 'sets = ["on-demand"]'),
    )


def test_golden__code_for_bearings__right_and_2_percent_off(tmp_path: Path) -> None:
    fleet = _bearing_fleet(tmp_path / "north")
    found = rig.validated(fleet, only=("golden.bearing",), seed=None)
    assert [case.verdict for case in found.cases] == ["pass"], rig.failed(found)
    off = rig.firmware(tmp_path, "node/lines.py", end=_LOUDER)
    made = rig.with_files(rig.expected(fleet), off)
    bad = rig.failed(rig.run(VirtualBench(made, rig.runtime()), ("golden.bearing",)))
    assert "a kernel computes wrong: env_bpfo_g" in bad["golden.bearing.on-demand"].reason


_LOUDER = """

_amplitude = amplitude


def amplitude(*given):
    return 1.03 * _amplitude(*given)
"""
