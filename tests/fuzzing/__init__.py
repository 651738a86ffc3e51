"""Short fuzz runs, and tests of the targets themselves."""
