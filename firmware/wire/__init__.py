"""The contract of node and host: imported unchanged by both, and importing nothing of ours."""

VERSION = "0.1.0"
REPORT_VERSION = 1  # of wire/report.py
COMMAND_VERSION = 1  # of wire/command.py
DEFINITIONS = 1  # of the features' definitions, wire/features.py
