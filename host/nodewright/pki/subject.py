"""Whose identity it is, by its common name: `pump-1` a node's, `host.NAME` a program's on some
host, `broker.NAME` a broker's, `signer.NAME` that of a bench which signs what it found.  No node's
name has a dot in it, so nobody is taken for another."""

from wire.topics import is_name

HOST, BROKER, SIGNER = "host", "broker", "signer"


def of_host(name: str) -> str:
    """The common name of a host's identity."""
    return f"{HOST}.{name}"


def of_broker(name: str) -> str:
    """The common name of a broker's."""
    return f"{BROKER}.{name}"


def of_signer(name: str) -> str:
    """The common name of a bench's identity."""
    return f"{SIGNER}.{name}"


def is_subject(text: str) -> bool:
    """Whether it can be the common name of a node, a host, a broker or a signer."""
    kind, dot, name = text.partition(".")
    return is_name(name) and kind in (HOST, BROKER, SIGNER) if dot else is_name(text)
