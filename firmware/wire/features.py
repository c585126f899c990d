"""The catalogue of features: id, key, unit, range, resolution, definition, source, version.

Ids are never reused, rows never change their meaning: a changed definition gets a new
`wire.DEFINITIONS` version.
In the definitions: x the N samples of one channel in g at the measured rate fs, m their mean,
m2, m3, m4 their population moments, w[n] = 0.5 - 0.5 cos(2 pi n / N), X = FFT(w (x - m)),
A_k = 2 |X_k| / sum w, P_k = 2 |X_k|^2 / (N sum w^2), f_k = k fs / N, rnd(a) = floor(a + 1/2),
fn the shaft speed in Hz.  When a value counts: wire/validity.py.
Of currents (cur_*) x are the samples in A (v: in V), T = N/fs, c = sum w x / sum w, f the line's
frequency; a_h, I_h, V_h: sums over w^2 at h f, docs/decisions/0017-current.md.
"""

_BAND = "sqrt(sum P_k), rnd(lo N/fs) <= k < rnd(hi N/fs), the band of the settings"
_LINE = "local maxima of A_k, 3 <= k <= N/2 - 3, 4 bins apart or more, by A_k, f N/fs >= 4: "
_ENV_G = (
    "A_k of e in the first band, or that of the settings, RMS of the K blocks, the greatest "
    "within max(0.6, 1 %) bins of the fault's frequency; e = (2M/N) |IFFT_M of FFT(x - m)|"
)
_ENV_SNR = (
    "exp S, S = mean over five bands and three harmonics of ln(greatest line / median around it) "
    "in the spectrum of ln max(e, mean(e)/64), RMS of the K blocks (docs/decisions/0012)"
)
_ORDER = "greatest A_k within max(1.5 bins, 1 %) of n fn, as a line, x 9806.65/sqrt(2)/(2 pi f)"

# What a row's source stands for.
SOURCES = {
    "terms": "ISO 2041:2018, Mechanical vibration, shock and condition monitoring, Vocabulary.",
    "moments": "NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.5.11; for bearings: D. Dyer, "
    "R. M. Stewart, J. Mech. Design 100 (1978), 229-235.",
    "severity": "ISO 20816-1:2016 and ISO 2954:2012 (velocity RMS, 10 to 1000 Hz), of `spectrum` "
    "by a / (2 pi f); 1 g = 9.80665 m/s^2: 3rd CGPM (1901).",
    "spectrum": "G. Heinzel, A. Ruediger, R. Schilling, Spectrum and spectral density estimation "
    "by the DFT, Max-Planck-Institut fuer Gravitationsphysik, 2002; its window: F. J. Harris, "
    "Proc. IEEE 66 (1978), 51-83.",
    "line": "T. Grandke, Interpolation algorithms for discrete Fourier transforms of weighted "
    "signals, IEEE Trans. Instrum. Meas. 32 (1983), 350-355.",
    "speed": "Of this project: firmware/node/speed.py.",
    "zone": "ISO 10816-3:2009, tables A.1 and A.2, as in firmware/wire/iso20816.py.",
    "sheet": "The thermometer's data sheet, cited in its driver.",
    "envelope": "R. B. Randall, J. Antoni, Rolling element bearing diagnostics: a tutorial, Mech. "
    "Syst. Signal Process. 25 (2011), 485-520; to the letter: docs/decisions/0012-envelope.md.",
    "current": "Of this project: docs/decisions/0017-current.md.",
    "harmonics": "IEC 61000-4-7 (THD of the fundamental), by docs/decisions/0017-current.md.",
    "unbalance": "NEMA MG 1, 14.36, of currents in place of voltages.",
    "sequence": "C. L. Fortescue, Trans. AIEE 37 (1918), 1027-1140.",
    "turns": "Of this project: docs/decisions/0030-current-hints.md; of the supply: NEMA MG 1, "
    "14.36.",
    "power": "IEEE Std 1459-2010.",
    "slip": "Of this project: docs/decisions/0017-current.md.",
}

