"""What can be asked of a session."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from vpr_events.contracts.session import EndReason, Mode
from vpr_events.decider import Command


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateSession(Command):
    """Open a session for a request of triage."""

    request_id: UUID
    case_id: UUID
    report_id: UUID
    officer_id: UUID
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueInvite(Command):
    """Invite the resident; an earlier invitation that was not opened is void from now on."""

    invite_id: UUID
    channel: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenInvite(Command):
    """The resident comes in by an invitation."""

    invite_id: UUID
    participant_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinOfficer(Command):
    """An officer (or a supervisor in that place) comes in."""

    officer_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Connect(Command):
    """Officer and resident see each other."""

    mode: Mode


@dataclass(frozen=True, slots=True, kw_only=True)
class EndSession(Command):
    """End the meeting."""

    reason: EndReason
