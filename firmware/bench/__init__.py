"""What runs on a board while it is validated: sent over its port, never on its flash.

Each module is one agent. The host (nodewright/validate/agents.py) sends its text without
docstrings and annotations, then calls its functions and reads what they return as JSON. They use
the node's own modules, wherever those can do what is asked.
"""
