"""What a demo prints at its end."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from host.page_rig import result_of
from nodewright.cli.demo_view import PlainView


@pytest.mark.parametrize(
    ("realtime", "failure", "told"),
    [
        (True, "report 1:1: 4 overruns", True),
        (True, "report 1:1: 2 gaps", True),
        (True, "did not boot", False),
        (False, "report 1:1: 4 overruns", False),
    ],
)
def test_end__samples_lost_in_real_time__says_what_may_be_busy(
    realtime: bool, failure: str, told: bool
) -> None:
    console = Console(file=io.StringIO(), width=80)
    result = replace(result_of(1), realtime=realtime, fault_failures=[failure])
    PlainView(console, result.about).finish(result)
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert ("without --realtime" in text) is told
    assert "not everything passed" in text


def test_table__eighty_columns__no_name_and_no_value_is_cut() -> None:
    console = Console(file=io.StringIO(), width=80)
    PlainView(console, {"kind": "machines"}).finish(result_of(1))
    assert isinstance(console.file, io.StringIO)
    assert "vel_rms_mm_s" in console.file.getvalue()
    assert "\u2026" not in console.file.getvalue()
