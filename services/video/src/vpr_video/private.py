"""Rows that events never hold: the digests of tokens, and what was written in calls."""

from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.dialects.postgresql import insert as upsert

from vpr_events.writes import Write
from vpr_video.domain.commands import OpenInvite
from vpr_video.tables import chat, credentials, invite_tokens
from vpr_video.tokens import digest_of

INSERT_TOKEN = insert(invite_tokens)
INSERT_CREDENTIAL = insert(credentials)
INSERT_CHAT = upsert(chat).on_conflict_do_nothing()


def digest_kept(invite_id: UUID, session_id: UUID, digest: str) -> Write:
    """What is kept of an invitation's token."""
    return Write(session_id, INSERT_TOKEN, {"token_digest": digest, "invite_id": invite_id})


def credential_kept(opening: OpenInvite, session_id: UUID, token: str) -> Write:
    """What is kept of the token by which a resident who came in is known from then on."""
    row = {"token_digest": digest_of(token), "session_id": session_id, "participant_id": opening.participant_id}
    return Write(session_id, INSERT_CREDENTIAL, row)
