"""What a node is made of: the firmware compiled for it and its settings, packed into its flash.

One subject a file: `compiler` makes modules and keeps them, `files` lists what a node carries,
`filesystem` packs it as LittleFS, `esp` and `rp2` put MicroPython in front of it, `whole` chooses
between them, `node` takes all of it from a fleet's folder, `contents` reads an image again,
`compare` tells two apart (docs/decisions/0016-images.md).
"""

from nodewright.image.compiler import (
    MPY,
    PACKAGES,
    cache_dir,
    compile_files,
    compile_source,
    compile_tree,
    host_arch,
)
from nodewright.image.errors import CompileError, ImageError, ImageFull, NoNativeArch
from nodewright.image.files import SOURCES, Image, build_image, image_files, settings_files
from nodewright.image.filesystem import pack

__all__ = [
    "MPY",
    "PACKAGES",
    "SOURCES",
    "CompileError",
    "Image",
    "ImageError",
    "ImageFull",
    "NoNativeArch",
    "build_image",
    "cache_dir",
    "compile_files",
    "compile_source",
    "compile_tree",
    "host_arch",
    "image_files",
    "pack",
    "settings_files",
]
