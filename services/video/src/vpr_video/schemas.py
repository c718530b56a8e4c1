"""What video takes and gives over HTTP."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

from vpr_events.contracts.session import Consent, EndReason, Mode, Participant
from vpr_events.event import Instant
from vpr_service.languages import Language
from vpr_service.requests import Body, PageQuery

TOKEN_LIMIT = 200

type SessionStatus = Literal["waiting", "joined", "connected", "interrupted", "ended", "expired"]

type StaffPlace = Literal[Participant.OFFICER, Participant.INTERPRETER, Participant.SPECIALIST, Participant.SUPERVISOR]

type StatedReason = Literal[
    EndReason.COMPLETED, EndReason.DECLINED, EndReason.NO_SHOW, EndReason.FAILED, EndReason.WITHDRAWN
]
"""The reasons that a person can give: ``case_closed`` follows from the case."""


class SessionQuery(PageQuery):
    """Which sessions. Several values of one filter mean any of them."""

    model_config = ConfigDict(extra="forbid")

    case_id: UUID | None = None
    officer_id: UUID | None = None
    status: Annotated[list[SessionStatus], Field(default_factory=list)]


class Session(Body):
    """A session. ``joined`` means that somebody is in: the two times tell who.

    ``holder_id`` holds the case and acts; null while nobody does. ``mode`` is how they are or were connected,
    ``recording`` whether a recording is being made; ``category`` is what the report was of when video was requested,
    null where that was not told. ``scheduled_at`` is its appointment on the wall clock of ``scheduled_zone``, and
    ``opens_at`` from when the resident may come in; all three are null for a session that is for now.
    """

    id: UUID
    request_id: UUID
    case_id: UUID
    report_id: UUID
    officer_id: UUID
    holder_id: UUID | None
    version: int
    status: SessionStatus
    created_at: datetime
    scheduled_at: datetime | None
    scheduled_zone: str | None
    opens_at: datetime | None
    expires_at: datetime
    resident_joined_at: datetime | None
    officer_joined_at: datetime | None
    connected_at: datetime | None
    ended_at: datetime | None
    end_reason: EndReason | None
    mode: Mode | None
    category: str | None
    recording: bool


class NewInvitation(Body):
    """How the resident is invited.

    By ``sms`` or ``email`` we send the link, in ``language``, to where the reporter said; with ``fallback`` (default:
    unless neutral) by the other one if that fails. ``link`` and ``code`` (six characters to be typed on the page
    /video/join) are for the officer to pass on. ``neutral``: no word of police, in the message and on the page.
    """

    channel: Literal["link", "code", "sms", "email"] = "link"
    language: Language = "en"
    neutral: bool = False
    fallback: bool | None = None


type InviteState = Literal["pending", "sent", "failed", "opened", "revoked", "expired"]


class Invitation(Body):
    """An invitation. ``link`` or ``code`` is shown once; a repeated request gets null and a note instead."""

    id: UUID
    session_id: UUID
    channel: str
    state: InviteState
    expires_at: datetime
    link: str | None = None
    code: str | None = None
    note: str | None = None


class SendingAttempt(Body):
    """A try to send. ``error`` is a code, null for what was taken, ``under_way`` until its end is known.

    ``channel`` ``contact``: it ended before a gateway was asked, since intake did not tell how to reach the reporter.
    """

    purpose: Literal["invitation", "reminder"]
    channel: str
    at: datetime
    ms: int
    error: str | None
    next_at: datetime | None


class InvitationStatus(Body):
    """How an invitation fares.

    ``sent_by`` is the channel that took it; ``reason`` says why it failed, or was revoked (``replaced`` by a newer one,
    or ``taken_back``).
    """

    id: UUID
    channel: str
    state: InviteState
    reason: str | None
    sent_by: str | None
    language: str
    neutral: bool
    fallback: bool
    issued_at: datetime
    expires_at: datetime
    sent_at: datetime | None
    failed_at: datetime | None
    opened_at: datetime | None
    revoked_at: datetime | None
    attempts: list[SendingAttempt]


class Person(Body):
    """A participant: in the waiting room until ``admitted_at``, gone since ``left_at``."""

    participant_id: UUID
    kind: Participant
    joined_at: datetime
    admitted_at: datetime | None
    left_at: datetime | None
    consents: list[Consent]


class NewParticipant(Body):
    """Which place a member of staff takes. All but the officer wait until they are let in."""

    kind: StaffPlace = Participant.OFFICER


class NewGuest(Body):
    """Somebody without an account who is to come in: as what, and by which name everyone in the call sees them."""

    kind: Literal[Participant.INTERPRETER, Participant.SPECIALIST]
    name: Annotated[str, Field(min_length=1, max_length=100)]


class GuestShown(Body):
    """A guest's invitation. ``link`` is shown once, in the first answer alone."""

    id: UUID
    kind: Participant
    name: str
    state: Literal["pending", "opened", "revoked", "expired"]
    issued_at: datetime
    expires_at: datetime
    opened_at: datetime | None
    revoked_at: datetime | None
    link: str | None = None


class Consents(Body):
    """The scopes that are allowed from now on; those not named are not."""

    scopes: frozenset[Consent]


class WaitingPlace(Body):
    """Where somebody stands who waits.

    ``ahead`` others wait for the same officer, who is in a call now where ``busy``. ``minutes``: about how long, by the
    median of measured meetings; null where too few were measured, or nobody is before.
    """

    ahead: int
    busy: bool
    minutes: int | None


class Call(Body):
    """A participant's own view of the session; ``place`` while a resident waits to be let in."""

    session_id: UUID
    participant_id: UUID
    kind: Participant
    status: SessionStatus
    mode: Mode | None
    admitted: bool
    present: bool
    consents: list[Consent]
    recording: bool
    place: WaitingPlace | None = None


class Location(Body):
    """Where somebody is: degrees (WGS 84); ``accuracy`` is a radius in metres, ``at`` when it was measured."""

    latitude: Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
    longitude: Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
    accuracy: Annotated[float, Field(ge=0, le=100_000, allow_inf_nan=False)]
    at: Instant


class ShownOnly(Body):
    """A position that is shown and not kept, since a session has as many as are kept of one (``most``)."""

    kept: Literal[False] = False
    most: int


class CallSummary(Body):
    """What a resident is told of a call afterwards; times are null where it did not come so far.

    ``case_number`` is what the receipt of the report says; null for a report without one, or while intake is away.
    """

    case_number: str | None
    connected_at: datetime | None
    ended_at: datetime | None


class Tick(Body):
    """Whether a point of a checklist was looked at."""

    ticked: bool


class ChecklistShown(Body):
    """A checklist's points, and which of them are ticked, by their codes. ``suggested``: it is for the category."""

    checklist: str
    suggested: bool
    points: list[str]
    ticked: list[str]


class IceServer(Body):
    """As RTCPeerConnection takes it."""

    urls: list[str]
    username: str | None = None
    credential: str | None = None


class IceConfiguration(Body):
    """As RTCPeerConnection takes it; the credentials are good until ``expires_at``."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    ice_servers: list[IceServer]
    ice_transport_policy: Literal["all", "relay"]
    expires_at: datetime


class Connection(Body):
    """How officer and resident see each other."""

    mode: Mode


class End(Body):
    """Why the session ends."""

    reason: StatedReason


class Token(Body):
    """The last part of a join link."""

    token: Annotated[str, Field(min_length=1, max_length=TOKEN_LIMIT)]


class Joined(Body):
    """The caller is in. ``participant_token`` is shown once: send it as ``Authorization: Participant <token>``."""

    session_id: UUID
    participant_id: UUID
    participant_token: str
