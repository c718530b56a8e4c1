"""Serving one app with uvicorn: in-flight requests are finished on SIGTERM, and streams end."""

import gc
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import structlog
import uvicorn
from fastapi import FastAPI
from pydantic import ValidationError

from vpr_service.settings import ServiceSettings

GRACE = 20
WEBSOCKET_LIMIT = 131_072
"""Bytes of a WebSocket message that are read at all; what an endpoint takes may be less."""

log = structlog.get_logger(__name__)


def settings_of[S: ServiceSettings](kind: type[S], **given: Any) -> S:
    """The settings of a service, ``given`` or from the environment.

    Ends the program naming the variables that are missing or wrong.
    """
    try:
        return kind(**given)
    except ValidationError as error:
        prefix = kind.model_config["env_prefix"]
        wrong = [
            (f"{prefix}{one['loc'][0]}".upper() + ": " if one["loc"] else "") + one["msg"] for one in error.errors()
        ]
        raise SystemExit("; ".join(wrong) + " (`vpr env` prints the variables of a local system)") from None


class Server(uvicorn.Server):
    """Ends the app's streams before it waits for answers: a stream would never end by itself."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop taking connections, end what is open, then the app's lifespan."""
        for closing in self.config.app.state.closing:  # type: ignore[union-attr] # a FastAPI app of ours
            closing.set()
        await super().shutdown(sockets)


def serve(app: FastAPI, *addresses: tuple[str, int]) -> None:
    """Serve on each of these hosts and ports until a signal, saying where.

    One server listens on all of them, so that one lifespan and one shutdown do for all. Our own request log replaces
    uvicorn's, which would write whole URLs, and each app decides which proxies it believes (``TRUSTED_PROXIES``).
    """
    config = uvicorn.Config(
        app,
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        loop="uvloop",
        timeout_graceful_shutdown=GRACE,
        ws_max_size=WEBSOCKET_LIMIT,
    )
    with ExitStack() as stack:
        sockets = [stack.enter_context(_listening(*address)) for address in addresses]
        for host, port in addresses:
            log.info("listening", host=host, port=port, title=app.title)
        server = Server(config)
        with _sparing_the_collector(), suppress(KeyboardInterrupt):
            server.run(sockets)
        if not server.started:
            raise SystemExit(1)


@contextmanager
def _sparing_the_collector() -> Iterator[None]:
    """What is there now stays: looking through it again and again took a tenth of the time, and tens of ms at once."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    yield
    gc.unfreeze()


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise SystemExit(f"{host}:{port}: {error.strerror}") from error
