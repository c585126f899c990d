import sys

from node import modules


def test_forget__module_of_a_package__is_loaded_anew_when_it_is_wanted():
    from wire import iso20816 as before

    modules.forget("wire.iso20816")
    import wire

    assert "wire.iso20816" not in sys.modules and not hasattr(wire, "iso20816")
    from wire import iso20816 as after

    assert after is not before and after.limits(2, "rigid") == before.limits(2, "rigid")


def test_forget__module_that_was_never_loaded__nothing():
    before = len(sys.modules)
    modules.forget("wire.no_such_module", "no_such_package.module")
    assert len(sys.modules) == before
