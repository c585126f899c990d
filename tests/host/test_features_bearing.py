"""`nodewright features` on bearings: options, JSON, words and bad input."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nodewright.asked_bearing import asked_bearing, parse_geometry, parse_orders
from nodewright.cli import exits, main
from nodewright.errors import BadInput

Typed = Callable[..., tuple[int, str, str]]
SCALE, RATE_HZ, SHAFT_HZ, SAMPLES = 0.001, 12_000, 29.95, 4096
ORDERS = "bpfo=3.585,bpfi=5.415,bsf=2.357,ftf=0.398"
BLOCKS = 4


@pytest.fixture
def typed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Typed:
    """Runs `nodewright features …` and gives (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["nodewright", "features", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        code = ended.value.code
        assert code is None or isinstance(code, int)
        return code or 0, told.out, told.err

    return run


def recording(path: Path, order: float | None, blocks: int = BLOCKS) -> Path:
    """Two channels: noise, and on the second one impacts at an order, ringing at 3 kHz."""
    chance = np.random.default_rng(11)
    count = blocks * SAMPLES
    wave = chance.normal(size=(count, 2))
    if order is not None:
        since_s = (np.arange(count) / RATE_HZ) % (1.0 / (order * SHAFT_HZ))
        wave[:, 1] += 10.0 * np.exp(-since_s / 4e-4) * np.sin(2 * np.pi * 3000.0 * since_s)
    np.save(path, np.rint(wave * 0.1 / SCALE).astype(np.int16))
    return path


def words(path: Path, *more: object) -> tuple[object, ...]:
    return (path, "--rate-hz", RATE_HZ, "--scale", SCALE, "--shaft-hz", SHAFT_HZ, *more)


@pytest.mark.parametrize(("order", "race"), [(3.585, "bpfo"), (5.415, "bpfi"), (None, None)])
def test_bearing__json__plain_verdicts_with_what_they_are_worth_beside(
    typed: Typed, tmp_path: Path, order: float | None, race: str | None
) -> None:
    path = recording(tmp_path / "run.npy", order)
    code, out, err = typed(*words(path, "--orders", ORDERS, "--blocks", "all", "--json"))
    assert (code, err) == (0, "")
    found = json.loads(out)
    quiet, loud = found["channels"]
    assert quiet["verdicts"] == {"bpfo": False, "bpfi": False}
    assert loud["verdicts"] == {"bpfo": race == "bpfo", "bpfi": race == "bpfi"}
    assert loud["threshold"] == pytest.approx(0.7) and loud["blocks"] == BLOCKS
    assert list(loud["scores"]) == ["bpfo", "bpfi", "bsf"]
    for key, score in loud["scores"].items():
        assert score == pytest.approx(loud["reference_scores"][key], abs=0.04)
        assert loud["features"][f"env_{key}_snr"] == pytest.approx(np.exp(score), rel=1e-6)
        assert loud["verdict"][f"env_{key}_g"] is True
    assert loud["withheld"]["env_ftf_snr"] == "too_short"
    assert "threshold_unproven" in loud["marks"]["bpfo"]
    fault = {None: "none", "bpfo": "outer race", "bpfi": "inner race"}[race]
    assert found["bearing"]["fault"] == fault
    if race is not None:
        assert found["bearing"]["channel"] == loud["channel"]
        assert loud["speed"]["state"] == "confirmed" and loud["scores"][race] > 1.0
    assert found["asked"]["bearing"]["orders"]["bpfo"] == 3.585
    assert found["reasons"]["threshold_unproven"].endswith(".")


def test_bearing__by_orders_geometry_or_name__the_same_verdict(
    typed: Typed, tmp_path: Path
) -> None:
    path = recording(tmp_path / "run.npy", 5.415)
    ways: list[tuple[str, str]] = [
        ("--orders", "bpfo=3.5848,bpfi=5.4152,bsf=2.3567,ftf=0.39831"),
        ("--bearing", "n=9,d=7.94,D=39.04,angle=0"),
        ("--bearing", "6205-2RS"),
    ]
    scores = []
    for way in ways:
        out = typed(*words(path, *way, "--blocks", 4, "--json"))[1]
        channel = json.loads(out)["channels"][1]
        assert channel["verdicts"] == {"bpfo": False, "bpfi": True}
        scores.append(channel["scores"]["bpfi"])
    assert scores == pytest.approx([scores[0]] * 3, abs=1e-3)


def test_bearing__table__who_mounts_the_sensor_can_read_it(typed: Typed, tmp_path: Path) -> None:
    path = recording(tmp_path / "run.npy", 5.415)
    code, out, _ = typed(*words(path, "--bearing", "6205", "--blocks", 4))
    assert code == 0 and max(map(len, out.splitlines()[-40:])) <= 200
    assert "bearing, channel 1, 4 blocks" in out
    row = next(line for line in out.split("channel 1, 4 blocks")[1].splitlines() if "BPFI" in line)
    assert "inner race" in row and "162.19" in row and "2.01×" in row and "FAULT" in row
    assert "Bearing: fault of the inner race, by channel 1: BPFI at 162.2 Hz" in out
    assert "threshold unproven: No healthy records" in " ".join(out.split())


@pytest.mark.parametrize(
    ("reason", "more"),
    [
        ("uncertain_speed", ("--shaft-error", 0.6)),
        ("too_short", ("--window", 512, "--blocks", 8)),
        ("bandwidth", ("--rate-hz", 9600)),
    ],
)
def test_bearing__not_valid__withheld_with_its_reason(
    typed: Typed, tmp_path: Path, reason: str, more: tuple[object, ...]
) -> None:
    path = recording(tmp_path / "run.npy", 5.415)
    code, out, _ = typed(*words(path, "--orders", ORDERS, *more, "--json"))
    assert code == 0
    found = json.loads(out)
    for channel in found["channels"]:
        assert channel["verdicts"] == {} and channel["marks"] == {}
        assert channel["withheld"]["bpfo"] == channel["withheld"]["bpfi"] == reason
        assert channel["withheld"]["bearing_fault"] == reason
    assert found["bearing"]["fault"] is None and found["bearing"]["withheld"] == reason
    out = typed(*words(path, "--orders", ORDERS, *more))[1]
    assert "Bearing: no verdict, it is withheld." in out


def test_bearing__no_speed_or_silence__withheld(typed: Typed, tmp_path: Path) -> None:
    path = recording(tmp_path / "run.npy", None)
    given = ("--rate-hz", RATE_HZ, "--scale", SCALE, "--orders", ORDERS, "--json")
    channel = json.loads(typed(path, *given)[1])["channels"][0]
    assert channel["withheld"]["bpfi"] == "no_speed" and channel["speed"] is None
    np.save(tmp_path / "still.npy", np.zeros(4096, np.int16))
    out = typed(*words(tmp_path / "still.npy", "--orders", ORDERS, "--json"))[1]
    assert json.loads(out)["channels"][0]["withheld"]["bpfo"] == "silent"


@pytest.mark.parametrize("wrong", [0.98, 1.02])
def test_bearing__speed_2_percent_off__said(typed: Typed, tmp_path: Path, wrong: float) -> None:
    path = recording(tmp_path / "run.npy", 3.585)
    given = ("--rate-hz", RATE_HZ, "--scale", SCALE, "--orders", ORDERS, "--blocks", "all")
    out = typed(path, *given, "--shaft-hz", SHAFT_HZ * wrong, "--json")[1]
    channel = json.loads(out)["channels"][1]
    assert channel["speed"]["state"] == "off" and channel["marks"]["bpfo"][0] == "speed_off"
    assert channel["speed"]["fault_off"] == pytest.approx(1 / wrong - 1, abs=0.006)
    assert "Check the speed" in typed(path, *given, "--shaft-hz", SHAFT_HZ * wrong)[1]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--bearing", "6299"), "6205"),
        (("--bearing", "n=2,d=7.94,D=39.04"), "n 2.0 cannot be"),
        (("--bearing", "n=9,d=14,D=39.04"), "at most 13.35"),
        (("--bearing", "n=9,d=40,D=39.04"), "D 39.04 cannot be"),
        (("--bearing", "n=9,d=7.94"), "D is missing"),
        (("--bearing", "n=9,d=7.94,D=39.04,angle=90"), "angle 90.0 cannot be"),
        (("--orders", "bpfo=107,bpfi=162"), "bpfo 107.0 cannot be: 1 to 50"),
        (("--orders", "bpfo=3.58,bpfi=5.42,ftf=0.6"), "0.2 to 0.5"),
        (("--orders", "bpfo=nan"), "bpfo=nan"),
        (("--orders", "bpfo=3.58,bpfo=3.58"), "twice"),
        (("--orders", ""), "bpfo=3.58,bpfi=5.42"),
        (("--orders", ORDERS, "--bearing", "6205"), "give one of them"),
        (("--shaft-error", "1"), "of use with"),
        (("--orders", ORDERS, "--shaft-error", "-1"), "percent of the speed"),
        (("--orders", ORDERS, "--shaft-hz", "0"), "--shaft-hz 0"),
    ],
)
def test_bearing__what_cannot_be__named_before_anything_runs(
    typed: Typed, tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    code, out, err = typed(tmp_path / "absent.npy", "--rate-hz", RATE_HZ, *options)
    assert (code, out) == (exits.WRONG_USE, "")
    assert said in " ".join(err.split())


def test_asked_bearing__texts__orders_and_source() -> None:
    assert asked_bearing(None, None, None) is None
    some = asked_bearing("bpfo=3.5, bpfi = 5.5", None, 0.4)
    assert some is not None and some.orders == {"bpfo": 3.5, "bpfi": 5.5}
    assert some.shaft_error == pytest.approx(0.004)
    assert parse_geometry("D=39.04,n=9,d=7.94")["bpfo"] == pytest.approx(3.5848, abs=1e-4)
    with pytest.raises(BadInput, match="gmf"):
        parse_orders("gmf=3")


def test_bearing__node_off_the_reference__fails(
    typed: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nodewright import offline_envelope

    true_run = offline_envelope.run

    def spoilt(*args: Any, **more: Any) -> list[offline_envelope.Told]:
        told = true_run(*args, **more)
        told[1].values["env_bpfo_g"] *= 1.03
        return told

    monkeypatch.setattr(offline_envelope, "run", spoilt)
    path = recording(tmp_path / "run.npy", 3.585)
    code, out, _ = typed(*words(path, "--orders", ORDERS, "--blocks", 4, "--json"))
    assert code == exits.FAILED
    assert json.loads(out)["channels"][1]["verdict"]["env_bpfo_g"] is False


@pytest.mark.parametrize("name", ["tone", "ramp", "one digit", "square", "steps", "blows"])
def test_bearing__signals_no_machine_makes__never_out_of_tolerance(
    typed: Typed, tmp_path: Path, name: str
) -> None:
    at = np.arange(BLOCKS * SAMPLES)
    wave = {
        "tone": 20_000 * np.sin(2 * np.pi * 0.2 * at),
        "ramp": at % SAMPLES * 8 - 16_000.0,
        "one digit": (at // 7 % 2).astype(float),
        "square": 32_767 * np.sign(np.sin(2 * np.pi * 0.00237 * at)),
        "steps": at // 1000 * 500.0,
        "blows": np.where(at % 55 == 0, 20_000.0, 0.0),
    }[name]
    np.save(tmp_path / "odd.npy", np.rint(wave).astype(np.int16))
    path = tmp_path / "odd.npy"
    out = typed(*words(path, "--orders", ORDERS, "--blocks", "all", "--json"))[1]
    (channel,) = json.loads(out)["channels"]
    wrong = {key for key, ok in channel["verdict"].items() if ok is False}
    assert not {key for key in wrong if key.startswith(("env_", "bearing_"))}
    if name == "tone":
        assert channel["verdicts"] == {} and channel["withheld"]["bpfo"] == "below_floor"
