"""What stays of `validate` and `make` that end early: no old PASS, and each finished turn."""

import errno
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from host.pki_rig import make as fleet_of
from host.test_validate_result import FOUND
from nodewright import cli
from nodewright.link.errors import BoardSilent
from nodewright.make import node as make_node
from nodewright.validate import junit
from nodewright.validate import run as run_module
from nodewright.validate.host_failed import HostFailed
from nodewright.validate.result import Validation

PASSED = replace(FOUND, node="pump-1", fleet="north", cases=FOUND.cases[:1])
Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    return fleet_of(tmp_path / "north", nodes=2)


@pytest.fixture
def run(
    fleet: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Command:
    def call(*words: str) -> tuple[int, str, str]:
        monkeypatch.chdir(fleet)
        monkeypatch.setattr(sys, "argv", ["nodewright", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        code, said = ended.value.code, capfd.readouterr()
        return code if isinstance(code, int) else 0, said.out, said.err

    return call


@pytest.fixture
def old(fleet: Path) -> Path:
    """The results of the unit before, which passed."""
    file = fleet / "x.xml"
    file.write_text(junit.build([PASSED]), encoding="utf-8")
    return file


def errors(file: Path) -> list[str]:
    """The messages of what was not carried out."""
    root = ElementTree.parse(file).getroot()
    found = [one.attrib["message"] for one in root.iter("error")]
    assert root.attrib["errors"] == str(len(found))
    return found


def turns(good: int, error: Exception) -> Callable[..., Validation]:
    """A board that can be validated so many times, and then no more."""
    left = [good]

    def validate(_folder: Path, node: str, *_: Any, **__: Any) -> Validation:
        if not left[0]:
            raise error
        left[0] -= 1
        return replace(PASSED, node=node)

    return validate


SILENT = BoardSilent("/dev/ttyACM0", "it does not answer")


@pytest.mark.parametrize(
    "words",
    [
        ("validate", "pump-1", "--port", "/dev/none"),
        ("make", "pump-1", "--port", "/dev/none"),
        ("make", "--all-ports"),
        ("make", "pump-9", "--virtual"),
        ("validate", "pump-9", "--virtual"),
        ("validate", "pump-1", "--port", "/dev/none", "--fleet", "nowhere"),
    ],
)
def test_junit__no_board_or_no_node__says_so_and_not_what_passed_before(
    run: Command, old: Path, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nodewright.link.usb.list_ports.comports", list, raising=False)
    code, _, error = run(*words, "--junit", "x.xml")
    assert code == 2
    (told,) = errors(old)
    assert told in error.replace("\n", " ") or told in error
    assert "<system-out" not in old.read_text(encoding="utf-8")


def test_junit__while_it_is_at_work__says_not_finished(
    run: Command, old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def validate(*_: Any, **__: Any) -> Validation:
        seen.extend(errors(old))
        return PASSED

    monkeypatch.setattr(run_module, "validate", validate)
    assert run("validate", "pump-1", "--virtual", "--junit", "x.xml", "--no-keep")[0] == 0
    assert len(seen) == 1 and "not finished" in seen[0]
    assert errors(old) == []


def test_html__no_board__the_copy_of_another_certificate_is_gone(
    run: Command, fleet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(run_module, "validate", turns(1, SILENT))
        assert run("validate", "pump-1", "--virtual", "--html", "c.html")[0] == 0
    assert (fleet / "c.html").exists()
    assert run("validate", "pump-1", "--port", "/dev/none", "--html", "c.html")[0] == 2
    assert not (fleet / "c.html").exists()
    assert (fleet / "validation" / "pump-1.html").exists()


def test_validate__the_third_turn_finds_no_port__two_are_kept_and_it_says_why(
    run: Command, fleet: Path, old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_module, "validate", turns(2, SILENT))
    words = ("validate", "pump-1", "--virtual", "--count", "3", "--junit", "x.xml")
    code, said, error = run(*words)
    assert (code, said.count("measures right")) == (1, 2)
    assert "does not answer" in error
    assert len(list((fleet / "validation" / "pump-1").glob("*.json"))) == 2
    assert len(ElementTree.parse(old).getroot()) == 3
    assert errors(old) == [str(SILENT)]


def test_make__the_second_turn_finds_no_port__the_first_is_kept_and_it_says_why(
    run: Command, fleet: Path, old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(make_node, "validate", turns(1, SILENT))
    monkeypatch.setattr(make_node.Maker, "_digest_virtual", lambda *_: "")
    words = ("make", "pump-1", "--virtual", "--count", "2", "--junit", "x.xml")
    code, _, error = run(*words)
    assert (code, "does not answer" in error) == (1, True)
    assert len(list((fleet / "validation" / "pump-1").glob("*.json"))) == 1
    assert len(ElementTree.parse(old).getroot()) == 2
    assert errors(old) == [str(SILENT)]


def test_make__a_disk_that_is_full_for_one_node__the_other_has_line_certificate_and_results(
    run: Command, fleet: Path, old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def validate(_folder: Path, node: str, *_: Any, **__: Any) -> Validation:
        if node == "pump-1":
            raise OSError(errno.ENOSPC, "No space left on device", "uplink")
        return replace(PASSED, node=node)

    monkeypatch.setattr(make_node, "validate", validate)
    monkeypatch.setattr(make_node.Maker, "_digest_virtual", lambda *_: "")
    code, said, error = run("make", "pump-1", "pump-2", "--virtual", "--junit", "x.xml")
    assert (code, "pump-2 at a virtual board measures right" in said) == (1, True)
    assert "pump-1: image: this computer" in error and "No space left on device" in error
    assert (fleet / "validation" / "pump-2.html").exists()
    (told,) = errors(old)
    assert "No space left" in told
    assert len(ElementTree.parse(old).getroot()) == 2


def test_host_failed__errors_of_shutil__one_line() -> None:
    many = shutil.Error([("/a", "/b", "[Errno 28] No space left on device: '/b'")] * 40)
    assert "No space left" in str(HostFailed(many))
    assert len(str(HostFailed(many))) < 400
    assert "disk" in str(HostFailed(OSError("disk")))
