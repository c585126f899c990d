"""The twin of `network`: a station that joins its access point; the sockets are the host's."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from sim.world import World

STA_IF = 0
AP_IF = 1

# As of the Pico W's port, extmod/network_cyw43.c
STAT_IDLE = 0
STAT_CONNECTING = 1
STAT_WRONG_PASSWORD = -3
STAT_NO_AP_FOUND = -2
STAT_CONNECT_FAIL = -1
STAT_GOT_IP = 3

_CONNECT_MS = 300
_RSSI_DBM = -50
_LOOPBACK = ("127.0.0.1", "255.0.0.0", "127.0.0.1", "127.0.0.1")
_NO_ADDRESS = ("0.0.0.0", "0.0.0.0", "0.0.0.0", "0.0.0.0")  # noqa: S104  an address it has not

_worlds: "list[World]" = []
_names = {"hostname": "PicoW", "country": "XX"}


def attach(world: "World") -> None:
    """Whose access points there are, and whose clock joining takes."""
    _worlds[:] = [world]
    WLAN.reset()


def hostname(name: "str | None" = None) -> str:
    if name is not None:
        _names["hostname"] = name
    return _names["hostname"]


def country(code: "str | None" = None) -> str:
    if code is not None:
        if len(code) != 2:
            raise ValueError("country must be 2 letters")
        _names["country"] = code
    return _names["country"]


class WLAN:
    """All objects of the station are the same radio.

    What joining will come to is known when it starts; when the clock gets there, it is shown.
    """

    IF_STA = STA_IF
    IF_AP = AP_IF
    PM_NONE = 0
    PM_PERFORMANCE = 1
    PM_POWERSAVE = 2

    _active = False
    _ssid = ""
    _outcome = STAT_IDLE
    _due_us = 0
    _given: "tuple[str, ...] | None" = None  # a static address

    def __init__(self, interface: int = STA_IF) -> None:
        """Raises ValueError for an interface that it has not, and for AP: there is no twin."""
        if interface != STA_IF:
            raise ValueError("this radio has the station interface only")

    @staticmethod
    def reset() -> None:
        WLAN._active, WLAN._ssid, WLAN._outcome, WLAN._due_us = False, "", STAT_IDLE, 0

    def active(self, on: "bool | None" = None) -> bool:
        if on is not None:
            if not on:
                self.reset()
            WLAN._active = bool(on)
        return WLAN._active

    def connect(self, ssid: str, key: "str | None" = None, **_options: "Any") -> None:
        """Begin to join.  Raises OSError where the radio is off."""
        if not WLAN._active:
            raise OSError(1, "STA is not active")
        air = _worlds[0].spec.get("network", {})
        keys = air.get("ssids", {})
        if ssid not in keys:
            WLAN._outcome = STAT_NO_AP_FOUND
        elif (keys[ssid] or "") != (key or ""):
            WLAN._outcome = STAT_WRONG_PASSWORD
        else:
            WLAN._outcome = STAT_GOT_IP
        WLAN._ssid = ssid
        WLAN._due_us = _worlds[0].now_us() + air.get("connect_ms", _CONNECT_MS) * 1000

    def disconnect(self) -> None:
        WLAN._ssid, WLAN._outcome = "", STAT_IDLE

    def status(self, what: "str | None" = None) -> int:
        if what == "rssi":
            return _RSSI_DBM
        if what is not None:
            raise ValueError("unknown status param")
        if WLAN._outcome != STAT_IDLE and _worlds[0].now_us() < WLAN._due_us:
            return STAT_CONNECTING
        return WLAN._outcome

    def isconnected(self) -> bool:
        return self.status() == STAT_GOT_IP

    def ifconfig(self, given: "tuple[str, ...] | None" = None) -> "tuple[str, ...] | None":
        """What the station has; or, given, what it is to have instead of DHCP's."""
        if given is not None:
            if len(given) != 4:
                raise ValueError("requires 4 addresses")
            WLAN._given = given
            return None
        return (WLAN._given or _LOOPBACK) if self.isconnected() else _NO_ADDRESS

    def config(self, what: "str | None" = None, **settings: "Any") -> "Any":
        """One value by name; settings are taken and change nothing.  Raises ValueError."""
        if what is None:
            for name in settings:
                if name not in ("pm", "txpower", "ssid", "channel", "reconnects"):
                    raise ValueError("unknown config param")
            return None
        if what == "mac":
            # Locally administered, and its own for each board.
            return b"\x02" + bytes.fromhex(_worlds[0].spec["unique_id"])[-5:]
        if what in ("ssid", "essid"):
            return WLAN._ssid
        raise ValueError("unknown config param")

    def scan(self) -> "list[tuple[bytes, bytes, int, int, int, int]]":
        keys = _worlds[0].spec.get("network", {}).get("ssids", {})
        bssid = b"\x02\x00\x00\x00\x00\x01"
        return [(ssid.encode(), bssid, 1, _RSSI_DBM, 5 if keys[ssid] else 0, 1) for ssid in keys]
