"""One page about a demo: a single HTML file that one sends to a colleague."""

from nodewright.page.document import build
from nodewright.page.gather import gather, host_text
from nodewright.page.model import FaultEvent, Page
from nodewright.page.target import Target

__all__ = ["FaultEvent", "Page", "Target", "build", "gather", "host_text"]
