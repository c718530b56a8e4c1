"""Families ``case`` and ``officer``, owned by triage."""

from enum import StrEnum
from uuid import UUID

from vpr_events.contracts.values import Capability, Channel, Gravest, Role
from vpr_events.event import Code, Event, Instant, LocalTime


class ReleaseReason(StrEnum):
    """Why a claim ended."""

    RELEASED = "released"
    LEASE_EXPIRED = "lease_expired"
    REASSIGNED = "reassigned"


class ContactChannel(StrEnum):
    """How an officer tried to reach the resident."""

    PHONE = "phone"
    SMS = "sms"
    EMAIL = "email"
    VIDEO = "video"


class ContactOutcome(StrEnum):
    """What came of it."""

    REACHED = "reached"
    NO_ANSWER = "no_answer"
    LEFT_WORD = "left_word"
    WRONG_CONTACT = "wrong_contact"


class Outcome(StrEnum):
    """What an officer decided."""

    DISPATCH = "dispatch"
    RESOLVED = "resolved"
    REFERRED = "referred"
    NO_FURTHER_ACTION = "no_further_action"


class ReviewVerdict(StrEnum):
    """What a reviewing supervisor answered."""

    CONFIRMED = "confirmed"
    RETURNED = "returned"


class CloseReason(StrEnum):
    """Why a case ended."""

    RESOLVED = "resolved"
    DISPATCHED = "dispatched"
    REFERRED = "referred"
    NO_FURTHER_ACTION = "no_further_action"
    WITHDRAWN = "withdrawn"
    NO_SHOW = "no_show"
    DUPLICATE = "duplicate"


class CaseOpened(Event, name="case.opened"):
    """A case stands in the queue for this report."""

    report_id: UUID
    category: Code
    channel: Channel
    district: Code | None = None


class CaseReportAmended(Event, name="case.report_amended"):
    """The case's report tells otherwise: ``fields`` were replaced there."""

    fields: tuple[Code, ...]
    category: Code | None = None
    district: Code | None = None


class CasePrioritised(Event, name="case.prioritised", version=2):
    """A priority was set; ``gravest`` says which end of the scale is the gravest.

    Version 1 had no direction: its scale's lowest number was the gravest.
    """

    priority: int
    gravest: Gravest


class CaseClaimed(Event, name="case.claimed"):
    """An officer holds the case until the lease ends or is renewed."""

    officer_id: UUID
    lease_until: Instant


class CaseReleased(Event, name="case.released"):
    """The case is back in the queue."""

    officer_id: UUID
    reason: ReleaseReason


class CaseVideoOffered(Event, name="case.video_offered"):
    """The resident was asked whether video suits."""


class CaseVideoDeclined(Event, name="case.video_declined"):
    """The resident declined video and keeps the place in the queue."""

    reason: Code | None = None


class CaseVideoRequested(Event, name="case.video_requested"):
    """The officer asks for a video session with the resident, about what the case is of then."""

    request_id: UUID
    report_id: UUID
    officer_id: UUID
    category: Code | None = None


class CaseAppointmentBooked(Event, name="case.appointment_booked"):
    """A time was agreed: the instant, and the wall-clock time with its zone as the resident knows it.

    ``earliest_at`` is the first time that the resident could have had: what lies between was the resident's choice.
    ``request_id`` is that of the session at this time, ``channel``, ``language`` and ``neutral`` how the resident is
    invited to it, as far as the officer said; bookings from before sessions followed them have none of these.
    """

    appointment_id: UUID
    starts_at: Instant
    local_time: LocalTime
    zone: Code
    earliest_at: Instant | None = None
    request_id: UUID | None = None
    officer_id: UUID | None = None
    category: Code | None = None
    channel: Code | None = None
    language: Code | None = None
    neutral: bool | None = None


class CaseAppointmentMoved(Event, name="case.appointment_moved"):
    """The appointment has a new time, of which the resident is told as ``case.appointment_booked`` says."""

    appointment_id: UUID
    starts_at: Instant
    local_time: LocalTime
    zone: Code
    request_id: UUID | None = None
    channel: Code | None = None
    language: Code | None = None
    neutral: bool | None = None


class CaseAppointmentCancelled(Event, name="case.appointment_cancelled"):
    """The appointment will not take place; neither will the session of ``request_id``, if it has one."""

    appointment_id: UUID
    reason: Code
    request_id: UUID | None = None


class CaseContactAttempted(Event, name="case.contact_attempted"):
    """An officer tried to reach the resident."""

    officer_id: UUID
    channel: ContactChannel
    outcome: ContactOutcome


class CaseNoShow(Event, name="case.no_show"):
    """The resident did not come to a session; ``attempt`` counts from 1."""

    attempt: int
    session_id: UUID | None = None


class CaseEscalated(Event, name="case.escalated"):
    """Someone else must look at the case."""

    reason: Code
    to: Role


class CaseTargetMissed(Event, name="case.target_missed"):
    """A service target passed unmet."""

    target: Code
    due_at: Instant


class CaseDuplicateLinked(Event, name="case.duplicate_linked"):
    """This case tells of the same incident as another."""

    original_case_id: UUID


class CaseAssessed(Event, name="case.assessed"):
    """The officer's decision, and what the rule had suggested."""

    assessment_id: UUID
    report_id: UUID
    officer_id: UUID
    outcome: Outcome
    capabilities: tuple[Capability, ...] = ()
    priority: int | None = None
    gravest: Gravest | None = None
    district: Code | None = None
    suggested: Outcome | None = None
    overridden: bool = False


class CaseReviewed(Event, name="case.reviewed"):
    """A supervisor looked at the assessment."""

    reviewer_id: UUID
    verdict: ReviewVerdict


class CaseReopened(Event, name="case.reopened"):
    """A closed case is open again."""

    reason: Code


class CaseClosed(Event, name="case.closed"):
    """Nothing is left to do in triage. ``outcome`` repeats what had been assessed, if anything.

    ``request_ids`` names the requests of the case's sessions, which end with it; ``request_id`` is the last of them.
    Events from before that list have ``request_id`` alone.
    """

    reason: CloseReason
    officer_id: UUID | None = None
    outcome: Outcome | None = None
    request_id: UUID | None = None
    request_ids: tuple[UUID, ...] = ()


class OfficerOnDuty(Event, name="officer.on_duty"):
    """The officer takes cases."""

    officer_id: UUID


class OfficerOffDuty(Event, name="officer.off_duty"):
    """The officer takes no more cases."""

    officer_id: UUID
