"""The catalogue of features: id, key, unit, range, resolution, definition.

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

# id, key, unit, least, most, resolution, definition
FEATURES = (
    (1, "acc_rms_g", "g", 0.0, 400.0, 1e-5, "sqrt(mean((x - m)^2))"),
    (2, "acc_peak_g", "g", 0.0, 800.0, 1e-5, "max |x - m|"),
    (3, "acc_p2p_g", "g", 0.0, 800.0, 1e-5, "max x - min x"),
    (4, "mean_g", "g", -400.0, 400.0, 1e-5, "m"),
    (5, "crest", "1", 1.0, 1000.0, 1e-3, "acc_peak_g / acc_rms_g; withheld where the RMS is 0"),
    (6, "kurtosis", "1", 1.0, 5000.0, 1e-3, "m4 / m2^2 (normal: 3); withheld where m2 is 0"),
    (7, "skewness", "1", -70.0, 70.0, 1e-3, "m3 / m2^1.5; withheld where m2 is 0"),
    (
        8,
        "vel_rms_mm_s",
        "mm/s",
        0.0,
        1e5,
        1e-3,
        "9806.65 sqrt(sum P_k / (2 pi f_k)^2), k = max(2, rnd(10 N/fs) - 1) ... "
        "min(N/2 - 1, rnd(F N/fs) + 1), F = min(1000 Hz, the sensor's -3 dB, 0.4 fs)",
    ),
    (9, "disp_rms_um", "um", 0.0, 1e7, 1e-2, "9.80665e6 sqrt(sum P_k / (2 pi f_k)^4), same k"),
    (10, "disp_p2p_um", "um", 0.0, 3e7, 1e-2, "2 sqrt(2) disp_rms_um (derived)"),
    (11, "hf_rms_g", "g", 0.0, 400.0, 1e-5, "sqrt(sum P_k), rnd(1000 Hz N/fs) <= k < N/2"),
    (12, "band1_g", "g", 0.0, 400.0, 1e-5, _BAND),
    (13, "band2_g", "g", 0.0, 400.0, 1e-5, _BAND),
    (14, "band3_g", "g", 0.0, 400.0, 1e-5, _BAND),
    (15, "band4_g", "g", 0.0, 400.0, 1e-5, _BAND),
    (16, "line1_hz", "Hz", 0.0, 5e4, 1e-3, _LINE + "(k + s d) fs/N"),
    (17, "line1_g", "g", 0.0, 800.0, 1e-5, _LINE + "A_k pi d (1 - d^2) / sin(pi d)"),
    (18, "line2_hz", "Hz", 0.0, 5e4, 1e-3, _LINE + "(k + s d) fs/N"),
    (19, "line2_g", "g", 0.0, 800.0, 1e-5, _LINE + "A_k pi d (1 - d^2) / sin(pi d)"),
    (20, "line3_hz", "Hz", 0.0, 5e4, 1e-3, _LINE + "(k + s d) fs/N"),
    (21, "line3_g", "g", 0.0, 800.0, 1e-5, _LINE + "A_k pi d (1 - d^2) / sin(pi d)"),
    (22, "line4_hz", "Hz", 0.0, 5e4, 1e-3, _LINE + "(k + s d) fs/N"),
    (23, "line4_g", "g", 0.0, 800.0, 1e-5, _LINE + "A_k pi d (1 - d^2) / sin(pi d)"),
    (24, "line5_hz", "Hz", 0.0, 5e4, 1e-3, _LINE + "(k + s d) fs/N"),
    (25, "line5_g", "g", 0.0, 800.0, 1e-5, _LINE + "A_k pi d (1 - d^2) / sin(pi d)"),
    (26, "shaft_hz", "Hz", 0.0, 1000.0, 1e-3, "fn, given or estimated"),
    (27, "shaft_confidence", "1", 0.0, 1.0, 1e-2, "1 where fn is given, else the estimate's"),
    (28, "order1_mm_s", "mm/s", 0.0, 1e5, 1e-3, "n = 1: " + _ORDER),
    (29, "order2_mm_s", "mm/s", 0.0, 1e5, 1e-3, "n = 2: " + _ORDER),
    (30, "order3_mm_s", "mm/s", 0.0, 1e5, 1e-3, "n = 3: " + _ORDER),
    (31, "zone", "1", 0.0, 3.0, 1.0, "ISO 20816-3 zone of vel_rms_mm_s: 0 A, 1 B, 2 C, 3 D"),
    (32, "temp_c", "degC", -55.0, 150.0, 1e-2, "what the thermometer says; of no record"),
    (33, "env_bpfo_g", "g", 0.0, 800.0, 1e-5, "outer race: " + _ENV_G),
    (34, "env_bpfo_snr", "1", 0.0, 1e6, 1e-3, "outer race: " + _ENV_SNR),
    (35, "env_bpfi_g", "g", 0.0, 800.0, 1e-5, "inner race: " + _ENV_G),
    (36, "env_bpfi_snr", "1", 0.0, 1e6, 1e-3, "inner race: " + _ENV_SNR),
    (37, "env_bsf_g", "g", 0.0, 800.0, 1e-5, "ball: " + _ENV_G),
    (38, "env_bsf_snr", "1", 0.0, 1e6, 1e-3, "ball: " + _ENV_SNR),
    (39, "env_ftf_g", "g", 0.0, 800.0, 1e-5, "cage: " + _ENV_G),
    (40, "env_ftf_snr", "1", 0.0, 1e6, 1e-3, "cage: " + _ENV_SNR),
    (
        41,
        "bearing_fault",
        "1",
        0.0,
        2.0,
        1.0,
        "0 none, 1 outer race, 2 inner race: the one of the greater S, if that is over the "
        "threshold, 0.5 + 0.4/sqrt(K) or what was learned at this point",
    ),
    (
        42,
        "cur_rms_a",
        "A",
        0.0,
        1e5,
        1e-4,
        "sqrt(max(0, sum w (x - c)^2 / sum w - noise^2)), the noise that of the settings",
    ),
    (43, "cur_peak_a", "A", 0.0, 1e6, 1e-4, "max |x - c|"),
    (44, "cur_crest", "1", 1.0, 1000.0, 1e-3, "cur_peak_a / cur_rms_a"),
    (
        45,
        "cur_freq_hz",
        "Hz",
        40.0,
        70.0,
        1e-3,
        "f: greatest bin in 40 ... 70 Hz, then three times f += arg(b a* e^(-j 2 pi f L/fs)) "
        "fs/(2 pi L), a, b the Hann-weighted sums at f of both halves, L = N/2",
    ),
    (46, "cur_fund_a", "A", 0.0, 1e5, 1e-4, "RMS of the fundamental, sqrt(2) a_1 / sum w^2"),
    (47, "cur_thd_pct", "%", 0.0, 1e4, 1e-2, "100 sqrt(sum a_h^2, h = 2 ... H) / a_1"),
    (
        48,
        "cur_unbalance_pct",
        "%",
        0.0,
        200.0,
        1e-2,
        "100 max |I_k - mean I| / mean I, of three cur_rms_a (NEMA)",
    ),
    (49, "cur_thd_order", "1", 1.0, 15.0, 1.0, "H: 15, or the last below 0.45 fs"),
    (
        50,
        "cur_thd_floor_pct",
        "%",
        0.0,
        1e4,
        1e-3,
        "what noise and jitter alone read as THD: 100 s sqrt((H - 1) sum w^4) / a_1, s^2 = the "
        "noise^2 (half a digit's at least, 1/12) + (2 pi f cur_fund_a jitter)^2; 0.02 at least",
    ),
    (51, "cur_noise_a", "A", 0.0, 1e4, 1e-5, "the noise RMS that was subtracted: of the settings"),
    (
        52,
        "cur_neg_seq_pct",
        "%",
        0.0,
        100.0,
        1e-2,
        "100 x the lesser of |I_a + q I_b + q^2 I_c| and |I_a + q^2 I_b + q I_c| over the "
        "greater, q = e^(j 2 pi/3), fundamentals at one instant",
    ),
    (53, "cur_phase_order", "1", -1.0, 1.0, 1.0, "1: a before b before c, -1: the other way"),
    (54, "cur_volt_v", "V", 0.0, 1e5, 1e-3, "RMS of the phase's voltage, as cur_rms_a"),
    (
        55,
        "cur_power_w",
        "W",
        -1e9,
        1e9,
        1e-2,
        "sum w (v - c_v)(x - c) / sum w, moved to one instant by the phases of V_h and I_h",
    ),
    (56, "cur_apparent_va", "VA", 0.0, 1e9, 1e-2, "cur_volt_v cur_rms_a"),
    (57, "cur_power_factor", "1", -1.0, 1.0, 1e-4, "cur_power_w / cur_apparent_va"),
    (58, "cur_inrush_a", "A", 0.0, 1e6, 1e-3, "max |x - c| from the switch-on on, c of the end"),
    (
        59,
        "cur_inrush_ms",
        "ms",
        0.0,
        1e6,
        1e-1,
        "from the first |x - c| of a tenth of cur_inrush_a to the end of the last cycle whose RMS "
        "is 1.1 times that of the last three or more; 0 where no cycle's is",
    ),
    (60, "cur_running", "1", 0.0, 1.0, 1.0, "1: the motor runs, by its current with hysteresis"),
    (61, "cur_starts", "1", 0.0, 1e9, 1.0, "starts seen, kept over resets"),
    (62, "cur_run_h", "h", 0.0, 1e6, 1e-2, "hours run, kept over resets"),
    (63, "cur_load_pct", "%", 0.0, 1e4, 1e-1, "100 x mean RMS while it ran / the rated current"),
    (
        64,
        "cur_slip_pct",
        "%",
        0.0,
        100.0,
        1e-2,
        "100 (1 - p cur_shaft_hz / f), p pole pairs (an estimate)",
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
    ),
    (66, "cur_dc_a", "A", -1e5, 1e5, 1e-4, "m: of a DC supply"),
    (67, "cur_dc_v", "V", -1e5, 1e5, 1e-3, "m of its voltage"),
    (68, "cur_dc_w", "W", -1e9, 1e9, 1e-2, "cur_dc_a cur_dc_v"),
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
)

KEYS = tuple(row[1] for row in FEATURES)

_OF_VALUES = ("temp_c",)
_OF_BEARINGS = ("env_", "bearing_")  # how the keys begin that need the orders of a bearing
VALUE_KEYS = tuple(key for key in KEYS if key in _OF_VALUES)  # of process values
CURRENT_KEYS = tuple(key for key in KEYS if key.startswith("cur_"))  # of clamps
WAVEFORM_KEYS = tuple(key for key in KEYS if key not in VALUE_KEYS + CURRENT_KEYS)
BEARING_KEYS = tuple(key for key in KEYS if key.startswith(_OF_BEARINGS))


def row(key: str) -> "tuple[int, str, str, float, float, float, str]":
    """The row of one feature.  Raises ValueError for an unknown key."""
    for entry in FEATURES:
        if entry[1] == key:
            return entry
    raise ValueError("%r is not a feature: one of %s" % (key, ", ".join(KEYS)))
