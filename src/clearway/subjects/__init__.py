"""Who: how a subject is named, and how two writings of one name are brought together.

Here live the identifier schemes with their check signs, the one normaliser for feeds and queries, keyed hashes and
masks, region tables, dates as lists write them, and working days. Text comes in from request messages and list rows;
valid-by-construction values go out to the catalogue, the decision, the registry and the index.

May import: the standard library, `python-stdnum`, `chinesecalendar`. Nothing of Clearway, no wire, no database, no
clock. The only files read are the region tables packaged beside this one.
"""
