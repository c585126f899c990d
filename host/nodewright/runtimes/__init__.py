"""MicroPython binaries that images are made with: read, judged, kept.

`binary` is what is known of one, `rp2` and `esp` read it from a file, `registry` keeps the files.
"""
