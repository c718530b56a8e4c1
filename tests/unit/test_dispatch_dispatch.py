"""What a dispatch decides."""

from datetime import timedelta
from uuid import UUID

import pytest

from tests.examples import NOON, minutes
from vpr_dispatch.domain.dispatch import (
    HOLD,
    HOLD_LATER,
    HOLDS,
    WORD_EVERY,
    AssignUnit,
    CancelDispatch,
    ClearUnit,
    Last,
    RequestDispatch,
    UnitEnRoute,
    UnitOnScene,
    UnitReport,
    WithdrawUnit,
    dispatch,
    dispatch_of,
)
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
from vpr_events.contracts.values import Capability
from vpr_events.decider import Command, Invalid, TimerFired, Timers
from vpr_events.event import Event
from vpr_events.testing import given

CASE, REPORT, FIRST, SECOND = UUID(int=1), UUID(int=2), UUID(int=3), UUID(int=4)
DISPATCHER, CAR, VAN = UUID(int=5), UUID(int=6), UUID(int=7)
NEEDS = (Capability.FORENSIC, Capability.K9)


def requested(assessment: UUID = FIRST, capabilities: tuple[Capability, ...] = NEEDS) -> DispatchRequested:
    return DispatchRequested(case_id=CASE, report_id=REPORT, assessment_id=assessment, capabilities=capabilities)


def request(assessment: UUID = FIRST) -> RequestDispatch:
    return RequestDispatch(at=NOON, case_id=CASE, report_id=REPORT, assessment_id=assessment, capabilities=NEEDS)


def assign(
    unit: UUID = CAR, *capabilities: Capability, override: bool = False, reason: str | None = None
) -> AssignUnit:
    return AssignUnit(
        at=NOON,
        unit_id=unit,
        dispatcher_id=DISPATCHER,
        unit_capabilities=capabilities or (Capability.FORENSIC, Capability.PATROL),
        override=override,
        reason=reason,
    )


def told(kind: type[UnitReport], unit: UUID = CAR, *, version: int = 2, late: float = 0) -> UnitReport:
    return kind(at=NOON - minutes(late), unit_id=unit, last=Last(version, NOON))


def withdraw(unit: UUID = CAR) -> WithdrawUnit:
    return WithdrawUnit(at=NOON, unit_id=unit, reason="breakdown")


def cancel(reason: CancelReason = CancelReason.NOT_NEEDED) -> CancelDispatch:
    return CancelDispatch(at=NOON, reason=reason)


def assigned(unit: UUID = CAR) -> DispatchUnitAssigned:
    return DispatchUnitAssigned(unit_id=unit, dispatcher_id=DISPATCHER)


def en_route(unit: UUID = CAR) -> DispatchUnitEnRoute:
    return DispatchUnitEnRoute(unit_id=unit)


def on_scene(unit: UUID = CAR) -> DispatchUnitOnScene:
    return DispatchUnitOnScene(unit_id=unit)


def cleared(unit: UUID = CAR) -> DispatchUnitCleared:
    return DispatchUnitCleared(unit_id=unit)


def withdrawn(unit: UUID = CAR) -> DispatchUnitWithdrawn:
    return DispatchUnitWithdrawn(unit_id=unit, reason="breakdown")


CANCELLED = DispatchCancelled(reason=CancelReason.NOT_NEEDED)
WAITING = (requested(),)
ASSIGNED = (*WAITING, assigned())
COMPLETED = (*ASSIGNED, cleared(), DispatchCompleted())
RECALLED = (*ASSIGNED, CANCELLED)
"""Cancelled with a unit still on it."""


def test_a_report_has_one_dispatch() -> None:
    assert dispatch_of(REPORT) == dispatch_of(REPORT)
    assert dispatch_of(REPORT) != dispatch_of(CASE)


def test_an_assessment_requests_a_dispatch() -> None:
    given(dispatch).when(request()).then(requested())


@pytest.mark.parametrize("past", [WAITING, ASSIGNED, COMPLETED, RECALLED])
def test_the_same_assessment_requests_nothing_more(past: tuple[Event, ...]) -> None:
    given(dispatch, *past).when(request()).then()


@pytest.mark.parametrize("past", [WAITING, ASSIGNED, COMPLETED, RECALLED])
def test_a_new_assessment_requests_again(past: tuple[Event, ...]) -> None:
    given(dispatch, *past).when(request(SECOND)).then(requested(SECOND))


def test_a_unit_with_one_of_the_capabilities_is_assigned() -> None:
    given(dispatch, *WAITING).when(assign()).then(assigned())


def test_a_second_unit_is_assigned() -> None:
    given(dispatch, *ASSIGNED).when(assign(VAN)).then(assigned(VAN))


def test_a_unit_without_any_needed_capability_is_refused() -> None:
    given(dispatch, *WAITING).when(assign(CAR, Capability.PATROL)).then_refused("capability_missing")


def test_without_needs_every_unit_suits() -> None:
    given(dispatch, requested(capabilities=())).when(assign(CAR, Capability.PATROL)).then(assigned())


