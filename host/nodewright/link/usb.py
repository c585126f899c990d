"""What is plugged in: serial ports with their USB ids, and which boards have such."""

from dataclasses import dataclass

from serial.tools import list_ports

from nodewright import boards
from nodewright.plain import plain


@dataclass(frozen=True)
class Plugged:
    """A serial port.  usb: "2e8a:0005", "" where it is none of USB; what: as the board's data or
    the device itself calls it; boards: names of those that have such an id; serial: number."""

    port: str
    usb: str
    what: str
    boards: tuple[str, ...]
    serial: str


def plugged() -> list[Plugged]:
    """All serial ports of USB, sorted."""
    found = []
    for port in list_ports.comports():
        if port.vid is None:
            continue
        found.append(describe(port.device, port.vid, port.pid, port.product, port.serial_number))
    return sorted(found, key=lambda one: one.port)


def describe(
    device: str, vid: int, pid: int, product: str | None, serial_number: str | None
) -> Plugged:
    """A port with these ids."""
    names, what = [], ""
    for name in boards.names():
        for usb in boards.load(name).usb:
            if (usb.vid, usb.pid) == (vid, pid):
                names.append(name)
                what = what or usb.what
    return Plugged(
        device,
        f"{vid:04x}:{pid:04x}",
        what or plain(product),
        tuple(names),
        plain(serial_number),
    )


def given(port: str) -> Plugged:
    """A port that was named: of a virtual board, or one that is none of USB."""
    for one in plugged():
        if one.port == port:
            return one
    return Plugged(port, "", "", (), "")
