import binascii
import json

import paths

from wire import spectrum
from wire.message import MAX_BYTES, Buffer, ReportError


def vectors():
    with open(paths.VECTORS + "/spectrum_v1.json") as file:
        return json.load(file)


def refused(function, *args):
    """The error that a call raises."""
    try:
        function(*args)
    except (ReportError, ValueError) as error:
        return error
    raise AssertionError("not refused: %r" % (args,))


def near(got, expected):
    assert len(got) == len(expected)
    for value, should in zip(got, expected):  # noqa: B905  MicroPython's zip takes no keyword
        # 1e-5: the vectors have six digits, and a float of 24 bits raises 10 to a power.
        assert abs(value - should) <= 1e-5 * should, (value, should)


def test_decode__golden_payload__gives_its_spectrum():
    for vector in vectors()["good"]:
        head, values_g = spectrum.decode(vector["json"].encode())
        assert head == vector["head"], vector["name"]
        near(values_g, vector["values_g"])


def test_encode__golden_spectrum__gives_its_payload():
    for vector in vectors()["good"]:
        levels = binascii.unhexlify(vector["levels"])
        payload = spectrum.encode_into(vector["head"], levels, Buffer())
        assert bytes(payload).decode() == vector["json"], vector["name"]


def test_decode__anything_else__refused_with_its_path():
    for vector in vectors()["bad"]:
        error = refused(spectrum.decode, vector["json"].encode())
        assert error.path == vector["path"], (vector["name"], error.path)


def test_decode__golden_payload_cut_anywhere__refused():
    payload = vectors()["good"][0]["json"].encode()
    for length in range(len(payload)):
        refused(spectrum.decode, payload[:length])


def test_decode__any_byte_changed__spectrum_or_report_error():
    payload = bytearray(vectors()["good"][0]["json"].encode())
    for index in range(len(payload)):
        kept = payload[index]
        for byte in (0x00, 0x22, 0x2C, 0x30, 0x5B, 0x7D, 0xFF):
            payload[index] = byte
            try:
                spectrum.decode(bytes(payload))
            except ReportError:
                pass
        payload[index] = kept


def test_encode__longest_spectrum__fits_into_the_bound():
    head = vectors()["good"][2]["head"]
    head.update({"samples": 4096, "sensor": "s" * 40, "channel": "c" * 40, "seq": 2**53 - 1})
    levels = bytearray(4096)
    for i in range(4096):
        levels[i] = i * 7 & 255
    payload = spectrum.encode_into(head, levels, Buffer())
    assert len(payload) < 0.75 * MAX_BYTES, len(payload)
    found, values_g = spectrum.decode(bytes(payload))
    assert found == head and len(values_g) == 2048
    error = refused(spectrum.encode_into, head, levels[:4094], Buffer())
    assert error.path == "levels"


def test_edges__any_count__rising_from_2_to_half():
    for samples in (64, 256, 4096):
        for count in (1, 2, 16, 30, samples // 2 - 2):
            bounds = spectrum.edges(samples, count)
            assert len(bounds) == count + 1
            assert bounds[0] == 2 and bounds[-1] == samples // 2
            assert all(bounds[i] < bounds[i + 1] for i in range(count)), (samples, count)
    for count in (0, 31):
        assert "1 to 30" in str(refused(spectrum.edges, 64, count))


def test_edges__wide_bins__of_one_ratio():
    bounds = spectrum.edges(4096, 40)
    ratios = [bounds[i + 1] / bounds[i] for i in range(20, 40)]
    assert max(ratios) < 1.06 * min(ratios)


def test_levels__every_size__within_half_a_step():
    for bits, part in ((8, 0.037), (16, 0.0002)):
        for code in range(1, 1 << bits, 1 if bits == 8 else 997):
            g = spectrum.value_g(code, bits)
            assert spectrum.level(g * g, bits) == code, (bits, code)
        for i in range(200):
            g = 1.2e-6 * 1.09**i
            if g < 90:
                got = spectrum.value_g(spectrum.level(g * g, bits), bits)
                assert abs(got / g - 1) < part, (bits, g, got)
        assert spectrum.level(0.0, bits) == 0 and spectrum.value_g(0, bits) == 0.0
        assert spectrum.level(1e18, bits) == (1 << bits) - 1
