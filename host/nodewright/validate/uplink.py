"""The other end of a node's uplink: a broker that it may come to, and who hears its reports."""

import contextlib
import copy
import shutil
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from nodewright import broker, reach, scratch
from nodewright.errors import NodewrightError
from nodewright.faultproxy import FaultProxy
from nodewright.fleet.lock import in_turn, locked
from nodewright.fleet.secret import FOLDER as SECRETS
from nodewright.fleet.secret import Secrets
from nodewright.fleet_broker import layout
from nodewright.fleet_broker.run import FleetBroker
from nodewright.pki import authority, clock
from nodewright.pki.certificate import Wanted, sign
from nodewright.pki.identity import fleet_name
from nodewright.ports import on_free_port
from nodewright.validate import history
from nodewright.validate.time_server import TimeServer
from nodewright.watch import Address, Collector

_HOST = "127.0.0.1"
_PROGRAM = "check"  # as which a fleet's broker knows us
_LEFT_OUT = (layout.FOLDER, history.FOLDER, "images", ".git", "*.lock")
_CONNECT_S = 5.0
_LOCK_S = 20.0  # of other boards' provisioning and keeping beside it
_KEEPALIVE_S = 5
SPREAD_MS = 800  # there is nobody on a bench over whom to spread calls
_LOCKED_S = 10.0
_PAUSE_MS = 150  # between two records
_UNTIMED_MS = 500
_SHORT_SAMPLES = 256


@dataclass(frozen=True)
class Stranger:
    """A certificate of the node's name that another CA has signed.  DER, hex."""

    certificate: str
    key: str = field(repr=False)


def stranger(fleet: str, node: str) -> Stranger:
    """Anybody can make one: a CA of the fleet's name, and a certificate in the node's."""
    now = clock.utc_now()
    ca = authority.make(fleet, now)
    key = ec.generate_private_key(ec.SECP256R1())
    uri = x509.UniformResourceIdentifier(f"nodewright://{fleet}/{node}")
    wanted = Wanted(fleet, node, ExtendedKeyUsageOID.CLIENT_AUTH, (uri,))
    made = sign(ca, wanted, key.public_key(), now - clock.SKEW, now + clock.SKEW)
    data = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return Stranger(made.public_bytes(Encoding.DER).hex(), data.hex())


class Uplink:
    """Where a node reports to while it is validated.  A context manager.

    host, port: for the node; tls: whether it comes with its certificate; collector: hears what
    arrives, None where we are not let in, for the reason; nobody: it is on this computer and does
    not run; own: it is ours, and cut() begins an outage, which join() ends.
    """

    host = _HOST
    port = 0
    tls = False
    own = False
    nobody = False
    reason = ""

    def __init__(self) -> None:
        self.collector: Collector | None = None
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            self._stack = stack
            self._start()
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def _start(self) -> None:
        raise NotImplementedError

    def settings(self, settings: Mapping[str, Any]) -> dict[str, Any] | None:
        """What the node gets so that it comes here; None where it comes by itself."""
        raise NotImplementedError

    def cut(self) -> None:
        """Nobody gets through any more."""

    def called(self, within_s: float) -> bool:
        """Whether the node has called since, and nobody has answered; waits for it so long."""
        raise NotImplementedError

    def join(self) -> None:
        """All get through again."""


