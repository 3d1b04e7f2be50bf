"""The custody log: entries, chains, the tree over them, signed checkpoints, proofs a stranger can check.

Pure: bytes and values in, bytes and values out. It does not know a database, a clock, a course's rules or a
web page; ids, times and stored nodes are handed in. `verify.py` in this folder is the stand-alone verifier,
one file without anything of ours, and is copied into every exported bundle.
"""
