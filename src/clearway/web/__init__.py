"""The window: what a browser or curl reaches of Clearway, in one process of the node.

`json` answers every method of the contract as JSON; `card` shows one check to an officer, `console` the log to
auditors; `assets`, `static` and `templates` are what pages are made of. Nothing is decided here and no store is opened:
a call goes on, with what its caller showed, to one of the node's own workers by a socket in the data folder
(`workers`), so that identity, limits, validation and records are those of everybody else.
"""
