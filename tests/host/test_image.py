"""Images: reproducible, complete, and mounted and run by a real MicroPython."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from littlefs import LittleFS

from nodewright import boards, image
from nodewright.data import firmware_dir
from nodewright.image import compiler
from nodewright.image import files as made_of
from nodewright.interpreter import Interpreter, InterpreterError, find_interpreter

SETTINGS: dict[str, Any] = {"version": 1, "node": "pump-1", "sensors": []}

# A flash in memory, mounted with the parameters of a board's own boot code.
_MOUNT = """
import sys, vfs, json, hashlib, binascii
image, block, keywords, imported = json.loads(sys.argv[1])
with open(image, "rb") as file:
    flash = bytearray(file.read())
class Flash:
    def readblocks(self, n, buf, at=0):
        at += n * block
        buf[:] = flash[at:at + len(buf)]
    def writeblocks(self, n, buf, at=0):
        at += n * block
        flash[at:at + len(buf)] = buf
    def ioctl(self, op, arg):
        if op == 4:
            return len(flash) // block
        if op == 5:
            return block
        if op == 6:
            flash[arg * block:(arg + 1) * block] = b"\\xff" * block
            return 0
fs = vfs.VfsLfs2(Flash(), **keywords)
vfs.mount(fs, "/node-flash")
import os
def walk(path):
    for name, kind, *_ in os.ilistdir("/node-flash" + path):
        if kind == 0x4000:
            yield from walk(path + name + "/")
        else:
            yield path + name
digests = {}
for path in walk("/"):
    with open("/node-flash" + path, "rb") as file:
        digests[path] = binascii.hexlify(hashlib.sha256(file.read()).digest()).decode()
sys.path[:] = ["/node-flash", ".frozen"]
for name in imported:
    __import__(name)
with open("/node-flash/state.txt", "w") as file:
    file.write("kept")
print(json.dumps(digests))
"""


@pytest.fixture
def micropython() -> Interpreter:
    try:
        return find_interpreter()
    except InterpreterError as missing:
        if missing.command is not None:
            raise
        pytest.skip(str(missing))


def move(monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    """Let the firmware be what lies in this folder."""
    for module in (compiler, made_of):
        monkeypatch.setattr(module, "firmware_dir", lambda: root)


@pytest.fixture
def firmware(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A firmware of our own, to break."""
    root = tmp_path / "firmware"
    for package in image.PACKAGES:
        (root / package).mkdir(parents=True)
        (root / package / "__init__.py").write_text("")
    (root / "boot.py").write_text("")
    (root / "main.py").write_text("")
    move(monkeypatch, root)
    return root


