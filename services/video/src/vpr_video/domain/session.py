"""A session: one meeting of an officer and a resident, from the request for video to its end."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from vpr_events.contracts.session import SessionEnded, SessionExpired
from vpr_events.decider import Command, Decider, TimerFired, Timers, Unknown
from vpr_events.event import Event, derived_id
from vpr_video.domain.attending import admit, come_back, join, leave, set_consents
from vpr_video.domain.commands import (
    Admit,
    ChangeMode,
    Connect,
    CreateSession,
    EndSession,
    Interrupt,
    IssueInvite,
    JoinStaff,
    Leave,
    MoveSession,
    NoteInviteFailed,
    NoteInviteSent,
    OpenInvite,
    Return,
    RevokeInvite,
    SetConsents,
)
from vpr_video.domain.giving import GIVING, RevokeUploadLink
from vpr_video.domain.guests import (
    ComeAsGuest,
    InviteGuest,
    RevokeGuestInvite,
    come_as_guest,
    invite_guest,
    revoke_guest,
)
from vpr_video.domain.inviting import issue, note_failed, note_sent, open_, revoke
from vpr_video.domain.scheduling import MISSED, REMINDER, create, end, move, schedule_fired, schedule_timers
from vpr_video.domain.securing import SECURING, TIMER, abandon, evidence_timers, without_link
from vpr_video.domain.serving import SERVING, with_the_session
from vpr_video.domain.state import OVER, State, Status, evolve
from vpr_video.domain.talking import change_mode, connect, interrupt
from vpr_video.domain.waiting import expire, refuse_when_late, refuse_when_over, timers


def session_id(request_id: UUID) -> UUID:
    """The id of the session that a request for video leads to."""
    return derived_id(request_id, "session")


def decide(command: Command, state: State) -> Sequence[Event]:
    """What a command leads to. Whatever ends the session ends what the media server records."""
    events = _decided(command, state)
    over = any(isinstance(event, SessionEnded | SessionExpired) for event in events)
    return [*with_the_session(state), *events] if over else events


def _decided(command: Command, state: State) -> Sequence[Event]:
    if isinstance(command, CreateSession):
        return create(command, state)
    if state.status is Status.NONE:
        raise Unknown("no_such_session", "there is no such session")
    match command:
        case EndSession():
            return end(command, state)
        case MoveSession():
            return move(command, state)
        case TimerFired():
            return _fired(command, state)
        case command if isinstance(command, IDLE) and state.status in OVER:
            return []
    if securing := SECURING.get(type(command)) or SERVING.get(type(command)):
        return securing(command, state)
    if giving := GIVING.get(type(command)):
        stopped = without_link(command.link_id, state) if isinstance(command, RevokeUploadLink) else ()
        return [*giving(command, state.links), *stopped]
    refuse_when_over(state)
    if (decision := WHILE_OPEN.get(type(command))) is None:
        raise TypeError(f"{type(command).__name__} is no command of a session")
    return decision(command, state)


def _fired(command: TimerFired, state: State) -> Sequence[Event]:
    if command.name in {REMINDER, MISSED}:
        return schedule_fired(command, state)
    return abandon(command, state) if command.name.startswith(TIMER) else expire(command, state)


IDLE = (Interrupt, Leave, NoteInviteSent, NoteInviteFailed, RevokeInvite, RevokeGuestInvite)
"""What changes nothing once the session is over."""


def _guest_invited(command: InviteGuest, state: State) -> Sequence[Event]:
    refuse_when_late(command, state)
    return invite_guest(command, state.guests)


def _guest_came(command: ComeAsGuest, state: State) -> Sequence[Event]:
    refuse_when_late(command, state)
    return come_as_guest(command, state.guests)


WHILE_OPEN: Mapping[type[Command], Callable[[Any, State], Sequence[Event]]] = {
    IssueInvite: issue,
    OpenInvite: open_,
    NoteInviteSent: note_sent,
    NoteInviteFailed: note_failed,
    RevokeInvite: revoke,
    JoinStaff: join,
    Admit: admit,
    SetConsents: set_consents,
    Leave: leave,
    Return: come_back,
    Connect: connect,
    Interrupt: interrupt,
    ChangeMode: change_mode,
    InviteGuest: _guest_invited,
    RevokeGuestInvite: lambda command, state: revoke_guest(command, state.guests),
    ComeAsGuest: _guest_came,
}


def all_timers(state: State) -> Timers:
    """When the session ends by itself, who is reminded or missed, and when evidence that nobody completes is closed."""
    return {**timers(state), **schedule_timers(state), **evidence_timers(state)}


session = Decider("session", State(), decide, evolve, all_timers)
