"""`clearway registry`: read the record, and act on it as a registrar who holds the data folder does.

- `group`: the group, the options that its commands share, and how the registry is opened
- `reading`: what is recorded, as of any moment
- `keys`: the subject keys that natural persons are found with
- `acts`: listings, objections, liftings, remedies, adverse records; one act is one revision
"""

from __future__ import annotations

from clearway.cli.registry import acts, keys, reading
from clearway.cli.registry.group import DAY, data_dir_option, json_option, opened, registry

__all__ = ["DAY", "acts", "data_dir_option", "json_option", "keys", "opened", "reading", "registry"]
