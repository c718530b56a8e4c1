"""A session as video decides on it."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from vpr_events.contracts.session import (
    Participant,
    SessionConnected,
    SessionCreated,
    SessionEnded,
    SessionExpired,
    SessionInviteOpened,
    SessionInviteSent,
    SessionParticipantJoined,
)
from vpr_events.event import Event


class Status(StrEnum):
    """Where a session stands. JOINED means that somebody is in, not yet that both are."""

    NONE = "none"
    WAITING = "waiting"
    JOINED = "joined"
    CONNECTED = "connected"
    ENDED = "ended"
    EXPIRED = "expired"


OVER = frozenset({Status.ENDED, Status.EXPIRED})
NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Invite:
    """A single-use invitation."""

    id: UUID
    expires_at: datetime
    opened: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """A session as video decides on it. Of the unopened ``invites`` only the last is valid."""

    status: Status = Status.NONE
    expires_at: datetime = NEVER
    invites: tuple[Invite, ...] = ()
    officers: frozenset[UUID] = frozenset()
    residents: frozenset[UUID] = frozenset()


def evolve(state: State, event: Event) -> State:
    """The state after an event."""
    match event:
        case SessionCreated():
            return replace(state, status=Status.WAITING, expires_at=event.expires_at)
        case SessionInviteSent():
            return replace(state, invites=(*state.invites, Invite(event.invite_id, event.expires_at)))
        case SessionInviteOpened():
            return replace(state, invites=tuple(_spent(invite, event.invite_id) for invite in state.invites))
        case SessionParticipantJoined():
            return _with_participant(state, event)
        case SessionConnected():
            return replace(state, status=Status.CONNECTED)
        case SessionEnded():
            return replace(state, status=Status.ENDED)
        case SessionExpired():
            return replace(state, status=Status.EXPIRED)
    return state


def _spent(invite: Invite, opened: UUID) -> Invite:
    return replace(invite, opened=True) if invite.id == opened else invite


def _with_participant(state: State, event: SessionParticipantJoined) -> State:
    if state.status is Status.WAITING:
        state = replace(state, status=Status.JOINED)
    match event.kind:
        case Participant.OFFICER:
            return replace(state, officers=state.officers | {event.participant_id})
        case Participant.RESIDENT:
            return replace(state, residents=state.residents | {event.participant_id})
    return state
