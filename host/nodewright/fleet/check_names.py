"""Whether every name leads somewhere, and what networks, machines and bearings have to have."""

import ipaddress
from collections.abc import Iterator

from nodewright.fleet import bearing as bearings
from nodewright.fleet.finding import Finding, shown
from nodewright.fleet.model import Asset, Bearing, Node
from nodewright.fleet.places import Path
from nodewright.fleet.whole import Whole
from wire.bearings import TABLE


def check(whole: Whole) -> Iterator[Finding]:
    """Findings of everything but the nodes' wiring and sensors."""
    for name in whole.fleet.networks:
        yield from _network(whole, name)
    for name, bearing in whole.fleet.bearings.items():
        yield from _bearing(("bearings", name), bearing)
    for name, asset in whole.fleet.assets.items():
        yield from _asset(whole, ("assets", name), asset)
    for name, node in whole.fleet.nodes.items():
        yield from _node(whole, ("nodes", name), node)
    yield from _addresses(whole)
    if not whole.names("nodes") and not whole.damaged("nodes"):
        yield Finding((), "no node", "at least one [nodes.NAME]", "add one", "warning")


def _network(whole: Whole, name: str) -> Iterator[Finding]:
    network, path = whole.fleet.networks[name], ("networks", name)
    if not network.ntp and any(broker.tls for broker in whole.fleet.brokers.values()):
        allowed = "a time server: boards judge the broker's certificate by the date"
        yield Finding((*path, "ntp"), "none", allowed, 'ntp = ["192.168.1.1"]', "warning")
    if network.gateway is not None and network.subnet is not None:
        subnet = ipaddress.IPv4Network(network.subnet)
        if ipaddress.IPv4Address(network.gateway) not in subnet:
            allowed, cure = f"an address within {subnet}", f'as "{subnet.network_address + 1}"'
            yield Finding((*path, "gateway"), shown(network.gateway), allowed, cure)


def _bearing(path: Path, bearing: Bearing) -> Iterator[Finding]:
    ways = bearings.ways(bearing)
    allowed = "type, or balls, ball and pitch, or bpfo, bpfi, bsf and ftf"
    if len(ways) != 1:
        value = " and ".join(ways) if ways else "nothing of it"
        yield Finding(path, value, allowed, "describe it in one way", key=True)
        return
    lacking = bearings.lacking(bearing, ways[0])
    if lacking:
        cure = "add " + ", ".join(lacking)
        yield Finding(path, "missing: " + ", ".join(lacking), allowed, cure, key=True)
        return
    try:
        bearings.orders(bearing)
    except ValueError as error:
        if ways == ["type"]:
            known = "one of " + ", ".join(row[0] for row in TABLE)
            cure = "or describe it by balls, ball and pitch: its maker has them"
            yield Finding((*path, "type"), shown(bearing.type), known, cure)
            return
        where = "ball" if ways == ["geometry"] else "bpfo"
        value = f"{getattr(bearing, where):g}"
        yield Finding((*path, where), value, "a bearing that can be", str(error))


def _asset(whole: Whole, path: Path, asset: Asset) -> Iterator[Finding]:
    yield from whole.reference((*path, "site"), asset.site, "sites")
    yield from whole.reference((*path, "bearing"), asset.bearing, "bearings")
    for key, other in (("group", "support"), ("support", "group")):
        if getattr(asset, key) is None and getattr(asset, other) is not None:
            cure = f"add {key}, or take {other} away: zones need both"
            yield Finding((*path, key), "missing", f"{key} beside {other}", cure)
    for name, point in asset.points.items():
        place = (*path, "points", name)
        yield from whole.reference((*place, "bearing"), point.bearing, "bearings")
        directions = list(point.axes.values())
        for axis, direction in point.axes.items():
            if directions.count(direction) > 1 and direction not in ("radial", "tangential"):
                cure = "two axes of a sensor do not point the same way"
                yield Finding((*place, "axes", axis), shown(direction), "each once", cure)
                break


