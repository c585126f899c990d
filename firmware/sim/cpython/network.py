"""The module `network`: a WLAN which is the host's own network, up when it is asked to connect."""

STA_IF = 0
AP_IF = 1
# extmod/modnetwork.h and ports/rp2: status() of a station
STAT_IDLE = 0
STAT_CONNECTING = 1
STAT_GOT_IP = 3


class WLAN:
    """One station of one host: what hal.py asks of a network.

    Raises OSError when it is told to connect while it is not active, as the ports do.
    """

    def __init__(self, interface_id: int = STA_IF) -> None:
        if interface_id not in (STA_IF, AP_IF):
            raise ValueError("no interface %r" % (interface_id,))
        self._active = False
        self._connected = False

    def active(self, is_active: "bool | int | None" = None) -> bool:
        if is_active is not None:
            self._active = bool(is_active)
            if not self._active:
                self._connected = False
        return self._active

    def connect(self, ssid: str, key: "str | None" = None) -> None:
        if not self._active:
            raise OSError(1, "STA must be active")
        if not isinstance(ssid, (str, bytes)):
            raise TypeError("object with buffer protocol required")
        self._connected = True

    def disconnect(self) -> None:
        self._connected = False

    def isconnected(self) -> bool:
        return self._connected

    def status(self, param: "str | None" = None) -> int:
        if param == "rssi":
            return -50
        if param is not None:
            raise ValueError("unknown status param %r" % (param,))
        return STAT_GOT_IP if self._connected else STAT_IDLE

    def config(self, *params: str, **values: object) -> None:
        for name in values:
            if name not in ("pm", "hostname", "reconnects", "txpower"):
                raise ValueError("unknown config param %r" % (name,))

    def ifconfig(self, given: "tuple[str, ...] | None" = None) -> "tuple[str, ...] | None":
        if given is not None:
            return None
        return ("127.0.0.1", "255.0.0.0", "127.0.0.1", "127.0.0.1")


def hostname(name: "str | None" = None) -> str:
    return name or "cpython"


def country(code: "str | None" = None) -> str:
    return code or "XX"
