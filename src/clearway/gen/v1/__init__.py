"""Code generated from `proto/` by `make proto`: not edited, not linted, not typed by hand."""
