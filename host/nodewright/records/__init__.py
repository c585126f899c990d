"""Recordings in: npy, npz, csv, wav and mat files as samples in g or A, in bounded memory."""

from nodewright.records.read import FORMATS, Channel, read
from nodewright.records.recording import MOST_VALUES, Recording, RecordingError, Source
from nodewright.records.units import UNITS

__all__ = [
    "FORMATS",
    "MOST_VALUES",
    "UNITS",
    "Channel",
    "Recording",
    "RecordingError",
    "Source",
    "read",
]
