from wire import iso20816


def test_limits__each_group_and_support__rise_from_a_to_c():
    assert [iso20816.limits(*row[:2]) for row in iso20816.LIMITS] == [
        (2.3, 4.5, 7.1),
        (3.5, 7.1, 11.0),
        (1.4, 2.8, 4.5),
        (2.3, 4.5, 7.1),
    ]
    for group, support in ((3, "rigid"), (1, "soft"), (None, None)):
        try:
            iso20816.limits(group, support)
        except ValueError as error:
            assert "2 flexible" in str(error)
        else:
            raise AssertionError((group, support))


def test_zone__at_and_beyond_each_limit__the_better_one_at_it():
    bounds = iso20816.limits(2, "rigid")
    for velocity, letter in (
        (0.0, "A"),
        (1.4, "A"),
        (1.41, "B"),
        (2.8, "B"),
        (2.81, "C"),
        (4.5, "C"),
        (4.51, "D"),
        (1e5, "D"),
    ):
        assert iso20816.ZONES[iso20816.zone(velocity, bounds)] == letter, velocity


def test_worst__several_directions__highest_zone_then_greatest_velocity():
    calm = {"zone": 0.0, "vel_rms_mm_s": 0.9}
    loud = {"zone": 2.0, "vel_rms_mm_s": 5.0}
    for channels, expected in (
        ({"x": calm, "y": loud, "z": calm}, (2, "y")),
        ({"x": loud, "y": {"zone": 2.0, "vel_rms_mm_s": 5.1}}, (2, "y")),
        ({"x": {"zone": 2.0, "vel_rms_mm_s": 5.1}, "y": loud}, (2, "x")),
        ({"x": {"zone": 1.0, "vel_rms_mm_s": 3.0}, "y": {"zone": 3.0}}, (3, "y")),
        ({"z": loud, "y": loud, "x": calm}, (2, "y")),
        ({"x": {"vel_rms_mm_s": 30.0}, "y": calm}, (0, "y")),
        ({"x": {"vel_rms_mm_s": 30.0}, "y": {}}, None),
        ({}, None),
    ):
        assert iso20816.worst(channels) == expected, (channels, expected)
