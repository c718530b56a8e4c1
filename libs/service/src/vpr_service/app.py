"""The app factory: every service is made here, so that all have the same doors and windows."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from vpr_service import api_docs, dead_letters, described, event_docs, health, problems, repairs, sign_in
from vpr_service.building import build
from vpr_service.clock import Clock, real_time
from vpr_service.cookies import StaffCookies
from vpr_service.lifecycle import running
from vpr_service.limits import BodyLimit
from vpr_service.rates import SourceLimit
from vpr_service.runtime import Service
from vpr_service.settings import ServiceSettings, SharedSettings
from vpr_service.telemetry import RequestLog, configure_logs
from vpr_service.tokens import TokenVerifier


def policy(*ways: str) -> str:
    """What our pages may do; the answers to their forms may lead to us, and to the sites of these addresses."""
    actions = " ".join(["'self'", *("{0.scheme}://{0.netloc}".format(urlsplit(way)) for way in ways)])
    return (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
        f"form-action {actions}; frame-ancestors 'none'"
    )


SECURITY_HEADERS = (
    (b"content-security-policy", policy().encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
HTTPS_ONLY = (b"strict-transport-security", b"max-age=63072000")


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
    install_access(app, settings.shared)
    problems.install(app)
    for router in (*routers, health.router, dead_letters.router, repairs.router, event_docs.router):
        app.include_router(router)
    if settings.shared.oidc_client_id:
        sign_in.install(app, settings.shared)
    api_docs.install(app)
    described.install(app)
    if service.public:
        app.add_middleware(SourceLimit, rates=runtime.rates, key_forms=service.key_forms)
    app.add_middleware(StaffCookies, staff_url=settings.shared.staff_url)
    app.add_middleware(BodyLimit, limit=settings.body_limit)
    app.add_middleware(SecurityHeaders, production=settings.shared.production)
    app.add_middleware(RequestLog, telemetry=runtime.telemetry)
    if trusted := settings.shared.trusted_proxies:
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=list(trusted))
    return app


def install_access(app: FastAPI, shared: SharedSettings) -> None:
    """What dependencies ask the app for: whose tokens are good, and where the two origins are."""
    app.state.public_url, app.state.staff_url = shared.public_url, shared.staff_url
    app.state.verifier = TokenVerifier(shared.oidc_issuer, shared.oidc_audience, shared.oidc_jwks)


class SecurityHeaders:
    """ASGI middleware: the headers that tell a browser what our pages may do."""

    def __init__(self, app: ASGIApp, *, production: bool) -> None:
        self._app, self._pairs = app, (*SECURITY_HEADERS, HTTPS_ONLY) if production else SECURITY_HEADERS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message.setdefault("headers", [])
                present = {name for name, _ in headers}
                headers.extend(pair for pair in self._pairs if pair[0] not in present)
            await send(message)

        await self._app(scope, receive, sending if scope["type"] == "http" else send)
