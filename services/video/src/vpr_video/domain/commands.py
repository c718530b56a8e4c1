"""What can be asked of a session."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from vpr_events.contracts.session import Consent, EndReason, Mode, Participant
from vpr_events.decider import Command
from vpr_video.domain.schedule import Invitation, Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateSession(Command):
    """Open a session for a request of triage."""

    request_id: UUID
    case_id: UUID
    report_id: UUID
    officer_id: UUID
    expires_at: datetime
    category: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleSession(CreateSession):
    """Open a session for an appointment, and invite the resident to it unless ``invitation`` is None."""

    schedule: Schedule
    invitation: Invitation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveSession(Command):
    """The appointment has a new time, of which the resident is told unless ``invitation`` is None."""

    schedule: Schedule
    invitation: Invitation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueInvite(Command):
    """Invite the resident; an earlier invitation that was not opened is void from now on.

    ``language``, ``neutral`` (no word of police) and ``fallback`` (to the other channel) matter where it is sent. A
    resident asks for one ``instead_of`` the one that they have.
    """

    invite_id: UUID
    channel: str
    expires_at: datetime
    language: str = "en"
    neutral: bool = False
    fallback: bool = False
    instead_of: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteInviteSent(Command):
    """The gateway of this channel took the invitation."""

    invite_id: UUID
    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteInviteFailed(Command):
    """No gateway took the invitation; ``reason`` is a code."""

    invite_id: UUID
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeInvite(Command):
    """Take an invitation back that nobody opened."""

    invite_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenInvite(Command):
    """The resident comes in by an invitation."""

    invite_id: UUID
    participant_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinStaff(Command):
    """A member of staff comes in; ``kind`` is the place they take. Officers are in at once, others wait."""

    staff_id: UUID
    kind: Participant = Participant.OFFICER


@dataclass(frozen=True, slots=True, kw_only=True)
class Admit(Command):
    """Let somebody in from the waiting room."""

    participant_id: UUID
    staff_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class SetConsents(Command):
    """A participant allows exactly these scopes: what is missing is taken back."""

    participant_id: UUID
    scopes: frozenset[Consent]


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave(Command):
    """A participant hangs up, or is shown out."""

    participant_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Return(Command):
    """Who had left waits again, and is asked for consent again."""

    participant_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Connect(Command):
    """Officer and resident see each other, for the first time or again."""

    mode: Mode


@dataclass(frozen=True, slots=True, kw_only=True)
class Interrupt(Command):
    """The connection to this participant broke."""

    participant_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeMode(Command):
    """Go up or down the ladder of video, audio, chat, upload."""

    mode: Mode


@dataclass(frozen=True, slots=True, kw_only=True)
class EndSession(Command):
    """End the meeting."""

    reason: EndReason
