"""A fleet's own broker: mosquitto, set up so that it keeps nodes apart.

One subject a file: `config` is the text of its configuration, `layout` writes the folder with
certificates and keys, `run` runs it from there, `doors` tests a running one from outside, with
the throw-away identities of `visitors` over the connections of `line`
(docs/broker.md, docs/decisions/0019-broker.md).
"""
