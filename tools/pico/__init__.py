"""An emulated Raspberry Pi Pico, whose buses the twins answer."""
