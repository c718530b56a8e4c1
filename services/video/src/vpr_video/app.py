"""Video, put together."""

from collections.abc import Sequence
from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from vpr_service.app import create_app
from vpr_service.clock import Clock, real_time
from vpr_service.runtime import Runtime, Service, Worker
from vpr_service.streams import Listener
from vpr_video.api import routers
from vpr_video.domain.session import session
from vpr_video.projections import CHANGES, project_session
from vpr_video.reactors import consumer
from vpr_video.settings import Settings
from vpr_video.signalling.hub import Changes, Hub
from vpr_video.tables import metadata
from vpr_video.web import STATIC, call_pages, pages

MIGRATIONS = Path(__file__).parents[2] / "migrations"


def _workers(runtime: Runtime) -> Sequence[Worker]:
    hub = Hub(runtime)
    return (hub, Listener(runtime.engine, CHANGES, Changes(hub=hub)))


service = Service(
    "video", metadata, deciders=(session,), projectors=(project_session,), consumer=consumer, workers=_workers
)


def make_app(settings: Settings | None = None, clock: Clock = real_time) -> FastAPI:
    """The app, with settings from the environment unless given."""
    app = create_app(
        service, settings or Settings(), (*routers, pages.router, call_pages.resident, call_pages.officer), clock
    )
    app.mount("/static", StaticFiles(directory=STATIC), "static")
    return app
