"""Dispatches and units together, under any sequence of commands."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from tests.examples import NOON
from vpr_dispatch.domain import dispatch as jobs
from vpr_dispatch.domain import unit as cars
from vpr_dispatch.domain.dispatch import (
    AssignUnit,
    CancelDispatch,
    ClearUnit,
    Last,
    Over,
    RequestDispatch,
    Step,
    UnitEnRoute,
    UnitOnScene,
    WithdrawUnit,
    dispatch,
)
from vpr_dispatch.domain.unit import EndShift, SetStatus, StartShift, TakeJob, unit
from vpr_events.contracts.dispatch import CancelReason, DispatchCancelled, DispatchCompleted, UnitStatus
from vpr_events.contracts.values import Capability
from vpr_events.decider import Command, Refused
from vpr_events.event import Event

DISPATCHES = [UUID(int=number) for number in (1, 2)]
UNITS = [UUID(int=number) for number in (11, 12, 13)]
DISPATCHER = UUID(int=21)
ASSESSMENTS = [UUID(int=number) for number in (31, 32, 33)]
FREEING = {Step.CLEARED, Step.WITHDRAWN}
ORDER = list(Step)

type Pass = tuple[tuple[UUID, Command], ...]
type Action = tuple[str, UUID, UUID, Any]

NAMES = [
    "on", "off", "busy", "free", "request", "assign", "assign", "en_route", "on_scene", "clear", "clear", "withdraw",
    "cancel", "report_withdrawn",
]  # fmt: skip

actions = st.tuples(
    st.sampled_from(NAMES), st.sampled_from(DISPATCHES), st.sampled_from(UNITS), st.sampled_from(ASSESSMENTS)
)


@dataclass
class World:
    """All streams, and the pass of the pipeline: all commands are recorded, or none."""

    streams: dict[UUID, list[Event]] = field(default_factory=dict)

    def dispatch(self, dispatch_id: UUID) -> jobs.State:
        return dispatch.fold(self.streams.get(dispatch_id, ()))

    def unit(self, unit_id: UUID) -> cars.State:
        return unit.fold(self.streams.get(unit_id, ()))

    def run(self, commands: Pass) -> list[Event] | None:
        new: dict[UUID, Sequence[Event]] = {}
        try:
            for entity, command in commands:
                decider: Any = dispatch if entity in DISPATCHES else unit
                new[entity] = decider.decide(command, decider.fold(self.streams.get(entity, ())))
        except Refused:
            return None
        for entity, events in new.items():
            self.streams.setdefault(entity, []).extend(events)
        return [event for events in new.values() for event in events]

    def commands(self, action: Action) -> Pass:
        name, dispatch_id, unit_id, assessment = action
        job = self.dispatch(dispatch_id).jobs.get(unit_id)
        last = Last(job.version, NOON) if job else None
        told: dict[str, tuple[Command, UnitStatus]] = {
            "en_route": (UnitEnRoute(at=NOON, unit_id=unit_id, last=last), UnitStatus.EN_ROUTE),
            "on_scene": (UnitOnScene(at=NOON, unit_id=unit_id, last=last), UnitStatus.ON_SCENE),
            "clear": (ClearUnit(at=NOON, unit_id=unit_id, last=last), UnitStatus.AVAILABLE),
            "withdraw": (WithdrawUnit(at=NOON, unit_id=unit_id, reason="x"), UnitStatus.AVAILABLE),
        }
        if name in told:
            step, status = told[name]
            return (dispatch_id, step), (unit_id, SetStatus(at=NOON, status=status, dispatch_id=dispatch_id))
        return self._others(name, dispatch_id, unit_id, assessment)

    def _others(self, name: str, dispatch_id: UUID, unit_id: UUID, assessment: UUID) -> Pass:
        patrol = (Capability.PATROL,)
        assign = AssignUnit(at=NOON, unit_id=unit_id, dispatcher_id=DISPATCHER, unit_capabilities=patrol)
        by_report = CancelDispatch(at=NOON, reason=CancelReason.REPORT_WITHDRAWN)
        request = RequestDispatch(at=NOON, case_id=assessment, report_id=dispatch_id, assessment_id=assessment)
        passes: dict[str, Pass] = {
            "on": ((unit_id, StartShift(at=NOON, call_sign="P", capabilities=patrol)),),
            "off": ((unit_id, EndShift(at=NOON)),),
            "busy": ((unit_id, SetStatus(at=NOON, status=UnitStatus.BUSY)),),
            "free": ((unit_id, SetStatus(at=NOON, status=UnitStatus.AVAILABLE)),),
            "request": ((dispatch_id, request),),
            "assign": ((dispatch_id, assign), (unit_id, TakeJob(at=NOON, dispatch_id=dispatch_id))),
            "cancel": ((dispatch_id, CancelDispatch(at=NOON, reason=CancelReason.NOT_NEEDED)),),
            "report_withdrawn": ((dispatch_id, by_report),),
        }
        return passes[name]


READY: list[Action] = [("on", DISPATCHES[0], one, ASSESSMENTS[0]) for one in UNITS]
READY += [("request", one, UNITS[0], ASSESSMENTS[0]) for one in DISPATCHES]


def lives(past: Sequence[Action]) -> World:
    world = World()
    for action in past:
        world.run(world.commands(action))
    return world


histories = st.lists(actions, max_size=40).map(lambda more: READY + more) | st.lists(actions, max_size=10)


@given(histories)
def test_dispatches_and_units_always_agree(past: list[Action]) -> None:
    world = World()
    for action in past:
        world.run(world.commands(action))
        for unit_id in UNITS:
            on = [one for one in DISPATCHES if unit_id in world.dispatch(one).active]
            state = world.unit(unit_id)
            assert on == ([state.dispatch_id] if state.dispatch_id else [])
            if on:
                assert state.status == world.dispatch(on[0]).jobs[unit_id].reached[-1].value


@given(histories, actions)
def test_an_accepted_pass_yields_nothing_when_repeated(past: list[Action], action: Action) -> None:
    world = lives(past)
    commands = world.commands(action)
    if world.run(commands) is not None:
        assert world.run(commands) == []


@given(histories)
def test_a_unit_only_goes_forward_on_a_dispatch(past: list[Action]) -> None:
    world = lives(past)
    for dispatch_id in DISPATCHES:
        state = jobs.State()
        for event in world.streams.get(dispatch_id, ()):
            state = dispatch.evolve(state, event)
            for job in state.jobs.values():
                places = [ORDER.index(step) for step in job.reached]
                assert places == sorted(set(places))
                assert len(FREEING & set(job.reached)) <= 1


@given(histories)
def test_it_is_completed_exactly_when_the_last_unit_is_cleared(past: list[Action]) -> None:
    world = lives(past)
    for dispatch_id in DISPATCHES:
        state = jobs.State()
        for event in world.streams.get(dispatch_id, ()):
            if isinstance(event, DispatchCompleted):
                assert not state.active
                assert any(Step.CLEARED in job.reached for job in state.jobs.values())
            state = dispatch.evolve(state, event)
        ended_by_clearing = bool(state.jobs) and all(job.reached[-1] is Step.CLEARED for job in state.jobs.values())
        if ended_by_clearing:
            assert state.over is not None


@given(histories, actions)
def test_after_the_end_units_are_freed_and_a_new_assessment_requests_and_nothing_else(
    past: list[Action], action: Action
) -> None:
    world = lives(past)
    name, dispatch_id, _, _ = action
    before = world.dispatch(dispatch_id)
    length = len(world.streams.get(dispatch_id, ()))
    world.run(world.commands(action))
    new = world.streams.get(dispatch_id, [])[length:]
    if before.over is Over.COMPLETED:
        assert not new or name == "request"
    if before.over is Over.CANCELLED:
        assert not new or name in {"request", "clear", "withdraw"}
        assert not any(isinstance(event, (DispatchCompleted, DispatchCancelled)) for event in new)