def _node(whole: Whole, path: Path, node: Node) -> Iterator[Finding]:
    yield from whole.reference((*path, "site"), node.site, "sites")
    yield from _lorawan(whole, path, node) if node.uplink == "lorawan" else ()
    for key, table in (("network", "networks"), ("broker", "brokers")):
        name: str | None = getattr(node, key)
        yield from whole.reference((*path, key), name, table)
        known = whole.names(table)
        if name is None and len(known) != 1 and node.uplink == "mqtt":
            allowed = "one of " + ", ".join(known) if known else f"a name in [{table}]"
            cure = f"add {key}: there are several" if known else f"add a table [{table}.NAME]"
            yield Finding((*path, key), "missing", allowed, cure)
    sensors = whole.names("nodes", str(path[1]), "sensors")
    if not 1 <= len(sensors) <= 8:
        allowed = "1 to 8 sensors"
        cure = "move some to another node" if sensors else f"add [nodes.{path[1]}.sensors.NAME]"
        yield Finding((*path, "sensors"), f"{len(sensors)} of them", allowed, cure, key=True)
    for name, sensor in node.sensors.items():
        place = (*path, "sensors", name)
        yield from _point(whole, (*place, "point"), sensor.point)
        for index, used in enumerate(sensor.sets):
            yield from whole.reference((*place, "sets", index), used, "sets")


def _lorawan(whole: Whole, path: Path, node: Node) -> Iterator[Finding]:
    if whole.fleet.lorawan is None and not whole.damaged("lorawan"):
        cure = "add [lorawan] with its region"
        yield Finding((*path, "uplink"), shown(node.uplink), "mqtt: no [lorawan] is there", cure)
    if node.address is not None:
        allowed = "none: the node reports over LoRaWAN"
        yield Finding((*path, "address"), shown(node.address), allowed, "take it away")
    cure = "its identity can be provisioned; its image, once the firmware has it"
    allowed = "mqtt is what this version's firmware has"
    yield Finding((*path, "uplink"), shown(node.uplink), allowed, cure, "warning")


def _point(whole: Whole, path: Path, given: str | None) -> Iterator[Finding]:
    if given is None:
        return
    asset, _, point = given.partition("/")
    if asset not in whole.names("assets"):
        yield from whole.reference(path, asset, "assets")
    elif not whole.damaged("assets", asset):
        yield from whole.reference(path, point, "assets", asset, "points")


def _addresses(whole: Whole) -> Iterator[Finding]:
    """Static ones: within the network's subnet, each once."""
    taken: dict[str, str] = {}
    for broker in whole.fleet.brokers.values():
        taken.setdefault(broker.host, "a broker")
    for network in whole.fleet.networks.values():
        for address in (network.gateway, *network.ntp):
            if address is not None:
                taken.setdefault(address, "a gateway or time server")
    for name, resolved in whole.nodes.items():
        address, path = resolved.given.address, ("nodes", name, "address")
        if address is None or resolved.by_lorawan:
            continue
        joined = resolved.network
        if joined is not None and (joined.subnet is None or joined.gateway is None):
            cure = "add subnet and gateway to its network"
            yield Finding(path, shown(address), "one of a network with a subnet", cure)
            continue
        elif joined is not None and joined.subnet is not None:
            subnet = ipaddress.IPv4Network(joined.subnet)
            ends = (str(subnet.network_address), str(subnet.broadcast_address))
            if ipaddress.IPv4Address(address) not in subnet or address in ends:
                allowed, cure = f"a host's address within {subnet}", f'as "{subnet[2]}"'
                yield Finding(path, shown(address), allowed, cure)
        if address in taken:
            cure = f"that of {taken[address]}: choose another"
            yield Finding(path, shown(address), "an address that nobody else has", cure)
        taken.setdefault(address, f"node {name}")
