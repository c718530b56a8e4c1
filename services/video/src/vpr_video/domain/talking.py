"""How officer and resident are connected: for the first time, interrupted, again, and by what."""

from collections.abc import Sequence

from vpr_events.contracts.session import (
    Consent,
    Mode,
    Participant,
    SessionConnected,
    SessionInterrupted,
    SessionModeChanged,
    SessionResumed,
)
from vpr_events.decider import Refused, Unknown
from vpr_events.event import Event
from vpr_video.domain.commands import ChangeMode, Connect, Interrupt
from vpr_video.domain.serving import without_recorder
from vpr_video.domain.state import TALKING, State, Status


def connect(command: Connect, state: State) -> Sequence[Event]:
    """What the first picture leads to, and what a later one."""
    if state.status is Status.CONNECTED:
        return []
    if not (state.inside(Participant.OFFICER) and state.inside(Participant.RESIDENT)):
        raise Refused("not_both_joined", "officer and resident are not both in the session: let the resident in")
    _check_sight(command.mode, state)
    if not state.met:
        return [SessionConnected(mode=command.mode)]
    [resident, *_] = state.inside(Participant.RESIDENT)
    resumed = SessionResumed(kind=resident.kind, participant_id=resident.id)
    return [resumed] if command.mode is state.mode else [resumed, SessionModeChanged(mode=command.mode)]


def interrupt(command: Interrupt, state: State) -> Sequence[Event]:
    """What a broken connection leads to: nothing before there was one, nor for who only listens or does not record."""
    person = state.person(command.participant_id)
    if person is None:
        raise Unknown("no_such_participant", "nobody of that id came to this session")
    closings = without_recorder(person, state)
    talks = person.admitted and person.kind in {Participant.OFFICER, Participant.RESIDENT}
    if state.status is not Status.CONNECTED or not (person.present and talks):
        return closings
    return [*closings, SessionInterrupted(kind=person.kind, participant_id=person.id)]


def change_mode(command: ChangeMode, state: State) -> Sequence[Event]:
    """What a step on the ladder leads to."""
    if state.status not in TALKING:
        raise Refused("not_connected", "officer and resident are not connected")
    if command.mode is state.mode:
        return []
    _check_sight(command.mode, state)
    return [SessionModeChanged(mode=command.mode)]


def _check_sight(mode: Mode, state: State) -> None:
    if mode is Mode.VIDEO and not state.allows(Consent.VIEW):
        raise Refused("view_not_allowed", "the resident has not allowed to be seen")
