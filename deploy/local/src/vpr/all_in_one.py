"""Five services in one process, under /intake, /triage, /video, /dispatch and /metrics, with a start page."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import FastAPI
from fastapi.middleware.trustedhost import TrustedHostMiddleware
from fastapi.staticfiles import StaticFiles

from vpr import pages
from vpr.embedded import Endpoints
from vpr.home import PUBLISHED, Home
from vpr.services import assembly
from vpr.stepping import Stepper
from vpr_events.contracts import SERVICES
from vpr_service import problems
from vpr_service.app import SecurityHeaders
from vpr_service.auth import TokenVerifier
from vpr_service.clock import Clock, SteppedTime, real_time
from vpr_service.settings import ServiceSettings, SharedSettings

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


def make_all_in_one(
    home: Home, endpoints: Endpoints, stepped: SteppedTime | None = None, until: datetime | None = None
) -> FastAPI:
    """The whole system as one app. Mounted lifespans do not run by themselves: ours enters each.

    Business time is real, or ``stepped``, which then goes on to ``until`` at most.
    """
    apps = {name: _service_app(name, home, endpoints, stepped or real_time) for name in SERVICES}
    runtimes = [app.state.runtime for app in apps.values()]
    steppers = [Stepper(stepped, runtimes, until)] if stepped else []

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for stepper in steppers:
                await stepper.resume()
            for app in apps.values():
                await stack.enter_async_context(app.router.lifespan_context(app))
            for stepper in steppers:
                await stack.enter_async_context(stepper.stepping())
            yield

    parent = FastAPI(title="VPR", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    parent.state.home, parent.state.services, parent.state.public_url = home, apps, home.url
    parent.state.verifier = TokenVerifier(home.issuer_name, home.issuer().audience, str(home.folder / PUBLISHED))
    parent.state.closing = [event for app in apps.values() for event in app.state.closing]
    problems.install(parent)
    parent.add_middleware(SecurityHeaders)
    parent.add_middleware(TrustedHostMiddleware, allowed_hosts=[urlsplit(home.url).hostname or "", *LOOPBACK])
    parent.include_router(pages.router)
    parent.mount("/static", StaticFiles(directory=Path(__file__).parent / "web" / "static"), "static")
    for name, app in apps.items():
        parent.mount(f"/{name}", app, name)
    return parent


def _service_app(name: str, home: Home, endpoints: Endpoints, clock: Clock) -> FastAPI:
    made, environment = assembly(name), home.environment(name, endpoints)
    return made.make_app(_settings(name, environment), clock)


def _settings(name: str, environment: Mapping[str, str]) -> ServiceSettings:
    """Settings from these variables, each service's its own; what they leave open the environment may tell."""
    prefix = f"{name.upper()}_"
    own = {key.removeprefix(prefix).lower(): value for key, value in environment.items() if key.startswith(prefix)}
    shared = {key.lower(): value for key, value in environment.items() if not key.startswith(prefix)}
    return assembly(name).Settings(shared=SharedSettings(**shared, log_format="text"), **own)  # type: ignore[arg-type]
