from node import drivers
from wire import settings


def test_drivers__chips_of_the_settings__are_those_with_a_driver():
    assert sorted(drivers.CHIPS) == sorted(settings.CHIPS)


def test_load__each_chip__class_that_says_so_and_a_mode_that_exists():
    for chip in drivers.CHIPS:
        assert drivers.load(chip).chip == chip
        assert drivers.CHIPS[chip][2] in (0, 3)
