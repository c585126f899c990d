"""The text of mosquitto.conf and of its access list, for a fleet."""

from collections.abc import Mapping
from dataclasses import dataclass

from nodewright.pki.endpoint import May
from wire import topics

# By direction: what nodes hear, and what they say.
TO_NODE = ("command",)
FROM_NODE = tuple(kind for kind in topics.KINDS if kind not in TO_NODE)

# Files of the folder, which is all that mosquitto needs.
CONF, ACL, CA, CRL = "mosquitto.conf", "acl", "ca.pem", "crl.pem"
CERTIFICATE, KEY, DATA = "broker.pem", "broker.key", "data"

# A report is up to 8 KB, a full spectrum 5.7 KB: what is longer is nobody's of the fleet.
MOST_PACKET_BYTES = 32_768
# What a host that is away has waiting: 100 nodes with a report a minute for 16 hours.
MOST_QUEUED = 100_000
MOST_QUEUED_BYTES = 256 << 20
MOST_INFLIGHT = 64
MOST_CONNECTIONS = 2_500
MOST_KEEPALIVE_S = 3_600  # the longest that fleet.toml takes
FORGOTTEN_AFTER = "30d"  # the session of a client that does not come back


@dataclass(frozen=True)
class Listener:
    """Where the broker listens, and where its folder will be when it runs.

    host: an address of its machine; port: TCP; folder: absolute; user: whom it runs as when it is
    started by root, None: mosquitto's own choice.
    """

    host: str
    port: int
    folder: str
    user: str | None = None


def conf(fleet: str, listener: Listener) -> str:
    """mosquitto.conf.  No line of it opens a plain port."""
    at = listener.folder.rstrip("/")
    user = f"user {listener.user}\n" if listener.user else ""
    return f"""\
# Written by nodewright broker for the fleet {fleet}: not by hand, the next one writes it anew.
{user}listener {listener.port} {listener.host}
socket_domain {"ipv6" if ":" in listener.host else "ipv4"}

# Who comes in: whoever has a certificate of this fleet's CA that is not on its list.
cafile {at}/{CA}
crlfile {at}/{CRL}
certfile {at}/{CERTIFICATE}
keyfile {at}/{KEY}
tls_version tlsv1.2
require_certificate true
allow_anonymous false

# As whom: the name in the certificate, which is the client id too. Without the latter one node
# could take the session of another.
use_identity_as_username true
use_username_as_clientid true
acl_file {at}/{ACL}

# What was acknowledged outlives a kill -9: both lines are needed for that.
persistence true
persistence_location {at}/{DATA}/
autosave_interval 1
autosave_on_changes true
persistent_client_expiration {FORGOTTEN_AFTER}

# Nobody takes all of it.
max_packet_size {MOST_PACKET_BYTES}
max_inflight_messages {MOST_INFLIGHT}
max_queued_messages {MOST_QUEUED}
max_queued_bytes {MOST_QUEUED_BYTES}
max_connections {MOST_CONNECTIONS}
max_keepalive {MOST_KEEPALIVE_S}
set_tcp_nodelay true

log_dest stderr
log_type error
log_type warning
log_type notice
log_type information
connection_messages true
"""


def acl(fleet: str, hosts: Mapping[str, May]) -> str:
    """The access list: a node speaks under its own name; hosts do what their certificates say.

    hosts: by their common names.
    """
    root = f"{topics.ROOT}/{fleet}"
    lines = [
        f"# Written by nodewright broker for the fleet {fleet}.",
        "# Every node, %u being the name in its certificate:",
        *(f"pattern write {root}/%u/{kind}" for kind in FROM_NODE),
        *(f"pattern read {root}/%u/{kind}" for kind in TO_NODE),
    ]
    for name, may in sorted(hosts.items()):
        lines += ["", f"# {may}", f"user {name}", f"topic read {root}/#"]
        if may == "ask":
            lines += [f"topic write {root}/+/{kind}" for kind in TO_NODE]
        if may == "keep":
            lines.append(f"topic write {root}/#")
    return "\n".join(lines) + "\n"
