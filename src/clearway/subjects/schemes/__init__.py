"""Numbering schemes: one module a scheme that Clearway checks itself, and `stdnum_schemes` for python-stdnum's.

Each module says which signs a code has, which standard says so, and raises `InvalidIdentifier` with what is wrong.
`roster` finds a scheme by name; callers go through `clearway.subjects.identifiers.parse_identifier`.
"""
