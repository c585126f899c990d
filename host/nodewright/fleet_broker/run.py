"""Run a fleet's broker: mosquitto from its folder, told of what is revoked meanwhile."""

import signal
from pathlib import Path

from nodewright.broker import Broker, find_mosquitto, mosquitto_version
from nodewright.errors import BadInput
from nodewright.fleet_broker import layout
from nodewright.fleet_broker.layout import Written


class FleetBroker(Broker):
    """mosquitto with a fleet's configuration.  A context manager that ends it.

    `kill()` is a crash, `restart()` brings it back; what it has acknowledged is in its folder,
    which stays.
    """

    def __init__(self, fleet_folder: Path, written: Written) -> None:
        """Raises BadInput where there is no mosquitto 2."""
        version = mosquitto_version()
        if version is None or version < (2, 0):
            what = "is not installed" if version is None else "is older than 2.0"
            raise BadInput(f"mosquitto {what}: apt install mosquitto, or brew install mosquitto")
        super().__init__("mosquitto", ".".join(map(str, version)), written.folder)
        self.host, self.port = written.reached_at, written.port
        self.written = written
        self._fleet_folder = fleet_folder

    def start(self) -> None:
        """Returns when it listens.  Raises PortInUse, BrokerFailed."""
        self.restart()

    def stop(self) -> None:
        """End it; its folder stays.  Harmless when called again."""
        self._end(signal.SIGTERM)

    def refresh(self) -> bool:
        """Have it read list and rights again where the fleet's folder says something new.

        Whether it did.  Open sessions stay.  Raises as `layout.refresh`.
        """
        if not layout.refresh(self._fleet_folder, self.written):
            return False
        if self._process is not None:
            self._process.send_signal(signal.SIGHUP)
        return True

    def _command(self, port: int) -> list[str]:
        assert port == self.port, "the port is in the configuration"
        return [str(find_mosquitto()), "-c", str(self.written.conf)]
