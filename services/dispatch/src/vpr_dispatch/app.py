"""Dispatch, put together."""

from pathlib import Path

from fastapi import FastAPI

from vpr_dispatch.api import routers
from vpr_dispatch.domain.dispatch import dispatch
from vpr_dispatch.domain.unit import unit
from vpr_dispatch.projections import project_dispatch, project_unit
from vpr_dispatch.reactors import consumer
from vpr_dispatch.settings import Settings
from vpr_dispatch.tables import metadata
from vpr_service.app import create_app
from vpr_service.clock import Clock, real_time
from vpr_service.runtime import Service

MIGRATIONS = Path(__file__).parents[2] / "migrations"

service = Service(
    "dispatch",
    metadata,
    deciders=(dispatch, unit),
    projectors=(project_dispatch, project_unit),
    consumer=consumer,
)


def make_app(settings: Settings | None = None, clock: Clock = real_time) -> FastAPI:
    """The app, with settings from the environment unless given."""
    return create_app(service, settings or Settings(), routers, clock)
