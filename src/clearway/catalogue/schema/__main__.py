"""Writes the JSON Schema of an edition file to standard output."""

from __future__ import annotations

import sys

from clearway.catalogue.schema import schema_text

sys.stdout.buffer.write(schema_text().encode())
