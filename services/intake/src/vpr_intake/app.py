"""Intake, put together."""

from pathlib import Path

from fastapi import FastAPI

from vpr_intake.api import open311, routers
from vpr_intake.domain.history import history
from vpr_intake.domain.report import report
from vpr_intake.projections import project_report
from vpr_intake.reactors import consumer
from vpr_intake.settings import Settings
from vpr_intake.tables import metadata
from vpr_service.app import create_app
from vpr_service.clock import Clock, real_time
from vpr_service.runtime import Service

MIGRATIONS = Path(__file__).parents[2] / "migrations"

service = Service("intake", metadata, deciders=(report, history), projectors=(project_report,), consumer=consumer)


def make_app(settings: Settings | None = None, clock: Clock = real_time) -> FastAPI:
    """The app, with settings from the environment unless given."""
    app = create_app(service, settings or Settings(), routers, clock)
    app.add_middleware(open311.TooLarge)
    return app
