import time

from node.health import Health, Liveness


def test_health__errors__counted_by_name():
    health = Health()
    for name in ("bus_error", "timeout", "bus_error"):
        health.count(name)
    assert health.errors == {"bus_error": 2, "timeout": 1}


def test_health__stages__longest_kept():
    health = Health()
    for us in (5, 9, 7):
        health.stage("capture", us)
    assert health.stages_us == {"capture": 9}


def test_health__garbage_made__low_water_mark_falls():
    health = Health()
    before = health.heap_low_bytes
    free_bytes = health.collect()
    assert 0 < health.heap_low_bytes <= before
    assert free_bytes > 0


def test_liveness__everybody_moved__nobody_late():
    liveness = Liveness()
    liveness.register("measure", 10_000)
    assert liveness.late() is None


def test_liveness__one_task_stands_still__named_until_it_moves():
    liveness = Liveness()
    liveness.register("measure", 10_000)
    liveness.register("uplink", 1)
    time.sleep_ms(20)
    assert liveness.late() == "uplink"
    liveness.moved("uplink")
    assert liveness.late() is None


def test_liveness__task_waits_for_something_to_do__late_only_once_it_is_due():
    liveness, due = Liveness(), [False]
    liveness.register("pump", 1, lambda: due[0])
    time.sleep_ms(20)
    assert liveness.late() is None
    due[0] = True
    liveness.moved("pump")
    time.sleep_ms(20)
    assert liveness.late() == "pump"
    due[0] = False
    assert liveness.late() is None
