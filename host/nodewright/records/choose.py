"""Which of a file's variables is meant."""

from collections.abc import Mapping
from pathlib import Path

from nodewright.records.recording import RecordingError

_LEAST_SAMPLES = 16  # a variable of fewer values is a parameter and no waveform
_LISTED = 20


def choose_variable(
    path: Path, shapes: Mapping[str, tuple[int, ...]], variable: str | None
) -> str:
    """The variable asked for, or the only one that can be a waveform.

    shapes: of the variables that hold plain numbers.  Raises RecordingError listing them.
    """
    listed = ", ".join(f"{name} {list(shape)}" for name, shape in list(shapes.items())[:_LISTED])
    if len(shapes) > _LISTED:
        listed += f", and {len(shapes) - _LISTED} more"
    if variable is not None:
        if variable in shapes:
            return variable
        raise RecordingError(
            path, f"no variable {variable!r} of numbers", f"it has: {listed or 'none'}"
        )
    waveforms = [name for name, shape in shapes.items() if _size(shape) >= _LEAST_SAMPLES]
    if len(waveforms) == 1:
        return waveforms[0]
    if not waveforms:
        raise RecordingError(
            path,
            f"no variable with {_LEAST_SAMPLES} numbers or more",
            f"it has: {listed or 'none'}",
        )
    raise RecordingError(
        path, f"{len(waveforms)} variables may be meant", f"name one with --variable: {listed}"
    )


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for extent in shape:
        size *= extent
    return size
