"""The contract of node and host: imported unchanged by both, and importing nothing of ours."""

VERSION = "0.1.0"