class OwnUplink(Uplink):
    """A broker of ours on loopback, for a virtual board.

    With mosquitto and an identity it is the fleet's, as it would be elsewhere: it runs from a copy
    of the fleet's folder, so that nothing of this is left in the fleet.
    """

    own = True

    def __init__(
        self, folder: Path, secrets: Secrets, plain: str = "", clock_off_s: float = 0.0
    ) -> None:
        """plain: why the node cannot come with its certificate, "" where it can."""
        super().__init__()
        self._folder, self._secrets = folder, secrets
        self._off_s = clock_off_s
        if not plain and broker.usable_mosquitto() is None:
            plain = "no mosquitto is installed"
        self.tls = not plain
        if plain:
            self.reason = f"{plain}: the broker of this bench asks for no certificate"
        self._proxy: FaultProxy | None = None

    def _start(self) -> None:
        stack = self._stack
        self._time = stack.enter_context(TimeServer(self._off_s))
        if self.tls:
            fleet, port, address = self._fleet_broker()
        else:
            hub = broker.start("auto")
            stack.callback(hub.stop)
            fleet, port = fleet_name(self._folder), hub.port
            address = Address(hub.host, hub.port)
        self._proxy = stack.enter_context(FaultProxy(port))
        self.port = self._proxy.port
        self.collector = stack.enter_context(Collector(address, fleet=fleet))

    def _fleet_broker(self) -> tuple[str, int, Address]:
        folder = self._stack.enter_context(scratch.folder("uplink")) / "fleet"
        with locked(self._folder, wait_s=_LOCK_S):  # not in the middle of another's writing
            shutil.copytree(self._folder, folder, ignore=shutil.ignore_patterns(*_LEFT_OUT))
        secrets = copy.copy(self._secrets)  # with the passphrase that was asked for already
        secrets.folder = folder / SECRETS
        name = next(iter(_brokers(folder)))

        def launch(port: int) -> FleetBroker:
            wish = layout.Wish(broker=name, port=port, programs=(_PROGRAM,))
            hub = FleetBroker(folder, _written(folder, wish, secrets), secrets)
            hub.start()
            return hub

        hub = on_free_port(launch)
        self._stack.callback(hub.stop)
        url = f"mqtts://{hub.host}:{hub.port}"
        fleet, address = reach.address(folder, _PROGRAM, secrets, url)
        return fleet, hub.port, address

    def settings(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Its broker, its time server, and a first set that comes soon and often."""
        mqtt = {
            **settings["mqtt"],
            "host": self.host,
            "port": self.port,
            "tls": self.tls,
            "others": [],
            "keepalive_s": _KEEPALIVE_S,
            "spread_ms": SPREAD_MS,
        }
        servers = {"servers": [f"{_HOST}:{self._time.port}"]}
        sets = [dict(measured) for measured in settings["sets"]]
        if sets:
            if _is_exceeded(sets[0], sets[1:]):
                sets[0]["samples"] = min(sets[0]["samples"], _SHORT_SAMPLES)
            every_ms = _record_ms(sets[0]) + _PAUSE_MS
            sets[0]["schedule"] = {"kind": "interval", "interval_ms": every_ms}
        return {**settings, "mqtt": mqtt, "clock": servers, "sets": sets}

    def cut(self) -> None:
        """The link is reset; who calls again is answered by nobody, till join().

        A refusal would make the node wait twice as long before each try: that is proven elsewhere.
        """
        assert self._proxy is not None
        self._proxy.freeze()
        self._proxy.cut()

    def called(self, within_s: float) -> bool:
        assert self._proxy is not None
        return self._proxy.called.wait(within_s)

    def join(self) -> None:
        assert self._proxy is not None
        self._proxy.thaw()


class FleetUplink(Uplink):
    """The fleet's own broker, to which a board reports by its settings."""

    def __init__(self, folder: Path, secrets: Secrets, settings: Mapping[str, Any]) -> None:
        super().__init__()
        self._folder, self._secrets = folder, secrets
        mqtt = settings["mqtt"]
        self.host, self.port, self.tls = mqtt["host"], mqtt["port"], mqtt["tls"]
        if not self.tls:
            self.reason = "its broker asks for no certificate (tls of the broker in fleet.toml)"

    def _start(self) -> None:
        try:
            socket.create_connection((self.host, self.port), _CONNECT_S).close()
            fleet, address = reach.address(self._folder, _PROGRAM, self._secrets)
            self.collector = self._stack.enter_context(Collector(address, fleet=fleet))
        except (NodewrightError, OSError) as error:
            self.reason = f"the fleet's broker cannot be asked from here: {error}"
            self.nobody = self.host.startswith("127.") and isinstance(error, OSError)

    def settings(self, settings: Mapping[str, Any]) -> None:  # noqa: ARG002
        return None


def _written(folder: Path, wish: layout.Wish, secrets: Secrets) -> layout.Written:
    """Of a copy that is ours alone, and yet may be locked for a moment: a process that another
    thread just starts holds what we have open until it is another program."""
    return in_turn(lambda: layout.write(folder, wish, secrets), _LOCKED_S)


def _brokers(folder: Path) -> list[str]:
    from nodewright.fleet.load import load

    loaded = load(folder)
    return [] if loaded.fleet is None else list(loaded.fleet.brokers)


def _is_exceeded(measured: Mapping[str, Any], others: list[dict[str, Any]]) -> bool:
    """Whether a set of waveforms may be shorter while reports are only to arrive: its turns have
    been proven, and another set of its sensor needs as much memory as it did."""
    if "odr_hz" not in measured:
        return False
    return any(
        other["sensor"] == measured["sensor"] and other.get("samples", 0) >= measured["samples"]
        for other in others
    )


def _record_ms(measured: Mapping[str, Any]) -> int:
    """How long one turn of a set takes, and a tenth more."""
    if "odr_hz" in measured:
        samples = measured["samples"] * measured["decimate"] * measured["blocks"]
        return int(1100 * samples / measured["odr_hz"])
    if "rate_hz" in measured:
        return int(1100 * measured["samples"] / measured["rate_hz"])
    return 2 * _UNTIMED_MS
