"""Single-use invitations: of the unopened ones only the last is valid."""

from collections.abc import Sequence
from uuid import UUID

from vpr_events.contracts.session import (
    Participant,
    SessionInviteOpened,
    SessionInviteSent,
    SessionParticipantJoined,
)
from vpr_events.decider import Invalid, Refused, Unknown
from vpr_events.event import Event
from vpr_video.domain.commands import IssueInvite, OpenInvite
from vpr_video.domain.state import Invite, State
from vpr_video.domain.waiting import refuse_when_late


def issue(command: IssueInvite, state: State) -> Sequence[Event]:
    """What inviting leads to."""
    if _invite(state, command.invite_id):
        return []
    refuse_when_late(command, state)
    if command.expires_at > state.expires_at:
        raise Invalid("expires_at", "must not be after the session's own")
    return [
        SessionInviteSent(invite_id=command.invite_id, channel=command.channel, expires_at=command.expires_at),
    ]


def open_(command: OpenInvite, state: State) -> Sequence[Event]:
    """What coming in by an invitation leads to."""
    invite = _invite(state, command.invite_id)
    if invite is None:
        raise Unknown("no_such_invite", "there is no such invitation")
    if invite.opened:
        raise Refused("invite_used", "this invitation was used before")
    if invite != state.invites[-1]:
        raise Refused("invite_revoked", "a newer invitation replaced this one")
    if command.at >= invite.expires_at:
        raise Refused("invite_expired", "this invitation's time is over")
    refuse_when_late(command, state)
    return [
        SessionInviteOpened(invite_id=invite.id),
        SessionParticipantJoined(participant_id=command.participant_id, kind=Participant.RESIDENT),
    ]


def _invite(state: State, invite_id: UUID) -> Invite | None:
    return next((invite for invite in state.invites if invite.id == invite_id), None)
