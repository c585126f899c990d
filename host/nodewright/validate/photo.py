"""A photograph on a certificate: a JPEG or PNG inside the page, signed with it."""

import base64
from dataclasses import dataclass, field
from pathlib import Path

from nodewright.errors import BadInput

MOST_BYTES = 2 << 20
# By their first bytes: JFIF and Exif, ISO/IEC 10918-5; ISO/IEC 15948, 5.2.
_KINDS = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png"}


@dataclass(frozen=True)
class Photo:
    """kind: its media type."""

    kind: str
    data: bytes = field(repr=False)

    @property
    def data_url(self) -> str:
        return f"data:{self.kind};base64,{base64.b64encode(self.data).decode()}"


def read(path: Path) -> Photo:
    """A file as a photograph.  Raises BadInput."""
    try:
        with path.open("rb") as stream:
            data = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise BadInput(f"--photo {path} cannot be read: {error.strerror or error}") from None
    if len(data) > MOST_BYTES:
        raise BadInput(f"--photo {path} has more than {MOST_BYTES >> 20} MB: make it smaller")
    for start, kind in _KINDS.items():
        if data.startswith(start):
            return Photo(kind, data)
    raise BadInput(f"--photo {path} is no JPEG and no PNG")
