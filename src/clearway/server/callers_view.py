"""Who a caller is to the service, told to the caller: no program need find out by being refused."""

from __future__ import annotations

from clearway.access.methods import Role
from clearway.gen.v1 import access_service_pb2 as pb
from clearway.server.call import Call


async def get_caller(request: pb.GetCallerRequest, call: Call) -> bytes:
    """The caller's name, authority and roles, in the matrix's order."""
    caller = call.known_caller()
    principal = caller.rights.principal
    held = set() if principal is None else {grant.role for grant in principal.grants}
    roles = [role.value for role in Role if role in held]
    response = pb.GetCallerResponse(principal=caller.principal, authority=caller.authority, roles=roles)
    return response.SerializeToString()
