"""Orders of a rolling bearing's faults: by geometry, by name, or as given, checked.

An order is a frequency in multiples of the shaft speed, for a bearing whose outer ring stands
still: `bpfo` and `bpfi` tell how often a rolling element passes a point of the outer and of the
inner race in a turn, `bsf` how often it turns about itself (it hits a race twice in that), `ftf`
is the cage's turns.  Rolling without slip; real bearings slip by up to 1 or 2 %.
Source of the formulas: R. B. Randall and J. Antoni, Rolling element bearing diagnostics: a
tutorial, Mech. Syst. Signal Process. 25 (2011), section 2.
"""

import math

ORDERS = ("bpfo", "bpfi", "bsf", "ftf")
RACES = ("bpfo", "bpfi")  # those that a verdict is given of

# name, rolling elements, their diameter d, pitch diameter D (mm; only d/D counts), contact angle
# in degrees, where the figures are published.  Makers differ in number and size of the balls
# behind one name: for another make of the same bearing ask its maker.
TABLE = (
    ("6203", 8, 6.746, 28.499, 0.0, "SKF 6203-2RS JEM, fan end of CWRU's bearing data center"),
    ("6205", 9, 7.940, 39.040, 0.0, "SKF 6205-2RS JEM, drive end of CWRU's bearing data center"),
    ("UER204", 8, 7.920, 34.550, 0.0, "LDK UER204, XJTU-SY bearing datasets"),
    ("ER-10K", 8, 7.9375, 33.503, 0.0, "MB ER-10K; orders confirmed on ADI's CbM-Datasets"),
    ("NICE", 8, 5.969, 31.623, 0.0, "NICE bearing of the MFPT fault data sets"),
    ("ZA-2115", 16, 8.407, 71.501, 15.17, "Rexnord ZA-2115, IMS bearing data set (NASA)"),
)
_SUFFIXES = ("-2RS", "-2Z", "-2RSH", "-RS", "-Z", "2RS", "ZZ")  # seals change no geometry

# order, at least, at most; most of all: node/envelope.py
_RANGES = (
    ("bpfo", 1.0, 50.0),
    ("bpfi", 1.5, 50.0),
    ("bsf", 0.5, 20.0),
    ("ftf", 0.2, 0.5),
)
_LEAST_ELEMENTS, _MOST_ELEMENTS, _MOST_ANGLE_DEG = 3, 100, 80.0
_WHOLE = 0.15  # bpfo + bpfi is the number of rolling elements; catalogues round both


def from_geometry(n: int, d: float, pitch: float, angle: float = 0.0) -> "dict[str, float]":
    """The four orders of n rolling elements of diameter d on a circle of diameter D, `pitch`.

    d, pitch: in one unit; angle: of contact, in degrees.  Raises ValueError naming n, d, D or
    angle for what cannot be built, or the order that nothing measures.
    """
    for key, value in (("n", n), ("d", d), ("D", pitch), ("angle", angle)):
        if not _number(value):
            raise ValueError("%s %r cannot be: a number is needed" % (key, value))
    if n != int(n) or not _LEAST_ELEMENTS <= n <= _MOST_ELEMENTS:
        raise ValueError(
            "n %r cannot be: a whole number of rolling elements from %d to %d"
            % (n, _LEAST_ELEMENTS, _MOST_ELEMENTS)
        )
    if d <= 0.0:
        raise ValueError("d %r cannot be: the diameter of a rolling element is above 0" % d)
    if pitch <= d:
        raise ValueError("D %r cannot be: the pitch diameter is above d, %r" % (pitch, d))
    most = pitch * math.sin(math.pi / n)
    if d > most:
        raise ValueError(
            "d %r cannot be: on a pitch circle of %r, %d rolling elements are at most %.4g thick"
            % (d, pitch, n, most)
        )
    if not 0.0 <= angle <= _MOST_ANGLE_DEG:
        raise ValueError("angle %r cannot be: 0 to %g degrees" % (angle, _MOST_ANGLE_DEG))
    share = d / pitch * math.cos(math.radians(angle))
    orders = {
        "bpfo": 0.5 * n * (1.0 - share),
        "bpfi": 0.5 * n * (1.0 + share),
        "bsf": 0.5 * pitch / d * (1.0 - share * share),
        "ftf": 0.5 * (1.0 - share),
    }
    check(orders)
    return orders


def named(name: str) -> "dict[str, float]":
    """The four orders of a bearing of the table, whatever its seals; raises ValueError."""
    _, n, d, pitch, angle, _ = row_of(name)
    return from_geometry(n, d, pitch, angle)


def row_of(name: str) -> "tuple[str, int, float, float, float, str]":
    """Name, n, d and D in mm, angle in degrees, source of a bearing.  Raises ValueError."""
    wanted = name.strip().upper()
    for row in TABLE:
        if wanted == row[0].upper() or wanted in [row[0].upper() + end for end in _SUFFIXES]:
            return row
    known = ", ".join([row[0] for row in TABLE])
    raise ValueError(
        "bearing %r is not known: %s; or give its geometry, n=9,d=7.94,D=39.04,angle=0"
        % (name, known)
    )


def check(orders: "dict[str, float]") -> None:
    """Whether such orders can be those of one bearing; each of the four may be missing.

    Raises ValueError naming key, value and what is allowed.
    """
    for key in orders:
        if key not in ORDERS:
            raise ValueError("order %r is not known: one of %s" % (key, ", ".join(ORDERS)))
    for key, least, most in _RANGES:
        value = orders.get(key)
        if value is not None and not (_number(value) and least <= value <= most):
            raise ValueError(
                "%s %r cannot be: %g to %g, in multiples of the shaft speed"
                % (key, value, least, most)
            )
    outer, inner = orders.get("bpfo"), orders.get("bpfi")
    if outer is None or inner is None:
        return
    if not inner > outer:
        raise ValueError("bpfi %r cannot be: it is above bpfo, %r" % (inner, outer))
    if abs(outer + inner - math.floor(outer + inner + 0.5)) > _WHOLE:
        raise ValueError(
            "bpfi %r cannot be: with bpfo %r it makes %.4g rolling elements, no whole number"
            % (inner, outer, outer + inner)
        )


def _number(value: "object") -> bool:
    """Whether it is a finite number, and no truth value."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return value == value and abs(value) < 1e30
