"""A session: one meeting of an officer and a resident, from the request for video to its end."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from vpr_events.contracts.session import (
    EndReason,
    Mode,
    Participant,
    SessionConnected,
    SessionCreated,
    SessionEnded,
    SessionExpired,
    SessionInviteOpened,
    SessionInviteSent,
    SessionParticipantJoined,
)
from vpr_events.decider import Command, Decider, Invalid, Refused, TimerFired, Timers, Unknown
from vpr_events.event import Event, derived_id


class Status(StrEnum):
    """Where a session stands. JOINED means that somebody is in, not yet that both are."""

    NONE = "none"
    WAITING = "waiting"
    JOINED = "joined"
    CONNECTED = "connected"
    ENDED = "ended"
    EXPIRED = "expired"


OVER = frozenset({Status.ENDED, Status.EXPIRED})
EXPIRY = "expiry"
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


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateSession(Command):
    """Open a session for a request of triage."""

    request_id: UUID
    case_id: UUID
    report_id: UUID
    officer_id: UUID
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueInvite(Command):
    """Invite the resident; an earlier invitation that was not opened is void from now on."""

    invite_id: UUID
    channel: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenInvite(Command):
    """The resident comes in by an invitation."""

    invite_id: UUID
    participant_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinOfficer(Command):
    """An officer (or a supervisor in that place) comes in."""

    officer_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Connect(Command):
    """Officer and resident see each other."""

    mode: Mode


@dataclass(frozen=True, slots=True, kw_only=True)
class EndSession(Command):
    """End the meeting."""

    reason: EndReason


def session_id(request_id: UUID) -> UUID:
    """The id of the session that a request for video leads to."""
    return derived_id(request_id, "session")


def decide(command: Command, state: State) -> Sequence[Event]:
    """What a command leads to."""
    if isinstance(command, CreateSession):
        return _create(command, state)
    if state.status is Status.NONE:
        raise Unknown("no_such_session", "there is no such session")
    match command:
        case EndSession():
            return [] if state.status in OVER else [SessionEnded(reason=command.reason)]
        case TimerFired():
            return _expire(command, state)
    _refuse_when_over(state)
    match command:
        case IssueInvite():
            return _issue(command, state)
        case OpenInvite():
            return _open(command, state)
        case JoinOfficer():
            return _join(command, state)
        case Connect():
            return _connect(command, state)
    raise TypeError(f"{type(command).__name__} is no command of a session")


def _create(command: CreateSession, state: State) -> Sequence[Event]:
    if state.status is not Status.NONE:
        return []
    return [
        SessionCreated(
            request_id=command.request_id,
            case_id=command.case_id,
            report_id=command.report_id,
            officer_id=command.officer_id,
            expires_at=command.expires_at,
        )
    ]


def _expire(command: TimerFired, state: State) -> Sequence[Event]:
    """Expired means that they did not meet; a meeting that nobody ended is completed instead."""
    if command.name not in timers(state) or command.due_at < state.expires_at:
        return []
    if state.status is Status.CONNECTED:
        return [SessionEnded(reason=EndReason.COMPLETED)]
    return [SessionExpired()]


def _refuse_when_over(state: State) -> None:
    if state.status is Status.ENDED:
        raise Refused("session_ended", "this session has ended")
    if state.status is Status.EXPIRED:
        raise _expired()


def _refuse_when_late(command: Command, state: State) -> None:
    if command.at >= state.expires_at:
        raise _expired()


def _expired() -> Refused:
    return Refused("session_expired", "this session's time is over")


def _issue(command: IssueInvite, state: State) -> Sequence[Event]:
    if _invite(state, command.invite_id):
        return []
    _refuse_when_late(command, state)
    if command.expires_at > state.expires_at:
        raise Invalid("expires_at", "must not be after the session's own")
    return [
        SessionInviteSent(invite_id=command.invite_id, channel=command.channel, expires_at=command.expires_at),
    ]


def _open(command: OpenInvite, state: State) -> Sequence[Event]:
    invite = _invite(state, command.invite_id)
    if invite is None:
        raise Unknown("no_such_invite", "there is no such invitation")
    if invite.opened:
        raise Refused("invite_used", "this invitation was used before")
    if invite != state.invites[-1]:
        raise Refused("invite_revoked", "a newer invitation replaced this one")
    if command.at >= invite.expires_at:
        raise Refused("invite_expired", "this invitation's time is over")
    _refuse_when_late(command, state)
    return [
        SessionInviteOpened(invite_id=invite.id),
        SessionParticipantJoined(participant_id=command.participant_id, kind=Participant.RESIDENT),
    ]


def _invite(state: State, invite_id: UUID) -> Invite | None:
    return next((invite for invite in state.invites if invite.id == invite_id), None)


def _join(command: JoinOfficer, state: State) -> Sequence[Event]:
    if command.officer_id in state.officers:
        return []
    _refuse_when_late(command, state)
    return [SessionParticipantJoined(participant_id=command.officer_id, kind=Participant.OFFICER)]


def _connect(command: Connect, state: State) -> Sequence[Event]:
    if state.status is Status.CONNECTED:
        return []
    if not (state.officers and state.residents):
        raise Refused("not_both_joined", "officer and resident are not both in the session")
    return [SessionConnected(mode=command.mode)]


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


def timers(state: State) -> Timers:
    """When the session ends by itself."""
    return {} if state.status in OVER | {Status.NONE} else {EXPIRY: state.expires_at}


session = Decider("session", State(), decide, evolve, timers)
