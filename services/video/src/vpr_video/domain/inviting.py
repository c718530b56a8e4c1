"""Single-use invitations: of the unopened ones only the last is valid."""

from collections.abc import Sequence
from uuid import UUID

from vpr_events.contracts.session import (
    Participant,
    SessionInviteFailed,
    SessionInviteIssued,
    SessionInviteOpened,
    SessionInviteRevoked,
    SessionInviteSent,
    SessionParticipantJoined,
)
from vpr_events.decider import Invalid, Refused, Unknown
from vpr_events.event import Event, derived_id
from vpr_video.domain.commands import IssueInvite, NoteInviteFailed, NoteInviteSent, OpenInvite, RevokeInvite
from vpr_video.domain.invites import Invite, invite_in
from vpr_video.domain.state import State
from vpr_video.domain.waiting import refuse_when_early, refuse_when_late

SMS, EMAIL = "sms", "email"
SENT_BY_US = frozenset({SMS, EMAIL})
"""Channels with a gateway; by any other one the officer hands the invitation over, and has it at once."""

NEUTRAL_NEEDED = "neutral_needed"
"""Why an invitation fails whose words could endanger the resident."""


def issue(command: IssueInvite, state: State) -> Sequence[Event]:
    """What inviting leads to."""
    if invite_in(state.invites, command.invite_id):
        return []
    if command.instead_of is not None:
        _check_newest(command.instead_of, state)
    refuse_when_late(command, state)
    if command.expires_at > state.expires_at:
        raise Invalid("expires_at", "must not be after the session's own")
    if command.channel not in SENT_BY_US:
        return [
            SessionInviteSent(
                invite_id=command.invite_id,
                channel=command.channel,
                expires_at=command.expires_at,
                neutral=command.neutral,
            )
        ]
    return [
        SessionInviteIssued(
            invite_id=command.invite_id,
            channel=command.channel,
            expires_at=command.expires_at,
            language=command.language,
            neutral=command.neutral,
            fallback=command.fallback,
        )
    ]


def _check_newest(invite_id: UUID, state: State) -> None:
    """Whoever has an older link, or one that was taken back, gets no new one: it may be on a stolen phone."""
    newest = state.invites[-1] if state.invites else None
    if newest is None or newest.id != invite_id or newest.revoked:
        raise Refused("invite_revoked", "only the officer gives a new link in place of this one")


def note_sent(command: NoteInviteSent, state: State) -> Sequence[Event]:
    """What a gateway's yes leads to: it counts once, also after the invitation was taken back meanwhile."""
    invite = _known(state, command)
    if invite.sent:
        return []
    return [
        SessionInviteSent(
            invite_id=invite.id, channel=command.channel, expires_at=invite.expires_at, neutral=invite.neutral
        )
    ]


def note_failed(command: NoteInviteFailed, state: State) -> Sequence[Event]:
    """What giving up leads to. Nobody chose the words of an appointment's invitation: it goes again, neutral."""
    invite = _known(state, command)
    if invite.sent or invite.failed:
        return []
    failed = SessionInviteFailed(invite_id=invite.id, reason=command.reason)
    again = state.schedule and command.reason == NEUTRAL_NEEDED and invite == state.invites[-1] and not invite.revoked
    return [failed, _neutral(invite)] if again else [failed]


def _neutral(invite: Invite) -> SessionInviteIssued:
    return SessionInviteIssued(
        invite_id=derived_id(invite.id, "neutral"),
        channel=invite.channel,
        expires_at=invite.expires_at,
        language=invite.language,
        neutral=True,
    )


def revoke(command: RevokeInvite, state: State) -> Sequence[Event]:
    """What taking back leads to: nothing where a newer invitation replaced it already."""
    invite = _known(state, command)
    if invite.opened:
        raise Refused("invite_used", "this invitation was used before")
    return [] if invite.revoked or invite != state.invites[-1] else [SessionInviteRevoked(invite_id=invite.id)]


def open_(command: OpenInvite, state: State) -> Sequence[Event]:
    """What coming in by an invitation leads to."""
    invite = _known(state, command)
    if invite.opened:
        raise Refused("invite_used", "this invitation was used before")
    if invite.revoked:
        raise Refused("invite_withdrawn", "this invitation was taken back")
    if invite != state.invites[-1]:
        raise Refused("invite_revoked", "a newer invitation replaced this one")
    if command.at >= invite.expires_at:
        raise Refused("invite_expired", "this invitation's time is over")
    refuse_when_late(command, state)
    refuse_when_early(command, state)
    return [
        SessionInviteOpened(invite_id=invite.id),
        SessionParticipantJoined(participant_id=command.participant_id, kind=Participant.RESIDENT),
    ]


def _known(state: State, command: NoteInviteSent | NoteInviteFailed | RevokeInvite | OpenInvite) -> Invite:
    if invite := invite_in(state.invites, command.invite_id):
        return invite
    raise Unknown("no_such_invite", "there is no such invitation")
