"""What is kept of validations, what is remarked of them, and what repeated ones say."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from host import certificate_rig as rig
from host.pki_rig import NOW, kept, make, tree
from nodewright.validate import drift, flaky, history, verify
from nodewright.validate.keep import keep
from nodewright.validate.result import Validation


def on(day: int, node: str = "pump-1", **values: float) -> Validation:
    """A validation of a day of November with these values."""
    one = rig.validation(node, begun=f"2026-11-{day:02d}T08:00:00Z")
    cases = (rig.case("acc.identity", value="adxl345", unit="", margin=None), *one.cases)
    one = replace(one, cases=cases)
    for name, value in values.items():
        one = rig.with_case(one, name.replace("__", "."), value=value)
    return one


def kind(count: int, **more: float) -> list[Validation]:
    """So many other nodes, their noise from 1.2 to 1.3 mg."""
    return [on(1, f"fan-{n}", acc__noise__x=1.2 + 0.1 * n / count, **more) for n in range(count)]


def test_remarks__as_ever__none() -> None:
    own = [on(day, acc__noise__x=1.2 + day / 100) for day in (20, 19, 18)]
    assert drift.remarks(on(21, acc__noise__x=1.26), own, kind(6)) == ()
    assert drift.remarks(on(21), [], []) == ()


def test_remarks__noise_doubled__said_beside_its_own_median() -> None:
    own = [on(day) for day in (20, 19, 18)]
    told = drift.remarks(on(21, acc__noise__x=2.5), own, [])
    assert told == ("acc.noise.x: 2.5 mg, +100 % from 1.25 as median of the last 3",)
    (told,) = drift.remarks(on(21, acc__noise__x=0.5), own[:1], [])
    assert told.endswith("-60 % from 1.25 once before")


def test_remarks__one_odd_result_before__moves_no_median() -> None:
    own = [on(20), on(19, acc__noise__x=100.0), on(18)]
    assert drift.remarks(on(21), own, []) == ()


def test_remarks__only_the_last_results_count() -> None:
    own = [on(day, acc__noise__x=2.5) for day in range(20, 15, -1)]
    own += [on(day) for day in range(15, 1, -1)]
    assert drift.remarks(on(21, acc__noise__x=2.5), own, []) == ()


@pytest.mark.parametrize("others", [0, 4, 5, 20])
def test_remarks__beside_its_kind__from_so_many_on(others: int) -> None:
    told = drift.remarks(on(21, acc__noise__x=2.5), [], kind(others))
    assert len(told) == (others >= drift.limits().kind_least)
    assert all(f"{others} others of its kind have" in one for one in told)


def test_remarks__a_wide_kind__allows_more() -> None:
    wide = [on(1, f"fan-{n}", acc__noise__x=1.0 + 0.5 * n) for n in range(9)]
    assert drift.remarks(on(21, acc__noise__x=6.0), [], wide) == ()
    assert len(drift.remarks(on(21, acc__noise__x=30.0), [], wide)) == 1


def test_remarks__another_place_board_or_chip__compared_with_none() -> None:
    odd = on(21, acc__noise__x=2.5)
    for other in (
        replace(odd, place="virtual"),
        replace(odd, board="esp32"),
    ):
        assert drift.remarks(other, [on(20)], kind(6)) == ()
    told = drift.remarks(replace(odd, unique_id="00"), [on(20)], [])
    assert told == (
        "another board than on 2026-11-20 (chip e6614c311b7e6f2a): not compared with it",
    )


def test_remarks__the_same_chip_under_another_name__is_of_its_kind() -> None:
    def renamed(one: Validation, name: str, chip: str) -> Validation:
        cases = tuple(
            replace(
                case,
                case=case.case.replace("acc.", f"{name}."),
                value=chip if case.case == "acc.identity" else case.value,
            )
            for case in one.cases
        )
        return replace(one, cases=cases)

    odd = on(21, acc__noise__x=2.5)
    assert len(drift.remarks(odd, [], [renamed(o, "motor", "adxl345") for o in kind(6)])) == 1
    assert drift.remarks(odd, [], [renamed(o, "acc", "lis3dh") for o in kind(6)]) == ()


def test_remarks__failed_the_last_time__said() -> None:
    before = rig.with_case(on(20), "acc.rate", verdict="fail")
    assert drift.remarks(on(21), [before], []) == ("acc.rate: passed now, not so on 2026-11-20",)
    # What failed is no measure of what is normal.
    bad = rig.with_case(on(20), "acc.noise.x", verdict="fail", value=9.0)
    (told,) = drift.remarks(on(21), [bad, on(19)], [])
    assert told == "acc.noise.x: passed now, not so on 2026-11-20"


def test_limits__data__every_pattern_fits_a_case_of_a_node() -> None:
    names = [
        *("acc.noise.x", "acc.rate", "acc.gravity", "acc.self-test", "memory.free"),
        *("flash.free", "sleep.current"),
    ]
    for name in names:
        assert drift.limits().rule(name) is not None, name
    assert drift.limits().rule("golden.drawn.1024") is None


def test_flaky__always_the_same__none_is_odd() -> None:
    found = flaky.judge([on(20), on(21), on(22)])
    assert (found.count, found.passed, found.odd) == (3, 3, ())
    assert all(not row.flaky and not row.unsteady for row in found.cases)


def test_flaky__another_verdict_value_or_word__named_the_flaky_first() -> None:
    runs = [
        on(20),
        rig.with_case(on(21), "acc.rate", verdict="fail", value=900.0),
        rig.with_case(on(22), "acc.noise.x", margin=0.05, value=2.0),
        rig.with_case(on(23), "uplink.refused", value="accepted"),
    ]
    found = flaky.judge(runs)
    assert found.passed == 3
    assert [row.case for row in found.odd] == ["acc.rate", "acc.noise.x", "uplink.refused"]
    rate, noise, _ = found.odd
    assert (rate.flaky, rate.verdicts) == (True, {"pass": 3, "fail": 1})
    assert (noise.flaky, noise.unsteady, noise.least, noise.median, noise.most) == (
        *(False, True, 1.25, 1.25, 2.0),
    )
    assert str(rate) == "acc.rate is flaky: 3 pass, 1 fail; 803.2 to 900 Hz"
    assert json.loads(json.dumps(found.as_dict()))["cases"]
    assert flaky.worst(runs) is runs[1]
    assert flaky.worst(runs[:1]) is runs[0]


def test_keep__a_validation__is_there_again_without_its_waveforms(tmp_path: Path) -> None:
    folder = make(tmp_path / "north")
    before = tree(folder)
    done = keep(folder, [on(20)], kept(folder), now=NOW)
    (found,), bad = history.own(folder, "pump-1")
    assert (bad, done.remarks) == ([], ())
    assert found == history.lean(on(20))
    assert found.cases[-3].details["samples"] == "512 values: see the certificate"
    new = set(tree(folder)) - set(before)
    assert {name for name in new if name.startswith("validation/")} == {
        "validation/.gitattributes",
        *done.files,
    }
    assert done.files == (
        "validation/pump-1/20261120T080000Z.json",
        "validation/pump-1/20261120T080000Z.html",
        "validation/pump-1.html",
    )
    # None of it is a secret, and the certificate counts.
    secrets = [path.read_bytes() for path in (folder / "secrets").iterdir()]
    written = b"".join((folder / name).read_bytes() for name in done.files)
    assert all(secret.strip()[:200] not in written for secret in secrets)
    data = (folder / done.certificate).read_bytes()
    said = verify.verify(data, "c", verify.of_fleet(folder, NOW), NOW)
    assert said.statement.validation == on(20)
    assert data == (folder / done.files[1]).read_bytes()


def test_keep__again_and_again__compares_and_never_overwrites(tmp_path: Path) -> None:
    folder = make(tmp_path / "north")
    for one in (on(18), on(19), on(20)):
        assert keep(folder, [one], kept(folder), now=NOW).remarks == ()
    done = keep(folder, [on(20, acc__noise__x=2.5)], kept(folder), now=NOW)
    assert done.remarks[0].startswith("acc.noise.x: 2.5 mg, +100 %")
    assert done.files[0].endswith("20261120T080000Z-2.json")
    begun = [one.begun[:10] for one in history.own(folder, "pump-1")[0]]
    assert begun == ["2026-11-20", "2026-11-20", "2026-11-19", "2026-11-18"]
    newest = history.own(folder, "pump-1")[0][0]
    assert next(c for c in newest.cases if c.case == "acc.noise.x").value == 2.5


def test_keep__nodes_of_its_kind__are_found_in_the_folder(tmp_path: Path) -> None:
    folder = make(tmp_path / "north")
    for one in kind(6):
        keep(folder, [one], kept(folder), now=NOW)
    (told,) = keep(folder, [on(20, acc__noise__x=2.5)], kept(folder), now=NOW).remarks
    assert "6 others of its kind have" in told


def test_keep__repeated__all_are_kept_and_the_worst_is_certified(tmp_path: Path) -> None:
    folder = make(tmp_path / "north")
    runs = [on(20), rig.with_case(on(20), "acc.rate", verdict="fail"), on(20)]
    done = keep(folder, runs, kept(folder), now=NOW)
    assert done.flakiness is not None
    assert done.validation is runs[1]
    assert done.remarks[0] == (
        "repeated 3 times, passed 2 times; 1 case did not come out the same"
    )
    assert len(history.own(folder, "pump-1")[0]) == 3
    assert sum(name.endswith(".html") for name in done.files) == 2
    assert (folder / "validation/pump-1/20261120T080000Z-2.html").exists()


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "Expecting value"),
        (b"{}", "version"),
        (b"[" * 100_000, ""),
        (b"\xff", ""),
        (on(19, "fan-1").to_json().encode(), "it is of fan-1"),
        (b" " * (5 << 20), "more than 4 MB"),
    ],
)
def test_history__a_damaged_file__left_out_and_named(
    tmp_path: Path, data: bytes, why: str
) -> None:
    folder = make(tmp_path / "north")
    keep(folder, [on(20)], kept(folder), now=NOW)
    (folder / "validation/pump-1/20261119T080000Z.json").write_bytes(data)
    (folder / "validation/pump-1/notes.json").write_bytes(b"mine")
    (told,) = keep(folder, [on(21)], kept(folder), now=NOW).remarks
    assert told.startswith("validation/pump-1/20261119T080000Z.json is left out: ")
    assert why in told


def test_history__many_results__only_the_newest_are_read(tmp_path: Path) -> None:
    place = history.folder_of(tmp_path, "pump-1")
    for day in range(1, 29):
        for hour in range(3):
            one = rig.validation(begun=f"2026-11-{day:02d}T0{hour}:00:00Z", cases=())
            (place / f"{history.stamp(one)}.json").write_text(one.to_json())
    found, _ = history.own(tmp_path, "pump-1")
    assert (len(found), found[0].begun) == (40, "2026-11-28T02:00:00Z")
