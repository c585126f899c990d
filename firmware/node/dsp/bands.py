"""What of the envelope's spectra is kept: bands, and how many bins of each are ever looked at.

Source: docs/decisions/0012-envelope.md, 0013-envelope-on-the-node.md.
"""

# (first bin, bins) at 4096 samples; both go with the samples.
BANDS = ((512, 1024), (1024, 1024), (256, 512), (768, 512), (1280, 512))
AMPLITUDE, SHAFT, LEVELS = 5, 6, 7  # slots behind those of the bands
SQUARE = len(BANDS)  # in LEVELS: the mean square of the samples, behind the bands' mean envelopes
ROOM = 0.05  # of the rate: 0.4 M/N of the narrowest band, where third harmonics must end
HARMONICS = 3


def bins_of_band(samples: int, slot: int) -> int:
    """Third harmonics, 3 % around them, and twelve bins beyond, as far as the band has them."""
    return min(BANDS[slot][1] * samples // 8192, int(1.03 * ROOM * samples) + 14)


def amplitude_bins(samples: int) -> int:
    """First harmonics and what is searched around them."""
    return min(samples // 16, int(1.01 * ROOM / HARMONICS * samples) + 3)


def bins_of_slots(samples: int) -> "tuple[int, ...]":
    """How many numbers each slot holds."""
    found = tuple([bins_of_band(samples, slot) for slot in range(len(BANDS))])
    return found + (amplitude_bins(samples), shaft_bins(samples), len(BANDS) + 1)


def shaft_bins(samples: int) -> int:
    """Ten harmonics of the shaft lie below an eighth of the record's bins."""
    return samples // 8
