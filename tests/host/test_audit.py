"""The audit log: only ever added to, and whatever else is done to it is noticed."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from host.pki_rig import CHIP, DAY, NOW, kept, make
from nodewright import audit
from nodewright.fleet.finding import WriteFailed
from nodewright.pki import compare, record
from nodewright.provision import provision, renew
from nodewright.revoke import revoke


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Path:
    """A fleet whose log has six lines."""
    folder = make(tmp_path_factory.mktemp("audit") / "f")
    secrets = kept(folder)
    provision(folder, "pump-1", secrets, None, NOW)
    provision(folder, "pump-1", secrets, CHIP, NOW)
    provision(folder, "pump-2", secrets, None, NOW)
    renew(folder, "pump-1", secrets, None, NOW)
    revoke(folder, "pump-1", secrets, "superseded", "replaced", NOW)
    return folder


def compared(folder: Path) -> list[str]:
    """What does not agree, by the log's hashes and by the records."""
    entries, damages = audit.read(folder)
    return [*damages, *compare.problems(folder, "north", entries, NOW)]


def test_log__as_written__tells_who_when_what_and_with_which_certificate(written) -> None:
    entries, damages = audit.read(written)
    assert damages == ()
    assert [entry.n for entry in entries] == [1, 2, 3, 4, 5, 6]
    whats = ["create", "provision", "bind", "provision", "renew", "revoke"]
    assert [entry.what for entry in entries] == whats
    assert {entry.at for entry in entries} == {NOW}
    assert all("@" in entry.who for entry in entries)
    known = record.read(written, "pump-1")
    assert entries[4].facts["serial"] == known.current.serial
    assert entries[4].facts["sha256"] == known.current.fingerprint
    assert entries[5].facts["serials"] == [known.issued[1].serial]
    assert compared(written) == []
    for line in (written / audit.FILE).read_text().splitlines():
        assert json.loads(line)["v"] == 1


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_log__any_byte_changed__noticed(written, tmp_path_factory, data) -> None:
    path = written / audit.FILE
    good = path.read_bytes()
    at = data.draw(st.integers(0, len(good) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != good[at]))
    copy = tmp_path_factory.mktemp("changed")
    (copy / audit.FILE).write_bytes(good[:at] + bytes([other]) + good[at + 1 :])
    assert audit.read(copy)[1]


def test_log__lines_out_twice_or_moved__noticed_at_their_line(written, tmp_path) -> None:
    lines = (written / audit.FILE).read_bytes().splitlines(keepends=True)
    copy = tmp_path / audit.FILE
    for number in range(len(lines) - 1):
        copy.write_bytes(b"".join(lines[:number] + lines[number + 1 :]))
        assert f"line {number + 1}: does not follow" in audit.read(tmp_path)[1][0]
        copy.write_bytes(b"".join([*lines[:number], lines[number + 1], lines[number]]))
        assert audit.read(tmp_path)[1]
        copy.write_bytes(b"".join(lines[: number + 1] + lines[number:]))
        assert f"line {number + 2}: does not follow" in audit.read(tmp_path)[1][0]


def test_log__a_line_made_anew_with_its_own_hash__does_not_fit_the_next(written, tmp_path) -> None:
    lines = (written / audit.FILE).read_bytes().splitlines()
    raw = json.loads(lines[1])
    raw["who"] = "nobody@nowhere"
    raw["hash"] = audit._hash(raw)
    lines[1] = audit._dump(raw)
    (tmp_path / audit.FILE).write_bytes(b"\n".join(lines) + b"\n")
    assert audit.read(tmp_path)[1] == ("line 3: does not follow the line before it",)


@pytest.mark.parametrize("left", [0, 1, 2, 3, 4, 5])
def test_log__cut_at_its_end__the_records_and_the_list_tell(written, left) -> None:
    path = written / audit.FILE
    good = path.read_bytes()
    try:
        path.write_bytes(b"".join(good.splitlines(keepends=True)[:left]))
        assert audit.read(written)[1] == ()
        assert compared(written)
    finally:
        path.write_bytes(good)


