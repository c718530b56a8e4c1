"""A unit: on duty or off, with one job at most.

A dispatch and its unit decide in one pass. The dispatch says what may be told of a job; the unit sees to it that it
has no other, and then follows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID, uuid5

from vpr_events.contracts.dispatch import UnitOffDuty, UnitOnDuty, UnitStatus, UnitStatusChanged
from vpr_events.contracts.values import Capability
from vpr_events.decider import Command, Decider, Invalid, Refused, Unknown
from vpr_events.event import Event

NAMESPACE = UUID("c2e3a7a4-0f4b-5c57-9c1d-7f6f0f1b8a44")

ON_JOB = (UnitStatus.ASSIGNED, UnitStatus.EN_ROUTE, UnitStatus.ON_SCENE)
"""What a job goes through, in this order."""

OWN_WORD = (UnitStatus.AVAILABLE, UnitStatus.BUSY, UnitStatus.OUT_OF_SERVICE)
"""What a unit without a job may say of itself."""


@dataclass(frozen=True, slots=True)
class State:
    """A unit as it decides. ``shift`` is None before its first one, ``status`` is None off duty."""

    shift: UnitOnDuty | None = None
    status: UnitStatus | None = None
    dispatch_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StartShift(Command):
    """The unit goes on duty."""

    call_sign: str
    capabilities: tuple[Capability, ...]
    home_district: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndShift(Command):
    """The unit goes off duty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeJob(Command):
    """The unit is assigned to a dispatch."""

    dispatch_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class SetStatus(Command):
    """The unit's status: of the job of ``dispatch_id`` (available: it is free again), or by its own word."""

    status: UnitStatus
    dispatch_id: UUID | None = None


def unit_of(call_sign: str) -> UUID:
    """The id of the unit with this call sign: it is the same in every shift."""
    return uuid5(NAMESPACE, call_sign.casefold())


def decide(command: Command, state: State) -> Sequence[Event]:
    """What a command leads to."""
    match command:
        case StartShift():
            return _start(command, state)
        case EndShift() | TakeJob() | SetStatus() if state.shift is None:
            raise Unknown("no_such_unit", "there is no such unit")
        case EndShift():
            return _end(state)
        case TakeJob():
            return _take(command, state)
        case SetStatus() if command.dispatch_id:
            return _follow(command, state)
        case SetStatus():
            return _own_word(command, state)
    raise TypeError(f"{type(command).__name__} is no command of a unit")


def _start(command: StartShift, state: State) -> Sequence[Event]:
    shift = UnitOnDuty(
        call_sign=command.call_sign, capabilities=command.capabilities, home_district=command.home_district
    )
    if state.status is None:
        return [shift]
    if shift != state.shift:
        raise Refused("already_on_duty", "the unit is on duty with other capabilities or another district")
    return []


def _end(state: State) -> Sequence[Event]:
    if state.dispatch_id:
        raise _engaged()
    return [UnitOffDuty()] if state.status else []


def _take(command: TakeJob, state: State) -> Sequence[Event]:
    if state.dispatch_id == command.dispatch_id:
        return []
    if state.status is not UnitStatus.AVAILABLE:
        raise Refused("unit_not_available", "the unit is not available")
    return [UnitStatusChanged(status=UnitStatus.ASSIGNED, dispatch_id=command.dispatch_id)]


def _follow(command: SetStatus, state: State) -> Sequence[Event]:
    """A repeated report of a job that is over, or of a step that is behind, says nothing new."""
    if state.status not in ON_JOB or state.dispatch_id != command.dispatch_id:
        return []
    if command.status is UnitStatus.AVAILABLE:
        return [UnitStatusChanged(status=command.status)]
    if command.status not in ON_JOB:
        raise Invalid("status", "this is no status of a job")
    if ON_JOB.index(command.status) <= ON_JOB.index(state.status):
        return []
    return [UnitStatusChanged(status=command.status, dispatch_id=command.dispatch_id)]


def _own_word(command: SetStatus, state: State) -> Sequence[Event]:
    if command.status not in OWN_WORD:
        raise Invalid("status", "this is a status of a job: it is told of the dispatch")
    if state.status is None:
        raise Refused("unit_off_duty", "the unit is off duty")
    if state.dispatch_id:
        raise _engaged()
    return [] if command.status is state.status else [UnitStatusChanged(status=command.status)]


def _engaged() -> Refused:
    return Refused("unit_engaged", "the unit is on a dispatch: clear or withdraw it there first")


def evolve(state: State, event: Event) -> State:
    """The state after an event."""
    match event:
        case UnitOnDuty():
            return State(event, UnitStatus.AVAILABLE)
        case UnitOffDuty():
            return replace(state, status=None, dispatch_id=None)
        case UnitStatusChanged():
            return replace(state, status=event.status, dispatch_id=event.dispatch_id)
    return state


unit = Decider("unit", State(), decide, evolve)
