"""The contract as OpenAPI 3.1: every method as JSON over HTTP has it, from the descriptors, with comments and rules.

`make proto` writes it beside the code that serves it; `make lint` says whether it is up to date.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Set
from importlib import resources
from pathlib import Path
from typing import Any

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
    MethodDescriptorProto,
)

from clearway.gen.validate import validate_pb2 as rules
from clearway.web.json.connect import HTTP_STATUS, name_of
from clearway.web.json.request import JSON

ROOT = Path(__file__).resolve().parent.parent
PROTO = ROOT / "proto"
FILE = ROOT / "src" / "clearway" / "web" / "json" / "openapi.json"

Schema = dict[str, Any]
Kind = FieldDescriptorProto.Type
Comments = dict[tuple[int, ...], str]

PACKAGE = ".clearway.v1."
MESSAGES, ENUMS, SERVICES = 4, 5, 6
"""Field numbers in a file's descriptor, of which the places of comments are made."""
INSIDE = 2
"""The same inside a message, an enum and a service: of its fields, values and methods."""

REF = "#/components/schemas/"
POINTER = re.compile(f'"{REF}([^"]+)"')
OUTPUT = "Output"
"""Ends the name of what answers have of a message that requests have too, as code generators know it elsewhere."""

UUID = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"

WELL_KNOWN: dict[str, Schema] = {
    ".google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    ".google.protobuf.Duration": {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]{1,9})?s$"},
    ".google.rpc.Status": {"$ref": REF + "google.rpc.Status"},
}
SCALARS: dict[int, Schema] = {
    Kind.TYPE_STRING: {"type": "string"},
    Kind.TYPE_BOOL: {"type": "boolean"},
    Kind.TYPE_INT32: {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1},
    Kind.TYPE_UINT32: {"type": "integer", "minimum": 0, "maximum": 2**32 - 1},
    Kind.TYPE_INT64: {"type": "string", "pattern": "^-?[0-9]{1,19}$"},
    Kind.TYPE_UINT64: {"type": "string", "pattern": "^[0-9]{1,20}$"},
    Kind.TYPE_DOUBLE: {"type": "number"},
    Kind.TYPE_FLOAT: {"type": "number"},
    Kind.TYPE_BYTES: {"type": "string", "contentEncoding": "base64"},
}
ERRORS: dict[str, Schema] = {
    "Error": {
        "description": "Why there is no answer, as the Connect protocol has it; docs/errors.md has every reason.",
        "type": "object",
        "required": ["code", "message"],
        "properties": {
            "code": {"type": "string", "enum": [name_of(code) for code in HTTP_STATUS]},
            "message": {"type": "string"},
            "details": {"type": "array", "items": {"$ref": REF + "ErrorDetail"}},
        },
    },
    "ErrorDetail": {
        "description": "A `google.rpc.ErrorInfo` with the reason, or a `google.rpc.BadRequest` with fields to blame.",
        "type": "object",
        "required": ["type", "value"],
        "properties": {
            "type": {"type": "string"},
            "value": {"type": "string", "description": "The detail's bytes, base64 without padding."},
            "debug": {"type": "object", "description": "The same as JSON."},
        },
    },
    "google.rpc.Status": {
        "type": "object",
        "properties": {
            "code": {"type": "integer"},
            "message": {"type": "string"},
            "details": {"type": "array", "items": {"type": "object"}},
        },
    },
}


