"""The web process of a node: started by the node's parent beside its workers, where `web_listen` asks for it."""

from __future__ import annotations

from clearway.server.children import Child
from clearway.server.logs import configure_logs
from clearway.server.settings import Settings


def web_processes(settings: Settings) -> list[Child]:
    """The web process, or none."""
    return [Child("web", run_web, (settings,))] if settings.web_listen else []


def run_web(settings: Settings) -> None:
    """Serve HTTP until SIGTERM, or until the parent is gone."""
    # Imported here: the node's parent starts without what only its child needs.
    import uvloop

    from clearway.web.serving import serve

    configure_logs(settings.log_level)
    uvloop.run(serve(settings))
