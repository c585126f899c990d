"""Whether the CA by which the nodes are known is there, and theirs: without it nothing is renewed,
and a node is told to trust another."""

from collections.abc import Iterator

from nodewright.errors import NodewrightError
from nodewright.fleet.finding import Finding
from nodewright.fleet.whole import Whole

_CURE = "bring it back from a copy: another CA would make every node's certificate foreign"


def check(whole: Whole) -> Iterator[Finding]:
    """A warning of pki/ca.pem, where nodes have identities.

    Of these one is tried, since `nodewright audit` looks at all.
    """
    from nodewright.pki import authority, clock, record
    from nodewright.pki.errors import AuthorityMissing, AuthorityUnusable, RecordDamaged

    folder = whole.loaded.folder
    names = record.names(folder)
    if not names or whole.damaged("fleet"):
        return
    file = authority.CERTIFICATE
    allowed = "the CA that has signed the fleet's identities"
    try:
        ca = authority.load_certificate(folder, whole.fleet.fleet.name, clock.utc_now())
        known = record.read(folder, names[0])
    except AuthorityMissing:
        yield Finding((), "it is missing", allowed, _CURE, "warning", file)
        return
    except AuthorityUnusable as error:
        yield Finding((), error.reason, allowed, _CURE, "warning", file)
        return
    except (
        NodewrightError
    ):  # a clock that is off, a log or a record that is damaged: `audit` tells
        return
    for one in known.issued[:1] if known is not None else ():
        try:
            record.check_signed(one, names[0], ca)
        except RecordDamaged:
            value = f"it has not signed the certificate of {names[0]}"
            yield Finding((), value, allowed, _CURE, "warning", file)
