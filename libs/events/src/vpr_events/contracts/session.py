"""Family ``session``, owned by video: one meeting of an officer and a resident."""

from enum import StrEnum
from uuid import UUID

from vpr_events.event import Code, Event, Instant, Sha256


class Participant(StrEnum):
    """Who takes part."""

    OFFICER = "officer"
    RESIDENT = "resident"
    INTERPRETER = "interpreter"
    SPECIALIST = "specialist"
    SUPERVISOR = "supervisor"


class Consent(StrEnum):
    """What the resident may allow, each revocable at any time."""

    VIEW = "view"
    LOCATION = "location"
    SNAPSHOT = "snapshot"
    RECORD = "record"


class Mode(StrEnum):
    """The ladder of what still works."""

    VIDEO = "video"
    AUDIO = "audio"
    CHAT = "chat"
    UPLOAD = "upload"


class EvidenceKind(StrEnum):
    """What was secured. ``chat`` and ``location`` are documents that the service makes of what it holds."""

    SNAPSHOT = "snapshot"
    RECORDING = "recording"
    UPLOAD = "upload"
    STATEMENT = "statement"
    PHOTO = "photo"
    FILE = "file"
    CHAT = "chat"
    LOCATION = "location"


class EvidenceEnd(StrEnum):
    """Why nothing more is taken of an item that was not completed.

    Those from ``stopped`` on end recordings at the media server: stopped by staff, ended with the session, or because
    who records or is recorded left, the case was lost, or the call does not go through the media server any more.
    ``stopped`` also ends what is being sent by a link that staff take back.
    """

    CONSENT_WITHDRAWN = "consent_withdrawn"
    REPLACED = "replaced"
    ABANDONED = "abandoned"
    STOPPED = "stopped"
    SESSION_ENDED = "session_ended"
    LEFT = "left"
    CASE_LOST = "case_lost"
    MEDIA_SERVER_AWAY = "media_server_away"


class UploadPurpose(StrEnum):
    """What somebody outside of a session is asked for."""

    CAMERA = "camera"
    DOORBELL = "doorbell"
    DASHCAM = "dashcam"
    PHOTO = "photo"
    DOCUMENT = "document"


class EndReason(StrEnum):
    """Why a session ended."""

    COMPLETED = "completed"
    DECLINED = "declined"
    NO_SHOW = "no_show"
    FAILED = "failed"
    CASE_CLOSED = "case_closed"
    WITHDRAWN = "withdrawn"
    APPOINTMENT_CANCELLED = "appointment_cancelled"


class SessionCreated(Event, name="session.created"):
    """A session waits for its participants until ``expires_at``."""

    request_id: UUID
    case_id: UUID
    report_id: UUID
    officer_id: UUID
    expires_at: Instant
    category: Code | None = None


class SessionInviteIssued(Event, name="session.invite_issued"):
    """A single-use join link is to be sent by ``channel``; until it is, ``session.invite_sent`` does not follow.

    ``neutral``: no word of police. ``fallback``: another channel is tried when this one does not take it.
    """

    invite_id: UUID
    channel: Code
    expires_at: Instant
    language: Code
    neutral: bool = False
    fallback: bool = False


class SessionInviteSent(Event, name="session.invite_sent"):
    """The invitation is on its way: shown to the officer, or taken by the gateway of ``channel``."""

    invite_id: UUID
    channel: Code
    expires_at: Instant
    neutral: bool = False


class SessionInviteFailed(Event, name="session.invite_failed"):
    """The invitation did not get through by any channel that was to be tried."""

    invite_id: UUID
    reason: Code


class SessionInviteRevoked(Event, name="session.invite_revoked"):
    """The invitation was taken back before anybody opened it."""

    invite_id: UUID


class SessionInviteOpened(Event, name="session.invite_opened"):
    """The resident opened the link, which is spent now."""

    invite_id: UUID


class SessionConsented(Event, name="session.consented"):
    """A participant allowed these scopes; who did not stand in events from before others than the resident could."""

    scopes: tuple[Consent, ...]
    participant_id: UUID | None = None


class SessionConsentWithdrawn(Event, name="session.consent_withdrawn"):
    """A participant took these scopes back."""

    scopes: tuple[Consent, ...]
    participant_id: UUID | None = None


class SessionParticipantJoined(Event, name="session.participant_joined"):
    """Someone is in the session."""

    participant_id: UUID
    kind: Participant


class SessionParticipantAdmitted(Event, name="session.participant_admitted"):
    """Someone was let in from the waiting room, by a member of staff."""

    participant_id: UUID
    kind: Participant
    admitted_by: UUID


