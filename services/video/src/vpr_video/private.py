"""Rows that events never hold: the digests of tokens, and what was written, located and ticked in calls."""

from uuid import UUID

from sqlalchemy import bindparam, delete, insert
from sqlalchemy.dialects.postgresql import insert as upsert

from vpr_events.writes import Write
from vpr_video.domain.commands import OpenInvite
from vpr_video.queries import LOCATION
from vpr_video.tables import chat, checklist_ticks, credentials, invite_tokens, locations, positions
from vpr_video.tokens import digest_of

INSERT_TOKEN = insert(invite_tokens)
INSERT_CREDENTIAL = insert(credentials)
DELETE_CREDENTIAL = delete(credentials).where(credentials.c.token_digest == bindparam("digest"))
INSERT_CHAT = upsert(chat).on_conflict_do_nothing()
_place = upsert(locations)
KEEP_LOCATION = _place.on_conflict_do_update(
    index_elements=["session_id", "participant_id"],
    set_={name: _place.excluded[name] for name in LOCATION},
    where=_place.excluded.located_at >= locations.c.located_at,
)
"""An older position that comes late changes nothing."""
KEEP_POSITION = upsert(positions).on_conflict_do_nothing()
_tick = upsert(checklist_ticks)
KEEP_TICK = _tick.on_conflict_do_update(
    index_elements=["session_id", "checklist", "point"],
    set_={name: _tick.excluded[name] for name in ("ticked", "at")},
)


def digest_kept(invite_id: UUID, session_id: UUID, digest: str) -> Write:
    """What is kept of an invitation's token."""
    return Write(session_id, INSERT_TOKEN, {"token_digest": digest, "invite_id": invite_id})


def credential_kept(opening: OpenInvite, session_id: UUID, token: str) -> Write:
    """What is kept of the token by which a resident who came in is known from then on."""
    return credential_kept_for(opening.participant_id, session_id, token)


def credential_kept_for(participant_id: UUID, session_id: UUID, token: str) -> Write:
    """The same of any participant without an account."""
    row = {"token_digest": digest_of(token), "session_id": session_id, "participant_id": participant_id}
    return Write(session_id, INSERT_CREDENTIAL, row)


def credential_forgotten(session_id: UUID, token: str) -> Write:
    """Nobody is known by this token any more."""
    return Write(session_id, DELETE_CREDENTIAL, {"digest": digest_of(token)})
