"""`NODE=PORT …`, or one NODE with --port."""

from nodewright.errors import BadInput


def node_ports(nodes: list[str], port: str | None) -> list[tuple[str, str]]:
    """Nodes with their ports, "" where none was said.  Raises BadInput."""
    pairs = [(name, at) for name, _, at in (node.partition("=") for node in nodes)]
    if port is None or not pairs:
        return pairs
    if len(pairs) > 1 or pairs[0][1]:
        raise BadInput("--port is for one node: of several say NODE=PORT")
    return [(pairs[0][0], port)]