# Withheld because there is no such value: key (a trailing * stands for any ending), reason, where.
UNDEFINED = (
    ("crest", "silent", "the RMS is 0"),
    ("kurtosis", "silent", "m2 is 0"),
    ("skewness", "silent", "m2 is 0"),
    ("vel_rms_mm_s", "bandwidth", "no bin from 10 Hz to F"),
    ("disp_*", "bandwidth", "no bin from 10 Hz to F"),
    ("zone", "no_machine", "group and support are not given"),
    ("zone", "bandwidth", "no bin from 10 Hz to F"),
    ("hf_rms_g", "above_nyquist", "fs/2 is 1000 Hz or less"),
    ("band*", "above_nyquist", "hi is over fs/2"),
    ("band*", "too_short", "no bin from lo to hi"),
    ("line*", "silent", "all samples are equal"),
    ("line*", "no_line", "there are fewer maxima"),
    ("shaft_hz", "no_speed", "it is not given, and no line fits into the range"),
    ("order*", "no_speed", "fn is not known"),
    ("order*", "above_nyquist", "its range ends above bin N/2 - 3"),
    ("order*", "too_short", "its range begins below bin 3, or f N/fs < 4"),
    ("env_*", "no_speed", "fn is not known"),
    ("env_*", "no_bearing", "its orders are not given"),
    ("env_*", "silent", "a block has no envelope"),
    ("bearing_fault", "no_speed", "fn is not known"),
    ("bearing_fault", "no_bearing", "the orders are not given"),
    ("bearing_fault", "silent", "a block has no envelope"),
    ("cur_crest", "silent", "cur_rms_a is 0"),
    ("cur_unbalance_pct", "no_phases", "fewer than three currents"),
    ("cur_unbalance_pct", "silent", "no current flows"),
    ("cur_neg_seq_pct", "no_phases", "fewer than three currents"),
    ("cur_neg_seq_pct", "not_together", "channels are not sampled together"),
    ("cur_phase_order", "no_phases", "fewer than three currents"),
    ("cur_phase_order", "not_together", "channels are not sampled together"),
    ("cur_volt_v", "no_voltage", "this phase has none"),
    ("cur_power*", "no_voltage", "this phase has none"),
    ("cur_power*", "not_together", "channels are not sampled together"),
    ("cur_apparent_va", "no_voltage", "this phase has none"),
    ("cur_inrush_*", "no_start", "no switch-on in the record"),
    ("cur_running", "not_seen", "no good record yet"),
    ("cur_load_pct", "no_motor", "the rated current is not given"),
    ("cur_load_pct", "standing", "it has not run yet"),
    ("cur_turns_hint", "standing", "the motor does not run"),
    ("cur_turns_hint", "not_seen", "no good record yet"),
    ("cur_turns_hint", "supply", "ten times the voltages' negative sequence explains it"),
    ("cur_slip_pct", "no_motor", "pole pairs are not given"),
    ("cur_shaft_hz", "no_motor", "pole pairs are not given"),
)

