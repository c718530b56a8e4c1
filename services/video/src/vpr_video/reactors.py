"""What video does about others' events: triage asks for a session, and ends it with its case."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from vpr_events.contracts.case import CaseClosed, CaseVideoRequested
from vpr_events.contracts.session import EndReason
from vpr_events.decider import Command
from vpr_events.event import Recorded
from vpr_events.inbox import Consumer
from vpr_events.pipeline import Execution
from vpr_video.domain.session import CreateSession, EndSession, session, session_id

LIFETIME = timedelta(hours=24)
"""How long a session waits for its end."""


def react(event: Recorded, now: datetime) -> Iterable[Execution]:
    """The commands that an event of triage leads to."""
    command: Command
    match event.data:
        case CaseVideoRequested(request_id=request_id) as requested:
            command = CreateSession(
                at=now,
                request_id=request_id,
                case_id=event.entity_id,
                report_id=requested.report_id,
                officer_id=requested.officer_id,
                expires_at=now + LIFETIME,
            )
        case CaseClosed(request_id=request_id) if request_id:
            command = EndSession(at=now, reason=EndReason.CASE_CLOSED)
        case _:
            return
    yield Execution(
        decider=session,
        entity=session_id(request_id),
        command=command,
        correlation_id=event.correlation_id,
        causation_id=event.id,
    )


consumer = Consumer(handles=frozenset((CaseVideoRequested, CaseClosed)), react=react)
