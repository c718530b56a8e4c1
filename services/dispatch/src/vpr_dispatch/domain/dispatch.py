"""A dispatch: somebody must drive there.

A report has one stream, so that whoever knows the report finds it. When the dispatch is over, a new assessment may
request again in the same stream. A cancelled dispatch keeps the units that are on it: they are to be recalled, each
by clearing or withdrawing it; if a new assessment comes first, the dispatch goes on with them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from vpr_events.contracts.dispatch import (
    CancelReason,
    DispatchCancelled,
    DispatchCompleted,
    DispatchHoldExceeded,
    DispatchOverridden,
    DispatchRequested,
    DispatchUnitAssigned,
    DispatchUnitCleared,
    DispatchUnitEnRoute,
    DispatchUnitOnScene,
    DispatchUnitWithdrawn,
)
from vpr_events.contracts.values import Capability, Gravest
from vpr_events.decider import Command, Decider, Invalid, Refused, TimerFired, Timers, Unknown
from vpr_events.event import Event, derived_id


class Step(StrEnum):
    """How far a unit is with its part of a dispatch; they come in this order, and some are never told."""

    ASSIGNED = "assigned"
    EN_ROUTE = "en_route"
    ON_SCENE = "on_scene"
    CLEARED = "cleared"
    WITHDRAWN = "withdrawn"


ACTIVE = (Step.ASSIGNED, Step.EN_ROUTE, Step.ON_SCENE)
"""The unit is on the dispatch."""

type StepEvent = (
    DispatchUnitAssigned | DispatchUnitEnRoute | DispatchUnitOnScene | DispatchUnitCleared | DispatchUnitWithdrawn
)

STEPS: Mapping[type[StepEvent], Step] = {
    DispatchUnitAssigned: Step.ASSIGNED,
    DispatchUnitEnRoute: Step.EN_ROUTE,
    DispatchUnitOnScene: Step.ON_SCENE,
    DispatchUnitCleared: Step.CLEARED,
    DispatchUnitWithdrawn: Step.WITHDRAWN,
}


class Over(StrEnum):
    """How a dispatch ended."""

    COMPLETED = "completed"
    CANCELLED = "cancelled"


class Awaited(StrEnum):
    """Whose word a dispatch waits for: the dispatcher's, or that of the units on it. Names its timers."""

    UNIT = "hold"
    WORD = "units"


HOLD = timedelta(minutes=30)
"""How long a dispatch may be without a unit before that is recorded, at first."""

HOLDS = 4
"""So many times it is recorded every half hour; from then on every day, so that the log is not flooded."""

HOLD_LATER = timedelta(days=1)

WORD_EVERY = timedelta(hours=12)
"""How long units may be on a dispatch before that is recorded, and again: longer than any shift."""


@dataclass(frozen=True, slots=True)
class Job:
    """A unit's part of a dispatch: the steps told, and the dispatch's version at the last of them."""

    reached: tuple[Step, ...]
    version: int

    @property
    def active(self) -> bool:
        """Whether the unit is still on the dispatch."""
        return self.reached[-1] in ACTIVE


@dataclass(frozen=True, slots=True)
class State:
    """A dispatch as it decides. Without assessments there is none.

    ``exceeded`` counts how often it was recorded that it waits too long for what it awaits now.
    """

    version: int = 0
    assessments: frozenset[UUID] = frozenset()
    capabilities: tuple[Capability, ...] = ()
    over: Over | None = None
    jobs: Mapping[UUID, Job] = field(default_factory=dict)
    exceeded: int = 0

    @property
    def active(self) -> frozenset[UUID]:
        """The units that are on the dispatch."""
        return frozenset(unit for unit, job in self.jobs.items() if job.active)

    @property
    def awaits(self) -> Awaited | None:
        """What it waits for. Cancelled with units on it, it waits for their recall; without any, for nothing more."""
        if self.active:
            return Awaited.WORD
        return Awaited.UNIT if self.assessments and not self.over else None


