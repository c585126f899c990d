"""The tool's own changes: comments and order stay, nothing is half-written, one at a time."""

import errno
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from host.fleet_rig import make, many
from nodewright.fleet import check, edit, files
from nodewright.fleet.finding import FleetErrors, FleetNotFound, WriteFailed
from nodewright.fleet.load import FILE
from nodewright.fleet.lock import LOCK, FleetLocked, in_turn, locked

NODE = {
    "board": "pico_w",
    "sensors": {"acc": {"chip": "adxl345", "bus": "spi0", "range": "16g", "sets": ["severity"]}},
}


def text_of(folder: Path) -> str:
    return (folder / FILE).read_text(encoding="utf-8")


def test_set_value__of_a_key__changes_that_line_alone(tmp_path) -> None:
    folder = make(tmp_path / "f")
    before = text_of(folder).split("\n")
    edit.set_value(folder, ("assets", "pump-1", "speed"), "2980rpm")
    after = text_of(folder).split("\n")
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert len(changed) == 1
    assert changed[0][1].startswith('speed = "2980rpm"')
    assert changed[0][1].endswith("# leave it out, and it is estimated from each spectrum")


def test_set_value__new_key__is_added_and_every_line_stays(tmp_path) -> None:
    folder = make(tmp_path / "f")
    before = text_of(folder).split("\n")
    edit.set_value(folder, ("nodes", "pump-1", "outbox"), 32)
    after = text_of(folder).split("\n")
    assert [line for line in after if line in before] == before
    assert [line for line in after if line not in before] == ["outbox = 32"]


def test_set_value__new_key__stands_behind_the_last_of_its_table(tmp_path) -> None:
    folder = make(tmp_path / "f", ('broker = "main"\n', 'broker = "main"\noutbox = 8  # few\n'))
    edit.set_value(folder, ("nodes", "pump-1", "retired"), True)
    lines = text_of(folder).split("\n")
    assert lines[lines.index("retired = true") - 1] == "outbox = 8  # few"
    edit.set_value(folder, ("sets", "severity", "spectrum"), "full")
    lines = text_of(folder).split("\n")
    assert lines[lines.index('spectrum = "full"') - 1] == "]"  # of features, of several lines


def test_write_whole__what_is_no_regular_file__stays(tmp_path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name in ("pipe", "folder"):
        with pytest.raises(WriteFailed, match="no regular file"):
            files.write_whole(tmp_path / name, b"x", 0o600)
    assert (tmp_path / "pipe").is_fifo()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "pipe"]


def test_write_private__interrupted__leaves_no_key(tmp_path, monkeypatch) -> None:
    true = files.write_whole

    def interrupted(path: Path, data: bytes, mode: int) -> None:
        true(path, data, mode)
        if path.name == "a.key":
            raise KeyboardInterrupt

    monkeypatch.setattr(files, "write_whole", interrupted)
    with pytest.raises(KeyboardInterrupt):
        files.write_private(tmp_path / "tool", {"a.key": b"x", "a.pem": b"y"})
    assert list(tmp_path.iterdir()) == []


def test_add_and_remove__of_a_node__give_the_same_file_back(tmp_path) -> None:
    folder = make(tmp_path / "f")
    before = text_of(folder)
    edit.add_node(folder, "pump-2", NODE)
    added = text_of(folder)
    assert added.startswith(before)
    assert tomllib.loads(added)["nodes"]["pump-2"] == NODE
    assert list(check.check(folder).compiled) == ["pump-1", "pump-2"]
    edit.remove_node(folder, "pump-2")
    assert text_of(folder).rstrip("\n") == before.rstrip("\n")


def test_remove__one_of_many__leaves_every_line_of_the_others(tmp_path) -> None:
    folder = make(tmp_path / "f")
    (folder / FILE).write_text(many(20))
    edit.remove_node(folder, "pump-7")
    assert "pump-7" not in text_of(folder)
    left = tomllib.loads(text_of(folder))["nodes"]
    assert list(left) == [f"pump-{index}" for index in range(1, 21) if index != 7]
    assert text_of(folder).count("# its interrupt") == 19


