"""A fleet with its own broker, as `nodewright broker` writes and runs it, on a free port."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from host.pki_rig import given_away, kept
from nodewright import reach
from nodewright.errors import PortInUse
from nodewright.fleet import edit
from nodewright.fleet_broker import visitors
from nodewright.fleet_broker.doors import Door, Doors
from nodewright.fleet_broker.layout import Wish, Written, write
from nodewright.fleet_broker.line import Line
from nodewright.fleet_broker.run import FleetBroker
from nodewright.pki import endpoint
from nodewright.ports import free_port
from nodewright.provision import provision
from nodewright.tls import client_context
from nodewright.watch import Address
from system.identity_rig import make
from system.mqtt_rig import HOST

_PORT_TRIES = 4
NODEWRIGHT = [sys.executable, "-m", "nodewright"]


def make_fleet(folder: Path, nodes: int = 2) -> Path:
    """A fleet of today whose broker is on a free port, over TLS, with identities for its nodes."""
    make(folder, nodes)
    edit.set_value(folder, ("brokers", "main", "tls"), True)
    edit.set_value(folder, ("brokers", "main", "port"), free_port())
    for number in range(1, nodes + 1):
        provision(folder, f"pump-{number}", kept(folder))
    return folder


def written(folder: Path, change: Callable[[str], str] | None = None, **wish: object) -> Written:
    """Its broker's folder; change: what to make of the configuration."""
    found = write(folder, Wish(**wish), kept(folder))  # type: ignore[arg-type]
    if change is not None:
        text = found.conf.read_text()
        spoilt = change(text)
        assert spoilt != text
        found.conf.write_text(spoilt)
    return found


@contextlib.contextmanager
def running(
    folder: Path, change: Callable[[str], str] | None = None, **wish: object
) -> Iterator[FleetBroker]:
    for left in range(_PORT_TRIES - 1, -1, -1):
        with FleetBroker(folder, written(folder, change, **wish), kept(folder)) as hub:
            try:
                hub.start()
            except PortInUse:  # somebody has taken the fleet's port meanwhile
                if not left:
                    raise
                edit.set_value(folder, ("brokers", "main", "port"), free_port())
                continue
            yield hub
            return


def doors(folder: Path, port: int, plain_port: int | None = None) -> dict[str, Door]:
    """What was found at each door; one name twice: the worse."""
    who = visitors.make(folder, kept(folder))
    found: dict[str, Door] = {}
    for door in Doors(HOST, port, who, plain_port=plain_port or free_port()).try_all():
        if door.name not in found or found[door.name].good:
            found[door.name] = door
    return found


def connect(folder: Path, port: int, name: str, **more: object) -> Line:
    """As a node or host of the fleet."""
    pair = endpoint.load_pair(folder, name, kept(folder))
    return Line(HOST, port, name, client_context(pair.ca, pair), **more)  # type: ignore[arg-type]


def address(folder: Path, program: str = "watch") -> Address:
    """The fleet's broker for a program."""
    return reach.address(folder, program, kept(folder))[1]


def start(*words: object, cwd: Path | None = None) -> subprocess.Popen[str]:
    """`nodewright WORDS` in the background."""
    return subprocess.Popen(
        [*NODEWRIGHT, *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "200"},
    )


def run(*words: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """`nodewright WORDS`, to its end; it must say nothing of its fleet's keys."""
    ran = subprocess.run(
        [*NODEWRIGHT, *map(str, words)],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=60,
        check=False,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "200"},
    )
    assert given_away(ran.stdout + ran.stderr, cwd, *words) == [], words
    return ran
