"""The evidence: every check is a row on disk before its answer leaves, and stays there.

What lives here: the record of a check (`record`), the journal a worker writes by group commit (`journal`,
`group_commit`), its files (`segment`), the central log (`central`, `migrations`), the shipper that moves rows from the
one to the other (`shipper`), the read side (`reader`) and the memory of recent request ids (`request_ids`).

What may be imported: nothing of Clearway but `clearway.decision` and what lies below it; never the registry or the
index. Messages arrive here as bytes, so that no generated code is needed.

Where data comes from and goes to: a worker encodes a `CheckRecord` once and puts the bytes; they reach the worker's own
journal segment under DATA_DIR/journal, durable; the shipper copies exactly those bytes into `check_log` in
DATA_DIR/log.db and deletes a segment once all of it is there. Readers join both, each row once.

The promise and its edge: an answer that left has its row. The reverse need not hold: a caller who gave up, or who was
told AUDIT_UNAVAILABLE because a commit failed half-way, may still have a row.
"""
