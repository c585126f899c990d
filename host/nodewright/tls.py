"""TLS as a fleet speaks it: its own CA and no other, a certificate on both sides."""

import os
import ssl

from nodewright import scratch
from nodewright.pki.endpoint import Pair


def client_context(ca: str, pair: Pair | None = None) -> ssl.SSLContext:
    """What a client takes to speak to a fleet's broker.

    ca: the certificate that is trusted, as PEM; pair: who the client is, None: nobody.  The
    broker's name or address is held against its certificate.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Of a client that TLS 1.3 refuses the handshake has gone well: the refusal would come later,
    # as a connection that just ends.  Nodes speak 1.2 too.
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(cadata=ca)
    if pair is not None:
        # OpenSSL takes a chain from a file only: there for a moment, in a folder of ours alone.
        with scratch.folder("tls") as folder:
            chain = folder / "chain"
            handle = os.open(chain, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(pair.key.get_secret_value() + "\n" + pair.certificate)
            context.load_cert_chain(chain)
    return context
