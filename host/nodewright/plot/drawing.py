"""The file that a drawing goes to, and which way of drawing its name asks for."""

import importlib.util
from pathlib import Path

from nodewright.errors import BadInput
from nodewright.page.target import Target
from nodewright.plot.panels import sheet_of
from nodewright.study import Study

_PNG_SIGN = b"Software\0Nodewright"  # a tEXt chunk
FORMATS = (".html", ".png")


class Drawing:
    """Checked before the work begins, written in one step when it is done."""

    def __init__(self, path: Path) -> None:
        """Raises BadInput: an unknown suffix, no library for pictures, no such folder."""
        self._suffix = path.suffix.lower()
        if self._suffix not in FORMATS:
            raise BadInput(f"--plot {path} cannot be: a name in {' or '.join(FORMATS)} is needed")
        if self._suffix == ".html":
            self._target = Target(path, "--plot")
            return
        if importlib.util.find_spec("matplotlib") is None:
            raise BadInput(
                f"--plot {path} needs matplotlib: pip install 'nodewright[plot]', "
                "or name a .html file, which needs nothing"
            )
        self._target = Target(path, "--plot", _PNG_SIGN, "picture of nodewright")

    def write(self, study: Study) -> None:
        """Draw it.  Raises what Target.write does."""
        sheet = sheet_of(study)
        # Imported when needed: they take most of a second.
        if self._suffix == ".html":
            from nodewright.plot.html import build

            self._target.write(build(study, sheet))
        else:
            from nodewright.plot.png import draw

            self._target.write(draw(sheet))
