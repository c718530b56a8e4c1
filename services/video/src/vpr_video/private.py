"""Rows that events never hold: the digests of tokens, and what was written in calls."""

from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.dialects.postgresql import insert as upsert

from vpr_events.writes import Write
from vpr_video.domain.commands import IssueInvite, OpenInvite
from vpr_video.tables import chat, credentials, invites
from vpr_video.tokens import digest_of

INSERT_INVITE = insert(invites)
INSERT_CREDENTIAL = insert(credentials)
INSERT_CHAT = upsert(chat).on_conflict_do_nothing()


def digest_kept(invite: IssueInvite, session_id: UUID, token: str) -> Write:
    """What is kept of an invitation's token."""
    row = {
        "invite_id": invite.invite_id,
        "session_id": session_id,
        "token_digest": digest_of(token),
        "expires_at": invite.expires_at,
    }
    return Write(session_id, INSERT_INVITE, row)


def credential_kept(opening: OpenInvite, session_id: UUID, token: str) -> Write:
    """What is kept of the token by which a resident who came in is known from then on."""
    row = {"token_digest": digest_of(token), "session_id": session_id, "participant_id": opening.participant_id}
    return Write(session_id, INSERT_CREDENTIAL, row)
