"""`nodewright validate`: what it prints, writes and returns."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from nodewright.validate.result import Validation
from system import validate_rig as rig
from system.broker_rig import run


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return rig.fleet(tmp_path_factory.mktemp("fleets") / "north")


def test_validate__virtual_twice__json_junit_certificate(fleet: Path, tmp_path: Path) -> None:
    xml, page = tmp_path / "validated.xml", tmp_path / "pump-1.html"
    told = run(
        *("validate", "pump-1", "--virtual", "--fleet", fleet, "--count", "2", "--seed", "7"),
        *("--json", "--junit", xml, "--html", page),
    )
    assert told.returncode == 0, told.stderr
    *found, kept = [json.loads(line) for line in told.stdout.splitlines()]
    assert len(found) == 2
    for one in found:
        assert Validation.from_json(json.dumps(one)).seed == 7
        assert one["passed"] and one["place"] == "virtual"
    # Drawn from one seed: the same digits.
    drawn = [next(c for c in one["cases"] if c["case"] == "golden.drawn.1024") for one in found]
    assert drawn[0]["details"] == drawn[1]["details"]
    assert kept["certificate"] == "validation/pump-1.html"
    assert len(ET.parse(xml).getroot()) == 2
    assert page.read_bytes() == (fleet / kept["certificate"]).read_bytes()
    checked = run("verify", page, "--fleet", fleet)
    assert checked.returncode == 0, checked.stderr


def test_validate__no_keep__table_and_nothing_written(fleet: Path) -> None:
    before = sorted(fleet.rglob("*"))
    told = run("validate", "pump-1", "--virtual", "--fleet", fleet, "--no-keep")
    assert told.returncode == 0, told.stderr
    assert "acc.self-test" in told.stdout and "measures right" in told.stdout
    assert sorted(fleet.rglob("*")) == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("pump-1",), "--virtual"),
        (("pump-1", "--virtual", "--port", "/dev/x"), "either"),
        (("pump-9", "--virtual"), "pump-9"),
        (("pump-1", "--port", "/dev/nothing-there"), "there is no port"),
        (("pump-1", "--virtual", "--count", "0"), "--count"),
        (("pump-1", "--virtual", "--no-keep", "--html", "x.html"), "--keep"),
    ],
)
def test_validate__wrong_use__exit_2_and_why(
    fleet: Path, words: tuple[str, ...], said: str
) -> None:
    told = run("validate", *words, "--fleet", fleet)
    assert told.returncode == 2, told.stderr
    assert said in told.stderr


def test_validate__bench_toml_that_cannot_be__exit_2(fleet: Path, tmp_path: Path) -> None:
    other = rig.fleet(tmp_path / "north")
    (other / "bench.toml").write_text("[load]\namps = 0\n")
    with rig.VirtualBench(rig.expected(other), rig.runtime()) as there:
        there.stop_port()
        told = run("validate", "pump-1", "--port", there.board.port, "--fleet", other)
    assert told.returncode == 2
    assert "load.amps" in told.stderr


def test_validate__a_node_that_is_wrong__exit_1_and_names_it(fleet: Path) -> None:
    def change(spec: "rig.Spec") -> None:
        rig.chip(spec)["flaws"] = {"scale": 2.0}

    with rig.VirtualBench(rig.expected(fleet), rig.runtime(), change) as there:
        there.stop_port()
        told = run(
            *("validate", "pump-1", "--port", there.board.port, "--fleet", fleet, "--no-keep")
        )
    assert told.returncode == 1, told.stderr
    assert "acc.gravity: scale or range is wrong" in told.stdout
    assert "does NOT measure right" in told.stdout
