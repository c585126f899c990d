import json

from wire import message


def test_number__floats__six_significant_digits():
    for value, text in (
        (0.0, "0"),
        (1.0, "1"),
        (0.1234567, "0.123457"),
        (123456.7, "123457"),
        (-9.80665, "-9.80665"),
        (1e-5, "1e-05"),
        (1024, "1024"),
        (2**53 - 1, "9007199254740991"),
    ):
        assert message.number(value) == text, (value, message.number(value))


def test_number__not_finite__refused():
    for value in (float("nan"), float("inf"), -float("inf")):
        try:
            message.number(value)
        except ValueError:
            continue
        raise AssertionError(value)


def test_dumps__any_message__is_json():
    told = {"a": [1, 2.5, None, True, False, '\u00e4"\\\n'], "b": {}, "c": [], "d": {"e": 1}}
    assert json.loads(message.dumps(told).decode()) == told