@dataclass(frozen=True, slots=True)
class Last:
    """A unit's last step on a dispatch as the caller read it: the dispatch's version then, and when it happened."""

    version: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestDispatch(Command):
    """Somebody must drive there, by this assessment."""

    case_id: UUID
    report_id: UUID
    assessment_id: UUID
    capabilities: tuple[Capability, ...] = ()
    priority: int | None = None
    gravest: Gravest | None = None
    district: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignUnit(Command):
    """Give a unit the job; ``override`` with a ``reason`` when it holds none of the capabilities needed."""

    unit_id: UUID
    dispatcher_id: UUID
    unit_capabilities: tuple[Capability, ...]
    override: bool = False
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitReport(Command):
    """A unit told a step, perhaps late. Events hold no times, so ``last`` brings the time it must not precede."""

    unit_id: UUID
    last: Last | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitEnRoute(UnitReport):
    """The unit is on its way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitOnScene(UnitReport):
    """The unit has arrived."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearUnit(UnitReport):
    """The unit is done there; when it is the last one, so is the dispatch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawUnit(Command):
    """Take the unit off the job: without others the dispatch waits again."""

    unit_id: UUID
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelDispatch(Command):
    """Nobody needs to drive there any more. A withdrawn report changes nothing once the dispatch is completed."""

    reason: CancelReason


def dispatch_of(report_id: UUID) -> UUID:
    """The id of a report's dispatch."""
    return derived_id(report_id, "dispatch")


def decide(command: Command, state: State) -> Sequence[Event]:
    """What a command leads to."""
    match command:
        case RequestDispatch():
            return _request(command, state)
        case CancelDispatch():
            return _cancel(command, state)
        case AssignUnit() | UnitReport() | WithdrawUnit() | TimerFired() if not state.assessments:
            raise Unknown("no_such_dispatch", "there is no such dispatch")
        case AssignUnit():
            return _assign(command, state)
        case UnitReport():
            return _report(command, state)
        case WithdrawUnit():
            withdrawn = DispatchUnitWithdrawn(unit_id=command.unit_id, reason=command.reason)
            return [withdrawn] if _is_new(Step.WITHDRAWN, command.unit_id, state) else []
        case TimerFired():
            return _exceed(command, state)
    raise TypeError(f"{type(command).__name__} is no command of a dispatch")


def _request(command: RequestDispatch, state: State) -> Sequence[Event]:
    if command.assessment_id in state.assessments:
        return []
    return [
        DispatchRequested(
            case_id=command.case_id,
            report_id=command.report_id,
            assessment_id=command.assessment_id,
            capabilities=command.capabilities,
            priority=command.priority,
            gravest=command.gravest,
            district=command.district,
        )
    ]


def _cancel(command: CancelDispatch, state: State) -> Sequence[Event]:
    if not state.assessments:
        raise Unknown("no_such_dispatch", "there is no such dispatch")
    if state.over is Over.COMPLETED:
        if command.reason is CancelReason.REPORT_WITHDRAWN:
            return []
        raise _over()
    return [] if state.over else [DispatchCancelled(reason=command.reason)]


def _assign(command: AssignUnit, state: State) -> Sequence[Event]:
    if command.override and not command.reason:
        raise Invalid("reason", "an override needs its reason")
    if state.over:
        raise _over()
    if command.unit_id in state.active:
        return []
    assigned = DispatchUnitAssigned(unit_id=command.unit_id, dispatcher_id=command.dispatcher_id)
    if not state.capabilities or not set(state.capabilities).isdisjoint(command.unit_capabilities):
        return [assigned]
    return [_overridden(command), assigned]


def _overridden(command: AssignUnit) -> DispatchOverridden:
    if not command.override or not command.reason:
        raise Refused("capability_missing", "the unit holds none of the capabilities that are needed there")
    return DispatchOverridden(
        dispatcher_id=command.dispatcher_id,
        recommended_unit_id=None,
        chosen_unit_id=command.unit_id,
        reason=command.reason,
    )


