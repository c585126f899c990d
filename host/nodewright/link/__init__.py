"""Serial ports, of boards and of virtual boards alike: `errors` says what can be wrong with one,
`repl` talks to the MicroPython behind it, `usb` lists what is plugged in."""
