"""The JSON Schema of an access file, for editors; `access.schema.json` beside this module is its written form.

Written anew by `python -m clearway.access.schema > src/clearway/access/schema/access.schema.json`.
"""

from __future__ import annotations

import json
from typing import Any

from clearway.access.model import AccessFile


def json_schema() -> dict[str, Any]:
    """The schema (draft 2020-12) of an access file."""
    shapes = AccessFile.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **shapes, "title": "Clearway access file"}


def schema_text() -> str:
    """The schema as it is kept in `access.schema.json`."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
