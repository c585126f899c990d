"""Run a fleet's broker: mosquitto from its folder, told of what is revoked meanwhile."""

import signal
from pathlib import Path

from nodewright.broker import Broker, find_mosquitto, mosquitto_version, usable_mosquitto
from nodewright.errors import BadInput
from nodewright.fleet.secret import Secrets
from nodewright.fleet_broker import layout, visitors
from nodewright.fleet_broker.layout import Written
from nodewright.fleet_broker.line import Line, Shut
from nodewright.pki import record, subject
from nodewright.tls import client_context


class FleetBroker(Broker):
    """mosquitto with a fleet's configuration.  A context manager that ends it.

    `kill()` is a crash, `restart()` brings it back; what it has acknowledged is in its folder,
    which stays.
    """

    def __init__(self, fleet_folder: Path, written: Written, secrets: Secrets) -> None:
        """secrets: of the fleet; its CA ends sessions.  Raises BadInput without mosquitto 2."""
        version = usable_mosquitto()
        if version is None:
            what = "is not installed" if mosquitto_version() is None else "is older than 2.0"
            raise BadInput(f"mosquitto {what}: apt install mosquitto, or brew install mosquitto")
        super().__init__("mosquitto", version, written.folder)
        self.host, self.port = written.reached_at, written.port
        self.written = written
        self._fleet_folder, self._secrets = fleet_folder, secrets
        self._revoked = _revoked(fleet_folder)

    def start(self) -> None:
        """Returns when it listens.  Raises PortInUse, BrokerFailed."""
        self.restart()

    def stop(self) -> None:
        """End it; its folder stays.  Harmless when called again."""
        self._end(signal.SIGTERM)

    def refresh(self) -> list[str] | None:
        """Have it read list and rights again where the fleet's folder says something new.

        None where nothing is new, else whose sessions were ended: mosquitto refuses who is revoked
        meanwhile, and leaves an open session as it is.  Raises as `layout.refresh`.
        """
        if not layout.refresh(self._fleet_folder, self.written):
            return None
        if self._process is not None:
            self._process.send_signal(signal.SIGHUP)
        before, self._revoked = self._revoked, _revoked(self._fleet_folder)
        names = {name for serial, name in self._revoked.items() if serial not in before}
        return [name for name in sorted(names) if self._end_session(name)]

    def _end_session(self, name: str) -> bool:
        """Come in under a client's name, which throws it out, and leave.

        What was revoked cannot come back; a node that was renewed does.  Whether it worked.
        """
        pair = visitors.successor(self._fleet_folder, self._secrets, name)
        try:
            with Line(self.host, self.port, name, client_context(pair.ca, pair), clean=False):
                return True
        except Shut:
            return False

    def _command(self, port: int) -> list[str]:
        assert port == self.port, "the port is in the configuration"
        return [str(find_mosquitto()), "-c", str(self.written.conf)]


def _revoked(folder: Path) -> dict[str, str]:
    """Whose certificates are revoked, by their serials; a broker's has no session."""
    return {
        one.serial: known.node
        for known in record.read_all(folder)
        for one in known.issued
        if one.state == "revoked" and not known.node.startswith(subject.BROKER + ".")
    }
