"""How the registry's tables came to be, one step a module, oldest first; run by `clearway.registry.database`."""

HEAD = "0006"
"""The step this version of the code works with; a test holds it to the newest module in `versions`."""

VERSION_TABLE = "registry_schema"
"""Where the current step is noted: a name of our own, so that other records may share the database."""