# id, key, unit, least, most, resolution, definition, source, version of the definitions since
# which it is defined so; when a value counts: wire/validity.py, and UNDEFINED
FEATURES = (
    (1, "acc_rms_g", "g", 0.0, 400.0, 1e-5, "sqrt(mean((x - m)^2))", "terms", 1),
    (2, "acc_peak_g", "g", 0.0, 800.0, 1e-5, "max |x - m|", "terms", 1),
    (3, "acc_p2p_g", "g", 0.0, 800.0, 1e-5, "max x - min x", "terms", 1),
    (4, "mean_g", "g", -400.0, 400.0, 1e-5, "m", "terms", 1),
    (
        5,
        "crest",
        "1",
        1.0,
        1000.0,
        1e-3,
        "acc_peak_g / acc_rms_g; withheld where the RMS is 0",
        "terms",
        1,
    ),
    (
        6,
        "kurtosis",
        "1",
        1.0,
        5000.0,
        1e-3,
        "m4 / m2^2 (normal: 3); withheld where m2 is 0",
        "moments",
        1,
    ),
    (7, "skewness", "1", -70.0, 70.0, 1e-3, "m3 / m2^1.5; withheld where m2 is 0", "moments", 1),
    (
        8,
        "vel_rms_mm_s",
        "mm/s",
        0.0,
        1e5,
        1e-3,
        "9806.65 sqrt(sum P_k / (2 pi f_k)^2), k = max(2, rnd(10 N/fs) - 1) ... "
        "min(N/2 - 1, rnd(F N/fs) + 1), F = min(1000 Hz, the sensor's -3 dB, 0.4 fs)",
        "severity",
        1,
    ),
    (
        9,
        "disp_rms_um",
        "um",
        0.0,
        1e7,
        1e-2,
        "9.80665e6 sqrt(sum P_k / (2 pi f_k)^4), same k",
        "severity",
        1,
    ),
    (10, "disp_p2p_um", "um", 0.0, 3e7, 1e-2, "2 sqrt(2) disp_rms_um (derived)", "severity", 1),
    (
        11,
        "hf_rms_g",
        "g",
        0.0,
        400.0,
        1e-5,
        "sqrt(sum P_k), rnd(1000 Hz N/fs) <= k < N/2",
        "spectrum",
        1,
    ),
    (12, "band1_g", "g", 0.0, 400.0, 1e-5, _BAND, "spectrum", 1),
    (13, "band2_g", "g", 0.0, 400.0, 1e-5, _BAND, "spectrum", 1),
    (14, "band3_g", "g", 0.0, 400.0, 1e-5, _BAND, "spectrum", 1),
    (15, "band4_g", "g", 0.0, 400.0, 1e-5, _BAND, "spectrum", 1),
    (16, "line1_hz", "Hz", 0.0, 5e4, 1e-3, _LINE + "(k + s d) fs/N", "line", 1),
    (17, "line1_g", "g", 0.0, 800.0, 1e-5, _LINE + "A_k pi d (1 - d^2) / sin(pi d)", "line", 1),
    (18, "line2_hz", "Hz", 0.0, 5e4, 1e-3, _LINE + "(k + s d) fs/N", "line", 1),
    (19, "line2_g", "g", 0.0, 800.0, 1e-5, _LINE + "A_k pi d (1 - d^2) / sin(pi d)", "line", 1),
    (20, "line3_hz", "Hz", 0.0, 5e4, 1e-3, _LINE + "(k + s d) fs/N", "line", 1),
    (21, "line3_g", "g", 0.0, 800.0, 1e-5, _LINE + "A_k pi d (1 - d^2) / sin(pi d)", "line", 1),
    (22, "line4_hz", "Hz", 0.0, 5e4, 1e-3, _LINE + "(k + s d) fs/N", "line", 1),
    (23, "line4_g", "g", 0.0, 800.0, 1e-5, _LINE + "A_k pi d (1 - d^2) / sin(pi d)", "line", 1),
    (24, "line5_hz", "Hz", 0.0, 5e4, 1e-3, _LINE + "(k + s d) fs/N", "line", 1),
    (25, "line5_g", "g", 0.0, 800.0, 1e-5, _LINE + "A_k pi d (1 - d^2) / sin(pi d)", "line", 1),
    (26, "shaft_hz", "Hz", 0.0, 1000.0, 1e-3, "fn, given or estimated", "speed", 1),
    (
        27,
        "shaft_confidence",
        "1",
        0.0,
        1.0,
        1e-2,
        "1 where fn is given, else the estimate's",
        "speed",
        1,
    ),
    (28, "order1_mm_s", "mm/s", 0.0, 1e5, 1e-3, "n = 1: " + _ORDER, "line", 1),
    (29, "order2_mm_s", "mm/s", 0.0, 1e5, 1e-3, "n = 2: " + _ORDER, "line", 1),
    (30, "order3_mm_s", "mm/s", 0.0, 1e5, 1e-3, "n = 3: " + _ORDER, "line", 1),
    (
        31,
        "zone",
        "1",
        0.0,
        3.0,
        1.0,
        "ISO 20816-3 zone of vel_rms_mm_s: 0 A, 1 B, 2 C, 3 D",
        "zone",
        1,
    ),
    (
        32,
        "temp_c",
        "degC",
        -55.0,
        150.0,
        1e-2,
        "what the thermometer says; of no record",
        "sheet",
        1,
    ),
    (33, "env_bpfo_g", "g", 0.0, 800.0, 1e-5, "outer race: " + _ENV_G, "envelope", 1),
    (34, "env_bpfo_snr", "1", 0.0, 1e6, 1e-3, "outer race: " + _ENV_SNR, "envelope", 1),
    (35, "env_bpfi_g", "g", 0.0, 800.0, 1e-5, "inner race: " + _ENV_G, "envelope", 1),
    (36, "env_bpfi_snr", "1", 0.0, 1e6, 1e-3, "inner race: " + _ENV_SNR, "envelope", 1),
    (37, "env_bsf_g", "g", 0.0, 800.0, 1e-5, "ball: " + _ENV_G, "envelope", 1),
    (38, "env_bsf_snr", "1", 0.0, 1e6, 1e-3, "ball: " + _ENV_SNR, "envelope", 1),
    (39, "env_ftf_g", "g", 0.0, 800.0, 1e-5, "cage: " + _ENV_G, "envelope", 1),
    (40, "env_ftf_snr", "1", 0.0, 1e6, 1e-3, "cage: " + _ENV_SNR, "envelope", 1),
    (
        41,
        "bearing_fault",
        "1",
        0.0,
        2.0,
        1.0,
        "0 none, 1 outer race, 2 inner race: the one of the greater S, if that is over the "
        "threshold, 0.5 + 0.4/sqrt(K) or what was learned at this point",
        "envelope",
        1,
    ),
    (
        42,
        "cur_rms_a",
        "A",
        0.0,
        1e5,
        1e-4,
        "sqrt(max(0, sum w (x - c)^2 / sum w - noise^2)), the noise that of the settings",
        "current",
        1,
    ),
    (43, "cur_peak_a", "A", 0.0, 1e6, 1e-4, "max |x - c|", "current", 1),
    (44, "cur_crest", "1", 1.0, 1000.0, 1e-3, "cur_peak_a / cur_rms_a", "current", 1),
    (
        45,
        "cur_freq_hz",
        "Hz",
        40.0,
        70.0,
        1e-3,
        "f: greatest bin in 40 ... 70 Hz, then three times f += arg(b a* e^(-j 2 pi f L/fs)) "
        "fs/(2 pi L), a, b the Hann-weighted sums at f of both halves, L = N/2",
        "current",
        1,
    ),
    (
        46,
        "cur_fund_a",
        "A",
        0.0,
        1e5,
        1e-4,
        "RMS of the fundamental, sqrt(2) a_1 / sum w^2",
        "current",
        1,
    ),
    (
        47,
        "cur_thd_pct",
        "%",
        0.0,
        1e4,
        1e-2,
        "100 sqrt(sum a_h^2, h = 2 ... H) / a_1",
        "harmonics",
        1,
    ),
    (
        48,
        "cur_unbalance_pct",
        "%",
        0.0,
        200.0,
        1e-2,
        "100 max |I_k - mean I| / mean I, of three cur_rms_a (NEMA)",
        "unbalance",
        1,
    ),
    (49, "cur_thd_order", "1", 1.0, 15.0, 1.0, "H: 15, or the last below 0.45 fs", "harmonics", 1),
    (
        50,
        "cur_thd_floor_pct",
        "%",
        0.0,
        1e4,
        1e-3,
        "what noise and jitter alone read as THD: 100 s sqrt((H - 1) sum w^4) / a_1, s^2 = the "
        "noise^2 (half a digit's at least, 1/12) + (2 pi f cur_fund_a jitter)^2; 0.02 at least",
        "current",
        1,
    ),
    (
        51,
        "cur_noise_a",
        "A",
        0.0,
        1e4,
        1e-5,
        "the noise RMS that was subtracted: of the settings",
        "current",
        1,
    ),
    (
        52,
        "cur_neg_seq_pct",
        "%",
        0.0,
        100.0,
        1e-2,
        "100 x the lesser of |I_a + q I_b + q^2 I_c| and |I_a + q^2 I_b + q I_c| over the "
        "greater, q = e^(j 2 pi/3), fundamentals at one instant",
        "sequence",
        1,
    ),
    (
        53,
        "cur_phase_order",
        "1",
        -1.0,
        1.0,
        1.0,
        "1: a before b before c, -1: the other way",
        "sequence",
        1,
    ),
    (
        54,
        "cur_volt_v",
        "V",
        0.0,
        1e5,
        1e-3,
        "RMS of the phase's voltage, as cur_rms_a",
        "current",
        1,
    ),
    (
        55,
        "cur_power_w",
        "W",
        -1e9,
        1e9,
        1e-2,
        "sum w (v - c_v)(x - c) / sum w, moved to one instant by the phases of V_h and I_h",
        "power",
        1,
    ),
    (56, "cur_apparent_va", "VA", 0.0, 1e9, 1e-2, "cur_volt_v cur_rms_a", "power", 1),
    (57, "cur_power_factor", "1", -1.0, 1.0, 1e-4, "cur_power_w / cur_apparent_va", "power", 1),
    (
        58,
        "cur_inrush_a",
        "A",
        0.0,
        1e6,
        1e-3,
        "max |x - c| from the switch-on on, c of the end",
        "current",
        1,
    ),
    (
        59,
        "cur_inrush_ms",
        "ms",
        0.0,
        1e6,
        1e-1,
        "from the first |x - c| of a tenth of cur_inrush_a to the end of the last cycle whose RMS "
        "is 1.1 times that of the last three or more; 0 where no cycle's is",
        "current",
        1,
    ),
    (
        60,
        "cur_running",
        "1",
        0.0,
        1.0,
        1.0,
        "1: the motor runs, by its current with hysteresis",
        "current",
        1,
    ),
    (61, "cur_starts", "1", 0.0, 1e9, 1.0, "starts seen, kept over resets", "current", 1),
    (62, "cur_run_h", "h", 0.0, 1e6, 1e-2, "hours run, kept over resets", "current", 1),
    (
        63,
        "cur_load_pct",
        "%",
        0.0,
        1e4,
        1e-1,
        "100 x mean RMS while it ran / the rated current",
        "current",
        1,
    ),
    (
        64,
        "cur_slip_pct",
        "%",
        0.0,
        100.0,
        1e-2,
        "100 (1 - p cur_shaft_hz / f), p pole pairs (an estimate)",
        "slip",
        1,
    ),
    (
        65,
        "cur_shaft_hz",
        "Hz",
        0.0,
        100.0,
        1e-3,
        "r of the greatest s(r) from 0.92 f/p to f/p, s^2 = the amplitudes' product at f - r "
        "and f + r (Hann); six times the median of s from 0.8 to 0.9 f/p at least (an estimate)",
        "slip",
        1,
    ),
    (66, "cur_dc_a", "A", -1e5, 1e5, 1e-4, "m: of a DC supply", "current", 1),
    (67, "cur_dc_v", "V", -1e5, 1e5, 1e-3, "m of its voltage", "current", 1),
    (68, "cur_dc_w", "W", -1e9, 1e9, 1e-2, "cur_dc_a cur_dc_v", "current", 1),
    (
        69,
        "cur_turns_hint",
        "1",
        0.0,
        1.0,
        1.0,
        "of a motor that runs, 1: cur_neg_seq_pct is over the settings' neg_seq, where voltages "
        "are wired by more than ten times their own; a hint at shorted turns, no proof",
        "turns",
        1,
    ),
)

