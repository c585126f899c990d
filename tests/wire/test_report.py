import binascii
import json

import paths

from wire import message, report


def vectors():
    with open(paths.VECTORS + "/report_v1.json") as file:
        return json.load(file)


def refused(function, *args):
    """The ReportError that a call raises."""
    try:
        function(*args)
    except message.ReportError as error:
        return error
    raise AssertionError("not refused: %r" % (args,))


def test_decode__golden_payload__gives_its_report():
    for vector in vectors()["good"]:
        assert report.decode(vector["json"].encode()) == vector["report"], vector["name"]


def test_encode__golden_report__gives_a_payload_of_the_same_report():
    # Not the same bytes: MicroPython's dicts do not keep the order of the keys.
    for vector in vectors()["good"]:
        payload = report.encode(vector["report"])
        assert report.decode(payload) == vector["report"], vector["name"]
        assert len(payload) == len(vector["json"]), vector["name"]


def test_decode__anything_else__refused_with_its_path():
    for vector in vectors()["bad"]:
        error = refused(report.decode, binascii.unhexlify(vector["hex"]))
        # null: JSON readers differ in where they notice it
        assert vector["path"] in (None, error.path), (vector["name"], error.path)


def test_decode__a_field_left_out__refused_with_its_path():
    for prefix, part in (("", None), ("record.", "record")):
        whole = vectors()["good"][0]["report"]
        for field in list(whole if part is None else whole[part]):
            spoiled = vectors()["good"][0]["report"]
            (spoiled if part is None else spoiled[part]).pop(field)
            error = refused(report.decode, json.dumps(spoiled).encode())
            assert error.path == prefix + field, (field, error.path)


def test_decode__the_speed_of_a_bearing__its_source_and_uncertainty_or_refused():
    good = vectors()["good"][0]["report"]
    told = [[24.5, 0.21, "tacho"], [24.5, None, "settings"], [48, 0, "slip"], [9.5, 3, "spectrum"]]
    for turns in (False, True):
        if turns:
            good["record"]["turns"] = {"x": [1, 4]}
        for speed in [{}, {"x": told[0], "y": told[1]}] + [{"z": one} for one in told]:
            good["record"]["speed"] = speed
            assert report.decode(report.encode(good)) == good, speed
        for speed in (
            None,
            [],
            {"X": told[0]},
            {"x": None},
            {"x": [24.5, 0.2]},
            {"x": [0, 0.2, "tacho"]},
            {"x": [24.5, -1, "tacho"]},
            {"x": [24.5, "0.2", "tacho"]},
            {"x": [24.5, 0.2, "guess"]},
        ):
            good["record"]["speed"] = speed
            assert refused(report.encode, good).path == "record.speed", speed


def test_decode__golden_payload_cut_anywhere__refused():
    payload = vectors()["good"][0]["json"].encode()
    for length in range(len(payload)):
        refused(report.decode, payload[:length])


def test_decode__any_byte_changed__report_or_report_error():
    payload = bytearray(vectors()["good"][0]["json"].encode())
    for index in range(len(payload)):
        kept = payload[index]
        for byte in (0x00, 0x22, 0x2C, 0x30, 0x5B, 0x7B, 0x7D, 0xFF):
            payload[index] = byte
            try:
                report.decode(bytes(payload))
            except message.ReportError:
                pass
        payload[index] = kept


def test_decode__hostile_payload__refused():
    for payload in (
        b"[" * 8000,
        b'{"v":' * 1600,
        b'{"v":1,"v":2}',
        b'{"v":1' + b"0" * 5000 + b"}",
        b"x" * (message.MAX_BYTES + 1),
        b"",
        b'"',
        b'{"v":1e9999}',
    ):
        refused(report.decode, payload)
