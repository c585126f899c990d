"""What can be wrong with identities.  No key, no passphrase and no file's contents is in any."""

from datetime import datetime

from nodewright.errors import BadInput, NodewrightError
from nodewright.fleet.finding import WriteFailed


class AuthorityMissing(BadInput):
    """The fleet has no CA.  file: which of its files is not there."""

    def __init__(self, file: str) -> None:
        self.file = file
        super().__init__(
            f"{file} is missing: bring it back from a copy, since another CA would make every "
            "node's certificate foreign; where there never was one, nodewright authority --make"
        )


class AuthorityUnusable(BadInput):
    """The CA is there and cannot be used.  file; reason."""

    def __init__(self, file: str, reason: str) -> None:
        self.file, self.reason = file, reason
        super().__init__(f"{file} cannot be used: {reason}")


class AuthorityThere(BadInput):
    """A CA would be made where there is one.  file: which."""

    def __init__(self, file: str) -> None:
        self.file = file
        super().__init__(
            f"{file} is there: a fleet has one CA, and its nodes trust it alone; what is missing "
            "of it is brought back from a copy"
        )


class AuthorityExpired(NodewrightError):
    """The CA's time is over.  not_after: when it ended; now: by this host's clock."""

    def __init__(self, not_after: datetime, now: datetime) -> None:
        self.not_after, self.now = not_after, now
        super().__init__(
            f"the fleet's CA ended on {not_after:%Y-%m-%d}, and it is {now:%Y-%m-%d} "
            "by this host's clock: if that is right, the fleet needs a new CA and new identities"
        )


class ClockOff(NodewrightError):
    """This host's clock cannot be right.  now: what it says; reason: what it contradicts."""

    def __init__(self, now: datetime, reason: str) -> None:
        self.now, self.reason = now, reason
        super().__init__(
            f"this host's clock says {now:%Y-%m-%d %H:%M} UTC, {reason}: set it right, "
            "since certificates carry its time"
        )


class RecordDamaged(BadInput):
    """A node's record cannot be understood.  file; reason."""

    def __init__(self, file: str, reason: str) -> None:
        self.file, self.reason = file, reason
        super().__init__(f"{file} is damaged ({reason}): bring it back from version control")


class NoIdentity(BadInput):
    """A node has no certificate that counts.  node; retired: whether it was taken out."""

    def __init__(self, node: str, retired: bool = False) -> None:
        self.node, self.retired = node, retired
        kind, dot, name = node.partition(".")
        cure = f"nodewright provision {node} makes one"
        if retired:
            cure = "it is retired"
        elif dot:
            cure = "nodewright broker --write-only makes one"
            cure = (
                f"nodewright broker --host-identity {name} makes one" if kind == "host" else cure
            )
            cure = "nodewright make or validate makes one" if kind == "signer" else cure
        super().__init__(f"{node} has no identity: {cure}")


class IdentityEnded(BadInput):
    """A node's certificate is over.  node; ended: when."""

    def __init__(self, node: str, ended: datetime) -> None:
        self.node, self.ended = node, ended
        super().__init__(
            f"the certificate of {node} ended on {ended:%Y-%m-%d}: nodewright renew {node} makes "
            "a new one"
        )


class KeyUnusable(BadInput):
    """The private key of a node's certificate is missing or another one.  node; reason."""

    def __init__(self, node: str, reason: str) -> None:
        self.node, self.reason = node, reason
        super().__init__(f"the key of {node} {reason}: nodewright renew {node} makes a new one")


class ChipTaken(BadInput):
    """A chip is another node's.  unique_id: hex digits; node: whose it is."""

    def __init__(self, unique_id: str, node: str) -> None:
        self.unique_id, self.node = unique_id, node
        super().__init__(
            f"chip {unique_id} is that of node {node}: choose the right board, or "
            f"nodewright retire {node} first"
        )


class ChipDiffers(BadInput):
    """A node is bound to another chip.  node; bound, got: hex digits."""

    def __init__(self, node: str, bound: str, got: str) -> None:
        self.node, self.bound, self.got = node, bound, got
        super().__init__(
            f"{node} is bound to chip {bound}, and this one is {got}: for a board that replaces "
            f"it, nodewright renew {node} --unique-id {got}, then nodewright revoke {node} "
            "--replaced"
        )


class ChipSilent(NodewrightError):
    """No MicroPython told its chip's id.  port; reason."""

    def __init__(self, port: str, reason: str) -> None:
        self.port, self.reason = port, reason
        super().__init__(
            f"no MicroPython answers at {port} ({reason}): is it the right port, is a MicroPython "
            "on the board, and is no other program using the port?"
        )


class NodeRetired(BadInput):
    """A node was taken out of service.  node."""

    def __init__(self, node: str) -> None:
        self.node = node
        super().__init__(
            f"{node} is retired, and its history stays: give the new node a name of its own"
        )


class ExportFailed(NodewrightError):
    """A host has its identity, and its files could not be handed out.

    host: its name; failure: what the writing said.
    """

    def __init__(self, host: str, failure: WriteFailed) -> None:
        self.host, self.failure = host, failure
        super().__init__(
            f"{failure.path} could not be written ({failure.reason}): {host} has its identity, "
            "only the export failed: give the command again with another folder"
        )


class RetainedStays(NodewrightError):
    """A broker still keeps messages of a node.  node; kept: topics; reason."""

    def __init__(self, node: str, kept: tuple[str, ...]) -> None:
        self.node, self.kept = node, kept
        super().__init__(
            f"the broker keeps {', '.join(kept)} although it was asked to clear them: either "
            f"{node} still publishes (end its session there), or this client may not write there"
        )
