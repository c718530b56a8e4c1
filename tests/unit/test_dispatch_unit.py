"""What a unit decides."""

from uuid import UUID

import pytest

from tests.examples import NOON
from vpr_dispatch.domain.unit import EndShift, SetStatus, StartShift, TakeJob, unit, unit_of
from vpr_events.contracts.dispatch import UnitOffDuty, UnitOnDuty, UnitStatus, UnitStatusChanged
from vpr_events.contracts.values import Capability
from vpr_events.decider import Command, Invalid
from vpr_events.event import Event
from vpr_events.testing import given

JOB, OTHER = UUID(int=1), UUID(int=2)


def start(*capabilities: Capability) -> StartShift:
    return StartShift(at=NOON, call_sign="P-12", capabilities=capabilities or (Capability.PATROL,))


def take(job: UUID = JOB) -> TakeJob:
    return TakeJob(at=NOON, dispatch_id=job)


def says(status: UnitStatus, job: UUID | None = None) -> SetStatus:
    return SetStatus(at=NOON, status=status, dispatch_id=job)


def became(status: UnitStatus, job: UUID | None = None) -> UnitStatusChanged:
    return UnitStatusChanged(status=status, dispatch_id=job)


SHIFT = UnitOnDuty(call_sign="P-12", capabilities=(Capability.PATROL,))
FREE = (SHIFT,)
OFF = (SHIFT, UnitOffDuty())
ENGAGED = (SHIFT, became(UnitStatus.ASSIGNED, JOB))
ON_SCENE = (*ENGAGED, became(UnitStatus.ON_SCENE, JOB))
BUSY = (SHIFT, became(UnitStatus.BUSY))


def test_a_call_sign_is_the_same_unit_in_every_shift() -> None:
    assert unit_of("P-12") == unit_of("p-12")
    assert unit_of("P-12") != unit_of("P-13")


@pytest.mark.parametrize("past", [(), OFF])
def test_a_unit_goes_on_duty(past: tuple[Event, ...]) -> None:
    given(unit, *past).when(start()).then(SHIFT)


def test_a_new_shift_may_have_other_capabilities() -> None:
    given(unit, *OFF).when(start(Capability.K9)).then(UnitOnDuty(call_sign="P-12", capabilities=(Capability.K9,)))


@pytest.mark.parametrize("past", [FREE, ENGAGED])
def test_going_on_duty_twice_is_the_same_as_once(past: tuple[Event, ...]) -> None:
    given(unit, *past).when(start()).then()


def test_capabilities_do_not_change_within_a_shift() -> None:
    given(unit, *FREE).when(start(Capability.K9)).then_refused("already_on_duty")


@pytest.mark.parametrize("past", [FREE, BUSY])
def test_a_unit_goes_off_duty(past: tuple[Event, ...]) -> None:
    given(unit, *past).when(EndShift(at=NOON)).then(UnitOffDuty())


def test_going_off_duty_twice_is_the_same_as_once() -> None:
    given(unit, *OFF).when(EndShift(at=NOON)).then()


@pytest.mark.parametrize("command", [EndShift(at=NOON), says(UnitStatus.BUSY), says(UnitStatus.AVAILABLE)])
def test_a_unit_with_a_job_is_engaged(command: Command) -> None:
    given(unit, *ENGAGED).when(command).then_refused("unit_engaged")


def test_an_available_unit_takes_a_job() -> None:
    given(unit, *FREE).when(take()).then(became(UnitStatus.ASSIGNED, JOB))


def test_taking_the_same_job_twice_is_the_same_as_once() -> None:
    given(unit, *ON_SCENE).when(take()).then()


@pytest.mark.parametrize("past", [OFF, BUSY, (SHIFT, became(UnitStatus.OUT_OF_SERVICE)), ENGAGED, ON_SCENE])
def test_only_an_available_unit_takes_a_job(past: tuple[Event, ...]) -> None:
    given(unit, *past).when(take(OTHER)).then_refused("unit_not_available")


@pytest.mark.parametrize("status", [UnitStatus.EN_ROUTE, UnitStatus.ON_SCENE])
def test_a_unit_follows_its_job(status: UnitStatus) -> None:
    given(unit, *ENGAGED).when(says(status, JOB)).then(became(status, JOB))


@pytest.mark.parametrize("past", [ENGAGED, ON_SCENE])
def test_a_unit_that_leaves_its_job_is_available(past: tuple[Event, ...]) -> None:
    given(unit, *past).when(says(UnitStatus.AVAILABLE, JOB)).then(became(UnitStatus.AVAILABLE))


@pytest.mark.parametrize("status", [UnitStatus.ASSIGNED, UnitStatus.EN_ROUTE, UnitStatus.ON_SCENE])
def test_a_job_never_goes_backwards(status: UnitStatus) -> None:
    given(unit, *ON_SCENE).when(says(status, JOB)).then()


@pytest.mark.parametrize("past", [FREE, OFF, BUSY, ENGAGED])
@pytest.mark.parametrize("status", [UnitStatus.EN_ROUTE, UnitStatus.AVAILABLE])
def test_a_late_word_of_another_job_changes_nothing(past: tuple[Event, ...], status: UnitStatus) -> None:
    given(unit, *past).when(says(status, OTHER)).then()


@pytest.mark.parametrize("status", [UnitStatus.BUSY, UnitStatus.OUT_OF_SERVICE])
def test_a_job_has_no_other_status(status: UnitStatus) -> None:
    assert isinstance(given(unit, *ENGAGED).when(says(status, JOB)).refusal, Invalid)


@pytest.mark.parametrize("status", [UnitStatus.BUSY, UnitStatus.OUT_OF_SERVICE])
def test_a_free_unit_says_what_it_does(status: UnitStatus) -> None:
    given(unit, *FREE).when(says(status)).then(became(status))
    given(unit, SHIFT, became(status)).when(says(status)).then()
    given(unit, SHIFT, became(status)).when(says(UnitStatus.AVAILABLE)).then(became(UnitStatus.AVAILABLE))


@pytest.mark.parametrize("status", [UnitStatus.ASSIGNED, UnitStatus.EN_ROUTE, UnitStatus.ON_SCENE])
def test_steps_of_a_job_need_the_job(status: UnitStatus) -> None:
    refusal = given(unit, *ENGAGED).when(says(status)).refusal
    assert isinstance(refusal, Invalid)
    assert refusal.field == "status"


def test_off_duty_a_unit_says_nothing() -> None:
    given(unit, *OFF).when(says(UnitStatus.BUSY)).then_refused("unit_off_duty")


@pytest.mark.parametrize("command", [EndShift(at=NOON), take(), says(UnitStatus.BUSY), says(UnitStatus.EN_ROUTE, JOB)])
def test_before_its_first_shift_there_is_no_unit(command: Command) -> None:
    given(unit).when(command).then_refused("no_such_unit")


def test_another_aggregates_command_is_an_error() -> None:
    with pytest.raises(TypeError):
        given(unit).when(Command(at=NOON))