def document(files: FileDescriptorSet) -> Schema:
    """The whole document. Raises ValueError where two schemas would have one name."""
    own = [file for file in files.file if file.package == PACKAGE.strip(".")]
    paths: Schema = {}
    schemas: Schema = ERRORS | message_schemas(own)
    for file in own:
        said = comments_of(file)
        for number, enum in enumerate(file.enum_type):
            schemas[enum.name] = enum_schema(enum, said, (ENUMS, number))
        for number, service in enumerate(file.service):
            for place, method in enumerate(service.method):
                path = f"/{file.package}.{service.name}/{method.name}"
                words = said.get((SERVICES, number, INSIDE, place), "")
                paths[path] = operations(service.name, method, words)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Clearway",
            "version": "v1",
            "description": "Generated from the contract in proto/clearway/v1. Field names are those of protobuf's JSON "
            "mapping; a field that is not known is an error. The rules of values hold for requests. Answers repeat "
            "requests too, refused ones among them, so a message of both is there twice: as answers have it, its name "
            f"ends in `{OUTPUT}`.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "tags": [{"name": service.name} for file in own for service in file.service],
        "paths": paths,
        "components": {"schemas": dict(sorted(schemas.items()))},
    }


def message_schemas(files: list[FileDescriptorProto]) -> Schema:
    """Every message's schema: with its rules where requests have it, without where answers do.

    A refused check is on the record as it came, and is read back so: no answer can promise what a request must keep.
    Raises ValueError where something else already has the name of what answers have of a message.
    """
    asked, told = forms_of(files)
    methods = [method for file in files for service in file.service for method in service.method]
    questions = {local(method.input_type) for method in methods}
    requests = reached(asked, questions)
    answers = reached(told, {local(method.output_type) for method in methods})
    enums = {enum.name for file in files for enum in file.enum_type}
    repeated = reached(told, questions & answers)
    numbered = {name for message in repeated for name in pointed_to(told[message]) & enums}
    outputs = {name: name + OUTPUT for name in (requests & answers) | numbered}
    if taken := set(outputs.values()) & (set(asked) | enums | set(ERRORS)):
        raise ValueError(f"named like what answers have of another: {', '.join(sorted(taken))}")
    schemas: Schema = {name: asked[name] | {"additionalProperties": False} for name in requests}
    for name in answers:
        form = renamed(told[name], outputs)
        schemas[outputs.get(name, name)] = output_of(name, form) if name in requests else form
    return schemas | {outputs[name]: numbered_enum(name) for name in numbered}


def forms_of(files: list[FileDescriptorProto]) -> tuple[Schema, Schema]:
    """Every message's schema with its rules, and without."""
    ruled: Schema = {}
    free: Schema = {}
    for file in files:
        said = comments_of(file)
        for number, message in enumerate(file.message_type):
            ruled[message.name] = message_schema(message, said, (MESSAGES, number))
            free[message.name] = message_schema(without_rules(message), said, (MESSAGES, number))
    return ruled, free


def without_rules(message: DescriptorProto) -> DescriptorProto:
    """The message without the rules of its values."""
    free = DescriptorProto.FromString(message.SerializeToString())
    for field in free.field:
        field.options.ClearExtension(rules.field)
    for oneof in free.oneof_decl:
        oneof.options.ClearExtension(rules.oneof)
    return free


def output_of(name: str, schema: Schema) -> Schema:
    """What answers have of a message, saying whose other form it is."""
    words = f"{schema.get('description', '')} As answers have it: the rules of `{name}` hold for requests alone."
    return schema | {"description": words.strip()}


def numbered_enum(name: str) -> Schema:
    """What answers have of an enum of requests: one that was refused may have had any number for it."""
    unnamed = SCALARS[Kind.TYPE_INT32] | {"description": "A number that has no name."}
    return {
        "description": f"A name, or the number of a request that was refused because `{name}` has no such number.",
        "anyOf": [{"$ref": REF + name}, unnamed],
    }


def renamed(schema: Schema, names: Mapping[str, str]) -> Schema:
    """The schema, with its pointers to these schemas leading to others."""
    said = POINTER.sub(lambda found: f'"{REF}{names.get(found[1], found[1])}"', json.dumps(schema))
    turned: Schema = json.loads(said)
    return turned


