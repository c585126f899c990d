"""How a program reaches a fleet's broker: where, as whom, trusting which CA; all of it from the
fleet's folder."""

from pathlib import Path

from nodewright.fleet.model import Broker
from nodewright.fleet.secret import Secrets
from nodewright.fleet_broker.layout import broker_of
from nodewright.pki import endpoint, record, subject
from nodewright.pki.identity import fleet_name
from nodewright.tls import client_context
from nodewright.watch import Address, parse_url


def address(
    folder: Path, program: str, secrets: Secrets, url: str | None = None
) -> tuple[str, Address]:
    """(the fleet's name, the address of its broker) for a program with an identity of its own.

    program: of `fleet_broker.layout.HOSTS`, or another host's name; url: another address than
    fleet.toml's, mqtt:// for a broker without TLS.  Raises BadInput and its kinds in `pki.errors`,
    FleetErrors, SecretUnusable, WrongPassphrase.
    """
    fleet = fleet_name(folder)
    if url is None:
        return fleet, of_broker(folder, broker_of(folder, None)[2], program, secrets)
    known = record.read(folder, subject.of_host(program)) is not None
    if not url.startswith("mqtts://") and not (known and "://" not in url):
        return fleet, parse_url(url)
    pair = endpoint.load_pair(folder, subject.of_host(program), secrets)
    return fleet, parse_url(url, client_context(pair.ca, pair))


def of_broker(folder: Path, found: Broker, program: str, secrets: Secrets) -> Address:
    """The address of a broker of fleet.toml, for a program.  Raises as `address`."""
    if not found.tls:
        return Address(found.host, found.port)
    pair = endpoint.load_pair(folder, subject.of_host(program), secrets)
    return Address(found.host, found.port, tls=client_context(pair.ca, pair))
