"""Third participants without an account, such as an interpreter: each comes in by a link of their own, once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from vpr_events.contracts.session import (
    Participant,
    SessionGuestInvited,
    SessionGuestInviteOpened,
    SessionGuestInviteRevoked,
    SessionParticipantJoined,
)
from vpr_events.decider import Command, Invalid, Refused, Unknown
from vpr_events.event import Event

PLACES = frozenset({Participant.INTERPRETER, Participant.SPECIALIST})
"""As what a guest comes; officer and supervisor have accounts, a resident has an invitation of another kind."""


@dataclass(frozen=True, slots=True)
class Guest:
    """An invitation of a guest; many may stand beside each other."""

    id: UUID
    kind: Participant
    expires_at: datetime
    opened: bool = False
    revoked: bool = False


type Guests = tuple[Guest, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InviteGuest(Command):
    """Let somebody without an account come in by a link."""

    invite_id: UUID
    kind: Participant
    expires_at: datetime
    staff_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeGuestInvite(Command):
    """Take a guest's link back, by which nobody came."""

    invite_id: UUID
    staff_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ComeAsGuest(Command):
    """Whoever has the link comes into the waiting room."""

    invite_id: UUID
    participant_id: UUID


def invite_guest(command: InviteGuest, guests: Guests) -> Sequence[Event]:
    """What inviting leads to."""
    if command.kind not in PLACES:
        raise Invalid("kind", "a guest comes as interpreter or as specialist")
    if _found(command.invite_id, guests):
        return []
    return [
        SessionGuestInvited(
            invite_id=command.invite_id,
            kind=command.kind,
            expires_at=command.expires_at,
            invited_by=command.staff_id,
        )
    ]


def revoke_guest(command: RevokeGuestInvite, guests: Guests) -> Sequence[Event]:
    """What taking a link back leads to. Who came in by it is shown out instead."""
    guest = _known(command.invite_id, guests)
    if guest.opened:
        raise Refused("invite_used", "somebody came in by this link: show them out of the call")
    return [] if guest.revoked else [SessionGuestInviteRevoked(invite_id=guest.id, revoked_by=command.staff_id)]


def come_as_guest(command: ComeAsGuest, guests: Guests) -> Sequence[Event]:
    """What coming in by a link leads to: it is spent."""
    guest = _known(command.invite_id, guests)
    if guest.opened:
        raise Refused("invite_used", "this invitation was used before")
    if guest.revoked:
        raise Refused("invite_withdrawn", "this invitation was taken back")
    if command.at >= guest.expires_at:
        raise Refused("invite_expired", "this invitation's time is over")
    return [
        SessionGuestInviteOpened(invite_id=guest.id, participant_id=command.participant_id),
        SessionParticipantJoined(participant_id=command.participant_id, kind=guest.kind),
    ]


def guests_after(guests: Guests, event: Event) -> Guests:
    """The guests' invitations after an event of any kind."""
    match event:
        case SessionGuestInvited():
            return (*guests, Guest(event.invite_id, event.kind, event.expires_at))
        case SessionGuestInviteOpened():
            return tuple(replace(one, opened=True) if one.id == event.invite_id else one for one in guests)
        case SessionGuestInviteRevoked():
            return tuple(replace(one, revoked=True) if one.id == event.invite_id else one for one in guests)
    return guests


def _found(invite_id: UUID, guests: Guests) -> Guest | None:
    return next((one for one in guests if one.id == invite_id), None)


def _known(invite_id: UUID, guests: Guests) -> Guest:
    if guest := _found(invite_id, guests):
        return guest
    raise Unknown("no_such_invite", "there is no such invitation")