@pytest.mark.parametrize(
    ("change", "kind", "said"),
    [
        (lambda f: edit.set_value(f, ("nodes", "pump-1", "x"), 1), FleetErrors, "unknown key"),
        (
            lambda f: edit.set_value(f, ("nodes", "pump-1", "sensors", "acc", "int1"), 4),
            FleetErrors,
            "i2c0 sda",
        ),
        (
            lambda f: edit.set_value(f, ("nodes", "pump-9", "outbox"), 4),
            edit.NoSuchPlace,
            "nodes.pump-9 is not there",
        ),
        (
            lambda f: edit.set_value(f, ("fleet", "name", "x"), 4),
            edit.NoSuchPlace,
            "fleet.name is no table",
        ),
        (lambda f: edit.add_node(f, "pump-1", NODE), edit.NoSuchPlace, "is there already"),
        (lambda f: edit.add_node(f, "Pump 2", NODE), FleetErrors, "pump-2"),
        (lambda f: edit.add_node(f, "p", {"board": "no"}), FleetErrors, "pico_w"),
        (lambda f: edit.remove_node(f, "pump-9"), edit.NoSuchPlace, "is not there"),
    ],
)
def test_edit__what_cannot_be__is_refused_and_nothing_written(
    tmp_path, change, kind, said
) -> None:
    folder = make(tmp_path / "f")
    before = (folder / FILE).stat()
    with pytest.raises(kind, match=said):
        change(folder)
    after = (folder / FILE).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_edit__fleet_with_errors_of_its_own__is_changed_elsewhere(tmp_path) -> None:
    folder = make(tmp_path / "f", ("int1 = 15", "int1 = 23"))
    edit.set_value(folder, ("fleet", "owner"), "others")
    assert 'owner = "others"' in text_of(folder)


def test_edit__no_toml__is_refused_with_its_place(tmp_path) -> None:
    folder = make(tmp_path / "f")
    (folder / FILE).write_text("[fleet\n")
    with pytest.raises(FleetErrors, match=r"fleet\.toml:1:7"):
        edit.remove_node(folder, "pump-1")
    with pytest.raises(FleetNotFound):
        edit.remove_node(tmp_path, "pump-1")


def test_edit__windows_line_ends__stay(tmp_path) -> None:
    folder = make(tmp_path / "f")
    (folder / FILE).write_bytes((folder / FILE).read_bytes().replace(b"\n", b"\r\n"))
    edit.set_value(folder, ("fleet", "owner"), "others")
    data = (folder / FILE).read_bytes()
    assert data.count(b"\n") == data.count(b"\r\n") > 50


@pytest.mark.parametrize("call", ["fsync", "open"])
def test_edit__full_disk__leaves_the_old_file_and_no_other(tmp_path, monkeypatch, call) -> None:
    folder = make(tmp_path / "f")
    before = text_of(folder)
    edit.set_value(folder, ("fleet", "owner"), before.split('owner = "')[1].split('"')[0])
    there = sorted(path.name for path in folder.iterdir())
    true = getattr(os, call)

    def full(*args, **kwargs):
        if call == "open" and LOCK in str(args[0]):
            return true(*args, **kwargs)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, call, full)
    with pytest.raises(WriteFailed, match=r"No space left on device.*nothing has changed"):
        edit.set_value(folder, ("fleet", "owner"), "others")
    monkeypatch.undo()
    assert text_of(folder) == before
    assert sorted(path.name for path in folder.iterdir()) == there


def test_edit__read_only_folder__says_so(tmp_path) -> None:
    folder = make(tmp_path / "f")
    if os.geteuid() == 0:
        pytest.skip("root writes anywhere")
    folder.chmod(0o500)
    try:
        with pytest.raises(WriteFailed):
            edit.set_value(folder, ("fleet", "owner"), "others")
    finally:
        folder.chmod(0o700)


