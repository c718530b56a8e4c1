"""Five services in one process, under /intake, /triage, /video, /dispatch and /metrics, with a start page."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from urllib.parse import urlsplit

from fastapi import FastAPI
from fastapi.middleware.trustedhost import TrustedHostMiddleware
from fastapi.staticfiles import StaticFiles
from pydantic import SecretStr

from vpr import pages, provider
from vpr.embedded import Endpoints
from vpr.home import AUDIENCE, PUBLISHED, STAFF_CLIENT, Home
from vpr.services import assembly
from vpr.stepping import Stepper
from vpr_events.contracts import SERVICES
from vpr_service import problems, sign_in
from vpr_service.app import SecurityHeaders, install_access
from vpr_service.clock import Clock, SteppedTime, real_time
from vpr_service.cookies import StaffCookies
from vpr_service.serving import settings_of
from vpr_service.settings import ServiceSettings, SharedSettings
from vpr_service.web import STATIC

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
    parent.state.services = apps
    parent.state.closing = [event for app in apps.values() for event in app.state.closing]
    let_staff_in(parent, home)
    problems.install(parent)
    parent.add_middleware(StaffCookies, staff_url=home.staff_url)
    parent.add_middleware(SecurityHeaders, production=False)
    hosts = {urlsplit(url).hostname or "" for url in (home.url, home.staff_url)}
    parent.add_middleware(TrustedHostMiddleware, allowed_hosts=[*hosts, *LOOPBACK])
    parent.include_router(pages.router)
    parent.mount("/static", StaticFiles(directory=STATIC), "static")
    for name, app in apps.items():
        parent.mount(f"/{name}", app, name)
    return parent


def let_staff_in(parent: FastAPI, home: Home) -> None:
    """Sign-in at the development issuer, which is ourselves."""
    secrets = home.client_secrets()
    shared = SharedSettings(
        vpr_environment="development", public_url=home.url, staff_url=home.staff_url,
        oidc_issuer=home.issuer_name, oidc_audience=AUDIENCE, oidc_jwks=str(home.folder / PUBLISHED),
        oidc_client_id=STAFF_CLIENT, oidc_client_secret=SecretStr(secrets[STAFF_CLIENT]),
    )  # fmt: skip
    install_access(parent, shared)
    sign_in.install(parent, shared)
    parent.state.provider = provider.Provider(home.issuer(), secrets, home.staff_url + sign_in.CALLBACK)
    parent.include_router(provider.router)


def _service_app(name: str, home: Home, endpoints: Endpoints, clock: Clock) -> FastAPI:
    made, environment = assembly(name), home.environment(name, endpoints)
    return made.make_app(_settings(name, environment), clock)


def _settings(name: str, environment: Mapping[str, str]) -> ServiceSettings:
    """Settings from these variables, each service's its own; what they leave open the environment may tell."""
    prefix = f"{name.upper()}_"
    own = {key.removeprefix(prefix).lower(): value for key, value in environment.items() if key.startswith(prefix)}
    shared = {key.lower(): value for key, value in environment.items() if not key.startswith(prefix)}
    return settings_of(assembly(name).Settings, shared=SharedSettings(**shared, log_format="text"), **own)  # type: ignore[arg-type]
