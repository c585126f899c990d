"""What can be wrong with an image."""

from pathlib import Path

from nodewright.errors import BadInput, NodewrightError


class ImageError(NodewrightError):
    """An image cannot be made."""


class CompileError(ImageError):
    """mpy-cross refused a source file."""

    def __init__(self, path: Path, arch: str, reason: str) -> None:
        self.path, self.arch, self.reason = path, arch, reason
        super().__init__(f"{path} does not compile for {arch}: {reason}")


class ImageFull(ImageError):
    """The files do not fit into the board's file system."""

    def __init__(self, board: str, files_bytes: int, fs_bytes: int) -> None:
        self.board, self.files_bytes, self.fs_bytes = board, files_bytes, fs_bytes
        super().__init__(
            f"{files_bytes} bytes of files do not fit into the {fs_bytes} bytes"
            f" of file system of {board}"
        )


class NoNativeArch(ImageError):
    """The interpreter runs no native code, which the kernels are compiled to."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"{what} has no native code emitter in MicroPython; give an arch")


class NoFileSystem(ImageError):
    """No LittleFS of a node can be read.  reason: what is there instead."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"no file system of a node: {reason}")


class NoImage(BadInput):
    """A file is no image of a node.  path: which; reason: what it is, or lacks."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(f"{path} is no image of a node: {reason}")


class NotReplaced(BadInput):
    """What is in an image's place is none, and stays.  path: which."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(
            f"{path} is there and no image of a node, so it is not replaced: give another name, "
            "or remove it first"
        )


class RuntimeUnfit(BadInput):
    """A MicroPython cannot stand in front of a board's file system.

    board: its name; reason: what does not fit.
    """

    def __init__(self, board: str, reason: str) -> None:
        self.board, self.reason = board, reason
        super().__init__(f"this MicroPython does not fit {board}: {reason}")


class UplinkMissing(BadInput):
    """A node reports in a way that this version's firmware does not have.  node."""

    def __init__(self, node: str) -> None:
        self.node = node
        super().__init__(
            f"{node} reports over LoRaWAN, which the firmware of this version does not have: it "
            'can be provisioned, and its image is made once it has; until then uplink = "mqtt"'
        )
