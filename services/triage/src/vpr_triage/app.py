"""Triage, put together."""

from collections.abc import Sequence
from pathlib import Path
from typing import cast

from fastapi import FastAPI

from vpr_service.app import create_app
from vpr_service.clock import Clock, real_time
from vpr_service.runtime import Runtime, Service, Worker
from vpr_triage.api import routers
from vpr_triage.domain.case import case
from vpr_triage.hours import OpeningHours
from vpr_triage.projections import project_case
from vpr_triage.reactors import consumer
from vpr_triage.settings import Settings
from vpr_triage.tables import metadata

MIGRATIONS = Path(__file__).parents[2] / "migrations"


def _workers(runtime: Runtime) -> Sequence[Worker]:
    return (OpeningHours(cast("Settings", runtime.settings).intake_url),)


service = Service("triage", metadata, deciders=(case,), projectors=(project_case,), consumer=consumer, workers=_workers)


def make_app(settings: Settings | None = None, clock: Clock = real_time) -> FastAPI:
    """The app, with settings from the environment unless given."""
    return create_app(service, settings or Settings(), routers, clock)
