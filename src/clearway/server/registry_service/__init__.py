"""RegistryService: the acts of registrars over the wire, and the record of a subject read back.

- `acts`: an act's parts, from the wire to the registry's own words
- `subjects`: what is recorded of a subject, put on the wire with its statuses at a moment
- `service`: the methods
"""
