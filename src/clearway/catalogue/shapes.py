"""From a document's tree to a model of it, or to complaints about every node of the wrong shape."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from clearway.catalogue.complaints import Path
from clearway.catalogue.document import Document, Tree

ModelT = TypeVar("ModelT", bound=BaseModel)

_CODE_NEEDED = "must be a code: a letter or digit, then letters, digits and ._:- , at most 64 signs"


def shaped(document: Document, model: type[ModelT]) -> ModelT | None:
    """What the document states, or None with the reasons added to its complaints."""
    if not isinstance(document.tree, dict):
        fields = ", ".join(list(model.model_fields)[:3])
        document.complain("value", (), f"the file must be a mapping of fields: {fields}, …")
        return None
    try:
        return model.model_validate(document.tree)
    except ValidationError as error:
        for details in _own(error.errors(include_url=False, include_context=True, include_input=False)):
            document.complain(_rule(details), _node_path(document.tree, details), _message(details))
        return None


def _own(errors: list[ErrorDetails]) -> list[ErrorDetails]:
    """Errors without those that only echo another: a list whose members are wrong also counts as too short."""
    inside = {details["loc"][:length] for details in errors for length in range(len(details["loc"]))}
    return [details for details in errors if details["type"] != "too_short" or details["loc"] not in inside]


def _rule(details: ErrorDetails) -> str:
    match details["type"]:
        case "missing" | "union_tag_not_found":
            return "missing-field"
        case "extra_forbidden":
            return "unknown-field"
        case _:
            return "value"


def _node_path(tree: Tree, details: ErrorDetails) -> Path:
    """Where the complaint belongs: pydantic's location without the steps that name a variant (`by`) and not a node."""
    path: list[str | int] = []
    node, variant_named = tree, False
    for step in details["loc"]:
        if isinstance(node, dict) and node.get("by") == step and not variant_named:
            variant_named = True
            continue
        match node:
            case dict() if isinstance(step, str) and step in node:
                node = node[step]
            case list() if isinstance(step, int) and step < len(node):
                node = node[step]
            case _:
                continue
        path.append(step)
        variant_named = False
    if details["type"] == "missing":
        path.append(details["loc"][-1])
    return tuple(path)


def _message(details: ErrorDetails) -> str:
    context = details.get("ctx", {})
    match details["type"]:
        case "missing":
            return "this field is required"
        case "extra_forbidden":
            return f"there is no field {str(details['loc'][-1])[:64]!r} here; remove it or correct its name"
        case "union_tag_not_found":
            return "must say which kind it is, in the field by"
        case "union_tag_invalid":
            return f"by must be one of {context.get('expected_tags')}"
        case "string_pattern_mismatch":
            return _CODE_NEEDED
        case "value_error":
            return str(context.get("error", details["msg"]))
        case "string_type" | "tuple_type" | "model_type" | "model_attributes_type":
            return _NEEDED[details["type"]]
        case _:
            return details["msg"].replace("Input should", "must").replace("Tuple", "The list")


_NEEDED = {
    "string_type": "must be a text",
    "tuple_type": "must be a list",
    "model_type": "must be a mapping of fields",
    "model_attributes_type": "must be a mapping of fields",
}
