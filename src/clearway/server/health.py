"""Health by service: each says whether its own calls would be answered now, whatever becomes of the others."""

from __future__ import annotations

from collections.abc import Mapping

from grpc_health.v1 import health_pb2
from grpc_health.v1.health import aio as health_aio

from clearway.server.servicers import (
    AUDIT_SERVICE,
    CARD_SERVICE,
    CHECK_SERVICE,
    DEFERRAL_SERVICE,
    OPERATOR_SERVICE,
    REGISTRY_SERVICE,
)

OVERALL = ""
"""The service that load balancers ask about: it says what checks say, for which a node is there."""


def truths(checks: bool, registry: bool, log: bool) -> dict[str, bool]:
    """Service → whether it serves.

    `checks`: the journal can be written and the index read. `registry`, `log`: the record, the central log can be read.
    """
    return {
        OVERALL: checks,
        CHECK_SERVICE: checks,
        REGISTRY_SERVICE: registry,
        DEFERRAL_SERVICE: registry and log,
        AUDIT_SERVICE: registry and log,
        CARD_SERVICE: registry and log,
        # It tells of outages, so none of them takes it away.
        OPERATOR_SERVICE: True,
    }


class Health:
    """Tells the health service what has changed, and nothing else: whoever watches hears of changes only."""

    def __init__(self) -> None:
        self.servicer = health_aio.HealthServicer()
        self._said: dict[str, bool] = {}

    async def say(self, serving: Mapping[str, bool]) -> None:
        """Set each service's status where it is another one."""
        for service, well in serving.items():
            if self._said.get(service) is not well:
                self._said[service] = well
                response = health_pb2.HealthCheckResponse
                await self.servicer.set(service, response.SERVING if well else response.NOT_SERVING)

    async def drain(self) -> None:
        """NOT_SERVING for all, for good."""
        await self.servicer.enter_graceful_shutdown()
