"""The tree over the log: what lets an outsider verify that no record was changed, lost or put in another place.

What lives here: the tables (`tables`), the sequence of leaves (`leaves`), folders of files (`folders`), a node's copy
of the tree (`mirror`), the process that numbers, signs and publishes (`notary`), the making of proofs (`proving`), and
the audit (`audit`). The hashing, the formats and the verification of proofs are `clearway.transparency`'s, which opens
nothing.

What may be imported: what `clearway.querylog` may.

Where data comes from and goes to: settled rows of `check_log` get a leaf each, in the log's order; the leaves are
copied to DATA_DIR/tlog as hash tiles and entry bundles, from which anybody verifies with the public key alone. The
files can be made again from the tables, on any node.
"""
