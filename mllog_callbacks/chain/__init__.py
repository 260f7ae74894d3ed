"""Tamper evidence as it is written: a hash chain over a session's lines, kept beside its files.

Imported by the drainer, piece by piece: standard library only, and little of it.
"""
