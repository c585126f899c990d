"""Recordings in: npy, npz, csv, wav and mat files as samples in g or A, in bounded memory."""

from nodewright.records.read import FORMATS, UNITS, read
from nodewright.records.recording import MOST_VALUES, Recording, RecordingError, Source

__all__ = ["FORMATS", "MOST_VALUES", "UNITS", "Recording", "RecordingError", "Source", "read"]
