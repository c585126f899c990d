"""Whether a node measures right: cases that run on the node itself, and what is made of them.

result.py: what a case and a whole validation came to; run.py runs them.
"""
