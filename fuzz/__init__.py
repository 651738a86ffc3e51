"""Coverage-guided fuzzing of everything that reads what strangers wrote.

`targets` says what is fed to what and which law must hold whatever comes; `seeds` has what the mutations begin from.
`python -m fuzz TARGET --seconds N` runs one target; a failing input is kept in `fuzz/findings`.
"""
