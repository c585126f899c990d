"""Spectra of an envelope that a test writes down bin by bin; as in node/dsp/__init__.py."""

SAMPLES = 4096


class Given:
    """One axis; slots[i][k]: amplitudes, the roots of the means over so many blocks."""

    def __init__(self, level=1.0, blocks=1, shaft_bins=512):
        self.samples = SAMPLES
        self.bins = (224,) * 5 + (80, shaft_bins, 6)
        self.slots = [[float(level)] * bins for bins in self.bins]
        self.blocks, self.silent = [blocks], [False]

    def peaks(self, slots, bins, height):
        for slot in slots:
            for k in bins:
                self.slots[slot][k] = float(height)

    def levels(self, means, rms):
        """The bands' mean envelopes and the record's RMS, digits."""
        self.means = [float(x) for x in means] + [float(rms) * rms]

    def keys(self, axis, slot, low, high):
        assert axis == 0 and 0 <= low <= high <= self.bins[slot], (slot, low, high)
        if slot == 7:
            return [x * self.blocks[0] for x in self.means[low:high]]
        return [x * x * self.blocks[0] for x in self.slots[slot][low:high]]

    def power(self, slot, key):
        return key
