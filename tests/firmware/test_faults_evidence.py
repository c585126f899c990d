"""What the evidence of a record says of its values, and which of several reasons is told."""

from array import array
from math import cos, pi, sin

from node.evidence import findings, judge, misplaced


class Record:
    """Evidence as capture leaves it; rate_known as a plain value."""

    def __init__(self, **changes):
        self.overruns = self.gaps = self.clipped = self.stuck = 0
        self.rate_known = True
        for name in changes:
            setattr(self, name, changes[name])


_SPOILED = (
    ("overrun", {"overruns": 1}),
    ("gap", {"gaps": 2}),
    ("rate", {"rate_known": False}),
    ("clipped", {"clipped": 9}),
    ("stuck", {"stuck": 7}),
)


def test_judge__good_record__no_reason():
    assert findings(Record(), False) == []
    assert judge([], 0) is None


def test_judge__one_finding__is_the_reason_of_every_axis():
    for reason, changes in _SPOILED:
        found = findings(Record(**changes), False)
        assert [judge(found, axis) for axis in range(3)] == [reason] * 3
    assert judge(findings(Record(), True), 1) == "mounting"


def test_judge__several_findings__the_gravest_is_the_reason_and_all_are_found():
    order = [reason for reason, _ in _SPOILED] + ["mounting"]
    for first in range(len(_SPOILED)):
        changes = {}
        for _, change in _SPOILED[first:]:
            changes.update(change)
        found = findings(Record(**changes), True)
        assert [reason for reason, _ in found] == order[first:]
        assert judge(found, 2) == order[first]


def test_judge__one_axis_stuck__the_others_are_not():
    found = findings(Record(stuck=2), False)
    assert [judge(found, axis) for axis in range(3)] == [None, "stuck", None]
    found = findings(Record(stuck=2), True)
    assert [judge(found, axis) for axis in range(3)] == ["mounting", "stuck", "mounting"]


def _blocks(x_g, y_g, z_g, samples=64):
    """Blocks at 256 digits a g, shaken by half a g."""
    return [
        array("h", [int(256 * g + (128 if i % 2 else -128)) for i in range(samples)])
        for g in (x_g, y_g, z_g)
    ]


def _misplaced(vector, gravity):
    return misplaced(*_blocks(*vector), 64, 1 / 256, gravity)


def test_misplaced__every_axis_and_sign():
    vectors = {
        "x": (1, 0, 0),
        "-x": (-1, 0, 0),
        "y": (0, 1, 0),
        "-y": (0, -1, 0),
        "z": (0, 0, 1),
        "-z": (0, 0, -1),
    }
    for there in vectors:
        for said in vectors:
            assert _misplaced(vectors[there], said) == (there != said), (there, said)
        assert not _misplaced(vectors[there], None)


def test_misplaced__turned_by_degrees__from_30_on():
    for degrees, wrong in ((0, False), (16, False), (29, False), (31, True), (90, True)):
        angle = degrees * pi / 180
        assert _misplaced((sin(angle), 0, cos(angle)), "z") == wrong, degrees
        assert _misplaced((0, -cos(angle), -sin(angle)), "-y") == wrong, degrees


def test_misplaced__no_gravity_at_all__is_not_where_it_should_be():
    assert _misplaced((0, 0, 0), "z")
    assert _misplaced((0, 0, 0.4), "z")
    assert not _misplaced((0, 0, 0.7), "z")
