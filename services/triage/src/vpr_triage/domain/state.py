"""A case as triage decides on it."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from vpr_events.contracts.case import (
    CaseAppointmentBooked,
    CaseAppointmentCancelled,
    CaseAppointmentMoved,
    CaseAssessed,
    CaseClaimed,
    CaseClosed,
    CaseDuplicateLinked,
    CaseEscalated,
    CaseNoShow,
    CaseOpened,
    CasePrioritised,
    CaseReleased,
    CaseReportAmended,
    CaseTargetMissed,
    CaseVideoRequested,
)
from vpr_events.contracts.values import Gravest
from vpr_events.decider import Refused
from vpr_events.event import Event


@dataclass(frozen=True, slots=True)
class Claim:
    """Who holds the case, and until when unless the lease is renewed: a renewal is no event."""

    officer_id: UUID
    lease_until: datetime


@dataclass(frozen=True, slots=True)
class Invitation:
    """How the resident is invited, as far as the officer said; ``neutral``: without a word of police."""

    channel: str | None = None
    language: str | None = None
    neutral: bool = False


@dataclass(frozen=True, slots=True)
class Appointment:
    """A time that was agreed, and the first one that was on offer. It stays when its time has passed.

    ``request_id`` is that of its session, which those booked before sessions followed appointments do not have.
    """

    id: UUID
    starts_at: datetime
    earliest_at: datetime | None
    zone: str
    cancelled: bool = False
    request_id: UUID | None = None
    invitation: Invitation = Invitation()


@dataclass(frozen=True, slots=True)
class State:
    """A case; without a report it does not exist. ``released_by`` is whose claim ended last, while nobody holds it.

    ``awaits_first_claim`` until a claim, or until the target for it was missed; ``reminders`` counts what a supervisor
    was told; ``no_shows`` are the sessions to which the resident did not come.
    """

    report_id: UUID | None = None
    category: str | None = None
    district: str | None = None
    priority: int | None = None
    gravest: Gravest | None = None
    claim: Claim | None = None
    released_by: UUID | None = None
    request_ids: tuple[UUID, ...] = ()
    appointment: Appointment | None = None
    assessment: CaseAssessed | None = None
    closed: bool = False
    awaits_first_claim: bool = True
    reminders: int = 0
    no_shows: tuple[UUID | None, ...] = ()
    duplicate_of: UUID | None = None

    def held_by(self, officer_id: UUID | None) -> bool:
        """Whether this officer holds the case."""
        return self.claim is not None and self.claim.officer_id == officer_id

    def check_holder(self, officer_id: UUID | None) -> None:
        """Raises Refused unless this officer holds the case."""
        if not self.held_by(officer_id):
            raise Refused("not_holder", "you do not hold the case")


def evolve(state: State, event: Event) -> State:
    """The state after an event."""
    match event:
        case CaseOpened():
            return replace(state, report_id=event.report_id, category=event.category, district=event.district)
        case CaseReportAmended():
            return replace(state, category=event.category or state.category, district=event.district or state.district)
        case CasePrioritised():
            return replace(state, priority=event.priority, gravest=event.gravest)
        case CaseClaimed() | CaseReleased():
            return _held(state, event)
        case CaseVideoRequested():
            return replace(state, request_ids=(*state.request_ids, event.request_id))
        case CaseAppointmentBooked() | CaseAppointmentMoved() | CaseAppointmentCancelled():
            return _appointed(state, event)
        case CaseAssessed():
            return replace(state, assessment=event)
        case CaseClosed() | CaseDuplicateLinked():
            return _ended(state, event)
        case CaseTargetMissed() | CaseEscalated() | CaseNoShow():
            return _in_vain(state, event)
    return state


def _held(state: State, event: CaseClaimed | CaseReleased) -> State:
    if isinstance(event, CaseReleased):
        return replace(state, claim=None, released_by=event.officer_id)
    claim = Claim(event.officer_id, event.lease_until)
    return replace(state, claim=claim, released_by=None, awaits_first_claim=False)


def _appointed(state: State, event: CaseAppointmentBooked | CaseAppointmentMoved | CaseAppointmentCancelled) -> State:
    new = isinstance(event, CaseAppointmentBooked) and event.request_id
    requests = (*state.request_ids, event.request_id) if new and event.request_id else state.request_ids
    return replace(state, appointment=_agreed(state, event), request_ids=requests)


def _agreed(
    state: State, event: CaseAppointmentBooked | CaseAppointmentMoved | CaseAppointmentCancelled
) -> Appointment | None:
    if isinstance(event, CaseAppointmentBooked):
        return Appointment(
            event.appointment_id,
            event.starts_at,
            event.earliest_at,
            event.zone,
            request_id=event.request_id,
            invitation=_invitation(event),
        )
    if state.appointment is None or isinstance(event, CaseAppointmentCancelled):
        return state.appointment and replace(state.appointment, cancelled=True)
    return replace(state.appointment, starts_at=event.starts_at, zone=event.zone, invitation=_invitation(event))


def _invitation(event: CaseAppointmentBooked | CaseAppointmentMoved) -> Invitation:
    return Invitation(event.channel, event.language, bool(event.neutral))


def _ended(state: State, event: CaseClosed | CaseDuplicateLinked) -> State:
    if isinstance(event, CaseDuplicateLinked):
        return replace(state, duplicate_of=event.original_case_id)
    return replace(state, claim=None, released_by=None, closed=True)


def _in_vain(state: State, event: CaseTargetMissed | CaseEscalated | CaseNoShow) -> State:
    if isinstance(event, CaseNoShow):
        return replace(state, no_shows=(*state.no_shows, event.session_id))
    if isinstance(event, CaseTargetMissed):
        return replace(state, awaits_first_claim=False)
    return replace(state, reminders=state.reminders + 1)
