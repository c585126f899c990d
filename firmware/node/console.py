"""Events on the serial port, one line each: `nodewright: <event> key=value …`.

People read them with any terminal, the host tooling parses them.  `event` never gets a secret.
"""


def event(name: str, **facts: object) -> None:
    """Print one event with its facts; blanks in a value become `_`, since blanks part facts."""
    parts = ["nodewright:", name]
    for key in sorted(facts):
        parts.append("%s=%s" % (key, "_".join(str(facts[key]).split()) or "-"))
    print(" ".join(parts))
