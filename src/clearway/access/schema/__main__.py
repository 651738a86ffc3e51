"""Writes the JSON Schema of an access file to standard output."""

from __future__ import annotations

import sys

from clearway.access.schema import schema_text

sys.stdout.buffer.write(schema_text().encode())
