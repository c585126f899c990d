"""A study as a picture: `--plot FILE.html` or `FILE.png`."""

from nodewright.plot.drawing import Drawing

__all__ = ["Drawing"]