def test_compare__records_changed_behind_its_back__told(tmp_path) -> None:
    folder, other = make(tmp_path / "f"), make(tmp_path / "o")
    for one in (folder, other):
        provision(one, "pump-1", kept(one), None, NOW)
    path = folder / "identities" / "pump-1.toml"
    good, crl = path.read_text(), (folder / "pki" / "crl.pem").read_bytes()
    path.write_bytes((other / "identities" / "pump-1.toml").read_bytes())
    assert any("is not in audit.jsonl" in problem for problem in compared(folder))
    path.unlink()
    assert any("which its record lacks" in problem for problem in compared(folder))
    path.write_text(good)
    assert compared(folder) == []
    revoke(folder, "pump-1", kept(folder), now=NOW)
    path.write_text(good)
    assert any("is current by its record, and is in" in problem for problem in compared(folder))
    (folder / "pki" / "crl.pem").write_bytes(crl)
    assert any("has number 1, the last one" in problem for problem in compared(folder))


def test_append__after_a_torn_or_changed_line__refused_and_the_log_untouched(tmp_path) -> None:
    folder = make(tmp_path / "f")
    path = folder / audit.FILE
    good = path.read_bytes()
    for data in (good[:-20], good + b"{", good.replace(b"create", b"crEate"), b"\n", b"x\n"):
        path.write_bytes(data)
        with pytest.raises(audit.AuditDamaged, match="version control"):
            provision(folder, "pump-1", kept(folder), None, NOW)
        assert path.read_bytes() == data
        assert not (folder / "identities").exists()


def test_append__a_disk_that_fills_up_in_mid_line__the_log_is_as_it_was(
    tmp_path, monkeypatch
) -> None:
    folder = make(tmp_path / "f")
    before = (folder / audit.FILE).read_bytes()
    real = os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda handle, data: real(handle, data[: len(data) // 2]))
        with pytest.raises(WriteFailed, match="no space"):
            audit.append(folder, "bind", "pump-1", {}, NOW)
    assert (folder / audit.FILE).read_bytes() == before

    def full(handle: int) -> None:
        raise OSError(errno.EDQUOT, "Disk quota exceeded")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(WriteFailed, match="quota"):
            audit.append(folder, "bind", "pump-1", {}, NOW)
    assert (folder / audit.FILE).read_bytes() == before
    audit.append(folder, "bind", "pump-1", {"unique_id": CHIP}, NOW + DAY)
    assert (folder / audit.FILE).read_bytes().startswith(before)
    assert audit.read(folder)[1] == ()


def test_append__a_user_without_a_name__is_still_somebody(tmp_path, monkeypatch) -> None:
    def nameless() -> str:
        raise OSError("no username set in the environment")

    monkeypatch.setattr(audit.getpass, "getuser", nameless)
    folder = make(tmp_path / "f")
    assert audit.read(folder)[0][0].who.startswith("uid-")


def test_audit__on_the_command_line__shows_all_or_one_node_and_fails_when_changed(
    tmp_path,
) -> None:
    folder = make(tmp_path / "f")
    provision(folder, "pump-1", kept(folder), CHIP, NOW)

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "nodewright", "audit", "--dir", folder, *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    good = run("--json")
    told = json.loads(good.stdout)
    assert (good.returncode, told["problems"]) == (0, [])
    assert [entry["what"] for entry in told["entries"]] == ["create", "provision"]
    assert len(json.loads(run("--json", "--node", "pump-1").stdout)["entries"]) == 1
    assert "as written" in run().stdout
    path = folder / audit.FILE
    path.write_bytes(path.read_bytes().replace(b'"node":"pump-1"', b'"node":"pump-2"'))
    bad = run()
    assert bad.returncode == 1
    assert "line 2: changed since it was written" in bad.stderr
    assert json.loads(run("--json").stdout)["problems"]
