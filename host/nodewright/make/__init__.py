"""From a fleet's folder and a board to a node with a certificate, in one go.

job.py: what is asked for, what comes back; node.py: one node's steps in their order; several.py:
several boards side by side; assign.py: which node each board that is plugged in becomes.
"""
