"""Measurements: CheckSubject against an empty unary echo on the same server configuration, by a load generator in C.

`make bench` runs it. Every figure is a ratio within one run or says what it was measured beside; results go to
`bench/results/latest.json`. May import everything of Clearway; nothing imports it.
"""