def operations(service: str, method: MethodDescriptorProto, words: str) -> Schema:
    """What may be done at a method's address."""
    request, response = local(method.input_type), local(method.output_type)
    answer: Schema = {"schema": {"$ref": f"{REF}{response}"}}
    if method.server_streaming:
        content: Schema = {"text/event-stream": {"schema": {"type": "string"}}}
        meaning = f"Server-sent events, each a `{response}`; an event `error` carries an `Error` and is the last."
    else:
        content, meaning = {JSON: answer}, "The answer."
    responses: Schema = {
        "200": {"description": meaning, "content": content},
        "default": {
            "description": "No answer, and why.",
            "content": {JSON: {"schema": {"$ref": REF + "Error"}}},
        },
    }
    post: Schema = {
        "operationId": f"{service}.{method.name}",
        "tags": [service],
        "summary": words,
        "requestBody": {
            "required": True,
            "content": {JSON: {"schema": {"$ref": f"{REF}{request}"}}},
        },
        "responses": responses,
    }
    return {"post": post}


def message_schema(message: DescriptorProto, said: Comments, place: tuple[int, ...]) -> Schema:
    """A message's schema: its fields, which of them must be there, which exclude each other."""
    maps = {f".{inner.name}": inner for inner in message.nested_type if inner.options.map_entry}
    properties: Schema = {}
    required = []
    for number, field in enumerate(message.field):
        words = said.get((*place, INSIDE, number), "")
        properties[field.json_name] = described(field_schema(field, maps), words)
        if is_required(field):
            required.append(field.json_name)
    schema = described({"type": "object", "properties": properties}, said.get(place, ""))
    if required:
        schema["required"] = required
    return schema | exclusions(message)


def exclusions(message: DescriptorProto) -> Schema:
    """What a message's oneofs demand."""
    demands: list[Schema] = []
    for number, oneof in enumerate(message.oneof_decl):
        names = [f.json_name for f in message.field if f.HasField("oneof_index") and f.oneof_index == number]
        names = [name for name, f in zip(names, names, strict=True) if not is_optional(message, f)]
        if oneof.options.Extensions[rules.oneof].required:
            demands.append({"oneOf": [{"required": [name]} for name in names]})
        elif len(names) > 1:
            both = [{"required": [one, other]} for i, one in enumerate(names) for other in names[i + 1 :]]
            demands.append({"not": {"anyOf": both}})
    return {"allOf": demands} if demands else {}


def is_optional(message: DescriptorProto, json_name: str) -> bool:
    """Whether the field is one of `optional`, whose oneof is an artefact."""
    return any(field.json_name == json_name and field.proto3_optional for field in message.field)


def field_schema(field: FieldDescriptorProto, maps: dict[str, DescriptorProto]) -> Schema:
    """A field's schema, with its rules."""
    held = field.options.Extensions[rules.field]
    entry = next((inner for name, inner in maps.items() if field.type_name.endswith(name)), None)
    if entry is not None:
        return map_schema(entry, held.map)
    if field.label == FieldDescriptorProto.LABEL_REPEATED:
        items = plain(field, held.repeated.items)
        return {"type": "array", "items": items} | bounds(held.repeated, "Items", "_items") | unique(held.repeated)
    return plain(field, held)


def plain(field: FieldDescriptorProto, held: rules.FieldRules) -> Schema:
    """The schema of one value."""
    if field.type == Kind.TYPE_MESSAGE:
        return dict(WELL_KNOWN.get(field.type_name) or {"$ref": f"{REF}{local(field.type_name)}"})
    if field.type == Kind.TYPE_ENUM:
        return {"$ref": f"{REF}{local(field.type_name)}"}
    schema = dict(SCALARS[field.type])
    if field.type == Kind.TYPE_STRING:
        schema |= text_rules(held.string)
    elif field.type == Kind.TYPE_INT32:
        schema |= {"minimum": held.int32.gte} if held.int32.HasField("gte") else {}
        schema |= {"maximum": held.int32.lte} if held.int32.HasField("lte") else {}
    elif field.type == Kind.TYPE_BOOL and held.bool.HasField("const"):
        schema["const"] = held.bool.const
    return schema


