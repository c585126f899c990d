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
