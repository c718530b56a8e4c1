"""Metrics, put together."""

from collections.abc import Sequence
from pathlib import Path

from fastapi import FastAPI

from vpr_metrics.api import routers
from vpr_metrics.charting.studio import Studio
from vpr_metrics.city import City
from vpr_metrics.domain import figure
from vpr_metrics.projecting import Projection
from vpr_metrics.published import project_figure
from vpr_metrics.settings import Settings
from vpr_metrics.sql.jail import Jail, Limits
from vpr_metrics.tables import metadata
from vpr_metrics.web import STATIC, pages
from vpr_metrics.web.board import Board
from vpr_service.app import create_app
from vpr_service.clock import Clock, real_time
from vpr_service.runtime import Runtime, Service, Worker
from vpr_service.web import static_files

MIGRATIONS = Path(__file__).parents[2] / "migrations"


def _workers(runtime: Runtime) -> Sequence[Worker]:
    if not isinstance(runtime.settings, Settings):
        raise TypeError("metrics needs its own settings")
    settings = runtime.settings
    projection = Projection(runtime.engine, runtime.log, settings.folder, runtime.now)
    limits = Limits(settings.sql_seconds, settings.sql_memory, settings.sql_rows)
    jail = Jail(settings.folder, projection.read, runtime.now, limits, settings.sql_snapshot_age, settings.zone)
    return [projection, jail, Studio(settings.chart_seconds, settings.charts_at_once), City(settings.intake_url)]


service = Service("metrics", metadata, deciders=(figure,), projectors=(project_figure,), workers=_workers)


def make_app(settings: Settings | None = None, clock: Clock = real_time) -> FastAPI:
    """The app, with settings from the environment unless given."""
    app = create_app(service, settings or Settings(), (*routers, pages.router), clock)
    app.state.board = Board(app.state.runtime)
    app.mount("/static", static_files(STATIC), "static")
    return app