# Why a value is withheld or marked.
REASONS = (
    "silent",
    "clipped",
    "overrun",
    "gap",
    "too_short",
    "short",
    "above_nyquist",
    "bandwidth",
    "no_line",
    "no_speed",
    "uncertain_speed",
    "slow_shaft",
    "no_machine",
    "rate",
    "stuck",
    "mounting",
    "noise",
    "no_bearing",
    "few_blocks",
    "near_shaft",
    "threshold_unproven",
    "speed_off",
    "speed_unproven",
    "below_floor",
    "unsteady",
    "no_voltage",
    "not_together",
    "no_phases",
    "clamp",
    "unbalanced",
    "no_motor",
    "no_start",
    "estimate",
    "standing",
    "not_seen",
    "bias",
    "clamp_off",
    "clamp_reversed",
    "phase_lost",
    "supply",
    "reference",
)

KEYS = tuple(row[1] for row in FEATURES)

_OF_VALUES = ("temp_c",)
_OF_BEARINGS = ("env_", "bearing_")  # how the keys begin that need the orders of a bearing
VALUE_KEYS = tuple(key for key in KEYS if key in _OF_VALUES)  # of process values
CURRENT_KEYS = tuple(key for key in KEYS if key.startswith("cur_"))  # of clamps
WAVEFORM_KEYS = tuple(key for key in KEYS if key not in VALUE_KEYS + CURRENT_KEYS)
BEARING_KEYS = tuple(key for key in KEYS if key.startswith(_OF_BEARINGS))


def row(key: str) -> "tuple[int, str, str, float, float, float, str, str, int]":
    """The row of one feature.  Raises ValueError for an unknown key."""
    for entry in FEATURES:
        if entry[1] == key:
            return entry
    raise ValueError("%r is not a feature: one of %s" % (key, ", ".join(KEYS)))


def undefined(key: str) -> "list[tuple[str, str]]":
    """(reason, where) of all that makes a feature none."""
    return [
        (reason, where)
        for pattern, reason, where in UNDEFINED
        if pattern == key or (pattern.endswith("*") and key.startswith(pattern[:-1]))
    ]
