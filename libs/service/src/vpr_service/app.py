"""The app factory: every service is made here, so that all have the same doors and windows."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vpr_service import api_docs, dead_letters, health, problems, repairs
from vpr_service.auth import TokenVerifier
from vpr_service.building import build
from vpr_service.clock import Clock, real_time
from vpr_service.lifecycle import running
from vpr_service.limits import BodyLimit
from vpr_service.runtime import Service
from vpr_service.settings import ServiceSettings
from vpr_service.telemetry import RequestLog, configure_logs

SECURITY_HEADERS = (
    (
        b"content-security-policy",
        b"default-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
)


def create_app(
    service: Service, settings: ServiceSettings, routers: Sequence[APIRouter], clock: Clock = real_time
) -> FastAPI:
    """A service's FastAPI app; its lifespan connects, runs the workers and shuts them down in order.

    Raises ValueError in production for any ``clock`` but real time.
    """
    if settings.shared.vpr_environment == "production" and clock is not real_time:
        raise ValueError("VPR_ENVIRONMENT says production, where business time is real time")
    configure_logs(settings.shared.log_level, settings.shared.log_format)
    runtime = build(service, settings, clock)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with running(runtime):
            yield

    app = FastAPI(title=f"VPR {service.name}", version="1", lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.runtime = runtime
    app.state.closing = [runtime.closing]
    app.state.public_url = settings.shared.public_url.rstrip("/")
    app.state.verifier = TokenVerifier(
        settings.shared.oidc_issuer, settings.shared.oidc_audience, settings.shared.oidc_jwks
    )
    problems.install(app)
    for router in (*routers, health.router, dead_letters.router, repairs.router):
        app.include_router(router)
    api_docs.install(app)
    app.add_middleware(BodyLimit, limit=settings.max_body_bytes)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(RequestLog, telemetry=runtime.telemetry)
    return app


class SecurityHeaders:
    """ASGI middleware: the headers that tell a browser what our pages may do."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message.setdefault("headers", [])
                present = {name for name, _ in headers}
                headers.extend(pair for pair in SECURITY_HEADERS if pair[0] not in present)
            await send(message)

        await self._app(scope, receive, sending if scope["type"] == "http" else send)
