"""From an image to a running board.

`job` says what a programmer is given and gives; one programmer a file: `raw_repl` (any board that
runs MicroPython), `uf2_drive` (RP2040, RP2350), `esp` (ESP32 and its like). `choose` takes one for
a port, `judge` refuses what is not for the board there, `several` runs many at once
(docs/decisions/0020-flashing.md).
"""