class SessionParticipantLeft(Event, name="session.participant_left"):
    """Someone left the session."""

    participant_id: UUID
    kind: Participant


class SessionConnected(Event, name="session.connected"):
    """Officer and resident meet: by picture (the clock point of the virtual response), by voice, or in writing."""

    mode: Mode


class SessionModeChanged(Event, name="session.mode_changed"):
    """The session went up or down the ladder."""

    mode: Mode


class SessionInterrupted(Event, name="session.interrupted"):
    """The connection broke."""

    kind: Participant
    participant_id: UUID | None = None


class SessionResumed(Event, name="session.resumed"):
    """The connection is back."""

    kind: Participant
    participant_id: UUID | None = None


class SessionEvidenceOpened(Event, name="session.evidence_opened"):
    """A participant begins to send an item of evidence. That of a recording means that recording began.

    ``method`` is how, where it is not by their own page: ``media_server``.
    """

    evidence_id: UUID
    kind: EvidenceKind
    participant_id: UUID
    participant: Participant
    method: Code | None = None


class SessionGuestInvited(Event, name="session.guest_invited"):
    """Somebody without an account (an interpreter, a specialist) may come in once by a link, until ``expires_at``."""

    invite_id: UUID
    kind: Participant
    expires_at: Instant
    invited_by: UUID


class SessionGuestInviteRevoked(Event, name="session.guest_invite_revoked"):
    """A guest's link, by which nobody came, is not valid any more."""

    invite_id: UUID
    revoked_by: UUID


class SessionGuestInviteOpened(Event, name="session.guest_invite_opened"):
    """A guest's link was spent; ``session.participant_joined`` follows."""

    invite_id: UUID
    participant_id: UUID


class SessionUploadLinkIssued(Event, name="session.upload_link_issued"):
    """Somebody outside of the session may send ``most`` items by a link until ``expires_at``."""

    link_id: UUID
    purpose: UploadPurpose
    most: int
    expires_at: Instant
    issued_by: UUID


class SessionUploadLinkRevoked(Event, name="session.upload_link_revoked"):
    """Nothing more is taken by this link."""

    link_id: UUID


class SessionUploadBegun(Event, name="session.upload_begun"):
    """Somebody begins to send an item of evidence by a link."""

    evidence_id: UUID
    kind: EvidenceKind
    link_id: UUID


class SessionEvidenceCopyRequested(Event, name="session.evidence_copy_requested"):
    """A working copy of an item is to be made, such as a redacted one; the original stays as it is.

    ``method`` says how it differs. ``session.evidence_captured`` follows, or ``session.evidence_discarded``.
    """

    evidence_id: UUID
    copied_from: UUID
    kind: EvidenceKind
    requester_id: UUID
    purpose: Code
    method: Code


class SessionEvidenceClosed(Event, name="session.evidence_closed", version=2):
    """Nothing more is taken of an item, although it was not completed; what was acknowledged is kept."""

    evidence_id: UUID
    reason: EvidenceEnd


class SessionEvidenceCaptured(Event, name="session.evidence_captured", version=2):
    """Evidence was secured: this is its hash and its ``size`` in bytes.

    ``incomplete``: it was not completed by who sent it. ``participant_id``: who sent it; absent where the service made
    it of what it holds. ``made_with``: the programs, with their versions, that made it of what the media server
    recorded; ``part_of``: the item that it continues, after the connection was made anew.
    """

    evidence_id: UUID
    kind: EvidenceKind
    sha256: Sha256
    size: int
    media_type: Code | None = None
    incomplete: bool = False
    participant_id: UUID | None = None
    made_with: tuple[Code, ...] | None = None
    part_of: UUID | None = None


class SessionEvidenceDiscarded(Event, name="session.evidence_discarded"):
    """Nothing of an item was kept: it was of no type that is taken, or nothing of it ever came."""

    evidence_id: UUID
    reason: Code


class SessionEvidenceViewed(Event, name="session.evidence_viewed"):
    """Someone looked at evidence."""

    evidence_id: UUID
    viewer_id: UUID
    purpose: Code


class SessionEvidenceExported(Event, name="session.evidence_exported"):
    """Evidence was handed over."""

    evidence_id: UUID
    exporter_id: UUID
    purpose: Code


class SessionEvidenceErased(Event, name="session.evidence_erased"):
    """Evidence was erased under a rule."""

    evidence_id: UUID
    rule: Code


class SessionEnded(Event, name="session.ended", version=2):
    """The meeting is over."""

    reason: EndReason


class SessionExpired(Event, name="session.expired"):
    """The meeting did not come about in time."""
