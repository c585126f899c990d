"""esptool against a twin of the ROM loader: ESP32, ESP32-S3 and ESP32-C3."""

import importlib.util
import json
import os
import random
import threading
import time
from dataclasses import replace
from typing import Any

import pytest
import serial
from esptool.targets import ESP32C3ROM, ESP32S3ROM

from nodewright import boards
from nodewright.errors import NodewrightError
from nodewright.flash import boot, choose, esp, esptool, look
from nodewright.flash.errors import AS_BEFORE, FlashFailed, NotAsWritten, OtherNode, WrongBoard
from nodewright.flash.job import Outcome, Progress
from nodewright.image.filesystem import pack, unpack
from nodewright.image.node import NodeImage
from nodewright.image.whole import assemble
from nodewright.interpreter import find_interpreter
from nodewright.link.errors import Interrupted, PortBusy, PortMissing
from nodewright.virtual import VirtualBoard
from system.esp_rom_twin import EspRomTwin, Line
from system.flash_rig import HEAP_BYTES, Heard, bare, fleet, job, made_for_virtual
from system.virtual_rig import facts

pytestmark = pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals are of POSIX")
CHIPS = {"esp32": "esp32", "esp32_s3": "esp32s3", "esp32_c3": "esp32c3"}


class Liar(EspRomTwin):
    """A chip that answers as it should, until it does not."""

    def lie(self, seed: int, share: float, after: int) -> None:
        """share: of its answers, from that many commands on."""
        self.random, self.share, self.after = random.Random(seed), share, after

    def _send(self, payload: bytes) -> None:
        if len(self.commands) <= self.after or self.random.random() >= self.share:
            super()._send(payload)
            return
        kind = self.random.randrange(6)
        if kind == 0:
            super()._send(self.random.randbytes(self.random.randrange(200)))
        elif kind == 1:
            super()._send(payload[: self.random.randrange(len(payload))])
        elif kind == 2:
            at = self.random.randrange(len(payload))
            super()._send(payload[:at] + bytes([payload[at] ^ 4]) + payload[at + 1 :])
        elif kind == 3:
            super()._send(payload + self.random.randbytes(5000))
        elif kind == 4:
            os.write(self._ours, self.random.randbytes(3000))


@pytest.fixture(scope="module")
def pump(tmp_path_factory: pytest.TempPathFactory) -> NodeImage:
    return made_for_virtual(fleet(tmp_path_factory.mktemp("flash") / "f"))


def on(made: NodeImage, board: str) -> NodeImage:
    """The files of the image on another board."""
    hardware = boards.load(board)
    data = pack(hardware, made.files)
    return replace(
        made, board=hardware, file_system=data, flash=assemble(hardware, data, runtime=None)
    )


def small(made: NodeImage, board: str = "esp32") -> NodeImage:
    """As if it had few files: for what is about the line."""
    whole = on(made, board)
    return replace(whole, flash=replace(whole.flash, data=os.urandom(20_000)))


def flash(made: NodeImage, twin: EspRomTwin, **more: Any) -> Outcome:
    return esp.program(job(made, twin.port, boot_s=0, **more), Heard(), threading.Event())


@pytest.mark.parametrize("board", CHIPS)
def test_esptool__a_chip_in_its_boot_loader__holds_the_node_which_boots_from_it(
    pump, board
) -> None:
    made = on(pump, board)
    flash_map = made.board.flash
    with EspRomTwin(CHIPS[board], flash_bytes=flash_map.total_bytes, paced=False) as twin:
        outcome = flash(made, twin)
    begin = flash_map.fs_offset_bytes
    written = bytes(twin.flash[begin : begin + flash_map.fs_bytes])
    assert unpack(flash_map, written) == pump.files
    assert twin.flash[:begin] == b"\xff" * begin
    assert outcome.by == "esptool"
    spec = {
        "name": "bench",
        "unique_id": "240ac4123456",
        "seed": 1,
        "flash": {
            "block_bytes": flash_map.block_bytes,
            "prog_bytes": flash_map.prog_bytes,
            "read_bytes": flash_map.read_bytes,
            "lookahead_bytes": flash_map.lookahead_bytes,
        },
        "network": {"ssids": {}, "connect_ms": 300},
        "buses": [],
    }
    with VirtualBoard(written, spec, find_interpreter(), HEAP_BYTES) as virtual:
        assert virtual.wait_for("boot", 20.0).facts["boot"] == "1"