def test_a_newer_assessment_of_an_open_dispatch_replaces_the_needs() -> None:
    needs_youth = requested(SECOND, (Capability.YOUTH,))
    given(dispatch, *WAITING, needs_youth).when(assign()).then_refused("capability_missing")


def test_an_override_is_recorded_with_its_reason() -> None:
    overridden = DispatchOverridden(
        dispatcher_id=DISPATCHER, recommended_unit_id=None, chosen_unit_id=CAR, reason="nobody_else"
    )
    command = assign(CAR, Capability.PATROL, override=True, reason="nobody_else")
    given(dispatch, *WAITING).when(command).then(overridden, assigned())


def test_an_override_of_nothing_is_a_plain_assignment() -> None:
    given(dispatch, *WAITING).when(assign(override=True, reason="nobody_else")).then(assigned())


def test_an_override_needs_its_reason() -> None:
    refusal = given(dispatch, *WAITING).when(assign(override=True)).refusal
    assert isinstance(refusal, Invalid)
    assert refusal.field == "reason"


def test_assigning_the_same_unit_again_changes_nothing() -> None:
    given(dispatch, *ASSIGNED, en_route()).when(assign()).then()


@pytest.mark.parametrize("left", [cleared(), withdrawn()])
def test_a_unit_that_left_can_be_assigned_again(left: Event) -> None:
    given(dispatch, *ASSIGNED, assigned(VAN), left).when(assign()).then(assigned())


@pytest.mark.parametrize(
    ("past", "command", "expected"),
    [
        (ASSIGNED, told(UnitEnRoute), [en_route()]),
        (ASSIGNED, told(UnitOnScene), [on_scene()]),
        ((*ASSIGNED, en_route()), told(UnitOnScene, version=3), [on_scene()]),
        ((*ASSIGNED, on_scene()), told(ClearUnit, version=3), [cleared(), DispatchCompleted()]),
        (ASSIGNED, told(ClearUnit), [cleared(), DispatchCompleted()]),
        (ASSIGNED, withdraw(), [withdrawn()]),
        ((*ASSIGNED, assigned(VAN)), told(ClearUnit), [cleared()]),
        ((*ASSIGNED, assigned(VAN), cleared(VAN)), told(ClearUnit), [cleared(), DispatchCompleted()]),
        ((*ASSIGNED, assigned(VAN), withdrawn(VAN)), told(ClearUnit), [cleared(), DispatchCompleted()]),
        ((*ASSIGNED, assigned(VAN), cleared(VAN)), withdraw(), [withdrawn()]),
    ],
)
def test_units_go_forward(past: tuple[Event, ...], command: Command, expected: list[Event]) -> None:
    given(dispatch, *past).when(command).then(*expected)


@pytest.mark.parametrize(
    ("steps", "command"),
    [
        ([en_route()], told(UnitEnRoute, version=3)),
        ([en_route(), on_scene()], told(UnitEnRoute, version=4)),
        ([on_scene()], told(UnitOnScene, version=3)),
        ([en_route(), cleared(), DispatchCompleted()], told(UnitEnRoute, version=4)),
        ([cleared(), DispatchCompleted()], told(ClearUnit, version=3)),
        ([withdrawn()], withdraw()),
    ],
)
def test_a_step_told_twice_is_the_same_as_once(steps: list[Event], command: Command) -> None:
    given(dispatch, *ASSIGNED, *steps).when(command).then()


def test_en_route_after_on_scene_would_go_backwards() -> None:
    given(dispatch, *ASSIGNED, on_scene()).when(told(UnitEnRoute, version=3)).then_refused("unit_further_on")


@pytest.mark.parametrize("kind", [UnitEnRoute, UnitOnScene, ClearUnit])
def test_a_report_is_not_before_the_previous_status(kind: type[UnitReport]) -> None:
    refusal = given(dispatch, *ASSIGNED).when(told(kind, late=0.1)).refusal
    assert isinstance(refusal, Invalid)
    assert refusal.field == "at"


@pytest.mark.parametrize("last", [None, Last(2, NOON)])
def test_a_report_compares_its_time_with_the_newest_status(last: Last | None) -> None:
    command = UnitOnScene(at=NOON, unit_id=CAR, last=last)
    given(dispatch, *ASSIGNED, en_route()).when(command).then_refused("changed_meanwhile")


EVERY_STEP = [told(UnitEnRoute), told(UnitOnScene), told(ClearUnit), withdraw()]


@pytest.mark.parametrize("command", [assign(), cancel(), *EVERY_STEP])
def test_without_a_request_there_is_no_dispatch(command: Command) -> None:
    given(dispatch).when(command).then_refused("no_such_dispatch")


@pytest.mark.parametrize("command", EVERY_STEP)
@pytest.mark.parametrize("past", [WAITING, (*ASSIGNED, assigned(VAN), withdrawn()), (*WAITING, assigned(VAN))])
def test_a_unit_that_is_not_on_the_dispatch_is_refused(past: tuple[Event, ...], command: Command) -> None:
    if not (isinstance(command, WithdrawUnit) and withdrawn() in past):
        given(dispatch, *past).when(command).then_refused("unit_not_assigned")


