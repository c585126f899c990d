"""Provisioning that cannot be done: said by name, and never done by halves."""

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from host.pki_rig import CHIP, NOW, kept, key_file, make, tree
from nodewright import audit
from nodewright.errors import BadInput
from nodewright.fleet.check import UnknownNode
from nodewright.fleet.finding import FleetErrors, WriteFailed
from nodewright.fleet.load import FILE
from nodewright.fleet.lock import FleetLocked, locked
from nodewright.pki import compare, record
from nodewright.pki.errors import (
    KeyUnusable,
    RecordDamaged,
)
from nodewright.pki.identity import load_identity
from nodewright.provision import provision, renew
from nodewright.revoke import revoke


def problems(folder: Path) -> list[str]:
    """What audit would say."""
    entries, damages = audit.read(folder)
    return [*damages, *compare.problems(folder, "north", entries, NOW)]


def test_identity__key_missing_or_another__said_with_the_cure(tmp_path) -> None:
    folder = make(tmp_path / "f")
    secrets = kept(folder)
    for node in ("pump-1", "pump-2"):
        provision(folder, node, secrets, None, NOW)
    mine, other = key_file(folder, "pump-1"), key_file(folder, "pump-2")
    for data in (other.read_bytes(), b"no key\n"):
        mine.write_bytes(data)
        with pytest.raises(KeyUnusable, match="nodewright renew pump-1"):
            load_identity(folder, "pump-1", secrets, NOW)
    mine.unlink()
    with pytest.raises(KeyUnusable, match="missing"):
        load_identity(folder, "pump-1", secrets, NOW)
    with pytest.raises(KeyUnusable, match="missing"):
        provision(folder, "pump-1", secrets, None, NOW)
    renew(folder, "pump-1", secrets, None, NOW)
    assert load_identity(folder, "pump-1", secrets, NOW).node == "pump-1"


@pytest.mark.parametrize("name", ["", "Pump-1", "../x", "pump_1", "-pump", "a" * 41, "pump 1"])
def test_name__that_cannot_be__refused_before_anything(tmp_path, name) -> None:
    folder = make(tmp_path / "f")
    before = tree(folder)
    for call in (provision, renew, revoke, load_identity):
        with pytest.raises(BadInput, match="no name of a node"):
            call(folder, name, kept(folder))
    assert tree(folder) == before


def test_provision__unknown_or_wrong_node__the_fleet_says_why(tmp_path) -> None:
    folder = make(tmp_path / "f")
    with pytest.raises(UnknownNode):
        provision(folder, "pump-9", kept(folder), None, NOW)
    text = (folder / FILE).read_text()
    (folder / FILE).write_text(text.replace('chip = "adxl345"', 'chip = "adxl34"', 1))
    with pytest.raises(FleetErrors):
        provision(folder, "pump-1", kept(folder), None, NOW)
    assert provision(folder, "pump-2", kept(folder), None, NOW).what == "provision"


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize("deed", ["provision", "bind", "renew", "revoke"])
def test_full_disk__at_each_write_in_turn__nothing_has_changed(
    tmp_path, monkeypatch, call, deed
) -> None:
    good = make(tmp_path / "f")
    if deed != "provision":
        provision(good, "pump-1", kept(good), None, NOW)
    before = tree(good)
    act = {
        "provision": lambda folder: provision(folder, "pump-1", kept(folder), CHIP, NOW),
        "bind": lambda folder: provision(folder, "pump-1", kept(folder), CHIP, NOW),
        "renew": lambda folder: renew(folder, "pump-1", kept(folder), None, NOW),
        "revoke": lambda folder: revoke(folder, "pump-1", kept(folder), now=NOW),
    }[deed]
    where = os if call == "fsync" else Path
    real = getattr(where, call)
    left = 0

    def full(*args, **named):
        nonlocal left
        left -= 1
        if left == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*args, **named)

    failures = 0
    for nth in range(1, 30):
        folder = tmp_path / str(nth)
        shutil.copytree(good, folder)
        with monkeypatch.context() as patch:
            left = nth
            patch.setattr(where, call, full)
            try:
                act(folder)
            except WriteFailed as error:
                failures += 1
                assert "No space" in str(error)
            else:
                # A folder that cannot be synced is no failure: what is in it was.
                assert tree(folder) != before
                if left > 0:
                    break
                continue
        if (deed, call, nth) == ("revoke", "replace", 2):
            assert problems(folder) != []  # the list is in its place, the record is not
            assert audit.read(folder)[0][-1].what == "revoke"
        else:
            assert tree(folder) == before
        assert act(folder)
        assert problems(folder) == []
    assert failures >= (2 if call == "fsync" else 1)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.parametrize("deed", ["provision", "renew", "revoke"])