def test_esptool__paced_by_its_line__says_what_the_line_alone_takes(pump) -> None:
    with EspRomTwin() as twin:
        begun_s = time.monotonic()
        outcome = flash(small(pump), twin, baud=230_400)
        took_s = time.monotonic() - begun_s
    assert twin.bauds == [230_400]
    # The stub goes to a chip's RAM before its rate can be changed: at that of the ROM.
    stub_s = outcome.wire_s - outcome.sent_bytes * 10 / 230_400
    assert stub_s == pytest.approx(twin.stub_bytes * 10 / 115_200)
    assert took_s > outcome.wire_s > stub_s > 0


def test_esptool__another_chip_or_too_little_flash__refused_before_anything_is_written(
    pump,
) -> None:
    with EspRomTwin("esp32s3", flash_bytes=8 << 20) as twin:
        with pytest.raises(WrongBoard, match="esp32 has an esp32, this is an esp32s3"):
            flash(small(pump), twin)
        assert not {0x02, 0x10, 0x05} & set(twin.commands)
    bound: list[str] = []
    with EspRomTwin(flash_bytes=2 << 20) as twin:
        with pytest.raises(WrongBoard, match="has 4 MB of flash, this has 2 MB"):
            flash(small(pump), twin, bind=lambda _made, chip: bound.append(chip))
        assert not bound
        assert not {0x02, 0x10} & set(twin.commands)  # its stub, in RAM, has asked the flash


def test_esptool__a_chip_older_than_the_board_says__refused_before_anything_is_written(
    pump,
) -> None:
    with EspRomTwin("esp32c3", revision=2) as twin:
        with pytest.raises(WrongBoard, match=r"esp32c3 from v0\.3 on, this is v0\.2"):
            flash(small(pump, "esp32_c3"), twin)
        assert not {0x02, 0x10, 0x05} & set(twin.commands)
    with EspRomTwin("esp32c3", revision=3, paced=False) as twin:
        assert flash(small(pump, "esp32_c3"), twin).by == "esptool"


@pytest.mark.parametrize("chip", CHIPS.values())
def test_detect__each_chip__its_size_revision_and_the_id_that_micropython_gives(chip) -> None:
    with EspRomTwin(chip, flash_bytes=8 << 20, mac="a0764e1f2b3c", paced=False) as twin:
        found = esp.detect(twin.port, threading.Event())
    revision = 4 if chip == "esp32c3" else 0
    assert found == esp.Found(chip, revision, 8 << 20, "a0764e1f2b3c")


def test_look__a_chip_in_its_boot_loader__said_with_its_id_and_left_there(monkeypatch) -> None:
    monkeypatch.setattr(look, "_ANSWER_S", 1.0)
    with EspRomTwin("esp32c3", paced=False) as twin:
        (found,) = look.look([twin.port])
        assert not {0x02, 0x05, 0x06, 0x10} & set(twin.commands)
    told = found.as_dict()
    assert (told["state"], told["chip"]) == ("boot loader", "esp32c3")
    assert (told["unique_id"], told["problem"]) == ("240ac4123456", "")
    json.dumps(told)


def test_look__nobody_at_the_port__silent(monkeypatch) -> None:
    monkeypatch.setattr(look, "_ANSWER_S", 1.0)
    ours, theirs = os.openpty()
    try:
        (found,) = look.look([os.ttyname(theirs)])
        assert (found.state, found.loader) == ("silent", None)
    finally:
        os.close(ours)
        os.close(theirs)


def test_esptool__a_node_of_no_chip_yet__bound_before_anything_is_written(pump) -> None:
    bound: list[tuple[str, bool]] = []
    with EspRomTwin(paced=False) as twin:

        def bind(made: NodeImage, unique_id: str) -> NodeImage:
            bound.append((unique_id, bool({0x02, 0x10} & set(twin.commands))))
            return replace(made, identity=replace(made.identity, unique_id=unique_id))

        outcome = flash(small(pump), twin, bind=bind)
    assert bound == [("240ac4123456", False)]
    assert outcome.notes[0] == "bound to chip 240ac4123456"


