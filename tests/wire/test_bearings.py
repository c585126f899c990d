from wire import bearings, settings


def refused(parts, call, *arguments):
    """That the call raises a ValueError whose message holds all parts."""
    try:
        call(*arguments)
    except ValueError as error:
        text = str(error)
        for part in parts:
            assert part in text, (part, text)
    else:
        raise AssertionError(arguments)


def test_from_geometry__published_bearings__published_orders():
    # Multiples of the shaft speed as the publishers of the recordings print them.
    for geometry, orders in (
        ((9, 7.94, 39.04), (3.5848, 5.4152, 2.357, 0.3983)),
        ((8, 0.2656, 1.122), (3.053, 4.947, 1.994, 0.3816)),
        ((8, 0.235, 1.245, 0), (81.125 / 25, 118.875 / 25, 63.9 / 25, 10.14 / 25)),
    ):
        found = bearings.from_geometry(*geometry)
        for at, key in enumerate(bearings.ORDERS):
            assert abs(found[key] - orders[at]) < 1.5e-3, (geometry, key, found[key])


def test_from_geometry__contact_angle__turns_the_share_by_its_cosine():
    straight = bearings.from_geometry(10, 6.0, 40.0)
    turned = bearings.from_geometry(10, 6.0, 40.0, 60.0)
    assert abs((5.0 - turned["bpfo"]) - 0.5 * (5.0 - straight["bpfo"])) < 1e-5
    assert abs(turned["bsf"] - 40.0 / 12.0 * (1.0 - 0.075 * 0.075)) < 1e-5


def test_orders__any_geometry__tied_to_one_another():
    for n, d, pitch, angle in ((3, 1.0, 9.0, 0.0), (9, 7.94, 39.04, 15.0), (24, 8.0, 90.0, 40.0)):
        found = bearings.from_geometry(n, d, pitch, angle)
        assert abs(found["bpfo"] + found["bpfi"] - n) < 1e-5
        assert abs(found["ftf"] * n - found["bpfo"]) < 1e-5
        bearings.check(found)


def test_from_geometry__what_cannot_be__named_with_value_and_allowed():
    make = bearings.from_geometry
    for n in (2, 0, -9, 9.5, 101, float("nan"), True, "9"):
        refused(("n ", "cannot be"), make, n, 7.94, 39.04)
    for d in (0.0, -1.0, float("inf"), None):
        refused(("d ", "cannot be"), make, 9, d, 39.04)
    refused(("D 7.94", "above d"), make, 9, 7.94, 7.94)
    refused(("d 14.0", "13.35"), make, 9, 14.0, 39.04)
    # What can be built, but whose lines no node looks for.
    refused(("bpfi 50.1", "1.5 to 50"), make, 98, 0.9, 39.04)
    refused(("bsf 21.6", "0.5 to 20"), make, 24, 0.9, 39.04)
    refused(("bpfo 0.34", "1 to 50"), make, 3, 30.0, 39.04)
    for angle in (-1.0, 80.1, float("nan")):
        refused(("angle", "cannot be"), make, 9, 7.94, 39.04, angle)


def test_named__table__each_with_its_source_and_possible():
    for row in bearings.TABLE:
        bearings.check(bearings.named(row[0]))
        assert row[5]
    assert bearings.named(" 6205-2rs ") == bearings.named("6205")
    assert abs(bearings.named("6205")["bpfi"] - 5.4152) < 1e-3
    assert abs(bearings.named("ER-10K")["bpfo"] - 3.052) < 1e-3
    assert abs(bearings.named("ER-10K")["bsf"] - 1.990) < 3e-3
    assert abs(bearings.named("ZA-2115")["bpfo"] * 2000 / 60 - 236.4) < 0.2
    refused(("6299", "6205", "n=9,d=7.94"), bearings.named, "6299")


def test_check__greatest_orders__those_that_a_node_takes():
    for key, least, most in bearings._RANGES:
        assert least >= settings._ORDER[1] and most <= settings._ORDER[2], key
    bearings.check({"bpfo": 49.0, "bpfi": 50.0})
    refused(("bpfi 50.1", "1.5 to 50"), bearings.check, {"bpfi": 50.1})


def test_check__orders_out_of_range__named():
    good = {"bpfo": 3.58, "bpfi": 5.42, "bsf": 2.36, "ftf": 0.398}
    bearings.check(good)
    bearings.check({})
    bearings.check({"bpfo": 3.58, "bpfi": 5.42})
    for key, value, part in (
        ("bpfo", 0.0, "1 to 50"),
        ("bpfo", 107.36, "1 to 50"),  # Hz in place of an order
        ("bpfo", float("nan"), "1 to 50"),
        ("bpfi", 3.0, "above bpfo"),
        ("bpfi", 5.24, "no whole number"),  # two figures swapped
        ("bsf", 0.1, "0.5 to 20"),
        ("ftf", 0.594, "0.2 to 0.5"),  # the cage against the inner race
        ("ftf", True, "0.2 to 0.5"),
    ):
        wrong = dict(good)
        wrong[key] = value
        refused((key, part), bearings.check, wrong)
    refused(("gmf", "bpfo"), bearings.check, {"gmf": 3.0})
