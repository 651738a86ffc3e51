"""Who may ask: principals, what they prove themselves by, what they are granted, and how much they may ask.

Pure: no wire, no clock, no files but the access file that the loader reads. Time and randomness are arguments.

- `methods`: every method of the service, and which roles it is open to: the access matrix
- `grants`: what a principal may do, on what, for whom; and which part of a grant a call lacks
- `principals`: everybody who may call, found by certificate, token or claim
- `limits`: how much one principal may ask, and what looks like a walk over codes
- `tokens`: API tokens, of which only a hash is kept
- `model`, `loader`, `schema`: the access file, its shapes and its rules
"""