def _report(command: UnitReport, state: State) -> Sequence[Event]:
    event = _told(command)
    if not _is_new(STEPS[type(event)], command.unit_id, state):
        return []
    _check_time(command, state.jobs[command.unit_id])
    last = isinstance(event, DispatchUnitCleared) and state.active == {command.unit_id}
    return [event, DispatchCompleted()] if last and not state.over else [event]


def _told(command: UnitReport) -> DispatchUnitEnRoute | DispatchUnitOnScene | DispatchUnitCleared:
    match command:
        case UnitEnRoute():
            return DispatchUnitEnRoute(unit_id=command.unit_id)
        case UnitOnScene():
            return DispatchUnitOnScene(unit_id=command.unit_id)
        case ClearUnit():
            return DispatchUnitCleared(unit_id=command.unit_id)
    raise TypeError(f"{type(command).__name__} is no report of a unit")


def _is_new(step: Step, unit_id: UUID, state: State) -> bool:
    """Whether the step is yet to be recorded. Refused when the unit cannot take it."""
    job = state.jobs.get(unit_id)
    if job and step in job.reached:
        return False
    active = job is not None and job.active
    if state.over and not (active and step not in ACTIVE):
        raise _over()
    if job is None or not active:
        raise Refused("unit_not_assigned", "the unit is not on this dispatch")
    if step is Step.EN_ROUTE and Step.ON_SCENE in job.reached:
        raise Refused("unit_further_on", "the unit is on scene already")
    return True


def _check_time(command: UnitReport, job: Job) -> None:
    if command.last is None or command.last.version != job.version:
        raise Refused("changed_meanwhile", "the unit's status changed at the same time: look again and retry")
    if command.at < command.last.at:
        raise Invalid("at", "must not be before the unit's previous status on this dispatch")


def _exceed(command: TimerFired, state: State) -> Sequence[Event]:
    if command.name not in timers(state):
        return []
    limit = sum((_patience(state.awaits, count) for count in range(state.exceeded + 1)), timedelta())
    return [DispatchHoldExceeded(limit=int(limit.total_seconds()))]


def timers(state: State) -> Timers:
    """When it is recorded that the dispatch waits too long."""
    if state.awaits is None:
        return {}
    return {f"{state.awaits}-{state.exceeded + 1}": _patience(state.awaits, state.exceeded)}


def _patience(awaited: Awaited | None, exceeded: int) -> timedelta:
    if awaited is Awaited.WORD:
        return WORD_EVERY
    return HOLD if exceeded < HOLDS else HOLD_LATER


def _over() -> Refused:
    return Refused("dispatch_over", "this dispatch is completed or cancelled")


def evolve(state: State, event: Event) -> State:
    """The state after an event."""
    after = _evolved(replace(state, version=state.version + 1), event)
    return after if after.awaits is state.awaits else replace(after, exceeded=0)


def _evolved(state: State, event: Event) -> State:
    match event:
        case DispatchRequested():
            return _requested(state, event)
        case (
            DispatchUnitAssigned()
            | DispatchUnitEnRoute()
            | DispatchUnitOnScene()
            | DispatchUnitCleared()
            | DispatchUnitWithdrawn()
        ):
            return _stepped(state, event)
        case DispatchCompleted():
            return replace(state, over=Over.COMPLETED)
        case DispatchCancelled():
            return replace(state, over=Over.CANCELLED)
        case DispatchHoldExceeded():
            return replace(state, exceeded=state.exceeded + 1)
    return state


def _requested(state: State, event: DispatchRequested) -> State:
    """A newer assessment of an open dispatch replaces what is needed; after the end everything starts anew."""
    return replace(
        state,
        assessments=state.assessments | {event.assessment_id},
        capabilities=event.capabilities,
        over=None,
        jobs={} if state.over and not state.active else state.jobs,
    )


def _stepped(state: State, event: StepEvent) -> State:
    step = STEPS[type(event)]
    before = () if step is Step.ASSIGNED else state.jobs[event.unit_id].reached
    return replace(state, jobs={**state.jobs, event.unit_id: Job((*before, step), state.version)})


dispatch = Decider("dispatch", State(), decide, evolve, timers)
