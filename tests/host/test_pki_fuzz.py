"""Files of a fleet's identities with bytes changed: refused by name, or as good as before."""

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from host.pki_rig import CHIP, NOW, kept, make
from nodewright import audit
from nodewright.errors import NodewrightError
from nodewright.pki import compare
from nodewright.pki.identity import load_identity
from nodewright.provision import provision, renew
from nodewright.revoke import revoke

BYTES = [b"", b"\n", b"-", b"A", b"B", b"=", b"\xff", b'"']
FILES = ["pki/ca.pem", "pki/crl.pem", "identities/pump-1.toml", "secrets/ca.key", "key"]


@pytest.fixture(scope="module")
def good(tmp_path_factory) -> Path:
    folder = make(tmp_path_factory.mktemp("fuzz") / "good")
    secrets = kept(folder)
    for node, chip in (("pump-1", CHIP), ("pump-2", None)):
        provision(folder, node, secrets, chip, NOW)
    renew(folder, "pump-1", secrets, None, NOW)
    revoke(folder, "pump-2", secrets, "superseded", "all", NOW)
    return folder


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from(FILES),
    st.lists(
        st.tuples(st.integers(0, 4000), st.sampled_from(BYTES)),
        min_size=1,
        max_size=3,
    ),
)
def test_files__any_bytes_changed__our_errors_only(good, tmp_path_factory, file, changes) -> None:
    folder = tmp_path_factory.mktemp("changed") / "f"
    shutil.copytree(good, folder)
    path = folder / file
    if file == "key":
        known = load_identity(folder, "pump-1", kept(folder), NOW)
        path = folder / "secrets" / f"pump-1.{known.serial[:8]}.key"
    data = path.read_bytes()
    for at, other in changes:
        at %= max(len(data), 1)
        data = data[:at] + other + data[at + 1 :]
    path.write_bytes(data)
    secrets = kept(folder)
    for call in (
        lambda: load_identity(folder, "pump-1", secrets, NOW),
        lambda: provision(folder, "pump-1", secrets, CHIP, NOW),
        lambda: list(compare.problems(folder, "north", audit.read(folder)[0], NOW)),
        lambda: renew(folder, "pump-1", secrets, None, NOW),
        lambda: revoke(folder, "pump-1", secrets, now=NOW),
    ):
        try:
            call()
        except NodewrightError as error:
            assert str(error)
            assert "PRIVATE" not in str(error)
