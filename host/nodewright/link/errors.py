"""What can be wrong with a port or the board behind it, and what to do about it."""

from nodewright.errors import BadInput, NodewrightError


class PortMissing(BadInput):
    """There is no such port.  port."""

    def __init__(self, port: str) -> None:
        self.port = port
        super().__init__(
            f"there is no port {port}: is the cable in, and one that carries data? "
            "nodewright ports lists what is plugged in"
        )


class PortDenied(NodewrightError):
    """This user may not open the port.  port; group: of the device, "" where nobody knows."""

    def __init__(self, port: str, group: str = "") -> None:
        self.port, self.group = port, group
        cure = (
            f"sudo usermod -aG {group} $USER, then log in again"
            if group
            else "take a user who may, or change the permissions of the device"
        )
        super().__init__(f"{port} may not be opened by this user: {cure}")


class PortBusy(NodewrightError):
    """Another program has the port.  port."""

    def __init__(self, port: str) -> None:
        self.port = port
        super().__init__(
            f"{port} is in use by another program: close the terminal, editor or flasher that "
            "has it (fuser or lsof names it)"
        )


class PortGone(NodewrightError):
    """The port vanished, or does not work as one.  port; reason."""

    def __init__(self, port: str, reason: str) -> None:
        self.port, self.reason = port, reason
        super().__init__(
            f"{port} does not work any more ({reason}): cable, supply, or a reset of the board; "
            "run the same again when it is back"
        )


class BoardSilent(NodewrightError):
    """Nothing that a MicroPython would say comes back.  port; reason."""

    def __init__(self, port: str, reason: str) -> None:
        self.port, self.reason = port, reason
        super().__init__(
            f"no MicroPython answers at {port} ({reason}): is it the right port, and is a "
            "MicroPython on the board? Reset the board and try again"
        )


class BoardFailed(NodewrightError):
    """The board raised an error of its own.  port; error: the last line of its traceback."""

    def __init__(self, port: str, error: str) -> None:
        self.port, self.error = port, error
        super().__init__(
            f"the board at {port} says {error}: reset it and run the same again; if it "
            f"says so again, nodewright console {port} shows what it does"
        )


class Interrupted(NodewrightError):
    """Asked to stop in the middle.  port; state: what the board is now."""

    def __init__(self, port: str, state: str) -> None:
        self.port, self.state = port, state
        super().__init__(f"{port}: interrupted; {state}")