def test_esptool__a_node_of_another_chip__refused_without_force(pump) -> None:
    made = small(pump)
    made = replace(made, identity=replace(made.identity, unique_id="240ac4999999"))
    with EspRomTwin(paced=False) as twin:
        with pytest.raises(OtherNode, match="chip 240ac4123456, not chip 240ac4999999"):
            flash(made, twin)
        assert not {0x02, 0x10, 0x05} & set(twin.commands)
        outcome = flash(made, twin, force=True)
    assert "renew pump-1 --unique-id 240ac4123456" in outcome.notes[0]


def test_by_esp__a_micropython_of_another_fleet_at_the_port__not_overwritten(pump) -> None:
    made = small(pump)
    settings = '{"fleet": "south", "node": "fan-9"}'
    with bare(files={"settings.json": settings}) as virtual:
        facts(virtual)
        target = choose.Target("pump-1", virtual.port, by="esp", boot_s=0)
        with pytest.raises(OtherNode, match="is fan-9 of fleet south"):
            choose.flash(target, lambda _n, _v: made, Heard(), threading.Event())


def test_by_esp__silence_at_the_port__taken_for_a_boot_loader(pump) -> None:
    made = small(pump)
    with EspRomTwin(paced=False) as twin:
        target = choose.Target("pump-1", twin.port, by="esp", boot_s=0)
        outcome = choose.flash(target, lambda _n, _v: made, Heard(), threading.Event())
    assert outcome.by == "esptool"


def test_esptool__what_is_there_already__is_not_sent(pump) -> None:
    made = on(pump, "esp32")
    with EspRomTwin(paced=False) as twin:
        first = flash(made, twin)
        again = flash(made, twin)
        twin.flash[made.flash.offset_bytes + 5] ^= 1
        mended = flash(made, twin)
        begin = made.flash.offset_bytes
        assert twin.flash[begin : begin + len(made.flash.data)] == made.flash.data
    assert (again.sent_bytes, again.sent_files, again.total_bytes) == (0, 0, first.total_bytes)
    assert 0 < mended.sent_bytes < first.sent_bytes / 2


def test_esptool__a_cable_that_was_out__sends_what_is_missing(pump, monkeypatch) -> None:
    monkeypatch.setattr(esp, "BAUDS", ())
    made = on(pump, "esp32")
    made = replace(made, flash=replace(made.flash, data=os.urandom(600_000)))
    with EspRomTwin(line=Line(unplug_at=400_000), paced=False) as twin:
        with pytest.raises((FlashFailed, PortMissing), match="in part"):
            flash(made, twin)
        there = bytes(twin.flash)
    with EspRomTwin(paced=False) as twin:
        twin.flash[:] = there
        outcome = flash(made, twin)
        begin = made.flash.offset_bytes
        assert twin.flash[begin : begin + len(made.flash.data)] == made.flash.data
    assert 0 < outcome.sent_bytes < 400_000


