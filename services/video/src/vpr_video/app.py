"""Video, put together."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from fastapi import FastAPI

from vpr_events.effect_runner import Handler
from vpr_service.app import create_app
from vpr_service.clock import Clock, real_time
from vpr_service.evidence import Sweeper
from vpr_service.runtime import Runtime, Service, Worker
from vpr_service.service_tokens import TokenSource
from vpr_service.streams import Listener
from vpr_service.web import static_files
from vpr_video.api import routers
from vpr_video.case_numbers import CaseNumbers
from vpr_video.districts import Districts
from vpr_video.domain.session import session
from vpr_video.evidence.effects import follow_evidence, handlers
from vpr_video.evidence.items import OBJECTS
from vpr_video.evidence.links import project_link
from vpr_video.evidence.recorded import RecordingSweeper
from vpr_video.evidence.rows import project_evidence
from vpr_video.guests import project_guest
from vpr_video.invite_rows import project_invite
from vpr_video.limiting import Limits
from vpr_video.media.wiring import media_server
from vpr_video.projections import CHANGES, project_session
from vpr_video.reactors import Leads, consumer, consumer_with
from vpr_video.sending.effects import INVITATION, REMINDER, send_invitation
from vpr_video.sending.outbox import Outbox
from vpr_video.sending.wiring import sender, settings_of
from vpr_video.settings import Settings
from vpr_video.signalling.changes import Changes
from vpr_video.signalling.hub import Hub
from vpr_video.tables import metadata
from vpr_video.web import STATIC, call_pages, code_pages, giving_pages, guest_pages, leaving, outbox_page, pages

MIGRATIONS = Path(__file__).parents[2] / "migrations"
PAGES = (
    pages.router,
    code_pages.router,
    call_pages.resident,
    call_pages.officer,
    leaving.router,
    giving_pages.router,
    guest_pages.router,
    outbox_page.router,
)


def _workers(runtime: Runtime) -> Sequence[Worker]:
    settings = settings_of(runtime)
    server = media_server(settings)
    hub = Hub(runtime, server)
    listener, sweeper = Listener(runtime.engine, CHANGES, Changes(hub=hub)), Sweeper(runtime, settings, OBJECTS)
    city = Districts(settings.intake_url)
    served = (server, RecordingSweeper(runtime, server.recordings)) if server else ()
    return (hub, listener, Outbox(), sweeper, city, *served)


def _handlers(runtime: Runtime) -> Mapping[str, Handler]:
    sending = sender(runtime)
    return {INVITATION: sending, REMINDER: sending, **handlers(runtime)}


service = Service(
    "video",
    metadata,
    deciders=(session,),
    projectors=(project_session, project_invite, project_evidence, project_link, project_guest),
    consumer=consumer,
    workers=_workers,
    consequences=(send_invitation, follow_evidence),
    handlers=_handlers,
)


def _leads(settings: Settings) -> Leads:
    return Leads(
        opens=settings.opens_before,
        reminds=settings.remind_before,
        misses=settings.no_show_after,
        link=settings.invite_lifetime,
        sends=settings.channels,
    )


def make_app(settings: Settings | None = None, clock: Clock = real_time) -> FastAPI:
    """The app, with settings from the environment unless given."""
    settings = settings or Settings()
    made = replace(service, consumer=consumer_with(_leads(settings)))
    app = create_app(made, settings, (*routers, *PAGES), clock)
    app.state.limits = Limits.of(settings)
    app.state.case_numbers = CaseNumbers(settings.intake_url, TokenSource.of("video", settings))
    app.state.resident_origins = settings.resident_origins
    app.mount("/static", static_files(STATIC), "static")
    return app
