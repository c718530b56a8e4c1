"""What video takes and gives over HTTP."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

from vpr_events.contracts.session import Consent, EndReason, Mode, Participant
from vpr_events.event import Code
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

    ``holder_id`` holds the case and acts; null while nobody does. ``mode`` is how they are or were connected.
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
    expires_at: datetime
    resident_joined_at: datetime | None
    officer_joined_at: datetime | None
    connected_at: datetime | None
    ended_at: datetime | None
    end_reason: EndReason | None
    mode: Mode | None


class NewInvitation(Body):
    """How the resident is invited; ``link``: the officer passes the link on."""

    channel: Code = "link"


class Invitation(Body):
    """An invitation. ``link`` is shown once; a repeated request gets null and a note instead."""

    id: UUID
    session_id: UUID
    channel: str
    expires_at: datetime
    link: str | None
    note: str | None = None


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


class Consents(Body):
    """The scopes that are allowed from now on; those not named are not."""

    scopes: frozenset[Consent]


class Call(Body):
    """A participant's own view of the session."""

    session_id: UUID
    participant_id: UUID
    kind: Participant
    status: SessionStatus
    mode: Mode | None
    admitted: bool
    present: bool
    consents: list[Consent]


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
    """The resident is in. ``participant_token`` is shown once: send it as ``Authorization: Participant <token>``."""

    session_id: UUID
    participant_id: UUID
    participant_token: str
