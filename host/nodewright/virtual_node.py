"""A node of a fleet on a virtual board: its image, twins for its sensors, a broker.

What it reports is simulated, under the node's own name: it goes to a broker of its own on
loopback, unless the fleet's own broker is on loopback and runs, or is asked for.
"""

import json
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from nodewright import broker, twins
from nodewright.broker import Broker, Kind
from nodewright.console import Event
from nodewright.fleet.secret import Secrets
from nodewright.image.files import SETTINGS, image_files
from nodewright.image.filesystem import pack
from nodewright.image.node import ImageMaker, identity_files
from nodewright.offline import Runtime
from nodewright.pki.errors import NoIdentity
from nodewright.sources import source_files
from nodewright.virtual import VirtualBoard

_ANSWER_S = 2.0


class VirtualNode:
    """A node that boots on a virtual board.  A context manager that leaves nothing behind.

    Entered, the broker runs; `boot` starts the board.  image: as for a board of this machine;
    host, port: of the broker; hub: the broker that was started, None for the fleet's;
    changed: settings that differ from the image's, by their paths; notes: for the user.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        secrets: Secrets,
        runtime: Runtime,
        *,
        machine: str = "pump",
        fleet_broker: bool = False,
        kind: Kind | Literal["auto"] = "auto",
        port: int | None = None,
        realtime: bool = False,
    ) -> None:
        """machine: what its sensors feel, of `twins.MACHINES`.

        Raises as `ImageMaker.make`, NoTwin, BadInput.
        """
        self.name, self.runtime = name, runtime
        self.notes: list[str] = []
        self.changed: list[str] = []
        self.hub: Broker | None = None
        self._fleet_broker, self._kind, self._port = fleet_broker, kind, port
        arch = runtime.interpreter.mpy_arch if runtime.interpreter is not None else ""
        try:
            self.image = ImageMaker(folder, secrets).make_virtual(name, arch)
        except NoIdentity:
            maker = ImageMaker(folder, secrets, identity=False)
            self.image = maker.make_virtual(name, arch)
        self.notes += self.image.notes
        self.settings: dict[str, Any] = json.loads(self.image.files[SETTINGS])
        self._give_a_radio()
        self._world = twins.around(self.settings, machine)
        self._realtime = realtime
        self.board: VirtualBoard | None = None

    @property
    def fleet(self) -> str:
        """The name of its fleet."""
        name: str = self.settings["fleet"]
        return name

    @property
    def host(self) -> str:
        """Of the broker that it reports to."""
        host: str = self.settings["mqtt"]["host"]
        return host

    @property
    def port(self) -> int:
        """Of the broker that it reports to."""
        port: int = self.settings["mqtt"]["port"]
        return port

    def __enter__(self) -> Self:
        """Raises BrokerFailed, PortInUse."""
        if self._fleet_broker:
            self._take_own_date()
            return self
        wanted = self.port if _is_loopback(self.host) else None
        given = self._port if self._port is not None else wanted
        if wanted is not None and self._port is None and _answers(self.host, wanted):
            self.notes.append(f"reports to the broker that runs at {self.host}:{wanted}")
            self._take_own_date()
            return self
        self.hub = broker.start(self._kind, given)
        self._move(self.hub.host, self.hub.port)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if self.board is not None:
                self.board.stop()
        finally:
            if self.hub is not None:
                self.hub.stop()

    def boot(self, on_event: Callable[[Event], None]) -> VirtualBoard:
        """Start its board.  on_event: called on another thread, and must not wait."""
        flash = self.image.board.flash
        identity = self.image.identity
        bound = identity.unique_id if identity is not None else None
        spec = {
            **self._world,
            "unique_id": bound or twins.unique_id(self.name),
            "realtime": self._realtime,
            "flash": {
                "block_bytes": flash.block_bytes,
                "prog_bytes": flash.prog_bytes,
                "read_bytes": flash.read_bytes,
                "lookahead_bytes": flash.lookahead_bytes,
            },
        }
        interpreter, heap = self.runtime.interpreter, self.image.board.heap_bytes
        self.board = VirtualBoard(self._flash(), spec, interpreter, heap, on_event=on_event)
        self.board.start()
        return self.board

    def _flash(self) -> bytes | Mapping[str, bytes]:
        """A flash image, or on CPython the files of one."""
        image = self.image
        extra = {} if image.identity is None else identity_files(image.identity)
        if self.runtime.interpreter is None:
            return {**source_files(self.settings), **extra}
        if not self.changed:
            return image.file_system
        board = image.board
        files = image_files(board, self.settings, arch=image.arch, extra_files=extra)
        return pack(board, files)

    def _give_a_radio(self) -> None:
        """A Pico without one reports to nobody: what it measures could not be seen here."""
        if self.settings["network"]["kind"] == "none":
            network = {"kind": "wifi", "ssid": "virtual", "password": None}
            self.settings["network"] = {**network, "static": None, "dns": None}
            self.changed.append("network")
            self.notes.append(
                f"{self.image.board.name} has no radio: its virtual board has one all the same"
            )

    def _take_own_date(self) -> None:
        """TLS inside a virtual board reads this computer's clock: no time server decides there."""
        if self.settings["mqtt"]["tls"] and self.settings["clock"] is not None:
            self.settings = {**self.settings, "clock": None}
            self.changed.append("clock")
            self.notes.append(
                "asks no time server: certificates are judged by this computer's date"
            )

    def _move(self, host: str, port: int) -> None:
        """Have it report there, and say where that differs from the fleet."""
        before = self.settings["mqtt"]
        after = {**before, "host": host, "port": port, "tls": False, "others": []}
        moved = [f"mqtt.{key}" for key in after if before[key] != after[key]]
        if moved:
            self.changed += moved
            self.settings = {**self.settings, "mqtt": after}
            self.notes.append(
                f"reports to a broker of its own at {host}:{port}, not to the fleet's at "
                f"{before['host']}:{before['port']}: what it says is simulated "
                "(--fleet-broker has it report there)"
            )
        else:
            self.notes.append(f"none ran at {host}:{port}: a broker of its own does now")


def _is_loopback(host: str) -> bool:
    return host.startswith("127.")


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), _ANSWER_S):
            return True
    except OSError:
        return False
