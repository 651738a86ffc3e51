"""Published lists, read: one adapter a format, from the bytes of a file to rows of facts or faults.

What lives here: the file guard (`files`), the shape of a row (`rows`), its days (`days`), the adapters (`flat_csv`,
`us_csl`) and their names (`adapters`). Adapters know no database and no secret: `clearway.registry.importer` settles
what a row means for the record.
"""
