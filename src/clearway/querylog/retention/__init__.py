"""How long rows are kept: rules, legal holds, and the erasure of what neither keeps.

An erasure is a leaf of the tree. In one transaction it is appended, the rows that it names are entered in `log_erased`,
and row, salt and the row's listings are deleted; the database refuses the deletion of a row that is not entered there.
The leaves of the erased rows stay, so the tree and whatever was proven by it stay too.

May import: the rest of `clearway.querylog`, and the catalogue (for the codes that rules name).
"""
