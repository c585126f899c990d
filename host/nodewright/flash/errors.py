"""What can go wrong between an image and a running board."""

from nodewright.errors import BadInput, NodewrightError

# What an interrupted board is.
AS_BEFORE = "the board has what it had before"
UNFINISHED = (
    "the board is between two versions and does not start its node until it is flashed again"
)


class WrongBoard(BadInput):
    """The image is not for what is at the port.  port; reason."""

    def __init__(self, port: str, reason: str) -> None:
        self.port, self.reason = port, reason
        super().__init__(f"the image is not for the board at {port}: {reason}")


class OtherNode(BadInput):
    """The board is another node's, or a node's of another fleet.  port; found: whose; wanted."""

    def __init__(self, port: str, found: str, wanted: str) -> None:
        self.port, self.found, self.wanted = port, found, wanted
        super().__init__(
            f"the board at {port} is {found}, not {wanted}: is it the right port? "
            "--force overwrites it"
        )


class FlashFailed(NodewrightError):
    """It went wrong on the way.  port; reason; state: what the board is now."""

    def __init__(self, port: str, reason: str, state: str) -> None:
        self.port, self.reason, self.state = port, reason, state
        super().__init__(f"{port}: {reason}; {state}")


class NotAsWritten(FlashFailed):
    """What was read back is not what was written.  paths: which files, or parts."""

    def __init__(self, port: str, paths: tuple[str, ...]) -> None:
        self.paths = paths
        some = ", ".join(paths[:5]) + (" and more" if len(paths) > 5 else "")
        super().__init__(port, f"read back, {some} differ from what was written", UNFINISHED)


class NotBooted(FlashFailed):
    """All is written, and the node does not start.  said: the last it printed."""

    def __init__(self, port: str, said: str) -> None:
        self.said = said
        super().__init__(
            port,
            f"all is written, but its node does not start (last it said: {said or 'nothing'})",
            f"nodewright console {port} shows why",
        )