def test_power_cut__at_each_write_in_turn__the_old_or_the_new_and_never_between(
    tmp_path, deed
) -> None:
    """The process ends at once, as if the power had gone: nothing is tidied up."""
    good = make(tmp_path / "f")
    if deed != "provision":
        provision(good, "pump-1", kept(good), None, NOW)
    act = {"provision": provision, "renew": renew, "revoke": revoke}[deed]
    ended = []
    for nth in range(1, 30):
        folder = tmp_path / str(nth)
        shutil.copytree(good, folder)
        child = os.fork()
        if child == 0:
            _die_at(nth)
            act(folder, "pump-1", kept(folder), now=NOW)
            os._exit(0)
        ended.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        known = record.read(folder, "pump-1")  # whole, whenever it was
        assert audit.read(folder)[1] == ()
        if known is not None and known.current is not None:
            assert load_identity(folder, "pump-1", kept(folder), NOW).node == "pump-1"
        elif deed == "provision":
            assert known is None
        if deed == "renew":
            renew(folder, "pump-1", kept(folder), None, NOW)
        revoke_or_make = revoke if deed == "revoke" else provision
        revoke_or_make(folder, "pump-1", kept(folder), now=NOW)
        for problem in problems(folder):
            assert "making was cut off" in problem
        if ended[-1] == 0:
            break
    assert ended[:-1] == [9] * (len(ended) - 1)
    assert len(ended) > 4


def _die_at(nth: int) -> None:
    """In a child: end at the nth call that writes or renames."""
    left = nth

    def dying(real):
        def call(*args, **named):
            nonlocal left
            left -= 1
            if left == 0:
                os._exit(9)
            return real(*args, **named)

        return call

    os.fsync = dying(os.fsync)
    Path.replace = dying(Path.replace)


def test_two_processes__at_once__one_of_them_is_told_to_wait(tmp_path) -> None:
    folder = make(tmp_path / "f")
    with locked(folder):
        for call in (provision, renew, revoke):
            with pytest.raises(FleetLocked):
                call(folder, "pump-1", kept(folder))
    command = [sys.executable, "-m", "nodewright", "provision", "pump-1", "--dir", folder]
    running = [
        subprocess.Popen([*command, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    told = [(*process.communicate(timeout=60), process.returncode) for process in running]
    done = [json.loads(out) for out, _, code in told if code == 0]
    assert sum(one["changed"] for one in done) == 1
    assert len({one["serial"] for one in done}) == 1
    assert all(b"another nodewright" in err for _, err, code in told if code)
    assert problems(folder) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('node = "pump-1"', 'node = "pump-2"', "that of pump-2"),
        ('state = "current"', 'state = "good"', "state is none"),
        ("version = 1", "version = 2", "another version"),
        ("made = 20", 'made = "20', "no TOML"),
        ("-----BEGIN CERTIFICATE-----\nM", "-----BEGIN CERTIFICATE-----\nN", "certificate"),
        ('serial = "', 'serial = "0', "not the one of its serial"),
        ('unique_id = "e6', 'unique_id = "xx', "hex digits|wrong"),
    ],
)
def test_record__changed_by_hand__refused_by_its_file(tmp_path, old, new, said) -> None:
    folder = make(tmp_path / "f")
    provision(folder, "pump-1", kept(folder), CHIP, NOW)
    path = folder / "identities" / "pump-1.toml"
    text = path.read_text()
    assert text.count(old)
    path.write_text(text.replace(old, new))
    for call in (provision, revoke):
        with pytest.raises(RecordDamaged, match=said):
            call(folder, "pump-1", kept(folder), now=NOW)
