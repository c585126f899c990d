"""Why a file is not taken for a certificate of a node."""

from datetime import datetime

from nodewright.errors import NodewrightError


class Refused(NodewrightError):
    """A file is not accepted.  file: its name; reason: why."""

    def __init__(self, file: str, reason: str, cure: str) -> None:
        self.file, self.reason = file, reason
        super().__init__(f"{file} is refused: {reason}{cure}")


class NoCertificate(Refused):
    """It is no certificate of a node at all."""

    def __init__(self, file: str, reason: str) -> None:
        cure = ": a certificate is the .html that nodewright make or validate writes"
        super().__init__(file, reason, cure)


class Changed(Refused):
    """It was one, and is not as it was signed."""

    def __init__(self, file: str, reason: str) -> None:
        super().__init__(file, f"it was changed since it was signed ({reason})", "")


class Foreign(Refused):
    """It is whole, and another fleet's.  fleet: which it says; ca: SHA-256 of that one's CA."""

    def __init__(self, file: str, fleet: str, ca: str, trusted: str, trusted_ca: str) -> None:
        self.fleet, self.ca = fleet, ca
        whose = f"by another CA of that name ({ca[:16]}, not {trusted_ca[:16]})"
        if fleet != trusted:
            whose = f"not by fleet {trusted}"
        super().__init__(file, f"it is signed by fleet {fleet} (CA {ca[:16]}), {whose}", "")


class Unproven(Refused):
    """It is whole, and nobody has said whom to trust.  fleet, ca: as in `Foreign`."""

    def __init__(self, file: str, fleet: str, ca: str) -> None:
        self.fleet, self.ca = fleet, ca
        reason = f"it is whole, and says it is of fleet {fleet} (CA {ca[:16]}), as anyone could"
        super().__init__(file, reason, ": --fleet DIR or --ca FILE says whom to trust")


class SignerUnfit(Refused):
    """The certificate that signed it does not let its owner sign this."""

    def __init__(self, file: str, reason: str) -> None:
        super().__init__(file, f"its signer could not sign it: {reason}", "")


class SignerRevoked(Refused):
    """Its signer's certificate was revoked.  when; why: one of revocation.REASONS."""

    def __init__(self, file: str, signer: str, when: datetime, why: str) -> None:
        self.signer, self.when, self.why = signer, when, why
        reason = f"the certificate of {signer} was revoked on {when:%Y-%m-%d} ({why})"
        super().__init__(file, reason, "; nodewright validate makes a new one of the node")
