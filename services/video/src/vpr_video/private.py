"""Rows that events never hold: the digests of join links' tokens."""

from uuid import UUID

from sqlalchemy import insert

from vpr_events.writes import Write
from vpr_video.domain.commands import IssueInvite
from vpr_video.tables import invites
from vpr_video.tokens import digest_of

INSERT_INVITE = insert(invites)


def digest_kept(invite: IssueInvite, session_id: UUID, token: str) -> Write:
    """What is kept of an invitation's token."""
    row = {
        "invite_id": invite.invite_id,
        "session_id": session_id,
        "token_digest": digest_of(token),
        "expires_at": invite.expires_at,
    }
    return Write(session_id, INSERT_INVITE, row)
