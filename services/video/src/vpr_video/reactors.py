"""What video does about others' events: triage asks for a session, now or at a time, and ends it with its case."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from vpr_events.contracts.case import (
    CaseAppointmentBooked,
    CaseAppointmentCancelled,
    CaseAppointmentMoved,
    CaseClaimed,
    CaseClosed,
    CaseReleased,
    CaseVideoRequested,
)
from vpr_events.contracts.report import ReportPersonalDataErased
from vpr_events.contracts.session import EndReason
from vpr_events.decider import Command
from vpr_events.event import Recorded, derived_id
from vpr_events.inbox import Consumer
from vpr_events.pipeline import Execution
from vpr_video.domain.commands import CreateSession, EndSession, MoveSession, ScheduleSession
from vpr_video.domain.inviting import SMS
from vpr_video.domain.schedule import ASKED, Invitation, Schedule
from vpr_video.domain.session import session, session_id
from vpr_video.projections import ERASING, project_holder

LIFETIME = timedelta(hours=24)
"""How long a session waits for its end, from its beginning or its appointment."""

CANCELLED = EndReason.APPOINTMENT_CANCELLED
ENDINGS = {"case_closed": EndReason.CASE_CLOSED}
"""Why a session ends, where its appointment does not just end by itself, by triage's reason."""

type Agreed = CaseAppointmentBooked | CaseAppointmentMoved


@dataclass(frozen=True, slots=True)
class Leads:
    """How long before or after an appointment what happens; ``sends`` are the channels by which we invite.

    ``link`` is how long after it a link is good.
    """

    opens: timedelta = timedelta(minutes=15)
    reminds: timedelta = timedelta(minutes=60)
    misses: timedelta = timedelta(minutes=15)
    link: timedelta = timedelta(hours=4)
    sends: tuple[str, ...] = ()


def reactor(leads: Leads) -> Callable[[Recorded, datetime], Iterable[Execution]]:
    """What turns an event of triage into commands."""

    def react(event: Recorded, now: datetime) -> Iterable[Execution]:
        match event.data:
            case CaseVideoRequested() as requested:
                yield _execution(event, requested.request_id, _creation(event, requested, now))
            case CaseAppointmentBooked(request_id=UUID() as request, officer_id=UUID() as officer) as booked:
                yield _execution(event, request, _booking(event, booked, request, officer, now, leads))
            case CaseAppointmentMoved(request_id=UUID() as request) as moved:
                schedule, invitation = _schedule(event, moved, now, leads), _invitation(event, moved, leads)
                yield _execution(event, request, MoveSession(at=now, schedule=schedule, invitation=invitation))
            case CaseAppointmentCancelled(request_id=UUID() as request, reason=reason):
                yield _execution(event, request, EndSession(at=now, reason=ENDINGS.get(reason, CANCELLED)))
            case CaseClosed() as closed:
                for request_id in _requests(closed):
                    yield _execution(event, request_id, EndSession(at=now, reason=EndReason.CASE_CLOSED))

    return react


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


def _booking(
    event: Recorded, booked: CaseAppointmentBooked, request: UUID, officer: UUID, now: datetime, leads: Leads
) -> ScheduleSession:
    schedule = _schedule(event, booked, now, leads)
    return ScheduleSession(
        at=now,
        request_id=request,
        case_id=event.entity_id,
        report_id=event.correlation_id,
        officer_id=officer,
        expires_at=schedule.expires_at,
        category=booked.category,
        schedule=schedule,
        invitation=_invitation(event, booked, leads),
    )


def _schedule(event: Recorded, agreed: Agreed, now: datetime, leads: Leads) -> Schedule:
    """Who is booked later than a reminder would come has just been told."""
    starts, remind = agreed.starts_at, agreed.starts_at - leads.reminds
    return Schedule(
        starts_at=starts,
        zone=agreed.zone,
        opens_at=starts - leads.opens,
        missed_at=starts + leads.misses,
        expires_at=starts + max(LIFETIME, leads.misses, leads.link),
        told_by=event.version,
        remind_at=remind if leads.reminds and remind > now else None,
    )


def _invitation(event: Recorded, agreed: Agreed, leads: Leads) -> Invitation | None:
    """None where we send nothing: then the officer hands a link over."""
    if not leads.sends:
        return None
    return Invitation(
        id=derived_id(event.id, "invitation"),
        channel=agreed.channel or (SMS if SMS in leads.sends else leads.sends[0]),
        expires_at=agreed.starts_at + leads.link,
        language=agreed.language or ASKED,
        neutral=bool(agreed.neutral),
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


HANDLED = (
    CaseVideoRequested,
    CaseAppointmentBooked,
    CaseAppointmentMoved,
    CaseAppointmentCancelled,
    CaseClaimed,
    CaseReleased,
    CaseClosed,
    ReportPersonalDataErased,
)


def consumer_with(leads: Leads) -> Consumer:
    """The consumer of a service with these settings."""
    return Consumer(handles=frozenset(HANDLED), react=reactor(leads), projectors=(*ERASING, project_holder))


react, consumer = reactor(Leads()), consumer_with(Leads())
