"""The errors of the host's side: facts in attributes, a sentence with the cure as text.

Libraries raise these; `nodewright.cli` prints the sentence and exits. `BadInput` is what the user
can mend by asking differently (exit 2); every other one is a failure of what was asked (exit 1).
"""


class NodewrightError(Exception):
    """Base of all errors that the host's tools raise on purpose."""


class BadInput(NodewrightError):
    """What was asked for cannot be: a wrong option, file, name or number."""


class PortInUse(BadInput):
    """A given TCP port is taken by another program.

    host, port: where nothing could listen.
    """

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        super().__init__(
            f"port {port} on {host} is in use: stop what listens there, "
            "choose another, or leave the port out to get a free one"
        )


class BrokerFailed(NodewrightError):
    """A broker did not start, or ended by itself.

    kind: mosquitto or embedded; reason: one line; log: its last lines.
    """

    def __init__(self, kind: str, reason: str, log: tuple[str, ...] = ()) -> None:
        self.kind, self.reason, self.log = kind, reason, log
        tail = "".join(f"\n  {line}" for line in log[-5:])
        super().__init__(f"the {kind} broker {reason}{tail}")


class BrokerUnreachable(NodewrightError):
    """No MQTT broker answers at an address.

    host, port: the address; reason: what the attempt said.
    """

    def __init__(self, host: str, port: int, reason: str) -> None:
        self.host, self.port, self.reason = host, port, reason
        super().__init__(
            f"no broker answers at {host}:{port} ({reason}): "
            "is it running, and is the address right?"
        )


class BrokerDistrusted(BrokerUnreachable):
    """A broker answers, and TLS with it fails: one of us does not trust the other."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(host, port, reason)
        self.args = (
            f"TLS with {host}:{port} fails ({reason}): is it the broker of this fleet, is its "
            "certificate for that address, and does our identity count there?",
        )