@pytest.mark.parametrize("command", [assign(VAN), told(UnitEnRoute, VAN), told(UnitOnScene), withdraw(), cancel()])
def test_nothing_happens_to_a_completed_dispatch(command: Command) -> None:
    given(dispatch, *COMPLETED).when(command).then_refused("dispatch_over")


@pytest.mark.parametrize("command", [assign(), assign(VAN), told(UnitEnRoute), told(UnitOnScene)])
def test_a_cancelled_dispatch_goes_no_further(command: Command) -> None:
    given(dispatch, *RECALLED).when(command).then_refused("dispatch_over")


def test_units_of_a_cancelled_dispatch_are_recalled() -> None:
    given(dispatch, *RECALLED).when(withdraw()).then(withdrawn())
    given(dispatch, *RECALLED).when(told(ClearUnit)).then(cleared())


@pytest.mark.parametrize("past", [WAITING, ASSIGNED])
def test_an_open_dispatch_is_cancelled(past: tuple[Event, ...]) -> None:
    given(dispatch, *past).when(cancel()).then(CANCELLED)


def test_cancelling_twice_is_the_same_as_once() -> None:
    given(dispatch, *RECALLED).when(cancel(CancelReason.DUPLICATE)).then()


def test_a_withdrawn_report_cancels_an_open_dispatch() -> None:
    by_report = CancelReason.REPORT_WITHDRAWN
    given(dispatch, *ASSIGNED).when(cancel(by_report)).then(DispatchCancelled(reason=by_report))


@pytest.mark.parametrize("past", [COMPLETED, RECALLED])
def test_a_withdrawn_report_without_an_open_dispatch_changes_nothing(past: tuple[Event, ...]) -> None:
    given(dispatch, *past).when(cancel(CancelReason.REPORT_WITHDRAWN)).then()


def test_after_the_end_a_new_request_starts_anew() -> None:
    again = (*COMPLETED, requested(SECOND))
    given(dispatch, *again).when(told(ClearUnit)).then_refused("unit_not_assigned")
    given(dispatch, *again).when(assign()).then(assigned())


def test_a_cancelled_dispatch_goes_on_with_the_units_that_were_not_recalled() -> None:
    given(dispatch, *RECALLED, requested(SECOND)).when(told(ClearUnit)).then(cleared(), DispatchCompleted())


def waits_for(*past: Event) -> Timers:
    return dispatch.timers(dispatch.fold(past))


def fire(name: str) -> TimerFired:
    return TimerFired(at=NOON, name=name, due_at=NOON)


def exceeded(limit: timedelta) -> DispatchHoldExceeded:
    return DispatchHoldExceeded(limit=int(limit.total_seconds()))


def test_a_dispatch_without_a_unit_tells_how_long_it_waits_soon_at_first_and_then_daily() -> None:
    past: list[Event] = [requested()]
    for number in range(1, HOLDS + 1):
        assert waits_for(*past) == {f"hold-{number}": HOLD}
        given(dispatch, *past).when(fire(f"hold-{number}")).then(exceeded(number * HOLD))
        past.append(exceeded(number * HOLD))
    assert waits_for(*past) == {f"hold-{HOLDS + 1}": HOLD_LATER}
    given(dispatch, *past).when(fire(f"hold-{HOLDS + 1}")).then(exceeded(HOLDS * HOLD + HOLD_LATER))


def test_units_on_a_dispatch_are_waited_for_and_a_withdrawn_one_lets_it_wait_anew() -> None:
    held = (requested(), exceeded(HOLD), assigned())
    assert waits_for(*held) == {"units-1": WORD_EVERY}
    given(dispatch, *held).when(fire("units-1")).then(exceeded(WORD_EVERY))
    given(dispatch, *held, exceeded(WORD_EVERY)).when(fire("units-2")).then(exceeded(2 * WORD_EVERY))
    assert waits_for(*held, withdrawn()) == {"hold-1": HOLD}


def test_a_cancelled_dispatch_waits_until_its_units_are_recalled() -> None:
    assert waits_for(*RECALLED) == {"units-1": WORD_EVERY}
    assert waits_for(*RECALLED, cleared()) == {}


@pytest.mark.parametrize("past", [(requested(), assigned()), (requested(), exceeded(HOLD)), (requested(), CANCELLED)])
def test_a_hold_that_is_over_changes_nothing(past: tuple[Event, ...]) -> None:
    given(dispatch, *past).when(fire("hold-1")).then()


def test_a_dispatch_that_starts_anew_is_held_anew() -> None:
    assert waits_for(requested(), exceeded(HOLD), CANCELLED, requested(SECOND)) == {"hold-1": HOLD}


@pytest.mark.parametrize("past", [(), COMPLETED, (requested(), CANCELLED)])
def test_nothing_is_awaited_before_the_start_and_after_the_end(past: tuple[Event, ...]) -> None:
    assert waits_for(*past) == {}


def test_another_aggregates_command_is_an_error() -> None:
    with pytest.raises(TypeError):
        given(dispatch).when(Command(at=NOON))
