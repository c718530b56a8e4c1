"""What video takes and gives over HTTP."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from vpr_events.contracts.session import EndReason, Mode
from vpr_events.event import Code
from vpr_service.requests import Body, PageQuery

TOKEN_LIMIT = 200

type SessionStatus = Literal["waiting", "joined", "connected", "ended", "expired"]

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
    """A session. ``joined`` means that somebody is in: the two times tell who."""

    id: UUID
    request_id: UUID
    case_id: UUID
    report_id: UUID
    officer_id: UUID
    version: int
    status: SessionStatus
    created_at: datetime
    expires_at: datetime
    resident_joined_at: datetime | None
    officer_joined_at: datetime | None
    connected_at: datetime | None
    ended_at: datetime | None
    end_reason: EndReason | None


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
    """The resident is in."""

    session_id: UUID
    participant_id: UUID
