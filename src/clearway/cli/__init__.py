"""The hand: the `clearway` command, one module a command.

Each module parses its flags, calls the package that does the work, and sets out the answer: a card or table for people,
JSON with `--json`. May import everything; nothing imports it. Exit codes stand in `exits`.
"""
