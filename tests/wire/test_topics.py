from wire import topics

NAMES = ("a", "pump-1", "0", "x" * 40, "a-b-c")
NO_NAMES = (
    "",
    "-a",
    "a-",
    "A",
    "a_b",
    "a/b",
    "a+b",
    "#",
    "..",
    "ä",
    "x" * 41,
    "a b",
    "a\n",
    None,
    3,
)


def test_is_name__names__true():
    for name in NAMES:
        assert topics.is_name(name), name


def test_is_name__anything_else__false():
    for name in NO_NAMES:
        assert not topics.is_name(name), name


def test_parse__what_topic_built__gives_its_parts():
    for kind in topics.KINDS:
        for name in NAMES:
            assert topics.parse(topics.topic("demo", name, kind)) == ("demo", name, kind)


def test_topic__bad_name_or_kind__refused():
    for fleet, node, kind in (("demo", "A", "report"), ("+", "a", "report"), ("demo", "a", "x")):
        try:
            topics.topic(fleet, node, kind)
        except ValueError:
            continue
        raise AssertionError((fleet, node, kind))


def test_parse__foreign_topic__refused():
    for text in (
        "",
        "nodewright",
        "nodewright/demo/a",
        "nodewright/demo/a/report/x",
        "nodewright/demo/a/reports",
        "other/demo/a/report",
        "nodewright/demo/+/report",
        "nodewright//a/report",
        "/nodewright/demo/a/report",
    ):
        try:
            topics.parse(text)
        except ValueError:
            continue
        raise AssertionError(text)
