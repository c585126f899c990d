"""Places in a TOML text: of every key and value, whatever the text looks like."""

import tomllib
from typing import Any

import tomlkit
from hypothesis import given
from hypothesis import strategies as st

from nodewright.fleet.places import Place, Places

GOOD = """\
top = "x # no comment"   # a comment
[a."b c"]
one = [ 1, [2,
  3 ], { k = "v", l.m = 'w' } ] # end
long = \"\"\"
[no.header]
x = 1 \\\"""
\"\"\"\"
raw = '''
a = 'b'
'''
d.e = 1979-05-27 07:32:00
[[t]]
x = 1
[[t]]
x = 2
[t.u]
y = -1.5e3
"""


def test_places__of_a_text_with_everything__are_where_they_stand() -> None:
    assert tomllib.loads(GOOD)["t"][1]["u"]["y"] == -1500
    places = Places(GOOD)
    starts = {
        ("top",): '"x #',
        ("a", "b c", "one"): "[ 1",
        ("a", "b c", "one", 1, 1): "3 ]",
        ("a", "b c", "one", 2, "k"): '"v"',
        ("a", "b c", "one", 2, "l", "m"): "'w'",
        ("a", "b c", "long"): '"""',
        ("a", "b c", "raw"): "'''",
        ("a", "b c", "d", "e"): "1979",
        ("t", 0, "x"): "1\n",
        ("t", 1, "x"): "2\n",
        ("t", 1, "u", "y"): "-1.5e3",
    }
    for path, start in starts.items():
        assert GOOD[places.values[path] :].startswith(start), path
    assert GOOD[places.keys["t", 1, "u"] :].startswith("[t.u]")
    assert places.of(("a", "b c", "missing")) == places.of(("a", "b c"), key=True) == Place(2, 1)
    assert places.of(("nothing", "at", "all")) == Place(1, 1)
    assert places.doubles == []


def test_places__what_stands_twice__is_told_with_both_places() -> None:
    text = "[a]\nx = 1\nx = 2\n[b]\n[a]\n"
    places = Places(text)
    assert places.doubles == [
        (("a", "x"), text.index("x = 1"), text.index("x = 2")),
        (("a",), 0, text.rindex("[a]")),
    ]


def test_places__text_that_breaks_off__keeps_what_was_seen() -> None:
    for end in ("[", "[b", "x = ", "x = [1, ", 'x = "abc', "x = {a", "=", "\x00", "x.=1"):
        places = Places("[a]\nkey = 1\n" + end)
        assert places.of(("a", "key")) == Place(2, 7)


SCALARS = (
    st.integers(-(2**60), 2**60)
    | st.booleans()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
    | st.datetimes()
)
TREES = st.dictionaries(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
    st.recursive(
        SCALARS,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.text(st.characters(exclude_categories=["Cs"]), max_size=6), inner, max_size=3
            )
        ),
        max_leaves=8,
    ),
    max_size=4,
)


def paths(tree: Any, path: tuple[str | int, ...] = ()) -> list[tuple[tuple[str | int, ...], Any]]:
    """Every scalar of a tree with its path."""
    if isinstance(tree, dict):
        return [found for key in tree for found in paths(tree[key], (*path, key))]
    if isinstance(tree, list):
        return [found for i, item in enumerate(tree) for found in paths(item, (*path, i))]
    return [(path, tree)]


@given(TREES)
def test_places__any_tree__each_scalar_is_read_again_from_its_place(tree) -> None:
    text = tomlkit.dumps(tree)
    try:
        read = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return  # a text that another library wrote wrong says nothing of ours
    places = Places(text)
    assert places.doubles == []
    for path, value in paths(read):
        begin = places.values[path]
        written = text[begin:]
        if isinstance(value, str):
            assert written[0] in "\"'"
            continue
        end = min((written.find(char) for char in ",]}\n" if char in written), default=None)
        assert tomllib.loads("x = " + written[:end])["x"] == value


@given(st.text(max_size=60) | st.text("[]{}=.\"'#\n\\abc1, ", max_size=60))
def test_places__any_text__never_raises_and_ends(text) -> None:
    places = Places(text)
    for path in [*places.keys, *places.values]:
        place = places.of(path)
        assert 1 <= place.line <= text.count("\n") + 1
        assert place.column >= 1
