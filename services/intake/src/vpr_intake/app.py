"""Intake, put together."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from fastapi import FastAPI

from vpr_events.effect_runner import Handler
from vpr_intake import hooks
from vpr_intake.announcing import WEBHOOK, announce
from vpr_intake.api import open311, routers
from vpr_intake.attachment_work import FactsReader
from vpr_intake.channels import ALARMS
from vpr_intake.domain.access import access
from vpr_intake.domain.history import history
from vpr_intake.domain.report import report
from vpr_intake.expecting import Expectations
from vpr_intake.kept_files import FACTS, OBJECTS, REMOVAL, follow_attachments, object_forgotten
from vpr_intake.private import register
from vpr_intake.projections import (
    project_access,
    project_disposition,
    project_erasure,
    project_hold,
    project_report,
    project_status,
)
from vpr_intake.reactors import consumer
from vpr_intake.retaining import GAUGES, Retaining, retention_figures
from vpr_intake.settings import Settings, settings_of
from vpr_intake.tables import metadata
from vpr_intake.web import STATIC
from vpr_intake.web.budgets import Budgets
from vpr_intake.web.routers import web_routers
from vpr_service.app import create_app
from vpr_service.clock import Clock, real_time
from vpr_service.evidence import Remover, Sweeper
from vpr_service.key_use import KeyUse
from vpr_service.known_keys import KnownKeys
from vpr_service.runtime import Runtime, Service, Worker
from vpr_service.service_tokens import TokenSource
from vpr_service.streams import Listener
from vpr_service.web import static_files

MIGRATIONS = Path(__file__).parents[2] / "migrations"


def _workers(runtime: Runtime) -> Sequence[Worker]:
    settings = settings_of(runtime)
    tokens = TokenSource.of("intake", settings)
    return [
        Listener(runtime.engine, ALARMS),
        hooks.Forgetting(runtime.engine, settings),
        Retaining.of(runtime, settings.city.retention, settings.retention_every),
        Expectations(settings.metrics_url, tokens, settings.expected_every, runtime.now),
        Sweeper(runtime, settings, OBJECTS),
        KeyUse(runtime.engine, register),
        KnownKeys(runtime.engine, register),
    ]


def _handlers(runtime: Runtime) -> Mapping[str, Handler]:
    return {
        WEBHOOK: hooks.deliverer(runtime, hooks.outbound(runtime)),
        FACTS: FactsReader(runtime),
        REMOVAL: Remover(settings_of(runtime), object_forgotten),
    }


service = Service(
    "intake",
    metadata,
    deciders=(report, history, access),
    projectors=(project_report, project_access, project_erasure, project_status, project_disposition, project_hold),
    consumer=consumer,
    workers=_workers,
    consequences=(announce, follow_attachments),
    handlers=_handlers,
    public=True,
    key_forms="/open311/",
    gauges=GAUGES,
    figures=retention_figures,
)


def make_app(settings: Settings | None = None, clock: Clock = real_time) -> FastAPI:
    """The app, with settings from the environment unless given."""
    settings = settings or Settings()
    app = create_app(service, settings, (*routers, *web_routers), clock)
    app.add_middleware(open311.Outside)
    app.state.budgets = Budgets.of(settings)
    app.mount("/static", static_files(STATIC), "static")
    return app
