"""Clearway: check before approve. A low-latency look-up of sanctioned and trusted subjects, with reasons and a record.

The folders are the architecture; imports run one way, from the door to the rules:

`cli` and `server` → `querylog`, `index`, `registry` → `decision` → `catalogue` → `subjects`; `gen` is generated.

`client` is what integrators import, and knows nothing but `gen` and `subjects`; `testing` is its fake.
"""
