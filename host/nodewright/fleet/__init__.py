"""A fleet as a folder: fleet.toml read, checked as a whole, compiled to the settings of its nodes.

One subject a file: `units` and `values` are what may stand behind a key, `model` which keys
there are, `like` lets one table take over from another, `places` tells where in the file they
stand, `load` reads, `check` judges (with `check_*` and `memory`), `compiled` makes settings,
`edit` changes the file without losing its comments, `secret` keeps what must not be seen, `lock`
lets one process write at a time, `template` begins a new fleet.
"""
