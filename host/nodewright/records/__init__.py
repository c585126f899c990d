"""Recordings in: npy, npz, csv, wav and mat files as samples in g or A, in bounded memory."""

from nodewright.records.read import FORMATS, UNITS, Channel, read
from nodewright.records.recording import MOST_VALUES, Recording, RecordingError, Source

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
