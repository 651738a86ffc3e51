"""PostgreSQL, as the record and the evidence share it: several nodes on one database.

What lives here: how an engine is opened (`engine`), what its errors mean (`faults`), which life of which database a
connection leads to (`place`), locks that writers queue at (`turns`), bulk copies (`copying`), tables that are only
appended to (`append_only`), what the service's role may do (`privileges`), and waiting for a notice (`bell`).

What may be imported: nothing of Clearway; only SQLAlchemy and psycopg. `clearway.registry` and `clearway.querylog` know
what the tables are for; nothing here does.
"""
