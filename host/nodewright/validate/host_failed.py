"""When it is this computer that fails: a full disk, a folder that nobody may write to."""

from nodewright.errors import NodewrightError


class HostFailed(NodewrightError):
    """reason: what the operating system says, with the file where it names one."""

    def __init__(self, error: OSError) -> None:
        self.reason = _reason(error)
        super().__init__(
            f"this computer cannot do it: {self.reason}: is there room in its folder for "
            "temporary files and in the fleet's, and may you write there?"
        )


def _reason(error: OSError) -> str:
    """One line: shutil's errors hold a list of (from, to, why)."""
    told = error.args[0] if error.args else ""
    if isinstance(told, list) and told:
        *_, why = told[0]
        return str(why)[:200]
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}"[:200]
