"""Events to rows: how each invitation fares."""

from collections.abc import Iterable

from sqlalchemy import bindparam, func, update
from sqlalchemy.dialects.postgresql import insert

from vpr_events.contracts.session import (
    SessionInviteFailed,
    SessionInviteIssued,
    SessionInviteOpened,
    SessionInviteRevoked,
    SessionInviteSent,
)
from vpr_events.event import Recorded
from vpr_events.writes import Write
from vpr_video.domain.inviting import SENT_BY_US
from vpr_video.tables import Moment, invites

AT = bindparam("at", type_=Moment)

REPLACE = (
    update(invites)
    .where(
        invites.c.session_id == bindparam("session"),
        invites.c.invite_id != bindparam("newest"),
        invites.c.opened_at.is_(None),
        invites.c.revoked_at.is_(None),
    )
    .values(revoked_at=AT, reason="replaced")
)
ISSUE = insert(invites).on_conflict_do_nothing()
_one = update(invites).where(invites.c.invite_id == bindparam("invite"))
SENT = _one.values(sent_at=func.coalesce(invites.c.sent_at, AT), sent_by=bindparam("by"))
FAILED = _one.values(failed_at=AT, reason=func.coalesce(invites.c.reason, bindparam("why")))
OPENED = _one.values(opened_at=AT)
REVOKED = _one.values(revoked_at=AT, reason="taken_back")


def project_invite(event: Recorded) -> Iterable[Write]:
    """Invitations of a session. A newer one replaces those that were not opened."""
    session, at = event.entity_id, event.occurred_at
    match event.data:
        case SessionInviteIssued() as issued:
            yield from _begun(event, issued.model_dump())
        case SessionInviteSent() as sent:
            if sent.channel not in SENT_BY_US:
                yield from _begun(event, sent.model_dump() | {"language": "en", "fallback": False})
            yield Write(session, SENT, {"invite": sent.invite_id, "at": at, "by": sent.channel})
        case SessionInviteFailed(invite_id=invite, reason=why):
            yield Write(session, FAILED, {"invite": invite, "at": at, "why": why})
        case SessionInviteOpened(invite_id=invite):
            yield Write(session, OPENED, {"invite": invite, "at": at})
        case SessionInviteRevoked(invite_id=invite):
            yield Write(session, REVOKED, {"invite": invite, "at": at})


def _begun(event: Recorded, row: dict[str, object]) -> Iterable[Write]:
    session, at = event.entity_id, event.occurred_at
    yield Write(session, REPLACE, {"session": session, "newest": row["invite_id"], "at": at})
    yield Write(session, ISSUE, {**row, "session_id": session, "issued_at": at})
