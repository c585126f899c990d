"""`nodewright logs`: what the node's own code keeps on a board is what is told of it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodewright.flash import keep, logs, raw_repl
from nodewright.flash.facts import OnBoard
from nodewright.link.errors import BoardFailed
from nodewright.link.repl import Repl
from system.flash_rig import Heard, bare, fleet, job, made_for_virtual
from system.virtual_rig import facts

pytestmark = pytest.mark.skipif(os.name != "posix", reason="virtual boards have ports on POSIX")
# The node's own modules write their files, on MicroPython.
_LEARN = """
import sys
sys.path.append("/")
from node import crash
from node.baseline import Baseline
from node.motor import Motor
from node.rate import Rates
crash.note(1, "OSError(5)")
crash.note(2, "ValueError('no\\x1b[2J')")
b = Baseline("/state/bearing-fast-x")
for n in range(9):
    b.learn({"bpfo": 0.4, "bpfi": 0.3})
b.freeze()
m = Motor("/state/motor-clamps", 2.0)
for n in range(41):
    m.update(10.0 if n < 39 else 0.1, n * 1000)
    m.save_if_due(n * 1000)
r = Rates("/state/rates.json")
for n in range(64):
    r.update("acc", 800.0, 803, 1000000)
    r.save_if_due()
with open("/state/bearing-slow-y", "w") as f:
    f.write("[1, 5, 0, 1]")
with open("/state/else", "w") as f:
    f.write("x" * 9)
with open("/state/long", "w") as f:
    f.write("x" * 5000)
"""


def test_logs__what_the_nodes_own_code_kept__told_with_units(tmp_path: Path) -> None:
    made = made_for_virtual(fleet(tmp_path / "f", 1))
    with bare() as virtual:
        facts(virtual)
        heard = Heard()
        raw_repl.program(job(made, virtual.port), heard, heard.asked)
        with Repl(virtual.port, answer_s=60) as repl:
            repl.restarts = False
            repl.ask(_LEARN)
        told = subprocess.run(
            [sys.executable, "-m", "nodewright", "logs", virtual.port, "--json"],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        shown = subprocess.run(
            [sys.executable, "-m", "nodewright", "logs", virtual.port],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
    found = json.loads(told.stdout)
    assert (found["node"], found["fleet"], found["unfinished"]) == ("pump-1", "north", False)
    kept = {(one["what"], one["of"]): one["values"] for one in found["kept"]}
    assert kept["boots", ""]["boots"] >= 1
    assert kept["crash", ""] == {"boot": 2, "count": 2, "error": "ValueError('no?[2J')"}
    assert kept["bearing", "fast-x"]["state"] == "frozen"
    assert kept["bearing", "fast-x"]["records"] == 9
    assert kept["bearing", "fast-x"]["bpfo_mean"] == pytest.approx(
        0.4 / (0.5 + 0.4 / 8**0.5), 1e-4
    )
    assert kept["bearing", "slow-y"] == {}
    motor = kept["motor", "clamps"]
    assert (motor["starts"], motor["ran"]) == (1, False)
    assert motor["run_h"] == pytest.approx(39 / 3600)
    assert motor["load_a"] == pytest.approx(10, 0.01)
    assert kept["rate", "acc@800.0"]["rate_hz"] == pytest.approx(803)
    assert {one["name"]: one["text"] for one in found["kept"] if one["what"] == "unknown"} == {
        "else": "9 bytes",
        "long": "5000 bytes that no node writes",
    }
    assert "803 Hz, +3750 ppm of 800 Hz" in shown.stdout
    assert "boot 2 ended by ValueError" in shown.stdout
    assert "\x1b" not in shown.stdout


def test_logs__a_file_that_the_flash_does_not_give__named_and_the_others_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with bare() as virtual:
        facts(virtual)
        with Repl(virtual.port) as repl:
            repl.ask("import os\nos.mkdir('/state')")
            for name, text in (("boot", "7"), ("crash", "{}")):
                repl.ask(f"f = open('/state/{name}', 'w')\nf.write({text!r})\nf.close()")
        got = keep.get

        def get(repl: Repl, path: str, file: OnBoard) -> bytes:
            if path == "/state/crash":
                raise BoardFailed(repl.port, "OSError: 5")
            return got(repl, path, file)

        monkeypatch.setattr(keep, "get", get)
        found = logs.read(virtual.port)
    told = {one.name: one.text for one in found.kept}
    assert told["crash"] == "cannot be read: the board says OSError: 5"
    assert told["boot"] == "7 until now"


@settings(deadline=None)
@given(st.sampled_from(["boot", "crash", "rates.json", "bearing-a-x", "motor-m"]), st.binary())
def test_decode__any_bytes__no_error(name: str, data: bytes) -> None:
    for one in logs.decode(name, data):
        json.dumps(one.values, allow_nan=False)


@settings(deadline=None)
@given(
    st.sampled_from(["boot", "crash", "rates.json", "bearing-a-x", "motor-m"]),
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=10)
            | st.dictionaries(
                st.sampled_from(["boot", "count", "error", "rates", "a@800", "a@0"]), inner
            )
        ),
    ),
)
def test_decode__any_json__no_error(name: str, content: object) -> None:
    for one in logs.decode(name, json.dumps(content).encode()):
        json.dumps(one.values, allow_nan=False)
