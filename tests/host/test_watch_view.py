"""The live table: what is wrong stands where one sees it."""

from rich.console import Console

from host.test_watch import TOPIC, report, status
from nodewright.cli import watch_view
from nodewright.fleet_state import FleetState


def shown(state: FleetState, connected: bool = True, now: float = 100.0) -> str:
    console = Console(width=200, record=True, file=None, quiet=False, force_terminal=False)
    with console.capture() as captured:
        console.print(watch_view.table(state, "mqtts://127.0.0.1:8883", connected, now))
    return captured.get()


def row(text: str, node: str) -> str:
    return next(line for line in text.splitlines() if f"/{node} " in line)


def test_table__a_good_node__is_online_and_well() -> None:
    state = FleetState()
    state.apply(TOPIC + "status", status(), 90.0)
    state.apply(TOPIC + "report", report(3, 0), 95.0)
    health = b'{"v": 1, "boot": 3, "queued": 1, "dropped": 0, "errors": {}, "crash": null}'
    state.apply(TOPIC + "health", health, 95.0)
    line = row(shown(state), "pump-1")
    for word in ("demo/pump-1", "online", "5 s ago", "well", " 1 "):
        assert word in line, word
    assert "missing" in shown(state)


def test_table__gaps__are_named_by_boot_and_seq() -> None:
    state = FleetState()
    for boot, seq in ((3, 0), (3, 1), (3, 4), (4, 0), (4, 2), (4, 2)):
        state.apply(TOPIC + "report", report(boot, seq), 99.0)
    node = state.nodes["demo", "pump-1"]
    assert node.gaps == [(3, 2, 3), (4, 1, 1)]
    line = row(shown(state), "pump-1")
    assert "3: 3:2-3 4:1" in line
    assert "5 + 1 doubles" in line


def test_table__many_gaps__tells_the_latest() -> None:
    state = FleetState()
    for seq in range(0, 20, 2):
        state.apply(TOPIC + "report", report(1, seq), 0.0)
    assert watch_view.gaps(state.nodes["demo", "pump-1"]) == "… 1:13 1:15 1:17"


def test_table__offline_by_will__comes_first() -> None:
    state = FleetState()
    for name, said in (("a", "online"), ("b", "offline")):
        state.apply(f"nodewright/demo/{name}/status", status(said, name), 0.0)
    state.apply("nodewright/demo/c/report", report(), 0.0)
    text = shown(state)
    assert text.index("/b ") < text.index("/c ") < text.index("/a ")
    assert "offline" in row(text, "b")
    assert "unknown" in row(text, "c")


def test_table__fault_and_errors__are_told_after_good_reports_too() -> None:
    state = FleetState()
    fault = {"sensor": "acc", "fault": "no_answer"}
    state.apply(TOPIC + "report", report(1, 0, record=None, channels={}, faults=[fault]), 40.0)
    state.apply(TOPIC + "report", report(1, 1), 98.0)
    health = b'{"v": 1, "boot": 1, "queued": 7, "dropped": 2, "errors": {"no_answer": 3}}'
    state.apply(TOPIC + "health", health, 98.0)
    line = row(shown(state), "pump-1")
    for word in ("acc no_answer, 60 s ago", "7 waiting", "2 dropped", "3 no_answer", "2 s ago"):
        assert word in line, word


def test_table__broker_gone_or_foreign_messages__says_so() -> None:
    state = FleetState()
    state.apply("else/where", b"", 0.0)
    text = shown(state, connected=False)
    assert "the broker is gone" in text
    assert "refused: 1 topic" in text
