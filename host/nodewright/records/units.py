"""Units of values: those that are read, and the ones that the header of a text file states."""

import re

# What a unit's values are kept in, and by which factor.  9.80665 m/s² is the standard g.
UNITS = {
    "g": ("g", 1.0),
    "mg": ("g", 1e-3),
    "m/s2": ("g", 1 / 9.80665),
    "A": ("A", 1.0),
    "mA": ("A", 1e-3),
}

_M_S2 = re.compile(r"m[ ·.*]?(?:/s(?:ec)?(?:2|²|\^2|\*\*2|/s)|/\(s\^2\)|[ ·.]?s\^?(?:-2|⁻²))|mps2")
# Units that stand in headers of recorders and are of no acceleration and no current.
_FOREIGN = [
    "V",
    "mV",
    "µV",
    "uV",
    "counts",
    "count",
    "cnt",
    "cts",
    "LSB",
    "lsb",
    "digits",
    "digit",
    "raw",
    "adc",
    "mm/s",
    "m/s",
    "in/s",
    "ips",
    "mil",
    "um",
    "µm",
    "mm",
    "m",
    "°C",
    "degC",
    "C",
    "°F",
    "K",
    "bar",
    "mbar",
    "Pa",
    "kPa",
    "MPa",
    "psi",
    "%",
    "rpm",
    "RPM",
    "1/min",
    "Hz",
    "kHz",
    "N",
    "kN",
    "Nm",
    "W",
    "kW",
    "dB",
]
_BRACKETED = re.compile(r"[\[({<]\s*([^\[\](){}<>]*(?:\(s\^2\))?)\s*[\])}>]\s*$")
_AFTER_COMMA = re.compile(r",\s*(\S+)\s*$")
# Behind an underscore only what is no name of a channel: sensor_A is none in ampere.
_AFTER_UNDERSCORE = re.compile(r"_(mg|g|m_?s2|mps2|mv|counts)$", re.IGNORECASE)
_UNDERSCORED = {"ms2": "m/s2", "m_s2": "m/s2", "mps2": "m/s2", "mv": "mV"}


def stated_unit(name: str) -> str:
    """The unit that a column's name ends with: a key of UNITS, a foreign one as it is, or ""."""
    for pattern in (_BRACKETED, _AFTER_COMMA):
        if found := pattern.search(name):
            return known_unit(found[1])
    if found := _AFTER_UNDERSCORE.search(name):
        word = found[1].lower()
        return _UNDERSCORED.get(word, word)
    return ""


def known_unit(text: str) -> str:
    """One spelling of a unit; "" for a text that is none known here."""
    text = text.strip().replace("μ", "µ")
    if text in ("G", "gn", "g0", "g's"):
        return "g"
    if text in UNITS or text in _FOREIGN:
        return text
    return "m/s2" if _M_S2.fullmatch(text.lower()) else ""
