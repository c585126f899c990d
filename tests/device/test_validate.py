"""Every case of a validation, on a board at a port: the list that virtual boards go through."""

import threading
from pathlib import Path

import pytest

from nodewright.flash import raw_repl
from nodewright.flash.job import Job
from nodewright.image.node import NodeImage
from nodewright.validate.result import Validation
from nodewright.validate.run import validate


@pytest.fixture(scope="module")
def found(port: str, made: NodeImage, request: pytest.FixtureRequest) -> Validation:
    raw_repl.program(Job(made, port, force=True), lambda _step: None, threading.Event())
    folder = Path(str(request.config.getoption("fleet")))
    return validate(folder, made.node, port, say=lambda *_: None, asked=threading.Event())


def test_validate__the_board__nothing_failed(found: Validation) -> None:
    assert {case.case: case.reason for case in found.cases if case.verdict == "fail"} == {}
    assert {case.case: case.reason for case in found.cases if case.verdict == "error"} == {}
    assert found.passed


def test_validate__the_board__within_30_seconds_and_the_wait_for_reports(
    found: Validation,
) -> None:
    # What waits for its network and its schedule is theirs.
    waits = ("uplink.", "clock.", "watchdog.", "program.")
    assert sum(case.seconds for case in found.cases if not case.case.startswith(waits)) < 30


def test_validate__as_json__the_same(found: Validation) -> None:
    assert Validation.from_json(found.to_json()) == found
