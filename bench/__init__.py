"""Measurements: what a check costs beside an empty call, and how that grows. The load is not from Python.

`make bench` runs the parts of `bench.__main__.PARTS`; other targets measure what is not on a check's way. Every figure
is a ratio within one run or says what it was measured beside. Results go to `bench/results/`, built indexes to
`var/bench/`, which may be removed at any time. May import everything of Clearway; nothing imports it.
"""
