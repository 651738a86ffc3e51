"""A recorded message put into another as the very bytes it is: serializing it anew could reorder its maps."""

from __future__ import annotations

from google.protobuf.message import Message

LENGTH_DELIMITED = 2
"""The wire type of an embedded message (protobuf encoding, "Message structure")."""


def embedded(outer: type[Message], field: str, raw: bytes) -> bytes:
    """The bytes of `outer` with nothing but its message field `field` set to `raw`.

    Appended to the bytes of another `outer` they set, or add to, that field: concatenation merges.
    """
    number = outer.DESCRIPTOR.fields_by_name[field].number
    return varint(number << 3 | LENGTH_DELIMITED) + varint(len(raw)) + raw


def varint(number: int) -> bytes:
    """A number in base 128, least significant group first."""
    groups = bytearray()
    while number > 0x7F:
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    groups.append(number)
    return bytes(groups)
