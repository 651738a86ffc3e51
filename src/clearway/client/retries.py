"""What gRPC retries by itself: the service config of a channel."""

from __future__ import annotations

import json
from typing import Any

from google.protobuf import descriptor_pb2
from google.protobuf.descriptor import MethodDescriptor

from clearway.client.config import RetryConfig
from clearway.client.methods import CHECKS, SERVICES

NO_SIDE_EFFECTS = descriptor_pb2.MethodOptions.NO_SIDE_EFFECTS


def service_config(retry: RetryConfig) -> str:
    """The gRPC service config, JSON: UNAVAILABLE and CANCELLED are retried where a repeat is harmless.

    CANCELLED is what gRPC says of a call that reaches a server just as it begins to stop; what the caller itself
    cancels is not retried.

    It names no timeout: gRPC's own fires early, and a deadline belongs to its call.
    """
    if retry.max_attempts == 1:
        return json.dumps({"methodConfig": []})
    policy = {
        "maxAttempts": retry.max_attempts,
        "initialBackoff": f"{retry.initial_backoff:g}s",
        "maxBackoff": f"{retry.max_backoff:g}s",
        "backoffMultiplier": retry.multiplier,
        "retryableStatusCodes": ["UNAVAILABLE", "CANCELLED"],
    }
    return json.dumps({"methodConfig": [{"name": retried_names(), "retryPolicy": policy}]})


def retried_names() -> list[dict[str, str]]:
    """The check service whole, since its ids make repeats harmless, and every method that the contract calls a read.

    Service names are full ones: a short one matches nothing, silently.
    """
    names: list[dict[str, str]] = [{"service": CHECKS.full_name}]
    for service in SERVICES:
        if service is not CHECKS:
            names += [
                {"service": service.full_name, "method": method.name} for method in service.methods if is_read(method)
            ]
    return names


def is_read(method: MethodDescriptor) -> bool:
    """Whether the contract says that a method has no side effects."""
    options: Any = method.GetOptions()
    return bool(options.idempotency_level == NO_SIDE_EFFECTS)
