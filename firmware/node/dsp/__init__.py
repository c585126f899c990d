"""The kernels behind the features: two backends, one interface.

A backend is a module with a class `Kernels(samples, wide=False)`, which owns all work space:

    load(block)         takes a block; sets `mean` `least` `most` (digits, floats) and `peak`
    moments()           sets `m2` `m3` `m4`: population moments about the mean, digits**2, 3, 4

Which is faster is a matter of the board: `viper` needs no floating point unit and no special
image, `ulab` needs an image with ulab in it.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType

BACKENDS = ("viper", "ulab")


def backend(name: str) -> "ModuleType":
    """The module of one backend.  Raises ValueError for an unknown one, or where it cannot run."""
    if name == "viper":
        from node.dsp import viper_backend

        return viper_backend
    if name == "ulab":
        try:
            from node.dsp import ulab_backend
        except ImportError:
            raise ValueError("dsp.backend: 'ulab' needs an image with ulab in it; use 'viper'")
        return ulab_backend
    raise ValueError("dsp.backend: %r is none of %s" % (name, ", ".join(BACKENDS)))
