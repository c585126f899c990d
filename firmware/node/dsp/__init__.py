"""The kernels behind the features: two backends, one interface.

A backend is a module with NAME and a class `Kernels(samples, wide=False)`, which owns all work
space; with LENT it takes `data`, too, an array('h') of 2 * samples to work in. Its methods, in the
order of use; digits are the sensor's:

    load(block)                  takes a block and sets mean, least, most, peak = max |x - mean|
    moments()                    sets m2, m3, m4: population moments about the mean, digits**n
    transform()                  makes the spectrum; the samples are gone after it
    power(k)                     A_k**2 in digits**2, A_k = 2 |X_k| / sum w, X = FFT(w (x - mean))
    power_sum(low, high)         the sum of A_k**2 over low <= k < high
    integrals(low, high)         those of A_k**2 / k**2 and of A_k**2 / k**4; low >= 1
    greatest(low, high)          the k of the greatest A_k in low <= k < high
    lines(low, high, found, most)  fills found (array 'H') with the k of up to `most` strongest
                                 local maxima in low <= k < high, 4 bins apart or more; returns
                                 how many

The envelope has two likewise: `envelope(name)` gives a module with a class
`Spectra(samples, wide=False, band=0, axes=1, share=None, spent=None)`:

    begin()                      forgets all blocks
    add(block, axis)             adds the spectra of one block of one axis
    blocks, silent               of each axis: how many were added, whether one had no envelope
    keys(axis, slot, low, high)  sums over the blocks, low <= k < high, as numbers that compare
    power(slot, key)             the sum that one stands for, of powers; slots 0 to 4: |E_k|**2 of
                                 the bands' natural logarithms; AMPLITUDE: A_k**2 of the envelope
                                 of `band`, digits**2; SHAFT: |V_k|**2 of the samples under a Hann
                                 window; LEVELS: at SQUARE the mean square of the samples,
                                 digits**2, before it each band's mean envelope, digits
    bins                         of each slot: 2 <= k < bins[slot]

Currents have `currents(name)`, a module with a class `Sums(samples, channels)`; digits, c a
channel's mean and w the Hann window, all sums over w about c:

    weigh(channel, block)        takes a channel's block and sets its mean[channel] = c,
                                 square[channel], the mean square, and peak[channel], the greatest
                                 |x - c|; False, and nothing else may follow, where all are equal
    cross(a, block_a, b, block_b)  the mean product of two channels
    crossings(channel, block)    how often the samples cross c, with a hysteresis of half the RMS
    line(channel, block, rate_hz, near=0.0)  looks for the line in 40 to 70 Hz, first where `near`
                                 says that another channel's is; False if there is none, else sets
                                 turns, its frequency over the rate, halves, the lesser half's
                                 amplitude over the greater's, and sweep, the radians by which the
                                 phase of three overlapping halves leaves a line
    tone(place)                  the amplitude at a place in bins of the channel that line() was
                                 asked for last, below 400 Hz, in a unit of its own
    harmonics(channel, block, turns, most, out)  out[2h], out[2h + 1] (array 'f'): real and
                                 imaginary part of the sum over w**2 at h turns, h = 1 to most,
                                 of the channel that was weighed last, or it is weighed again

Which is faster is a matter of the board: `viper` needs no floating point unit and no special
image, `ulab` needs an image with ulab in it.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from types import ModuleType

    Samples = array[int]

BACKENDS = ("viper", "ulab")


def check_length(samples: int) -> None:
    """Raises ValueError for a record length that the transform cannot do."""
    if not isinstance(samples, int) or not 64 <= samples <= 4096 or samples & (samples - 1):
        raise ValueError("samples: %r is none of 64, 128, 256, 512, 1024, 2048, 4096" % (samples,))


def check_envelope(samples: int, band: int, axes: int) -> None:
    """Raises ValueError for an envelope that there is not."""
    check_length(samples)
    if samples < 256:
        raise ValueError("samples: %d; an envelope takes 256 or more" % samples)
    if not 0 <= band <= 4:
        raise ValueError("band: %r is none of 0 to 4" % (band,))
    if not 1 <= axes <= 3:
        raise ValueError("axes: %r is none of 1 to 3" % (axes,))


def envelope(name: str) -> "ModuleType":
    """The module of the envelope's spectra in one backend.  Raises ValueError as backend()."""
    backend(name)
    if name == "viper":
        from node.dsp import viper_envelope

        return viper_envelope
    from node.dsp import ulab_envelope

    return ulab_envelope


def check_currents(samples: int, channels: int) -> None:
    """Raises ValueError for sums that there are not."""
    check_length(samples)
    if not 1 <= channels <= 6:
        raise ValueError("channels: %r is none of 1 to 6" % (channels,))


def currents(name: str) -> "ModuleType":
    """The module of the sums of currents in one backend.  Raises ValueError as backend()."""
    backend(name)
    if name == "viper":
        from node.dsp import viper_current

        return viper_current
    from node.dsp import ulab_current

    return ulab_current


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
