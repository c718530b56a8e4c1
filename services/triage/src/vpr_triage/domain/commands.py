"""What can be asked of a case."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from vpr_events.contracts.case import CloseReason, Outcome
from vpr_events.contracts.values import Capability, Channel, Gravest
from vpr_events.decider import Command
from vpr_triage.domain.state import Invitation


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCase(Command):
    """Put a filed report into the queue."""

    report_id: UUID
    category: str
    channel: Channel
    district: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowReport(Command):
    """The report was amended; a category or district that is absent is unchanged."""

    fields: tuple[str, ...]
    category: str | None = None
    district: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PrioritiseCase(Command):
    """Set the priority; ``gravest`` says which end of its scale is the gravest.

    ``officer_id`` is for officers, who leave each other's cases alone; without it anybody's case may be meant.
    """

    priority: int
    gravest: Gravest
    officer_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RaiseCase(Command):
    """Set the gravest priority, because the report turned out to be an emergency; an ended case stays as it is."""

    priority: int
    gravest: Gravest


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimCase(Command):
    """Take the case for the length of a lease."""

    officer_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseCase(Command):
    """Put the case back into the queue."""

    officer_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestVideo(Command):
    """Ask for a video session with the resident."""

    officer_id: UUID
    request_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class BookAppointment(Command):
    """Agree on a time, or on another one instead; ``earliest_at`` is the first that was on offer.

    ``zone`` is the IANA name of the wall clock that the resident goes by. ``appointment_id`` is for a new appointment.
    Without an ``invitation`` the resident is invited as before, at first as the city does.
    """

    officer_id: UUID
    appointment_id: UUID
    starts_at: datetime
    zone: str
    earliest_at: datetime | None = None
    invitation: Invitation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelAppointment(Command):
    """The appointment will not take place; ``reason`` is a code."""

    officer_id: UUID
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteNoShow(Command):
    """The resident did not come to this session."""

    session_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteOfficerAbsent(Command):
    """No officer came to the session at its time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessCase(Command):
    """Decide what becomes of the case. Absent priority and district are the case's own.

    ``suggested`` is what a rule had proposed, if one did.
    """

    assessment_id: UUID
    officer_id: UUID
    outcome: Outcome
    capabilities: tuple[Capability, ...] = ()
    priority: int | None = None
    gravest: Gravest | None = None
    district: str | None = None
    suggested: Outcome | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkDuplicate(Command):
    """The case tells of the same incident as another: it, ``case_id``, is linked to that one and ends."""

    case_id: UUID
    officer_id: UUID
    original_case_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class StandAsOriginal(Command):
    """Another case is about to be linked to this one."""

    duplicate_case_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseCase(Command):
    """End the case.

    An officer's reason follows from the assessment and may be left out; without an officer it is ``dispatched`` or
    ``withdrawn``.
    """

    reason: CloseReason | None = None
    officer_id: UUID | None = None