@pytest.fixture
def orders(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What esptool's process is told to do, in its order."""
    given: list[str] = []
    order = esptool.Esptool._order

    def told(self: esptool.Esptool, what: dict[str, Any], *more: Any, **named: Any) -> Any:
        given.append(what["do"])
        return order(self, what, *more, **named)

    monkeypatch.setattr(esptool.Esptool, "_order", told)
    return given


def test_esptool__one_board__is_reset_once_and_started_at_the_end(pump, orders) -> None:
    with EspRomTwin(paced=False) as twin:
        flash(small(pump), twin)
    assert twin.commands.count(0x08) == 1
    assert orders == ["connect", "prepare", "write", "leave"]


def test_esptool__whatever_it_ends_by__no_chip_is_left_in_its_boot_loader(pump, orders) -> None:
    asked = threading.Event()

    def say(step: Progress) -> None:
        if step.stage == "send":
            asked.set()

    with EspRomTwin() as twin, pytest.raises(Interrupted, match="in part"):
        esp.program(job(small(pump), twin.port, boot_s=0), say, asked)
    assert orders == ["connect", "prepare", "write", "free"]
    orders.clear()
    with EspRomTwin("esp32s3", paced=False) as twin, pytest.raises(WrongBoard):
        flash(small(pump), twin)
    assert orders == ["connect", "leave"]


def test_restart__usb_of_the_chip_itself__by_its_watchdog() -> None:
    """Its pulse by RTS does not look again at the pin that was held low by hand."""
    spec = importlib.util.spec_from_file_location("child", esptool._CHILD)
    assert spec is not None and spec.loader is not None
    child = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(child)

    class Port:
        name = port = "/dev/ttyACM0"

    for rom in (ESP32C3ROM, ESP32S3ROM):

        class Chip(rom):  # type: ignore[misc, valid-type]
            def __init__(self, own_usb: bool) -> None:
                self.written: dict[int, int] = {}
                self.secure_download_mode = False
                self._port = Port()
                self.cache: dict[str, Any] = {}
                self.own_usb = own_usb

            def get_usb_vid_pid(self) -> tuple[int, int]:
                return (0x303A, 0x1001) if self.own_usb else (0x10C4, 0xEA60)

            def write_reg(self, addr: int, value: int, *_more: int) -> None:
                self.written[addr] = value

            def read_reg(self, addr: int, *_more: int) -> int:
                return self.written.get(addr, 0)

            def hard_reset(self, *_how: bool) -> None:
                self.pulsed = True

        by_usb, by_bridge = Chip(True), Chip(False)
        child.restart(by_usb)
        assert by_usb.written[rom.RTC_CNTL_WDTCONFIG0_REG] >> 31 == 1
        assert not hasattr(by_usb, "pulsed")
        child.restart(by_bridge)
        assert by_bridge.pulsed and not by_bridge.written


@pytest.mark.parametrize(
    ("chip", "board", "how", "said"),
    [
        ("esp32", "esp32", {"encrypted": True}, "its flash is encrypted"),
        ("esp32c3", "esp32_c3", {"locked": True}, "in secure download mode"),
    ],
)
def test_esptool__what_could_not_be_read_back__is_not_written(
    pump, chip, board, how, said
) -> None:
    with EspRomTwin(chip, paced=False, **how) as twin:
        with pytest.raises(FlashFailed, match=f"{said}.*had before"):
            flash(small(pump, board), twin)
        assert not {0x02, 0x05, 0x10} & set(twin.commands)


def test_esptool__a_flash_that_does_not_tell_its_size__noted(pump) -> None:
    with EspRomTwin(sized=False, paced=False) as twin:
        assert "its flash does not tell its size" in flash(small(pump), twin).notes


def test_esptool__port_taken_after_a_try_that_failed__says_what_the_board_is(
    pump, monkeypatch
) -> None:
    connect = esptool.Esptool.connect

    def once(self: esptool.Esptool, resets: bool = True) -> dict[str, Any]:
        if self._changed:
            raise PortBusy(self._port)
        return connect(self, resets)

    class Worn(EspRomTwin):
        def _data(self, number: int, _data: bytes, _sum: int) -> None:
            self._answer(number, error=8)  # "Status bytes": writing to flash failed

    monkeypatch.setattr(esptool.Esptool, "connect", once)
    with (
        Worn(paced=False) as twin,
        pytest.raises(FlashFailed, match=r"in use by another program.*in part"),
    ):
        flash(small(pump), twin)


def test_listen__a_port_that_goes_once_more__is_heard_when_it_is_back(tmp_path) -> None:
    """A chip with USB of its own: its boot loader's port is there a moment longer."""
    port = tmp_path / "ttyACM0"
    old, new = os.openpty(), os.openpty()
    port.symlink_to(os.ttyname(old[1]))

    def comes_back() -> None:
        os.close(old[1])
        os.close(old[0])
        port.unlink()
        port.symlink_to(os.ttyname(new[1]))
        while not heard.wait(0.1):  # who opens a port forgets what came before
            os.write(new[0], b"nodewright: boot boot=3 reset=power_on\r\n")

    heard = threading.Event()
    later = threading.Timer(0.3, comes_back)
    later.start()
    assert boot.listen(str(port), 20.0, Heard(), threading.Event()) == 3
    heard.set()
    later.join()
    for end in new:
        os.close(end)


@pytest.mark.parametrize("stub", ["refused", "silent"])
def test_esptool__a_stub_that_does_not_run__written_by_the_rom_alone(
    pump, stub, monkeypatch
) -> None:
    monkeypatch.setattr(esptool, "_STUB_S", 1.5)
    made = small(pump)
    with EspRomTwin(stub=stub, paced=False) as twin:
        outcome = flash(made, twin)
        begin = made.flash.offset_bytes
        assert twin.flash[begin : begin + len(made.flash.data)] == made.flash.data
    assert "the chip refused esptool's stub: written by its ROM alone" in outcome.notes


def test_esptool__a_line_that_is_bad_at_speed__taken_slower(pump) -> None:
    made = small(pump)
    with EspRomTwin(line=Line(garbled_above=230_400)) as twin:
        outcome = flash(made, twin)
        begin = made.flash.offset_bytes
        assert twin.flash[begin : begin + len(made.flash.data)] == made.flash.data
    assert twin.bauds == [460_800, 230_400]
    assert "460800 baud failed" in outcome.notes[0]


@pytest.mark.parametrize("line", [Line(lose_at=15_000), Line(garble_at=15_000)])
def test_esptool__a_byte_lost_or_garbled__is_made_good(pump, line) -> None:
    made = small(pump)
    with EspRomTwin(line=line, paced=False) as twin:
        flash(made, twin)
        begin = made.flash.offset_bytes
        assert twin.flash[begin : begin + len(made.flash.data)] == made.flash.data


def test_esptool__a_flash_with_a_bit_that_stays__told_by_its_md5(pump) -> None:
    made = small(pump)
    rotten = (made.flash.offset_bytes + 100,)
    with EspRomTwin(rotten=rotten, paced=False) as twin, pytest.raises(NotAsWritten):
        flash(made, twin)


def test_esptool__the_cable_out_in_the_middle__says_what_the_board_is(pump, monkeypatch) -> None:
    monkeypatch.setattr(esp, "BAUDS", ())
    with (
        EspRomTwin(line=Line(unplug_at=12_000)) as twin,
        pytest.raises((FlashFailed, PortMissing)) as failed,
    ):
        flash(small(pump), twin)
    assert "Traceback" not in str(failed.value)


# Lies from the first answer on, of the stub, while the flash is asked, and while it is written.
@pytest.mark.parametrize(
    ("seed", "share", "after"),
    [(22, 0.5, 0), (1, 1.0, 1), (14, 0.5, 5), (2, 1.0, 24), (3, 0.1, 30), (4, 0.4, 56)],
)
def test_esptool__a_board_that_lies__an_error_of_ours_in_time_or_a_flash_that_is_right(
    pump, monkeypatch, seed, share, after
) -> None:
    monkeypatch.setattr(esptool, "_READY_S", 2.0)
    monkeypatch.setattr(esptool, "_QUIET_S", 4.0)
    monkeypatch.setattr(esptool, "_STUB_S", 1.0)
    monkeypatch.setattr(esp, "BAUDS", ())
    made = small(pump)
    begin = made.flash.offset_bytes
    with Liar(paced=False) as twin:
        twin.lie(seed, share, after)
        try:
            flash(made, twin)
        except NodewrightError as error:
            assert "Traceback" not in str(error)
        else:
            assert twin.flash[begin : begin + len(made.flash.data)] == made.flash.data


def test_esptool__nobody_at_the_port__said_with_what_the_board_is(pump) -> None:
    ours, theirs = os.openpty()
    try:
        with pytest.raises(FlashFailed, match="Failed to connect") as failed:
            esp.detect(os.ttyname(theirs), threading.Event())
        assert failed.value.state == AS_BEFORE
    finally:
        os.close(ours)
        os.close(theirs)
    with pytest.raises(PortMissing):
        esp.detect("/dev/no-such-port", threading.Event())


def test_esptool__a_port_that_somebody_looks_at_meanwhile__is_waited_for(pump) -> None:
    with EspRomTwin(paced=False) as twin:
        other = serial.Serial(twin.port, exclusive=True)
        looks = threading.Timer(0.5, other.close)
        looks.start()
        assert flash(small(pump), twin).by == "esptool"
        looks.join()


def test_erase__all_of_the_flash__is_empty() -> None:
    with EspRomTwin(paced=False) as twin:
        twin.flash[:4] = b"rest"
        esp.erase(twin.port, Heard(), threading.Event())
        assert set(twin.flash) == {0xFF}
