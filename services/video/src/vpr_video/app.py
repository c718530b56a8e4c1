"""Video, put together."""

from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from vpr_service.app import create_app
from vpr_service.clock import Clock, real_time
from vpr_service.runtime import Service
from vpr_video.api import routers
from vpr_video.domain.session import session
from vpr_video.projections import project_session
from vpr_video.reactors import consumer
from vpr_video.settings import Settings
from vpr_video.tables import metadata
from vpr_video.web import STATIC, pages

MIGRATIONS = Path(__file__).parents[2] / "migrations"

service = Service("video", metadata, deciders=(session,), projectors=(project_session,), consumer=consumer)


def make_app(settings: Settings | None = None, clock: Clock = real_time) -> FastAPI:
    """The app, with settings from the environment unless given."""
    app = create_app(service, settings or Settings(), (*routers, pages.router), clock)
    app.mount("/static", StaticFiles(directory=STATIC), "static")
    return app
