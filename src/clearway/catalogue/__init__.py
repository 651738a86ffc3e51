"""What follows from a listing: regimes, measures, licence items, materials and legal bases, as one checked edition.

An edition file (YAML; the shipped ones lie in `editions`) is read by `document`, shaped by `model`, held to every rule
in `rules`, and compiled by `loader` into a `Catalogue` whose look-ups are dictionary reads. `schema` gives editors a
JSON Schema of the same shapes. `clearway.decision` reads catalogues; servers and commands load them.

May import: `clearway.subjects` (regions, working days), PyYAML, pydantic. No clock, no database, no wire; the only I/O
is reading the edition file and the tables shipped with the package.
"""
