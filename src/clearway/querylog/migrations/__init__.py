"""The central log's schema, step by step. Run by `clearway.querylog.central.upgrade`, never from the command line."""
