"""What stands for a host in settings."""


def is_address(host: str) -> bool:
    """True for IPv4 in digits, as checked settings have it."""
    return len(host.split(".")) == 4 and not host.strip("0123456789.") and ".." not in host


def split(server: str, port: int) -> "tuple[str, int]":
    """(host, port) of "host" or "host:port"."""
    host, colon, number = server.partition(":")
    return host, int(number) if colon else port
