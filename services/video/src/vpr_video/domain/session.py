"""A session: one meeting of an officer and a resident, from the request for video to its end."""

from collections.abc import Sequence
from uuid import UUID

from vpr_events.contracts.session import (
    Participant,
    SessionConnected,
    SessionCreated,
    SessionEnded,
    SessionParticipantJoined,
)
from vpr_events.decider import Command, Decider, Refused, TimerFired, Unknown
from vpr_events.event import Event, derived_id
from vpr_video.domain.commands import (
    Connect,
    CreateSession,
    EndSession,
    IssueInvite,
    JoinOfficer,
    OpenInvite,
)
from vpr_video.domain.inviting import issue, open_
from vpr_video.domain.state import OVER, State, Status, evolve
from vpr_video.domain.waiting import expire, refuse_when_late, refuse_when_over, timers


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
            return expire(command, state)
    refuse_when_over(state)
    match command:
        case IssueInvite():
            return issue(command, state)
        case OpenInvite():
            return open_(command, state)
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


def _join(command: JoinOfficer, state: State) -> Sequence[Event]:
    if command.officer_id in state.officers:
        return []
    refuse_when_late(command, state)
    return [SessionParticipantJoined(participant_id=command.officer_id, kind=Participant.OFFICER)]


def _connect(command: Connect, state: State) -> Sequence[Event]:
    if state.status is Status.CONNECTED:
        return []
    if not (state.officers and state.residents):
        raise Refused("not_both_joined", "officer and resident are not both in the session")
    return [SessionConnected(mode=command.mode)]


session = Decider("session", State(), decide, evolve, timers)
