"""The JSON Schema of an edition file, for editors; `edition.schema.json` beside this module is its written form.

Written anew by `python -m clearway.catalogue.schema > src/clearway/catalogue/schema/edition.schema.json`.
"""

from __future__ import annotations

import json
from typing import Any

from clearway.catalogue.model import Edition


def json_schema() -> dict[str, Any]:
    """The schema (draft 2020-12) of an edition file."""
    shapes = Edition.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **shapes, "title": "Clearway catalogue edition"}


def schema_text() -> str:
    """The schema as it is kept in `edition.schema.json`."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