@pytest.mark.parametrize(
    ("name", "mount"),
    [
        ("pico_w", {"progsize": 256}),  # ports/rp2/modules/_boot.py
        ("esp32", {}),  # ports/esp32/modules/_boot.py
        ("virtual", {"progsize": 256}),
    ],
)
def test_build_image__each_board__micropython_mounts_it_and_finds_every_file(
    tmp_path: Path, micropython: Interpreter, name: str, mount: dict[str, int]
) -> None:
    board = boards.load(name)
    # Around the length up to which LittleFS stores a file inline.
    extra = {f"/extra/{size}.bin": bytes(range(250)) * 2 + b"!" * size for size in (0, 1, 12, 13)}
    arch = micropython.mpy_arch
    made = image.build_image(board, SETTINGS, arch=arch, extra_files=extra)
    assert len(made.data) == board.flash.fs_bytes
    (tmp_path / "flash").write_bytes(made.data)
    plan = [str(tmp_path / "flash"), board.flash.block_bytes, mount, ["wire.topics"]]
    script = tmp_path / "mount.py"
    script.write_text(_MOUNT)
    ran = subprocess.run(
        [*micropython.command, "-X", "heapsize=16m", str(script), json.dumps(plan)],
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert json.loads(ran.stdout) == made.files


def test_build_image__same_input__same_bytes(tmp_path: Path) -> None:
    board = boards.load("pico_w")
    settings = {"b": 1, "a": {"d": 2, "c": 3}}
    again = {"a": {"c": 3, "d": 2}, "b": 1}
    extra = {"/b/1": b"1", "/a": b"2"}
    # Another cache: the second is compiled anew.
    one = image.build_image(board, settings, extra_files=extra, cache=tmp_path / "1")
    two = image.build_image(
        board, again, extra_files=dict(reversed(extra.items())), cache=tmp_path / "2"
    )
    assert one == two
    other = image.build_image(board, {**settings, "b": 2}, extra_files=extra)
    assert other.data != one.data


def test_image_files__version_json__holds_every_other_files_digest() -> None:
    files = image.image_files(boards.load("esp32"), SETTINGS)
    about = json.loads(files["/version.json"])
    assert about["arch"] == "xtensawin"
    assert about["mpy"] == image.MPY
    assert about["sha256"] == {
        path: hashlib.sha256(data).hexdigest()
        for path, data in files.items()
        if path != "/version.json"
    }
    assert json.loads(files["/settings.json"]) == SETTINGS
    assert {"/boot.py", "/main.py", "/wire/topics.mpy", "/node/app.mpy"} <= set(files)
    assert not [path for path in files if path.endswith(".py") and path.count("/") > 1]
    assert list(files) == sorted(files)


@pytest.mark.parametrize("name", boards.names())
def test_image_files__each_board__every_module_is_there_in_the_format_of_its_arch(
    name: str,
) -> None:
    files = image.image_files(boards.load(name), SETTINGS)
    sources = {
        "/" + path.relative_to(firmware_dir()).with_suffix(".mpy").as_posix()
        for package in image.PACKAGES
        for path in (firmware_dir() / package).rglob("*.py")
    }
    compiled = {path for path in files if path.endswith(".mpy")}
    assert compiled == sources
    for path in compiled:
        # MicroPython docs, reference/mpyfiles.rst: 'M', version; the sub-version in byte 2.
        assert files[path][:2] == b"M\x06", path


def test_pack__image__holds_what_went_in(tmp_path: Path) -> None:
    board = boards.load("pico_w")
    files = {"/a": b"", "/d/e/f": b"x" * 9000}
    flash = board.flash
    fs = LittleFS(
        block_size=flash.block_bytes,
        block_count=flash.blocks,
        prog_size=flash.prog_bytes,
        read_size=flash.read_bytes,
        cache_size=flash.cache_bytes,
        mount=False,
    )
    fs.context.buffer = bytearray(image.pack(board, files))
    fs.mount()
    for path, data in files.items():
        with fs.open(path, "rb") as file:
            assert file.read() == data


def test_pack__same_files_in_another_order__same_bytes() -> None:
    board = boards.load("pico_w")
    files = {"/b/2": b"2", "/a": b"x" * 9000, "/b/1": b"1"}
    assert image.pack(board, files) == image.pack(board, dict(reversed(files.items())))


def test_build_image__too_much__says_how_much() -> None:
    with pytest.raises(image.ImageFull) as caught:
        image.build_image(boards.load("pico_w"), SETTINGS, extra_files={"/big": bytes(900_000)})
    assert caught.value.fs_bytes == 868_352
    assert caught.value.files_bytes > 900_000


@pytest.mark.parametrize("path", ["relative", "/settings.json", "/a/../b", "/version.json", "/d/"])
def test_build_image__extra_file_of_a_bad_path__refused(path: str) -> None:
    with pytest.raises(image.ImageError, match="extra file"):
        image.build_image(boards.load("pico_w"), SETTINGS, extra_files={path: b""})


def test_compile_source__syntax_error__names_file_line_and_arch(firmware: Path) -> None:
    (firmware / "node" / "bad.py").write_text("x = 1\ndef f(:\n")
    with pytest.raises(image.CompileError) as caught:
        image.compile_files("armv6m", cache=firmware)
    assert caught.value.path == firmware / "node" / "bad.py"
    assert 'node/bad.py", line 2' in caught.value.reason
    assert "SyntaxError" in str(caught.value)
    assert "armv6m" in str(caught.value)


def test_compile_source__code_only_another_arch_has__compile_error(firmware: Path) -> None:
    source = "import micropython\n@micropython.asm_thumb\ndef f():\n    nop()\n"
    (firmware / "node" / "thumb.py").write_text(source)
    assert image.compile_files("armv6m", cache=firmware)
    with pytest.raises(image.CompileError, match=r"SyntaxError|decorator"):
        image.compile_files("x64", cache=firmware)


def test_compile_files__changed_source__compiled_anew(firmware: Path) -> None:
    source = firmware / "node" / "m.py"
    source.write_text("A = 'one'\n")
    cache = firmware / "cache"
    first = image.compile_files("armv6m", cache=cache)
    assert image.compile_files("armv6m", cache=cache) == first
    source.write_text("A = 'two'\n")
    second = image.compile_files("armv6m", cache=cache)
    assert first["/node/m.mpy"] != second["/node/m.mpy"]
    assert b"two" in second["/node/m.mpy"]


def test_compile_files__cache_that_cannot_be_written__compiles_all_the_same(
    firmware: Path,
) -> None:
    blocked = firmware / "cache"
    blocked.write_text("a file where a folder is needed")
    assert "/node/__init__.mpy" in image.compile_files("armv6m", cache=blocked)


def test_compile_files__torn_file_in_the_cache__compiled_anew(firmware: Path) -> None:
    cache = firmware / "cache"
    (firmware / "node" / "m.py").write_text("A = 'one'\n")
    first = image.compile_files("armv6m", cache=cache)
    for kept in (cache / "mpy").iterdir():
        kept.write_bytes(b"")
    assert image.compile_files("armv6m", cache=cache) == first


def test_compile_files__two_processes_at_one_cache__both_right_and_nothing_left_beside(
    tmp_path: Path,
) -> None:
    script = (
        "import sys; from pathlib import Path; from nodewright import image;"
        "files = image.compile_files('armv6m', ('wire',), Path(sys.argv[1]));"
        "import hashlib; print(hashlib.sha256(b''.join(files.values())).hexdigest())"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    said = {one.communicate(timeout=60)[0] for one in running}
    assert len(said) == 1 and len(said.pop().strip()) == 64
    assert {path.suffix for path in (tmp_path / "mpy").iterdir()} == {".mpy"}


def test_compile_files__where_the_sources_lie__changes_no_byte(
    firmware: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (firmware / "node" / "m.py").write_text("def f():\n    raise ValueError\n")
    first = image.compile_files("armv6m", cache=firmware / "1")
    moved = firmware.rename(firmware.with_name("elsewhere"))
    move(monkeypatch, moved)
    assert image.compile_files("armv6m", cache=moved / "2") == first


def test_compile_tree__packages__written_as_a_node_has_them(tmp_path: Path) -> None:
    written = image.compile_tree("armv6m", tmp_path, packages=("wire",))
    assert tmp_path / "wire" / "__init__.mpy" in written
    assert all(path.is_file() for path in written)


def test_cache_dir__set__is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NODEWRIGHT_CACHE", str(tmp_path))
    assert image.cache_dir() == tmp_path
