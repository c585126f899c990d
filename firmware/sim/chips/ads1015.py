"""ADS1015: the ADS1115's twin with 12 bits and its own data rates."""

from sim.chips.ads1115 import Twin

__all__ = ("Twin",)
