"""A panel's curve as the path of an SVG."""

from nodewright.page.curve import path
from nodewright.plot.panel import Panel


def curve_of(panel: Panel) -> str:
    """The `d` of its path."""
    return path(panel.x, panel.y, panel.across, panel.up)
