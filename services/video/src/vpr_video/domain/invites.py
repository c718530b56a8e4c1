"""Invitations as a session knows them."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from vpr_events.contracts.session import (
    SessionInviteFailed,
    SessionInviteIssued,
    SessionInviteOpened,
    SessionInviteRevoked,
    SessionInviteSent,
)
from vpr_events.event import Event

type Invites = tuple[Invite, ...]


@dataclass(frozen=True, slots=True)
class Invite:
    """A single-use invitation. ``sent`` and ``failed`` tell what became of its sending; neither: it is on its way."""

    id: UUID
    expires_at: datetime
    channel: str
    neutral: bool = False
    language: str = "en"
    opened: bool = False
    sent: bool = False
    failed: bool = False
    revoked: bool = False


def invite_in(invites: Invites, invite_id: UUID) -> Invite | None:
    """The invitation of this id."""
    return next((invite for invite in invites if invite.id == invite_id), None)


def with_event(invites: Invites, event: Event) -> Invites:
    """The invitations after an event of any kind."""
    match event:
        case SessionInviteIssued():
            return (*invites, Invite(event.invite_id, event.expires_at, event.channel, event.neutral, event.language))
        case SessionInviteSent() if invite_in(invites, event.invite_id) is None:
            return (*invites, Invite(event.invite_id, event.expires_at, event.channel, event.neutral, sent=True))
        case SessionInviteSent():
            return _changed(invites, event.invite_id, sent=True)
        case SessionInviteFailed():
            return _changed(invites, event.invite_id, failed=True)
        case SessionInviteOpened():
            return _changed(invites, event.invite_id, opened=True)
        case SessionInviteRevoked():
            return _changed(invites, event.invite_id, revoked=True)
    return invites


def _changed(invites: Invites, invite_id: UUID, **changes: bool) -> Invites:
    return tuple(replace(one, **changes) if one.id == invite_id else one for one in invites)  # type: ignore[arg-type] # names of Invite's