def text_rules(held: rules.StringRules) -> Schema:
    """The rules of a text."""
    schema = bounds(held, "Length", "_len")
    if held.uuid:
        schema |= {"format": "uuid", "pattern": UUID}
    if held.pattern:
        schema["pattern"] = held.pattern
    return schema


def map_schema(entry: DescriptorProto, held: rules.MapRules) -> Schema:
    """A map's schema."""
    values = plain(entry.field[1], held.values)
    schema: Schema = {"type": "object", "additionalProperties": values} | bounds(held, "Properties", "_pairs")
    names = text_rules(held.keys.string)
    return schema | ({"propertyNames": names} if names else {})


def bounds(held: Any, of: str, named: str) -> Schema:
    """Least and greatest number of signs, items or pairs, where rules say so."""
    return {f"{end}{of}": getattr(held, end + named) for end in ("min", "max") if held.HasField(end + named)}


def unique(held: rules.RepeatedRules) -> Schema:
    """That no item comes twice, where rules say so."""
    return {"uniqueItems": True} if held.unique else {}


def is_required(field: FieldDescriptorProto) -> bool:
    """Whether a request without the field breaks its rules."""
    held = field.options.Extensions[rules.field]
    if field.HasField("oneof_index"):
        return False
    if held.required or held.string.uuid or held.string.min_len or held.repeated.min_items or 0 in held.enum.not_in:
        return True
    return bool(held.string.pattern) and re.search(held.string.pattern, "") is None


def enum_schema(enum: EnumDescriptorProto, said: Comments, place: tuple[int, ...]) -> Schema:
    """An enum's names, and what each means."""
    meanings = [f"- `{v.name}`: {said.get((*place, INSIDE, n), '')}" for n, v in enumerate(enum.value)]
    words = "\n".join([said.get(place, ""), "", *meanings])
    return described({"type": "string", "enum": [value.name for value in enum.value]}, words)


def described(schema: Schema, words: str) -> Schema:
    """The schema with what the contract says of it."""
    return schema | ({"description": words} if words else {})


def reached(messages: Schema, first: Set[str]) -> set[str]:
    """The messages of which these consist, themselves included."""
    found: set[str] = set()
    waiting = set(first)
    while waiting:
        name = waiting.pop()
        found.add(name)
        waiting |= (pointed_to(messages[name]) & set(messages)) - found
    return found


def pointed_to(schema: Schema) -> set[str]:
    """The schemas that a schema points to."""
    return set(POINTER.findall(json.dumps(schema)))


def comments_of(file: FileDescriptorProto) -> Comments:
    """Place → the comment before it, as one paragraph."""
    return {
        tuple(location.path): " ".join(location.leading_comments.split())
        for location in file.source_code_info.location
        if location.leading_comments
    }


def local(name: str) -> str:
    """A type's name inside the package."""
    return name.removeprefix(PACKAGE)


def descriptors() -> FileDescriptorSet:
    """The contract's files, with their comments."""
    own = sorted(str(p.relative_to(PROTO)) for p in (PROTO / "clearway").rglob("*.proto"))
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "contract.binpb"
        bundled = str(resources.files("grpc_tools") / "_proto")
        command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{PROTO}", f"-I{PROTO / 'vendor'}", f"-I{bundled}"]
        subprocess.run(
            [*command, f"--descriptor_set_out={out}", "--include_imports", "--include_source_info", *own], check=True
        )
        return FileDescriptorSet.FromString(out.read_bytes())


def text() -> str:
    """The file's text."""
    return json.dumps(document(descriptors()), ensure_ascii=False, indent=1) + "\n"


def main() -> int:
    """Write the file, or check it; exit 1 where the check finds a difference."""
    fresh = text()
    if "--check" in sys.argv:
        stale = not FILE.exists() or FILE.read_text("utf-8") != fresh
        if stale:
            print(f"{FILE.relative_to(ROOT)} is out of date; run `make proto`")
        return int(stale)
    FILE.write_text(fresh, "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
