"""Invitations of guests as rows. A name is personal: it stands here alone, and ends with the report's personal data."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Uuid, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vpr_events.contracts.session import SessionGuestInviteOpened, SessionGuestInviteRevoked
from vpr_events.erasure import keeping
from vpr_events.event import Recorded, new_id
from vpr_events.pipeline import Execution
from vpr_events.writes import Write
from vpr_service.problems import Problem
from vpr_service.runtime import Runtime
from vpr_video.domain.guests import ComeAsGuest, InviteGuest
from vpr_video.domain.session import session
from vpr_video.erased import ERASED
from vpr_video.private import credential_kept_for
from vpr_video.schemas import NewGuest
from vpr_video.sending.wiring import settings_of
from vpr_video.tables import Moment, guests
from vpr_video.tokens import digest_of, new_token

INSERT = ERASED.inserting(guests)
"""Nothing for a report that was erased: then the link opens nothing either."""
_one = update(guests).where(guests.c.invite_id == bindparam("invite"))
OPENED = _one.values(opened_at=bindparam("at", type_=Moment), participant_id=bindparam("who", type_=Uuid))
REVOKED = _one.values(revoked_at=bindparam("at", type_=Moment))

type Row = dict[str, Any]
type State = Literal["pending", "opened", "revoked", "expired"]


def project_guest(event: Recorded) -> Iterable[Write]:
    """A link that was opened or taken back. Its row is made with its event, since only then its token is known."""
    match event.data:
        case SessionGuestInviteOpened(invite_id=invite, participant_id=who):
            yield Write(event.entity_id, OPENED, {"invite": invite, "who": who, "at": event.occurred_at})
        case SessionGuestInviteRevoked(invite_id=invite):
            yield Write(event.entity_id, REVOKED, {"invite": invite, "at": event.occurred_at})


async def guests_of(connection: AsyncConnection, session_id: UUID) -> list[Row]:
    """A session's guests, the newest first. Personal."""
    query = select(guests).where(guests.c.session_id == session_id)
    query = query.order_by(guests.c.issued_at.desc(), guests.c.invite_id.desc())
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def guest_by(token: str, runtime: Runtime) -> Row:
    """The invitation of a token, whatever became of it. Raises Problem 404."""
    query = select(guests).where(guests.c.token_digest == digest_of(token))
    async with runtime.reading() as connection:
        row = (await connection.execute(query)).mappings().one_or_none()
    if row is None:
        raise Problem(404, "no_such_invite", "there is no such invitation")
    return dict(row)


def state_of(row: Row, now: datetime) -> State:
    """What became of an invitation."""
    if row["opened_at"]:
        return "opened"
    if row["revoked_at"]:
        return "revoked"
    return "expired" if now >= row["expires_at"] else "pending"


def inviting(new: NewGuest, row: Row, staff_id: UUID, runtime: Runtime) -> tuple[Execution, Row, str]:
    """The command that invites a guest into the session of this row, the invitation's row, and its token.

    Of the token only the digest is kept. It is good as long as a resident's, and never longer than the session.
    """
    now, token = runtime.now(), new_token()
    expires_at = min(now + settings_of(runtime).invite_lifetime, row["expires_at"])
    command = InviteGuest(at=now, invite_id=new_id(), kind=new.kind, expires_at=expires_at, staff_id=staff_id)
    kept = dict.fromkeys(guests.c.keys()) | {
        "invite_id": command.invite_id,
        "session_id": row["id"],
        "report_id": row["report_id"],
        "kind": new.kind,
        "name": new.name,
        "token_digest": digest_of(token),
        "issued_at": now,
        "expires_at": expires_at,
    }
    writes = [keeping(row["report_id"]), Write(row["report_id"], INSERT, kept)]
    execution = Execution(
        decider=session, entity=row["id"], command=command, correlation_id=row["report_id"], private=writes
    )
    return execution, kept, token


@dataclass(frozen=True, slots=True, repr=False)
class Coming:
    """A guest who is about to come in, and by what they are known then."""

    execution: Execution
    participant_id: UUID
    credential: str


def coming(invite: Row, runtime: Runtime) -> Coming:
    """The command by which the holder of a link comes in."""
    command = ComeAsGuest(at=runtime.now(), invite_id=invite["invite_id"], participant_id=new_id())
    credential = new_token(32)
    kept = credential_kept_for(command.participant_id, invite["session_id"], credential)
    execution = Execution(
        decider=session,
        entity=invite["session_id"],
        command=command,
        correlation_id=invite["report_id"],
        private=[kept],
    )
    return Coming(execution, command.participant_id, credential)