HOLDER = """
import sys
from pathlib import Path
from nodewright.fleet.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_lock__held_by_another_process__says_by_whom_and_then_ends_with_it(tmp_path) -> None:
    folder = make(tmp_path / "f")
    program = [sys.executable, "-c", HOLDER, str(folder)]
    pipe = subprocess.PIPE
    with subprocess.Popen(program, stdin=pipe, stdout=pipe, text=True) as other:
        try:
            assert other.stdout.readline() == "held\n"
            with pytest.raises(FleetLocked, match=f"process {other.pid}"):
                edit.set_value(folder, ("fleet", "owner"), "others")
            assert check.check(folder).errors == []  # to read needs no lock
        finally:
            other.kill()  # without a chance to tidy up
    edit.set_value(folder, ("fleet", "owner"), "others")
    with locked(folder), pytest.raises(FleetLocked), locked(folder, wait_s=0.05):
        pass


def test_in_turn__another_has_the_fleet__tried_until_it_is_free_or_time_is_up() -> None:
    tries = []

    def third() -> int:
        tries.append(1)
        if len(tries) < 3:
            raise FleetLocked(Path("f"), "another")
        return len(tries)

    assert in_turn(third, wait_s=60) == 3
    tries.clear()
    with pytest.raises(FleetLocked):
        in_turn(third, wait_s=0)
    assert len(tries) == 1


def test_write__symbolic_link__is_kept_and_the_mode_too(tmp_path) -> None:
    folder = make(tmp_path / "f")
    true = tmp_path / "elsewhere.toml"
    (folder / FILE).rename(true)
    true.chmod(0o640)
    (folder / FILE).symlink_to(true)
    edit.set_value(folder, ("fleet", "owner"), "others")
    assert (folder / FILE).is_symlink()
    assert true.stat().st_mode & 0o777 == 0o640
    assert 'owner = "others"' in true.read_text()


def test_edit__writer_that_changes_more__is_found_out(tmp_path, monkeypatch) -> None:
    folder = make(tmp_path / "f")
    before = text_of(folder)
    true = edit.tomlkit.dumps
    monkeypatch.setattr(edit.tomlkit, "dumps", lambda tree: true(tree).replace("80%", "81%"))
    with pytest.raises(edit.EditFailed, match="nothing was written"):
        edit.set_value(folder, ("fleet", "owner"), "others")
    assert text_of(folder) == before


def test_add_node__where_nodes_are_an_inline_table__is_left_to_people(tmp_path) -> None:
    folder = make(tmp_path / "f")
    text = text_of(folder)
    head = text[: text.index("[nodes.pump-1]")]
    before = "nodes = {}\n" + head
    (folder / FILE).write_text(before)
    with pytest.raises(edit.EditFailed):
        edit.add_node(folder, "pump-2", NODE)
    assert text_of(folder) == before


def values(tree: dict, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], object]]:
    """Each key that holds no table, and what it holds."""
    found = []
    for key, value in tree.items():
        if isinstance(value, dict):
            found += values(value, (*path, key))
        else:
            found.append(((*path, key), value))
    return found


def test_set_value__what_is_there_already__leaves_every_byte_but_ways_of_writing(tmp_path) -> None:
    folder = make(tmp_path / "f")
    before = text_of(folder)
    for path, value in values(tomllib.loads(before)):
        edit.set_value(folder, path, value)
        after = text_of(folder)
        assert tomllib.loads(after) == tomllib.loads(before)
        assert after.count("#") == before.count("#")
        if isinstance(value, str):
            assert after == before
        (folder / FILE).write_text(before, encoding="utf-8")


def test_remove_node__that_another_is_like__is_refused_and_adding_one_like_it_works(
    tmp_path,
) -> None:
    folder = make(tmp_path / "f")
    edit.add_node(folder, "pump-2", {"like": "pump-1"})
    assert list(check.check(folder).compiled) == ["pump-1", "pump-2"]
    with pytest.raises(FleetErrors, match=r"nodes\.pump-2\.like"):
        edit.remove_node(folder, "pump-1")
    edit.remove_node(folder, "pump-2")
    assert "\n[nodes.pump-2]" not in text_of(folder)
