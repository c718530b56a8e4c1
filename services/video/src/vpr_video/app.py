"""Video, put together."""

from pathlib import Path

from fastapi import FastAPI
from vpr_service.app import create_app
from vpr_service.clock import Clock, real_time
from vpr_service.runtime import Service

from vpr_video.settings import Settings
from vpr_video.tables import metadata

MIGRATIONS = Path(__file__).parents[2] / "migrations"

service = Service("video", metadata)


def make_app(settings: Settings | None = None, clock: Clock = real_time) -> FastAPI:
    """The app, with settings from the environment unless given."""
    return create_app(service, settings or Settings(), (), clock)
