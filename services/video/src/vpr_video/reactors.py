"""What video does about others' events: triage asks for a session, and ends it with its case."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from vpr_events.contracts.case import CaseClaimed, CaseClosed, CaseReleased, CaseVideoRequested
from vpr_events.contracts.report import ReportPersonalDataErased
from vpr_events.contracts.session import EndReason
from vpr_events.decider import Command
from vpr_events.event import Recorded
from vpr_events.inbox import Consumer
from vpr_events.pipeline import Execution
from vpr_video.domain.commands import CreateSession, EndSession
from vpr_video.domain.session import session, session_id
from vpr_video.projections import ERASING, project_holder

LIFETIME = timedelta(hours=24)
"""How long a session waits for its end."""


def react(event: Recorded, now: datetime) -> Iterable[Execution]:
    """The commands that an event of triage leads to."""
    match event.data:
        case CaseVideoRequested() as requested:
            yield _execution(event, requested.request_id, _creation(event, requested, now))
        case CaseClosed() as closed:
            for request_id in _requests(closed):
                yield _execution(event, request_id, EndSession(at=now, reason=EndReason.CASE_CLOSED))


def _creation(event: Recorded, requested: CaseVideoRequested, now: datetime) -> CreateSession:
    return CreateSession(
        at=now,
        request_id=requested.request_id,
        case_id=event.entity_id,
        report_id=requested.report_id,
        officer_id=requested.officer_id,
        expires_at=now + LIFETIME,
        category=requested.category,
    )


def _requests(closed: CaseClosed) -> Iterable[UUID]:
    """Each of the case's requests once; a case that was closed before they were listed names the last one only."""
    last = () if closed.request_id is None else (closed.request_id,)
    return dict.fromkeys((*closed.request_ids, *last))


def _execution(event: Recorded, request_id: UUID, command: Command) -> Execution:
    return Execution(
        decider=session,
        entity=session_id(request_id),
        command=command,
        correlation_id=event.correlation_id,
        causation_id=event.id,
    )


HANDLED = (CaseVideoRequested, CaseClaimed, CaseReleased, CaseClosed, ReportPersonalDataErased)

consumer = Consumer(handles=frozenset(HANDLED), react=react, projectors=(*ERASING, project_holder))
