"""What auditors read: the log searched, one check whole, figures, patterns, a subject's access to its own checks.

Everything is read from the log (`clearway.querylog`) and the record (`clearway.registry`); nothing is written. Figures
measure checking: none is a number of restrictions to reach.
"""
