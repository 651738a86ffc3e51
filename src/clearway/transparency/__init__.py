"""What a log that anybody can verify is made of: the Merkle tree, its files, signed notes, checkpoints and proofs.

What lives here: the Merkle tree of RFC 9162 and the verification of its proofs (`merkle`), its static files (`tiles`,
C2SP tlog-tiles), signed notes (`notes`) and checkpoints (`checkpoints`), the entry that stands for a record
(`entries`), and proofs as text (`proofs`, C2SP tlog-proof).

What may be imported: the standard library, and `cryptography` for signatures. Nothing of Clearway: whoever verifies
needs none of the rest.

Where data comes from and goes to: bytes in, values or a typed error out. Nothing is opened, asked or written here; the
tree that a log keeps is `clearway.querylog.transparency`'s.
"""
